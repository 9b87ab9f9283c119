//! [`CrossEncoder`]: a cross-encoder from a folder of the operator's behind [`mcdewey_core::Rerank`].
//!
//! Nothing is fetched: the folder holds an ONNX file and a tokenizer, as model hubs publish them. The model runs on a
//! thread of its own, a few passages at a time, so that work nobody waits for any more ends soon.

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

mod desk;
mod folder;

use desk::{Desk, Run, guarded};
use folder::CrossFolder;

/// Why the cross-encoder cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CrossEncoderError {
    /// A file is not there.
    #[error(
        "the reranker's folder {dir} lacks {file}; it must hold a cross-encoder as model.onnx (or onnx/model.onnx, or \
         onnx/model_quantized.onnx) with its tokenizer.json and config.json", dir = dir.display()
    )]
    Missing {
        /// The folder.
        dir: PathBuf,
        /// The file's name in it.
        file: &'static str,
    },
    /// A file cannot be read or understood.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The model gives several numbers for a passage.
    #[error(
        "the model in {dir} tells {labels} classes apart, but a reranker must give one score; use a cross-encoder made for \
         ranking", dir = dir.display()
    )]
    Classifier {
        /// The folder.
        dir: PathBuf,
        /// How many classes its configuration names.
        labels: usize,
    },
    /// The ONNX Runtime library cannot be used.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The runtime or the tokenizer refused the model, or it failed at a trial.
    #[error("the reranker {onnx} cannot be used ({problem}); check that it is a whole cross-encoder", onnx = onnx.display())]
    Model {
        /// The model's file.
        onnx: PathBuf,
        /// What was refused.
        problem: String,
    },
    /// The operating system gave no thread.
    #[error("no thread could be started for the reranker: {0}")]
    Thread(io::Error),
}

/// A cross-encoder that is loaded and ready. Dropping it ends its thread.
pub struct CrossEncoder {
    onnx: PathBuf,
    desk: Desk,
}

impl CrossEncoder {
    /// Whether a folder has the files of a cross-encoder. Loads nothing.
    pub fn check(dir: &Path) -> Result<(), CrossEncoderError> {
        CrossFolder::read(dir).map(drop)
    }

    /// Loads the model of a folder, to be computed by `threads` threads (0 means one per core), with the ONNX Runtime
    /// in `library` unless this process has loaded one already. Blocks while it loads, and tries the model once.
    pub fn start(dir: &Path, library: &Path, threads: usize) -> Result<Self, CrossEncoderError> {
        let folder = CrossFolder::read(dir)?;
        let mut run = load(
            &folder,
            runtime::environment(library)?,
            runtime::threads(threads),
        )?;

        guarded(&mut run, "barge", &["barge", "barge in"])
            .map_err(|error| folder.refused(error.to_string()))?;
        Ok(Self {
            desk: Desk::start(run).map_err(CrossEncoderError::Thread)?,
            onnx: folder.onnx,
        })
    }
}

fn load(
    folder: &CrossFolder,
    environment: Environment,
    threads: usize,
) -> Result<Run, CrossEncoderError> {
    let model = UserDefinedRerankingModel::new(folder.onnx.clone(), folder.tokenizer_files()?);
    let options = RerankInitOptionsUserDefined::new()
        .with_environment(environment)
        .with_max_length(folder.window)
        .with_intra_threads(threads)
        .with_session_config(SPINNING, "0");

    let session = TextRerank::try_new_from_user_defined(model, options);
    let mut session = session.map_err(|error| folder.refused(error.to_string()))?;
    Ok(Box::new(move |question, passages| {
        scores(&mut session, question, passages)
    }))
}

/// The scores of passages that run as one batch, in their order. Of a pair longer than the window the end of the longer
/// part is not read.
fn scores(session: &mut TextRerank, question: &str, passages: &[&str]) -> Result<Vec<f32>, String> {
    let ranked = session.rerank(question, passages, false, Some(passages.len().max(1)));
    let mut scores = vec![f32::NAN; passages.len()];
    for one in ranked.map_err(|error| error.to_string())? {
        scores[one.index] = one.score;
    }

    Ok(scores)
}

#[async_trait]
impl Rerank for CrossEncoder {
    async fn scores(&self, question: &str, passages: Vec<String>) -> Result<Vec<f32>, RerankError> {
        self.desk.scores(question.to_owned(), passages).await
    }
}

impl fmt::Debug for CrossEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CrossEncoder")
            .field("onnx", &self.onnx)
            .finish_non_exhaustive()
    }
}
