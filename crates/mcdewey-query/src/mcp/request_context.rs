//! Links an MCP call to the HTTP request that carries it. rmcp runs the call in a task of its own,
//! where the request's context would otherwise be missing.

use axum::http::request::Parts;
use rmcp::{RoleServer, service};

use crate::telemetry::{RequestContext, TraceParent};

/// Runs a call within the HTTP request that carries it, if there is one, and within the trace that
/// the call or the request names.
pub(super) async fn run_within<T>(
    context: &service::RequestContext<RoleServer>,
    work: impl Future<Output = T>,
) -> T {
    let request = context
        .extensions
        .get::<Parts>()
        .and_then(|parts| parts.extensions.get::<RequestContext>());

    let Some(request) = request else {
        return work.await;
    };

    let parent = context
        .meta
        .get("traceparent")
        .and_then(|value| value.as_str());

    request
        .scope_call(parent.and_then(TraceParent::parse), work)
        .await
}
