//! One process owns a data directory; other processes find it and work through it.

use std::io::Write;
use std::net::TcpStream;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{Server, chunk_ids, fail, mcdewey, repository, sample_library, succeed};

#[test]
fn commands_work_through_the_running_server() {
    let server = Server::over_sample_library();
    let forwarded =
        succeed(mcdewey(&server.data()).args(["search", "--json", "barge state in CCX"]));
    let direct = server.search(&json!({"q": "barge state in CCX"}));

    assert_eq!(
        chunk_ids(&serde_json::from_str(&forwarded).unwrap()),
        chunk_ids(&direct)
    );

    let corpus = repository().join("corpus");
    let report = succeed(
        mcdewey(&server.data())
            .arg("ingest")
            .arg(&corpus)
            .arg("--json"),
    );

    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(
        (&report["parsed"], &report["written"]),
        (&json!(0), &json!(0)),
        "{report:#}"
    );

    let other = tempfile::tempdir().unwrap();
    std::fs::write(
        other.path().join("extra.md"),
        "# Extra\n\nThe zebra crossing.",
    )
    .unwrap();

    let report = succeed(
        mcdewey(&server.data())
            .arg("--corpus")
            .arg(other.path())
            .args(["ingest", "--json"]),
    );

    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(
        (&report["written"], &report["removed"]),
        (&json!(1), &json!(0)),
        "{report:#}"
    );
    assert_eq!(
        server.search(&json!({"q": "zebra crossing"}))["hits"][0]["source"],
        "extra.md"
    );

    let doctor = succeed(
        mcdewey(&server.data())
            .arg("--corpus")
            .arg(&corpus)
            .arg("doctor"),
    );

    assert!(doctor.contains(&server.pid().to_string()), "{doctor}");
}

#[test]
fn a_server_with_an_access_key_requires_it() {
    let folder = sample_library();
    let key = folder.path().join("key");
    std::fs::write(&key, "let me in\n").unwrap();

    let server = Server::start_with(
        folder,
        &[
            "--access-key-file",
            &key.display().to_string(),
            "serve",
            "--no-ingest",
        ],
    );

    for path in ["/", "/api/v1/search?q=barge", "/mcp"] {
        assert_eq!(server.get(path).0, 401, "{path}");
    }

    assert_eq!(server.get("/readyz").0, 200);

    // Commands of the same user need no key: they read the owner's token.
    let found = succeed(mcdewey(&server.data()).args(["search", "barge state in CCX"]));
    assert!(found.starts_with("1. Page 118"), "{found}");
    assert!(succeed(mcdewey(&server.data()).arg("ready")).contains(&server.address));
    let stderr = fail(mcdewey(&server.data()).args(["--listen", "0.0.0.0:0", "serve"]));

    assert!(stderr.contains("mcdewey keys create"), "{stderr}");
}

#[test]
fn a_second_server_reports_the_owner_of_the_library() {
    let server = Server::over_sample_library();
    let stderr = fail(mcdewey(&server.data()).args(["--listen", "127.0.0.1:0", "serve"]));
    assert!(
        stderr.contains(&format!("process {}", server.pid())) && stderr.contains(&server.address),
        "{stderr}"
    );
}

#[test]
fn a_library_can_be_searched_after_its_owner_was_killed() {
    let folder = Server::over_sample_library().kill();
    let stdout =
        succeed(mcdewey(&folder.path().join("data")).args(["search", "barge state in CCX"]));
    assert!(stdout.starts_with("1. Page 118"), "{stdout}");
}

#[test]
fn mcp_on_standard_input_works_beside_the_running_server() {
    let server = Server::over_sample_library();
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    });

    let question = json!({"query": "barge state in CCX"});
    let hello = json!({
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "t", "version": "1"},
    });
    let messages = [
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
               "params": {"name": "search_docs", "arguments": question, "_meta": meta}}),
        json!({"jsonrpc": "2.0", "id": 2, "method": "initialize", "params": hello}),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        json!({"jsonrpc": "2.0", "id": 3, "method": "tools/call",
               "params": {"name": "search_docs", "arguments": question}}),
    ];

    let input: String = messages
        .iter()
        .map(|message| format!("{message}\n"))
        .collect();

    let mut child = mcdewey(&server.data())
        .arg("mcp")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");

    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();

    let output = child.wait_with_output().unwrap();
    let lines: Vec<Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();

    assert_eq!(
        lines
            .iter()
            .map(|line| line["id"].as_u64().unwrap())
            .collect::<Vec<_>>(),
        [1, 2, 3]
    );

    for answer in [&lines[0], &lines[2]] {
        assert_eq!(
            answer["result"]["structuredContent"]["hits"][0]["page"], 118,
            "{answer:#}"
        );
    }
}

#[test]
fn an_unfinished_request_does_not_block_shutdown() {
    let server = Server::over_sample_library();
    let mut unfinished =
        TcpStream::connect(server.address.strip_prefix("http://").unwrap()).unwrap();
    let head =
        "POST /api/v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";

    unfinished
        .write_all(format!("{head}Content-Length: 100\r\n\r\n{{").as_bytes())
        .unwrap();

    // The response proves that the server has accepted the other connection.
    server.get("/healthz");
    assert!(server.terminate().success());
}

#[test]
fn a_missing_library_is_an_error_with_advice() {
    let folder = tempfile::tempdir().unwrap();
    let stderr = fail(mcdewey(&folder.path().join("data")).args(["search", "anything"]));
    assert!(stderr.contains("mcdewey ingest"), "{stderr}");
    assert!(
        !folder.path().join("data").exists(),
        "a search must not create a library"
    );
}

#[test]
fn an_unknown_version_is_an_error_in_the_terminal() {
    let library = sample_library();
    let data = library.path().join("data");
    let stderr = fail(mcdewey(&data).args([
        "search",
        "--product",
        "finesse",
        "--version",
        "16.0",
        "barge",
    ]));

    assert!(
        stderr.contains("v12.5") && stderr.contains("v15.0"),
        "{stderr}"
    );
}
