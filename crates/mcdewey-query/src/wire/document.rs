//! Passages, documents, pages and files in responses.

use std::collections::HashMap;

use mcdewey_core::{
    Attachment, Chunk, Document, Generation, IndexState, PageNumber, PageRef, Revision, SourcePath,
};
use mcdewey_search::{ChunkOnPage, DocumentPage, PageImage, Passage, original};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::hit::also_in;
use super::{Hit, WordBoxesItem};
use crate::{links, page_label};

/// A passage with its neighbours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChunkAnswer {
    /// The passage; its `score` is 0 and its `snippet` is the beginning of the text.
    pub chunk: Hit,
    /// The preceding passages, in document order.
    pub before: Vec<Hit>,
    /// The following passages, in document order.
    pub after: Vec<Hit>,
    /// Where the words of the passage are on its page, if `boxes` was set and the page has a fixed
    /// layout, as in a PDF.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boxes: Option<WordBoxesItem>,
    /// The generation of the index that answered.
    #[schemars(with = "String")]
    pub generation: Generation,
    /// The revision of the index that answered.
    #[schemars(with = "u64")]
    pub revision: Revision,
}

impl ChunkAnswer {
    /// Writes out a passage.
    pub fn new(passage: Passage, state: &IndexState, public_url: &str) -> Self {
        Self {
            before: hits(passage.before, public_url),
            after: hits(passage.after, public_url),
            chunk: Hit {
                also_in: also_in(passage.also_in),
                ..Hit::from_chunk(passage.chunk, public_url)
            },
            boxes: None,
            generation: state.generation.clone(),
            revision: state.revision,
        }
    }
}

fn hits(chunks: Vec<Chunk>, public_url: &str) -> Vec<Hit> {
    chunks
        .into_iter()
        .map(|chunk| Hit::from_chunk(chunk, public_url))
        .collect()
}

/// A document: metadata, outline, pages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DocumentAnswer {
    /// The source of the document.
    pub source: String,
    /// The title.
    pub doc_title: String,
    /// The vendor's name.
    pub vendor: Option<String>,
    /// The product's id.
    pub product: Option<String>,
    /// The version or versions.
    pub version: Option<String>,
    /// The guide's name.
    pub guide: Option<String>,
    /// The language, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
    /// The URL of the vendor's own page, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_url: Option<String>,
    /// When it was last changed, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<String>,
    /// Whether it has physical pages.
    pub paged: bool,
    /// The headings, in document order.
    pub outline: Vec<OutlineItem>,
    /// The pages or sections, in order.
    pub pages: Vec<PageItem>,
    /// The number of passages.
    pub chunks: u32,
    /// The file that the document was made from, if it is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<FileItem>,
    /// The URL of the document on this server's web pages.
    pub url: String,
    /// The generation of the index that answered.
    #[schemars(with = "String")]
    pub generation: Generation,
    /// The revision of the index that answered.
    #[schemars(with = "u64")]
    pub revision: Revision,
}

impl DocumentAnswer {
    /// Writes out a document.
    pub fn new(document: &Document, state: &IndexState, public_url: &str) -> Self {
        let meta = &document.meta;
        let facets = &meta.facets;

        Self {
            source: meta.source.to_string(),
            doc_title: meta.title.clone(),
            vendor: facets.vendor.clone(),
            product: facets.product.clone(),
            version: facets.version_label(),
            guide: facets.guide.clone(),
            lang: facets.lang.clone(),
            source_url: meta.source_url.clone(),
            updated: meta.updated.clone(),
            paged: meta.paged,
            outline: outline(document),
            pages: document
                .pages
                .iter()
                .map(|page| PageItem::new(&meta.source, page, public_url))
                .collect(),
            chunks: document.chunks,
            original: original(document).map(|file| FileItem::new(&meta.source, file, public_url)),
            url: format!("{public_url}{}", links::document_path(&meta.source)),
            generation: state.generation.clone(),
            revision: state.revision,
        }
    }
}

/// A heading of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OutlineItem {
    /// 1 for a chapter, 2 below it, …
    pub level: u8,
    /// The heading.
    pub title: String,
    /// The physical page of the heading; `null` in a document without pages.
    pub page: Option<u32>,
    /// The slug of the section it begins, in a document without pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
}

fn outline(document: &Document) -> Vec<OutlineItem> {
    let by_number: HashMap<PageNumber, &PageRef> = document
        .pages
        .iter()
        .map(|page| (page.number, page))
        .collect();

    document
        .outline
        .iter()
        .map(|entry| OutlineItem {
            level: entry.level,
            title: entry.title.clone(),
            page: document.meta.paged.then_some(entry.page.0),
            section: by_number
                .get(&entry.page)
                .and_then(|page| page.section_slug())
                .map(str::to_owned),
        })
        .collect()
}

/// A page or section of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PageItem {
    /// The physical page; `null` in a document without pages.
    pub page: Option<u32>,
    /// The printed page number, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_label: Option<String>,
    /// The section's slug, in a document without pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// "Page 118", or the section's heading.
    pub title: String,
    /// The URL of the page on this server's web pages.
    pub url: String,
}

impl PageItem {
    /// Writes out a page or section of the document `source`.
    pub fn new(source: &SourcePath, page: &PageRef, public_url: &str) -> Self {
        Self {
            page: page.physical_page(),
            page_label: page.label.clone(),
            section: page.section_slug().map(str::to_owned),
            title: page.title(),
            url: format!("{public_url}{}", links::page_path(source, page)),
        }
    }
}

/// One page (or section) of a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PageAnswer {
    /// The document.
    pub document: DocumentAnswer,
    /// The page or section.
    pub page: PageItem,
    /// Its Markdown, as in the document.
    pub text: String,
    /// Its passages, in order.
    pub chunks: Vec<PassageOnPage>,
    /// The images on the page, in order, each listed once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<ImageItem>,
    /// The URL of the same page of the original file, if the original is kept and has pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_url: Option<String>,
    /// The previous page, if any.
    pub previous: Option<PageItem>,
    /// The next page, if any.
    pub next: Option<PageItem>,
}

impl PageAnswer {
    /// Writes out a page of a document.
    pub fn new(found: DocumentPage, state: &IndexState, public_url: &str) -> Self {
        let document = &found.document;
        let source = &document.meta.source;
        let page = found.page();

        Self {
            document: DocumentAnswer::new(document, state, public_url),
            page: PageItem::new(source, page, public_url),
            chunks: found.chunks.iter().map(PassageOnPage::from).collect(),
            images: found
                .images
                .iter()
                .enumerate()
                .map(|(index, image)| ImageItem::new(index, image, source, page, public_url))
                .collect(),
            original_url: links::original_page_path(document, page)
                .map(|path| format!("{public_url}{path}")),
            previous: found
                .previous()
                .map(|page| PageItem::new(source, page, public_url)),
            next: found
                .next()
                .map(|page| PageItem::new(source, page, public_url)),
            text: found.text,
        }
    }
}

/// A file stored with a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileItem {
    /// The file's name.
    pub name: String,
    /// The media type ("application/pdf").
    pub media_type: String,
    /// The size in bytes.
    pub bytes: u64,
    /// The URL of the file.
    pub url: String,
}

impl FileItem {
    /// Writes out a file of the document `source`.
    pub fn new(source: &SourcePath, file: &Attachment, public_url: &str) -> Self {
        Self {
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            bytes: file.bytes,
            url: format!("{public_url}{}", links::file_path(source, file)),
        }
    }
}

/// An image on a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImageItem {
    /// "Image 1 from page 58".
    pub title: String,
    /// The alternative text, if the document has one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub alt: String,
    /// The image file. Its name is the target of the links to it in the page's Markdown.
    #[serde(flatten)]
    pub file: FileItem,
}

impl ImageItem {
    /// Writes out the image with this index on a page of the document `source`.
    fn new(
        index: usize,
        image: &PageImage,
        source: &SourcePath,
        page: &PageRef,
        public_url: &str,
    ) -> Self {
        Self {
            title: page_label::image_title(index, page),
            alt: image.alt.clone(),
            file: FileItem::new(source, &image.file, public_url),
        }
    }
}

/// The position of a passage on its page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PassageOnPage {
    /// The passage's chunk id.
    pub chunk_id: String,
    /// Offset of the first byte in the page's text.
    pub start: u32,
    /// Offset of the first byte after the passage.
    pub end: u32,
}

impl From<&ChunkOnPage> for PassageOnPage {
    fn from(chunk: &ChunkOnPage) -> Self {
        Self {
            chunk_id: chunk.chunk_id.to_string(),
            start: chunk.span.start,
            end: chunk.span.end,
        }
    }
}
