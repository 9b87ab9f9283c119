//! The layout rules of the workspace: which crate may depend on what, which files may use each other,
//! where tests live, and which promises have tests.

/// No circle of files crosses a folder.
mod circles;
/// Which crate depends on which, and how large it may be.
mod crates;
/// The map, the links and the promises name what exists.
mod documentation;
/// The uses between the files of a crate.
mod graph;
/// The modules of a crate, read from its source.
mod modules;
/// The libraries are called in code that ships.
mod production_path;
/// What a path in the source means.
mod resolve;

use std::path::{Path, PathBuf};

use self::modules::SourceFile;
use crate::support::repository;

fn crate_folders() -> Vec<PathBuf> {
    std::fs::read_dir(repository().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect()
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// All Rust files below a folder, which may be missing.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    if !folder.exists() {
        return found;
    }

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

/// The source of a crate, tests included.
fn rust_sources(crate_folder: &Path) -> Vec<SourceFile> {
    let folder = crate_folder.join("src");
    rust_files(&folder)
        .into_iter()
        .map(|path| {
            let below = path.strip_prefix(&folder).unwrap();
            SourceFile {
                path: below.to_str().unwrap().replace('\\', "/"),
                text: std::fs::read_to_string(&path).unwrap(),
            }
        })
        .collect()
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
