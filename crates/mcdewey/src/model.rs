//! The models of this process: the one the settings ask for, the one an older generation was made with, the reranker.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use mcdewey_embed::{
    CrossEncoder, EmbedderOptions, ModelSettings, OnnxEmbedder, ProvisionStep, Provisioned,
};
use mcdewey_store::GenerationEntry;

use crate::rerank::RerankSettings;
use crate::settings::Settings;

/// Questions that may wait for the model at once; one more is refused as overloaded.
const QUESTION_QUEUE: usize = 256;

/// The models of the settings, started.
pub(crate) struct Models {
    pub(crate) embed: Arc<OnnxEmbedder>,
    pub(crate) reranker: Option<Reranker>,
    pub(crate) others: OtherModels,
}

/// A cross-encoder with what it is allowed.
#[derive(Clone)]
pub(crate) struct Reranker {
    pub(crate) model: Arc<CrossEncoder>,
    pub(crate) settings: RerankSettings,
}

/// Where models of older generations are found; nothing is fetched for them.
#[derive(Debug, Clone)]
pub(crate) struct OtherModels {
    models_dir: PathBuf,
    runtime: PathBuf,
    options: EmbedderOptions,
}

impl Models {
    /// Fetches what is missing and starts the models. Blocks.
    pub(crate) fn start(settings: &Settings) -> Result<Self> {
        if let Some(rerank) = &settings.rerank {
            // A folder that lacks something is told before anything is fetched.
            CrossEncoder::check(&rerank.dir)?;
        }

        let provisioned = provision(settings)?;
        let options = EmbedderOptions {
            threads: settings.threads.unwrap_or(0),
            queue: QUESTION_QUEUE,
        };
        let embed = OnnxEmbedder::start(&provisioned, options)
            .context("the embedding model could not be started")?;

        let start = |rerank: &RerankSettings| -> Result<Reranker> {
            let model = CrossEncoder::start(&rerank.dir, &provisioned.runtime, options.threads);
            let model = Arc::new(model.context("the reranker could not be started")?);
            Ok(Reranker {
                model,
                settings: rerank.clone(),
            })
        };

        let reranker = settings.rerank.as_ref().map(start).transpose()?;
        let models_dir = settings.model.cache_dir.clone();
        let others = OtherModels {
            models_dir,
            runtime: provisioned.runtime,
            options,
        };

        Ok(Self {
            embed: Arc::new(embed),
            reranker,
            others,
        })
    }
}

impl OtherModels {
    /// Starts the model that a generation was made with, from the folder it was read from then. Blocks.
    pub(crate) fn start(&self, entry: &GenerationEntry) -> Result<OnnxEmbedder> {
        let Some(model) = &entry.model else {
            bail!("nothing says which model it was made with")
        };

        let dir = entry
            .model_dir
            .clone()
            .unwrap_or_else(|| self.models_dir.join(&model.name));

        ensure!(
            dir.is_dir(),
            "its model {} is not in {} any more",
            model.name,
            dir.display()
        );

        let settings = ModelSettings {
            name: model.name.clone(),
            model_dir: Some(dir),
            cache_dir: self.models_dir.clone(),
            ort_dylib: Some(self.runtime.clone()),
            ..ModelSettings::default()
        };

        let provisioned = mcdewey_embed::provision(&settings, &|_| {})?;
        let dir = provisioned.model_dir.display();
        let embed = OnnxEmbedder::start(&provisioned, self.options)
            .with_context(|| format!("its model in {dir} could not be started"))?;
        let found = mcdewey_core::Embed::model(&embed);

        ensure!(
            found.fingerprint == model.fingerprint,
            "the model in {dir} is another one than it was made with"
        );

        Ok(embed)
    }
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
