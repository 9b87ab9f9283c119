//! `/healthz` and `/readyz`: whether the process is alive, and whether index and model respond.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use mcdewey_core::Visibility;
use serde_json::json;

use crate::problem::Problem;
use crate::request_state::RequestState;

pub(super) async fn healthz() -> Response {
    uncached(&json!({"status": "ok"}))
}

pub(super) async fn readyz(state: RequestState) -> Result<Response, Problem> {
    if let Some(progress) = state.app.first_sync() {
        let detail = format!(
            "the library is being filled: {} of {} files so far; it answers from those",
            progress.done, progress.files
        );
        let status = StatusCode::SERVICE_UNAVAILABLE;
        return Err(Problem::new(status, "unavailable", detail));
    }

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
        "verified": library.integrity.verified,
        "damaged": library.integrity.damaged,
        "coverage": {
            "passages": library.coverage().passages,
            "embedded": library.coverage().embedded,
            "epoch": library.epoch,
            "seconds_left": state
                .app
                .embedding_progress()
                .and_then(|progress| progress.seconds_left),
        },
    })))
}

fn uncached(body: &serde_json::Value) -> Response {
    (
        [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))],
        axum::Json(body),
    )
        .into_response()
}
