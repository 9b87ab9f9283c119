//! When a document may be removed from the index: only if its file is certainly gone.

use std::path::Path;
use std::sync::Arc;

use mcdewey_core::{RootName, SkippedFile};

use super::*;
use crate::file_state::FileState;
use crate::parse::Dialect;
use crate::root_dir::RootDir;
use crate::walk::FileKind;

fn found(source: &str) -> FoundFile {
    FoundFile {
        root: RootName::default(),
        dir: Arc::new(RootDir::open(Path::new("/")).unwrap()),
        source: source.parse().unwrap(),
        path_in_root: source.to_owned(),
        kind: FileKind::Text(Dialect::Markdown),
        bytes: 1,
        state: FileState::default(),
        original: None,
        dotted_version: None,
    }
}

fn manifest(sources: &[&str]) -> Vec<ManifestEntry> {
    sources
        .iter()
        .map(|source| ManifestEntry {
            source: source.parse().unwrap(),
            folder: "/a".to_owned(),
            input: ContentHash::of(source),
        })
        .collect()
}

fn walk_of_a() -> Walk {
    Walk {
        folder: "/a".into(),
        ..Walk::default()
    }
}

fn names(sources: &[SourcePath]) -> Vec<&str> {
    sources.iter().map(SourcePath::as_str).collect()
}

#[test]
fn only_documents_whose_file_is_certainly_gone_are_removed() {
    let walk = Walk {
        documents: vec![found("a.md"), found("new.md")],
        skipped: vec![SkippedFile {
            path: "broken.md".to_owned(),
            reason: String::new(),
        }],
        unlisted: vec!["closed".to_owned()],
        ..walk_of_a()
    };

    let plan = plan(
        &Root::default(),
        walk,
        &manifest(&["a.md", "broken.md", "closed/b.md", "gone.md"]),
    );

    assert_eq!(names(&plan.to_remove), ["gone.md"]);
    assert_eq!(names(&plan.kept), ["broken.md", "closed/b.md"]);
    assert_eq!(
        plan.to_read[0].1,
        Some(IndexedFile {
            input: ContentHash::of("a.md"),
            same_folder: true
        })
    );
    assert_eq!(plan.to_read[1].1, None);
}

#[test]
fn walking_a_subfolder_leaves_the_rest_alone() {
    let root = Root {
        subfolder: Some("x".to_owned()),
        ..Root::default()
    };

    let walk = Walk {
        documents: vec![found("x/a.md")],
        ..walk_of_a()
    };
    let plan = plan(&root, walk, &manifest(&["x/b.md", "y/c.md", "xx/d.md"]));
    assert_eq!(names(&plan.to_remove), ["x/b.md"]);
    assert!(plan.kept.is_empty());
}

#[test]
fn an_empty_folder_is_refused_if_the_library_holds_documents_from_it() {
    let part = Root {
        subfolder: Some("x".to_owned()),
        ..Root::default()
    };
    let error =
        refuse_empty(&Root::default(), &walk_of_a(), &manifest(&["a.md", "b.md"])).unwrap_err();
    assert!(
        error.to_string().contains("holds 2 of the root `corpus`"),
        "{error}"
    );
    assert!(refuse_empty(&part, &walk_of_a(), &manifest(&["y/a.md"])).is_ok());
    assert!(refuse_empty(&Root::default(), &walk_of_a(), &[]).is_ok());

    let other = Walk {
        folder: "/b".into(),
        ..Walk::default()
    };

    assert!(refuse_empty(&Root::default(), &other, &manifest(&["a.md"])).is_ok());
}

#[test]
fn documents_of_another_folder_stay() {
    let walk = |former: &[&str]| Walk {
        documents: vec![found("here.md")],
        folder: "/b".into(),
        former_folders: former.iter().map(|folder| (*folder).to_owned()).collect(),
        ..Walk::default()
    };

    let manifest = manifest(&["here.md", "there.md"]);
    let other = plan(&Root::default(), walk(&[]), &manifest);
    assert!(other.to_remove.is_empty() && other.kept.is_empty());
    assert!(
        other.to_read[0].1.is_some_and(|file| !file.same_folder),
        "it is written again with its new folder"
    );
    let moved = plan(&Root::default(), walk(&["/a"]), &manifest);

    assert_eq!(names(&moved.to_remove), ["there.md"]);
}
