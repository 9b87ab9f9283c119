//! Models and index of this process, opened together: the index in the data directory, or on a Qdrant server.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use mcdewey_core::{Embed, Index};
use mcdewey_embed::{CrossEncoder, EmbedderOptions, OnnxEmbedder, ProvisionStep, Provisioned};
use mcdewey_ingest::Ingester;
use mcdewey_query::{Fusion, Library};
use mcdewey_store::{
    EmbeddedIndex, EmbeddedOptions, LockError, OwnerLock, PATIENCE, Server, ServerIndex, ServerOptions,
};

use crate::commands::convert;
use crate::qdrant::QdrantSettings;
use crate::rerank::RerankSettings;
use crate::settings::Settings;

/// Questions that may wait for the model at once; one more is refused as overloaded.
const QUESTION_QUEUE: usize = 256;

/// A library with its model. Dropping it releases the data directory.
pub(crate) struct Engine {
    pub(crate) index: Arc<dyn Index>,
    pub(crate) embed: Arc<dyn Embed>,
    fusion: Fusion,
    reranker: Option<Reranker>,
    keep_originals: bool,
    /// Held from the beginning where the data directory holds the library; on a Qdrant server once it is announced.
    lock: Option<OwnerLock>,
    lock_dir: PathBuf,
}

/// A cross-encoder with what it is allowed.
struct Reranker {
    model: Arc<CrossEncoder>,
    settings: RerankSettings,
}

impl Engine {
    /// Provisions the model if it is missing, and opens the index. A data directory that holds the library is taken
    /// first; a Qdrant server is looked for first.
    pub(crate) async fn open(settings: &Settings) -> Result<Self> {
        match settings.qdrant.clone() {
            Some(qdrant) => Self::open_on_server(settings.clone(), qdrant).await,
            None => {
                let settings = settings.clone();
                tokio::task::spawn_blocking(move || Self::open_here(&settings)).await?
            }
        }
    }

    fn open_here(settings: &Settings) -> Result<Self> {
        let lock = own(&settings.data_dir)?;
        let (embed, reranker) = start_models(settings)?;
        let options = EmbeddedOptions {
            dir: settings.data_dir.clone(),
            model: embed.model().clone(),
            chunker: mcdewey_ingest::CHUNKER.to_owned(),
            min_free_bytes: settings.min_free_bytes,
        };
        let index = EmbeddedIndex::open(options)?;
        Ok(Self {
            index: Arc::new(index),
            embed: Arc::new(embed),
            fusion: settings.fusion,
            reranker,
            keep_originals: settings.keep_originals,
            lock: Some(lock),
            lock_dir: settings.lock_dir(),
        })
    }

    async fn open_on_server(settings: Settings, qdrant: QdrantSettings) -> Result<Self> {
        let server = Server::connect(&qdrant.address).await?;
        tracing::info!(url = server.url(), version = server.version(), "found the Qdrant server");
        let (lock_dir, fusion, keep_originals) = (settings.lock_dir(), settings.fusion, settings.keep_originals);
        let (embed, reranker) = tokio::task::spawn_blocking(move || start_models(&settings)).await??;
        let options = ServerOptions {
            collection: qdrant.collection,
            spread: qdrant.spread,
            model: embed.model().clone(),
            chunker: mcdewey_ingest::CHUNKER.to_owned(),
            patience: PATIENCE,
        };
        let index = ServerIndex::open(server, options).await?;
        Ok(Self {
            index: Arc::new(index),
            embed: Arc::new(embed),
            fusion,
            reranker,
            keep_originals,
            lock: None,
            lock_dir,
        })
    }

    /// What brings the library up to date.
    pub(crate) fn ingester(&self) -> Result<Ingester> {
        let ingester = Ingester::new(self.index.clone(), self.embed.clone()).keep_originals(self.keep_originals);
        Ok(ingester.with_converter(convert::converter()?))
    }

    /// The library to ask, as the settings want it to answer; `public_url` leads its links.
    pub(crate) fn library(&self, public_url: impl Into<String>) -> Library {
        let library = Library::new(self.index.clone(), self.embed.clone(), public_url).with_fusion(self.fusion);
        match &self.reranker {
            Some(Reranker { model, settings }) => {
                library.with_reranker(model.clone(), settings.deadline, settings.depth)
            }
            None => library,
        }
    }

    /// Tells other processes of this machine where this one answers, and what it wants to be shown. On a Qdrant server
    /// several may answer side by side: the first one is found.
    pub(crate) fn announce(&mut self, address: &str, token: &str) -> Result<()> {
        if self.lock.is_none() {
            match OwnerLock::acquire(&self.lock_dir) {
                Ok(lock) => self.lock = Some(lock),
                Err(error) => tracing::info!(%error, "other commands of this machine will not find this server"),
            }
        }
        match &self.lock {
            Some(lock) => Ok(lock.announce(address, token)?),
            None => Ok(()),
        }
    }
}

/// Takes the data directory; the error names its owner.
fn own(dir: &Path) -> Result<OwnerLock> {
    match OwnerLock::acquire(dir) {
        Ok(lock) => Ok(lock),
        Err(LockError::Held(owner)) => {
            let place = owner.address.map_or_else(String::new, |address| format!(" and answers at {address}"));
            bail!("process {} owns {}{place}; stop it first, or use another --data-dir", owner.pid, dir.display())
        }
        Err(error) => Err(error.into()),
    }
}

fn start_models(settings: &Settings) -> Result<(OnnxEmbedder, Option<Reranker>)> {
    if let Some(rerank) = &settings.rerank {
        // A folder that lacks something is told before anything is fetched.
        CrossEncoder::check(&rerank.dir)?;
    }
    let provisioned = provision(settings)?;
    let threads = settings.threads.unwrap_or(0);
    let options = EmbedderOptions { threads, queue: QUESTION_QUEUE };
    let embed = OnnxEmbedder::start(&provisioned, options).context("the embedding model could not be started")?;
    let start = |rerank: &RerankSettings| -> Result<Reranker> {
        let model = CrossEncoder::start(&rerank.dir, &provisioned.runtime, threads);
        Ok(Reranker { model: Arc::new(model.context("the reranker could not be started")?), settings: rerank.clone() })
    };
    let reranker = settings.rerank.as_ref().map(start).transpose()?;
    Ok((embed, reranker))
}

/// Finds or fetches the model's files; says on standard error what takes long.
pub(crate) fn provision(settings: &Settings) -> Result<Provisioned> {
    let report = |step: ProvisionStep| {
        // A model that is there already is not news.
        if !matches!(step, ProvisionStep::Ready { .. }) {
            eprintln!("{step}");
        }
    };
    Ok(mcdewey_embed::provision(&settings.model, &report)?)
}
