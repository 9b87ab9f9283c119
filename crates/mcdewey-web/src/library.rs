//! `/library`: the tree of vendors, products, versions, guides and documents.

use askama::Template;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use mcdewey_query::RequestState;
use mcdewey_query::rest::{self, Parameters};
use mcdewey_search::{QueryError, SearchRequest};

use super::error::error_page;
use super::overview::LibraryOverview;
use super::respond;
use super::search_form::SearchForm;
use super::site::Site;

#[derive(Template)]
#[template(path = "library.html")]
struct LibraryPage {
    site: Site,
    form: SearchForm,
    overview: LibraryOverview,
}

pub(super) async fn get(state: RequestState, headers: HeaderMap, uri: Uri) -> Response {
    match show(&state, &headers, &uri).await {
        Ok(response) => response,
        Err(error) => error_page(&state.app, &error.into()),
    }
}

async fn show(
    state: &RequestState,
    headers: &HeaderMap,
    uri: &Uri,
) -> Result<Response, QueryError> {
    Parameters::new(rest::pairs(uri)?, &[])?;
    let snapshot = state.library.at(state.visibility()).await?;
    let tree = snapshot.tree().await?;
    let site = Site::from_state(&state.app);

    Ok(respond::page(
        headers,
        &LibraryPage {
            form: SearchForm::new(&site, &SearchRequest::default()),
            overview: LibraryOverview::new(&site, &tree),
            site,
        },
    ))
}
