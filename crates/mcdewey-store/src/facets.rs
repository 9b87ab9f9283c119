//! What points carry to be filtered by, and a scope as conditions over it. The conditions may let too much through,
//! never too little: each hit is compared with the scope itself afterwards.

use std::collections::BTreeMap;

use mcdewey_core::{DocumentMeta, Scope, VersionFilter, VersionTerm, Visibility};
use serde_json::{Map, Value};

/// The payload fields that filters ask for, all of them keywords.
pub(crate) const FIELDS: [&str; 5] = [SOURCE, VENDOR, PRODUCT, VERSION, GUIDE];

pub(crate) const SOURCE: &str = "source";
const VENDOR: &str = "vendor";
const PRODUCT: &str = "product";
const VERSION: &str = "version";
const GUIDE: &str = "guide";

/// The releases of a document without releases; no canonical form has brackets.
const UNVERSIONED: &str = "[unversioned]";

/// The payload of a document's points.
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

    let releases: Vec<Value> = facets
        .versions
        .iter()
        .map(|version| version.key.to_string().into())
        .collect();

    put(
        VERSION,
        if releases.is_empty() {
            UNVERSIONED.into()
        } else {
            releases.into()
        },
    );

    payload
}

/// What a scope lets the engine look at.
#[derive(Debug)]
pub(crate) enum PushdownFilter {
    /// The scope is empty whatever the library holds.
    Nothing,
    /// Points for which all clauses hold.
    Points(Vec<Clause>),
}

/// A condition on a point's payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Clause {
    /// The field has one of these values.
    OneOf(&'static str, Vec<String>),
    /// One of these groups holds, all of its clauses together.
    Any(Vec<Vec<Clause>>),
}

/// The conditions of a scope.
pub(crate) fn reach(scope: &Scope) -> PushdownFilter {
    let asked = &scope.filter;
    let sources: Vec<String> = asked
        .source
        .iter()
        .map(|source| source.as_str().to_owned())
        .collect();

    let lists = [
        (VENDOR, &asked.vendor),
        (PRODUCT, &asked.product),
        (GUIDE, &asked.guide),
        (SOURCE, &sources),
    ];

    let mut must = one_of_each(&lists);
    match &asked.version {
        VersionFilter::Any => {}
        VersionFilter::OneOf(terms) if terms.is_empty() => return PushdownFilter::Nothing,
        VersionFilter::OneOf(terms) => must.push(Clause::Any(releases(terms))),
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

/// A clause for each list that names something.
fn one_of_each(lists: &[(&'static str, &Vec<String>)]) -> Vec<Clause> {
    let named = lists.iter().filter(|(_, values)| !values.is_empty());
    named
        .map(|(field, values)| Clause::OneOf(field, (*values).clone()))
        .collect()
}

/// One group for each product named and one for the releases of any product.
fn releases(terms: &[VersionTerm]) -> Vec<Vec<Clause>> {
    let mut by_product: BTreeMap<Option<&String>, Vec<String>> = BTreeMap::new();
    for term in terms {
        by_product
            .entry(term.product.as_ref())
            .or_default()
            .push(term.key.to_string());
    }

    let group = |(product, keys): (Option<&String>, Vec<String>)| {
        let product = product.map(|product| Clause::OneOf(PRODUCT, vec![product.clone()]));
        product
            .into_iter()
            .chain([Clause::OneOf(VERSION, keys)])
            .collect()
    };

    by_product.into_iter().map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mcdewey_core::Filter as Asked;
    use mcdewey_core::testing::{SampleDocument, index_suite::embedder};

    fn scope(filter: Asked) -> Scope {
        Scope {
            filter,
            visibility: Visibility::Everything,
        }
    }

    #[test]
    fn the_payload_names_releases_in_canonical_form() {
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
    fn documents_without_releases_say_so() {
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
        assert!(
            matches!(reach(&Scope::everything()), PushdownFilter::Points(clauses) if clauses.is_empty())
        );
    }

    #[test]
    fn empty_alternatives_reach_nothing() {
        let nothing = scope(Asked {
            version: VersionFilter::OneOf(Vec::new()),
            ..Asked::default()
        });
        assert!(matches!(reach(&nothing), PushdownFilter::Nothing));
        let visibility = Visibility::Only {
            vendors: Vec::new(),
            products: Vec::new(),
        };

        assert!(matches!(
            reach(&Scope {
                filter: Asked::default(),
                visibility
            }),
            PushdownFilter::Nothing
        ));
    }

    #[test]
    fn a_release_of_a_product_is_a_group_of_its_own() {
        let term = |product: Option<&str>, release: &str| VersionTerm {
            product: product.map(str::to_owned),
            key: release.parse().unwrap(),
        };

        let terms = vec![
            term(None, "12.5"),
            term(Some("kafka"), "3.9"),
            term(Some("kafka"), "4.0"),
        ];

        let asked = Asked {
            version: VersionFilter::OneOf(terms),
            ..Asked::default()
        };

        let PushdownFilter::Points(clauses) = reach(&scope(asked)) else {
            panic!("something is reached")
        };

        let one_of = |field, values: &[&str]| {
            Clause::OneOf(field, values.iter().map(|v| (*v).to_owned()).collect())
        };
        let any = vec![one_of(VERSION, &["12.5"])];
        let kafka = vec![one_of(PRODUCT, &["kafka"]), one_of(VERSION, &["3.9", "4"])];
        assert_eq!(clauses, [Clause::Any(vec![any, kafka])]);
    }
}
