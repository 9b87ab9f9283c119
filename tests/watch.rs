//! `serve --watch`: changes in the corpus are ingested within seconds, without a request.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Server, wait_until};

/// Far longer than a change takes, so that no test fails on a slow machine.
const INGESTED_WITHIN: Duration = Duration::from_secs(60);

/// Searches until the sources of the hits are as expected.
#[track_caller]
fn wait_for_sources(server: &Server, question: &str, is_expected: impl Fn(&[&str]) -> bool) {
    wait_until(INGESTED_WITHIN, || {
        let answer = server.search(&json!({"q": question}));
        let hits = answer["hits"].as_array().cloned().unwrap_or_default();
        let sources: Vec<&str> = hits
            .iter()
            .filter_map(|hit| hit["source"].as_str())
            .collect();
        is_expected(&sources)
    });
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::create_dir_all(folder.join(name).parent().expect("a folder"))
        .expect("the folder can be created");
    std::fs::write(folder.join(name), text).expect("the file can be written");
}

#[test]
fn changes_are_ingested_as_they_happen() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = folder.path().join("corpus");
    write(&corpus, "a.md", "# Barge\n\nA supervisor barges in.");
    let corpus_flag = corpus.display().to_string();
    let server = Server::start_with(folder, &["--corpus", &corpus_flag, "serve", "--watch"]);

    write(
        &corpus,
        "deep/er/b.md",
        "# Zebra\n\nThe zebra crossing is painted twice a year.",
    );

    wait_for_sources(&server, "zebra crossing", |sources| {
        sources.first() == Some(&"deep/er/b.md")
    });
    std::fs::rename(corpus.join("deep/er/b.md"), corpus.join("c.md")).unwrap();
    wait_for_sources(&server, "zebra crossing", |sources| {
        sources.first() == Some(&"c.md") && !sources.contains(&"deep/er/b.md")
    });
    write(&corpus, "c.md", "# Giraffe\n\nThe giraffe house is closed.");

    wait_for_sources(&server, "giraffe house", |sources| {
        sources.first() == Some(&"c.md")
    });
    std::fs::remove_file(corpus.join("c.md")).unwrap();
    wait_for_sources(&server, "giraffe house", |sources| {
        !sources.contains(&"c.md")
    });
    let state: Value = serde_json::from_str(&server.get("/api/v1/library").1).unwrap();

    assert_eq!(state["documents"], 1);
}
