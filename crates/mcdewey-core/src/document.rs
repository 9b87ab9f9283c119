//! Documents: what is known of one, and what is committed of one at a time.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    AttachedFile, Attachment, Chunk, ContentHash, Facets, OutlineEntry, Page, PageRef, RootName,
    SourcePath,
};

/// What every passage of a document shares.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DocumentMeta {
    /// Where it is.
    pub source: SourcePath,
    /// What people call it.
    pub title: String,
    /// What it is about.
    pub facets: Facets,
    /// The vendor's own page for it, where known.
    pub source_url: Option<String>,
    /// When the vendor last changed it, where known (ISO 8601 date).
    pub updated: Option<String>,
    /// Whether it has physical pages (else sections).
    pub paged: bool,
}

/// A document as readers meet it: no text, the pages follow one by one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// What is known of it.
    pub meta: Arc<DocumentMeta>,
    /// Its headings, in order.
    pub outline: Vec<OutlineEntry>,
    /// Its pages (or sections), in order.
    pub pages: Vec<PageRef>,
    /// The files that are kept with it, by role and name.
    pub attachments: Vec<Attachment>,
    /// How many passages it has.
    pub chunks: u32,
    /// Hash of its content and facets; changes whenever the document does.
    pub hash: ContentHash,
    /// When it was committed (Unix seconds).
    pub committed_at: i64,
}

/// A line of the library's list of documents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DocumentSummary {
    /// What is known of it.
    pub meta: Arc<DocumentMeta>,
    /// How many pages (or sections) it has.
    pub pages: u32,
    /// How many passages it has.
    pub chunks: u32,
    /// When it was committed (Unix seconds).
    pub committed_at: i64,
}

/// Everything that becomes visible of a document at once.
#[derive(Debug, Clone)]
pub struct DocumentRevision {
    /// The root it was found in.
    pub root: RootName,
    /// That root's folder, absolute and free of links: who walks another folder does not remove the document.
    pub folder: String,
    /// What an unchanged file is recognised by.
    pub input: ContentHash,
    /// What is known of it.
    pub meta: Arc<DocumentMeta>,
    /// Its headings.
    pub outline: Vec<OutlineEntry>,
    /// Its pages with their text.
    pub pages: Vec<Page>,
    /// Its passages with their vectors, in order.
    pub chunks: Vec<EmbeddedChunk>,
    /// The files that are kept with it; of each name and role one.
    pub attachments: Vec<AttachedFile>,
}

impl DocumentRevision {
    /// Hash of content and facets; part of the point ids, so that two revisions never share a point.
    pub fn hash(&self) -> ContentHash {
        let meta = &self.meta;
        let mut parts = vec![
            meta.source.to_string(),
            meta.title.clone(),
            meta.facets.hash().to_string(),
        ];

        parts.push(format!(
            "{:?} {:?} {}",
            meta.source_url, meta.updated, meta.paged
        ));

        for page in &self.pages {
            parts.push(format!("{:?}", page.page));
            parts.push(page.text.clone());
        }

        for passage in &self.chunks {
            parts.push(passage.embedding_key.to_string());
            parts.push(passage.chunk.text_hash.to_string());
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

/// A passage ready to be stored.
#[derive(Debug, Clone)]
pub struct EmbeddedChunk {
    /// The passage.
    pub chunk: Chunk,
    /// Names the vector in the embedding cache: hash of the model's fingerprint and the dense text.
    pub embedding_key: ContentHash,
    /// The dense vector, of unit length.
    pub vector: Vec<f32>,
}

/// What the index remembers of a file, to recognise it unchanged or gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestEntry {
    /// The document.
    pub source: SourcePath,
    /// [`DocumentRevision::folder`] at its last commit.
    pub folder: String,
    /// [`DocumentRevision::input`] at its last commit.
    pub input: ContentHash,
}
