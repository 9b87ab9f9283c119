//! Counts what becomes of every file while the stages run, and tells the caller how far it is.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mcdewey_core::{
    Format, FormatReport, SkippedFile, SourcePath, StageSeconds, SyncProgress, SyncReport,
};

use crate::markdown::Dialect;
use crate::walk::{Reading, reading};

/// The report as it grows; shared by the stages.
pub(crate) struct Tally<'a> {
    report: Mutex<SyncReport>,
    busy: Mutex<[Busy; 3]>,
    progress: &'a (dyn Fn(SyncProgress) + Send + Sync),
}

impl<'a> Tally<'a> {
    /// Begins with what the walk has found.
    pub(crate) fn new(
        mut report: SyncReport,
        progress: &'a (dyn Fn(SyncProgress) + Send + Sync),
    ) -> Self {
        for file in &report.skipped {
            let format = report.formats.entry(format_name(&file.path)).or_default();
            format.files += 1;
            format.skipped += 1;
        }

        let tally = Self {
            report: Mutex::new(report),
            busy: Mutex::default(),
            progress,
        };

        tally.change(|_| {});
        tally
    }

    /// A file is as the index knows it.
    pub(crate) fn unchanged(&self, source: &SourcePath) {
        self.change(|report| {
            report.unchanged += 1;
            let format = format_of(report, source);
            format.files += 1;
            format.unchanged += 1;
        });
    }

    /// A file cannot become a document; `kept` says that an older revision of it stays.
    pub(crate) fn skipped(&self, source: &SourcePath, reason: String, kept: bool) {
        self.change(|report| {
            let format = format_of(report, source);
            format.files += 1;
            format.skipped += 1;
            report.skipped.push(SkippedFile {
                path: source.to_string(),
                reason,
            });
            report.warnings.extend(kept.then(|| kept_warning(source)));
        });
    }

    /// A file was read and cut.
    pub(crate) fn parsed(&self, source: &SourcePath, warnings: &[String]) {
        self.change(|report| {
            report.parsed += 1;
            report.warnings.extend(
                warnings
                    .iter()
                    .map(|warning| format!("{source}: {warning}")),
            );
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
    pub(crate) fn written(&self, source: &SourcePath, chunks: usize) {
        self.change(|report| {
            let format = format_of(report, source);
            format.files += 1;
            format.written += 1;
            format.chunks += chunks as u64;
            report.written += 1;
            report.chunks += chunks as u64;
        });
    }

    /// The report, with its lists in an order that does not depend on the stages' pace.
    pub(crate) fn finish(self) -> SyncReport {
        let mut report = self
            .report
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        report.skipped.sort_by(|a, b| a.path.cmp(&b.path));
        report.warnings.sort();

        let busy = self
            .busy
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let [reading, embedding, writing] = busy.map(|busy| busy.total.as_secs_f64());
        report.stages = StageSeconds {
            reading,
            embedding,
            writing,
        };

        report
    }

    /// A stage is at work until what this returns is dropped.
    pub(crate) fn at_work(&self, stage: Stage) -> AtWork<'_> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)[stage as usize].begin();
        AtWork {
            busy: &self.busy,
            stage,
        }
    }

    fn change(&self, change: impl FnOnce(&mut SyncReport)) {
        let progress = {
            let mut report: MutexGuard<'_, SyncReport> =
                self.report.lock().unwrap_or_else(PoisonError::into_inner);
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

/// A part of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Reading,
    Embedding,
    Writing,
}

/// For how long at least one was at work on something.
#[derive(Debug, Default)]
struct Busy {
    active: usize,
    since: Option<Instant>,
    total: Duration,
}

impl Busy {
    fn begin(&mut self) {
        self.active += 1;
        self.since.get_or_insert_with(Instant::now);
    }

    fn end(&mut self) {
        self.active = self.active.saturating_sub(1);
        if self.active == 0 {
            self.total += self
                .since
                .take()
                .map_or(Duration::ZERO, |since| since.elapsed());
        }
    }
}

/// Ends the time at work when dropped.
pub(crate) struct AtWork<'a> {
    busy: &'a Mutex<[Busy; 3]>,
    stage: Stage,
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)[self.stage as usize].end();
    }
}

fn format_of<'a>(report: &'a mut SyncReport, source: &SourcePath) -> &'a mut FormatReport {
    report
        .formats
        .entry(format_name(source.as_str()))
        .or_default()
}

/// What people call a file's format, by its name.
fn format_name(path: &str) -> String {
    match reading(path) {
        Ok(Reading::Text(Dialect::Markdown)) => "Markdown".to_owned(),
        Ok(Reading::Text(Dialect::Plain)) => "plain text".to_owned(),
        Ok(Reading::Convert(format)) => format.title().to_owned(),
        Ok(Reading::Described) => Format::OpenApi.title().to_owned(),
        Err(_) => "other".to_owned(),
    }
}

/// Says that a document stays although nothing can be made of its file.
pub(crate) fn kept_warning(source: &SourcePath) -> String {
    format!(
        "kept the revision of {source} that the library holds, since its file cannot become a document as it is (see the skipped files)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_counted_by_format() {
        let skipped = vec![SkippedFile {
            path: "x.exe".to_owned(),
            reason: String::new(),
        }];

        let tally = Tally::new(
            SyncReport {
                skipped,
                ..SyncReport::default()
            },
            &|_| {},
        );

        let source = |path: &str| -> SourcePath { path.parse().unwrap() };
        tally.written(&source("a.PDF"), 7);
        tally.unchanged(&source("b.pdf"));
        tally.skipped(&source("c.txt"), "broken".to_owned(), false);
        let formats = tally.finish().formats;

        assert_eq!(
            formats["PDF"],
            FormatReport {
                files: 2,
                unchanged: 1,
                written: 1,
                skipped: 0,
                chunks: 7
            }
        );
        assert_eq!(
            formats["plain text"],
            FormatReport {
                files: 1,
                skipped: 1,
                ..FormatReport::default()
            }
        );
        assert_eq!(formats["other"].skipped, 1);
    }

    #[test]
    fn time_at_work_counts_once_however_many_work() {
        let mut busy = Busy::default();
        busy.begin();
        busy.begin();
        busy.end();
        assert_eq!(busy.total, Duration::ZERO, "another one is still at work");
        busy.end();

        assert!(busy.total > Duration::ZERO && busy.since.is_none());
    }
}
