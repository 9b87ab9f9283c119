//! Which questions are kept, and what they contain.

use mcdewey_core::testing::{FakeEmbed, SampleDocument};
use mcdewey_core::{Candidate, Chunk, Generation, IndexState, Integrity, Revision, VectorEpoch};
use mcdewey_search::{Continuation, Cursors, Hit, Occurrence, Timings};

use super::*;

const SLOW: Duration = Duration::from_secs(1);

fn kept(
    setting: QuestionLogPolicy,
    questions: impl IntoIterator<Item = AskedQuestion>,
) -> Vec<String> {
    let log = QuestionLog::new(setting, SLOW);
    questions.into_iter().for_each(|question| log.add(question));
    log.all().into_iter().map(|question| question.q).collect()
}

fn question(q: &str, outcome: &'static str) -> AskedQuestion {
    AskedQuestion {
        q: q.to_owned(),
        outcome,
        ..AskedQuestion::default()
    }
}

#[test]
fn the_setting_decides_which_questions_are_kept() {
    let questions = || {
        [
            question("found", "answered"),
            question("missing", "no_answer"),
            question("no such version", "unknown_version"),
            question("wrong", "invalid_request"),
            question("too many", "overloaded"),
            AskedQuestion {
                is_further_page: true,
                ..question("further", "no_answer")
            },
            AskedQuestion {
                took: SLOW,
                ..question("slow", "answered")
            },
        ]
    };

    assert_eq!(kept(QuestionLogPolicy::Off, questions()), [""; 0]);
    assert_eq!(
        kept(QuestionLogPolicy::Unanswered, questions()),
        ["slow", "no such version", "missing"]
    );
    assert_eq!(kept(QuestionLogPolicy::All, questions()).len(), 7);

    for (name, setting) in [
        ("off", QuestionLogPolicy::Off),
        ("unanswered", QuestionLogPolicy::default()),
        ("all", QuestionLogPolicy::All),
    ] {
        assert_eq!(name.parse(), Ok(setting));
        assert_eq!(serde_json::to_value(setting).unwrap(), name);
    }

    assert!(
        "some"
            .parse::<QuestionLogPolicy>()
            .unwrap_err()
            .contains("unanswered")
    );
}

#[test]
fn questions_go_with_the_documents_they_are_about() {
    let log = QuestionLog::new(QuestionLogPolicy::All, SLOW);
    let shown = |q: &str, sources: &[&str]| AskedQuestion {
        shown: Some(sources.iter().map(|source| (*source).to_owned()).collect()),
        ..question(q, "answered")
    };

    let filtered = AskedQuestion {
        filters: [("source", "a/x.md".to_owned())].into(),
        ..shown("filtered", &[])
    };

    for question in [
        shown("other document", &["a/xx.md"]),
        shown("shown", &["b.md", "a/x.md"]),
        shown("what does a/x.md say", &[]),
        filtered,
        shown("found nothing", &[]),
        question("unknown", REJECTED),
    ] {
        log.add(question);
    }

    log.forget(&["a/x.md".parse().unwrap()]);
    let remaining: Vec<String> = log.all().into_iter().map(|question| question.q).collect();
    assert_eq!(remaining, ["found nothing", "other document"]);
}

/// The chunk of a document with this source.
fn chunk(source: &str) -> Chunk {
    let document = SampleDocument::new(source).page(1, &["Barge in."]);
    let mut chunks = document.build(&FakeEmbed::new(&[])).chunks;
    chunks.remove(0).chunk
}

fn hit(source: &str) -> Hit {
    chunk(source).into()
}

fn occurrence(source: &str) -> Occurrence {
    let chunk = chunk(source);
    Occurrence {
        candidate: Candidate {
            simhash: chunk.simhash(),
            chunk_id: chunk.chunk_id,
            document: chunk.document,
            page: chunk.page.number,
            ordinal: chunk.ordinal,
            passage_hash: chunk.passage_hash,
            score: 0.0,
        },
        differs: false,
    }
}

#[test]
fn the_shown_documents_are_known_but_not_published() {
    let state = IndexState {
        generation: Generation("g".to_owned()),
        revision: Revision(1),
        epoch: VectorEpoch::default(),
        without_vectors: 0,
        integrity: Integrity::default(),
        documents: 3,
        pages: 3,
        chunks: 3,
    };

    let cursors = Cursors::new(&"", &state);
    let mut first = hit("b.md");
    first.also_in = vec![occurrence("c.md")];

    let results = SearchResults {
        hits: vec![first, hit("b.md")],
        unversioned: vec![hit("a.md")],
        release: None,
        name_releases: Vec::new(),
        facets: BTreeMap::new(),
        continuation: Continuation::new(cursors, 0, 2, None),
        degraded: None,
        confidence: None,
        signals: None,
        no_answer: None,
        indexing: None,
        reranked: None,
        rerank_depth: None,
        notices: Vec::new(),
        state,
        timings: Timings::default(),
    };

    let question = AskedQuestion::new(&SearchRequest::default(), &Ok(results), Duration::ZERO);
    assert_eq!(question.shown.as_deref().unwrap(), ["a.md", "b.md", "c.md"]);
    assert!(!serde_json::to_string(&question).unwrap().contains("b.md"));
}

#[test]
fn the_oldest_questions_are_dropped() {
    let questions = (0..CAPACITY + 7).map(|number| question(&number.to_string(), "no_answer"));
    let kept = kept(QuestionLogPolicy::Unanswered, questions);
    assert_eq!(
        (kept.len(), kept[0].as_str(), kept[CAPACITY - 1].as_str()),
        (CAPACITY, "506", "7")
    );
}

#[test]
fn a_long_question_is_truncated_between_characters() {
    let request = SearchRequest {
        q: "é".repeat(400),
        version: Some("12.5".to_owned()),
        ..Default::default()
    };

    let question = AskedQuestion::new(&request, &Err(QueryError::Overloaded), Duration::ZERO);
    assert_eq!(question.q, format!("{}…", "é".repeat(250)));
    assert_eq!(question.filters, [("version", "12.5".to_owned())].into());
    assert_eq!(question.outcome, "overloaded");
}
