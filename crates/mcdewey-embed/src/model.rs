//! The model itself: fastembed over an ONNX Runtime session, with its tokenizer.
//!
//! Starts no threads and keeps no queue; the caller decides where inference runs.

use std::ops::Range;
use std::path::Path;

use fastembed::{
    InitOptionsUserDefined, QuantizationMode, TextEmbedding, TokenizerFiles,
    UserDefinedEmbeddingModel,
};
use mcdewey_provision::model_folder::WEIGHTS;
use ort::environment::Environment;
use serde_json::json;
use tokenizers::{PostProcessor, Tokenizer};

use crate::folder::{BertFolder, FolderError};
use crate::graph;
use crate::tensors::WeightsFile;

/// Session option with the folder in which the graph, loaded from memory, finds its weights. The
/// runtime maps the file instead of reading it.
const WEIGHTS_FOLDER: &str = "session.model_external_initializers_file_folder_path";
/// Session option that lets idle runtime threads spin while they wait for work. Off: beside other
/// busy processes, spinning doubled the processor time of a question and cost a third of the
/// throughput of chunks.
pub(crate) const SPINNING: &str = "session.intra_op.allow_spinning";

/// A model that is ready to run.
pub(crate) struct LoadedModel {
    embedding: TextEmbedding,
    pub(crate) tokenizer: ModelTokenizer,
}

/// The model's tokenizer, with neither truncation nor padding.
#[derive(Debug, Clone)]
pub(crate) struct ModelTokenizer {
    tokenizer: Tokenizer,
    special_tokens: usize,
}

/// Why a model cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error("{0}")]
    Session(#[from] fastembed::Error),
}

/// Loads the model of a folder, to be run by `threads` compute threads.
pub(crate) fn load(
    folder: &BertFolder,
    environment: Environment,
    threads: usize,
) -> Result<LoadedModel, LoadError> {
    let weights = WeightsFile::open(&folder.dir.join(WEIGHTS))?;
    let model =
        UserDefinedEmbeddingModel::new(graph::write(folder, &weights)?, tokenizer_files(folder)?)
            .with_pooling(folder.pooling.clone())
            .with_quantization(QuantizationMode::None);

    let options = InitOptionsUserDefined::new()
        .with_environment(environment)
        .with_max_length(folder.window)
        .with_intra_threads(threads)
        .with_session_config(WEIGHTS_FOLDER, weights.dir().to_string_lossy())
        .with_session_config(SPINNING, "0");

    let embedding = TextEmbedding::try_new_from_user_defined(model, options)?;
    let tokenizer = ModelTokenizer::new(embedding.tokenizer.clone())?;
    Ok(LoadedModel {
        embedding,
        tokenizer,
    })
}

/// Returns the graph that is run for the model of a folder, as an ONNX file. Its weights are not in
/// it: it refers to the folder's `model.safetensors`.
///
/// # Errors
///
/// If the folder is not that of a supported model.
pub fn onnx_graph(dir: &Path) -> Result<Vec<u8>, FolderError> {
    let folder = BertFolder::read(dir)?;
    let weights = WeightsFile::open(&folder.dir.join(WEIGHTS))?;
    graph::write(&folder, &weights)
}

/// Collects the four files that fastembed requires. A folder may lack two of them: the special
/// tokens map falls back to an empty object, and the tokenizer's configuration is written from the
/// values that fastembed needs of it.
fn tokenizer_files(folder: &BertFolder) -> Result<TokenizerFiles, FolderError> {
    let tokenizer_config =
        json!({ "model_max_length": folder.window, "pad_token": folder.pad_token });

    Ok(TokenizerFiles {
        tokenizer_file: folder.read_tokenizer()?,
        config_file: folder.read_config()?,
        special_tokens_map_file: folder.read_special_tokens()?,
        tokenizer_config_file: tokenizer_config.to_string().into_bytes(),
    })
}

impl LoadedModel {
    /// Embeds texts as one batch. Tokens beyond the window are ignored.
    pub(crate) fn embed(&mut self, texts: &[&str]) -> Result<Vec<Vec<f32>>, String> {
        self.embedding
            .embed(texts, Some(texts.len().max(1)))
            .map_err(|error| error.to_string())
    }
}

impl ModelTokenizer {
    /// Turns off truncation and padding. Tokenizer files ship with both switched on (to 128 tokens,
    /// in this family), which would make a long text seem short and a short one long.
    pub(crate) fn new(mut tokenizer: Tokenizer) -> Result<Self, fastembed::Error> {
        let special_tokens = tokenizer
            .get_post_processor()
            .map_or(0, |processor| processor.added_tokens(false));

        tokenizer.with_padding(None);
        tokenizer
            .with_truncation(None)
            .map_err(|error| fastembed::Error::TokenizerConfig(error.to_string()))?;

        Ok(Self {
            tokenizer,
            special_tokens,
        })
    }

    /// Returns the number of special tokens added to every text.
    pub(crate) fn special_tokens(&self) -> usize {
        self.special_tokens
    }

    /// Returns the byte ranges of the tokens of `text`, without special tokens.
    pub(crate) fn token_ranges(&self, text: &str) -> Result<Vec<Range<usize>>, String> {
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

    /// Counts the tokens of `text`, special tokens included.
    pub(crate) fn token_count(&self, text: &str) -> Result<usize, String> {
        let encoding = self
            .tokenizer
            .encode_fast(text, true)
            .map_err(|error| error.to_string())?;

        Ok(encoding.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A WordPiece tokenizer that ships, as real ones do, with truncation and padding switched on.
    fn tokenizer() -> ModelTokenizer {
        let json = r###"{
            "version": "1.0",
            "truncation": {"max_length": 4, "strategy": "LongestFirst", "stride": 0},
            "padding": {"strategy": {"Fixed": 4}, "direction": "Right", "pad_to_multiple_of": null,
                "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"},
            "added_tokens": [],
            "normalizer": null,
            "pre_tokenizer": {"type": "BertPreTokenizer"},
            "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]},
            "decoder": null,
            "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 100,
                "vocab": {"[PAD]": 0, "[CLS]": 1, "[SEP]": 2, "[UNK]": 3, "bar": 4, "##ge": 5,
                    "é": 6}}
        }"###;

        ModelTokenizer::new(Tokenizer::from_bytes(json).unwrap()).unwrap()
    }

    #[test]
    fn truncation_and_padding_are_switched_off() {
        let tokenizer = tokenizer();
        assert_eq!(tokenizer.special_tokens(), 2);
        assert_eq!(tokenizer.token_count("barge barge barge").unwrap(), 8);
        assert_eq!(tokenizer.token_count("").unwrap(), 2);
    }

    #[test]
    fn token_ranges_are_byte_ranges_of_the_text() {
        let ranges = tokenizer().token_ranges("é barge ?").unwrap();
        assert_eq!(ranges, [0..2, 3..6, 6..8, 9..10]);
        assert!(tokenizer().token_ranges("").unwrap().is_empty());
    }
}
