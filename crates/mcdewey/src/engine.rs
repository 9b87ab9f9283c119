//! Model and index of this process, opened together.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use mcdewey_core::{Embed, Index};
use mcdewey_embed::{EmbedderOptions, OnnxEmbedder, ProvisionStep, Provisioned};
use mcdewey_store::{EmbeddedIndex, EmbeddedOptions, LockError, OwnerLock};

use crate::settings::Settings;

/// Questions that may wait for the model at once; one more is refused as overloaded.
const QUESTION_QUEUE: usize = 256;

/// A library this process owns, with its model. Dropping it releases the data directory.
pub(crate) struct Engine {
    pub(crate) index: Arc<dyn Index>,
    pub(crate) embed: Arc<dyn Embed>,
    pub(crate) lock: OwnerLock,
}

impl Engine {
    /// Takes the data directory, provisions the model if it is missing, and opens the index.
    pub(crate) async fn open(settings: &Settings) -> Result<Self> {
        let settings = settings.clone();
        tokio::task::spawn_blocking(move || Self::open_blocking(&settings)).await?
    }

    fn open_blocking(settings: &Settings) -> Result<Self> {
        let lock = own(&settings.data_dir)?;
        let embed = start_model(settings)?;
        let options = EmbeddedOptions {
            dir: settings.data_dir.clone(),
            model: embed.model().clone(),
            chunker: mcdewey_ingest::CHUNKER.to_owned(),
            min_free_bytes: settings.min_free_bytes,
        };
        let index = EmbeddedIndex::open(options)?;
        Ok(Self { index: Arc::new(index), embed: Arc::new(embed), lock })
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

fn start_model(settings: &Settings) -> Result<OnnxEmbedder> {
    let provisioned = provision(settings)?;
    let options = EmbedderOptions { threads: settings.threads.unwrap_or(0), queue: QUESTION_QUEUE };
    OnnxEmbedder::start(&provisioned, options).context("the embedding model could not be started")
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
