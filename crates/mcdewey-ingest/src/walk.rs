//! Finds the files of a root, in the same order every time. It opens none of them.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mcdewey_core::{Format, RootName, SkippedFile, SourcePath};

use crate::markdown::Dialect;
use crate::read::MAX_FILE;
use crate::refusal::Refusal;
use crate::root_dir::{Entry, Links, RootDir};
use crate::rules::LIBRARY_FILE;
use crate::{IngestError, Root, read};

/// Longer paths below a root are not walked; no program could open them by name.
const MAX_PATH: usize = 4096;

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
    /// That root's directory, through which the file is read.
    pub(crate) dir: Arc<RootDir>,
    /// The document's name.
    pub(crate) source: SourcePath,
    /// Its path below the root, which rules look at.
    pub(crate) path_in_root: String,
    /// How to understand it.
    pub(crate) reading: Reading,
    /// Its size when it was found.
    pub(crate) bytes: u64,
    /// The path below the root of the file beside it that it was converted from.
    pub(crate) original: Option<String>,
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
    let dir = RootDir::open(&root.path).map_err(|error| root.unreadable(error))?;
    let dir = Arc::new(dir.without(&root.apart));
    let walk = Walk {
        folder: dir.path().to_string_lossy().into(),
        ..Walk::default()
    };
    let top = PathBuf::from(root.below.as_deref().unwrap_or_default());

    // An unreadable folder must be an error here: as an empty one it would empty the library.
    let entries = dir.entries(&top).map_err(|error| root.unreadable(error))?;
    let mut walker = Walker {
        root,
        dir,
        walk,
        waiting: Vec::new(),
    };

    walker.look_at(&top, entries);
    while let Some((path, kind)) = walker.waiting.pop() {
        if kind.is_dir() {
            walker.open(&path);
        } else {
            walker.take(&path);
        }
    }

    Ok(walker.walk)
}

struct Walker<'a> {
    root: &'a Root,
    dir: Arc<RootDir>,
    walk: Walk,
    /// What is still to be looked at, the next one last; paths below the root.
    waiting: Vec<(PathBuf, rustix::fs::FileType)>,
}

impl Walker<'_> {
    fn look_at(&mut self, folder: &Path, entries: Vec<Entry>) {
        let shown = entries
            .into_iter()
            .filter(|entry| !entry.name.as_encoded_bytes().starts_with(b"."));

        self.waiting.extend(
            shown
                .rev()
                .map(|entry| (folder.join(entry.name), entry.kind)),
        );
    }

    fn open(&mut self, folder: &Path) {
        if self.dir.is_apart(folder) {
            return;
        }

        if folder.as_os_str().len() > MAX_PATH {
            return self.blocked(folder, "its path is too long");
        }

        match self.dir.entries(folder) {
            Ok(entries) => self.look_at(folder, entries),
            Err(error) => self.blocked(folder, &error.to_string()),
        }
    }

    fn take(&mut self, file: &Path) {
        let Some(path) = below(file) else {
            return self.skip(
                &file.display().to_string(),
                "its name is not valid Unicode; rename it",
            );
        };

        if path == LIBRARY_FILE {
            return;
        }

        let found = match self.dir.find(file, Links::AtTheEnd) {
            Ok(located) => self.document(&path, located.size),
            Err(refusal) => {
                if matches!(refusal, Refusal::LeadsOut | Refusal::LeadsNowhere) {
                    // It may stand for a folder that was here before; what is in it now is unknown.
                    self.walk
                        .unseen
                        .push(format!("{}{path}", self.root.name.source_prefix()));
                }
                Err(refusal.to_string())
            }
        };

        match found {
            Ok(found) => self.walk.documents.push(found),
            Err(reason) => self.skip(&path, &reason),
        }
    }

    fn document(&self, path: &str, bytes: u64) -> Result<FoundFile, String> {
        let reading = reading(path)?;
        let source: SourcePath = format!("{}{path}", self.root.name.source_prefix())
            .parse()
            .map_err(|error| format!("{error}; rename it"))?;

        if bytes > MAX_FILE {
            return Err(read::reason(&Refusal::TooLarge { limit: MAX_FILE }));
        }

        let (root, dir, path_in_root) = (
            self.root.name.clone(),
            Arc::clone(&self.dir),
            path.to_owned(),
        );

        Ok(FoundFile {
            root,
            dir,
            source,
            path_in_root,
            reading,
            bytes,
            original: None,
        })
    }

    fn skip(&mut self, path: &str, reason: &str) {
        let path = format!("{}{path}", self.root.name.source_prefix());
        self.walk.skipped.push(SkippedFile {
            path,
            reason: reason.to_owned(),
        });
    }

    /// A folder that the system would not show.
    fn blocked(&mut self, folder: &Path, reason: &str) {
        let path = below(folder).unwrap_or_default();
        self.skip(
            &path,
            &format!("it cannot be read: {reason}; what the library holds of it is kept"),
        );

        self.walk
            .unseen
            .push(format!("{}{path}", self.root.name.source_prefix()));
    }
}

/// A path below the root with `/` between its parts.
fn below(path: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = path.iter().map(|part| part.to_str()).collect();
    Some(parts?.join("/"))
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
            None => Err(format!(
                "there is no reader for .{other}; convert it to Markdown, or take it away"
            )),
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
        assert_eq!(
            sources(&walk),
            ["a.txt", "b/a.MDX", "b/z.md", "e.yaml", "m.PDF"]
        );
        assert_eq!(
            reasons(&walk),
            [
                (
                    "LICENSE",
                    "there is no reader for files without an extension"
                ),
                (
                    "b/library.toml",
                    "there is no reader for .toml; convert it to Markdown, or take it away"
                ),
                (
                    "c.exe",
                    "there is no reader for .exe; convert it to Markdown, or take it away"
                ),
                (
                    "i.png",
                    "it is an image, which is kept with the pages that show it"
                ),
            ]
        );
    }

    #[test]
    fn a_part_of_a_named_root_keeps_its_full_names() {
        let folder = corpus(&["x/a.md", "y/b.md"]);
        let root = Root {
            below: Some("x".to_owned()),
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

    #[cfg(unix)]
    #[test]
    fn links_stay_in_the_root() {
        use std::os::unix::fs::symlink;

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
    fn huge_files_are_skipped_unread() {
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
}
