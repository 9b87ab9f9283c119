//! Error pages: what went wrong, and links to what the library has instead.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use mcdewey_query::{AppState, Problem};
use mcdewey_search::{QueryError, SearchRequest};

use super::respond;
use super::search_form::SearchForm;
use super::site::{Link, Site};

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    site: Site,
    form: SearchForm,
    title: &'static str,
    detail: String,
    alternatives: Vec<Link>,
}

/// The page for an error of any request but a search.
pub(super) fn error_page(state: &AppState, problem: &Problem) -> Response {
    let site = Site::from_state(state);
    let page = ErrorPage {
        form: SearchForm::new(&site, &SearchRequest::default()),
        title: title(problem, "Invalid request"),
        detail: sentence(&problem.detail),
        alternatives: Vec::new(),
        site,
    };

    respond::error(problem, &page)
}

/// The page for a failed search, with links to the same search under the values that the library
/// has.
pub(super) fn search_error(
    state: &AppState,
    request: &SearchRequest,
    error: QueryError,
) -> Response {
    let site = Site::from_state(state);
    let alternatives = alternatives(&site, request, &error);
    let detail = detail_above_alternatives(&error);
    let problem = Problem::from(error);

    let page = ErrorPage {
        form: SearchForm::new(&site, request),
        title: title(&problem, "Invalid search"),
        detail: detail.unwrap_or_else(|| sentence(&problem.detail)),
        alternatives,
        site,
    };

    respond::error(&problem, &page)
}

/// A shorter message for errors whose known values appear below it as links.
fn detail_above_alternatives(error: &QueryError) -> Option<String> {
    match error {
        QueryError::UnknownVersion { asked, known } if !known.is_empty() => Some(format!(
            "There is no version {asked:?} in this library. Available versions:"
        )),
        QueryError::UnknownFacet {
            facet,
            asked,
            known,
        } if !known.is_empty() => Some(format!(
            "There is no {facet} {asked:?} in this library. Available values:"
        )),
        QueryError::CursorExpired => {
            Some("The library has changed since these results were loaded.".to_owned())
        }
        _ => None,
    }
}

/// Capitalises an error message and ends it with a full stop: "Nothing is at /x."
fn sentence(message: &str) -> String {
    let mut chars = message.chars();
    let first: String = chars
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();

    format!("{first}{}.", chars.as_str().trim_end_matches('.'))
}

fn title(problem: &Problem, bad_request: &'static str) -> &'static str {
    match (problem.code, problem.status) {
        ("unknown_version", _) => "Unknown version",
        ("unknown_facet", _) => "Not in this library",
        ("cursor_expired", _) => "Results expired",
        (_, StatusCode::BAD_REQUEST) => bad_request,
        (_, StatusCode::NOT_FOUND) => "Page not found",
        (_, StatusCode::TOO_MANY_REQUESTS) => "Too many requests",
        (_, StatusCode::SERVICE_UNAVAILABLE) => "Library unavailable",
        _ => problem.title(),
    }
}

/// The same search with values that the library has.
fn alternatives(site: &Site, request: &SearchRequest, error: &QueryError) -> Vec<Link> {
    let first_page = SearchRequest {
        cursor: None,
        ..request.clone()
    };

    match error {
        QueryError::UnknownVersion { known, .. } => {
            changed_searches(site, &first_page, known, set_version)
        }
        QueryError::UnknownFacet { facet, known, .. } => {
            changed_searches(site, &first_page, known, |changed, value| {
                set_facet(changed, facet, value)
            })
        }
        QueryError::CursorExpired => vec![Link::new("Search again", site.search(&first_page))],
        _ => Vec::new(),
    }
}

/// One link for each known value, to the search with that value.
fn changed_searches(
    site: &Site,
    request: &SearchRequest,
    known: &[String],
    change: impl Fn(&mut SearchRequest, &str),
) -> Vec<Link> {
    known
        .iter()
        .map(|value| {
            let mut changed = request.clone();
            change(&mut changed, value);
            Link::new(value, site.search(&changed))
        })
        .collect()
}

fn set_facet(request: &mut SearchRequest, facet: &str, value: &str) {
    let values = vec![value.to_owned()];
    match facet {
        "vendor" => request.vendor = values,
        "product" => request.product = values,
        "guide" => request.guide = values,
        _ => {}
    }
}

/// Known versions come with their product: "finesse v12.5", or "(no product) 3.9".
fn set_version(request: &mut SearchRequest, known: &str) {
    match known.split_once(' ') {
        Some((product, version)) if !product.starts_with('(') => {
            request.product = vec![product.to_owned()];
            request.version = Some(version.to_owned());
        }
        Some((_, rest)) => request.version = Some(rest.trim_start_matches("product) ").to_owned()),
        None => request.version = Some(known.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_become_sentences() {
        assert_eq!(sentence("nothing is at /x"), "Nothing is at /x.");
        assert_eq!(sentence("Over."), "Over.");
    }

    #[test]
    fn a_known_version_sets_its_product() {
        let set = |known: &str| {
            let mut request = SearchRequest::default();
            set_version(&mut request, known);
            (request.product, request.version)
        };

        assert_eq!(
            set("uccx 12.5(1) SU3"),
            (vec!["uccx".to_owned()], Some("12.5(1) SU3".to_owned()))
        );
        assert_eq!(
            set("(no product) 3.9"),
            (Vec::new(), Some("3.9".to_owned()))
        );
        assert_eq!(set("3.9"), (Vec::new(), Some("3.9".to_owned())));
    }
}
