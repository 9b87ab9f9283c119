//! The documentation names every folder, its links resolve, and the tests it promises exist.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{crate_folders, file_name, sources};
use crate::support::repository;

/// ARCHITECTURE.md maps every folder of the source and of the tests, so that a newcomer finds out
/// what a folder is for without opening it.
#[test]
fn the_map_names_every_folder() {
    let map = std::fs::read_to_string(repository().join("ARCHITECTURE.md")).unwrap();
    let mut folders = BTreeSet::new();
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
