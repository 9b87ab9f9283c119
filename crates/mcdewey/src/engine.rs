//! The models and the index of this process, opened together. The index is in the data directory or
//! on a Qdrant server.
//!
//! A data directory can hold several generations of the index. Questions are answered from the live
//! one with the model it was made with, even if the settings require another one by now;
//! [`GenerationManager`](crate::generation_manager::GenerationManager) builds that one.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

use anyhow::{Result, bail};
use mcdewey_core::{Embed, Generation, Index};
use mcdewey_ingest::CHUNKER;
use mcdewey_query::{Fusion, Library};
use mcdewey_store::{
    EmbeddedIndex, GenerationEntry, Generations, LockError, OwnerLock, RETRY_TIMEOUT, Server,
    ServerIndex, ServerOptions,
};

use crate::ingest_config::IngestConfig;
use crate::model::{Models, OtherModels, Reranker};
use crate::qdrant::QdrantSettings;
use crate::settings::Settings;

/// How often the owner checks that its lock file and `owner.json` still exist.
const LOCK_CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// An open library with its model. Dropping it releases the data directory.
pub(crate) struct Engine {
    pub(crate) index: Arc<dyn Index>,
    pub(crate) embed: Arc<dyn Embed>,
    pub(crate) search_config: SearchConfig,
    pub(crate) ingest_config: IngestConfig,
    /// The generations of a data directory; `None` for a library on a Qdrant server.
    pub(crate) generation_set: Option<GenerationSet>,
    data_dir_lock: DataDirLock,
}

/// Ownership of the library on this machine, and the directory where other processes find the
/// owner.
pub(crate) struct DataDirLock {
    /// Held from the start if the data directory holds the library. For a library on a Qdrant
    /// server it is acquired when the server is announced.
    lock: Option<Arc<OwnerLock>>,
    dir: PathBuf,
}

/// How questions are answered according to the settings, whichever generation is live.
#[derive(Clone)]
pub(crate) struct SearchConfig {
    fusion: Fusion,
    reranker: Option<Reranker>,
}

/// An open generation with the model it was made with.
#[derive(Clone)]
pub(crate) struct OpenGeneration {
    pub(crate) generation: Generation,
    pub(crate) index: Arc<EmbeddedIndex>,
    pub(crate) embed: Arc<dyn Embed>,
}

/// The generations of a data directory, and what the settings require of them.
#[derive(Clone)]
pub(crate) struct GenerationSet {
    pub(crate) generations: Arc<Generations>,
    /// Answers questions now.
    pub(crate) live: OpenGeneration,
    /// The generation that the settings require.
    pub(crate) configured: Generation,
    /// Number of old generations to keep.
    pub(crate) keep: usize,
    embed: Arc<dyn Embed>,
    model_dir: Option<PathBuf>,
    others: OtherModels,
}

impl Engine {
    /// Opens the live generation, and fetches the model if it is missing. Locks the data directory
    /// first, or, for a library on a Qdrant server, connects to the server first.
    pub(crate) async fn open(settings: &Settings) -> Result<Self> {
        match settings.qdrant.clone() {
            Some(qdrant) => Self::open_on_server(settings.clone(), qdrant).await,
            None => {
                let settings = settings.clone();
                tokio::task::spawn_blocking(move || {
                    Self::open_in_data_dir(&settings, GenerationSet::open)
                })
                .await?
            }
        }
    }

    /// Like [`Self::open`] for a data directory, but opens the generation that the settings
    /// require, whichever is live. For callers that fill the library before they search it.
    pub(crate) async fn open_configured(settings: &Settings) -> Result<Self> {
        let settings = settings.clone();
        tokio::task::spawn_blocking(move || {
            Self::open_in_data_dir(&settings, GenerationSet::open_configured)
        })
        .await?
    }

    fn open_in_data_dir(
        settings: &Settings,
        open: fn(&Settings, &Models) -> Result<GenerationSet>,
    ) -> Result<Self> {
        let lock = lock_data_dir(&settings.data_dir)?;
        let models = Models::start(settings)?;
        let generation_set = open(settings, &models)?;

        Ok(Self {
            index: generation_set.live.index.clone(),
            embed: generation_set.live.embed.clone(),
            search_config: SearchConfig {
                fusion: settings.fusion,
                reranker: models.reranker,
            },
            ingest_config: IngestConfig::from_settings(settings)?,
            generation_set: Some(generation_set),
            data_dir_lock: DataDirLock {
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
            "connected to the Qdrant server"
        );

        let lock_dir = settings.lock_dir();
        let fusion = settings.fusion;
        let ingest_config = IngestConfig::from_settings(&settings)?;

        let Models {
            embed, reranker, ..
        } = tokio::task::spawn_blocking(move || Models::start(&settings)).await??;

        let options = ServerOptions {
            collection: qdrant.collection,
            replication: qdrant.replication,
            model: embed.model().clone(),
            chunker: CHUNKER.to_owned(),
            retry_timeout: RETRY_TIMEOUT,
        };

        let index = Arc::new(ServerIndex::open(server, options).await?);
        Ok(Self {
            index,
            embed,
            search_config: SearchConfig { fusion, reranker },
            ingest_config,
            generation_set: None,
            data_dir_lock: DataDirLock {
                lock: None,
                dir: lock_dir,
            },
        })
    }

    /// Returns a library to search, configured by the settings. `public_url` is the base of its
    /// links.
    pub(crate) fn library(&self, public_url: impl Into<String>) -> Library {
        self.search_config
            .library(self.index.clone(), self.embed.clone(), public_url)
    }

    /// Reports whether the library must be filled before it is searched: it is empty, or incomplete
    /// (see [`Self::ensure_complete`]).
    pub(crate) async fn needs_initial_sync(&self) -> Result<bool> {
        Ok(self.is_incomplete() || self.index.state().await?.documents == 0)
    }

    /// Fails if questions would be answered from an incomplete generation although a complete one
    /// exists, which cannot be opened.
    pub(crate) fn ensure_complete(&self) -> Result<()> {
        if self.is_incomplete() {
            bail!("the library is incomplete; run `mcdewey ingest` or `mcdewey serve`");
        }

        Ok(())
    }

    fn is_incomplete(&self) -> bool {
        self.generation_set
            .as_ref()
            .is_some_and(GenerationSet::is_incomplete)
    }

    /// Moves the lock out of the engine. The caller must keep it until the index is closed.
    pub(crate) fn take_data_dir_lock(&mut self) -> DataDirLock {
        let lock = DataDirLock {
            lock: self.data_dir_lock.lock.take(),
            dir: self.data_dir_lock.dir.clone(),
        };
        lock.watch();
        lock
    }
}

impl DataDirLock {
    /// Publishes this process's address, and the token it requires, to other processes of this
    /// machine. Several servers can share a library on a Qdrant server; only the first one is
    /// found.
    pub(crate) fn announce(&mut self, address: &str, token: &str) -> Result<()> {
        if self.lock.is_none() {
            match OwnerLock::acquire(&self.dir) {
                Ok(lock) => {
                    self.lock = Some(Arc::new(lock));
                    self.watch();
                }
                Err(error) => {
                    tracing::info!(
                        %error,
                        "other commands on this machine will not find this server"
                    );
                }
            }
        }

        match &self.lock {
            Some(lock) => Ok(lock.announce(address, token)?),
            None => Ok(()),
        }
    }

    /// Restores the lock file and `owner.json` when they are deleted, until the lock is released.
    fn watch(&self) {
        if let Some(lock) = &self.lock {
            tokio::spawn(restore_lock_files(Arc::downgrade(lock), self.dir.clone()));
        }
    }
}

/// Logs an error that persists only once, not on every check.
async fn restore_lock_files(lock: Weak<OwnerLock>, dir: PathBuf) {
    let mut last_error = None;
    loop {
        tokio::time::sleep(LOCK_CHECK_INTERVAL).await;
        let Some(lock) = lock.upgrade() else { return };

        let outcome = tokio::task::spawn_blocking(move || lock.restore()).await;
        match outcome {
            Ok(Ok(false)) | Err(_) => {}
            Ok(Ok(true)) => {
                tracing::warn!(
                    dir = %dir.display(),
                    "lock or owner.json was deleted from the data directory and has been restored"
                );
            }
            Ok(Err(error)) => {
                let error = error.to_string();
                if last_error.as_ref() != Some(&error) {
                    tracing::error!(%error, "cannot restore lock and owner.json");
                }
                last_error = Some(error);
            }
        }
    }
}

impl SearchConfig {
    /// Returns a library over an index and its model.
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
    /// Opens the live generation. If it cannot be opened any more, opens the configured one in its
    /// place.
    fn open(settings: &Settings, models: &Models) -> Result<Self> {
        let (generations, configured) = Self::read_generations(settings, models)?;
        let other = generations
            .live()
            .filter(|live| live.generation != configured);
        let Some(entry) = other else {
            return Self::with_configured_live(settings, models, generations, configured);
        };

        match open_other(&generations, &entry, models.embed.clone(), &models.others) {
            Ok(live) => Ok(Self::new(settings, models, generations, configured, live)),
            Err(error) => {
                eprintln!(
                    "the live generation {} cannot be opened ({error:#}); it stays on disk, and the \
                     one that the settings require replaces it",
                    entry.generation
                );
                Self::with_configured_live(settings, models, generations, configured)
            }
        }
    }

    fn open_configured(settings: &Settings, models: &Models) -> Result<Self> {
        let (generations, configured) = Self::read_generations(settings, models)?;
        Self::with_configured_live(settings, models, generations, configured)
    }

    /// Returns the recorded generations and the one that the settings require.
    fn read_generations(
        settings: &Settings,
        models: &Models,
    ) -> Result<(Arc<Generations>, Generation)> {
        let generations = Arc::new(Generations::open(
            &settings.data_dir,
            settings.min_free_bytes,
        )?);

        let model = models.embed.model();
        generations.identify_model(model, CHUNKER)?;
        Ok((generations, Generations::generation_for(model, CHUNKER)))
    }

    fn with_configured_live(
        settings: &Settings,
        models: &Models,
        generations: Arc<Generations>,
        configured: Generation,
    ) -> Result<Self> {
        let live = open_configured(
            &generations,
            models.embed.clone(),
            settings.model.model_dir.as_deref(),
        )?;
        Ok(Self::new(settings, models, generations, configured, live))
    }

    fn new(
        settings: &Settings,
        models: &Models,
        generations: Arc<Generations>,
        configured: Generation,
        live: OpenGeneration,
    ) -> Self {
        Self {
            generations,
            live,
            configured,
            keep: settings.keep_generations,
            embed: models.embed.clone(),
            model_dir: settings.model.model_dir.clone(),
            others: models.others.clone(),
        }
    }

    /// Opens the generation that the settings require, and creates it if it does not exist. Blocks.
    pub(crate) fn open_or_create_configured(&self) -> Result<OpenGeneration> {
        open_configured(
            &self.generations,
            self.embed.clone(),
            self.model_dir.as_deref(),
        )
    }

    /// Opens another generation with the model it was made with. Blocks.
    pub(crate) fn open_entry(&self, entry: &GenerationEntry) -> Result<OpenGeneration> {
        open_other(&self.generations, entry, self.embed.clone(), &self.others)
    }

    /// Reports whether the live generation was never complete while another one was.
    fn is_incomplete(&self) -> bool {
        self.generations.latest().is_some()
            && self
                .generations
                .entry(&self.live.generation)
                .is_none_or(|entry| entry.completed_at.is_none())
    }
}

fn open_configured(
    generations: &Generations,
    embed: Arc<dyn Embed>,
    model_dir: Option<&Path>,
) -> Result<OpenGeneration> {
    let model_dir =
        model_dir.map(|dir| std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned()));
    let generation = generations.register(embed.model(), model_dir.as_deref(), CHUNKER)?;
    let index = generations.open_index(&generation)?;

    Ok(OpenGeneration {
        generation,
        index,
        embed,
    })
}

/// Opens a generation with `embed` if it was made with that model, otherwise with its own model.
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

/// Locks a data directory. The error names the process that owns it.
pub(crate) fn lock_data_dir(dir: &Path) -> Result<OwnerLock> {
    match OwnerLock::acquire(dir) {
        Ok(lock) => Ok(lock),
        Err(LockError::Held(owner)) => {
            let listening = owner.address.as_ref().map_or_else(String::new, |address| {
                format!(" and serves it at {address}")
            });
            let (name, dir) = (owner.name(), dir.display());
            bail!("{name} owns {dir}{listening}; stop it first, or use another --data-dir")
        }
        Err(error) => Err(error.into()),
    }
}
