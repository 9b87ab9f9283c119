//! The description compared with the service: names match, and every response matches its schema.

mod docs;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use axum::body::Body;
use axum::http::{Method, header};
use mcdewey_core::{
    Generation, GenerationRemoval, IndexError, NoProgress, OwnerError, OwnerRequest, Perform,
    RemovalProof, RemovalReport, RemovalRequest, RollbackReport, RollbackRequest, SkippedFile,
    SyncProgress, SyncReport, SyncRequest,
};
use regex::Regex;
use serde_json::{Value, json};

use super::{OPERATIONS, Operation, document, document_for, error_codes};
use crate::rest::admin::AdminRequest;
use crate::rest::batch;
use crate::testing::{Answer, GUIDE, NOTE, SampleService, TOKEN, request};

fn operation(id: &str) -> &'static Operation {
    OPERATIONS
        .iter()
        .find(|operation| operation.id == id)
        .unwrap()
}

#[test]
fn variable_parts_of_paths_are_declared() {
    let variable = Regex::new(r"\{([^}]*)\}").unwrap();
    for operation in OPERATIONS {
        let in_path: Vec<&str> = variable
            .captures_iter(operation.path)
            .map(|captures| captures.extract::<1>().1[0])
            .collect();
        let declared: Vec<&str> = operation
            .parameters()
            .filter(|(place, _)| *place == "path")
            .map(|(_, declaration)| declaration.name)
            .collect();
        assert_eq!(in_path, declared, "{}", operation.id);
    }
}

#[test]
fn described_fields_of_bodies_are_those_that_requests_accept() {
    let accepted: [(&str, &[&str]); 4] = [
        ("BatchBody", &batch::FIELDS),
        ("SyncBody", SyncRequest::FIELDS),
        ("RollbackBody", RollbackRequest::FIELDS),
        ("RemovalBody", RemovalRequest::FIELDS),
    ];

    let document = document();
    for (name, known) in accepted {
        let properties = document["components"]["schemas"][name]["properties"]
            .as_object()
            .unwrap();
        let names: BTreeSet<_> = properties.keys().map(String::as_str).collect();
        assert_eq!(names, known.iter().copied().collect(), "{name}");
    }

    let bodies: BTreeSet<_> = OPERATIONS
        .iter()
        .filter_map(|operation| operation.body.as_ref())
        .map(|body| body.schema)
        // Made from the declarations by which bodies are parsed.
        .filter(|schema| *schema != "SearchBody")
        .collect();

    assert_eq!(bodies, accepted.iter().map(|(name, _)| *name).collect());
}

#[test]
fn operations_with_an_etag_accept_conditional_requests() {
    let document = document();
    for operation in OPERATIONS {
        let described = &document["paths"][operation.path][operation.method.name()];
        let parameters = described["parameters"].as_array().unwrap();
        let conditional = parameters
            .iter()
            .any(|parameter| parameter["name"] == "If-None-Match");
        assert_eq!(conditional, operation.has_etag, "{}", operation.id);
        assert_eq!(
            described["responses"].get("304").is_some(),
            operation.has_etag,
            "{}",
            operation.id
        );
    }
}

#[test]
fn every_reference_resolves() {
    let document = document();
    let text = document.to_string();
    let reference = Regex::new(r##""\$ref":"#/components/schemas/([^"]+)""##).unwrap();

    let mut seen = 0;
    for captures in reference.captures_iter(&text) {
        assert!(
            document["components"]["schemas"]
                .get(&captures[1])
                .is_some(),
            "{}",
            &captures[1]
        );
        seen += 1;
    }

    assert!(seen > 30 && !text.contains("#/$defs/"), "{seen}");
    let ids: BTreeSet<_> = OPERATIONS.iter().map(|operation| operation.id).collect();
    assert_eq!(ids.len(), OPERATIONS.len());
    assert_eq!(document_for("http://x")["servers"][0]["url"], "http://x");
}

/// Returns a validator for the described responses of an operation with this status.
fn validator(id: &str, status: u16) -> jsonschema::Validator {
    let document = document();
    let operation = operation(id);
    let response = &document["paths"][operation.path][operation.method.name()]["responses"]
        [status.to_string()];

    let content = response["content"]
        .as_object()
        .unwrap_or_else(|| panic!("{id} does not describe {status}"));
    let mut schema = content.values().next_back().unwrap()["schema"].clone();
    schema["components"] = document["components"].clone();
    jsonschema::validator_for(&schema).unwrap()
}

/// Checks the status, media type and body of a response against the description.
fn check(id: &str, answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{id}: {}", answer.body);
    let operation = operation(id);
    let response = document()["paths"][operation.path][operation.method.name()]["responses"]
        [status.to_string()]
    .clone();
    let media_types = response["content"].as_object().unwrap();

    let media_type = answer
        .header(header::CONTENT_TYPE)
        .split(';')
        .next()
        .unwrap_or_default();

    let range = format!("{}/*", media_type.split('/').next().unwrap_or_default());
    assert!(
        media_types.contains_key(media_type) || media_types.contains_key(&range),
        "{id} does not describe {media_type}"
    );

    for value in json_values(media_type, &answer.body) {
        assert_valid(id, status, &value);
    }
}

fn json_values(media_type: &str, body: &str) -> Vec<Value> {
    match media_type {
        "application/json" | "application/problem+json" => {
            vec![serde_json::from_str(body).unwrap()]
        }
        "application/x-ndjson" => body
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
        _ => Vec::new(),
    }
}

fn assert_valid(id: &str, status: u16, value: &Value) {
    let errors: Vec<String> = validator(id, status)
        .iter_errors(value)
        .map(|error| format!("{error} at {}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{id}: {errors:?}\n{value:#}");
}

#[tokio::test]
async fn responses_match_their_schemas() {
    let service = SampleService::new().await;
    let chunk =
        "/api/v1/chunks/finesse%3A%3Av12.5%3A%3Adeveloper-guide%3A%3Adeveloper-guide%3A%3A1";
    let cases = [
        (
            "search",
            "/api/v1/search?q=barge&explain=1&version=12.5".to_owned(),
            200,
        ),
        ("search", "/api/v1/search?q=barge&limit=1".to_owned(), 200),
        ("search", "/api/v1/search?q=zzz".to_owned(), 200),
        (
            "search",
            "/api/v1/search?q=barge&version=99".to_owned(),
            400,
        ),
        ("search", "/api/v1/search?q=barge&limit=0".to_owned(), 400),
        (
            "search",
            "/api/v1/search?q=barge&source=none.md".to_owned(),
            404,
        ),
        ("getChunk", format!("{chunk}?context=2"), 200),
        ("getChunk", "/api/v1/chunks/ffffffff".to_owned(), 404),
        ("getDocument", format!("/api/v1/documents/{GUIDE}"), 200),
        (
            "getDocument",
            format!("/api/v1/documents/{GUIDE}?page=118"),
            200,
        ),
        (
            "getDocument",
            format!("/api/v1/documents/{NOTE}?section=certificates-1"),
            200,
        ),
        (
            "getDocument",
            format!("/api/v1/documents/{GUIDE}?page=9"),
            404,
        ),
        (
            "compare",
            "/api/v1/compare?from=12.5&to=15.0".to_owned(),
            200,
        ),
        ("compare", "/api/v1/compare?from=12.5".to_owned(), 400),
        ("getLibrary", "/api/v1/library".to_owned(), 200),
        ("isReady", "/readyz".to_owned(), 200),
        ("isAlive", "/healthz".to_owned(), 200),
        ("getQuestions", "/api/v1/questions".to_owned(), 401),
        ("getDescription", "/openapi.json".to_owned(), 200),
        (
            "getResourceMetadata",
            "/.well-known/oauth-protected-resource".to_owned(),
            404,
        ),
    ];

    for (id, path, status) in cases {
        check(id, &service.get(&path).await, status);
    }

    let body = json!({"searches": [{"q": "barge"}, {"q": "x", "mode": "y"}]});
    check(
        "searchBatch",
        &service
            .post("/api/v1/search/batch", &body.to_string())
            .await,
        200,
    );

    check(
        "searchBatch",
        &service.post("/api/v1/search/batch", "{}").await,
        400,
    );

    check(
        "searchByBody",
        &service
            .post("/api/v1/search", r#"{"q": "barge", "explain": true}"#)
            .await,
        200,
    );

    check(
        "searchByBody",
        &service.post("/api/v1/search", &"x".repeat(70_000)).await,
        413,
    );

    check("getMetrics", &service.get("/metrics").await, 200);
    check("getFile", &service.get("/f/none.md?image=x.png").await, 404);
}

/// Accepts rollbacks and removals and returns sample reports.
struct FakeOwner;

#[async_trait]
impl Perform<RollbackRequest> for FakeOwner {
    async fn perform(
        &self,
        request: RollbackRequest,
        _: &(dyn Fn(NoProgress) + Send + Sync),
    ) -> Result<RollbackReport, OwnerError> {
        if request.forward {
            let reason = "this is the newest generation".to_owned();
            return Err(IndexError::Unavailable(reason).into());
        }

        let [live, before] = ["a", "b"].map(|name| Generation(name.to_owned()));
        Ok(RollbackReport {
            live,
            before,
            pinned: true,
            note: String::new(),
        })
    }
}

#[async_trait]
impl Perform<RemovalRequest> for FakeOwner {
    async fn perform(
        &self,
        request: RemovalRequest,
        _: &(dyn Fn(NoProgress) + Send + Sync),
    ) -> Result<RemovalReport, OwnerError> {
        let generations = [None, Some("it cannot be read".to_owned())]
            .map(|discarded| GenerationRemoval {
                generation: Generation("a".to_owned()),
                documents: 1,
                discarded,
            })
            .to_vec();

        Ok(RemovalReport {
            generations,
            proof: request.force.then(RemovalProof::default),
            judgments: 0,
        })
    }
}

async fn send_as_admin(service: &SampleService, method: Method, path: &str, body: &str) -> Answer {
    let request = request(method, path)
        .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"))
        .header(header::CONTENT_TYPE, "application/json");

    service
        .send(request.body(Body::from(body.to_owned())).unwrap())
        .await
}

#[tokio::test]
async fn responses_to_admins_match_their_schemas() {
    let service = SampleService::new().await.with_owner(Arc::new(FakeOwner));

    let rollback = "/api/v1/generations/rollback";
    check(
        "rollBack",
        &send_as_admin(&service, Method::POST, rollback, "{}").await,
        200,
    );

    check(
        "rollBack",
        &send_as_admin(&service, Method::POST, rollback, r#"{"forward": true}"#).await,
        409,
    );

    check("rollBack", &service.post(rollback, "{}").await, 401);
    let removals = "/api/v1/removals";
    check(
        "remove",
        &send_as_admin(
            &service,
            Method::POST,
            removals,
            r#"{"sources": ["a.md"], "force": true}"#,
        )
        .await,
        200,
    );

    check(
        "remove",
        &send_as_admin(&service, Method::POST, removals, r#"{"sources": ["a.md"]}"#).await,
        200,
    );

    check(
        "remove",
        &send_as_admin(&service, Method::POST, removals, "{}").await,
        400,
    );

    check(
        "search",
        &service
            .get("/api/v1/search?q=barge&product=finesse&version=99")
            .await,
        400,
    );

    let questions = send_as_admin(&service, Method::GET, "/api/v1/questions", "").await;
    check("getQuestions", &questions, 200);
    assert_ne!(
        questions.json()["questions"],
        json!([]),
        "{}",
        questions.body
    );
}

#[tokio::test]
async fn sync_events_match_their_schema() {
    let mut service = SampleService::new().await;
    let mut requests = service.take_requests();
    let skipped = vec![SkippedFile {
        path: "a.pdf".to_owned(),
        reason: "it is empty".to_owned(),
    }];
    let formats = [("PDF".to_owned(), Default::default())].into();

    let report = SyncReport {
        roots: vec![Default::default()],
        skipped,
        formats,
        ..SyncReport::default()
    };

    let owner = tokio::spawn(async move {
        let Some(OwnerRequest::Sync(call)) = requests.recv().await else {
            panic!("a synchronisation should have been asked for")
        };

        let (_, reply) = call.begin();
        reply.progress(SyncProgress::default());
        reply.finish(Ok(report));
        drop(requests.recv().await);
    });

    let finished = send_as_admin(&service, Method::POST, "/api/v1/sync", "{}").await;
    check("sync", &finished, 200);
    assert_eq!(finished.body.lines().count(), 2);
    let failed = send_as_admin(&service, Method::POST, "/api/v1/sync", "").await;
    check("sync", &failed, 200);
    assert!(failed.body.contains("failed"), "{}", failed.body);
    owner.await.unwrap();

    assert!(!validator("sync", 200).is_valid(&json!({"event": "started"})));
}

#[test]
fn the_schema_lists_all_error_codes() {
    let listed = &document()["components"]["schemas"]["Problem"]["properties"]["code"]["enum"];
    assert_eq!(*listed, json!(error_codes()));
    for code in [
        "invalid_request",
        "cursor_expired",
        "rate_limited",
        "method_not_allowed",
        "removal_refused",
    ] {
        assert!(error_codes().contains(&code), "{code}");
    }
}

#[test]
fn invalid_responses_are_detected() {
    assert!(!validator("search", 200).is_valid(&json!({"hits": []})));
    assert!(!validator("search", 400).is_valid(&Value::Null));
}

#[test]
fn only_required_properties_can_be_null() {
    let schemas = &document()["components"]["schemas"];
    let hit = &schemas["Hit"];
    assert!(
        hit["required"].as_array().unwrap().contains(&json!("page")),
        "{hit:#}"
    );
    assert_eq!(
        hit["properties"]["page"]["type"],
        json!(["integer", "null"])
    );
    assert_eq!(hit["properties"]["page_label"]["type"], "string");
    assert_eq!(
        hit["properties"]["explain"]["$ref"],
        "#/components/schemas/Explanation"
    );
    let removal = &schemas["RemovalReport"];
    assert_eq!(removal["required"], json!(["generations"]));
    assert_eq!(
        removal["properties"]["proof"]["$ref"],
        "#/components/schemas/RemovalProof"
    );
}

#[tokio::test]
async fn only_optional_bodies_can_be_omitted() {
    let service = SampleService::new().await.with_owner(Arc::new(FakeOwner));

    for operation in OPERATIONS
        .iter()
        .filter(|operation| operation.body.is_some())
    {
        let described = &document()["paths"][operation.path][operation.method.name()];
        let required = described["requestBody"]["required"] == true;
        if operation.id == "sync" {
            // Without an owner that handles the request, the response would never end.
            assert!(!required);
            continue;
        }

        let answer = send_as_admin(&service, Method::POST, operation.path, "").await;
        assert_eq!(
            answer.status,
            if required { 400 } else { 200 },
            "{}: {}",
            operation.id,
            answer.body
        );
    }
}
