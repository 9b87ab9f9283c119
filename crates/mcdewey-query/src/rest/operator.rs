//! Handlers for the operator: `GET /metrics` and `GET /api/v1/questions`.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use mcdewey_core::Visibility;
use prometheus_client::encoding::prometheus_text;
use serde_json::json;

use super::{Parameters, input};
use crate::problem::Problem;
use crate::request_state::RequestState;
use crate::telemetry::CAPACITY;

/// How long a scrape waits for the size of the library. After that it is sent without.
const STATE_DEADLINE: Duration = Duration::from_secs(2);

/// For callers who may see everything: the totals would reveal how much is hidden from others.
pub(super) async fn metrics(state: RequestState) -> Result<Response, Problem> {
    if *state.visibility() != Visibility::Everything {
        let detail = "this key may see only a part of the library; metrics cover all of it";
        return Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", detail));
    }

    let library = tokio::time::timeout(STATE_DEADLINE, state.library.state()).await;
    let library = library.ok().and_then(Result::ok);
    let text = state
        .app
        .telemetry()
        .metrics_text(library.as_ref())
        .map_err(|error| {
            tracing::error!(%error, "cannot encode the metrics");
            Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "cannot encode the metrics",
            )
        })?;

    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static(prometheus_text::CONTENT_TYPE),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];

    Ok((headers, text).into_response())
}

/// For administrators only: questions are personal to those who ask them.
pub(super) async fn questions(state: RequestState, uri: Uri) -> Result<Response, Problem> {
    state.require_admin()?;
    Parameters::new(input::pairs(&uri)?, &[])?;

    let body = json!({
        "question_log": state.app.telemetry().kept_questions(),
        "capacity": CAPACITY,
        "questions": state.app.telemetry().questions(),
    });

    let no_store = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(([no_store], axum::Json(body)).into_response())
}
