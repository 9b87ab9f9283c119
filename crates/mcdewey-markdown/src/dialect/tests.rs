//! Rewriting of each dialect, and what holds for every text.

use super::*;

mod boxes;
mod components;
mod hidden;
mod inline_marks;
mod properties;

/// Checks what a text of Markdown becomes.
fn check(text: &str, expected: &str) {
    check_as(Syntax::Markdown, text, expected);
}

/// Checks what a text of MDX becomes.
fn check_mdx(text: &str, expected: &str) {
    check_as(Syntax::Mdx, text, expected);
}

fn check_as(syntax: Syntax, text: &str, expected: &str) {
    let found = to_commonmark(text, syntax);
    assert_eq!(found.text, expected, "{text}");
    assert_eq!(found.warnings, [""; 0], "{text}");

    let again = to_commonmark(&found.text, syntax);
    assert_eq!(again.text, expected, "rewritten again: {text}");
}

/// Checks that a text stays as it is, byte for byte.
fn unchanged(text: &str) {
    let found = to_commonmark(text, Syntax::Markdown);
    assert!(
        matches!(found.text, Cow::Borrowed(_)),
        "{text} → {}",
        found.text
    );
}

/// Checks what a text becomes and the only warning.
fn check_warning(text: &str, expected: &str, warning: &str) {
    let found = to_commonmark(text, Syntax::Mdx);
    assert_eq!(found.text, expected, "{text}");
    assert_eq!(found.warnings.len(), 1, "{:?}", found.warnings);
    assert!(found.warnings[0].contains(warning), "{:?}", found.warnings);
}
