//! `POST /feedback`: a reader says that a hit answers their question, or that none does.

use askama::Template;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::response::Response;
use mcdewey_core::Chunk;

use super::error::error_page;
use super::respond;
use super::search::Form;
use super::site::{Link, Site};
use crate::app::observe::rejected;
use crate::rest::{self, Problem};
use crate::{AppState, EndorsedSpot, Endorsement, QueryError, SearchRequest};

/// The field with the passage that answers.
const ANSWERS: &str = "answers";
/// The field that says that nothing shown does.
const NONE: &str = "none";

/// The longest question that is kept, in bytes.
const LONGEST_QUESTION: usize = 1000;

#[derive(Template)]
#[template(path = "feedback.html")]
struct FeedbackPage {
    site: Site,
    form: Form,
    thanks: &'static str,
    /// What was noted, in words.
    noted: String,
    back: Link,
}

/// What a form says.
struct Said {
    request: SearchRequest,
    answers: Option<String>,
}

pub(super) async fn post(state: AppState, body: Result<Bytes, BytesRejection>) -> Response {
    match take(&state, body).await {
        Ok(page) => respond::result(&page),
        Err(problem) => error_page(&state, &problem),
    }
}

async fn take(
    state: &AppState,
    body: Result<Bytes, BytesRejection>,
) -> Result<FeedbackPage, Problem> {
    let Some(keeper) = state.takes_feedback() else {
        let detail = "this library takes no feedback from you; whoever runs it decides with the setting feedback";
        return Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", detail));
    };
    let Said { request, answers } = said(rest::form(body)?)?;
    let noted = match answers {
        Some(id) => {
            let passage = state
                .library
                .passage(&rest::passage_id(&id), state.visibility())
                .await?;
            let (keeper, endorsement) = (keeper.clone(), endorsement(&request, &passage));
            let place = match &endorsement.spot {
                EndorsedSpot::Page(page) => format!("Page {page}"),
                EndorsedSpot::Heading(heading) => format!("“{heading}”"),
            };
            let kept = tokio::task::spawn_blocking(move || keeper.keep(&endorsement)).await;
            kept.unwrap_or_else(|error| Err(error.to_string()))
                .map_err(not_kept)?;

            format!(
                "{place} of {} answers “{}”",
                passage.document.title, request.q
            )
        }
        None => {
            rejected(&request);
            format!("Nothing shown answers “{}”", request.q)
        }
    };

    let site = Site::of(state);
    let back = Link::new("Back to the results", site.search(&request));
    Ok(FeedbackPage {
        form: Form::new(&site, &request),
        thanks: "Thank you, noted",
        noted,
        back,
        site,
    })
}

fn not_kept(reason: String) -> Problem {
    tracing::error!(reason, "a judgment could not be kept");
    let detail = "your word could not be kept; the server's log says why";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
}

fn said(pairs: Vec<(String, String)>) -> Result<Said, QueryError> {
    let invalid = |message: &str| QueryError::InvalidRequest(message.to_owned());
    let is_verdict = |name: &str| name == ANSWERS || name == NONE;
    let (verdicts, search): (Vec<_>, Vec<_>) =
        pairs.into_iter().partition(|(name, _)| is_verdict(name));

    let request = SearchRequest {
        cursor: None,
        explain: false,
        ..rest::from_query(search)?
    };

    if request.q.trim().is_empty() {
        return Err(invalid("q, the question, is missing"));
    }

    if request.q.len() > LONGEST_QUESTION {
        return Err(QueryError::InvalidRequest(format!(
            "q is too long; at most {LONGEST_QUESTION} bytes are kept"
        )));
    }

    match verdicts.as_slice() {
        [(name, id)] if name == ANSWERS && !id.is_empty() => Ok(Said {
            request,
            answers: Some(id.clone()),
        }),
        [(name, _)] if name == NONE => Ok(Said {
            request,
            answers: None,
        }),
        _ => Err(invalid(
            "say either which passage answers (answers=CHUNK_ID) or that none does (none=1)",
        )),
    }
}

/// The judgment: a release that was asked for is noted as the one that answered, for "latest" is another one tomorrow.
fn endorsement(request: &SearchRequest, passage: &Chunk) -> Endorsement {
    let only = |values: &[String]| match values {
        [one] => Some(one.clone()),
        _ => None,
    };
    let document = &passage.document;
    let release = document
        .facets
        .versions
        .first()
        .map(|version| version.label.clone());

    let heading = || {
        passage
            .headings
            .last()
            .or(passage.page.section.as_ref().map(|section| &section.title))
            .cloned()
    };

    Endorsement {
        question: request.q.trim().to_owned(),
        vendor: only(&request.vendor),
        product: only(&request.product),
        version: request.version.as_ref().and(release),
        guide: only(&request.guide),
        source: document.source.clone(),
        spot: match heading().filter(|_| !document.paged) {
            Some(heading) => EndorsedSpot::Heading(heading),
            None => EndorsedSpot::Page(passage.page.number.0),
        },
        text_hash: passage.text_hash,
    }
}
