//! Which crate depends on which other crate and library, and how large it may be.

use std::collections::{BTreeMap, BTreeSet};

use super::{crate_folders, file_name, rust_files, rust_sources};
use crate::support::repository;

/// Each crate with the crates it may depend on, whose `mcdewey-` is left out. A crate is listed after
/// those it may depend on, so all dependencies point down.
const CRATES: [(&str, &str); 15] = [
    ("mcdewey-core", ""),
    ("mcdewey-files", ""),
    ("mcdewey-provision", ""),
    ("mcdewey-markdown", "core"),
    ("mcdewey-convert", "core markdown"),
    ("mcdewey-embed", "core provision"),
    ("mcdewey-store", "core files"),
    ("mcdewey-ingest", "core markdown"),
    ("mcdewey-search", "core markdown"),
    ("mcdewey-auth", "core files"),
    ("mcdewey-query", "core search auth"),
    ("mcdewey-web", "core markdown search query"),
    ("mcdewey-eval", "core search"),
    (
        "mcdewey-runtime",
        "core files provision embed store ingest search eval",
    ),
    (
        "mcdewey",
        "core files provision markdown convert embed store ingest search auth query web eval runtime",
    ),
];

/// Libraries with the crates that may depend on them.
const LIBRARIES: [(&[&str], &[&str]); 8] = [
    (
        &["qdrant-client", "qdrant-edge", "rusqlite"],
        &["mcdewey-store"],
    ),
    (&["fastembed", "ort", "tokenizers"], &["mcdewey-embed"]),
    (&["pdfium-render", "unpdf"], &["mcdewey-convert"]),
    (&["text-splitter"], &["mcdewey-ingest"]),
    (&["rmcp"], &["mcdewey-query"]),
    (&["askama"], &["mcdewey-web"]),
    (
        &["axum", "tower", "tower-http"],
        &["mcdewey-query", "mcdewey-web", "mcdewey"],
    ),
    (&["http", "hyper", "hyper-util"], &["mcdewey"]),
];

/// Each crate of the workspace with the names of its dependencies.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    crate_folders()
        .iter()
        .map(|folder| {
            let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
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

#[test]
fn crates_depend_on_crates_below_them_only() {
    let dependencies = dependencies();
    let mut listed: BTreeSet<String> = BTreeSet::new();
    for (name, below) in CRATES {
        let below: BTreeSet<String> = below
            .split_whitespace()
            .map(|name| format!("mcdewey-{name}"))
            .collect();
        assert!(
            below.is_subset(&listed),
            "{name} is listed before a crate it may depend on"
        );
        listed.insert(name.to_owned());

        let names = dependencies
            .get(name)
            .unwrap_or_else(|| panic!("there is no {name}"));
        for own in names.iter().filter(|name| name.starts_with("mcdewey-")) {
            assert!(below.contains(own), "{name} depends on {own}");
        }
    }

    let unlisted: Vec<&String> = dependencies
        .keys()
        .filter(|name| !listed.contains(*name))
        .collect();
    assert!(unlisted.is_empty(), "not in the table: {unlisted:?}");
}

#[test]
fn libraries_are_dependencies_of_few_crates() {
    let dependencies = dependencies();
    for (libraries, allowed) in LIBRARIES {
        for (name, names) in &dependencies {
            for library in libraries {
                assert!(
                    !names.contains(*library) || allowed.contains(&name.as_str()),
                    "{name} depends on {library}, which only {allowed:?} may"
                );
            }
        }
    }
}

/// A search takes what it needs as parameters: state of the task would tie it to the server that
/// sets it.
#[test]
fn search_keeps_no_state_in_tasks() {
    let sources = rust_sources(&repository().join("crates/mcdewey-search"));
    assert!(!sources.is_empty(), "there is no mcdewey-search");

    for source in sources {
        assert!(!source.text.contains("task_local"), "{}", source.path);
    }
}

#[test]
fn no_crate_has_more_than_a_quarter_of_all_lines() {
    let lines: BTreeMap<String, usize> = crate_folders()
        .iter()
        .map(|folder| {
            let files = ["src", "tests"].map(|part| rust_files(&folder.join(part)));
            let count = files
                .concat()
                .iter()
                .map(|path| std::fs::read_to_string(path).unwrap().lines().count())
                .sum();
            (file_name(folder), count)
        })
        .collect();

    let total: usize = lines.values().sum();
    assert!(total > 50_000, "only {total} lines were counted");
    for (name, count) in &lines {
        assert!(4 * count <= total, "{name} has {count} of {total} lines");
    }
}
