//! From what people write into filters to what documents carry; what the library does not know is an error that says
//! what it does know.

use mcdewey_core::{
    Facet, Facets, Filter, Version, VersionFilter, VersionKey, VersionScheme, VersionSelector,
    VersionTerm,
};

use super::aliases::products_meant;
use crate::view::LibraryView;
use crate::{QueryError, SearchRequest};

/// The filter a request means.
pub(crate) fn filter(request: &SearchRequest, view: &LibraryView) -> Result<Filter, QueryError> {
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
        let known = view
            .documents
            .iter()
            .find(|document| document.meta.source.as_str() == source);

        let Some(document) = known else {
            return Err(QueryError::NotFound(format!(
                "no document {source:?} in this library; see /api/v1/library"
            )));
        };

        filter.source.push(document.meta.source.clone());
    }

    if let Some(text) = request
        .version
        .as_deref()
        .filter(|text| !text.trim().is_empty())
    {
        let mut terms = Vec::new();
        for alternative in text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            terms.extend(versions(alternative, &filter, view)?);
        }

        if text.split(',').all(|part| part.trim().is_empty()) {
            return Err(QueryError::InvalidRequest(format!(
                "{text:?} names no version; write it as 12.5 or latest"
            )));
        }

        terms.sort();
        terms.dedup();
        filter.version = VersionFilter::OneOf(terms);
    }

    Ok(filter)
}

/// The values of one facet, in the library's own spelling.
fn facet<'a>(
    wanted: &[String],
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
    for asked in wanted {
        match known
            .iter()
            .find(|value| value.eq_ignore_ascii_case(asked.trim()))
        {
            Some(value) => found.push((*value).clone()),
            None => return Err(unknown(facet, asked, known.into_iter().cloned().collect())),
        }
    }

    Ok(found)
}

fn products(wanted: &[String], view: &LibraryView) -> Result<Vec<String>, QueryError> {
    let known: Vec<String> = view
        .products()
        .filter_map(|(product, _)| product.map(str::to_owned))
        .collect();
    let mut found: Vec<String> = Vec::new();
    for asked in wanted {
        let mut meant: Vec<String> = known
            .iter()
            .filter(|product| product.eq_ignore_ascii_case(asked.trim()))
            .cloned()
            .collect();

        if meant.is_empty() {
            meant = products_meant(asked, &view.description);
        }

        if meant.is_empty() {
            return Err(unknown(Facet::Product, asked, known));
        }

        found.extend(
            meant
                .into_iter()
                .filter(|product| !found.contains(product))
                .collect::<Vec<_>>(),
        );
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

/// The releases that one alternative of a selector means among the documents the rest of the filter leaves.
fn versions(text: &str, rest: &Filter, view: &LibraryView) -> Result<Vec<VersionTerm>, QueryError> {
    let mut terms = Vec::new();
    let mut known = Vec::new();

    let mut refused = None;
    for (product, versions) in view.products() {
        let here = present(product, versions, rest, view);
        known.extend(
            here.iter()
                .map(|version| format!("{} {}", product.unwrap_or("(no product)"), version.label)),
        );

        match select(text, &here, view.scheme(product)) {
            Ok(keys) => terms.extend(keys.into_iter().map(|key| VersionTerm {
                product: product.map(str::to_owned),
                key,
            })),
            Err(error) => refused = Some(error),
        }
    }

    match (terms.is_empty(), refused) {
        (false, _) => Ok(terms),
        (true, Some(error)) => Err(error),
        // Where no document names a release there is none to be unknown: what is found stands apart.
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

/// Those releases of a product that documents within the filter have.
fn present(
    product: Option<&str>,
    versions: &[Version],
    rest: &Filter,
    view: &LibraryView,
) -> Vec<Version> {
    let documents = view.documents.iter().map(|document| &document.meta);
    let left: Vec<_> = documents
        .filter(|meta| meta.facets.product.as_deref() == product && rest.matches(meta))
        .collect();

    let has = |version: &&Version| {
        left.iter().any(|meta| {
            meta.facets
                .versions
                .iter()
                .any(|other| other.key == version.key)
        })
    };

    versions.iter().filter(has).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::testing::view;

    fn asked(product: &[&str], version: &str) -> Result<Filter, QueryError> {
        let product = product.iter().map(|text| (*text).to_owned()).collect();
        filter(
            &SearchRequest {
                product,
                version: Some(version.to_owned()),
                ..SearchRequest::default()
            },
            &view(),
        )
    }

    fn terms(product: &[&str], version: &str) -> Vec<String> {
        let VersionFilter::OneOf(terms) = asked(product, version).unwrap().version else {
            panic!("no version filter")
        };

        terms
            .iter()
            .map(|term| format!("{} {}", term.product.as_deref().unwrap_or("-"), term.key))
            .collect()
    }

    #[test]
    fn releases_are_resolved_for_each_product() {
        assert_eq!(terms(&[], "latest"), ["finesse 15", "uccx 12.5.1"]);
        assert_eq!(terms(&["finesse"], "v12.5"), ["finesse 12.5"]);
        assert_eq!(terms(&["CCX"], "12.5.*"), ["finesse 12.5", "uccx 12.5.1"]);
        assert_eq!(terms(&["finesse"], "125"), ["finesse 12.5"]);
    }

    #[test]
    fn an_unknown_release_lists_the_known_ones() {
        let Err(QueryError::UnknownVersion { known, .. }) = asked(&["finesse"], "16.0") else {
            panic!("accepted")
        };
        assert_eq!(known, ["finesse v12.5", "finesse v15.0"]);
        assert!(matches!(
            asked(&["uccx"], "v15.0"),
            Err(QueryError::UnknownVersion { .. })
        ));

        let Err(QueryError::UnknownVersion { asked, .. }) = asked(&["finesse"], "12.5, 99") else {
            panic!("accepted")
        };
        assert_eq!(asked, "99");
        for bad in [">=", ",", "()"] {
            assert!(
                matches!(self::asked(&[], bad), Err(QueryError::InvalidRequest(_))),
                "{bad}"
            );
        }
    }

    #[test]
    fn latest_may_stand_among_alternatives() {
        assert_eq!(
            terms(&["finesse"], "12.5, latest"),
            ["finesse 12.5", "finesse 15"]
        );
    }

    #[test]
    fn where_nothing_has_a_release_none_is_unknown() {
        assert_eq!(terms(&["cucm"], "latest"), Vec::<String>::new());
    }

    #[test]
    fn an_unknown_product_lists_the_known_ones() {
        let Err(QueryError::UnknownFacet { facet, known, .. }) = asked(&["avaya"], "latest") else {
            panic!("accepted")
        };

        assert_eq!(
            (facet, known.join(" ").as_str()),
            ("product", "cucm finesse uccx")
        );
    }
}
