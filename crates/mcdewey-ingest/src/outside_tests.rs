//! Files that are swapped between the walk and the reading: nothing from outside the root becomes part of a document,
//! and what is refused is named.

use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use mcdewey_core::RootName;
use mcdewey_core::testing::FakeEmbed;
use tempfile::TempDir;

use crate::document::{Outcome, Reader, read_subject};
use crate::pairs::join_originals;
use crate::rules::{LibraryFile, RuleSet};
use crate::walk::{Walk, walk};
use crate::{Root, survey};

const SECRET: &str = "# Safe\n\nThe combination of the safe is 7391.";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Longer than any reading takes; a reader that waits for a FIFO waits for ever.
const PATIENCE: Duration = Duration::from_secs(30);

/// A folder with `root` and `outside`, where the secrets are.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new(files: &[&str]) -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
        };

        for file in files {
            place.write(file, "# Public\n\nOpening hours.");
        }

        place.write("../outside/secret.md", SECRET);
        place
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join("root").join(path)
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        std::fs::create_dir_all(self.at("")).unwrap();
        std::fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        std::fs::write(self.at(path), content).unwrap();
    }

    /// Puts a link to something outside in the place of a file or folder.
    fn swap(&self, path: &str, outside: &str) {
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

/// What becomes of a file: all that readers can get of it with its warnings, or why there is nothing.
fn read(walk: &Walk, source: &str) -> Result<(String, Vec<String>), String> {
    let file = walk
        .documents
        .iter()
        .find(|file| file.source.as_str() == source)
        .expect("the walk found it")
        .clone();

    let (done, outcome) = mpsc::channel();
    std::thread::spawn(move || {
        let reader = Reader {
            embed: Arc::new(FakeEmbed::new(&[])),
            convert: None,
            keep_originals: true,
        };
        let rules = RuleSet::new(&LibraryFile::default(), &LibraryFile::default(), "").unwrap();
        let _ = done.send(reader.prepare(&file, &rules, None));
    });

    match outcome
        .recv_timeout(PATIENCE)
        .expect("reading comes to an end")
        .unwrap()
    {
        Outcome::Skipped(reason) => Err(reason),
        Outcome::Draft(draft) => {
            let mut shown = format!("{} {:?}", draft.meta.title, draft.outline);
            draft
                .pages
                .iter()
                .for_each(|page| shown.push_str(&page.text));

            draft
                .attachments
                .iter()
                .for_each(|file| shown.push_str(&String::from_utf8_lossy(&file.content)));

            Ok((shown, draft.warnings))
        }
        Outcome::Unchanged => unreachable!("nothing is known"),
    }
}

#[test]
fn a_file_that_became_a_link_out_of_the_root_is_refused() {
    let place = Place::new(&["a.md"]);
    let walk = place.walk();
    place.swap("a.md", "secret.md");
    let reason = read(&walk, "a.md").unwrap_err();
    assert!(reason.contains("out of the root"), "{reason}");
    let reason = read_subject(&walk.documents[0], None).err().unwrap();

    assert!(reason.contains("out of the root"), "{reason}");
}

#[test]
fn a_link_in_the_root_that_is_turned_outward_is_refused() {
    let place = Place::new(&["a.md"]);
    symlink("a.md", place.at("in.md")).unwrap();
    let walk = place.walk();
    place.swap("in.md", "secret.md");
    let reason = read(&walk, "in.md").unwrap_err();

    assert!(reason.contains("out of the root"), "{reason}");
}

#[test]
fn a_file_below_a_folder_that_became_a_link_is_refused() {
    let place = Place::new(&["x/y/b.md"]);
    place.write("../outside/y/b.md", SECRET);
    let walk = place.walk();
    place.swap("x", "");
    let reason = read(&walk, "x/y/b.md").unwrap_err();

    assert!(reason.contains("below a link to a folder"), "{reason}");
}

#[test]
fn an_original_that_became_a_link_out_of_the_root_is_refused() {
    let place = Place::new(&[]);
    place.write("a.md", "---\nconverted_from: a.pdf\n---\n# A\n\nText.");
    place.write("a.pdf", "%PDF");
    let walk = place.walk();
    assert_eq!(walk.documents.len(), 1);
    place.swap("a.pdf", "secret.md");
    let reason = read(&walk, "a.md").unwrap_err();

    assert!(
        reason.contains("a.pdf") && reason.contains("out of the root"),
        "{reason}"
    );
}

#[test]
fn pairs_are_not_made_by_front_matter_from_outside() {
    let place = Place::new(&["a.md"]);
    place.write("a.pdf", "%PDF");
    place.write(
        "../outside/pair.md",
        "---\nconverted_from: a.pdf\n---\n# A\n\nText.",
    );
    let mut walk = walk(&place.root()).unwrap();
    place.swap("a.md", "pair.md");
    join_originals(&mut walk);

    assert!(walk.documents.len() == 2 && walk.documents[0].original.is_none());
}

#[test]
fn an_image_that_became_a_link_out_of_the_root_is_left_out() {
    let place = Place::new(&[]);
    place.write("g/a.md", "# A\n\n![t](img/t.png) ![u](../u.png)");
    place.write("../outside/t.png", [PNG, b"7391"].concat());
    place.write("g/img/t.png", PNG);
    place.write("u.png", PNG);
    let walk = place.walk();
    assert_eq!(read(&walk, "g/a.md").unwrap().1, [""; 0]);
    place.swap("u.png", "t.png");
    std::fs::rename(place.at(".away"), place.at(".u")).unwrap();
    place.swap("g/img", "");
    let (shown, warnings) = read(&walk, "g/a.md").unwrap();
    assert!(!shown.contains("7391"), "{shown}");
    assert!(
        warnings.len() == 2
            && warnings
                .iter()
                .all(|warning| warning.contains("out of the root")),
        "{warnings:?}"
    );
}

#[test]
fn a_root_inside_another_is_outside_of_it() {
    let place = Place::new(&["a.md", "inner/own.md"]);
    place.write("inner/secret.md", SECRET);
    place.write("inner/secret.png", [PNG, b"7391"].concat());

    place.write(
        "b.md",
        "# B\n\n![s](inner/secret.png) ![t](through/secret.png)",
    );
    symlink("inner/secret.md", place.at("link.md")).unwrap();
    symlink("inner", place.at("through")).unwrap();

    let root = Root {
        apart: vec![place.at("inner").canonicalize().unwrap()],
        ..place.root()
    };
    let walk = walk(&root).unwrap();
    let sources: Vec<&str> = walk
        .documents
        .iter()
        .map(|file| file.source.as_str())
        .collect();

    assert_eq!(sources, ["a.md", "b.md"]);
    let (shown, warnings) = read(&walk, "b.md").unwrap();
    assert!(
        !shown.contains("7391") && warnings.len() == 2,
        "{warnings:?}"
    );
    place.swap("a.md", "../root/inner/secret.md");
    let reason = read(&walk, "a.md").unwrap_err();

    assert!(reason.contains("out of the root"), "{reason}");
}

#[test]
fn what_is_no_plain_file_any_more_is_refused_and_nobody_waits_for_it() {
    let place = Place::new(&["pipe.md", "folder.md", "device.md"]);
    place.write("../outside/x", "");
    let walk = place.walk();

    for file in ["pipe.md", "folder.md", "device.md"] {
        std::fs::remove_file(place.at(file)).unwrap();
    }

    assert!(
        std::process::Command::new("mkfifo")
            .arg(place.at("pipe.md"))
            .status()
            .unwrap()
            .success()
    );

    std::fs::create_dir(place.at("folder.md")).unwrap();
    symlink("/dev/zero", place.at("device.md")).unwrap();
    for (file, expected) in [
        ("pipe.md", "not a plain file"),
        ("folder.md", "not a plain file"),
        ("device.md", "out of the root"),
    ] {
        let reason = read(&walk, file).unwrap_err();
        assert!(reason.contains(expected), "{file}: {reason}");
    }
}

#[test]
fn a_file_that_grew_since_the_walk_is_not_read_whole() {
    let place = Place::new(&["a.md"]);
    let walk = place.walk();
    let file = std::fs::OpenOptions::new()
        .write(true)
        .open(place.at("a.md"))
        .unwrap();
    file.set_len(crate::read::MAX_FILE + 1).unwrap();
    let reason = read(&walk, "a.md").unwrap_err();

    assert!(reason.contains("more than 64 MB; divide it"), "{reason}");
}

#[test]
fn a_root_that_is_replaced_after_the_walk_is_read_as_it_was_walked() {
    let place = Place::new(&["a.md"]);
    let walk = place.walk();
    std::fs::rename(place.at(""), place.folder.path().join("moved")).unwrap();

    symlink(
        place.folder.path().join("outside"),
        place.folder.path().join("root"),
    )
    .unwrap();

    place.write("../outside/a.md", SECRET);
    let (shown, _) = read(&walk, "a.md").unwrap();
    assert!(
        shown.contains("Opening hours") && !shown.contains("7391"),
        "{shown}"
    );
}

#[test]
fn rules_from_outside_are_neither_read_nor_quoted() {
    let place = Place::new(&["a.md"]);
    place.write("../outside/secret.toml", "combination = 7391");
    place.write("inside.toml", "[[product]]\nid = 'a'\n");
    symlink("inside.toml", place.at("library.toml")).unwrap();

    assert_eq!(
        place
            .root()
            .rule_set()
            .unwrap()
            .description()
            .products
            .len(),
        1
    );

    place.swap("library.toml", "secret.toml");
    for said in [
        place.root().rule_set().unwrap_err(),
        survey(&place.root(), None).unwrap_err(),
    ] {
        let said = said.to_string();
        assert!(
            said.contains("out of the root") && !said.contains("7391"),
            "{said}"
        );
    }
}
