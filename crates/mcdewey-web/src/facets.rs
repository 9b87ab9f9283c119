//! Filters on the search page: the active ones with a link that removes them, and the available
//! ones with counts.

use std::collections::BTreeMap;

use mcdewey_core::Facet;
use mcdewey_search::{FacetCount, SearchRequest};

use super::site::Site;

/// Values of a facet that are visible at once; the rest is collapsed.
const MAX_VISIBLE_VALUES: usize = 8;

/// An active filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FilterChip {
    pub(super) name: &'static str,
    pub(super) value: String,
    /// The same search without this filter.
    pub(super) remove_url: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FacetGroup {
    pub(super) name: &'static str,
    pub(super) visible: Vec<FacetValue>,
    pub(super) collapsed: Vec<FacetValue>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FacetValue {
    pub(super) value: String,
    pub(super) count: usize,
    /// The same search limited to this value.
    pub(super) href: String,
}

/// The active filters of a request.
pub(super) fn chips(site: &Site, request: &SearchRequest) -> Vec<FilterChip> {
    let mut chips = Vec::new();
    for (name, values_of) in LIST_FILTERS {
        for value in values_of(&mut request.clone()).iter() {
            let mut without = first_page(request);
            values_of(&mut without).retain(|other| other != value);
            chips.push(FilterChip {
                name,
                value: value.clone(),
                remove_url: site.search(&without),
            });
        }
    }

    if let Some(version) = &request.version {
        let without = SearchRequest {
            version: None,
            strict: false,
            ..first_page(request)
        };

        chips.push(FilterChip {
            name: "Version",
            value: version.clone(),
            remove_url: site.search(&without),
        });
    }

    if request.strict {
        let without = SearchRequest {
            strict: false,
            ..first_page(request)
        };

        chips.push(FilterChip {
            name: "Only",
            value: "with a version".to_owned(),
            remove_url: site.search(&without),
        });
    }

    chips
}

/// The facets that can narrow the results: those with more than one value.
pub(super) fn groups(
    site: &Site,
    request: &SearchRequest,
    facets: &BTreeMap<Facet, Vec<FacetCount>>,
) -> Vec<FacetGroup> {
    let mut groups = Vec::new();
    for facet in Facet::ALL {
        let Some(counts) = facets.get(&facet).filter(|counts| counts.len() > 1) else {
            continue;
        };

        let mut visible: Vec<FacetValue> = counts
            .iter()
            .map(|FacetCount { value, count }| FacetValue {
                value: value.clone(),
                count: *count,
                href: site.search(&with_filter(request, facet, value)),
            })
            .collect();

        let collapsed = visible.split_off(visible.len().min(MAX_VISIBLE_VALUES));
        groups.push(FacetGroup {
            name: label(facet),
            visible,
            collapsed,
        });
    }

    groups
}

fn label(facet: Facet) -> &'static str {
    match facet {
        Facet::Vendor => "Vendor",
        Facet::Product => "Product",
        Facet::Version => "Version",
        Facet::Guide => "Guide",
    }
}

fn with_filter(request: &SearchRequest, facet: Facet, value: &str) -> SearchRequest {
    let mut request = first_page(request);
    let values = vec![value.to_owned()];
    match facet {
        Facet::Vendor => request.vendor = values,
        Facet::Product => request.product = values,
        Facet::Version => request.version = Some(value.to_owned()),
        Facet::Guide => request.guide = values,
    }

    request
}

/// The request without its cursor, which is only valid for the exact search it came from.
fn first_page(request: &SearchRequest) -> SearchRequest {
    SearchRequest {
        cursor: None,
        ..request.clone()
    }
}

type FilterValues = fn(&mut SearchRequest) -> &mut Vec<String>;

const LIST_FILTERS: [(&str, FilterValues); 4] = [
    ("Vendor", |request| &mut request.vendor),
    ("Product", |request| &mut request.product),
    ("Guide", |request| &mut request.guide),
    ("Document", |request| &mut request.source),
];
