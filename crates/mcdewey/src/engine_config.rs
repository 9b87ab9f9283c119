//! Fills the configuration of the engine from the settings.

use anyhow::Result;
use mcdewey_runtime::{EngineConfig, IngestConfig, LibraryLocation, Notify, OfflineLibrary};

use crate::converters::converter;
use crate::settings::Settings;

/// What the engine needs to know of the settings. Notices go to standard error.
pub(crate) fn engine_config(settings: &Settings) -> Result<EngineConfig> {
    Ok(EngineConfig {
        location: location(settings),
        min_free_bytes: settings.min_free_bytes,
        vectors: settings.vectors,
        keep_generations: settings.keep_generations,
        model: settings.model.clone(),
        precision: settings.precision,
        threads: settings.threads,
        rerank: settings.rerank.clone(),
        fusion: settings.fusion,
        answer_cache_bytes: settings.answer_cache_bytes,
        ingest: IngestConfig {
            converter: converter(&settings.pdfium, notify_on_stderr())?,
            keep_originals: settings.keep_originals,
        },
        notify: notify_on_stderr(),
    })
}

/// The configuration without a reranker, for commands that search nothing.
pub(crate) fn without_reranker(settings: &Settings) -> Result<EngineConfig> {
    Ok(EngineConfig {
        rerank: None,
        ..engine_config(settings)?
    })
}

/// Where the library is.
pub(crate) fn location(settings: &Settings) -> LibraryLocation {
    LibraryLocation {
        data_dir: settings.data_dir.clone(),
        server: settings.qdrant.clone(),
    }
}

impl From<&Settings> for OfflineLibrary {
    fn from(settings: &Settings) -> Self {
        Self {
            data_dir: settings.data_dir.clone(),
            min_free_bytes: settings.min_free_bytes,
            vectors: settings.vectors,
        }
    }
}

/// Writes every notice as a line to standard error.
pub(crate) fn notify_on_stderr() -> Notify {
    Notify::new(|notice| eprintln!("{notice}"))
}
