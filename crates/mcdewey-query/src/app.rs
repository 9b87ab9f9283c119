//! All faces as one service: what they share, which host names they answer to, and what no route takes.
//!
//! [`app`] opens no port and reads no setting; the binary does both and tests do neither.

mod headers;
mod hosts;
#[cfg(test)]
pub(crate) mod testing;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use mcdewey_core::{SyncHandle, Visibility};
use tower_http::trace::TraceLayer;

use crate::rest::Problem;
use crate::{Library, mcp, rest, web};

pub use hosts::LOOPBACK_HOSTS;

/// What every request may need; cheap to clone.
#[derive(Clone)]
pub struct AppState {
    /// The library that is asked.
    pub library: Arc<Library>,
    /// Who brings it up to date.
    pub sync: SyncHandle,
    /// Opens `POST /api/v1/sync`; an empty one keeps it closed.
    pub admin_token: Arc<str>,
    /// Names that the `Host` header may carry: without a port any port is meant. `None` means any name.
    ///
    /// A server that listens on this machine only must know its names: else a web page can point a name of its own
    /// at 127.0.0.1 and read the library through the visitor's browser.
    pub allowed_hosts: Option<Arc<[String]>>,
}

impl AppState {
    /// State for a server that is reached under the names of this machine and the library's public address.
    pub fn new(library: Arc<Library>, sync: SyncHandle, admin_token: impl Into<Arc<str>>) -> Self {
        let hosts: Vec<String> =
            LOOPBACK_HOSTS.map(str::to_owned).into_iter().chain(hosts::of_url(library.public_url())).collect();
        Self { library, sync, admin_token: admin_token.into(), allowed_hosts: Some(hosts.into()) }
    }

    /// The same, reached under further names too.
    #[must_use]
    pub fn with_hosts(mut self, further: impl IntoIterator<Item = String>) -> Self {
        let known = self.allowed_hosts.iter().flat_map(|hosts| hosts.iter().cloned());
        self.allowed_hosts = Some(known.chain(further).collect());
        self
    }

    /// The same, reached under any name: for a server that listens on the network.
    #[must_use]
    pub fn with_any_host(mut self) -> Self {
        self.allowed_hosts = None;
        self
    }

    /// What the sender of a request may see.
    pub(crate) fn visibility(&self) -> &Visibility {
        &Visibility::Everything
    }

    fn mcp_access(&self) -> mcp::Access {
        let mut access = mcp::Access::default().with_public_url(self.library.public_url());
        let hosts = self.allowed_hosts.as_deref().unwrap_or_default();
        access.origins.extend(hosts.iter().flat_map(|host| hosts::origins(host)));
        access.hosts = hosts.to_vec();
        access
    }
}

/// The whole service: REST, MCP and web pages.
pub fn app(state: AppState) -> Router {
    let mcp = mcp::router(Arc::clone(&state.library), &state.mcp_access());
    Router::new()
        .merge(rest::router())
        .merge(web::router())
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found)
        .with_state(state.clone())
        .merge(mcp)
        .layer(middleware::map_response(headers::harden))
        .layer(middleware::from_fn_with_state(state, hosts::guard))
        .layer(TraceLayer::new_for_http())
}

async fn not_found(State(state): State<AppState>, uri: Uri) -> Response {
    let problem = Problem::new(StatusCode::NOT_FOUND, "not_found", format!("nothing is at {}", uri.path()));
    refuse(&state, &uri, problem)
}

async fn method_not_allowed(State(state): State<AppState>, method: Method, uri: Uri) -> Response {
    let detail = format!("{} does not take {method}; the Allow header says what it takes", uri.path());
    refuse(&state, &uri, Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail))
}

/// Programs get problem details, people a page.
fn refuse(state: &AppState, uri: &Uri, problem: Problem) -> Response {
    if rest::serves(uri.path()) { problem.into_response() } else { web::error_page(state, &problem) }
}
