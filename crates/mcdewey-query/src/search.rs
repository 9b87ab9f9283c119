//! From two ranked lists to hits: pure functions over candidates, no input or output.
//!
//! The store finds, these functions decide: [`fusion`] makes one ranking of two, [`collapse`] makes one hit of equal
//! passages before the cut, [`facets`] counts what was found, [`snippet`] picks the part of a passage that answers.

pub(crate) mod aliases;
pub(crate) mod collapse;
pub(crate) mod confidence;
pub(crate) mod cursor;
pub(crate) mod facets;
pub(crate) mod fusion;
pub(crate) mod names;
pub(crate) mod releases;
pub(crate) mod resolve;
mod running_text;
pub(crate) mod snippet;
pub(crate) mod terms;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod vocabulary_mask;
