//! Pairs the documents of two versions: the same guide of the same product with the same or the
//! most similar title. File names do not count.

use std::collections::HashSet;

use mcdewey_core::{DocumentSummary, Filter, VersionKey, normalise};

use crate::library::view::LibraryView;
use crate::question::filter::resolve_filter;
use crate::{CompareRequest, QueryError, SearchRequest};

/// The share of words that the titles of corresponding documents must have in common.
const MIN_TITLE_SIMILARITY: f64 = 0.5;

/// Corresponding documents, and those without a counterpart.
#[derive(Debug, Default)]
pub(super) struct PairedDocuments<'a> {
    pub(super) pairs: Vec<(&'a DocumentSummary, &'a DocumentSummary)>,
    pub(super) only_from: Vec<&'a DocumentSummary>,
    pub(super) only_to: Vec<&'a DocumentSummary>,
}

/// Returns the documents that a request compares.
pub(super) fn pair_documents<'a>(
    request: &CompareRequest,
    view: &'a LibraryView,
) -> Result<PairedDocuments<'a>, QueryError> {
    for (name, value) in [("from", &request.from), ("to", &request.to)] {
        if value.trim().is_empty() {
            let message =
                format!("{name} is missing; pass a version (12.5) or a document's source");
            return Err(QueryError::InvalidRequest(message));
        }

        // Versions contain no slash, so this must be a source.
        if value.contains('/') && find_by_source(value, view).is_none() {
            return Err(QueryError::NotFound(format!(
                "no document {value:?} in this library; see /api/v1/library"
            )));
        }
    }

    let from = find_by_source(&request.from, view);
    let to = find_by_source(&request.to, view);
    let found = match (from, to) {
        (Some(from), Some(to)) => PairedDocuments {
            pairs: vec![(from, to)],
            ..PairedDocuments::default()
        },
        (None, None) => pair_by_title(
            &documents_of_version(request, &request.from, view)?,
            &documents_of_version(request, &request.to, view)?,
        ),
        (Some(from), None) => PairedDocuments {
            pairs: pairs_with_version(from, &request.to, request, view)?,
            ..PairedDocuments::default()
        },
        (None, Some(to)) => PairedDocuments {
            pairs: pairs_with_version(to, &request.from, request, view)?
                .into_iter()
                .map(|(to, from)| (from, to))
                .collect(),
            ..PairedDocuments::default()
        },
    };

    if found.pairs.is_empty() && found.only_from.is_empty() && found.only_to.is_empty() {
        let message = format!(
            "this library has documents of neither {:?} nor {:?}",
            request.from, request.to
        );
        return Err(QueryError::NotFound(message));
    }

    Ok(found)
}

/// Pairs a document with its counterpart in a version.
fn pairs_with_version<'a>(
    document: &'a DocumentSummary,
    version: &str,
    request: &CompareRequest,
    view: &'a LibraryView,
) -> Result<Vec<(&'a DocumentSummary, &'a DocumentSummary)>, QueryError> {
    let product = document.meta.facets.product.iter().cloned().collect();
    let others = documents_of_version(
        &CompareRequest {
            product,
            ..request.clone()
        },
        version,
        view,
    )?;

    let pairs = pair_by_title(&[document], &others).pairs;
    if pairs.is_empty() {
        return Err(QueryError::NotFound(format!(
            "{:?} has no counterpart in {version:?}",
            document.meta.source
        )));
    }

    Ok(pairs)
}

/// Returns the counterpart of a document in the nearest earlier version or, if there is none, in
/// the nearest later one.
pub(super) fn nearest_counterpart<'a>(
    document: &DocumentSummary,
    view: &'a LibraryView,
) -> Option<&'a DocumentSummary> {
    let own_version = latest_version(document)?;
    let mut others: Vec<(VersionKey, f64, &DocumentSummary)> = Vec::new();
    for other in &view.documents {
        if let Some(version) = latest_version(other).filter(|version| *version != own_version)
            && other.meta.facets.product.is_some()
            && is_same_guide(document, other)
        {
            let similarity = title_similarity(document, other);
            if similarity >= MIN_TITLE_SIMILARITY {
                others.push((version, similarity, other));
            }
        }
    }

    // By version, then by similarity: the last earlier entry is the most similar of the nearest
    // version.
    others.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let earlier = others
        .iter()
        .rev()
        .find(|(version, ..)| *version < own_version);
    let later = others
        .iter()
        .filter(|(version, ..)| *version > own_version)
        .min_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));

    earlier.or(later).map(|(_, _, other)| *other)
}

pub(super) fn latest_version(document: &DocumentSummary) -> Option<VersionKey> {
    document
        .meta
        .facets
        .versions
        .iter()
        .map(|version| version.key.clone())
        .max()
}

fn is_same_guide(one: &DocumentSummary, other: &DocumentSummary) -> bool {
    let (a, b) = (&one.meta.facets, &other.meta.facets);
    a.vendor == b.vendor && a.product == b.product && a.guide == b.guide
}

pub(super) fn find_by_source<'a>(text: &str, view: &'a LibraryView) -> Option<&'a DocumentSummary> {
    view.documents
        .iter()
        .find(|document| document.meta.source.as_str() == text.trim())
}

/// Returns the documents of a version that the request's filters accept.
fn documents_of_version<'a>(
    request: &CompareRequest,
    version: &str,
    view: &'a LibraryView,
) -> Result<Vec<&'a DocumentSummary>, QueryError> {
    let search = SearchRequest {
        vendor: request.vendor.clone(),
        product: request.product.clone(),
        guide: request.guide.clone(),
        version: Some(version.to_owned()),
        ..SearchRequest::default()
    };

    let filter: Filter = resolve_filter(&search, view)?;
    Ok(view
        .documents
        .iter()
        .filter(|document| filter.matches(&document.meta))
        .collect())
}

/// Pairs the documents of the same guide, those with the most similar titles first.
fn pair_by_title<'a>(
    from: &[&'a DocumentSummary],
    to: &[&'a DocumentSummary],
) -> PairedDocuments<'a> {
    let mut candidates: Vec<(f64, usize, usize)> = Vec::new();
    for (from_index, one) in from.iter().enumerate() {
        for (to_index, other) in to.iter().enumerate() {
            if is_same_guide(one, other) {
                let similarity = title_similarity(one, other);
                if similarity >= MIN_TITLE_SIMILARITY {
                    candidates.push((similarity, from_index, to_index));
                }
            }
        }
    }

    candidates.sort_by(|a, b| {
        b.0.total_cmp(&a.0)
            .then_with(|| (a.1, a.2).cmp(&(b.1, b.2)))
    });

    let (mut paired_from, mut paired_to) = (HashSet::new(), HashSet::new());
    let mut pairs = Vec::new();
    for (_, from_index, to_index) in candidates {
        if !paired_from.contains(&from_index) && !paired_to.contains(&to_index) {
            paired_from.insert(from_index);
            paired_to.insert(to_index);
            pairs.push((from_index, to_index));
        }
    }

    pairs.sort_unstable();
    PairedDocuments {
        only_from: without(from, &paired_from),
        only_to: without(to, &paired_to),
        pairs: pairs
            .into_iter()
            .map(|(from_index, to_index)| (from[from_index], to[to_index]))
            .collect(),
    }
}

fn without<'a>(
    documents: &[&'a DocumentSummary],
    excluded: &HashSet<usize>,
) -> Vec<&'a DocumentSummary> {
    documents
        .iter()
        .enumerate()
        .filter(|(index, _)| !excluded.contains(index))
        .map(|(_, document)| *document)
        .collect()
}

/// Returns the share of words that two titles have in common, 0 to 1.
fn title_similarity(one: &DocumentSummary, other: &DocumentSummary) -> f64 {
    let (a, b) = (title_words(one), title_words(other));
    if a.is_empty() && b.is_empty() {
        return 1.0;
    }

    2.0 * a.intersection(&b).count() as f64 / (a.len() + b.len()) as f64
}

/// Returns the words of a title in lower case, except those with digits, such as version numbers.
fn title_words(document: &DocumentSummary) -> HashSet<String> {
    normalise(&document.meta.title)
        .to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .filter(|word| !word.contains(|c: char| c.is_ascii_digit()))
        .map(str::to_owned)
        .collect()
}
