//! Repairs what converters break, before the text is parsed any further.
//!
//! It moves tables only as a whole and leaves in place whatever it cannot match. It never drops a
//! word.

mod align;
mod cells;
#[cfg(test)]
mod tests;
mod trailing_tables;

use std::borrow::Cow;

/// The text after repair.
#[derive(Debug)]
pub(super) struct Repaired<'a> {
    /// Borrowed if there was nothing to repair.
    pub(super) text: Cow<'a, str>,
    /// What could not be repaired.
    pub(super) warnings: Vec<String>,
}

/// Repairs the Markdown of a document's body.
pub(super) fn repair(body: &str) -> Repaired<'_> {
    trailing_tables::restore(body)
}
