//! Fusions of small candidate lists whose scores can be computed by hand.

use super::*;
use crate::testing::{candidate, candidate_of};

fn ids(fused: &[FusedCandidate]) -> Vec<&str> {
    fused
        .iter()
        .map(|one| one.candidate.chunk_id.as_str())
        .collect()
}

fn lists(dense: Option<&[(&str, f32)]>, keyword: Option<&[(&str, f32)]>) -> Candidates {
    let list = |pairs: &[(&str, f32)]| {
        pairs
            .iter()
            .map(|(id, score)| candidate(id, *score))
            .collect()
    };

    Candidates {
        dense: dense.map(list),
        keyword: keyword.map(list),
        keyword_ceiling: 40.0,
        keyword_unit: 40.0,
        words: Vec::new(),
    }
}

const SQUARE: Fusion = Fusion::Match {
    keyword_weight: 0.8,
    exponent: 1.0,
    focus: 1.0,
};
const OTHERS: [Fusion; 4] = [
    Fusion::ReciprocalRank {
        k: 60.0,
        keyword_weight: 1.0,
    },
    Fusion::Normalised {
        scale: Scale::MinMax,
        keyword_weight: 1.0,
    },
    Fusion::Normalised {
        scale: Scale::Deviations,
        keyword_weight: 1.0,
    },
    Fusion::Normalised {
        scale: Scale::Distribution,
        keyword_weight: 1.0,
    },
];

#[test]
fn candidates_in_both_lists_come_first() {
    let lists = lists(
        Some(&[("a::0", 0.6), ("b::0", 0.5)]),
        Some(&[("b::0", 20.0), ("c::0", 19.0)]),
    );

    for fusion in [SQUARE, OTHERS[0]] {
        assert_eq!(
            ids(&fuse(&lists, 10, fusion, &Preference::default()))[0],
            "b::0",
            "{fusion:?}"
        );
    }
}

#[test]
fn scores_equal_those_computed_by_hand() {
    let lists = lists(
        Some(&[("a::0", 0.6)]),
        Some(&[("a::0", 30.0), ("b::0", 10.0)]),
    );
    let fused = fuse(&lists, 10, SQUARE, &Preference::default());
    assert!((fused[0].score - (0.6 + 0.8 * 0.5625)).abs() < 1e-6);
    assert!((fused[1].score - 0.8 * 0.0625).abs() < 1e-6);
    assert_eq!(fused[0].explanation.keyword_rank, Some(1));
    assert_eq!(fused[1].explanation.dense_rank, None);
}

#[test]
fn candidates_missing_from_a_cut_off_list_get_its_last_score() {
    let lists = lists(
        Some(&[("a::0", 0.6), ("b::0", 0.5)]),
        Some(&[("c::0", 10.0)]),
    );
    let fused = fuse(&lists, 2, SQUARE, &Preference::default());
    let c = fused
        .iter()
        .find(|one| one.candidate.chunk_id.as_str() == "c::0")
        .unwrap();

    assert!((c.score - (0.5 + 0.8 * 0.0625)).abs() < 1e-6);
}

#[test]
fn a_match_of_one_word_among_many_does_not_outweigh_the_cosine() {
    let lists = lists(
        Some(&[("a::0", 0.5), ("b::0", 0.4)]),
        Some(&[("b::0", 8.0)]),
    );

    assert_eq!(
        ids(&fuse(&lists, 10, SQUARE, &Preference::default()))[0],
        "a::0"
    );
}

#[test]
fn a_question_without_content_words_is_ranked_by_cosine() {
    let lists = Candidates {
        keyword_ceiling: 0.0,
        keyword_unit: 0.0,
        ..lists(Some(&[("a::0", 0.5)]), Some(&[]))
    };
    assert!((fuse(&lists, 10, SQUARE, &Preference::default())[0].score - 0.5).abs() < 1e-6);
}

#[test]
fn a_single_list_keeps_its_order_and_ties_are_broken_by_id() {
    let lists = lists(None, Some(&[("b::0", 2.0), ("a::0", 2.0), ("c::0", 3.0)]));
    assert_eq!(
        ids(&fuse(&lists, 10, SQUARE, &Preference::default())),
        ["c::0", "a::0", "b::0"]
    );
}

#[test]
fn every_scale_equals_the_result_computed_by_hand() {
    let lists = lists(
        Some(&[("a::0", 0.6), ("b::0", 0.4)]),
        Some(&[("b::0", 30.0), ("a::0", 20.0), ("c::0", 10.0)]),
    );

    let score = |fusion: Fusion, id: &str| {
        let fused = fuse(&lists, 10, fusion, &Preference::default());
        fused
            .iter()
            .find(|one| one.candidate.chunk_id.as_str() == id)
            .unwrap()
            .score
    };

    let [rank, min_max, deviations, distribution] = OTHERS;
    let close = |found: f64, expected: f64| {
        assert!(
            (found - expected).abs() < 1e-6,
            "{found}, expected {expected}"
        )
    };
    close(score(rank, "a::0"), 1.0 / 61.0 + 1.0 / 62.0);
    close(score(min_max, "a::0"), 1.0 + 0.5);

    // Means 0.5 and 20, deviations 0.1 and 8.16.
    close(
        score(deviations, "b::0"),
        -1.0 + 10.0 / (200.0_f64 / 3.0).sqrt(),
    );
    close(score(distribution, "a::0"), (0.1 + 0.3) / 0.6 + 0.5);
    close(score(min_max, "c::0"), 0.0);
}

#[test]
fn a_document_with_the_requested_title_comes_before_one_that_mentions_it() {
    let mut lists = lists(Some(&[("a::0", 0.6), ("b::0", 0.5)]), None);
    for candidate in lists
        .dense
        .iter_mut()
        .flatten()
        .filter(|candidate| candidate.chunk_id.as_str() == "b::0")
    {
        Arc::make_mut(&mut candidate.document).title = "ConfbridgeUnmute".to_owned();
    }

    let preference = Preference {
        titles: vec!["confbridgeunmute".to_owned()],
        ..Preference::default()
    };

    assert_eq!(
        ids(&fuse(&lists, 10, SQUARE, &preference)),
        ["b::0", "a::0"]
    );
}

#[test]
fn a_fusion_is_parsed_from_its_display_form() {
    for fusion in OTHERS.into_iter().chain([SQUARE, Fusion::default()]) {
        assert_eq!(fusion.to_string().parse(), Ok(fusion));
    }

    assert_eq!("match".parse(), Ok(Fusion::default()));
    assert_eq!(
        "rrf".parse(),
        Ok(Fusion::ReciprocalRank {
            k: 60.0,
            keyword_weight: 1.0
        })
    );

    for bad in [
        "",
        "best",
        "match:1",
        "rrf:-1",
        "dbsf:x",
        "z-score:1,2",
        "min-max:inf",
    ] {
        assert!(
            bad.parse::<Fusion>()
                .unwrap_err()
                .contains("unknown fusion"),
            "{bad}"
        );
    }
}

#[test]
fn a_product_named_in_the_question_breaks_a_tie() {
    let lists = Candidates {
        dense: Some(vec![
            candidate_of("a::0", 0.5, "cucm", None),
            candidate_of("b::0", 0.5, "finesse", None),
        ]),
        ..Candidates::default()
    };

    let preference = Preference {
        products: vec!["finesse".to_owned()],
        ..Preference::default()
    };

    assert_eq!(
        ids(&fuse(&lists, 10, SQUARE, &preference)),
        ["b::0", "a::0"]
    );
}
