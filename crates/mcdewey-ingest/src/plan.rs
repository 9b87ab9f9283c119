//! What has to be done for a root: which files to look at, which documents are gone. A pure comparison of what was
//! found with what the index remembers; here it is decided that nothing is removed by mistake.

use std::collections::{HashMap, HashSet};

use mcdewey_core::{ContentHash, ManifestEntry, SourcePath};

use crate::walk::{FoundFile, Walk};
use crate::{IngestError, Root};

/// The work for one root.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Files to read, each with what the index remembers of it.
    pub(crate) files: Vec<(FoundFile, Option<Known>)>,
    /// Documents whose file is gone.
    pub(crate) gone: Vec<SourcePath>,
    /// Documents that stay although nothing can be made of their file now.
    pub(crate) kept: Vec<SourcePath>,
}

/// What the index remembers of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    /// What it is recognised by.
    pub(crate) input: ContentHash,
    /// Whether it was read from the folder that is walked; if not, it is written anew so that the index knows.
    pub(crate) here: bool,
}

/// Refuses a folder in which nothing was found while the library holds documents from there.
pub(crate) fn refuse_empty(
    root: &Root,
    walk: &Walk,
    manifest: &[ManifestEntry],
) -> Result<(), IngestError> {
    let held = manifest
        .iter()
        .filter(|entry| root.covers(&entry.source) && walk.answers_for(&entry.folder))
        .count();

    if held > 0 && walk.documents.is_empty() {
        return Err(IngestError::EmptyRoot {
            root: root.name.clone(),
            path: root.folder(),
            held,
        });
    }

    Ok(())
}

/// Compares what was found with what the index remembers of the root. A document is gone when its file is missing
/// from a folder that was seen; a file that is there and cannot be read keeps its document, and so does another folder
/// that once stood for the same root.
pub(crate) fn plan(root: &Root, walk: Walk, manifest: &[ManifestEntry]) -> Plan {
    let remembered = |entry: &ManifestEntry| Known {
        input: entry.input,
        here: *entry.folder == *walk.folder,
    };

    let known: HashMap<&SourcePath, Known> = manifest
        .iter()
        .map(|entry| (&entry.source, remembered(entry)))
        .collect();
    let found: HashSet<&SourcePath> = walk.documents.iter().map(|file| &file.source).collect();
    let skipped: HashSet<&str> = walk.skipped.iter().map(|file| file.path.as_str()).collect();
    let unseen = |source: &SourcePath| walk.unseen.iter().any(|folder| source.is_below(folder));

    let missing = manifest
        .iter()
        .filter(|entry| root.covers(&entry.source) && !found.contains(&entry.source))
        .filter(|entry| walk.answers_for(&entry.folder));

    let (kept, gone) = missing
        .map(|entry| entry.source.clone())
        .partition(|source| skipped.contains(source.as_str()) || unseen(source));

    let files = walk
        .documents
        .iter()
        .map(|file| (file.clone(), known.get(&file.source).copied()))
        .collect();

    Plan { files, gone, kept }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use mcdewey_core::{RootName, SkippedFile};

    use super::*;
    use crate::markdown::Dialect;
    use crate::root_dir::RootDir;
    use crate::walk::Reading;

    fn found(source: &str) -> FoundFile {
        FoundFile {
            root: RootName::default(),
            dir: Arc::new(RootDir::open(Path::new("/")).unwrap()),
            source: source.parse().unwrap(),
            path_in_root: source.to_owned(),
            reading: Reading::Text(Dialect::Markdown),
            bytes: 1,
            original: None,
        }
    }

    fn manifest(sources: &[&str]) -> Vec<ManifestEntry> {
        let entry = |source: &&str| ManifestEntry {
            source: source.parse().unwrap(),
            folder: "/a".to_owned(),
            input: ContentHash::of(source),
        };
        sources.iter().map(entry).collect()
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
    fn only_what_is_surely_gone_is_removed() {
        let walk = Walk {
            documents: vec![found("a.md"), found("new.md")],
            skipped: vec![SkippedFile {
                path: "broken.md".to_owned(),
                reason: String::new(),
            }],
            unseen: vec!["closed".to_owned()],
            ..walk_of_a()
        };

        let plan = plan(
            &Root::default(),
            walk,
            &manifest(&["a.md", "broken.md", "closed/b.md", "gone.md"]),
        );

        assert_eq!(names(&plan.gone), ["gone.md"]);
        assert_eq!(names(&plan.kept), ["broken.md", "closed/b.md"]);
        assert_eq!(
            plan.files[0].1,
            Some(Known {
                input: ContentHash::of("a.md"),
                here: true
            })
        );
        assert_eq!(plan.files[1].1, None);
    }

    #[test]
    fn a_walk_of_a_part_leaves_the_rest_alone() {
        let root = Root {
            below: Some("x".to_owned()),
            ..Root::default()
        };

        let walk = Walk {
            documents: vec![found("x/a.md")],
            ..walk_of_a()
        };
        let plan = plan(&root, walk, &manifest(&["x/b.md", "y/c.md", "xx/d.md"]));
        assert_eq!(names(&plan.gone), ["x/b.md"]);
        assert!(plan.kept.is_empty());
    }

    #[test]
    fn an_empty_folder_does_not_empty_the_library() {
        let part = Root {
            below: Some("x".to_owned()),
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
        let walk = |lost: &[&str]| Walk {
            documents: vec![found("here.md")],
            folder: "/b".into(),
            lost: lost.iter().map(|folder| (*folder).to_owned()).collect(),
            ..Walk::default()
        };

        let known = manifest(&["here.md", "there.md"]);
        let stays = plan(&Root::default(), walk(&[]), &known);
        assert!(stays.gone.is_empty() && stays.kept.is_empty());
        assert!(
            stays.files[0].1.is_some_and(|known| !known.here),
            "the index is told of the folder"
        );
        let moved = plan(&Root::default(), walk(&["/a"]), &known);

        assert_eq!(names(&moved.gone), ["there.md"]);
    }
}
