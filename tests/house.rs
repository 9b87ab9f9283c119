//! The layout of the workspace keeps its promises: who may know which library.

use std::collections::BTreeMap;

use crate::support::repository;

/// Each crate of the workspace with the names its manifest depends on.
fn dependencies() -> BTreeMap<String, Vec<String>> {
    let folders = std::fs::read_dir(repository().join("crates")).unwrap();
    folders
        .map(|entry| {
            let manifest = std::fs::read_to_string(entry.unwrap().path().join("Cargo.toml")).unwrap();
            let manifest: toml::Table = manifest.parse().unwrap();
            let name = manifest["package"]["name"].as_str().unwrap().to_owned();
            let names = manifest.get("dependencies").and_then(|table| table.as_table()).cloned().unwrap_or_default();
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
    assert_eq!(crates_that_name(|name| name.starts_with("qdrant-") || name == "rusqlite"), ["mcdewey-store"]);
    assert_eq!(crates_that_name(|name| ["fastembed", "ort", "tokenizers"].contains(&name)), ["mcdewey-embed"]);
    assert_eq!(crates_that_name(|name| name == "rmcp"), ["mcdewey-query"]);
    assert_eq!(crates_that_name(|name| name == "axum"), ["mcdewey", "mcdewey-query"]);
}

#[test]
fn rooms_do_not_know_each_other() {
    let dependencies = dependencies();
    for (room, names) in &dependencies {
        let rooms: Vec<&String> = names.iter().filter(|name| name.starts_with("mcdewey-")).collect();
        match room.as_str() {
            "mcdewey" => {}
            "mcdewey-core" => assert!(rooms.is_empty(), "{room} depends on {rooms:?}"),
            _ => assert_eq!(rooms, ["mcdewey-core"], "{room}"),
        }
    }
    assert_eq!(dependencies.len(), 8);
}
