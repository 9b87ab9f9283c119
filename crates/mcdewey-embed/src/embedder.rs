//! [`OnnxEmbedder`]: implements [`mcdewey_core::Embed`] with a provisioned model.
//!
//! The model runs on its own thread; awaiting a vector never blocks the async runtime. A question
//! may be longer than the window, and its embedding then reports the truncation; a chunk may not.

use std::fmt;
use std::io;
use std::ops::Range;

use async_trait::async_trait;
use mcdewey_core::{Embed, EmbedError, ModelInfo, QuestionEmbedding};
use mcdewey_provision::Provisioned;
use sha2::{Digest, Sha256};

use crate::batch;
use crate::folder::{BertFolder, FolderError};
use crate::graph::GRAPH_VERSION;
use crate::model::{self, LoadError, ModelTokenizer};
use crate::queue::EmbeddingQueue;
use crate::runtime::{self, RuntimeError};

/// How the model is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmbedderOptions {
    /// Compute threads; 0 means one per core.
    pub threads: usize,
    /// Questions that may wait or run at once; further ones are rejected as overloaded.
    pub max_questions: usize,
}

impl Default for EmbedderOptions {
    fn default() -> Self {
        Self {
            threads: 0,
            max_questions: 256,
        }
    }
}

/// Why the model could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The runtime or the tokenizer rejected the model.
    #[error(
        "cannot load the model {name} ({problem}); check that its folder is complete and undamaged"
    )]
    Model { name: String, problem: String },
    /// The operating system could not start a thread.
    #[error("cannot start the model's thread: {0}")]
    Thread(io::Error),
}

/// An embedding model that is loaded and ready. Dropping it ends its thread.
pub struct OnnxEmbedder {
    info: ModelInfo,
    tokenizer: ModelTokenizer,
    queue: EmbeddingQueue,
}

impl OnnxEmbedder {
    /// Loads a model. Blocks while loading (about a fifth of a second for all-MiniLM-L6-v2).
    pub fn start(provisioned: &Provisioned, options: EmbedderOptions) -> Result<Self, StartError> {
        let folder = BertFolder::read(&provisioned.model_dir)?;
        let environment = runtime::environment(&provisioned.runtime)?;
        let threads = runtime::thread_count(options.threads);

        let mut model =
            model::load(&folder, environment, threads).map_err(|error| match error {
                LoadError::Folder(error) => StartError::Folder(error),
                LoadError::Session(error) => StartError::Model {
                    name: provisioned.name.clone(),
                    problem: error.to_string(),
                },
            })?;

        let tokenizer = model.tokenizer.clone();
        let queue = EmbeddingQueue::start(
            Box::new(move |texts| model.embed(texts)),
            options.max_questions,
        )
        .map_err(StartError::Thread)?;

        Ok(Self {
            info: model_info(provisioned, &folder, &tokenizer),
            tokenizer,
            queue,
        })
    }

    /// Ends the model's thread once its current batch is done. Waiting and later callers receive
    /// [`EmbedError::Closed`].
    pub fn close(&self) {
        self.queue.close();
    }

    /// Runs `work` with the tokenizer on a thread where blocking is allowed.
    async fn with_tokenizer<T, F>(&self, work: F) -> Result<T, EmbedError>
    where
        T: Send + 'static,
        F: FnOnce(&ModelTokenizer) -> Result<T, String> + Send + 'static,
    {
        let tokenizer = self.tokenizer.clone();
        tokio::task::spawn_blocking(move || work(&tokenizer))
            .await
            .map_err(|error| EmbedError::Model(error.to_string()))?
            .map_err(EmbedError::Model)
    }
}

fn model_info(
    provisioned: &Provisioned,
    folder: &BertFolder,
    tokenizer: &ModelTokenizer,
) -> ModelInfo {
    let sha = Sha256::digest(format!("{} graph {GRAPH_VERSION}", provisioned.digest));
    ModelInfo {
        name: provisioned.name.clone(),
        fingerprint: hex::encode(&sha[..16]),
        dimensions: folder.config.hidden_size,
        window: folder.window,
        special_tokens: tokenizer.special_tokens(),
    }
}

#[async_trait]
impl Embed for OnnxEmbedder {
    fn model(&self) -> &ModelInfo {
        &self.info
    }

    async fn embed_question(&self, text: &str) -> Result<QuestionEmbedding, EmbedError> {
        let vector = self.queue.embed_question(text.to_owned()).await?;

        let (text, window) = (text.to_owned(), self.info.window);
        let truncated = self
            .with_tokenizer(move |tokenizer| Ok(tokenizer.token_count(&text)? > window))
            .await?;

        Ok(QuestionEmbedding { vector, truncated })
    }

    async fn embed_chunks(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedError> {
        // The permit comes first, so that no more jobs are tokenized than may be queued.
        let permit = self.queue.acquire_job_permit().await?;
        let window = self.info.window;
        let (texts, batches) = self
            .with_tokenizer(move |tokenizer| {
                let batches = plan_batches(tokenizer, &texts, window)?;
                Ok((texts, batches))
            })
            .await?;

        self.queue.embed_chunks(permit, texts, batches).await
    }

    fn token_ranges(&self, text: &str) -> Result<Vec<Range<usize>>, EmbedError> {
        self.tokenizer.token_ranges(text).map_err(EmbedError::Model)
    }
}

/// Groups chunks into batches; returns an error if one does not fit into the window.
fn plan_batches(
    tokenizer: &ModelTokenizer,
    texts: &[String],
    window: usize,
) -> Result<Vec<Vec<usize>>, String> {
    let mut lengths = Vec::with_capacity(texts.len());
    for (position, text) in texts.iter().enumerate() {
        let length = tokenizer.token_count(text)?;
        if length > window {
            let beginning: String = text.chars().take(40).collect();
            return Err(format!(
                "chunk {position} ({beginning:?}…) has {length} tokens, but the model reads only \
                 {window}; split it"
            ));
        }

        lengths.push(length);
    }

    Ok(batch::plan(&lengths))
}

impl fmt::Debug for OnnxEmbedder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnnxEmbedder")
            .field("model", &self.info)
            .finish_non_exhaustive()
    }
}
