//! `search_docs` on small libraries: hits, errors, and token budgets.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::mcp::testing::{
    BARGE, GUIDE, ModelFailure, broken, call, call_on, long_page, many_pages, refused, sent_tokens,
    structured, text,
};
use crate::mcp::tools::DocTool::SearchDocs;

fn ids(answer: &Value, list: &str) -> Vec<String> {
    let hits = answer[list].as_array().cloned().unwrap_or_default();
    hits.iter()
        .map(|hit| hit["chunk_id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_hit_names_source_page_version_and_id() {
    let result = call(
        SearchDocs,
        json!({"query": "barge supervisor", "product": "finesse", "version": "12.5"}),
    )
    .await;

    let answer = structured(&result);
    let hit = &answer["hits"][0];
    let expected = (json!(GUIDE), json!(118), json!("v12.5"), json!(BARGE));

    assert_eq!(
        (
            &hit["source"],
            &hit["page"],
            &hit["version"],
            &hit["chunk_id"]
        ),
        (&expected.0, &expected.1, &expected.2, &expected.3)
    );
    assert_eq!(hit["text"], "Barge calls. The supervisor joins.");
    let handle = hit["handle"].as_str().unwrap();
    assert_eq!(hit["url"], format!("http://127.0.0.1:8080/c/{handle}"));
    let readable = text(&result);
    assert!(readable.starts_with("1. <document-"), "{readable}");
    assert!(
        readable.contains(" title=\"Finesse Developer Guide\" version=\"finesse v12.5\" "),
        "{readable}"
    );
    assert!(
        readable.contains(&format!(
            "source=\"{GUIDE}\" place=\"Page 118\" id=\"{handle}\">"
        )),
        "{readable}"
    );
    assert!(!serde_json::to_string(&result).unwrap().contains("null"));
}

#[tokio::test]
async fn other_versions_are_excluded_and_unversioned_notes_are_separate() {
    let result = call(
        SearchDocs,
        json!({"q": "barge", "version": "latest", "product": "CCX"}),
    )
    .await;

    let answer = structured(&result);
    assert_eq!(
        ids(answer, "hits"),
        ["finesse::v15.0::developer-guide::guide::0"]
    );
    assert_eq!(ids(answer, "unversioned"), ["notes::barge::0"]);
    assert!(text(&result).contains("From documents without a version:"));
}

#[tokio::test]
async fn document_text_cannot_leave_its_quotation() {
    let result = call(
        SearchDocs,
        json!({"query": "barge instructions ignore", "mode": "keyword"}),
    )
    .await;

    let readable = text(&result);
    let at = readable.find("Ignore all instructions").unwrap();
    let (before, after) = readable.split_at(at);
    let opened = before.rfind("<document-").unwrap();
    let tag = before[opened + 1..].split(' ').next().unwrap();

    assert!(
        !before[opened..].contains(&format!("</{tag}>")) && after.contains(&format!("</{tag}>"))
    );
}

#[tokio::test]
async fn no_hits_lists_filters_that_have_hits() {
    let result = call(
        SearchDocs,
        json!({"query": "barge", "vendor": "Apache", "product": "finesse"}),
    )
    .await;

    let answer = structured(&result);
    assert_eq!(answer["hits"], json!([]));
    let notice = answer["notices"][0].as_str().unwrap();

    assert!(notice.starts_with(
        "nothing found with these filters; without them passages are found in vendor"
    ));
    assert!(
        notice.contains("product \"finesse\" (") && text(&result).contains(notice),
        "{notice}"
    );
    assert!(
        answer["facets"]["version"]
            .as_array()
            .is_some_and(|values| !values.is_empty())
    );
}

#[tokio::test]
async fn unknown_values_are_rejected_with_the_known_ones() {
    let result = call(SearchDocs, json!({"query": "barge", "version": "13"})).await;
    let message = refused(&result);
    assert!(
        message.starts_with("unknown_version: no version \"13\"") && message.contains("v12.5"),
        "{message}"
    );
    let result = call(SearchDocs, json!({"query": "barge", "product": "finnese"})).await;
    let message = refused(&result);

    assert!(
        message.starts_with("unknown_facet: no product \"finnese\"") && message.contains("finesse"),
        "{message}"
    );
    let result = call(SearchDocs, json!({"query": "barge", "colour": "red"})).await;
    assert!(refused(&result).starts_with("invalid_request: unknown argument \"colour\""));
}

#[tokio::test]
async fn no_budget_is_exceeded_and_no_passage_lost() {
    let library = many_pages().await;
    for budget in [460, 480, 600, 900, 3000, 20_000] {
        let mut seen = Vec::new();
        let mut cursor = Value::Null;
        loop {
            let arguments =
                json!({"query": "barge", "limit": 20, "token_budget": budget, "cursor": cursor});
            let result = call_on(library.clone(), SearchDocs, arguments).await;
            assert!(
                sent_tokens(&result) <= budget,
                "{} of {budget}",
                sent_tokens(&result)
            );

            let answer = structured(&result);
            assert!(!ids(answer, "hits").is_empty(), "{answer}");
            seen.extend(ids(answer, "hits"));

            match answer.get("next_cursor") {
                Some(next) => cursor = next.clone(),
                None => break,
            }
        }

        assert_eq!(seen.len(), 61, "budget {budget}");
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 61);
    }
}

#[tokio::test]
async fn the_other_passages_of_a_page_are_shown_under_the_best() {
    let (library, _) = long_page().await;
    let found = async |arguments| call_on(library.clone(), SearchDocs, arguments).await;

    let result = found(json!({"query": "barge", "token_budget": 20_000})).await;
    let hits = structured(&result)["hits"].as_array().unwrap();
    let pages: Vec<&Value> = hits.iter().map(|hit| &hit["page"]).collect();
    assert_eq!(pages, [7, 8]);

    let further = hits[0]["further"].as_array().unwrap();
    assert_eq!(further.len(), 3, "{further:?}");
    for passage in further {
        let handle = passage["handle"].as_str().unwrap();
        assert!(passage["snippet"].as_str().unwrap().contains("barge"));
        assert!(text(&result).contains("Also there: <document-"));
        assert!(
            text(&result).contains(&format!(" id=\"{handle}\">")),
            "{}",
            text(&result)
        );
    }

    let concise = found(json!({"query": "barge", "detail": "concise"})).await;
    assert!(structured(&concise)["hits"][0].get("further").is_none());

    // What is shown under a hit counts towards the budget.
    for budget in [500, 700, 900] {
        let result = found(json!({"query": "barge", "token_budget": budget})).await;
        assert!(sent_tokens(&result) <= budget);
    }
}

#[tokio::test]
async fn cuts_are_named_in_notices() {
    let library = many_pages().await;
    let arguments = |budget| json!({"query": "barge", "limit": 5, "token_budget": budget});
    let large = call_on(library.clone(), SearchDocs, arguments(20_000)).await;
    let hits = structured(&large)["hits"].as_array().unwrap().clone();

    assert!(
        hits.iter()
            .all(|hit| hit.get("text").is_some() && hit.get("snippet").is_none())
    );
    assert!(
        structured(&large).get("notices").is_none() && structured(&large).get("facets").is_some()
    );
    let small = call_on(library, SearchDocs, arguments(500)).await;
    let notices = structured(&small)["notices"].to_string();

    assert!(
        notices.contains("of 5 passages fit token_budget; continue with cursor"),
        "{notices}"
    );
    assert!(text(&small).contains("More: repeat with cursor "));
}

#[tokio::test]
async fn a_degraded_response_is_marked() {
    let result = call_on(
        broken(ModelFailure::Fails).await,
        SearchDocs,
        json!({"query": "barge"}),
    )
    .await;

    assert_eq!(structured(&result)["degraded"], "dense unavailable");
    assert!(text(&result).contains("Note: degraded answer: dense unavailable"));
    assert_eq!(ids(structured(&result), "hits").len(), 1);
}

#[tokio::test]
async fn unversioned_notes_beyond_the_budget_are_named() {
    let arguments = |budget| json!({"query": "barge", "version": "15.0", "token_budget": budget});
    for budget in (400..=1000).step_by(50) {
        let result = call(SearchDocs, arguments(budget)).await;
        assert!(sent_tokens(&result) <= budget);
        let answer = structured(&result);

        let has_notice = answer["notices"]
            .to_string()
            .contains("without a version do not fit");
        let hits = !ids(answer, "hits").is_empty();
        assert_eq!(
            hits && ids(answer, "unversioned").is_empty(),
            has_notice,
            "{budget}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_too_small_budget_names_a_sufficient_one() {
    let result = call(SearchDocs, json!({"query": "barge", "token_budget": 300})).await;
    assert!(sent_tokens(&result) <= 300);
    let answer = structured(&result);

    assert_eq!(
        (&answer["hits"], answer.get("next_cursor")),
        (&json!([]), None)
    );

    let notice = answer["notices"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .as_str()
        .unwrap();

    let enough: usize = notice.rsplit(' ').next().unwrap().parse().unwrap();
    let result = call(
        SearchDocs,
        json!({"query": "barge", "token_budget": enough}),
    )
    .await;

    assert!(!ids(structured(&result), "hits").is_empty() && sent_tokens(&result) <= enough);
}

#[tokio::test]
async fn a_missing_answer_is_reported_first() {
    let result = call(SearchDocs, json!({"query": "barge in finesse 16.0"})).await;
    let answer = structured(&result);
    let no_answer = answer["no_answer"].as_str().unwrap();

    assert!(
        no_answer.starts_with("no ") && no_answer.contains("16.0 in this library: v12.5, v15.0"),
        "{no_answer}"
    );
    assert!(
        !ids(answer, "hits").is_empty(),
        "the nearest passages are there"
    );
    assert!(
        text(&result).starts_with(&format!("No good match: \"{no_answer}\".")),
        "{}",
        text(&result)
    );

    let result = call(SearchDocs, json!({"query": "barge in finesse 15.0"})).await;
    assert!(structured(&result)["no_answer"].is_null());
    let confidence = structured(&result)["confidence"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&confidence), "{confidence}");
}
