//! The one entrance of all faces: search, passages, pages, and what the library holds.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use mcdewey_core::{
    AttachedFile, AttachmentRole, Chunk, ChunkId, Document, Embed, Index, IndexState, ModelInfo,
    PageRef, Rerank, Scope, SourcePath, Visibility,
};

use crate::app::observe::measured;
use crate::ask::{EMBED_DEADLINE, Question};
use crate::rerank::Reranker;
use crate::search::fusion::Fusion;
use crate::view::{LibraryView, ViewCache};
use crate::{
    ChunkAnswer, DocumentAnswer, Hit, LibraryAnswer, MAX_CONTEXT, Mode, PageAnswer, PageSelector,
    PassageOnPage, QueryError, SearchAnswer, SearchRequest, images, present, tree,
};

/// A library that can be asked.
pub struct Library {
    pub(crate) index: Arc<dyn Index>,
    pub(crate) embed: Arc<dyn Embed>,
    pub(crate) public_url: String,
    pub(crate) fusion: Fusion,
    rerank: Option<Reranker>,
    views: ViewCache,
}

impl Library {
    /// A library over an index and the model it was built with. `public_url` ("http://127.0.0.1:8080") leads every
    /// link in the answers.
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

    /// The same library with another way to make one ranking of two.
    #[must_use]
    pub fn with_fusion(mut self, fusion: Fusion) -> Self {
        self.fusion = fusion;
        self
    }

    /// The same library with a model that orders the first `depth` hits of the first page among themselves, wherever
    /// meaning is searched. What it has not done by the deadline is given up: the order of the search stands, and the
    /// answer says so in its notices.
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

    /// The reranker that this request's hits go through.
    pub(crate) fn reranker_for(&self, request: &SearchRequest) -> Option<&Reranker> {
        self.rerank
            .as_ref()
            .filter(|_| request.mode != Mode::Keyword && request.cursor.is_none())
    }

    /// What leads every link in the answers.
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// Whether index and model answer.
    pub async fn ready(&self) -> Result<IndexState, QueryError> {
        let state = self.index.state().await?;
        let late = |_| QueryError::Unavailable("the embedding model took too long".to_owned());
        tokio::time::timeout(EMBED_DEADLINE, self.embed.question("ready"))
            .await
            .map_err(late)??;
        Ok(state)
    }

    /// Lets go of what is remembered of the documents' names.
    pub(crate) async fn forget(&self) {
        self.views.clear().await;
    }

    /// The model that questions are embedded with.
    pub(crate) fn model(&self) -> &ModelInfo {
        self.embed.model()
    }

    /// Whether a reranker has the last word on the order of hits.
    pub(crate) fn has_reranker(&self) -> bool {
        self.rerank.is_some()
    }

    /// The state of the library that answers now; tags and cursors hold for one state.
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
            Question::new(self, request, visibility)
                .await?
                .answer()
                .await
        };
        measured(request, search).await
    }

    /// One passage, by chunk id or handle, with up to `context` neighbours on each side.
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

        let scope = scope(visibility);
        let state = self.index.state().await?;
        let chunk = self.find_chunk(id, &scope).await?;
        let first = chunk.ordinal.saturating_sub(context);
        let last = chunk.ordinal.saturating_add(context).saturating_add(1);

        let around = self
            .index
            .passages(&chunk.document.source, first..last, &scope)
            .await?;

        let (before, rest): (Vec<Chunk>, Vec<Chunk>) = around
            .into_iter()
            .partition(|one| one.ordinal < chunk.ordinal);
        let after = rest.into_iter().filter(|one| one.ordinal > chunk.ordinal);
        Ok(ChunkAnswer {
            before: before.into_iter().map(|one| self.plain_hit(one)).collect(),
            after: after.map(|one| self.plain_hit(one)).collect(),
            chunk: self.plain_hit(chunk),
            generation: state.generation,
            revision: state.revision,
        })
    }

    /// One passage as the index has it.
    pub(crate) async fn passage(
        &self,
        id: &str,
        visibility: &Visibility,
    ) -> Result<Chunk, QueryError> {
        self.find_chunk(id, &scope(visibility)).await
    }

    /// A document's metadata, outline and pages.
    pub async fn document(
        &self,
        source: &str,
        visibility: &Visibility,
    ) -> Result<DocumentAnswer, QueryError> {
        let state = self.index.state().await?;
        let document = self.find_document(source, &scope(visibility)).await?;
        Ok(present::document(&document, &state, &self.public_url))
    }

    /// One whole page (or section) of a document.
    pub async fn page(
        &self,
        source: &str,
        page: &PageSelector,
        visibility: &Visibility,
    ) -> Result<PageAnswer, QueryError> {
        let scope = scope(visibility);
        let state = self.index.state().await?;
        let document = self.find_document(source, &scope).await?;
        let source = &document.meta.source;
        let place = select_page(&document, page)?;
        let wanted = document.pages[place].number;

        let gone = || {
            QueryError::NotFound(format!(
                "page {wanted} of {source:?} is being replaced; ask again"
            ))
        };

        let text = self
            .index
            .page(source, wanted, &scope)
            .await?
            .ok_or_else(gone)?
            .text;

        let passages = self.index.chunks_on(source, wanted, &scope).await?;
        let item = |page: &PageRef| present::page_item(source, page, &self.public_url);
        let here = &document.pages[place];

        Ok(PageAnswer {
            images: images::images(&document, here, &text, &self.public_url),
            original_url: present::original_page(&document, here, &self.public_url),
            page: item(here),
            text,
            chunks: passages
                .iter()
                .filter_map(|chunk| place_on_page(chunk, wanted.0))
                .collect(),
            previous: place
                .checked_sub(1)
                .map(|before| item(&document.pages[before])),
            next: document.pages.get(place + 1).map(item),
            document: present::document(&document, &state, &self.public_url),
        })
    }

    /// An image or the original of a document.
    pub async fn file(
        &self,
        source: &str,
        role: AttachmentRole,
        name: &str,
        visibility: &Visibility,
    ) -> Result<AttachedFile, QueryError> {
        let missing = || {
            QueryError::NotFound(format!(
                "no file {name:?} is kept with the document {source:?}"
            ))
        };

        let source: SourcePath = source.parse().map_err(|_| missing())?;
        self.index
            .attachment(&source, role, name, &scope(visibility))
            .await?
            .ok_or_else(missing)
    }

    /// What the library holds.
    pub async fn library(&self, visibility: &Visibility) -> Result<LibraryAnswer, QueryError> {
        let state = self.index.state().await?;
        let view = self.view(&state, visibility).await?;
        Ok(tree::library(&view, &state, &self.public_url))
    }

    /// The ids of the products a caller may ask about.
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
        let missing = || {
            QueryError::NotFound(format!(
                "no passage {id:?} in this library; it may have been replaced"
            ))
        };

        if is_handle(id) {
            let mut found = self.index.by_handle(&id.to_lowercase(), scope).await?;
            return match found.len() {
                0 => Err(missing()),
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

        let id: ChunkId = id.parse()?;
        self.index
            .chunks(std::slice::from_ref(&id), scope)
            .await?
            .pop()
            .ok_or_else(missing)
    }

    async fn find_document(&self, source: &str, scope: &Scope) -> Result<Document, QueryError> {
        let missing = || QueryError::NotFound(format!("no document {source:?} in this library"));
        let source: SourcePath = source.parse().map_err(|_| missing())?;
        self.index
            .document(&source, scope)
            .await?
            .ok_or_else(missing)
    }

    fn plain_hit(&self, chunk: Chunk) -> Hit {
        present::hit(chunk, &HashSet::new(), &self.public_url)
    }
}

/// Eight hexadecimal digits; a chunk id has `::`.
fn is_handle(id: &str) -> bool {
    id.len() == 8 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn scope(visibility: &Visibility) -> Scope {
    Scope {
        visibility: visibility.clone(),
        ..Scope::default()
    }
}

/// The place in the list of pages that a selector means.
fn select_page(document: &Document, wanted: &PageSelector) -> Result<usize, QueryError> {
    let pages = &document.pages;
    let found = match wanted {
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

fn place_on_page(chunk: &Chunk, page: u32) -> Option<PassageOnPage> {
    let span = chunk.spans.iter().find(|span| span.page.0 == page)?;
    Some(PassageOnPage {
        chunk_id: chunk.chunk_id.to_string(),
        start: span.start,
        end: span.end,
    })
}
