//! Turns the content and errors of tools into results as they are sent.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use mcdewey_search::QueryError;
use rmcp::model::{CallToolResult, ContentBlock, Icon, Implementation, MetaObject};
use serde::Serialize;
use serde_json::json;

use super::budget::TokenCounter;
use super::fence;
use crate::icon::ICON;
use crate::problem::client_message;

/// Tokens of the JSON-RPC message around a result, for a request id of usual length.
pub(super) const MESSAGE_OVERHEAD_TOKENS: usize = 28;
/// The key of the server's name in the metadata of results; rmcp adds the name only to the
/// responses of `initialize` and `server/discover`.
const SERVER_INFO_KEY: &str = "io.modelcontextprotocol/serverInfo";
const SERVER_NAME: &str = "mcdewey";

/// Describes the server: name, version, title and icon.
pub(super) fn server_info() -> Implementation {
    Implementation::new(SERVER_NAME, env!("CARGO_PKG_VERSION"))
        .with_title("McDewey")
        .with_description("Semantic and keyword search in vendor documentation, to the exact page")
        .with_icons(vec![icon()])
}

/// The icon that clients show beside the name. It is a data URI because the server may be reachable
/// for MCP clients only, not for what would fetch an icon.
fn icon() -> Icon {
    let data_uri = format!("data:image/svg+xml;base64,{}", BASE64.encode(ICON));

    Icon::new(data_uri)
        .with_mime_type("image/svg+xml")
        .with_sizes(vec!["any".to_owned()])
}

/// A result with the same content in structured and in readable form.
pub(super) fn answer<T: Serialize>(
    structured: &T,
    markdown: String,
) -> Result<CallToolResult, QueryError> {
    let structured = serde_json::to_value(structured)
        .map_err(|error| QueryError::Internal(error.to_string()))?;
    let mut result = CallToolResult::success(vec![ContentBlock::text(markdown)]);
    result.structured_content = Some(structured);
    result.meta = Some(result_meta());

    Ok(result)
}

/// The metadata of every result: name and version of the server.
pub(super) fn result_meta() -> MetaObject {
    let mut meta = MetaObject::new();
    meta.insert(
        SERVER_INFO_KEY.to_owned(),
        json!({"name": SERVER_NAME, "version": env!("CARGO_PKG_VERSION")}),
    );

    meta
}

/// An error result within the budget: code, reason, and what to do next.
pub(super) fn error_result(
    error: &QueryError,
    counter: &TokenCounter,
    budget: usize,
) -> Result<CallToolResult, QueryError> {
    let text = error_text(error);
    let render = |shown: &str| {
        let shown = if shown.len() < text.len() {
            format!("{shown} …")
        } else {
            shown.to_owned()
        };

        let mut result = CallToolResult::error(vec![ContentBlock::text(shown)]);
        result.meta = Some(result_meta());
        Ok(result)
    };

    Ok(counter.fit_text(budget, &text, render)?.0)
}

/// An error result of bounded length, for when counting tokens itself fails.
pub(super) fn minimal_error_result(error: &QueryError) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(format!(
        "{}: the call failed; {}",
        error.code(),
        remedy(error)
    ))])
}

/// Returns the message of an error as a client sees it: with quotations shortened, and without the
/// list of known values.
pub(super) fn client_error_message(error: &QueryError) -> String {
    fence::truncate_quotations(&match error {
        QueryError::UnknownVersion { asked, .. } => format!("no version {asked:?} in this library"),
        QueryError::UnknownFacet { facet, asked, .. } => {
            format!("no {facet} {asked:?} in this library")
        }
        other => client_message(other),
    })
}

/// Returns code, message, remedy and known values. The known values come last because the text may
/// be cut at the end.
fn error_text(error: &QueryError) -> String {
    let mut text = format!("{}: {}.", error.code(), client_error_message(error));
    if !remedy(error).is_empty() {
        text.push_str(&format!(" {}.", remedy(error)));
    }

    if !error.known().is_empty() {
        text.push_str(&format!("\nknown: {}", fence::quoted_names(error.known())));
    }

    text
}

/// Tells the model what to do next; empty if the message already does.
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
        QueryError::Internal(_) => {
            "Try again; if it fails again, tell the administrator of the server"
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mcdewey_core::testing::{FakeEmbed, MemoryIndex};

    use super::super::budget;
    use super::*;
    use crate::ServedLibrary;

    fn counter() -> TokenCounter {
        let library = ServedLibrary::new(
            mcdewey_search::Library::new(
                Arc::new(MemoryIndex::new()),
                Arc::new(FakeEmbed::new(&[])),
            ),
            "http://x",
        );
        TokenCounter::new(&library)
    }

    fn text(result: &CallToolResult) -> &str {
        &result.content[0].as_text().unwrap().text
    }

    #[test]
    fn an_error_names_known_values_and_a_remedy() {
        let known = vec!["finesse v12.5".to_owned(), "finesse v15.0".to_owned()];
        let error = QueryError::UnknownVersion {
            asked: "13".to_owned(),
            known,
        };
        let result = error_result(&error, &counter(), 1000).unwrap();
        let expected = "unknown_version: no version \"13\" in this library. \
                        Try a known version, a range such as \">=12.0 <15\", \"latest\", \
                        or leave version out.\n\
                        known: \"finesse v12.5\", \"finesse v15.0\"";
        assert_eq!((text(&result), result.is_error), (expected, Some(true)));
        assert_eq!(result.structured_content, None);
    }

    #[test]
    fn a_long_error_keeps_the_budget() {
        let counter = counter();
        let known = (0..2000).map(|one| format!("\"quoted\" {one}")).collect();
        let error = QueryError::UnknownFacet {
            facet: "guide",
            asked: "x".to_owned(),
            known,
        };

        let result = error_result(&error, &counter, budget::MIN).unwrap();
        assert!(counter.count_result(&result).unwrap() + MESSAGE_OVERHEAD_TOKENS <= budget::MIN);
        assert!(text(&result).contains("Try a known value") && text(&result).ends_with('…'));
    }
}
