//! Refusals as pages: what happened, what to do, and what the library has instead.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::respond;
use super::search::Form;
use super::site::{Link, Site};
use crate::rest::Problem;
use crate::{AppState, QueryError, SearchRequest};

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    site: Site,
    form: Form,
    title: &'static str,
    detail: String,
    instead: Vec<Link>,
}

/// The page for a problem outside of a search.
pub(crate) fn error_page(state: &AppState, problem: &Problem) -> Response {
    show(state, problem, &SearchRequest::default(), Vec::new())
}

/// The page for a search that was refused; what the library knows instead is one click away.
pub(super) fn search_refused(
    state: &AppState,
    request: &SearchRequest,
    error: QueryError,
) -> Response {
    let instead = alternatives(&Site::of(state), request, &error);

    // What is known instead stands below as links; the message need not list it again.
    let detail = match &error {
        QueryError::UnknownVersion { asked, .. } => Some(format!(
            "there is no version {asked:?} here; these are known"
        )),
        QueryError::UnknownFacet { facet, asked, .. } => Some(format!(
            "there is no {facet} {asked:?} here; these are known"
        )),
        QueryError::CursorExpired => {
            Some("the library has changed since this list was made".to_owned())
        }
        _ => None,
    };

    let mut problem = Problem::from(error);
    problem.detail = detail.unwrap_or(problem.detail);
    show(state, &problem, request, instead)
}

fn show(
    state: &AppState,
    problem: &Problem,
    request: &SearchRequest,
    instead: Vec<Link>,
) -> Response {
    let site = Site::of(state);
    let form = Form::new(&site, request);
    let page = ErrorPage {
        form,
        title: title(problem),
        detail: sentence(&problem.detail),
        instead,
        site,
    };

    respond::refusal(problem, &page)
}

/// A message as people read it: "Nothing is at /x."
fn sentence(message: &str) -> String {
    let mut chars = message.chars();
    let first: String = chars
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();

    format!("{first}{}.", chars.as_str().trim_end_matches('.'))
}

fn title(problem: &Problem) -> &'static str {
    match (problem.code, problem.status) {
        ("unknown_version", _) => "No such version",
        ("unknown_facet", _) => "Not in this library",
        ("cursor_expired", _) => "This list is out of date",
        (_, StatusCode::BAD_REQUEST) => "That question cannot be asked",
        (_, StatusCode::NOT_FOUND) => "Nothing here",
        (_, StatusCode::TOO_MANY_REQUESTS) => "Too many questions at once",
        (_, StatusCode::SERVICE_UNAVAILABLE) => "The library cannot answer now",
        _ => problem.title(),
    }
}

/// The same search with what the library has.
fn alternatives(site: &Site, request: &SearchRequest, error: &QueryError) -> Vec<Link> {
    let first = SearchRequest {
        cursor: None,
        ..request.clone()
    };

    let with = |known: &[String], change: &dyn Fn(&mut SearchRequest, &str)| -> Vec<Link> {
        let link = |value: &String| {
            let mut changed = first.clone();
            change(&mut changed, value);
            Link::new(value, site.search(&changed))
        };
        known.iter().map(link).collect()
    };

    match error {
        QueryError::UnknownVersion { known, .. } => with(known, &set_version),
        QueryError::UnknownFacet { facet, known, .. } => {
            with(known, &|changed, value| set_facet(changed, facet, value))
        }
        QueryError::CursorExpired => vec![Link::new("Search again", site.search(&first))],
        _ => Vec::new(),
    }
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

/// Known releases are written with their product: "finesse v12.5".
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
    fn a_known_release_names_its_product() {
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
