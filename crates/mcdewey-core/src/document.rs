//! Documents: their metadata, and the revisions in which they are committed to an index.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    AttachedFile, Attachment, Chunk, ContentHash, Facets, OutlineEntry, Page, PageRef, RootName,
    SourcePath,
};

/// The metadata that all chunks of a document share.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DocumentMeta {
    /// The document's path in the library.
    pub source: SourcePath,
    /// The display title.
    pub title: String,
    /// Vendor, product, versions, guide and language.
    pub facets: Facets,
    /// The URL of the document on the vendor's site, where known.
    pub source_url: Option<String>,
    /// The date of the vendor's last change (ISO 8601), where known.
    pub updated: Option<String>,
    /// Whether the document has physical pages; otherwise it is divided into sections.
    pub paged: bool,
}

/// A document without its text; pages are read one by one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Title, facets and origin.
    pub meta: Arc<DocumentMeta>,
    /// The headings, in document order.
    pub outline: Vec<OutlineEntry>,
    /// The pages (or sections), in document order.
    pub pages: Vec<PageRef>,
    /// The attachments, ordered by role and name.
    pub attachments: Vec<Attachment>,
    /// Number of chunks.
    pub chunks: u32,
    /// Hash of content and facets, see [`DocumentRevision::hash`].
    pub hash: ContentHash,
    /// Time of the commit (Unix seconds).
    pub committed_at: i64,
}

/// One entry of the library's list of documents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DocumentSummary {
    /// Title, facets and origin.
    pub meta: Arc<DocumentMeta>,
    /// Number of pages (or sections).
    pub pages: u32,
    /// Number of chunks.
    pub chunks: u32,
    /// Time of the commit (Unix seconds).
    pub committed_at: i64,
}

/// Everything about a document that becomes visible in one commit.
#[derive(Debug, Clone)]
pub struct DocumentRevision {
    /// The root that contains the file.
    pub root: RootName,
    /// The root's folder as an absolute path without symbolic links. A walk of another folder does
    /// not remove the document.
    pub folder: String,
    /// Hash of everything the document is made from; an equal hash means an unchanged file.
    pub input: ContentHash,
    /// Title, facets and origin.
    pub meta: Arc<DocumentMeta>,
    /// The headings, in document order.
    pub outline: Vec<OutlineEntry>,
    /// The pages with their text.
    pub pages: Vec<Page>,
    /// The chunks with their vectors, in document order.
    pub chunks: Vec<EmbeddedChunk>,
    /// The attachments; each pair of name and role occurs once.
    pub attachments: Vec<AttachedFile>,
}

impl DocumentRevision {
    /// Reports whether the document is committed with its words only: it has chunks, and they have no
    /// vectors.
    pub fn is_words_only(&self) -> bool {
        self.chunks.iter().any(|embedded| embedded.vector.is_none())
    }

    /// Returns the hash of content and facets. It is part of the point ids, so two revisions never
    /// share a point.
    pub fn hash(&self) -> ContentHash {
        let meta = &self.meta;
        let mut parts = vec![
            meta.source.to_string(),
            meta.title.clone(),
            meta.facets.hash().to_string(),
        ];

        // The hash is stored, and it covers `Debug` output of `PageRef`, `PageNumber`, `Section`
        // and `AttachmentRole`: renaming these types, their fields or variants changes every hash.
        parts.push(format!(
            "{:?} {:?} {}",
            meta.source_url, meta.updated, meta.paged
        ));

        for page in &self.pages {
            parts.push(format!("{:?}", page.page));
            parts.push(page.text.clone());
        }

        for embedded in &self.chunks {
            parts.push(embedded.embedding_key.to_string());
            parts.push(embedded.chunk.text_hash.to_string());
        }

        for AttachedFile { attachment, .. } in &self.attachments {
            parts.push(format!(
                "{:?} {} {}",
                attachment.role, attachment.name, attachment.hash
            ));
        }

        ContentHash::of_parts(parts)
    }
}

/// A chunk with its vector, ready to be stored.
#[derive(Debug, Clone)]
pub struct EmbeddedChunk {
    /// The chunk.
    pub chunk: Chunk,
    /// The vector's key in the embedding cache: hash of the model's fingerprint and the dense text.
    pub embedding_key: ContentHash,
    /// The dense vector, of unit length. `None` if the document is committed with its words only;
    /// then no chunk of the document has one.
    pub vector: Option<Vec<f32>>,
    /// The number of tokens of the dense text, without special tokens.
    pub tokens: u32,
}

/// What the index stores about a file to detect that it is unchanged or gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestEntry {
    /// The document's path in the library.
    pub source: SourcePath,
    /// [`DocumentRevision::folder`] at the last commit.
    pub folder: String,
    /// [`DocumentRevision::input`] at the last commit.
    pub input: ContentHash,
}
