//! Reads a sentence-transformers folder and checks that the graph writer supports its model.
//!
//! A model that cannot be reproduced exactly is rejected with the property that is not supported;
//! nothing is inferred from the weights, which stay unread.

use std::fs;
use std::path::{Path, PathBuf};

use fastembed::Pooling;
use mcdewey_provision::model_folder::{
    CONFIG, MODULES, MissingFile, POOLING, SENTENCE_CONFIG, SPECIAL_TOKENS, TOKENIZER,
    TOKENIZER_CONFIG, require_files,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Why a model folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    #[error(transparent)]
    Missing(#[from] MissingFile),
    /// A file cannot be read or parsed.
    #[error("cannot use {path} ({problem}); copy the model folder again", path = path.display())]
    Invalid { path: PathBuf, problem: String },
    /// The model's architecture is not supported.
    #[error(
        "the model in {dir} has {feature}, which is not supported; use a BERT model with absolute \
         positions, GELU, fp32 weights and mean or CLS pooling",
        dir = dir.display()
    )]
    Unsupported { dir: PathBuf, feature: String },
}

impl FolderError {
    fn unsupported(dir: &Path, feature: String) -> Self {
        Self::Unsupported {
            dir: dir.to_owned(),
            feature,
        }
    }
}

/// The dimensions of a BERT encoder, as stated in its `config.json`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct BertConfig {
    model_type: String,
    #[serde(default = "default_hidden_act")]
    hidden_act: String,
    #[serde(default = "default_position_embedding_type")]
    position_embedding_type: String,
    pub(crate) hidden_size: usize,
    pub(crate) intermediate_size: usize,
    pub(crate) num_hidden_layers: usize,
    pub(crate) num_attention_heads: usize,
    pub(crate) max_position_embeddings: usize,
    pub(crate) vocab_size: usize,
    pub(crate) type_vocab_size: usize,
    #[serde(default = "default_layer_norm_eps")]
    pub(crate) layer_norm_eps: f32,
}

fn default_hidden_act() -> String {
    "gelu".to_owned()
}

fn default_position_embedding_type() -> String {
    "absolute".to_owned()
}

fn default_layer_norm_eps() -> f32 {
    1e-12
}

/// An entry of `modules.json`: one step of the sentence-transformers pipeline.
#[derive(Deserialize)]
struct Module {
    /// The Python class, e.g. `sentence_transformers.models.Pooling`.
    r#type: String,
}

#[derive(Deserialize)]
struct SentenceConfig {
    max_seq_length: Option<usize>,
}

/// A folder whose model is supported.
#[derive(Debug, Clone)]
pub(crate) struct BertFolder {
    pub(crate) dir: PathBuf,
    pub(crate) config: BertConfig,
    pub(crate) pooling: Pooling,
    /// Tokens the model reads at once, special tokens included.
    pub(crate) window: usize,
    pub(crate) pad_token: String,
}

impl BertFolder {
    /// Reads the configuration of the model in `dir`, but not its weights.
    pub(crate) fn read(dir: &Path) -> Result<Self, FolderError> {
        require_files(dir)?;

        let config: BertConfig = read_json(&dir.join(CONFIG))?;
        config
            .check()
            .map_err(|feature| FolderError::unsupported(dir, feature))?;
        check_modules(dir)?;

        let pooling = pooling(&read_json(&dir.join(POOLING))?)
            .map_err(|feature| FolderError::unsupported(dir, feature))?;

        let tokenizer: Value = read_optional_json(&dir.join(TOKENIZER_CONFIG))?.unwrap_or_default();
        let sentence: Option<SentenceConfig> = read_optional_json(&dir.join(SENTENCE_CONFIG))?;
        let max_seq_length = sentence.and_then(|sentence| sentence.max_seq_length);
        let window = window(&config, max_seq_length, &tokenizer);
        let pad_token = pad_token(&tokenizer);

        Ok(Self {
            dir: dir.to_owned(),
            config,
            pooling,
            window,
            pad_token,
        })
    }

    /// Reads `special_tokens_map.json`; an empty JSON object if the file is missing.
    pub(crate) fn read_special_tokens(&self) -> Result<Vec<u8>, FolderError> {
        read_or_empty(&self.dir.join(SPECIAL_TOKENS))
    }

    /// Reads `config.json`.
    pub(crate) fn read_config(&self) -> Result<Vec<u8>, FolderError> {
        read(&self.dir.join(CONFIG))
    }

    /// Reads `tokenizer.json`.
    pub(crate) fn read_tokenizer(&self) -> Result<Vec<u8>, FolderError> {
        read(&self.dir.join(TOKENIZER))
    }
}

impl BertConfig {
    /// Returns the first property that the graph writer does not support, as an error.
    fn check(&self) -> Result<(), String> {
        if self.model_type != "bert" {
            return Err(format!("model_type {:?}", self.model_type));
        }

        if self.hidden_act != "gelu" {
            return Err(format!("hidden_act {:?}", self.hidden_act));
        }

        if self.position_embedding_type != "absolute" {
            return Err(format!(
                "position_embedding_type {:?}",
                self.position_embedding_type
            ));
        }

        if self.num_attention_heads == 0
            || !self.hidden_size.is_multiple_of(self.num_attention_heads)
        {
            return Err(format!(
                "hidden_size {} for {} heads",
                self.hidden_size, self.num_attention_heads
            ));
        }

        Ok(())
    }
}

impl Module {
    /// Reports whether inference here includes this step. Any other step would change the vectors.
    fn is_supported(&self) -> bool {
        let class = self.r#type.rsplit('.').next();
        matches!(class, Some("Transformer" | "Pooling" | "Normalize"))
    }
}

fn check_modules(dir: &Path) -> Result<(), FolderError> {
    let Some(modules) = read_optional_json::<Vec<Module>>(&dir.join(MODULES))? else {
        return Ok(());
    };

    match modules.into_iter().find(|module| !module.is_supported()) {
        Some(module) => Err(FolderError::unsupported(
            dir,
            format!("a module {:?}", module.r#type),
        )),
        None => Ok(()),
    }
}

fn pooling(config: &Value) -> Result<Pooling, String> {
    let enabled: Vec<&str> = config
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, value)| name.starts_with("pooling_mode_") && value.as_bool() == Some(true))
        .map(|(name, _)| name.as_str())
        .collect();

    match enabled[..] {
        ["pooling_mode_mean_tokens"] => Ok(Pooling::Mean),
        ["pooling_mode_cls_token"] => Ok(Pooling::Cls),
        _ => Err(format!("the pooling {enabled:?}")),
    }
}

/// Returns the smallest limit set by the sentence model, its position embeddings and its tokenizer.
fn window(config: &BertConfig, max_seq_length: Option<usize>, tokenizer: &Value) -> usize {
    [max_seq_length, model_max_length(tokenizer)]
        .into_iter()
        .flatten()
        .fold(config.max_position_embeddings, usize::min)
}

/// Returns the limit stated in a tokenizer's configuration.
pub(crate) fn model_max_length(tokenizer: &Value) -> Option<usize> {
    // Tokenizers without a limit state 1e30, which the cast saturates to `usize::MAX`.
    tokenizer["model_max_length"]
        .as_f64()
        .map(|length| length as usize)
}

/// Returns the token that pads the shorter texts of a batch.
pub(crate) fn pad_token(tokenizer: &Value) -> String {
    let token = &tokenizer["pad_token"];
    token
        .as_str()
        .or_else(|| token["content"].as_str())
        .unwrap_or("[PAD]")
        .to_owned()
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, FolderError> {
    fs::read(path).map_err(|error| FolderError::Invalid {
        path: path.to_owned(),
        problem: error.to_string(),
    })
}

/// Reads a file; an empty JSON object if it is missing.
pub(crate) fn read_or_empty(path: &Path) -> Result<Vec<u8>, FolderError> {
    if path.exists() {
        read(path)
    } else {
        Ok(b"{}".to_vec())
    }
}

pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, FolderError> {
    serde_json::from_slice(&read(path)?).map_err(|error| FolderError::Invalid {
        path: path.to_owned(),
        problem: error.to_string(),
    })
}

/// Reads a JSON file; `None` if it is missing.
pub(crate) fn read_optional_json<T: DeserializeOwned>(
    path: &Path,
) -> Result<Option<T>, FolderError> {
    if path.exists() {
        read_json(path).map(Some)
    } else {
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
