//! The entry point of REST, MCP, the web pages and the terminal: search, passages, pages, and the
//! contents of the library.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use mcdewey_core::{
    AttachedFile, AttachmentRole, Chunk, ChunkId, Document, Embed, Index, IndexState, ModelInfo,
    PageRef, Rerank, Scope, SourcePath, Visibility,
};

use crate::app::observe::track_search;
use crate::pipeline::{EMBED_DEADLINE, SearchPipeline};
use crate::rerank::Reranker;
use crate::search::fusion::Fusion;
use crate::view::{LibraryView, ViewCache};
use crate::{
    ChunkAnswer, DocumentAnswer, Hit, LibraryAnswer, MAX_CONTEXT, Mode, PageAnswer, PageSelector,
    PassageOnPage, QueryError, SearchAnswer, SearchRequest, images, present, tree,
};

/// A library that answers questions.
pub struct Library {
    pub(crate) index: Arc<dyn Index>,
    pub(crate) embed: Arc<dyn Embed>,
    pub(crate) public_url: String,
    pub(crate) fusion: Fusion,
    rerank: Option<Reranker>,
    views: ViewCache,
}

impl Library {
    /// Creates a library from an index and the model that the index was built with. `public_url`
    /// ("http://127.0.0.1:8080") is the beginning of every link in the answers.
    pub fn new(
        index: Arc<dyn Index>,
        embed: Arc<dyn Embed>,
        public_url: impl Into<String>,
    ) -> Self {
        let public_url = public_url.into().trim_end_matches('/').to_owned();
        Self {
            index,
            embed,
            public_url,
            fusion: Fusion::default(),
            rerank: None,
            views: ViewCache::default(),
        }
    }

    /// Replaces the default fusion.
    #[must_use]
    pub fn with_fusion(mut self, fusion: Fusion) -> Self {
        self.fusion = fusion;
        self
    }

    /// Adds a model that reorders the first `depth` hits of the first page, in every mode that uses
    /// the semantic search. If it misses the deadline, the hits keep the order of the search and
    /// the answer has a notice.
    #[must_use]
    pub fn with_reranker(
        mut self,
        model: Arc<dyn Rerank>,
        deadline: Duration,
        depth: usize,
    ) -> Self {
        self.rerank = Some(Reranker::new(model, deadline, depth));
        self
    }

    /// Returns the reranker for this request's hits.
    pub(crate) fn reranker_for(&self, request: &SearchRequest) -> Option<&Reranker> {
        self.rerank
            .as_ref()
            .filter(|_| request.mode != Mode::Keyword && request.cursor.is_none())
    }

    /// The beginning of every link in the answers.
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// Checks that the index and the model respond.
    pub async fn ready(&self) -> Result<IndexState, QueryError> {
        let state = self.index.state().await?;
        tokio::time::timeout(EMBED_DEADLINE, self.embed.embed_question("ready"))
            .await
            .map_err(|_| {
                QueryError::Unavailable("the embedding model took too long".to_owned())
            })??;
        Ok(state)
    }

    /// Clears the cached metadata of the documents.
    pub(crate) async fn clear_cache(&self) {
        self.views.clear().await;
    }

    /// The model that questions are embedded with.
    pub(crate) fn model(&self) -> &ModelInfo {
        self.embed.model()
    }

    pub(crate) fn has_reranker(&self) -> bool {
        self.rerank.is_some()
    }

    /// Returns the current state of the index. Entity tags and cursors are valid for one state.
    pub async fn state(&self) -> Result<IndexState, QueryError> {
        Ok(self.index.state().await?)
    }

    /// Answers a question.
    pub async fn search(
        &self,
        request: &SearchRequest,
        visibility: &Visibility,
    ) -> Result<SearchAnswer, QueryError> {
        let search = async {
            SearchPipeline::new(self, request, visibility)
                .await?
                .run()
                .await
        };
        track_search(request, search).await
    }

    /// Returns a chunk, by chunk id or handle, with up to `context` neighbours before and after it.
    pub async fn chunk(
        &self,
        id: &str,
        context: u32,
        visibility: &Visibility,
    ) -> Result<ChunkAnswer, QueryError> {
        if context > MAX_CONTEXT {
            return Err(QueryError::InvalidRequest(format!(
                "context is {context}; 0 to {MAX_CONTEXT} are allowed"
            )));
        }

        let scope = unfiltered_scope(visibility);
        let state = self.index.state().await?;
        let chunk = self.find_chunk(id, &scope).await?;
        let first = chunk.ordinal.saturating_sub(context);
        let end = chunk.ordinal.saturating_add(context).saturating_add(1);

        let neighbours = self
            .index
            .document_chunks(&chunk.document.source, first..end, &scope)
            .await?;

        let (before, rest): (Vec<Chunk>, Vec<Chunk>) = neighbours
            .into_iter()
            .partition(|other| other.ordinal < chunk.ordinal);
        let after = rest
            .into_iter()
            .filter(|other| other.ordinal > chunk.ordinal);
        Ok(ChunkAnswer {
            before: before
                .into_iter()
                .map(|other| self.hit_without_question(other))
                .collect(),
            after: after
                .map(|other| self.hit_without_question(other))
                .collect(),
            chunk: self.hit_without_question(chunk),
            generation: state.generation,
            revision: state.revision,
        })
    }

    /// Returns a chunk, by chunk id or handle, as it is stored in the index.
    pub(crate) async fn stored_chunk(
        &self,
        id: &str,
        visibility: &Visibility,
    ) -> Result<Chunk, QueryError> {
        self.find_chunk(id, &unfiltered_scope(visibility)).await
    }

    /// Returns a document's metadata, outline and pages.
    pub async fn document(
        &self,
        source: &str,
        visibility: &Visibility,
    ) -> Result<DocumentAnswer, QueryError> {
        let state = self.index.state().await?;
        let document = self
            .find_document(source, &unfiltered_scope(visibility))
            .await?;
        Ok(present::document(&document, &state, &self.public_url))
    }

    /// Returns a page (or section) of a document.
    pub async fn page(
        &self,
        source: &str,
        selector: &PageSelector,
        visibility: &Visibility,
    ) -> Result<PageAnswer, QueryError> {
        let scope = unfiltered_scope(visibility);
        let state = self.index.state().await?;
        let document = self.find_document(source, &scope).await?;
        let source = &document.meta.source;
        let position = page_position(&document, selector)?;
        let page = &document.pages[position];
        let number = page.number;

        let text = self
            .index
            .page(source, number, &scope)
            .await?
            .ok_or_else(|| {
                QueryError::NotFound(format!(
                    "page {number} of {source:?} is being replaced; try again"
                ))
            })?
            .text;

        let chunks = self.index.chunks_on_page(source, number, &scope).await?;
        let item = |page: &PageRef| present::page_item(source, page, &self.public_url);

        Ok(PageAnswer {
            images: images::images(&document, page, &text, &self.public_url),
            original_url: present::original_page(&document, page, &self.public_url),
            page: item(page),
            text,
            chunks: chunks
                .iter()
                .filter_map(|chunk| chunk_on_page(chunk, number.0))
                .collect(),
            previous: position
                .checked_sub(1)
                .map(|previous| item(&document.pages[previous])),
            next: document.pages.get(position + 1).map(item),
            document: present::document(&document, &state, &self.public_url),
        })
    }

    /// Returns an image or the original of a document.
    pub async fn file(
        &self,
        source: &str,
        role: AttachmentRole,
        name: &str,
        visibility: &Visibility,
    ) -> Result<AttachedFile, QueryError> {
        let not_found =
            || QueryError::NotFound(format!("the document {source:?} has no file {name:?}"));

        let source: SourcePath = source.parse().map_err(|_| not_found())?;
        self.index
            .attachment(&source, role, name, &unfiltered_scope(visibility))
            .await?
            .ok_or_else(not_found)
    }

    /// Returns the contents of the library.
    pub async fn library(&self, visibility: &Visibility) -> Result<LibraryAnswer, QueryError> {
        let state = self.index.state().await?;
        let view = self.view(&state, visibility).await?;
        Ok(tree::library(&view, &state, &self.public_url))
    }

    /// Returns the ids of the products that a caller may see.
    pub(crate) async fn products(
        &self,
        visibility: &Visibility,
    ) -> Result<Vec<String>, QueryError> {
        let state = self.index.state().await?;
        let view = self.view(&state, visibility).await?;
        Ok(view
            .products()
            .filter_map(|(product, _)| product.map(str::to_owned))
            .collect())
    }

    pub(crate) async fn view(
        &self,
        state: &IndexState,
        visibility: &Visibility,
    ) -> Result<Arc<LibraryView>, QueryError> {
        self.views
            .view(self.index.as_ref(), state, visibility)
            .await
    }

    async fn find_chunk(&self, id: &str, scope: &Scope) -> Result<Chunk, QueryError> {
        let not_found = || {
            QueryError::NotFound(format!(
                "no passage {id:?} in this library; it may have been replaced"
            ))
        };

        if is_handle(id) {
            let mut found = self
                .index
                .chunks_by_handle(&id.to_lowercase(), scope)
                .await?;
            return match found.len() {
                0 => Err(not_found()),
                1 => Ok(found.remove(0)),
                _ => Err(QueryError::InvalidRequest(format!(
                    "handle {id:?} is ambiguous; use one of the chunk ids {}",
                    found
                        .iter()
                        .map(|chunk| chunk.chunk_id.as_str())
                        .collect::<Vec<_>>()
                        .join(", ")
                ))),
            };
        }

        let chunk_id: ChunkId = id.parse()?;
        self.index
            .chunks(std::slice::from_ref(&chunk_id), scope)
            .await?
            .pop()
            .ok_or_else(not_found)
    }

    async fn find_document(&self, source: &str, scope: &Scope) -> Result<Document, QueryError> {
        let not_found = || QueryError::NotFound(format!("no document {source:?} in this library"));
        let source: SourcePath = source.parse().map_err(|_| not_found())?;
        self.index
            .document(&source, scope)
            .await?
            .ok_or_else(not_found)
    }

    fn hit_without_question(&self, chunk: Chunk) -> Hit {
        present::hit(chunk, &HashSet::new(), &self.public_url)
    }
}

/// Handles have eight hexadecimal digits; a chunk id contains `::`.
fn is_handle(id: &str) -> bool {
    id.len() == 8 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn unfiltered_scope(visibility: &Visibility) -> Scope {
    Scope {
        visibility: visibility.clone(),
        ..Scope::default()
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
        PageSelector::Section(slug) => pages.iter().position(|page| {
            page.section
                .as_ref()
                .is_some_and(|section| section.slug == *slug)
        }),
    };

    found.ok_or_else(|| {
        let source = &document.meta.source;
        let range = match (pages.first(), pages.last()) {
            (Some(first), Some(last)) if document.meta.paged => {
                format!("it has pages {} to {}", first.number, last.number)
            }
            (Some(first), Some(last)) => {
                format!("it has sections {} to {}", first.number, last.number)
            }
            _ => "it has no pages".to_owned(),
        };

        QueryError::NotFound(format!("no such page in {source:?}; {range}"))
    })
}

fn chunk_on_page(chunk: &Chunk, page: u32) -> Option<PassageOnPage> {
    let span = chunk.spans.iter().find(|span| span.page.0 == page)?;
    Some(PassageOnPage {
        chunk_id: chunk.chunk_id.to_string(),
        start: span.start,
        end: span.end,
    })
}
