//! The REST interface as programs meet it, over the whole service.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Body;
use axum::http::{Method, header};
use mcdewey_core::testing::{FakeEmbed, MemoryIndex, SampleDocument};
use mcdewey_core::{
    Erase, Generation, Index, IndexError, RemovalReport, RemovalRequest, RollBack, RollbackReport,
    RollbackRequest, SyncEvent, SyncHandle, SyncProgress, SyncReport,
};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::app::testing::{GUIDE, HOSTILE, NOTE, Service, TOKEN, documents, request};
use crate::{AppState, KeptQuestions, Library, LiveLibrary, Telemetry, TelemetrySettings, app};

/// Timings differ from answer to answer.
fn without_timings(mut answer: Value) -> Value {
    answer["timings_ms"] = Value::Null;
    answer
}

#[tokio::test]
async fn a_question_is_answered_the_same_however_it_is_asked() {
    let service = Service::new().await;
    let got = service
        .get("/api/v1/search?q=monitoring+state&product=finesse&version=v12.5&limit=2&explain=1")
        .await;
    let body = json!({"q": "monitoring state", "product": ["finesse"], "version": "v12.5", "limit": 2, "explain": true});
    let posted = service.post("/api/v1/search", &body.to_string()).await;

    assert_eq!(
        (got.status.as_u16(), posted.status.as_u16()),
        (200, 200),
        "{} {}",
        got.body,
        posted.body
    );
    assert_eq!(without_timings(got.json()), without_timings(posted.json()));
    let hit = &got.json()["hits"][0];
    assert_eq!(hit["source"], GUIDE);
    assert_eq!(
        (&hit["page"], &hit["page_label"]),
        (&json!(118), &json!("102"))
    );
    assert!(hit["explain"].is_object());
}

#[tokio::test]
async fn every_refusal_of_a_search_has_its_code() {
    let service = Service::new().await;
    let cases = [
        ("/api/v1/search", 400, "invalid_request"),
        ("/api/v1/search?q=x&limit=0", 400, "invalid_request"),
        ("/api/v1/search?q=x&limit=ten", 400, "invalid_request"),
        ("/api/v1/search?q=x&mode=fuzzy", 400, "invalid_request"),
        ("/api/v1/search?q=x&q=y", 400, "invalid_request"),
        ("/api/v1/search?q=x&prodct=finesse", 400, "invalid_request"),
        ("/api/v1/search?q=x&version=99", 400, "unknown_version"),
        ("/api/v1/search?q=x&product=nope", 400, "unknown_facet"),
        ("/api/v1/search?q=x&source=nope.md", 404, "not_found"),
        ("/api/v1/chunks/a::b::0", 404, "not_found"),
        ("/api/v1/chunks/nonsense", 400, "invalid_request"),
        ("/api/v1/chunks/%FF", 400, "invalid_request"),
        ("/api/v1/documents/nope.md", 404, "not_found"),
        ("/api/v1/documents/../../etc/passwd", 404, "not_found"),
        ("/api/v1/library?x=1", 400, "invalid_request"),
        ("/api/v1/nothing", 404, "not_found"),
        ("/api/v2/search", 404, "not_found"),
    ];

    for (path, status, code) in cases {
        assert_eq!(
            service.get(path).await.code(),
            (status, code.to_owned()),
            "{path}"
        );
    }

    let unknown = service
        .get("/api/v1/search?q=x&prodct=finesse&foo=1")
        .await
        .json();
    let detail = unknown["detail"].as_str().unwrap_or_default().to_owned();
    assert!(
        detail.contains("prodct") && detail.contains("foo") && detail.contains("product"),
        "{detail}"
    );

    let version = service
        .get("/api/v1/search?q=x&product=finesse&version=99")
        .await
        .json();

    assert_eq!(version["known"], json!(["finesse v12.5", "finesse v15.0"]));
}

#[tokio::test]
async fn bodies_and_methods_that_do_not_fit_are_refused() {
    let service = Service::new().await;
    let search = "/api/v1/search";
    assert_eq!(
        service.post(search, "{").await.code(),
        (400, "invalid_request".to_owned())
    );
    assert_eq!(
        service.post(search, r#"{"q": "x", "foo": 1}"#).await.code(),
        (400, "invalid_request".to_owned())
    );
    let large = format!(r#"{{"q": "{}"}}"#, "x".repeat(70_000));

    assert_eq!(
        service.post(search, &large).await.code(),
        (413, "payload_too_large".to_owned())
    );

    let form = request(Method::POST, search)
        .body(Body::from("q=x"))
        .unwrap();

    assert_eq!(
        service.send(form).await.code(),
        (415, "unsupported_media_type".to_owned())
    );
    let delete = request(Method::DELETE, search).body(Body::empty()).unwrap();
    let refused = service.send(delete).await;
    assert_eq!(refused.code(), (405, "method_not_allowed".to_owned()));
    assert_eq!(refused.header(header::ALLOW), "GET,HEAD,POST");
}

#[tokio::test]
async fn passages_are_found_by_id_and_handle_with_their_neighbours() {
    let service = Service::new().await;
    let id = "finesse::v12.5::developer-guide::developer-guide::2";
    let plain = service
        .get(&format!("/api/v1/chunks/{id}?context=1"))
        .await
        .json();

    let encoded = service
        .get(&format!(
            "/api/v1/chunks/{}?context=1",
            id.replace(':', "%3A")
        ))
        .await
        .json();

    let by_handle = service
        .get(&format!(
            "/api/v1/chunks/{}?context=1",
            plain["chunk"]["handle"].as_str().unwrap()
        ))
        .await
        .json();

    assert_eq!(plain["chunk"]["chunk_id"], id);
    assert_eq!(plain, encoded);
    assert_eq!(plain, by_handle);
    assert_eq!(
        (
            plain["before"].as_array().unwrap().len(),
            plain["after"].as_array().unwrap().len()
        ),
        (1, 1)
    );
    assert_eq!(
        service
            .get(&format!("/api/v1/chunks/{id}?context=6"))
            .await
            .code()
            .0,
        400
    );

    let odd = service
        .get("/api/v1/chunks/evil%2520corp%3A%3A50%2525%2520off%3A%3A0")
        .await
        .json();
    assert_eq!(odd["chunk"]["source"], HOSTILE);
    assert_eq!(
        service
            .get("/api/v1/chunks/evil%20corp::50%25%20off::0")
            .await
            .json(),
        odd
    );
}

#[tokio::test]
async fn documents_are_given_by_the_page() {
    let service = Service::new().await;
    let whole = service
        .get(&format!("/api/v1/documents/{GUIDE}"))
        .await
        .json();
    assert_eq!(whole["pages"].as_array().unwrap().len(), 2);
    assert!(whole.get("text").is_none());

    let by_number = service
        .get(&format!("/api/v1/documents/{GUIDE}?page=118"))
        .await
        .json();

    let by_label = service
        .get(&format!("/api/v1/documents/{GUIDE}?label=102"))
        .await
        .json();
    assert_eq!(by_number, by_label);
    assert!(
        by_number["text"]
            .as_str()
            .unwrap()
            .contains("NOT_READY while monitoring")
    );

    let section = service
        .get(&format!("/api/v1/documents/{NOTE}?section=certificates-1"))
        .await
        .json();
    assert_eq!(section["page"]["title"], "Certificates");
    assert_eq!(
        service
            .get(&format!("/api/v1/documents/{GUIDE}?page=9"))
            .await
            .code()
            .0,
        404
    );
    assert_eq!(
        service
            .get(&format!("/api/v1/documents/{GUIDE}?page=118&label=102"))
            .await
            .code()
            .0,
        400
    );
    assert_eq!(
        service
            .get("/api/v1/documents/evil%20corp/50%25%20off.md")
            .await
            .json()["source"],
        HOSTILE
    );
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_twice() {
    let service = Service::new().await;
    let paths = [
        "/api/v1/library".to_owned(),
        "/api/v1/search?q=barge".to_owned(),
        format!("/api/v1/documents/{GUIDE}?page=118"),
        format!("/api/v1/documents/{GUIDE}"),
        "/api/v1/chunks/finesse::v12.5::developer-guide::developer-guide::2".to_owned(),
    ];

    let mut tags = Vec::new();
    for path in &paths {
        let tag = service.get(path).await.header(header::ETAG).to_owned();
        let again = service.get_if_none_match(path, &tag).await;
        assert_eq!(
            (again.status.as_u16(), again.body.as_str()),
            (304, ""),
            "{path}"
        );
        assert_eq!(again.header(header::ETAG), tag);
        tags.push(tag);
    }

    service
        .index
        .remove(&[NOTE.parse().unwrap()])
        .await
        .unwrap();

    for (path, tag) in paths.iter().zip(tags) {
        assert_eq!(
            service.get_if_none_match(path, &tag).await.status.as_u16(),
            200,
            "{path}"
        );
    }
}

#[tokio::test]
async fn only_the_admin_brings_the_library_up_to_date() {
    let service = Service::new().await;
    for value in ["", "Bearer", "Bearer wrong", "Basic open sesame", TOKEN] {
        let request = request(Method::POST, "/api/v1/sync").header(header::AUTHORIZATION, value);
        let refused = service.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(
            refused.code(),
            (401, "unauthorized".to_owned()),
            "{value:?}"
        );
        assert_eq!(refused.header(header::WWW_AUTHENTICATE), "Bearer");
    }

    let closed = Service::with(&[], |mut state| {
        state.admin_token = "".into();
        state
    })
    .await;

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
async fn a_synchronisation_is_told_line_by_line() {
    let mut service = Service::new().await;
    let mut jobs = std::mem::replace(&mut service.jobs, tokio::sync::mpsc::channel(1).1);
    let told = [
        SyncEvent::Progress(SyncProgress {
            files: 2,
            done: 1,
            ..SyncProgress::default()
        }),
        SyncEvent::Finished(SyncReport {
            files: 2,
            ..SyncReport::default()
        }),
    ];

    let sent = told.clone();
    let owner = tokio::spawn(async move {
        let job = jobs.recv().await.unwrap();
        for event in sent {
            job.events.send(event).await.unwrap();
        }
        job.request
    });

    let answer = service.send(sync_request(r#"{"root": "corpus"}"#)).await;
    assert_eq!(answer.header(header::CONTENT_TYPE), "application/x-ndjson");
    assert_eq!(events(&answer.body), told);
    assert_eq!(owner.await.unwrap().root.as_deref(), Some("corpus"));
}

#[tokio::test]
async fn a_synchronisation_that_broke_off_says_so() {
    let mut service = Service::new().await;
    let mut jobs = std::mem::replace(&mut service.jobs, tokio::sync::mpsc::channel(1).1);
    let owner = tokio::spawn(async move { drop(jobs.recv().await) });
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

/// Knows one other generation.
struct OneOther;

#[async_trait]
impl RollBack for OneOther {
    async fn roll_back(&self, request: RollbackRequest) -> Result<RollbackReport, IndexError> {
        if request.generation.is_some_and(|name| name != "other") {
            return Err(IndexError::Unavailable(
                "there is only one other".to_owned(),
            ));
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

fn rollback_request(body: &str, key: &str) -> axum::http::Request<Body> {
    request(Method::POST, "/api/v1/generations/rollback")
        .header(header::AUTHORIZATION, format!("Bearer {key}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_owned()))
        .unwrap()
}

#[tokio::test]
async fn only_the_admin_swaps_generations() {
    let service = Service::with(&documents(), |state| {
        state.with_rollback(Arc::new(OneOther))
    })
    .await;

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

    let refused = service
        .send(rollback_request(r#"{"generation": "third"}"#, TOKEN))
        .await;
    assert_eq!(refused.code(), (409, "rollback_refused".to_owned()));
    assert!(
        refused.body.contains("there is only one other"),
        "{}",
        refused.body
    );

    for wrong in [r#"{"generatoin": "other"}"#, r#"{"forward": "yes"}"#] {
        assert_eq!(
            service.send(rollback_request(wrong, TOKEN)).await.code().0,
            400,
            "{wrong}"
        );
    }

    let without = Service::new().await.send(rollback_request("", TOKEN)).await;
    assert_eq!(without.code(), (409, "rollback_refused".to_owned()));
}

#[tokio::test]
async fn a_library_that_was_swapped_out_is_asked_no_more_and_held_by_nobody() {
    let empty = Arc::new(Library::new(
        Arc::new(MemoryIndex::new()),
        Arc::new(FakeEmbed::new(&["barge"])),
        "",
    ));

    let live = LiveLibrary::from(Arc::clone(&empty));
    let router = app(AppState::new(live.clone(), SyncHandle::channel(1).0, TOKEN));
    let ask = async |path: &str| {
        let asked = request(Method::GET, path).body(Body::empty()).unwrap();
        tower::ServiceExt::oneshot(router.clone(), asked)
            .await
            .unwrap()
            .status()
            .as_u16()
    };

    assert_eq!(ask("/api/v1/chunks/a::0").await, 404);
    let index = MemoryIndex::new();
    index
        .commit(
            SampleDocument::new("a.md")
                .page(1, &["barge"])
                .build(&FakeEmbed::new(&["barge"])),
        )
        .await
        .unwrap();

    live.swap(Arc::new(Library::new(
        Arc::new(index),
        Arc::new(FakeEmbed::new(&["barge"])),
        "",
    )));

    assert_eq!(ask("/api/v1/chunks/a::0").await, 200);
    assert_eq!(Arc::strong_count(&empty), 1);
}

#[tokio::test]
async fn synchronisations_do_not_pile_up() {
    let service = Service::new().await;
    let handle = service.router.clone();
    let _first = tower::ServiceExt::oneshot(handle, sync_request(""))
        .await
        .unwrap();
    let refused = service.send(sync_request("")).await;
    assert_eq!(refused.code(), (429, "overloaded".to_owned()));
    assert_eq!(refused.header(header::RETRY_AFTER), "1");
}

#[tokio::test]
async fn strange_host_names_get_nothing_from_any_face() {
    let service = Service::new().await;
    for path in [
        "/",
        "/api/v1/library",
        "/library",
        "/mcp",
        "/healthz",
        "/nothing",
    ] {
        let stranger = axum::http::Request::builder()
            .uri(path)
            .header(header::HOST, "evil.example");
        let refused = service.send(stranger.body(Body::empty()).unwrap()).await;
        assert_eq!(
            refused.code(),
            (403, "host_not_allowed".to_owned()),
            "{path}"
        );
    }

    let further = Service::with(&[], |state| state.with_hosts(["evil.example".to_owned()])).await;
    let known = axum::http::Request::builder()
        .uri("/healthz")
        .header(header::HOST, "evil.example:99");

    assert_eq!(
        further
            .send(known.body(Body::empty()).unwrap())
            .await
            .status
            .as_u16(),
        200
    );
}

#[tokio::test]
async fn health_tells_life_and_readiness() {
    let service = Service::new().await;
    assert_eq!(
        service.get("/healthz").await.json(),
        json!({"status": "ok"})
    );
    let ready = service.get("/readyz").await.json();

    assert_eq!(
        (&ready["status"], &ready["documents"]),
        (&json!("ready"), &json!(4))
    );
}

#[tokio::test]
async fn whole_answers_stay_as_they_are() {
    let service = Service::new().await;
    let path = "/api/v1/search?q=monitoring+state&version=v12.5&limit=1&explain=1";
    let mut answer = without_timings(service.get(path).await.json());
    answer["next_cursor"] = json!("[cursor]");

    assert!(
        answer["signals"]["cosine"]
            .as_f64()
            .is_some_and(|cosine| cosine > 0.5),
        "{}",
        answer["signals"]
    );

    (answer["confidence"], answer["signals"]) = (json!("[confidence]"), json!("[signals]"));
    for list in ["hits", "unversioned"] {
        for hit in answer[list].as_array_mut().into_iter().flatten() {
            (hit["score"], hit["explain"]) = (json!("[score]"), json!("[explanation]"));
        }
    }

    insta::assert_json_snapshot!("search", answer);
    let problem = service
        .get("/api/v1/search?q=x&product=finesse&version=99")
        .await;
    let id = problem.headers["x-request-id"].clone();
    let mut problem = problem.json();
    assert_eq!(problem["request_id"], id.to_str().unwrap());
    problem["request_id"] = json!("[request id]");

    insta::assert_json_snapshot!("problem", problem);
}

/// Changes a library in two steps, with time in between for the client to go away.
#[derive(Default)]
struct SlowOwner {
    begun: Notify,
    go_on: Notify,
    done: Notify,
}

impl SlowOwner {
    async fn work(&self) {
        self.begun.notify_one();
        self.go_on.notified().await;
        self.done.notify_one();
    }
}

#[async_trait]
impl Erase for SlowOwner {
    async fn erase(&self, _: RemovalRequest) -> Result<RemovalReport, IndexError> {
        self.work().await;
        Err(IndexError::Unavailable("no generation holds it".to_owned()))
    }
}

#[async_trait]
impl RollBack for SlowOwner {
    async fn roll_back(&self, _: RollbackRequest) -> Result<RollbackReport, IndexError> {
        self.work().await;
        Err(IndexError::Unavailable("there is no other".to_owned()))
    }
}

/// Asks for a change and goes away while it is under way; returns when the owner is done with it.
async fn ask_and_go_away(service: &Service, owner: &SlowOwner, path: &str, body: &str) {
    let request = as_owner(Method::POST, path)
        .body(Body::from(body.to_owned()))
        .unwrap();

    tokio::select! {
        answer = service.send(request) => panic!("{}", answer.body),
        () = owner.begun.notified() => {}
    }
    owner.go_on.notify_one();
    let done = tokio::time::timeout(Duration::from_secs(10), owner.done.notified()).await;
    assert!(done.is_ok(), "{path} broke off when its client went away");
}

fn as_owner(method: Method, path: &str) -> axum::http::request::Builder {
    request(method, path)
        .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"))
        .header(header::CONTENT_TYPE, "application/json")
}

#[tokio::test]
async fn a_change_goes_on_when_its_client_goes_away() {
    let owner = Arc::new(SlowOwner::default());
    let (erase, rollback) = (Arc::clone(&owner), Arc::clone(&owner));
    let telemetry = Telemetry::new(TelemetrySettings {
        question_log: KeptQuestions::All,
        ..TelemetrySettings::default()
    });

    let changed = move |state: AppState| {
        state
            .with_erase(erase)
            .with_rollback(rollback)
            .with_telemetry(telemetry)
    };

    let service = Service::with(&documents(), changed).await;
    ask_and_go_away(&service, &owner, "/api/v1/generations/rollback", "{}").await;
    service
        .get("/api/v1/search?q=monitoring+state&product=finesse&version=v12.5")
        .await;

    let questions = async || {
        let asked = as_owner(Method::GET, "/api/v1/questions")
            .body(Body::empty())
            .unwrap();
        service.send(asked).await.body
    };

    assert!(questions().await.contains("monitoring state"));

    // Even one that finds nothing to remove forgets what was shown: an earlier one may have broken off half-way.
    let body = json!({ "sources": [GUIDE] }).to_string();
    ask_and_go_away(&service, &owner, "/api/v1/removals", &body).await;
    for _ in 0..1000 {
        if !questions().await.contains("monitoring state") {
            return;
        }
        tokio::task::yield_now().await;
    }

    panic!("{}", questions().await);
}
