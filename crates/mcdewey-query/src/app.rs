//! All faces as one service: what they share, which host names they answer to, and what no route takes.
//!
//! [`app`] opens no port and reads no setting; the binary does both and tests do neither.

mod accept;
mod access;
mod client_message;
mod feedback;
#[cfg(test)]
mod gates_tests;
mod headers;
mod hosts;
mod live;
mod names;
pub(crate) mod observe;
#[cfg(test)]
pub(crate) mod testing;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use mcdewey_core::{Erase, RollBack, SourcePath, SyncHandle, Visibility};

use crate::rest::Problem;
use crate::{Library, mcp, rest, web};

pub(crate) use accept::{Accept, JSON, not_acceptable, offered};
pub(crate) use access::admin;
pub use access::audit::{Audit, AuditEntry};
pub use access::caller::{Anonymous, Caller, Credentials, IssuerUnavailable, Role};
pub use access::policy::AccessPolicy;
pub(crate) use client_message::client_message;
pub use feedback::{EndorsedSpot, Endorsement, FeedbackFrom, KeepFeedback};
pub(crate) use headers::is_json;
pub use live::LiveLibrary;
pub use names::{LOOPBACK_HOSTS, is_host, is_origin};
pub use observe::{
    ConnectionNumbers, KeptQuestions, OpenConnection, OverCapacity, Telemetry, TelemetrySettings,
    TraceParent,
};

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
    /// Who keeps what readers say of hits.
    pub feedback: Option<Arc<dyn KeepFeedback>>,
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
    /// Counts requests, limits searches, remembers questions.
    pub telemetry: Arc<Telemetry>,
}

impl AppState {
    /// State for a server that is reached under the names of this machine and the library's public address.
    pub fn new(
        library: impl Into<LiveLibrary>,
        sync: SyncHandle,
        admin_token: impl Into<Arc<str>>,
    ) -> Self {
        let live = library.into();
        let library = live.now();
        let public = names::WebOrigin::of_url(library.public_url()).map(|origin| origin.host);

        let allowed_hosts = LOOPBACK_HOSTS
            .map(str::to_owned)
            .into_iter()
            .chain(public)
            .collect();

        Self {
            library,
            live,
            sync,
            rollback: None,
            erase: None,
            feedback: None,
            admin_token: admin_token.into(),
            access: AccessPolicy::default(),
            caller: Caller::nobody(),
            allowed_hosts,
            telemetry: Arc::default(),
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

    /// The same, with somebody who keeps what readers say of hits.
    #[must_use]
    pub fn with_feedback(mut self, feedback: Arc<dyn KeepFeedback>) -> Self {
        self.feedback = Some(feedback);
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

    /// The same, with limits and a question log of one's own.
    #[must_use]
    pub fn with_telemetry(mut self, telemetry: impl Into<Arc<Telemetry>>) -> Self {
        self.telemetry = telemetry.into();
        self
    }

    /// Lets go of what is kept in memory of documents that were removed.
    pub(crate) async fn forget(&self, sources: &[SourcePath]) {
        self.telemetry.forget(sources);
        self.library.forget().await;
        self.live.now().forget().await;
    }

    /// What the sender of a request may see.
    pub(crate) fn visibility(&self) -> &Visibility {
        &self.caller.visibility
    }

    /// Whether the sender of a request may read what others asked.
    pub(crate) fn shows_questions(&self) -> bool {
        self.access.shows_questions(&self.caller)
    }

    /// Whoever keeps the sender's word on a hit, if anybody does.
    pub(crate) fn takes_feedback(&self) -> Option<&Arc<dyn KeepFeedback>> {
        self.feedback
            .as_ref()
            .filter(|_| self.access.takes_feedback(&self.caller))
    }
}

/// The whole service: REST, MCP and web pages.
pub fn app(state: AppState) -> Router {
    let mcp = mcp::router(state.live.clone());
    let service = Service::from(state);
    let faces = Router::new()
        .merge(rest::router())
        .merge(web::router())
        .merge(observe::router())
        .method_not_allowed_fallback(method_not_allowed)
        .route(access::metadata::PATH, get(access::metadata::get))
        .route(
            &format!("{}/mcp", access::metadata::PATH),
            get(access::metadata::get),
        )
        .fallback(not_found)
        .with_state(service.clone())
        .merge(mcp)
        .layer(middleware::from_fn(accept::guard))
        .layer(middleware::from_fn_with_state(
            service.clone(),
            access::guard,
        ));

    gated(faces, &service)
        .layer(middleware::map_response(headers::harden))
        .layer(observe::compression())
        .layer(middleware::map_response(observe::weaken))
        .layer(middleware::from_fn_with_state(service, observe::pass))
}

/// Faces behind the two questions that come before all others, the same for each face: which host is asked for, and of
/// which site is the page that asks.
pub(crate) fn gated(faces: Router, service: &Service) -> Router {
    faces
        .layer(middleware::from_fn_with_state(
            service.clone(),
            access::origins::guard,
        ))
        .layer(middleware::from_fn_with_state(
            service.clone(),
            hosts::guard,
        ))
}

/// The state of the whole service, from which every request takes its [`AppState`] once. It holds no library itself: one
/// that was swapped out goes with its last request.
#[derive(Clone)]
pub(crate) struct Service {
    live: LiveLibrary,
    sync: SyncHandle,
    rollback: Option<Arc<dyn RollBack>>,
    erase: Option<Arc<dyn Erase>>,
    feedback: Option<Arc<dyn KeepFeedback>>,
    admin_token: Arc<str>,
    access: AccessPolicy,
    allowed_hosts: Arc<[String]>,
    telemetry: Arc<Telemetry>,
}

impl Service {
    /// What somebody's request is answered with now.
    fn state(&self, caller: Caller) -> AppState {
        let Self {
            live,
            sync,
            rollback,
            erase,
            feedback,
            admin_token,
            access,
            allowed_hosts,
            telemetry,
        } = self.clone();

        let library = live.now();
        AppState {
            library,
            live,
            sync,
            rollback,
            erase,
            feedback,
            admin_token,
            access,
            caller,
            allowed_hosts,
            telemetry,
        }
    }

    fn public_url(&self) -> String {
        self.live.now().public_url().to_owned()
    }
}

impl From<AppState> for Service {
    fn from(state: AppState) -> Self {
        let AppState {
            live,
            sync,
            rollback,
            erase,
            feedback,
            admin_token,
            access,
            allowed_hosts,
            telemetry,
            ..
        } = state;

        Self {
            live,
            sync,
            rollback,
            erase,
            feedback,
            admin_token,
            access,
            allowed_hosts,
            telemetry,
        }
    }
}

/// What a request is answered with: the library of this moment, as its sender may see it.
impl FromRequestParts<Service> for AppState {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        service: &Service,
    ) -> Result<Self, Self::Rejection> {
        // A request that nobody judged may see nothing.
        Ok(service.state(
            parts
                .extensions
                .get()
                .cloned()
                .unwrap_or_else(Caller::nobody),
        ))
    }
}

async fn not_found(state: AppState, uri: Uri) -> Response {
    let problem = Problem::new(
        StatusCode::NOT_FOUND,
        "not_found",
        format!("nothing is at {}", uri.path()),
    );
    refuse(&state, &uri, problem)
}

async fn method_not_allowed(state: AppState, method: Method, uri: Uri) -> Response {
    let detail = format!(
        "{} does not take {method}; the Allow header says what it takes",
        uri.path()
    );

    refuse(
        &state,
        &uri,
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail),
    )
}

fn not_here(detail: &str) -> Response {
    Problem::new(StatusCode::NOT_FOUND, "not_found", detail).into_response()
}

/// Programs get problem details, people a page.
fn refuse(state: &AppState, uri: &Uri, problem: Problem) -> Response {
    if rest::serves(uri.path()) {
        problem.into_response()
    } else {
        web::error_page(state, &problem)
    }
}
