//! The parameters of the operations.

use super::parameter::{Parameter, ValueKind};
use mcdewey_search::{
    DEFAULT_CHANGES, DEFAULT_LIMIT, Group, MAX_CHANGES, MAX_CONTEXT, MAX_LIMIT, MAX_QUESTION_BYTES,
    Mode,
};

/// The names of the modes.
pub(super) const MODES: [&str; Mode::ALL.len()] = [
    Mode::ALL[0].name(),
    Mode::ALL[1].name(),
    Mode::ALL[2].name(),
];
/// The values that hits can be grouped by.
pub(super) const GROUPS: [&str; 1] = [Group::Page.name()];

const Q: Parameter = Parameter::new(
    "q",
    ValueKind::Text {
        max_length: Some(MAX_QUESTION_BYTES),
    },
    "The question, in natural language or keywords; at most 32 KiB in UTF-8",
    "barge state in CCX",
)
.required();
const VENDOR: Parameter = Parameter::text(
    "vendor",
    "Only these vendors; repeat the parameter or separate values with commas",
    "Cisco",
)
.repeatable();
const PRODUCT: Parameter = Parameter::text(
    "product",
    "Only these products, by id, title or alias",
    "finesse",
)
.repeatable();
const GUIDE: Parameter =
    Parameter::text("guide", "Only these guides", "developer-guide").repeatable();
const CURSOR: Parameter = Parameter::text(
    "cursor",
    "`next_cursor` of the previous response; all other parameters must stay the same",
    "",
);

pub(super) const SEARCH: [Parameter; 13] = [
    Q,
    Parameter::new(
        "mode",
        ValueKind::Choice(&MODES),
        "`hybrid` combines semantic and keyword search; `dense` and `keyword` use only one of them",
        "hybrid",
    ),
    VENDOR,
    PRODUCT,
    Parameter::text(
        "version",
        "Only these versions: `12.5`, `12.5.*`, `12.0..15.0`, `>=12.0 <15`, `latest`",
        "12.5",
    )
    .repeatable(),
    Parameter::new(
        "strict",
        ValueKind::Flag,
        "With `version`: leave out documents that have no version",
        "false",
    ),
    GUIDE,
    Parameter::text(
        "source",
        "Only these documents, by source; repeat the parameter for several",
        "finesse/v12.5/developer-guide/developer-guide.md",
    )
    .repeatable(),
    Parameter::new(
        "limit",
        ValueKind::Number {
            min: 1,
            max: MAX_LIMIT,
            default: Some(DEFAULT_LIMIT),
        },
        "Maximum number of hits",
        "3",
    ),
    CURSOR,
    Parameter::new(
        "group",
        ValueKind::Choice(&GROUPS),
        "`page`: at most one hit per page",
        "page",
    ),
    Parameter::new(
        "explain",
        ValueKind::Flag,
        "Include how each hit was found",
        "false",
    ),
    Parameter::new(
        "exact",
        ValueKind::Flag,
        "Exact vector search: compare the question with every vector",
        "false",
    ),
];

pub(super) const COMPARE: [Parameter; 8] = [
    Parameter::text(
        "from",
        "The earlier version, or the source of a document",
        "12.5",
    )
    .required(),
    Parameter::text(
        "to",
        "The later version, or the source of a document",
        "15.0",
    )
    .required(),
    VENDOR,
    PRODUCT,
    GUIDE,
    Parameter::text("q", "Only changes about this, closest first", "barge"),
    Parameter::new(
        "limit",
        ValueKind::Number {
            min: 1,
            max: MAX_CHANGES,
            default: Some(DEFAULT_CHANGES),
        },
        "Maximum number of changes",
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
        ValueKind::Number {
            min: 0,
            max: MAX_CONTEXT as usize,
            default: Some(0),
        },
        "Number of neighbouring passages on each side",
        "1",
    ),
];

pub(super) const DOCUMENT: [Parameter; 4] = [
    Parameter::text(
        "source",
        "The source of the document",
        "finesse/v12.5/developer-guide/developer-guide.md",
    )
    .in_path(),
    Parameter::new(
        "page",
        ValueKind::Number {
            min: 0,
            max: u32::MAX as usize,
            default: None,
        },
        "Return the page with this physical number",
        "118",
    ),
    Parameter::text("label", "Return the page with this printed number", "102"),
    Parameter::text(
        "section",
        "In a document without pages: return this section",
        "certificates-1",
    ),
];

pub(super) const FILE: [Parameter; 4] = [
    Parameter::text(
        "source",
        "The source of the document",
        "finesse/v12.5/developer-guide/developer-guide.md",
    )
    .in_path(),
    Parameter::text(
        "image",
        "Return this image of the document",
        "page-58-image-1.png",
    ),
    Parameter::text(
        "original",
        "Return the original file",
        "developer-guide.pdf",
    ),
    Parameter::text(
        "hash",
        "The beginning of the file's hash: lets caches keep the response indefinitely",
        "",
    ),
];
