//! The whole service over a small sample library, for tests of REST, MCP and the web pages, which
//! are another crate. Uses no port, no model and no disk.
//!
//! Helpers panic if something goes wrong that no test is about.

mod hidden_names;
mod plain_pages;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, Response, StatusCode, header};
use mcdewey_core::testing::{CountingIndex, FakeEmbed, MemoryIndex, SampleDocument};
use mcdewey_core::{
    Alias, DocumentRevision, Index, LibraryDescription, OwnerHandle, OwnerRequest, OwnerRequests,
    Perform, Product, RemovalRequest, RollbackRequest, Section,
};
use mcdewey_search::Library;
use tower::ServiceExt;

use crate::{AppState, Pages, app};

pub use hidden_names::{HIDDEN, Keys, MISSING, comparable, filled_in};
pub use plain_pages::plain_pages;

/// The admin token.
pub const TOKEN: &str = "open sesame";
/// A guide with pages.
pub const GUIDE: &str = "finesse/v12.5/developer-guide/developer-guide.md";
/// A document that contains scripts, under a name that needs encoding.
pub const HOSTILE: &str = "evil corp/50% off.md";
/// A document without pages and without a version.
pub const NOTE: &str = "notes/empty-gadgets.md";

const VOCABULARY: [&str; 6] = [
    "barge",
    "supervisor",
    "state",
    "gadget",
    "certificate",
    "script",
];

/// The service over the sample library.
pub struct SampleService {
    pub router: Router,
    /// What the owner of the library was asked for.
    pub requests: OwnerRequests,
    /// The index of the library.
    pub index: Arc<MemoryIndex>,
    /// The same index, through which the service reads it.
    pub counting: Arc<CountingIndex>,
}

/// A response with its whole body.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }

    /// The first value of a header; empty if there is none.
    pub fn header(&self, name: header::HeaderName) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// Status and code of problem details.
    pub fn code(&self) -> (u16, String) {
        assert_eq!(
            self.header(header::CONTENT_TYPE),
            "application/problem+json",
            "{}",
            self.body
        );

        let body = self.json();
        assert_eq!(body["status"], self.status.as_u16());
        (
            self.status.as_u16(),
            body["code"].as_str().unwrap_or_default().to_owned(),
        )
    }
}

/// Performs rollbacks and removals, each in a task of its own.
async fn perform_changes<Owner>(owner: Arc<Owner>, mut requests: OwnerRequests)
where
    Owner: Perform<RollbackRequest> + Perform<RemovalRequest>,
{
    while let Some(request) = requests.recv().await {
        match request {
            OwnerRequest::RollBack(call) => {
                tokio::spawn(call.perform(Arc::clone(&owner)));
            }
            OwnerRequest::Remove(call) => {
                tokio::spawn(call.perform(Arc::clone(&owner)));
            }
            OwnerRequest::Sync(_) => {}
        }
    }
}

impl SampleService {
    /// The service over the sample library.
    pub async fn new() -> Self {
        Self::with(&documents(), |state| state).await
    }

    /// The service over these documents, with a changed state.
    pub async fn with(
        documents: &[DocumentRevision],
        change: impl FnOnce(AppState) -> AppState,
    ) -> Self {
        Self::with_pages(documents, change, plain_pages()).await
    }

    /// The service over these documents, with a changed state and these web pages.
    pub async fn with_pages(
        documents: &[DocumentRevision],
        change: impl FnOnce(AppState) -> AppState,
        pages: Pages,
    ) -> Self {
        let index = Arc::new(MemoryIndex::new());
        for document in documents {
            index
                .commit(document.clone())
                .await
                .expect("the document is valid");
        }

        index
            .set_description(&Default::default(), &description())
            .await
            .expect("the description is valid");

        let counting = Arc::new(CountingIndex::new(Arc::clone(&index) as _));
        let library = Library::new(
            Arc::clone(&counting) as _,
            Arc::new(FakeEmbed::new(&VOCABULARY)),
        );

        let (owner, requests) = OwnerHandle::channel(1);
        let state = AppState::new(Arc::new(library), "http://localhost:8080", owner, TOKEN);
        let router = app(change(state), pages);
        Self {
            router,
            requests,
            index,
            counting,
        }
    }

    /// Lets `owner` perform the rollbacks and removals that are asked for.
    #[must_use]
    pub fn with_owner<Owner>(mut self, owner: Arc<Owner>) -> Self
    where
        Owner: Perform<RollbackRequest> + Perform<RemovalRequest>,
    {
        let requests = self.take_requests();
        tokio::spawn(perform_changes(owner, requests));
        self
    }

    /// Takes the receiver of what the owner is asked for.
    pub fn take_requests(&mut self) -> OwnerRequests {
        std::mem::replace(&mut self.requests, OwnerHandle::channel(1).1)
    }

    /// Sends a request through all middleware, as if it had arrived on a connection, and returns
    /// the response before its body is read.
    pub async fn respond(&self, request: Request<Body>) -> Response<Body> {
        self.router
            .clone()
            .oneshot(request)
            .await
            .expect("a router never fails")
    }

    /// Sends a request likewise and reads the body, which is text.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.respond(request).await.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX)
            .await
            .expect("the body is complete");
        let body = String::from_utf8(bytes.to_vec()).expect("the body is text");

        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    /// Sends a GET request to `localhost:8080`.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(
            request(Method::GET, path)
                .body(Body::empty())
                .expect("the request is valid"),
        )
        .await
    }

    /// The same with an entity tag in `If-None-Match`.
    pub async fn get_if_none_match(&self, path: &str, tag: &str) -> Answer {
        let request = request(Method::GET, path).header(header::IF_NONE_MATCH, tag);
        self.send(request.body(Body::empty()).expect("the request is valid"))
            .await
    }

    /// Posts JSON.
    pub async fn post(&self, path: &str, body: &str) -> Answer {
        let request = request(Method::POST, path).header(header::CONTENT_TYPE, "application/json");
        self.send(
            request
                .body(Body::from(body.to_owned()))
                .expect("the request is valid"),
        )
        .await
    }
}

/// A request to `localhost:8080`.
pub fn request(method: Method, path: &str) -> axum::http::request::Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "localhost:8080")
}

/// The documents of the sample library.
pub fn documents() -> Vec<DocumentRevision> {
    let embed = FakeEmbed::new(&VOCABULARY);
    let guide = |source: &str, version: &str| {
        SampleDocument::new(source)
            .vendor("Cisco")
            .product("finesse")
            .version(version)
            .guide("developer-guide")
    };

    let barge = "The supervisor is in the state NOT_READY while monitoring; \
                 after barging in the state is TALKING.";
    let mut first = guide(GUIDE, "v12.5")
        .title("Finesse Developer Guide 12.5")
        .page(
            117,
            &["# Make a Barge Call", "A supervisor enters the call."],
        )
        .page(
            118,
            &[
                barge,
                "| code | meaning |\n|---|---|\n| 20700 | barge resource limit |",
                "See https://docs.example.com.",
            ],
        )
        .build(&embed);

    for page in &mut first.pages {
        page.page.label = Some((page.page.number.0 - 16).to_string());
    }

    for chunk in &mut first.chunks {
        chunk.chunk.page.label = Some((chunk.chunk.page.number.0 - 16).to_string());
        chunk.chunk.headings.push("Barge Call".to_owned());
    }

    set_source_url(&mut first, "https://docs.example.com/finesse");
    let second = guide("finesse/v15.0/developer-guide/developer-guide.md", "v15.0")
        .title("Finesse Developer Guide 15.0")
        .page(120, &[barge, "A certificate is needed."])
        .build(&embed);

    let mut hostile = SampleDocument::new(HOSTILE)
        .title("<script>alert('title')</script>")
        .vendor("Evil <b>Corp</b>")
        .product("evil")
        .page(
            1,
            &[
                "<script>alert(1)</script> barge <img src=x onerror=alert(1)> \
               [x](javascript:alert(1))",
            ],
        )
        .build(&embed);

    set_source_url(&mut hostile, "javascript:alert(1)");
    vec![first, second, hostile, note(&embed)]
}

fn note(embed: &FakeEmbed) -> DocumentRevision {
    let text = "An empty gadget lacks a certificate, whatever state it is in.";
    let mut note = SampleDocument::new(NOTE)
        .title("Empty gadgets")
        .product("finesse")
        .page(1, &[text])
        .build(embed);

    let mut meta = (*note.meta).clone();
    meta.paged = false;
    meta.updated = Some("2024-06-03".to_owned());
    note.meta = Arc::new(meta);

    let section = Section {
        slug: "certificates-1".to_owned(),
        title: "Certificates".to_owned(),
    };
    note.pages[0].page.section = Some(section.clone());
    for chunk in &mut note.chunks {
        chunk.chunk.document = Arc::clone(&note.meta);
        chunk.chunk.page.section = Some(section.clone());
        chunk.chunk.headings.push(section.title.clone());
    }

    note
}

fn set_source_url(document: &mut DocumentRevision, url: &str) {
    let mut meta = (*document.meta).clone();
    meta.source_url = Some(url.to_owned());
    document.meta = Arc::new(meta);

    for chunk in &mut document.chunks {
        chunk.chunk.document = Arc::clone(&document.meta);
    }
}

fn description() -> LibraryDescription {
    let product = Product {
        id: "finesse".to_owned(),
        vendor: Some("Cisco".to_owned()),
        title: Some("Cisco Finesse".to_owned()),
        compact: Vec::new(),
    };

    let alias = Alias {
        names: vec!["Agent desktop".to_owned()],
        products: vec!["finesse".to_owned()],
    };

    LibraryDescription {
        products: vec![product],
        aliases: vec![alias],
    }
}
