//! [`OnnxEmbedder`]: implements [`mcdewey_core::Embed`] with a provisioned model.
//!
//! The model runs on threads of its own; awaiting a vector never blocks the async runtime. A question
//! may be longer than the window, and its embedding then reports the truncation; a chunk may not.

use std::fmt;
use std::io;
use std::ops::Range;

use async_trait::async_trait;
use mcdewey_core::{Embed, EmbedError, ModelInfo, QuestionEmbedding};
use mcdewey_provision::Provisioned;
use sha2::{Digest, Sha256};

use crate::folder::{BertFolder, FolderError};
use crate::graph::{GRAPH_VERSION, INT8_VERSION};
use crate::model::{self, LoadError, ModelSession, ModelTokenizer};
use crate::precision::Precision;
use crate::queue::{EmbedText, EmbeddingQueue, Sessions};
use crate::runtime::{self, RuntimeError};

/// How the model is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmbedderOptions {
    /// How many passages are embedded at the same time, each by a session with one thread; 0 means
    /// one per core. One more session runs questions only.
    pub threads: usize,
    /// Questions that may wait or run at once; further ones are rejected as overloaded.
    pub max_questions: usize,
    pub precision: Precision,
}

impl Default for EmbedderOptions {
    fn default() -> Self {
        Self {
            threads: 0,
            max_questions: 256,
            precision: Precision::default(),
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
    #[error("cannot start a thread of the model: {0}")]
    Thread(io::Error),
}

/// An embedding model that is loaded and ready. Dropping it ends its threads.
pub struct OnnxEmbedder {
    info: ModelInfo,
    tokenizer: ModelTokenizer,
    queue: EmbeddingQueue,
}

impl OnnxEmbedder {
    /// Loads a model. Blocks while loading.
    pub fn start(provisioned: &Provisioned, options: EmbedderOptions) -> Result<Self, StartError> {
        let folder = BertFolder::read(&provisioned.model_dir)?;
        let environment = runtime::environment(&provisioned.runtime)?;
        let precision = options.precision;

        let load = || {
            let model = model::load(&folder, environment, precision)?;
            let sessions = model.start_sessions(1 + runtime::thread_count(options.threads))?;
            Ok((model.tokenizer, sessions))
        };
        let (tokenizer, sessions) = load().map_err(|error| match error {
            LoadError::Folder(error) => StartError::Folder(error),
            LoadError::Session(error) => StartError::Model {
                name: provisioned.name.clone(),
                problem: error.to_string(),
            },
        })?;

        let mut sessions = sessions.into_iter().map(embed_text);
        let queue = sessions
            .next()
            .map(|question| Sessions {
                question,
                passages: sessions.collect(),
            })
            .map(|sessions| EmbeddingQueue::start(sessions, options.max_questions))
            .ok_or_else(|| io::Error::other("no session"))
            .flatten()
            .map_err(StartError::Thread)?;

        Ok(Self {
            info: model_info(provisioned, &folder, &tokenizer, precision),
            tokenizer,
            queue,
        })
    }

    /// Ends the model's threads once their current texts are done. Waiting and later callers receive
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

fn embed_text(mut session: ModelSession) -> EmbedText {
    Box::new(move |text| session.embed(text))
}

fn model_info(
    provisioned: &Provisioned,
    folder: &BertFolder,
    tokenizer: &ModelTokenizer,
    precision: Precision,
) -> ModelInfo {
    ModelInfo {
        name: provisioned.name.clone(),
        fingerprint: fingerprint(provisioned, precision),
        dimensions: folder.config.hidden_size,
        window: folder.window,
        special_tokens: tokenizer.special_tokens(),
    }
}

/// Returns the fingerprint of a model's vectors in a precision, without loading the model.
pub fn fingerprint(provisioned: &Provisioned, precision: Precision) -> String {
    let Provisioned { digest, .. } = provisioned;
    let sha = Sha256::digest(match precision {
        Precision::Fp32 => format!("{digest} graph {GRAPH_VERSION}"),
        Precision::Int8 => format!("{digest} graph {GRAPH_VERSION} int8 {INT8_VERSION}"),
    });

    hex::encode(&sha[..16])
}

#[async_trait]
impl Embed for OnnxEmbedder {
    fn model(&self) -> &ModelInfo {
        &self.info
    }

    async fn embed_question(&self, text: &str) -> Result<QuestionEmbedding, EmbedError> {
        let (question, window) = (text.to_owned(), self.info.window);
        let (vector, truncated) = tokio::try_join!(
            self.queue.embed_question(text.to_owned()),
            self.with_tokenizer(move |tokenizer| Ok(tokenizer.token_count(&question)? > window)),
        )?;

        Ok(QuestionEmbedding { vector, truncated })
    }

    async fn embed_chunks(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedError> {
        // The permit comes first, so that no more jobs are tokenized than may be queued.
        let permit = self.queue.acquire_job_permit().await?;
        let window = self.info.window;
        let (texts, order) = self
            .with_tokenizer(move |tokenizer| {
                let order = longest_first(&chunk_lengths(tokenizer, &texts, window)?);
                Ok((texts, order))
            })
            .await?;

        self.queue.embed_chunks(permit, texts, order).await
    }

    fn token_ranges(&self, text: &str) -> Result<Vec<Range<usize>>, EmbedError> {
        self.tokenizer.token_ranges(text).map_err(EmbedError::Model)
    }
}

/// Counts the tokens of chunks; returns an error if one does not fit into the window.
fn chunk_lengths(
    tokenizer: &ModelTokenizer,
    texts: &[String],
    window: usize,
) -> Result<Vec<usize>, String> {
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

    Ok(lengths)
}

/// Returns the positions of `lengths` in descending order, so that sessions which share them are
/// done at about the same time.
fn longest_first(lengths: &[usize]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_by_key(|&position| std::cmp::Reverse(lengths[position]));
    order
}

impl fmt::Debug for OnnxEmbedder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnnxEmbedder")
            .field("model", &self.info)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_chunks_come_first() {
        assert_eq!(longest_first(&[3, 9, 3, 12]), [3, 1, 0, 2]);
        assert!(longest_first(&[]).is_empty());
    }
}
