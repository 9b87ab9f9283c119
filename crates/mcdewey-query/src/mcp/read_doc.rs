//! `read_doc`: a passage with its neighbours, pages, a section, or a document's outline.
//!
//! The text stands in the structured content and in the readable text, because clients show a model one of the two.

use mcdewey_core::Visibility;
use rmcp::model::CallToolResult;

use super::arguments::{Arguments, Kind, Parameter, TOKEN_BUDGET};
use super::place::{Cut, Pages};
use super::{read_outline, read_pages, read_passages};
use crate::{Library, MAX_CONTEXT, PageSelector, QueryError};

/// What the tool takes.
pub(super) static PARAMETERS: [Parameter; 7] = [
    Parameter {
        name: "id",
        aliases: &["chunk_id", "handle", "chunk"],
        kind: Kind::Text,
        required: false,
        description: "A passage: chunk_id or handle of a hit of search_docs. Give this, or source, or cursor.",
        examples: &["3fa2b1c9", "finesse::v12.5::developer-guide::developer-guide::102"],
    },
    Parameter {
        name: "context",
        aliases: &["neighbours", "neighbors"],
        kind: Kind::Number { min: 0, max: MAX_CONTEXT as usize, default: 0 },
        required: false,
        description: "With id: how many neighbouring passages on each side to read too.",
        examples: &["2"],
    },
    Parameter {
        name: "source",
        aliases: &["document", "doc", "path", "file"],
        kind: Kind::Text,
        required: false,
        description: "A document: source of a hit, or from list_library. Alone it gives the document's outline.",
        examples: &["finesse/v12.5/developer-guide/developer-guide.md"],
    },
    Parameter {
        name: "page",
        aliases: &["pages", "page_number", "page_label"],
        kind: Kind::Text,
        required: false,
        description: "With source: a physical page, a range of pages, or a number printed on a page that is no number.",
        examples: &["118", "118-120", "xii"],
    },
    Parameter {
        name: "section",
        aliases: &["heading"],
        kind: Kind::Text,
        required: false,
        description: "With source, in a document without pages: section of a hit or of the outline.",
        examples: &["retry-policy-4"],
    },
    TOKEN_BUDGET,
    Parameter {
        name: "cursor",
        aliases: &["next_cursor"],
        kind: Kind::Text,
        required: false,
        description: "next_cursor of the answer before, to read on where the text was cut; nothing else is needed.",
        examples: &["118.120.2310.1c9a77e0@finesse/v12.5/developer-guide/developer-guide.md"],
    },
];

/// Answers a call.
pub(super) async fn call(
    library: &Library,
    arguments: &Arguments,
    visibility: &Visibility,
) -> Result<CallToolResult, QueryError> {
    let budget = arguments.budget();
    match wanted(arguments)? {
        Wanted::Passage { id, context } => read_passages::read(library, &id, context, budget, visibility).await,
        Wanted::Outline { source } => read_outline::read(library, &source, budget, visibility).await,
        Wanted::Pages { source, pages } => read_pages::read(library, &source, &pages, budget, visibility).await,
        Wanted::On(cut) => read_pages::read_on(library, &cut, budget, visibility).await,
    }
}

#[derive(Debug, PartialEq)]
enum Wanted {
    Passage { id: String, context: u32 },
    Outline { source: String },
    Pages { source: String, pages: Pages },
    On(Cut),
}

/// What the arguments mean together.
fn wanted(arguments: &Arguments) -> Result<Wanted, QueryError> {
    let refuse = |message: &str| Err(QueryError::InvalidRequest(message.to_owned()));
    let text = |name: &str| arguments.text(name).map(str::to_owned);
    match (text("cursor"), text("id"), text("source")) {
        (Some(cursor), None, _) => Ok(Wanted::On(Cut::decode(&cursor)?)),
        (None, Some(id), None) => {
            if text("page").is_some() || text("section").is_some() {
                return refuse("page and section belong to source; give id alone, or source with page or section");
            }
            let context = arguments.number("context").unwrap_or(0);
            Ok(Wanted::Passage { id, context: u32::try_from(context).unwrap_or(MAX_CONTEXT) })
        }
        (None, None, Some(source)) => in_document(source, text("page"), text("section")),
        (None, None, None) => refuse("give id (of a hit), or source with page or section, or cursor"),
        _ => refuse("id, source and cursor exclude each other; give one of them"),
    }
}

fn in_document(source: String, page: Option<String>, section: Option<String>) -> Result<Wanted, QueryError> {
    match (page, section) {
        (Some(page), None) => Ok(Wanted::Pages { source, pages: Pages::parse(&page)? }),
        (None, Some(section)) => Ok(Wanted::Pages { source, pages: Pages::One(PageSelector::Section(section)) }),
        (None, None) => Ok(Wanted::Outline { source }),
        (Some(_), Some(_)) => {
            Err(QueryError::InvalidRequest("page and section exclude each other; give one of them".to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(given: Value) -> Result<Wanted, QueryError> {
        wanted(&Arguments::read(&PARAMETERS, given.as_object().unwrap())?)
    }

    #[test]
    fn arguments_say_together_what_is_wanted() {
        let passage = Wanted::Passage { id: "3fa2b1c9".to_owned(), context: 2 };
        assert_eq!(read(json!({"handle": "3fa2b1c9", "context": 2})).unwrap(), passage);
        let pages = Wanted::Pages { source: "a.md".to_owned(), pages: Pages::Range(1, 2) };
        assert_eq!(read(json!({"source": "a.md", "page": "1-2"})).unwrap(), pages);
        let one = Pages::One(PageSelector::Number(118));
        let page = Wanted::Pages { source: "a.md".to_owned(), pages: one };
        assert_eq!(read(json!({"source": "a.md", "page": 118})).unwrap(), page);
        assert_eq!(read(json!({"source": "a.md"})).unwrap(), Wanted::Outline { source: "a.md".to_owned() });
    }

    #[test]
    fn contradictions_are_refused() {
        for given in [
            json!({}),
            json!({"page": "1"}),
            json!({"id": "x", "source": "a.md"}),
            json!({"id": "x", "page": "1"}),
            json!({"id": "x", "cursor": "1.1.0.a@b"}),
            json!({"source": "a.md", "page": "1", "section": "s"}),
            json!({"id": "x", "context": 6}),
        ] {
            assert!(matches!(read(given.clone()), Err(QueryError::InvalidRequest(_))), "{given}");
        }
    }
}
