//! Files that are replaced between the walk and the read: nothing from outside the root becomes
//! part of a document, and every refused file is reported.

use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use mcdewey_core::RootName;
use mcdewey_core::testing::FakeEmbed;
use tempfile::TempDir;

use crate::document::{DocumentReader, FileOutcome, read_and_parse};
use crate::file_stamps::FileStamps;
use crate::pairs::join_originals;
use crate::rules::{LibraryFile, RuleSet};
use crate::walk::{Walk, walk};
use crate::{Root, survey};

const SECRET: &str = "# Safe\n\nThe combination of the safe is 7391.";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Longer than any file takes to read. A reader that blocks on a FIFO never finishes.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// A folder with `root`, and with `outside`, which contains the secrets.
struct Sandbox {
    folder: TempDir,
}

impl Sandbox {
    fn new(files: &[&str]) -> Self {
        let sandbox = Self {
            folder: tempfile::tempdir().unwrap(),
        };

        for file in files {
            sandbox.write(file, "# Public\n\nOpening hours.");
        }

        sandbox.write("../outside/secret.md", SECRET);
        sandbox
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join("root").join(path)
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        std::fs::create_dir_all(self.at("")).unwrap();
        std::fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        std::fs::write(self.at(path), content).unwrap();
    }

    /// Replaces a file or folder with a link to an entry of `outside`.
    fn replace_with_link(&self, path: &str, outside: &str) {
        std::fs::rename(self.at(path), self.at(".away")).unwrap();
        symlink(
            self.folder.path().join("outside").join(outside),
            self.at(path),
        )
        .unwrap();
    }

    fn root(&self) -> Root {
        Root::new(RootName::default(), self.at(""))
    }

    fn walk(&self) -> Walk {
        let mut walk = walk(&self.root()).unwrap();
        join_originals(&mut walk);
        walk
    }
}

/// Prepares one file. Returns everything that readers could see of it, with its warnings, or the
/// reason why it was skipped.
fn read(walk: &Walk, source: &str) -> Result<(String, Vec<String>), String> {
    let file = walk
        .documents
        .iter()
        .find(|file| file.source.as_str() == source)
        .expect("the walk found the file")
        .clone();

    let (sender, outcome) = mpsc::channel();
    std::thread::spawn(move || {
        let reader = DocumentReader {
            embed: Arc::new(FakeEmbed::new(&[])),
            convert: None,
            keep_originals: true,
            stamps: FileStamps::default(),
        };
        let rules = RuleSet::new(&LibraryFile::default(), &LibraryFile::default(), "").unwrap();
        let _ = sender.send(reader.prepare(&file, &rules, None));
    });

    match outcome
        .recv_timeout(READ_TIMEOUT)
        .expect("reading finishes in time")
        .unwrap()
    {
        FileOutcome::Skipped(reason) => Err(reason),
        FileOutcome::Prepared(document) => {
            let mut visible = format!("{} {:?}", document.meta.title, document.outline);
            for page in &document.pages {
                visible.push_str(&page.text);
            }
            for file in &document.attachments {
                visible.push_str(&String::from_utf8_lossy(&file.content));
            }

            Ok((visible, document.warnings))
        }
        FileOutcome::Unchanged => unreachable!("nothing is indexed"),
    }
}

#[test]
fn a_file_that_became_a_link_out_of_the_root_is_refused() {
    let sandbox = Sandbox::new(&["a.md"]);
    let walk = sandbox.walk();

    sandbox.replace_with_link("a.md", "secret.md");
    let reason = read(&walk, "a.md").unwrap_err();
    assert!(reason.contains("out of the root"), "{reason}");

    let reason = read_and_parse(&walk.documents[0], None).unwrap_err();
    assert!(reason.contains("out of the root"), "{reason}");
}

#[test]
fn a_link_retargeted_out_of_the_root_is_refused() {
    let sandbox = Sandbox::new(&["a.md"]);
    symlink("a.md", sandbox.at("in.md")).unwrap();
    let walk = sandbox.walk();

    sandbox.replace_with_link("in.md", "secret.md");
    let reason = read(&walk, "in.md").unwrap_err();
    assert!(reason.contains("out of the root"), "{reason}");
}

#[test]
fn a_file_below_a_folder_that_became_a_link_is_refused() {
    let sandbox = Sandbox::new(&["x/y/b.md"]);
    sandbox.write("../outside/y/b.md", SECRET);
    let walk = sandbox.walk();

    sandbox.replace_with_link("x", "");
    let reason = read(&walk, "x/y/b.md").unwrap_err();
    assert!(reason.contains("below a link to a folder"), "{reason}");
}

#[test]
fn an_original_that_became_a_link_out_of_the_root_is_refused() {
    let sandbox = Sandbox::new(&[]);
    sandbox.write("a.md", "---\nconverted_from: a.pdf\n---\n# A\n\nText.");
    sandbox.write("a.pdf", "%PDF");
    let walk = sandbox.walk();
    assert_eq!(walk.documents.len(), 1);

    sandbox.replace_with_link("a.pdf", "secret.md");
    let reason = read(&walk, "a.md").unwrap_err();
    assert!(
        reason.contains("a.pdf") && reason.contains("out of the root"),
        "{reason}"
    );
}

#[test]
fn front_matter_from_outside_the_root_pairs_no_files() {
    let sandbox = Sandbox::new(&["a.md"]);
    sandbox.write("a.pdf", "%PDF");
    sandbox.write(
        "../outside/pair.md",
        "---\nconverted_from: a.pdf\n---\n# A\n\nText.",
    );
    let mut walk = walk(&sandbox.root()).unwrap();

    sandbox.replace_with_link("a.md", "pair.md");
    join_originals(&mut walk);
    assert!(walk.documents.len() == 2 && walk.documents[0].original.is_none());
}

#[test]
fn an_image_that_became_a_link_out_of_the_root_is_left_out() {
    let sandbox = Sandbox::new(&[]);
    sandbox.write("g/a.md", "# A\n\n![t](img/t.png) ![u](../u.png)");
    sandbox.write("../outside/t.png", [PNG, b"7391"].concat());
    sandbox.write("g/img/t.png", PNG);
    sandbox.write("u.png", PNG);
    let walk = sandbox.walk();
    assert_eq!(read(&walk, "g/a.md").unwrap().1, [""; 0]);

    sandbox.replace_with_link("u.png", "t.png");
    std::fs::rename(sandbox.at(".away"), sandbox.at(".u")).unwrap();
    sandbox.replace_with_link("g/img", "");
    let (visible, warnings) = read(&walk, "g/a.md").unwrap();
    assert!(!visible.contains("7391"), "{visible}");
    assert!(
        warnings.len() == 2
            && warnings
                .iter()
                .all(|warning| warning.contains("out of the root")),
        "{warnings:?}"
    );
}

#[test]
fn a_nested_root_counts_as_outside_the_outer_one() {
    let sandbox = Sandbox::new(&["a.md", "inner/own.md"]);
    sandbox.write("inner/secret.md", SECRET);
    sandbox.write("inner/secret.png", [PNG, b"7391"].concat());
    sandbox.write(
        "b.md",
        "# B\n\n![s](inner/secret.png) ![t](through/secret.png)",
    );
    symlink("inner/secret.md", sandbox.at("link.md")).unwrap();
    symlink("inner", sandbox.at("through")).unwrap();

    let root = Root {
        excluded: vec![sandbox.at("inner").canonicalize().unwrap()],
        ..sandbox.root()
    };
    let walk = walk(&root).unwrap();
    let sources: Vec<&str> = walk
        .documents
        .iter()
        .map(|file| file.source.as_str())
        .collect();
    assert_eq!(sources, ["a.md", "b.md"]);

    let (visible, warnings) = read(&walk, "b.md").unwrap();
    assert!(
        !visible.contains("7391") && warnings.len() == 2,
        "{warnings:?}"
    );

    sandbox.replace_with_link("a.md", "../root/inner/secret.md");
    let reason = read(&walk, "a.md").unwrap_err();
    assert!(reason.contains("out of the root"), "{reason}");
}

#[test]
fn files_replaced_by_special_files_are_refused_without_blocking() {
    let sandbox = Sandbox::new(&["pipe.md", "folder.md", "device.md"]);
    sandbox.write("../outside/x", "");
    let walk = sandbox.walk();

    for file in ["pipe.md", "folder.md", "device.md"] {
        std::fs::remove_file(sandbox.at(file)).unwrap();
    }
    assert!(
        std::process::Command::new("mkfifo")
            .arg(sandbox.at("pipe.md"))
            .status()
            .unwrap()
            .success()
    );
    std::fs::create_dir(sandbox.at("folder.md")).unwrap();
    symlink("/dev/zero", sandbox.at("device.md")).unwrap();

    for (file, expected) in [
        ("pipe.md", "not a regular file"),
        ("folder.md", "not a regular file"),
        ("device.md", "out of the root"),
    ] {
        let reason = read(&walk, file).unwrap_err();
        assert!(reason.contains(expected), "{file}: {reason}");
    }
}

#[test]
fn a_file_that_grew_since_the_walk_is_not_read_completely() {
    let sandbox = Sandbox::new(&["a.md"]);
    let walk = sandbox.walk();

    let file = std::fs::File::create(sandbox.at("a.md")).unwrap();
    file.set_len(crate::read::MAX_FILE + 1).unwrap();
    let reason = read(&walk, "a.md").unwrap_err();
    assert!(reason.contains("more than 64 MB; divide it"), "{reason}");
}

#[test]
fn a_root_replaced_after_the_walk_is_read_from_the_walked_folder() {
    let sandbox = Sandbox::new(&["a.md"]);
    let walk = sandbox.walk();

    std::fs::rename(sandbox.at(""), sandbox.folder.path().join("moved")).unwrap();
    symlink(
        sandbox.folder.path().join("outside"),
        sandbox.folder.path().join("root"),
    )
    .unwrap();
    sandbox.write("../outside/a.md", SECRET);

    let (visible, _) = read(&walk, "a.md").unwrap();
    assert!(
        visible.contains("Opening hours") && !visible.contains("7391"),
        "{visible}"
    );
}

#[test]
fn rules_from_outside_the_root_are_neither_read_nor_quoted() {
    let sandbox = Sandbox::new(&["a.md"]);
    sandbox.write("../outside/secret.toml", "combination = 7391");
    sandbox.write("inside.toml", "[[product]]\nid = 'a'\n");
    symlink("inside.toml", sandbox.at("library.toml")).unwrap();

    let rules = sandbox.root().rule_set().unwrap();
    assert_eq!(rules.description().products.len(), 1);

    sandbox.replace_with_link("library.toml", "secret.toml");
    for error in [
        sandbox.root().rule_set().unwrap_err(),
        survey(&sandbox.root(), None).unwrap_err(),
    ] {
        let message = error.to_string();
        assert!(
            message.contains("out of the root") && !message.contains("7391"),
            "{message}"
        );
    }
}
