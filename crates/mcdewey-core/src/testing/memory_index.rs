//! An index in memory, for tests of whatever stands above the seam: textbook BM25, brute-force cosine, no disk.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use async_trait::async_trait;

use crate::{
    AttachedFile, AttachmentRole, Candidate, CandidateQuery, Candidates, Chunk, ChunkId,
    ContentHash, Document, DocumentRevision, DocumentSummary, EmbeddedChunk, Generation, Index,
    IndexError, IndexState, InvalidValue, LibraryDescription, ManifestEntry, Page, PageNumber,
    PageRef, QuestionWord, Revision, RootName, Scope, SourcePath, WeightedText,
};

/// How soon a repeated word stops counting.
const K1: f32 = 1.2;
/// How much a long passage is held back.
const B: f32 = 0.75;

/// The whole [`Index`] in memory. Words are runs of letters and digits in lower case: no stemming, no stop words.
#[derive(Debug, Default)]
pub struct MemoryIndex {
    library: RwLock<Library>,
}

#[derive(Debug, Default)]
struct Library {
    documents: BTreeMap<SourcePath, Stored>,
    descriptions: BTreeMap<RootName, LibraryDescription>,
    vectors: HashMap<ContentHash, Vec<f32>>,
    revision: Revision,
}

#[derive(Debug)]
struct Stored {
    content: DocumentRevision,
    hash: ContentHash,
    committed_at: i64,
}

impl MemoryIndex {
    /// An empty library.
    pub fn new() -> Self {
        Self::default()
    }

    fn read(&self) -> RwLockReadGuard<'_, Library> {
        self.library.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Library> {
        self.library.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Library {
    fn step(&mut self) -> Revision {
        self.revision.0 += 1;
        self.revision
    }

    fn stored(&self, source: &SourcePath, scope: &Scope) -> Option<&Stored> {
        self.documents
            .get(source)
            .filter(|stored| scope.contains(&stored.content.meta))
    }

    fn passages<'a>(&'a self, scope: &'a Scope) -> impl Iterator<Item = &'a EmbeddedChunk> {
        self.documents
            .values()
            .filter(|stored| scope.contains(&stored.content.meta))
            .flat_map(|stored| &stored.content.chunks)
    }

    /// The chunks of one document that `wanted` picks.
    fn chunks_of(
        &self,
        source: &SourcePath,
        scope: &Scope,
        wanted: impl Fn(&Chunk) -> bool,
    ) -> Vec<Chunk> {
        let passages = self
            .stored(source, scope)
            .into_iter()
            .flat_map(|stored| &stored.content.chunks);

        passages
            .map(|passage| &passage.chunk)
            .filter(|chunk| wanted(chunk))
            .cloned()
            .collect()
    }

    fn dense(&self, question: &[f32], scope: &Scope, depth: usize) -> Vec<Candidate> {
        let scored = self
            .passages(scope)
            .map(|passage| candidate(&passage.chunk, dot(question, &passage.vector)));
        ranked(scored.collect(), depth)
    }

    fn keyword(&self, texts: &[WeightedText], scope: &Scope, depth: usize) -> Vec<Candidate> {
        let weights = token_weights(texts);
        let statistics = Statistics::of(self);
        let scored = self.passages(scope).map(|passage| {
            let score = statistics.score(&passage.chunk, &weights);
            candidate(&passage.chunk, score)
        });

        ranked(
            scored.filter(|candidate| candidate.score > 0.0).collect(),
            depth,
        )
    }

    fn keyword_ceiling(&self, texts: &[WeightedText]) -> f32 {
        let own: Vec<WeightedText> = texts
            .iter()
            .filter(|text| text.weight >= 1.0)
            .cloned()
            .collect();

        let statistics = Statistics::of(self);
        token_weights(&own)
            .keys()
            .map(|token| statistics.rarity(token) * (K1 + 1.0))
            .sum()
    }

    fn words(&self, texts: &[WeightedText]) -> Vec<QuestionWord> {
        let statistics = Statistics::of(self);
        let mut words: Vec<QuestionWord> = Vec::new();
        for word in texts
            .iter()
            .filter(|text| text.weight >= 1.0)
            .flat_map(|text| tokens(&text.text))
        {
            if words.iter().all(|known| known.word != word) {
                let passages = statistics.frequency.get(&word).copied().unwrap_or_default() as u64;
                words.push(QuestionWord {
                    word,
                    chunks: passages,
                    taken_for: None,
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
    let words = text.split(|c: char| !c.is_alphanumeric());
    words
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// The words of a question; a word that occurs more than once counts as its heaviest.
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

/// What BM25 must know of the whole library.
struct Statistics {
    passages: f32,
    average_length: f32,
    frequency: HashMap<String, f32>,
}

impl Statistics {
    fn of(library: &Library) -> Self {
        let mut frequency: HashMap<String, f32> = HashMap::new();
        let (mut passages, mut length) = (0.0_f32, 0.0_f32);
        for passage in library.passages(&Scope::everything()) {
            let words = tokens(&passage.chunk.keyword_text());
            passages += 1.0;
            length += words.len() as f32;
            for word in words.into_iter().collect::<HashSet<_>>() {
                *frequency.entry(word).or_default() += 1.0;
            }
        }

        Self {
            passages,
            average_length: length / passages.max(1.0),
            frequency,
        }
    }

    /// The inverse document frequency of a word.
    fn rarity(&self, token: &str) -> f32 {
        let found_in = self.frequency.get(token).copied().unwrap_or_default();
        ((self.passages - found_in + 0.5) / (found_in + 0.5) + 1.0).ln()
    }

    fn unit(&self) -> f32 {
        if self.passages > 0.0 {
            ((self.passages - 0.5) / 1.5 + 1.0).ln() * (K1 + 1.0)
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
                weight * self.rarity(token) * count * (K1 + 1.0)
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

fn ranked(mut candidates: Vec<Candidate>, depth: usize) -> Vec<Candidate> {
    candidates.sort_by(|a, b| {
        b.score
            .total_cmp(&a.score)
            .then_with(|| a.chunk_id.cmp(&b.chunk_id))
    });

    candidates.truncate(depth);
    candidates
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |elapsed| elapsed.as_secs() as i64)
}

#[async_trait]
impl Index for MemoryIndex {
    async fn state(&self) -> Result<IndexState, IndexError> {
        let library = self.read();
        let contents = || library.documents.values().map(|stored| &stored.content);
        Ok(IndexState {
            generation: Generation("memory".to_owned()),
            revision: library.revision,
            documents: library.documents.len() as u64,
            pages: contents().map(|content| content.pages.len() as u64).sum(),
            chunks: contents().map(|content| content.chunks.len() as u64).sum(),
        })
    }

    async fn candidates(
        &self,
        query: &CandidateQuery,
        scope: &Scope,
    ) -> Result<Candidates, IndexError> {
        let library = self.read();
        let asked = !query.keyword.is_empty();
        Ok(Candidates {
            dense: query
                .dense
                .as_ref()
                .map(|vector| library.dense(vector, scope, query.depth)),
            keyword: asked.then(|| library.keyword(&query.keyword, scope, query.depth)),
            keyword_ceiling: library.keyword_ceiling(&query.keyword),
            keyword_unit: Statistics::of(&library).unit(),
            words: library.words(&query.keyword),
        })
    }

    async fn chunks(&self, ids: &[ChunkId], scope: &Scope) -> Result<Vec<Chunk>, IndexError> {
        let library = self.read();
        let known: HashMap<&ChunkId, &Chunk> = library
            .passages(scope)
            .map(|passage| (&passage.chunk.chunk_id, &passage.chunk))
            .collect();

        Ok(ids
            .iter()
            .filter_map(|id| known.get(id).copied().cloned())
            .collect())
    }

    async fn passages(
        &self,
        source: &SourcePath,
        ordinals: Range<u32>,
        scope: &Scope,
    ) -> Result<Vec<Chunk>, IndexError> {
        Ok(self
            .read()
            .chunks_of(source, scope, |chunk| ordinals.contains(&chunk.ordinal)))
    }

    async fn chunks_on(
        &self,
        source: &SourcePath,
        page: PageNumber,
        scope: &Scope,
    ) -> Result<Vec<Chunk>, IndexError> {
        Ok(self
            .read()
            .chunks_of(source, scope, |chunk| chunk.page.number == page))
    }

    async fn by_handle(&self, handle: &str, scope: &Scope) -> Result<Vec<Chunk>, IndexError> {
        let library = self.read();
        let chunks = library.passages(scope).map(|passage| &passage.chunk);
        Ok(chunks
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
        let library = self.read();
        let mut pages = library
            .stored(source, scope)
            .into_iter()
            .flat_map(|stored| &stored.content.pages);

        Ok(pages
            .find(|candidate| candidate.page.number == page)
            .cloned())
    }

    async fn document(
        &self,
        source: &SourcePath,
        scope: &Scope,
    ) -> Result<Option<Document>, IndexError> {
        Ok(self.read().stored(source, scope).map(|stored| Document {
            meta: Arc::clone(&stored.content.meta),
            outline: stored.content.outline.clone(),
            pages: stored
                .content
                .pages
                .iter()
                .map(|page| page.page.clone())
                .collect::<Vec<PageRef>>(),
            attachments: stored
                .content
                .attachments
                .iter()
                .map(|file| file.attachment.clone())
                .collect(),
            chunks: stored.content.chunks.len() as u32,
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
        let library = self.read();
        let mut files = library
            .stored(source, scope)
            .into_iter()
            .flat_map(|stored| &stored.content.attachments);

        Ok(files
            .find(|file| file.attachment.role == role && file.attachment.name == name)
            .cloned())
    }

    async fn documents(&self, scope: &Scope) -> Result<Vec<DocumentSummary>, IndexError> {
        let library = self.read();
        let seen = library
            .documents
            .values()
            .filter(|stored| scope.contains(&stored.content.meta));

        let summary = |stored: &Stored| DocumentSummary {
            meta: Arc::clone(&stored.content.meta),
            pages: stored.content.pages.len() as u32,
            chunks: stored.content.chunks.len() as u32,
            committed_at: stored.committed_at,
        };

        Ok(seen.map(summary).collect())
    }

    async fn description(&self) -> Result<LibraryDescription, IndexError> {
        let library = self.read();
        let default = library.descriptions.get(&RootName::default());
        let others = library
            .descriptions
            .iter()
            .filter(|(root, _)| **root != RootName::default());

        let all = default
            .into_iter()
            .chain(others.map(|(_, description)| description))
            .cloned();

        Ok(all.reduce(LibraryDescription::merged).unwrap_or_default())
    }

    async fn describe(
        &self,
        root: &RootName,
        description: &LibraryDescription,
    ) -> Result<Revision, IndexError> {
        let mut library = self.write();
        let known = library.descriptions.get(root);
        if known == Some(description)
            || (known.is_none() && *description == LibraryDescription::default())
        {
            return Ok(library.revision);
        }

        library
            .descriptions
            .insert(root.clone(), description.clone());
        Ok(library.step())
    }

    async fn manifest(&self, root: &RootName) -> Result<Vec<ManifestEntry>, IndexError> {
        let library = self.read();
        let of_root = library
            .documents
            .iter()
            .filter(|(_, stored)| stored.content.root == *root);

        let entry = |(source, stored): (&SourcePath, &Stored)| ManifestEntry {
            source: source.clone(),
            folder: stored.content.folder.clone(),
            input: stored.content.input,
        };

        Ok(of_root.map(entry).collect())
    }

    async fn cached_vectors(
        &self,
        keys: &[ContentHash],
    ) -> Result<Vec<Option<Vec<f32>>>, IndexError> {
        let library = self.read();
        Ok(keys
            .iter()
            .map(|key| library.vectors.get(key).cloned())
            .collect())
    }

    async fn commit(&self, document: DocumentRevision) -> Result<Revision, IndexError> {
        let mut library = self.write();
        let source = document.meta.source.clone();
        let twin = library.documents.iter().find(|(known, stored)| {
            known.stem() == source.stem()
                && (**known != source || stored.content.root != document.root)
        });

        if let Some((twin, stored)) = twin {
            let (known, new) = (&stored.content.root, &document.root);
            let reason = format!(
                "`{twin}` of the root `{known}` has the same chunk ids as this one of the root `{new}`; rename or \
                 remove one of the two"
            );
            return Err(InvalidValue::new("document", source, reason).into());
        }

        for passage in &document.chunks {
            library
                .vectors
                .insert(passage.embedding_key, passage.vector.clone());
        }

        let stored = Stored {
            hash: document.hash(),
            content: document,
            committed_at: now(),
        };

        library.documents.insert(source, stored);
        Ok(library.step())
    }

    async fn remove(&self, sources: &[SourcePath]) -> Result<Revision, IndexError> {
        let mut library = self.write();
        let gone = sources
            .iter()
            .filter(|source| library.documents.remove(*source).is_some())
            .count();

        Ok(if gone > 0 {
            library.step()
        } else {
            library.revision
        })
    }

    async fn optimize(&self) -> Result<(), IndexError> {
        Ok(())
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
