//! The model itself: fastembed over an ONNX Runtime session, and the tokenizer that goes with it.
//!
//! Knows nothing of threads or queues; whoever holds it runs it.

use std::ops::Range;

use fastembed::{
    InitOptionsUserDefined, QuantizationMode, TextEmbedding, TokenizerFiles,
    UserDefinedEmbeddingModel,
};
use ort::environment::Environment;
use serde_json::json;
use tokenizers::{PostProcessor, Tokenizer};

use crate::folder::{BertFolder, FolderError, WEIGHTS};
use crate::graph;
use crate::tensors::Tensors;

/// Lets the graph, which comes from memory, find its weights; the runtime maps the file instead of reading it.
const WEIGHTS_FOLDER: &str = "session.model_external_initializers_file_folder_path";
/// Whether idle threads of the runtime burn processor time in wait of work. Off: beside other busy processes, spinning
/// doubled the processor time of a question and cost a third of the passages' throughput.
pub(crate) const SPINNING: &str = "session.intra_op.allow_spinning";

/// A model ready to run.
pub(crate) struct LoadedModel {
    embedding: TextEmbedding,
    pub(crate) words: Words,
}

/// The model's view of text: its tokenizer with neither truncation nor padding.
#[derive(Debug, Clone)]
pub(crate) struct Words {
    tokenizer: Tokenizer,
    special: usize,
}

/// Why a model does not load.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error("{0}")]
    Session(#[from] fastembed::Error),
}

/// Loads the model of a folder, to be computed by `threads` threads.
pub(crate) fn load(
    folder: &BertFolder,
    environment: Environment,
    threads: usize,
) -> Result<LoadedModel, LoadError> {
    let tensors = Tensors::open(&folder.dir.join(WEIGHTS))?;
    let model =
        UserDefinedEmbeddingModel::new(graph::write(folder, &tensors)?, tokenizer_files(folder)?)
            .with_pooling(folder.pooling.clone())
            .with_quantization(QuantizationMode::None);

    let options = InitOptionsUserDefined::new()
        .with_environment(environment)
        .with_max_length(folder.window)
        .with_intra_threads(threads)
        .with_session_config(WEIGHTS_FOLDER, tensors.folder().to_string_lossy())
        .with_session_config(SPINNING, "0");

    let embedding = TextEmbedding::try_new_from_user_defined(model, options)?;
    let words = Words::new(embedding.tokenizer.clone())?;
    Ok(LoadedModel { embedding, words })
}

/// fastembed wants four files, of which folders may lack two; those are made from what has been read already.
fn tokenizer_files(folder: &BertFolder) -> Result<TokenizerFiles, FolderError> {
    let config = json!({ "model_max_length": folder.window, "pad_token": folder.pad_token });
    Ok(TokenizerFiles {
        tokenizer_file: folder.tokenizer_file()?,
        config_file: folder.config_file()?,
        special_tokens_map_file: folder.special_tokens()?,
        tokenizer_config_file: config.to_string().into_bytes(),
    })
}

impl LoadedModel {
    /// The vectors of texts that run as one batch. What lies beyond the window is not read.
    pub(crate) fn embed(&mut self, texts: &[&str]) -> Result<Vec<Vec<f32>>, String> {
        self.embedding
            .embed(texts, Some(texts.len().max(1)))
            .map_err(|error| error.to_string())
    }
}

impl Words {
    /// Takes over a tokenizer. Files ship with truncation and padding switched on (to 128 tokens, in this
    /// family), which would make a long text seem short and a short one long.
    pub(crate) fn new(mut tokenizer: Tokenizer) -> Result<Self, fastembed::Error> {
        let special = tokenizer
            .get_post_processor()
            .map_or(0, |processor| processor.added_tokens(false));
        tokenizer.with_padding(None);
        tokenizer
            .with_truncation(None)
            .map_err(|error| fastembed::Error::TokenizerConfig(error.to_string()))?;
        Ok(Self { tokenizer, special })
    }

    /// How many special tokens stand around every text.
    pub(crate) fn special(&self) -> usize {
        self.special
    }

    /// The byte ranges of the tokens of `text`, without the special ones.
    pub(crate) fn ranges(&self, text: &str) -> Result<Vec<Range<usize>>, String> {
        let encoding = self
            .tokenizer
            .encode(text, false)
            .map_err(|error| error.to_string())?;

        Ok(encoding
            .get_offsets()
            .iter()
            .map(|&(start, end)| start..end)
            .collect())
    }

    /// How much of the window `text` takes, special tokens included.
    pub(crate) fn length(&self, text: &str) -> Result<usize, String> {
        let encoding = self
            .tokenizer
            .encode_fast(text, true)
            .map_err(|error| error.to_string())?;
        Ok(encoding.len())
    }
}

#[cfg(test)]
mod tests;
