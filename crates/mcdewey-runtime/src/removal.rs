//! The steps of a permanent removal of documents, shared by the running server and `mcdewey
//! remove`.

use std::path::PathBuf;
use std::sync::Arc;

use mcdewey_core::{IndexError, RemovalReport, RemovalRequest, SourcePath};
use mcdewey_ingest::Root;
use mcdewey_store::Generations;

use crate::feedback::FeedbackFile;

/// Fails if the file of a document still exists, because the next synchronisation would add the
/// document again. Accesses the file system.
pub(crate) fn check_files_gone(roots: &[Root], request: &RemovalRequest) -> Result<(), IndexError> {
    if request.force {
        return Ok(());
    }

    let existing: Vec<String> = request
        .sources
        .iter()
        .filter_map(|source| find_file(roots, source))
        .map(|path| path.display().to_string())
        .collect();

    if existing.is_empty() {
        return Ok(());
    }

    Err(IndexError::Unavailable(format!(
        "still exists, so the next ingest would add it again: {}; delete it first, or remove the document \
         anyway with --force",
        existing.join(", ")
    )))
}

/// Returns the file that a document was read from, if it exists in one of the roots.
fn find_file(roots: &[Root], source: &SourcePath) -> Option<PathBuf> {
    let root = roots.iter().find(|root| root.contains_file(source))?;
    let prefix = root.name.source_prefix();
    let relative = source.as_str().strip_prefix(prefix.as_str())?;
    Some(root.path.join(relative))
}

/// Removes documents from all generations and their judgments from the feedback file, then searches
/// the data directory for anything that is left.
pub(crate) async fn erase(
    generations: &Arc<Generations>,
    feedback: &Arc<FeedbackFile>,
    sources: &[SourcePath],
) -> Result<RemovalReport, IndexError> {
    let removed = generations.erase_everywhere(sources).await?;
    let judgments = forget_judgments(feedback, sources).await?;

    let (searched, names) = (Arc::clone(generations), sources.to_vec());
    let search = tokio::task::spawn_blocking(move || searched.find_traces(&names)).await;
    let proof = search.map_err(|error| {
        IndexError::Store(format!("the search for remaining traces failed: {error}"))
    })??;

    ensure_something_removed(
        RemovalReport {
            generations: removed,
            proof: Some(proof),
            judgments,
        },
        sources,
    )
}

/// Removes the judgments on documents from the feedback file, and returns how many there were.
pub(crate) async fn forget_judgments(
    feedback: &Arc<FeedbackFile>,
    sources: &[SourcePath],
) -> Result<u64, IndexError> {
    let (feedback, sources) = (Arc::clone(feedback), sources.to_vec());
    let forgotten = tokio::task::spawn_blocking(move || feedback.forget(&sources)).await;
    let forgotten = forgotten
        .map_err(|error| IndexError::Store(format!("the removal task failed: {error}")))?;

    forgotten.map_err(|error| {
        let message = format!(
            "the documents were removed from the library, but {error:#}; run the removal again"
        );

        if is_storage_full(&error) {
            IndexError::NoSpace(message)
        } else {
            IndexError::Store(message)
        }
    })
}

fn is_storage_full(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::StorageFull)
    })
}

/// Returns the report, or an error if nothing was removed: a mistyped name must not look like a
/// successful removal.
pub(crate) fn ensure_something_removed(
    report: RemovalReport,
    sources: &[SourcePath],
) -> Result<RemovalReport, IndexError> {
    let removed = report
        .generations
        .iter()
        .any(|one| one.documents > 0 || one.discarded.is_some());

    if removed || report.judgments > 0 {
        return Ok(report);
    }

    let names: Vec<&str> = sources.iter().map(SourcePath::as_str).collect();
    Err(IndexError::Unavailable(format!(
        "no generation contains {}; name documents by their source, as shown by `mcdewey search`",
        names.join(", ")
    )))
}

#[cfg(test)]
mod tests {
    use mcdewey_core::{Generation, GenerationRemoval, RootName};

    use super::*;

    #[test]
    fn an_existing_file_is_named_in_the_error() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.md"), "x").unwrap();
        let roots = [
            Root::new(RootName::default(), folder.path().join("elsewhere")),
            Root::new("vendor".parse().unwrap(), folder.path()),
        ];

        let request = |source: &str, force| RemovalRequest {
            sources: vec![source.parse().unwrap()],
            force,
        };

        let error = check_files_gone(&roots, &request("vendor/a.md", false))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("a.md") && error.contains("--force"),
            "{error}"
        );

        assert!(check_files_gone(&roots, &request("vendor/a.md", true)).is_ok());
        assert!(check_files_gone(&roots, &request("vendor/b.md", false)).is_ok());
        assert!(check_files_gone(&roots, &request("a.md", false)).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_out_of_the_root_does_not_count_as_an_existing_file() {
        let folder = tempfile::tempdir().unwrap();
        let outside = tempfile::NamedTempFile::new().unwrap();
        std::os::unix::fs::symlink(outside.path(), folder.path().join("a.md")).unwrap();
        let roots = [Root::new(RootName::default(), folder.path())];

        let request = RemovalRequest {
            sources: vec!["a.md".parse().unwrap()],
            force: false,
        };

        assert!(check_files_gone(&roots, &request).is_ok());
    }

    #[test]
    fn a_name_without_a_document_is_an_error() {
        let sources = ["a.md".parse().unwrap()];
        let report = |documents, judgments| RemovalReport {
            judgments,
            generations: vec![GenerationRemoval {
                generation: Generation("g".to_owned()),
                documents,
                discarded: None,
            }],
            proof: None,
        };

        assert!(ensure_something_removed(report(1, 0), &sources).is_ok());
        assert!(
            ensure_something_removed(report(0, 1), &sources).is_ok(),
            "an earlier run failed after it had removed the documents"
        );
        assert!(
            ensure_something_removed(report(0, 0), &sources)
                .unwrap_err()
                .to_string()
                .contains("a.md")
        );
    }
}
