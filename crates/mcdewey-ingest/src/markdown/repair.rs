//! Mends what converters break before anything else reads the text. What it moves it moves whole, and what it cannot
//! place it leaves where it is: nothing a document says is ever lost.

mod align;
mod blocks;
mod cells;
mod tail;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

/// A text, mended.
#[derive(Debug)]
pub(super) struct Repaired<'a> {
    pub(super) text: Cow<'a, str>,
    /// What could not be mended, for people.
    pub(super) warnings: Vec<String>,
}

/// Mends Markdown.
pub(super) fn repair(body: &str) -> Repaired<'_> {
    tail::put_tables_back(body)
}
