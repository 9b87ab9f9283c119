//! Returns a document's outline: chapters first, then deeper headings as far as the token budget
//! allows.

use std::sync::Arc;

use mcdewey_core::Visibility;
use rmcp::model::CallToolResult;

use crate::ServedLibrary;
use crate::mcp::budget::{TokenCounter, blocking};
use crate::mcp::envelope::answer;
use crate::mcp::fence::{encoded_name, facet, label, source_url};
use crate::mcp::fit::Step;
use crate::mcp::readable;
use crate::mcp::wire::{OutlineLine, ReadText};
use crate::wire::DocumentAnswer;
use mcdewey_search::QueryError;

/// Returns the outline of the document.
pub(super) async fn read(
    library: &ServedLibrary,
    source: &str,
    budget: usize,
    visibility: &Visibility,
) -> Result<CallToolResult, QueryError> {
    let document = Arc::new(library.wire_document(source, visibility).await?);
    let counter = TokenCounter::new(library);
    blocking(move || {
        let lines = outline_lines(&document);
        let fitted = counter.fit(budget, steps(&lines, &counter), |included| {
            render(&document, &lines, included)
        })?;
        Ok(fitted.result)
    })
    .await
}

/// Returns a [`ReadText`] with the document's metadata and no text.
pub(super) fn document_metadata(document: &DocumentAnswer) -> ReadText {
    ReadText {
        source: encoded_name(&document.source),
        doc_title: label(&document.doc_title),
        vendor: document.vendor.as_deref().map(facet),
        product: document.product.as_deref().map(facet),
        version: document.version.as_deref().map(facet),
        url: document.url.clone(),
        source_url: source_url(&document.source_url),
        updated: document.updated.as_deref().map(label),
        ..ReadText::default()
    }
}

/// Returns the document's headings, or its pages if it has none.
fn outline_lines(document: &DocumentAnswer) -> Vec<OutlineLine> {
    if document.outline.is_empty() {
        return document
            .pages
            .iter()
            .map(|page| outline_line(1, &page.title, page.page, page.section.as_ref()))
            .collect();
    }

    document
        .outline
        .iter()
        .map(|item| outline_line(item.level, &item.title, item.page, item.section.as_ref()))
        .collect()
}

fn outline_line(
    level: u8,
    title: &str,
    page: Option<u32>,
    section: Option<&String>,
) -> OutlineLine {
    OutlineLine {
        level,
        title: label(title),
        page,
        section: section.map(|section| encoded_name(section)),
    }
}

/// Returns a step for each line, upper levels first.
fn steps(
    lines: &[OutlineLine],
    counter: &TokenCounter,
) -> impl Iterator<Item = Result<Step<usize>, QueryError>> {
    let mut indexes: Vec<usize> = (0..lines.len()).collect();
    indexes.sort_by_key(|index| lines[*index].level);

    indexes.into_iter().map(move |index| {
        let line = &lines[index];
        Ok(Step {
            what: index,
            cost: counter.json(line)? + counter.escaped(&readable::outline_line(line))?,
            leads: true,
        })
    })
}

fn render(
    document: &DocumentAnswer,
    lines: &[OutlineLine],
    included: &[usize],
) -> Result<CallToolResult, QueryError> {
    let mut indexes = included.to_vec();
    indexes.sort_unstable();

    let mut notices = Vec::from_iter(extent_notice(document));
    if indexes.len() < lines.len() {
        let (shown, all) = (indexes.len(), lines.len());
        notices.push(format!(
            "{shown} of {all} headings fit token_budget, upper levels first"
        ));
    }

    let outline = indexes.iter().map(|index| lines[*index].clone()).collect();
    let read = ReadText {
        outline,
        notices,
        ..document_metadata(document)
    };

    answer(&read, readable::read_text_markdown(&read))
}

/// Reports which pages, or how many sections, the document has.
fn extent_notice(document: &DocumentAnswer) -> Option<String> {
    let (first, last) = (document.pages.first()?, document.pages.last()?);
    Some(match (first.page, last.page) {
        (Some(first), Some(last)) => {
            format!("the document has pages {first} to {last}; read them with page")
        }
        _ => format!(
            "the document has {} sections; read them with section",
            document.pages.len()
        ),
    })
}
