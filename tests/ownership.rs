//! One process owns a data directory; the others find it and work through it.

use serde_json::json;

use crate::support::{Server, chunk_ids, fail, mcdewey, repository, sample_library, succeed};

#[test]
fn commands_work_through_the_running_server() {
    let server = Server::over_sample_library();
    let through = succeed(mcdewey(&server.data()).args(["search", "--json", "barge state in CCX"]));
    let direct = server.search(&json!({"q": "barge state in CCX"}));
    assert_eq!(chunk_ids(&serde_json::from_str(&through).unwrap()), chunk_ids(&direct));

    let corpus = repository().join("corpus");
    let report = succeed(mcdewey(&server.data()).arg("ingest").arg(&corpus).arg("--json"));
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!((&report["parsed"], &report["written"]), (&json!(0), &json!(0)), "{report:#}");

    let doctor = succeed(mcdewey(&server.data()).arg("--corpus").arg(&corpus).arg("doctor"));
    assert!(doctor.contains(&server.pid().to_string()), "{doctor}");
}

#[test]
fn a_second_server_is_told_who_owns_the_library() {
    let server = Server::over_sample_library();
    let said = fail(mcdewey(&server.data()).args(["--listen", "127.0.0.1:0", "serve"]));
    assert!(said.contains(&format!("process {}", server.pid())) && said.contains(&server.address), "{said}");
}

#[test]
fn the_library_answers_after_its_owner_was_killed() {
    let server = Server::over_sample_library();
    let data = tempfile::tempdir().unwrap();
    crate::support::copy_folder(&server.data(), &data.path().join("data"));
    drop(server);
    let said = succeed(mcdewey(&data.path().join("data")).args(["search", "barge state in CCX"]));
    assert!(said.starts_with("1. Page 118"), "{said}");
}

#[test]
fn a_library_that_is_not_there_is_an_error_that_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let said = fail(mcdewey(&folder.path().join("data")).args(["search", "anything"]));
    assert!(said.contains("mcdewey ingest"), "{said}");
    assert!(!folder.path().join("data").exists(), "a question must not make a library");
}

#[test]
fn an_unknown_release_is_an_error_in_the_terminal_too() {
    let library = sample_library();
    let data = library.path().join("data");
    let said = fail(mcdewey(&data).args(["search", "--product", "finesse", "--version", "16.0", "barge"]));
    assert!(said.contains("v12.5") && said.contains("v15.0"), "{said}");
}
