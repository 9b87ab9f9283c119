//! `mcdewey mcp`: MCP on standard input and output, for clients that start their servers themselves.
//!
//! Where a running server owns the library, messages are passed on to it, so that any number of clients can work beside
//! it. Standard output belongs to the protocol.

use std::io::{BufRead, Write};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use mcdewey_query::mcp;
use serde_json::{Value, json};

use crate::engine::Engine;
use crate::owner::RunningOwner;
use crate::settings::Settings;

/// Where a message of the 2026 era says which revision it speaks.
const REVISION_FIELD: &str = "io.modelcontextprotocol/protocolVersion";
/// JSON-RPC's code for a server that failed.
const INTERNAL_ERROR: i32 = -32603;

pub(crate) async fn run(settings: Settings) -> Result<ExitCode> {
    if let Some(owner) = RunningOwner::find(&settings)? {
        tokio::task::spawn_blocking(move || pass_on(&owner)).await??;
        return Ok(ExitCode::SUCCESS);
    }

    let engine = Engine::open(&settings).await?;
    engine.refuse_half_built()?;
    let public_url = settings
        .public_url
        .clone()
        .unwrap_or_else(|| format!("http://{}", settings.listen));
    let library = Arc::new(engine.library(public_url));
    mcp::serve_stdio(library).await?;

    Ok(ExitCode::SUCCESS)
}

/// Hands every line to the owner and its answer back, until the input ends.
fn pass_on(owner: &RunningOwner) -> Result<()> {
    let mut revision = None;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }

        let message: Value = serde_json::from_str(&line).unwrap_or_default();
        if is_answer(&message) {
            continue;
        }

        let headers = headers(&message, revision.as_deref());
        let answer = owner
            .mcp(&line, &headers)
            .unwrap_or_else(|error| failure(&message, &error));

        if let Some(answer) = answer.filter(|_| !is_notification(&message)) {
            if message["method"] == "initialize" {
                revision = negotiated(&answer);
            }
            let mut out = std::io::stdout().lock();
            writeln!(out, "{}", answer.trim())?;
            out.flush()?;
        }
    }

    Ok(())
}

/// What streamable HTTP says in headers beside the message.
fn headers(message: &Value, negotiated: Option<&str>) -> Vec<(&'static str, String)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let params = &message["params"];
    let Some(revision) = text(&params["_meta"][REVISION_FIELD]) else {
        return negotiated
            .map(|revision| ("mcp-protocol-version", revision.to_owned()))
            .into_iter()
            .collect();
    };

    let name = text(&params["name"]).or_else(|| text(&params["uri"]));
    let method = text(&message["method"]).map(|method| ("mcp-method", method));
    [
        Some(("mcp-protocol-version", revision)),
        method,
        name.map(|name| ("mcp-name", name)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The revision that client and server agreed on.
fn negotiated(greeting: &str) -> Option<String> {
    let greeting: Value = serde_json::from_str(greeting).ok()?;
    greeting["result"]["protocolVersion"]
        .as_str()
        .map(str::to_owned)
}

/// Whether a message wants no answer, not even that it is wrong.
fn is_notification(message: &Value) -> bool {
    message.get("method").is_some() && message.get("id").is_none()
}

/// Whether a message is an answer, in order or not: the server asks its client for nothing.
fn is_answer(message: &Value) -> bool {
    message.get("method").is_none()
        && (message.get("result").is_some() || message.get("error").is_some())
}

/// An error the client can read; a notification gets no answer.
fn failure(message: &Value, error: &anyhow::Error) -> Option<String> {
    let id = message.get("id")?;
    let error = json!({"code": INTERNAL_ERROR, "message": format!("{error:#}")});
    Some(json!({"jsonrpc": "2.0", "id": id, "error": error}).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_2026_carry_their_headers() {
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
    fn messages_of_2025_carry_what_was_negotiated() {
        let call = json!({"method": "tools/list"});
        assert_eq!(headers(&call, None), []);
        let revision = negotiated(r#"{"result": {"protocolVersion": "2025-11-25"}}"#);

        assert_eq!(
            headers(&call, revision.as_deref()),
            [("mcp-protocol-version", "2025-11-25".to_owned())]
        );
    }

    #[test]
    fn only_notifications_want_no_answer() {
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
    fn answers_are_told_from_requests() {
        for answer in [
            json!({"id": 3, "error": {}}),
            json!({"id": 3, "result": {}, "error": {}}),
        ] {
            assert!(is_answer(&answer), "{answer}");
        }

        for other in [
            json!({"id": 3, "method": "ping", "result": {}}),
            json!({"id": 3}),
            json!([]),
            Value::Null,
        ] {
            assert!(!is_answer(&other), "{other}");
        }
    }

    #[test]
    fn a_failure_answers_the_message_it_belongs_to() {
        let error = anyhow::anyhow!("gone");
        assert!(
            failure(&json!({"id": 7}), &error).is_some_and(|answer| answer.contains("\"id\":7"))
        );
        assert_eq!(
            failure(&json!({"method": "notifications/initialized"}), &error),
            None
        );
    }
}
