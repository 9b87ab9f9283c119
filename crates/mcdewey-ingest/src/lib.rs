//! Brings an index up to date with folders of documents: walk → parse → split → embed → commit.
//!
//! [`Ingester::sync`] runs the whole pipeline. Unchanged files are recognised by their hash and not
//! parsed. [`Ingester::embed_backlog`] embeds what a first synchronisation committed with its words only.
//! A file that cannot be read is reported and does not stop the others. Nothing outside the
//! walked folder is ever removed. This crate depends only on the traits of `mcdewey-core`, never on
//! a concrete model or database.

#![forbid(unsafe_code)]

mod backlog;
mod document;
mod error;
mod file_error;
mod file_stamps;
mod file_state;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod images;
mod pairs;
mod parse;
mod pipeline;
mod plan;
mod read;
mod releases;
mod report;
mod root_dir;
mod roots;
mod rules;
mod split;
mod suggest;
mod survey;
mod sync;
#[cfg(test)]
mod tests;
mod unchanged;
mod vectors;
mod walk;
mod word_boxes;

pub use error::IngestError;
pub use parse::CONVERTED_FROM;
pub use roots::{Root, resolve_request, resolve_root};
pub use rules::{
    Constants, Coverage, Disagreement, LIBRARY_FILE, LibraryFile, RuleCoverage, RuleEntry, RuleSet,
    UnrecognisedFolder,
};
pub use split::CHUNKER;
pub use suggest::{SuggestedFacets, SuggestedRule, Suggestion, suggest};
pub use survey::{CopiedDocument, Duplicates, Findings, OversizedDocument, Survey, survey};
pub use sync::Ingester;
