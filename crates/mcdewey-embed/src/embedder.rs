//! [`OnnxEmbedder`]: the model of a provisioned folder behind [`mcdewey_core::Embed`].
//!
//! The model runs on a thread of its own; awaiting a vector never blocks the async runtime. Questions may be longer than
//! the window and then say so; passages may not.

use std::fmt;
use std::io;
use std::ops::Range;

use async_trait::async_trait;
use mcdewey_core::{Embed, EmbedError, ModelInfo, QuestionEmbedding};
use sha2::{Digest, Sha256};

use crate::batch;
use crate::folder::{BertFolder, FolderError};
use crate::graph;
use crate::model::{self, LoadError, Words};
use crate::provision::Provisioned;
use crate::queue::Queue;
use crate::runtime::{self, RuntimeError};

/// How the model is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmbedderOptions {
    /// Threads that compute; 0 means one per core.
    pub threads: usize,
    /// Questions that may wait at once; one more is refused as overloaded.
    pub queue: usize,
}

impl Default for EmbedderOptions {
    fn default() -> Self {
        Self {
            threads: 0,
            queue: 256,
        }
    }
}

/// Why the model could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The model's folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The ONNX Runtime library cannot be used.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The runtime or the tokenizer refused the model.
    #[error(
        "the model {name} could not be loaded ({problem}); check that its folder is complete and unharmed"
    )]
    Model {
        /// The model's name.
        name: String,
        /// What was refused.
        problem: String,
    },
    /// The operating system gave no thread.
    #[error("no thread could be started for the model: {0}")]
    Thread(io::Error),
}

/// An embedding model that is loaded and ready. Dropping it ends its thread.
pub struct OnnxEmbedder {
    info: ModelInfo,
    words: Words,
    queue: Queue,
}

impl OnnxEmbedder {
    /// Loads a model; blocks while it does (about a fifth of a second for all-MiniLM-L6-v2).
    pub fn start(provisioned: &Provisioned, options: EmbedderOptions) -> Result<Self, StartError> {
        let folder = BertFolder::read(&provisioned.model_dir)?;
        let environment = runtime::environment(&provisioned.runtime)?;
        let threads = runtime::threads(options.threads);

        let mut model =
            model::load(&folder, environment, threads).map_err(|error| match error {
                LoadError::Folder(error) => StartError::Folder(error),
                LoadError::Session(error) => StartError::Model {
                    name: provisioned.name.clone(),
                    problem: error.to_string(),
                },
            })?;

        let words = model.words.clone();
        let queue = Queue::start(Box::new(move |texts| model.embed(texts)), options.queue)
            .map_err(StartError::Thread)?;
        Ok(Self {
            info: info(provisioned, &folder, &words),
            words,
            queue,
        })
    }

    /// Ends the model's thread once its batch is done. Whoever waits for a vector, and whoever asks later, is told that
    /// the model is closed.
    pub fn close(&self) {
        self.queue.close();
    }

    /// Runs `work` where blocking is allowed.
    async fn off_the_runtime<T, F>(&self, work: F) -> Result<T, EmbedError>
    where
        T: Send + 'static,
        F: FnOnce(&Words) -> Result<T, String> + Send + 'static,
    {
        let words = self.words.clone();
        let result = tokio::task::spawn_blocking(move || work(&words)).await;
        result
            .map_err(|error| EmbedError::Model(error.to_string()))?
            .map_err(EmbedError::Model)
    }
}

fn info(provisioned: &Provisioned, folder: &BertFolder, words: &Words) -> ModelInfo {
    let sha = Sha256::digest(format!("{} graph {}", provisioned.digest, graph::VERSION));
    ModelInfo {
        name: provisioned.name.clone(),
        fingerprint: hex::encode(&sha[..16]),
        dimensions: folder.config.hidden_size,
        window: folder.window,
        special_tokens: words.special(),
    }
}

#[async_trait]
impl Embed for OnnxEmbedder {
    fn model(&self) -> &ModelInfo {
        &self.info
    }

    async fn question(&self, text: &str) -> Result<QuestionEmbedding, EmbedError> {
        let vector = self.queue.question(text.to_owned()).await?;
        let (text, window) = (text.to_owned(), self.info.window);
        let truncated = self
            .off_the_runtime(move |words| Ok(words.length(&text)? > window))
            .await?;
        Ok(QuestionEmbedding { vector, truncated })
    }

    async fn passages(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedError> {
        let admission = self.queue.admit().await?;
        let window = self.info.window;
        let (texts, batches) = self
            .off_the_runtime(move |words| measured(words, texts, window))
            .await?;
        self.queue.passages(admission, texts, batches).await
    }

    fn tokens(&self, text: &str) -> Result<Vec<Range<usize>>, EmbedError> {
        self.words.ranges(text).map_err(EmbedError::Model)
    }
}

/// Passages with their batches; an error if one does not fit into the window.
fn measured(
    words: &Words,
    texts: Vec<String>,
    window: usize,
) -> Result<(Vec<String>, Vec<Vec<usize>>), String> {
    let mut lengths = Vec::with_capacity(texts.len());
    for (position, text) in texts.iter().enumerate() {
        let length = words.length(text)?;
        if length > window {
            let beginning: String = text.chars().take(40).collect();
            return Err(format!(
                "passage {position} ({beginning:?}…) has {length} tokens where the model reads {window}; split it"
            ));
        }
        lengths.push(length);
    }

    Ok((texts, batch::plan(&lengths)))
}

impl fmt::Debug for OnnxEmbedder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnnxEmbedder")
            .field("model", &self.info)
            .finish_non_exhaustive()
    }
}
