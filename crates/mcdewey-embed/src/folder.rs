//! Reads a sentence-transformers folder and decides whether it holds a model that the graph writer can express.
//!
//! Anything it does not know how to reproduce exactly is refused by name; nothing is guessed from the weights.

use std::fs;
use std::path::{Path, PathBuf};

use fastembed::Pooling;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The shape of the model.
pub(crate) const CONFIG: &str = "config.json";
/// The weights.
pub(crate) const WEIGHTS: &str = "model.safetensors";
/// The tokenizer.
pub(crate) const TOKENIZER: &str = "tokenizer.json";
/// What the tokenizer is used with.
pub(crate) const TOKENIZER_CONFIG: &str = "tokenizer_config.json";
/// The names of the special tokens.
pub(crate) const SPECIAL_TOKENS: &str = "special_tokens_map.json";
const MODULES: &str = "modules.json";
const SENTENCE_CONFIG: &str = "sentence_bert_config.json";
const POOLING: &str = "1_Pooling/config.json";

/// Every file that can change what a text's vector is.
pub(crate) const FILES: [&str; 8] = [
    CONFIG,
    WEIGHTS,
    TOKENIZER,
    TOKENIZER_CONFIG,
    SPECIAL_TOKENS,
    MODULES,
    SENTENCE_CONFIG,
    POOLING,
];
const REQUIRED: [&str; 4] = [CONFIG, WEIGHTS, TOKENIZER, POOLING];

/// Why a model folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// A file is not there.
    #[error(
        "the model folder {dir} lacks {file}; --model-dir must point at a sentence-transformers folder with config.json, \
         model.safetensors, tokenizer.json and 1_Pooling/config.json", dir = dir.display()
    )]
    Missing {
        /// The folder.
        dir: PathBuf,
        /// The file's name in it.
        file: &'static str,
    },
    /// A file cannot be read or understood.
    #[error("cannot use {path} ({problem}); copy the model folder again", path = path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The model is of a kind that is not supported.
    #[error(
        "the model in {dir} has {what}, which is not supported; use a BERT model with absolute positions, GELU, fp32 \
         weights and mean or CLS pooling", dir = dir.display()
    )]
    Unsupported {
        /// The folder.
        dir: PathBuf,
        /// What it has.
        what: String,
    },
}

/// The shape of a BERT encoder, as its `config.json` states it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct BertConfig {
    model_type: String,
    #[serde(default = "gelu")]
    hidden_act: String,
    #[serde(default = "absolute")]
    position_embedding_type: String,
    pub(crate) hidden_size: usize,
    pub(crate) intermediate_size: usize,
    pub(crate) num_hidden_layers: usize,
    pub(crate) num_attention_heads: usize,
    pub(crate) max_position_embeddings: usize,
    pub(crate) vocab_size: usize,
    pub(crate) type_vocab_size: usize,
    #[serde(default = "bert_epsilon")]
    pub(crate) layer_norm_eps: f32,
}

fn gelu() -> String {
    "gelu".to_owned()
}

fn absolute() -> String {
    "absolute".to_owned()
}

fn bert_epsilon() -> f32 {
    1e-12
}

#[derive(Deserialize)]
struct Module {
    r#type: String,
}

#[derive(Deserialize)]
struct SentenceConfig {
    max_seq_length: Option<usize>,
}

/// A folder whose model can be run.
#[derive(Debug, Clone)]
pub(crate) struct BertFolder {
    pub(crate) dir: PathBuf,
    pub(crate) config: BertConfig,
    pub(crate) pooling: Pooling,
    /// Tokens read at once, the special ones included.
    pub(crate) window: usize,
    pub(crate) pad_token: String,
}

/// Whether every file that a model cannot do without is there.
pub(crate) fn check_files(dir: &Path) -> Result<(), FolderError> {
    match REQUIRED.into_iter().find(|file| !dir.join(file).is_file()) {
        Some(file) => Err(FolderError::Missing {
            dir: dir.to_owned(),
            file,
        }),
        None => Ok(()),
    }
}

impl BertFolder {
    /// Reads the configuration of the model in `dir`; the weights stay unread.
    pub(crate) fn read(dir: &Path) -> Result<Self, FolderError> {
        check_files(dir)?;
        let config: BertConfig = json(&dir.join(CONFIG))?;
        let unsupported = |what| FolderError::Unsupported {
            dir: dir.to_owned(),
            what,
        };
        config.check().map_err(unsupported)?;
        check_modules(dir)?;
        let pooling = pooling(&json(&dir.join(POOLING))?).map_err(unsupported)?;
        let tokenizer: Value = optional_json(&dir.join(TOKENIZER_CONFIG))?.unwrap_or_default();
        let sentence: Option<SentenceConfig> = optional_json(&dir.join(SENTENCE_CONFIG))?;
        let asked = sentence.and_then(|sentence| sentence.max_seq_length);
        let window = window(&config, asked, &tokenizer);
        let pad_token = pad_token(&tokenizer);

        Ok(Self {
            dir: dir.to_owned(),
            config,
            pooling,
            window,
            pad_token,
        })
    }

    /// The bytes of a file; where there is none, of an empty JSON object.
    pub(crate) fn special_tokens(&self) -> Result<Vec<u8>, FolderError> {
        read_or_empty(&self.dir.join(SPECIAL_TOKENS))
    }

    /// The bytes of `config.json`.
    pub(crate) fn config_file(&self) -> Result<Vec<u8>, FolderError> {
        read(&self.dir.join(CONFIG))
    }

    /// The bytes of `tokenizer.json`.
    pub(crate) fn tokenizer_file(&self) -> Result<Vec<u8>, FolderError> {
        read(&self.dir.join(TOKENIZER))
    }
}

impl BertConfig {
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

fn check_modules(dir: &Path) -> Result<(), FolderError> {
    let Some(modules) = optional_json::<Vec<Module>>(&dir.join(MODULES))? else {
        return Ok(());
    };

    let known = |module: &Module| {
        ["Transformer", "Pooling", "Normalize"]
            .iter()
            .any(|kind| module.r#type.rsplit('.').next() == Some(kind))
    };

    match modules.into_iter().find(|module| !known(module)) {
        Some(module) => Err(FolderError::Unsupported {
            dir: dir.to_owned(),
            what: format!("a module {:?}", module.r#type),
        }),
        None => Ok(()),
    }
}

fn pooling(config: &Value) -> Result<Pooling, String> {
    let modes = config.as_object().into_iter().flatten();
    let chosen: Vec<&str> = modes
        .filter(|(name, value)| name.starts_with("pooling_mode_") && value.as_bool() == Some(true))
        .map(|(name, _)| name.as_str())
        .collect();

    match chosen[..] {
        ["pooling_mode_mean_tokens"] => Ok(Pooling::Mean),
        ["pooling_mode_cls_token"] => Ok(Pooling::Cls),
        _ => Err(format!("the pooling {chosen:?}")),
    }
}

/// The smallest of what the sentence model, its positions and its tokenizer allow.
fn window(config: &BertConfig, asked: Option<usize>, tokenizer: &Value) -> usize {
    [asked, model_max_length(tokenizer)]
        .into_iter()
        .flatten()
        .fold(config.max_position_embeddings, usize::min)
}

/// The limit a tokenizer's configuration states.
pub(crate) fn model_max_length(tokenizer: &Value) -> Option<usize> {
    // Tokenizers without a limit state 1e30, which the cast turns into the largest number there is.
    tokenizer["model_max_length"]
        .as_f64()
        .map(|length| length as usize)
}

/// The token that fills up the shorter texts of a batch.
pub(crate) fn pad_token(tokenizer: &Value) -> String {
    let token = &tokenizer["pad_token"];
    token
        .as_str()
        .or_else(|| token["content"].as_str())
        .unwrap_or("[PAD]")
        .to_owned()
}

/// The bytes of a file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, FolderError> {
    fs::read(path).map_err(|error| FolderError::Invalid {
        path: path.to_owned(),
        problem: error.to_string(),
    })
}

/// The bytes of a file; where there is none, of an empty JSON object.
pub(crate) fn read_or_empty(path: &Path) -> Result<Vec<u8>, FolderError> {
    if path.exists() {
        read(path)
    } else {
        Ok(b"{}".to_vec())
    }
}

/// What a JSON file holds.
pub(crate) fn json<T: DeserializeOwned>(path: &Path) -> Result<T, FolderError> {
    serde_json::from_slice(&read(path)?).map_err(|error| FolderError::Invalid {
        path: path.to_owned(),
        problem: error.to_string(),
    })
}

/// What a JSON file holds, if there is one.
pub(crate) fn optional_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, FolderError> {
    if path.exists() {
        json(path).map(Some)
    } else {
        Ok(None)
    }
}

#[cfg(test)]
pub(crate) mod tests;
