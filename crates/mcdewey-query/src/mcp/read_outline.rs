//! Reading a document's outline: chapters first, deeper headings as far as the budget goes.

use std::sync::Arc;

use mcdewey_core::Visibility;
use rmcp::model::CallToolResult;

use super::budget::{Counter, blocking};
use super::envelope::answer;
use super::fence::{address, facet, label, shown_name};
use super::fit::Step;
use super::readable;
use super::wire::{OutlineLine, ReadText};
use crate::{DocumentAnswer, Library, QueryError};

/// Answers with the outline of the document.
pub(super) async fn read(
    library: &Library,
    source: &str,
    budget: usize,
    visibility: &Visibility,
) -> Result<CallToolResult, QueryError> {
    let document = Arc::new(library.document(source, visibility).await?);
    let counter = Counter::new(library);
    blocking(move || {
        let lines = lines(&document);
        let render = |taken: &[usize]| render(&document, &lines, taken);
        Ok(counter.fit(budget, steps(&lines, &counter), render)?.result)
    })
    .await
}

/// What of a document [`ReadText`] names.
pub(super) fn described(document: &DocumentAnswer) -> ReadText {
    ReadText {
        source: shown_name(&document.source),
        doc_title: label(&document.doc_title),
        vendor: document.vendor.as_deref().map(facet),
        product: document.product.as_deref().map(facet),
        version: document.version.as_deref().map(facet),
        url: document.url.clone(),
        source_url: address(&document.source_url),
        updated: document.updated.as_deref().map(label),
        ..ReadText::default()
    }
}

/// The headings; of a document without any, its pages.
fn lines(document: &DocumentAnswer) -> Vec<OutlineLine> {
    if document.outline.is_empty() {
        let pages = document.pages.iter();
        return pages
            .map(|page| line(1, &page.title, page.page, page.section.as_ref()))
            .collect();
    }

    document
        .outline
        .iter()
        .map(|item| line(item.level, &item.title, item.page, item.section.as_ref()))
        .collect()
}

fn line(level: u8, title: &str, page: Option<u32>, section: Option<&String>) -> OutlineLine {
    OutlineLine {
        level,
        title: label(title),
        page,
        section: section.map(|section| shown_name(section)),
    }
}

fn steps(
    lines: &[OutlineLine],
    counter: &Counter,
) -> impl Iterator<Item = Result<Step<usize>, QueryError>> {
    let mut places: Vec<usize> = (0..lines.len()).collect();
    places.sort_by_key(|place| lines[*place].level);
    let step = move |place: usize| {
        let cost = counter.json(&lines[place])?
            + counter.escaped(&readable::outline_line(&lines[place]))?;
        Ok(Step {
            what: place,
            cost,
            leads: true,
        })
    };

    places.into_iter().map(step)
}

fn render(
    document: &DocumentAnswer,
    lines: &[OutlineLine],
    taken: &[usize],
) -> Result<CallToolResult, QueryError> {
    let mut places = taken.to_vec();
    places.sort_unstable();

    let mut notices = extent(document).into_iter().collect::<Vec<_>>();
    if places.len() < lines.len() {
        let (shown, all) = (places.len(), lines.len());
        notices.push(format!(
            "{shown} of {all} headings fit the token budget, the upper levels first"
        ));
    }

    let outline = places.iter().map(|place| lines[*place].clone()).collect();
    let read = ReadText {
        outline,
        notices,
        ..described(document)
    };

    answer(&read, readable::document(&read))
}

/// "pages 1 to 240".
fn extent(document: &DocumentAnswer) -> Option<String> {
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
