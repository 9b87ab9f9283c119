//! The whole service over a small sample library, for tests of REST, MCP and web. Uses no port, no
//! model and no disk.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use mcdewey_core::testing::{FakeEmbed, MemoryIndex, SampleDocument};
use mcdewey_core::{
    Alias, DocumentRevision, Index, LibraryDescription, Product, Section, SyncHandle, SyncJob,
};
use tokio::sync::mpsc;
use tower::ServiceExt;

use super::{AppState, app};
use crate::Library;

/// The admin token.
pub(crate) const TOKEN: &str = "open sesame";
/// A guide with pages.
pub(crate) const GUIDE: &str = "finesse/v12.5/developer-guide/developer-guide.md";
/// A document that contains scripts, under a name that needs encoding.
pub(crate) const HOSTILE: &str = "evil corp/50% off.md";
/// A document without pages and without a version.
pub(crate) const NOTE: &str = "notes/empty-gadgets.md";

const VOCABULARY: [&str; 6] = [
    "barge",
    "supervisor",
    "state",
    "gadget",
    "certificate",
    "script",
];

/// The service over the sample library.
pub(crate) struct Service {
    pub(crate) router: Router,
    /// The synchronisations that were requested.
    pub(crate) jobs: mpsc::Receiver<SyncJob>,
    pub(crate) index: Arc<MemoryIndex>,
}

/// A response with its whole body.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }

    pub(crate) fn header(&self, name: header::HeaderName) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// Status and code of problem details.
    pub(crate) fn code(&self) -> (u16, String) {
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

impl Service {
    /// The service over the sample library.
    pub(crate) async fn new() -> Self {
        Self::with(&documents(), |state| state).await
    }

    /// The service over these documents, with a changed state.
    pub(crate) async fn with(
        documents: &[DocumentRevision],
        change: impl FnOnce(AppState) -> AppState,
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

        let library = Library::new(
            Arc::clone(&index) as _,
            Arc::new(FakeEmbed::new(&VOCABULARY)),
            "http://localhost:8080",
        );

        let (sync, jobs) = SyncHandle::channel(1);
        let router = app(change(AppState::new(Arc::new(library), sync, TOKEN)));
        Self {
            router,
            jobs,
            index,
        }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("a router never fails");

        let (parts, body) = response.into_parts();
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

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(
            request(Method::GET, path)
                .body(Body::empty())
                .expect("the request is valid"),
        )
        .await
    }

    pub(crate) async fn get_if_none_match(&self, path: &str, tag: &str) -> Answer {
        let request = request(Method::GET, path).header(header::IF_NONE_MATCH, tag);
        self.send(request.body(Body::empty()).expect("the request is valid"))
            .await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
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
pub(crate) fn request(method: Method, path: &str) -> axum::http::request::Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "localhost:8080")
}

/// The documents of the sample library.
pub(crate) fn documents() -> Vec<DocumentRevision> {
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
