//! The generations of a data directory: the live one, the one that the configuration requires, and
//! how to open the others.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use mcdewey_core::{Embed, Generation};
use mcdewey_ingest::CHUNKER;
use mcdewey_store::{EmbeddedIndex, GenerationEntry, Generations};

use crate::config::EngineConfig;
use crate::models::{Models, OtherModels};
use crate::notice::Notice;

/// An open generation with the model it was made with.
#[derive(Clone)]
pub(crate) struct OpenGeneration {
    pub(crate) generation: Generation,
    pub(crate) index: Arc<EmbeddedIndex>,
    pub(crate) embed: Arc<dyn Embed>,
}

/// The generations of a data directory, and what the configuration requires of them.
#[derive(Clone)]
pub(crate) struct GenerationSet {
    pub(crate) generations: Arc<Generations>,
    /// Answers questions now.
    pub(crate) live: OpenGeneration,
    /// The generation that the configuration requires.
    pub(crate) configured: Generation,
    /// Number of old generations to keep.
    pub(crate) keep: usize,
    embed: Arc<dyn Embed>,
    model_dir: Option<PathBuf>,
    others: OtherModels,
}

impl GenerationSet {
    /// Opens the live generation. If it cannot be opened any more, opens the configured one in its
    /// place. Blocks.
    pub(crate) fn open(config: &EngineConfig, models: &Models) -> Result<Self> {
        let (generations, configured) = read_generations(config, models)?;
        let other = generations
            .live()
            .filter(|live| live.generation != configured);
        let Some(entry) = other else {
            return Self::with_configured_live(config, models, generations, configured);
        };

        match open_other(&generations, &entry, models.embed.clone(), &models.others) {
            Ok(live) => Ok(Self::new(config, models, generations, configured, live)),
            Err(error) => {
                config.notify.send(&Notice::LiveGenerationUnusable {
                    generation: &entry.generation,
                    error: &error,
                });
                Self::with_configured_live(config, models, generations, configured)
            }
        }
    }

    /// Opens the configured generation, whichever is live. Blocks.
    pub(crate) fn open_configured(config: &EngineConfig, models: &Models) -> Result<Self> {
        let (generations, configured) = read_generations(config, models)?;
        Self::with_configured_live(config, models, generations, configured)
    }

    fn with_configured_live(
        config: &EngineConfig,
        models: &Models,
        generations: Arc<Generations>,
        configured: Generation,
    ) -> Result<Self> {
        let live = open_configured(
            &generations,
            models.embed.clone(),
            config.model.model_dir.as_deref(),
        )?;
        Ok(Self::new(config, models, generations, configured, live))
    }

    fn new(
        config: &EngineConfig,
        models: &Models,
        generations: Arc<Generations>,
        configured: Generation,
        live: OpenGeneration,
    ) -> Self {
        Self {
            generations,
            live,
            configured,
            keep: config.keep_generations,
            embed: models.embed.clone(),
            model_dir: config.model.model_dir.clone(),
            others: models.others.clone(),
        }
    }

    /// Opens the generation that the configuration requires, and creates it if it does not exist.
    /// Blocks.
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
    pub(crate) fn is_incomplete(&self) -> bool {
        self.generations.latest().is_some()
            && self
                .generations
                .entry(&self.live.generation)
                .is_none_or(|entry| entry.completed_at.is_none())
    }
}

/// Returns the recorded generations and the one that the configuration requires.
fn read_generations(
    config: &EngineConfig,
    models: &Models,
) -> Result<(Arc<Generations>, Generation)> {
    let generations = Generations::open(&config.location.data_dir, config.min_free_bytes)?;
    let generations = Arc::new(generations.with_vectors(config.vectors));

    let model = models.embed.model();
    generations.identify_model(model, CHUNKER)?;
    Ok((generations, Generations::generation_for(model, CHUNKER)))
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
