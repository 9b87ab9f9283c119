//! A builder for test documents with a few words on a few pages.

use std::sync::Arc;

use crate::{
    AttachedFile, AttachmentRole, Chunk, ChunkId, ContentHash, DocumentMeta, DocumentRevision,
    Embed, EmbeddedChunk, Facets, OutlineEntry, Page, PageNumber, PageRef, RootName, SourcePath,
    Span, Version,
};

use super::FakeEmbed;

/// Separates the chunks of a page.
const SEPARATOR: &str = "\n\n";

/// A builder for test documents: set the facets, add pages, then call [`SampleDocument::build`].
///
/// Panics on invalid values, such as a source with `..`.
#[derive(Debug, Clone)]
pub struct SampleDocument {
    meta: DocumentMeta,
    root: RootName,
    folder: String,
    context: String,
    pages: Vec<(u32, Vec<String>)>,
    attachments: Vec<AttachedFile>,
}

impl SampleDocument {
    /// Starts a paged document without facets and pages whose title is its source.
    pub fn new(source: &str) -> Self {
        let source: SourcePath = source.parse().expect("a valid source");
        let meta = DocumentMeta {
            title: source.to_string(),
            source,
            facets: Facets::default(),
            source_url: None,
            updated: None,
            paged: true,
        };

        Self {
            meta,
            root: RootName::default(),
            folder: "/library".to_owned(),
            context: String::new(),
            pages: Vec::new(),
            attachments: Vec::new(),
        }
    }

    /// Sets the vendor.
    pub fn vendor(mut self, vendor: &str) -> Self {
        self.meta.facets.vendor = Some(vendor.to_owned());
        self
    }

    /// Sets the product.
    pub fn product(mut self, product: &str) -> Self {
        self.meta.facets.product = Some(product.to_owned());
        self
    }

    /// Adds a version.
    pub fn version(mut self, label: &str) -> Self {
        let key = label.parse().expect("a valid version");
        self.meta.facets.versions.push(Version {
            label: label.to_owned(),
            key,
        });

        self
    }

    /// Sets the guide.
    pub fn guide(mut self, guide: &str) -> Self {
        self.meta.facets.guide = Some(guide.to_owned());
        self
    }

    /// Sets the language of the text.
    pub fn lang(mut self, lang: &str) -> Self {
        self.meta.facets.lang = Some(lang.to_owned());
        self
    }

    /// Sets the title.
    pub fn title(mut self, title: &str) -> Self {
        self.meta.title = title.to_owned();
        self
    }

    /// Sets the root that contains the document.
    pub fn root(mut self, root: &str) -> Self {
        self.root = root.parse().expect("a valid root name");
        self
    }

    /// Sets the folder of the root.
    pub fn folder(mut self, folder: &str) -> Self {
        self.folder = folder.to_owned();
        self
    }

    /// Sets the context that every chunk is indexed with; empty by default.
    pub fn context(mut self, context: &str) -> Self {
        self.context = context.to_owned();
        self
    }

    /// Adds a page with these chunks.
    pub fn page(mut self, number: u32, chunks: &[&str]) -> Self {
        let texts = chunks.iter().map(|text| (*text).to_owned()).collect();
        self.pages.push((number, texts));
        self
    }

    /// Adds an attachment.
    pub fn attachment(
        mut self,
        role: AttachmentRole,
        name: &str,
        media_type: &str,
        content: &[u8],
    ) -> Self {
        self.attachments
            .push(AttachedFile::new(name, role, media_type, content.to_vec()));
        self
    }

    /// Builds the document with its vectors, ready to be committed.
    pub fn build(&self, embed: &FakeEmbed) -> DocumentRevision {
        let meta = Arc::new(self.meta.clone());
        let mut revision = DocumentRevision {
            root: self.root.clone(),
            folder: self.folder.clone(),
            input: ContentHash::of(format!("{self:?}")),
            meta: Arc::clone(&meta),
            outline: Vec::new(),
            pages: Vec::new(),
            chunks: Vec::new(),
            attachments: self.attachments.clone(),
        };

        for (number, texts) in &self.pages {
            let page = PageRef {
                number: PageNumber(*number),
                label: None,
                section: None,
            };

            revision.outline.push(OutlineEntry {
                level: 1,
                title: page.title(),
                page: page.number,
            });

            let mut start = 0;
            for text in texts {
                let ordinal = revision.chunks.len() as u32;
                let chunk = self.chunk(&meta, &page, (ordinal, start), text);
                revision.chunks.push(embed_chunk(chunk, embed));
                start += text.len() + SEPARATOR.len();
            }

            revision.pages.push(Page {
                page,
                text: texts.join(SEPARATOR),
            });
        }

        revision
    }

    fn chunk(
        &self,
        meta: &Arc<DocumentMeta>,
        page: &PageRef,
        (ordinal, start): (u32, usize),
        text: &str,
    ) -> Chunk {
        let (text_hash, passage_hash) = Chunk::text_hashes(text);

        Chunk {
            chunk_id: ChunkId::new(&meta.source, ordinal),
            document: Arc::clone(meta),
            ordinal,
            page: page.clone(),
            headings: vec![meta.title.clone()],
            context: self.context.clone(),
            text: text.to_owned(),
            spans: vec![Span {
                page: page.number,
                start: start as u32,
                end: (start + text.len()) as u32,
            }],
            text_hash,
            passage_hash,
        }
    }
}

fn embed_chunk(chunk: Chunk, embed: &FakeEmbed) -> EmbeddedChunk {
    let dense_text = chunk.dense_text();
    let fingerprint = &embed.model().fingerprint;
    EmbeddedChunk {
        embedding_key: ContentHash::of_parts([fingerprint.as_str(), dense_text.as_str()]),
        vector: Some(embed.vector(&dense_text)),
        tokens: dense_text.split_whitespace().count() as u32,
        chunk,
    }
}
