//! The ranked candidate lists: order, ties, depth and weights.

use std::sync::Arc;

use super::{SUCCEEDS, commit, dense, embedder, ids, keyword, question, reader, source, weighted};
use crate::testing::SampleDocument;
use crate::{CandidateQuery, Candidates, Index, Scope};

/// The dense list is ordered by cosine similarity, and the score is that similarity.
pub async fn the_dense_list_is_ordered_by_cosine_similarity(index: Arc<dyn Index>) {
    let texts = ["feline feline canine", "canine", "gamma", "canine feline"];
    let revision = commit(&index, &SampleDocument::new("a.md").page(1, &texts)).await;
    let query = question("canine", 10);
    let found = dense(&index, &query, &Scope::everything()).await;
    assert_eq!(ids(&found), ["a::1", "a::3", "a::0", "a::2"]);

    let question_vector = query.dense.expect("a vector");
    for candidate in &found {
        let vector = revision.chunks[candidate.ordinal as usize]
            .vector
            .as_ref()
            .expect("a vector");
        let cosine: f32 = question_vector.iter().zip(vector).map(|(a, b)| a * b).sum();
        assert!(
            (candidate.score - cosine).abs() < 1e-4,
            "{candidate:?} has cosine {cosine}"
        );
    }
}

/// The keyword list contains the chunks that share a word with the question; rare words and
/// repeated words score higher.
pub async fn rare_and_repeated_words_score_higher(index: Arc<dyn Index>) {
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
        "chunks without a word of the question are not candidates"
    );
    assert!(found.iter().all(|candidate| candidate.score > 0.0));
    assert!(
        found
            .windows(2)
            .all(|pair| pair[0].score.total_cmp(&pair[1].score).is_ge())
    );
}

/// Equal scores are ordered by chunk id before the list is truncated.
pub async fn ties_are_ordered_by_chunk_id_before_truncation(index: Arc<dyn Index>) {
    // The commit order differs from the order of the ids, which are compared as text: `c::10` sorts
    // before `c::2`.
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
            let mut ids_of_document: Vec<String> = (0..11)
                .map(|ordinal| format!("{name}::{ordinal}"))
                .collect();
            ids_of_document.sort();
            expected.extend(ids_of_document);
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

    let nothing = reader(&index)
        .await
        .candidates(&question("canine", 0), &all)
        .await
        .expect(SUCCEEDS);

    assert_eq!(
        (
            nothing.dense.map(|list| list.len()),
            nothing.keyword.map(|list| list.len())
        ),
        (Some(0), Some(0))
    );
}

/// In a small library, exact and approximate search return the same list.
pub async fn exact_search_finds_the_same_chunks(index: Arc<dyn Index>) {
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

    index.optimize().await.expect(SUCCEEDS);
    let all = Scope::everything();
    for text in ["canine barge", "gamma", "feline alpha beta"] {
        let approximate = dense(&index, &question(text, 20), &all).await;
        let exact = dense(
            &index,
            &CandidateQuery {
                exact: true,
                ..question(text, 20)
            },
            &all,
        )
        .await;

        assert_eq!(approximate, exact, "{text}");
        assert_eq!(approximate.len(), 20);
    }
}

/// A list that is not requested is `None`; a list without hits is empty.
pub async fn lists_that_are_not_requested_are_none(index: Arc<dyn Index>) {
    let all = Scope::everything();
    let empty = reader(&index)
        .await
        .candidates(&question("canine", 5), &all)
        .await
        .expect(SUCCEEDS);

    assert_eq!(
        (empty.dense, empty.keyword),
        (Some(Vec::new()), Some(Vec::new()))
    );

    commit(&index, &SampleDocument::new("a.md").page(1, &["canine"])).await;
    let only_dense = CandidateQuery {
        keyword: Vec::new(),
        ..question("canine", 5)
    };
    let found = reader(&index)
        .await
        .candidates(&only_dense, &all)
        .await
        .expect(SUCCEEDS);
    assert_eq!(
        (found.dense.map(|list| list.len()), found.keyword),
        (Some(1), None)
    );

    let only_keyword = CandidateQuery {
        dense: None,
        ..question("canine", 5)
    };
    let found = reader(&index)
        .await
        .candidates(&only_keyword, &all)
        .await
        .expect(SUCCEEDS);
    assert_eq!(
        (found.dense, found.keyword.map(|list| list.len())),
        (None, Some(1))
    );

    let nothing = reader(&index)
        .await
        .candidates(
            &CandidateQuery {
                depth: 5,
                ..CandidateQuery::default()
            },
            &all,
        )
        .await
        .expect(SUCCEEDS);
    assert_eq!((nothing.dense, nothing.keyword), (None, None));

    for without_known_words in ["unknownword", "", "?! --"] {
        let query = CandidateQuery {
            dense: None,
            ..question(without_known_words, 5)
        };
        assert_eq!(
            keyword(&index, &query, &all).await,
            [],
            "{without_known_words:?}"
        );
    }
}

fn weighted_question(texts: &[(&str, f32)]) -> CandidateQuery {
    CandidateQuery {
        keyword: weighted(texts),
        depth: 5,
        ..CandidateQuery::default()
    }
}

/// A word that occurs in several of the question's texts counts once, with its highest weight.
pub async fn a_repeated_word_counts_once_with_its_highest_weight(index: Arc<dyn Index>) {
    commit(
        &index,
        &SampleDocument::new("a.md").page(1, &["canine", "feline", "gamma"]),
    )
    .await;

    let all = Scope::everything();
    let query = weighted_question(&[("canine", 1.0), ("feline", 0.5)]);
    let canine_first = keyword(&index, &query, &all).await;
    assert_eq!(ids(&canine_first), ["a::0", "a::1"]);
    assert!(
        (canine_first[0].score - 2.0 * canine_first[1].score).abs() < 1e-4,
        "{canine_first:?}"
    );

    let query = weighted_question(&[("canine", 0.5), ("feline", 1.0)]);
    let feline_first = keyword(&index, &query, &all).await;
    assert_eq!(ids(&feline_first), ["a::1", "a::0"]);

    let query = weighted_question(&[
        ("feline canine", 0.5),
        ("canine canine", 1.0),
        ("canine", 0.7),
    ]);
    let repeated = keyword(&index, &query, &all).await;
    assert_eq!(repeated, canine_first);
}

async fn weighted_candidates(index: &Arc<dyn Index>, texts: &[(&str, f32)]) -> Candidates {
    reader(index)
        .await
        .candidates(&weighted_question(texts), &Scope::everything())
        .await
        .expect(SUCCEEDS)
}

/// No chunk scores above the ceiling. The question's own words raise it even if no chunk contains
/// them; expansions do not.
pub async fn no_score_exceeds_the_keyword_ceiling(index: Arc<dyn Index>) {
    let full = "canine gamma ".repeat(40);
    commit(
        &index,
        &SampleDocument::new("a.md").page(1, &[&full, "canine", "feline alpha", "beta"]),
    )
    .await;

    let own = weighted_candidates(&index, &[("canine gamma", 1.0)]).await;
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

    let with_unknown_word = weighted_candidates(
        &index,
        &[("canine gamma unknownword", 1.0), ("feline", 0.5)],
    )
    .await;
    assert!(with_unknown_word.keyword_ceiling > own.keyword_ceiling);

    let expanded = weighted_candidates(&index, &[("canine gamma", 1.0), ("feline", 0.5)]).await;
    assert!((expanded.keyword_ceiling - own.keyword_ceiling).abs() < 1e-4);

    let only_expansion = weighted_candidates(&index, &[("feline", 0.5)]).await;
    assert!(only_expansion.keyword_ceiling.abs() < f32::EPSILON);
}

/// The words of the headings above a chunk find it, in both lists.
pub async fn the_context_is_searched(index: Arc<dyn Index>) {
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

/// A score depends only on the current contents of the library, not on removed or replaced
/// documents.
pub async fn scores_do_not_depend_on_removed_documents(index: Arc<dyn Index>) {
    let all = Scope::everything();
    let texts = ["canine alpha", "feline alpha", "gamma barge"];
    commit(&index, &SampleDocument::new("a.md").page(1, &texts)).await;

    commit(
        &index,
        &SampleDocument::new("b.md").page(1, &["canine", "beta"]),
    )
    .await;

    index.optimize().await.expect(SUCCEEDS);
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
    index.optimize().await.expect(SUCCEEDS);
    assert_ne!(keyword(&index, &query, &all).await, before.1);

    commit(
        &index,
        &SampleDocument::new("b.md").page(1, &["canine", "beta"]),
    )
    .await;

    index.remove(&[source("c.md")]).await.expect(SUCCEEDS);
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
