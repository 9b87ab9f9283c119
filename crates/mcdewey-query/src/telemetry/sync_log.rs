//! How the last synchronisation of each root ended.

use std::sync::{Mutex, MutexGuard, PoisonError};

use mcdewey_core::{SourcePath, SyncReport};

/// A synchronisation that has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct EndedSync {
    /// "2026-03-01T09:30:00Z".
    pub when: String,
    /// Its report, or why it failed.
    pub outcome: Result<SyncReport, String>,
}

/// The last success of each root, and the last failure if it is more recent than all of them.
#[derive(Debug, Default)]
pub(super) struct SyncLog(Mutex<Vec<EndedSync>>);

impl SyncLog {
    pub(super) fn add(&self, when: String, outcome: Result<SyncReport, String>) {
        let mut entries = self.lock();
        entries.retain(|earlier| match (&earlier.outcome, &outcome) {
            (Err(_), _) => false,
            (Ok(_), Err(_)) => true,
            (Ok(earlier), Ok(later)) => {
                !earlier.roots.iter().all(|root| later.roots.contains(root))
            }
        });

        entries.push(EndedSync { when, outcome });
    }

    /// Removes from the reports what they say about these documents.
    pub(super) fn forget(&self, sources: &[SourcePath]) {
        for sync in self.lock().iter_mut() {
            match &mut sync.outcome {
                Ok(report) => {
                    report.skipped.retain(|file| {
                        !mentions(&file.path, sources) && !mentions(&file.reason, sources)
                    });
                    report
                        .warnings
                        .retain(|warning| !mentions(warning, sources));
                }
                Err(reason) if mentions(reason, sources) => {
                    "it failed on a document that has been removed since".clone_into(reason)
                }
                Err(_) => {}
            }
        }
    }

    /// All entries, the latest first.
    pub(super) fn all(&self) -> Vec<EndedSync> {
        self.lock().iter().rev().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<EndedSync>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn mentions(text: &str, sources: &[SourcePath]) -> bool {
    sources.iter().any(|source| text.contains(source.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_do_not_name_removed_documents() {
        use mcdewey_core::SkippedFile;

        let log = SyncLog::default();
        let skipped = ["a/x.md", "b.md"].map(|path| SkippedFile {
            path: path.to_owned(),
            reason: "empty".to_owned(),
        });
        let warnings = vec!["a/x.md: no title".to_owned(), "b.md: no title".to_owned()];

        log.add(
            "1".to_owned(),
            Ok(SyncReport {
                skipped: skipped.into(),
                warnings,
                ..SyncReport::default()
            }),
        );

        log.add("2".to_owned(), Err("a/x.md cannot be read".to_owned()));
        log.forget(&["a/x.md".parse().unwrap()]);
        let reports = format!("{:?}", log.all());

        assert!(
            !reports.contains("a/x.md") && reports.matches("b.md").count() == 2,
            "{reports}"
        );
    }

    #[test]
    fn the_last_success_of_each_root_and_the_last_failure_are_kept() {
        let log = SyncLog::default();
        let report = |roots: &[&str]| {
            let roots = roots.iter().map(|name| name.parse().unwrap()).collect();
            Ok(SyncReport {
                roots,
                ..SyncReport::default()
            })
        };

        let ended = |log: &SyncLog| {
            log.all()
                .into_iter()
                .map(|sync| sync.when)
                .collect::<Vec<_>>()
        };

        log.add("1".to_owned(), report(&["a", "b"]));
        log.add("2".to_owned(), report(&["b"]));
        log.add("3".to_owned(), Err("no disk".to_owned()));
        assert_eq!(ended(&log), ["3", "2", "1"]);
        log.add("4".to_owned(), report(&["b"]));
        assert_eq!(ended(&log), ["4", "1"]);
        log.add("5".to_owned(), report(&["a", "b"]));

        assert_eq!(ended(&log), ["5"]);
    }
}
