//! Results of calls on small libraries: content, errors, token budgets and cursors.

use serde_json::{Value, json};

use crate::ServedLibrary;
use crate::mcp::testing::{
    BARGE, GUIDE, call, call_on, long_page, refused, sent_tokens, structured, text,
};
use crate::mcp::tools::DocTool::ReadDoc;

fn texts(answer: &Value) -> Vec<&str> {
    answer["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["text"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_passage_comes_with_its_neighbours() {
    let result = call(ReadDoc, json!({"id": BARGE, "context": 1})).await;
    let answer = structured(&result);
    let expected = [
        "Silent monitoring starts first. The supervisor listens.",
        "Barge calls. The supervisor joins.",
        "Error 20700 is the conference limit.",
    ];

    assert_eq!(texts(answer), expected);
    assert_eq!(
        (&answer["source"], &answer["version"]),
        (&json!(GUIDE), &json!("v12.5"))
    );
    assert_eq!(
        (&answer["parts"][1]["page"], &answer["parts"][1]["chunk_id"]),
        (&json!(118), &json!(BARGE))
    );
    assert!(
        expected
            .iter()
            .all(|passage| text(&result).contains(passage))
    );

    let handle = mcdewey_core::Chunk::handle_of(&BARGE.parse().unwrap());
    let chunks_by_handle = call(ReadDoc, json!({"id": handle, "context": 1})).await;
    assert_eq!(structured(&chunks_by_handle), answer);
}

#[tokio::test]
async fn pages_are_returned_whole() {
    let result = call(ReadDoc, json!({"source": GUIDE, "page": "118-119"})).await;
    let answer = structured(&result);
    let expected = [
        "Barge calls. The supervisor joins.\n\nError 20700 is the conference limit.",
        "After the barge every error is reported.\n\nMore words about errors.",
    ];
    assert_eq!(texts(answer), expected);
    assert!(answer.get("next_cursor").is_none());
    assert!(text(&result).contains(&format!(
        "source=\"{GUIDE}\" place=\"Page 118\">\n{}\n</document-",
        expected[0]
    )));
}

#[tokio::test]
async fn a_source_alone_returns_the_outline() {
    let result = call(ReadDoc, json!({"source": GUIDE})).await;
    let answer = structured(&result);
    assert_eq!(
        answer["outline"][1],
        json!({"level": 1, "title": "Page 118", "page": 118})
    );
    assert_eq!(
        answer["notices"],
        json!(["the document has pages 117 to 119; read them with page"])
    );
    assert!(text(&result).contains("- Page 118 (page 118)"));
}

#[tokio::test]
async fn what_does_not_exist_is_an_error() {
    for (given, expected) in [
        (json!({"id": "ffffffff"}), "not_found: no passage"),
        (json!({"id": "a::b::9"}), "not_found: no passage"),
        (json!({"id": "nonsense"}), "invalid_request: "),
        (json!({"source": "no/such.md"}), "not_found: no document"),
        (
            json!({"source": GUIDE, "page": 400}),
            "not_found: no such page",
        ),
        (
            json!({"source": GUIDE, "page": "400-402"}),
            "not_found: no page from 400 to 402 in",
        ),
        (
            json!({"source": "no/such.md", "cursor": "118.118.3.00000000"}),
            "not_found: no document",
        ),
        (
            json!({"source": GUIDE, "cursor": "118.118.3.00000000"}),
            "cursor_expired: ",
        ),
        (
            json!({"source": GUIDE, "cursor": "116.118.0.00000000"}),
            "cursor_expired: ",
        ),
    ] {
        let result = call(ReadDoc, given.clone()).await;
        assert!(
            refused(&result).starts_with(expected),
            "{given}: {}",
            text(&result)
        );
    }
}

#[tokio::test]
async fn a_page_is_read_whole_in_steps_with_any_budget() {
    let (library, page) = long_page().await;
    for budget in [420, 450, 600, 1111, 20_000] {
        let mut read = String::new();
        let mut arguments =
            json!({"source": "long/guide.md", "page": "7-8", "token_budget": budget});
        loop {
            let result = call_on(library.clone(), ReadDoc, arguments.clone()).await;
            assert!(
                sent_tokens(&result) <= budget,
                "{} of {budget}",
                sent_tokens(&result)
            );

            let answer = structured(&result);
            read.extend(texts(answer));
            let Some(cursor) = answer.get("next_cursor") else {
                break;
            };

            assert!(
                text(&result).contains("Note: cut at page")
                    && text(&result).contains("repeat with cursor")
            );
            arguments["cursor"] = cursor.clone();
        }

        assert_eq!(read, format!("{page}The last page."), "budget {budget}");
    }
}

#[tokio::test]
async fn neighbours_beyond_the_budget_are_named() {
    let (library, _) = long_page().await;
    let arguments = json!({"id": "long::guide::30", "context": 5, "token_budget": 500});
    let result = call_on(library, ReadDoc, arguments).await;
    let answer = structured(&result);

    let ids: Vec<&Value> = answer["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| &part["chunk_id"])
        .collect();

    assert!(ids.contains(&&json!("long::guide::30")) && ids.len() < 11);
    let notice = answer["notices"][0].as_str().unwrap();
    assert!(
        notice.contains("neighbours do not fit token_budget; continue with id "),
        "{notice}"
    );
    assert!(sent_tokens(&result) <= 500);
}

#[tokio::test]
async fn a_passage_too_long_for_the_budget_is_truncated() {
    use std::sync::Arc;

    use mcdewey_core::Index;
    use mcdewey_core::testing::{FakeEmbed, MemoryIndex, SampleDocument};

    let embed = FakeEmbed::new(&[]);
    let long = "A sentence of five words. ".repeat(100);
    let index = MemoryIndex::new();

    index
        .commit(
            SampleDocument::new("long.md")
                .page(1, &[&long])
                .build(&embed),
        )
        .await
        .unwrap();

    let library = ServedLibrary::new(
        mcdewey_search::Library::new(Arc::new(index), Arc::new(embed)),
        "http://x",
    );

    let result = call_on(
        library,
        ReadDoc,
        json!({"id": "long::0", "token_budget": 350}),
    )
    .await;

    let answer = structured(&result);
    let shown = texts(answer)[0];
    assert!(
        long.starts_with(shown) && shown.ends_with("words.") && sent_tokens(&result) <= 350,
        "{shown}"
    );
    assert!(
        answer["notices"][0]
            .as_str()
            .unwrap()
            .starts_with("the passage is cut")
    );
}
