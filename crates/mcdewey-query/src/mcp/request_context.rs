//! A call as a part of the HTTP request that brought it: the protocol's library answers it in a task of its own.

use axum::http::request::Parts;
use rmcp::{RoleServer, service};

use crate::app::observe::{RequestContext, TraceParent};

/// Does the work of a call in the name of the request that brought it, if one did, and of the trace that the call or
/// the request says it belongs to.
pub(super) async fn during<T>(
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
        .during_call(parent.and_then(TraceParent::read), work)
        .await
}
