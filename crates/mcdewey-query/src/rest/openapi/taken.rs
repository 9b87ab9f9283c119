//! The parameters that operations take.

use super::parameter::{Kind, Parameter};
use crate::compare::{DEFAULT_CHANGES, MAX_CHANGES};
use crate::{DEFAULT_LIMIT, Group, MAX_CONTEXT, MAX_LIMIT, MAX_QUESTION_BYTES, Mode};

/// The names of the modes.
pub(super) const MODES: [&str; Mode::ALL.len()] = [
    Mode::ALL[0].name(),
    Mode::ALL[1].name(),
    Mode::ALL[2].name(),
];
/// What hits may be grouped by.
pub(super) const GROUPS: [&str; 1] = [Group::Page.name()];

const Q: Parameter = Parameter::new(
    "q",
    Kind::Text {
        most: Some(MAX_QUESTION_BYTES),
    },
    "The question, as people ask it; in UTF-8 at most 32 KiB",
    "barge state in CCX",
)
.required();
const VENDOR: Parameter = Parameter::text(
    "vendor",
    "Only these vendors; repeated, or divided by commas",
    "Cisco",
)
.several();
const PRODUCT: Parameter = Parameter::text(
    "product",
    "Only these products: ids, titles or aliases",
    "finesse",
)
.several();
const GUIDE: Parameter = Parameter::text("guide", "Only these guides", "developer-guide").several();
const CURSOR: Parameter = Parameter::text(
    "cursor",
    "`next_cursor` of the answer before, all else the same",
    "",
);

pub(super) const SEARCH: [Parameter; 13] = [
    Q,
    Parameter::new(
        "mode",
        Kind::Choice(&MODES),
        "Which ranked lists answer: meaning and words, meaning, words",
        "hybrid",
    ),
    VENDOR,
    PRODUCT,
    Parameter::text(
        "version",
        "Only these releases: `12.5`, `12.5.*`, `12.0..15.0`, `>=12.0 <15`, `latest`",
        "12.5",
    )
    .several(),
    Parameter::new(
        "strict",
        Kind::Flag,
        "With version: leave out documents that name no release",
        "false",
    ),
    GUIDE,
    Parameter::text(
        "source",
        "Only these documents",
        "finesse/v12.5/developer-guide/developer-guide.md",
    )
    .several(),
    Parameter::new(
        "limit",
        Kind::Number {
            min: 1,
            max: MAX_LIMIT,
            default: Some(DEFAULT_LIMIT),
        },
        "How many hits",
        "3",
    ),
    CURSOR,
    Parameter::new(
        "group",
        Kind::Choice(&GROUPS),
        "`page`: at most one hit of each page",
        "page",
    ),
    Parameter::new(
        "explain",
        Kind::Flag,
        "Say with each hit how it was found",
        "false",
    ),
    Parameter::new("exact", Kind::Flag, "Compare with every vector", "false"),
];

pub(super) const COMPARE: [Parameter; 8] = [
    Parameter::text(
        "from",
        "The earlier side: a release or a document's source",
        "12.5",
    )
    .required(),
    Parameter::text("to", "The later side, written the same way", "15.0").required(),
    VENDOR,
    PRODUCT,
    GUIDE,
    Parameter::text(
        "q",
        "Only changes that have to do with this, the closest first",
        "barge",
    ),
    Parameter::new(
        "limit",
        Kind::Number {
            min: 1,
            max: MAX_CHANGES,
            default: Some(DEFAULT_CHANGES),
        },
        "How many changes",
        "20",
    ),
    CURSOR,
];

pub(super) const CHUNK: [Parameter; 2] = [
    Parameter::text(
        "chunk_id",
        "A chunk id or its 8-digit handle",
        "finesse::v12.5::developer-guide::developer-guide::1",
    )
    .in_path(),
    Parameter::new(
        "context",
        Kind::Number {
            min: 0,
            max: MAX_CONTEXT as usize,
            default: Some(0),
        },
        "Neighbours on each side",
        "1",
    ),
];

pub(super) const DOCUMENT: [Parameter; 4] = [
    Parameter::text(
        "source",
        "The document",
        "finesse/v12.5/developer-guide/developer-guide.md",
    )
    .in_path(),
    Parameter::new(
        "page",
        Kind::Number {
            min: 0,
            max: u32::MAX as usize,
            default: None,
        },
        "This physical page, whole",
        "118",
    ),
    Parameter::text("label", "The page with this printed number, whole", "102"),
    Parameter::text(
        "section",
        "In a document without pages: this section, whole",
        "certificates-1",
    ),
];

pub(super) const FILE: [Parameter; 4] = [
    Parameter::text(
        "source",
        "The document",
        "finesse/v12.5/developer-guide/developer-guide.md",
    )
    .in_path(),
    Parameter::text("image", "An image of it", "page-58-image-1.png"),
    Parameter::text(
        "original",
        "The file it was made from",
        "developer-guide.pdf",
    ),
    Parameter::text(
        "hash",
        "The beginning of its hash: lets a cache keep it for good",
        "",
    ),
];
