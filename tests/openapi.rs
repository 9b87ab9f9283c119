//! The OpenAPI description, checked against the running server by a client built from the
//! description alone, and by schemathesis.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Server, python_environment, repository, skip};

fn folder() -> PathBuf {
    repository().join("tests/openapi")
}

#[test]
fn a_client_built_from_the_description_works() {
    let server = Server::over_sample_library();
    let url = format!("{}/openapi.json", server.address);
    let output = Command::new("python3")
        .arg(folder().join("client.py"))
        .arg(url)
        .output();

    let Ok(output) = output else {
        return skip(
            "a_client_built_from_the_description_works",
            "python3 is not installed",
        );
    };

    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );

    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&found["page"], &found["posted"], &found["chunk"]),
        (&json!(118), &json!(true), &json!(true))
    );
    assert_eq!(
        (&found["batch"], &found["text"]),
        (&json!([["answer"], ["problem"]]), &json!(true))
    );
    assert!(
        found["documents"].as_u64().unwrap() > 10 && found["changes"].as_u64().unwrap() > 5,
        "{found:#}"
    );
}

#[test]
fn schemathesis_finds_no_violation() {
    let environment = match python_environment("openapi", &folder()) {
        Ok(environment) => environment,
        Err(reason) => return skip("schemathesis_finds_no_violation", &reason),
    };
    let server = Server::over_sample_library();
    let mut command = Command::new(environment.join("bin/schemathesis"));

    command
        .arg("run")
        .arg(format!("{}/openapi.json", server.address));
    command.args(["--max-examples", "25", "--seed", "1", "--no-color"]);

    // Only the library determines which versions and documents exist: a valid request may name
    // unknown ones.
    command.args(["--exclude-checks", "positive_data_acceptance"]);

    // They change the library for holders of the owner's token. All other operations are tested
    // with the same library throughout.
    for path in [
        "/api/v1/sync",
        "/api/v1/removals",
        "/api/v1/generations/rollback",
    ] {
        command.args(["--exclude-path", path]);
    }

    let output = command.current_dir(server.data()).output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{stdout}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(stdout.contains("Tested:"), "nothing was tested: {stdout}");
}
