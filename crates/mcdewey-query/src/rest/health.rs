//! `/healthz` and `/readyz`: whether the process is alive, and whether index and model respond.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use mcdewey_core::Visibility;
use serde_json::json;

use crate::problem::Problem;
use crate::request_state::RequestState;

pub(super) async fn healthz() -> Response {
    uncached(&json!({"status": "ok"}))
}

pub(super) async fn readyz(state: RequestState) -> Result<Response, Problem> {
    let library = state.app.telemetry().ready(&state.library).await?;
    // The size of the library is only for callers that may see all of it.
    if *state.visibility() != Visibility::Everything {
        return Ok(uncached(&json!({"status": "ready"})));
    }

    Ok(uncached(&json!({
        "status": "ready",
        "generation": library.generation,
        "revision": library.revision,
        "documents": library.documents,
        "pages": library.pages,
        "chunks": library.chunks,
    })))
}

fn uncached(body: &serde_json::Value) -> Response {
    (
        [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))],
        axum::Json(body),
    )
        .into_response()
}
