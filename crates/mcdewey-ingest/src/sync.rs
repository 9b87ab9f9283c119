//! Runs one synchronisation: brings the index up to date with the current contents of the roots.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mcdewey_core::{Convert, Embed, Index, ManifestEntry, SyncProgress, SyncReport};
use tokio::task::spawn_blocking;

use crate::document::DocumentReader;
use crate::file_stamps::FileStamps;
use crate::file_state::SETTLED_AFTER;
use crate::pairs::{join_originals, skip_conflicts};
use crate::pipeline::Pipeline;
use crate::plan::{Plan, plan, refuse_empty};
use crate::report::{ReportBuilder, kept_warning};
use crate::rules::RuleSet;
use crate::unchanged::take_unchanged;
use crate::walk::{Walk, walk};
use crate::{IngestError, Root};

/// Brings an index up to date with folders of documents.
#[derive(Clone)]
pub struct Ingester {
    pub(crate) index: Arc<dyn Index>,
    pub(crate) embed: Arc<dyn Embed>,
    convert: Option<Arc<dyn Convert>>,
    keep_originals: bool,
    words_first: bool,
    check_contents: bool,
    settled_after: Duration,
}

/// A root with its rules and the files found in it.
struct WalkedRoot {
    root: Root,
    rules: Arc<RuleSet>,
    walk: Walk,
}

impl Ingester {
    /// Creates an ingester that reads only Markdown and plain text, and keeps originals.
    pub fn new(index: Arc<dyn Index>, embed: Arc<dyn Embed>) -> Self {
        Self {
            index,
            embed,
            convert: None,
            keep_originals: true,
            words_first: false,
            check_contents: false,
            settled_after: SETTLED_AFTER,
        }
    }

    /// Also reads the formats that `convert` converts.
    #[must_use]
    pub fn with_converter(self, convert: Arc<dyn Convert>) -> Self {
        Self {
            convert: Some(convert),
            ..self
        }
    }

    /// Sets whether the index stores the files that Markdown was converted from, so that readers
    /// can open them. The default is `true`.
    #[must_use]
    pub fn keep_originals(self, keep_originals: bool) -> Self {
        Self {
            keep_originals,
            ..self
        }
    }

    /// Sets whether the documents of a library that is filled for the first time are committed with
    /// their words only. [`Ingester::embed_backlog`] then embeds them. The default is `false`.
    #[must_use]
    pub fn words_first(self, words_first: bool) -> Self {
        Self {
            words_first,
            ..self
        }
    }

    /// Sets whether every file is read, also those that the file system reports as unchanged. The
    /// default is `false`.
    #[must_use]
    pub fn check_contents(self, check_contents: bool) -> Self {
        Self {
            check_contents,
            ..self
        }
    }

    /// Brings the index up to date with `roots` and reports what was done; `progress` is called
    /// often.
    ///
    /// Dropping the future stops the work between documents. The next run completes it.
    ///
    /// # Errors
    ///
    /// An unreadable root, an invalid `library.toml` and a folder that is empty although the
    /// library holds documents from it are reported before anything is changed. Errors of the
    /// index and of the model end the run; documents committed before stay.
    pub async fn sync(
        &self,
        roots: &[Root],
        progress: &(dyn Fn(SyncProgress) + Send + Sync),
    ) -> Result<SyncReport, IngestError> {
        let started = Instant::now();
        let walked = self.walk(roots).await?;

        let mut report = SyncReport {
            roots: roots.iter().map(|root| root.name.clone()).collect(),
            ..SyncReport::default()
        };

        let reader = self.reader();
        let mut unchanged = Vec::new();
        let mut plans: Vec<(Plan, Arc<RuleSet>)> = Vec::new();
        for (WalkedRoot { root, rules, walk }, manifest) in walked {
            self.index
                .set_description(&root.name, rules.description())
                .await?;

            report.files += (walk.documents.len() + walk.skipped.len()) as u64;
            report.skipped.extend(walk.skipped.iter().cloned());
            let mut plan = plan(&root, walk, &manifest);
            if !self.check_contents {
                let stamps = self.index.file_stamps(&root.name).await?;
                let (reader, rules) = (Arc::clone(&reader), Arc::clone(&rules));
                let found = run_blocking(move || {
                    let unchanged = take_unchanged(&mut plan, &rules, &reader, stamps);
                    (plan, unchanged)
                });
                let (rest, found) = found.await?;
                plan = rest;
                unchanged.extend(found);
            }

            report.warnings.extend(plan.kept.iter().map(kept_warning));
            plans.push((plan, rules));
        }

        report.removed = self.remove_missing(&plans).await?;

        let report = ReportBuilder::new(report, progress);
        report.all_unchanged(&unchanged);
        let pipeline = Pipeline {
            index: &self.index,
            reader: &reader,
            report: &report,
            words_first: self.commits_words_first().await?,
        };
        pipeline.run(plans).await?;
        self.keep_stamps(&reader).await;

        self.complete(report.finish(), started).await
    }

    /// Walks the roots and checks that ingesting them is safe, before anything is changed. Returns
    /// each root with its manifest.
    async fn walk(
        &self,
        roots: &[Root],
    ) -> Result<Vec<(WalkedRoot, Vec<ManifestEntry>)>, IngestError> {
        let roots = roots.to_vec();
        let mut walked = run_blocking(move || walk_roots(roots)).await??;

        let mut manifests = Vec::with_capacity(walked.len());
        for WalkedRoot { root, walk, .. } in &mut walked {
            let manifest = self.index.manifest(&root.name).await?;
            // An ad-hoc folder is another folder, not the new place of an old one.
            if !root.ad_hoc {
                walk.former_folders = missing_folders(&manifest).await?;
            }

            refuse_empty(root, walk, &manifest)?;
            manifests.push(manifest);
        }

        let convert = self.convert.clone();
        let walked = run_blocking(move || join_and_check(walked, convert.as_deref())).await?;
        Ok(walked.into_iter().zip(manifests).collect())
    }

    /// A library that is filled for the first time gets its words first, so that it answers within
    /// minutes, until every document has its vectors. A complete library stays complete: what is
    /// added to it later is embedded before it is committed.
    async fn commits_words_first(&self) -> Result<bool, IngestError> {
        if !self.words_first || !self.index.accepts_words_only() {
            return Ok(false);
        }

        let state = self.index.state().await?;
        let backlog = self.index.vector_backlog().await?;
        Ok(state.chunks == 0 || !backlog.documents.is_empty())
    }

    fn reader(&self) -> Arc<DocumentReader> {
        Arc::new(DocumentReader {
            embed: Arc::clone(&self.embed),
            convert: self.convert.clone(),
            keep_originals: self.keep_originals,
            stamps: FileStamps::settled_after(self.settled_after),
        })
    }

    /// Keeps the stamps of the files that were read. Without them, they are read again next time,
    /// so the run does not fail.
    async fn keep_stamps(&self, reader: &DocumentReader) {
        let stamps = reader.stamps.take();
        if stamps.is_empty() {
            return;
        }

        if let Err(error) = self.index.keep_file_stamps(stamps).await {
            tracing::warn!(%error, "the next synchronisation will read every file again");
        }
    }

    /// Removes documents whose file no longer exists. This happens before others are written: a
    /// renamed file may use the chunk ids of the document it replaces.
    async fn remove_missing(&self, plans: &[(Plan, Arc<RuleSet>)]) -> Result<u64, IngestError> {
        let missing: Vec<_> = plans
            .iter()
            .flat_map(|(plan, _)| plan.to_remove.iter().cloned())
            .collect();

        if !missing.is_empty() {
            self.index.remove(&missing).await?;
        }

        Ok(missing.len() as u64)
    }

    async fn complete(
        &self,
        mut report: SyncReport,
        started: Instant,
    ) -> Result<SyncReport, IngestError> {
        // Even if nothing was written: an interrupted run may have left work to finish.
        self.index.optimize().await?;

        let state = self.index.state().await?;
        report.generation = Some(state.generation);
        report.revision = state.revision;
        report.seconds = started.elapsed().as_secs_f64();

        tracing::info!(
            files = report.files,
            written = report.written,
            removed = report.removed,
            skipped = report.skipped.len(),
            seconds = report.seconds,
            "the library is up to date"
        );

        Ok(report)
    }
}

/// Runs `work` on a thread that may block.
pub(crate) async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, IngestError> {
    spawn_blocking(work)
        .await
        .map_err(|error| IngestError::TaskFailed(error.to_string()))
}

/// Walks all roots and reads their rules.
fn walk_roots(roots: Vec<Root>) -> Result<Vec<WalkedRoot>, IngestError> {
    let mut names = HashSet::new();
    let mut walked = Vec::new();
    for root in roots {
        if !names.insert(root.name.clone()) {
            return Err(IngestError::DuplicateRoot(root.name));
        }

        let walk = walk(&root)?;
        walked.push(WalkedRoot {
            rules: Arc::new(root.rule_set()?),
            walk,
            root,
        });
    }

    Ok(walked)
}

/// Joins originals with their Markdown, then resolves the remaining conflicts of chunk ids.
fn join_and_check(mut walked: Vec<WalkedRoot>, convert: Option<&dyn Convert>) -> Vec<WalkedRoot> {
    let mut walks: Vec<Walk> = walked
        .iter_mut()
        .map(|walked| std::mem::take(&mut walked.walk))
        .collect();

    walks.iter_mut().for_each(join_originals);
    skip_conflicts(&mut walks, convert);

    for (walked, walk) in walked.iter_mut().zip(walks) {
        walked.walk = walk;
    }

    walked
}

/// Returns the folders in a manifest that no longer exist: the root was moved.
async fn missing_folders(manifest: &[ManifestEntry]) -> Result<HashSet<String>, IngestError> {
    let mut folders: HashSet<String> = manifest.iter().map(|entry| entry.folder.clone()).collect();
    run_blocking(move || {
        // If the check fails, the folder may well exist.
        folders.retain(|folder| matches!(Path::new(folder).try_exists(), Ok(false)));
        folders
    })
    .await
}

#[cfg(test)]
mod tests;
