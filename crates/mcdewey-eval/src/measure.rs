//! Measures the search on a set, whose kind follows from what is at its path: a folder is a test
//! set, which is indexed in a library of its own; a file holds judgments for the configured library.

mod beir;
mod evaluation;
mod judgments;
mod spans;

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use mcdewey_search::Mode;

use crate::libraries::OpenLibraries;
use crate::{ReportRow, SpanSet, Split};

pub(crate) use beir::to_documents;
pub(crate) use evaluation::{Evaluation, ranked_hits};

/// How sets are measured.
pub struct Measure<'a> {
    /// Opens the libraries.
    pub libraries: &'a dyn OpenLibraries,
    /// The search modes, in the order of the rows.
    pub modes: Vec<Mode>,
    /// The folder to which runs and judgments are written in TREC format.
    pub trec: Option<PathBuf>,
    /// Of the questions assigned to a split, only those of this one are asked.
    pub split: Option<Split>,
    /// Leave out all documents that answer a question.
    pub without_gold: bool,
    /// Receives what is worth knowing about a set, one line without a line break at a time.
    pub notify: &'a (dyn Fn(&str) + Sync),
}

impl Measure<'_> {
    /// Measures one set and returns a row for each mode.
    ///
    /// # Errors
    ///
    /// If the set cannot be read or used, or its library cannot be opened. A question that fails is
    /// part of the rows instead.
    pub async fn measure(&self, set: &Path) -> Result<Vec<ReportRow>> {
        let table = if set.is_dir() {
            SpanSet::find_table(set)?
        } else {
            None
        };

        let is_beir = set.is_dir() && table.is_none();
        ensure!(
            is_beir || !self.without_gold,
            "--without-gold requires a set in BEIR format, {} is not one",
            set.display()
        );

        match table {
            Some(table) => spans::measure(self, &table).await,
            None if is_beir => beir::measure(self, set).await,
            None => judgments::measure(self, set).await,
        }
    }

    /// Passes on the notices of a set.
    fn notify_all(&self, set: &str, notices: &[String]) {
        for notice in notices {
            (self.notify)(&format!("{set}: {notice}"));
        }
    }
}
