//! Prepares a document for the writer: validates it and computes its BM25 vectors and point ids.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use mcdewey_core::{
    AttachedFile, Chunk, ChunkId, ContentHash, DocumentMeta, DocumentRevision, EmbeddedChunk,
    IndexError, InvalidValue, OutlineEntry, Page, RootName, point_id,
};
use qdrant_edge::SparseVector;
use uuid::Uuid;

use crate::bm25::Bm25;

/// The kind of the points that represent chunks; an input of their point ids.
pub(crate) const CHUNK_KIND: &str = "chunk";

/// A document ready to be written.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) meta: Arc<DocumentMeta>,
    pub(crate) root: RootName,
    pub(crate) folder: String,
    pub(crate) input: ContentHash,
    pub(crate) hash: ContentHash,
    pub(crate) prefix: String,
    pub(crate) outline: Vec<OutlineEntry>,
    pub(crate) pages: Vec<Page>,
    pub(crate) chunks: Vec<PreparedChunk>,
    pub(crate) attachments: Vec<AttachedFile>,
    /// In how many of the document's chunks each BM25 token occurs.
    pub(crate) terms: BTreeMap<u32, u32>,
    /// If the document is committed with its words only: the keys of the vectors that are not in the
    /// embedding cache. The writer fills it in.
    pub(crate) keys_to_embed: Option<HashSet<ContentHash>>,
}

/// A chunk ready to be written.
#[derive(Debug)]
pub(crate) struct PreparedChunk {
    pub(crate) point: Uuid,
    pub(crate) chunk: Chunk,
    pub(crate) embedding_key: ContentHash,
    /// `None` if the document is committed with its words only.
    pub(crate) vector: Option<Vec<f32>>,
    /// The number of tokens of the text that is embedded.
    pub(crate) tokens: u32,
    pub(crate) keyword_vector: SparseVector,
}

impl Prepared {
    /// Validates a document and computes its BM25 vectors. CPU-bound and slow for a large document:
    /// do not call it on an async worker thread.
    pub(crate) fn new(
        document: DocumentRevision,
        dimensions: usize,
        bm25: &Bm25,
    ) -> Result<Self, IndexError> {
        check(&document, dimensions)?;
        let keys_to_embed = document.is_words_only().then(HashSet::new);

        let hash = document.hash();
        let language = document.meta.facets.lang.clone();
        let mut terms: BTreeMap<u32, u32> = BTreeMap::new();
        let mut chunks = Vec::with_capacity(document.chunks.len());

        for EmbeddedChunk {
            chunk,
            embedding_key,
            vector,
            tokens,
        } in document.chunks
        {
            let keyword_vector = bm25.chunk_vector(&chunk.keyword_text(), language.as_deref())?;
            for token in &keyword_vector.indices {
                *terms.entry(*token).or_default() += 1;
            }

            chunks.push(PreparedChunk {
                point: point_id(CHUNK_KIND, &chunk.chunk_id, &hash),
                chunk,
                embedding_key,
                vector,
                tokens,
                keyword_vector,
            });
        }

        Ok(Self {
            prefix: document.meta.source.chunk_prefix(),
            meta: document.meta,
            root: document.root,
            folder: document.folder,
            input: document.input,
            hash,
            outline: document.outline,
            pages: document.pages,
            chunks,
            attachments: document.attachments,
            terms,
            keys_to_embed,
        })
    }

    /// The error for a document whose chunk ids collide with those of `other`, which is either
    /// another source or the same source in another root.
    pub(crate) fn duplicate_ids_error(&self, other: &str, root: &str) -> IndexError {
        let reason = format!(
            "`{other}` of the root `{root}` has the same chunk ids as this one of the root `{}`; \
             rename or remove one of the two",
            self.root
        );

        InvalidValue::new("document", self.meta.source.as_str(), reason).into()
    }

    /// Estimates how many bytes the document adds to the disk: its texts, vectors and files,
    /// counted twice because all of them pass through a log first.
    pub(crate) fn size(&self) -> u64 {
        let pages: usize = self.pages.iter().map(|page| page.text.len()).sum();
        let chunks: usize = self.chunks.iter().map(PreparedChunk::size).sum();
        let files: usize = self.attachments.iter().map(|file| file.content.len()).sum();

        2 * (pages + chunks + files) as u64
    }
}

impl PreparedChunk {
    /// Bytes of text and vectors. An entry of the keyword vector is a token and a weight.
    fn size(&self) -> usize {
        let numbers =
            self.vector.as_ref().map_or(0, Vec::len) + 2 * self.keyword_vector.indices.len();
        self.chunk.text.len() + self.chunk.context.len() + 4 * numbers
    }
}

/// Checks that attachments have distinct names, chunk ids match their positions, and vectors are
/// finite and of the right length.
fn check(document: &DocumentRevision, dimensions: usize) -> Result<(), IndexError> {
    let source = &document.meta.source;
    let invalid = |reason: String| -> IndexError {
        InvalidValue::new("document", source.as_str(), reason).into()
    };

    let mut names = HashSet::new();
    for AttachedFile { attachment, .. } in &document.attachments {
        if !names.insert((attachment.role, attachment.name.as_str())) {
            return Err(invalid(format!(
                "two of its attachments have the name `{}`",
                attachment.name
            )));
        }
    }

    for (position, embedded) in document.chunks.iter().enumerate() {
        let id = &embedded.chunk.chunk_id;
        let ordinal = embedded.chunk.ordinal;
        if ordinal as usize != position || *id != ChunkId::new(source, ordinal) {
            return Err(invalid(format!(
                "its chunk `{id}` should be number {position} of this document"
            )));
        }

        let Some(vector) = &embedded.vector else {
            if document.chunks.iter().any(|other| other.vector.is_some()) {
                return Err(invalid(format!(
                    "`{id}` has no vector, but other chunks of the document have one"
                )));
            }
            continue;
        };

        let length = vector.len();
        if length != dimensions {
            return Err(invalid(format!(
                "the vector of `{id}` has {length} numbers instead of {dimensions}"
            )));
        }

        if !vector.iter().all(|number| number.is_finite()) {
            return Err(invalid(format!(
                "the vector of `{id}` holds a value that is not a finite number"
            )));
        }
    }

    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use mcdewey_core::testing::{SampleDocument, index_suite::embedder};
    use mcdewey_core::{AttachmentRole, Embed, SourcePath};

    fn sample() -> DocumentRevision {
        SampleDocument::new("a.md")
            .page(1, &["canine canine calls", "canine"])
            .build(&embedder())
    }

    fn prepare(document: DocumentRevision) -> Result<Prepared, IndexError> {
        Prepared::new(document, embedder().model().dimensions, &Bm25::default())
    }

    #[test]
    fn each_token_is_counted_once_per_chunk() {
        let counts: Vec<u32> = prepare(sample()).unwrap().terms.into_values().collect();
        assert_eq!(
            counts.iter().sum::<u32>(),
            3,
            "canine in two chunks, call in one"
        );
        assert_eq!(counts.len(), 2);
    }

    #[test]
    fn each_revision_has_its_own_points() {
        let one = prepare(sample()).unwrap();
        let other = prepare(
            SampleDocument::new("a.md")
                .page(1, &["canine canine calls", "feline"])
                .build(&embedder()),
        );

        assert_ne!(one.chunks[0].point, other.unwrap().chunks[0].point);
        assert_eq!(
            one.chunks[0].point,
            prepare(sample()).unwrap().chunks[0].point
        );
    }

    #[test]
    fn invalid_documents_are_rejected() {
        let mut short = sample();
        short.chunks[1].vector.as_mut().unwrap().pop();

        let mut nan = sample();
        nan.chunks[0].vector.as_mut().unwrap()[0] = f32::NAN;

        let mut half = sample();
        half.chunks[1].vector = None;

        let mut shuffled = sample();
        shuffled.chunks.swap(0, 1);

        let mut foreign = sample();
        let other: SourcePath = "b.md".parse().unwrap();
        foreign.chunks[0].chunk.chunk_id = ChunkId::new(&other, 0);

        let mut doubled = sample();
        let file = AttachedFile::new("a.png", AttachmentRole::Image, "image/png", Vec::new());
        doubled.attachments = vec![file.clone(), file];

        assert!(
            prepare(doubled)
                .unwrap_err()
                .to_string()
                .contains("`a.png`")
        );

        for (document, reason) in [
            (short, "numbers"),
            (nan, "not a finite number"),
            (half, "has no vector"),
            (shuffled, "number 0"),
            (foreign, "b::0"),
        ] {
            let message = prepare(document).unwrap_err().to_string();
            assert!(message.contains(reason), "{message}");
        }
    }
}
