//! Resolves filters as people write them to the values of the documents. A value that the library
//! does not have is an error that lists the values it has.

use mcdewey_core::{
    Facet, Facets, Filter, Version, VersionFilter, VersionKey, VersionScheme, VersionSelector,
    VersionTerm,
};

use crate::library::view::LibraryView;
use crate::question::analysis::resolve_products;
use crate::{QueryError, SearchRequest};

/// Resolves the filter of a request.
pub(crate) fn resolve_filter(
    request: &SearchRequest,
    view: &LibraryView,
) -> Result<Filter, QueryError> {
    let vendor = facet(&request.vendor, Facet::Vendor, view, |facets| {
        facets.vendor.as_ref()
    })?;
    let guide = facet(&request.guide, Facet::Guide, view, |facets| {
        facets.guide.as_ref()
    })?;
    let product = products(&request.product, view)?;
    let mut filter = Filter {
        vendor,
        product,
        guide,
        ..Filter::default()
    };

    for source in &request.source {
        let document = view
            .documents
            .iter()
            .find(|document| document.meta.source.as_str() == source)
            .ok_or_else(|| {
                QueryError::NotFound(format!(
                    "no document {source:?} in this library; see /api/v1/library"
                ))
            })?;

        filter.source.push(document.meta.source.clone());
    }

    if let Some(text) = request
        .version
        .as_deref()
        .filter(|text| !text.trim().is_empty() && !is_any(text))
    {
        filter.version = version_filter(text, &filter, view)?;
    }

    Ok(filter)
}

/// Reports whether a version filter lets every release pass, also if the question names one.
fn is_any(text: &str) -> bool {
    text.trim().eq_ignore_ascii_case("any")
}

/// Returns the values of one facet as the library spells them.
fn facet<'a>(
    requested: &[String],
    facet: Facet,
    view: &'a LibraryView,
    value_of: impl Fn(&'a Facets) -> Option<&'a String>,
) -> Result<Vec<String>, QueryError> {
    let mut known: Vec<&String> = view
        .documents
        .iter()
        .filter_map(|document| value_of(&document.meta.facets))
        .collect();

    known.sort();
    known.dedup();

    let mut found = Vec::new();
    for value in requested {
        match known
            .iter()
            .find(|known| known.eq_ignore_ascii_case(value.trim()))
        {
            Some(known) => found.push((*known).clone()),
            None => return Err(unknown(facet, value, known.into_iter().cloned().collect())),
        }
    }

    Ok(found)
}

fn products(requested: &[String], view: &LibraryView) -> Result<Vec<String>, QueryError> {
    let known: Vec<String> = view
        .products()
        .filter_map(|(product, _)| product.map(str::to_owned))
        .collect();

    let mut found: Vec<String> = Vec::new();
    for value in requested {
        let mut products: Vec<String> = known
            .iter()
            .filter(|product| product.eq_ignore_ascii_case(value.trim()))
            .cloned()
            .collect();

        if products.is_empty() {
            products = resolve_products(value, &view.description);
        }

        if products.is_empty() {
            return Err(unknown(Facet::Product, value, known));
        }

        products.retain(|product| !found.contains(product));
        found.extend(products);
    }

    Ok(found)
}

fn unknown(facet: Facet, asked: &str, known: Vec<String>) -> QueryError {
    QueryError::UnknownFacet {
        facet: facet.name(),
        asked: asked.to_owned(),
        known,
    }
}

/// Resolves version selectors, separated by commas, among the documents that the rest of the filter
/// accepts.
fn version_filter(
    text: &str,
    rest: &Filter,
    view: &LibraryView,
) -> Result<VersionFilter, QueryError> {
    let alternatives: Vec<&str> = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();

    if alternatives.is_empty() {
        return Err(QueryError::InvalidRequest(format!(
            "{text:?} contains no version; write it as 12.5 or latest"
        )));
    }

    let mut terms = Vec::new();
    for alternative in alternatives {
        terms.extend(version_terms(alternative, rest, view)?);
    }

    terms.sort();
    terms.dedup();
    Ok(VersionFilter::OneOf(terms))
}

/// Resolves one version selector among the documents that the rest of the filter accepts.
fn version_terms(
    text: &str,
    rest: &Filter,
    view: &LibraryView,
) -> Result<Vec<VersionTerm>, QueryError> {
    let mut terms = Vec::new();
    let mut known = Vec::new();

    let mut last_error = None;
    for (product, versions) in view.products() {
        let available = available_versions(product, versions, rest, view);
        known.extend(
            available
                .iter()
                .map(|version| format!("{} {}", product.unwrap_or("(no product)"), version.label)),
        );

        match select(text, &available, view.scheme(product)) {
            Ok(keys) => terms.extend(keys.into_iter().map(|key| VersionTerm {
                product: product.map(str::to_owned),
                key,
            })),
            Err(error) => last_error = Some(error),
        }
    }

    match (terms.is_empty(), last_error) {
        (false, _) => Ok(terms),
        (true, Some(error)) => Err(error),
        // If no document has a version, no version is unknown: the search then returns the
        // documents without a version, separately from the hits.
        (true, None) if known.is_empty() => Ok(terms),
        (true, None) => Err(QueryError::UnknownVersion {
            asked: text.to_owned(),
            known,
        }),
    }
}

fn select(
    text: &str,
    known: &[Version],
    scheme: &VersionScheme,
) -> Result<Vec<VersionKey>, QueryError> {
    let selector = VersionSelector::parse(text, scheme)?;
    Ok(selector
        .select(known)
        .into_iter()
        .map(|version| version.key.clone())
        .collect())
}

/// Returns the versions of a product that have documents within the filter.
fn available_versions(
    product: Option<&str>,
    versions: &[Version],
    rest: &Filter,
    view: &LibraryView,
) -> Vec<Version> {
    let documents: Vec<_> = view
        .documents
        .iter()
        .map(|document| &document.meta)
        .filter(|meta| meta.facets.product.as_deref() == product && rest.matches(meta))
        .collect();

    versions
        .iter()
        .filter(|version| {
            documents.iter().any(|meta| {
                meta.facets
                    .versions
                    .iter()
                    .any(|other| other.key == version.key)
            })
        })
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{sample_view, view_of};

    fn resolved(product: &[&str], version: &str) -> Result<Filter, QueryError> {
        let product = product.iter().map(|text| (*text).to_owned()).collect();
        resolve_filter(
            &SearchRequest {
                product,
                version: Some(version.to_owned()),
                ..SearchRequest::default()
            },
            &sample_view(),
        )
    }

    fn terms(product: &[&str], version: &str) -> Vec<String> {
        let VersionFilter::OneOf(terms) = resolved(product, version).unwrap().version else {
            panic!("no version filter")
        };

        terms
            .iter()
            .map(|term| format!("{} {}", term.product.as_deref().unwrap_or("-"), term.key))
            .collect()
    }

    #[test]
    fn versions_are_resolved_for_each_product() {
        assert_eq!(terms(&[], "latest"), ["finesse 15", "uccx 12.5.1"]);
        assert_eq!(terms(&["finesse"], "v12.5"), ["finesse 12.5"]);
        assert_eq!(terms(&["CCX"], "12.5.*"), ["finesse 12.5", "uccx 12.5.1"]);
        assert_eq!(terms(&["finesse"], "125"), ["finesse 12.5"]);
    }

    #[test]
    fn a_filter_finds_labels_with_and_without_their_prefix() {
        let view = view_of(&[
            ("box", "FW1.23"),
            ("box", "R12.1SP2"),
            ("box", "ONTAP-9.14.1"),
            ("box", "1.0.0+build5"),
            ("box", "2.x"),
        ]);

        for (version, key) in [
            ("1.23", "1.23"),
            ("FW1.23", "1.23"),
            ("12.1SP2", "12.1sp2"),
            ("r12.1 sp2", "12.1sp2"),
            ("9.14.1", "9.14.1"),
            ("ONTAP-9.14.1", "9.14.1"),
            ("1.0.0", "1build5"),
            ("2.x", "2"),
            ("latest", "12.1sp2"),
        ] {
            let request = SearchRequest {
                version: Some(version.to_owned()),
                ..SearchRequest::default()
            };
            let VersionFilter::OneOf(terms) = resolve_filter(&request, &view).unwrap().version
            else {
                panic!("no version filter")
            };

            let keys: Vec<String> = terms.iter().map(|term| term.key.to_string()).collect();
            assert_eq!(keys, [key], "{version}");
        }
    }

    #[test]
    fn an_unknown_version_lists_the_known_ones() {
        let Err(QueryError::UnknownVersion { known, .. }) = resolved(&["finesse"], "16.0") else {
            panic!("accepted")
        };
        assert_eq!(known, ["finesse v12.5", "finesse v15.0"]);
        assert!(matches!(
            resolved(&["uccx"], "v15.0"),
            Err(QueryError::UnknownVersion { .. })
        ));

        let Err(QueryError::UnknownVersion { asked, .. }) = resolved(&["finesse"], "12.5, 99")
        else {
            panic!("accepted")
        };
        assert_eq!(asked, "99");
        for bad in [">=", ",", "()"] {
            assert!(
                matches!(resolved(&[], bad), Err(QueryError::InvalidRequest(_))),
                "{bad}"
            );
        }
    }

    #[test]
    fn latest_can_be_one_of_several_alternatives() {
        assert_eq!(
            terms(&["finesse"], "12.5, latest"),
            ["finesse 12.5", "finesse 15"]
        );
    }

    #[test]
    fn no_version_is_unknown_if_no_document_has_one() {
        assert_eq!(terms(&["cucm"], "latest"), Vec::<String>::new());
    }

    #[test]
    fn an_unknown_product_lists_the_known_ones() {
        let Err(QueryError::UnknownFacet { facet, known, .. }) = resolved(&["avaya"], "latest")
        else {
            panic!("accepted")
        };

        assert_eq!(
            (facet, known.join(" ").as_str()),
            ("product", "cucm finesse uccx")
        );
    }
}
