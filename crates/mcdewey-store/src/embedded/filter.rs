//! A scope as the engine's filter over the payload of points. It may let too much through, never too little: each hit
//! is compared with the scope itself afterwards.

use std::collections::BTreeMap;

use mcdewey_core::{DocumentMeta, Scope, VersionFilter, VersionTerm, Visibility};
use qdrant_edge::external::serde_json::{Map, Value};
use qdrant_edge::{Condition, FieldCondition, Filter, JsonPath, Match};

/// The payload fields that filters ask for, all of them keywords.
pub(super) const FIELDS: [&str; 5] = [SOURCE, VENDOR, PRODUCT, VERSION, GUIDE];

const SOURCE: &str = "source";
const VENDOR: &str = "vendor";
const PRODUCT: &str = "product";
const VERSION: &str = "version";
const GUIDE: &str = "guide";

/// The releases of a document without releases; no canonical form has brackets.
const UNVERSIONED: &str = "[unversioned]";

/// The payload of a document's points.
pub(super) fn payload(document: &DocumentMeta) -> Map<String, Value> {
    let facets = &document.facets;
    let mut payload = Map::new();
    let mut put = |field: &str, value: Value| payload.insert(field.to_owned(), value);
    put(SOURCE, document.source.as_str().into());
    for (field, value) in [(VENDOR, &facets.vendor), (PRODUCT, &facets.product), (GUIDE, &facets.guide)] {
        if let Some(value) = value {
            put(field, value.as_str().into());
        }
    }
    if let Some(lang) = &facets.lang {
        put("lang", lang.as_str().into());
    }
    let releases: Vec<Value> = facets.versions.iter().map(|version| version.key.to_string().into()).collect();
    put(VERSION, if releases.is_empty() { UNVERSIONED.into() } else { releases.into() });
    payload
}

/// What a scope lets the engine look at.
#[derive(Debug)]
pub(super) enum Reach {
    /// The scope is empty whatever the library holds.
    Nothing,
    /// Points that pass; `None` means all.
    Points(Option<Filter>),
}

/// The filter of a scope.
pub(super) fn reach(scope: &Scope) -> Reach {
    let mut must = Vec::new();
    let asked = &scope.filter;
    let sources: Vec<String> = asked.source.iter().map(|source| source.as_str().to_owned()).collect();
    let lists = [(VENDOR, &asked.vendor), (PRODUCT, &asked.product), (GUIDE, &asked.guide), (SOURCE, &sources)];
    must.extend(
        lists.into_iter().filter(|(_, values)| !values.is_empty()).map(|(field, values)| any(field, values.clone())),
    );
    match &asked.version {
        VersionFilter::Any => {}
        VersionFilter::OneOf(terms) if terms.is_empty() => return Reach::Nothing,
        VersionFilter::OneOf(terms) => must.push(one_of(releases(terms))),
        VersionFilter::Unversioned => must.push(any(VERSION, vec![UNVERSIONED.to_owned()])),
    }
    if let Visibility::Only { vendors, products } = &scope.visibility {
        let lists = [(VENDOR, vendors), (PRODUCT, products)];
        let allowed: Vec<Condition> = lists
            .into_iter()
            .filter(|(_, values)| !values.is_empty())
            .map(|(field, values)| any(field, values.clone()))
            .collect();
        if allowed.is_empty() {
            return Reach::Nothing;
        }
        must.push(one_of(allowed));
    }
    Reach::Points((!must.is_empty()).then(|| Filter { must: Some(must), ..Filter::new() }))
}

/// One condition for each product named and one for the releases of any product.
fn releases(terms: &[VersionTerm]) -> Vec<Condition> {
    let mut by_product: BTreeMap<Option<&String>, Vec<String>> = BTreeMap::new();
    for term in terms {
        by_product.entry(term.product.as_ref()).or_default().push(term.key.to_string());
    }
    let condition = |(product, keys): (Option<&String>, Vec<String>)| {
        let release = any(VERSION, keys);
        match product {
            None => release,
            Some(product) => {
                let must = Some(vec![any(PRODUCT, vec![product.clone()]), release]);
                Condition::Filter(Filter { must, ..Filter::new() })
            }
        }
    };
    by_product.into_iter().map(condition).collect()
}

fn any(field: &str, values: Vec<String>) -> Condition {
    Condition::Field(FieldCondition::new_match(path(field), Match::from(values)))
}

/// The place of a field in the payload.
pub(super) fn path(field: &str) -> JsonPath {
    JsonPath { first_key: field.to_owned(), rest: Vec::new() }
}

fn one_of(conditions: Vec<Condition>) -> Condition {
    Condition::Filter(Filter { should: Some(conditions), ..Filter::new() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use mcdewey_core::Filter as Asked;
    use mcdewey_core::testing::{SampleDocument, index_suite::embedder};

    fn scope(filter: Asked) -> Scope {
        Scope { filter, visibility: Visibility::Everything }
    }

    #[test]
    fn the_payload_names_releases_in_canonical_form() {
        let document = SampleDocument::new("a.md").product("finesse").version("v12.5").version("Release 15.0");
        let payload = payload(&document.build(&embedder()).meta);
        assert_eq!(payload[VERSION], Value::from(vec!["12.5", "15"]));
        assert_eq!(payload[PRODUCT], Value::from("finesse"));
        assert!(!payload.contains_key(VENDOR));
    }

    #[test]
    fn documents_without_releases_say_so() {
        let payload = payload(&SampleDocument::new("a.md").build(&embedder()).meta);
        assert_eq!(payload[VERSION], Value::from(UNVERSIONED));
        assert!(UNVERSIONED.parse::<mcdewey_core::VersionKey>().is_ok_and(|key| key.to_string() != UNVERSIONED));
    }

    #[test]
    fn the_whole_library_needs_no_filter() {
        assert!(matches!(reach(&Scope::everything()), Reach::Points(None)));
    }

    #[test]
    fn empty_alternatives_reach_nothing() {
        let nothing = scope(Asked { version: VersionFilter::OneOf(Vec::new()), ..Asked::default() });
        assert!(matches!(reach(&nothing), Reach::Nothing));
        let visibility = Visibility::Only { vendors: Vec::new(), products: Vec::new() };
        assert!(matches!(reach(&Scope { filter: Asked::default(), visibility }), Reach::Nothing));
    }
}
