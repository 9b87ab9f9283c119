//! The question log, as its owner reads it.

use super::super::{QuestionLogPolicy, Telemetry, TelemetrySettings};
use super::*;

#[tokio::test]
async fn the_owner_can_read_unanswered_questions() {
    let service = SampleService::new().await;
    service.get("/api/v1/search?q=barge+state").await;
    service
        .get("/?q=barge+in+Cisco+Finesse+16.0&product=finesse")
        .await;

    assert_eq!(
        service.get("/api/v1/questions").await.code(),
        (401, "unauthorized".to_owned())
    );
    let response = get_as_owner(&service, "/api/v1/questions").await;
    assert_eq!(response.header(header::CACHE_CONTROL), "no-store");
    let body = response.json();

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
        get_as_owner(&service, "/api/v1/questions?limit=1")
            .await
            .code(),
        (400, "invalid_request".to_owned())
    );
}

#[tokio::test]
async fn a_read_key_cannot_read_the_questions() {
    let service = service_with_keys().await;
    assert_eq!(
        get_with_key(&service, "all", "/api/v1/questions")
            .await
            .code(),
        (403, "forbidden".to_owned())
    );
    assert_eq!(
        get_as_owner(&service, "/api/v1/questions").await.status,
        200
    );
}

#[tokio::test]
async fn the_setting_decides_how_many_questions_are_kept() {
    for (setting, kept) in [(QuestionLogPolicy::Off, 0), (QuestionLogPolicy::All, 3)] {
        let settings = TelemetrySettings {
            question_log: setting,
            ..TelemetrySettings::default()
        };

        let service = SampleService::with(&documents(), |state| {
            state.with_telemetry(Telemetry::new(settings))
        })
        .await;
        service.get("/api/v1/search?q=barge").await;

        service
            .get("/api/v1/search?q=barge+in+Cisco+Finesse+16.0")
            .await;
        call_search_docs(&service, json!({})).await;
        let body = get_as_owner(&service, "/api/v1/questions").await.json();

        assert_eq!(
            body["questions"].as_array().map(Vec::len),
            Some(kept),
            "{body}"
        );
    }
}
