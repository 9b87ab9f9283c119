//! A hit as the search page shows it.

use std::collections::HashSet;

use super::site::{Link, Site, outward};
use crate::place::printed;
use crate::search::terms;
use crate::{AlsoIn, Explanation, Hit};

/// Other places of a passage that are shown; beyond them a number says how many more.
const SHOWN_PLACES: usize = 6;

/// A hit ready to be written.
#[derive(Debug, Clone)]
pub(super) struct HitView {
    pub(super) chunk_id: String,
    /// What stands above the title: document, then headings.
    pub(super) crumbs: Vec<String>,
    pub(super) title: Link,
    pub(super) page: Link,
    pub(super) printed: Option<String>,
    pub(super) product: Option<String>,
    pub(super) version: Option<String>,
    pub(super) updated: Option<String>,
    pub(super) snippet: Vec<Piece>,
    pub(super) also_in: Vec<Link>,
    pub(super) further_places: usize,
    pub(super) vendor: Option<String>,
    pub(super) vendor_url: Option<String>,
    pub(super) explanation: Vec<(String, String)>,
}

/// A stretch of a snippet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) text: String,
    /// Whether it is a word of the question.
    pub(super) marked: bool,
}

impl HitView {
    /// The view of a hit to a question with these stems.
    pub(super) fn new(site: &Site, hit: &Hit, question: &HashSet<String>) -> Self {
        let (title, crumbs) = match hit.headings.split_last() {
            Some((last, above)) => (last.clone(), above.to_vec()),
            None => (hit.doc_title.clone(), Vec::new()),
        };

        let page = hit
            .page
            .map_or_else(|| "Section".to_owned(), |page| format!("Page {page}"));

        Self {
            chunk_id: hit.chunk_id.clone(),
            title: Link::new(
                if title.is_empty() {
                    hit.page_title()
                } else {
                    title
                },
                site.chunk(&hit.chunk_id),
            ),
            crumbs,
            page: Link::new(
                page,
                format!(
                    "{}#p-{}",
                    site.local(&hit.page_url),
                    super::site::ordinal(&hit.chunk_id)
                ),
            ),
            printed: printed(hit.page, hit.page_label.as_deref()),
            product: hit.product.clone(),
            version: hit.version.clone(),
            updated: hit.updated.clone(),
            snippet: pieces(&hit.snippet, question),
            also_in: hit
                .also_in
                .iter()
                .take(SHOWN_PLACES)
                .map(|place| also_in(site, hit, place))
                .collect(),
            further_places: hit.also_in.len().saturating_sub(SHOWN_PLACES),
            vendor: hit.vendor.clone(),
            vendor_url: outward(hit.source_url.as_ref()),
            explanation: hit
                .explain
                .as_ref()
                .map(|how| explanation(how, hit.score))
                .unwrap_or_default(),
        }
    }
}

/// Another place, by what is different about it: "v12.0, page 97".
pub(super) fn also_in(site: &Site, hit: &Hit, place: &AlsoIn) -> Link {
    let mut parts = Vec::new();
    if place.product != hit.product {
        parts.extend(place.product.clone());
    }

    parts.extend(place.version.clone());
    let page = place.page.map(|page| format!("page {page}"));
    let name = if parts.is_empty() {
        place.doc_title.clone()
    } else {
        parts.join(" ")
    };

    let changed = place.differs.then(|| "some words differ".to_owned());
    let text: Vec<String> = std::iter::once(name).chain(page).chain(changed).collect();
    Link::new(text.join(", "), site.chunk(&place.chunk_id))
}

/// The snippet, cut where words of the question begin and end.
fn pieces(snippet: &str, question: &HashSet<String>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = 0;
    let mut push = |text: &str, marked| {
        if !text.is_empty() {
            pieces.push(Piece {
                text: text.to_owned(),
                marked,
            });
        }
    };

    for range in terms::matches(snippet, question) {
        push(&snippet[at..range.start], false);
        push(&snippet[range.clone()], true);
        at = range.end;
    }

    push(&snippet[at..], false);
    pieces
}

fn explanation(how: &Explanation, score: f64) -> Vec<(String, String)> {
    let place = |rank: Option<usize>, score: Option<f32>, unit: &str| match (rank, score) {
        (Some(rank), Some(score)) => format!("place {rank}, {unit} {score:.3}"),
        (Some(rank), None) => format!("place {rank}"),
        _ => "not found".to_owned(),
    };

    let mut rows = vec![
        (
            "By meaning".to_owned(),
            place(how.dense_rank, how.dense_score, "cosine"),
        ),
        (
            "By words".to_owned(),
            place(how.keyword_rank, how.keyword_score, "BM25"),
        ),
    ];

    rows.extend(
        how.parts
            .iter()
            .map(|(name, part)| (format!("{name} adds"), format!("{part:+.4}"))),
    );

    rows.push(("Score".to_owned(), format!("{score:.4}")));
    rows.extend(
        how.rerank
            .map(|score| ("Reranker".to_owned(), format!("{score:.4}"))),
    );

    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_question_stand_out_in_all_their_forms() {
        let found = pieces(
            "Barging in: the call <b>",
            &terms::content_stems("barge calls"),
        );

        let read: Vec<(&str, bool)> = found
            .iter()
            .map(|piece| (piece.text.as_str(), piece.marked))
            .collect();

        assert_eq!(
            read,
            [
                ("Barging", true),
                (" in: the ", false),
                ("call", true),
                (" <b>", false)
            ]
        );
        assert_eq!(pieces("", &HashSet::new()), []);
    }
}
