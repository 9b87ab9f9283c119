//! The HTTP service: REST, MCP and the web pages behind one router, with the checks, limits and
//! telemetry that they share.
//!
//! [`app`] opens no port and reads no settings; the binary does both, and tests need neither.

mod accept;
mod access;
mod authority;
mod client_message;
mod feedback;
mod headers;
mod hosts;
mod live_library;
pub(crate) mod observe;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

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

pub(crate) use accept::{Accept, JSON, not_acceptable, offered_types};
pub(crate) use access::admin;
pub use access::audit::{Audit, AuditEntry};
pub use access::caller::{AnonymousAccess, Caller, Credentials, IssuerUnavailable, Role};
pub use access::policy::AccessPolicy;
pub use authority::{LOOPBACK_HOSTS, is_host, is_origin};
pub(crate) use client_message::client_message;
pub use feedback::{EndorsedLocation, Endorsement, FeedbackPolicy, KeepFeedback};
pub(crate) use headers::is_json;
pub use live_library::LiveLibrary;
pub use observe::{
    ConnectionMetrics, OpenConnection, OverCapacity, QuestionLogPolicy, Telemetry,
    TelemetrySettings, TraceParent,
};

/// Everything a handler may need to answer one request; cheap to clone.
#[derive(Clone)]
pub struct AppState {
    /// The library that was live when the request arrived.
    pub library: Arc<Library>,
    live: LiveLibrary,
    /// Requests synchronisations from the process that owns the library.
    pub sync: SyncHandle,
    /// Switches to another generation of the index, if the program supports it.
    pub rollback: Option<Arc<dyn RollBack>>,
    /// Erases documents from everything that is stored, if the program supports it.
    pub erase: Option<Arc<dyn Erase>>,
    /// Stores what readers say about hits, if the program supports it.
    pub feedback: Option<Arc<dyn KeepFeedback>>,
    /// Authorises changes to the library (`POST /api/v1/sync`, `/api/v1/removals` and
    /// `/api/v1/generations/rollback`). An empty token authorises nothing.
    pub admin_token: Arc<str>,
    /// Decides who may send requests, and for what.
    pub access: AccessPolicy,
    /// The authenticated sender of this request.
    pub(crate) caller: Caller,
    /// Names that the `Host` header may carry; a name without a port matches any port.
    ///
    /// Even a server that listens only on this machine has to check the name: otherwise a web page
    /// could point a host name of its own at 127.0.0.1 and read the library through the visitor's
    /// browser (DNS rebinding).
    pub allowed_hosts: Arc<[String]>,
    /// Counts requests, limits concurrent searches and keeps the question log.
    pub telemetry: Arc<Telemetry>,
}

impl AppState {
    /// State for a server that is reached under this machine's loopback names and the host of the
    /// library's public URL.
    pub fn new(
        library: impl Into<LiveLibrary>,
        sync: SyncHandle,
        admin_token: impl Into<Arc<str>>,
    ) -> Self {
        let live = library.into();
        let library = live.current();
        let public_host =
            authority::WebOrigin::from_url(library.public_url()).map(|origin| origin.host);

        let allowed_hosts = LOOPBACK_HOSTS
            .map(str::to_owned)
            .into_iter()
            .chain(public_host)
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

    /// Allows further host names.
    #[must_use]
    pub fn with_hosts(mut self, further: impl IntoIterator<Item = String>) -> Self {
        self.allowed_hosts = self.allowed_hosts.iter().cloned().chain(further).collect();
        self
    }

    /// Lets administrators erase documents.
    #[must_use]
    pub fn with_erase(mut self, erase: Arc<dyn Erase>) -> Self {
        self.erase = Some(erase);
        self
    }

    /// Accepts feedback from readers and stores it here.
    #[must_use]
    pub fn with_feedback(mut self, feedback: Arc<dyn KeepFeedback>) -> Self {
        self.feedback = Some(feedback);
        self
    }

    /// Lets administrators switch to another generation.
    #[must_use]
    pub fn with_rollback(mut self, rollback: Arc<dyn RollBack>) -> Self {
        self.rollback = Some(rollback);
        self
    }

    /// Replaces the default access policy, which admits every caller.
    #[must_use]
    pub fn with_access(mut self, access: AccessPolicy) -> Self {
        self.access = access;
        self
    }

    /// Replaces the default telemetry, with its limits and question log.
    #[must_use]
    pub fn with_telemetry(mut self, telemetry: impl Into<Arc<Telemetry>>) -> Self {
        self.telemetry = telemetry.into();
        self
    }

    /// Drops whatever is kept in memory about removed documents.
    pub(crate) async fn forget(&self, sources: &[SourcePath]) {
        self.telemetry.forget(sources);
        // Another library may have become live since this request arrived.
        self.library.clear_cache().await;
        self.live.current().clear_cache().await;
    }

    /// What the caller may see.
    pub(crate) fn visibility(&self) -> &Visibility {
        &self.caller.visibility
    }

    /// Whether the caller may read other people's questions.
    pub(crate) fn shows_questions(&self) -> bool {
        self.access.shows_questions(&self.caller)
    }

    /// The feedback store, if there is one and the caller may give feedback.
    pub(crate) fn takes_feedback(&self) -> Option<&Arc<dyn KeepFeedback>> {
        self.feedback
            .as_ref()
            .filter(|_| self.access.takes_feedback(&self.caller))
    }
}

/// The whole service: REST, MCP and web pages.
///
/// A request passes the layers from the last one added to the first: telemetry, compression and
/// headers, host, origin, authentication, `Accept`.
pub fn app(state: AppState) -> Router {
    let mcp = mcp::router(state.live.clone());
    let service = Service::from(state);
    let routes = Router::new()
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
        .layer(middleware::from_fn(accept::check_accept))
        .layer(middleware::from_fn_with_state(
            service.clone(),
            access::authenticate,
        ));

    with_host_and_origin_checks(routes, &service)
        .layer(middleware::map_response(headers::add_security_headers))
        .layer(observe::compression())
        .layer(middleware::map_response(observe::weaken_etag))
        .layer(middleware::from_fn_with_state(
            service,
            observe::track_request,
        ))
}

/// Adds the two checks that come before all others and are the same for REST, MCP and web: which
/// host the request names, and which site the page that sent it belongs to.
pub(crate) fn with_host_and_origin_checks(routes: Router, service: &Service) -> Router {
    routes
        .layer(middleware::from_fn_with_state(
            service.clone(),
            access::origins::check_origin,
        ))
        .layer(middleware::from_fn_with_state(
            service.clone(),
            hosts::check_host,
        ))
}

/// The state of the whole service, from which every request derives its [`AppState`] once.
///
/// It holds no library itself, so a library that was replaced is closed with its last request.
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
    /// The state for one request of `caller`, with the library that is live now.
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

        AppState {
            library: live.current(),
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
        self.live.current().public_url().to_owned()
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

impl FromRequestParts<Service> for AppState {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        service: &Service,
    ) -> Result<Self, Self::Rejection> {
        // Fails closed: a request that did not pass authentication may see nothing.
        let caller = parts
            .extensions
            .get()
            .cloned()
            .unwrap_or_else(Caller::nobody);

        Ok(service.state(caller))
    }
}

async fn not_found(state: AppState, uri: Uri) -> Response {
    let problem = Problem::new(
        StatusCode::NOT_FOUND,
        "not_found",
        format!("nothing found at {}", uri.path()),
    );

    error_response(&state, &uri, problem)
}

async fn method_not_allowed(state: AppState, method: Method, uri: Uri) -> Response {
    let detail = format!(
        "{} does not support {method}; see the Allow header for the supported methods",
        uri.path()
    );
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail);

    error_response(&state, &uri, problem)
}

/// Problem details for programs, a page for people.
fn error_response(state: &AppState, uri: &Uri, problem: Problem) -> Response {
    if rest::serves(uri.path()) {
        problem.into_response()
    } else {
        web::error_page(state, &problem)
    }
}
