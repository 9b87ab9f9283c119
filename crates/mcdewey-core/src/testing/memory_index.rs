//! An in-memory index for tests of the code above the [`Index`] trait: textbook BM25, brute-force
//! cosine similarity, no disk.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockWriteGuard};

use async_trait::async_trait;

use crate::{
    AttachedFile, AttachmentRole, Candidate, CandidateQuery, Candidates, Chunk, ChunkId,
    ContentHash, Document, DocumentPage, DocumentRevision, DocumentSummary, EmbeddedChunk,
    FileStamp, Generation, Index, IndexError, IndexReader, IndexState, Integrity, InvalidValue,
    LibraryDescription, ManifestEntry, Page, PageNumber, PageRef, PassageToEmbed, QuestionWord,
    Revision, RootName, Scope, SourcePath, VectorBacklog, VectorCoverage, VectorEpoch,
    WeightedText, WordsOnlyDocument,
};

/// BM25 parameter: how soon repetitions of a word stop raising the score.
const K1: f32 = 1.2;
/// BM25 parameter: how much the score of a long chunk is reduced.
const B: f32 = 0.75;

/// An [`Index`] in memory. Words are runs of letters and digits in lower case, without stemming and
/// stop words. Each [`Index::complete`] that gives a document its vectors begins another epoch.
#[derive(Debug, Default)]
pub struct MemoryIndex {
    /// Replaced by every write. Readers keep the contents that they began with.
    contents: RwLock<Arc<Contents>>,
    vectors: RwLock<HashMap<ContentHash, Vec<f32>>>,
    asked: Mutex<HashMap<SourcePath, u32>>,
    stamps: RwLock<BTreeMap<SourcePath, FileStamp>>,
}

#[derive(Debug, Clone, Default)]
struct Contents {
    documents: BTreeMap<SourcePath, Arc<StoredDocument>>,
    descriptions: BTreeMap<RootName, LibraryDescription>,
    revision: Revision,
    epoch: VectorEpoch,
}

/// An [`IndexReader`] of a [`MemoryIndex`].
#[derive(Debug)]
struct MemoryReader {
    contents: Arc<Contents>,
    state: IndexState,
}

#[derive(Debug, Clone)]
struct StoredDocument {
    revision: DocumentRevision,
    hash: ContentHash,
    committed_at: i64,
    /// The first epoch with the document's vectors.
    embedded_in: Option<VectorEpoch>,
}

impl StoredDocument {
    fn summary(&self) -> DocumentSummary {
        DocumentSummary {
            meta: Arc::clone(&self.revision.meta),
            pages: self.revision.pages.len() as u32,
            chunks: self.revision.chunks.len() as u32,
            committed_at: self.committed_at,
        }
    }

    fn manifest_entry(&self) -> ManifestEntry {
        ManifestEntry {
            source: self.revision.meta.source.clone(),
            folder: self.revision.folder.clone(),
            input: self.revision.input,
        }
    }
}

impl MemoryIndex {
    /// Creates an empty index.
    pub fn new() -> Self {
        Self::default()
    }

    fn asked(&self) -> MutexGuard<'_, HashMap<SourcePath, u32>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) -> Arc<Contents> {
        Arc::clone(&self.contents.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self) -> RwLockWriteGuard<'_, Arc<Contents>> {
        self.contents
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Contents {
    fn increment_revision(&mut self) -> Revision {
        self.revision.0 += 1;
        self.revision
    }

    fn state(&self) -> IndexState {
        let (mut pages, mut chunks) = (0, 0);
        for stored in self.documents.values() {
            pages += stored.revision.pages.len() as u64;
            chunks += stored.revision.chunks.len() as u64;
        }

        IndexState {
            generation: Generation("memory".to_owned()),
            revision: self.revision,
            documents: self.documents.len() as u64,
            pages,
            chunks,
            epoch: self.epoch,
            without_vectors: chunks - self.coverage(&Scope::everything(), self.epoch).embedded,
            integrity: Integrity::default(),
        }
    }

    fn coverage(&self, scope: &Scope, epoch: VectorEpoch) -> VectorCoverage {
        let mut coverage = VectorCoverage::default();
        for stored in self.documents.values() {
            if !scope.contains(&stored.revision.meta) {
                continue;
            }

            let passages = stored.revision.chunks.len() as u64;
            coverage.passages += passages;
            if stored.embedded_in.is_some_and(|first| first <= epoch) {
                coverage.embedded += passages;
            }
        }

        coverage
    }

    /// The documents without vectors.
    fn words_only(&self) -> impl Iterator<Item = &Arc<StoredDocument>> {
        self.documents
            .values()
            .filter(|stored| stored.embedded_in.is_none())
    }

    fn document(&self, source: &SourcePath, scope: &Scope) -> Option<&StoredDocument> {
        self.documents
            .get(source)
            .map(Arc::as_ref)
            .filter(|stored| scope.contains(&stored.revision.meta))
    }

    fn chunks<'a>(&'a self, scope: &'a Scope) -> impl Iterator<Item = &'a EmbeddedChunk> {
        self.documents
            .values()
            .filter(|stored| scope.contains(&stored.revision.meta))
            .flat_map(|stored| &stored.revision.chunks)
    }

    /// Returns the chunks of one document that match the predicate.
    fn chunks_of(
        &self,
        source: &SourcePath,
        scope: &Scope,
        predicate: impl Fn(&Chunk) -> bool,
    ) -> Vec<Chunk> {
        self.document(source, scope)
            .into_iter()
            .flat_map(|stored| &stored.revision.chunks)
            .map(|embedded| &embedded.chunk)
            .filter(|chunk| predicate(chunk))
            .cloned()
            .collect()
    }

    fn dense(&self, question: &[f32], scope: &Scope, depth: usize) -> Vec<Candidate> {
        let scored = self.chunks(scope).filter_map(|embedded| {
            let vector = embedded.vector.as_ref()?;
            Some(candidate(&embedded.chunk, dot(question, vector)))
        });

        ranked(scored.collect(), depth)
    }

    fn keyword(&self, texts: &[WeightedText], scope: &Scope, depth: usize) -> Vec<Candidate> {
        let weights = token_weights(texts);
        let statistics = Bm25Statistics::new(self);
        let scored = self
            .chunks(scope)
            .map(|embedded| {
                let score = statistics.score(&embedded.chunk, &weights);
                candidate(&embedded.chunk, score)
            })
            .filter(|candidate| candidate.score > 0.0);

        ranked(scored.collect(), depth)
    }

    fn keyword_ceiling(&self, texts: &[WeightedText]) -> f32 {
        let own_words: Vec<WeightedText> = texts
            .iter()
            .filter(|text| text.weight >= 1.0)
            .cloned()
            .collect();

        let statistics = Bm25Statistics::new(self);
        token_weights(&own_words)
            .keys()
            .map(|token| statistics.inverse_document_frequency(token) * (K1 + 1.0))
            .sum()
    }

    fn question_words(&self, texts: &[WeightedText]) -> Vec<QuestionWord> {
        let statistics = Bm25Statistics::new(self);
        let mut words: Vec<QuestionWord> = Vec::new();
        let own_words = texts
            .iter()
            .filter(|text| text.weight >= 1.0)
            .flat_map(|text| tokens(&text.text));

        for word in own_words {
            if words.iter().all(|known| known.word != word) {
                words.push(QuestionWord {
                    chunks: statistics.document_frequency(&word) as u64,
                    word,
                    corrected_to: None,
                });
            }
        }

        words
    }
}

/// Cosine similarity of two vectors of unit length.
fn dot(left: &[f32], right: &[f32]) -> f32 {
    left.iter().zip(right).map(|(a, b)| a * b).sum()
}

fn tokens(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// Returns the words of a question with their weights; a repeated word has its highest weight.
fn token_weights(texts: &[WeightedText]) -> BTreeMap<String, f32> {
    let mut weights: BTreeMap<String, f32> = BTreeMap::new();
    for text in texts {
        for token in tokens(&text.text) {
            let weight = weights.entry(token).or_insert(text.weight);
            *weight = weight.max(text.weight);
        }
    }

    weights
}

/// The statistics of the whole library that BM25 needs. The scope does not affect them.
struct Bm25Statistics {
    chunk_count: f32,
    /// The average number of words in a chunk.
    average_length: f32,
    /// The number of chunks that contain each word.
    document_frequencies: HashMap<String, f32>,
}

impl Bm25Statistics {
    fn new(contents: &Contents) -> Self {
        let mut document_frequencies: HashMap<String, f32> = HashMap::new();
        let (mut chunk_count, mut total_length) = (0.0_f32, 0.0_f32);

        for embedded in contents.chunks(&Scope::everything()) {
            let words = tokens(&embedded.chunk.keyword_text());
            chunk_count += 1.0;
            total_length += words.len() as f32;
            for word in words.into_iter().collect::<HashSet<_>>() {
                *document_frequencies.entry(word).or_default() += 1.0;
            }
        }

        Self {
            chunk_count,
            average_length: total_length / chunk_count.max(1.0),
            document_frequencies,
        }
    }

    fn document_frequency(&self, token: &str) -> f32 {
        self.document_frequencies
            .get(token)
            .copied()
            .unwrap_or_default()
    }

    fn inverse_document_frequency(&self, token: &str) -> f32 {
        let frequency = self.document_frequency(token);
        ((self.chunk_count - frequency + 0.5) / (frequency + 0.5) + 1.0).ln()
    }

    /// Returns [`Candidates::keyword_unit`].
    fn unit(&self) -> f32 {
        if self.chunk_count > 0.0 {
            ((self.chunk_count - 0.5) / 1.5 + 1.0).ln() * (K1 + 1.0)
        } else {
            0.0
        }
    }

    fn score(&self, chunk: &Chunk, weights: &BTreeMap<String, f32>) -> f32 {
        let words = tokens(&chunk.keyword_text());
        let length = words.len() as f32 / self.average_length.max(1.0);

        weights
            .iter()
            .map(|(token, weight)| {
                let count = words.iter().filter(|word| *word == token).count() as f32;
                weight * self.inverse_document_frequency(token) * count * (K1 + 1.0)
                    / (count + K1 * (1.0 - B + B * length))
            })
            .sum()
    }
}

fn candidate(chunk: &Chunk, score: f32) -> Candidate {
    Candidate {
        chunk_id: chunk.chunk_id.clone(),
        document: Arc::clone(&chunk.document),
        page: chunk.page.number,
        ordinal: chunk.ordinal,
        passage_hash: chunk.passage_hash,
        simhash: chunk.simhash(),
        score,
    }
}

/// Sorts by descending score, ties by chunk id, and truncates to `depth`.
fn ranked(mut candidates: Vec<Candidate>, depth: usize) -> Vec<Candidate> {
    candidates.sort_by(|a, b| {
        b.score
            .total_cmp(&a.score)
            .then_with(|| a.chunk_id.cmp(&b.chunk_id))
    });

    candidates.truncate(depth);
    candidates
}

fn unix_seconds_now() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs() as i64)
}

#[async_trait]
impl Index for MemoryIndex {
    async fn reader(&self) -> Result<Arc<dyn IndexReader>, IndexError> {
        let contents = self.read();
        let state = contents.state();
        Ok(Arc::new(MemoryReader { contents, state }))
    }

    async fn set_description(
        &self,
        root: &RootName,
        description: &LibraryDescription,
    ) -> Result<Revision, IndexError> {
        let mut contents = self.write();
        let contents = Arc::make_mut(&mut contents);
        let is_unchanged = match contents.descriptions.get(root) {
            Some(known) => known == description,
            None => *description == LibraryDescription::default(),
        };
        if is_unchanged {
            return Ok(contents.revision);
        }

        contents
            .descriptions
            .insert(root.clone(), description.clone());
        Ok(contents.increment_revision())
    }

    async fn manifest(&self, root: &RootName) -> Result<Vec<ManifestEntry>, IndexError> {
        let contents = self.read();
        Ok(contents
            .documents
            .values()
            .filter(|stored| stored.revision.root == *root)
            .map(|stored| stored.manifest_entry())
            .collect())
    }

    async fn file_stamps(&self, root: &RootName) -> Result<Vec<FileStamp>, IndexError> {
        let manifest = self.manifest(root).await?;
        let stamps = self.stamps.read().unwrap_or_else(PoisonError::into_inner);
        Ok(manifest
            .iter()
            .filter_map(|entry| {
                stamps
                    .get(&entry.source)
                    .filter(|stamp| stamp.input == entry.input)
            })
            .cloned()
            .collect())
    }

    async fn keep_file_stamps(&self, stamps: Vec<FileStamp>) -> Result<(), IndexError> {
        let contents = self.read();
        let current = stamps.into_iter().filter(|stamp| {
            let document = contents.documents.get(&stamp.source);
            document.is_some_and(|stored| stored.revision.input == stamp.input)
        });
        self.stamps
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(current.map(|stamp| (stamp.source.clone(), stamp)));
        Ok(())
    }

    async fn cached_vectors(
        &self,
        keys: &[ContentHash],
    ) -> Result<Vec<Option<Vec<f32>>>, IndexError> {
        let vectors = self.vectors.read().unwrap_or_else(PoisonError::into_inner);
        Ok(keys.iter().map(|key| vectors.get(key).cloned()).collect())
    }

    async fn commit(&self, document: DocumentRevision) -> Result<Revision, IndexError> {
        let mut contents = self.write();
        let contents = Arc::make_mut(&mut contents);
        let source = document.meta.source.clone();
        let conflict = contents.documents.iter().find(|(known, stored)| {
            known.stem() == source.stem()
                && (**known != source || stored.revision.root != document.root)
        });

        if let Some((known, stored)) = conflict {
            let (known_root, root) = (&stored.revision.root, &document.root);
            let reason = format!(
                "`{known}` of the root `{known_root}` has the same chunk ids as this one of the \
                 root `{root}`; rename or remove one of the two"
            );
            return Err(InvalidValue::new("document", source, reason).into());
        }

        let has_vector = |chunk: &EmbeddedChunk| chunk.vector.is_some();
        if document.is_words_only() && document.chunks.iter().any(has_vector) {
            let reason = "some of its chunks have a vector and others have none";
            return Err(InvalidValue::new("document", source, reason).into());
        }

        self.vectors
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(
                document.chunks.iter().filter_map(|embedded| {
                    Some((embedded.embedding_key, embedded.vector.clone()?))
                }),
            );

        let stored = StoredDocument {
            embedded_in: (!document.is_words_only()).then_some(contents.epoch),
            hash: document.hash(),
            revision: document,
            committed_at: unix_seconds_now(),
        };

        contents.documents.insert(source, Arc::new(stored));
        Ok(contents.increment_revision())
    }

    fn accepts_words_only(&self) -> bool {
        true
    }

    async fn vector_backlog(&self) -> Result<VectorBacklog, IndexError> {
        let contents = self.read();
        let mut backlog = VectorBacklog::default();
        let mut sources = Vec::new();
        for stored in contents.words_only() {
            let meta = &stored.revision.meta;
            sources.push(meta.source.clone());
            backlog.documents.push(WordsOnlyDocument {
                meta: Arc::clone(meta),
                passages: stored.revision.chunks.len() as u32,
                asked: self.asked().get(&meta.source).copied().unwrap_or_default(),
            });
        }

        for passage in self.passages_to_embed(&sources).await? {
            backlog.passages += 1;
            backlog.tokens += u64::from(passage.tokens);
        }

        Ok(backlog)
    }

    async fn passages_to_embed(
        &self,
        sources: &[SourcePath],
    ) -> Result<Vec<PassageToEmbed>, IndexError> {
        let contents = self.read();
        let vectors = self.vectors.read().unwrap_or_else(PoisonError::into_inner);
        let mut seen = HashSet::new();
        let chunks = sources
            .iter()
            .filter_map(|source| contents.documents.get(source))
            .filter(|stored| stored.embedded_in.is_none())
            .flat_map(|stored| &stored.revision.chunks);

        Ok(chunks
            .filter(|chunk| !vectors.contains_key(&chunk.embedding_key))
            .filter(|chunk| seen.insert(chunk.embedding_key))
            .map(|embedded| PassageToEmbed {
                key: embedded.embedding_key,
                text: embedded.chunk.dense_text(),
                tokens: embedded.tokens,
            })
            .collect())
    }

    async fn cache_vectors(&self, vectors: Vec<(ContentHash, Vec<f32>)>) -> Result<(), IndexError> {
        self.vectors
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(vectors);
        Ok(())
    }

    async fn complete(&self, sources: &[SourcePath]) -> Result<VectorEpoch, IndexError> {
        let vectors = self.vectors.read().unwrap_or_else(PoisonError::into_inner);
        let mut contents = self.write();
        let contents = Arc::make_mut(&mut contents);
        let next = VectorEpoch(contents.epoch.0 + 1);

        for source in sources {
            let Some(stored) = contents.documents.get_mut(source) else {
                continue;
            };

            let mut completed = StoredDocument::clone(stored);
            for chunk in &mut completed.revision.chunks {
                chunk.vector = vectors.get(&chunk.embedding_key).cloned();
            }

            if stored.embedded_in.is_none() && !completed.revision.is_words_only() {
                completed.embedded_in = Some(next);
                *stored = Arc::new(completed);
                contents.epoch = next;
            }
        }

        Ok(contents.epoch)
    }

    fn note_asked(&self, sources: &[SourcePath]) {
        let mut asked = self.asked();
        for source in sources {
            *asked.entry(source.clone()).or_default() += 1;
        }
    }

    async fn remove(&self, sources: &[SourcePath]) -> Result<Revision, IndexError> {
        let mut contents = self.write();
        let contents = Arc::make_mut(&mut contents);
        let removed = sources
            .iter()
            .filter(|source| contents.documents.remove(*source).is_some())
            .count();

        if removed == 0 {
            return Ok(contents.revision);
        }

        Ok(contents.increment_revision())
    }

    async fn optimize(&self) -> Result<(), IndexError> {
        Ok(())
    }
}

#[async_trait]
impl IndexReader for MemoryReader {
    fn state(&self) -> &IndexState {
        &self.state
    }

    async fn coverage(
        &self,
        scope: &Scope,
        epoch: VectorEpoch,
    ) -> Result<Option<VectorCoverage>, IndexError> {
        let current = self.state.epoch;
        let is_readable = epoch == current || Some(epoch) == current.previous();
        Ok(is_readable.then(|| self.contents.coverage(scope, epoch)))
    }

    async fn candidates(
        &self,
        query: &CandidateQuery,
        scope: &Scope,
    ) -> Result<Candidates, IndexError> {
        let contents = &self.contents;
        let dense = query
            .dense
            .as_ref()
            .map(|vector| contents.dense(vector, scope, query.depth));

        let keyword = (!query.keyword.is_empty())
            .then(|| contents.keyword(&query.keyword, scope, query.depth));

        Ok(Candidates {
            dense,
            keyword,
            keyword_ceiling: contents.keyword_ceiling(&query.keyword),
            keyword_unit: Bm25Statistics::new(contents).unit(),
            words: contents.question_words(&query.keyword),
        })
    }

    async fn occurring_words(
        &self,
        words: &[String],
        scope: &Scope,
    ) -> Result<BTreeSet<String>, IndexError> {
        let occurs = |word: &&String| {
            let text = WeightedText {
                text: (*word).clone(),
                weight: 1.0,
            };
            !self.contents.keyword(&[text], scope, 1).is_empty()
        };
        Ok(words.iter().filter(occurs).cloned().collect())
    }

    async fn chunks(&self, ids: &[ChunkId], scope: &Scope) -> Result<Vec<Chunk>, IndexError> {
        let contents = &self.contents;
        let by_id: HashMap<&ChunkId, &Chunk> = contents
            .chunks(scope)
            .map(|embedded| (&embedded.chunk.chunk_id, &embedded.chunk))
            .collect();

        Ok(ids
            .iter()
            .filter_map(|id| by_id.get(id).copied().cloned())
            .collect())
    }

    async fn chunks_around(
        &self,
        id: &ChunkId,
        context: u32,
        scope: &Scope,
    ) -> Result<Vec<Chunk>, IndexError> {
        let Some(chunk) = self.chunks(std::slice::from_ref(id), scope).await?.pop() else {
            return Ok(Vec::new());
        };

        let is_near = |other: &Chunk| other.ordinal.abs_diff(chunk.ordinal) <= context;
        Ok(self
            .contents
            .chunks_of(&chunk.document.source, scope, is_near))
    }

    async fn document_chunks(
        &self,
        source: &SourcePath,
        ordinals: Range<u32>,
        scope: &Scope,
    ) -> Result<Vec<Chunk>, IndexError> {
        Ok(self
            .contents
            .chunks_of(source, scope, |chunk| ordinals.contains(&chunk.ordinal)))
    }

    async fn chunks_on_page(
        &self,
        source: &SourcePath,
        page: PageNumber,
        scope: &Scope,
    ) -> Result<Vec<Chunk>, IndexError> {
        Ok(self
            .contents
            .chunks_of(source, scope, |chunk| chunk.page.number == page))
    }

    async fn chunks_by_handle(
        &self,
        handle: &str,
        scope: &Scope,
    ) -> Result<Vec<Chunk>, IndexError> {
        let contents = &self.contents;
        Ok(contents
            .chunks(scope)
            .map(|embedded| &embedded.chunk)
            .filter(|chunk| chunk.handle() == handle)
            .cloned()
            .collect())
    }

    async fn page(
        &self,
        source: &SourcePath,
        page: PageNumber,
        scope: &Scope,
    ) -> Result<Option<Page>, IndexError> {
        let contents = &self.contents;
        let found = contents
            .document(source, scope)
            .into_iter()
            .flat_map(|stored| &stored.revision.pages)
            .find(|candidate| candidate.page.number == page);

        Ok(found.cloned())
    }

    async fn page_with_document(
        &self,
        source: &SourcePath,
        page: PageNumber,
        scope: &Scope,
    ) -> Result<Option<DocumentPage>, IndexError> {
        let Some(document) = self.document(source, scope).await? else {
            return Ok(None);
        };

        Ok(Some(DocumentPage {
            document,
            page: self.page(source, page, scope).await?,
            chunks: self.chunks_on_page(source, page, scope).await?,
        }))
    }

    async fn document(
        &self,
        source: &SourcePath,
        scope: &Scope,
    ) -> Result<Option<Document>, IndexError> {
        let contents = &self.contents;
        let Some(stored) = contents.document(source, scope) else {
            return Ok(None);
        };

        let revision = &stored.revision;
        let pages: Vec<PageRef> = revision
            .pages
            .iter()
            .map(|page| page.page.clone())
            .collect();
        let attachments = revision
            .attachments
            .iter()
            .map(|file| file.attachment.clone())
            .collect();

        Ok(Some(Document {
            meta: Arc::clone(&revision.meta),
            outline: revision.outline.clone(),
            pages,
            attachments,
            chunks: revision.chunks.len() as u32,
            hash: stored.hash,
            committed_at: stored.committed_at,
        }))
    }

    async fn attachment(
        &self,
        source: &SourcePath,
        role: AttachmentRole,
        name: &str,
        scope: &Scope,
    ) -> Result<Option<AttachedFile>, IndexError> {
        let contents = &self.contents;
        let found = contents
            .document(source, scope)
            .into_iter()
            .flat_map(|stored| &stored.revision.attachments)
            .find(|file| file.attachment.role == role && file.attachment.name == name);

        Ok(found.cloned())
    }

    async fn documents(&self, scope: &Scope) -> Result<Vec<DocumentSummary>, IndexError> {
        let contents = &self.contents;
        Ok(contents
            .documents
            .values()
            .filter(|stored| scope.contains(&stored.revision.meta))
            .map(|stored| stored.summary())
            .collect())
    }

    async fn description(&self) -> Result<LibraryDescription, IndexError> {
        let contents = &self.contents;
        let default_root = RootName::default();
        let others = contents
            .descriptions
            .iter()
            .filter(|(root, _)| **root != default_root)
            .map(|(_, description)| description);

        // The default root comes first because its entries win over those of other roots.
        let merged = contents
            .descriptions
            .get(&default_root)
            .into_iter()
            .chain(others)
            .cloned()
            .reduce(LibraryDescription::merged);

        Ok(merged.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn make() -> Option<(Arc<dyn Index>, ())> {
        Some((Arc::new(MemoryIndex::new()), ()))
    }

    crate::index_suite!(make);
}
