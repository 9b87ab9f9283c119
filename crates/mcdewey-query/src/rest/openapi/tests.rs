//! The description against the service: no route is left out, no name is wrong, and every answer has the shape it says.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::{Value, json};

use super::operations::OPERATIONS;
use super::{at, document};
use crate::app::testing::{GUIDE, NOTE, Service};
use crate::rest::{compare, search_parameters};

/// The routes that the routers' sources name, as the description writes them.
fn routes() -> BTreeSet<(String, String)> {
    let sources = [include_str!("../mod.rs"), include_str!("../../app/observe/routes.rs")].concat();
    let path = Regex::new(r#"^\s*"([^"]+)""#).unwrap();
    let method = Regex::new(r"\b(get|post|put|delete)\(").unwrap();
    let mut found = BTreeSet::new();
    for piece in sources.split(".route(").skip(1) {
        let Some(captures) = path.captures(piece) else { continue };
        let name = captures[1].replace("{*", "{");
        let end = piece.find("\n").unwrap_or(piece.len());
        found.extend(method.captures_iter(&piece[..end]).map(|method| (name.clone(), method[1].to_owned())));
    }
    found
}

#[test]
fn every_route_is_described() {
    let described: BTreeSet<_> =
        OPERATIONS.iter().map(|operation| (operation.path.to_owned(), operation.method.to_owned())).collect();
    let routes = routes();
    assert!(routes.len() > 12, "{routes:?}");
    let missing: Vec<_> = routes.difference(&described).filter(|(path, _)| path != "/api/v1/openapi.json").collect();
    assert!(missing.is_empty(), "not described: {missing:?}");
    let elsewhere = ["/f/{source}", "/.well-known/oauth-protected-resource"];
    let extra: Vec<_> = described.difference(&routes).filter(|(path, _)| !elsewhere.contains(&path.as_str())).collect();
    assert!(extra.is_empty(), "described, but no route: {extra:?}");
}

#[test]
fn parameters_are_those_that_requests_may_use() {
    let names = |id: &str| {
        let operation = OPERATIONS.iter().find(|operation| operation.id == id).unwrap();
        operation.parameters.iter().map(|parameter| parameter.name).collect::<BTreeSet<_>>()
    };
    assert_eq!(names("search"), BTreeSet::from(search_parameters::KNOWN));
    assert_eq!(names("compare"), BTreeSet::from(compare::KNOWN));
    let body = document()["components"]["schemas"]["SearchBody"]["properties"].as_object().unwrap().clone();
    assert_eq!(body.keys().map(String::as_str).collect::<BTreeSet<_>>(), BTreeSet::from(search_parameters::KNOWN));
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let text = document.to_string();
    let reference = Regex::new(r##""\$ref":"#/components/schemas/([^"]+)""##).unwrap();
    let mut seen = 0;
    for captures in reference.captures_iter(&text) {
        assert!(document["components"]["schemas"].get(&captures[1]).is_some(), "{}", &captures[1]);
        seen += 1;
    }
    assert!(seen > 30 && !text.contains("#/$defs/"), "{seen}");
    let ids: BTreeSet<_> = OPERATIONS.iter().map(|operation| operation.id).collect();
    assert_eq!(ids.len(), OPERATIONS.len());
    assert_eq!(at("http://x")["servers"][0]["url"], "http://x");
}

/// What the description says of answers to this operation with this status.
fn validator(id: &str, status: u16) -> jsonschema::Validator {
    let document = document();
    let operation = OPERATIONS.iter().find(|operation| operation.id == id).unwrap();
    let response = &document["paths"][operation.path][operation.method]["responses"][status.to_string()];
    let content = response["content"].as_object().unwrap_or_else(|| panic!("{id} says nothing of {status}"));
    let mut schema = content.values().next().unwrap()["schema"].clone();
    schema["components"] = document["components"].clone();
    jsonschema::validator_for(&schema).unwrap()
}

#[tokio::test]
async fn answers_have_the_shape_that_is_described() {
    let service = Service::new().await;
    let chunk = "/api/v1/chunks/finesse%3A%3Av12.5%3A%3Adeveloper-guide%3A%3Adeveloper-guide%3A%3A1";
    let cases = [
        ("search", "/api/v1/search?q=barge&explain=1&version=12.5".to_owned(), 200),
        ("search", "/api/v1/search?q=barge&limit=1".to_owned(), 200),
        ("search", "/api/v1/search?q=zzz".to_owned(), 200),
        ("search", "/api/v1/search?q=barge&version=99".to_owned(), 400),
        ("search", "/api/v1/search?q=barge&limit=0".to_owned(), 400),
        ("search", "/api/v1/search?q=barge&source=none.md".to_owned(), 404),
        ("getChunk", format!("{chunk}?context=2"), 200),
        ("getChunk", "/api/v1/chunks/ffffffff".to_owned(), 404),
        ("getDocument", format!("/api/v1/documents/{GUIDE}"), 200),
        ("getDocument", format!("/api/v1/documents/{GUIDE}?page=118"), 200),
        ("getDocument", format!("/api/v1/documents/{NOTE}?section=certificates-1"), 200),
        ("getDocument", format!("/api/v1/documents/{GUIDE}?page=9"), 404),
        ("compare", "/api/v1/compare?from=12.5&to=15.0".to_owned(), 200),
        ("compare", "/api/v1/compare?from=12.5".to_owned(), 400),
        ("getLibrary", "/api/v1/library".to_owned(), 200),
        ("isReady", "/readyz".to_owned(), 200),
        ("isAlive", "/healthz".to_owned(), 200),
        ("getQuestions", "/api/v1/questions".to_owned(), 401),
        ("getDescription", "/openapi.json".to_owned(), 200),
        ("getResourceMetadata", "/.well-known/oauth-protected-resource".to_owned(), 404),
    ];
    for (id, path, status) in cases {
        let answer = service.get(&path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        let errors: Vec<String> = validator(id, status)
            .iter_errors(&answer.json())
            .map(|error| format!("{error} at {}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{path}: {errors:?}\n{}", answer.body);
    }
    let body = json!({"searches": [{"q": "barge"}, {"q": "x", "mode": "y"}]});
    let answer = service.post("/api/v1/search/batch", &body.to_string()).await;
    assert!(validator("searchBatch", 200).is_valid(&answer.json()), "{}", answer.body);
}

#[test]
fn a_wrong_shape_is_noticed() {
    assert!(!validator("search", 200).is_valid(&json!({"hits": []})));
    assert!(!validator("search", 400).is_valid(&Value::Null));
}
