//! A library that is filled for the first time: the server listens at once, words answer before
//! vectors, a kill keeps both, and other commands work through a running ingest.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::crash::{LibraryContents, kill_an_ingest, moment, write_corpora};
use crate::support::{
    Server, chunk_ids, fail, ingest, mcdewey, repository, sample_library, succeed,
    wait_closely_until, wait_until,
};

/// How many times an ingest into an empty data directory is killed.
const KILLS: u64 = 8;

/// How long filling the sample library may take on a busy machine.
const FILLED_WITHIN: Duration = Duration::from_secs(180);

fn question() -> Value {
    json!({"q": "barge state in CCX"})
}

/// What `/readyz` says about the vectors; `None` while the library is not ready.
fn coverage(server: &Server) -> Option<(u64, u64)> {
    let (status, body) = server.get("/readyz");
    if status != 200 {
        return None;
    }

    let body: Value = serde_json::from_str(&body).unwrap();
    let number = |name: &str| body["coverage"][name].as_u64().unwrap();
    Some((number("embedded"), number("passages")))
}

fn is_complete(server: &Server) -> bool {
    coverage(server).is_some_and(|(embedded, passages)| embedded == passages)
}

fn serve_corpus() -> Vec<String> {
    let corpus = repository().join("corpus").display().to_string();
    vec!["--corpus".to_owned(), corpus, "serve".to_owned()]
}

fn start(folder: tempfile::TempDir) -> Server {
    let arguments = serve_corpus();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    Server::start_unfilled(folder, &arguments)
}

#[test]
fn a_new_library_answers_by_words_until_it_is_embedded_and_a_kill_keeps_both() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    let server = start(folder);
    assert_eq!(server.get("/healthz").0, 200);

    // The words of all files are indexed before the first passage is embedded.
    let mut seen = None;
    wait_closely_until(FILLED_WITHIN, || {
        seen = coverage(&server);
        seen.is_some()
    });
    let (embedded, passages) = seen.unwrap();
    assert!(passages > 100);
    assert!(embedded < passages, "embedding takes longer than that");

    let answer = server.search(&question());
    assert_eq!(answer["indexing"]["passages"], passages, "{answer:#}");
    assert!(answer["confidence"].is_null() && answer["no_answer"].is_null());
    let words = server.search(&json!({"q": "barge state in CCX", "mode": "keyword"}));
    assert_eq!(chunk_ids(&answer), chunk_ids(&words));
    let found = server.tool("search_docs", &json!({"query": "barge state in CCX"}));
    let notices = found["notices"].to_string();
    assert!(notices.contains("Still indexing"), "{notices}");
    let (_, page) = server.get("/status");
    assert!(page.contains("Found by meaning"), "{page}");

    let server = start(server.kill());
    wait_until(FILLED_WITHIN, || is_complete(&server));
    let complete = server.search(&question());
    assert!(complete["indexing"].is_null() && complete["confidence"].is_f64());

    // As in a library that was never interrupted.
    let undisturbed = Server::over_sample_library();
    assert_eq!(
        chunk_ids(&complete),
        chunk_ids(&undisturbed.search(&question()))
    );
}

#[test]
fn commands_work_through_a_running_ingest_and_eval_waits_for_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut running = mcdewey(&data)
        .arg("ingest")
        .arg(repository().join("corpus"))
        .arg("--json")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();

    wait_closely_until(FILLED_WITHIN, || is_announced(&data));
    wait_closely_until(FILLED_WITHIN, || {
        let found = mcdewey(&data)
            .args(["search", "--json", "barge state in CCX"])
            .output()
            .unwrap();
        let answer: Value = serde_json::from_slice(&found.stdout).unwrap_or_default();
        answer["hits"]
            .as_array()
            .is_some_and(|hits| !hits.is_empty())
    });
    assert!(running.try_wait().unwrap().is_none(), "it is still running");

    running.kill().unwrap();
    running.wait().unwrap();
    let judgments = folder.path().join("judgments.jsonl");
    let case = json!({"q": "barge state in CCX", "source": "finesse/v12.5/developer-guide/developer-guide.md", "page": 118});
    std::fs::write(&judgments, format!("{case}\n")).unwrap();
    let error = fail(mcdewey(&data).arg("eval").arg(&judgments));
    assert!(error.contains("of the passages"), "{error}");

    let report = ingest(&data, &repository().join("corpus"));
    assert!(report["unchanged"].as_u64().unwrap() > 0, "{report:#}");
    assert!(report["embedded"].as_u64().unwrap() > 0, "{report:#}");
    assert_eq!(report["words_only"], 0);
    let text = succeed(mcdewey(&data).args(["search", "--json", "barge state in CCX"]));
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert!(answer["confidence"].is_f64(), "{answer:#}");
}

fn is_announced(data: &Path) -> bool {
    std::fs::read_to_string(data.join("owner.json")).is_ok_and(|owner| owner.contains("http://"))
}

#[test]
fn after_a_kill_during_the_first_fill_one_run_completes_the_library() {
    let folder = tempfile::tempdir().unwrap();
    let (before, after) = (folder.path().join("before"), folder.path().join("after"));
    write_corpora(&before, &after);

    let undisturbed = folder.path().join("undisturbed/data");
    std::fs::create_dir_all(undisturbed.parent().unwrap()).unwrap();
    let started = Instant::now();
    ingest(&undisturbed, &after);
    let whole_run = started.elapsed();
    let expected = LibraryContents::read_directory(&undisturbed);

    for kill in 0..KILLS {
        let data = folder.path().join(format!("killed-{kill}/data"));
        std::fs::create_dir_all(data.parent().unwrap()).unwrap();
        kill_an_ingest(
            mcdewey(&data).arg("ingest").arg(&after),
            moment(kill, KILLS, whole_run),
        );
        ingest(&data, &after);
        expected.assert_same(&LibraryContents::read_directory(&data), kill);
        std::fs::remove_dir_all(data.parent().unwrap()).unwrap();
    }
}

#[test]
fn a_complete_library_is_served_at_once() {
    let server = start(sample_library());
    assert!(is_complete(&server));
    assert!(server.search(&question())["indexing"].is_null());
}
