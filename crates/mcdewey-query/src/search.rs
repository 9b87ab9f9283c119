//! Pure functions that turn two ranked candidate lists into hits, without input or output.
//!
//! The index returns candidates. [`fusion`] merges its two lists into one ranking, [`collapse`]
//! merges equal chunks into one hit before the ranking is cut into pages, [`facets`] counts the
//! values found, and [`snippet`] selects the part of a chunk that answers the question.

pub(crate) mod absent_versions;
pub(crate) mod analysis;
pub(crate) mod collapse;
pub(crate) mod confidence;
pub(crate) mod cursor;
pub(crate) mod facets;
pub(crate) mod fusion;
pub(crate) mod identifiers;
pub(crate) mod resolve;
mod running_text;
pub(crate) mod snippet;
pub(crate) mod terms;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod vocabulary_mask;
