//! The owner of a library: keeps it up to date, switches between its generations and removes
//! documents from it.
//!
//! A synchronisation fills the live generation. If the settings require another one, it builds that
//! one beside the live one and makes it live when it is complete. Index and model change together:
//! each request holds one [`Library`](mcdewey_search::Library) from beginning to end.

mod carry_over;
mod embed_backlog;
mod estimate;
mod remove;
mod rollback;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use mcdewey_core::{Generation, Index, OwnerError, Perform, SyncProgress, SyncReport, SyncRequest};
use mcdewey_ingest::{CHUNKER, Ingester, Root, resolve_request};
use mcdewey_search::LiveLibrary;
use tokio::sync::Notify as Changed;
use tokio::task::JoinHandle;

use crate::config::IngestConfig;
use crate::engine::Engine;
use crate::error_message::error_message;
use crate::feedback::FeedbackFile;
use crate::generation_set::{GenerationSet, OpenGeneration};
use crate::notice::{Notice, Notify};
use crate::search_config::SearchConfig;

/// Called repeatedly with the progress of a synchronisation.
type ProgressCallback<'a> = dyn Fn(SyncProgress) + Send + Sync + 'a;

/// The owner of a library, which is the only one that changes it.
pub struct LibraryOwner {
    /// The configured roots.
    roots: Vec<Root>,
    /// The library on a Qdrant server, which has no generations of ours. Either this or
    /// `generation_set` is present.
    server: Option<ServerLibrary>,
    ingest_config: IngestConfig,
    search_config: SearchConfig,
    notify: Notify,
    generation_set: Option<Mutex<GenerationSet>>,
    /// The judgments that readers gave on hits.
    feedback: Arc<FeedbackFile>,
    /// Held while the record of the generations and the live library change together.
    swap_lock: tokio::sync::Mutex<()>,
    /// The library that the interfaces search.
    published: OnceLock<LiveLibrary>,
    /// The deletion of old generations that is in progress.
    retirement: Mutex<Option<JoinHandle<()>>>,
    /// Held while the live generation is synchronised. Embedding does not begin meanwhile: words come
    /// first.
    synchronising: tokio::sync::Mutex<()>,
    /// Notified when documents may lack their vectors.
    documents_changed: Changed,
    /// Notified when another generation becomes live.
    live_changed: Changed,
}

/// An index on a Qdrant server, with the ingester that fills it.
struct ServerLibrary {
    ingester: Ingester,
    index: Arc<dyn Index>,
}

/// The generation that a synchronisation fills.
enum SyncTarget {
    Live(OpenGeneration),
    /// The one that will replace the live generation.
    New(OpenGeneration),
}

impl LibraryOwner {
    /// Owns the library of `engine`, which is filled from `roots`.
    pub fn new(engine: &Engine, roots: Vec<Root>, feedback: Arc<FeedbackFile>) -> Self {
        if let Err(error) = feedback.remove_abandoned_copies() {
            tracing::warn!("{error:#}");
        }

        let ingest_config = engine.ingest_config.clone();
        let server = engine.generation_set.is_none().then(|| ServerLibrary {
            ingester: ingest_config.ingester(engine.index.clone(), engine.embed.clone()),
            index: engine.index.clone(),
        });

        Self {
            roots,
            server,
            ingest_config,
            search_config: engine.search_config.clone(),
            notify: engine.notify.clone(),
            generation_set: engine.generation_set.clone().map(Mutex::new),
            feedback,
            swap_lock: tokio::sync::Mutex::default(),
            published: OnceLock::new(),
            retirement: Mutex::default(),
            synchronising: tokio::sync::Mutex::default(),
            documents_changed: Changed::new(),
            live_changed: Changed::new(),
        }
    }

    /// Keeps `live` pointed at the live generation from now on. Only the first call has an effect.
    pub fn publish(&self, live: LiveLibrary) {
        let _ = self.published.set(live);
    }

    /// Updates the library from its roots; `progress` is called often.
    ///
    /// # Errors
    ///
    /// If a root cannot be walked, or the model or the index fails. Files that cannot be read are
    /// part of the report instead.
    pub async fn sync(
        &self,
        request: &SyncRequest,
        progress: &ProgressCallback<'_>,
    ) -> Result<SyncReport> {
        let roots = resolve_request(&self.roots, request).await?;
        if let Some(server) = &self.server {
            let ingester = server.ingester.clone();
            let ingester = ingester.check_contents(request.check_contents);
            return Ok(ingester.sync(&roots, progress).await?);
        }

        match self.sync_target().await? {
            SyncTarget::Live(live) => {
                let synchronising = self.synchronising.lock().await;
                let ingester = self
                    .ingester(&live)
                    .words_first(true)
                    .check_contents(request.check_contents);
                let report = ingester.sync(&roots, progress).await;
                drop(synchronising);
                self.documents_changed.notify_one();
                let report = report?;
                self.mark_complete(&live, false).await?;
                Ok(report)
            }
            SyncTarget::New(new) => self.build(&new, roots, progress).await,
        }
    }

    /// Fills a new generation from everything the live one was made of, then makes it live.
    async fn build(
        &self,
        new: &OpenGeneration,
        roots: Vec<Root>,
        progress: &ProgressCallback<'_>,
    ) -> Result<SyncReport> {
        let Some(live) = self.live() else {
            bail!("there is no live generation to replace")
        };

        let estimate = self.estimate_build(&live, new).await?;
        tracing::info!(
            live = %live.generation,
            new = %new.generation,
            passages = estimate.passages,
            seconds = estimate.seconds,
            bytes = estimate.bytes,
            "building a generation beside the live one"
        );
        self.notify.send(&Notice::BuildingGeneration {
            new: &new.generation,
            live: &live.generation,
            estimate,
        });

        let indexed = live.index.indexed_roots().await?;
        let (requested, rest) = carry_over::plan_roots(&self.roots, roots, &indexed);
        let ingester = self.ingester(new);

        let mut total: Option<SyncReport> = None;
        for root in rest {
            let report = ingester
                .sync(&[root], progress)
                .await
                .with_context(|| incomplete_message(&live))?;
            total = Some(carry_over::merge_reports(total, report));
        }

        let report = ingester
            .sync(&requested, progress)
            .await
            .with_context(|| incomplete_message(&live))?;
        let mut report = carry_over::merge_reports(total, report);

        carry_over::check_nothing_lost(&requested, &indexed, &new.index.indexed_roots().await?)
            .with_context(|| incomplete_message(&live))?;

        if self.mark_complete(new, true).await? {
            self.notify.send(&Notice::GenerationReplaced {
                new: &new.generation,
                before: &live.generation,
            });
        } else {
            report.warnings.push(format!(
                "{} is complete, but {} is pinned",
                new.generation, live.generation
            ));
        }

        Ok(report)
    }

    /// Records that a generation holds the whole library. One that was built beside the live one
    /// becomes live, unless another one is pinned. Returns whether it is live.
    async fn mark_complete(&self, filled: &OpenGeneration, built_beside: bool) -> Result<bool> {
        let state = filled.index.state().await?;
        let _swap = self.swap_lock.lock().await;
        let Some(GenerationSet {
            generations, live, ..
        }) = self.generation_set()
        else {
            return Ok(true);
        };

        if !built_beside && live.generation != filled.generation {
            // A rollback made another generation live while this one was being filled, and takes
            // precedence.
            return Ok(false);
        }

        let is_live =
            tokio::task::spawn_blocking(move || generations.mark_complete(&state)).await??;
        if is_live && live.generation != filled.generation {
            self.swap_live(filled);
        }

        if is_live {
            self.retire(live.generation);
        }

        Ok(is_live)
    }

    /// Replaces the live library in one step: requests that begin from now on use this generation
    /// with its model.
    fn swap_live(&self, generation: &OpenGeneration) {
        if let Some(generation_set) = &self.generation_set {
            lock(generation_set).live = generation.clone();
        }

        self.live_changed.notify_waiters();
        self.documents_changed.notify_one();
        if let Some(live) = self.published.get() {
            live.swap(Arc::new(
                self.search_config
                    .library(generation.index.clone(), generation.embed.clone()),
            ));
        }
    }

    /// Deletes old generations in the background. If none is to be kept, waits for a while until
    /// the last request to `previous`, which was live before, has ended. Generations still in use
    /// then are deleted after a later synchronisation.
    fn retire(&self, previous: Generation) {
        let Some(GenerationSet {
            generations,
            keep,
            configured,
            live,
            ..
        }) = self.generation_set()
        else {
            return;
        };

        let deletes_previous = keep == 0 && live.generation != previous;
        let work = tokio::task::spawn_blocking(move || {
            if deletes_previous {
                generations.wait_until_unused(&previous);
            }
            match generations.retire(keep, &configured) {
                Ok(gone) if gone.is_empty() => {}
                Ok(gone) => tracing::info!(?gone, "deleted old generations"),
                Err(error) => tracing::warn!(%error, "cannot delete an old generation"),
            }
        });

        *lock(&self.retirement) = Some(work);
    }

    /// Waits until the deletion of old generations has ended.
    pub async fn wait_for_retirement(&self) {
        let work = lock(&self.retirement).take();
        if let Some(work) = work
            && let Err(error) = work.await
        {
            tracing::warn!(%error, "the task that deletes old generations failed");
        }
    }

    async fn sync_target(&self) -> Result<SyncTarget> {
        let generation_set = self
            .generation_set()
            .context("there are no generations to update")?;
        let live = generation_set.live.clone();
        if live.generation == generation_set.configured {
            return Ok(SyncTarget::Live(live));
        }

        let pinned = generation_set
            .generations
            .live()
            .filter(|entry| entry.generation == live.generation && entry.pinned);

        if let Some(entry) = pinned {
            if entry.is_current(CHUNKER) {
                return Ok(SyncTarget::Live(live));
            }
            bail!(
                "generation {} is pinned and cannot be updated, because this version of the program would \
                 create another one; run `mcdewey rollback --forward` first",
                entry.generation
            );
        }

        let new = tokio::task::spawn_blocking(move || generation_set.open_or_create_configured())
            .await??;
        Ok(SyncTarget::New(new))
    }

    fn ingester(&self, generation: &OpenGeneration) -> Ingester {
        self.ingest_config
            .ingester(generation.index.clone(), generation.embed.clone())
    }

    fn generation_set(&self) -> Option<GenerationSet> {
        self.generation_set.as_ref().map(|set| lock(set).clone())
    }

    fn live(&self) -> Option<OpenGeneration> {
        self.generation_set
            .as_ref()
            .map(|set| lock(set).live.clone())
    }
}

#[async_trait]
impl Perform<SyncRequest> for LibraryOwner {
    async fn perform(
        &self,
        request: SyncRequest,
        progress: &(dyn Fn(SyncProgress) + Send + Sync),
    ) -> Result<SyncReport, OwnerError> {
        self.sync(&request, progress)
            .await
            .map_err(|error| OwnerError::Failed(error_message(&error)))
    }
}

fn incomplete_message(live: &OpenGeneration) -> String {
    format!(
        "the new generation is incomplete, so {} stays live",
        live.generation
    )
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
