//! Counts what becomes of every file while the stages run, and tells the caller how far it is.

use std::sync::{Mutex, MutexGuard, PoisonError};

use mcdewey_core::{SkippedFile, SourcePath, SyncProgress, SyncReport};

/// The report as it grows; shared by the stages.
pub(crate) struct Tally<'a> {
    report: Mutex<SyncReport>,
    progress: &'a (dyn Fn(SyncProgress) + Send + Sync),
}

impl<'a> Tally<'a> {
    /// Begins with what the walk has found.
    pub(crate) fn new(report: SyncReport, progress: &'a (dyn Fn(SyncProgress) + Send + Sync)) -> Self {
        let tally = Self { report: Mutex::new(report), progress };
        tally.change(|_| {});
        tally
    }

    /// A file is as the index knows it.
    pub(crate) fn unchanged(&self) {
        self.change(|report| report.unchanged += 1);
    }

    /// A file cannot become a document; `kept` says that an older revision of it stays.
    pub(crate) fn skipped(&self, source: &SourcePath, reason: String, kept: bool) {
        self.change(|report| {
            report.skipped.push(SkippedFile { path: source.to_string(), reason });
            report.warnings.extend(kept.then(|| kept_warning(source)));
        });
    }

    /// A file was read and cut.
    pub(crate) fn parsed(&self, source: &SourcePath, warnings: &[String]) {
        self.change(|report| {
            report.parsed += 1;
            report.warnings.extend(warnings.iter().map(|warning| format!("{source}: {warning}")));
        });
    }

    /// Passages got vectors that were known.
    pub(crate) fn reused(&self, passages: usize) {
        self.change(|report| report.reused += passages as u64);
    }

    /// Passages went through the model.
    pub(crate) fn embedded(&self, passages: usize, tokens: usize) {
        self.change(|report| {
            report.embedded += passages as u64;
            report.tokens += tokens as u64;
        });
    }

    /// A document is in the index.
    pub(crate) fn written(&self, chunks: usize) {
        self.change(|report| {
            report.written += 1;
            report.chunks += chunks as u64;
        });
    }

    /// The report, with its lists in an order that does not depend on the stages' pace.
    pub(crate) fn finish(self) -> SyncReport {
        let mut report = self.report.into_inner().unwrap_or_else(PoisonError::into_inner);
        report.skipped.sort_by(|a, b| a.path.cmp(&b.path));
        report.warnings.sort();
        report
    }

    fn change(&self, change: impl FnOnce(&mut SyncReport)) {
        let progress = {
            let mut report: MutexGuard<'_, SyncReport> = self.report.lock().unwrap_or_else(PoisonError::into_inner);
            change(&mut report);
            SyncProgress {
                files: report.files,
                done: report.unchanged + report.written + report.skipped.len() as u64,
                chunks: report.chunks,
                tokens: report.tokens,
            }
        };
        (self.progress)(progress);
    }
}

/// Says that a document stays although nothing can be made of its file.
pub(crate) fn kept_warning(source: &SourcePath) -> String {
    format!(
        "kept the revision of {source} that the library holds, since its file cannot become a document as it is (see the skipped files)"
    )
}
