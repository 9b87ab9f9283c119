//! `/healthz` and `/readyz`: whether the process lives, and whether index and model answer.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use mcdewey_core::Visibility;
use serde_json::json;

use super::Problem;
use crate::AppState;

pub(super) async fn alive() -> Response {
    answer(&json!({"status": "ok"}))
}

pub(super) async fn ready(state: AppState) -> Result<Response, Problem> {
    let library = state.telemetry.ready(&state.library).await?;
    if *state.visibility() != Visibility::Everything {
        return Ok(answer(&json!({"status": "ready"})));
    }

    Ok(answer(&json!({
        "status": "ready",
        "generation": library.generation,
        "revision": library.revision,
        "documents": library.documents,
        "pages": library.pages,
        "chunks": library.chunks,
    })))
}

fn answer(body: &serde_json::Value) -> Response {
    (
        [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))],
        axum::Json(body),
    )
        .into_response()
}
