//! Finds the files of a root, always in the same order. It opens no file.

mod divided_versions;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mcdewey_core::{Format, RootName, SkippedFile, SourcePath};
use rustix::fs::FileType;

use crate::file_error::FileError;
use crate::file_state::FileState;
use crate::parse::Dialect;
use crate::read::MAX_FILE;
use crate::root_dir::{Entry, Links, Located, RootDir};
use crate::rules::LIBRARY_FILE;
use crate::{IngestError, Root, read};
use divided_versions::DividedVersions;

/// Folders with longer paths below the root, in bytes, are not walked: no program could open their
/// files by name.
const MAX_PATH: usize = 4096;

/// The files of a root.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    /// Files that can become documents.
    pub(crate) documents: Vec<FoundFile>,
    /// Files and folders that cannot be read, and why.
    pub(crate) skipped: Vec<SkippedFile>,
    /// Folders whose content is unknown, as sources: those that could not be listed, and broken
    /// links and links out of the root, which may have replaced a folder. Documents below them are
    /// kept.
    pub(crate) unlisted: Vec<String>,
    /// The folder of the root, absolute and without links.
    pub(crate) folder: Arc<str>,
    /// Folders from which this root was ingested before and which no longer exist. The root was
    /// moved, so this walk decides about their documents too.
    pub(crate) former_folders: HashSet<String>,
}

impl Walk {
    /// Reports whether a document from `folder` has lost its file if this walk did not find it.
    pub(crate) fn is_authoritative_for(&self, folder: &str) -> bool {
        *self.folder == *folder || self.former_folders.contains(folder)
    }

    /// Reports whether a file is below a folder whose content is unknown.
    pub(crate) fn may_contain(&self, source: &SourcePath) -> bool {
        self.unlisted.iter().any(|folder| source.is_below(folder))
    }
}

/// A file that can become a document.
#[derive(Debug, Clone)]
pub(crate) struct FoundFile {
    /// The root it was found in.
    pub(crate) root: RootName,
    /// The directory of that root, through which the file is read.
    pub(crate) dir: Arc<RootDir>,
    /// The source of the document.
    pub(crate) source: SourcePath,
    /// The path below the root, which rules match against.
    pub(crate) path_in_root: String,
    pub(crate) kind: FileKind,
    /// The size when it was found.
    pub(crate) bytes: u64,
    /// What the file system told of it then.
    pub(crate) state: FileState,
    /// The path below the root of the file that it was converted from.
    pub(crate) original: Option<String>,
    /// The version of its path with dots, if the path writes it without separators and folders
    /// beside it show how its digits divide.
    pub(crate) dotted_version: Option<Arc<str>>,
}

/// How a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// As it is.
    Text(Dialect),
    /// After conversion to Markdown.
    Convert(Format),
    /// JSON or YAML: converted if it is an OpenAPI description, skipped if it is anything else.
    MaybeOpenApi,
}

impl FileKind {
    /// Chooses by the extension of a file. The error is the reason to report.
    pub(crate) fn from_path(path: &str) -> Result<Self, String> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let Some((_, extension)) = name.rsplit_once('.') else {
            return Err("files without an extension are not supported".to_owned());
        };

        let extension = extension.to_lowercase();
        match extension.as_str() {
            "md" | "markdown" => Ok(Self::Text(Dialect::Markdown)),
            "mdx" => Ok(Self::Text(Dialect::Mdx)),
            "txt" | "text" => Ok(Self::Text(Dialect::Plain)),
            "json" | "yaml" | "yml" => Ok(Self::MaybeOpenApi),
            "png" | "jpg" | "jpeg" | "gif" | "webp" => {
                Err("images are stored with the pages that show them".to_owned())
            }
            other => match Format::from_extension(other) {
                Some(format) => Ok(Self::Convert(format)),
                None => Err(format!(
                    ".{other} files are not supported; convert it to Markdown, or remove it"
                )),
            },
        }
    }
}

/// Walks the folder of a root. Hidden files are left out, and so are folders that are roots of
/// their own. Ignore files such as `.gitignore` have no effect.
pub(crate) fn walk(root: &Root) -> Result<Walk, IngestError> {
    let dir = RootDir::open(&root.path).map_err(|error| root.unreadable(error))?;
    let dir = Arc::new(dir.excluding(&root.excluded));
    let walk = Walk {
        folder: dir.path().to_string_lossy().into(),
        ..Walk::default()
    };

    // An unreadable folder must be an error here. Treated as empty, it would remove all documents.
    let top = PathBuf::from(root.subfolder.as_deref().unwrap_or_default());
    let entries = dir.entries(&top).map_err(|error| root.unreadable(error))?;

    let mut walker = Walker {
        root,
        dir,
        walk,
        pending: Vec::new(),
    };

    walker.push(&top, entries);
    while let Some((path, file_type)) = walker.pending.pop() {
        if file_type.is_dir() {
            walker.visit_folder(&path);
        } else {
            walker.visit_file(&path);
        }
    }

    let mut walk = walker.walk;
    let mut versions = DividedVersions::default();
    for file in &mut walk.documents {
        file.dotted_version = versions.of_path(&file.dir, &file.path_in_root);
    }

    Ok(walk)
}

struct Walker<'a> {
    root: &'a Root,
    dir: Arc<RootDir>,
    walk: Walk,
    /// Paths below the root that are still to be visited. A stack: the next one is last.
    pending: Vec<(PathBuf, FileType)>,
}

impl Walker<'_> {
    fn push(&mut self, folder: &Path, entries: Vec<Entry>) {
        let visible = entries
            .into_iter()
            .filter(|entry| !entry.name.as_encoded_bytes().starts_with(b"."));

        self.pending.extend(
            visible
                .rev()
                .map(|entry| (folder.join(entry.name), entry.file_type)),
        );
    }

    fn visit_folder(&mut self, folder: &Path) {
        if self.dir.is_excluded(folder) {
            return;
        }

        if folder.as_os_str().len() > MAX_PATH {
            return self.skip_folder(folder, "its path is too long");
        }

        match self.dir.entries(folder) {
            Ok(entries) => self.push(folder, entries),
            Err(error) => self.skip_folder(folder, &error.to_string()),
        }
    }

    fn visit_file(&mut self, file: &Path) {
        let Some(path) = slash_separated(file) else {
            return self.skip(
                &file.display().to_string(),
                "its name is not valid Unicode; rename it",
            );
        };

        if path == LIBRARY_FILE {
            return;
        }

        let found = match self.dir.find(file, Links::FinalComponent) {
            Ok(located) => self.document(&path, &located),
            Err(error) => {
                if matches!(error, FileError::LeadsOut | FileError::BrokenLink) {
                    // The link may have replaced a folder whose documents are indexed.
                    let source = self.source(&path);
                    self.walk.unlisted.push(source);
                }
                Err(error.to_string())
            }
        };

        match found {
            Ok(found) => self.walk.documents.push(found),
            Err(reason) => self.skip(&path, &reason),
        }
    }

    fn document(&self, path: &str, located: &Located) -> Result<FoundFile, String> {
        let kind = FileKind::from_path(path)?;
        let source: SourcePath = self
            .source(path)
            .parse()
            .map_err(|error| format!("{error}; rename it"))?;

        if located.size > MAX_FILE {
            return Err(read::reason(&FileError::TooLarge { limit: MAX_FILE }));
        }

        Ok(FoundFile {
            root: self.root.name.clone(),
            dir: Arc::clone(&self.dir),
            source,
            path_in_root: path.to_owned(),
            kind,
            bytes: located.size,
            state: located.state.clone(),
            original: None,
            dotted_version: None,
        })
    }

    fn skip(&mut self, path: &str, reason: &str) {
        let path = self.source(path);
        self.walk.skipped.push(SkippedFile {
            path,
            reason: reason.to_owned(),
        });
    }

    /// Skips a folder that cannot be listed.
    fn skip_folder(&mut self, folder: &Path, reason: &str) {
        let path = slash_separated(folder).unwrap_or_default();
        self.skip(
            &path,
            &format!("it cannot be read: {reason}; documents already indexed from it are kept"),
        );

        let source = self.source(&path);
        self.walk.unlisted.push(source);
    }

    /// The source of the file or folder at a path below the root.
    fn source(&self, path: &str) -> String {
        format!("{}{path}", self.root.name.source_prefix())
    }
}

/// A path with `/` between its components, or `None` if it is not valid Unicode.
fn slash_separated(path: &Path) -> Option<String> {
    let components: Option<Vec<&str>> = path.iter().map(|component| component.to_str()).collect();
    Some(components?.join("/"))
}

#[cfg(test)]
mod tests;
