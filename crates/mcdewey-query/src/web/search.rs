//! `/`: the search box, and what the library answers; without a question, what it holds.

use askama::Template;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;

use super::error::search_refused;
use super::facets::{self, Chip, FacetGroup};
use super::hit::HitView;
use super::library::Shelf;
use super::respond;
use super::site::Site;
use crate::search::terms;
use crate::{AppState, Hit, LibraryAnswer, Mode, QueryError, SearchAnswer, SearchRequest, rest};

/// The search box with all that a search keeps when the question changes.
#[derive(Debug, Clone)]
pub(super) struct Form {
    pub(super) q: String,
    pub(super) modes: Vec<ModeChoice>,
    pub(super) kept: Vec<(&'static str, String)>,
    pub(super) chips: Vec<Chip>,
}

/// A way to search.
#[derive(Debug, Clone, Copy)]
pub(super) struct ModeChoice {
    pub(super) name: &'static str,
    pub(super) text: &'static str,
    pub(super) chosen: bool,
}

impl Form {
    /// The box as a request left it.
    pub(super) fn new(site: &Site, request: &SearchRequest) -> Self {
        let kept = rest::to_pairs(&SearchRequest {
            q: String::new(),
            mode: Mode::default(),
            cursor: None,
            ..request.clone()
        });

        let choice = |mode| ModeChoice {
            name: Mode::name(mode),
            text: describe(mode),
            chosen: mode == request.mode,
        };

        Self {
            q: request.q.clone(),
            modes: Mode::ALL.map(choice).into(),
            kept,
            chips: facets::chips(site, request),
        }
    }
}

fn describe(mode: Mode) -> &'static str {
    match mode {
        Mode::Hybrid => "Meaning and words",
        Mode::Dense => "Meaning",
        Mode::Keyword => "Words",
    }
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    site: Site,
    form: Form,
    shelf: Shelf,
}

#[derive(Template)]
#[template(path = "results.html")]
struct ResultsPage {
    site: Site,
    form: Form,
    hits: Vec<HitView>,
    unversioned: Vec<HitView>,
    without_unversioned: String,
    groups: Vec<FacetGroup>,
    degraded: Option<String>,
    no_answer: Option<String>,
    notices: Vec<String>,
    next: Option<String>,
    first: Option<String>,
    explained: bool,
    toggle_explain: String,
    for_programs: String,
    other_modes: Vec<super::site::Link>,
    unfiltered: String,
    /// The fields of the form in which a reader says which hit answers, where their word is taken.
    feedback: Option<Vec<(&'static str, String)>>,
}

pub(super) async fn get(state: AppState, headers: HeaderMap, uri: Uri) -> Response {
    let request = match rest::pairs(&uri).and_then(rest::from_query) {
        Ok(request) => request,
        Err(error) => return search_refused(&state, &SearchRequest::default(), error),
    };

    match show(&state, &headers, &request).await {
        Ok(response) => response,
        Err(error) => search_refused(&state, &request, error),
    }
}

async fn show(
    state: &AppState,
    headers: &HeaderMap,
    request: &SearchRequest,
) -> Result<Response, QueryError> {
    let site = Site::of(state);
    if request.q.trim().is_empty() {
        let library = state.library.library(state.visibility()).await?;
        return Ok(respond::page(headers, &home(site, request, &library)));
    }

    let answer = state.library.search(request, state.visibility()).await?;
    let feedback = state.takes_feedback().map(|_| feedback_fields(request));
    Ok(respond::page(
        headers,
        &ResultsPage {
            feedback,
            ..results(site, request, &answer)
        },
    ))
}

fn home(site: Site, request: &SearchRequest, library: &LibraryAnswer) -> HomePage {
    HomePage {
        form: Form::new(&site, request),
        shelf: Shelf::new(&site, library),
        site,
    }
}

fn feedback_fields(request: &SearchRequest) -> Vec<(&'static str, String)> {
    rest::to_pairs(&SearchRequest {
        cursor: None,
        explain: false,
        ..request.clone()
    })
}

fn results(site: Site, request: &SearchRequest, answer: &SearchAnswer) -> ResultsPage {
    let stems = terms::content_stems(&request.q);
    let view = |hit: &Hit| HitView::new(&site, hit, &stems);
    let first = SearchRequest {
        cursor: None,
        ..request.clone()
    };

    let next = |cursor: &String| {
        site.search(&SearchRequest {
            cursor: Some(cursor.clone()),
            ..request.clone()
        })
    };

    let other_modes = Mode::ALL
        .into_iter()
        .filter(|mode| *mode != request.mode)
        .map(|mode| {
            super::site::Link::new(
                describe(mode),
                site.search(&SearchRequest {
                    mode,
                    ..first.clone()
                }),
            )
        });

    let unfiltered = SearchRequest {
        q: request.q.clone(),
        mode: request.mode,
        ..SearchRequest::default()
    };

    ResultsPage {
        form: Form::new(&site, request),
        hits: answer.hits.iter().map(view).collect(),
        unversioned: answer.unversioned.iter().map(view).collect(),
        without_unversioned: site.search(&SearchRequest {
            strict: true,
            ..first.clone()
        }),
        groups: facets::groups(&site, request, answer),
        degraded: answer.degraded.clone(),
        no_answer: answer
            .no_answer
            .as_ref()
            .filter(|_| !answer.hits.is_empty())
            .map(|none| none.message.clone()),
        notices: answer.notices.clone(),
        next: answer.next_cursor.as_ref().map(next),
        first: request.cursor.as_ref().map(|_| site.search(&first)),
        explained: request.explain,
        toggle_explain: site.search(&SearchRequest {
            explain: !request.explain,
            ..request.clone()
        }),
        for_programs: site.search_api(request),
        other_modes: other_modes.collect(),
        unfiltered: site.search(&unfiltered),
        feedback: None,
        site,
    }
}
