//! The reranker: the one of the catalogue reorders hits, and an unusable one is reported at startup and by
//! `doctor`.

use serde_json::Value;

use crate::support::{fail, mcdewey, repository, succeed};

#[test]
fn a_reranker_folder_without_a_model_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut serve = mcdewey(&data);

    let stderr = fail(serve.args([
        "--rerank-dir",
        "nowhere",
        "serve",
        "--listen",
        "127.0.0.1:0",
    ]));

    assert!(
        stderr.contains("nowhere") && stderr.contains("lacks model.onnx"),
        "{stderr}"
    );

    let output = mcdewey(&data)
        .args(["--rerank-dir", "nowhere", "doctor"])
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(
        !output.status.success() && stdout.contains("reranker is broken"),
        "{stdout}"
    );
}

#[test]
fn the_reranker_of_the_catalogue_is_fetched_and_reads_the_hits() {
    let folder = tempfile::tempdir().unwrap();
    let (corpus, data) = (folder.path().join("corpus"), folder.path().join("data"));
    std::fs::create_dir(&corpus).unwrap();
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

    let run = |arguments: &[&str]| {
        succeed(
            mcdewey(&data)
                .arg("--corpus")
                .arg(&corpus)
                .args(["--rerank", "on"])
                .args(arguments),
        )
    };
    run(&["ingest"]);

    // The first search fetches it where the cache lacks it.
    let answer: Value = serde_json::from_str(&run(&[
        "search",
        "--json",
        "--explain",
        "what can a supervisor do in the barge state",
    ]))
    .unwrap();
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
