//! Damage to stored files is found before it answers, said in every interface, and repaired.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    Server, fail, ingest, mcdewey, repository, sample_library, succeed, wait_until,
};

const QUESTION: &str = "barge state in CCX";
/// A document of the sample library that answers the question, and words that only it has.
const DAMAGED: &str = "finesse/v12.5/developer-guide/developer-guide.md";
/// What the server does by itself when it is idle.
const SERVER_REACTS_WITHIN: Duration = Duration::from_secs(30);

fn files_named(folder: &Path, name: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_named(&path, name));
        } else if path.file_name().unwrap() == name {
            found.push(path);
        }
    }

    found
}

fn catalogue(data: &Path) -> PathBuf {
    files_named(data, "catalogue.sqlite").pop().unwrap()
}

/// Flips a bit of one of these texts in a file. A text may be spread over two places of the file.
fn damage_text(file: &Path, texts: &[&str]) {
    let mut bytes = fs::read(file).unwrap();
    let position = texts
        .iter()
        .find_map(|text| {
            bytes
                .windows(text.len())
                .position(|window| window == text.as_bytes())
        })
        .expect("the file has one of the texts");
    bytes[position] ^= 1;
    fs::write(file, bytes).unwrap();
}

/// The sample library with a damaged text.
fn damaged_library() -> TempDir {
    let folder = sample_library();
    damage_text(
        &catalogue(&folder.path().join("data")),
        &[
            "state turns to TALKING",
            "request changes one MRD.",
            "silently first and is",
        ],
    );
    folder
}

fn serve_without_ingest(folder: TempDir) -> Server {
    let corpus = repository().join("corpus").display().to_string();
    Server::start_unfilled(folder, &["--corpus", &corpus, "serve", "--no-ingest"])
}

fn question() -> Value {
    json!({"q": QUESTION, "mode": "hybrid"})
}

#[test]
fn a_damaged_document_is_left_out_and_named_until_it_is_read_again() {
    let whole = Server::over_sample_library();
    let expected = whole.search(&question())["hits"].clone();
    drop(whole);

    let server = serve_without_ingest(damaged_library());
    assert!(
        server.startup_log.contains(DAMAGED),
        "{}",
        server.startup_log
    );
    let ready = server.get_json("/readyz");
    assert_eq!(
        (&ready["verified"], &ready["damaged"]),
        (&json!(true), &json!(1))
    );

    let answer = server.search(&question());
    let degraded = answer["degraded"].as_str().unwrap();
    assert!(degraded.contains("damaged"), "{degraded}");
    let is_damaged = |hit: &Value| hit["source"] == DAMAGED;
    assert!(!answer["hits"].as_array().unwrap().iter().any(is_damaged));

    let page = server.get(&format!("/?q={}", QUESTION.replace(' ', "+"))).1;
    assert!(page.contains(degraded), "the page says so");
    let text = server.tool("search_docs", &json!({"query": QUESTION}));
    assert!(text.to_string().contains(degraded), "{text}");
    assert!(server.get("/status").1.contains("damaged documents"));

    let (status, missing) = server.get(&format!("/api/v1/documents/{DAMAGED}"));
    assert_eq!(status, 404);
    assert!(missing.contains("damaged"), "{missing}");

    let report = ingest(&server.data(), &repository().join("corpus"));
    assert_eq!(report["written"], 1, "{report:#}");
    // What `/readyz` says may be a second old.
    wait_until(SERVER_REACTS_WITHIN, || {
        server.get_json("/readyz")["damaged"] == 0
    });
    let answer = server.search(&question());
    assert_eq!(answer["degraded"], Value::Null);
    let ids = |hits: &Value| crate::support::chunk_ids(&json!({"hits": hits}));
    assert_eq!(ids(&answer["hits"]), ids(&expected));
}

#[test]
fn doctor_names_what_is_damaged_and_fails() {
    let folder = damaged_library();
    let data = folder.path().join("data");
    let corpus = repository().join("corpus");
    let output = mcdewey(&data)
        .arg("--corpus")
        .arg(&corpus)
        .args(["doctor", "--deep", "--json"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let library = &report["library"]["ok"];
    assert_eq!(library["verified"], true);
    assert_eq!(library["damaged_documents"][0]["source"], DAMAGED);

    let remove = ["remove", "--force", DAMAGED];
    succeed(mcdewey(&data).arg("--corpus").arg(&corpus).args(remove));
    let text = succeed(
        mcdewey(&data)
            .arg("--corpus")
            .arg(&corpus)
            .args(["doctor", "--deep"]),
    );
    assert!(text.contains("everything stored fits"), "{text}");
}

/// A command closes the library before it ends, so that the next one has nothing to check.
#[test]
fn a_command_leaves_a_sealed_library() {
    let folder = sample_library();
    let data = folder.path().join("data");
    for arguments in [["search", QUESTION], ["doctor", "--deep"]] {
        let _ = mcdewey(&data).args(arguments).output().unwrap();
        let ledger = fs::read_to_string(files_named(&data, "ledger").pop().unwrap()).unwrap();
        assert!(
            ledger.contains("\"sealed\"") && !ledger.contains("\"opened\""),
            "{arguments:?}: {ledger}"
        );
    }
}

/// A killed server that was idle leaves sealed files behind: nothing is made again after it.
#[test]
fn an_idle_server_can_be_killed_without_anything_to_repair() {
    let server = Server::over_sample_library();
    let ledger = files_named(&server.data(), "ledger").pop().unwrap();
    let is_sealed = || {
        let text = fs::read_to_string(&ledger).unwrap();
        text.lines().next().unwrap().contains("sealed") && !text.contains("\"opened\"")
    };
    wait_until(SERVER_REACTS_WITHIN, is_sealed);
    let shards = files_named(&server.data(), "edge_config.json");
    let folder = server.kill();

    let server = serve_without_ingest(folder);
    assert_eq!(server.get_json("/readyz")["verified"], true);
    assert_eq!(files_named(&server.data(), "edge_config.json"), shards);
    assert_eq!(
        server.startup_log.matches("WARN").count(),
        0,
        "{}",
        server.startup_log
    );
}

/// Everything but the record of the generations, its copy and the lock can be gone.
#[test]
fn a_library_whose_catalogue_is_gone_says_so_and_comes_back() {
    let folder = sample_library();
    let data = folder.path().join("data");
    fs::remove_file(catalogue(&data)).unwrap();

    let search = |data: &Path| {
        let text = succeed(mcdewey(data).args(["search", QUESTION, "--json"]));
        serde_json::from_str::<Value>(&text).unwrap()
    };
    let error = fail(mcdewey(&data).args(["search", QUESTION]));
    assert!(
        error.contains(DAMAGED) && error.contains("mcdewey ingest"),
        "{error}"
    );

    let text = succeed(
        mcdewey(&data)
            .arg("ingest")
            .arg(repository().join("corpus")),
    );
    assert!(
        text.contains(" 0 embedded"),
        "the vectors are in the cache: {text}"
    );
    let answer = search(&data);
    assert_eq!(answer["degraded"], Value::Null);
    assert_eq!(answer["hits"][0]["source"], DAMAGED);
}
