//! Counts of the facet values among the passages found.

use std::collections::{BTreeMap, BTreeSet};

use mcdewey_core::{Facet, Facets};

use super::collapse::Collapsed;
use crate::FacetCount;

/// Counts over all hits (not only those shown); most frequent first, then by value.
pub(crate) fn count(hits: &[Collapsed]) -> BTreeMap<String, Vec<FacetCount>> {
    let mut counts: BTreeMap<Facet, BTreeMap<String, usize>> = BTreeMap::new();
    for hit in hits {
        for facet in Facet::ALL {
            for value in values(hit, facet) {
                *counts.entry(facet).or_default().entry(value).or_default() += 1;
            }
        }
    }

    Facet::ALL
        .map(|facet| {
            (
                facet.name().to_owned(),
                sorted(counts.remove(&facet).unwrap_or_default()),
            )
        })
        .into()
}

/// The different values of one passage: it may stand in several releases and guides.
fn values(hit: &Collapsed, facet: Facet) -> BTreeSet<String> {
    let places =
        std::iter::once(&hit.shown.candidate).chain(hit.also_in.iter().map(|also| &also.candidate));
    places
        .flat_map(|place| values_of(&place.document.facets, facet))
        .collect()
}

fn values_of(facets: &Facets, facet: Facet) -> Vec<String> {
    match facet {
        Facet::Vendor => facets.vendor.iter().cloned().collect(),
        Facet::Product => facets.product.iter().cloned().collect(),
        Facet::Guide => facets.guide.iter().cloned().collect(),
        Facet::Version => facets
            .versions
            .iter()
            .map(|version| version.label.clone())
            .collect(),
    }
}

fn sorted(counts: BTreeMap<String, usize>) -> Vec<FacetCount> {
    let mut list: Vec<FacetCount> = counts
        .into_iter()
        .map(|(value, count)| FacetCount { value, count })
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
    use crate::search::collapse::Also;
    use crate::search::fusion::Fused;
    use crate::search::testing::candidate_of;

    #[test]
    fn counts_passages_most_frequent_first() {
        let hit = |id, product, version| Collapsed {
            shown: Fused {
                candidate: candidate_of(id, 1.0, product, version),
                score: 1.0,
                explanation: Default::default(),
            },
            also_in: [
                candidate_of("c::0", 1.0, product, version),
                candidate_of("d::0", 1.0, product, Some("2")),
            ]
            .map(|candidate| Also {
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

        let read = |facet: &str| -> Vec<(String, usize)> {
            counts[facet]
                .iter()
                .map(|one| (one.value.clone(), one.count))
                .collect()
        };

        assert_eq!(read("product"), [("p".to_owned(), 2), ("o".to_owned(), 1)]);
        assert_eq!(read("version"), [("2".to_owned(), 3), ("1".to_owned(), 1)]);
        assert_eq!(read("vendor"), []);
    }
}
