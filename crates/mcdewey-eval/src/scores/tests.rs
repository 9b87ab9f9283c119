//! Figures that a reader can check by hand.

use std::time::Duration;

use mcdewey_core::{ContentHash, Product};

use super::*;
use crate::{QuestionFilter, Spot};

fn question(truth: Truth, version: Option<&str>) -> Question {
    let filter = QuestionFilter {
        version: version.map(str::to_owned),
        ..QuestionFilter::default()
    };

    Question {
        id: "a".to_owned(),
        text: "a".to_owned(),
        kind: None,
        filter,
        split: None,
        truth,
    }
}

fn scored(question: &Question, result: Result<Vec<Ranked>, &str>) -> QuestionScore {
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

    Scores::of(&Run { outcomes }, &library())
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

fn page(document: &str, page: u32) -> Ranked {
    Ranked {
        page: Some(page),
        ..Ranked::document(document)
    }
}

fn place(source: &str, page: u32) -> Place {
    Place {
        source: source.parse().unwrap(),
        spot: Spot::Page(page),
        text_hash: None,
    }
}

fn value(score: &QuestionScore, metric: Metric) -> f64 {
    score.values[&metric]
}

#[test]
fn passages_count_for_their_document() {
    let asked = question(
        Truth::Documents(HashMap::from([("a".to_owned(), 1), ("b".to_owned(), 1)])),
        None,
    );

    let score = scored(
        &asked,
        Ok(["x", "x", "a", "x", "a"].map(Ranked::document).to_vec()),
    );
    assert_eq!(value(&score, Metric::Mrr10), 0.5);
    assert_eq!(value(&score, Metric::Recall5), 0.5);
    assert_eq!(value(&score, Metric::Hit1), 0.0);
    assert!(!score.values.contains_key(&Metric::PageHit1));
    assert!(!score.values.contains_key(&Metric::VersionLeak));
    assert!(!score.values.contains_key(&Metric::DistinctPassages10));
}

#[test]
fn a_judgment_is_judged_by_document_and_by_page() {
    let asked = question(Truth::Places(vec![place("a.md", 118)]), None);
    let score = scored(
        &asked,
        Ok(vec![
            page("a.md", 102),
            page("a.md", 103),
            page("b.md", 118),
            page("a.md", 118),
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
fn equally_right_places_are_one_answer() {
    let asked = question(
        Truth::Places(vec![place("v12.md", 118), place("v15.md", 136)]),
        None,
    );
    let score = scored(&asked, Ok(vec![page("v15.md", 136)]));
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
            &scored(&asked, Ok(vec![page("v12.md", 136)])),
            Metric::PageHit5
        ),
        0.0
    );
}

#[test]
fn a_hit_behind_the_tenth_no_longer_counts() {
    let asked = question(Truth::Places(vec![place("a.md", 1)]), None);
    let mut hits: Vec<Ranked> = (0..10)
        .map(|number| page(&format!("{number}.md"), 1))
        .collect();
    hits.push(page("a.md", 1));
    let score = scored(&asked, Ok(hits));
    assert_eq!(value(&score, Metric::PageMrr10), 0.0);
    assert_eq!(value(&score, Metric::Recall10), 0.0);
    assert_eq!(value(&score, Metric::Recall20), 1.0);
}

#[test]
fn another_release_is_a_leak_whatever_the_spelling() {
    let asked = question(Truth::Places(vec![place("a.md", 1)]), Some("3.9"));
    let hit = |version: Option<&str>, product: &str| Ranked {
        product: Some(product.to_owned()),
        version: version.map(str::to_owned),
        ..Ranked::document("a.md")
    };

    let leak = |hits: Vec<Ranked>| value(&scored(&asked, Ok(hits)), Metric::VersionLeak);
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
fn repeated_passages_are_counted_among_the_first_ten() {
    let asked = question(Truth::Places(vec![place("a.md", 1)]), None);
    let hit = |text: &str| Ranked {
        passage_hash: Some(ContentHash::of(text)),
        ..Ranked::document("a.md")
    };

    let mut hits: Vec<Ranked> = ["a", "b", "a", "c", "d", "e", "f", "g", "h", "i", "z"]
        .map(hit)
        .to_vec();

    assert_eq!(
        value(
            &scored(&asked, Ok(hits.clone())),
            Metric::DistinctPassages10
        ),
        9.0
    );

    hits[3].passage_hash = None;
    assert!(
        !scored(&asked, Ok(hits))
            .values
            .contains_key(&Metric::DistinctPassages10)
    );
}

#[test]
fn a_failure_scores_nothing_and_is_not_left_out() {
    let asked = question(Truth::Places(vec![place("a.md", 1)]), Some("3.9"));
    let score = scored(&asked, Err("timed out"));
    assert!(score.failed);
    assert_eq!(value(&score, Metric::Ndcg10), 0.0);
    assert_eq!(value(&score, Metric::PageHit5), 0.0);
    assert!(!score.values.contains_key(&Metric::VersionLeak));
}

#[test]
fn of_a_question_without_an_answer_only_the_refusal_counts() {
    let asked = question(Truth::Nothing, None);
    let answer = |declined| Answer {
        hits: vec![page("a.md", 1)],
        declined,
        ..Answer::default()
    };

    let score = scored_answer(&asked, Ok(answer(true)));
    assert_eq!(score.values, BTreeMap::from([(Metric::Declined, 1.0)]));
    assert_eq!(
        value(&scored_answer(&asked, Ok(answer(false))), Metric::Declined),
        0.0
    );
    assert_eq!(
        scored_answer(&asked, Err("timed out")).values,
        BTreeMap::from([(Metric::Declined, 0.0)])
    );
}

#[test]
fn declining_a_question_that_has_an_answer_is_wrong() {
    let asked = question(Truth::Places(vec![place("a.md", 1)]), None);
    let answer = Answer {
        hits: vec![page("a.md", 1)],
        confidence: Some(0.25),
        declined: true,
        tokens: Some(310),
        ..Answer::default()
    };

    let score = scored_answer(&asked, Ok(answer));
    assert_eq!(value(&score, Metric::WronglyDeclined), 1.0);
    assert_eq!(value(&score, Metric::Confidence), 0.25);
    assert_eq!(value(&score, Metric::Tokens), 310.0);
    assert!(!score.values.contains_key(&Metric::Declined));
    let silent = scored(&asked, Ok(vec![page("a.md", 1)]));
    assert_eq!(value(&silent, Metric::WronglyDeclined), 0.0);
    assert!(
        !silent.values.contains_key(&Metric::Confidence)
            && !silent.values.contains_key(&Metric::Tokens)
    );
    assert!(
        !scored(&asked, Err("timed out"))
            .values
            .contains_key(&Metric::WronglyDeclined)
    );
}

#[test]
fn spans_are_judged_by_character() {
    let hit = |document: &str, range: Range<usize>| Ranked {
        ranges: vec![range],
        ..Ranked::document(document)
    };

    let asked = question(
        Truth::Spans(vec![("a".to_owned(), 100..140), ("a".to_owned(), 300..360)]),
        None,
    );

    // 40 of the answer's 100 characters; the hits read 0..150, 120..200 (30 of it again) and 100 of another text.
    let score = scored(
        &asked,
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
    let mut late = vec![Ranked::document("b"); 5];
    late.push(hit("a", 300..360));
    assert_eq!(value(&scored(&asked, Ok(late)), Metric::SpanRecall5), 0.0);
    assert_eq!(
        value(&scored(&asked, Err("timed out")), Metric::SpanPrecision5),
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
        ours.pairs(&theirs, Metric::Ndcg10),
        [(0.1, 0.6), (0.2, 0.4)]
    );
    assert!((ours.mean(Metric::Ndcg10).unwrap() - 0.15).abs() < 1e-12);
    assert_eq!(ours.mean(Metric::VersionLeak), None);
}

#[test]
fn metrics_are_written_by_name() {
    for metric in Metric::ALL {
        let text = serde_json::to_string(&metric).unwrap();
        assert_eq!(text, format!("{:?}", metric.name()));
        assert_eq!(serde_json::from_str::<Metric>(&text).unwrap(), metric);
    }

    assert!(serde_json::from_str::<Metric>("\"ndcg@11\"").is_err());
}
