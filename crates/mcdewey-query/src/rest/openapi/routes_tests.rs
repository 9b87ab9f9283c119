//! No route is left out of the description, wherever it is added, and none is described that is not there.

use std::collections::BTreeSet;
use std::path::Path;

use regex::Regex;

use super::OPERATIONS;

/// What people or browsers open; whoever adds a page names it here, whoever adds a route for programs describes it.
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
/// The same answers at a second address.
const SECOND: [&str; 1] = ["/api/v1/openapi.json"];
/// Written with a constant, and held against it below.
const METADATA: &str = "/.well-known/oauth-protected-resource";

/// Each route that a source adds with a method, as the description writes it.
fn routes(source: &str) -> BTreeSet<(String, String)> {
    let path = Regex::new(r#"^\s*"([^"]+)""#).unwrap();
    let method = Regex::new(r"\b(get|post|put|patch|delete|any)\(").unwrap();

    let mut found = BTreeSet::new();
    for piece in source.split(".route(").skip(1) {
        let Some(captures) = path.captures(piece) else {
            continue;
        };
        let name = captures[1].replace("{*", "{");
        let methods: Vec<_> = method
            .captures_iter(argument(piece))
            .map(|one| one[1].to_owned())
            .collect();

        assert!(
            !methods.is_empty(),
            "{name} has no method that is known here"
        );
        found.extend(methods.into_iter().map(|method| (name.clone(), method)));
    }

    found
}

/// What stands before the parenthesis that closes a call, however many lines it takes.
fn argument(piece: &str) -> &str {
    let mut open = 1;
    let end = piece.find(|c| {
        open += i32::from(c == '(') - i32::from(c == ')');
        open == 0
    });

    &piece[..end.unwrap_or(piece.len())]
}

/// The routes of all sources below a folder, those of tests apart.
fn routes_below(folder: &Path) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            found.extend(routes_below(&path));
        } else if name.ends_with(".rs") && !name.contains("test") {
            found.extend(routes(&std::fs::read_to_string(&path).unwrap()));
        }
    }

    found
}

/// Each route of the crate with its method, for tests that hold all of them against something.
pub(crate) fn all_routes() -> BTreeSet<(String, String)> {
    let mut routes = routes_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    assert!(
        include_str!("../../app/access/metadata.rs")
            .contains(&format!("PATH: &str = \"{METADATA}\""))
    );
    routes.insert((METADATA.to_owned(), "get".to_owned()));
    routes
}

#[test]
fn every_route_is_described() {
    let described: BTreeSet<_> = OPERATIONS
        .iter()
        .map(|operation| (operation.path.to_owned(), operation.method.to_owned()))
        .collect();
    let mut routes = all_routes();
    for page in PAGES.iter().chain(&SECOND) {
        assert!(
            routes.iter().any(|(path, _)| path == page),
            "{page} is no route any more"
        );
        routes.retain(|(path, _)| path != page);
    }

    assert!(routes.len() > 14, "{routes:?}");
    assert_eq!(routes, described);
}

#[test]
fn routes_are_found_however_they_are_written() {
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
