//! Forwards MCP messages, one per line, to the running server that owns the library, so that any
//! number of clients can share it.

use std::io::{BufRead, Write};

use anyhow::Result;
use serde_json::{Value, json};

use crate::owner_client::OwnerClient;

/// The field in which messages of the protocol revisions from 2026 on name their revision.
const REVISION_FIELD: &str = "io.modelcontextprotocol/protocolVersion";
/// The JSON-RPC error code for an internal error.
const INTERNAL_ERROR: i32 = -32603;

/// Forwards every line to the owner and writes its responses, until the input ends. Blocks.
///
/// # Errors
///
/// If the input cannot be read or the output cannot be written. A message that the owner does not
/// answer gets an error response instead.
pub fn forward_mcp(owner: &OwnerClient, input: impl BufRead, mut output: impl Write) -> Result<()> {
    let mut revision = None;
    for line in input.lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }

        let message: Value = serde_json::from_str(&line).unwrap_or_default();
        if is_response(&message) {
            continue;
        }

        let headers = headers(&message, revision.as_deref());
        let response = owner
            .mcp(&line, &headers)
            .unwrap_or_else(|error| error_response(&message, &error));

        if let Some(response) = response.filter(|_| !is_notification(&message)) {
            if message["method"] == "initialize" {
                revision = negotiated_revision(&response);
            }

            writeln!(output, "{}", response.trim())?;
            output.flush()?;
        }
    }

    Ok(())
}

/// Returns the headers that streamable HTTP requires beside a message.
fn headers(message: &Value, negotiated: Option<&str>) -> Vec<(&'static str, String)> {
    let params = &message["params"];
    let Some(revision) = owned_text(&params["_meta"][REVISION_FIELD]) else {
        return negotiated
            .map(|revision| ("mcp-protocol-version", revision.to_owned()))
            .into_iter()
            .collect();
    };

    let method = owned_text(&message["method"]);
    let name = owned_text(&params["name"]).or_else(|| owned_text(&params["uri"]));
    [
        Some(("mcp-protocol-version", revision)),
        method.map(|method| ("mcp-method", method)),
        name.map(|name| ("mcp-name", name)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn owned_text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// Returns the protocol revision that a response to `initialize` names.
fn negotiated_revision(response: &str) -> Option<String> {
    let response: Value = serde_json::from_str(response).ok()?;
    owned_text(&response["result"]["protocolVersion"])
}

/// Reports whether a message is a notification. Those get no response, not even an error.
fn is_notification(message: &Value) -> bool {
    message.get("method").is_some() && message.get("id").is_none()
}

/// Reports whether a message is a response, well-formed or not. Responses are dropped, because the
/// server sends no requests to its client.
fn is_response(message: &Value) -> bool {
    message.get("method").is_none()
        && (message.get("result").is_some() || message.get("error").is_some())
}

/// Returns an error response for the client, or `None` for a notification.
fn error_response(message: &Value, error: &anyhow::Error) -> Option<String> {
    let id = message.get("id")?;
    let error = json!({"code": INTERNAL_ERROR, "message": format!("{error:#}")});
    Some(json!({"jsonrpc": "2.0", "id": id, "error": error}).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_2026_get_their_own_headers() {
        let meta = json!({REVISION_FIELD: "2026-07-28"});
        let call =
            json!({"method": "tools/call", "params": {"name": "search_docs", "_meta": meta}});
        let expected = [
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", "tools/call"),
            ("mcp-name", "search_docs"),
        ];

        assert_eq!(
            headers(&call, None),
            expected.map(|(name, value)| (name, value.to_owned()))
        );
    }

    #[test]
    fn messages_of_2025_get_the_negotiated_revision() {
        let call = json!({"method": "tools/list"});
        assert_eq!(headers(&call, None), []);
        let revision = negotiated_revision(r#"{"result": {"protocolVersion": "2025-11-25"}}"#);

        assert_eq!(
            headers(&call, revision.as_deref()),
            [("mcp-protocol-version", "2025-11-25".to_owned())]
        );
    }

    #[test]
    fn only_notifications_get_no_response() {
        assert!(is_notification(
            &json!({"method": "notifications/cancelled", "params": []})
        ));

        for other in [
            json!({"method": "ping", "id": null}),
            json!([]),
            json!({}),
            Value::Null,
        ] {
            assert!(!is_notification(&other), "{other}");
        }
    }

    #[test]
    fn responses_are_distinguished_from_requests() {
        for response in [
            json!({"id": 3, "error": {}}),
            json!({"id": 3, "result": {}, "error": {}}),
        ] {
            assert!(is_response(&response), "{response}");
        }

        for other in [
            json!({"id": 3, "method": "ping", "result": {}}),
            json!({"id": 3}),
            json!([]),
            Value::Null,
        ] {
            assert!(!is_response(&other), "{other}");
        }
    }

    #[test]
    fn an_error_response_has_the_id_of_its_request() {
        let error = anyhow::anyhow!("gone");
        assert!(
            error_response(&json!({"id": 7}), &error)
                .is_some_and(|response| response.contains("\"id\":7"))
        );
        assert_eq!(
            error_response(&json!({"method": "notifications/initialized"}), &error),
            None
        );
    }
}
