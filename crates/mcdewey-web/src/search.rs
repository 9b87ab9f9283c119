//! `/`: the search box with the results of a search, or an overview of the library without one.

use askama::Template;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use mcdewey_query::{RequestState, rest, telemetry};
use mcdewey_search::{
    AskedRelease, Group, LibraryTree, Mode, QueryError, SearchRequest, SearchResults, terms,
};

use super::error::search_error;
use super::facets::{self, FacetGroup};
use super::hit::HitView;
use super::overview::LibraryOverview;
use super::respond;
use super::search_form::{SearchForm, mode_label};
use super::site::{Link, Site};

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
    /// Whether only words were searched, because not all passages have vectors yet.
    is_indexing: bool,
    notices: Vec<String>,
    /// What was searched, if the question names a release.
    release: Option<String>,
    all_releases_url: String,
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
        let snapshot = state.library.at(state.visibility()).await?;
        let tree = snapshot.tree().await?;
        return Ok(respond::page(headers, &home_page(site, request, &tree)));
    }

    let results = telemetry::search(&state.library, &by_page(request), state.visibility()).await?;
    let feedback_fields = state.takes_feedback().map(|_| feedback_fields(request));
    Ok(respond::page(
        headers,
        &ResultsPage {
            feedback_fields,
            ..results_page(site, request, &results)
        },
    ))
}

fn home_page(site: Site, request: &SearchRequest, tree: &LibraryTree) -> HomePage {
    HomePage {
        form: SearchForm::new(&site, request),
        overview: LibraryOverview::new(&site, tree),
        site,
    }
}

/// The request as it is searched: the page has one hit of each page or section.
fn by_page(request: &SearchRequest) -> SearchRequest {
    SearchRequest {
        group: request.group.or(Some(Group::Page)),
        ..request.clone()
    }
}

fn feedback_fields(request: &SearchRequest) -> Vec<(&'static str, String)> {
    rest::to_pairs(&SearchRequest {
        cursor: None,
        explain: false,
        ..request.clone()
    })
}

fn results_page(site: Site, request: &SearchRequest, results: &SearchResults) -> ResultsPage {
    let stems = terms::content_stems(&request.q);
    let first_page = SearchRequest {
        cursor: None,
        ..request.clone()
    };

    ResultsPage {
        form: SearchForm::new(&site, request),
        hits: HitView::list(&site, &results.hits, &stems),
        unversioned: HitView::list(&site, &results.unversioned, &stems),
        hide_unversioned_url: site.search(&SearchRequest {
            strict: true,
            ..first_page.clone()
        }),
        facet_groups: facets::groups(&site, request, &results.facets),
        degraded: results.degraded.clone(),
        no_answer: results
            .no_answer
            .as_ref()
            .filter(|_| !results.hits.is_empty())
            .map(|no_answer| no_answer.message.clone()),
        is_indexing: results.indexing.is_some(),
        notices: results.notices.clone(),
        release: results.release.as_ref().map(AskedRelease::sentence),
        all_releases_url: site.search(&SearchRequest {
            version: Some("any".to_owned()),
            ..first_page.clone()
        }),
        next_url: results.continuation.next_page().map(|cursor| {
            site.search(&SearchRequest {
                cursor: Some(cursor),
                ..request.clone()
            })
        }),
        first_url: request.cursor.as_ref().map(|_| site.search(&first_page)),
        explained: request.explain,
        toggle_explain_url: site.search(&SearchRequest {
            explain: !request.explain,
            ..request.clone()
        }),
        json_url: site.search_api(&by_page(request)),
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
