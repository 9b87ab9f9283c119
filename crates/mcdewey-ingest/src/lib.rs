//! From a corpus on disk to an up-to-date index: walk → parse (pages) → split (passages) → embed → commit.
//!
//! [`Ingester::sync`] is the whole journey. Unchanged files are recognised by hash and not even parsed; a file that
//! cannot be read is reported and never stops the others; nothing outside the walked folder is ever removed.
//! This crate knows the traits of `mcdewey-core` and neither a model nor a database.

#![forbid(unsafe_code)]

mod document;
mod error;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod images;
mod jobs;
mod markdown;
#[cfg(test)]
mod outside_tests;
mod pairs;
mod pipeline;
mod plan;
mod read;
mod refusal;
mod releases;
mod root_dir;
mod roots;
mod rules;
#[cfg(test)]
mod shelf_tests;
mod split;
mod survey;
mod sync;
mod tally;
mod vectors;
mod walk;

pub use error::IngestError;
pub use jobs::{Synchronizer, resolve_request, serve_jobs};
pub use pairs::CONVERTED_FROM;
pub use roots::{Root, resolve_root};
pub use rules::{
    Constants, Coverage, Disagreement, LIBRARY_FILE, LibraryFile, RuleCoverage, RuleEntry, RuleSet,
};
pub use split::CHUNKER;
pub use survey::{Copied, Duplicates, Findings, Giant, Survey, survey};
pub use sync::Ingester;
