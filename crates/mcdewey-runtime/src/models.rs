//! The models that this process runs: the configured embedding model, that of an older generation,
//! and the reranker.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use mcdewey_embed::{CrossEncoder, EmbedderOptions, OnnxEmbedder, Precision, fingerprint};
use mcdewey_provision::{ModelSettings, Provisioned, find_reranker, provision_reranker};
use mcdewey_store::GenerationEntry;

use crate::config::{EngineConfig, RerankConfig};
use crate::notice::{Notice, Notify};
use crate::search_config::Reranker;

/// Maximum number of questions that wait for the model; further ones are rejected as overload.
const QUESTION_QUEUE: usize = 256;

/// The configured models, started.
pub(crate) struct Models {
    pub(crate) embed: Arc<OnnxEmbedder>,
    pub(crate) reranker: Option<Reranker>,
    pub(crate) others: OtherModels,
}

/// Starts the models of older generations from folders on this machine; never downloads one.
#[derive(Debug, Clone)]
pub(crate) struct OtherModels {
    models_dir: PathBuf,
    runtime: PathBuf,
    options: EmbedderOptions,
}

impl Models {
    /// Downloads missing files and starts the models. Blocks.
    pub(crate) fn start(config: &EngineConfig) -> Result<Self> {
        let own_reranker = config.rerank.as_ref().map(|rerank| &rerank.model.dir);
        if let Some(Some(dir)) = own_reranker {
            // Checked first, so that an incomplete folder is reported before anything is
            // downloaded.
            CrossEncoder::check(dir)?;
        }

        let provisioned = provision(&config.model, &config.notify)?;
        let options = EmbedderOptions {
            threads: config.threads.unwrap_or(0),
            max_questions: QUESTION_QUEUE,
            precision: config.precision,
        };
        let embed = OnnxEmbedder::start(&provisioned, options)
            .context("cannot start the embedding model")?;

        let reranker = match &config.rerank {
            Some(rerank) => {
                let started = start_reranker(rerank, config, &provisioned.runtime);
                match started {
                    Err(error) if !rerank.is_required => {
                        config
                            .notify
                            .send(&Notice::WithoutReranker { error: &error });
                        None
                    }
                    started => Some(started?),
                }
            }
            None => None,
        };

        let others = OtherModels {
            models_dir: config.model.cache_dir.clone(),
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

/// Starts the reranker, and downloads its files first if they are missing. Whoever supplies the
/// embedding model may have no network, so then nothing is downloaded that was not asked for.
fn start_reranker(
    rerank: &RerankConfig,
    config: &EngineConfig,
    runtime: &Path,
) -> Result<Reranker> {
    let may_download = rerank.is_required || config.model.model_dir.is_none();
    let dir = if may_download {
        provision_reranker(&rerank.model, &|step| config.notify.provisioning(&step))?
    } else {
        find_reranker(&rerank.model)?.with_context(|| {
            let cache = rerank.model.cache_dir.display();
            format!("it is not in {cache}, and with --model-dir it is not downloaded")
        })?
    };

    let model = CrossEncoder::start(&dir, runtime, config.threads.unwrap_or(0))
        .context("cannot start the reranker")?;
    Ok(Reranker {
        model: Arc::new(model),
        limits: rerank.limits,
    })
}

impl OtherModels {
    /// Starts the model that a generation was made with, from the folder recorded for it. Blocks.
    pub(crate) fn start(&self, entry: &GenerationEntry) -> Result<OnnxEmbedder> {
        let Some(model) = &entry.model else {
            bail!("the model it was made with is not recorded")
        };

        let dir = entry
            .model_dir
            .clone()
            .unwrap_or_else(|| self.models_dir.join(&model.name));

        ensure!(
            dir.is_dir(),
            "its model {} is no longer in {}",
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

        let provisioned = mcdewey_provision::provision(&settings, &|_| {})?;
        let dir = provisioned.model_dir.display();
        let precision = Precision::ALL
            .into_iter()
            .find(|&precision| fingerprint(&provisioned, precision) == model.fingerprint)
            .with_context(|| format!("the model in {dir} is not the one it was made with"))?;

        let options = EmbedderOptions {
            precision,
            ..self.options
        };
        OnnxEmbedder::start(&provisioned, options)
            .with_context(|| format!("cannot start its model in {dir}"))
    }
}

/// Finds or downloads the model's files. Slow steps are notices. Blocks.
///
/// # Errors
///
/// If the files are neither present nor can be downloaded, or are not the expected ones.
pub fn provision(model: &ModelSettings, notify: &Notify) -> Result<Provisioned> {
    Ok(mcdewey_provision::provision(model, &|step| {
        notify.provisioning(&step)
    })?)
}
