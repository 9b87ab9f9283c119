//! Stand-ins for the web pages, which are another crate: as plain as can be, but with routes, errors
//! and searches of their own.

use std::fmt::Write as _;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::Uri;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use mcdewey_search::{QueryError, SearchRequest};

use crate::{AppState, Pages, Problem, RequestState, rest, telemetry};

/// A page with the hits of a search, a page that shows the library, one for each document, which it
/// never finds, and a form.
pub fn plain_pages() -> Pages {
    let router = Router::new()
        .route("/", get(search))
        .route("/library", get(library))
        .route("/d/{*source}", get(document))
        .route("/feedback", post(feedback));

    Pages { router, error_page }
}

fn error_page(_: &AppState, problem: &Problem) -> Response {
    let mut response = Html(problem.detail.clone()).into_response();
    problem.apply_to(&mut response);
    response
}

async fn search(state: RequestState, uri: Uri) -> Response {
    match hits(&state, &uri).await {
        Ok(page) => Html(page).into_response(),
        Err(error) => error_page(&state.app, &error.into()),
    }
}

async fn hits(state: &RequestState, uri: &Uri) -> Result<String, QueryError> {
    let request: SearchRequest = rest::from_query(rest::pairs(uri)?)?;
    if request.q.is_empty() {
        return Ok("Search".to_owned());
    }

    let answer = telemetry::search(&state.library, &request, state.visibility()).await?;
    let mut page = String::new();
    for hit in &answer.hits {
        // Writing to a string never fails.
        let _ = writeln!(page, "<p>{}</p>", hit.chunk.chunk_id);
    }

    Ok(page)
}

async fn library(state: RequestState) -> Response {
    match count_documents(&state).await {
        Ok(documents) => Html(format!("{documents} documents")).into_response(),
        Err(error) => error_page(&state.app, &error.into()),
    }
}

async fn count_documents(state: &RequestState) -> Result<u64, QueryError> {
    let snapshot = state.library.at(state.visibility()).await?;
    Ok(snapshot.tree().await?.documents)
}

async fn document(state: RequestState, uri: Uri) -> Response {
    let error = QueryError::NotFound(format!("there is no {}", uri.path()));
    error_page(&state.app, &error.into())
}

async fn feedback(state: RequestState, body: Result<Bytes, BytesRejection>) -> Response {
    match rest::form_pairs(body) {
        Ok(_) => Html("Thank you").into_response(),
        Err(problem) => error_page(&state.app, &problem),
    }
}
