//! [`CrossEncoder`]: implements [`mcdewey_core::Rerank`] with a model from a local folder.
//!
//! The folder holds an ONNX file and a tokenizer, as model hubs publish them. One session per core,
//! each on one thread, reads a passage at a time: nothing is padded, and a score cannot depend on the
//! other passages.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

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
use worker::{RerankWorkers, ScorePassage, score_guarded};

/// The maximum number of sessions: each holds the model's weights in memory.
const MAX_SESSIONS: usize = 8;
/// The passage of the trial run, about as long as a real one.
const TRIAL: &str = "Barge in. A supervisor who monitors a call joins it, and the agent, the caller and \
                     the supervisor hear each other. The state of the agent stays Talking, and the call \
                     continues if the supervisor leaves it. Select the call, then select the button.";

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

/// A cross-encoder that is loaded and ready. Dropping it ends its threads.
pub struct CrossEncoder {
    /// The name of its folder.
    name: String,
    onnx: PathBuf,
    workers: RerankWorkers,
}

impl CrossEncoder {
    /// Checks that a folder has the files of a cross-encoder, without loading the model.
    pub fn check(dir: &Path) -> Result<(), CrossEncoderError> {
        CrossEncoderFolder::read(dir).map(drop)
    }

    /// Loads the model in `dir` and runs it as a trial, which also measures its speed. Blocks while
    /// loading.
    ///
    /// `library` is the ONNX Runtime library, ignored if this process has already loaded one;
    /// `threads` is the number of sessions, each with one thread (0 means one per core).
    pub fn start(dir: &Path, library: &Path, threads: usize) -> Result<Self, CrossEncoderError> {
        let folder = CrossEncoderFolder::read(dir)?;
        let environment = runtime::environment(library)?;
        let mut sessions = Vec::new();
        for _ in 0..runtime::thread_count(threads).min(MAX_SESSIONS) {
            sessions.push(load(&folder, environment.clone())?);
        }

        // A model that does not return one score must fail here, not at the first search. Each
        // session runs twice, because its first run is slow.
        let mut trial = Duration::ZERO;
        for session in &mut sessions {
            for _ in 0..2 {
                let started = Instant::now();
                score_guarded(session, "barge", TRIAL)
                    .map_err(|error| folder.model_error(error.to_string()))?;
                trial = started.elapsed();
            }
        }

        Ok(Self {
            name: dir
                .file_name()
                .unwrap_or(dir.as_os_str())
                .to_string_lossy()
                .into_owned(),
            workers: RerankWorkers::start(sessions, trial, TRIAL.len())
                .map_err(CrossEncoderError::Thread)?,
            onnx: folder.onnx,
        })
    }
}

fn load(
    folder: &CrossEncoderFolder,
    environment: Environment,
) -> Result<ScorePassage, CrossEncoderError> {
    let model = UserDefinedRerankingModel::new(folder.onnx.clone(), folder.tokenizer_files()?);
    let options = RerankInitOptionsUserDefined::new()
        .with_environment(environment)
        .with_max_length(folder.window)
        .with_intra_threads(1)
        .with_session_config(SPINNING, "0");

    let mut session = TextRerank::try_new_from_user_defined(model, options)
        .map_err(|error| folder.model_error(error.to_string()))?;

    Ok(Box::new(move |question, passage| {
        score(&mut session, question, passage)
    }))
}

/// Scores a passage. If the question and the passage together exceed the window, the longer of the two
/// is truncated.
fn score(session: &mut TextRerank, question: &str, passage: &str) -> Result<f32, String> {
    let results = session
        .rerank(question, [passage], false, Some(1))
        .map_err(|error| error.to_string())?;

    match results.as_slice() {
        [result] => Ok(result.score),
        _ => Err(format!("{} scores for one passage", results.len())),
    }
}

#[async_trait]
impl Rerank for CrossEncoder {
    fn name(&self) -> &str {
        &self.name
    }

    async fn scores(&self, question: &str, texts: Vec<String>) -> Result<Vec<f32>, RerankError> {
        self.workers.score(question, texts).await
    }

    fn expected_time(&self, question: &str, texts: &[String]) -> Duration {
        self.workers.expected_time(question, texts)
    }

    fn measure_speed(&self, question: &str, text: &str) {
        self.workers.measure_speed(question, text);
    }
}

impl fmt::Debug for CrossEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CrossEncoder")
            .field("onnx", &self.onnx)
            .finish_non_exhaustive()
    }
}
