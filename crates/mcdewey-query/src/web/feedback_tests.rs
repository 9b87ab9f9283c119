//! What readers say of hits, from the form to whoever keeps it.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{Method, header};
use mcdewey_core::ContentHash;

use crate::app::testing::{Answer, GUIDE, NOTE, Service, TOKEN, documents, request};
use crate::{AccessPolicy, EndorsedSpot, Endorsement, FeedbackFrom, KeepFeedback};

const BARGE: &str = "finesse::v12.5::developer-guide::developer-guide::2";

/// Remembers; fails where the question says so.
#[derive(Default)]
struct Notebook(Mutex<Vec<Endorsement>>);

impl KeepFeedback for Notebook {
    fn keep(&self, endorsement: &Endorsement) -> Result<(), String> {
        if endorsement.question == "fail" {
            return Err("no disk".to_owned());
        }
        self.0.lock().unwrap().push(endorsement.clone());
        Ok(())
    }
}

async fn service(from: FeedbackFrom) -> (Service, Arc<Notebook>) {
    let notebook = Arc::new(Notebook::default());
    let keeper = Arc::clone(&notebook);
    let policy = AccessPolicy::default().with_feedback(from);

    (
        Service::with(&documents(), |state| {
            state.with_access(policy).with_feedback(keeper)
        })
        .await,
        notebook,
    )
}

async fn say(service: &Service, key: Option<&str>, form: &str) -> Answer {
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
async fn a_page_that_answers_is_kept_with_its_question() {
    let (service, notebook) = service(FeedbackFrom::Everyone).await;
    let form = format!("q=barge+state&product=finesse&version=latest&answers={BARGE}");
    let answer = say(&service, None, &form).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(
        answer
            .body
            .contains("Page 118 of Finesse Developer Guide 12.5 answers “barge state”"),
        "{}",
        answer.body
    );
    assert!(
        answer
            .body
            .contains("href=\"/?q=barge%20state&#38;product=finesse&#38;version=latest\"")
    );

    let kept = notebook.0.lock().unwrap();
    let guide = &documents()[0];
    let passage = guide
        .chunks
        .iter()
        .find(|one| one.chunk.chunk_id.as_str() == BARGE)
        .unwrap();

    assert_eq!(
        *kept,
        [Endorsement {
            question: "barge state".to_owned(),
            vendor: None,
            product: Some("finesse".to_owned()),
            version: Some("v12.5".to_owned()),
            guide: None,
            source: GUIDE.parse().unwrap(),
            spot: EndorsedSpot::Page(118),
            text_hash: ContentHash::of(&passage.chunk.text),
        }]
    );
}

#[tokio::test]
async fn in_a_document_without_pages_the_heading_is_kept() {
    let (service, notebook) = service(FeedbackFrom::Everyone).await;
    say(
        &service,
        None,
        "q=gadget&answers=notes%3A%3Aempty-gadgets%3A%3A0",
    )
    .await;

    let kept = notebook.0.lock().unwrap();
    assert_eq!(kept[0].source.as_str(), NOTE);
    assert_eq!(
        kept[0].spot,
        EndorsedSpot::Heading("Certificates".to_owned())
    );
}

#[tokio::test]
async fn a_question_without_an_answer_is_one_to_look_at() {
    let (service, notebook) = service(FeedbackFrom::Everyone).await;
    let answer = say(&service, None, "q=barge+state&mode=keyword&none=1").await;
    assert!(
        answer.body.contains("Nothing shown answers “barge state”"),
        "{}",
        answer.body
    );
    assert!(
        notebook.0.lock().unwrap().is_empty(),
        "that is no judgment: the library may hold it"
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
async fn whose_word_is_taken_is_up_to_whoever_runs_it() {
    let form = format!("q=barge&answers={BARGE}");
    for (from, anonymous, owner) in [
        (FeedbackFrom::Nobody, 403, 403),
        (FeedbackFrom::Keys, 403, 200),
        (FeedbackFrom::Everyone, 200, 200),
    ] {
        let (service, _) = service(from).await;
        assert_eq!(
            say(&service, None, &form).await.status,
            anonymous,
            "{from:?}"
        );
        assert_eq!(
            say(&service, Some(TOKEN), &form).await.status,
            owner,
            "{from:?}"
        );

        let page = service.get("/?q=barge").await.body;
        assert_eq!(
            page.contains("This page answers it"),
            anonymous == 200,
            "{from:?}"
        );
        assert_eq!(
            page.contains("None of these answers it"),
            anonymous == 200,
            "{from:?}"
        );
    }

    let policy = AccessPolicy::default().with_feedback(FeedbackFrom::Everyone);
    let nobody_keeps = Service::with(&documents(), |state| state.with_access(policy)).await;
    assert!(
        !nobody_keeps
            .get("/?q=barge")
            .await
            .body
            .contains("This page answers it")
    );
}

#[tokio::test]
async fn what_cannot_be_kept_is_told() {
    let (service, notebook) = service(FeedbackFrom::Everyone).await;
    for (form, status, word) in [
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
        ("q=\u{0}%ff&none=1".to_owned(), 400, "read"),
        (format!("q={}&none=1", "x".repeat(70_000)), 413, "large"),
    ] {
        let answer = say(&service, None, &form).await;
        assert_eq!(
            answer.status.as_u16(),
            status,
            "{form:.60}: {}",
            answer.body
        );
        assert!(answer.body.contains(word), "{form:.60}: {}", answer.body);
    }

    assert!(notebook.0.lock().unwrap().is_empty());
}

#[tokio::test]
async fn pages_of_other_sites_say_nothing() {
    let (service, notebook) = service(FeedbackFrom::Everyone).await;
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

    assert!(notebook.0.lock().unwrap().is_empty());
}
