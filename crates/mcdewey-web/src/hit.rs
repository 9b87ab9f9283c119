//! A search hit as the results page shows it.

use std::collections::HashSet;

use super::site::{Link, Site, external_link, ordinal};
use mcdewey_query::page_label::printed;
use mcdewey_query::wire::{AlsoIn, Explanation, Hit};
use mcdewey_search::terms;

/// Other locations of the same text that are listed; the rest is only counted.
const MAX_LISTED_LOCATIONS: usize = 6;

#[derive(Debug, Clone)]
pub(super) struct HitView {
    pub(super) chunk_id: String,
    /// Document title, then the headings above the hit's own.
    pub(super) crumbs: Vec<String>,
    pub(super) title: Link,
    pub(super) page: Link,
    pub(super) printed: Option<String>,
    pub(super) product: Option<String>,
    pub(super) version: Option<String>,
    pub(super) updated: Option<String>,
    pub(super) snippet: Vec<SnippetPart>,
    pub(super) also_in: Vec<Link>,
    pub(super) unlisted_locations: usize,
    pub(super) external: Option<Link>,
    pub(super) explanation: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SnippetPart {
    pub(super) text: String,
    /// Whether it is a word of the question.
    pub(super) highlighted: bool,
}

impl HitView {
    /// Views of hits to a question with these stems.
    pub(super) fn list(site: &Site, hits: &[Hit], question: &HashSet<String>) -> Vec<Self> {
        hits.iter()
            .map(|hit| Self::new(site, hit, question))
            .collect()
    }

    fn new(site: &Site, hit: &Hit, question: &HashSet<String>) -> Self {
        let (title, crumbs) = match hit.headings.split_last() {
            Some((last, above)) => (last.clone(), above.to_vec()),
            None => (hit.doc_title.clone(), Vec::new()),
        };

        let title = if title.is_empty() {
            hit.page_title()
        } else {
            title
        };

        let page = hit
            .page
            .map_or_else(|| "Section".to_owned(), |page| format!("Page {page}"));
        let page_url = format!(
            "{}#p-{}",
            site.relative(&hit.page_url),
            ordinal(&hit.chunk_id)
        );

        Self {
            chunk_id: hit.chunk_id.clone(),
            title: Link::new(title, site.chunk(&hit.chunk_id)),
            crumbs,
            page: Link::new(page, page_url),
            printed: printed(hit.page, hit.page_label.as_deref()),
            product: hit.product.clone(),
            version: hit.version.clone(),
            updated: hit.updated.clone(),
            snippet: snippet_parts(&hit.snippet, question),
            also_in: hit
                .also_in
                .iter()
                .take(MAX_LISTED_LOCATIONS)
                .map(|other| also_in(site, hit, other))
                .collect(),
            unlisted_locations: hit.also_in.len().saturating_sub(MAX_LISTED_LOCATIONS),
            external: external_link(hit.source_url.as_deref()),
            explanation: hit
                .explain
                .as_ref()
                .map(|explanation| explanation_rows(explanation, hit.score))
                .unwrap_or_default(),
        }
    }
}

/// Another location of the same text, labelled with what differs from `hit`: "v12.0, page 97".
pub(super) fn also_in(site: &Site, hit: &Hit, other: &AlsoIn) -> Link {
    let mut facets = Vec::new();
    if other.product != hit.product {
        facets.extend(other.product.clone());
    }
    facets.extend(other.version.clone());

    let name = if facets.is_empty() {
        other.doc_title.clone()
    } else {
        facets.join(" ")
    };

    let page = other.page.map(|page| format!("page {page}"));
    let difference = other.differs.then(|| "minor differences".to_owned());
    let text: Vec<String> = std::iter::once(name)
        .chain(page)
        .chain(difference)
        .collect();

    Link::new(text.join(", "), site.chunk(&other.chunk_id))
}

/// The snippet, split where words of the question begin and end.
fn snippet_parts(snippet: &str, question: &HashSet<String>) -> Vec<SnippetPart> {
    let mut parts = Vec::new();
    let mut at = 0;
    let mut push = |text: &str, highlighted| {
        if !text.is_empty() {
            parts.push(SnippetPart {
                text: text.to_owned(),
                highlighted,
            });
        }
    };

    for range in terms::matches(snippet, question) {
        push(&snippet[at..range.start], false);
        push(&snippet[range.clone()], true);
        at = range.end;
    }

    push(&snippet[at..], false);
    parts
}

fn explanation_rows(explanation: &Explanation, score: f64) -> Vec<(String, String)> {
    let mut rows = vec![
        (
            "Semantic".to_owned(),
            rank(explanation.dense_rank, explanation.dense_score, "cosine"),
        ),
        (
            "Exact words".to_owned(),
            rank(explanation.keyword_rank, explanation.keyword_score, "BM25"),
        ),
    ];

    rows.extend(
        explanation
            .parts
            .iter()
            .map(|(name, part)| (format!("From {name}"), format!("{part:+.4}"))),
    );

    rows.push(("Score".to_owned(), format!("{score:.4}")));
    rows.extend(
        explanation
            .rerank
            .map(|score| ("Reranker".to_owned(), format!("{score:.4}"))),
    );

    rows
}

fn rank(rank: Option<usize>, score: Option<f32>, unit: &str) -> String {
    match (rank, score) {
        (Some(rank), Some(score)) => format!("rank {rank}, {unit} {score:.3}"),
        (Some(rank), None) => format!("rank {rank}"),
        _ => "not found".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inflected_words_of_the_question_are_highlighted() {
        let found = snippet_parts(
            "Barging in: the call <b>",
            &terms::content_stems("barge calls"),
        );

        let parts: Vec<(&str, bool)> = found
            .iter()
            .map(|part| (part.text.as_str(), part.highlighted))
            .collect();

        assert_eq!(
            parts,
            [
                ("Barging", true),
                (" in: the ", false),
                ("call", true),
                (" <b>", false)
            ]
        );
        assert_eq!(snippet_parts("", &HashSet::new()), []);
    }
}
