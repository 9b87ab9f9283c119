//! `/compare`: two versions of a guide side by side, or the versions to choose from if none are
//! given.

mod choice;
mod form;
mod result;
#[cfg(test)]
mod tests;

use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use mcdewey_query::{RequestState, rest, telemetry};
use mcdewey_search::{CompareRequest, LibraryTree, ProductNode, QueryError};

use self::choice::ChoicePage;
use self::form::CompareForm;
use self::result::ComparePage;
use super::error::error_page;
use super::respond;
use super::site::Site;

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
    let site = Site::from_state(&state.app);
    let request: CompareRequest = rest::from_query(rest::pairs(uri)?)?;

    let snapshot = state.library.at(state.visibility()).await?;
    let tree = snapshot.tree().await?;
    if request.from.is_empty() && request.to.is_empty() {
        let page = ChoicePage::new(site, &request, &tree);
        return Ok(respond::page(headers, &page));
    }

    let comparison = telemetry::compare_snapshot(&snapshot, &request).await?;
    let form = CompareForm::new(&site, &request, &tree);
    let page = ComparePage::new(site, &request, form, comparison);
    Ok(respond::page(headers, &page))
}

fn products(tree: &LibraryTree) -> impl Iterator<Item = &ProductNode> {
    tree.vendors.iter().flat_map(|vendor| &vendor.products)
}

/// The versions of a product, newest first.
fn versions(product: &ProductNode) -> Vec<&str> {
    product
        .versions
        .iter()
        .filter_map(|node| Some(node.version.as_ref()?.label.as_str()))
        .collect()
}
