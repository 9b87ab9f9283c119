//! The two ranked lists: order, ties, depth, weights.

use std::sync::Arc;

use super::{commit, dense, embedder, ids, keyword, question, source};
use crate::testing::SampleDocument;
use crate::{CandidateQuery, Index, Scope, WeightedText};

const ALL: &str = "the index answers";

/// The dense list is ordered by cosine similarity, which is its score.
pub async fn the_nearest_passages_come_first(index: Arc<dyn Index>) {
    let texts = ["feline feline canine", "canine", "gamma", "canine feline"];
    let revision = commit(&index, &SampleDocument::new("a.md").page(1, &texts)).await;
    let query = question("canine", 10);
    let found = dense(&index, &query, &Scope::everything()).await;
    assert_eq!(ids(&found), ["a::1", "a::3", "a::0", "a::2"]);

    let asked = query.dense.expect("a vector");
    for candidate in &found {
        let vector = &revision.chunks[candidate.ordinal as usize].vector;
        let cosine: f32 = asked.iter().zip(vector).map(|(a, b)| a * b).sum();
        assert!(
            (candidate.score - cosine).abs() < 1e-4,
            "{candidate:?} has cosine {cosine}"
        );
    }
}

/// The keyword list holds what shares a word with the question: rare words and repeated words count more.
pub async fn rare_and_frequent_words_count(index: Arc<dyn Index>) {
    let texts = [
        "canine alpha beta",
        "canine canine beta",
        "feline alpha beta",
        "gamma alpha beta",
        "barge alpha beta",
    ];

    commit(&index, &SampleDocument::new("a.md").page(1, &texts)).await;
    let all = Scope::everything();
    assert_eq!(
        ids(&keyword(&index, &question("canine", 10), &all).await),
        ["a::1", "a::0"]
    );
    assert_eq!(
        ids(&keyword(&index, &question("alpha feline", 10), &all).await)[0],
        "a::2"
    );
    let found = keyword(&index, &question("alpha feline", 10), &all).await;

    assert_eq!(
        found.len(),
        4,
        "passages without a word of the question are not candidates"
    );
    assert!(found.iter().all(|candidate| candidate.score > 0.0));
    assert!(
        found
            .windows(2)
            .all(|pair| pair[0].score.total_cmp(&pair[1].score).is_ge())
    );
}

/// Equal scores are ordered by chunk id, and the list is cut after ordering.
pub async fn ties_are_ordered_by_chunk_id_even_at_the_cut(index: Arc<dyn Index>) {
    // Committed in another order than that of their ids, which are compared as text: `c::10` before `c::2`.
    for name in ["e.md", "c.md", "d.md"] {
        commit(
            &index,
            &SampleDocument::new(name).page(1, &["canine feline"; 11]),
        )
        .await;
    }

    commit(
        &index,
        &SampleDocument::new("f.md").page(1, &["canine canine feline"]),
    )
    .await;

    let all = Scope::everything();
    for depth in [1, 2, 5, 12, 34, 100] {
        let mut expected = vec!["f::0".to_owned()];
        for name in ["c", "d", "e"] {
            let mut passages: Vec<String> = (0..11)
                .map(|ordinal| format!("{name}::{ordinal}"))
                .collect();
            passages.sort();
            expected.extend(passages);
        }

        expected.truncate(depth);
        let query = question("canine", depth);
        assert_eq!(
            ids(&keyword(&index, &query, &all).await),
            expected,
            "keyword, depth {depth}"
        );
        assert_eq!(
            ids(&dense(&index, &query, &all).await),
            expected,
            "dense, depth {depth}"
        );
    }

    let nothing = index
        .candidates(&question("canine", 0), &all)
        .await
        .expect(ALL);

    assert_eq!(
        (
            nothing.dense.map(|list| list.len()),
            nothing.keyword.map(|list| list.len())
        ),
        (Some(0), Some(0))
    );
}

/// In a small library the exact search and the usual one agree.
pub async fn exact_search_finds_the_same(index: Arc<dyn Index>) {
    let words = ["canine", "feline", "barge", "alpha", "beta", "gamma"];
    for first in words {
        let texts: Vec<String> = words
            .iter()
            .map(|second| format!("{first} {first} {second}"))
            .collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        commit(
            &index,
            &SampleDocument::new(&format!("{first}.md")).page(1, &texts),
        )
        .await;
    }

    index.optimize().await.expect(ALL);
    let all = Scope::everything();
    for text in ["canine barge", "gamma", "feline alpha beta"] {
        let usual = dense(&index, &question(text, 20), &all).await;
        let exact = dense(
            &index,
            &CandidateQuery {
                exact: true,
                ..question(text, 20)
            },
            &all,
        )
        .await;

        assert_eq!(usual, exact, "{text}");
        assert_eq!(usual.len(), 20);
    }
}

/// A list that is not asked for is `None`; one that finds nothing is empty.
pub async fn lists_are_only_made_when_asked_for(index: Arc<dyn Index>) {
    let all = Scope::everything();
    let empty = index
        .candidates(&question("canine", 5), &all)
        .await
        .expect(ALL);

    assert_eq!(
        (empty.dense, empty.keyword),
        (Some(Vec::new()), Some(Vec::new()))
    );
    commit(&index, &SampleDocument::new("a.md").page(1, &["canine"])).await;
    let only_dense = CandidateQuery {
        keyword: Vec::new(),
        ..question("canine", 5)
    };
    let found = index.candidates(&only_dense, &all).await.expect(ALL);

    assert_eq!(
        (found.dense.map(|list| list.len()), found.keyword),
        (Some(1), None)
    );

    let only_keyword = CandidateQuery {
        dense: None,
        ..question("canine", 5)
    };
    let found = index.candidates(&only_keyword, &all).await.expect(ALL);
    assert_eq!(
        (found.dense, found.keyword.map(|list| list.len())),
        (None, Some(1))
    );

    let nothing = index
        .candidates(
            &CandidateQuery {
                depth: 5,
                ..CandidateQuery::default()
            },
            &all,
        )
        .await
        .expect(ALL);

    assert_eq!((nothing.dense, nothing.keyword), (None, None));
    for wordless in ["unknownword", "", "?! --"] {
        let query = CandidateQuery {
            dense: None,
            ..question(wordless, 5)
        };
        assert_eq!(keyword(&index, &query, &all).await, [], "{wordless:?}");
    }
}

/// A word counts with its heaviest weight, however often the question's texts repeat it.
pub async fn weights_of_words_count_once(index: Arc<dyn Index>) {
    commit(
        &index,
        &SampleDocument::new("a.md").page(1, &["canine", "feline", "gamma"]),
    )
    .await;

    let all = Scope::everything();
    let ask = |texts: &[(&str, f32)]| CandidateQuery {
        keyword: texts
            .iter()
            .map(|(text, weight)| WeightedText {
                text: (*text).to_owned(),
                weight: *weight,
            })
            .collect(),
        depth: 5,
        ..CandidateQuery::default()
    };

    let weighted = keyword(&index, &ask(&[("canine", 1.0), ("feline", 0.5)]), &all).await;
    assert_eq!(ids(&weighted), ["a::0", "a::1"]);
    assert!(
        (weighted[0].score - 2.0 * weighted[1].score).abs() < 1e-4,
        "{weighted:?}"
    );
    let turned = keyword(&index, &ask(&[("canine", 0.5), ("feline", 1.0)]), &all).await;
    assert_eq!(ids(&turned), ["a::1", "a::0"]);

    let repeated = keyword(
        &index,
        &ask(&[
            ("feline canine", 0.5),
            ("canine canine", 1.0),
            ("canine", 0.7),
        ]),
        &all,
    )
    .await;

    assert_eq!(repeated, weighted);
}

/// No passage scores above the ceiling; own words that no passage has raise it, other names do not.
pub async fn a_ceiling_stands_above_every_score(index: Arc<dyn Index>) {
    let full = "canine gamma ".repeat(40);
    commit(
        &index,
        &SampleDocument::new("a.md").page(1, &[&full, "canine", "feline alpha", "beta"]),
    )
    .await;

    let ceiling = async |texts: &[(&str, f32)]| {
        let weighted = |(text, weight): &(&str, f32)| WeightedText {
            text: (*text).to_owned(),
            weight: *weight,
        };
        let keyword = texts.iter().map(weighted).collect();
        let query = CandidateQuery {
            keyword,
            depth: 5,
            ..CandidateQuery::default()
        };

        index
            .candidates(&query, &Scope::everything())
            .await
            .expect(ALL)
    };

    let own = ceiling(&[("canine gamma", 1.0)]).await;
    let best = own.keyword.expect("a list")[0].score;
    assert!(
        best < own.keyword_ceiling,
        "{best} is not below {}",
        own.keyword_ceiling
    );
    assert!(
        best > 0.6 * own.keyword_ceiling,
        "{best} is far below {}",
        own.keyword_ceiling
    );

    let more = ceiling(&[("canine gamma unknownword", 1.0), ("feline", 0.5)]).await;
    assert!(more.keyword_ceiling > own.keyword_ceiling);
    let named = ceiling(&[("canine gamma", 1.0), ("feline", 0.5)]).await;
    assert!((named.keyword_ceiling - own.keyword_ceiling).abs() < 1e-4);
    assert!(ceiling(&[("feline", 0.5)]).await.keyword_ceiling.abs() < f32::EPSILON);
}

/// The words of the headings above a passage find it too.
pub async fn the_context_is_searched_too(index: Arc<dyn Index>) {
    commit(
        &index,
        &SampleDocument::new("a.md")
            .context("gamma barge")
            .page(1, &["canine"]),
    )
    .await;

    commit(&index, &SampleDocument::new("b.md").page(1, &["feline"])).await;
    let all = Scope::everything();
    assert_eq!(
        ids(&keyword(&index, &question("gamma", 5), &all).await),
        ["a::0"]
    );
    assert_eq!(
        ids(&dense(&index, &question("barge", 1), &all).await),
        ["a::0"]
    );
}

/// A score depends on what the library holds, not on what it once held.
pub async fn scores_do_not_depend_on_what_is_gone(index: Arc<dyn Index>) {
    let all = Scope::everything();
    let texts = ["canine alpha", "feline alpha", "gamma barge"];
    commit(&index, &SampleDocument::new("a.md").page(1, &texts)).await;

    commit(
        &index,
        &SampleDocument::new("b.md").page(1, &["canine", "beta"]),
    )
    .await;

    index.optimize().await.expect(ALL);
    let query = CandidateQuery {
        exact: true,
        ..question("canine alpha", 10)
    };

    let before = (
        dense(&index, &query, &all).await,
        keyword(&index, &query, &all).await,
    );
    assert_eq!(before.1.len(), 3);
    commit(
        &index,
        &SampleDocument::new("c.md").page(1, &["canine canine"; 30]),
    )
    .await;

    commit(&index, &SampleDocument::new("b.md").page(1, &["alpha"; 20])).await;
    index.optimize().await.expect(ALL);
    assert_ne!(keyword(&index, &query, &all).await, before.1);

    commit(
        &index,
        &SampleDocument::new("b.md").page(1, &["canine", "beta"]),
    )
    .await;

    index.remove(&[source("c.md")]).await.expect(ALL);
    assert_eq!(
        (
            dense(&index, &query, &all).await,
            keyword(&index, &query, &all).await
        ),
        before
    );
    assert_eq!(
        query.dense.as_ref().map(Vec::len),
        Some(embedder().vector("").len())
    );
}
