//! The chunk: the unit that is embedded, indexed, found and displayed.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    ChunkId, ContentHash, DocumentMeta, PageNumber, PageRef, Simhash, dense_form, keyword_form,
    normalise,
};

/// The version of the text that [`Chunk::dense_text`] and [`Chunk::keyword_text`] produce.
///
/// It is part of a generation's fingerprint: a change to either function must increase it, so that
/// a new generation is built instead of mixing two kinds of vectors in one index.
pub const TEXT_SCHEMA_VERSION: u32 = 3;

/// A chunk of a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chunk {
    /// Built from the document's path and `ordinal`.
    pub chunk_id: ChunkId,
    /// The document's metadata, shared by all its chunks.
    pub document: Arc<DocumentMeta>,
    /// The 0-based position in the document.
    pub ordinal: u32,
    /// The page (or section) that contains `text` verbatim. A chunk never crosses a page boundary.
    pub page: PageRef,
    /// The breadcrumb: the document's title, then the headings above the chunk.
    pub headings: Vec<String>,
    /// The breadcrumb as it is embedded and indexed together with the text, truncated to what the
    /// model's window leaves free.
    pub context: String,
    /// The text, verbatim.
    pub text: String,
    /// The location of `text`, in bytes of its page's text.
    pub spans: Vec<Span>,
    /// Hash of the verbatim text; reveals whether a citation still refers to the same words.
    pub text_hash: ContentHash,
    /// Hash of the normalised text; equal for the same passage in another guide or version.
    pub passage_hash: ContentHash,
}

/// A byte range of a page's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The page.
    pub page: PageNumber,
    /// The first byte.
    pub start: u32,
    /// The first byte after the range.
    pub end: u32,
}

impl Chunk {
    /// Returns the text that is embedded. `context` contains no version, so equal passages under
    /// equal headings have the same dense text in every version and share one vector.
    pub fn dense_text(&self) -> String {
        Self::dense_text_of(&self.context, &self.text)
    }

    /// Returns [`Self::dense_text`] of a chunk with this context and text.
    pub fn dense_text_of(context: &str, text: &str) -> String {
        let text = dense_form(text);
        if context.is_empty() {
            text
        } else {
            format!("{context}\n{text}")
        }
    }

    /// Returns the text that is indexed for BM25.
    pub fn keyword_text(&self) -> String {
        keyword_form(&format!("{}\n{}", self.context, self.text))
    }

    /// Returns the chunk's short handle, see [`handle_of`](Self::handle_of).
    pub fn handle(&self) -> String {
        Self::handle_of(&self.chunk_id)
    }

    /// Returns the short handle of a chunk id: 8 hexadecimal digits that people and tools may use
    /// instead of the id.
    pub fn handle_of(chunk_id: &ChunkId) -> String {
        ContentHash::of(chunk_id.as_str()).short(8)
    }

    /// Returns the hash that finds nearly equal chunks of other versions.
    pub fn simhash(&self) -> Simhash {
        Simhash::new(self.headings.last().map(String::as_str), &self.text)
    }

    /// Returns the two hashes of a chunk's text: [`text_hash`](Self::text_hash) (verbatim) and
    /// [`passage_hash`](Self::passage_hash) (normalised).
    pub fn text_hashes(text: &str) -> (ContentHash, ContentHash) {
        (ContentHash::of(text), ContentHash::of(normalise(text)))
    }
}
