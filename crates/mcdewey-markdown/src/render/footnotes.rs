//! References to footnotes that are defined on another page of the document.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::top_level::{self, Block};

/// Returns the text, followed by an empty definition for each footnote that it refers to but does
/// not define. The parser reads references to defined footnotes only.
pub(super) fn with_definitions(text: &str) -> Cow<'_, str> {
    static MARK: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?m)(^ {0,3})?\[\^([^\]\[\s]+)\](:)?").expect("a valid pattern")
    });

    let (mut defined, mut used) = (BTreeSet::new(), BTreeSet::new());
    for found in MARK.captures_iter(text) {
        let name = found.get(2).map_or("", |name| name.as_str());
        if found.get(1).is_some() && found.get(3).is_some() {
            defined.insert(name);
        } else {
            used.insert(name);
        }
    }

    let missing: String = used
        .difference(&defined)
        .map(|name| format!("\n\n[^{name}]: -"))
        .collect();
    if missing.is_empty() {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(format!("{text}{missing}"))
    }
}

/// Parses a text with the definitions that were added to it, and returns only its own blocks.
pub(super) fn parse<'a>(text: &'a str, with_definitions: &'a str) -> Vec<Block<'a>> {
    let mut blocks = top_level::parse(with_definitions);
    // Code that is left open would contain the added definitions.
    let runs_on =
        |block: &Block<'_>| block.range.start < text.len() && block.range.end > text.len();
    if blocks.iter().any(runs_on) {
        return top_level::parse(text);
    }

    blocks.retain(|block| block.range.start < text.len());
    blocks
}
