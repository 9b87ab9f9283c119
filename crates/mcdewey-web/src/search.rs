//! `/`: the search box with the results of a search, or an overview of the library without one.

use askama::Template;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use mcdewey_query::wire::{LibraryAnswer, SearchAnswer};
use mcdewey_query::{RequestState, rest};
use mcdewey_search::{Mode, QueryError, SearchRequest, terms};

use super::error::search_error;
use super::facets::{self, FacetGroup, FilterChip};
use super::hit::HitView;
use super::library::LibraryOverview;
use super::respond;
use super::site::{Link, Site};

/// The search box, with the filters that stay when the question changes.
#[derive(Debug, Clone)]
pub(super) struct SearchForm {
    pub(super) q: String,
    pub(super) modes: Vec<ModeOption>,
    pub(super) hidden_fields: Vec<(&'static str, String)>,
    pub(super) chips: Vec<FilterChip>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct ModeOption {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) selected: bool,
}

impl SearchForm {
    /// The box filled in with `request`.
    pub(super) fn new(site: &Site, request: &SearchRequest) -> Self {
        let hidden_fields = rest::to_pairs(&SearchRequest {
            q: String::new(),
            mode: Mode::default(),
            cursor: None,
            ..request.clone()
        });

        let modes = Mode::ALL.map(|mode| ModeOption {
            name: Mode::name(mode),
            label: mode_label(mode),
            selected: mode == request.mode,
        });

        Self {
            q: request.q.clone(),
            modes: modes.into(),
            hidden_fields,
            chips: facets::chips(site, request),
        }
    }
}

fn mode_label(mode: Mode) -> &'static str {
    match mode {
        Mode::Hybrid => "Best match",
        Mode::Dense => "Semantic",
        Mode::Keyword => "Exact words",
    }
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    site: Site,
    form: SearchForm,
    overview: LibraryOverview,
}

#[derive(Template)]
#[template(path = "results.html")]
struct ResultsPage {
    site: Site,
    form: SearchForm,
    hits: Vec<HitView>,
    unversioned: Vec<HitView>,
    hide_unversioned_url: String,
    facet_groups: Vec<FacetGroup>,
    degraded: Option<String>,
    no_answer: Option<String>,
    notices: Vec<String>,
    next_url: Option<String>,
    first_url: Option<String>,
    explained: bool,
    toggle_explain_url: String,
    json_url: String,
    other_modes: Vec<Link>,
    unfiltered_url: String,
    /// The hidden fields of the feedback form; `None` if this caller may not give feedback.
    feedback_fields: Option<Vec<(&'static str, String)>>,
}

pub(super) async fn get(state: RequestState, headers: HeaderMap, uri: Uri) -> Response {
    let request = match rest::pairs(&uri).and_then(rest::from_query) {
        Ok(request) => request,
        Err(error) => return search_error(&state.app, &SearchRequest::default(), error),
    };

    match show(&state, &headers, &request).await {
        Ok(response) => response,
        Err(error) => search_error(&state.app, &request, error),
    }
}

async fn show(
    state: &RequestState,
    headers: &HeaderMap,
    request: &SearchRequest,
) -> Result<Response, QueryError> {
    let site = Site::from_state(&state.app);
    if request.q.trim().is_empty() {
        let library = state.library.wire_library(state.visibility()).await?;
        return Ok(respond::page(headers, &home_page(site, request, &library)));
    }

    let answer = state
        .library
        .wire_search(request, state.visibility())
        .await?;
    let feedback_fields = state.takes_feedback().map(|_| feedback_fields(request));
    Ok(respond::page(
        headers,
        &ResultsPage {
            feedback_fields,
            ..results_page(site, request, &answer)
        },
    ))
}

fn home_page(site: Site, request: &SearchRequest, library: &LibraryAnswer) -> HomePage {
    HomePage {
        form: SearchForm::new(&site, request),
        overview: LibraryOverview::new(&site, library),
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

fn results_page(site: Site, request: &SearchRequest, answer: &SearchAnswer) -> ResultsPage {
    let stems = terms::content_stems(&request.q);
    let first_page = SearchRequest {
        cursor: None,
        ..request.clone()
    };

    ResultsPage {
        form: SearchForm::new(&site, request),
        hits: HitView::list(&site, &answer.hits, &stems),
        unversioned: HitView::list(&site, &answer.unversioned, &stems),
        hide_unversioned_url: site.search(&SearchRequest {
            strict: true,
            ..first_page.clone()
        }),
        facet_groups: facets::groups(&site, request, answer),
        degraded: answer.degraded.clone(),
        no_answer: answer
            .no_answer
            .as_ref()
            .filter(|_| !answer.hits.is_empty())
            .map(|no_answer| no_answer.message.clone()),
        notices: answer.notices.clone(),
        next_url: answer.next_cursor.as_ref().map(|cursor| {
            site.search(&SearchRequest {
                cursor: Some(cursor.clone()),
                ..request.clone()
            })
        }),
        first_url: request.cursor.as_ref().map(|_| site.search(&first_page)),
        explained: request.explain,
        toggle_explain_url: site.search(&SearchRequest {
            explain: !request.explain,
            ..request.clone()
        }),
        json_url: site.search_api(request),
        other_modes: other_modes(&site, &first_page),
        unfiltered_url: site.search(&SearchRequest {
            q: request.q.clone(),
            mode: request.mode,
            ..SearchRequest::default()
        }),
        feedback_fields: None,
        site,
    }
}

/// Links to the same search in the modes that were not used.
fn other_modes(site: &Site, request: &SearchRequest) -> Vec<Link> {
    Mode::ALL
        .into_iter()
        .filter(|mode| *mode != request.mode)
        .map(|mode| {
            let url = site.search(&SearchRequest {
                mode,
                ..request.clone()
            });
            Link::new(mode_label(mode), url)
        })
        .collect()
}
