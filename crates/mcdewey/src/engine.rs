//! Models and index of this process, opened together: the index in the data directory, or on a Qdrant server.
//!
//! A data directory may hold several generations of the index. Questions are answered from the live one with the model
//! it was made with, whatever the settings ask for by now; [`GenerationManager`](crate::generation_manager::GenerationManager) builds the one they ask for.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

use anyhow::{Result, bail};
use mcdewey_core::{Embed, Generation, Index};
use mcdewey_query::{Fusion, Library};
use mcdewey_store::{
    EmbeddedIndex, GenerationEntry, Generations, LockError, OwnerLock, PATIENCE, Server,
    ServerIndex, ServerOptions,
};

use crate::model::{Models, OtherModels, Reranker};
use crate::qdrant::QdrantSettings;
use crate::reading::Reading;
use crate::settings::Settings;

/// How often the owner looks whether its lock file and what it says of itself are still there.
const WATCHED_EVERY: Duration = Duration::from_secs(1);

/// A library with its model. Dropping it releases the data directory.
pub(crate) struct Engine {
    pub(crate) index: Arc<dyn Index>,
    pub(crate) embed: Arc<dyn Embed>,
    pub(crate) asking: SearchConfig,
    pub(crate) reading: Reading,
    /// The generations of a data directory; a Qdrant server's are its own business.
    pub(crate) shelf: Option<GenerationSet>,
    claim: DataDirLock,
}

/// The right to the library of this machine, and where others of this machine look for its owner.
pub(crate) struct DataDirLock {
    /// Held from the beginning where the data directory holds the library; on a Qdrant server once it is announced.
    lock: Option<Arc<OwnerLock>>,
    dir: PathBuf,
}

/// How the settings want questions to be answered, whatever the generation.
#[derive(Clone)]
pub(crate) struct SearchConfig {
    fusion: Fusion,
    reranker: Option<Reranker>,
}

/// A generation that was opened, with the model it was made with.
#[derive(Clone)]
pub(crate) struct OpenGeneration {
    pub(crate) generation: Generation,
    pub(crate) index: Arc<EmbeddedIndex>,
    pub(crate) embed: Arc<dyn Embed>,
}

/// The generations of a data directory, and what the settings want of them.
#[derive(Clone)]
pub(crate) struct GenerationSet {
    pub(crate) generations: Arc<Generations>,
    /// What answers now.
    pub(crate) front: OpenGeneration,
    /// The generation that the settings ask for.
    pub(crate) wanted: Generation,
    /// How many old ones stay.
    pub(crate) keep: usize,
    embed: Arc<dyn Embed>,
    model_dir: Option<PathBuf>,
    others: OtherModels,
}

impl Engine {
    /// Provisions the model if it is missing, and opens the live generation. A data directory that holds the library is
    /// taken first; a Qdrant server is looked for first.
    pub(crate) async fn open(settings: &Settings) -> Result<Self> {
        match settings.qdrant.clone() {
            Some(qdrant) => Self::open_on_server(settings.clone(), qdrant).await,
            None => {
                let settings = settings.clone();
                tokio::task::spawn_blocking(move || Self::open_here(&settings, GenerationSet::open))
                    .await?
            }
        }
    }

    /// The same for who fills a library of its own and asks nothing before: whatever is live, the generation that the
    /// settings ask for is opened.
    pub(crate) async fn open_wanted(settings: &Settings) -> Result<Self> {
        let settings = settings.clone();
        tokio::task::spawn_blocking(move || Self::open_here(&settings, GenerationSet::open_wanted))
            .await?
    }

    fn open_here(
        settings: &Settings,
        open: fn(&Settings, &Models) -> Result<GenerationSet>,
    ) -> Result<Self> {
        let lock = own(&settings.data_dir)?;
        let models = Models::start(settings)?;
        let shelf = open(settings, &models)?;

        Ok(Self {
            index: shelf.front.index.clone(),
            embed: shelf.front.embed.clone(),
            asking: SearchConfig {
                fusion: settings.fusion,
                reranker: models.reranker,
            },
            reading: Reading::of(settings)?,
            shelf: Some(shelf),
            claim: DataDirLock {
                lock: Some(Arc::new(lock)),
                dir: settings.lock_dir(),
            },
        })
    }

    async fn open_on_server(settings: Settings, qdrant: QdrantSettings) -> Result<Self> {
        let server = Server::connect(&qdrant.address).await?;
        tracing::info!(
            url = server.url(),
            version = server.version(),
            "found the Qdrant server"
        );

        let (lock_dir, fusion, reading) = (
            settings.lock_dir(),
            settings.fusion,
            Reading::of(&settings)?,
        );

        let Models {
            embed, reranker, ..
        } = tokio::task::spawn_blocking(move || Models::start(&settings)).await??;

        let options = ServerOptions {
            collection: qdrant.collection,
            replication: qdrant.replication,
            model: embed.model().clone(),
            chunker: mcdewey_ingest::CHUNKER.to_owned(),
            patience: PATIENCE,
        };

        let index = Arc::new(ServerIndex::open(server, options).await?);
        Ok(Self {
            index,
            embed,
            asking: SearchConfig { fusion, reranker },
            reading,
            shelf: None,
            claim: DataDirLock {
                lock: None,
                dir: lock_dir,
            },
        })
    }

    /// The library to ask, as the settings want it to answer; `public_url` leads its links.
    pub(crate) fn library(&self, public_url: impl Into<String>) -> Library {
        self.asking
            .library(self.index.clone(), self.embed.clone(), public_url)
    }

    /// Whether the library must be filled before it is asked: nothing is in it, or it is half of what the settings ask
    /// for while a whole one is there that does not open.
    pub(crate) async fn must_be_filled(&self) -> Result<bool> {
        let is_half = self
            .shelf
            .as_ref()
            .is_some_and(GenerationSet::is_half_built);
        Ok(is_half || self.index.state().await?.documents == 0)
    }

    /// Errs where questions would be answered from half a library while a whole one is there that does not open.
    pub(crate) fn refuse_half_built(&self) -> Result<()> {
        if self
            .shelf
            .as_ref()
            .is_some_and(GenerationSet::is_half_built)
        {
            bail!("the library is half built; run `mcdewey ingest` or `mcdewey serve`");
        }

        Ok(())
    }

    /// Hands over the right to the library; whoever takes it must keep it until the index is closed.
    pub(crate) fn take_data_dir_lock(&mut self) -> DataDirLock {
        let claim = DataDirLock {
            lock: self.claim.lock.take(),
            dir: self.claim.dir.clone(),
        };
        claim.watch();
        claim
    }
}

impl DataDirLock {
    /// Tells other processes of this machine where this one answers, and what it wants to be shown. On a Qdrant server
    /// several may answer side by side: the first one is found.
    pub(crate) fn announce(&mut self, address: &str, token: &str) -> Result<()> {
        if self.lock.is_none() {
            match OwnerLock::acquire(&self.dir) {
                Ok(lock) => {
                    self.lock = Some(Arc::new(lock));
                    self.watch();
                }
                Err(error) => {
                    tracing::info!(%error, "other commands of this machine will not find this server")
                }
            }
        }

        match &self.lock {
            Some(lock) => Ok(lock.announce(address, token)?),
            None => Ok(()),
        }
    }

    /// Puts back what others need to find the owner, whenever somebody deletes it, as long as the right is held.
    fn watch(&self) {
        if let Some(lock) = &self.lock {
            tokio::spawn(keep_in_place(Arc::downgrade(lock), self.dir.clone()));
        }
    }
}

async fn keep_in_place(lock: Weak<OwnerLock>, dir: PathBuf) {
    let mut said = None;
    loop {
        tokio::time::sleep(WATCHED_EVERY).await;
        let Some(lock) = lock.upgrade() else { return };

        let outcome = tokio::task::spawn_blocking(move || lock.restore()).await;
        match outcome {
            Ok(Ok(false)) | Err(_) => {}
            Ok(Ok(true)) => {
                tracing::warn!(dir = %dir.display(), "lock or owner.json was deleted in the data directory and is put back");
            }
            Ok(Err(error)) => {
                let error = error.to_string();
                if said.as_ref() != Some(&error) {
                    tracing::error!(%error, "lock and owner.json cannot be put back");
                }
                said = Some(error);
            }
        }
    }
}

impl SearchConfig {
    /// A library over an index and its model.
    pub(crate) fn library(
        &self,
        index: Arc<dyn Index>,
        embed: Arc<dyn Embed>,
        public_url: impl Into<String>,
    ) -> Library {
        let library = Library::new(index, embed, public_url).with_fusion(self.fusion);
        match &self.reranker {
            Some(Reranker { model, settings }) => {
                library.with_reranker(model.clone(), settings.deadline, settings.depth)
            }
            None => library,
        }
    }
}

impl GenerationSet {
    /// Opens the live generation; one that cannot be opened any more makes room for the one the settings ask for.
    fn open(settings: &Settings, models: &Models) -> Result<Self> {
        let (generations, wanted) = Self::generations(settings, models)?;
        let other = generations.live().filter(|live| live.generation != wanted);
        let Some(live) = other else {
            return Self::over_wanted(settings, models, generations, wanted);
        };

        match open_other(&generations, &live, models.embed.clone(), &models.others) {
            Ok(front) => Ok(Self::over(settings, models, generations, wanted, front)),
            Err(error) => {
                let name = &live.generation;
                eprintln!(
                    "generation {name}, which has answered so far, cannot be opened ({error:#}); it stays on the disk, \
                     and the one that the settings ask for takes its place"
                );
                Self::over_wanted(settings, models, generations, wanted)
            }
        }
    }

    fn open_wanted(settings: &Settings, models: &Models) -> Result<Self> {
        let (generations, wanted) = Self::generations(settings, models)?;
        Self::over_wanted(settings, models, generations, wanted)
    }

    fn generations(settings: &Settings, models: &Models) -> Result<(Arc<Generations>, Generation)> {
        let generations = Arc::new(Generations::open(
            &settings.data_dir,
            settings.min_free_bytes,
        )?);
        generations.identify(models.embed.model(), mcdewey_ingest::CHUNKER)?;
        Ok((
            generations,
            Generations::name_of(models.embed.model(), mcdewey_ingest::CHUNKER),
        ))
    }

    fn over_wanted(
        settings: &Settings,
        models: &Models,
        generations: Arc<Generations>,
        wanted: Generation,
    ) -> Result<Self> {
        let front = open_wanted(
            &generations,
            models.embed.clone(),
            settings.model.model_dir.as_deref(),
        )?;
        Ok(Self::over(settings, models, generations, wanted, front))
    }

    fn over(
        settings: &Settings,
        models: &Models,
        generations: Arc<Generations>,
        wanted: Generation,
        front: OpenGeneration,
    ) -> Self {
        Self {
            generations,
            front,
            wanted,
            keep: settings.keep_generations,
            embed: models.embed.clone(),
            model_dir: settings.model.model_dir.clone(),
            others: models.others.clone(),
        }
    }

    /// Opens the generation that the settings ask for, making it when it is new. Blocks.
    pub(crate) fn open_what_is_wanted(&self) -> Result<OpenGeneration> {
        open_wanted(
            &self.generations,
            self.embed.clone(),
            self.model_dir.as_deref(),
        )
    }

    /// Opens another generation with the model it was made with. Blocks.
    pub(crate) fn open_entry(&self, entry: &GenerationEntry) -> Result<OpenGeneration> {
        open_other(&self.generations, entry, self.embed.clone(), &self.others)
    }

    /// Whether what answers was never complete while another one was.
    fn is_half_built(&self) -> bool {
        let whole = |entry: GenerationEntry| entry.completed_at.is_some();
        self.generations.latest().is_some()
            && !self
                .generations
                .entry(&self.front.generation)
                .is_some_and(whole)
    }
}

fn open_wanted(
    generations: &Generations,
    embed: Arc<dyn Embed>,
    model_dir: Option<&Path>,
) -> Result<OpenGeneration> {
    let model_dir =
        model_dir.map(|dir| std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned()));
    let generation =
        generations.want(embed.model(), model_dir.as_deref(), mcdewey_ingest::CHUNKER)?;
    let index = generations.open_index(&generation)?;

    Ok(OpenGeneration {
        generation,
        index,
        embed,
    })
}

fn open_other(
    generations: &Generations,
    entry: &GenerationEntry,
    embed: Arc<dyn Embed>,
    others: &OtherModels,
) -> Result<OpenGeneration> {
    let model = entry.usable().map_err(anyhow::Error::msg)?;
    let embed = if model.fingerprint == embed.model().fingerprint {
        embed
    } else {
        Arc::new(others.start(entry)?)
    };

    let index = generations.open_index(&entry.generation)?;
    Ok(OpenGeneration {
        generation: entry.generation.clone(),
        index,
        embed,
    })
}

/// Takes the data directory; the error names its owner.
pub(crate) fn own(dir: &Path) -> Result<OwnerLock> {
    match OwnerLock::acquire(dir) {
        Ok(lock) => Ok(lock),
        Err(LockError::Held(owner)) => {
            let place = owner
                .address
                .as_ref()
                .map_or_else(String::new, |address| format!(" and answers at {address}"));
            let (name, dir) = (owner.name(), dir.display());
            bail!("{name} owns {dir}{place}; stop it first, or use another --data-dir")
        }
        Err(error) => Err(error.into()),
    }
}
