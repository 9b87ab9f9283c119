//! The status page over the whole service.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, header};
use mcdewey_auth::AccessPolicy;
use mcdewey_core::{SkippedFile, SyncReport};
use mcdewey_query::{QuestionLogPolicy, Telemetry, TelemetrySettings};

use crate::testing::{Answer, SampleService, TOKEN, documents, request, service, service_with};

async fn status(service: &SampleService, path: &str, key: Option<&str>) -> Answer {
    let mut request = request(Method::GET, path);
    if let Some(key) = key {
        request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
    }
    service.send(request.body(Body::empty()).unwrap()).await
}

/// Counts every question as slow.
fn slow_telemetry(question_log: QuestionLogPolicy) -> Arc<Telemetry> {
    Arc::new(Telemetry::new(TelemetrySettings {
        slow: Duration::ZERO,
        question_log,
        ..TelemetrySettings::default()
    }))
}

#[tokio::test]
async fn the_page_shows_the_live_library() {
    let service = service().await;
    let body = status(&service, "/status", None).await.body;
    for part in [
        "<dt>Documents</dt><dd>4</dd>",
        "<dt>Revision</dt>",
        "<dt>Embedding model</dt><dd>fake",
    ] {
        assert!(body.contains(part), "{part}: {body}");
    }

    assert!(
        body.contains("No sync since this server started") && body.contains("No searches since"),
        "{body}"
    );
    let front = service.get("/").await.body;
    assert!(front.contains("<a href=\"/status\">Status</a>"));
}

#[tokio::test]
async fn the_page_shows_the_last_syncs() {
    let telemetry = Arc::new(Telemetry::default());
    let service = service_with(&documents(), |state| {
        state.with_telemetry(telemetry.clone())
    })
    .await;

    let skipped = (0..201).map(|number| SkippedFile {
        path: format!("a/{number}.pdf"),
        reason: "it is locked with a <password>".to_owned(),
    });

    let report = SyncReport {
        roots: vec!["manuals".parse().unwrap()],
        files: 300,
        written: 99,
        skipped: skipped.collect(),
        warnings: vec!["two files are one".to_owned()],
        ..SyncReport::default()
    };

    telemetry.synced(Ok(report));
    telemetry.synced(Err("the disk is full".to_owned()));

    let body = status(&service, "/status", None).await.body;
    for part in [
        "<b>Failed:</b> the disk is full",
        "<dt>Roots</dt><dd>manuals</dd>",
        "<dt>Skipped</dt><dd>201</dd>",
        "<th scope=\"row\">a/0.pdf</th><td>it is locked with a &#60;password&#62;</td>",
        "and 1 more",
        "1 warning",
        "two files are one",
    ] {
        assert!(body.contains(part), "{part}: {body}");
    }
}

#[tokio::test]
async fn questions_are_counted_by_the_hour() {
    let service = service().await;
    service.get("/?q=barge").await;
    service
        .get("/api/v1/search?q=barge+in+Cisco+Finesse+16.0")
        .await;
    service.get("/api/v1/search?q=barge&product=nothing").await;
    let body = status(&service, "/status", None).await.body;

    assert!(
        body.contains("<b>2</b> questions, <b>1</b> (50%) unanswered"),
        "{body}"
    );

    // The table has one row, or two if a new hour begins during the test.
    let row = |searches: u32, unanswered: u32| {
        body.contains(&format!("<td>{searches}</td><td>{unanswered}</td>"))
    };

    match body.matches("<rect class=\"answered\"").count() {
        1 => assert!(row(2, 1), "{body}"),
        hours => assert!(hours == 2 && row(1, 0) && row(1, 1), "{body}"),
    }

    assert_eq!(
        body.matches("<rect class=\"unanswered\"").count(),
        1,
        "{body}"
    );
}

#[tokio::test]
async fn questions_are_for_administrators() {
    let service = service_with(&documents(), |state| {
        state.with_telemetry(slow_telemetry(QuestionLogPolicy::Unanswered))
    })
    .await;
    service.get("/?q=secret+barge&product=finesse").await;
    service
        .get("/api/v1/search?q=secret+reset&product=nothing")
        .await;
    let hidden = status(&service, "/status", None).await.body;

    assert!(
        !hidden.contains("secret") && hidden.contains("href=\"/status?sign_in=1\""),
        "{hidden}"
    );
    let unauthorized = status(&service, "/status?sign_in=1", None).await;
    assert_eq!(unauthorized.status, 401);
    assert!(
        unauthorized
            .header(header::WWW_AUTHENTICATE)
            .starts_with("Basic"),
        "a browser asks for a password"
    );

    let shown = status(&service, "/status?sign_in=1", Some(TOKEN))
        .await
        .body;

    for part in [
        "Unanswered</h3>",
        "Slowest</h3>",
        "<a href=\"/?q=secret%20barge\">secret barge</a> <small class=\"quiet\">product \
         finesse</small>",
        "no product &#34;nothing&#34; in this library",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[tokio::test]
async fn a_personal_server_shows_questions_without_a_key() {
    let personal_service = async |question_log| {
        let policy = AccessPolicy::default().with_personal(true);
        service_with(&documents(), |state| {
            state
                .with_access(policy)
                .with_telemetry(slow_telemetry(question_log))
        })
        .await
    };

    let service = personal_service(QuestionLogPolicy::All).await;
    service.get("/?q=secret+barge").await;
    assert!(
        status(&service, "/status", None)
            .await
            .body
            .contains("secret barge")
    );
    assert_eq!(
        service.get("/api/v1/questions").await.status,
        401,
        "the API always requires a key"
    );

    let without_log = personal_service(QuestionLogPolicy::Off).await;
    assert!(
        status(&without_log, "/status", None)
            .await
            .body
            .contains("Question logging is turned off")
    );
}

#[tokio::test]
async fn questions_still_being_typed_are_not_counted() {
    let telemetry = slow_telemetry(QuestionLogPolicy::All);
    let service = service_with(&documents(), |state| {
        state.with_telemetry(telemetry.clone())
    })
    .await;

    for q in ["bar", "barge", "barge+st"] {
        let request =
            request(Method::GET, &format!("/?q={q}")).header("x-mcdewey-typing", "page-1");
        assert_eq!(
            service
                .send(request.body(Body::empty()).unwrap())
                .await
                .status,
            200
        );
    }

    assert_eq!(telemetry.questions().len(), 0, "the user is still typing");
    service.get("/?q=barge+state").await;
    let asked: Vec<String> = telemetry
        .questions()
        .into_iter()
        .map(|question| question.q)
        .collect();

    assert_eq!(asked, ["barge state"]);
    assert_eq!(
        telemetry
            .hours()
            .iter()
            .map(|hour| hour.searches)
            .sum::<u64>(),
        1
    );
}
