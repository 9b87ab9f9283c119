//! How the last synchronisation of each root ended.

use std::sync::{Mutex, PoisonError};

use mcdewey_core::{SourcePath, SyncReport};

/// A synchronisation that is over.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EndedSync {
    /// "2026-03-01T09:30:00Z".
    pub(crate) when: String,
    /// What it did, or why it failed.
    pub(crate) outcome: Result<SyncReport, String>,
}

/// The last success of each root, and what failed after it.
#[derive(Debug, Default)]
pub(super) struct SyncLog(Mutex<Vec<EndedSync>>);

impl SyncLog {
    pub(super) fn add(&self, when: String, outcome: Result<SyncReport, String>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|before| match (&before.outcome, &outcome) {
            (Err(_), _) => false,
            (Ok(_), Err(_)) => true,
            (Ok(before), Ok(after)) => !before.roots.iter().all(|root| after.roots.contains(root)),
        });

        known.push(EndedSync { when, outcome });
    }

    /// Lets go of what the reports say of these documents.
    pub(super) fn forget(&self, sources: &[SourcePath]) {
        let names = |text: &str| sources.iter().any(|source| text.contains(source.as_str()));
        for ended in self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter_mut()
        {
            match &mut ended.outcome {
                Ok(report) => {
                    report
                        .skipped
                        .retain(|file| !names(&file.path) && !names(&file.reason));
                    report.warnings.retain(|warning| !names(warning));
                }
                Err(reason) if names(reason) => {
                    "it failed over a document that was removed since".clone_into(reason)
                }
                Err(_) => {}
            }
        }
    }

    /// The latest first.
    pub(super) fn all(&self) -> Vec<EndedSync> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .rev()
            .cloned()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_name_no_removed_document() {
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
        let told = format!("{:?}", log.all());

        assert!(
            !told.contains("a/x.md") && told.matches("b.md").count() == 2,
            "{told}"
        );
    }

    #[test]
    fn the_last_success_of_each_root_and_the_last_failure_stay() {
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
                .map(|one| one.when)
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
