//! Runs three stages concurrently: read and split files, embed their chunks in batches across
//! documents, commit. Channels and a memory budget bound the work in progress. Dropping the future
//! stops the pipeline between documents.

use std::future::ready;
use std::sync::Arc;
use std::thread::available_parallelism;

use futures::stream::{self, BoxStream, Stream, StreamExt};
use mcdewey_core::{
    DocumentRevision, EmbedError, EmbeddedChunk, Index, IndexError, Revision, SourcePath,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::{JoinError, spawn_blocking};

use crate::IngestError;
use crate::document::{DocumentReader, FileOutcome, PreparedDocument, READER_CRASHED};
use crate::plan::{IndexedFile, Plan};
use crate::report::{ReportBuilder, Stage};
use crate::rules::RuleSet;
use crate::vectors::{VectorMap, VectorResolver};
use crate::walk::{FileKind, FoundFile};

/// How many documents may wait between two stages.
const CHANNEL_CAPACITY: usize = 32;

/// Chunks are gathered up to this number before they are embedded, so that small documents share
/// the batches of the model.
const CHUNKS_PER_BATCH: usize = 256;

/// How many commits run at once; the store combines them into one write.
const CONCURRENT_COMMITS: usize = 16;

/// The total size of the files in progress, in KiB. A document takes several times the size of its
/// file in memory.
const BUDGET_KIB: usize = 64 * 1024;

/// Ingests the files of several plans.
pub(crate) struct Pipeline<'a> {
    pub(crate) index: &'a Arc<dyn Index>,
    pub(crate) reader: &'a Arc<DocumentReader>,
    pub(crate) report: &'a ReportBuilder<'a>,
    /// Whether documents are committed with their words only if any of their vectors is not cached.
    pub(crate) words_first: bool,
}

/// A document between two stages.
struct InProgress<T> {
    document: T,
    /// Whether the index holds an older revision of it.
    is_indexed: bool,
    /// Its share of the memory budget.
    permit: OwnedSemaphorePermit,
}

impl Pipeline<'_> {
    /// Ingests all files of the plans.
    pub(crate) async fn run(&self, plans: Vec<(Plan, Arc<RuleSet>)>) -> Result<(), IngestError> {
        let (prepared, to_embed) = mpsc::channel(CHANNEL_CAPACITY);
        let (revisions, to_commit) = mpsc::channel(CHANNEL_CAPACITY);

        tokio::try_join!(
            self.read(plans, prepared),
            self.embed(to_embed, revisions),
            self.commit(to_commit)
        )?;

        Ok(())
    }

    async fn read(
        &self,
        plans: Vec<(Plan, Arc<RuleSet>)>,
        prepared: mpsc::Sender<InProgress<PreparedDocument>>,
    ) -> Result<(), IngestError> {
        let mut files = read_files(plans, Arc::clone(self.reader));
        loop {
            // Dropped before the document is sent: waiting for the next stage is not work of this
            // one.
            let timer = self.report.time(Stage::Reading);
            let Some(file) = files.next().await else {
                break;
            };
            drop(timer);

            let ReadFile {
                source,
                is_indexed,
                outcome,
                permit,
            } = file;

            match outcome? {
                FileOutcome::Unchanged => self.report.unchanged(&source),
                FileOutcome::Skipped(reason) => self.report.skipped(&source, reason, is_indexed),
                FileOutcome::Prepared(document) => {
                    self.report.parsed(&source, &document.warnings);
                    self.report.unversioned(&document.unrecognised_folders);

                    let document = InProgress {
                        document: *document,
                        is_indexed,
                        permit,
                    };
                    // The next stage failed; `try_join` returns its error.
                    if prepared.send(document).await.is_err() {
                        break;
                    }
                }
            }
        }

        Ok(())
    }

    async fn embed(
        &self,
        mut prepared: mpsc::Receiver<InProgress<PreparedDocument>>,
        revisions: mpsc::Sender<InProgress<DocumentRevision>>,
    ) -> Result<(), IngestError> {
        let mut resolver =
            VectorResolver::new(Arc::clone(self.index), Arc::clone(&self.reader.embed));

        while let Some(first) = prepared.recv().await {
            let mut count = first.document.chunks.len();
            let mut batch = vec![first];
            while count < CHUNKS_PER_BATCH
                && let Ok(next) = prepared.try_recv()
            {
                count += next.document.chunks.len();
                batch.push(next);
            }

            let chunks: Vec<_> = batch
                .iter()
                .flat_map(|entry| &entry.document.chunks)
                .collect();
            let timer = self.report.time(Stage::Embedding);
            let vectors = if self.words_first {
                resolver.known(&chunks).await?
            } else {
                resolver.resolve(&chunks, self.report).await?
            };
            drop(timer);

            for InProgress {
                document,
                is_indexed,
                permit,
            } in batch
            {
                let revision = into_revision(document, &vectors, &resolver);
                if self.words_first {
                    self.report.committed_first(&revision);
                }

                let revision = InProgress {
                    document: revision,
                    is_indexed,
                    permit,
                };
                // The next stage failed; `try_join` returns its error.
                if revisions.send(revision).await.is_err() {
                    return Ok(());
                }
            }
        }

        Ok(())
    }

    async fn commit(
        &self,
        revisions: mpsc::Receiver<InProgress<DocumentRevision>>,
    ) -> Result<(), IngestError> {
        let mut commits = commit_documents(revisions, Arc::clone(self.index), self.report);
        while let Some(Commit {
            source,
            is_indexed,
            chunks,
            result,
        }) = commits.next().await
        {
            match result {
                Ok(_) => self.report.written(&source, chunks),
                Err(IndexError::Invalid(error)) => {
                    let reason = format!("it cannot be stored: {error}");
                    self.report.skipped(&source, reason, is_indexed);
                }
                Err(error) => return Err(error.into()),
            }
        }

        Ok(())
    }
}

/// The result of reading one file.
struct ReadFile {
    source: SourcePath,
    is_indexed: bool,
    outcome: Result<FileOutcome, IngestError>,
    permit: OwnedSemaphorePermit,
}

/// A file to read, what the index holds of it, and the rules of its root.
type FileToRead = (FoundFile, Option<IndexedFile>, Arc<RuleSet>);

/// Reads the files of all plans, several at once. The results come as they are ready: a file that
/// takes long holds up no other. Files that are converted, which takes longest, take turns with the
/// others, so that the next stage always has something to do.
fn read_files(
    plans: Vec<(Plan, Arc<RuleSet>)>,
    reader: Arc<DocumentReader>,
) -> BoxStream<'static, ReadFile> {
    let budget = Arc::new(Semaphore::new(BUDGET_KIB));
    let files = plans.into_iter().flat_map(|(plan, rules)| {
        plan.to_read
            .into_iter()
            .map(move |(file, indexed)| (file, indexed, Arc::clone(&rules)))
    });
    let (texts, others): (Vec<FileToRead>, Vec<FileToRead>) =
        files.partition(|(file, ..)| matches!(file.kind, FileKind::Text(_)));

    let texts = read_concurrently(texts, Arc::clone(&reader), Arc::clone(&budget));
    stream::select(texts, read_concurrently(others, reader, budget)).boxed()
}

fn read_concurrently(
    files: Vec<FileToRead>,
    reader: Arc<DocumentReader>,
    budget: Arc<Semaphore>,
) -> impl Stream<Item = ReadFile> {
    let concurrency = available_parallelism().map_or(2, |cores| cores.get().min(8));
    stream::iter(files)
        .map(move |(file, indexed, rules)| {
            read_file(
                file,
                indexed,
                rules,
                Arc::clone(&reader),
                Arc::clone(&budget),
            )
        })
        .buffer_unordered(concurrency)
        .filter_map(ready)
}

/// Reads one file on a blocking thread. Returns `None` only if the budget is closed, which never
/// happens.
async fn read_file(
    file: FoundFile,
    indexed: Option<IndexedFile>,
    rules: Arc<RuleSet>,
    reader: Arc<DocumentReader>,
    budget: Arc<Semaphore>,
) -> Option<ReadFile> {
    let permit = budget
        .acquire_many_owned(budget_share(file.bytes))
        .await
        .ok()?;

    let source = file.source.clone();
    let prepared = spawn_blocking(move || reader.prepare(&file, &rules, indexed)).await;

    Some(ReadFile {
        source,
        is_indexed: indexed.is_some(),
        outcome: file_outcome(prepared),
        permit,
    })
}

/// Converts the result of a blocking task. A panic skips only the file that caused it.
fn file_outcome(
    prepared: Result<Result<FileOutcome, EmbedError>, JoinError>,
) -> Result<FileOutcome, IngestError> {
    match prepared {
        Ok(outcome) => Ok(outcome?),
        Err(error) if error.is_panic() => Ok(FileOutcome::Skipped(READER_CRASHED.to_owned())),
        Err(error) => Err(IngestError::TaskFailed(error.to_string())),
    }
}

/// The result of committing one document.
struct Commit {
    source: SourcePath,
    is_indexed: bool,
    chunks: usize,
    result: Result<Revision, IndexError>,
}

/// Commits documents as they arrive, several at once.
fn commit_documents<'a>(
    revisions: mpsc::Receiver<InProgress<DocumentRevision>>,
    index: Arc<dyn Index>,
    report: &'a ReportBuilder<'a>,
) -> BoxStream<'a, Commit> {
    stream::unfold(revisions, |mut revisions| async move {
        let next = revisions.recv().await?;
        Some((next, revisions))
    })
    .map(move |revision| commit_document(revision, Arc::clone(&index), report))
    .buffer_unordered(CONCURRENT_COMMITS)
    .boxed()
}

async fn commit_document(
    revision: InProgress<DocumentRevision>,
    index: Arc<dyn Index>,
    report: &ReportBuilder<'_>,
) -> Commit {
    let InProgress {
        document,
        is_indexed,
        permit,
    } = revision;
    let (source, chunks) = (document.meta.source.clone(), document.chunks.len());

    let timer = report.time(Stage::Writing);
    let result = index.commit(document).await;
    drop(timer);
    drop(permit);

    Commit {
        source,
        is_indexed,
        chunks,
        result,
    }
}

/// Adds the vectors of its chunks to a document, or none if one of them is not known.
fn into_revision(
    document: PreparedDocument,
    vectors: &VectorMap,
    resolver: &VectorResolver,
) -> DocumentRevision {
    let mut chunks = Vec::with_capacity(document.chunks.len());
    let mut is_complete = true;
    for sized in document.chunks {
        let embedding_key = resolver.key(&sized.dense_text);
        let vector = vectors.get(&embedding_key).map(|vector| vector.to_vec());
        is_complete &= vector.is_some();
        chunks.push(EmbeddedChunk {
            chunk: sized.chunk,
            embedding_key,
            vector,
            tokens: u32::try_from(sized.tokens).unwrap_or(u32::MAX),
        });
    }

    if !is_complete {
        for chunk in &mut chunks {
            chunk.vector = None;
        }
    }

    DocumentRevision {
        root: document.root,
        folder: document.folder,
        input: document.input,
        meta: document.meta,
        outline: document.outline,
        pages: document.pages,
        chunks,
        attachments: document.attachments,
    }
}

/// The share of the memory budget that a file takes. A file as large as the whole budget is read
/// alone.
fn budget_share(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(1024).clamp(1, BUDGET_KIB as u64)).unwrap_or(u32::MAX)
}
