//! The reranker: the one of the catalogue is used unless it is switched off or cannot be had, and one
//! that was asked for and cannot be used is reported at startup and by `doctor`.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::{fail, ingest, mcdewey, mcdewey_with_models, repository, succeed};

#[test]
fn a_reranker_folder_without_a_model_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let in_folder = ["--rerank-dir", "nowhere"];

    let stderr = fail(with_default(&data, &in_folder).args(["serve", "--listen", "127.0.0.1:0"]));

    assert!(
        stderr.contains("nowhere") && stderr.contains("lacks model.onnx"),
        "{stderr}"
    );

    let output = with_default(&data, &in_folder)
        .arg("doctor")
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(
        !output.status.success() && stdout.contains("reranker is broken"),
        "{stdout}"
    );
}

/// A question and a small library that answers it in `call.md`.
const QUESTION: &str = "what can a supervisor do in the barge state";

fn write_corpus(corpus: &Path) {
    std::fs::create_dir(corpus).unwrap();
    for (name, text) in [
        (
            "barge",
            "A supervisor can barge into a call, and all three then talk to each other.",
        ),
        (
            "call",
            "In the barge state of a call, the supervisor can intercept the call or leave it.",
        ),
        (
            "boat",
            "A barge is a flat boat. The state of the barge is checked every year.",
        ),
    ] {
        std::fs::write(
            corpus.join(format!("{name}.md")),
            format!("# {name}\n\n{text}\n"),
        )
        .unwrap();
    }
}

/// The program with the default of the reranker.
fn with_default(data: &Path, arguments: &[&str]) -> Command {
    let mut command = mcdewey(data);
    command.env_remove("MCDEWEY_RERANK").args(arguments);
    command
}

#[test]
fn the_reranker_of_the_catalogue_is_fetched_and_reads_the_hits_by_default() {
    let folder = tempfile::tempdir().unwrap();
    let (corpus, data) = (folder.path().join("corpus"), folder.path().join("data"));
    write_corpus(&corpus);
    ingest(&data, &corpus);
    let run = |arguments: &[&str]| succeed(&mut with_default(&data, arguments));

    // The first search fetches it where the cache lacks it.
    let answer: Value =
        serde_json::from_str(&run(&["search", "--json", "--explain", QUESTION])).unwrap();
    // A folder in the cache of models, and its name in the status of the library.
    let doctor = run(&["doctor"]);
    let cached = repository().join("models/ms-marco-MiniLM-L-12-v2");
    assert!(
        doctor.contains(&format!(
            "reranker {}: reads the first 20 hits",
            cached.display()
        )),
        "{doctor}"
    );
    let models = run(&["models", "--json"]);
    assert!(models.contains("ms-marco-MiniLM-L-12-v2") && models.contains("reranking"));

    assert_eq!(answer["hits"][0]["source"], "call.md", "{answer}");

    // A slow machine reads none of them in time, and says so.
    let depth = answer["rerank_depth"].as_u64().unwrap();
    assert_eq!(answer["reranked"], Value::Bool(depth == 3), "{answer}");
    assert_eq!(answer["notices"].is_array(), depth < 3, "{answer}");
    let explain = &answer["hits"][0]["explain"];
    assert_eq!(explain["rerank"].is_number(), depth > 0, "{answer}");
    assert_eq!(explain["parts"]["reranker"].is_number(), depth > 0);
}

#[test]
fn a_reranker_that_cannot_be_had_is_done_without_unless_it_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let (corpus, data) = (folder.path().join("corpus"), folder.path().join("data"));
    write_corpus(&corpus);
    ingest(&data, &corpus);

    // A cache with everything but the reranker, and nothing to fetch it with.
    let models = folder.path().join("models");
    std::fs::create_dir(&models).unwrap();
    for entry in std::fs::read_dir(repository().join("models")).unwrap() {
        let entry = entry.unwrap();
        if !entry.file_name().to_string_lossy().starts_with("ms-marco") {
            std::os::unix::fs::symlink(entry.path(), models.join(entry.file_name())).unwrap();
        }
    }
    std::fs::write(
        folder.path().join("mcdewey.toml"),
        "python = 'no-such-python'\n",
    )
    .unwrap();

    let search = |rerank: &str| -> Output {
        mcdewey_with_models(&data, &models)
            .args(["--rerank", rerank, "search", "--json", QUESTION])
            .output()
            .unwrap()
    };

    let output = search("auto");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{stderr}");
    for part in [
        "searching without the reranker",
        "no-such-python",
        "mcdewey models --fetch",
        "--rerank off",
    ] {
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(answer["hits"][0]["source"].is_string() && answer["rerank_depth"].is_null());

    // Whoever supplies the embedding model may have no network, so nothing is downloaded.
    let output = mcdewey_with_models(&data, &models)
        .args(["--rerank", "auto", "search", QUESTION, "--model-dir"])
        .arg(repository().join("models/all-MiniLM-L6-v2"))
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let reason = "with --model-dir it is not downloaded";
    assert!(
        output.status.success() && stderr.contains(reason),
        "{stderr}"
    );

    let output = search("on");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && stderr.contains("no-such-python"),
        "{stderr}"
    );
}
