//! One synchronisation: the index is brought up to date with what lies in the roots now.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use mcdewey_core::{Convert, Embed, Index, ManifestEntry, SyncProgress, SyncReport};
use tokio::task::spawn_blocking;

use crate::document::Reader;
use crate::pairs::{join_originals, set_doubles_apart};
use crate::pipeline::Pipeline;
use crate::plan::{Plan, plan, refuse_empty};
use crate::rules::RuleSet;
use crate::tally::{Tally, kept_warning};
use crate::walk::{Walk, walk};
use crate::{IngestError, Root};

/// Brings an index up to date with folders of documents.
#[derive(Clone)]
pub struct Ingester {
    index: Arc<dyn Index>,
    embed: Arc<dyn Embed>,
    convert: Option<Arc<dyn Convert>>,
    keep_originals: bool,
}

/// A root, its rules, and what lies in it.
struct Survey {
    root: Root,
    rules: Arc<RuleSet>,
    walk: Walk,
}

impl Ingester {
    /// An ingester for this index and this model.
    pub fn new(index: Arc<dyn Index>, embed: Arc<dyn Embed>) -> Self {
        Self {
            index,
            embed,
            convert: None,
            keep_originals: true,
        }
    }

    /// Reads other formats than text through this.
    #[must_use]
    pub fn with_converter(self, convert: Arc<dyn Convert>) -> Self {
        Self {
            convert: Some(convert),
            ..self
        }
    }

    /// Whether the files that Markdown was made from are kept in the index, for readers to open; they are unless
    /// said otherwise.
    #[must_use]
    pub fn keep_originals(self, keep_originals: bool) -> Self {
        Self {
            keep_originals,
            ..self
        }
    }

    /// Brings the index up to date with `roots` and says what was done; `progress` is called often.
    ///
    /// An unreadable root, a broken `library.toml`, or a folder that is empty while the library holds documents from
    /// it is an error, found before anything is changed. Dropping the future stops the work between documents; the
    /// next run finishes it.
    pub async fn sync(
        &self,
        roots: &[Root],
        progress: &(dyn Fn(SyncProgress) + Send + Sync),
    ) -> Result<SyncReport, IngestError> {
        let begun = Instant::now();
        let mut surveys = survey(roots.to_vec()).await?;

        let mut manifests = Vec::with_capacity(surveys.len());
        for survey in &mut surveys {
            let manifest = self.index.manifest(&survey.root.name).await?;
            if !survey.root.stands_in {
                survey.walk.lost = lost_folders(&manifest).await?;
            }
            refuse_empty(&survey.root, &survey.walk, &manifest)?;
            manifests.push(manifest);
        }

        let walks: Vec<Walk> = surveys
            .iter_mut()
            .map(|survey| std::mem::take(&mut survey.walk))
            .collect();
        let mut walks = joined(walks).await?;
        set_doubles_apart(&mut walks);

        let mut report = SyncReport {
            roots: roots.iter().map(|root| root.name.clone()).collect(),
            ..SyncReport::default()
        };
        let mut plans: Vec<(Plan, Arc<RuleSet>)> = Vec::new();
        for ((survey, walk), manifest) in surveys.iter().zip(walks).zip(&manifests) {
            report.files += (walk.documents.len() + walk.skipped.len()) as u64;
            report.skipped.extend(walk.skipped.iter().cloned());
            let plan = plan(&survey.root, walk, manifest);
            report.warnings.extend(plan.kept.iter().map(kept_warning));
            plans.push((plan, Arc::clone(&survey.rules)));
        }

        for survey in &surveys {
            self.index
                .describe(&survey.root.name, survey.rules.description())
                .await?;
        }

        report.removed = self.remove_gone(&plans).await?;
        let tally = Tally::new(report, progress);
        Pipeline {
            index: &self.index,
            reader: &self.reader(),
            tally: &tally,
        }
        .run(plans)
        .await?;

        self.close(tally.finish(), begun).await
    }

    fn reader(&self) -> Arc<Reader> {
        let (embed, convert) = (Arc::clone(&self.embed), self.convert.clone());
        Arc::new(Reader {
            embed,
            convert,
            keep_originals: self.keep_originals,
        })
    }

    /// Documents go before others come: a renamed file may claim the chunk ids of the one it replaces.
    async fn remove_gone(&self, plans: &[(Plan, Arc<RuleSet>)]) -> Result<u64, IngestError> {
        let gone: Vec<_> = plans
            .iter()
            .flat_map(|(plan, _)| plan.gone.iter().cloned())
            .collect();

        if !gone.is_empty() {
            self.index.remove(&gone).await?;
        }

        Ok(gone.len() as u64)
    }

    async fn close(
        &self,
        mut report: SyncReport,
        begun: Instant,
    ) -> Result<SyncReport, IngestError> {
        // Even when nothing was written: an interrupted run before may have left something to do.
        self.index.optimize().await?;
        let state = self.index.state().await?;
        report.generation = Some(state.generation);
        report.revision = state.revision;
        report.seconds = begun.elapsed().as_secs_f64();

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

/// Walks all roots and reads their rules, on a thread that may block.
async fn survey(roots: Vec<Root>) -> Result<Vec<Survey>, IngestError> {
    let survey_all = move || {
        let mut names = HashSet::new();
        let mut surveys = Vec::new();
        for root in roots {
            if !names.insert(root.name.clone()) {
                return Err(IngestError::DoubleRoot(root.name));
            }

            let walk = walk(&root)?;
            surveys.push(Survey {
                rules: Arc::new(root.rule_set()?),
                walk,
                root,
            });
        }

        Ok(surveys)
    };

    spawn_blocking(survey_all)
        .await
        .map_err(|error| IngestError::Interrupted(error.to_string()))?
}

/// Puts originals with what was made from them; opens the files that may be such pairs.
async fn joined(mut walks: Vec<Walk>) -> Result<Vec<Walk>, IngestError> {
    let join = move || {
        walks.iter_mut().for_each(join_originals);
        walks
    };

    spawn_blocking(join)
        .await
        .map_err(|error| IngestError::Interrupted(error.to_string()))
}

/// Folders that documents were read from and that are no more: the root was moved.
async fn lost_folders(manifest: &[ManifestEntry]) -> Result<HashSet<String>, IngestError> {
    let mut folders: HashSet<String> = manifest.iter().map(|entry| entry.folder.clone()).collect();
    let look = move || {
        // What cannot be looked at may well be there.
        folders.retain(|folder| matches!(Path::new(folder).try_exists(), Ok(false)));
        folders
    };

    spawn_blocking(look)
        .await
        .map_err(|error| IngestError::Interrupted(error.to_string()))
}

#[cfg(test)]
mod tests;
