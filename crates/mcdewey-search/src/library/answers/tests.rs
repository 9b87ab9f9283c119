//! What a cached answer is given for, and for what it must never be given.

use mcdewey_core::testing::{CountingIndex, FakeEmbed, MemoryIndex, SampleDocument};
use mcdewey_core::{Embed, Index};

use super::*;
use crate::Library;

/// Far more than the answers of these tests take.
const LIMIT: usize = 1 << 20;

struct Setup {
    index: Arc<CountingIndex>,
    embed: Arc<FakeEmbed>,
    library: Library,
}

impl Setup {
    async fn new(limit: usize) -> Self {
        let embed = Arc::new(FakeEmbed::new(&["barge", "call"]));
        let index = Arc::new(CountingIndex::new(Arc::new(MemoryIndex::new())));
        let library = Library::new(
            Arc::clone(&index) as Arc<dyn Index>,
            Arc::clone(&embed) as Arc<dyn Embed>,
        )
        .with_answer_cache(limit);

        let setup = Self {
            index,
            embed,
            library,
        };
        setup.commit("finesse", "barge in").await;
        setup
    }

    /// Commits a document of a product that is named like the product.
    async fn commit(&self, product: &str, text: &str) {
        let document = SampleDocument::new(&format!("{product}/guide.md"))
            .product(product)
            .page(1, &[text]);
        self.index
            .commit(document.build(&self.embed))
            .await
            .unwrap();
    }

    async fn ask(&self, request: &SearchRequest, visibility: &Visibility) -> SearchResults {
        let snapshot = self.library.at(visibility).await.unwrap();
        snapshot.search(request).await.unwrap()
    }

    /// Asks for all that the caller may see; returns how often the index was searched.
    async fn searches(&self, request: &SearchRequest) -> usize {
        self.index.take_counts();
        self.ask(request, &Visibility::Everything).await;
        self.index
            .take_counts()
            .remove("candidates")
            .unwrap_or_default()
    }
}

fn barge() -> SearchRequest {
    SearchRequest {
        q: "barge".to_owned(),
        ..SearchRequest::default()
    }
}

fn texts(answer: &SearchResults) -> Vec<&str> {
    answer
        .hits
        .iter()
        .map(|hit| hit.chunk.text.as_str())
        .collect()
}

#[tokio::test]
async fn the_same_question_is_answered_from_the_cache() {
    let setup = Setup::new(LIMIT).await;
    let all = Visibility::Everything;
    let first = setup.ask(&barge(), &all).await;
    assert!(first.timings.get("store").is_some() && first.timings.get("cache").is_none());
    assert_eq!(setup.searches(&barge()).await, 0);

    let again = setup.ask(&barge(), &all).await;
    let stages: Vec<&str> = again.timings.iter().map(|(stage, _)| stage).collect();
    assert_eq!(stages, ["cache", "total"]);

    let timings = first.timings.clone();
    assert_eq!(SearchResults { timings, ..again }, first);
}

#[tokio::test]
async fn another_request_is_searched() {
    let setup = Setup::new(LIMIT).await;
    assert_eq!(setup.searches(&barge()).await, 1);
    for request in [
        SearchRequest {
            limit: Some(1),
            ..barge()
        },
        SearchRequest {
            strict: true,
            ..barge()
        },
        SearchRequest {
            product: vec!["finesse".to_owned()],
            ..barge()
        },
    ] {
        assert_eq!(setup.searches(&request).await, 1, "{request:?}");
    }

    let explained = SearchRequest {
        explain: true,
        ..barge()
    };
    for _ in 0..2 {
        assert_eq!(setup.searches(&explained).await, 1, "to show the stages");
    }
}

#[tokio::test]
async fn nothing_is_kept_without_a_cache() {
    let setup = Setup::new(0).await;
    for _ in 0..2 {
        assert_eq!(setup.searches(&barge()).await, 1);
    }
}

#[tokio::test]
async fn an_answer_is_for_one_visibility() {
    let setup = Setup::new(LIMIT).await;
    setup.commit("secret", "barge in secret").await;
    let only = |product: &str| Visibility::Only {
        vendors: Vec::new(),
        products: vec![product.to_owned()],
    };

    let all = setup.ask(&barge(), &Visibility::Everything).await;
    assert_eq!(all.hits.len(), 2);
    for _ in 0..2 {
        let own = setup.ask(&barge(), &only("finesse")).await;
        assert_eq!(texts(&own), ["barge in"]);
        let own = setup.ask(&barge(), &only("secret")).await;
        assert_eq!(texts(&own), ["barge in secret"]);
    }
}

#[tokio::test]
async fn a_change_of_the_library_is_seen_at_once() {
    let setup = Setup::new(LIMIT).await;
    let all = Visibility::Everything;
    assert_eq!(texts(&setup.ask(&barge(), &all).await), ["barge in"]);

    setup.commit("finesse", "barge out").await;
    assert_eq!(texts(&setup.ask(&barge(), &all).await), ["barge out"]);

    setup
        .index
        .remove(&["finesse/guide.md".parse().unwrap()])
        .await
        .unwrap();
    assert_eq!(texts(&setup.ask(&barge(), &all).await), [""; 0]);
}

/// An answer for a state, which finds nothing.
async fn answer_at(setup: &Setup) -> (AnswerKey, SearchResults) {
    let all = Visibility::Everything;
    let request = barge();
    let answer = setup.ask(&request, &all).await;
    (AnswerKey::new(&answer.state, &all, &request), answer)
}

#[tokio::test]
async fn answers_of_older_states_are_dropped_and_not_kept_any_more() {
    let setup = Setup::new(0).await;
    let cache = AnswerCache::new(LIMIT);
    let (old, answer) = answer_at(&setup).await;
    setup.commit("finesse", "barge out").await;
    let (new, new_answer) = answer_at(&setup).await;

    cache.keep(reserve(&cache, &old), &answer);
    assert!(cache.look_up(old.clone()).is_ok());
    cache.keep(reserve(&cache, &new), &new_answer);
    assert!(cache.look_up(old.clone()).is_err());

    cache.keep(reserve(&cache, &old), &answer);
    assert!(cache.look_up(old).is_err() && cache.look_up(new).is_ok());
}

#[tokio::test]
async fn an_answer_that_was_begun_before_an_erasure_is_not_kept() {
    let setup = Setup::new(0).await;
    let cache = AnswerCache::new(LIMIT);
    let (key, answer) = answer_at(&setup).await;
    let reservation = reserve(&cache, &key);
    cache.clear();
    cache.keep(reservation, &answer);
    assert!(cache.look_up(key).is_err());
}

#[tokio::test]
async fn incomplete_answers_are_not_kept() {
    let setup = Setup::new(0).await;
    let cache = AnswerCache::new(LIMIT);
    let (key, answer) = answer_at(&setup).await;
    let degraded = SearchResults {
        degraded: Some("dense unavailable".to_owned()),
        ..answer.clone()
    };
    let unranked = SearchResults {
        reranked: Some(false),
        ..answer
    };

    for answer in [degraded, unranked] {
        cache.keep(reserve(&cache, &key), &answer);
        assert!(cache.look_up(key.clone()).is_err());
    }
}

fn reserve(cache: &AnswerCache, key: &AnswerKey) -> Box<Reservation> {
    match cache.look_up(key.clone()) {
        Ok(_) => panic!("it is not kept yet"),
        Err(reservation) => reservation,
    }
}
