//! Equal passages become one hit, before the cut: ten hits are ten passages. So do nearly equal ones of the same guide's
//! other releases. What stands in many guides is boilerplate and comes later.

use std::collections::{BTreeSet, HashMap, HashSet};

use mcdewey_core::{Candidate, ContentHash, VersionKey, letters};

use super::fusion::{Fused, by_rank};

/// A hit with the other places of the same passage.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Collapsed {
    pub(crate) shown: Fused,
    pub(crate) also_in: Vec<Also>,
}

/// Another place of a passage.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Also {
    pub(crate) candidate: Candidate,
    /// Whether a few words differ there.
    pub(crate) differs: bool,
}

/// A passage in this many guides says nothing of any of them.
const BOILERPLATE_GUIDES: usize = 4;
/// What such a passage loses, as a share of a top score.
const DEMOTION: f64 = 0.2;

impl Collapsed {
    /// The passages it stands for.
    pub(crate) fn passages(&self) -> impl Iterator<Item = ContentHash> {
        let also = self.also_in.iter().map(|also| also.candidate.passage_hash);
        std::iter::once(self.shown.candidate.passage_hash).chain(also)
    }
}

/// Makes one entry of all candidates with one passage hash and of nearly equal ones in other releases of the same guide,
/// in the order of the best of each. Shown is a release that the question names, else the latest release of the best
/// one's product; the others are listed, latest first. `top` is the size of a top score.
pub(crate) fn collapse(ranked: Vec<Fused>, asked: &[VersionKey], top: f64) -> Vec<Collapsed> {
    let mut groups = equal_passages(ranked);
    for group in &mut groups {
        demote_boilerplate(group, top);
    }

    groups.sort_by(|left, right| by_rank(&left[0], &right[0]));
    join_near(groups)
        .into_iter()
        .filter_map(|group| show_one(group, asked))
        .collect()
}

/// Groups by passage, best first.
fn equal_passages(ranked: Vec<Fused>) -> Vec<Vec<Fused>> {
    let mut places = HashMap::new();
    let mut groups: Vec<Vec<Fused>> = Vec::new();
    for fused in ranked {
        let place = *places
            .entry(fused.candidate.passage_hash)
            .or_insert_with(|| {
                groups.push(Vec::new());
                groups.len() - 1
            });
        groups[place].push(fused);
    }

    groups
}

fn demote_boilerplate(group: &mut [Fused], top: f64) {
    let guide = |fused: &Fused| {
        let document = &fused.candidate.document;
        (
            document.facets.product.clone(),
            letters(document.facets.guide.as_ref().unwrap_or(&document.title)),
        )
    };

    if group.len() >= BOILERPLATE_GUIDES
        && group.iter().map(guide).collect::<BTreeSet<_>>().len() >= BOILERPLATE_GUIDES
    {
        for fused in group {
            fused.score -= DEMOTION * top;
            fused
                .explanation
                .parts
                .insert("boilerplate".to_owned(), -DEMOTION * top);
        }
    }
}

/// Joins each group to the first one before it that is nearly equal.
fn join_near(groups: Vec<Vec<Fused>>) -> Vec<Vec<Fused>> {
    let mut by_section: HashMap<u64, Vec<usize>> = HashMap::new();
    let mut joined: Vec<Vec<Fused>> = Vec::new();
    for group in groups {
        let lead = &group[0].candidate;
        let known = by_section.entry(lead.simhash.section()).or_default();
        match known
            .iter()
            .find(|place| is_other_release(&joined[**place][0].candidate, lead))
        {
            Some(place) => joined[*place].extend(group),
            None => {
                known.push(joined.len());
                joined.push(group);
            }
        }
    }

    joined
}

/// Whether one is the other's section in another release of the guide, with a few words changed.
fn is_other_release(left: &Candidate, right: &Candidate) -> bool {
    left.simhash.is_near(right.simhash) && is_counterpart(left, right)
}

/// Whether one stands in the other's section in another release of the guide.
pub(crate) fn is_counterpart(left: &Candidate, right: &Candidate) -> bool {
    let (one, other) = (&left.document.facets, &right.document.facets);
    let other_release = !one.versions.is_empty()
        && !other.versions.is_empty()
        && !one
            .versions
            .iter()
            .any(|version| other.versions.iter().any(|known| known.key == version.key));

    other_release
        && one.product == other.product
        && left.simhash.section() == right.simhash.section()
        && letters(&left.document.title) == letters(&right.document.title)
}

fn show_one(mut group: Vec<Fused>, asked: &[VersionKey]) -> Option<Collapsed> {
    let best = group.first()?;
    let (score, product) = (best.score, best.candidate.document.facets.product.clone());

    // Behind the best one's product, the rest keeps its rank.
    group.sort_by_key(|fused| {
        let facets = &fused.candidate.document.facets;
        let newest = facets
            .versions
            .iter()
            .map(|version| version.key.clone())
            .max();

        let was_asked = facets
            .versions
            .iter()
            .any(|version| asked.contains(&version.key));

        std::cmp::Reverse((facets.product == product, was_asked, newest))
    });

    let mut members = group.into_iter();
    let mut shown = members.next()?;
    shown.score = score;
    let passage = shown.candidate.passage_hash;

    let also = |fused: Fused| Also {
        differs: fused.candidate.passage_hash != passage,
        candidate: fused.candidate,
    };
    let also_in = members.map(also).collect();
    Some(Collapsed { shown, also_in })
}

/// Keeps the best hit of each page.
pub(crate) fn group_by_page(hits: Vec<Collapsed>) -> Vec<Collapsed> {
    let mut seen = HashSet::new();
    hits.into_iter()
        .filter(|hit| {
            seen.insert((
                hit.shown.candidate.document.source.clone(),
                hit.shown.candidate.page,
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::fusion::{Fusion, Preference, fuse};
    use crate::search::testing::{candidate_of, with_passage};
    use mcdewey_core::{Candidates, Simhash};

    fn collapsed(list: Vec<Candidate>, asked: &[&str]) -> Vec<(String, Vec<String>)> {
        let lists = Candidates {
            dense: Some(list),
            ..Candidates::default()
        };
        let ranked = fuse(&lists, 10, Fusion::default(), &Preference::default());
        let asked: Vec<VersionKey> = asked.iter().map(|text| text.parse().unwrap()).collect();
        let name = |candidate: &Candidate| candidate.chunk_id.to_string();

        collapse(ranked, &asked, 1.0)
            .iter()
            .map(|hit| {
                (
                    name(&hit.shown.candidate),
                    hit.also_in
                        .iter()
                        .map(|also| name(&also.candidate))
                        .collect(),
                )
            })
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
        assert_eq!(
            hits[0],
            (
                "p::v12::0".to_owned(),
                vec!["p::v11::0".to_owned(), "p::v10::0".to_owned()]
            )
        );
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

    const TEXT: &str = "The supervisor is NOT_READY while monitoring. On an ICD call the agent is TALKING throughout, and \
                        the supervisor's state turns to TALKING after barging in to the call of the agent in the team.";

    fn near(id: &str, score: f32, version: &str, text: &str) -> Candidate {
        Candidate {
            simhash: Simhash::of(Some("Barge"), text),
            ..with_passage(candidate_of(id, score, "p", Some(version)), text)
        }
    }

    #[test]
    fn nearly_equal_passages_of_other_releases_are_one_hit() {
        let changed = TEXT.replace("in the team", "in a team");
        let list = vec![
            near("p::v11::0", 0.9, "11", TEXT),
            near("p::v12::0", 0.8, "12", &changed),
        ];
        let hits = collapsed(list, &[]);

        assert_eq!(
            hits,
            [("p::v12::0".to_owned(), vec!["p::v11::0".to_owned()])]
        );
    }

    #[test]
    fn nearly_equal_passages_of_one_release_are_two() {
        let changed = TEXT.replace("in the team", "in a team");
        let list = vec![
            near("p::v11::0", 0.9, "11", TEXT),
            near("p::v11::1", 0.8, "11", &changed),
        ];

        assert_eq!(collapsed(list, &[]).len(), 2);
    }

    #[test]
    fn what_stands_in_many_guides_comes_later() {
        let mut list: Vec<Candidate> = (0..4)
            .map(|guide| {
                with_passage(
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
    fn a_page_gives_one_hit_when_grouped() {
        let hit = |id| Collapsed {
            shown: Fused {
                candidate: candidate_of(id, 1.0, "p", None),
                score: 1.0,
                explanation: Default::default(),
            },
            also_in: Vec::new(),
        };

        assert_eq!(
            group_by_page(vec![hit("a::0"), hit("a::1"), hit("b::0")]).len(),
            2
        );
    }
}
