//! [`CrossEncoder`]: implements [`mcdewey_core::Rerank`] with a model from a local folder.
//!
//! Nothing is downloaded: the folder holds an ONNX file and a tokenizer, as model hubs publish
//! them. The model runs on its own thread, a few chunks at a time, so that abandoned work ends soon.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use fastembed::{RerankInitOptionsUserDefined, TextRerank, UserDefinedRerankingModel};
use mcdewey_core::{Rerank, RerankError};
use ort::environment::Environment;

use crate::folder::FolderError;
use crate::model::SPINNING;
use crate::runtime::{self, RuntimeError};

mod folder;
mod worker;

use folder::CrossEncoderFolder;
use worker::{RerankWorker, ScoreBatch, score_guarded};

/// Why the cross-encoder cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CrossEncoderError {
    #[error(
        "the reranker's folder {dir} lacks {file}; it must hold a cross-encoder as model.onnx (or \
         onnx/model.onnx, or onnx/model_quantized.onnx) with its tokenizer.json and config.json",
        dir = dir.display()
    )]
    Missing {
        dir: PathBuf,
        /// The missing file's path relative to `dir`.
        file: &'static str,
    },
    /// A file cannot be read or parsed.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The model returns several numbers per chunk.
    #[error(
        "the model in {dir} distinguishes {labels} classes, but a reranker must return a single \
         score; use a cross-encoder made for ranking",
        dir = dir.display()
    )]
    Classifier {
        dir: PathBuf,
        /// Number of classes in the model's configuration.
        labels: usize,
    },
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The runtime or the tokenizer rejected the model, or its trial run failed.
    #[error(
        "cannot use the reranker {onnx} ({problem}); check that it is a complete cross-encoder",
        onnx = onnx.display()
    )]
    Model { onnx: PathBuf, problem: String },
    /// The operating system could not start a thread.
    #[error("cannot start the reranker's thread: {0}")]
    Thread(io::Error),
}

/// A cross-encoder that is loaded and ready. Dropping it ends its thread.
pub struct CrossEncoder {
    onnx: PathBuf,
    worker: RerankWorker,
}

impl CrossEncoder {
    /// Checks that a folder has the files of a cross-encoder, without loading the model.
    pub fn check(dir: &Path) -> Result<(), CrossEncoderError> {
        CrossEncoderFolder::read(dir).map(drop)
    }

    /// Loads the model in `dir` and runs it once as a trial. Blocks while loading.
    ///
    /// `library` is the ONNX Runtime library, ignored if this process has already loaded one;
    /// `threads` is the number of compute threads (0 means one per core).
    pub fn start(dir: &Path, library: &Path, threads: usize) -> Result<Self, CrossEncoderError> {
        let folder = CrossEncoderFolder::read(dir)?;
        let mut score_batch = load(
            &folder,
            runtime::environment(library)?,
            runtime::thread_count(threads),
        )?;

        // A model that does not return one score per chunk must fail here, not at the first search.
        score_guarded(&mut score_batch, "barge", &["barge", "barge in"])
            .map_err(|error| folder.model_error(error.to_string()))?;

        Ok(Self {
            worker: RerankWorker::start(score_batch).map_err(CrossEncoderError::Thread)?,
            onnx: folder.onnx,
        })
    }
}

fn load(
    folder: &CrossEncoderFolder,
    environment: Environment,
    threads: usize,
) -> Result<ScoreBatch, CrossEncoderError> {
    let model = UserDefinedRerankingModel::new(folder.onnx.clone(), folder.tokenizer_files()?);
    let options = RerankInitOptionsUserDefined::new()
        .with_environment(environment)
        .with_max_length(folder.window)
        .with_intra_threads(threads)
        .with_session_config(SPINNING, "0");

    let mut session = TextRerank::try_new_from_user_defined(model, options)
        .map_err(|error| folder.model_error(error.to_string()))?;

    Ok(Box::new(move |question, chunks| {
        score(&mut session, question, chunks)
    }))
}

/// Scores chunks as one batch and returns the scores in their order. If a pair of question and
/// chunk exceeds the window, the longer of the two is truncated.
fn score(session: &mut TextRerank, question: &str, chunks: &[&str]) -> Result<Vec<f32>, String> {
    let results = session
        .rerank(question, chunks, false, Some(chunks.len().max(1)))
        .map_err(|error| error.to_string())?;

    // Results are sorted by score. A chunk without one keeps NaN, which the caller rejects.
    let mut scores = vec![f32::NAN; chunks.len()];
    for result in results {
        scores[result.index] = result.score;
    }

    Ok(scores)
}

#[async_trait]
impl Rerank for CrossEncoder {
    async fn scores(&self, question: &str, chunks: Vec<String>) -> Result<Vec<f32>, RerankError> {
        self.worker.score(question.to_owned(), chunks).await
    }
}

impl fmt::Debug for CrossEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CrossEncoder")
            .field("onnx", &self.onnx)
            .finish_non_exhaustive()
    }
}
