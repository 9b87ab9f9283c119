//! `GET /metrics`.

use mcdewey_core::SyncReport;

use super::super::Telemetry;
use super::*;

async fn metrics(service: &SampleService) -> String {
    let response = service.get("/metrics").await;
    assert!(
        response
            .header(header::CONTENT_TYPE)
            .starts_with("text/plain; version=0.0.4"),
        "{:?}",
        response.headers
    );

    response.body
}

/// The value of a series; zero if it does not exist.
fn value(text: &str, series: &str) -> f64 {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.map_or(0.0, |value| value.parse().unwrap())
}

#[tokio::test]
async fn requests_are_counted_by_interface_route_and_status_class() {
    let service = SampleService::new().await;
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

    call_search_docs(&service, json!({})).await;
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
async fn the_search_for_the_question_of_a_comparison_is_counted() {
    let service = SampleService::new().await;
    let comparison = "/api/v1/compare?from=12.5&to=15.0";
    service.get(comparison).await;
    service.get(&format!("{comparison}&q=barge")).await;

    let text = metrics(&service).await;
    let series = "mcdewey_searches_total{face=\"rest\",mode=\"hybrid\"}";
    assert_eq!(value(&text, series), 1.0, "{text}");
    assert_eq!(value(&text, "mcdewey_searches_running"), 0.0);
}

#[tokio::test]
async fn searches_are_counted_by_stage_and_outcome() {
    let service = SampleService::new().await;
    service.get("/api/v1/search?q=barge+state").await;
    service
        .get("/api/v1/search?q=barge+state&mode=keyword")
        .await;

    service
        .get("/api/v1/search?q=barge+in+Cisco+Finesse+16.0")
        .await;
    service.get("/api/v1/search?q=barge&product=nothing").await;
    call_search_docs(&service, json!({})).await;

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
        "every permit was returned"
    );
    assert!(
        !text.contains("barge") && !text.contains("nothing"),
        "a question became a label"
    );
}

#[tokio::test]
async fn the_size_and_state_of_the_library_are_reported() {
    let telemetry = Arc::new(Telemetry::default());
    let service = SampleService::with(&documents(), |state| {
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
async fn metrics_require_a_key_for_the_whole_library() {
    let service = service_with_keys().await;
    assert_eq!(
        service.get("/metrics").await.code(),
        (401, "unauthorized".to_owned())
    );
    assert_eq!(
        get_with_key(&service, "finesse", "/metrics").await.code(),
        (403, "forbidden".to_owned())
    );

    for key in ["all", TOKEN] {
        assert_eq!(
            get_with_key(&service, key, "/metrics").await.status,
            200,
            "{key}"
        );
    }
}
