//! Returns a document's outline: chapters first, then deeper headings as far as the token budget
//! allows.

use std::collections::HashMap;

use mcdewey_core::{Document, PageNumber, PageRef, Visibility};
use mcdewey_search::QueryError;
use rmcp::model::CallToolResult;

use super::document_metadata;
use crate::mcp::budget::{TokenCounter, counting};
use crate::mcp::envelope::answer;
use crate::mcp::fence::{encoded_name, label};
use crate::mcp::fit::Step;
use crate::mcp::readable;
use crate::mcp::wire::{OutlineLine, ReadText};
use crate::{ServedLibrary, links};

/// Returns the outline of the document.
pub(super) async fn read(
    library: &ServedLibrary,
    source: &str,
    budget: usize,
    visibility: &Visibility,
) -> Result<CallToolResult, QueryError> {
    let document = library.at(visibility).await?.document(source).await?;
    let path = links::document_path(&document.meta.source);
    let url = format!("{}{path}", library.public_url());

    counting(library, move |counter| {
        let lines = outline_lines(&document);
        let fitted = counter.fit(budget, steps(&lines, counter), |included| {
            render(&document, &url, &lines, included)
        })?;
        Ok(fitted.result)
    })
    .await
}

/// Returns the document's headings, or its pages if it has none.
fn outline_lines(document: &Document) -> Vec<OutlineLine> {
    if document.outline.is_empty() {
        return document
            .pages
            .iter()
            .map(|page| OutlineLine {
                level: 1,
                title: label(&page.title()),
                page: page.physical_page(),
                section: page.section_slug().map(encoded_name),
            })
            .collect();
    }

    let by_number: HashMap<PageNumber, &PageRef> = document
        .pages
        .iter()
        .map(|page| (page.number, page))
        .collect();

    document
        .outline
        .iter()
        .map(|entry| {
            let page = by_number.get(&entry.page);
            OutlineLine {
                level: entry.level,
                title: label(&entry.title),
                page: document.meta.paged.then_some(entry.page.0),
                section: page.and_then(|page| page.section_slug()).map(encoded_name),
            }
        })
        .collect()
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
    document: &Document,
    url: &str,
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
        ..document_metadata(&document.meta, url.to_owned())
    };

    answer(&read, readable::read_text_markdown(&read))
}

/// Reports which pages, or how many sections, the document has.
fn extent_notice(document: &Document) -> Option<String> {
    let (first, last) = (document.pages.first()?, document.pages.last()?);
    Some(match (first.physical_page(), last.physical_page()) {
        (Some(first), Some(last)) => {
            format!("the document has pages {first} to {last}; read them with page")
        }
        _ => format!(
            "the document has {} sections; read them with section",
            document.pages.len()
        ),
    })
}
