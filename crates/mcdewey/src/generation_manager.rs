//! Keeps a data directory's library up to date whatever generation that takes: fills the live one, or builds the one the
//! settings ask for beside it and swaps when it is complete; goes back when told to.
//!
//! Index and model change together: whoever asks holds one [`Library`](mcdewey_query::Library) from beginning to end.

mod carry;
mod remove;
mod roll;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use mcdewey_core::{Generation, Index, SyncProgress, SyncReport, SyncRequest};
use mcdewey_ingest::{Ingester, Root, Synchronizer, resolve_request};
use mcdewey_query::LiveLibrary;
use tokio::task::JoinHandle;

use crate::engine::{Engine, GenerationSet, OpenGeneration, SearchConfig};
use crate::feedback::FeedbackFile;
use crate::reading::Reading;

/// Called often with how far the work is.
type Progress<'a> = dyn Fn(SyncProgress) + Send + Sync + 'a;

/// Brings a library up to date.
pub(crate) struct GenerationManager {
    configured: Vec<Root>,
    /// What is filled where there are no generations of ours.
    plain: Option<Plain>,
    reading: Reading,
    shelf: Option<Mutex<GenerationSet>>,
    /// What readers said of hits.
    feedback: Arc<FeedbackFile>,
    /// Held while the record and what is in front change together.
    swapping: tokio::sync::Mutex<()>,
    face: OnceLock<Face>,
    /// Old generations on their way out.
    retiring: Mutex<Option<JoinHandle<()>>>,
}

/// An index without generations, and what fills it.
struct Plain {
    ingester: Ingester,
    index: Arc<dyn Index>,
}

/// Where those who ask find the library.
struct Face {
    live: LiveLibrary,
    asking: SearchConfig,
    public_url: String,
}

/// What a synchronisation fills.
enum Target {
    /// The generation that answers.
    Live(OpenGeneration),
    /// The one that is to take its place.
    Beside(OpenGeneration),
}

impl GenerationManager {
    /// A keeper of this library, for these roots. What readers say of hits is kept in `feedback`.
    pub(crate) fn new(engine: &Engine, configured: Vec<Root>, feedback: Arc<FeedbackFile>) -> Self {
        if let Err(error) = feedback.sweep() {
            tracing::warn!("{error:#}");
        }

        let reading = engine.reading.clone();
        let plain = || Plain {
            ingester: reading.ingester(engine.index.clone(), engine.embed.clone()),
            index: engine.index.clone(),
        };
        let plain = engine.shelf.is_none().then(plain);
        let shelf = engine.shelf.clone().map(Mutex::new);
        let swapping = tokio::sync::Mutex::default();
        let (face, retiring) = (OnceLock::new(), Mutex::default());

        Self {
            configured,
            plain,
            reading,
            shelf,
            feedback,
            swapping,
            face,
            retiring,
        }
    }

    /// From now on `live` shows what this keeper puts in front.
    pub(crate) fn show(&self, live: LiveLibrary, asking: SearchConfig, public_url: String) {
        // A rollback before there was a face changed nothing that it does not show.
        let _ = self.face.set(Face {
            live,
            asking,
            public_url,
        });
    }

    /// Brings what the roots hold into the library.
    pub(crate) async fn sync(
        &self,
        request: &SyncRequest,
        progress: &Progress<'_>,
    ) -> Result<SyncReport> {
        let roots = resolve_request(&self.configured, request).await?;
        if let Some(plain) = &self.plain {
            return Ok(plain.ingester.sync(&roots, progress).await?);
        }

        match self.target().await? {
            Target::Live(side) => {
                let report = self.ingester(&side).sync(&roots, progress).await?;
                self.completed(&side, false).await?;
                Ok(report)
            }
            Target::Beside(side) => self.build(&side, roots, progress).await,
        }
    }

    /// Fills a generation with all that the live one was made of, then lets it take its place.
    async fn build(
        &self,
        side: &OpenGeneration,
        roots: Vec<Root>,
        progress: &Progress<'_>,
    ) -> Result<SyncReport> {
        let Some(front) = self.front() else {
            bail!("there is no generation to build beside")
        };
        tracing::info!(live = %front.generation, new = %side.generation, "building a generation beside the live one");
        let held = front.index.indexed_roots().await?;
        let (requested, rest) = carry::stages(&self.configured, roots, &held);
        let ingester = self.ingester(side);

        let mut whole: Option<SyncReport> = None;
        for root in rest {
            let report = ingester
                .sync(&[root], progress)
                .await
                .with_context(|| unswapped(&front))?;
            whole = Some(carry::sum(whole, report));
        }

        let report = ingester
            .sync(&requested, progress)
            .await
            .with_context(|| unswapped(&front))?;
        let mut report = carry::sum(whole, report);
        carry::check(&requested, &held, &side.index.indexed_roots().await?)
            .with_context(|| unswapped(&front))?;

        if self.completed(side, true).await? {
            eprintln!(
                "generation {} has taken the place of {}",
                side.generation, front.generation
            );
        } else {
            report.warnings.push(format!(
                "{} is complete, but {} is pinned",
                side.generation, front.generation
            ));
        }

        Ok(report)
    }

    /// Notes that a generation holds the whole library. One that was built `beside` the live one answers from now on,
    /// unless another one is pinned; says whether it does.
    async fn completed(&self, side: &OpenGeneration, beside: bool) -> Result<bool> {
        let state = side.index.state().await?;
        let _swapping = self.swapping.lock().await;
        let Some(GenerationSet {
            generations, front, ..
        }) = self.shelf()
        else {
            return Ok(true);
        };

        if !beside && front.generation != side.generation {
            // While it was filled, a rollback put another one in front: that stays.
            return Ok(false);
        }

        let is_live = tokio::task::spawn_blocking(move || generations.complete(&state)).await??;
        if is_live && front.generation != side.generation {
            self.put_in_front(side);
        }

        if is_live {
            self.retire(front.generation);
        }

        Ok(is_live)
    }

    /// In one step: who asks from now on asks this generation with its model.
    fn put_in_front(&self, side: &OpenGeneration) {
        if let Some(shelf) = &self.shelf {
            lock(shelf).front = side.clone();
        }

        if let Some(Face {
            live,
            asking,
            public_url,
        }) = self.face.get()
        {
            live.swap(Arc::new(asking.library(
                side.index.clone(),
                side.embed.clone(),
                public_url.as_str(),
            )));
        }
    }

    /// Takes old generations away, beside whatever else happens; waits a while for the last who asks the one that
    /// answered `before`. What is in use even then goes after a later synchronisation.
    fn retire(&self, before: Generation) {
        let Some(GenerationSet {
            generations,
            keep,
            wanted,
            front,
            ..
        }) = self.shelf()
        else {
            return;
        };

        let waits = keep == 0 && front.generation != before;
        drop(front);
        let work = tokio::task::spawn_blocking(move || {
            if waits {
                generations.wait_until_unused(&before);
            }
            match generations.retire(keep, &wanted) {
                Ok(gone) if gone.is_empty() => {}
                Ok(gone) => tracing::info!(?gone, "old generations were taken away"),
                Err(error) => tracing::warn!(%error, "an old generation could not be taken away"),
            }
        });

        *lock(&self.retiring) = Some(work);
    }

    /// Waits until old generations are gone that were on their way out.
    pub(crate) async fn finish(&self) {
        let work = lock(&self.retiring).take();
        if let Some(work) = work
            && let Err(error) = work.await
        {
            tracing::warn!(%error, "taking an old generation away broke off");
        }
    }

    async fn target(&self) -> Result<Target> {
        let shelf = self
            .shelf()
            .context("there are no generations to bring up to date")?;
        let front = shelf.front.clone();
        if front.generation == shelf.wanted {
            return Ok(Target::Live(front));
        }

        let live = shelf
            .generations
            .live()
            .filter(|live| live.generation == front.generation);

        if let Some(live) = live.filter(|live| live.pinned) {
            if live.is_kept_up(mcdewey_ingest::CHUNKER) {
                return Ok(Target::Live(front));
            }
            bail!(
                "generation {} is pinned and cannot be brought up to date: this version of the program would make another \
                 one; run `mcdewey rollback --forward` first",
                live.generation
            );
        }

        let side = tokio::task::spawn_blocking(move || shelf.open_what_is_wanted()).await??;
        Ok(Target::Beside(side))
    }

    fn ingester(&self, side: &OpenGeneration) -> Ingester {
        self.reading
            .ingester(side.index.clone(), side.embed.clone())
    }

    fn shelf(&self) -> Option<GenerationSet> {
        self.shelf.as_ref().map(|shelf| lock(shelf).clone())
    }

    fn front(&self) -> Option<OpenGeneration> {
        self.shelf.as_ref().map(|shelf| lock(shelf).front.clone())
    }
}

#[async_trait]
impl Synchronizer for GenerationManager {
    async fn synchronize(
        &self,
        request: &SyncRequest,
        progress: &(dyn Fn(SyncProgress) + Send + Sync),
    ) -> Result<SyncReport, String> {
        self.sync(request, progress)
            .await
            .map_err(|error| crate::client_message(&error))
    }
}

fn unswapped(front: &OpenGeneration) -> String {
    format!(
        "the new generation is not complete, so {} goes on answering",
        front.generation
    )
}

fn lock<T>(place: &Mutex<T>) -> MutexGuard<'_, T> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}
