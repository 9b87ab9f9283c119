//! Builds the report of a synchronisation while its stages run, and publishes their progress.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mcdewey_core::{
    DocumentRevision, Format, FormatReport, SkippedFile, SourcePath, StageSeconds, SyncProgress,
    SyncReport,
};

use crate::parse::Dialect;
use crate::walk::FileKind;

/// A report under construction, shared by the stages.
pub(crate) struct ReportBuilder<'a> {
    report: Mutex<SyncReport>,
    /// Folders that look like a version, with the number of documents below that have none.
    unrecognised_folders: Mutex<BTreeMap<String, u64>>,
    clocks: Mutex<[StageClock; 3]>,
    progress: &'a (dyn Fn(SyncProgress) + Send + Sync),
}

impl<'a> ReportBuilder<'a> {
    /// Starts from a report of what the walk found. Calls `progress` at once and after each change.
    pub(crate) fn new(
        mut report: SyncReport,
        progress: &'a (dyn Fn(SyncProgress) + Send + Sync),
    ) -> Self {
        for file in &report.skipped {
            let format = report.formats.entry(format_name(&file.path)).or_default();
            format.files += 1;
            format.skipped += 1;
        }

        let builder = Self {
            report: Mutex::new(report),
            unrecognised_folders: Mutex::default(),
            clocks: Mutex::default(),
            progress,
        };

        builder.update(|_| {});
        builder
    }

    /// Counts a file whose indexed revision is up to date.
    pub(crate) fn unchanged(&self, source: &SourcePath) {
        self.update(|report| {
            report.unchanged += 1;
            let format = format_of(report, source);
            format.files += 1;
            format.unchanged += 1;
        });
    }

    /// Counts files that were recognised without being read.
    pub(crate) fn all_unchanged(&self, sources: &[SourcePath]) {
        self.update(|report| {
            report.unchanged += sources.len() as u64;
            for source in sources {
                let format = format_of(report, source);
                format.files += 1;
                format.unchanged += 1;
            }
        });
    }

    /// Counts a file that cannot become a document. `is_indexed` tells whether the index keeps an
    /// older revision of it.
    pub(crate) fn skipped(&self, source: &SourcePath, reason: String, is_indexed: bool) {
        self.update(|report| {
            let format = format_of(report, source);
            format.files += 1;
            format.skipped += 1;
            report.skipped.push(SkippedFile {
                path: source.to_string(),
                reason,
            });
            report
                .warnings
                .extend(is_indexed.then(|| kept_warning(source)));
        });
    }

    /// Counts a file that was parsed and split.
    pub(crate) fn parsed(&self, source: &SourcePath, warnings: &[String]) {
        self.update(|report| {
            report.parsed += 1;
            report.warnings.extend(
                warnings
                    .iter()
                    .map(|warning| format!("{source}: {warning}")),
            );
        });
    }

    /// Counts a document without a version below folders that look like one.
    pub(crate) fn unversioned(&self, folders: &[String]) {
        let mut counts = self
            .unrecognised_folders
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for folder in folders {
            *counts.entry(folder.clone()).or_default() += 1;
        }
    }

    /// Counts chunks whose vector was already known.
    pub(crate) fn reused(&self, chunks: usize) {
        self.update(|report| report.reused += chunks as u64);
    }

    /// Counts the chunks of a document whose vectors were known, or a document that is committed with
    /// its words only.
    pub(crate) fn committed_first(&self, document: &DocumentRevision) {
        let is_words_only = document.is_words_only();
        self.update(|report| {
            if is_words_only {
                report.words_only += 1;
            } else {
                report.reused += document.chunks.len() as u64;
            }
        });
    }

    /// Counts chunks that the model embedded.
    pub(crate) fn embedded(&self, chunks: usize, tokens: usize) {
        self.update(|report| {
            report.embedded += chunks as u64;
            report.tokens += tokens as u64;
        });
    }

    /// Counts a document that was committed.
    pub(crate) fn written(&self, source: &SourcePath, chunks: usize) {
        self.update(|report| {
            let format = format_of(report, source);
            format.files += 1;
            format.written += 1;
            format.chunks += chunks as u64;
            report.written += 1;
            report.chunks += chunks as u64;
        });
    }

    /// Returns the report. Its lists are sorted, so their order does not depend on the timing of
    /// the stages.
    pub(crate) fn finish(self) -> SyncReport {
        let mut report = self
            .report
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        report.skipped.sort_by(|a, b| a.path.cmp(&b.path));
        let folders = self
            .unrecognised_folders
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        report.warnings.extend(folders.iter().map(|(folder, documents)| {
            format!(
                "{folder} looks like a version but is not recognised as one, so {documents} documents \
                 below it have none; `mcdewey rules suggest` proposes a rule"
            )
        }));
        report.warnings.sort();

        let clocks = self
            .clocks
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let [reading, embedding, writing] = clocks.map(|clock| clock.total.as_secs_f64());
        report.stages = StageSeconds {
            reading,
            embedding,
            writing,
        };

        report
    }

    /// Counts the time until the returned timer is dropped as work of a stage.
    pub(crate) fn time(&self, stage: Stage) -> StageTimer<'_> {
        self.clocks.lock().unwrap_or_else(PoisonError::into_inner)[stage as usize].start();
        StageTimer {
            clocks: &self.clocks,
            stage,
        }
    }

    fn update(&self, change: impl FnOnce(&mut SyncReport)) {
        // The lock is released before the callback runs.
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

/// A stage of the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Reading,
    Embedding,
    Writing,
}

/// Measures for how long at least one task of a stage was running.
#[derive(Debug, Default)]
struct StageClock {
    active: usize,
    since: Option<Instant>,
    total: Duration,
}

impl StageClock {
    fn start(&mut self) {
        self.active += 1;
        self.since.get_or_insert_with(Instant::now);
    }

    fn stop(&mut self) {
        self.active = self.active.saturating_sub(1);
        if self.active == 0
            && let Some(since) = self.since.take()
        {
            self.total += since.elapsed();
        }
    }
}

/// Stops the clock of a stage when dropped.
pub(crate) struct StageTimer<'a> {
    clocks: &'a Mutex<[StageClock; 3]>,
    stage: Stage,
}

impl Drop for StageTimer<'_> {
    fn drop(&mut self) {
        self.clocks.lock().unwrap_or_else(PoisonError::into_inner)[self.stage as usize].stop();
    }
}

fn format_of<'a>(report: &'a mut SyncReport, source: &SourcePath) -> &'a mut FormatReport {
    report
        .formats
        .entry(format_name(source.as_str()))
        .or_default()
}

/// The name under which files of this kind are counted.
fn format_name(path: &str) -> String {
    match FileKind::from_path(path) {
        Ok(FileKind::Text(Dialect::Plain)) => "plain text".to_owned(),
        Ok(FileKind::Text(_)) => "Markdown".to_owned(),
        Ok(FileKind::Convert(format)) => format.title().to_owned(),
        Ok(FileKind::MaybeOpenApi) => Format::OpenApi.title().to_owned(),
        Err(_) => "other".to_owned(),
    }
}

/// The warning for a document that stays although its file cannot be ingested now.
pub(crate) fn kept_warning(source: &SourcePath) -> String {
    format!(
        "kept the indexed revision of {source}: its file cannot be ingested as it is now (see the \
         skipped files)"
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

        let report = ReportBuilder::new(
            SyncReport {
                skipped,
                ..SyncReport::default()
            },
            &|_| {},
        );

        let source = |path: &str| -> SourcePath { path.parse().unwrap() };
        report.written(&source("a.PDF"), 7);
        report.unchanged(&source("b.pdf"));
        report.skipped(&source("c.txt"), "broken".to_owned(), false);
        let formats = report.finish().formats;

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
    fn folders_that_look_like_versions_are_named_once() {
        let report = ReportBuilder::new(SyncReport::default(), &|_| {});
        report.unversioned(&["box/7.3-blue".to_owned()]);
        report.unversioned(&["box/7.3-blue".to_owned()]);
        report.unversioned(&[]);

        let warnings = report.finish().warnings;
        assert_eq!(warnings.len(), 1);
        assert!(
            warnings[0].starts_with("box/7.3-blue looks like")
                && warnings[0].contains("2 documents"),
            "{warnings:?}"
        );
    }

    #[test]
    fn overlapping_work_of_a_stage_is_counted_once() {
        let mut clock = StageClock::default();
        clock.start();
        clock.start();
        clock.stop();
        assert_eq!(clock.total, Duration::ZERO, "one task is still running");
        clock.stop();

        assert!(clock.total > Duration::ZERO && clock.since.is_none());
    }
}
