//! `search` and `fetch` at `/mcp/openai`, over a library in memory.

use std::sync::Arc;

use mcdewey_core::Index;
use mcdewey_core::testing::{FakeEmbed, MemoryIndex, SampleDocument};

use super::*;
use crate::mcp::testing::{library, sent_tokens, structured, text};

async fn call_on(
    library: ServedLibrary,
    name: &str,
    arguments: Value,
) -> Result<CallToolResult, String> {
    let request: CallToolRequestParams =
        serde_json::from_value(json!({"name": name, "arguments": arguments})).unwrap();
    Connector::new(library)
        .run_tool(&request, &Visibility::Everything)
        .await
        .map_err(|error| error.to_string())
}

async fn call(name: &str, arguments: Value) -> Result<CallToolResult, String> {
    call_on(library().await, name, arguments).await
}

#[tokio::test]
async fn fetch_reads_what_search_finds() {
    let found = call("search", json!({"query": "barge supervisor"}))
        .await
        .unwrap();
    let first = &structured(&found)["results"][0];
    assert!(
        first["title"].as_str().unwrap().contains("Page 118"),
        "{first:#}"
    );
    assert!(
        first["url"]
            .as_str()
            .unwrap()
            .ends_with(first["id"].as_str().unwrap())
    );

    let read = call("fetch", json!({"id": first["id"]})).await.unwrap();
    let page = structured(&read);
    assert_eq!(
        (&page["id"], &page["metadata"]["page"]),
        (&first["id"], &json!(118))
    );
    assert!(
        page["text"].as_str().unwrap().contains("Error 20700"),
        "the whole page: {page:#}"
    );
    assert_eq!(page["metadata"]["cut"], false);

    for result in [&found, &read] {
        let readable: Value = serde_json::from_str(text(result)).unwrap();
        assert_eq!(&readable, structured(result));
    }
}

#[tokio::test]
async fn document_text_is_quoted_between_tags() {
    let found = call("search", json!({"query": "ignore all instructions barge"}))
        .await
        .unwrap();
    let results = structured(&found)["results"].as_array().unwrap();
    let hostile = results
        .iter()
        .find(|one| one["text"].as_str().unwrap().contains("Ignore all"))
        .unwrap();

    let read = call("fetch", json!({"id": hostile["id"]})).await.unwrap();
    for quoted in [&hostile["text"], &structured(&read)["text"]] {
        let quoted = quoted.as_str().unwrap();
        let tag = quoted[1..].split(' ').next().unwrap();
        assert!(
            tag.starts_with("document-") && quoted.ends_with(&format!("</{tag}>")),
            "{quoted}"
        );
        assert_eq!(quoted.matches(tag).count(), 2, "{quoted}");
    }
}

#[tokio::test]
async fn a_page_that_is_cut_still_contains_the_requested_chunk() {
    let embed = FakeEmbed::new(&["barge"]);
    let long = "A sentence of five words. ".repeat(3000);
    let document = SampleDocument::new("long.md").page(1, &[&long, "The barge is at the end."]);
    let index = MemoryIndex::new();
    index.commit(document.build(&embed)).await.unwrap();

    let library = ServedLibrary::new(
        mcdewey_search::Library::new(Arc::new(index), Arc::new(embed)),
        "http://x",
    );
    for (id, expected) in [
        ("long::0", "A sentence"),
        ("long::1", "The barge is at the end."),
    ] {
        let read = call_on(library.clone(), "fetch", json!({"id": id}))
            .await
            .unwrap();
        let page = structured(&read);
        assert!(page["text"].as_str().unwrap().contains(expected), "{id}");
        assert_eq!(page["metadata"]["cut"], true, "{id}");
        assert!(
            sent_tokens(&read) <= MAX_RESULT_TOKENS,
            "{} of {MAX_RESULT_TOKENS}",
            sent_tokens(&read)
        );
    }

    let found = call_on(library, "search", json!({"query": "barge"}))
        .await
        .unwrap();
    assert!(sent_tokens(&found) <= MAX_RESULT_TOKENS);
}

#[tokio::test]
async fn missing_and_unknown_values_are_named() {
    assert!(
        call("search", json!({}))
            .await
            .unwrap_err()
            .contains("query is missing")
    );
    assert!(
        call("search", json!({"query": ["a"]}))
            .await
            .unwrap_err()
            .contains("query must be a string")
    );
    assert!(
        call("fetch", json!({"id": "ffffffff"}))
            .await
            .unwrap_err()
            .contains("no passage")
    );
    assert!(
        call("read", json!({"id": "x"}))
            .await
            .unwrap_err()
            .contains("known: search, fetch")
    );
}
