//! From answers and errors to results as they are sent.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use rmcp::model::{CallToolResult, ContentBlock, Icon, Implementation, MetaObject};
use serde::Serialize;
use serde_json::json;

use super::budget::Counter;
use super::fence;
use crate::QueryError;
use crate::app::client_message;

/// Tokens of the JSON-RPC message around a result, with a request id of usual length.
pub(super) const RESERVE: usize = 28;
/// Results name the server that made them under this key; only `initialize` and `server/discover` do it by themselves.
const SERVER_INFO_KEY: &str = "io.modelcontextprotocol/serverInfo";
/// The server's name in the protocol.
const NAME: &str = "mcdewey";

/// Who answers.
pub(super) fn implementation() -> Implementation {
    Implementation::new(NAME, env!("CARGO_PKG_VERSION"))
        .with_title("McDewey")
        .with_description(
            "Vendor documentation, searched by meaning and words, answered with the exact page",
        )
        .with_icons(vec![icon()])
}

/// What clients show beside the name; in the message itself, for a library may be reached by its clients only.
fn icon() -> Icon {
    let source = format!(
        "data:image/svg+xml;base64,{}",
        BASE64.encode(include_str!("../../templates/icon.svg"))
    );

    Icon::new(source)
        .with_mime_type("image/svg+xml")
        .with_sizes(vec!["any".to_owned()])
}

/// A result with the same answer for machines and for readers.
pub(super) fn answer<T: Serialize>(
    structured: &T,
    markdown: String,
) -> Result<CallToolResult, QueryError> {
    let structured = serde_json::to_value(structured)
        .map_err(|error| QueryError::Internal(error.to_string()))?;
    let mut result = CallToolResult::success(vec![ContentBlock::text(markdown)]);
    result.structured_content = Some(structured);
    result.meta = Some(signature());

    Ok(result)
}

/// The name of the server, as results carry it.
pub(super) fn signature() -> MetaObject {
    let mut meta = MetaObject::new();
    meta.insert(
        SERVER_INFO_KEY.to_owned(),
        json!({"name": NAME, "version": env!("CARGO_PKG_VERSION")}),
    );

    meta
}

/// A result that says why there is no answer and what to do, within the budget.
pub(super) fn refusal(
    error: &QueryError,
    counter: &Counter,
    budget: usize,
) -> Result<CallToolResult, QueryError> {
    let result = |text: &str| {
        let mut result = CallToolResult::error(vec![ContentBlock::text(text)]);
        result.meta = Some(signature());
        result
    };

    let text = refusal_text(error);
    let render = |shown: &str| {
        Ok(result(&if shown.len() < text.len() {
            format!("{shown} …")
        } else {
            shown.to_owned()
        }))
    };

    Ok(counter.fit_text(budget, &text, render)?.0)
}

/// A refusal without a list that could be long: for when counting itself fails.
pub(super) fn bare_refusal(error: &QueryError) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(format!(
        "{}: the call failed; {}",
        error.code(),
        remedy(error)
    ))])
}

/// What a client is told: of its own words only their beginnings, of what the library knows nothing yet.
pub(super) fn message(error: &QueryError) -> String {
    fence::clip_quoted(&match error {
        QueryError::UnknownVersion { asked, .. } => format!("no version {asked:?} in this library"),
        QueryError::UnknownFacet { facet, asked, .. } => {
            format!("no {facet} {asked:?} in this library")
        }
        other => client_message(other),
    })
}

/// Code, message, remedy and at the end, where it may be cut, what the library knows.
fn refusal_text(error: &QueryError) -> String {
    let mut text = format!("{}: {}.", error.code(), message(error));
    if !remedy(error).is_empty() {
        text.push_str(&format!(" {}.", remedy(error)));
    }

    if !error.known().is_empty() {
        text.push_str(&format!("\nknown: {}", fence::quoted_names(error.known())));
    }

    text
}

/// What a model should do next.
fn remedy(error: &QueryError) -> &'static str {
    match error {
        QueryError::InvalidRequest(_) => "",
        QueryError::UnknownVersion { .. } => {
            "Try a known version, a range such as \">=12.0 <15\", \"latest\", or leave version out"
        }
        QueryError::UnknownFacet { .. } => {
            "Try a known value, call list_library, or leave the filter out"
        }
        QueryError::NotFound(_) => "Ids come from search_docs, sources from list_library",
        QueryError::CursorExpired => "Repeat the call without cursor",
        QueryError::Overloaded | QueryError::Unavailable(_) => "Try again in a moment",
        QueryError::Internal(_) => "Try once more; if it stays, tell whoever runs the server",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mcdewey_core::testing::{FakeEmbed, MemoryIndex};

    use super::super::budget;
    use super::*;
    use crate::Library;

    fn counter() -> Counter {
        let library = Library::new(
            Arc::new(MemoryIndex::new()),
            Arc::new(FakeEmbed::new(&[])),
            "http://x",
        );
        Counter::new(&library)
    }

    fn text(result: &CallToolResult) -> &str {
        &result.content[0].as_text().unwrap().text
    }

    #[test]
    fn a_refusal_names_the_known_and_the_remedy() {
        let known = vec!["finesse v12.5".to_owned(), "finesse v15.0".to_owned()];
        let error = QueryError::UnknownVersion {
            asked: "13".to_owned(),
            known,
        };
        let result = refusal(&error, &counter(), 1000).unwrap();
        let expected = "unknown_version: no version \"13\" in this library. Try a known version, a range such as \
                        \">=12.0 <15\", \"latest\", or leave version out.\nknown: \"finesse v12.5\", \"finesse v15.0\"";
        assert_eq!((text(&result), result.is_error), (expected, Some(true)));
        assert_eq!(result.structured_content, None);
    }

    #[test]
    fn a_long_refusal_keeps_the_budget() {
        let counter = counter();
        let known = (0..2000).map(|one| format!("\"quoted\" {one}")).collect();
        let error = QueryError::UnknownFacet {
            facet: "guide",
            asked: "x".to_owned(),
            known,
        };

        let result = refusal(&error, &counter, budget::MIN).unwrap();
        assert!(counter.result(&result).unwrap() + RESERVE <= budget::MIN);
        assert!(text(&result).contains("Try a known value") && text(&result).ends_with('…'));
    }
}
