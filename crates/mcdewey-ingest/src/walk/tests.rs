//! Which files of a root are found, and what is reported about the others.

use std::os::unix::fs::symlink;

use super::*;

fn corpus(files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "text").unwrap();
    }

    folder
}

fn sources(walk: &Walk) -> Vec<&str> {
    walk.documents
        .iter()
        .map(|file| file.source.as_str())
        .collect()
}

fn reasons(walk: &Walk) -> Vec<(&str, &str)> {
    walk.skipped
        .iter()
        .map(|file| (file.path.as_str(), file.reason.as_str()))
        .collect()
}

#[test]
fn documents_are_found_in_order_and_other_files_are_reported() {
    let folder = corpus(&[
        "b/z.md",
        "b/a.MDX",
        "a.txt",
        "e.yaml",
        "i.png",
        "m.PDF",
        ".hidden/x.md",
        "library.toml",
        "b/library.toml",
        "c.exe",
        "LICENSE",
    ]);

    std::fs::write(folder.path().join(".gitignore"), "*.md").unwrap();
    let walk = walk(&Root::new(RootName::default(), folder.path())).unwrap();
    assert_eq!(
        sources(&walk),
        ["a.txt", "b/a.MDX", "b/z.md", "e.yaml", "m.PDF"]
    );
    assert_eq!(
        reasons(&walk),
        [
            ("LICENSE", "files without an extension are not supported"),
            (
                "b/library.toml",
                ".toml files are not supported; convert it to Markdown, or remove it"
            ),
            (
                "c.exe",
                ".exe files are not supported; convert it to Markdown, or remove it"
            ),
            ("i.png", "images are stored with the pages that show them"),
        ]
    );
}

#[test]
fn a_subfolder_of_a_named_root_keeps_its_full_sources() {
    let folder = corpus(&["x/a.md", "y/b.md"]);
    let root = Root {
        subfolder: Some("x".to_owned()),
        ..Root::new("vendor".parse().unwrap(), folder.path())
    };
    let walk = walk(&root).unwrap();
    assert_eq!(sources(&walk), ["vendor/x/a.md"]);
    assert_eq!(walk.documents[0].path_in_root, "x/a.md");
}

#[test]
fn a_missing_root_is_an_error() {
    let folder = corpus(&[]);
    let error = walk(&Root::new(RootName::default(), folder.path().join("gone"))).unwrap_err();
    assert!(
        matches!(error, IngestError::UnreadableRoot { .. }),
        "{error}"
    );
}

#[test]
fn links_out_of_the_root_are_skipped() {
    let outside = corpus(&["secret.md"]);
    let folder = corpus(&["a.md", "sub/b.md"]);
    symlink(
        outside.path().join("secret.md"),
        folder.path().join("out.md"),
    )
    .unwrap();

    symlink(folder.path().join("a.md"), folder.path().join("in.md")).unwrap();
    symlink(folder.path().join("sub"), folder.path().join("latest")).unwrap();
    symlink(
        folder.path().join("gone.md"),
        folder.path().join("dangling.md"),
    )
    .unwrap();

    let walk = walk(&Root::new(RootName::default(), folder.path())).unwrap();
    assert_eq!(sources(&walk), ["a.md", "in.md", "sub/b.md"]);
    let skipped: Vec<&str> = walk.skipped.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(skipped, ["dangling.md", "latest", "out.md"]);
    assert!(walk.skipped[2].reason.contains("out of the root"));
}

#[test]
fn names_that_cannot_be_sources_are_skipped() {
    let folder = corpus(&["a\\b.md", "ok.md"]);
    let walk = walk(&Root::new(RootName::default(), folder.path())).unwrap();
    assert_eq!(sources(&walk), ["ok.md"]);
    assert!(
        walk.skipped[0].reason.contains("backslashes"),
        "{:?}",
        walk.skipped
    );
}

#[test]
fn files_over_the_size_limit_are_skipped() {
    let folder = corpus(&["huge.md"]);
    let file = std::fs::OpenOptions::new()
        .write(true)
        .open(folder.path().join("huge.md"))
        .unwrap();
    file.set_len(MAX_FILE + 1).unwrap();
    let walk = walk(&Root::new(RootName::default(), folder.path())).unwrap();

    assert!(
        walk.documents.is_empty() && walk.skipped[0].reason.contains("more than 64 MB"),
        "{:?}",
        walk.skipped
    );
}
