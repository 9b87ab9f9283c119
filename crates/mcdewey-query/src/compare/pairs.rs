//! Which documents of two releases are each other's counterpart: the same guide of the same product under the same
//! title, or under the one that is most alike; file names do not count.

use std::collections::HashSet;

use mcdewey_core::{DocumentSummary, Filter, VersionKey, normalise};

use crate::search::resolve;
use crate::view::LibraryView;
use crate::{CompareRequest, QueryError, SearchRequest};

/// Titles of one guide must have this share of words in common.
const LIKE: f64 = 0.5;

/// Documents by side.
#[derive(Debug, Default)]
pub(super) struct Sides<'a> {
    pub(super) pairs: Vec<(&'a DocumentSummary, &'a DocumentSummary)>,
    pub(super) only_from: Vec<&'a DocumentSummary>,
    pub(super) only_to: Vec<&'a DocumentSummary>,
}

/// The documents a request compares.
pub(super) fn sides<'a>(
    request: &CompareRequest,
    view: &'a LibraryView,
) -> Result<Sides<'a>, QueryError> {
    for (name, value) in [("from", &request.from), ("to", &request.to)] {
        if value.trim().is_empty() {
            let message =
                format!("{name} is missing; give a release (12.5) or a document's source");
            return Err(QueryError::InvalidRequest(message));
        }

        // No release is written like a path.
        if value.contains('/') && by_source(value, view).is_none() {
            return Err(QueryError::NotFound(format!(
                "no document {value:?} in this library; see /api/v1/library"
            )));
        }
    }

    let found = match (by_source(&request.from, view), by_source(&request.to, view)) {
        (Some(from), Some(to)) => Ok(Sides {
            pairs: vec![(from, to)],
            ..Sides::default()
        }),
        (None, None) => Ok(pair(
            documents(request, &request.from, view)?,
            documents(request, &request.to, view)?,
        )),
        (Some(from), None) => counterpart(from, &request.to, request, view),
        (None, Some(to)) => {
            let found = counterpart(to, &request.from, request, view)?;
            Ok(Sides {
                pairs: found
                    .pairs
                    .into_iter()
                    .map(|(to, from)| (from, to))
                    .collect(),
                ..Sides::default()
            })
        }
    }?;

    if found.pairs.is_empty() && found.only_from.is_empty() && found.only_to.is_empty() {
        let message = format!(
            "no document of {:?} and none of {:?} is in this library",
            request.from, request.to
        );
        return Err(QueryError::NotFound(message));
    }

    Ok(found)
}

/// A document and its counterpart in a release.
fn counterpart<'a>(
    document: &'a DocumentSummary,
    release: &str,
    request: &CompareRequest,
    view: &'a LibraryView,
) -> Result<Sides<'a>, QueryError> {
    let product = document.meta.facets.product.iter().cloned().collect();
    let others = documents(
        &CompareRequest {
            product,
            ..request.clone()
        },
        release,
        view,
    )?;

    let found = pair(vec![document], others);
    match found.pairs.is_empty() {
        false => Ok(Sides {
            pairs: found.pairs,
            ..Sides::default()
        }),
        true => Err(QueryError::NotFound(format!(
            "{:?} has no counterpart in {release:?}",
            document.meta.source
        ))),
    }
}

/// The counterpart of a document in the nearest earlier release, or in the nearest later one where there is none.
pub(super) fn nearest<'a>(
    document: &DocumentSummary,
    view: &'a LibraryView,
) -> Option<&'a DocumentSummary> {
    let release = |one: &DocumentSummary| {
        one.meta
            .facets
            .versions
            .iter()
            .map(|version| version.key.clone())
            .max()
    };

    let own = release(document)?;
    let mut others: Vec<(VersionKey, f64, &DocumentSummary)> = Vec::new();
    for other in &view.documents {
        if let Some(key) = release(other).filter(|key| *key != own)
            && other.meta.facets.product.is_some()
            && is_same_guide(document, other)
        {
            let score = likeness(document, other);
            others.extend((score >= LIKE).then_some((key, score, other)));
        }
    }

    // The nearest release comes last, and of it the title that is most alike.
    others.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let earlier = others.iter().rev().find(|(key, ..)| *key < own);
    let later = others
        .iter()
        .filter(|(key, ..)| *key > own)
        .min_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));

    earlier.or(later).map(|(_, _, other)| *other)
}

fn is_same_guide(one: &DocumentSummary, other: &DocumentSummary) -> bool {
    let (a, b) = (&one.meta.facets, &other.meta.facets);
    a.vendor == b.vendor && a.product == b.product && a.guide == b.guide
}

pub(super) fn by_source<'a>(text: &str, view: &'a LibraryView) -> Option<&'a DocumentSummary> {
    view.documents
        .iter()
        .find(|document| document.meta.source.as_str() == text.trim())
}

/// The documents of a release within the request's limits.
fn documents<'a>(
    request: &CompareRequest,
    release: &str,
    view: &'a LibraryView,
) -> Result<Vec<&'a DocumentSummary>, QueryError> {
    let wanted = SearchRequest {
        vendor: request.vendor.clone(),
        product: request.product.clone(),
        guide: request.guide.clone(),
        version: Some(release.to_owned()),
        ..SearchRequest::default()
    };

    let filter: Filter = resolve::filter(&wanted, view)?;
    Ok(view
        .documents
        .iter()
        .filter(|document| filter.matches(&document.meta))
        .collect())
}

/// The closest pairs first.
fn pair<'a>(from: Vec<&'a DocumentSummary>, to: Vec<&'a DocumentSummary>) -> Sides<'a> {
    let mut candidates: Vec<(f64, usize, usize)> = Vec::new();
    for (at, one) in from.iter().enumerate() {
        for (place, other) in to.iter().enumerate() {
            if is_same_guide(one, other) {
                let score = likeness(one, other);
                candidates.extend((score >= LIKE).then_some((score, at, place)));
            }
        }
    }

    candidates.sort_by(|a, b| {
        b.0.total_cmp(&a.0)
            .then_with(|| (a.1, a.2).cmp(&(b.1, b.2)))
    });
    let (mut was, mut is) = (HashSet::new(), HashSet::new());

    let mut pairs = Vec::new();
    for (_, at, place) in candidates {
        if !was.contains(&at) && !is.contains(&place) {
            was.insert(at);
            is.insert(place);
            pairs.push((at, place));
        }
    }

    pairs.sort_unstable();
    let rest = |all: &[&'a DocumentSummary], taken: &HashSet<usize>| {
        all.iter()
            .enumerate()
            .filter(|(at, _)| !taken.contains(at))
            .map(|(_, one)| *one)
            .collect()
    };

    Sides {
        only_from: rest(&from, &was),
        only_to: rest(&to, &is),
        pairs: pairs
            .into_iter()
            .map(|(at, place)| (from[at], to[place]))
            .collect(),
    }
}

/// The share of words that two titles have in common, what is written with digits left out.
fn likeness(one: &DocumentSummary, other: &DocumentSummary) -> f64 {
    let words = |document: &DocumentSummary| -> HashSet<String> {
        let title = normalise(&document.meta.title).to_lowercase();
        let plain = title
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty());
        plain
            .filter(|word| !word.contains(|c: char| c.is_ascii_digit()))
            .map(str::to_owned)
            .collect()
    };

    let (a, b) = (words(one), words(other));
    if a.is_empty() && b.is_empty() {
        return 1.0;
    }

    2.0 * a.intersection(&b).count() as f64 / (a.len() + b.len()) as f64
}
