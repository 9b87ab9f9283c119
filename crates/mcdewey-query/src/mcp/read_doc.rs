//! `read_doc`: returns a passage with its neighbours, pages, a section, or a document's outline.
//!
//! The text is in both the structured content and the readable text, because clients show a model
//! only one of the two.

mod cursor;
mod outline;
mod page_request;
mod pages;
mod passages;
#[cfg(test)]
mod tests;

use mcdewey_core::{DocumentMeta, PageRef, Visibility};
use mcdewey_search::{MAX_CONTEXT, PageSelector, QueryError};
use rmcp::model::CallToolResult;

use self::cursor::ReadCursor;
use self::page_request::PageRequest;
use super::arguments::{Arguments, CURSOR, Parameter, ParameterKind, TOKEN_BUDGET};
use super::fence::{encoded_name, facet, label, source_url};
use super::wire::{ReadText, TextPart};
use crate::ServedLibrary;
use crate::page_label::printed;

/// The tool's parameters.
pub(super) static PARAMETERS: [Parameter; 7] = [
    Parameter {
        name: "id",
        aliases: &["chunk_id", "handle", "chunk"],
        kind: ParameterKind::Name,
        required: false,
        description: "A passage: handle or chunk_id of a hit; or give source",
        examples: &["3fa2b1c9"],
    },
    Parameter {
        name: "context",
        aliases: &["neighbours", "neighbors"],
        kind: ParameterKind::Number {
            min: 0,
            max: MAX_CONTEXT as usize,
            default: Some(0),
        },
        required: false,
        description: "With id: neighbours on each side",
        examples: &["2"],
    },
    Parameter {
        name: "source",
        aliases: &["document", "doc", "path", "file"],
        kind: ParameterKind::Name,
        required: false,
        description: "A document; alone: its outline",
        examples: &["finesse/v12.5/guide.md"],
    },
    Parameter {
        name: "page",
        aliases: &["pages", "page_number", "page_label"],
        kind: ParameterKind::Text,
        required: false,
        description: "With source: a page or range",
        examples: &["118", "118-120"],
    },
    Parameter {
        name: "section",
        aliases: &["heading"],
        kind: ParameterKind::Name,
        required: false,
        description: "With source, without pages: a section",
        examples: &["retry-policy-4"],
    },
    TOKEN_BUDGET,
    CURSOR,
];

/// Answers a call.
pub(super) async fn call(
    library: &ServedLibrary,
    arguments: &Arguments,
    visibility: &Visibility,
) -> Result<CallToolResult, QueryError> {
    let budget = arguments.budget();
    match parse_request(arguments)? {
        ReadRequest::Passage { id, context } => {
            passages::read(library, &id, context, budget, visibility).await
        }
        ReadRequest::Outline { source } => {
            outline::read(library, &source, budget, visibility).await
        }
        ReadRequest::Pages { source, pages } => {
            pages::read(library, &source, &pages, budget, visibility).await
        }
        ReadRequest::Continue { source, cursor } => {
            pages::continue_from(library, &source, &cursor, budget, visibility).await
        }
    }
}

#[derive(Debug, PartialEq)]
enum ReadRequest {
    Passage { id: String, context: u32 },
    Outline { source: String },
    Pages { source: String, pages: PageRequest },
    Continue { source: String, cursor: ReadCursor },
}

/// Determines what the combination of arguments requests.
fn parse_request(arguments: &Arguments) -> Result<ReadRequest, QueryError> {
    let cursor = arguments.text("cursor");
    let id = arguments.text("id");
    let source = arguments.text("source");
    let page = arguments.text("page");
    let section = arguments.text("section");

    match (cursor, id, source) {
        (Some(cursor), None, Some(source)) => Ok(ReadRequest::Continue {
            source: source.to_owned(),
            cursor: ReadCursor::decode(cursor)?,
        }),
        (None, Some(id), None) => {
            if page.is_some() || section.is_some() {
                return invalid(
                    "page and section need source; give id alone, or source with page or section",
                );
            }

            let context = arguments.number("context").unwrap_or(0);
            Ok(ReadRequest::Passage {
                id: id.to_owned(),
                context: u32::try_from(context).unwrap_or(MAX_CONTEXT),
            })
        }
        (None, None, Some(source)) => parse_location(source.to_owned(), page, section),
        (None, None, None) => invalid("give id (of a hit), or source with page or section"),
        (None, Some(_), Some(_)) => {
            invalid("id and source are mutually exclusive; give one of them")
        }
        (Some(_), ..) => {
            invalid("cursor needs the source of the previous call; give source and no id")
        }
    }
}

/// Determines which part of a document is requested.
fn parse_location(
    source: String,
    page: Option<&str>,
    section: Option<&str>,
) -> Result<ReadRequest, QueryError> {
    match (page, section) {
        (Some(page), None) => Ok(ReadRequest::Pages {
            source,
            pages: PageRequest::parse(page)?,
        }),
        (None, Some(section)) => Ok(ReadRequest::Pages {
            source,
            pages: PageRequest::One(PageSelector::Section(section.to_owned())),
        }),
        (None, None) => Ok(ReadRequest::Outline { source }),
        (Some(_), Some(_)) => invalid("page and section are mutually exclusive; give one of them"),
    }
}

/// Returns a [`ReadText`] with a document's metadata and no text. `url` is the web page of what was
/// requested.
fn document_metadata(meta: &DocumentMeta, url: String) -> ReadText {
    let facets = &meta.facets;
    ReadText {
        source: encoded_name(meta.source.as_str()),
        doc_title: label(&meta.title),
        vendor: facets.vendor.as_deref().map(facet),
        product: facets.product.as_deref().map(facet),
        version: facets.version_label().as_deref().map(facet),
        url,
        source_url: source_url(&meta.source_url),
        updated: meta.updated.as_deref().map(label),
        ..ReadText::default()
    }
}

/// Returns a part with text of a page or section.
fn text_part(page: &PageRef, text: &str) -> TextPart {
    let number = page.physical_page();
    let page_label = printed(number, page.label.as_deref());

    TextPart {
        page: number,
        page_label: page_label.as_deref().map(label),
        section: page.section_slug().map(encoded_name),
        chunk_id: None,
        text: text.to_owned(),
    }
}

fn invalid<T>(message: &str) -> Result<T, QueryError> {
    Err(QueryError::InvalidRequest(message.to_owned()))
}
