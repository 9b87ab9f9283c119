//! `list_library` with large and small budgets and with filters.

use std::sync::Arc;

use mcdewey_core::Index;
use mcdewey_core::testing::{FakeEmbed, MemoryIndex, SampleDocument};
use serde_json::{Value, json};

use crate::ServedLibrary;
use crate::mcp::testing::{GUIDE, call, call_on, refused, sent_tokens, structured, text};
use crate::mcp::tools::DocTool::ListLibrary;

#[tokio::test]
async fn a_large_budget_lists_every_document() {
    let result = call(ListLibrary, json!({})).await;
    let answer = structured(&result);
    assert_eq!(
        (&answer["detail"], &answer["documents"]),
        (&json!("documents"), &json!(4))
    );
    assert!(answer.get("notices").is_none());
    let product = &answer["vendors"][1]["products"][0];

    assert_eq!(
        (&product["product"], &product["aliases"]),
        (&json!("finesse"), &json!(["CCX"]))
    );
    let newest = json!({"version": "v15.0", "latest": true});
    assert_eq!(
        (
            &product["versions"][0]["version"],
            &product["versions"][0]["latest"]
        ),
        (&newest["version"], &newest["latest"])
    );
    assert_eq!(
        product["versions"][1]["guides"][0]["sources"],
        json!([GUIDE])
    );
    let readable = text(&result);

    assert!(
        readable.contains("  - finesse: Cisco Finesse, CCX (3)\n    - v15.0, latest (1)\n"),
        "{readable}"
    );
    assert!(readable.contains(&format!("        - {GUIDE}")));
}

#[tokio::test]
async fn a_document_of_two_versions_is_counted_once() {
    let embed = FakeEmbed::new(&[]);
    let both = SampleDocument::new("finesse/guide.md")
        .vendor("Cisco")
        .product("finesse")
        .version("v12.0");

    let both = both
        .version("v12.5")
        .page(1, &["one"])
        .page(2, &["two"])
        .build(&embed);

    let index = MemoryIndex::new();
    index.commit(both).await.unwrap();
    let library = ServedLibrary::new(
        mcdewey_search::Library::new(Arc::new(index), Arc::new(embed)),
        "http://x",
    );
    let result = call_on(library, ListLibrary, json!({})).await;
    let answer = structured(&result);

    assert_eq!(
        (&answer["documents"], &answer["pages"]),
        (&json!(1), &json!(2))
    );
    let vendor = &answer["vendors"][0];
    assert_eq!(
        (&vendor["documents"], &vendor["products"][0]["documents"]),
        (&json!(1), &json!(1))
    );
    let versions = vendor["products"][0]["versions"].as_array().unwrap();

    assert_eq!(
        versions
            .iter()
            .map(|version| &version["documents"])
            .collect::<Vec<_>>(),
        [&json!(1), &json!(1)]
    );
}

#[tokio::test]
async fn a_small_budget_lists_less_with_a_notice() {
    let mut details = Vec::new();
    for budget in (300..=700).step_by(20) {
        let result = call(ListLibrary, json!({"token_budget": budget})).await;
        assert!(sent_tokens(&result) <= budget);
        let answer = structured(&result);
        let detail = answer["detail"].as_str().unwrap().to_owned();
        assert_eq!(answer.get("notices").is_none(), detail == "documents");
        assert_eq!(answer["documents"], 4);

        if details.last() != Some(&detail) {
            details.push(detail);
        }
    }

    assert!(
        details.len() > 1 && details.last().unwrap() == "documents",
        "{details:?}"
    );
}

#[tokio::test]
async fn filters_accept_ids_titles_and_aliases() {
    let products = |answer: &Value| answer["vendors"].to_string();
    let result = call(ListLibrary, json!({"product": "ccx", "vendor": "cisco"})).await;
    assert!(
        products(structured(&result)).contains("finesse")
            && !products(structured(&result)).contains("kafka")
    );
    let result = call(ListLibrary, json!({"vendor": "Cisko"})).await;

    assert!(
        refused(&result).ends_with("known: \"Apache\", \"Cisco\""),
        "{}",
        text(&result)
    );

    let result = call(
        ListLibrary,
        json!({"vendor": "Apache", "product": "finesse"}),
    )
    .await;

    assert!(refused(&result).starts_with("unknown_facet: no product \"finesse\""));
}
