//! What the texts and headings of hits add to their scores.

use mcdewey_core::ChunkId;

use super::*;
use crate::ranking::fusion::FusedCandidate;
use crate::testing::{candidate, chunk};

/// A question in a library of 1,000 chunks that contains each of its words in ten chunks, unless
/// `counts` says otherwise. "finesse" is the name of a product.
fn question(text: &str, counts: &[(&str, u64)]) -> WeightedQuestion {
    let words: Vec<QuestionWord> = lower_words(text)
        .into_iter()
        .map(|word| QuestionWord {
            chunks: counts
                .iter()
                .find(|(counted, _)| *counted == word)
                .map_or(10, |(_, chunks)| *chunks),
            corrected_to: None,
            word,
        })
        .collect();
    WeightedQuestion::new(text, &words, 1000, |word| word == "finesse")
}

fn with_headings(id: &str, headings: &[&str], text: &str) -> Chunk {
    Chunk {
        headings: headings
            .iter()
            .map(|heading| (*heading).to_owned())
            .collect(),
        ..chunk(id, text)
    }
}

fn signal(question: &WeightedQuestion, chunk: &Chunk, wanted: &str) -> f64 {
    let signals = question.signals(chunk);
    signals.iter().find(|(name, _)| *name == wanted).unwrap().1
}

fn about(left: f64, right: f64) -> bool {
    (left - right).abs() < 1e-9
}

fn hit(id: &str) -> CollapsedHit {
    CollapsedHit {
        shown: FusedCandidate {
            candidate: candidate(id, 0.5),
            score: 0.5,
            explanation: Default::default(),
        },
        also_in: Vec::new(),
        rerank_score: None,
        stands_alone: false,
        further: Vec::new(),
    }
}

/// The ids of hits with equal scores after they were compared with the question.
fn order(question: &WeightedQuestion, chunks: &[Chunk]) -> Vec<String> {
    let mut hits: Vec<CollapsedHit> = chunks
        .iter()
        .map(|chunk| hit(chunk.chunk_id.as_str()))
        .collect();
    let find = |id: &ChunkId| chunks.iter().find(|chunk| chunk.chunk_id == *id);
    compare(&mut hits, question, 1.0, |hit| {
        find(&hit.shown.candidate.chunk_id)
    });

    for hit in &hits {
        let parts: f64 = hit.shown.explanation.parts.values().sum();
        assert!(about(hit.shown.score, 0.5 + parts));
    }
    hits.iter()
        .map(|hit| hit.shown.candidate.chunk_id.to_string())
        .collect()
}

#[test]
fn coverage_is_the_share_of_the_words_by_rarity() {
    let all = chunk("a::0", "Barging into a call");
    let question_words = question("how do I barge into calls", &[]);
    assert!(about(signal(&question_words, &all, "coverage"), COVERAGE));

    let rare = question("barge call", &[("call", 900)]);
    let [with_rare, with_common] = [
        signal(&rare, &chunk("a::0", "barge"), "coverage"),
        signal(&rare, &chunk("a::0", "call"), "coverage"),
    ];
    assert!(with_rare > 10.0 * with_common && with_common > 0.0);
    assert!(about(with_rare + with_common, COVERAGE));

    let none = question("how is it", &[]);
    assert_eq!(signal(&none, &all, "coverage"), 0.0);
}

#[test]
fn a_correction_counts_and_the_name_of_a_product_does_not() {
    let misspelt = QuestionWord {
        word: "brage".to_owned(),
        chunks: 0,
        corrected_to: Some("barge".to_owned()),
    };
    let corrected = WeightedQuestion::new("brage", &[misspelt], 1000, |_| false);
    let text = chunk("a::0", "barge");
    assert!(about(signal(&corrected, &text, "coverage"), COVERAGE));

    let scoped = question("barge in finesse", &[]);
    let other = chunk("a::1", "finesse");
    assert!(about(signal(&scoped, &text, "coverage"), COVERAGE));
    assert_eq!(signal(&scoped, &other, "coverage"), 0.0);
}

#[test]
fn headings_below_the_title_count_by_themselves() {
    let barge = question("barge", &[]);
    let title = with_headings("a::0", &["Barge", "Calls"], "text");
    let heading = with_headings("a::0", &["Calls", "Barge in"], "text");
    assert!(about(signal(&barge, &title, "coverage"), COVERAGE));
    assert_eq!(signal(&barge, &title, "headings"), 0.0);
    assert!(about(signal(&barge, &heading, "headings"), HEADINGS));
    assert_eq!(
        order(&barge, &[title, heading]),
        ["a::0", "a::0"],
        "the same place"
    );
}

#[test]
fn deeper_sections_and_earlier_passages_come_first() {
    let other = question("nothing", &[]);
    let shallow = with_headings("a::0", &["A"], "x");
    let deep = with_headings("b::0", &["A", "B", "C"], "x");
    assert_eq!(order(&other, &[shallow, deep]), ["b::0", "a::0"]);

    let late = chunk("a::40", "x");
    let early = chunk("b::4", "x");
    assert_eq!(order(&other, &[late, early]), ["b::4", "a::40"]);
}

#[test]
fn the_section_of_exactly_the_name_comes_first() {
    let order = |question: &WeightedQuestion, chunks: [&Chunk; 2]| -> Vec<String> {
        let mut hits: Vec<CollapsedHit> = chunks.map(|chunk| hit(chunk.chunk_id.as_str())).into();
        prefer_named(&mut hits, question, 1.0, |hit| {
            let id = &hit.shown.candidate.chunk_id;
            chunks.into_iter().find(|chunk| chunk.chunk_id == *id)
        });
        let ids = hits.iter().map(|hit| &hit.shown.candidate.chunk_id);
        ids.map(ToString::to_string).collect()
    };
    let setting = question("fetch.max.bytes", &[]);
    let mentions = with_headings(
        "a::0",
        &["Fetch", "fetch max bytes", "max", "fetch", "bytes", "notes"],
        "fetch.max.bytes: fetch max bytes",
    );
    let named = with_headings("b::90", &["Settings", "`fetch.max.bytes`"], "A size.");
    assert_eq!(order(&setting, [&mentions, &named]), ["b::90", "a::0"]);

    let wider = question("fetch.max.bytes default", &[]);
    assert_eq!(order(&wider, [&mentions, &named]), ["a::0", "b::90"]);

    // Small sections share a passage, which has their headings.
    let shared = with_headings("c::5", &["Settings"], "##### fetch.max.bytes\n\nA size.");
    assert_eq!(order(&setting, [&mentions, &shared]), ["c::5", "a::0"]);

    // A title is that of the first passage.
    let hangup = question("hangup", &[]);
    let first = with_headings("d::0", &["Hangup", "Synopsis"], "x");
    let second = with_headings("d::1", &["Hangup", "Syntax"], "x");
    assert_eq!(order(&hangup, [&second, &first]), ["d::0", "d::1"]);
}

#[test]
fn more_hits_are_compared_with_a_question_that_is_likely_a_name() {
    for (text, pool) in [
        ("?", 0),
        ("hangup", NAME_POOL),
        ("fetch.max.bytes", NAME_POOL),
        ("how do I barge into calls", POOL),
        (
            "what is the name of the setting for the maximum of bytes that are fetched",
            0,
        ),
    ] {
        assert_eq!(question(text, &[]).name_pool(), pool, "{text}");
    }
}

#[test]
fn no_signal_is_negative_and_a_missing_chunk_changes_nothing() {
    let any = question("barge in calls", &[("barge", 0), ("calls", 1000)]);
    for chunk in [
        chunk("a::0", ""),
        chunk("a::4000", "barge"),
        with_headings("a::1", &["", "Barge in calls"], "x"),
    ] {
        for (name, signal) in any.signals(&chunk) {
            assert!(signal >= 0.0 && signal.is_finite(), "{name} is {signal}");
        }
    }

    let mut hit = hit("a::0");
    compare(std::slice::from_mut(&mut hit), &any, 1.0, |_| None);
    assert_eq!(hit.shown.score, 0.5);
}
