//! What callers may see.

use super::*;

/// The same over MCP: method, text that every response contains, parameters.
fn tools() -> Vec<(&'static str, &'static str, Value)> {
    let call = |name: &str, arguments: Value| {
        (
            "tools/call",
            "",
            json!({"name": name, "arguments": arguments}),
        )
    };

    let page = "mcdewey://{source}/page/118";
    let complete = |kind: &str, target: &str, argument: &str, prefix: &str| {
        let name = if kind == "ref/prompt" { "name" } else { "uri" };
        json!({
            "ref": {"type": kind, name: target},
            "argument": {"name": argument, "value": prefix},
        })
    };

    vec![
        call("search_docs", json!({"query": "barge"})),
        call("search_docs", json!({"query": "supervisr in {product}"})),
        call(
            "search_docs",
            json!({"query": "barge", "product": "{product}", "version": "12.5"}),
        ),
        call(
            "search_docs",
            json!({"query": "barge", "vendor": "{vendor}"}),
        ),
        call("read_doc", json!({"source": "{source}"})),
        call("read_doc", json!({"source": "{source}", "page": "118"})),
        call(
            "read_doc",
            json!({"id": "{product}::v12.5::developer-guide::developer-guide::1"}),
        ),
        call("list_library", json!({})),
        call("list_library", json!({"product": "{product}"})),
        call("list_library", json!({"vendor": "{vendor}"})),
        call(
            "compare_versions",
            json!({"from": "12.5", "to": "15.0", "product": "{product}"}),
        ),
        call(
            "compare_versions",
            json!({"from": "{source}", "to": "15.0"}),
        ),
        ("tools/list", "", json!({})),
        ("prompts/list", "", json!({})),
        ("resources/list", "", json!({})),
        (
            "completion/complete",
            "",
            complete("ref/prompt", "upgrade_check", "product", "{product}"),
        ),
        (
            "completion/complete",
            "",
            complete("ref/prompt", "upgrade_check", "from", "12"),
        ),
        (
            "completion/complete",
            "",
            complete(
                "ref/resource",
                "mcdewey://{+source}/page/{page}",
                "source",
                "developer",
            ),
        ),
        (
            "completion/complete",
            "",
            complete(
                "ref/resource",
                "mcdewey://chunk/{chunk_id}",
                "chunk_id",
                "{product}::",
            ),
        ),
        ("resources/templates/list", "", json!({})),
        ("resources/read", "error", json!({"uri": page})),
        (
            "resources/read",
            "error",
            json!({"uri": "mcdewey://{source}"}),
        ),
    ]
}

#[tokio::test]
async fn a_limited_key_cannot_tell_that_a_hidden_product_exists() {
    let service = service(|policy| policy).await;
    for template in READS {
        let get = async |names| {
            let response = service
                .send_as(Some("evil"), Method::GET, &filled_in(template, names), "")
                .await;
            (response.status, response.body)
        };

        let (hidden, missing) = (get(HIDDEN).await, get(MISSING).await);
        assert_eq!(comparable(&hidden.1), comparable(&missing.1), "{template}");
        assert_eq!(hidden.0, missing.0, "{template}");
        assert!(
            !template.contains('{') || !hidden.1.contains("developer-guide/developer-guide.md\""),
            "{template}"
        );
    }

    for (method, expected, params) in tools() {
        let call = async |names| {
            let params: Value =
                serde_json::from_str(&filled_in(&params.to_string(), names)).unwrap();
            service.mcp("evil", method, &params).await
        };
        let (hidden, missing) = (call(HIDDEN).await, call(MISSING).await);
        assert_eq!(
            comparable(&hidden),
            comparable(&missing),
            "{method} {params}"
        );
        assert!(hidden.contains(expected), "{method} {params}: {hidden}");
    }
}

#[tokio::test]
async fn a_limited_key_sees_only_its_product() {
    let service = service(|policy| policy).await;
    let library = service
        .send_as(Some("evil"), Method::GET, "/api/v1/library", "")
        .await
        .body;

    assert!(
        library.contains("evil") && !library.contains("inesse") && !library.contains("Cisco"),
        "{library}"
    );

    let found = service
        .send_as(Some("evil"), Method::GET, "/api/v1/search?q=barge", "")
        .await
        .body;

    assert!(
        found.contains(HOSTILE) && !found.contains("inesse"),
        "{found}"
    );

    let found = service
        .tool(
            "evil",
            "search_docs",
            &json!({"query": "barge supervisor state"}),
        )
        .await;

    assert!(
        found.contains("50% off") && !found.contains("inesse"),
        "{found}"
    );

    let found = service
        .tool(
            "all",
            "search_docs",
            &json!({"query": "barge supervisor state"}),
        )
        .await;

    assert!(found.contains("finesse"), "{found}");
}

#[tokio::test]
async fn responses_vary_by_key() {
    let service = service(|policy| policy).await;
    let library = async |key| {
        service
            .send_as(Some(key), Method::GET, "/api/v1/library", "")
            .await
    };

    let (all, evil) = (library("all").await, library("evil").await);
    assert_ne!(all.header(header::ETAG), evil.header(header::ETAG));
    assert!(
        all.headers
            .get_all(header::VARY)
            .iter()
            .any(|value| value == "authorization")
    );
}
