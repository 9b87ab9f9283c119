//! Inline elements whose meaning Markdown cannot express: abbreviations and readings of characters.

use std::collections::HashSet;

use dom_query::NodeRef;

use super::dom::{collapse_whitespace, descendants_named};
use super::escape;

/// Rewrites them below a node.
pub(super) fn prepare(content: &NodeRef<'_>) {
    explain_abbreviations(content);
    rewrite_readings(content);
}

/// Writes what an abbreviation stands for behind its first occurrence.
fn explain_abbreviations(content: &NodeRef<'_>) {
    let mut explained = HashSet::new();
    for abbreviation in descendants_named(content, &["abbr", "acronym"]) {
        let text = collapse_whitespace(&abbreviation.text());
        let title = collapse_whitespace(&abbreviation.attr_or("title", ""));
        let is_new = explained.insert((text.clone(), title.clone()));
        if !title.is_empty() && is_new && !title.eq_ignore_ascii_case(&text) {
            abbreviation.append_html(format!(" ({})", escape::html(&title)));
        }
        abbreviation.rename("span");
    }
}

/// Writes the reading of characters in brackets behind them.
fn rewrite_readings(content: &NodeRef<'_>) {
    for bracket in descendants_named(content, &["rp"]) {
        bracket.remove_from_parent();
    }

    for reading in descendants_named(content, &["rt"]) {
        let text = escape::html(&collapse_whitespace(&reading.text()));
        reading.replace_with_html(format!("({text})"));
    }

    for ruby in descendants_named(content, &["ruby", "rb", "rtc"]) {
        ruby.rename("span");
    }
}
