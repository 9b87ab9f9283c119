//! Whole responses of every interface over the sample library: pages, REST routes, MCP tools, the
//! terminal, metrics and `/openapi.json`.
//!
//! A snapshot changes only with a change that is meant to be visible from outside.
//! `INSTA_UPDATE=always` writes the new responses; review the difference before you commit it. What
//! differs between runs or machines (times, scores, hashes, the port) is replaced by its name in
//! square brackets.

use insta::Settings;
use regex::Regex;
use serde_json::{Value, json};

use crate::support::{Server, mcdewey, repository, sample_library, succeed};

const GUIDE: &str = "finesse/v12.5/developer-guide/developer-guide.md";
const CHUNK: &str = "finesse::v12.5::developer-guide::developer-guide::7";

/// Snapshot names and pages. `/status` comes first, because it counts the requests before it.
const PAGES: [(&str, &str); 23] = [
    ("status", "/status"),
    ("home", "/"),
    ("results", "/?q=barge+state+in+CCX&limit=3"),
    (
        "results_filtered",
        "/?q=silent+monitoring&product=finesse&version=v12.5&limit=2",
    ),
    (
        "results_explained",
        "/?q=barge+state+in+CCX&limit=2&explain=1",
    ),
    (
        "results_by_words",
        "/?q=log_min_messages&mode=keyword&limit=2",
    ),
    ("results_by_page", "/?q=barge&group=page&limit=2"),
    ("results_misspelt", "/?q=untrusted+certifcate&limit=2"),
    (
        "results_no_answer",
        "/?q=finesse+16.0+port+for+websocket+notifications&limit=2",
    ),
    ("results_nothing", "/?q=zzzyyyxxx&mode=keyword"),
    ("results_invalid", "/?q=barge&mode=telepathy"),
    (
        "results_unknown_version",
        "/?q=barge&product=finesse&version=99",
    ),
    (
        "chunk",
        "/c/finesse%3A%3Av12.5%3A%3Adeveloper-guide%3A%3Adeveloper-guide%3A%3A7",
    ),
    ("chunk_not_found", "/c/finesse%3A%3Anothing%3A%3A0"),
    (
        "document",
        "/d/finesse/v12.5/developer-guide/developer-guide.md?page=118",
    ),
    ("document_without_pages", "/d/notes/empty-gadgets.md"),
    ("library", "/library"),
    ("compare_choice", "/compare"),
    (
        "compare",
        "/compare?product=finesse&from=v12.5&to=v15.0&limit=5",
    ),
    (
        "compare_question",
        "/compare?product=finesse&from=v12.5&to=v15.0&q=barge&limit=3",
    ),
    ("connect", "/connect"),
    ("api_docs", "/api/docs"),
    ("not_found", "/nowhere"),
];

/// Snapshot names and paths of REST requests.
const REST: [(&str, &str); 25] = [
    ("search", "/api/v1/search?q=barge+state+in+CCX&limit=3"),
    (
        "search_explained",
        "/api/v1/search?q=barge+state+in+CCX&limit=1&explain=1",
    ),
    (
        "search_dense",
        "/api/v1/search?q=barge+state+in+CCX&limit=2&mode=dense",
    ),
    (
        "search_keyword",
        "/api/v1/search?q=log_min_messages&limit=2&mode=keyword",
    ),
    (
        "search_filtered",
        "/api/v1/search?q=silent+monitoring&product=finesse&version=latest&limit=2",
    ),
    (
        "search_unversioned",
        "/api/v1/search?q=empty+gadgets&product=finesse&version=v12.5&limit=1",
    ),
    (
        "search_by_page",
        "/api/v1/search?q=barge&group=page&limit=2",
    ),
    (
        "search_no_answer",
        "/api/v1/search?q=finesse+16.0+port+for+websocket+notifications&limit=1",
    ),
    ("search_without_question", "/api/v1/search"),
    (
        "search_unknown_parameter",
        "/api/v1/search?q=barge&colour=red",
    ),
    (
        "search_unknown_version",
        "/api/v1/search?q=barge&product=finesse&version=99",
    ),
    (
        "search_unknown_product",
        "/api/v1/search?q=barge&product=typewriter",
    ),
    (
        "search_bad_cursor",
        "/api/v1/search?q=barge&cursor=nonsense",
    ),
    ("search_bad_limit", "/api/v1/search?q=barge&limit=500"),
    (
        "chunk",
        "/api/v1/chunks/finesse%3A%3Av12.5%3A%3Adeveloper-guide%3A%3Adeveloper-guide%3A%3A7?context=1",
    ),
    (
        "chunk_not_found",
        "/api/v1/chunks/finesse%3A%3Anothing%3A%3A0",
    ),
    (
        "document",
        "/api/v1/documents/finesse/v12.5/developer-guide/developer-guide.md",
    ),
    (
        "document_page",
        "/api/v1/documents/finesse/v12.5/developer-guide/developer-guide.md?page=118",
    ),
    (
        "document_page_not_found",
        "/api/v1/documents/finesse/v12.5/developer-guide/developer-guide.md?page=9999",
    ),
    ("library", "/api/v1/library"),
    (
        "compare",
        "/api/v1/compare?product=finesse&from=v12.5&to=v15.0&limit=3",
    ),
    (
        "compare_unknown",
        "/api/v1/compare?product=finesse&from=v12.5&to=v99",
    ),
    ("questions", "/api/v1/questions"),
    ("health", "/healthz"),
    ("ready", "/readyz"),
];

/// Snapshot names, tools and arguments, valid and invalid.
fn tool_calls() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("search_docs", "search_docs", search_arguments(json!({}))),
        (
            "search_docs_concise",
            "search_docs",
            search_arguments(json!({"detail": "concise"})),
        ),
        (
            "search_docs_filtered",
            "search_docs",
            search_arguments(json!({"product": "finesse", "version": "latest"})),
        ),
        (
            "search_docs_no_answer",
            "search_docs",
            search_arguments(json!({"query": "finesse 16.0 port for websocket notifications"})),
        ),
        (
            "search_docs_unknown_version",
            "search_docs",
            search_arguments(json!({"product": "finesse", "version": "99"})),
        ),
        (
            "search_docs_unknown_argument",
            "search_docs",
            search_arguments(json!({"colour": "red"})),
        ),
        ("search_docs_without_question", "search_docs", json!({})),
        (
            "read_doc_chunk",
            "read_doc",
            json!({"id": CHUNK, "context": 1, "token_budget": 1000}),
        ),
        (
            "read_doc_page",
            "read_doc",
            json!({"source": GUIDE, "page": "118"}),
        ),
        ("read_doc_outline", "read_doc", json!({"source": GUIDE})),
        (
            "read_doc_not_found",
            "read_doc",
            json!({"source": "finesse/nothing.md", "page": "1"}),
        ),
        ("list_library", "list_library", json!({})),
        (
            "list_library_product",
            "list_library",
            json!({"product": "finesse", "token_budget": 600}),
        ),
        (
            "compare_versions",
            "compare_versions",
            json!({"product": "finesse", "from": "v12.5", "to": "v15.0", "token_budget": 800}),
        ),
        (
            "compare_versions_question",
            "compare_versions",
            json!({
                "product": "finesse", "from": "v12.5", "to": "v15.0", "query": "barge",
                "token_budget": 800,
            }),
        ),
        ("unknown_tool", "write_docs", json!({})),
    ]
}

fn search_arguments(extra: Value) -> Value {
    let mut arguments = json!({"query": "barge state in CCX", "limit": 2});
    arguments
        .as_object_mut()
        .unwrap()
        .extend(extra.as_object().unwrap().clone());
    arguments
}

/// Snapshot names, methods and parameters of the other MCP requests.
fn mcp_requests() -> Vec<(&'static str, &'static str, Value)> {
    let capabilities = json!({
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "snapshots", "version": "1"},
    });

    vec![
        ("initialize", "initialize", capabilities),
        ("tools", "tools/list", json!({})),
        ("resources", "resources/list", json!({})),
        ("resource_templates", "resources/templates/list", json!({})),
        (
            "resource_page",
            "resources/read",
            json!({"uri": format!("mcdewey://{GUIDE}/page/118")}),
        ),
        (
            "resource_not_found",
            "resources/read",
            json!({"uri": "mcdewey://nothing.md"}),
        ),
        ("prompts", "prompts/list", json!({})),
        (
            "prompt_answer",
            "prompts/get",
            json!({
                "name": "answer_with_citations",
                "arguments": {"question": "barge state in CCX", "product": "finesse"},
            }),
        ),
        (
            "prompt_upgrade",
            "prompts/get",
            json!({
                "name": "upgrade_check",
                "arguments": {"product": "finesse", "from": "v12.5", "to": "v15.0"},
            }),
        ),
        (
            "completion",
            "completion/complete",
            json!({
                "ref": {"type": "ref/prompt", "name": "answer_with_citations"},
                "argument": {"name": "product", "value": "fin"},
            }),
        ),
    ]
}

#[test]
fn every_page() {
    let server = server();
    let settings = settings("page");
    for (name, path) in PAGES {
        let (status, body) = server.get(path);
        let response = format!("GET {path}\n{status}\n\n{}", mask_text(&server, &body));
        settings.bind(|| insta::assert_snapshot!(name, response));
    }

    for (name, form) in [
        (
            "feedback_answers",
            "q=barge+state+in+CCX&answers=finesse%3A%3Av12.5%3A%3Adeveloper-guide%3A%3Adeveloper-guide%3A%3A7",
        ),
        ("feedback_none", "q=barge+state+in+CCX&none=1"),
        ("feedback_invalid", "q=barge"),
    ] {
        let (status, body) = server.post_form("/feedback", form);
        let response = format!(
            "POST /feedback {form}\n{status}\n\n{}",
            mask_text(&server, &body)
        );
        settings.bind(|| insta::assert_snapshot!(name, response));
    }
}

#[test]
fn every_rest_response() {
    let server = server();
    let settings = settings("rest");
    for (name, path) in REST {
        let (status, body) = server.get(path);
        let response = format!("GET {path}\n{status}\n\n{}", pretty_masked(&server, &body));
        settings.bind(|| insta::assert_snapshot!(name, response));
    }

    let searches = json!({"searches": [{"q": "barge state in CCX", "limit": 1}, {"q": ""}]});
    for (name, path, request) in [
        ("batch", "/api/v1/search/batch", searches),
        ("sync_without_key", "/api/v1/sync", json!({})),
        (
            "rollback_without_key",
            "/api/v1/generations/rollback",
            json!({}),
        ),
        (
            "removal_without_key",
            "/api/v1/removals",
            json!({"sources": [GUIDE]}),
        ),
    ] {
        let (status, body) = server.post_json(path, &request);
        let response = format!(
            "POST {path} {request}\n{status}\n\n{}",
            pretty_masked(&server, &body)
        );
        settings.bind(|| insta::assert_snapshot!(name, response));
    }
}

/// Names, types and labels of the metrics. Values depend on earlier requests, and buckets of
/// histograms on durations.
#[test]
fn metric_names() {
    let server = server();
    server.get_json("/api/v1/search?q=barge");
    let (_, text) = server.get("/metrics");
    let value = Regex::new(r"(?m) [0-9.e+-]+(inf|NaN)?$").unwrap();
    let bucket = Regex::new(r#"(?m)^.*[{,]le="[^+].*\n"#).unwrap();
    let names = value.replace_all(&text, " [number]");
    let names = bucket.replace_all(&names, "");
    let mut lines: Vec<&str> = names.lines().collect();
    lines.sort_unstable();
    settings("rest").bind(|| insta::assert_snapshot!("metrics", lines.join("\n")));
}

#[test]
fn openapi_description() {
    let server = server();
    // Only the address is masked: nothing else in the description depends on the run or the
    // machine.
    let description: Value = server.get_json("/openapi.json");
    let description = serde_json::to_string_pretty(&description).unwrap();
    let description = mask_address(&server, &description);
    settings("openapi").bind(|| insta::assert_snapshot!("openapi", description));
}

#[test]
fn every_mcp_response() {
    let server = server();
    let settings = settings("mcp");
    let calls = tool_calls().into_iter().map(|(name, tool, arguments)| {
        (
            format!("tool_{name}"),
            "tools/call",
            json!({"name": tool, "arguments": arguments}),
        )
    });

    let others = mcp_requests()
        .into_iter()
        .map(|(name, method, params)| (name.to_owned(), method, params));

    for (name, method, params) in others.chain(calls) {
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let (status, body) = server.post_json("/mcp", &message);
        let response = format!(
            "{method} {params}\n{status}\n\n{}",
            pretty_masked(&server, &body)
        );
        settings.bind(|| insta::assert_snapshot!(name, response));
    }
}

#[test]
fn terminal_output() {
    let server = server();
    for (name, arguments) in [
        ("search", vec!["search", "-n", "2", "barge state in CCX"]),
        (
            "search_no_answer",
            vec![
                "search",
                "-n",
                "1",
                "finesse 16.0 port for websocket notifications",
            ],
        ),
    ] {
        let printed = succeed(mcdewey(&server.data()).args(&arguments));
        let printed = mask_text(&server, &printed);
        settings("terminal").bind(|| insta::assert_snapshot!(name, printed));
    }
}

/// A server that ingests nothing, because the end of a sync would appear in some responses, and
/// that accepts feedback without a key.
fn server() -> Server {
    let corpus = repository().join("corpus").display().to_string();
    Server::start_with(
        sample_library(),
        &[
            "--corpus",
            &corpus,
            "--feedback",
            "everyone",
            "serve",
            "--no-ingest",
        ],
    )
}

/// Snapshots of one interface: `tests/snapshots/{interface}/{name}.snap`.
fn settings(interface: &str) -> Settings {
    let mut settings = Settings::new();
    settings.set_snapshot_path(repository().join("tests/snapshots").join(interface));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings
}

/// JSON on several lines, so that a difference is easy to locate.
fn pretty_masked(server: &Server, body: &str) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(body) else {
        return mask_text(server, body);
    };
    mask_fractions(&mut value);
    mask_text(server, &serde_json::to_string_pretty(&value).unwrap())
}

/// Masks scores and durations: numbers with a fraction depend on the machine. Names, whole numbers
/// and the presence of a number are kept.
fn mask_fractions(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => *value = json!("[number]"),
        Value::Array(items) => items.iter_mut().for_each(mask_fractions),
        Value::Object(members) => members.values_mut().for_each(mask_fractions),
        _ => {}
    }
}

fn mask_address(server: &Server, text: &str) -> String {
    text.replace(&server.address, "http://[address]")
        .replace(server.address.trim_start_matches("http://"), "[address]")
}

/// Masks what differs between runs: the port, times, random tags and ids, hashes of assets and
/// cursors, and numbers with three decimals or more.
fn mask_text(server: &Server, text: &str) -> String {
    const RULES: [(&str, &str); 8] = [
        (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[time]"),
        (r"\b\d{4}-\d\d-\d\d \d\d:\d\d( UTC)?", "[time]"),
        (r"\bingested \d{4}-\d\d-\d\d\b", "ingested [date]"),
        (r"\bdocument-[0-9a-f]{6}\b", "document-[tag]"),
        (r"/assets/(\w+)-[0-9a-f]{12}\.", "/assets/$1-[hash]."),
        (r"\b(\d+)-[0-9a-f]{16}\b", "$1-[cursor]"),
        (r#"("request_id": )"[^"]+""#, r#"$1"[id]""#),
        (r"\b\d+\.\d{3,}\b", "[number]"),
    ];

    RULES
        .iter()
        .fold(mask_address(server, text), |text, (pattern, name)| {
            Regex::new(pattern)
                .unwrap()
                .replace_all(&text, *name)
                .into_owned()
        })
}
