//! Routes for the operator: `GET /metrics` and `GET /api/v1/questions`.

use std::time::Duration;

use axum::Router;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use mcdewey_core::Visibility;
use prometheus_client::encoding::prometheus_text;
use serde_json::json;

use super::questions::CAPACITY;
use crate::AppState;
use crate::app::{Service, admin};
use crate::rest::{self, Parameters, Problem};

/// How long a scrape waits for the size of the library. After that it is sent without.
const STATE_DEADLINE: Duration = Duration::from_secs(2);

pub(in crate::app) fn router() -> Router<Service> {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/api/v1/questions", get(questions))
}

/// For callers who may see everything: the totals would reveal how much is hidden from others.
async fn metrics(state: AppState) -> Result<Response, Problem> {
    if *state.visibility() != Visibility::Everything {
        let detail = "this key may see only a part of the library; metrics cover all of it";
        return Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", detail));
    }

    let library = tokio::time::timeout(STATE_DEADLINE, state.library.state()).await;
    let library = library.ok().and_then(Result::ok);
    let text = state
        .telemetry
        .metrics
        .text(library.as_ref(), state.telemetry.search_permits.in_use())
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
async fn questions(state: AppState, uri: Uri) -> Result<Response, Problem> {
    admin(&state.caller)?;
    Parameters::new(rest::pairs(&uri)?, &[])?;

    let body = json!({
        "question_log": state.telemetry.kept_questions(),
        "capacity": CAPACITY,
        "questions": state.telemetry.questions(),
    });

    let no_store = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(([no_store], axum::Json(body)).into_response())
}
