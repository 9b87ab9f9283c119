//! `serve --watch`: what changes in the corpus is found within seconds, without anybody asking for it.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::Server;

/// Far longer than a change takes, so that a slow machine fails nothing.
const DEADLINE: Duration = Duration::from_secs(60);

/// The sources of the first hits for a question, once they are as wanted.
fn wait_for(server: &Server, question: &str, wanted: impl Fn(&[&str]) -> bool) {
    let begun = Instant::now();
    loop {
        let answer = server.search(&json!({"q": question}));
        let hits = answer["hits"].as_array().cloned().unwrap_or_default();
        let sources: Vec<&str> = hits
            .iter()
            .filter_map(|hit| hit["source"].as_str())
            .collect();

        if wanted(&sources) {
            return;
        }

        assert!(
            begun.elapsed() < DEADLINE,
            "{question:?} still gives {sources:?}"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::create_dir_all(folder.join(name).parent().expect("a folder"))
        .expect("the folder can be made");
    std::fs::write(folder.join(name), text).expect("the file can be written");
}

#[test]
fn changes_are_taken_in_as_they_come() {
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

    wait_for(&server, "zebra crossing", |sources| {
        sources.first() == Some(&"deep/er/b.md")
    });
    std::fs::rename(corpus.join("deep/er/b.md"), corpus.join("c.md")).unwrap();
    wait_for(&server, "zebra crossing", |sources| {
        sources.first() == Some(&"c.md") && !sources.contains(&"deep/er/b.md")
    });
    write(&corpus, "c.md", "# Giraffe\n\nThe giraffe house is closed.");

    wait_for(&server, "giraffe house", |sources| {
        sources.first() == Some(&"c.md")
    });
    std::fs::remove_file(corpus.join("c.md")).unwrap();
    wait_for(&server, "giraffe house", |sources| {
        !sources.contains(&"c.md")
    });
    let state: Value = serde_json::from_str(&server.get("/api/v1/library").1).unwrap();

    assert_eq!(state["documents"], 1);
}
