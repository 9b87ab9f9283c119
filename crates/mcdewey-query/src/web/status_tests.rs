//! The page that tells how the library is and how it has answered.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, header};
use mcdewey_core::{SkippedFile, SyncReport};

use crate::app::testing::{Answer, Service, TOKEN, documents, request};
use crate::{AccessPolicy, KeptQuestions, Telemetry, TelemetrySettings};

async fn status(service: &Service, path: &str, key: Option<&str>) -> Answer {
    let mut request = request(Method::GET, path);
    if let Some(key) = key {
        request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
    }
    service.send(request.body(Body::empty()).unwrap()).await
}

fn slow_desk(question_log: KeptQuestions) -> Arc<Telemetry> {
    Arc::new(Telemetry::new(TelemetrySettings {
        slow: Duration::ZERO,
        question_log,
        ..TelemetrySettings::default()
    }))
}

#[tokio::test]
async fn it_says_what_answers() {
    let service = Service::new().await;
    let body = status(&service, "/status", None).await.body;
    for part in [
        "<dt>Documents</dt><dd>4</dd>",
        "<dt>Revision</dt>",
        "<dt>Embedding model</dt><dd>fake",
    ] {
        assert!(body.contains(part), "{part}: {body}");
    }

    assert!(
        body.contains("Not since this server started") && body.contains("Nothing was asked"),
        "{body}"
    );
    let front = service.get("/").await.body;
    assert!(front.contains("<a href=\"/status\">Status</a>"));
}

#[tokio::test]
async fn it_tells_how_the_library_was_brought_up_to_date() {
    let telemetry = Arc::new(Telemetry::default());
    let service = Service::with(&documents(), |state| {
        state.with_telemetry(telemetry.clone())
    })
    .await;

    let skipped = (0..201).map(|place| SkippedFile {
        path: format!("a/{place}.pdf"),
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
async fn it_counts_questions_by_the_hour() {
    let service = Service::new().await;
    service.get("/?q=barge").await;
    service
        .get("/api/v1/search?q=barge+in+Cisco+Finesse+16.0")
        .await;
    service.get("/api/v1/search?q=barge&product=nothing").await;
    let body = status(&service, "/status", None).await.body;

    assert!(
        body.contains("<b>2</b> questions, <b>1</b> (50 %) without an answer"),
        "{body}"
    );

    // The same as a table; two hours of one question each when the clock strikes in between.
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
async fn what_people_asked_is_for_administrators() {
    let service = Service::with(&documents(), |state| {
        state.with_telemetry(slow_desk(KeptQuestions::Unanswered))
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
    let refused = status(&service, "/status?sign_in=1", None).await;
    assert_eq!(refused.status, 401);
    assert!(
        refused
            .header(header::WWW_AUTHENTICATE)
            .starts_with("Basic"),
        "a browser asks for a password"
    );

    let shown = status(&service, "/status?sign_in=1", Some(TOKEN))
        .await
        .body;

    for part in [
        "Without an answer</h3>",
        "Slowest</h3>",
        "<a href=\"/?q=secret%20barge\">secret barge</a> <small class=\"quiet\">product finesse</small>",
        "no product &#34;nothing&#34; in this library",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[tokio::test]
async fn on_ones_own_machine_one_reads_what_one_asked() {
    let own = async |question_log| {
        let policy = AccessPolicy::default().with_personal(true);
        Service::with(&documents(), |state| {
            state
                .with_access(policy)
                .with_telemetry(slow_desk(question_log))
        })
        .await
    };

    let service = own(KeptQuestions::All).await;
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
        "programs want a key always"
    );

    let silent = own(KeptQuestions::Off).await;
    assert!(
        status(&silent, "/status", None)
            .await
            .body
            .contains("keeps no questions")
    );
}

#[tokio::test]
async fn half_typed_questions_are_not_counted() {
    let telemetry = slow_desk(KeptQuestions::All);
    let service = Service::with(&documents(), |state| {
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

    assert_eq!(telemetry.questions().len(), 0, "somebody types on");
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
