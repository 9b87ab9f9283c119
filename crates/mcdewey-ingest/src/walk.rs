//! Finds the files of a root, in the same order every time. It opens none of them.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::{DirEntry, WalkBuilder};
use mcdewey_core::{Format, RootName, SkippedFile, SourcePath};

use crate::markdown::Dialect;
use crate::rules::LIBRARY_FILE;
use crate::{IngestError, Root};

/// A larger file is no manual, and would have to stand in memory several times over.
const MAX_FILE: u64 = 64 * 1024 * 1024;

/// What a root holds.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    /// Files that can become documents.
    pub(crate) documents: Vec<FoundFile>,
    /// Files that cannot, and why.
    pub(crate) skipped: Vec<SkippedFile>,
    /// Folders that could not be looked into, as sources; what was in them is unknown.
    pub(crate) unseen: Vec<String>,
    /// The root's folder, absolute and free of links.
    pub(crate) folder: Arc<str>,
    /// Folders that stood for the root before and are no more, so that this one answers for their documents.
    pub(crate) lost: HashSet<String>,
}

impl Walk {
    /// Whether a document read from `folder` is gone when this walk did not find it.
    pub(crate) fn answers_for(&self, folder: &str) -> bool {
        *self.folder == *folder || self.lost.contains(folder)
    }
}

/// A file that can become a document.
#[derive(Debug, Clone)]
pub(crate) struct FoundFile {
    /// The root it was found in.
    pub(crate) root: RootName,
    /// That root's folder, absolute and free of links.
    pub(crate) folder: Arc<str>,
    /// The document's name.
    pub(crate) source: SourcePath,
    /// Its path below the root, which rules look at.
    pub(crate) path_in_root: String,
    /// Where to read it.
    pub(crate) file: PathBuf,
    /// How to understand it.
    pub(crate) reading: Reading,
    /// Its size when it was found.
    pub(crate) bytes: u64,
    /// The file beside it that it was converted from.
    pub(crate) original: Option<PathBuf>,
}

/// How a file becomes text with headings and pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// It is such text.
    Text(Dialect),
    /// By conversion.
    Convert(Format),
    /// By conversion, if it is an OpenAPI description: JSON and YAML may be anything.
    Described,
}

/// Walks a root's folder: no hidden files, no ignore files, no links out of the root, no folders of other roots.
pub(crate) fn walk(root: &Root) -> Result<Walk, IngestError> {
    let home = root.path.canonicalize().map_err(|error| root.unreadable(error))?;
    let folder = match &root.below {
        Some(below) => home.join(below),
        None => home.clone(),
    };
    // An unreadable folder must be an error here: as an empty one it would empty the library.
    std::fs::read_dir(&folder).map_err(|error| root.unreadable(error))?;
    let walk = Walk { folder: home.to_string_lossy().into(), ..Walk::default() };
    let apart: HashSet<PathBuf> = root.apart.iter().filter(|other| **other != home).cloned().collect();
    let mut walker = Walker { root, home, walk };
    let entries = WalkBuilder::new(&folder)
        .standard_filters(false)
        .hidden(true)
        .follow_links(false)
        .sort_by_file_name(|a, b| a.cmp(b))
        .filter_entry(move |entry| !apart.contains(entry.path()))
        .build();
    for entry in entries {
        match entry {
            Ok(entry) => walker.take(&entry),
            Err(error) => walker.blocked(&error),
        }
    }
    Ok(walker.walk)
}

struct Walker<'a> {
    root: &'a Root,
    home: PathBuf,
    walk: Walk,
}

impl Walker<'_> {
    fn take(&mut self, entry: &DirEntry) {
        let Some(kind) = entry.file_type() else { return };
        if kind.is_dir() {
            return;
        }
        let Some(path) = self.below(entry.path()) else {
            let shown = entry.path().strip_prefix(&self.home).unwrap_or(entry.path()).display().to_string();
            return self.skip(&shown, "its name is not valid Unicode; rename it");
        };
        if path == LIBRARY_FILE {
            return;
        }
        let metadata = if kind.is_symlink() {
            match self.linked(entry.path()) {
                Ok(metadata) => metadata,
                Err(reason) => return self.skip(&path, &reason),
            }
        } else {
            match entry.metadata() {
                Ok(metadata) => metadata,
                Err(error) => return self.skip(&path, &format!("it cannot be read: {error}")),
            }
        };
        match self.document(path.clone(), entry.path(), &metadata) {
            Ok(found) => self.walk.documents.push(found),
            Err(reason) => self.skip(&path, &reason),
        }
    }

    /// The path below the root, `/` between its parts.
    fn below(&self, path: &Path) -> Option<String> {
        let parts: Option<Vec<&str>> = path.strip_prefix(&self.home).ok()?.iter().map(|part| part.to_str()).collect();
        Some(parts?.join("/"))
    }

    /// What a link leads to, if that is a file of this root.
    fn linked(&self, link: &Path) -> Result<std::fs::Metadata, String> {
        let target = link.canonicalize().map_err(|error| format!("the link leads nowhere: {error}"))?;
        if !target.starts_with(&self.home) {
            return Err("the link leads out of the root; make its target a root of its own, or copy it".to_owned());
        }
        let metadata = target.metadata().map_err(|error| format!("it cannot be read: {error}"))?;
        if metadata.is_dir() {
            return Err("links to folders are not followed; the folder itself is read where it stands".to_owned());
        }
        Ok(metadata)
    }

    fn document(&self, path: String, file: &Path, metadata: &std::fs::Metadata) -> Result<FoundFile, String> {
        if !metadata.is_file() {
            return Err("it is not a plain file".to_owned());
        }
        let reading = reading(&path)?;
        let source: SourcePath = format!("{}{path}", self.root.name.source_prefix())
            .parse()
            .map_err(|error| format!("{error}; rename it"))?;
        if metadata.len() > MAX_FILE {
            let size = metadata.len() / (1024 * 1024);
            return Err(format!("it has {size} MB, more than {} MB; divide it", MAX_FILE / (1024 * 1024)));
        }
        let (root, folder) = (self.root.name.clone(), Arc::clone(&self.walk.folder));
        Ok(FoundFile {
            root,
            folder,
            source,
            path_in_root: path,
            file: file.to_owned(),
            reading,
            bytes: metadata.len(),
            original: None,
        })
    }

    fn skip(&mut self, path: &str, reason: &str) {
        let path = format!("{}{path}", self.root.name.source_prefix());
        self.walk.skipped.push(SkippedFile { path, reason: reason.to_owned() });
    }

    /// A folder (or entry) that the system would not show.
    fn blocked(&mut self, error: &ignore::Error) {
        let path = blocked_path(error).and_then(|path| self.below(path)).unwrap_or_default();
        self.skip(&path, &format!("it cannot be read: {error}; what the library holds of it is kept"));
        self.walk.unseen.push(format!("{}{path}", self.root.name.source_prefix()));
    }
}

fn blocked_path(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => blocked_path(err),
        _ => None,
    }
}

/// How a file is read, by its extension; or why it is not.
pub(crate) fn reading(path: &str) -> Result<Reading, String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let Some((_, extension)) = name.rsplit_once('.') else {
        return Err("there is no reader for files without an extension".to_owned());
    };
    let extension = extension.to_lowercase();
    match extension.as_str() {
        "md" | "markdown" | "mdx" => Ok(Reading::Text(Dialect::Markdown)),
        "txt" | "text" => Ok(Reading::Text(Dialect::Plain)),
        "json" | "yaml" | "yml" => Ok(Reading::Described),
        "png" | "jpg" | "jpeg" | "gif" | "webp" => {
            Err("it is an image, which is kept with the pages that show it".to_owned())
        }
        other => match Format::of_extension(other) {
            Some(format) => Ok(Reading::Convert(format)),
            None => Err(format!("there is no reader for .{other}; convert it to Markdown, or take it away")),
        },
    }
}

#[cfg(test)]
mod tests {
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
        walk.documents.iter().map(|file| file.source.as_str()).collect()
    }

    fn reasons(walk: &Walk) -> Vec<(&str, &str)> {
        walk.skipped.iter().map(|file| (file.path.as_str(), file.reason.as_str())).collect()
    }

    #[test]
    fn documents_are_found_in_order_and_the_rest_is_named() {
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
        assert_eq!(sources(&walk), ["a.txt", "b/a.MDX", "b/z.md", "e.yaml", "m.PDF"]);
        assert_eq!(
            reasons(&walk),
            [
                ("LICENSE", "there is no reader for files without an extension"),
                ("b/library.toml", "there is no reader for .toml; convert it to Markdown, or take it away"),
                ("c.exe", "there is no reader for .exe; convert it to Markdown, or take it away"),
                ("i.png", "it is an image, which is kept with the pages that show it"),
            ]
        );
    }

    #[test]
    fn a_part_of_a_named_root_keeps_its_full_names() {
        let folder = corpus(&["x/a.md", "y/b.md"]);
        let root = Root { below: Some("x".to_owned()), ..Root::new("vendor".parse().unwrap(), folder.path()) };
        let walk = walk(&root).unwrap();
        assert_eq!(sources(&walk), ["vendor/x/a.md"]);
        assert_eq!(walk.documents[0].path_in_root, "x/a.md");
    }

    #[test]
    fn a_missing_root_is_an_error() {
        let folder = corpus(&[]);
        let error = walk(&Root::new(RootName::default(), folder.path().join("gone"))).unwrap_err();
        assert!(matches!(error, IngestError::UnreadableRoot { .. }), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn links_stay_in_the_root() {
        use std::os::unix::fs::symlink;
        let outside = corpus(&["secret.md"]);
        let folder = corpus(&["a.md", "sub/b.md"]);
        symlink(outside.path().join("secret.md"), folder.path().join("out.md")).unwrap();
        symlink(folder.path().join("a.md"), folder.path().join("in.md")).unwrap();
        symlink(folder.path().join("sub"), folder.path().join("latest")).unwrap();
        symlink(folder.path().join("gone.md"), folder.path().join("dangling.md")).unwrap();
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
        assert!(walk.skipped[0].reason.contains("backslashes"), "{:?}", walk.skipped);
    }

    #[test]
    fn huge_files_are_skipped_unread() {
        let folder = corpus(&["huge.md"]);
        let file = std::fs::OpenOptions::new().write(true).open(folder.path().join("huge.md")).unwrap();
        file.set_len(MAX_FILE + 1).unwrap();
        let walk = walk(&Root::new(RootName::default(), folder.path())).unwrap();
        assert!(walk.documents.is_empty() && walk.skipped[0].reason.contains("more than 64 MB"), "{:?}", walk.skipped);
    }
}
