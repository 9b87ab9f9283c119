//! Filters on the search page: what is set, with a way to take it off, and what could be set, with counts.

use super::site::Site;
use crate::{SearchAnswer, SearchRequest};

/// Values of one facet that are shown at once; the others are one click away.
const SHOWN: usize = 8;

/// A filter that is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chip {
    pub(super) name: &'static str,
    pub(super) value: String,
    /// The same search without it.
    pub(super) without: String,
}

/// One facet with values to choose from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FacetGroup {
    pub(super) name: &'static str,
    pub(super) values: Vec<FacetValue>,
    pub(super) more: Vec<FacetValue>,
}

/// A value to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FacetValue {
    pub(super) value: String,
    pub(super) count: usize,
    /// The same search with it.
    pub(super) href: String,
}

/// The filters of a request.
pub(super) fn chips(site: &Site, request: &SearchRequest) -> Vec<Chip> {
    let mut chips = Vec::new();
    for (name, list) in LISTS {
        for value in list(&mut request.clone()).iter() {
            let mut without = first_page(request);
            list(&mut without).retain(|other| other != value);
            chips.push(Chip {
                name,
                value: value.clone(),
                without: site.search(&without),
            });
        }
    }

    if let Some(version) = &request.version {
        let without = SearchRequest {
            version: None,
            strict: false,
            ..first_page(request)
        };

        chips.push(Chip {
            name: "Version",
            value: version.clone(),
            without: site.search(&without),
        });
    }

    if request.strict {
        let without = SearchRequest {
            strict: false,
            ..first_page(request)
        };

        chips.push(Chip {
            name: "Only",
            value: "tied to a release".to_owned(),
            without: site.search(&without),
        });
    }

    chips
}

/// What the hits can be narrowed down by: facets with one value, or chosen already, would narrow nothing.
pub(super) fn groups(
    site: &Site,
    request: &SearchRequest,
    answer: &SearchAnswer,
) -> Vec<FacetGroup> {
    let mut groups = Vec::new();
    for (name, key) in [
        ("Vendor", "vendor"),
        ("Product", "product"),
        ("Version", "version"),
        ("Guide", "guide"),
    ] {
        let Some(counts) = answer.facets.get(key).filter(|counts| counts.len() > 1) else {
            continue;
        };

        let value = |one: &crate::FacetCount| FacetValue {
            value: one.value.clone(),
            count: one.count,
            href: site.search(&chosen(request, key, &one.value)),
        };

        let mut values: Vec<FacetValue> = counts.iter().map(value).collect();
        let more = values.split_off(values.len().min(SHOWN));
        groups.push(FacetGroup { name, values, more });
    }

    groups
}

fn chosen(request: &SearchRequest, key: &str, value: &str) -> SearchRequest {
    let mut request = first_page(request);
    let values = vec![value.to_owned()];
    match key {
        "vendor" => request.vendor = values,
        "product" => request.product = values,
        "guide" => request.guide = values,
        _ => request.version = Some(value.to_owned()),
    }

    request
}

/// A cursor holds for one search only.
fn first_page(request: &SearchRequest) -> SearchRequest {
    SearchRequest {
        cursor: None,
        ..request.clone()
    }
}

type List = fn(&mut SearchRequest) -> &mut Vec<String>;

const LISTS: [(&str, List); 4] = [
    ("Vendor", |request| &mut request.vendor),
    ("Product", |request| &mut request.product),
    ("Guide", |request| &mut request.guide),
    ("Document", |request| &mut request.source),
];
