//! What the engine needs to know. The program fills it in from its settings.

use std::sync::Arc;

use mcdewey_core::{Convert, Embed, Index};
use mcdewey_embed::Precision;
use mcdewey_ingest::Ingester;
use mcdewey_provision::{ModelSettings, RerankerSettings};
use mcdewey_search::{Fusion, RerankLimits};
use mcdewey_store::VectorStorage;

use crate::location::LibraryLocation;
use crate::notice::Notify;

/// Which library to open, with which models.
#[derive(Clone)]
pub struct EngineConfig {
    /// Where the library is.
    pub location: LibraryLocation,
    /// Nothing is written if less than this much disk space, in bytes, would be left free.
    pub min_free_bytes: u64,
    /// How a library in a directory stores vectors.
    pub vectors: VectorStorage,
    /// Number of old generations of the index to keep beside the live one.
    pub keep_generations: usize,
    /// The embedding model.
    pub model: ModelSettings,
    /// The number format of its matrix products.
    pub precision: Precision,
    /// Number of threads of each model; `None` for as many as there are cores.
    pub threads: Option<usize>,
    /// `None` without a reranker.
    pub rerank: Option<RerankConfig>,
    /// How dense and keyword results are combined.
    pub fusion: Fusion,
    /// How many bytes of answers are kept in memory; with 0, none are.
    pub answer_cache_bytes: usize,
    /// How files are ingested.
    pub ingest: IngestConfig,
    /// Receives what an operator should see.
    pub notify: Notify,
}

/// How files are ingested, independent of the index they go into.
#[derive(Clone)]
pub struct IngestConfig {
    /// Converts files that are not text.
    pub converter: Arc<dyn Convert>,
    /// Whether the index stores the original files of converted documents.
    pub keep_originals: bool,
}

/// A cross-encoder that reads the best hits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RerankConfig {
    /// Where its model comes from.
    pub model: RerankerSettings,
    /// How much it reads.
    pub limits: RerankLimits,
    /// Whether the library must not be opened without it. Otherwise, if it cannot be had, a notice
    /// says why.
    pub is_required: bool,
}

impl IngestConfig {
    /// Returns an ingester that updates this index with this model.
    pub(crate) fn ingester(&self, index: Arc<dyn Index>, embed: Arc<dyn Embed>) -> Ingester {
        Ingester::new(index, embed)
            .keep_originals(self.keep_originals)
            .with_converter(Arc::clone(&self.converter))
    }
}
