//! A small library with a reranker that is fast, slow, busy or broken.

use std::time::Instant;

use async_trait::async_trait;
use mcdewey_core::testing::{FakeEmbed, MemoryIndex, SampleDocument};
use mcdewey_core::{Embed, Index, Visibility};

use super::*;
use crate::{Library, Mode, SearchRequest, SearchResults};

/// The number of chunks in the library.
const CHUNKS: usize = 9;
const DEADLINE: Duration = Duration::from_millis(60);

/// How the fake reranker responds.
#[derive(Debug, Clone, Copy)]
enum Behaviour {
    /// Scores a chunk by the number at the end of its text.
    ByNumber,
    /// Returns the same score for every chunk.
    Constant,
    /// Never responds.
    Hanging,
    Busy,
    Broken,
    /// Returns one score too few.
    MissingScore,
    /// Returns NaN.
    NotANumber,
    /// Fails the test if it is called.
    Unexpected,
}

struct FakeReranker(Behaviour);

#[async_trait]
impl Rerank for FakeReranker {
    async fn scores(&self, question: &str, chunks: Vec<String>) -> Result<Vec<f32>, RerankError> {
        assert_eq!(question, "barge");
        let number = |text: &String| {
            text.rsplit(' ')
                .next()
                .and_then(|word| word.parse().ok())
                .unwrap_or_default()
        };

        match self.0 {
            Behaviour::ByNumber => Ok(chunks.iter().map(number).collect()),
            Behaviour::Constant => Ok(vec![0.5; chunks.len()]),
            Behaviour::Hanging => std::future::pending().await,
            Behaviour::Busy => Err(RerankError::Busy),
            Behaviour::Broken => Err(RerankError::Model("out of memory at 0x0".to_owned())),
            Behaviour::MissingScore => Ok(vec![0.0; chunks.len() - 1]),
            Behaviour::NotANumber => Ok(vec![f32::NAN; chunks.len()]),
            Behaviour::Unexpected => panic!("called for {chunks:?}"),
        }
    }
}

/// A library of nine chunks, which the search ranks by their number.
async fn library(rerank: Option<(Behaviour, usize)>) -> Library {
    let embed = Arc::new(FakeEmbed::new(&["barge", "call"]));
    let index = Arc::new(MemoryIndex::new());
    for number in 0..CHUNKS {
        let text = format!("barge{} {number}", " call".repeat(number));
        let document = SampleDocument::new(&format!("p/{number}.md")).page(1, &[text.as_str()]);
        index.commit(document.build(&embed)).await.unwrap();
    }

    let library = Library::new(index, embed as Arc<dyn Embed>);
    match rerank {
        Some((behaviour, depth)) => {
            library.with_reranker(Arc::new(FakeReranker(behaviour)), DEADLINE, depth)
        }
        None => library,
    }
}

fn request(mode: Mode) -> SearchRequest {
    SearchRequest {
        q: "barge".to_owned(),
        mode,
        limit: Some(4),
        ..SearchRequest::default()
    }
}

async fn ask(library: &Library, request: &SearchRequest) -> SearchResults {
    let snapshot = library.at(&Visibility::Everything).await.unwrap();
    snapshot.search(request).await.unwrap()
}

/// The numbers of the hits' chunks, in order.
fn numbers(answer: &SearchResults) -> Vec<usize> {
    answer
        .hits
        .iter()
        .map(|hit| hit.chunk.document.source.as_str()[2..3].parse().unwrap())
        .collect()
}

#[tokio::test]
async fn the_first_hits_are_in_the_rerankers_order() {
    let library = library(Some((Behaviour::ByNumber, 20))).await;
    for mode in [Mode::Hybrid, Mode::Dense] {
        let answer = ask(&library, &request(mode)).await;

        assert_eq!(numbers(&answer), [3, 2, 1, 0], "{mode:?}");
        let scores: Vec<Option<f32>> = answer.hits.iter().map(|hit| hit.rerank_score).collect();

        assert_eq!(scores, [3.0, 2.0, 1.0, 0.0].map(Some));
        assert_eq!((answer.reranked, answer.notices.len()), (Some(true), 0));
        assert!(answer.timings.get("rerank").is_some());
    }
}

#[tokio::test]
async fn hits_beyond_the_depth_keep_their_order() {
    let answer = ask(
        &library(Some((Behaviour::ByNumber, 3))).await,
        &request(Mode::Hybrid),
    )
    .await;
    assert_eq!(numbers(&answer), [2, 1, 0, 3]);
}

#[tokio::test]
async fn equal_scores_keep_the_order_of_the_search() {
    let answer = ask(
        &library(Some((Behaviour::Constant, 20))).await,
        &request(Mode::Hybrid),
    )
    .await;
    assert_eq!(numbers(&answer), [0, 1, 2, 3]);
}

#[tokio::test]
async fn every_hit_is_on_one_page() {
    let library = library(Some((Behaviour::ByNumber, 20))).await;
    let mut request = request(Mode::Hybrid);

    let mut pages = Vec::new();
    loop {
        let answer = ask(&library, &request).await;
        pages.push(numbers(&answer));
        request.cursor = answer.continuation.next_page();
        if request.cursor.is_none() {
            break;
        }
    }

    assert_eq!(pages, [vec![3, 2, 1, 0], vec![4, 5, 6, 7], vec![8]]);
}

#[tokio::test]
async fn a_reranker_that_does_not_respond_is_abandoned_at_the_deadline() {
    let library = library(Some((Behaviour::Hanging, 20))).await;
    let started = Instant::now();
    let answer = ask(&library, &request(Mode::Hybrid)).await;
    let elapsed = started.elapsed();
    assert!(
        elapsed >= DEADLINE && elapsed < DEADLINE * 25,
        "{elapsed:?}"
    );
    assert_eq!(
        answer.notices,
        ["the reranker took longer than 60 ms; the hits are in the order of the search"]
    );
    assert_search_order(&answer);
}

#[tokio::test]
async fn a_busy_or_broken_reranker_changes_nothing_and_leaves_a_notice() {
    for (behaviour, notice) in [
        (
            Behaviour::Busy,
            "the reranker is busy with other questions; the hits are in the order of the search",
        ),
        (
            Behaviour::Broken,
            "the reranker failed; the hits are in the order of the search",
        ),
        (
            Behaviour::MissingScore,
            "the reranker failed; the hits are in the order of the search",
        ),
        (
            Behaviour::NotANumber,
            "the reranker failed; the hits are in the order of the search",
        ),
    ] {
        let answer = ask(
            &library(Some((behaviour, 20))).await,
            &request(Mode::Hybrid),
        )
        .await;
        assert_eq!(answer.notices, [notice], "{behaviour:?}");
        assert_search_order(&answer);
    }
}

fn assert_search_order(answer: &SearchResults) {
    assert_eq!(numbers(answer), [0, 1, 2, 3]);
    assert_eq!((answer.reranked, &answer.degraded), (Some(false), &None));
    assert!(answer.continuation.next_page().is_some());
}

#[tokio::test]
async fn keyword_searches_later_pages_and_single_hits_are_not_reranked() {
    let not_reranked = ask(&library(None).await, &request(Mode::Hybrid)).await;
    assert_eq!(not_reranked.reranked, None);
    assert!(not_reranked.timings.get("rerank").is_none());
    let library = library(Some((Behaviour::Unexpected, 20))).await;

    let later = SearchRequest {
        cursor: not_reranked.continuation.next_page(),
        ..request(Mode::Hybrid)
    };

    let one = SearchRequest {
        limit: Some(1),
        ..request(Mode::Hybrid)
    };

    for request in [request(Mode::Keyword), later, one] {
        assert_eq!(ask(&library, &request).await.notices.len(), 0);
    }
}

#[tokio::test]
async fn fewer_hits_are_those_that_a_smaller_limit_finds() {
    for depth in [20, 3] {
        let library = library(Some((Behaviour::ByNumber, depth))).await;
        let mut four = ask(&library, &request(Mode::Hybrid)).await;
        four.limit_to(2);

        let two = SearchRequest {
            limit: Some(2),
            ..request(Mode::Hybrid)
        };
        let two = ask(&library, &two).await;
        assert_eq!(numbers(&four), numbers(&two));
        assert_eq!(four.continuation.next_page(), two.continuation.next_page());
    }
}
