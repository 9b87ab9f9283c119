//! What a removal of documents is, with a running server or without.

use std::path::PathBuf;
use std::sync::Arc;

use mcdewey_core::{IndexError, RemovalReport, RemovalRequest, SourcePath};
use mcdewey_ingest::Root;
use mcdewey_store::Generations;

use crate::feedback::FeedbackFile;

/// Refuses documents whose file is still there: the next synchronisation would bring them back.
pub(crate) fn refuse_present(roots: &[Root], request: &RemovalRequest) -> Result<(), IndexError> {
    if request.force {
        return Ok(());
    }

    let present: Vec<String> = request
        .sources
        .iter()
        .filter_map(|source| file_of(roots, source))
        .map(|path| path.display().to_string())
        .collect();

    if present.is_empty() {
        return Ok(());
    }

    Err(IndexError::Unavailable(format!(
        "still there, so the next ingest would bring it back: {}; take it away first, or remove the document all the same \
         with --force",
        present.join(", ")
    )))
}

/// The file that a document was read from, if it is there.
fn file_of(roots: &[Root], source: &SourcePath) -> Option<PathBuf> {
    let root = roots.iter().find(|root| root.holds(source))?;
    Some(
        root.path.join(
            source
                .as_str()
                .strip_prefix(root.name.source_prefix().as_str())?,
        ),
    )
}

/// Takes documents out of all generations and what readers said of them out of the judgments, and looks whether
/// anything is left.
pub(crate) async fn erase(
    generations: &Arc<Generations>,
    feedback: &Arc<FeedbackFile>,
    sources: &[SourcePath],
) -> Result<RemovalReport, IndexError> {
    let removed = generations.erase_everywhere(sources).await?;
    let judgments = forget_judgments(feedback, sources).await?;
    let (searched, names) = (Arc::clone(generations), sources.to_vec());
    let search = tokio::task::spawn_blocking(move || searched.traces(&names)).await;

    let proof = search.map_err(|error| {
        IndexError::Store(format!("the search for traces broke off: {error}"))
    })??;

    held(
        RemovalReport {
            generations: removed,
            proof: Some(proof),
            judgments,
        },
        sources,
    )
}

/// Takes what readers said of documents out of the judgments.
pub(crate) async fn forget_judgments(
    feedback: &Arc<FeedbackFile>,
    sources: &[SourcePath],
) -> Result<u64, IndexError> {
    let (feedback, sources) = (Arc::clone(feedback), sources.to_vec());
    let forgotten = tokio::task::spawn_blocking(move || feedback.forget(&sources)).await;
    let forgotten =
        forgotten.map_err(|error| IndexError::Store(format!("a removal broke off: {error}")))?;

    forgotten.map_err(|error| {
        let told = format!(
            "the library no longer holds the documents, but {error:#}; run the removal again"
        );

        let is_full = error.chain().any(|cause| {
            let kind = cause
                .downcast_ref::<std::io::Error>()
                .map(std::io::Error::kind);
            kind == Some(std::io::ErrorKind::StorageFull)
        });

        if is_full {
            IndexError::NoSpace(told)
        } else {
            IndexError::Store(told)
        }
    })
}

/// The report, unless there was nothing to remove: a name that was mistyped must not look as if it were gone.
pub(crate) fn held(
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
        "no generation holds {}; a document is named by its source, as `mcdewey search` shows it",
        names.join(", ")
    )))
}

#[cfg(test)]
mod tests {
    use mcdewey_core::{Generation, GenerationRemoval, RootName};

    use super::*;

    #[test]
    fn a_file_that_is_still_there_is_named() {
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

        let said = refuse_present(&roots, &request("vendor/a.md", false))
            .unwrap_err()
            .to_string();
        assert!(said.contains("a.md") && said.contains("--force"), "{said}");
        assert!(refuse_present(&roots, &request("vendor/a.md", true)).is_ok());
        assert!(refuse_present(&roots, &request("vendor/b.md", false)).is_ok());
        assert!(refuse_present(&roots, &request("a.md", false)).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_out_of_the_root_brings_nothing_back() {
        let folder = tempfile::tempdir().unwrap();
        let outside = tempfile::NamedTempFile::new().unwrap();
        std::os::unix::fs::symlink(outside.path(), folder.path().join("a.md")).unwrap();
        let roots = [Root::new(RootName::default(), folder.path())];

        let request = RemovalRequest {
            sources: vec!["a.md".parse().unwrap()],
            force: false,
        };

        assert!(refuse_present(&roots, &request).is_ok());
    }

    #[test]
    fn a_name_that_nothing_has_is_an_error() {
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

        assert!(held(report(1, 0), &sources).is_ok());
        assert!(
            held(report(0, 1), &sources).is_ok(),
            "an earlier run broke off behind the library"
        );
        assert!(
            held(report(0, 0), &sources)
                .unwrap_err()
                .to_string()
                .contains("a.md")
        );
    }
}
