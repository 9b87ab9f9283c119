//! Whether the files of a generation are what was written to them, and what becomes of those that are
//! not.
//!
//! When the writer has been idle for a moment, and when the index is closed, it *seals* the generation:
//! the [`ledger`] then holds a checksum of every file and of every document. The first change after that
//! breaks the seal, and each commit adds the checksums of its documents. Opening a generation compares
//! the files with the seal ([`examine`]); what cannot be compared, because the program was killed while
//! it wrote, is checked document by document ([`check`]).
//!
//! A damaged shard is rebuilt from the catalogue, a damaged embedding cache keeps the vectors that fit
//! their checksums, and a damaged catalogue keeps the documents that fit theirs ([`salvage`]). A document
//! that is lost is listed as damaged until it is read again or removed, and readers are told.

mod check;
mod document_sum;
mod examine;
mod file_sum;
mod ledger;
mod salvage;
mod seal;
mod unverified;
mod verification;

pub(super) use check::{check, counted_terms, missing_sums};
pub(super) use document_sum::document_sum;
pub(super) use examine::{FileState, WorkAtOpen, examine, shard_state};
pub(super) use ledger::{Change, Ledger, LedgerContents, LedgerDocument};
pub(super) use seal::{SQLITE_COUNTERS, fits, seal};
pub(super) use unverified::Unverified;
pub(super) use verification::Verification;

/// Reasons why a document is left out, for an operator.
pub(super) mod reason {
    /// Its rows do not fit their checksum.
    pub(in crate::embedded) const DAMAGED: &str = "what is stored of it is damaged";
    /// The catalogue does not have it although it was committed.
    pub(in crate::embedded) const LOST: &str = "the catalogue has lost it";
    /// The catalogue has an earlier revision of it than the last one that was committed.
    pub(in crate::embedded) const OUTDATED: &str = "the catalogue has lost its latest revision";
}
