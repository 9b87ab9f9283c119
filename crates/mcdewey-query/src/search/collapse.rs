//! Equal passages become one hit, before the cut: ten hits are ten passages.

use std::collections::{HashMap, HashSet};

use mcdewey_core::{Candidate, VersionKey};

use super::fusion::Fused;

/// A hit with the other places of the same passage.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Collapsed {
    pub(crate) shown: Fused,
    pub(crate) also_in: Vec<Candidate>,
}

/// Makes one entry of all candidates with one passage hash, in the order of the best of each. Shown is a release that
/// the question names, else the latest release of the best one's product; the others are listed, latest first.
pub(crate) fn collapse(ranked: Vec<Fused>, asked: &[VersionKey]) -> Vec<Collapsed> {
    let mut places = HashMap::new();
    let mut groups: Vec<Vec<Fused>> = Vec::new();
    for fused in ranked {
        let place = *places.entry(fused.candidate.passage_hash).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[place].push(fused);
    }
    groups.into_iter().filter_map(|group| show_one(group, asked)).collect()
}

fn show_one(mut group: Vec<Fused>, asked: &[VersionKey]) -> Option<Collapsed> {
    let best = group.first()?;
    let (score, product) = (best.score, best.candidate.document.facets.product.clone());
    // Behind the best one's product, the rest keeps its rank.
    group.sort_by_key(|fused| {
        let facets = &fused.candidate.document.facets;
        let newest = facets.versions.iter().map(|version| version.key.clone()).max();
        let was_asked = facets.versions.iter().any(|version| asked.contains(&version.key));
        std::cmp::Reverse((facets.product == product, was_asked, newest))
    });
    let mut members = group.into_iter();
    let mut shown = members.next()?;
    shown.score = score;
    let also_in = members.map(|fused| fused.candidate).collect();
    Some(Collapsed { shown, also_in })
}

/// Keeps the best hit of each page.
pub(crate) fn group_by_page(hits: Vec<Collapsed>) -> Vec<Collapsed> {
    let mut seen = HashSet::new();
    hits.into_iter()
        .filter(|hit| seen.insert((hit.shown.candidate.document.source.clone(), hit.shown.candidate.page)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::fusion::{Fusion, Preference, fuse};
    use crate::search::testing::{candidate_of, with_passage};
    use mcdewey_core::Candidates;

    fn collapsed(list: Vec<Candidate>, asked: &[&str]) -> Vec<(String, Vec<String>)> {
        let lists = Candidates { dense: Some(list), ..Candidates::default() };
        let ranked = fuse(&lists, 10, Fusion::default(), &Preference::default());
        let asked: Vec<VersionKey> = asked.iter().map(|text| text.parse().unwrap()).collect();
        let name = |candidate: &Candidate| candidate.chunk_id.to_string();
        collapse(ranked, &asked)
            .iter()
            .map(|hit| (name(&hit.shown.candidate), hit.also_in.iter().map(name).collect()))
            .collect()
    }

    fn three_releases() -> Vec<Candidate> {
        vec![
            with_passage(candidate_of("p::v11::0", 0.9, "p", Some("11")), "same"),
            candidate_of("q::0", 0.8, "q", None),
            with_passage(candidate_of("p::v12::0", 0.7, "p", Some("12")), "same"),
            with_passage(candidate_of("p::v10::0", 0.7, "p", Some("10")), "same"),
        ]
    }

    #[test]
    fn one_hit_for_one_passage_and_the_latest_release_is_shown() {
        let hits = collapsed(three_releases(), &[]);
        assert_eq!(hits.len(), 2);
        assert_eq!(hits[0], ("p::v12::0".to_owned(), vec!["p::v11::0".to_owned(), "p::v10::0".to_owned()]));
    }

    #[test]
    fn a_release_named_in_the_question_is_shown() {
        assert_eq!(collapsed(three_releases(), &["10"])[0].0, "p::v10::0");
    }

    #[test]
    fn the_place_is_that_of_the_best_one() {
        let mut list = three_releases();
        list[1].score = 0.85;
        assert_eq!(collapsed(list, &[])[0].0, "p::v12::0");
    }

    #[test]
    fn a_page_gives_one_hit_when_grouped() {
        let hit = |id| Collapsed {
            shown: Fused { candidate: candidate_of(id, 1.0, "p", None), score: 1.0, explanation: Default::default() },
            also_in: Vec::new(),
        };
        assert_eq!(group_by_page(vec![hit("a::0"), hit("a::1"), hit("b::0")]).len(), 2);
    }
}
