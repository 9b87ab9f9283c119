//! Request ids, traces and timings, in responses and in the log.

use std::sync::Mutex;

use super::super::Telemetry;
use super::super::testing::Log;
use super::*;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[tokio::test]
async fn a_request_keeps_its_id_on_every_interface() {
    let service = SampleService::new().await;
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
        let with_id = request(Method::GET, path)
            .header("x-request-id", "client-7")
            .body(Body::empty())
            .unwrap();

        assert_eq!(
            service.send(with_id).await.headers["x-request-id"],
            "client-7",
            "{path}"
        );

        let without_id = service.get(path).await;
        assert_eq!(without_id.headers["x-request-id"].len(), 16, "{path}");
    }

    let foreign = request(Method::GET, "/")
        .header(header::HOST, "evil.example")
        .header("x-request-id", "client-8");
    let rejected = service.send(foreign.body(Body::empty()).unwrap()).await;
    assert_eq!(
        (rejected.status.as_u16(), &rejected.headers["x-request-id"]),
        (403, &"client-8".parse().unwrap())
    );
}

#[tokio::test]
async fn an_error_names_its_request() {
    let service = SampleService::new().await;
    let with_id = request(Method::GET, "/api/v1/chunks/nothing").header("x-request-id", "client-7");
    let response = service.send(with_id.body(Body::empty()).unwrap()).await;
    assert_eq!(response.json()["request_id"], "client-7");
}

#[tokio::test]
async fn searches_report_where_their_time_went() {
    let service = SampleService::new().await;
    for path in ["/api/v1/search?q=barge", "/?q=barge"] {
        let response = service.get(path).await;
        let timings = response.headers["server-timing"].to_str().unwrap();
        let names: Vec<&str> = timings
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
        !call_search_docs(&service, json!({}))
            .await
            .headers
            .contains_key("server-timing")
    );
}

#[tokio::test]
async fn spans_are_joined_to_the_trace_of_the_client() {
    static JOINED: Mutex<Vec<String>> = Mutex::new(Vec::new());

    let telemetry = Telemetry::default()
        .with_link(|_span, parent| JOINED.lock().unwrap().push(parent.parent_id.clone()));
    let service = SampleService::with(&documents(), |state| state.with_telemetry(telemetry)).await;
    let traced =
        request(Method::GET, "/").header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"));
    service.send(traced.body(Body::empty()).unwrap()).await;

    call_search_docs(
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
    let log = Log::start();
    let service = SampleService::new().await;
    let header_trace = format!("00-{TRACE}-00f067aa0ba902b7-01");

    let with_id = request(Method::GET, "/api/v1/documents/nothing.md")
        .header("x-request-id", "logged-7")
        .header("traceparent", &header_trace);
    service.send(with_id.body(Body::empty()).unwrap()).await;
    let line = log.last_line_with("logged-7");
    assert_eq!(line["span"]["trace_id"], TRACE, "{line}");
    assert_eq!(
        line["span"]["route"], "/api/v1/documents/{*source}",
        "{line}"
    );
    assert_eq!(line["fields"]["status"], 404, "{line}");
    let other = "0af7651916cd43dd8448eb211c80319c";

    let response = call_search_docs(
        &service,
        json!({"traceparent": format!("00-{other}-b7ad6b7169203331-01")}),
    )
    .await;

    let line = log.last_line_with(response.headers["x-request-id"].to_str().unwrap());
    assert_eq!(line["span"]["trace_id"], other, "{line}");
    service.get("/?q=xyloglyph").await;

    assert!(
        !log.text().contains("xyloglyph"),
        "questions are part of URLs, which are not logged"
    );
}
