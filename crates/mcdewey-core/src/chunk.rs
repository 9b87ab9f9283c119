//! The passage: one struct from the splitter to the web page.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    ChunkId, ContentHash, DocumentMeta, PageNumber, PageRef, Simhash, dense_form, keyword_form,
    normalise,
};

/// The version of what [`Chunk::dense_text`] and [`Chunk::keyword_text`] make; part of a generation's fingerprint, so
/// that a change here builds a new generation instead of mixing two kinds of vectors.
pub const TEXT_SCHEMA: u32 = 3;

/// One passage of a document, as it is stored, found and shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chunk {
    /// Its name.
    pub chunk_id: ChunkId,
    /// Its document; shared by all passages of it.
    pub document: Arc<DocumentMeta>,
    /// 0-based place in the document.
    pub ordinal: u32,
    /// The page (or section) that contains `text` verbatim. A passage never crosses a page.
    pub page: PageRef,
    /// The breadcrumb: the document's title, then the headings above the passage.
    pub headings: Vec<String>,
    /// What is embedded and indexed together with the text: the breadcrumb, cut to the room the model leaves.
    pub context: String,
    /// The passage, verbatim.
    pub text: String,
    /// Where `text` stands, in bytes of its page's text.
    pub spans: Vec<Span>,
    /// Hash of `text` as it is: says whether a citation still points at the same words.
    pub text_hash: ContentHash,
    /// Hash of the normalised text: the same passage in another book or release has the same.
    pub passage_hash: ContentHash,
}

/// A stretch of a page's text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The page.
    pub page: PageNumber,
    /// First byte.
    pub start: u32,
    /// First byte behind it.
    pub end: u32,
}

impl Chunk {
    /// What the dense vector is made of. Equal passages under equal headings give equal texts in every release, so
    /// they share one vector: `context` holds no release.
    pub fn dense_text(&self) -> String {
        let text = dense_form(&self.text);
        if self.context.is_empty() {
            text
        } else {
            format!("{}\n{text}", self.context)
        }
    }

    /// What the BM25 vector is made of.
    pub fn keyword_text(&self) -> String {
        keyword_form(&format!("{}\n{}", self.context, self.text))
    }

    /// The short handle (8 hexadecimal digits) by which people and tools may name this passage.
    pub fn handle(&self) -> String {
        Self::handle_of(&self.chunk_id)
    }

    /// The short handle of a passage whose id is known.
    pub fn handle_of(chunk_id: &ChunkId) -> String {
        ContentHash::of(chunk_id.as_str()).short(8)
    }

    /// What nearly equal passages of other releases are recognised by.
    pub fn simhash(&self) -> Simhash {
        Simhash::of(self.headings.last().map(String::as_str), &self.text)
    }

    /// The two hashes of a passage's text: verbatim, and normalised.
    pub fn hashes(text: &str) -> (ContentHash, ContentHash) {
        (ContentHash::of(text), ContentHash::of(normalise(text)))
    }
}
