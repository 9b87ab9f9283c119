//! A search hit as the results page shows it.

use std::collections::HashSet;

use mcdewey_core::{Chunk, ChunkId};
use mcdewey_query::page_label::{chunk_page_title, printed};
use mcdewey_search::{Explanation, Hit, Occurrence, terms};

use super::site::{Link, Site, external_link};

/// Other locations of the same text that are listed; the rest is only counted.
const MAX_LISTED_LOCATIONS: usize = 6;

#[derive(Debug, Clone)]
pub(super) struct HitView {
    pub(super) chunk_id: ChunkId,
    /// Document title, then the headings above the hit's own.
    pub(super) crumbs: Vec<String>,
    pub(super) title: Link,
    pub(super) page: Link,
    /// Whether its document has pages, rather than sections.
    pub(super) is_paged: bool,
    pub(super) printed: Option<String>,
    pub(super) product: Option<String>,
    pub(super) version: Option<String>,
    pub(super) updated: Option<String>,
    pub(super) snippet: Vec<SnippetPart>,
    /// The next passages of the same page.
    pub(super) further: Vec<FurtherView>,
    pub(super) also_in: Vec<Link>,
    pub(super) unlisted_locations: usize,
    pub(super) external: Option<Link>,
    pub(super) explanation: Vec<(String, String)>,
}

/// A passage of the same page as a better one.
#[derive(Debug, Clone)]
pub(super) struct FurtherView {
    pub(super) title: Link,
    pub(super) snippet: Vec<SnippetPart>,
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
        let chunk = &hit.chunk;
        let meta = &chunk.document;
        let page = chunk.page.physical_page();
        let (title, crumbs) = title_and_crumbs(chunk);

        Self {
            chunk_id: chunk.chunk_id.clone(),
            title: Link::new(title, site.chunk(&chunk.chunk_id)),
            crumbs,
            page: Link::new(
                page.map_or_else(|| "Section".to_owned(), |page| format!("Page {page}")),
                site.chunk_on_page(chunk),
            ),
            is_paged: page.is_some(),
            printed: printed(page, chunk.page.label.as_deref()),
            product: meta.facets.product.clone(),
            version: meta.facets.version_label(),
            updated: meta.updated.clone(),
            snippet: snippet_parts(&hit.snippet, question),
            further: hit
                .further
                .iter()
                .map(|hit| FurtherView::new(site, hit, question))
                .collect(),
            also_in: hit
                .also_in
                .iter()
                .take(MAX_LISTED_LOCATIONS)
                .map(|other| also_in(site, chunk, other))
                .collect(),
            unlisted_locations: hit.also_in.len().saturating_sub(MAX_LISTED_LOCATIONS),
            external: external_link(meta.source_url.as_deref()),
            explanation: hit
                .explanation
                .as_ref()
                .map(|explanation| explanation_rows(explanation, hit))
                .unwrap_or_default(),
        }
    }
}

impl FurtherView {
    fn new(site: &Site, hit: &Hit, question: &HashSet<String>) -> Self {
        let (title, _) = title_and_crumbs(&hit.chunk);
        Self {
            title: Link::new(title, site.chunk(&hit.chunk.chunk_id)),
            snippet: snippet_parts(&hit.snippet, question),
        }
    }
}

/// The heading of a chunk, and what is above it.
fn title_and_crumbs(chunk: &Chunk) -> (String, Vec<String>) {
    let (title, crumbs) = match chunk.headings.split_last() {
        Some((last, above)) => (last.clone(), above.to_vec()),
        None => (chunk.document.title.clone(), Vec::new()),
    };

    if title.is_empty() {
        (chunk_page_title(chunk), crumbs)
    } else {
        (title, crumbs)
    }
}

/// Another location of a chunk's text, labelled with what differs from the chunk: "v12.0, page 97".
pub(super) fn also_in(site: &Site, chunk: &Chunk, other: &Occurrence) -> Link {
    let candidate = &other.candidate;
    let meta = &candidate.document;

    let mut facets = Vec::new();
    if meta.facets.product != chunk.document.facets.product {
        facets.extend(meta.facets.product.clone());
    }
    facets.extend(meta.facets.version_label());

    let name = if facets.is_empty() {
        meta.title.clone()
    } else {
        facets.join(" ")
    };

    let page = meta.paged.then(|| format!("page {}", candidate.page));
    let difference = other.differs.then(|| "minor differences".to_owned());
    let text: Vec<String> = std::iter::once(name)
        .chain(page)
        .chain(difference)
        .collect();

    Link::new(text.join(", "), site.chunk(&candidate.chunk_id))
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

fn explanation_rows(explanation: &Explanation, hit: &Hit) -> Vec<(String, String)> {
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

    rows.push(("Score".to_owned(), format!("{:.4}", hit.score)));
    rows.extend(
        hit.rerank_score
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
