//! Every route in the sources is described, and every described operation has a route.

use std::collections::BTreeSet;
use std::path::Path;

use axum::http::header;
use mcdewey_query::rest::openapi::{OPERATIONS, document_for};
use regex::Regex;

use crate::files;
use crate::testing::service;

/// Routes for people and browsers, which the API description leaves out. Add new pages here and new
/// routes for programs to `OPERATIONS`.
const PAGES: [&str; 11] = [
    "/",
    "/c/{chunk_id}",
    "/d/{source}",
    "/library",
    "/compare",
    "/connect",
    "/status",
    "/feedback",
    "/api/docs",
    "/assets/{file}",
    "/favicon.ico",
];
/// Further paths of described operations.
const ALIASES: [&str; 1] = ["/api/v1/openapi.json"];
/// The source has a constant instead of a literal for this path; [`all_routes`] compares both.
const METADATA_PATH: &str = "/.well-known/oauth-protected-resource";
/// The file with that constant, below the sources of the service.
const METADATA_FILE: &str = "paths.rs";

/// Returns the routes in a source file with their methods, written as in the description.
fn routes(source: &str) -> BTreeSet<(String, String)> {
    let path = Regex::new(r#"^\s*"([^"]+)""#).unwrap();
    let method = Regex::new(r"\b(get|post|put|patch|delete|any)\(").unwrap();

    let mut found = BTreeSet::new();
    for call in source.split(".route(").skip(1) {
        let Some(captures) = path.captures(call) else {
            continue;
        };
        let route = captures[1].replace("{*", "{");
        let methods: Vec<_> = method
            .captures_iter(arguments(call))
            .map(|captures| captures[1].to_owned())
            .collect();

        assert!(!methods.is_empty(), "{route} has none of the known methods");
        found.extend(methods.into_iter().map(|method| (route.clone(), method)));
    }

    found
}

/// Returns the arguments of a call whose opening parenthesis precedes `call`.
fn arguments(call: &str) -> &str {
    let mut depth = 1;
    let end = call.find(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth == 0
    });

    &call[..end.unwrap_or(call.len())]
}

/// Returns the routes in all source files below a folder, without those of tests.
fn routes_below(folder: &Path) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if ["tests", "tests.rs", "testing", "testing.rs"].contains(&name.as_str()) {
            continue;
        }

        if path.is_dir() {
            found.extend(routes_below(&path));
        } else if name.ends_with(".rs") {
            found.extend(routes(&std::fs::read_to_string(&path).unwrap()));
        }
    }

    found
}

/// Returns every route of the service with its method, for tests that cover all of them.
pub(super) fn all_routes() -> BTreeSet<(String, String)> {
    let pages = Path::new(env!("CARGO_MANIFEST_DIR"));
    let service = pages.with_file_name("mcdewey-query").join("src");

    let mut routes = routes_below(&pages.join("src"));
    routes.extend(routes_below(&service));
    let metadata = std::fs::read_to_string(service.join(METADATA_FILE)).unwrap();
    assert!(metadata.contains(&format!("\"{METADATA_PATH}\"")));
    routes.insert((METADATA_PATH.to_owned(), "get".to_owned()));
    routes
}

#[test]
fn every_route_is_described() {
    let described: BTreeSet<_> = OPERATIONS
        .iter()
        .map(|operation| (operation.path.to_owned(), operation.method.to_owned()))
        .collect();
    let mut routes = all_routes();
    for page in PAGES.iter().chain(&ALIASES) {
        assert!(
            routes.iter().any(|(path, _)| path == page),
            "{page} is not a route any more"
        );
        routes.retain(|(path, _)| path != page);
    }

    assert!(routes.len() > 14, "{routes:?}");
    assert_eq!(routes, described);
}

#[test]
fn described_parameters_of_files_are_those_that_requests_accept() {
    let described = OPERATIONS
        .iter()
        .find(|operation| operation.id == "getFile")
        .unwrap()
        .parameters
        .iter()
        .filter(|parameter| parameter.location == "query");

    let names: BTreeSet<_> = described.map(|parameter| parameter.name).collect();
    assert_eq!(names, files::PARAMETERS.into());
}

#[tokio::test]
async fn errors_of_files_are_pages_as_described() {
    let response = service().await.get("/f/none.md?image=x.png").await;
    let media_type = response
        .header(header::CONTENT_TYPE)
        .split(';')
        .next()
        .unwrap_or_default();

    let description = document_for("http://localhost:8080");
    let described = &description["paths"]["/f/{source}"]["get"]["responses"]["404"]["content"];
    assert_eq!((response.status.as_u16(), media_type), (404, "text/html"));
    assert!(described[media_type].is_object(), "{described}");
}

#[test]
fn routes_are_found_in_every_notation() {
    let source = r#"
        .route("/a/{*b}", get(a::get).post(a::post)).route("/c", delete(c))
        .route(
            "/d",
            get(d)
                .layer(limit(1))
                .put(d),
        )
    "#;

    let found: Vec<String> = routes(source)
        .iter()
        .map(|(path, method)| format!("{method} {path}"))
        .collect();

    assert_eq!(
        found,
        ["get /a/{b}", "post /a/{b}", "delete /c", "get /d", "put /d"]
    );
}
