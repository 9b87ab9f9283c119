//! A document on its way in: checked, with its BM25 vectors and point ids, before the writer sees it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use mcdewey_core::{
    AttachedFile, Chunk, ChunkId, ContentHash, DocumentMeta, DocumentRevision, EmbeddedChunk,
    IndexError, InvalidValue, OutlineEntry, Page, RootName, point_id,
};
use qdrant_edge::SparseVector;
use uuid::Uuid;

use crate::bm25::Bm25;

/// The kind of point that stands for a passage.
pub(crate) const PASSAGE: &str = "chunk";

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
    pub(crate) passages: Vec<PreparedPassage>,
    pub(crate) attachments: Vec<AttachedFile>,
    /// In how many of its passages each BM25 token occurs.
    pub(crate) terms: BTreeMap<u32, u32>,
}

/// A passage ready to be written.
#[derive(Debug)]
pub(crate) struct PreparedPassage {
    pub(crate) point: Uuid,
    pub(crate) chunk: Chunk,
    pub(crate) embedding_key: ContentHash,
    pub(crate) vector: Vec<f32>,
    pub(crate) words: SparseVector,
}

impl Prepared {
    /// Checks a document and makes its vectors. Takes a while for a large one: not for the runtime's threads.
    pub(crate) fn new(
        document: DocumentRevision,
        dimensions: usize,
        bm25: &Bm25,
    ) -> Result<Self, IndexError> {
        check(&document, dimensions)?;
        let hash = document.hash();
        let language = document.meta.facets.lang.clone();
        let mut terms: BTreeMap<u32, u32> = BTreeMap::new();

        let mut passages = Vec::with_capacity(document.chunks.len());
        for EmbeddedChunk {
            chunk,
            embedding_key,
            vector,
        } in document.chunks
        {
            let words = bm25.passage(&chunk.keyword_text(), language.as_deref())?;
            for token in &words.indices {
                *terms.entry(*token).or_default() += 1;
            }

            let point = point_id(PASSAGE, &chunk.chunk_id, &hash);
            passages.push(PreparedPassage {
                point,
                chunk,
                embedding_key,
                vector,
                words,
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
            passages,
            attachments: document.attachments,
            terms,
        })
    }

    /// Why it cannot stand beside a document whose chunk ids begin alike, or of the same source in another root.
    pub(crate) fn refusal_beside(&self, twin: &str, root: &str) -> IndexError {
        let reason = format!(
            "`{twin}` of the root `{root}` has the same chunk ids as this one of the root `{}`; rename or remove one of \
             the two",
            self.root
        );
        InvalidValue::new("document", self.meta.source.as_str(), reason).into()
    }

    /// About how many bytes the document adds to the disk: its texts, vectors and files, twice, for they pass a log on the way.
    pub(crate) fn size(&self) -> u64 {
        let texts: usize = self.pages.iter().map(|page| page.text.len()).sum();
        let passages = self.passages.iter().map(|passage| {
            let floats = passage.vector.len() + 2 * passage.words.indices.len();
            passage.chunk.text.len() + passage.chunk.context.len() + 4 * floats
        });
        let files: usize = self.attachments.iter().map(|file| file.content.len()).sum();
        2 * (texts + passages.sum::<usize>() + files) as u64
    }
}

fn check(document: &DocumentRevision, dimensions: usize) -> Result<(), IndexError> {
    let source = &document.meta.source;
    let refuse =
        |reason: String| Err(InvalidValue::new("document", source.as_str(), reason).into());

    let mut names = HashSet::new();
    for AttachedFile { attachment, .. } in &document.attachments {
        if !names.insert((attachment.role, attachment.name.as_str())) {
            return refuse(format!(
                "two files that are kept with it have the name `{}`",
                attachment.name
            ));
        }
    }

    for (place, passage) in document.chunks.iter().enumerate() {
        let id = &passage.chunk.chunk_id;
        if passage.chunk.ordinal as usize != place
            || *id != ChunkId::new(source, passage.chunk.ordinal)
        {
            return refuse(format!(
                "its passage `{id}` should be number {place} of this document"
            ));
        }

        let length = passage.vector.len();
        if length != dimensions {
            return refuse(format!(
                "the vector of `{id}` has {length} numbers instead of {dimensions}"
            ));
        }

        if !passage.vector.iter().all(|number| number.is_finite()) {
            return refuse(format!(
                "the vector of `{id}` holds something that is no number"
            ));
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
    fn tokens_are_counted_by_passage() {
        let counts: Vec<u32> = prepare(sample()).unwrap().terms.into_values().collect();
        assert_eq!(
            counts.iter().sum::<u32>(),
            3,
            "canine in two passages, call in one"
        );
        assert_eq!(counts.len(), 2);
    }

    #[test]
    fn another_revision_has_other_points() {
        let one = prepare(sample()).unwrap();
        let other = prepare(
            SampleDocument::new("a.md")
                .page(1, &["canine canine calls", "feline"])
                .build(&embedder()),
        );

        assert_ne!(one.passages[0].point, other.unwrap().passages[0].point);
        assert_eq!(
            one.passages[0].point,
            prepare(sample()).unwrap().passages[0].point
        );
    }

    #[test]
    fn passages_that_do_not_fit_are_refused() {
        let mut short = sample();
        short.chunks[1].vector.pop();
        let mut nan = sample();
        nan.chunks[0].vector[0] = f32::NAN;
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
            (nan, "no number"),
            (shuffled, "number 0"),
            (foreign, "b::0"),
        ] {
            let message = prepare(document).unwrap_err().to_string();
            assert!(message.contains(reason), "{message}");
        }
    }
}
