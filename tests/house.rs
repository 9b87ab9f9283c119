//! The layout rules of the workspace: which crate may depend on which library, where tests live,
//! and which promises have tests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::support::repository;

/// Each crate of the workspace with the names of its dependencies.
fn dependencies() -> BTreeMap<String, Vec<String>> {
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

fn crate_folders() -> Vec<PathBuf> {
    std::fs::read_dir(repository().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect()
}

fn crates_that_depend_on(is_wanted: impl Fn(&str) -> bool) -> Vec<String> {
    dependencies()
        .into_iter()
        .filter(|(_, names)| names.iter().any(|name| is_wanted(name)))
        .map(|(name, _)| name)
        .collect()
}

#[test]
fn each_engine_is_a_dependency_of_one_crate() {
    assert_eq!(
        crates_that_depend_on(|name| name.starts_with("qdrant-") || name == "rusqlite"),
        ["mcdewey-store"]
    );
    assert_eq!(
        crates_that_depend_on(|name| ["fastembed", "ort", "tokenizers"].contains(&name)),
        ["mcdewey-embed"]
    );
    assert_eq!(
        crates_that_depend_on(|name| name == "rmcp"),
        ["mcdewey-query"]
    );
    assert_eq!(
        crates_that_depend_on(|name| name == "axum"),
        ["mcdewey", "mcdewey-query"]
    );
}

#[test]
fn library_crates_depend_on_core_only() {
    let dependencies = dependencies();
    for (name, names) in &dependencies {
        let own: Vec<&String> = names
            .iter()
            .filter(|name| name.starts_with("mcdewey-"))
            .collect();

        match name.as_str() {
            "mcdewey" => {}
            "mcdewey-core" => assert!(own.is_empty(), "{name} depends on {own:?}"),
            _ => assert_eq!(own, ["mcdewey-core"], "{name}"),
        }
    }

    assert_eq!(dependencies.len(), 8);
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// All Rust files below a folder.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }

    found
}

/// The Rust files below a folder, without those that contain only tests or helpers of tests.
fn sources(folder: &Path) -> Vec<PathBuf> {
    rust_files(folder)
        .into_iter()
        .filter(|path| {
            let below = path.strip_prefix(folder).unwrap();
            let is_in_tests = below.components().any(|part| part.as_os_str() == "tests");
            let is_for_tests = ["tests.rs", "testing.rs"].contains(&file_name(path).as_str());
            !is_in_tests && !is_for_tests
        })
        .collect()
}

/// CONTRIBUTING.md, "Style": a module with submodules is `foo.rs` and `foo/`; its tests are in `mod
/// tests` or in `foo/tests.rs`. With one rule, tests are found without a search.
#[test]
fn modules_and_their_tests_are_named_by_one_rule() {
    let mut files = 0;
    let mut misnamed = Vec::new();
    for folder in crate_folders() {
        for path in rust_files(&folder.join("src")) {
            files += 1;
            let name = file_name(&path);
            if name == "mod.rs" || name.ends_with("_tests.rs") {
                misnamed.push(path);
            }
        }
    }

    assert!(files > 100, "only {files} files were checked");
    assert!(misnamed.is_empty(), "{misnamed:#?}");
}

/// ARCHITECTURE.md maps every folder of the source and of the tests, so that a newcomer finds out
/// what a folder is for without opening it.
#[test]
fn the_map_names_every_folder() {
    let map = std::fs::read_to_string(repository().join("ARCHITECTURE.md")).unwrap();
    let mut folders = std::collections::BTreeSet::new();
    for crate_folder in crate_folders() {
        let short_name = file_name(&crate_folder).replace("mcdewey-", "");
        let source = crate_folder.join("src");
        for path in sources(&source) {
            let folder = path.parent().unwrap().strip_prefix(&source).unwrap();
            if !folder.as_os_str().is_empty() {
                folders.insert(format!("{short_name}/src/{}", folder.display()));
            }
        }
    }

    for entry in std::fs::read_dir(repository().join("tests")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            folders.insert(format!("tests/{}/", file_name(&path)));
        }
    }

    let unnamed: Vec<&String> = folders
        .iter()
        .filter(|folder| !map.contains(&format!("`{folder}`")))
        .collect();
    assert!(
        folders.len() > 30,
        "only {} folders were found",
        folders.len()
    );
    assert!(unnamed.is_empty(), "not in ARCHITECTURE.md: {unnamed:#?}");
}

#[test]
fn links_in_the_documentation_resolve() {
    let mut pages: Vec<PathBuf> = [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
    ]
    .map(|name| repository().join(name))
    .into();
    for entry in std::fs::read_dir(repository().join("docs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }

    let link = regex::Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    let (mut links, mut broken) = (0, Vec::new());
    for page in &pages {
        let text = std::fs::read_to_string(page).unwrap();
        for captures in link.captures_iter(&text) {
            let target = &captures[1];
            if target.contains("://") {
                continue;
            }

            links += 1;
            if !resolves(page, target) {
                broken.push(format!("{}: {target}", page.display()));
            }
        }
    }

    assert!(links > 50, "only {links} links were checked");
    assert!(broken.is_empty(), "{broken:#?}");
}

/// Whether a link leads to a file of the repository and, if it has a fragment, to a heading in it.
fn resolves(page: &Path, target: &str) -> bool {
    let (path, fragment) = target.split_once('#').unwrap_or((target, ""));
    let file = match path {
        "" => page.to_owned(),
        _ => page.parent().unwrap().join(path),
    };
    if fragment.is_empty() {
        return file.exists();
    }

    let Ok(text) = std::fs::read_to_string(file) else {
        return false;
    };
    text.lines()
        .filter(|line| line.starts_with('#'))
        .any(|line| heading_slug(line) == fragment)
}

/// The fragment of a heading, as code hosts derive it.
fn heading_slug(heading: &str) -> String {
    heading
        .trim_start_matches('#')
        .trim()
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// If a path below a root is opened by name, a link can lead out of the root by the time it is
/// opened.
#[test]
fn files_of_a_root_are_opened_in_one_place() {
    let calls = [
        "fs::read(",
        "fs::read_to_string(",
        "fs::metadata",
        "fs::symlink_metadata",
        "File::open",
        "OpenOptions",
        "read_dir",
        "tokio::fs",
    ];

    let mut checked = 0;
    let mut offenders = Vec::new();
    for name in ["mcdewey-ingest", "mcdewey-convert"] {
        for path in sources(&repository().join("crates").join(name).join("src")) {
            checked += 1;
            let text = std::fs::read_to_string(&path).unwrap();
            let without_tests = text
                .split("#[cfg(test)]\nmod tests {")
                .next()
                .unwrap_or_default();

            let mut lines = without_tests
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"));

            if lines.any(|line| calls.iter().any(|call| line.contains(call))) {
                offenders.push(file_name(&path));
            }
        }
    }

    assert!(checked > 50, "only {checked} files were checked");
    // `root_dir.rs` itself uses handles of directories and none of these calls.
    assert_eq!(offenders, [""; 0], "open files through `RootDir`");
}

/// `docs/security.md` names the tests behind each promise: "- `file`: `test`, `test`". Without this
/// check, a renamed test would leave a promise without proof.
#[test]
fn the_tests_behind_the_promises_exist() {
    let page = std::fs::read_to_string(repository().join("docs/security.md")).unwrap();
    let (mut promises, mut named) = (0, 0);
    for section in page.split("\n## ").skip(1) {
        promises += 1;
        let title = section.lines().next().unwrap_or_default();
        let list = section.split("\n- `").skip(1);
        let named_before = named;

        for line in list {
            // A bullet ends where the next one or a blank line begins.
            let line = line.split("\n\n").next().unwrap_or_default();
            let (file, tests) = line
                .split_once("`:")
                .unwrap_or_else(|| panic!("{title}: {line:?} names no file"));
            let source = std::fs::read_to_string(repository().join(file))
                .unwrap_or_else(|_| panic!("{title}: {file} does not exist"));

            for test in tests.split('`').skip(1).step_by(2) {
                assert!(
                    source.contains(&format!("fn {test}(")),
                    "{title}: {file} has no test {test}"
                );
                named += 1;
            }
        }

        assert!(named > named_before, "{title}: no test is named");
    }

    assert!(promises > 5);
}
