//! `POST /feedback`: a reader reports that a hit answers the question, or that none does.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use askama::Template;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::response::Response;
use mcdewey_core::Chunk;
use mcdewey_core::{EndorsedLocation, Endorsement, KeepFeedback};
use mcdewey_query::telemetry::record_rejection;
use mcdewey_query::{Problem, RequestState, rest};
use mcdewey_search::{QueryError, SearchRequest};

use super::error::error_page;
use super::respond;
use super::search_form::SearchForm;
use super::site::{Link, Site};

/// The field with the id of the chunk that answers.
const ANSWERS: &str = "answers";
/// The field that reports that no hit answers.
const NONE: &str = "none";

/// The longest question that is stored, in bytes.
const MAX_QUESTION_BYTES: usize = 1000;

#[derive(Template)]
#[template(path = "feedback.html")]
struct FeedbackPage {
    site: Site,
    form: SearchForm,
    /// What was recorded, in words.
    summary: String,
    back: Link,
}

struct Feedback {
    request: SearchRequest,
    /// The id of the chunk that answers; `None` if no hit does.
    answered_by: Option<String>,
}

pub(super) async fn post(state: RequestState, body: Result<Bytes, BytesRejection>) -> Response {
    match record(&state, body).await {
        Ok(page) => respond::result(&page),
        Err(problem) => error_page(&state.app, &problem),
    }
}

async fn record(
    state: &RequestState,
    body: Result<Bytes, BytesRejection>,
) -> Result<FeedbackPage, Problem> {
    let Some(store) = state.takes_feedback() else {
        let detail = "you may not give feedback; the server's setting `feedback` decides who may";
        return Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", detail));
    };

    let Feedback {
        request,
        answered_by,
    } = parse(rest::form_pairs(body)?)?;
    let summary = match answered_by {
        Some(id) => save_endorsement(state, Arc::clone(store), &request, &id).await?,
        None => {
            record_rejection(&request);
            format!("No helpful result for “{}”", request.q)
        }
    };

    let site = Site::from_state(&state.app);
    Ok(FeedbackPage {
        form: SearchForm::new(&site, &request),
        summary,
        back: Link::new("Back to results", site.search(&request)),
        site,
    })
}

/// Stores that a chunk answers the question, and returns a summary for the reader.
async fn save_endorsement(
    state: &RequestState,
    store: Arc<dyn KeepFeedback>,
    request: &SearchRequest,
    chunk_id: &str,
) -> Result<String, Problem> {
    let chunk = state
        .library
        .at(state.visibility())
        .await?
        .chunk(&rest::chunk_id(chunk_id))
        .await?;

    let endorsement = endorsement(request, &chunk);
    let location = match &endorsement.spot {
        EndorsedLocation::Page(page) => format!("Page {page}"),
        EndorsedLocation::Heading(heading) => format!("“{heading}”"),
    };

    tokio::task::spawn_blocking(move || store.keep(&endorsement))
        .await
        .unwrap_or_else(|error| Err(error.to_string()))
        .map_err(not_saved)?;

    Ok(format!(
        "{location} of {} is helpful for “{}”",
        chunk.document.title, request.q
    ))
}

fn not_saved(reason: String) -> Problem {
    tracing::error!(reason, "failed to save feedback");
    let detail = "the feedback could not be saved; see the server's log";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
}

fn parse(pairs: Vec<(String, String)>) -> Result<Feedback, QueryError> {
    let (verdicts, search): (Vec<_>, Vec<_>) = pairs
        .into_iter()
        .partition(|(name, _)| name == ANSWERS || name == NONE);

    let request = SearchRequest {
        cursor: None,
        explain: false,
        ..rest::from_query(search)?
    };

    if request.q.trim().is_empty() {
        return Err(QueryError::InvalidRequest(
            "q, the question, is required".to_owned(),
        ));
    }

    if request.q.len() > MAX_QUESTION_BYTES {
        return Err(QueryError::InvalidRequest(format!(
            "q is too long; at most {MAX_QUESTION_BYTES} bytes are allowed"
        )));
    }

    let answered_by = match verdicts.as_slice() {
        [(name, id)] if name == ANSWERS && !id.is_empty() => Some(id.clone()),
        [(name, _)] if name == NONE => None,
        _ => {
            return Err(QueryError::InvalidRequest(
                "send either answers=CHUNK_ID for the passage that answers or none=1 if none does"
                    .to_owned(),
            ));
        }
    };

    Ok(Feedback {
        request,
        answered_by,
    })
}

/// The judgment to store.
///
/// A version filter is stored as the version of the document, because "latest" may mean another
/// version tomorrow.
fn endorsement(request: &SearchRequest, chunk: &Chunk) -> Endorsement {
    let document = &chunk.document;
    let document_version = document
        .facets
        .versions
        .first()
        .map(|version| version.label.clone());

    let heading = chunk.headings.last().or(chunk
        .page
        .section
        .as_ref()
        .map(|section| &section.title));

    Endorsement {
        question: request.q.trim().to_owned(),
        vendor: single(&request.vendor),
        product: single(&request.product),
        version: request.version.as_ref().and(document_version),
        guide: single(&request.guide),
        source: document.source.clone(),
        spot: match heading {
            Some(heading) if !document.paged => EndorsedLocation::Heading(heading.clone()),
            _ => EndorsedLocation::Page(chunk.page.number.0),
        },
        text_hash: chunk.text_hash,
    }
}

/// The value of a filter with exactly one value.
fn single(values: &[String]) -> Option<String> {
    match values {
        [value] => Some(value.clone()),
        _ => None,
    }
}
