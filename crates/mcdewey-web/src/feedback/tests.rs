//! Feedback from the form to its store.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{Method, header};
use mcdewey_auth::{AccessPolicy, FeedbackPolicy};
use mcdewey_core::ContentHash;
use mcdewey_core::{EndorsedLocation, Endorsement, KeepFeedback};

use crate::testing::{Answer, GUIDE, NOTE, SampleService, TOKEN, documents, request, service_with};

const BARGE: &str = "finesse::v12.5::developer-guide::developer-guide::2";

/// Stores in memory, except for the question "fail".
#[derive(Default)]
struct FakeStore(Mutex<Vec<Endorsement>>);

impl KeepFeedback for FakeStore {
    fn keep(&self, endorsement: &Endorsement) -> Result<(), String> {
        if endorsement.question == "fail" {
            return Err("no disk".to_owned());
        }
        self.0.lock().unwrap().push(endorsement.clone());
        Ok(())
    }
}

async fn service(from: FeedbackPolicy) -> (SampleService, Arc<FakeStore>) {
    let store = Arc::new(FakeStore::default());
    let feedback = Arc::clone(&store);
    let policy = AccessPolicy::default().with_feedback(from);

    (
        service_with(&documents(), |state| {
            state.with_access(policy).with_feedback(feedback)
        })
        .await,
        store,
    )
}

async fn submit(service: &SampleService, key: Option<&str>, form: &str) -> Answer {
    let mut request = request(Method::POST, "/feedback")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    if let Some(key) = key {
        request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
    }

    service
        .send(request.body(Body::from(form.to_owned())).unwrap())
        .await
}

#[tokio::test]
async fn a_helpful_page_is_stored_with_its_question() {
    let (service, store) = service(FeedbackPolicy::Everyone).await;
    let form = format!("q=barge+state&product=finesse&version=latest&answers={BARGE}");
    let answer = submit(&service, None, &form).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(
        answer
            .body
            .contains("Page 118 of Finesse Developer Guide 12.5 is helpful for “barge state”"),
        "{}",
        answer.body
    );
    assert!(
        answer
            .body
            .contains("href=\"/?q=barge%20state&#38;product=finesse&#38;version=latest\"")
    );

    let stored = store.0.lock().unwrap();
    let guide = &documents()[0];
    let chunk = guide
        .chunks
        .iter()
        .find(|embedded| embedded.chunk.chunk_id.as_str() == BARGE)
        .unwrap();

    assert_eq!(
        *stored,
        [Endorsement {
            question: "barge state".to_owned(),
            vendor: None,
            product: Some("finesse".to_owned()),
            version: Some("v12.5".to_owned()),
            guide: None,
            source: GUIDE.parse().unwrap(),
            spot: EndorsedLocation::Page(118),
            text_hash: ContentHash::of(&chunk.chunk.text),
        }]
    );
}

#[tokio::test]
async fn in_a_document_without_pages_the_heading_is_stored() {
    let (service, store) = service(FeedbackPolicy::Everyone).await;
    submit(
        &service,
        None,
        "q=gadget&answers=notes%3A%3Aempty-gadgets%3A%3A0",
    )
    .await;

    let stored = store.0.lock().unwrap();
    assert_eq!(stored[0].source.as_str(), NOTE);
    assert_eq!(
        stored[0].spot,
        EndorsedLocation::Heading("Certificates".to_owned())
    );
}

#[tokio::test]
async fn an_unanswered_question_is_listed_for_review() {
    let (service, store) = service(FeedbackPolicy::Everyone).await;
    let answer = submit(&service, None, "q=barge+state&mode=keyword&none=1").await;
    assert!(
        answer.body.contains("No helpful result for “barge state”"),
        "{}",
        answer.body
    );
    assert!(
        store.0.lock().unwrap().is_empty(),
        "this is not a judgment: the library may have an answer"
    );
    let list = request(Method::GET, "/api/v1/questions")
        .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
    let asked = service.send(list.body(Body::empty()).unwrap()).await.json();

    assert_eq!(
        (
            &asked["questions"][0]["outcome"],
            &asked["questions"][0]["face"]
        ),
        (&"rejected".into(), &"web".into())
    );
}

#[tokio::test]
async fn the_setting_decides_who_may_give_feedback() {
    let form = format!("q=barge&answers={BARGE}");
    for (from, anonymous, owner) in [
        (FeedbackPolicy::Nobody, 403, 403),
        (FeedbackPolicy::Keys, 403, 200),
        (FeedbackPolicy::Everyone, 200, 200),
    ] {
        let (service, _) = service(from).await;
        assert_eq!(
            submit(&service, None, &form).await.status,
            anonymous,
            "{from:?}"
        );
        assert_eq!(
            submit(&service, Some(TOKEN), &form).await.status,
            owner,
            "{from:?}"
        );

        let page = service.get("/?q=barge").await.body;
        assert_eq!(
            page.contains("Yes, this page is helpful"),
            anonymous == 200,
            "{from:?}"
        );
        assert_eq!(
            page.contains("None of these are helpful"),
            anonymous == 200,
            "{from:?}"
        );
    }

    let policy = AccessPolicy::default().with_feedback(FeedbackPolicy::Everyone);
    let without_store = service_with(&documents(), |state| state.with_access(policy)).await;
    assert!(
        !without_store
            .get("/?q=barge")
            .await
            .body
            .contains("Yes, this page is helpful")
    );
}

#[tokio::test]
async fn invalid_feedback_is_rejected() {
    let (service, store) = service(FeedbackPolicy::Everyone).await;
    for (form, status, expected) in [
        (format!("answers={BARGE}"), 400, "question"),
        ("q=barge".to_owned(), 400, "answers=CHUNK_ID"),
        (
            format!("q=barge&none=1&answers={BARGE}"),
            400,
            "answers=CHUNK_ID",
        ),
        (
            "q=barge&answers=no%3A%3Asuch%3A%3A1".to_owned(),
            404,
            "no%3A%3Asuch".replace("%3A", ":").as_str(),
        ),
        ("q=barge&answers=".to_owned(), 400, "answers=CHUNK_ID"),
        ("q=barge&answer=x".to_owned(), 400, "answer"),
        (
            format!("q={}&answers={BARGE}", "x".repeat(1001)),
            400,
            "too long",
        ),
        (format!("q=fail&answers={BARGE}"), 500, "log"),
        ("q=\u{0}%ff&none=1".to_owned(), 400, "parse the form"),
        (format!("q={}&none=1", "x".repeat(70_000)), 413, "large"),
    ] {
        let answer = submit(&service, None, &form).await;
        assert_eq!(
            answer.status.as_u16(),
            status,
            "{form:.60}: {}",
            answer.body
        );
        assert!(
            answer.body.contains(expected),
            "{form:.60}: {}",
            answer.body
        );
    }

    assert!(store.0.lock().unwrap().is_empty());
}

#[tokio::test]
async fn other_origins_cannot_submit_feedback() {
    let (service, store) = service(FeedbackPolicy::Everyone).await;
    for origin in ["https://evil.example", "null"] {
        let request = request(Method::POST, "/feedback").header(header::ORIGIN, origin);
        let answer = service
            .send(
                request
                    .body(Body::from(format!("q=barge&answers={BARGE}")))
                    .unwrap(),
            )
            .await;

        assert_eq!(answer.status, 403, "{origin}");
    }

    assert!(store.0.lock().unwrap().is_empty());
}
