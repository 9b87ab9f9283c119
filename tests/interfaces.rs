//! REST, MCP, the web page and the terminal return the same hits in the same order.

use std::process::Command;

use regex::Regex;
use serde_json::{Value, json};

use crate::support::{Server, chunk_ids, mcdewey, relevance_cases, repository, succeed};

const GUIDE: &str = "finesse/v12.5/developer-guide/developer-guide.md";

#[test]
fn page_118_is_first_in_every_interface() {
    let server = Server::over_sample_library();
    let question = json!({"q": "barge state in CCX"});
    let rest = server.search(&question);
    let first = &rest["hits"][0];

    assert_eq!(
        (first["source"].as_str(), first["page"].as_u64()),
        (Some(GUIDE), Some(118)),
        "{first:#}"
    );
    assert_eq!(first["page_label"], "102");
    assert_eq!(first["version"], "v12.5");

    let mcp = server.tool("search_docs", &json!({"query": "barge state in CCX"}));
    assert_eq!(
        (
            mcp["hits"][0]["source"].as_str(),
            mcp["hits"][0]["page"].as_u64()
        ),
        (Some(GUIDE), Some(118))
    );

    let (status, page) = server.get("/?q=barge+state+in+CCX");
    assert_eq!(status, 200);
    assert_eq!(web_ids(&page)[0], first["chunk_id"].as_str().unwrap());

    let terminal = succeed(mcdewey(&server.data()).args(["search", "barge", "state", "in", "CCX"]));
    assert!(
        terminal.starts_with("1. Page 118 (printed 102)"),
        "{terminal}"
    );
}

#[test]
fn every_interface_reports_that_there_is_no_answer() {
    let server = Server::over_sample_library();
    let question = "finesse 16.0 port for websocket notifications";
    let rest = server.search(&json!({"q": question}));
    let message = rest["no_answer"]["message"].as_str().unwrap();
    assert_eq!(
        message,
        "no Cisco Finesse 16.0 in this library: v12.5, v15.0"
    );
    assert_eq!(rest["no_answer"]["missing"], json!(["Cisco Finesse 16.0"]));
    assert!(
        !rest["hits"].as_array().unwrap().is_empty(),
        "the closest pages are returned"
    );
    assert_eq!(
        server.tool("search_docs", &json!({"query": question}))["no_answer"],
        message
    );
    assert!(
        server
            .get(&format!("/?q={}", encode(question)))
            .1
            .contains(message)
    );

    let terminal = succeed(mcdewey(&server.data()).args(["search", question]));
    assert!(
        terminal.starts_with(&format!("No good match: {message}.")),
        "{terminal}"
    );
    assert!(server.search(&json!({"q": "barge state in CCX"}))["no_answer"].is_null());
}

#[test]
fn every_interface_returns_the_same_hits_in_the_same_order() {
    let server = Server::over_sample_library();
    let cases = relevance_cases();

    // Twenty, evenly distributed: questions of all kinds, about all products.
    let questions: Vec<&Value> = cases.iter().step_by(cases.len() / 20).take(20).collect();
    assert_eq!(questions.len(), 20);
    for case in questions {
        let question = case["q"].as_str().unwrap();
        let product = case["source"].as_str().unwrap().split('/').next().unwrap();
        for mode in ["hybrid", "dense", "keyword"] {
            for filter in [None, Some(product).filter(|product| *product != "notes")] {
                assert_same_in_every_interface(&server, question, mode, filter);
            }
        }
    }
}

fn assert_same_in_every_interface(
    server: &Server,
    question: &str,
    mode: &str,
    product: Option<&str>,
) {
    let context = format!("{question:?}, {mode}, {product:?}");
    let mut request = json!({"q": question, "mode": mode});
    let mut tool = json!({"query": question, "mode": mode, "limit": 10, "token_budget": 20_000});
    let mut terminal = mcdewey(&server.data());
    terminal.args(["search", "--json", "--mode", mode]);

    let mut path = format!("/?q={}&mode={mode}", encode(question));
    if let Some(product) = product {
        request["product"] = json!(product);
        tool["product"] = json!(product);
        terminal.args(["--product", product]);
        path.push_str(&format!("&product={product}"));
    }

    // REST and the terminal have a hit for each passage, unless asked for one for each page.
    let rest = chunk_ids(&server.search(&request));
    let printed = |terminal: &mut Command| -> Value {
        serde_json::from_str(&succeed(terminal.arg("--").arg(question))).unwrap()
    };
    let mut by_page = mcdewey(&server.data());
    by_page
        .args(terminal.get_args().skip(4))
        .arg("--group-by-page");
    assert_eq!(
        chunk_ids(&printed(&mut terminal)),
        rest,
        "terminal, {context}"
    );

    request["group"] = json!("page");
    let rest = chunk_ids(&server.search(&request));
    assert_eq!(
        chunk_ids(&server.tool("search_docs", &tool)),
        rest,
        "MCP, {context}"
    );
    assert_eq!(web_ids(&server.get(&path).1), rest, "web page, {context}");
    assert_eq!(
        chunk_ids(&printed(&mut by_page)),
        rest,
        "terminal by page, {context}"
    );
}

/// The chunk ids of the hits on a page of results, in order.
fn web_ids(page: &str) -> Vec<String> {
    let title = Regex::new(r#"<h3><a href="[^"]*/c/([^"]+)""#).unwrap();
    title
        .captures_iter(page)
        .map(|found| decode(&found[1]))
        .collect()
}

fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

fn decode(text: &str) -> String {
    let escaped = Regex::new("%([0-9A-F]{2})").unwrap();
    let byte = |found: &regex::Captures<'_>| {
        char::from(u8::from_str_radix(&found[1], 16).unwrap()).to_string()
    };
    escaped.replace_all(text, byte).into_owned()
}

/// Every conversation pays for the tool descriptions before its first question.
#[test]
fn the_tool_descriptions_cost_at_most_1500_tokens() {
    let tokenizer = repository().join("models/all-MiniLM-L6-v2/tokenizer.json");
    let mut tokenizer = tokenizers::Tokenizer::from_file(tokenizer).unwrap();
    tokenizer.with_truncation(None).unwrap();
    tokenizer.with_padding(None);

    let count = |value: &Value| {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        tokenizer.encode(text, false).unwrap().len()
    };

    let server = Server::over_sample_library();
    let listed = server.mcp("tools/list", &json!({}));
    let tools = listed["tools"].as_array().unwrap();
    assert_eq!(tools.len(), 4);

    let cost = |tool: &Value| {
        ["description", "inputSchema", "outputSchema"]
            .map(|part| count(&tool[part]))
            .iter()
            .sum()
    };

    let costs: Vec<usize> = tools.iter().map(cost).collect();
    assert!(costs.iter().sum::<usize>() <= 1500, "{costs:?}");
    let product = tools[0]["inputSchema"]["properties"]["product"]["description"]
        .as_str()
        .unwrap();
    assert!(product.contains("\"finesse\", \"haproxy\""), "{product}");
}
