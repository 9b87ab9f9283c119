//! A reranker that is fast, slow, busy or broken, in front of a small library.

use std::time::Instant;

use async_trait::async_trait;
use mcdewey_core::testing::{FakeEmbed, MemoryIndex, SampleDocument};
use mcdewey_core::{Embed, Index, Visibility};

use super::*;
use crate::{Library, Mode, SearchAnswer, SearchRequest};

/// Passages of the library.
const PASSAGES: usize = 9;
const DEADLINE: Duration = Duration::from_millis(60);

/// What the stand-in does with a question.
#[derive(Debug, Clone, Copy)]
enum Manner {
    /// Scores a passage by the number that ends its text.
    Backwards,
    /// Gives every passage the same score.
    Indifferent,
    Slow,
    Busy,
    Broken,
    /// Leaves a passage out.
    Short,
    /// Gives something that is no number.
    Senseless,
    /// Must not be asked.
    Asleep,
}

struct Stub(Manner);

#[async_trait]
impl Rerank for Stub {
    async fn scores(&self, question: &str, passages: Vec<String>) -> Result<Vec<f32>, RerankError> {
        assert_eq!(question, "barge");
        let number = |text: &String| {
            text.rsplit(' ')
                .next()
                .and_then(|word| word.parse().ok())
                .unwrap_or_default()
        };

        match self.0 {
            Manner::Backwards => Ok(passages.iter().map(number).collect()),
            Manner::Indifferent => Ok(vec![0.5; passages.len()]),
            Manner::Slow => {
                tokio::time::sleep(DEADLINE * 50).await;
                Ok(vec![0.0; passages.len()])
            }
            Manner::Busy => Err(RerankError::Busy),
            Manner::Broken => Err(RerankError::Model("out of memory at 0x0".to_owned())),
            Manner::Short => Ok(vec![0.0; passages.len() - 1]),
            Manner::Senseless => Ok(vec![f32::NAN; passages.len()]),
            Manner::Asleep => panic!("asked for {passages:?}"),
        }
    }
}

/// Nine passages, which the search orders by their number.
async fn library(rerank: Option<(Manner, usize)>) -> Library {
    let embed = Arc::new(FakeEmbed::new(&["barge", "call"]));
    let index = Arc::new(MemoryIndex::new());
    for number in 0..PASSAGES {
        let text = format!("barge{} {number}", " call".repeat(number));
        let document = SampleDocument::new(&format!("p/{number}.md")).page(1, &[text.as_str()]);
        index.commit(document.build(&embed)).await.unwrap();
    }

    let library = Library::new(index, embed as Arc<dyn Embed>, "");
    match rerank {
        Some((manner, depth)) => library.with_reranker(Arc::new(Stub(manner)), DEADLINE, depth),
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

async fn ask(library: &Library, request: &SearchRequest) -> SearchAnswer {
    library
        .search(request, &Visibility::Everything)
        .await
        .unwrap()
}

/// The numbers of the passages found, in order.
fn numbers(answer: &SearchAnswer) -> Vec<usize> {
    answer
        .hits
        .iter()
        .map(|hit| hit.source[2..3].parse().unwrap())
        .collect()
}

#[tokio::test]
async fn the_first_hits_stand_in_the_rerankers_order() {
    let library = library(Some((Manner::Backwards, 20))).await;
    for mode in [Mode::Hybrid, Mode::Dense] {
        let answer = ask(
            &library,
            &SearchRequest {
                explain: true,
                ..request(mode)
            },
        )
        .await;

        assert_eq!(numbers(&answer), [3, 2, 1, 0], "{mode:?}");
        let scores: Vec<Option<f32>> = answer
            .hits
            .iter()
            .map(|hit| hit.explain.as_ref().and_then(|explain| explain.rerank))
            .collect();

        assert_eq!(scores, [3.0, 2.0, 1.0, 0.0].map(Some));
        assert_eq!((answer.reranked, answer.notices.len()), (Some(true), 0));
        assert!(answer.timings_ms.contains_key("rerank"));
    }
}

#[tokio::test]
async fn hits_beyond_the_depth_stay_behind() {
    let answer = ask(
        &library(Some((Manner::Backwards, 3))).await,
        &request(Mode::Hybrid),
    )
    .await;
    assert_eq!(numbers(&answer), [2, 1, 0, 3]);
}

#[tokio::test]
async fn equal_scores_keep_the_order_of_the_search() {
    let answer = ask(
        &library(Some((Manner::Indifferent, 20))).await,
        &request(Mode::Hybrid),
    )
    .await;
    assert_eq!(numbers(&answer), [0, 1, 2, 3]);
}

#[tokio::test]
async fn the_pages_of_an_answer_hold_every_hit_once() {
    let library = library(Some((Manner::Backwards, 20))).await;
    let mut request = request(Mode::Hybrid);

    let mut pages = Vec::new();
    loop {
        let answer = ask(&library, &request).await;
        pages.push(numbers(&answer));
        request.cursor = answer.next_cursor;
        if request.cursor.is_none() {
            break;
        }
    }

    assert_eq!(pages, [vec![3, 2, 1, 0], vec![4, 5, 6, 7], vec![8]]);
}

#[tokio::test]
async fn a_slow_one_is_not_waited_for() {
    let library = library(Some((Manner::Slow, 20))).await;
    let started = Instant::now();
    let answer = ask(&library, &request(Mode::Hybrid)).await;
    let taken = started.elapsed();
    assert!(taken >= DEADLINE && taken < DEADLINE * 25, "{taken:?}");
    assert_eq!(
        answer.notices,
        ["the reranker took longer than 60 ms; the order is that of the search"]
    );
    assert_order_of_the_search(&answer);
}

#[tokio::test]
async fn a_busy_or_broken_one_leaves_the_order_and_says_so() {
    for (manner, notice) in [
        (
            Manner::Busy,
            "the reranker is busy with other questions; the order is that of the search",
        ),
        (
            Manner::Broken,
            "the reranker failed; the order is that of the search",
        ),
        (
            Manner::Short,
            "the reranker failed; the order is that of the search",
        ),
        (
            Manner::Senseless,
            "the reranker failed; the order is that of the search",
        ),
    ] {
        let answer = ask(&library(Some((manner, 20))).await, &request(Mode::Hybrid)).await;
        assert_eq!(answer.notices, [notice], "{manner:?}");
        assert_order_of_the_search(&answer);
    }
}

fn assert_order_of_the_search(answer: &SearchAnswer) {
    assert_eq!(numbers(answer), [0, 1, 2, 3]);
    assert_eq!((answer.reranked, &answer.degraded), (Some(false), &None));
    assert!(answer.next_cursor.is_some());
}

#[tokio::test]
async fn words_alone_later_pages_and_single_hits_are_not_reranked() {
    let plain = ask(&library(None).await, &request(Mode::Hybrid)).await;
    assert_eq!(plain.reranked, None);
    assert!(!plain.timings_ms.contains_key("rerank"));
    let library = library(Some((Manner::Asleep, 20))).await;

    let later = SearchRequest {
        cursor: plain.next_cursor,
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
