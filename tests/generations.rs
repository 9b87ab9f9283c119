//! Another model, splitter or index format requires a new generation: it is built while the live
//! one answers questions, replaces it in one step, and is undone with `mcdewey rollback`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mcdewey_core::testing::{FakeEmbed, SampleDocument};
use mcdewey_core::{Embed, Index, Visibility};
use mcdewey_search::{Library, LiveLibrary, Mode, SearchRequest};
use mcdewey_store::{EmbeddedIndex, Generations};
use serde_json::{Value, json};

use crate::support::{Server, fail, ingest, mcdewey, repository, sample_library, succeed};

/// How long a server may take to rebuild the sample library.
const BUILT_WITHIN: Duration = Duration::from_secs(300);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_questions_are_each_answered_by_one_complete_generation() {
    const DOCUMENTS: usize = 12;

    let dir = tempfile::tempdir().unwrap();
    let generations = Generations::open(dir.path(), 0).unwrap();
    let embed = Arc::new(FakeEmbed::new(&["barge", "call"]));

    let library =
        |index: Arc<EmbeddedIndex>| Arc::new(Library::new(index, embed.clone() as Arc<dyn Embed>));
    let old = generations.register(embed.model(), None, "whole").unwrap();

    let live_index = generations.open_index(&old).unwrap();
    for number in 0..DOCUMENTS {
        live_index
            .commit(document(number, 1).build(&embed))
            .await
            .unwrap();
    }

    generations
        .mark_complete(&live_index.state().await.unwrap())
        .unwrap();
    let live = LiveLibrary::from(library(live_index));

    let done = Arc::new(AtomicBool::new(false));
    let searches = tokio::spawn({
        let (live, done, old) = (live.clone(), Arc::clone(&done), old.clone());
        async move {
            let mut seen = Vec::new();
            let mut after = 0;
            while after < 5 {
                after += usize::from(done.load(Ordering::SeqCst));
                let request = SearchRequest {
                    q: "barge".into(),
                    mode: Mode::Hybrid,
                    limit: Some(50),
                    ..Default::default()
                };

                let library = live.current();
                let snapshot = library
                    .at(&Visibility::Everything)
                    .await
                    .expect("the library can be read");

                let results = snapshot.search(&request).await.expect("no question fails");
                let parts = if results.state.generation == old {
                    1
                } else {
                    2
                };
                assert_eq!(
                    results.hits.len(),
                    DOCUMENTS * parts,
                    "never half a generation"
                );

                let is_consistent = results
                    .hits
                    .iter()
                    .all(|hit| hit.chunk.text.contains(&format!("cut in {parts}")));
                assert!(is_consistent, "all hits are of one generation");
                seen.push(results.state.generation);
            }

            seen
        }
    });

    let new = generations.register(embed.model(), None, "halves").unwrap();
    let new_index = generations.open_index(&new).unwrap();
    for number in 0..DOCUMENTS {
        new_index
            .commit(document(number, 2).build(&embed))
            .await
            .unwrap();
    }

    new_index.optimize().await.unwrap();
    assert!(
        generations
            .mark_complete(&new_index.state().await.unwrap())
            .unwrap()
    );

    live.swap(library(new_index));
    done.store(true, Ordering::SeqCst);
    let seen = searches.await.unwrap();

    let swap = seen
        .iter()
        .position(|generation| *generation == new)
        .expect("the new generation was live in the end");
    assert!(swap > 0 && seen[..swap].iter().all(|generation| *generation == old));
    assert!(
        seen[swap..].iter().all(|generation| *generation == new),
        "the old one never answers again"
    );
    assert!(
        generations.wait_until_unused(&old),
        "no search uses the old one any more"
    );
}

/// A document whose chunks are about the same topic, without near duplicates.
fn document(number: usize, parts: usize) -> SampleDocument {
    let text = |part: usize| {
        let words: Vec<String> = (0..24)
            .map(|word| format!("word{number}x{part}x{word}"))
            .collect();
        format!("barge {} cut in {parts}", words.join(" "))
    };

    let texts: Vec<String> = (0..parts).map(text).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    SampleDocument::new(&format!("p/{number}.md")).page(1, &texts)
}

/// The model in another folder with another window size: McDewey treats it as another model.
fn other_model(folder: &Path, name: &str, window: usize) -> PathBuf {
    let (from, to) = (
        repository().join("models/all-MiniLM-L6-v2"),
        folder.join(name),
    );
    link_files(&from, &to);
    let config = to.join("sentence_bert_config.json");
    let _ = std::fs::remove_file(&config);

    std::fs::write(
        config,
        format!(r#"{{"max_seq_length": {window}, "do_lower_case": false}}"#),
    )
    .unwrap();

    to
}

/// Links all files of a folder into another.
fn link_files(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => link_files(&entry.path(), &target),
            false => std::os::unix::fs::symlink(entry.path(), &target).unwrap(),
        }
    }
}

fn generations(data: &Path) -> Vec<Value> {
    let report = succeed(
        mcdewey(data)
            .arg("--corpus")
            .arg(repository().join("corpus"))
            .args(["doctor", "--json"]),
    );

    let report: Value = serde_json::from_str(&report).unwrap();
    report["generations"]["ok"]
        .as_array()
        .unwrap_or_else(|| panic!("{report:#}"))
        .clone()
}

fn live(data: &Path) -> Value {
    generations(data)
        .into_iter()
        .find(|one| one["state"] == "live")
        .unwrap()
}

/// The generation that answers now. Every answer must have the expected hit.
fn answering_generation(server: &Server) -> String {
    let answer =
        server.search(&json!({"q": "barge state in CCX", "product": "finesse", "version": "12.5"}));
    assert_eq!(answer["hits"][0]["page"], 118, "{answer:#}");
    answer["generation"].as_str().unwrap().to_owned()
}

#[test]
fn a_server_answers_from_the_old_generation_until_the_new_one_is_complete() {
    let folder = sample_library();
    let (data, model) = (
        folder.path().join("data"),
        other_model(folder.path(), "other-model", 128),
    );
    let corpus = repository().join("corpus").display().to_string();
    let model = model.display().to_string();
    let old = live(&data)["generation"].as_str().unwrap().to_owned();
    let serve = ["--model-dir", &model, "--corpus", &corpus, "serve"];
    let server = Server::start_with(folder, &serve);

    assert_eq!(
        answering_generation(&server),
        old,
        "it answers at once, with the model it was built with"
    );

    let cursor = server.search(&json!({"q": "barge", "limit": 1}))["next_cursor"]
        .as_str()
        .unwrap()
        .to_owned();
    let new = wait_for_swap(&server, &old);
    let states: BTreeSet<(String, String)> = generations(&server.data())
        .iter()
        .map(|one| {
            (
                one["generation"].as_str().unwrap().into(),
                one["state"].as_str().unwrap().into(),
            )
        })
        .collect();

    let expected = [
        (old.clone(), "retained".to_owned()),
        (new.clone(), "live".to_owned()),
    ];
    assert_eq!(states, expected.into_iter().collect());
    let (status, body) = server.get(&format!("/api/v1/search?q=barge&limit=1&cursor={cursor}"));
    assert_eq!(status, 410, "a cursor is valid for one generation: {body}");

    // A rollback takes effect at once and survives a restart with the same settings: it is pinned.
    let stdout = succeed(mcdewey(&server.data()).arg("rollback"));
    assert!(
        stdout.contains(&old) && stdout.contains("pinned") && stdout.contains("--forward"),
        "{stdout}"
    );
    assert_eq!(answering_generation(&server), old);
    let report = succeed(mcdewey(&server.data()).args(["--corpus", &corpus, "ingest", "--json"]));

    assert_eq!(
        serde_json::from_str::<Value>(&report).unwrap()["generation"],
        old,
        "the pinned generation is kept up to date"
    );

    let server = Server::start_with(server.kill(), &serve);
    assert_eq!(answering_generation(&server), old);
    assert_eq!(live(&server.data())["pinned"], true);
    let stdout = succeed(mcdewey(&server.data()).args(["rollback", "--forward"]));
    assert!(stdout.contains(&new), "{stdout}");
    assert_eq!(answering_generation(&server), new);
    assert_eq!(live(&server.data())["pinned"], false);
    assert!(fail(mcdewey(&server.data()).args(["rollback", "nonsense"])).contains("nonsense"));
}

/// Searches without pause until another generation answers. Every answer must have the expected
/// hit.
fn wait_for_swap(server: &Server, old: &str) -> String {
    let begun = Instant::now();
    loop {
        let now = answering_generation(server);
        if now != old {
            return now;
        }
        assert!(
            begun.elapsed() < BUILT_WITHIN,
            "the new generation was not built in time"
        );
    }
}

/// A small library, and the folder of another model: temporary folder, data directory, corpus,
/// model.
fn small_library() -> (tempfile::TempDir, PathBuf, PathBuf, String) {
    let folder = tempfile::tempdir().unwrap();
    let (data, corpus) = (folder.path().join("data"), folder.path().join("manuals"));
    std::fs::create_dir_all(&corpus).unwrap();

    std::fs::write(
        corpus.join("kettle.md"),
        "# Kettles\n\nThe kettle boils water.",
    )
    .unwrap();

    std::fs::write(
        corpus.join("violin.md"),
        "# Violins\n\nThe violin plays a song.",
    )
    .unwrap();

    ingest(&data, &corpus);
    let model = other_model(folder.path(), "other-model", 128)
        .display()
        .to_string();
    (folder, data, corpus, model)
}

#[test]
fn without_a_server_ingest_builds_a_generation_and_rollback_undoes_it() {
    let (_folder, data, corpus, model) = small_library();
    let old = live(&data)["generation"].clone();

    // With other settings, the old generation answers until the new one is built.
    let search = |model: &str| -> Value {
        let answer =
            succeed(mcdewey(&data).args(["--model-dir", model, "search", "--json", "kettle"]));
        serde_json::from_str(&answer).unwrap()
    };

    assert_eq!(search(&model)["generation"], old);
    let built = mcdewey(&data)
        .args(["--model-dir", &model, "ingest", "--json"])
        .arg(&corpus)
        .output()
        .unwrap();
    let announced = String::from_utf8(built.stderr).unwrap();
    assert!(
        announced.contains("up to 2 passages are embedded, which takes up to 1 min, and it needs")
            && announced.contains("answers questions"),
        "{announced}"
    );

    let report: Value = serde_json::from_slice(&built.stdout).unwrap();
    assert_eq!(
        (&report["written"], report["generation"] == old),
        (&json!(2), false),
        "{report:#}"
    );
    assert_eq!(search(&model)["generation"], report["generation"]);
    succeed(mcdewey(&data).arg("rollback"));
    assert_eq!(search(&model)["generation"], old);
    succeed(mcdewey(&data).args(["rollback", "--forward"]));
    assert_eq!(search(&model)["generation"], report["generation"]);
    assert_eq!(generations(&data).len(), 2);

    let keep_none = succeed(
        mcdewey(&data)
            .args(["--keep-generations", "0", "--model-dir", &model, "ingest"])
            .arg(&corpus),
    );

    assert!(keep_none.contains("2 unchanged"), "{keep_none}");
    assert_eq!(generations(&data).len(), 1, "the old one was deleted");
}

#[test]
fn a_server_deletes_the_generation_it_no_longer_uses() {
    let (folder, data, corpus, model) = small_library();
    let old = live(&data)["generation"].as_str().unwrap().to_owned();
    let corpus = corpus.display().to_string();

    let serve = [
        "--model-dir",
        &model,
        "--corpus",
        &corpus,
        "--keep-generations",
        "0",
        "serve",
    ];

    let server = Server::start_with(folder, &serve);
    let begun = Instant::now();
    while data.join("generations").join(&old).exists() {
        let answer = server.search(&json!({"q": "kettle"}));
        assert_eq!(answer["hits"][0]["source"], "kettle.md", "{answer:#}");
        assert!(begun.elapsed() < BUILT_WITHIN, "{:#?}", generations(&data));
    }

    assert_eq!(generations(&data).len(), 1);
    assert!(
        fail(mcdewey(&data).arg("rollback")).contains("older"),
        "no older generation is left"
    );
}

#[test]
fn a_build_that_fails_leaves_the_old_generation_answering() {
    let (folder, data, corpus, model) = small_library();
    let old = live(&data)["generation"].clone();

    // A second folder was ingested earlier and is not mounted now.
    let once = folder.path().join("once");
    std::fs::create_dir_all(&once).unwrap();
    std::fs::write(
        once.join("zebra.md"),
        "# Zebras\n\nThe zebra crosses the road.",
    )
    .unwrap();

    ingest(&data, &once);
    std::fs::rename(&once, folder.path().join("away")).unwrap();
    let build = |command: &str| {
        let mut built = mcdewey(&data);
        built.args(["--model-dir", &model, command]).arg(&corpus);
        built
    };

    let stderr = fail(&mut build("ingest"));
    assert!(
        stderr.contains("once") && stderr.contains("mounted") && stderr.contains("stays live"),
        "{stderr}"
    );
    assert_eq!(live(&data)["generation"], old);
    assert!(
        succeed(mcdewey(&data).args(["--model-dir", &model, "search", "zebra"]))
            .contains("zebra.md")
    );

    // When it is back, the build resumes, and the new generation gets everything the old one
    // contains.
    std::fs::rename(folder.path().join("away"), &once).unwrap();
    let report = succeed(build("ingest").arg("--json"));
    let report: Value = serde_json::from_str(&report).unwrap();

    assert_eq!(
        (&report["written"], &report["unchanged"]),
        (&json!(1), &json!(2)),
        "{report:#}"
    );
    assert_ne!(live(&data)["generation"], old);
    assert_eq!(live(&data)["documents"], 3);
}

#[test]
fn a_generation_whose_model_is_missing_is_replaced() {
    let (folder, data, corpus, model) = small_library();
    succeed(
        mcdewey(&data)
            .args(["--model-dir", &model, "ingest"])
            .arg(&corpus),
    );

    let gone = live(&data)["generation"].as_str().unwrap().to_owned();
    std::fs::rename(
        folder.path().join("other-model"),
        folder.path().join("away"),
    )
    .unwrap();

    let third = other_model(folder.path(), "third", 64)
        .display()
        .to_string();
    let stderr = fail(mcdewey(&data).args(["--model-dir", &third, "search", "kettle"]));
    assert!(
        stderr.contains(&gone) && stderr.contains("other-model") && stderr.contains("incomplete"),
        "{stderr}"
    );
    let found = mcdewey(&data).args(["search", "kettle"]).output().unwrap();
    let stderr = String::from_utf8(found.stderr).unwrap();

    assert!(
        found.status.success() && stderr.contains(&gone) && stderr.contains("other-model"),
        "{stderr}"
    );
    assert_eq!(live(&data)["generation"], gone, "a search changes nothing");
    succeed(mcdewey(&data).arg("ingest").arg(&corpus));
    assert_ne!(live(&data)["generation"], gone);
}
