//! The changes between two versions.

use std::sync::Arc;

use askama::Template;
use mcdewey_core::DocumentMeta;
use mcdewey_markdown::fence;
use mcdewey_query::page_label::page_text;
use mcdewey_search::{
    Change, ChangeKind, CompareRequest, ComparedPair, ComparedText, Comparison, DEFAULT_CHANGES,
    WordOp, WordRun,
};

use super::form::CompareForm;
use crate::site::{Link, Site};

struct PairView {
    title: String,
    from: Link,
    to: Link,
    unchanged: usize,
    moved: usize,
    changed: usize,
    added: usize,
    removed: usize,
}

struct ChangeView {
    /// The CSS class.
    kind: &'static str,
    label: &'static str,
    headings: Vec<String>,
    locations: Vec<Link>,
    runs: Vec<Run>,
    cells: Vec<Cell>,
}

struct Cell {
    column: Option<String>,
    runs: Vec<Run>,
}

/// Consecutive words that were kept, added or removed.
struct Run {
    op: WordOp,
    text: String,
}

#[derive(Template)]
#[template(path = "compare.html")]
pub(super) struct ComparePage {
    site: Site,
    form: CompareForm,
    pairs: Vec<PairView>,
    changes: Vec<ChangeView>,
    only_from: Vec<Link>,
    only_to: Vec<Link>,
    notices: Vec<String>,
    first_url: Option<String>,
    next_url: Option<String>,
    json_url: String,
}

impl ComparePage {
    /// The page of changes that the request asks for.
    pub(super) fn new(
        site: Site,
        request: &CompareRequest,
        mut form: CompareForm,
        comparison: Comparison,
    ) -> Self {
        if let [pair] = comparison.pairs.as_slice() {
            form.show_versions(&pair.from, &pair.to);
        }

        let next_cursor = comparison.cursor_after(comparison.page_size);

        Self {
            pairs: comparison
                .pairs
                .iter()
                .map(|pair| pair_view(&site, pair))
                .collect(),
            changes: comparison
                .page()
                .iter()
                .map(|change| change_view(&site, change))
                .collect(),
            only_from: title_links(&site, &comparison.only_from),
            only_to: title_links(&site, &comparison.only_to),
            first_url: request
                .cursor
                .is_some()
                .then(|| url_at(&site, request, None)),
            next_url: next_cursor.map(|cursor| url_at(&site, request, Some(cursor))),
            json_url: site.compare_api(request),
            notices: comparison.notices,
            form,
            site,
        }
    }

    /// Whether all changes are on this page, so that their heading can be hidden.
    fn is_complete(&self) -> bool {
        self.first_url.is_none() && self.next_url.is_none() && self.changes.len() <= DEFAULT_CHANGES
    }
}

/// The comparison, continued at a cursor.
fn url_at(site: &Site, request: &CompareRequest, cursor: Option<String>) -> String {
    site.compare(&CompareRequest {
        cursor,
        ..request.clone()
    })
}

fn title_links(site: &Site, documents: &[Arc<DocumentMeta>]) -> Vec<Link> {
    documents
        .iter()
        .map(|document| Link::new(document.title.clone(), site.document(&document.source)))
        .collect()
}

fn version_link(site: &Site, document: &DocumentMeta) -> Link {
    let text = document
        .facets
        .version_label()
        .unwrap_or_else(|| document.source.to_string());
    Link::new(text, site.document(&document.source))
}

fn pair_view(site: &Site, pair: &ComparedPair) -> PairView {
    PairView {
        title: pair.to.title.clone(),
        from: version_link(site, &pair.from),
        to: version_link(site, &pair.to),
        unchanged: pair.unchanged,
        moved: pair.moved,
        changed: pair.changed,
        added: pair.added,
        removed: pair.removed,
    }
}

fn change_view(site: &Site, change: &Change) -> ChangeView {
    let (kind, label) = match change.kind {
        ChangeKind::Added => ("added", "Added"),
        ChangeKind::Removed => ("removed", "Removed"),
        ChangeKind::Changed => ("changed", "Changed"),
    };

    let old = change.from.as_ref().map(|text| location(site, text, "Old"));
    let new = change.to.as_ref().map(|text| location(site, text, "New"));

    // In a code block every character counts, so nothing is stripped.
    let is_code = change
        .from
        .iter()
        .chain(&change.to)
        .any(|text| fence::marker(&text.text).is_some());

    let runs = match (change.kind, &change.from, &change.to) {
        (ChangeKind::Added, _, Some(text)) => vec![Run {
            op: WordOp::Added,
            text: display_text(&text.text, is_code),
        }],
        (ChangeKind::Removed, Some(text), _) => vec![Run {
            op: WordOp::Removed,
            text: display_text(&text.text, is_code),
        }],
        _ => display_runs(&change.words, is_code),
    };

    ChangeView {
        kind,
        label,
        headings: change.headings.clone(),
        locations: old.into_iter().chain(new).collect(),
        runs,
        cells: change
            .cells
            .iter()
            .map(|cell| Cell {
                column: cell.column.clone(),
                runs: display_runs(&cell.words, is_code),
            })
            .collect(),
    }
}

/// "Old: Page 118 (printed 102)".
fn location(site: &Site, text: &ComparedText, version: &str) -> Link {
    let page = page_text(text.page.physical_page(), text.page.label.as_deref())
        .unwrap_or_else(|| "Section".to_owned());
    Link::new(format!("{version}: {page}"), site.chunk(&text.chunk_id))
}

fn display_runs(words: &[WordRun], is_code: bool) -> Vec<Run> {
    words
        .iter()
        .map(|run| Run {
            op: run.op,
            text: display_text(&run.text, is_code),
        })
        .collect()
}

/// The text without the Markdown of headings, strong text and inline code, unless it is code.
fn display_text(text: &str, is_code: bool) -> String {
    if is_code {
        return text.to_owned();
    }

    text.trim_start_matches('#')
        .trim_start()
        .replace("**", "")
        .replace('`', "")
}
