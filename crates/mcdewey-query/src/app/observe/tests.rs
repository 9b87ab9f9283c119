//! What the whole service tells of its work.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::body::Body;
use axum::http::{Method, header};
use mcdewey_core::{SyncReport, Visibility};
use serde_json::{Value, json};

use super::{KeptQuestions, Telemetry, TelemetrySettings};
use crate::app::testing::{Answer, Service, TOKEN, documents, request};
use crate::{AccessPolicy, Caller, Credentials, IssuerUnavailable, Role};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// A call of `search_docs` with `_meta`.
pub(super) async fn call(service: &Service, meta: Value) -> Answer {
    let params = json!({"name": "search_docs", "arguments": {"query": "barge"}, "_meta": meta});
    let body =
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).to_string();
    let request = request(Method::POST, "/mcp")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json, text/event-stream")
        .header("mcp-protocol-version", "2025-11-25");

    service.send(request.body(Body::from(body)).unwrap()).await
}

async fn as_owner(service: &Service, path: &str) -> Answer {
    with_key(service, TOKEN, path).await
}

async fn with_key(service: &Service, key: &str, path: &str) -> Answer {
    let request = request(Method::GET, path).header(header::AUTHORIZATION, format!("Bearer {key}"));
    service.send(request.body(Body::empty()).unwrap()).await
}

/// Keys that open all of the library, or a part of it.
struct Keys;

#[async_trait]
impl Credentials for Keys {
    async fn caller(&self, secret: &str) -> Result<Option<Caller>, IssuerUnavailable> {
        let a_part = Visibility::Only {
            vendors: Vec::new(),
            products: vec!["finesse".to_owned()],
        };

        Ok(match secret {
            "all" => Some(Caller::new("all", Role::Read, Visibility::Everything)),
            "finesse" => Some(Caller::new("finesse", Role::Read, a_part)),
            _ => None,
        })
    }

    fn required(&self) -> bool {
        true
    }
}

async fn with_keys() -> Service {
    let policy = AccessPolicy::default().with_credentials(Arc::new(Keys));
    Service::with(&documents(), |state| state.with_access(policy)).await
}

async fn metrics(service: &Service) -> String {
    let answer = service.get("/metrics").await;
    assert!(
        answer
            .header(header::CONTENT_TYPE)
            .starts_with("text/plain; version=0.0.4"),
        "{:?}",
        answer.headers
    );

    answer.body
}

/// The value of a series, zero when there is none.
fn value(text: &str, series: &str) -> f64 {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.map_or(0.0, |value| value.parse().unwrap())
}

#[tokio::test]
async fn every_face_is_counted_by_route_and_class() {
    let service = Service::new().await;
    for path in [
        "/api/v1/search?q=barge",
        "/api/v1/search?q=",
        "/?q=barge",
        "/d/no/such.md",
        "/no/such/path",
        "/healthz",
    ] {
        service.get(path).await;
    }

    call(&service, json!({})).await;
    let text = metrics(&service).await;
    for (face, route, status) in [
        ("rest", "/api/v1/search", "2xx"),
        ("rest", "/api/v1/search", "4xx"),
        ("web", "/", "2xx"),
        ("web", "/d/{*source}", "4xx"),
        ("web", "none", "4xx"),
        ("rest", "/healthz", "2xx"),
        ("mcp", "/mcp", "2xx"),
    ] {
        let series = format!(
            "mcdewey_requests_total{{face=\"{face}\",route=\"{route}\",status=\"{status}\"}}"
        );
        assert_eq!(value(&text, &series), 1.0, "{series}\n{text}");
        let series =
            format!("mcdewey_request_duration_seconds_count{{face=\"{face}\",route=\"{route}\"}}");
        assert!(value(&text, &series) >= 1.0, "{series}\n{text}");
    }

    assert!(!text.contains("such"), "a path became a label");
    assert_eq!(
        value(&text, "mcdewey_requests_in_flight{face=\"rest\"}"),
        1.0,
        "the scrape itself"
    );
    assert_eq!(
        value(&text, "mcdewey_requests_in_flight{face=\"mcp\"}"),
        0.0
    );
}

#[tokio::test]
async fn searches_are_counted_by_stage_and_outcome() {
    let service = Service::new().await;
    service.get("/api/v1/search?q=barge+state").await;
    service
        .get("/api/v1/search?q=barge+state&mode=keyword")
        .await;

    service
        .get("/api/v1/search?q=barge+in+Cisco+Finesse+16.0")
        .await;
    service.get("/api/v1/search?q=barge&product=nothing").await;
    call(&service, json!({})).await;

    let text = metrics(&service).await;
    for (face, mode, searches) in [
        ("rest", "hybrid", 2.0),
        ("rest", "keyword", 1.0),
        ("mcp", "hybrid", 1.0),
    ] {
        let labels = format!("face=\"{face}\",mode=\"{mode}\"");
        assert_eq!(
            value(&text, &format!("mcdewey_searches_total{{{labels}}}")),
            searches,
            "{labels}\n{text}"
        );

        for stage in ["queue", "embed", "store", "fusion", "write", "render"] {
            let series =
                format!("mcdewey_search_stage_seconds_count{{{labels},stage=\"{stage}\"}}");
            assert_eq!(value(&text, &series), searches, "{series}\n{text}");
        }
    }

    assert_eq!(
        value(
            &text,
            "mcdewey_searches_without_answer_total{face=\"rest\",mode=\"hybrid\"}"
        ),
        1.0,
        "{text}"
    );
    assert_eq!(
        value(
            &text,
            "mcdewey_search_refusals_total{face=\"rest\",code=\"unknown_facet\"}"
        ),
        1.0,
        "{text}"
    );
    assert_eq!(
        value(&text, "mcdewey_searches_running"),
        0.0,
        "every place was given back"
    );
    assert!(
        !text.contains("barge") && !text.contains("nothing"),
        "a question became a label"
    );
}

#[tokio::test]
async fn the_library_tells_its_size_and_its_state() {
    let telemetry = Arc::new(Telemetry::default());
    let service = Service::with(&documents(), |state| {
        state.with_telemetry(telemetry.clone())
    })
    .await;
    telemetry.synced(Ok(SyncReport::default()));
    telemetry.synced(Err("no disk".to_owned()));
    let text = metrics(&service).await;
    assert_eq!(value(&text, "mcdewey_library_up"), 1.0);
    assert_eq!(value(&text, "mcdewey_library_documents"), 4.0);
    assert!(value(&text, "mcdewey_library_passages") > 4.0);
    assert!(text.contains("mcdewey_library_info{generation=\""));
    assert_eq!(
        value(&text, "mcdewey_syncs_total{outcome=\"finished\"}"),
        1.0
    );
    assert!(
        value(
            &text,
            "mcdewey_last_sync_timestamp_seconds{outcome=\"failed\"}"
        ) > 1e9
    );
    assert_eq!(
        value(
            &text,
            &format!(
                "mcdewey_build_info{{version=\"{}\"}}",
                env!("CARGO_PKG_VERSION")
            )
        ),
        1.0
    );
}

#[tokio::test]
async fn metrics_are_not_for_everybody_where_there_is_a_key() {
    let service = with_keys().await;
    assert_eq!(
        service.get("/metrics").await.code(),
        (401, "unauthorized".to_owned())
    );
    assert_eq!(
        with_key(&service, "finesse", "/metrics").await.code(),
        (403, "forbidden".to_owned())
    );

    for key in ["all", TOKEN] {
        assert_eq!(
            with_key(&service, key, "/metrics").await.status,
            200,
            "{key}"
        );
    }
}

#[tokio::test]
async fn a_request_keeps_its_name_on_every_face() {
    let service = Service::new().await;
    for path in [
        "/",
        "/library",
        "/api/v1/library",
        "/healthz",
        "/metrics",
        "/mcp",
        "/no/such/path",
        "/api/v1/nothing",
    ] {
        let named = request(Method::GET, path)
            .header("x-request-id", "client-7")
            .body(Body::empty())
            .unwrap();

        assert_eq!(
            service.send(named).await.headers["x-request-id"],
            "client-7",
            "{path}"
        );

        let unnamed = service.get(path).await;
        assert_eq!(unnamed.headers["x-request-id"].len(), 16, "{path}");
    }

    let foreign = request(Method::GET, "/")
        .header(header::HOST, "evil.example")
        .header("x-request-id", "client-8");
    let refused = service.send(foreign.body(Body::empty()).unwrap()).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.headers["x-request-id"]),
        (403, &"client-8".parse().unwrap())
    );
}

#[tokio::test]
async fn a_refusal_names_its_request() {
    let service = Service::new().await;
    let named = request(Method::GET, "/api/v1/chunks/nothing").header("x-request-id", "client-7");
    let refused = service.send(named.body(Body::empty()).unwrap()).await;
    assert_eq!(refused.json()["request_id"], "client-7");
}

#[tokio::test]
async fn searches_say_where_their_time_went() {
    let service = Service::new().await;
    for path in ["/api/v1/search?q=barge", "/?q=barge"] {
        let answer = service.get(path).await;
        let told = answer.headers["server-timing"].to_str().unwrap();
        let names: Vec<&str> = told
            .split(", ")
            .map(|part| part.split_once(";dur=").unwrap().0)
            .collect();

        assert_eq!(
            names,
            [
                "queue", "embed", "store", "fusion", "write", "render", "total"
            ],
            "{path}"
        );
    }

    for path in ["/", "/library", "/api/v1/search?q=", "/healthz"] {
        assert!(
            !service
                .get(path)
                .await
                .headers
                .contains_key("server-timing"),
            "{path}"
        );
    }

    assert!(
        !call(&service, json!({}))
            .await
            .headers
            .contains_key("server-timing")
    );
}

#[tokio::test]
async fn the_owner_reads_which_questions_got_no_answer() {
    let service = Service::new().await;
    service.get("/api/v1/search?q=barge+state").await;
    service
        .get("/?q=barge+in+Cisco+Finesse+16.0&product=finesse")
        .await;

    assert_eq!(
        service.get("/api/v1/questions").await.code(),
        (401, "unauthorized".to_owned())
    );
    let answer = as_owner(&service, "/api/v1/questions").await;
    assert_eq!(answer.header(header::CACHE_CONTROL), "no-store");
    let body = answer.json();

    assert_eq!(
        (&body["question_log"], &body["capacity"]),
        (&json!("unanswered"), &json!(500))
    );
    let kept = body["questions"].as_array().unwrap();
    assert_eq!(kept.len(), 1, "{body}");
    assert_eq!(kept[0]["q"], "barge in Cisco Finesse 16.0");
    assert_eq!(kept[0]["outcome"], "no_answer");
    assert_eq!(
        (&kept[0]["face"], &kept[0]["mode"]),
        (&json!("web"), &json!("hybrid"))
    );
    assert_eq!(kept[0]["filters"], json!({"product": "finesse"}));
    assert!(
        kept[0]["confidence"].is_f64()
            && kept[0]["latency_ms"].is_f64()
            && kept[0]["no_answer"].is_string()
    );
    assert_eq!(kept[0]["request_id"].as_str().map(str::len), Some(16));
    assert_eq!(
        as_owner(&service, "/api/v1/questions?limit=1").await.code(),
        (400, "invalid_request".to_owned())
    );
}

#[tokio::test]
async fn a_key_does_not_open_what_others_asked() {
    let service = with_keys().await;
    assert_eq!(
        with_key(&service, "all", "/api/v1/questions").await.code(),
        (403, "forbidden".to_owned())
    );
    assert_eq!(as_owner(&service, "/api/v1/questions").await.status, 200);
}

#[tokio::test]
async fn where_nothing_is_to_be_kept_nothing_is() {
    for (which, kept) in [(KeptQuestions::Off, 0), (KeptQuestions::All, 3)] {
        let settings = TelemetrySettings {
            question_log: which,
            ..TelemetrySettings::default()
        };

        let service = Service::with(&documents(), |state| {
            state.with_telemetry(Telemetry::new(settings))
        })
        .await;
        service.get("/api/v1/search?q=barge").await;

        service
            .get("/api/v1/search?q=barge+in+Cisco+Finesse+16.0")
            .await;
        call(&service, json!({})).await;
        let body = as_owner(&service, "/api/v1/questions").await.json();

        assert_eq!(
            body["questions"].as_array().map(Vec::len),
            Some(kept),
            "{body}"
        );
    }
}

#[tokio::test]
async fn spans_are_joined_to_the_trace_of_whoever_asked() {
    static JOINED: Mutex<Vec<String>> = Mutex::new(Vec::new());

    let telemetry = Telemetry::default()
        .with_link(|_span, parent| JOINED.lock().unwrap().push(parent.parent_id.clone()));
    let service = Service::with(&documents(), |state| state.with_telemetry(telemetry)).await;
    let traced =
        request(Method::GET, "/").header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"));
    service.send(traced.body(Body::empty()).unwrap()).await;

    call(
        &service,
        json!({"traceparent": format!("00-{TRACE}-b7ad6b7169203331-01")}),
    )
    .await;

    service.get("/").await;
    assert_eq!(
        *JOINED.lock().unwrap(),
        ["00f067aa0ba902b7", "b7ad6b7169203331"]
    );
}

#[tokio::test]
async fn the_log_names_request_and_trace() {
    let log = super::log_testing::Log::listen();
    let service = Service::new().await;
    let header_trace = format!("00-{TRACE}-00f067aa0ba902b7-01");

    let named = request(Method::GET, "/api/v1/documents/nothing.md")
        .header("x-request-id", "logged-7")
        .header("traceparent", &header_trace);
    service.send(named.body(Body::empty()).unwrap()).await;
    let line = log.line_with("logged-7");
    assert_eq!(line["span"]["trace_id"], TRACE, "{line}");
    assert_eq!(
        line["span"]["route"], "/api/v1/documents/{*source}",
        "{line}"
    );
    assert_eq!(line["fields"]["status"], 404, "{line}");
    let other = "0af7651916cd43dd8448eb211c80319c";

    let answer = call(
        &service,
        json!({"traceparent": format!("00-{other}-b7ad6b7169203331-01")}),
    )
    .await;

    let line = log.line_with(answer.headers["x-request-id"].to_str().unwrap());
    assert_eq!(line["span"]["trace_id"], other, "{line}");
    service.get("/?q=xyloglyph").await;

    assert!(
        !log.text().contains("xyloglyph"),
        "a question is in an address, and addresses are not logged"
    );
}
