//! A session over standard input and output, with good and bad lines.

use serde_json::{Value, json};
use tokio::io::{DuplexStream, Lines, ReadHalf, WriteHalf};
use tokio::task::JoinHandle;

use super::*;
use crate::mcp::testing::{BARGE, library};

/// Responses to requests that the server never sent.
const STRAY_RESPONSES: [&str; 4] = [
    r#"{"jsonrpc": "2.0", "id": 3, "result": {}}"#,
    r#"{"jsonrpc": "2.0", "id": 3, "error": {"code": 1, "message": "x"}}"#,
    r#"{"jsonrpc": "2.0", "id": 3, "error": {}}"#,
    r#"{"jsonrpc": "2.0", "id": 3, "result": {}, "error": {"code": 1, "message": "x"}}"#,
];

/// A client connected to a server in memory.
struct Client {
    responses: Lines<BufReader<ReadHalf<DuplexStream>>>,
    input: WriteHalf<DuplexStream>,
    serving: JoinHandle<Result<(), McpError>>,
}

impl Client {
    async fn new() -> Self {
        let (client, server) = tokio::io::duplex(64 * 1024);
        let (input, output) = tokio::io::split(server);
        let serving = tokio::spawn(serve(library().await, input, output));
        let (output, input) = tokio::io::split(client);

        Self {
            responses: BufReader::new(output).lines(),
            input,
            serving,
        }
    }

    async fn initialized() -> Self {
        let mut client = Self::new().await;
        let info = json!({"name": "test", "version": "1"});
        let initialize_params =
            json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": info});

        client
            .send(
                &json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": initialize_params})
                    .to_string(),
            )
            .await;

        assert_eq!(
            client.response().await["result"]["protocolVersion"],
            "2025-11-25"
        );

        client
            .send(r#"{"jsonrpc": "2.0", "method": "notifications/initialized"}"#)
            .await;
        client
    }

    async fn send(&mut self, line: &str) {
        self.input
            .write_all(format!("{line}\n").as_bytes())
            .await
            .unwrap();
    }

    async fn response(&mut self) -> Value {
        serde_json::from_str(
            &self
                .responses
                .next_line()
                .await
                .unwrap()
                .expect("a response"),
        )
        .unwrap()
    }

    /// Disconnects; returns the lines that the server still wrote.
    async fn disconnect(mut self) -> Vec<String> {
        self.input.shutdown().await.unwrap();
        self.serving.await.unwrap().unwrap();

        let mut rest = Vec::new();
        while let Some(line) = self.responses.next_line().await.unwrap() {
            rest.push(line);
        }

        rest
    }
}

#[tokio::test]
async fn requests_are_answered_line_by_line_until_the_input_ends() {
    let mut client = Client::initialized().await;
    let call = json!({"name": "read_doc", "arguments": {"id": BARGE}});
    client
        .send(
            &json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call}).to_string(),
        )
        .await;

    assert_eq!(
        client.response().await["result"]["structuredContent"]["parts"][0]["chunk_id"],
        BARGE
    );
    assert!(client.disconnect().await.is_empty());
}

#[tokio::test]
async fn a_client_that_disconnects_at_once_is_not_an_error() {
    assert!(Client::new().await.disconnect().await.is_empty());
}

#[tokio::test]
async fn an_invalid_message_is_answered_and_the_next_one_too() {
    let mut client = Client::initialized().await;
    for (line, id, code, expected) in [
        (
            r#"{"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "x", "arguments": "y"}}"#,
            json!(2),
            -32602,
            "arguments must be an object",
        ),
        (
            r#"{"jsonrpc": "2.0", "id": 3, "method": "resources/read"}"#,
            json!(3),
            -32602,
            "uri is missing",
        ),
        (
            r#"{"jsonrpc": "2.0", "id": 4, "method": "tools/delete"}"#,
            json!(4),
            -32601,
            "no method",
        ),
        (
            r#"{"jsonrpc": "2.0", "id": {}, "method": "ping"}"#,
            Value::Null,
            -32600,
            "id must be",
        ),
        ("[]", Value::Null, -32600, "batches"),
        ("nonsense", Value::Null, -32700, "not JSON"),
    ] {
        client.send(line).await;
        let response = client.response().await;
        assert_eq!(
            (&response["id"], &response["error"]["code"]),
            (&id, &json!(code)),
            "{line}: {response}"
        );
        assert!(
            response["error"]["message"]
                .as_str()
                .unwrap()
                .contains(expected),
            "{response}"
        );
    }

    client.send(&"x".repeat(MAX_LINE_BYTES + 1)).await;
    assert_eq!(client.response().await["error"]["code"], -32600, "too long");
    client
        .send(r#"{"jsonrpc": "2.0", "method": "notifications/cancelled", "params": []}"#)
        .await;
    client.send("").await;

    for response in STRAY_RESPONSES {
        client.send(response).await;
    }

    client
        .send(r#"{"jsonrpc": "2.0", "id": 5, "method": "ping"}"#)
        .await;

    assert_eq!(
        client.response().await["id"],
        5,
        "notifications, responses and empty lines get no reply"
    );
    assert!(client.disconnect().await.is_empty());
}

#[tokio::test]
async fn an_invalid_initialize_request_does_not_end_the_session() {
    let mut client = Client::new().await;
    client.send(r#"{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}}"#).await;
    assert_eq!(client.response().await["error"]["code"], -32602);

    for response in STRAY_RESPONSES {
        client.send(response).await;
    }

    client.send("{").await;
    assert_eq!(
        client.disconnect().await.len(),
        1,
        "the error is written before the server ends"
    );
}
