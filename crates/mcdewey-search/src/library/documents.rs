//! Documents, their pages and their files.

use std::sync::Arc;

use mcdewey_core::{
    AttachedFile, Attachment, AttachmentRole, Chunk, ChunkId, Document, PageNumber, PageRef,
    SourcePath, Span,
};

use crate::library::images::{PageImage, page_images};
use crate::{LibrarySnapshot, PageSelector, QueryError};

/// One page (or section) of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct DocumentPage {
    /// The document.
    pub document: Arc<Document>,
    /// The page's index in the document's list of pages.
    pub position: usize,
    /// Its Markdown, as in the document.
    pub text: String,
    /// Its chunks, in order.
    pub chunks: Vec<ChunkOnPage>,
    /// The images on the page, in order, each listed once.
    pub images: Vec<PageImage>,
}

/// The location of a chunk on its page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkOnPage {
    /// The chunk.
    pub chunk_id: ChunkId,
    /// Its location, in bytes of the page's text.
    pub span: Span,
}

impl DocumentPage {
    fn new(
        document: &Arc<Document>,
        position: usize,
        text: String,
        chunks: Vec<ChunkOnPage>,
    ) -> Self {
        Self {
            images: page_images(document, &text),
            document: Arc::clone(document),
            position,
            text,
            chunks,
        }
    }

    /// Number, label and section of the page.
    pub fn page(&self) -> &PageRef {
        &self.document.pages[self.position]
    }

    /// The previous page, if any.
    pub fn previous(&self) -> Option<&PageRef> {
        self.document.pages.get(self.position.checked_sub(1)?)
    }

    /// The next page, if any.
    pub fn next(&self) -> Option<&PageRef> {
        self.document.pages.get(self.position + 1)
    }
}

/// Returns the file that a document was made from, if it is kept.
pub fn original(document: &Document) -> Option<&Attachment> {
    document
        .attachments
        .iter()
        .find(|file| file.role == AttachmentRole::Original)
}

impl LibrarySnapshot<'_> {
    /// Returns a document's metadata, outline and pages.
    pub async fn document(&self, source: &str) -> Result<Arc<Document>, QueryError> {
        let path: SourcePath = source.parse().map_err(|_| self.no_document(source))?;
        self.reader()
            .document(&path, &self.scope())
            .await?
            .map(Arc::new)
            .ok_or_else(|| self.no_document(source))
    }

    /// Returns a page (or section) of a document.
    pub async fn page(
        &self,
        source: &str,
        selector: &PageSelector,
    ) -> Result<DocumentPage, QueryError> {
        let document = self.document(source).await?;
        self.page_of(&document, selector).await
    }

    /// Returns a page (or section) of a document that was read from this snapshot.
    pub async fn page_of(
        &self,
        document: &Arc<Document>,
        selector: &PageSelector,
    ) -> Result<DocumentPage, QueryError> {
        let position = page_position(document, selector)?;
        let number = document.pages[position].number;
        let text = self.page_text(document, number).await?;

        let chunks = self
            .reader()
            .chunks_on_page(&document.meta.source, number, &self.scope())
            .await?;
        let chunks = chunks_on_page(&chunks, number);
        Ok(DocumentPage::new(document, position, text, chunks))
    }

    /// Returns the page of a chunk that was read from this snapshot. Of the chunks on the page, only
    /// this one is listed.
    pub async fn page_of_chunk(&self, chunk: &Chunk) -> Result<DocumentPage, QueryError> {
        let (source, number) = (&chunk.document.source, chunk.page.number);
        let found = self
            .reader()
            .page_with_document(source, number, &self.scope())
            .await?
            .ok_or_else(|| self.no_document(source.as_str()))?;

        let document = Arc::new(found.document);
        let position = document
            .pages
            .iter()
            .position(|page| page.number == number)
            .ok_or_else(|| no_such_page(&document))?;
        let page = found
            .page
            .ok_or_else(|| page_being_replaced(source, number))?;

        let chunks = chunk_on_page(chunk, number).into_iter().collect();
        Ok(DocumentPage::new(&document, position, page.text, chunks))
    }

    async fn page_text(&self, document: &Document, page: PageNumber) -> Result<String, QueryError> {
        let source = &document.meta.source;
        let found = self.reader().page(source, page, &self.scope()).await?;
        found
            .map(|page| page.text)
            .ok_or_else(|| page_being_replaced(source, page))
    }

    /// Returns an image or the original of a document.
    pub async fn file(
        &self,
        source: &str,
        role: AttachmentRole,
        name: &str,
    ) -> Result<AttachedFile, QueryError> {
        let not_found = || self.not_found(format!("the document {source:?} has no file {name:?}"));

        let source: SourcePath = source.parse().map_err(|_| not_found())?;
        self.reader()
            .attachment(&source, role, name, &self.scope())
            .await?
            .ok_or_else(not_found)
    }

    fn no_document(&self, source: &str) -> QueryError {
        self.not_found(format!("no document {source:?} in this library"))
    }
}

/// Returns the position of a page in the document's list of pages.
fn page_position(document: &Document, selector: &PageSelector) -> Result<usize, QueryError> {
    let pages = &document.pages;
    let found = match selector {
        PageSelector::First => (!pages.is_empty()).then_some(0),
        PageSelector::Number(number) => pages.iter().position(|page| page.number.0 == *number),
        PageSelector::Label(label) => pages
            .iter()
            .position(|page| page.label.as_ref() == Some(label)),
        PageSelector::Section(slug) => pages
            .iter()
            .position(|page| page.section_slug() == Some(slug)),
    };

    found.ok_or_else(|| no_such_page(document))
}

/// The error names the pages that exist.
fn no_such_page(document: &Document) -> QueryError {
    let source = &document.meta.source;
    let range = match (document.pages.first(), document.pages.last()) {
        (Some(first), Some(last)) if document.meta.paged => {
            format!("it has pages {} to {}", first.number, last.number)
        }
        (Some(first), Some(last)) => {
            format!("it has sections {} to {}", first.number, last.number)
        }
        _ => "it has no pages".to_owned(),
    };

    QueryError::NotFound(format!("no such page in {source:?}; {range}"))
}

fn chunk_on_page(chunk: &Chunk, page: PageNumber) -> Option<ChunkOnPage> {
    let span = chunk.spans.iter().find(|span| span.page == page)?;
    Some(ChunkOnPage {
        chunk_id: chunk.chunk_id.clone(),
        span: *span,
    })
}

fn chunks_on_page(chunks: &[Chunk], page: PageNumber) -> Vec<ChunkOnPage> {
    chunks
        .iter()
        .filter_map(|chunk| chunk_on_page(chunk, page))
        .collect()
}

fn page_being_replaced(source: &SourcePath, page: PageNumber) -> QueryError {
    QueryError::NotFound(format!(
        "page {page} of {source:?} is being replaced; try again"
    ))
}
