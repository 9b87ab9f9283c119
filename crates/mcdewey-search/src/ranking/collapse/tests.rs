//! Which chunks become one hit, and which of them the hit shows.

use mcdewey_core::{Candidates, Simhash};

use super::*;
use crate::ranking::fusion::{Fusion, Preference, fuse};
use crate::testing::{candidate_of, with_text};

fn collapsed(list: Vec<Candidate>, requested: &[&str]) -> Vec<(String, Vec<String>)> {
    let lists = Candidates {
        dense: Some(list),
        ..Candidates::default()
    };
    let ranked = fuse(&lists, 10, Fusion::default(), &Preference::default());
    let requested: Vec<VersionKey> = requested.iter().map(|text| text.parse().unwrap()).collect();
    let id = |candidate: &Candidate| candidate.chunk_id.to_string();

    collapse(ranked, &requested, 1.0)
        .iter()
        .map(|hit| {
            (
                id(&hit.shown.candidate),
                hit.also_in
                    .iter()
                    .map(|occurrence| id(&occurrence.candidate))
                    .collect(),
            )
        })
        .collect()
}

fn three_versions() -> Vec<Candidate> {
    vec![
        with_text(candidate_of("p::v11::0", 0.9, "p", Some("11")), "same"),
        candidate_of("q::0", 0.8, "q", None),
        with_text(candidate_of("p::v12::0", 0.7, "p", Some("12")), "same"),
        with_text(candidate_of("p::v10::0", 0.7, "p", Some("10")), "same"),
    ]
}

#[test]
fn equal_chunks_are_one_hit_that_shows_the_latest_version() {
    let hits = collapsed(three_versions(), &[]);
    assert_eq!(hits.len(), 2);
    assert_eq!(
        hits[0],
        (
            "p::v12::0".to_owned(),
            vec!["p::v11::0".to_owned(), "p::v10::0".to_owned()]
        )
    );
}

#[test]
fn a_version_named_in_the_question_is_shown() {
    assert_eq!(collapsed(three_versions(), &["10"])[0].0, "p::v10::0");
}

#[test]
fn a_hit_has_the_rank_of_its_best_candidate() {
    let mut list = three_versions();
    list[1].score = 0.85;
    assert_eq!(collapsed(list, &[])[0].0, "p::v12::0");
}

const TEXT: &str = "The supervisor is NOT_READY while monitoring. On an ICD call the agent is \
    TALKING throughout, and the supervisor's state turns to TALKING after barging in to the call \
    of the agent in the team.";

fn near_duplicate(id: &str, score: f32, version: &str, text: &str) -> Candidate {
    Candidate {
        simhash: Simhash::new(Some("Barge"), text),
        ..with_text(candidate_of(id, score, "p", Some(version)), text)
    }
}

#[test]
fn near_duplicates_in_other_versions_are_one_hit() {
    let changed = TEXT.replace("in the team", "in a team");
    let list = vec![
        near_duplicate("p::v11::0", 0.9, "11", TEXT),
        near_duplicate("p::v12::0", 0.8, "12", &changed),
    ];
    let hits = collapsed(list, &[]);

    assert_eq!(
        hits,
        [("p::v12::0".to_owned(), vec!["p::v11::0".to_owned()])]
    );
}

#[test]
fn near_duplicates_in_the_same_version_are_two_hits() {
    let changed = TEXT.replace("in the team", "in a team");
    let list = vec![
        near_duplicate("p::v11::0", 0.9, "11", TEXT),
        near_duplicate("p::v11::1", 0.8, "11", &changed),
    ];

    assert_eq!(collapsed(list, &[]).len(), 2);
}

#[test]
fn chunks_that_many_guides_contain_are_ranked_lower() {
    let mut list: Vec<Candidate> = (0..4)
        .map(|guide| {
            with_text(
                candidate_of(&format!("g{guide}::0"), 0.9, "p", None),
                "same",
            )
        })
        .collect();

    for (candidate, title) in list
        .iter_mut()
        .zip(["Install", "Operate", "Upgrade", "Develop"])
    {
        let document = std::sync::Arc::make_mut(&mut candidate.document);
        document.title = title.to_owned();
    }

    list.push(candidate_of("answer::0", 0.8, "p", None));
    assert_eq!(collapsed(list, &[])[0].0, "answer::0");
}

#[test]
fn grouping_by_page_shows_the_other_hits_of_a_page_under_the_best() {
    let hit = |id, stands_alone| CollapsedHit {
        rerank_score: None,
        stands_alone,
        further: Vec::new(),
        shown: FusedCandidate {
            candidate: candidate_of(id, 1.0, "p", None),
            score: 1.0,
            explanation: Default::default(),
        },
        also_in: Vec::new(),
    };
    let ids = |hits: &[CollapsedHit]| -> Vec<String> {
        let ids = hits.iter().map(|hit| &hit.shown.candidate.chunk_id);
        ids.map(ToString::to_string).collect()
    };

    let hits: Vec<CollapsedHit> = ["a::0", "b::0", "a::1", "a::2", "a::3", "a::4"]
        .map(|id| hit(id, false))
        .into();
    let grouped = group_by_page(hits.clone());
    assert_eq!(grouped.len(), count_pages(&hits));
    assert_eq!(ids(&grouped), ["a::0", "b::0"]);
    assert_eq!(ids(&grouped[0].further), ["a::1", "a::2", "a::3"]);
    assert_eq!(ids(&grouped[1].further), [""; 0]);

    // Two settings that were asked for are two hits, also on one page.
    let grouped = group_by_page(vec![
        hit("a::0", true),
        hit("a::1", true),
        hit("a::2", false),
    ]);
    assert_eq!(ids(&grouped), ["a::0", "a::1"]);
    assert_eq!(ids(&grouped[0].further), ["a::2"]);
}
