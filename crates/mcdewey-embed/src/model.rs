//! The model itself: fastembed over sessions of ONNX Runtime, with its tokenizer.
//!
//! Keeps no threads and no queue; the caller decides where inference runs. A session computes on
//! the thread that calls it: several of them with one text each embed more texts per second than
//! one with as many threads, and need no padding.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use fastembed::{
    InitOptionsUserDefined, QuantizationMode, TextEmbedding, TokenizerFiles,
    UserDefinedEmbeddingModel,
};
use mcdewey_provision::model_folder::WEIGHTS;
use ort::environment::Environment;
use serde_json::json;
use tokenizers::{PostProcessor, Tokenizer};

use crate::calibration;
use crate::folder::{BertFolder, FolderError};
use crate::graph::{self, Int8Products};
use crate::precision::Precision;
use crate::quantise::WeightType;
use crate::tensors::WeightsFile;
use crate::word_tokens::{WordTokens, byte_ranges};

/// Session option with the folder in which the graph, loaded from memory, finds its weights. The
/// runtime maps the file instead of reading it.
const WEIGHTS_FOLDER: &str = "session.model_external_initializers_file_folder_path";
/// Session option that lets idle runtime threads spin while they wait for work. Off: beside other
/// busy processes, spinning doubled the processor time of a question and cost a third of the
/// throughput of chunks.
pub(crate) const SPINNING: &str = "session.intra_op.allow_spinning";
/// Session option that leaves weights where they are mapped, shared by all sessions, instead of
/// copying them in the layout of the processor's kernels.
const NO_PREPACKING: &str = "session.disable_prepacking";
/// Session option against kernels for ARM that quantise activations row by row: the same library
/// must have the same vectors on every processor.
const NO_KLEIDIAI: &str = "mlas.disable_kleidiai";

/// How many sessions of fp32 have their own copy of the weights (42 MB for all-MiniLM-L6-v2). With
/// it, a passage takes 3 to 8 % less time, and a short question 3 ms instead of 5.
const PREPACKED_SESSIONS: usize = 5;
/// How far the length of a vector may be from 1.
const LENGTH_TOLERANCE: f32 = 1e-3;
/// Fewer bytes than most tokens have, to choose how much memory a list of them takes at once.
const BYTES_PER_TOKEN: usize = 3;

/// Everything that the sessions of a model are made from.
pub(crate) struct LoadedModel {
    definition: UserDefinedEmbeddingModel,
    options: InitOptionsUserDefined,
    dimensions: usize,
    pub(crate) tokenizer: ModelTokenizer,
}

/// A session of the runtime, with one compute thread: the caller's.
pub(crate) struct ModelSession {
    embedding: TextEmbedding,
    dimensions: usize,
}

/// The model's tokenizer, with neither truncation nor padding.
#[derive(Debug, Clone)]
pub(crate) struct ModelTokenizer {
    tokenizer: Tokenizer,
    special_tokens: usize,
    /// `None` if this tokenizer cannot be asked word by word.
    words: Option<Arc<WordTokens>>,
}

/// Why a model cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error("{0}")]
    Session(#[from] fastembed::Error),
}

/// Loads the model of a folder.
pub(crate) fn load(
    folder: &BertFolder,
    environment: Environment,
    precision: Precision,
) -> Result<LoadedModel, LoadError> {
    let weights = WeightsFile::open(&folder.dir.join(WEIGHTS))?;
    let files = tokenizer_files(folder)?;
    let tokenizer = ModelTokenizer::read(&files.tokenizer_file)?;
    let (int8, quantization) = match precision {
        Precision::Fp32 => (None, QuantizationMode::None),
        Precision::Int8 => {
            let empty_text = tokenizer
                .token_ids("")
                .map_err(fastembed::Error::Tokenization)?;
            let layers = calibration::calibrate(&folder.config, &weights, &empty_text)?;
            let weight_type = WeightType::of_this_processor();
            let products = Int8Products {
                weight_type,
                layers,
            };
            (Some(products), QuantizationMode::Dynamic)
        }
    };

    let graph = graph::write(folder, &weights, int8.as_ref())?;
    let definition = UserDefinedEmbeddingModel::new(graph, files)
        .with_pooling(folder.pooling.clone())
        .with_quantization(quantization);

    // Threads of the tokenizer's own would compete with those of the sessions.
    tokenizers::parallelism::set_parallelism(false);
    let mut options = InitOptionsUserDefined::new()
        .with_environment(environment)
        .with_max_length(folder.window)
        .with_intra_threads(1)
        .with_session_config(WEIGHTS_FOLDER, weights.dir().to_string_lossy())
        .with_session_config(SPINNING, "0");
    if int8.is_some() {
        options = options.with_session_config(NO_KLEIDIAI, "1");
    }

    Ok(LoadedModel {
        definition,
        options,
        dimensions: folder.config.hidden_size,
        tokenizer,
    })
}

/// Returns the graph that is run for the model of a folder in fp32, as an ONNX file. Its weights are not in
/// it: it refers to the folder's `model.safetensors`.
///
/// # Errors
///
/// If the folder is not that of a supported model.
pub fn onnx_graph(dir: &Path) -> Result<Vec<u8>, FolderError> {
    let folder = BertFolder::read(dir)?;
    let weights = WeightsFile::open(&folder.dir.join(WEIGHTS))?;
    graph::write(&folder, &weights, None)
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
    /// Starts sessions, all at the same time.
    pub(crate) fn start_sessions(&self, count: usize) -> Result<Vec<ModelSession>, LoadError> {
        thread::scope(|scope| {
            let starting: Vec<_> = (0..count)
                .map(|number| scope.spawn(move || self.start_session(number < PREPACKED_SESSIONS)))
                .collect();

            starting
                .into_iter()
                .map(|session| match session.join() {
                    Ok(session) => session,
                    Err(panic) => std::panic::resume_unwind(panic),
                })
                .collect()
        })
    }

    fn start_session(&self, prepacked: bool) -> Result<ModelSession, LoadError> {
        // The weights of 8-bit products are part of the graph: leaving them unpacked saves nothing.
        let prepacked = prepacked || self.definition.quantization == QuantizationMode::Dynamic;
        let options = self
            .options
            .clone()
            .with_session_config(NO_PREPACKING, if prepacked { "0" } else { "1" });

        Ok(ModelSession {
            embedding: TextEmbedding::try_new_from_user_defined(self.definition.clone(), options)?,
            dimensions: self.dimensions,
        })
    }
}

impl ModelSession {
    /// Embeds one text. Tokens beyond the window are ignored.
    pub(crate) fn embed(&mut self, text: &str) -> Result<Vec<f32>, String> {
        let vector = self
            .embedding
            .embed([text], None)
            .map_err(|error| error.to_string())?
            .pop()
            .ok_or("it returned no vector")?;

        check(&vector, self.dimensions)?;
        Ok(vector)
    }
}

/// Returns an error unless a vector has all dimensions and unit length, which one with NaN or
/// infinite numbers does not have.
fn check(vector: &[f32], dimensions: usize) -> Result<(), String> {
    if vector.len() != dimensions {
        return Err(format!(
            "it returned a vector of {} numbers instead of {dimensions}",
            vector.len()
        ));
    }

    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if (length - 1.0).abs() < LENGTH_TOLERANCE {
        Ok(())
    } else {
        Err(format!(
            "it returned a vector of length {length} instead of 1"
        ))
    }
}

impl ModelTokenizer {
    /// Reads a `tokenizer.json`.
    fn read(file: &[u8]) -> Result<Self, fastembed::Error> {
        let tokenizer = Tokenizer::from_bytes(file).map_err(|error| {
            fastembed::Error::TokenizerConfig(format!("tokenizer.json: {error}"))
        })?;
        Self::new(tokenizer)
    }

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
            words: WordTokens::new(&tokenizer).map(Arc::new),
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
        let Some(words) = &self.words else {
            return byte_ranges(&self.tokenizer, text);
        };

        let mut ranges = Vec::with_capacity(text.len() / BYTES_PER_TOKEN);
        words.find(&self.tokenizer, text, |range| ranges.push(range))?;
        Ok(ranges)
    }

    /// Returns the ids of the tokens of `text`, special tokens included.
    pub(crate) fn token_ids(&self, text: &str) -> Result<Vec<u32>, String> {
        let encoding = self
            .tokenizer
            .encode_fast(text, true)
            .map_err(|error| error.to_string())?;

        Ok(encoding.get_ids().to_vec())
    }

    /// Counts the tokens of `text`, special tokens included.
    pub(crate) fn token_count(&self, text: &str) -> Result<usize, String> {
        let Some(words) = &self.words else {
            return self.token_ids(text).map(|ids| ids.len());
        };

        let mut count = self.special_tokens;
        words.find(&self.tokenizer, text, |_| count += 1)?;
        Ok(count)
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
    fn vectors_of_another_length_or_with_nan_are_errors() {
        assert_eq!(check(&[0.6, 0.8], 2), Ok(()));
        for (vector, problem) in [
            (vec![1.0], "1 numbers instead of 2"),
            (vec![f32::NAN, 1.0], "length NaN"),
            (vec![f32::INFINITY, 0.0], "length inf"),
            (vec![0.0, 0.0], "length 0"),
        ] {
            let error = check(&vector, 2).unwrap_err();
            assert!(error.contains(problem), "{error}");
        }
    }

    #[test]
    fn token_ranges_are_byte_ranges_of_the_text() {
        let ranges = tokenizer().token_ranges("é barge ?").unwrap();
        assert_eq!(ranges, [0..2, 3..6, 6..8, 9..10]);
        assert!(tokenizer().token_ranges("").unwrap().is_empty());
    }
}
