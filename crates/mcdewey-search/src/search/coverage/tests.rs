//! Answers while a library is filled for the first time: at 0, 25, 50, 75 and 100 % of its vectors.

use std::sync::Arc;

use mcdewey_core::testing::{FakeEmbed, MemoryIndex, SampleDocument};
use mcdewey_core::{Embed, Index, VectorCoverage, Visibility};

use crate::results::SearchResults;
use crate::{Library, Mode, SearchRequest};

/// Four versions of a guide. Each has a passage with the words of the question and, further down, one
/// that only the vectors find: "supervisor" is one of the words that they count.
const VERSIONS: [&str; 4] = ["11", "12", "15", "16"];
const QUESTION: &str = "barge supervisor";

struct Filled {
    index: Arc<MemoryIndex>,
    library: Library,
}

fn embedder() -> FakeEmbed {
    FakeEmbed::new(&["barge", "supervisor", "monitor"])
}

fn source(version: &str) -> String {
    format!("p/{version}/guide.md")
}

impl Filled {
    /// A library whose documents have been committed with their words only.
    async fn by_words() -> Self {
        let index = Arc::new(MemoryIndex::new());
        for version in VERSIONS {
            let texts = [
                format!("barge in {version}"),
                format!("listening needs a supervisor {version}"),
                format!("monitor {version}"),
            ];
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let document = SampleDocument::new(&source(version))
                .product("p")
                .version(version)
                .page(1, &texts);
            let mut revision = document.build(&embedder());
            for chunk in &mut revision.chunks {
                chunk.vector = None;
            }
            index.commit(revision).await.unwrap();
        }

        let embed = Arc::new(embedder()) as Arc<dyn Embed>;
        let library = Library::new(index.clone(), embed);
        Self { index, library }
    }

    async fn embed(&self, version: &str) {
        let sources = [source(version).parse().unwrap()];
        let passages = self.index.passages_to_embed(&sources).await.unwrap();
        let vectors = passages
            .iter()
            .map(|passage| (passage.key, embedder().vector(&passage.text)))
            .collect();
        self.index.cache_vectors(vectors).await.unwrap();
        self.index.complete(&sources).await.unwrap();
    }

    async fn ask(&self, request: &SearchRequest) -> SearchResults {
        let snapshot = self.library.at(&Visibility::Everything).await.unwrap();
        snapshot.search(request).await.unwrap()
    }
}

fn question(mode: Mode) -> SearchRequest {
    SearchRequest {
        q: QUESTION.to_owned(),
        mode,
        ..SearchRequest::default()
    }
}

fn of_version(version: &str) -> SearchRequest {
    SearchRequest {
        version: Some(version.to_owned()),
        ..question(Mode::Hybrid)
    }
}

fn hits(results: &SearchResults) -> Vec<(String, u64)> {
    results
        .hits
        .iter()
        .map(|hit| (hit.chunk.chunk_id.to_string(), hit.score.to_bits()))
        .collect()
}

fn assert_answered_by_words(results: &SearchResults, words: &SearchResults, context: &str) {
    assert_eq!(hits(results), hits(words), "{context}: no worse than words");
    assert!(results.indexing.is_some(), "{context}");
    assert_eq!(results.confidence, None, "{context}");
    assert_eq!(results.no_answer, None, "{context}: nobody knows yet");
    assert_eq!(results.degraded, None, "{context}: nothing failed");
    let notice = results.notices.last().unwrap();
    assert!(notice.starts_with("Still indexing"), "{context}: {notice}");
}

#[tokio::test]
async fn words_answer_until_every_passage_has_its_vector() {
    let filled = Filled::by_words().await;
    for (embedded, version) in VERSIONS.iter().enumerate() {
        let words = filled.ask(&question(Mode::Keyword)).await;
        assert_eq!(words.indexing, None, "words are all that was asked for");

        for mode in [Mode::Hybrid, Mode::Dense] {
            let results = filled.ask(&question(mode)).await;
            assert_answered_by_words(&results, &words, &format!("{embedded} of 4, {mode:?}"));
            assert_eq!(
                results.indexing,
                Some(VectorCoverage {
                    passages: 12,
                    embedded: 3 * embedded as u64
                })
            );
        }

        filled.embed(version).await;
    }

    let complete = filled.ask(&question(Mode::Hybrid)).await;
    assert_eq!(complete.indexing, None);
    assert!(complete.confidence.is_some());
    assert!(complete.notices.is_empty(), "{:?}", complete.notices);
    let words = filled.ask(&question(Mode::Keyword)).await;
    assert_ne!(hits(&complete), hits(&words), "the vectors count");
}

#[tokio::test]
async fn a_scope_is_searched_by_meaning_as_soon_as_it_is_complete() {
    let filled = Filled::by_words().await;
    filled.embed("12").await;
    for version in VERSIONS {
        let results = filled.ask(&of_version(version)).await;
        let is_embedded = version == "12";
        assert_eq!(results.indexing.is_none(), is_embedded, "{version}");
        assert_eq!(results.confidence.is_some(), is_embedded, "{version}");
        assert!(!results.hits.is_empty(), "{version}");
        for hit in &results.hits {
            let shown = hit.chunk.document.facets.version_label();
            assert_eq!(shown.as_deref(), Some(version), "no other release");
        }
    }
}

#[tokio::test]
async fn a_question_that_words_cannot_answer_is_not_declined() {
    let filled = Filled::by_words().await;
    let nonsense = SearchRequest {
        q: "zebra 99.7".to_owned(),
        ..SearchRequest::default()
    };
    let results = filled.ask(&nonsense).await;
    assert!(results.hits.is_empty());
    assert_eq!(results.no_answer, None);
    assert!(
        results
            .notices
            .last()
            .unwrap()
            .starts_with("Still indexing")
    );

    for version in VERSIONS {
        filled.embed(version).await;
    }
    assert!(filled.ask(&nonsense).await.no_answer.is_some());
}

#[tokio::test]
async fn a_cursor_continues_its_ranking_for_one_more_epoch() {
    let filled = Filled::by_words().await;
    let first = SearchRequest {
        limit: Some(1),
        ..question(Mode::Hybrid)
    };
    let page = filled.ask(&first).await;
    let next = SearchRequest {
        cursor: page.continuation.next_page(),
        ..first.clone()
    };
    let expected = hits(&filled.ask(&next).await);

    // With these vectors, the version is searched by meaning, but not by this cursor.
    let of_one = SearchRequest {
        limit: Some(1),
        ..of_version("11")
    };
    let page_of_one = filled.ask(&of_one).await;
    filled.embed("11").await;
    assert_eq!(hits(&filled.ask(&next).await), expected);
    let next_of_one = SearchRequest {
        cursor: page_of_one.continuation.next_page(),
        ..of_one
    };
    assert!(filled.ask(&next_of_one).await.indexing.is_some());

    filled.embed("12").await;
    let snapshot = filled.library.at(&Visibility::Everything).await.unwrap();
    let expired = snapshot.search(&next).await.unwrap_err();
    assert_eq!(expired.code(), "cursor_expired");
}

#[tokio::test]
async fn what_is_asked_is_embedded_first() {
    let filled = Filled::by_words().await;
    filled.ask(&of_version("15")).await;
    let backlog = filled.index.vector_backlog().await.unwrap();
    let asked: Vec<bool> = backlog
        .documents
        .iter()
        .map(|document| document.asked > 0)
        .collect();
    assert_eq!(asked, [false, false, true, false]);
}
