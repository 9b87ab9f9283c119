//! The models and the index of this process, opened together. The index is in the data directory or
//! on a Qdrant server.
//!
//! A data directory can hold several generations of the index. Questions are answered from the live
//! one with the model it was made with, even if the configuration requires another one by now; a
//! [`LibraryOwner`](crate::LibraryOwner) builds that one.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use mcdewey_core::{DamagedDocument, Embed, Index};
use mcdewey_ingest::CHUNKER;
use mcdewey_search::Library;
use mcdewey_store::{RETRY_TIMEOUT, Server, ServerIndex, ServerOptions};

use crate::config::{EngineConfig, IngestConfig};
use crate::data_dir_lock::{DataDirLock, lock_data_dir};
use crate::generation_set::GenerationSet;
use crate::location::ServerLocation;
use crate::models::Models;
use crate::notice::Notify;
use crate::search_config::SearchConfig;

/// How often to ask whether everything stored was compared with its checksums.
const VERIFIED_POLL_INTERVAL: Duration = Duration::from_millis(50);

/// An open library with its model. Dropping it releases the data directory.
pub struct Engine {
    /// The index of the live generation.
    pub index: Arc<dyn Index>,
    /// The model that the index was made with.
    pub embed: Arc<dyn Embed>,
    pub(crate) search_config: SearchConfig,
    pub(crate) ingest_config: IngestConfig,
    pub(crate) notify: Notify,
    /// The generations of a data directory; `None` for a library on a Qdrant server.
    pub(crate) generation_set: Option<GenerationSet>,
    data_dir_lock: DataDirLock,
}

impl Engine {
    /// Opens the live generation, and fetches the model if it is missing. Locks the data directory
    /// first, or, for a library on a Qdrant server, connects to the server first.
    ///
    /// # Errors
    ///
    /// If another process owns the data directory, the model cannot be provisioned or started, or
    /// the index cannot be opened.
    pub async fn open(config: EngineConfig) -> Result<Self> {
        match config.location.server.clone() {
            Some(server) => Self::open_on_server(config, server).await,
            None => {
                tokio::task::spawn_blocking(move || {
                    Self::open_in_data_dir(config, GenerationSet::open)
                })
                .await?
            }
        }
    }

    /// Like [`Self::open`] for a data directory, but opens the generation that the configuration
    /// requires, whichever is live. For callers that fill the library before they search it.
    ///
    /// # Errors
    ///
    /// As for [`Self::open`].
    pub async fn open_configured(config: EngineConfig) -> Result<Self> {
        tokio::task::spawn_blocking(move || {
            Self::open_in_data_dir(config, GenerationSet::open_configured)
        })
        .await?
    }

    fn open_in_data_dir(
        config: EngineConfig,
        open: fn(&EngineConfig, &Models) -> Result<GenerationSet>,
    ) -> Result<Self> {
        let lock = lock_data_dir(&config.location.data_dir)?;
        let models = Models::start(&config)?;
        let generation_set = open(&config, &models)?;

        Ok(Self {
            index: generation_set.live.index.clone(),
            embed: generation_set.live.embed.clone(),
            search_config: SearchConfig {
                fusion: config.fusion,
                answer_cache_bytes: config.answer_cache_bytes,
                reranker: models.reranker,
            },
            generation_set: Some(generation_set),
            data_dir_lock: DataDirLock::held(lock, config.location.lock_dir()),
            ingest_config: config.ingest,
            notify: config.notify,
        })
    }

    async fn open_on_server(config: EngineConfig, location: ServerLocation) -> Result<Self> {
        let server = Server::connect(&location.address).await?;
        tracing::info!(
            url = server.url(),
            version = server.version(),
            "connected to the Qdrant server"
        );

        let lock_dir = config.location.lock_dir();
        let (fusion, answer_cache_bytes) = (config.fusion, config.answer_cache_bytes);
        let ingest_config = config.ingest.clone();
        let notify = config.notify.clone();

        let Models {
            embed, reranker, ..
        } = tokio::task::spawn_blocking(move || Models::start(&config)).await??;

        let options = ServerOptions {
            collection: location.collection,
            replication: location.replication,
            model: embed.model().clone(),
            chunker: CHUNKER.to_owned(),
            retry_timeout: RETRY_TIMEOUT,
        };

        let index = Arc::new(ServerIndex::open(server, options).await?);
        Ok(Self {
            index,
            embed,
            search_config: SearchConfig {
                fusion,
                answer_cache_bytes,
                reranker,
            },
            ingest_config,
            notify,
            generation_set: None,
            data_dir_lock: DataDirLock::deferred(lock_dir),
        })
    }

    /// Returns a library to search.
    pub fn library(&self) -> Library {
        self.library_with(self.embed.clone())
    }

    /// Like [`Self::library`], but questions are embedded with `embed`, which must be the same model.
    pub fn library_with(&self, embed: Arc<dyn Embed>) -> Library {
        self.search_config.library(self.index.clone(), embed)
    }

    /// Waits until everything that is stored was compared with its checksums.
    ///
    /// # Errors
    ///
    /// If the index cannot be read.
    pub async fn wait_until_verified(&self) -> Result<()> {
        while !self.index.state().await?.integrity.verified {
            tokio::time::sleep(VERIFIED_POLL_INTERVAL).await;
        }

        Ok(())
    }

    /// The documents that are left out because what is stored of them is damaged.
    ///
    /// # Errors
    ///
    /// If the index cannot be read.
    pub async fn damaged_documents(&self) -> Result<Vec<DamagedDocument>> {
        Ok(self.index.damaged_documents().await?)
    }

    /// Reports whether the library must be filled before it is searched: it is empty, or incomplete
    /// (see [`Self::ensure_complete`]).
    ///
    /// # Errors
    ///
    /// If the index cannot be read.
    pub async fn needs_initial_sync(&self) -> Result<bool> {
        Ok(self.is_incomplete() || self.index.state().await?.documents == 0)
    }

    /// Checks that questions are answered from a complete generation if there is one.
    ///
    /// # Errors
    ///
    /// If the live generation is incomplete although a complete one exists, which cannot be opened.
    pub fn ensure_complete(&self) -> Result<()> {
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
    pub fn take_data_dir_lock(&mut self) -> DataDirLock {
        self.data_dir_lock.take()
    }
}
