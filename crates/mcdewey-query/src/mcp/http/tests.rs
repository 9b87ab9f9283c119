//! Raw messages of both protocol versions through the router, without a port.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, Response, StatusCode, header};
use mcdewey_auth::AccessPolicy;
use mcdewey_core::OwnerHandle;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::mcp::testing::{BARGE, GUIDE, library};
use crate::testing::plain_pages;

const STATELESS: &str = "2026-07-28";
const WITH_SESSIONS: &str = "2025-11-25";

async fn app() -> Router {
    let (owner, _requests) = OwnerHandle::channel(1);
    let access =
        AccessPolicy::default().with_origins(vec!["https://portal.example.com".to_owned()]);
    crate::app(
        library().await.app_state(owner).with_access(access),
        plain_pages(),
    )
}

fn post(body: &str) -> axum::http::request::Builder {
    assert!(body.len() < 10_000);
    Request::builder()
        .method(Method::POST)
        .uri("/mcp")
        .header(header::HOST, "127.0.0.1:8080")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json, text/event-stream")
}

async fn read(response: Response<Body>) -> (StatusCode, String) {
    let status = response.status();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

/// Sends a request as clients of a protocol version do; returns the response's JSON.
async fn send(app: &Router, version: &str, method: &str, mut params: Value) -> Value {
    let mut request = post("").header("mcp-protocol-version", version);
    if version == STATELESS {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": STATELESS,
            "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        });

        request = request.header("mcp-method", method);
        if let Some(name) = params
            .get("name")
            .or(params.get("uri"))
            .and_then(Value::as_str)
        {
            request = request.header("mcp-name", name);
        }
    }

    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
    let response = app
        .clone()
        .oneshot(request.body(Body::from(body)).unwrap())
        .await
        .unwrap();

    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
    let (_, text) = read(response).await;
    serde_json::from_str(&text).unwrap()
}

fn search(query: &str) -> Value {
    json!({"name": "search_docs", "arguments": {"query": query, "product": "finesse", "version": "12.5"}})
}

#[tokio::test]
async fn clients_with_sessions_initialise_and_call_tools() {
    let app = app().await;
    let initialize_params = json!({
        "protocolVersion": WITH_SESSIONS,
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    });
    let initialized = send(&app, WITH_SESSIONS, "initialize", initialize_params).await;
    let initialized = &initialized["result"];

    assert_eq!(
        (
            &initialized["protocolVersion"],
            &initialized["serverInfo"]["name"]
        ),
        (&json!(WITH_SESSIONS), &json!("mcdewey"))
    );
    assert!(
        initialized["instructions"]
            .as_str()
            .unwrap()
            .lines()
            .count()
            <= 4
    );
    assert!(
        initialized["serverInfo"]["icons"][0]["src"]
            .as_str()
            .unwrap()
            .starts_with("data:image/svg+xml;base64,")
    );

    let tools = send(&app, WITH_SESSIONS, "tools/list", json!({})).await;
    assert_eq!(tools["result"]["tools"].as_array().unwrap().len(), 4);
    let found = send(
        &app,
        WITH_SESSIONS,
        "tools/call",
        search("barge supervisor"),
    )
    .await;
    let result = &found["result"];
    assert_eq!(result["structuredContent"]["hits"][0]["chunk_id"], BARGE);
    assert_eq!(
        (result["isError"].as_bool(), result.get("resultType")),
        (Some(false), None)
    );
}

#[tokio::test]
async fn stateless_clients_call_tools_without_initialising() {
    let app = app().await;
    let found = send(&app, STATELESS, "server/discover", json!({})).await;
    let discovered = &found["result"];

    assert!(
        discovered["supportedVersions"]
            .as_array()
            .unwrap()
            .contains(&json!(STATELESS))
    );
    assert!(discovered["ttlMs"].as_u64().unwrap() > 0);
    let tools = send(&app, STATELESS, "tools/list", json!({})).await;
    assert!(tools["result"]["ttlMs"].as_u64().unwrap() > 0);
    let found = send(&app, STATELESS, "tools/call", search("barge supervisor")).await;
    let result = &found["result"];
    assert_eq!(result["structuredContent"]["hits"][0]["chunk_id"], BARGE);
    assert_eq!(result["resultType"], "complete");
    assert_eq!(
        result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"],
        "mcdewey"
    );
}

#[tokio::test]
async fn a_whole_response_keeps_its_token_budget() {
    use mcdewey_core::Embed;

    let app = app().await;
    let count = |text: String| {
        mcdewey_core::testing::FakeEmbed::new(&[])
            .token_ranges(&text)
            .unwrap()
            .len()
    };

    for version in [WITH_SESSIONS, STATELESS] {
        for budget in [300, 600, 1200] {
            for (name, mut arguments) in [
                ("search_docs", json!({"query": "barge error"})),
                ("read_doc", json!({"source": GUIDE, "page": "117-119"})),
                ("list_library", json!({})),
                ("search_docs", json!({"query": "barge", "version": "99"})),
                ("search_docs", json!({"query": "barge", "nonsense": 1})),
            ] {
                arguments["token_budget"] = json!(budget);
                let response = send(
                    &app,
                    version,
                    "tools/call",
                    json!({"name": name, "arguments": arguments}),
                )
                .await;

                let tokens = count(response.to_string());
                assert!(tokens <= budget, "{name} {tokens} of {budget}: {response}");
            }
        }
    }
}

#[tokio::test]
async fn resources_are_read_and_completed() {
    let app = app().await;
    let templates = send(&app, STATELESS, "resources/templates/list", json!({})).await;
    assert_eq!(
        templates["result"]["resourceTemplates"]
            .as_array()
            .unwrap()
            .len(),
        2
    );

    let page = send(
        &app,
        STATELESS,
        "resources/read",
        json!({"uri": format!("mcdewey://{GUIDE}/page/118")}),
    )
    .await;

    let content = &page["result"]["contents"][0];
    assert_eq!(content["mimeType"], "text/markdown");
    assert!(
        content["text"]
            .as_str()
            .unwrap()
            .contains("place=\"Page 118\">\nBarge calls. The supervisor joins.\n\nError")
    );

    let chunk = send(
        &app,
        WITH_SESSIONS,
        "resources/read",
        json!({"uri": format!("mcdewey://chunk/{BARGE}")}),
    )
    .await;

    assert!(
        chunk["result"]["contents"][0]["text"]
            .as_str()
            .unwrap()
            .contains("\nBarge calls. The supervisor joins.\n")
    );

    let unknown = json!({"uri": "mcdewey://no/such.md/page/1"});
    assert_eq!(
        send(&app, STATELESS, "resources/read", unknown.clone()).await["error"]["code"],
        -32602
    );
    assert_eq!(
        send(&app, WITH_SESSIONS, "resources/read", unknown).await["error"]["code"],
        -32002
    );
    let template = json!({"type": "ref/resource", "uri": "mcdewey://{+source}/page/{page}"});
    let source = json!({"ref": template, "argument": {"name": "source", "value": "V12"}});
    let completed = send(&app, STATELESS, "completion/complete", source).await;
    assert_eq!(completed["result"]["completion"]["values"], json!([GUIDE]));

    let page = json!({
        "ref": template,
        "argument": {"name": "page", "value": "11"},
        "context": {"arguments": {"source": GUIDE}},
    });
    let completed = send(&app, WITH_SESSIONS, "completion/complete", page).await;
    assert_eq!(
        completed["result"]["completion"]["values"],
        json!(["117", "118", "119"])
    );
}

#[tokio::test]
async fn lists_of_one_page_have_no_cursor() {
    let app = app().await;
    let list = async |path: &str, method: &str, cursor: Value| {
        let body =
            json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": {"cursor": cursor}})
                .to_string();
        let request = post(&body).uri(path).body(Body::from(body)).unwrap();
        let (status, text) = read(app.clone().oneshot(request).await.unwrap()).await;
        (status, serde_json::from_str::<Value>(&text).unwrap())
    };

    for (path, method) in [
        ("/mcp", "tools/list"),
        ("/mcp", "prompts/list"),
        ("/mcp", "resources/templates/list"),
        ("/mcp/openai", "tools/list"),
    ] {
        for cursor in ["bad", ""] {
            let (status, response) = list(path, method, json!(cursor)).await;
            assert_eq!(
                (status, &response["error"]["code"]),
                (StatusCode::OK, &json!(-32602)),
                "{method}: {response}"
            );
            assert!(
                response["error"]["message"]
                    .as_str()
                    .unwrap()
                    .contains("without cursor"),
                "{response}"
            );
        }

        assert!(
            list(path, method, Value::Null).await.1["result"].is_object(),
            "{path} {method}"
        );
    }
}

#[tokio::test]
async fn completions_of_unknown_references_are_rejected() {
    let app = app().await;
    let prompts = "known: answer_with_citations, upgrade_check";

    let templates = "known: mcdewey://{+source}/page/{page}, mcdewey://chunk/{chunk_id}";
    for (reference, known) in [
        (
            json!({"type": "ref/prompt", "name": "downgrade\u{3164}"}),
            prompts,
        ),
        (
            json!({"type": "ref/resource", "uri": "mcdewey://{source}"}),
            templates,
        ),
        (
            json!({"type": "ref/resource", "uri": "file:///{path}"}),
            templates,
        ),
    ] {
        let params = json!({"ref": reference, "argument": {"name": "product", "value": ""}});
        let response = send(&app, WITH_SESSIONS, "completion/complete", params).await;
        assert_eq!(response["error"]["code"], -32602, "{response}");
        assert!(
            response["error"]["message"]
                .as_str()
                .unwrap()
                .ends_with(known),
            "{response}"
        );
    }
}

#[tokio::test]
async fn unknown_tools_are_a_protocol_error() {
    let response = send(
        &app().await,
        STATELESS,
        "tools/call",
        json!({"name": "delete_docs", "arguments": {}}),
    )
    .await;

    assert_eq!(response["error"]["code"], -32602);
    assert!(
        response["error"]["message"]
            .as_str()
            .unwrap()
            .contains("known: search_docs, read_doc, list_library")
    );
}

#[tokio::test]
async fn no_error_is_as_long_as_its_request() {
    let app = app().await;
    let long = "a/b ".repeat(50_000);
    let many: serde_json::Map<String, Value> =
        (0..10_000).map(|at| (format!("x{at}"), json!(1))).collect();

    let call = |name: &str, arguments: Value| {
        ("tools/call", json!({"name": name, "arguments": arguments}))
    };
    let template = json!({"type": "ref/resource", "uri": "mcdewey://{+source}/page/{page}"});
    let context = json!({"arguments": {"source": long}});
    let completion =
        json!({"ref": template, "argument": {"name": "page", "value": "1"}, "context": context});

    for (method, params) in [
        ("resources/read", json!({"uri": long})),
        (
            "resources/read",
            json!({"uri": format!("mcdewey://{long}/page/1")}),
        ),
        (
            "resources/read",
            json!({"uri": format!("mcdewey://chunk/{long}")}),
        ),
        (
            "resources/read",
            json!({"uri": format!("mcdewey://chunk/a::{long}::1")}),
        ),
        ("completion/complete", completion),
        ("prompts/get", json!({"name": long})),
        (long.as_str(), json!({})),
        call(&long, json!({})),
        call("read_doc", json!({"id": long, "token_budget": 20_000})),
        call("read_doc", json!({"source": long, "token_budget": 20_000})),
        call(
            "read_doc",
            json!({"cursor": long, "source": GUIDE, "token_budget": 20_000}),
        ),
        call(
            "read_doc",
            json!({"source": GUIDE, "section": long, "token_budget": 20_000}),
        ),
        call(
            "read_doc",
            json!({"source": GUIDE, "page": long, "token_budget": 20_000}),
        ),
        call(
            "list_library",
            json!({"vendor": long, "token_budget": 20_000}),
        ),
        call(
            "search_docs",
            json!({"query": long, "token_budget": 20_000}),
        ),
        call(
            "search_docs",
            json!({"query": "a", "version": long, "token_budget": 20_000}),
        ),
        call(
            "search_docs",
            json!({"query": "a", "product": long, "token_budget": 20_000}),
        ),
        call(
            "search_docs",
            json!({"query": "a", "cursor": long, "token_budget": 20_000}),
        ),
        call(
            "search_docs",
            json!({"query": "a", "mode": long, "token_budget": 20_000}),
        ),
        call("search_docs", Value::Object(many)),
    ] {
        let response = send(&app, WITH_SESSIONS, method, params).await.to_string();
        assert!(
            response.len() < 2_000,
            "{} bytes: {}",
            response.len(),
            &response[..400]
        );
    }
}

#[tokio::test]
async fn malformed_messages_get_json_errors() {
    let app = app().await;
    for (body, code) in [
        ("{", -32700),
        ("[]", -32600),
        ("{\"jsonrpc\": \"2.0\"}", -32600),
    ] {
        let (status, text) = read(
            app.clone()
                .oneshot(post(body).body(Body::from(body)).unwrap())
                .await
                .unwrap(),
        )
        .await;

        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_eq!(
            serde_json::from_str::<Value>(&text).unwrap()["error"]["code"],
            code,
            "{body}"
        );
    }

    let long = format!("\"{}\"", "x".repeat(300 * 1024));
    for (kind, body, status) in [
        ("text/plain", "{}", 415),
        ("application/json", long.as_str(), 413),
        ("", "{}", 415),
    ] {
        let request = Request::post("/mcp")
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, kind);

        let (rejected, text) = read(
            app.clone()
                .oneshot(request.body(Body::from(body.to_owned())).unwrap())
                .await
                .unwrap(),
        )
        .await;

        assert_eq!(rejected, status, "{text}");
        assert_eq!(
            serde_json::from_str::<Value>(&text).unwrap()["error"]["code"],
            -32600,
            "{text}"
        );
    }
}

/// Lists the tools with these headers instead of the usual ones.
async fn list_tools(path: &str, content_type: &str, accept: &[&str]) -> (StatusCode, Value) {
    let mut request = Request::post(path)
        .header(header::HOST, "localhost")
        .header(header::CONTENT_TYPE, content_type);

    for value in accept {
        request = request.header(header::ACCEPT, *value);
    }

    let body = Body::from(r#"{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}"#);
    let (status, text) = read(
        app()
            .await
            .oneshot(request.body(body).unwrap())
            .await
            .unwrap(),
    )
    .await;

    (status, serde_json::from_str(&text).expect(&text))
}

#[tokio::test]
async fn clients_that_accept_json_are_answered() {
    for path in ["/mcp", "/mcp/openai"] {
        for accept in [
            &["application/json"][..],
            &["*/*"],
            &["application/*, text/*"],
            &["application/json, text/event-stream"],
            &["text/event-stream", "application/json;q=0.1"],
            &["text/event-stream;q=0, */*;q=0.5"],
            &["Application/JSON ; charset=utf-8"],
            &[],
        ] {
            let (status, response) = list_tools(path, "application/json", accept).await;
            assert_eq!(status, 200, "{path} {accept:?}");
            assert!(response["result"]["tools"].is_array(), "{response}");
        }

        let (status, _) = list_tools(path, "APPLICATION/json; charset=\"UTF-8\"", &["*/*"]).await;
        assert_eq!(status, 200, "{path}");
    }
}

#[tokio::test]
async fn clients_that_do_not_accept_json_get_a_json_error() {
    for path in ["/mcp", "/mcp/openai"] {
        for accept in [
            "text/event-stream",
            "text/*",
            "application/json;q=0",
            "application/json;q=0, */*",
            "*/*;q=0.0",
        ] {
            let (status, response) = list_tools(path, "application/json", &[accept]).await;
            assert_eq!(status, 406, "{path} {accept}");
            assert_eq!(
                (&response["jsonrpc"], &response["error"]["code"]),
                (&json!("2.0"), &json!(-32600)),
                "{response}"
            );
            assert!(
                response["error"]["message"]
                    .as_str()
                    .unwrap()
                    .contains("application/json"),
                "{response}"
            );
        }
    }
}

#[tokio::test]
async fn invalid_parameters_are_not_an_unknown_method() {
    let app = app().await;
    for version in [WITH_SESSIONS, STATELESS] {
        for (method, params, reason) in [
            (
                "tools/call",
                json!({"name": "search_docs", "arguments": "{}"}),
                "arguments must be an object",
            ),
            (
                "tools/call",
                json!({"name": "search_docs", "arguments": []}),
                "arguments must be an object",
            ),
            (
                "tools/call",
                json!({"arguments": {"query": "x"}}),
                "name is missing",
            ),
            ("resources/read", json!({}), "uri is missing"),
            ("prompts/get", json!({}), "name is missing"),
            (
                "resources/list",
                json!({"cursor": 7}),
                "cursor must be a string",
            ),
            ("completion/complete", json!({}), "ref is missing"),
        ] {
            let response = send(&app, version, method, params).await;
            assert_eq!(
                response["error"]["code"], -32602,
                "{version} {method}: {response}"
            );
            assert!(
                response["error"]["message"]
                    .as_str()
                    .unwrap()
                    .contains(reason),
                "{version} {method}: {response}"
            );
        }

        assert_eq!(
            send(&app, version, "tools/delete", json!({})).await["error"]["code"],
            -32601
        );
    }
}

#[tokio::test]
async fn unknown_methods_get_the_same_error_everywhere() {
    let app = app().await;
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": STATELESS,
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    });

    let upgrade =
        json!({"name": "upgrade_check", "arguments": {"product": "a", "from": "1", "to": "2"}});
    for (path, version, method, params) in [
        ("/mcp", WITH_SESSIONS, "tools/delete", json!({})),
        (
            "/mcp",
            WITH_SESSIONS,
            "logging/setLevel",
            json!({"level": "info"}),
        ),
        (
            "/mcp",
            WITH_SESSIONS,
            "resources/subscribe",
            json!({"uri": "mcdewey://a.md"}),
        ),
        ("/mcp/openai", WITH_SESSIONS, "prompts/get", upgrade),
        ("/mcp/openai", WITH_SESSIONS, "resources/list", json!({})),
        ("/mcp", STATELESS, "tools/delete", json!({"_meta": meta})),
        ("/mcp", STATELESS, "tools/delete", json!({})),
        ("/mcp", STATELESS, "tools/delete", json!([])),
        ("/mcp", STATELESS, "ping", json!({"_meta": meta})),
        ("/mcp", STATELESS, "ping", json!([])),
        (
            "/mcp/openai",
            STATELESS,
            "resources/list",
            json!({"_meta": meta}),
        ),
    ] {
        let body =
            json!({"jsonrpc": "2.0", "id": "a", "method": method, "params": params}).to_string();
        let request = post(&body)
            .uri(path)
            .header("mcp-protocol-version", version)
            .header("mcp-method", method);

        let (status, text) = read(
            app.clone()
                .oneshot(request.body(Body::from(body)).unwrap())
                .await
                .unwrap(),
        )
        .await;

        let response: Value = serde_json::from_str(&text).unwrap();
        let expected = json!({"code": -32601, "message": format!("no method {method:?}")});
        assert_eq!(
            (&response["id"], &response["error"]),
            (&json!("a"), &expected),
            "{path} {version} {method} {params}"
        );
        assert_eq!(
            status.as_u16(),
            if version == STATELESS { 404 } else { 200 },
            "{path} {version} {method} {params}"
        );
    }
}

#[tokio::test]
async fn transport_errors_are_json_too() {
    let app = app().await;
    let get = Request::get("/mcp")
        .header(header::HOST, "localhost")
        .body(Body::empty())
        .unwrap();
    let response = app.clone().oneshot(get).await.unwrap();

    assert_eq!(
        (response.status(), &response.headers()[header::ALLOW]),
        (StatusCode::METHOD_NOT_ALLOWED, &"POST".parse().unwrap())
    );
    assert!(
        serde_json::from_str::<Value>(&read(response).await.1).unwrap()["error"]["code"].is_i64()
    );
    let body = r#"{"jsonrpc": "2.0", "id": 1, "method": "ping"}"#;

    let request = post(body)
        .header("mcp-protocol-version", "1999-01-01")
        .body(Body::from(body))
        .unwrap();
    let (status, text) = read(app.oneshot(request).await.unwrap()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let response: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(response["id"], 1, "{text}");
    assert!(
        response["error"]["message"]
            .as_str()
            .unwrap()
            .contains("1999"),
        "{text}"
    );
}

#[tokio::test]
async fn foreign_hosts_and_origins_are_rejected() {
    let app = app().await;
    let request = |host: &'static str, origin: Option<&'static str>, method: Method| {
        let mut builder = Request::builder()
            .method(method)
            .uri("/mcp")
            .header(header::HOST, host);
        if let Some(origin) = origin {
            builder = builder.header(header::ORIGIN, origin);
        }
        app.clone().oneshot(builder.body(Body::empty()).unwrap())
    };

    let rejected = request("evil.example", None, Method::POST).await.unwrap();
    assert_eq!(rejected.status(), StatusCode::FORBIDDEN);
    let rejected = request(
        "localhost:8080",
        Some("https://evil.example"),
        Method::OPTIONS,
    )
    .await
    .unwrap();

    assert_eq!(rejected.status(), StatusCode::FORBIDDEN);
    assert!(
        !rejected
            .headers()
            .contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN)
    );

    for foreign in [
        "http://localhost:6274",
        "http://127.0.0.1:8080.evil.example",
        "null",
    ] {
        let rejected = request("localhost:8080", Some(foreign), Method::POST)
            .await
            .unwrap();
        assert_eq!(rejected.status(), StatusCode::FORBIDDEN, "{foreign}");
    }

    let allowed = request(
        "localhost:8080",
        Some("https://portal.example.com"),
        Method::OPTIONS,
    )
    .await
    .unwrap();

    assert_eq!(allowed.status(), StatusCode::NO_CONTENT);
    assert_eq!(
        allowed.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN],
        "https://portal.example.com"
    );
    assert!(
        allowed.headers()[header::ACCESS_CONTROL_ALLOW_HEADERS]
            .to_str()
            .unwrap()
            .contains("mcp-protocol-version")
    );
    assert_eq!(
        request("localhost", None, Method::GET)
            .await
            .unwrap()
            .status(),
        StatusCode::METHOD_NOT_ALLOWED
    );
}

#[tokio::test]
async fn the_connector_tools_have_an_endpoint_of_their_own() {
    let app = app().await;
    let call = json!({"name": "search", "arguments": {"query": "barge supervisor"}});
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call});

    let request = Request::post("/mcp/openai")
        .header("host", "localhost")
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", WITH_SESSIONS)
        .body(Body::from(message.to_string()))
        .unwrap();

    let response = ServiceExt::oneshot(app, request).await.unwrap();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let response: Value = serde_json::from_slice(&body).unwrap();
    let result = &response["result"];

    assert_eq!(
        result["structuredContent"]["results"][0]["id"]
            .as_str()
            .map(str::len),
        Some(8),
        "{response:#}"
    );

    let text: Value = serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(text, result["structuredContent"]);
}
