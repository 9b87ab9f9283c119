//! The last step before a document's HTML is shown: only elements and attributes from a closed list are left.
//!
//! Our own anchors and marks must survive this while a document cannot forge them. They travel as noncharacters,
//! which no document keeps, and become elements when the sanitiser is done.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};

/// Signs for our own elements.
const MARK_OPEN: char = '\u{fdd0}';
const MARK_CLOSE: char = '\u{fdd1}';
const ANCHOR_OPEN: char = '\u{fdd2}';
const ANCHOR_CLOSE: char = '\u{fdd3}';
const SIGNS: [char; 4] = [MARK_OPEN, MARK_CLOSE, ANCHOR_OPEN, ANCHOR_CLOSE];

const ELEMENTS: &str = "a abbr b blockquote br caption code dd del div dl dt em h2 h3 h4 h5 h6 hr i ins kbd li ol p pre \
    q s samp small span strong sub sup table tbody td tfoot th thead tr u ul var";

static SANITISER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let cell = || HashSet::from(["colspan", "rowspan"]);
    let alignment = || HashSet::from(["right", "center"]);
    let mut builder = Builder::new();
    builder
        .tags(ELEMENTS.split_whitespace().collect())
        .generic_attributes(HashSet::new())
        .tag_attributes(HashMap::from([("a", HashSet::from(["href"])), ("td", cell()), ("th", cell())]))
        .add_tag_attributes("ol", ["start"])
        .tag_attribute_values(HashMap::from([
            ("th", HashMap::from([("scope", HashSet::from(["col", "row"]))])),
            ("div", HashMap::from([("tabindex", HashSet::from(["0"]))])),
            ("pre", HashMap::from([("tabindex", HashSet::from(["0"]))])),
        ]))
        .allowed_classes(HashMap::from([
            ("div", HashSet::from(["table"])),
            ("span", HashSet::from(["image"])),
            ("td", alignment()),
            ("th", alignment()),
        ]))
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"))
        .strip_comments(true);
    builder
});

/// Safe HTML; signs become elements, except those of anchors.
pub(super) fn clean(html: &str) -> String {
    let clean = SANITISER.clean(html).to_string();
    if !clean.contains(MARK_OPEN) {
        return clean;
    }
    clean.replace(MARK_OPEN, "<mark>").replace(MARK_CLOSE, "</mark>")
}

/// Puts anchors where their signs stand; gives the ones whose sign is gone, too.
pub(super) fn place_anchors(html: &str, anchors: &[(usize, u32)]) -> (String, Vec<u32>) {
    let mut html = html.to_owned();
    let mut lost = Vec::new();
    for (_, ordinal) in anchors {
        let sign = anchor_sign(*ordinal);
        if html.contains(&sign) {
            html = html.replacen(&sign, &anchor(*ordinal), 1);
        } else {
            lost.push(*ordinal);
        }
    }
    (html, lost)
}

/// The anchor of a passage that has no element of its own.
pub(super) fn anchor(ordinal: u32) -> String {
    format!("<span class=\"anchor\" id=\"p-{ordinal}\"></span>")
}

/// What stands for the anchor until then.
pub(super) fn anchor_sign(ordinal: u32) -> String {
    format!("{ANCHOR_OPEN}{ordinal}{ANCHOR_CLOSE}")
}

/// `html` between the signs of a mark.
pub(super) fn mark_signs(html: &str) -> String {
    format!("{MARK_OPEN}{html}{MARK_CLOSE}")
}

/// The document's own text, which may hold no signs.
pub(super) fn without_signs(text: &str) -> Cow<'_, str> {
    if text.contains(SIGNS) { Cow::Owned(text.replace(SIGNS, "")) } else { Cow::Borrowed(text) }
}
