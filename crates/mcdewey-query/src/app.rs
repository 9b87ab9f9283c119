//! All faces as one service: what they share, which host names they answer to, and what no route takes.
//!
//! [`app`] opens no port and reads no setting; the binary does both and tests do neither.

mod access;
mod headers;
mod hosts;
mod live;
mod names;
#[cfg(test)]
pub(crate) mod testing;
mod told;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use mcdewey_core::{Erase, RollBack, SyncHandle, Visibility};
use tower_http::trace::TraceLayer;

use crate::rest::Problem;
use crate::{Library, mcp, rest, web};

pub(crate) use access::admin;
pub use access::audit::{Audit, AuditEntry};
pub use access::caller::{Anonymous, Caller, Credentials, Role};
pub use access::policy::AccessPolicy;
pub(crate) use headers::is_json;
pub use live::LiveLibrary;
pub use names::LOOPBACK_HOSTS;
pub(crate) use names::{PublicName, origins};
pub(crate) use told::told;

/// What every request may need; cheap to clone.
#[derive(Clone)]
pub struct AppState {
    /// The library that is asked: the one that answered when the request came.
    pub library: Arc<Library>,
    live: LiveLibrary,
    /// Who brings it up to date.
    pub sync: SyncHandle,
    /// Who puts another generation of the index in its place, if anybody does.
    pub rollback: Option<Arc<dyn RollBack>>,
    /// Who takes documents out of everything that is kept.
    pub erase: Option<Arc<dyn Erase>>,
    /// Opens what changes the library: `POST /api/v1/sync`, `/api/v1/removals` and `/api/v1/generations/rollback`; an
    /// empty one keeps it closed.
    pub admin_token: Arc<str>,
    /// Who may ask, and for what.
    pub access: AccessPolicy,
    /// Who sent the request.
    pub(crate) caller: Caller,
    /// Names that the `Host` header may carry: without a port any port is meant.
    ///
    /// A server that listens on this machine only must know its names: else a web page can point a name of its own
    /// at 127.0.0.1 and read the library through the visitor's browser.
    pub allowed_hosts: Arc<[String]>,
}

impl AppState {
    /// State for a server that is reached under the names of this machine and the library's public address.
    pub fn new(library: impl Into<LiveLibrary>, sync: SyncHandle, admin_token: impl Into<Arc<str>>) -> Self {
        let live = library.into();
        let library = live.now();
        let public = PublicName::of(library.public_url()).map(|name| name.host);
        let allowed_hosts = LOOPBACK_HOSTS.map(str::to_owned).into_iter().chain(public).collect();
        Self {
            library,
            live,
            sync,
            rollback: None,
            erase: None,
            admin_token: admin_token.into(),
            access: AccessPolicy::default(),
            caller: Caller::nobody(),
            allowed_hosts,
        }
    }

    /// The same, reached under further names too.
    #[must_use]
    pub fn with_hosts(mut self, further: impl IntoIterator<Item = String>) -> Self {
        self.allowed_hosts = self.allowed_hosts.iter().cloned().chain(further).collect();
        self
    }

    /// The same, whose generations can be swapped by whoever has the admin token.
    #[must_use]
    pub fn with_erase(mut self, erase: Arc<dyn Erase>) -> Self {
        self.erase = Some(erase);
        self
    }

    /// The same, with somebody who can answer from another generation.
    #[must_use]
    pub fn with_rollback(mut self, rollback: Arc<dyn RollBack>) -> Self {
        self.rollback = Some(rollback);
        self
    }

    /// The same, for those only whom this policy lets in.
    #[must_use]
    pub fn with_access(mut self, access: AccessPolicy) -> Self {
        self.access = access;
        self
    }

    /// What the sender of a request may see.
    pub(crate) fn visibility(&self) -> &Visibility {
        &self.caller.visibility
    }

    fn mcp_access(&self) -> mcp::Access {
        let mut access = mcp::Access::to(self.allowed_hosts.to_vec()).with_public_url(self.library.public_url());
        access.origins.extend(self.access.origins().iter().cloned());
        access
    }
}

/// The whole service: REST, MCP and web pages.
pub fn app(state: AppState) -> Router {
    let mcp = mcp::router(state.live.clone(), &state.mcp_access());
    let service = Service::from(state);
    Router::new()
        .merge(rest::router())
        .merge(web::router())
        .method_not_allowed_fallback(method_not_allowed)
        .route(access::metadata::PATH, get(access::metadata::get))
        .route(&format!("{}/mcp", access::metadata::PATH), get(access::metadata::get))
        .fallback(not_found)
        .with_state(service.clone())
        .merge(mcp)
        .layer(middleware::from_fn_with_state(service.clone(), access::guard))
        .layer(middleware::from_fn_with_state(service.clone(), access::origins::guard))
        .layer(middleware::map_response(headers::harden))
        .layer(middleware::from_fn_with_state(service, hosts::guard))
        .layer(TraceLayer::new_for_http())
}

/// The state of the whole service, from which every request takes its [`AppState`] once. It holds no library itself: one
/// that was swapped out goes with its last request.
#[derive(Clone)]
pub(crate) struct Service {
    live: LiveLibrary,
    sync: SyncHandle,
    rollback: Option<Arc<dyn RollBack>>,
    erase: Option<Arc<dyn Erase>>,
    admin_token: Arc<str>,
    access: AccessPolicy,
    allowed_hosts: Arc<[String]>,
}

impl Service {
    fn public_url(&self) -> String {
        self.live.now().public_url().to_owned()
    }
}

impl From<AppState> for Service {
    fn from(state: AppState) -> Self {
        let AppState { live, sync, rollback, erase, admin_token, access, allowed_hosts, library: _, caller: _ } = state;
        Self { live, sync, rollback, erase, admin_token, access, allowed_hosts }
    }
}

/// What a request is answered with: the library of this moment, as its sender may see it.
impl FromRequestParts<Service> for AppState {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Self::Rejection> {
        let Service { live, sync, rollback, erase, admin_token, access, allowed_hosts } = service.clone();
        // A request that nobody judged may see nothing.
        let caller = parts.extensions.get().cloned().unwrap_or_else(Caller::nobody);
        let library = live.now();
        Ok(Self { library, live, sync, rollback, erase, admin_token, access, caller, allowed_hosts })
    }
}

async fn not_found(state: AppState, uri: Uri) -> Response {
    let problem = Problem::new(StatusCode::NOT_FOUND, "not_found", format!("nothing is at {}", uri.path()));
    refuse(&state, &uri, problem)
}

async fn method_not_allowed(state: AppState, method: Method, uri: Uri) -> Response {
    let detail = format!("{} does not take {method}; the Allow header says what it takes", uri.path());
    refuse(&state, &uri, Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail))
}

fn not_here(detail: &str) -> Response {
    Problem::new(StatusCode::NOT_FOUND, "not_found", detail).into_response()
}

/// Programs get problem details, people a page.
fn refuse(state: &AppState, uri: &Uri, problem: Problem) -> Response {
    if rest::serves(uri.path()) { problem.into_response() } else { web::error_page(state, &problem) }
}
