//! Documents for tests, made of a few words on a few pages.

use std::sync::Arc;

use crate::{
    AttachedFile, AttachmentRole, Chunk, ChunkId, ContentHash, DocumentMeta, DocumentRevision,
    Embed, EmbeddedChunk, Facets, OutlineEntry, Page, PageNumber, PageRef, RootName, SourcePath,
    Span, Version,
};

use super::FakeEmbed;

/// What separates the passages of a page.
const BORDER: &str = "\n\n";

/// A document in the making: name its facets, add pages, then [`SampleDocument::build`] it.
///
/// Values that cannot be valid (a source with `..`, say) panic: this is for tests only.
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
    /// A paged document without facets and without pages, titled by its source.
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

    /// Who makes the product.
    pub fn vendor(mut self, vendor: &str) -> Self {
        self.meta.facets.vendor = Some(vendor.to_owned());
        self
    }

    /// What is documented.
    pub fn product(mut self, product: &str) -> Self {
        self.meta.facets.product = Some(product.to_owned());
        self
    }

    /// One more release it is for.
    pub fn version(mut self, label: &str) -> Self {
        let key = label.parse().expect("a valid release");
        self.meta.facets.versions.push(Version {
            label: label.to_owned(),
            key,
        });

        self
    }

    /// In which guide.
    pub fn guide(mut self, guide: &str) -> Self {
        self.meta.facets.guide = Some(guide.to_owned());
        self
    }

    /// The language of the text.
    pub fn lang(mut self, lang: &str) -> Self {
        self.meta.facets.lang = Some(lang.to_owned());
        self
    }

    /// What people call it.
    pub fn title(mut self, title: &str) -> Self {
        self.meta.title = title.to_owned();
        self
    }

    /// The root it is found in.
    pub fn root(mut self, root: &str) -> Self {
        self.root = root.parse().expect("a valid root name");
        self
    }

    /// The folder of that root.
    pub fn folder(mut self, folder: &str) -> Self {
        self.folder = folder.to_owned();
        self
    }

    /// What every passage is indexed with besides its text; nothing unless set.
    pub fn context(mut self, context: &str) -> Self {
        self.context = context.to_owned();
        self
    }

    /// One more page with these passages.
    pub fn page(mut self, number: u32, passages: &[&str]) -> Self {
        self.pages.push((
            number,
            passages.iter().map(|text| (*text).to_owned()).collect(),
        ));
        self
    }

    /// One more file kept with it.
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

    /// The document, embedded and ready to be committed.
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
                let chunk = self.chunk(&meta, &page, (revision.chunks.len(), start), text);
                revision.chunks.push(embedded(chunk, embed));
                start += text.len() + BORDER.len();
            }

            revision.pages.push(Page {
                page,
                text: texts.join(BORDER),
            });
        }

        revision
    }

    fn chunk(
        &self,
        meta: &Arc<DocumentMeta>,
        page: &PageRef,
        (place, start): (usize, usize),
        text: &str,
    ) -> Chunk {
        let (text_hash, passage_hash) = Chunk::hashes(text);
        let ordinal = place as u32;
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

fn embedded(chunk: Chunk, embed: &FakeEmbed) -> EmbeddedChunk {
    let dense_text = chunk.dense_text();
    let fingerprint = &embed.model().fingerprint;
    EmbeddedChunk {
        embedding_key: ContentHash::of_parts([fingerprint.as_str(), dense_text.as_str()]),
        vector: embed.vector(&dense_text),
        chunk,
    }
}
