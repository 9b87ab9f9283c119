//! Counts facet values among the hits.

use std::collections::{BTreeMap, HashMap};

use mcdewey_core::{Facet, Facets};

use crate::ranking::collapse::CollapsedHit;

/// The number of hits that have one value of a facet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetCount {
    /// The value.
    pub value: String,
    /// The number of hits.
    pub count: usize,
}

/// Counts the values of all hits, not only of those shown. The most frequent values come first,
/// ties in the order of the values. Every facet is listed, those without a value with an empty
/// list.
pub(crate) fn count(hits: &[CollapsedHit]) -> BTreeMap<Facet, Vec<FacetCount>> {
    Facet::ALL
        .map(|facet| (facet, sorted(&count_values(hits, facet))))
        .into()
}

/// Counts the distinct values of each hit, whose chunk may occur in several versions and guides.
fn count_values(hits: &[CollapsedHit], facet: Facet) -> HashMap<&str, usize> {
    let mut counts = HashMap::new();
    let mut values: Vec<&str> = Vec::new();
    for hit in hits {
        let others = hit.also_in.iter().map(|occurrence| &occurrence.candidate);
        for candidate in std::iter::once(&hit.shown.candidate).chain(others) {
            add_values(&mut values, &candidate.document.facets, facet);
        }

        values.sort_unstable();
        values.dedup();
        for value in values.drain(..) {
            *counts.entry(value).or_default() += 1;
        }
    }

    counts
}

fn add_values<'a>(values: &mut Vec<&'a str>, facets: &'a Facets, facet: Facet) {
    match facet {
        Facet::Vendor => values.extend(facets.vendor.as_deref()),
        Facet::Product => values.extend(facets.product.as_deref()),
        Facet::Guide => values.extend(facets.guide.as_deref()),
        Facet::Version => values.extend(facets.versions.iter().map(|version| &*version.label)),
    }
}

fn sorted(counts: &HashMap<&str, usize>) -> Vec<FacetCount> {
    let mut list: Vec<FacetCount> = counts
        .iter()
        .map(|(value, count)| FacetCount {
            value: (*value).to_owned(),
            count: *count,
        })
        .collect();

    list.sort_by(|left, right| {
        right
            .count
            .cmp(&left.count)
            .then_with(|| left.value.cmp(&right.value))
    });

    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranking::collapse::Occurrence;
    use crate::ranking::fusion::FusedCandidate;
    use crate::testing::candidate_of;

    #[test]
    fn the_most_frequent_values_come_first() {
        let hit = |id, product, version| CollapsedHit {
            rerank_score: None,
            stands_alone: false,
            further: Vec::new(),
            shown: FusedCandidate {
                candidate: candidate_of(id, 1.0, product, version),
                score: 1.0,
                explanation: Default::default(),
            },
            also_in: [
                candidate_of("c::0", 1.0, product, version),
                candidate_of("d::0", 1.0, product, Some("2")),
            ]
            .map(|candidate| Occurrence {
                candidate,
                differs: false,
            })
            .into(),
        };

        let counts = count(&[
            hit("a::0", "p", Some("1")),
            hit("a::1", "p", Some("2")),
            hit("b::0", "o", None),
        ]);

        let counts_of = |facet: Facet| -> Vec<(String, usize)> {
            counts[&facet]
                .iter()
                .map(|one| (one.value.clone(), one.count))
                .collect()
        };

        assert_eq!(
            counts_of(Facet::Product),
            [("p".to_owned(), 2), ("o".to_owned(), 1)]
        );
        assert_eq!(
            counts_of(Facet::Version),
            [("2".to_owned(), 3), ("1".to_owned(), 1)]
        );
        assert_eq!(counts_of(Facet::Vendor), []);
    }
}
