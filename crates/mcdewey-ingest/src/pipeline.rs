//! Three stages side by side: read and cut files, embed their passages in batches across documents, commit. Channels
//! and a memory budget bound what is under way; dropping the future stops it between documents.

use std::sync::Arc;
use std::thread::available_parallelism;

use futures::stream::{self, BoxStream, StreamExt};
use mcdewey_core::{
    DocumentRevision, EmbedError, EmbeddedChunk, Index, IndexError, Revision, SourcePath,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::{JoinError, spawn_blocking};

use crate::IngestError;
use crate::document::{Draft, Outcome, Reader};
use crate::plan::{Known, Plan};
use crate::rules::RuleSet;
use crate::tally::{Stage, Tally};
use crate::vectors::{Found, Vectors};
use crate::walk::FoundFile;

/// How many documents may wait between two stages.
const WAITING: usize = 32;

/// Passages are gathered up to this number before the model is asked, so that small documents share its batches.
const BATCH_PASSAGES: usize = 256;

/// How many commits are under way at once; the store gathers them into one write.
const COMMITS: usize = 16;

/// Kilobytes of files that may be under way at once; a document takes several times its file's size in memory.
const BUDGET_KB: usize = 64 * 1024;

/// The journey of many files, and who is told about it.
pub(crate) struct Pipeline<'a> {
    pub(crate) index: &'a Arc<dyn Index>,
    pub(crate) reader: &'a Arc<Reader>,
    pub(crate) tally: &'a Tally<'a>,
}

/// A document between two stages, with its share of the memory budget.
struct Weighed<T> {
    item: T,
    /// Whether the index holds an older revision of it.
    known: bool,
    share: OwnedSemaphorePermit,
}

impl Pipeline<'_> {
    /// Brings all files of the plans into the index.
    pub(crate) async fn run(&self, plans: Vec<(Plan, Arc<RuleSet>)>) -> Result<(), IngestError> {
        let (drafts, to_embed) = mpsc::channel(WAITING);
        let (revisions, to_commit) = mpsc::channel(WAITING);
        tokio::try_join!(
            self.read(plans, drafts),
            self.embed(to_embed, revisions),
            self.commit(to_commit)
        )?;

        Ok(())
    }

    async fn read(
        &self,
        plans: Vec<(Plan, Arc<RuleSet>)>,
        drafts: mpsc::Sender<Weighed<Draft>>,
    ) -> Result<(), IngestError> {
        let mut reads = reads(plans, Arc::clone(self.reader));
        loop {
            // What was read waits without anybody at work while the stage behind is full.
            let at_work = self.tally.at_work(Stage::Reading);
            let Some(Read {
                source,
                known,
                outcome,
                share,
            }) = reads.next().await
            else {
                break;
            };

            drop(at_work);
            match outcome? {
                Outcome::Unchanged => self.tally.unchanged(&source),
                Outcome::Skipped(reason) => self.tally.skipped(&source, reason, known),
                Outcome::Draft(draft) => {
                    self.tally.parsed(&source, &draft.warnings);
                    if drafts
                        .send(Weighed {
                            item: *draft,
                            known,
                            share,
                        })
                        .await
                        .is_err()
                    {
                        break;
                    }
                }
            }
        }

        Ok(())
    }

    async fn embed(
        &self,
        mut drafts: mpsc::Receiver<Weighed<Draft>>,
        revisions: mpsc::Sender<Weighed<DocumentRevision>>,
    ) -> Result<(), IngestError> {
        let mut vectors = Vectors::new(Arc::clone(self.index), Arc::clone(&self.reader.embed));
        while let Some(first) = drafts.recv().await {
            let mut passages = first.item.chunks.len();
            let mut batch = vec![first];
            while passages < BATCH_PASSAGES
                && let Ok(next) = drafts.try_recv()
            {
                passages += next.item.chunks.len();
                batch.push(next);
            }

            let chunks: Vec<_> = batch.iter().flat_map(|draft| &draft.item.chunks).collect();
            let at_work = self.tally.at_work(Stage::Embedding);
            let found = vectors.of(&chunks, self.tally).await?;
            drop(at_work);

            for Weighed { item, known, share } in batch {
                let item = finish(item, &found, &vectors)?;
                if revisions
                    .send(Weighed { item, known, share })
                    .await
                    .is_err()
                {
                    return Ok(());
                }
            }
        }

        Ok(())
    }

    async fn commit(
        &self,
        revisions: mpsc::Receiver<Weighed<DocumentRevision>>,
    ) -> Result<(), IngestError> {
        let mut commits = commits(revisions, Arc::clone(self.index), self.tally);
        while let Some(Commit {
            source,
            known,
            chunks,
            result,
        }) = commits.next().await
        {
            match result {
                Ok(_) => self.tally.written(&source, chunks),
                Err(IndexError::Invalid(error)) => {
                    self.tally
                        .skipped(&source, format!("it cannot be stored: {error}"), known);
                }
                Err(error) => return Err(error.into()),
            }
        }

        Ok(())
    }
}

/// A file that was read, or why it was not.
struct Read {
    source: SourcePath,
    known: bool,
    outcome: Result<Outcome, IngestError>,
    share: OwnedSemaphorePermit,
}

/// Reads the files of all plans, several at once, in the plans' order.
fn reads(plans: Vec<(Plan, Arc<RuleSet>)>, reader: Arc<Reader>) -> BoxStream<'static, Read> {
    let budget = Arc::new(Semaphore::new(BUDGET_KB));
    let files = plans.into_iter().flat_map(|(plan, rules)| {
        plan.files
            .into_iter()
            .map(move |(file, known)| (file, known, Arc::clone(&rules)))
    });

    let read = move |(file, known, rules): (FoundFile, Option<Known>, Arc<RuleSet>)| {
        let (reader, budget) = (Arc::clone(&reader), Arc::clone(&budget));
        async move {
            let share = budget.acquire_many_owned(share(file.bytes)).await.ok()?;
            let source = file.source.clone();
            let prepared = spawn_blocking(move || reader.prepare(&file, &rules, known)).await;

            Some(Read {
                source,
                known: known.is_some(),
                outcome: outcome(prepared),
                share,
            })
        }
    };

    let readers = available_parallelism().map_or(2, |cores| cores.get().min(8));

    // The budget is never closed, so no file falls out here.
    stream::iter(files)
        .map(read)
        .buffered(readers)
        .filter_map(|read| async move { read })
        .boxed()
}

/// What became of a file on its thread; a reader that panicked failed on one file only.
fn outcome(
    prepared: Result<Result<Outcome, EmbedError>, JoinError>,
) -> Result<Outcome, IngestError> {
    match prepared {
        Ok(outcome) => Ok(outcome?),
        Err(error) if error.is_panic() => Ok(Outcome::Skipped(
            "the reader failed on it; please report it with the file".to_owned(),
        )),
        Err(error) => Err(IngestError::Interrupted(error.to_string())),
    }
}

/// A document that was handed to the index, and what the index said.
struct Commit {
    source: SourcePath,
    known: bool,
    chunks: usize,
    result: Result<Revision, IndexError>,
}

/// Commits documents as they come, several at once.
fn commits<'a>(
    revisions: mpsc::Receiver<Weighed<DocumentRevision>>,
    index: Arc<dyn Index>,
    tally: &'a Tally<'a>,
) -> BoxStream<'a, Commit> {
    let ready = stream::unfold(revisions, |mut revisions| async move {
        let next = revisions.recv().await?;
        Some((next, revisions))
    });

    let commit = move |Weighed { item, known, share }: Weighed<DocumentRevision>| {
        let index = Arc::clone(&index);
        async move {
            let (source, chunks) = (item.meta.source.clone(), item.chunks.len());
            let at_work = tally.at_work(Stage::Writing);
            let result = index.commit(item).await;
            drop(at_work);
            drop(share);

            Commit {
                source,
                known,
                chunks,
                result,
            }
        }
    };

    ready.map(commit).buffer_unordered(COMMITS).boxed()
}

/// A draft with the vectors of its passages.
fn finish(draft: Draft, found: &Found, vectors: &Vectors) -> Result<DocumentRevision, EmbedError> {
    let Draft {
        root,
        folder,
        input,
        meta,
        outline,
        pages,
        chunks,
        warnings: _,
        attachments,
    } = draft;

    let mut passages = Vec::with_capacity(chunks.len());
    for sized in chunks {
        let embedding_key = vectors.key(&sized.dense_text);
        let vector = found
            .get(&embedding_key)
            .ok_or_else(|| EmbedError::Model("a vector is missing".to_owned()))?;

        passages.push(EmbeddedChunk {
            chunk: sized.chunk,
            embedding_key,
            vector: vector.to_vec(),
        });
    }

    Ok(DocumentRevision {
        root,
        folder,
        input,
        meta,
        outline,
        pages,
        chunks: passages,
        attachments,
    })
}

/// A file's share of the memory budget; the largest files go alone.
fn share(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(1024).clamp(1, BUDGET_KB as u64)).unwrap_or(u32::MAX)
}
