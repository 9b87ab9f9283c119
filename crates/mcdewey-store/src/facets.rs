//! The payload fields by which points are filtered, and the conversion of a scope to conditions on
//! them. The conditions may match too many points but never too few: each hit is compared with the
//! scope itself afterwards.

use std::collections::BTreeMap;

use mcdewey_core::{DocumentMeta, Scope, VersionFilter, VersionTerm, Visibility};
use serde_json::{Map, Value};

/// The payload fields that appear in filters, all of them keywords.
pub(crate) const FIELDS: [&str; 5] = [SOURCE, VENDOR, PRODUCT, VERSION, GUIDE];

pub(crate) const SOURCE: &str = "source";
const VENDOR: &str = "vendor";
const PRODUCT: &str = "product";
const VERSION: &str = "version";
const GUIDE: &str = "guide";

/// Stored instead of versions for a document without any. No canonical form of a version has
/// brackets.
const UNVERSIONED: &str = "[unversioned]";

/// The part of a chunk's payload that comes from its document.
pub(crate) fn payload(document: &DocumentMeta) -> Map<String, Value> {
    let facets = &document.facets;
    let mut payload = Map::new();
    let mut put = |field: &str, value: Value| payload.insert(field.to_owned(), value);
    put(SOURCE, document.source.as_str().into());

    for (field, value) in [
        (VENDOR, &facets.vendor),
        (PRODUCT, &facets.product),
        (GUIDE, &facets.guide),
    ] {
        if let Some(value) = value {
            put(field, value.as_str().into());
        }
    }

    if let Some(lang) = &facets.lang {
        put("lang", lang.as_str().into());
    }

    let versions: Vec<Value> = facets
        .versions
        .iter()
        .map(|version| version.key.to_string().into())
        .collect();

    put(
        VERSION,
        if versions.is_empty() {
            UNVERSIONED.into()
        } else {
            versions.into()
        },
    );

    payload
}

/// The part of a scope that the engine can filter by.
#[derive(Debug)]
pub(crate) enum PushdownFilter {
    /// The scope is empty, whatever the library holds.
    Nothing,
    /// The scope contains only points that match all clauses.
    Points(Vec<Clause>),
}

/// A condition on a point's payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Clause {
    /// The field has one of these values.
    OneOf(&'static str, Vec<String>),
    /// At least one of these groups matches; a group matches if all its clauses do.
    Any(Vec<Vec<Clause>>),
}

/// Converts a scope to conditions.
pub(crate) fn pushdown_filter(scope: &Scope) -> PushdownFilter {
    let filter = &scope.filter;
    let sources: Vec<String> = filter
        .source
        .iter()
        .map(|source| source.as_str().to_owned())
        .collect();

    let lists = [
        (VENDOR, &filter.vendor),
        (PRODUCT, &filter.product),
        (GUIDE, &filter.guide),
        (SOURCE, &sources),
    ];

    let mut must = one_of_each(&lists);
    match &filter.version {
        VersionFilter::Any => {}
        VersionFilter::OneOf(terms) if terms.is_empty() => return PushdownFilter::Nothing,
        VersionFilter::OneOf(terms) => must.push(Clause::Any(version_groups(terms))),
        VersionFilter::Unversioned => {
            must.push(Clause::OneOf(VERSION, vec![UNVERSIONED.to_owned()]))
        }
    }

    if let Visibility::Only { vendors, products } = &scope.visibility {
        let allowed = one_of_each(&[(VENDOR, vendors), (PRODUCT, products)]);
        if allowed.is_empty() {
            return PushdownFilter::Nothing;
        }
        must.push(Clause::Any(
            allowed.into_iter().map(|clause| vec![clause]).collect(),
        ));
    }

    PushdownFilter::Points(must)
}

/// Returns a clause for each list that is not empty.
fn one_of_each(lists: &[(&'static str, &Vec<String>)]) -> Vec<Clause> {
    lists
        .iter()
        .filter(|(_, values)| !values.is_empty())
        .map(|(field, values)| Clause::OneOf(field, (*values).clone()))
        .collect()
}

/// Returns one group for each product that the terms name, and one for versions of any product.
fn version_groups(terms: &[VersionTerm]) -> Vec<Vec<Clause>> {
    let mut by_product: BTreeMap<Option<&String>, Vec<String>> = BTreeMap::new();
    for term in terms {
        by_product
            .entry(term.product.as_ref())
            .or_default()
            .push(term.key.to_string());
    }

    by_product
        .into_iter()
        .map(|(product, keys)| {
            let product = product.map(|product| Clause::OneOf(PRODUCT, vec![product.clone()]));
            product
                .into_iter()
                .chain([Clause::OneOf(VERSION, keys)])
                .collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mcdewey_core::Filter;
    use mcdewey_core::testing::{SampleDocument, index_suite::embedder};

    fn scope(filter: Filter) -> Scope {
        Scope {
            filter,
            visibility: Visibility::Everything,
        }
    }

    #[test]
    fn the_payload_has_versions_in_canonical_form() {
        let document = SampleDocument::new("a.md")
            .product("finesse")
            .version("v12.5")
            .version("Release 15.0");
        let payload = payload(&document.build(&embedder()).meta);
        assert_eq!(payload[VERSION], Value::from(vec!["12.5", "15"]));
        assert_eq!(payload[PRODUCT], Value::from("finesse"));
        assert!(!payload.contains_key(VENDOR));
    }

    #[test]
    fn documents_without_versions_are_marked() {
        let payload = payload(&SampleDocument::new("a.md").build(&embedder()).meta);
        assert_eq!(payload[VERSION], Value::from(UNVERSIONED));
        assert!(
            UNVERSIONED
                .parse::<mcdewey_core::VersionKey>()
                .is_ok_and(|key| key.to_string() != UNVERSIONED)
        );
    }

    #[test]
    fn the_whole_library_needs_no_condition() {
        let PushdownFilter::Points(clauses) = pushdown_filter(&Scope::everything()) else {
            panic!("the filter matches nothing")
        };
        assert_eq!(clauses, []);
    }

    #[test]
    fn empty_alternatives_match_nothing() {
        let nothing = scope(Filter {
            version: VersionFilter::OneOf(Vec::new()),
            ..Filter::default()
        });
        assert!(matches!(pushdown_filter(&nothing), PushdownFilter::Nothing));
        let visibility = Visibility::Only {
            vendors: Vec::new(),
            products: Vec::new(),
        };

        assert!(matches!(
            pushdown_filter(&Scope {
                filter: Filter::default(),
                visibility
            }),
            PushdownFilter::Nothing
        ));
    }

    #[test]
    fn versions_of_a_product_are_a_group_of_their_own() {
        let term = |product: Option<&str>, version: &str| VersionTerm {
            product: product.map(str::to_owned),
            key: version.parse().unwrap(),
        };

        let terms = vec![
            term(None, "12.5"),
            term(Some("kafka"), "3.9"),
            term(Some("kafka"), "4.0"),
        ];

        let filter = Filter {
            version: VersionFilter::OneOf(terms),
            ..Filter::default()
        };

        let PushdownFilter::Points(clauses) = pushdown_filter(&scope(filter)) else {
            panic!("the filter matches nothing")
        };

        let one_of = |field, values: &[&str]| {
            Clause::OneOf(field, values.iter().map(|v| (*v).to_owned()).collect())
        };
        let any = vec![one_of(VERSION, &["12.5"])];
        let kafka = vec![one_of(PRODUCT, &["kafka"]), one_of(VERSION, &["3.9", "4"])];
        assert_eq!(clauses, [Clause::Any(vec![any, kafka])]);
    }
}
