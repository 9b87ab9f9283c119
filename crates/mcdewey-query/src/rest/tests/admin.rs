//! Synchronisation, rollback and removal over REST.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Body;
use axum::http::{Method, header};
use mcdewey_core::{
    Generation, IndexError, NoProgress, OwnerError, OwnerRequest, Perform, RemovalReport,
    RemovalRequest, RollbackReport, RollbackRequest, SyncEvent, SyncProgress, SyncReport,
};
use serde_json::json;
use tokio::sync::Notify;

use crate::testing::{GUIDE, SampleService, TOKEN, documents, request};
use crate::{QuestionLogPolicy, Telemetry, TelemetrySettings};

#[tokio::test]
async fn only_admins_can_synchronise_the_library() {
    let service = SampleService::new().await;
    for value in ["", "Bearer", "Bearer wrong", "Basic open sesame", TOKEN] {
        let request = request(Method::POST, "/api/v1/sync").header(header::AUTHORIZATION, value);
        let rejected = service.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(
            rejected.code(),
            (401, "unauthorized".to_owned()),
            "{value:?}"
        );
        assert_eq!(rejected.header(header::WWW_AUTHENTICATE), "Bearer");
    }

    let closed = SampleService::with(&[], |state| state.with_admin_token("")).await;

    let request = request(Method::POST, "/api/v1/sync").header(header::AUTHORIZATION, "Bearer ");
    assert_eq!(
        closed
            .send(request.body(Body::empty()).unwrap())
            .await
            .status
            .as_u16(),
        401
    );
}

fn sync_request(body: &str) -> axum::http::Request<Body> {
    request(Method::POST, "/api/v1/sync")
        .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_owned()))
        .unwrap()
}

fn events(body: &str) -> Vec<SyncEvent> {
    body.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn sync_events_are_streamed_line_by_line() {
    let mut service = SampleService::new().await;
    let mut requests = service.take_requests();
    let progress = SyncProgress {
        files: 2,
        done: 1,
        ..SyncProgress::default()
    };
    let report = SyncReport {
        files: 2,
        ..SyncReport::default()
    };

    let expected = [
        SyncEvent::Progress(progress.clone()),
        SyncEvent::Finished(Box::new(report.clone())),
    ];

    let owner = tokio::spawn(async move {
        let Some(OwnerRequest::Sync(call)) = requests.recv().await else {
            panic!("a synchronisation should have been asked for")
        };

        let (request, reply) = call.begin();
        reply.progress(progress);
        reply.finish(Ok(report));
        request
    });

    let answer = service.send(sync_request(r#"{"root": "corpus"}"#)).await;
    assert_eq!(answer.header(header::CONTENT_TYPE), "application/x-ndjson");
    assert_eq!(events(&answer.body), expected);
    assert_eq!(owner.await.unwrap().root.as_deref(), Some("corpus"));
}

#[tokio::test]
async fn an_interrupted_synchronisation_ends_with_a_failure() {
    let mut service = SampleService::new().await;
    let mut requests = service.take_requests();
    let owner = tokio::spawn(async move { drop(requests.recv().await) });
    let answer = service.send(sync_request("")).await;

    assert!(
        matches!(events(&answer.body).as_slice(), [SyncEvent::Failed { .. }]),
        "{}",
        answer.body
    );

    owner.await.unwrap();
    assert_eq!(
        service.send(sync_request("{}")).await.code(),
        (503, "unavailable".to_owned()),
        "the owner is gone"
    );
    assert_eq!(
        service.send(sync_request(r#"{"rot": "x"}"#)).await.code().0,
        400
    );
}

fn unavailable(reason: &str) -> OwnerError {
    IndexError::Unavailable(reason.to_owned()).into()
}

/// An owner with one other generation and no documents.
struct OneOtherGeneration;

#[async_trait]
impl Perform<RollbackRequest> for OneOtherGeneration {
    async fn perform(
        &self,
        request: RollbackRequest,
        _: &(dyn Fn(NoProgress) + Send + Sync),
    ) -> Result<RollbackReport, OwnerError> {
        if request.generation.is_some_and(|name| name != "other") {
            return Err(unavailable("there is only one other generation"));
        }

        let [live, before] = ["other", "this"].map(|name| Generation(name.to_owned()));
        Ok(RollbackReport {
            live,
            before,
            pinned: !request.forward,
            note: String::new(),
        })
    }
}

#[async_trait]
impl Perform<RemovalRequest> for OneOtherGeneration {
    async fn perform(
        &self,
        _: RemovalRequest,
        _: &(dyn Fn(NoProgress) + Send + Sync),
    ) -> Result<RemovalReport, OwnerError> {
        Err(unavailable("no generation has it"))
    }
}

fn rollback_request(body: &str, key: &str) -> axum::http::Request<Body> {
    request(Method::POST, "/api/v1/generations/rollback")
        .header(header::AUTHORIZATION, format!("Bearer {key}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_owned()))
        .unwrap()
}

#[tokio::test]
async fn only_admins_can_roll_back() {
    let service = SampleService::new()
        .await
        .with_owner(Arc::new(OneOtherGeneration));

    assert_eq!(
        service.send(rollback_request("", "guess")).await.code(),
        (401, "unauthorized".to_owned())
    );

    let done = service
        .send(rollback_request(r#"{"generation": "other"}"#, TOKEN))
        .await
        .json();

    assert_eq!(
        (&done["live"], &done["before"], &done["pinned"]),
        (&json!("other"), &json!("this"), &json!(true))
    );
    assert_eq!(
        service
            .send(rollback_request(r#"{"forward": true}"#, TOKEN))
            .await
            .json()["pinned"],
        false
    );

    let rejected = service
        .send(rollback_request(r#"{"generation": "third"}"#, TOKEN))
        .await;
    assert_eq!(rejected.code(), (409, "rollback_refused".to_owned()));
    assert!(
        rejected.body.contains("there is only one other generation"),
        "{}",
        rejected.body
    );

    for invalid in [r#"{"generatoin": "other"}"#, r#"{"forward": "yes"}"#] {
        assert_eq!(
            service
                .send(rollback_request(invalid, TOKEN))
                .await
                .code()
                .0,
            400,
            "{invalid}"
        );
    }

    let mut without = SampleService::new().await;
    drop(without.take_requests());
    let without = without.send(rollback_request("", TOKEN)).await;
    assert_eq!(without.code(), (409, "rollback_refused".to_owned()));
}

#[tokio::test]
async fn only_one_synchronisation_can_wait() {
    let service = SampleService::new().await;
    let handle = service.router.clone();
    let _first = tower::ServiceExt::oneshot(handle, sync_request(""))
        .await
        .unwrap();
    let rejected = service.send(sync_request("")).await;
    assert_eq!(rejected.code(), (429, "overloaded".to_owned()));
    assert_eq!(rejected.header(header::RETRY_AFTER), "1");
}

/// An owner whose operations wait in the middle, so that the client can disconnect.
#[derive(Default)]
struct SlowOwner {
    started: Notify,
    proceed: Notify,
    finished: Notify,
}

impl SlowOwner {
    async fn run(&self) {
        self.started.notify_one();
        self.proceed.notified().await;
        self.finished.notify_one();
    }
}

#[async_trait]
impl Perform<RemovalRequest> for SlowOwner {
    async fn perform(
        &self,
        _: RemovalRequest,
        _: &(dyn Fn(NoProgress) + Send + Sync),
    ) -> Result<RemovalReport, OwnerError> {
        self.run().await;
        Err(unavailable("no generation has it"))
    }
}

#[async_trait]
impl Perform<RollbackRequest> for SlowOwner {
    async fn perform(
        &self,
        _: RollbackRequest,
        _: &(dyn Fn(NoProgress) + Send + Sync),
    ) -> Result<RollbackReport, OwnerError> {
        self.run().await;
        Err(unavailable("there is no other generation"))
    }
}

/// Sends a request and disconnects while the owner handles it; returns when the owner has finished.
async fn send_and_disconnect(service: &SampleService, owner: &SlowOwner, path: &str, body: &str) {
    let request = admin_request(Method::POST, path)
        .body(Body::from(body.to_owned()))
        .unwrap();

    tokio::select! {
        answer = service.send(request) => panic!("{}", answer.body),
        () = owner.started.notified() => {}
    }
    owner.proceed.notify_one();
    let finished = tokio::time::timeout(Duration::from_secs(10), owner.finished.notified()).await;
    assert!(
        finished.is_ok(),
        "{path} was interrupted when its client disconnected"
    );
}

fn admin_request(method: Method, path: &str) -> axum::http::request::Builder {
    request(method, path)
        .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"))
        .header(header::CONTENT_TYPE, "application/json")
}

#[tokio::test]
async fn a_change_completes_after_its_client_disconnects() {
    let owner = Arc::new(SlowOwner::default());
    let telemetry = Telemetry::new(TelemetrySettings {
        question_log: QuestionLogPolicy::All,
        ..TelemetrySettings::default()
    });

    let service = SampleService::with(&documents(), |state| state.with_telemetry(telemetry))
        .await
        .with_owner(Arc::clone(&owner));

    send_and_disconnect(&service, &owner, "/api/v1/generations/rollback", "{}").await;
    service
        .get("/api/v1/search?q=monitoring+state&product=finesse&version=v12.5")
        .await;

    let recorded_questions = async || {
        let request = admin_request(Method::GET, "/api/v1/questions")
            .body(Body::empty())
            .unwrap();
        service.send(request).await.body
    };
    assert!(recorded_questions().await.contains("monitoring state"));

    // Even a removal that finds nothing erases recorded questions: an earlier one may have been
    // interrupted half-way.
    let body = json!({ "sources": [GUIDE] }).to_string();
    send_and_disconnect(&service, &owner, "/api/v1/removals", &body).await;
    for _ in 0..1000 {
        if !recorded_questions().await.contains("monitoring state") {
            return;
        }
        tokio::task::yield_now().await;
    }

    panic!("{}", recorded_questions().await);
}
