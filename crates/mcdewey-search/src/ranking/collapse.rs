//! Merges equal chunks into one hit before the ranking is cut, so that ten hits are ten different
//! texts. Nearly equal chunks of the same section in other versions of a guide are merged too, and
//! boilerplate that many guides contain is ranked lower.

use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, HashSet};

use mcdewey_core::{
    Candidate, ContentHash, PageNumber, SourcePath, VersionKey, title_without_version,
};

use crate::ranking::fusion::{FusedCandidate, by_rank};

/// A hit with the other occurrences of its chunk.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CollapsedHit {
    pub(crate) shown: FusedCandidate,
    pub(crate) also_in: Vec<Occurrence>,
    /// The reranker's score, if it read the shown chunk.
    pub(crate) rerank_score: Option<f32>,
    /// Whether it answers for a name of its own, so that it is shown beside other hits of its page.
    pub(crate) stands_alone: bool,
    /// The next hits of the same page, best first, if hits are grouped by page.
    pub(crate) further: Vec<CollapsedHit>,
}

/// Another occurrence of a chunk.
#[derive(Debug, Clone, PartialEq)]
pub struct Occurrence {
    /// The chunk, with its document and page.
    pub candidate: Candidate,
    /// Whether its text differs in a few words.
    pub differs: bool,
}

/// A chunk that occurs in at least this many guides is boilerplate: it describes none of them.
const BOILERPLATE_GUIDES: usize = 4;
/// The number of passages shown under the best one of their page.
const MAX_FURTHER: usize = 3;
/// What boilerplate loses, as a share of a top score.
const BOILERPLATE_PENALTY: f64 = 0.2;

impl CollapsedHit {
    /// Adds a part to the score.
    pub(crate) fn add(&mut self, name: &'static str, part: f64) {
        self.shown.score += part;
        self.shown.explanation.parts.insert(name, part);
    }

    /// The hashes of all texts merged into this hit.
    pub(crate) fn passage_hashes(&self) -> impl Iterator<Item = ContentHash> {
        let others = self
            .also_in
            .iter()
            .map(|occurrence| occurrence.candidate.passage_hash);
        std::iter::once(self.shown.candidate.passage_hash).chain(others)
    }
}

/// Merges candidates with the same passage hash, and nearly equal ones in other versions of the
/// same guide, in the order of the best candidate of each group.
///
/// The shown candidate is of a version in `requested` if there is one, else of the latest version
/// of the best candidate's product. The others are listed, latest version first. `top` is the size
/// of a top score.
pub(crate) fn collapse(
    ranked: Vec<FusedCandidate>,
    requested: &[VersionKey],
    top: f64,
) -> Vec<CollapsedHit> {
    let mut groups = group_by_passage(ranked);
    for group in &mut groups {
        demote_boilerplate(group, top);
    }

    groups.sort_by(|left, right| by_rank(&left[0], &right[0]));
    merge_near_duplicates(groups)
        .into_iter()
        .filter_map(|group| into_hit(group, requested))
        .collect()
}

/// Groups candidates by passage hash, in the order of the first of each group.
fn group_by_passage(ranked: Vec<FusedCandidate>) -> Vec<Vec<FusedCandidate>> {
    let mut group_of = HashMap::new();
    let mut groups: Vec<Vec<FusedCandidate>> = Vec::new();
    for fused in ranked {
        let group = *group_of
            .entry(fused.candidate.passage_hash)
            .or_insert_with(|| {
                groups.push(Vec::new());
                groups.len() - 1
            });
        groups[group].push(fused);
    }

    groups
}

fn demote_boilerplate(group: &mut [FusedCandidate], top: f64) {
    // The first condition avoids cleaning titles for the many small groups.
    if group.len() < BOILERPLATE_GUIDES
        || group.iter().map(guide_of).collect::<BTreeSet<_>>().len() < BOILERPLATE_GUIDES
    {
        return;
    }

    for fused in group {
        fused.score -= BOILERPLATE_PENALTY * top;
        let parts = &mut fused.explanation.parts;
        parts.insert("boilerplate", -BOILERPLATE_PENALTY * top);
    }
}

/// The product and guide of a candidate, the same for all versions of the guide.
fn guide_of(fused: &FusedCandidate) -> (Option<String>, String) {
    let document = &fused.candidate.document;
    let guide = document.facets.guide.as_ref().unwrap_or(&document.title);
    (
        document.facets.product.clone(),
        title_without_version(guide),
    )
}

/// Merges each group into the first group before it that is nearly equal.
fn merge_near_duplicates(groups: Vec<Vec<FusedCandidate>>) -> Vec<Vec<FusedCandidate>> {
    // Near duplicates have the same section hash, so each group is compared with few others.
    let mut by_section: HashMap<u64, Vec<usize>> = HashMap::new();
    let mut merged: Vec<Vec<FusedCandidate>> = Vec::new();
    for group in groups {
        let lead = &group[0].candidate;
        let same_section = by_section.entry(lead.simhash.section()).or_default();
        match same_section
            .iter()
            .find(|other| is_near_duplicate(&merged[**other][0].candidate, lead))
        {
            Some(other) => merged[*other].extend(group),
            None => {
                same_section.push(merged.len());
                merged.push(group);
            }
        }
    }

    merged
}

/// Reports whether the candidates are the same section of two versions of a guide, with a few words
/// changed.
fn is_near_duplicate(left: &Candidate, right: &Candidate) -> bool {
    left.simhash.is_near(right.simhash) && is_counterpart(left, right)
}

/// Reports whether the candidates are in the same section of two versions of a guide.
pub(crate) fn is_counterpart(left: &Candidate, right: &Candidate) -> bool {
    let (left_facets, right_facets) = (&left.document.facets, &right.document.facets);
    let have_different_versions = !left_facets.versions.is_empty()
        && !right_facets.versions.is_empty()
        && !left_facets.versions.iter().any(|version| {
            right_facets
                .versions
                .iter()
                .any(|other| other.key == version.key)
        });

    have_different_versions
        && left_facets.product == right_facets.product
        && left.simhash.section() == right.simhash.section()
        && title_without_version(&left.document.title)
            == title_without_version(&right.document.title)
}

fn into_hit(mut group: Vec<FusedCandidate>, requested: &[VersionKey]) -> Option<CollapsedHit> {
    let best = group.first()?;
    let (score, product) = (best.score, best.candidate.document.facets.product.clone());

    // The sort is stable: candidates of other products stay in the order of their rank. Each key is
    // computed once, and none for the many groups of one.
    group.sort_by_cached_key(|fused| {
        let facets = &fused.candidate.document.facets;
        let newest = facets
            .versions
            .iter()
            .map(|version| version.key.clone())
            .max();

        let is_requested = facets
            .versions
            .iter()
            .any(|version| requested.contains(&version.key));

        Reverse((facets.product == product, is_requested, newest))
    });

    let mut members = group.into_iter();
    let mut shown = members.next()?;
    shown.score = score;

    let passage_hash = shown.candidate.passage_hash;
    let also_in = members
        .map(|fused| Occurrence {
            differs: fused.candidate.passage_hash != passage_hash,
            candidate: fused.candidate,
        })
        .collect();
    Some(CollapsedHit {
        shown,
        also_in,
        rerank_score: None,
        stands_alone: false,
        further: Vec::new(),
    })
}

/// Keeps the best hit of each page, with the next ones under it, and those that stand alone.
pub(crate) fn group_by_page(hits: Vec<CollapsedHit>) -> Vec<CollapsedHit> {
    let mut best_of_page: HashMap<_, usize> = HashMap::new();
    let mut grouped: Vec<CollapsedHit> = Vec::new();
    for hit in hits {
        match best_of_page.entry(page_of(&hit)) {
            Entry::Occupied(best) if !hit.stands_alone => {
                let further = &mut grouped[*best.get()].further;
                if further.len() < MAX_FURTHER {
                    further.push(hit);
                }
            }
            Entry::Occupied(_) => grouped.push(hit),
            Entry::Vacant(entry) => {
                entry.insert(grouped.len());
                grouped.push(hit);
            }
        }
    }

    grouped
}

/// The number of hits that [`group_by_page`] keeps, without those that stand alone.
pub(crate) fn count_pages(hits: &[CollapsedHit]) -> usize {
    hits.iter().map(page_of).collect::<HashSet<_>>().len()
}

fn page_of(hit: &CollapsedHit) -> (SourcePath, PageNumber) {
    let candidate = &hit.shown.candidate;
    (candidate.document.source.clone(), candidate.page)
}

#[cfg(test)]
mod tests;
