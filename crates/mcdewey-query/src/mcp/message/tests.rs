//! Malformed and invalid messages, and the JSON-RPC error that each one gets.

use super::*;

fn rejection(body: &str) -> (i32, Value, String) {
    let MessageError {
        id, code, message, ..
    } = parse(body.as_bytes(), &ALL_METHODS, None).expect_err(body);
    (code.0, id, message)
}

fn request(method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc": "2.0", "id": 7, "method": "{method}", "params": {params}}}"#)
}

#[test]
fn invalid_parameters_of_a_known_method_are_named() {
    for (method, params, reason) in [
        (
            "tools/call",
            r#"{"name": "search_docs", "arguments": "{}"}"#,
            "arguments must be an object",
        ),
        (
            "tools/call",
            r#"{"name": "search_docs", "arguments": []}"#,
            "arguments must be an object",
        ),
        ("tools/call", r#"{"arguments": {}}"#, "name is missing"),
        ("tools/call", r#"{"name": 7}"#, "name must be a string"),
        ("tools/call", "null", "name is missing"),
        ("tools/call", "[1]", "params must be an object"),
        ("tools/call", "\"x\"", "params must be an object"),
        (
            "tools/call",
            r#"{"name": "x", "_meta": 1}"#,
            "_meta must be an object",
        ),
        ("resources/read", "{}", "uri is missing"),
        (
            "resources/read",
            r#"{"uri": ["a"]}"#,
            "uri must be a string",
        ),
        ("prompts/get", "{}", "name is missing"),
        (
            "prompts/get",
            r#"{"name": "upgrade_check", "arguments": 1}"#,
            "arguments must be an object",
        ),
        (
            "resources/list",
            r#"{"cursor": 5}"#,
            "cursor must be a string",
        ),
        (
            "resources/templates/list",
            r#"{"cursor": {}}"#,
            "cursor must be a string",
        ),
        (
            "prompts/list",
            r#"{"cursor": []}"#,
            "cursor must be a string",
        ),
        (
            "tools/list",
            r#"{"cursor": true}"#,
            "cursor must be a string",
        ),
        ("tools/list", "[]", "params must be an object"),
        (
            "completion/complete",
            r#"{"argument": {"name": "a", "value": "b"}}"#,
            "ref is missing",
        ),
        (
            "completion/complete",
            r#"{"ref": "x", "argument": {}}"#,
            "ref must be an object",
        ),
        (
            "completion/complete",
            r#"{"ref": {"type": "ref/prompt", "name": "x"}}"#,
            "argument is missing",
        ),
        ("initialize", "{}", "protocolVersion is missing"),
        (
            "initialize",
            r#"{"protocolVersion": 1}"#,
            "protocolVersion must be a string",
        ),
        (
            "initialize",
            r#"{"protocolVersion": "2025-11-25", "capabilities": []}"#,
            "capabilities must be an object",
        ),
        ("ping", "7", "params must be an object"),
    ] {
        let reason = format!("{method}: {reason}");
        assert_eq!(
            rejection(&request(method, params)),
            (-32602, json!(7), reason),
            "{method} {params}"
        );
    }
}

#[test]
fn other_invalid_parameters_repeat_the_deserialisation_error() {
    let reference = r#"{"ref": {"type": "ref/other"}, "argument": {"name": "a", "value": "b"}}"#;
    let argument = r#"{"ref": {"type": "ref/prompt", "name": "x"}, "argument": {"name": "a"}}"#;
    let client =
        r#"{"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": 1}}"#;

    for (method, params) in [
        ("completion/complete", reference),
        ("completion/complete", argument),
        ("initialize", client),
    ] {
        let (code, id, reason) = rejection(&request(method, params));
        assert_eq!((code, id), (-32602, json!(7)), "{reason}");
        assert!(
            reason.len() > method.len() + 5 && reason.len() < 300,
            "{reason}"
        );
    }
}

#[test]
fn a_malformed_message_is_an_invalid_request() {
    for (body, id, reason) in [
        (
            "[]",
            Value::Null,
            "batches are not supported; send each message separately",
        ),
        (
            r#"[{"jsonrpc": "2.0", "id": 1, "method": "ping"}]"#,
            Value::Null,
            "batches are not supported; send each message separately",
        ),
        ("7", Value::Null, "a message must be a JSON object"),
        ("null", Value::Null, "a message must be a JSON object"),
        (
            r#"{"id": 1, "method": "ping"}"#,
            json!(1),
            "jsonrpc must be \"2.0\"",
        ),
        (
            r#"{"jsonrpc": "1.0", "id": "a", "method": "ping"}"#,
            json!("a"),
            "jsonrpc must be \"2.0\"",
        ),
        (
            r#"{"jsonrpc": 2.0, "id": 1, "method": "ping"}"#,
            json!(1),
            "jsonrpc must be \"2.0\"",
        ),
        (
            r#"{"jsonrpc": "2.0", "id": null, "method": "ping"}"#,
            Value::Null,
            "id must be a string or an integer",
        ),
        (
            r#"{"jsonrpc": "2.0", "id": {}, "method": "ping"}"#,
            Value::Null,
            "id must be a string or an integer",
        ),
        (
            r#"{"jsonrpc": "2.0", "id": 1.5, "method": "ping"}"#,
            Value::Null,
            "id must be a string or an integer",
        ),
        (
            r#"{"jsonrpc": "2.0", "id": 18446744073709551615, "method": "ping"}"#,
            Value::Null,
            "id must be a string or an integer",
        ),
        (
            r#"{"jsonrpc": "2.0", "id": 1e300, "method": "ping"}"#,
            Value::Null,
            "id must be a string or an integer",
        ),
        (r#"{"jsonrpc": "2.0"}"#, Value::Null, "method is missing"),
        (
            r#"{"jsonrpc": "2.0", "id": 1}"#,
            json!(1),
            "method is missing",
        ),
        (
            r#"{"jsonrpc": "2.0", "id": 1, "method": 5}"#,
            json!(1),
            "method must be a string",
        ),
        (
            r#"{"jsonrpc": "2.0", "id": 1, "method": "ping", "result": {}}"#,
            json!(1),
            "a message must be either a request or a response",
        ),
    ] {
        assert_eq!(rejection(body), (-32600, id, reason.to_owned()), "{body}");
    }
}

#[test]
fn invalid_json_is_a_parse_error() {
    for body in [
        "{",
        "",
        "nonsense",
        "{\"jsonrpc\": \"2.0\",}",
        &"[".repeat(10_000),
    ] {
        let (code, id, reason) = rejection(body);
        assert_eq!((code, id), (-32700, Value::Null), "{reason}");
    }

    assert_eq!(
        parse(&[0xff, 0xfe], &ALL_METHODS, None).unwrap_err().code,
        ErrorCode::PARSE_ERROR
    );
}

#[test]
fn unknown_methods_are_reported_as_such() {
    assert_eq!(
        rejection(&request("tools/delete", "[]")),
        (-32601, json!(7), "no method \"tools/delete\"".to_owned())
    );

    for (method, params) in [
        ("tools/delete", "{}"),
        ("logging/setLevel", r#"{"level": "info"}"#),
        ("resources/subscribe", r#"{"uri": "mcdewey://a.md"}"#),
        ("tasks/get", r#"{"taskId": "x"}"#),
    ] {
        assert_eq!(
            rejection(&request(method, params)),
            (-32601, json!(7), format!("no method {method:?}"))
        );
    }

    for (method, params) in [
        ("resources/read", "[]"),
        ("prompts/get", r#"{"name": "upgrade_check"}"#),
    ] {
        let error = parse(request(method, params).as_bytes(), &TOOL_METHODS, None).unwrap_err();
        assert_eq!(
            (error.code, error.message),
            (ErrorCode::METHOD_NOT_FOUND, format!("no method {method:?}"))
        );
    }
}

#[test]
fn the_stateless_protocol_version_has_no_session_methods() {
    let stateless = r#"{"_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}}"#;
    for (method, params, protocol_version) in [
        ("ping", stateless, None),
        ("initialize", stateless, None),
        ("ping", "{}", Some("2026-07-28")),
        ("ping", "[]", Some("2026-07-28")),
        ("initialize", "{}", Some("2026-07-28")),
    ] {
        let error = parse(
            request(method, params).as_bytes(),
            &ALL_METHODS,
            protocol_version,
        )
        .expect_err(method);
        assert_eq!(
            (error.code, error.is_stateless),
            (ErrorCode::METHOD_NOT_FOUND, true),
            "{method} {params}"
        );
        assert_eq!(error.message, format!("no method {method:?}"));
    }

    let initialize_params = r#"{
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "a", "version": "1"}
    }"#;
    assert!(
        parse(
            request("initialize", initialize_params).as_bytes(),
            &ALL_METHODS,
            Some("2026-07-28")
        )
        .is_ok()
    );
    assert!(
        parse(
            request("ping", "{}").as_bytes(),
            &ALL_METHODS,
            Some("2025-11-25")
        )
        .is_ok()
    );
}

#[test]
fn required_params_are_reported_as_missing() {
    for body in [
        r#"{"jsonrpc": "2.0", "id": 7, "method": "server/discover"}"#,
        r#"{"jsonrpc": "2.0", "id": 7, "method": "server/discover", "params": null}"#,
    ] {
        assert_eq!(
            rejection(body),
            (
                -32602,
                json!(7),
                "server/discover: params is missing".to_owned()
            )
        );
    }
}

#[test]
fn a_duplicate_member_is_an_invalid_request() {
    for body in [
        r#"{"jsonrpc": "2.0", "id": 7, "method": "ping", "params": {}, "params": {}}"#,
        r#"{"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "a", "name": "search_docs"}}"#,
        r#"{"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "a", "arguments": {"q": 1, "q": 2}}}"#,
    ] {
        let (code, id, reason) = rejection(body);
        assert_eq!((code, id), (-32600, json!(7)), "{reason}");
        assert!(reason.contains("is given twice"), "{reason}");
    }
}

#[test]
fn an_invalid_response_of_the_client_gets_no_reply() {
    for body in [
        r#"{"jsonrpc": "2.0", "id": 3, "error": {}}"#,
        r#"{"jsonrpc": "2.0", "id": 3, "result": {}, "error": {"code": 1, "message": "x"}, "id": 3}"#,
        r#"{"jsonrpc": "1.0", "id": 3, "result": {}}"#,
    ] {
        let error = parse(body.as_bytes(), &ALL_METHODS, None).expect_err(body);
        assert_eq!(
            (error.id, error.expects_reply),
            (Value::Null, false),
            "{body}"
        );
    }
}

#[test]
fn well_formed_messages_are_parsed() {
    for (method, params) in [
        ("tools/call", r#"{"name": "x", "arguments": {}}"#),
        (
            "tools/call",
            r#"{"name": "x", "arguments": null, "_meta": {"progressToken": 1}}"#,
        ),
        ("tools/list", "{}"),
        ("tools/list", "null"),
        ("resources/list", r#"{"cursor": null}"#),
        ("ping", "{}"),
    ] {
        assert!(
            parse(request(method, params).as_bytes(), &ALL_METHODS, None).is_ok(),
            "{method} {params}"
        );
    }

    for body in [
        r#"{"jsonrpc": "2.0", "id": "a", "method": "ping"}"#,
        r#"{"jsonrpc": "2.0", "id": -7, "method": "ping"}"#,
        r#"{"jsonrpc": "2.0", "id": 1e2, "method": "ping"}"#,
        r#"{"jsonrpc": "2.0", "method": "notifications/initialized"}"#,
        r#"{"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "x"}}"#,
        r#"{"jsonrpc": "2.0", "id": 1, "result": {}}"#,
    ] {
        assert!(parse(body.as_bytes(), &ALL_METHODS, None).is_ok(), "{body}");
    }
}

#[test]
fn only_requests_expect_a_reply() {
    let error = |body: &str| parse(body.as_bytes(), &ALL_METHODS, None).unwrap_err();
    assert!(
        !error(r#"{"jsonrpc": "2.0", "method": "notifications/cancelled", "params": []}"#)
            .expects_reply
    );
    assert!(error("{").expects_reply && error(&request("tools/call", "{}")).expects_reply);
}

#[test]
fn no_error_is_as_long_as_its_message() {
    let long = "a\\\"b".repeat(20_000);
    let initialize = format!(
        r#"{{"protocolVersion": "x", "capabilities": {{}}, "clientInfo": {{"name": {{"{long}": 1}}}}}}"#
    );

    for body in [
        request(&long, "[]"),
        request(
            "completion/complete",
            &format!(
                r#"{{"ref": {{"type": "{long}"}}, "argument": {{"name": "a", "value": "b"}}}}"#
            ),
        ),
        request("initialize", &initialize),
    ] {
        assert!(rejection(&body).2.len() < 700, "{}", rejection(&body).2);
    }
}
