//! Scores that can be checked by hand.

use std::time::Duration;

use mcdewey_core::{ContentHash, Product};

use super::*;
use crate::phrase::Words;
use crate::{Anchor, Phrase, QuestionFilter};

fn question(ground_truth: GroundTruth, version: Option<&str>) -> Question {
    let filter = QuestionFilter {
        version: version.map(str::to_owned),
        ..QuestionFilter::default()
    };

    Question {
        id: "a".to_owned(),
        text: "a".to_owned(),
        kind: None,
        filter,
        release: None,
        split: None,
        ground_truth,
    }
}

fn scored(question: &Question, result: Result<Vec<RankedHit>, &str>) -> QuestionScore {
    scored_answer(
        question,
        result.map(|hits| Answer {
            hits,
            ..Answer::default()
        }),
    )
}

fn scored_answer(question: &Question, answer: Result<Answer, &str>) -> QuestionScore {
    let result = answer.map_err(str::to_owned);
    let outcomes = vec![Outcome {
        question,
        result,
        latency: Duration::from_millis(3),
    }];

    Scores::from_run(&Run { outcomes }, &library())
        .unwrap()
        .questions
        .remove(0)
}

fn library() -> LibraryDescription {
    let compact = vec![r"^(\d)(\d)$".to_owned()];
    let kafka = Product {
        id: "kafka".to_owned(),
        compact,
        ..Product::default()
    };

    LibraryDescription {
        products: vec![kafka],
        aliases: Vec::new(),
    }
}

fn page_hit(document: &str, page: u32) -> RankedHit {
    RankedHit {
        page: Some(page),
        ..RankedHit::document(document)
    }
}

fn location(source: &str, page: u32) -> Location {
    Location {
        source: source.parse().unwrap(),
        anchor: Anchor::Page(page),
        text_hash: None,
    }
}

fn value(score: &QuestionScore, metric: Metric) -> f64 {
    score.values[&metric]
}

#[test]
fn chunks_count_for_their_document() {
    let question = question(
        GroundTruth::Documents(HashMap::from([("a".to_owned(), 1), ("b".to_owned(), 1)])),
        None,
    );

    let score = scored(
        &question,
        Ok(["x", "x", "a", "x", "a"].map(RankedHit::document).to_vec()),
    );
    assert_eq!(value(&score, Metric::Mrr10), 0.5);
    assert_eq!(value(&score, Metric::Recall5), 0.5);
    assert_eq!(value(&score, Metric::Hit1), 0.0);
    assert!(!score.values.contains_key(&Metric::PageHit1));
    assert!(!score.values.contains_key(&Metric::VersionLeak));
    assert!(!score.values.contains_key(&Metric::DistinctChunks10));
}

#[test]
fn a_judgment_is_scored_by_document_and_by_page() {
    let question = question(GroundTruth::Locations(vec![location("a.md", 118)]), None);
    let score = scored(
        &question,
        Ok(vec![
            page_hit("a.md", 102),
            page_hit("a.md", 103),
            page_hit("b.md", 118),
            page_hit("a.md", 118),
        ]),
    );

    assert_eq!(value(&score, Metric::Hit1), 1.0);
    assert_eq!(value(&score, Metric::Ndcg10), 1.0);
    assert_eq!(value(&score, Metric::PageHit1), 0.0);
    assert_eq!(value(&score, Metric::PageHit3), 0.0);
    assert_eq!(value(&score, Metric::PageHit5), 1.0);
    assert_eq!(value(&score, Metric::PageHit10), 1.0);
    assert_eq!(value(&score, Metric::PageMrr10), 0.25);
}

#[test]
fn alternative_locations_are_one_answer() {
    let question = question(
        GroundTruth::Locations(vec![location("v12.md", 118), location("v15.md", 136)]),
        None,
    );
    let score = scored(&question, Ok(vec![page_hit("v15.md", 136)]));
    for metric in [
        Metric::Ndcg10,
        Metric::Recall5,
        Metric::Mrr10,
        Metric::PageHit1,
        Metric::PageMrr10,
    ] {
        assert_eq!(value(&score, metric), 1.0, "{metric}");
    }

    // The pages are not exchangeable between the documents.
    assert_eq!(
        value(
            &scored(&question, Ok(vec![page_hit("v12.md", 136)])),
            Metric::PageHit5
        ),
        0.0
    );
}

#[test]
fn evidence_is_scored_by_the_words_that_a_hit_shows() {
    let location = Location {
        anchor: Anchor::Evidence(Phrase::of("wait 5 seconds")),
        ..location("a.md", 1)
    };
    let question = question(GroundTruth::Locations(vec![location]), None);
    let hit = |document: &str, text: Option<&str>| RankedHit {
        words: text.map(Words::of),
        ..RankedHit::document(document)
    };

    let score = scored(
        &question,
        Ok(vec![
            hit("a.md", Some("wait 7 seconds")),
            hit("b.md", Some("Wait 5 seconds.")),
            // Another document with the chunk of the hit before.
            hit("a.md", None),
            hit("a.md", Some("First, wait **5** seconds.")),
        ]),
    );
    assert_eq!(value(&score, Metric::Hit1), 1.0);
    assert_eq!(value(&score, Metric::Evidence1), 0.0);
    assert_eq!(value(&score, Metric::Evidence3), 1.0);
    assert_eq!(value(&score, Metric::EvidenceMrr10), 1.0 / 3.0);
    assert!(!score.values.contains_key(&Metric::PageHit1));
}

#[test]
fn the_first_hit_of_another_release_than_the_question_names_is_counted() {
    let question = Question {
        release: Some("3.9".to_owned()),
        ..question(GroundTruth::Locations(vec![location("a.md", 1)]), None)
    };
    let wrong = |versions: &[Option<&str>]| {
        let hits = versions
            .iter()
            .map(|version| RankedHit {
                product: Some("kafka".to_owned()),
                version: version.map(str::to_owned),
                ..RankedHit::document("a.md")
            })
            .collect();
        scored(&question, Ok(hits))
            .values
            .get(&Metric::WrongRelease1)
            .copied()
    };

    assert_eq!(wrong(&[Some("39"), Some("38")]), Some(0.0));
    assert_eq!(wrong(&[Some("38"), Some("39")]), Some(1.0));
    assert_eq!(wrong(&[None]), Some(0.0));
    assert_eq!(wrong(&[]), None, "nothing wrong is shown");
}

#[test]
fn a_hit_after_the_tenth_does_not_count() {
    let question = question(GroundTruth::Locations(vec![location("a.md", 1)]), None);
    let mut hits: Vec<RankedHit> = (0..10)
        .map(|number| page_hit(&format!("{number}.md"), 1))
        .collect();
    hits.push(page_hit("a.md", 1));

    let score = scored(&question, Ok(hits));
    assert_eq!(value(&score, Metric::PageMrr10), 0.0);
    assert_eq!(value(&score, Metric::Recall10), 0.0);
    assert_eq!(value(&score, Metric::Recall20), 1.0);
}

#[test]
fn another_version_is_a_leak_however_it_is_spelled() {
    let question = question(
        GroundTruth::Locations(vec![location("a.md", 1)]),
        Some("3.9"),
    );
    let hit = |version: Option<&str>, product: &str| RankedHit {
        product: Some(product.to_owned()),
        version: version.map(str::to_owned),
        ..RankedHit::document("a.md")
    };

    let leak = |hits: Vec<RankedHit>| value(&scored(&question, Ok(hits)), Metric::VersionLeak);
    assert_eq!(
        leak(vec![
            hit(Some("39"), "kafka"),
            hit(Some("v3.9"), "kafka"),
            hit(Some("3.8 and 3.9"), "other")
        ]),
        0.0
    );
    assert_eq!(
        leak(vec![
            hit(Some("39"), "kafka"),
            hit(Some("38"), "kafka"),
            hit(None, "kafka"),
            hit(Some("39"), "x")
        ]),
        0.5
    );
    assert_eq!(leak(Vec::new()), 0.0);
}

#[test]
fn repeated_chunks_are_detected_among_the_first_ten() {
    let question = question(GroundTruth::Locations(vec![location("a.md", 1)]), None);
    let hit = |text: &str| RankedHit {
        passage_hash: Some(ContentHash::of(text)),
        ..RankedHit::document("a.md")
    };

    let mut hits: Vec<RankedHit> = ["a", "b", "a", "c", "d", "e", "f", "g", "h", "i", "z"]
        .map(hit)
        .to_vec();
    assert_eq!(
        value(
            &scored(&question, Ok(hits.clone())),
            Metric::DistinctChunks10
        ),
        9.0
    );

    hits[3].passage_hash = None;
    assert!(
        !scored(&question, Ok(hits))
            .values
            .contains_key(&Metric::DistinctChunks10)
    );
}

#[test]
fn a_failure_scores_zero_and_is_not_omitted() {
    let question = question(
        GroundTruth::Locations(vec![location("a.md", 1)]),
        Some("3.9"),
    );
    let score = scored(&question, Err("timed out"));
    assert!(score.failed);
    assert_eq!(value(&score, Metric::Ndcg10), 0.0);
    assert_eq!(value(&score, Metric::PageHit5), 0.0);
    assert!(!score.values.contains_key(&Metric::VersionLeak));
}

#[test]
fn an_unanswerable_question_is_scored_only_by_whether_it_was_declined() {
    let question = question(GroundTruth::Unanswerable, None);
    let answer = |declined| Answer {
        hits: vec![page_hit("a.md", 1)],
        declined,
        ..Answer::default()
    };

    let score = scored_answer(&question, Ok(answer(true)));
    assert_eq!(score.values, BTreeMap::from([(Metric::Declined, 1.0)]));
    assert_eq!(
        value(
            &scored_answer(&question, Ok(answer(false))),
            Metric::Declined
        ),
        0.0
    );
    assert_eq!(
        scored_answer(&question, Err("timed out")).values,
        BTreeMap::from([(Metric::Declined, 0.0)])
    );
}

#[test]
fn declining_an_answerable_question_is_wrong() {
    let question = question(GroundTruth::Locations(vec![location("a.md", 1)]), None);
    let answer = Answer {
        hits: vec![page_hit("a.md", 1)],
        confidence: Some(0.25),
        declined: true,
        tokens: Some(310),
        ..Answer::default()
    };

    let score = scored_answer(&question, Ok(answer));
    assert_eq!(value(&score, Metric::WronglyDeclined), 1.0);
    assert_eq!(value(&score, Metric::Confidence), 0.25);
    assert_eq!(value(&score, Metric::Tokens), 310.0);
    assert!(!score.values.contains_key(&Metric::Declined));

    let without_details = scored(&question, Ok(vec![page_hit("a.md", 1)]));
    assert_eq!(value(&without_details, Metric::WronglyDeclined), 0.0);
    assert!(
        !without_details.values.contains_key(&Metric::Confidence)
            && !without_details.values.contains_key(&Metric::Tokens)
    );
    assert!(
        !scored(&question, Err("timed out"))
            .values
            .contains_key(&Metric::WronglyDeclined)
    );
}

#[test]
fn spans_are_scored_by_character() {
    let hit = |document: &str, range: Range<usize>| RankedHit {
        ranges: vec![range],
        ..RankedHit::document(document)
    };

    let question = question(
        GroundTruth::Spans(vec![("a".to_owned(), 100..140), ("a".to_owned(), 300..360)]),
        None,
    );

    // The hits cover 40 of the answer's 100 characters. They are 0..150, 120..200 (30 of it again)
    // and 100 of another text.
    let score = scored(
        &question,
        Ok(vec![
            hit("a", 0..150),
            hit("b", 100..200),
            hit("a", 120..200),
        ]),
    );

    assert_eq!(value(&score, Metric::SpanRecall5), 0.4);
    assert!((value(&score, Metric::SpanPrecision5) - 40.0 / 300.0).abs() < 1e-12);
    assert!((value(&score, Metric::SpanIou5) - 40.0 / 360.0).abs() < 1e-12);
    assert!(!score.values.contains_key(&Metric::Ndcg10));

    let mut late = vec![RankedHit::document("b"); 5];
    late.push(hit("a", 300..360));
    assert_eq!(
        value(&scored(&question, Ok(late)), Metric::SpanRecall5),
        0.0
    );
    assert_eq!(
        value(&scored(&question, Err("timed out")), Metric::SpanPrecision5),
        0.0
    );
}

#[test]
fn runs_are_paired_by_question() {
    let score = |id: &str, value: Option<f64>| QuestionScore {
        id: id.to_owned(),
        kind: None,
        failed: false,
        values: value
            .map(|value| (Metric::Ndcg10, value))
            .into_iter()
            .collect(),
    };

    let scores = |questions| Scores {
        questions,
        latency: None,
    };

    let ours = scores(vec![
        score("a", Some(0.1)),
        score("b", Some(0.2)),
        score("c", None),
    ]);

    let theirs = scores(vec![
        score("c", Some(0.3)),
        score("b", Some(0.4)),
        score("z", Some(0.5)),
        score("a", Some(0.6)),
    ]);

    assert_eq!(
        ours.paired_values(&theirs, Metric::Ndcg10),
        [(0.1, 0.6), (0.2, 0.4)]
    );
    assert!((ours.mean(Metric::Ndcg10).unwrap() - 0.15).abs() < 1e-12);
    assert_eq!(ours.mean(Metric::VersionLeak), None);
}

#[test]
fn metrics_are_serialised_by_name() {
    for metric in Metric::ALL {
        let text = serde_json::to_string(&metric).unwrap();
        assert_eq!(text, format!("{:?}", metric.name()));
        assert_eq!(serde_json::from_str::<Metric>(&text).unwrap(), metric);
    }

    assert!(serde_json::from_str::<Metric>("\"ndcg@11\"").is_err());
}
