//! The layout of the workspace keeps its promises: who may know which library.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::support::repository;

/// Each crate of the workspace with the names its manifest depends on.
fn dependencies() -> BTreeMap<String, Vec<String>> {
    let folders = std::fs::read_dir(repository().join("crates")).unwrap();
    folders
        .map(|entry| {
            let manifest =
                std::fs::read_to_string(entry.unwrap().path().join("Cargo.toml")).unwrap();
            let manifest: toml::Table = manifest.parse().unwrap();
            let name = manifest["package"]["name"].as_str().unwrap().to_owned();

            let names = manifest
                .get("dependencies")
                .and_then(|table| table.as_table())
                .cloned()
                .unwrap_or_default();

            (name, names.keys().cloned().collect())
        })
        .collect()
}

fn crates_that_name(dependency: impl Fn(&str) -> bool) -> Vec<String> {
    dependencies()
        .into_iter()
        .filter(|(_, names)| names.iter().any(|name| dependency(name)))
        .map(|(name, _)| name)
        .collect()
}

#[test]
fn each_engine_is_known_to_one_crate() {
    assert_eq!(
        crates_that_name(|name| name.starts_with("qdrant-") || name == "rusqlite"),
        ["mcdewey-store"]
    );
    assert_eq!(
        crates_that_name(|name| ["fastembed", "ort", "tokenizers"].contains(&name)),
        ["mcdewey-embed"]
    );
    assert_eq!(crates_that_name(|name| name == "rmcp"), ["mcdewey-query"]);
    assert_eq!(
        crates_that_name(|name| name == "axum"),
        ["mcdewey", "mcdewey-query"]
    );
}

#[test]
fn rooms_do_not_know_each_other() {
    let dependencies = dependencies();
    for (room, names) in &dependencies {
        let rooms: Vec<&String> = names
            .iter()
            .filter(|name| name.starts_with("mcdewey-"))
            .collect();

        match room.as_str() {
            "mcdewey" => {}
            "mcdewey-core" => assert!(rooms.is_empty(), "{room} depends on {rooms:?}"),
            _ => assert_eq!(rooms, ["mcdewey-core"], "{room}"),
        }
    }

    assert_eq!(dependencies.len(), 8);
}

/// The Rust files below a folder, without those that hold only tests.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") {
            found.push(path);
        }
    }

    found
}

/// A path below a root that is opened by its name can lead out of the root by the time it is opened.
#[test]
fn files_of_a_root_are_opened_in_one_place() {
    let opening = [
        "fs::read(",
        "fs::read_to_string(",
        "fs::metadata",
        "fs::symlink_metadata",
        "File::open",
        "OpenOptions",
        "read_dir",
        "tokio::fs",
    ];

    let mut opened = Vec::new();
    for room in ["mcdewey-ingest", "mcdewey-convert"] {
        for path in sources(&repository().join("crates").join(room).join("src")) {
            let text = std::fs::read_to_string(&path).unwrap();
            let product = text
                .split("#[cfg(test)]\nmod tests {")
                .next()
                .unwrap_or_default();

            let mut lines = product
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"));

            if lines.any(|line| opening.iter().any(|call| line.contains(call))) {
                opened.push(path.file_name().unwrap().to_string_lossy().into_owned());
            }
        }
    }

    // `root_dir.rs` itself goes without them.
    assert_eq!(opened, [""; 0], "open it through `RootDir`");
}

/// `docs/security.md` names the test behind each promise: "- `file`: `test`, `test`". A promise whose test was renamed
/// away would be nobody's.
#[test]
fn the_tests_behind_the_promises_exist() {
    let page = std::fs::read_to_string(repository().join("docs/security.md")).unwrap();
    let (mut promises, mut named) = (0, 0);
    for section in page.split("\n## ").skip(1) {
        promises += 1;
        let title = section.lines().next().unwrap_or_default();
        let list = section.split("\n- `").skip(1);
        let before = named;

        for line in list {
            // The bullet ends where the next one or a blank line begins.
            let line = line.split("\n\n").next().unwrap_or_default();
            let (file, tests) = line
                .split_once("`:")
                .unwrap_or_else(|| panic!("{title}: {line:?} names no file"));
            let source = std::fs::read_to_string(repository().join(file))
                .unwrap_or_else(|_| panic!("{title}: no {file}"));

            for test in tests.split('`').skip(1).step_by(2) {
                assert!(
                    source.contains(&format!("fn {test}(")),
                    "{title}: {file} has no test {test}"
                );
                named += 1;
            }
        }

        assert!(named > before, "{title}: no test is named");
    }

    assert!(promises > 5);
}
