//! The directory of a root, held open. Every path below a root is listed, checked and opened
//! through this handle, one component at a time, and the system never follows a link. Whatever is
//! renamed or replaced meanwhile, no file outside the root can be opened.
//!
//! `openat` with `O_NOFOLLOW` for each component works on every Unix and kernel, and in containers
//! whose seccomp profile does not allow `openat2`. Links are resolved here, so a link to a file of
//! the root may be relative or absolute. Hard links and mounts cannot be told from files of the
//! root; they count as part of it.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::file_error::FileError;
use crate::file_state::FileState;

/// Access for resolving names, which a directory may permit without permitting to list it.
#[cfg(any(target_os = "linux", target_os = "android"))]
const LOOKUP: OFlags = OFlags::PATH;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const LOOKUP: OFlags = OFlags::RDONLY;

/// How a directory below the root is opened.
const FOLDER_FLAGS: OFlags = LOOKUP
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// How a file is opened. If a FIFO or a terminal has replaced the file, opening it must not block
/// and must not make it the controlling terminal.
const FILE_FLAGS: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// How many links one path may go through; the limit of Linux.
const MAX_LINKS: usize = 40;

/// The directory of a root.
#[derive(Debug)]
pub(crate) struct RootDir {
    /// The path when the directory was opened, absolute and without links.
    path: PathBuf,
    /// The path by which it was opened, made absolute. The targets of links may begin with it.
    given: PathBuf,
    /// Folders below it that are roots of their own and not part of this one.
    excluded: Vec<PathBuf>,
    handle: OwnedFd,
}

/// Which links a path may go through. None may lead out of the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Links {
    /// Only the final component may be a link: documents are not read through links to folders.
    FinalComponent,
    /// Any component may be a link.
    Any,
}

/// An entry of a directory.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: OsString,
    /// The type of the entry itself; a link is not followed.
    pub(crate) file_type: FileType,
}

/// A path whose links are resolved: a name in an open directory.
#[derive(Debug)]
pub(crate) struct Located {
    folder: OwnedFd,
    name: OsString,
    file_type: FileType,
    through_link: bool,
    /// The size in bytes when the path was resolved.
    pub(crate) size: u64,
    /// What the file system told of it then.
    pub(crate) state: FileState,
}

impl RootDir {
    /// Opens the directory at `path`. The operator named this path, so links in it are followed.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let given = std::path::absolute(path)?;
        let path = path.canonicalize()?;
        let handle = rustix::fs::open(&path, FOLDER_FLAGS, Mode::empty())?;

        Ok(Self {
            path,
            given,
            excluded: Vec::new(),
            handle,
        })
    }

    /// Excludes those of the `folders` that are below this directory. They must be absolute and
    /// without links.
    pub(crate) fn excluding(mut self, folders: &[PathBuf]) -> Self {
        self.excluded = folders
            .iter()
            .filter_map(|folder| folder.strip_prefix(&self.path).ok())
            .filter(|folder| !folder.as_os_str().is_empty())
            .map(Path::to_owned)
            .collect();

        self
    }

    /// Reports whether a folder, given by its path below the root, is a root of its own.
    pub(crate) fn is_excluded(&self, folder: &Path) -> bool {
        self.excluded.iter().any(|excluded| excluded == folder)
    }

    /// The path when the directory was opened, absolute and without links. For names and messages
    /// only: another directory may have this path by now.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Lists a folder, sorted by name. No component of `folder` may be a link.
    pub(crate) fn entries(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        let folder = self.folder(folder)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;

        let mut entries = Vec::new();
        for entry in Dir::new(rustix::fs::openat(&folder, c".", flags, Mode::empty())?)? {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name == "." || name == ".." {
                continue;
            }

            // Some file systems do not report the type with the entry.
            let file_type = match entry.file_type() {
                FileType::Unknown => match stat(&folder, name) {
                    Ok(stat) => file_type(&stat),
                    Err(Errno::NOENT) => continue,
                    Err(error) => return Err(error.into()),
                },
                known => known,
            };

            entries.push(Entry {
                name: name.to_owned(),
                file_type,
            });
        }

        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// Finds the regular file at a path without opening it.
    pub(crate) fn find(&self, path: &Path, links: Links) -> Result<Located, FileError> {
        let located = self.locate(path, links)?;
        located.check_type()?;
        Ok(located)
    }

    /// Opens the regular file at a path.
    pub(crate) fn open_file(&self, path: &Path, links: Links) -> Result<File, FileError> {
        self.find(path, links)?.open()
    }

    /// Reads a regular file of at most `limit` bytes. The limit holds even if the file grows while
    /// it is read.
    pub(crate) fn read(&self, path: &Path, links: Links, limit: u64) -> Result<Vec<u8>, FileError> {
        Ok(self.read_with_state(path, links, limit)?.0)
    }

    /// Reads a file as [`read`](Self::read) does. Also returns its state, or `None` if it was changed
    /// while it was read.
    pub(crate) fn read_with_state(
        &self,
        path: &Path,
        links: Links,
        limit: u64,
    ) -> Result<(Vec<u8>, Option<FileState>), FileError> {
        let mut file = self.open_file(path, links)?;
        let stat = rustix::fs::fstat(&file)?;
        let size = u64::try_from(stat.st_size).unwrap_or_default();
        if size > limit {
            return Err(FileError::TooLarge { limit });
        }

        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        (&mut file).take(limit + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            return Err(FileError::TooLarge { limit });
        }

        let state = FileState::new(&stat);
        let is_unchanged = FileState::new(&rustix::fs::fstat(&file)?) == state;
        Ok((bytes, is_unchanged.then_some(state)))
    }

    /// Resolves a path and its links, component by component, below the handle of the root.
    fn locate(&self, path: &Path, links: Links) -> Result<Located, FileError> {
        let mut steps = steps(path).ok_or(FileError::LeadsOut)?;
        let mut resolver = Resolver::new(self)?;

        let mut followed = 0;
        while let Some(step) = steps.pop() {
            let Step::Down(name) = step else {
                resolver.up()?;
                continue;
            };

            if resolver.return_towards_root(&name)? {
                continue;
            }

            let stat = stat(&resolver.folder, &name).map_err(|error| match error {
                Errno::NOENT if followed > 0 => FileError::BrokenLink,
                error => error.into(),
            })?;

            match file_type(&stat) {
                FileType::Symlink
                    if links == Links::FinalComponent && followed == 0 && !steps.is_empty() =>
                {
                    return Err(FileError::BelowLink);
                }
                FileType::Symlink if followed == MAX_LINKS => return Err(FileError::BrokenLink),
                FileType::Symlink => {
                    followed += 1;
                    steps.extend(resolver.follow(&name)?);
                }
                file_type if steps.is_empty() => {
                    return Ok(Located {
                        folder: resolver.folder,
                        name,
                        file_type,
                        through_link: followed > 0,
                        size: u64::try_from(stat.st_size).unwrap_or_default(),
                        state: FileState::new(&stat),
                    });
                }
                FileType::Directory => resolver.down(name)?,
                _ => return Err(Errno::NOTDIR.into()),
            }
        }

        // The path ends at a folder that was already open: the root, or one reached by `..`.
        match followed {
            _ if resolver.levels_above > 0 => Err(FileError::LeadsOut),
            0 => Err(FileError::NotRegular),
            _ => Err(FileError::LinkToFolder),
        }
    }

    /// Opens a folder below the root. No component of `path` may be a link.
    fn folder(&self, path: &Path) -> io::Result<OwnedFd> {
        let mut folder = open_folder(&self.handle, OsStr::new("."))?;
        for component in path.components() {
            let Component::Normal(name) = component else {
                return Err(io::ErrorKind::InvalidInput.into());
            };
            folder = open_folder(&folder, name)?;
        }

        Ok(folder)
    }
}

impl Located {
    fn check_type(&self) -> Result<(), FileError> {
        match self.file_type {
            FileType::RegularFile => Ok(()),
            FileType::Directory if self.through_link => Err(FileError::LinkToFolder),
            _ => Err(FileError::NotRegular),
        }
    }

    fn open(&self) -> Result<File, FileError> {
        let file = rustix::fs::openat(&self.folder, &self.name, FILE_FLAGS, Mode::empty())
            .map_err(|error| match error {
                Errno::LOOP => FileError::Replaced,
                error => error.into(),
            })?;
        let file = File::from(file);

        // The file may have been replaced since its type was checked.
        if file.metadata()?.is_file() {
            Ok(file)
        } else {
            Err(FileError::NotRegular)
        }
    }
}

/// A step of a path.
enum Step {
    Down(OsString),
    Up,
}

/// Splits a relative path into steps, the last one first. Returns `None` for an absolute path.
fn steps(path: &Path) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    for component in path.components().rev() {
        match component {
            Component::Normal(name) => steps.push(Step::Down(name.to_owned())),
            Component::ParentDir => steps.push(Step::Up),
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }

    Some(steps)
}

/// The state while a path is resolved: an open directory and the names that lead to it from the
/// root.
struct Resolver<'a> {
    root: &'a RootDir,
    folder: OwnedFd,
    names: PathBuf,
    /// How many levels above the root the path is. Nothing is accessed there.
    levels_above: usize,
}

impl<'a> Resolver<'a> {
    fn new(root: &'a RootDir) -> Result<Self, FileError> {
        Ok(Self {
            root,
            folder: root.folder(Path::new(""))?,
            names: PathBuf::new(),
            levels_above: 0,
        })
    }

    fn down(&mut self, name: OsString) -> Result<(), FileError> {
        self.folder = open_folder(&self.folder, &name).map_err(if_replaced)?;
        self.names.push(name);
        if self.root.is_excluded(&self.names) {
            Err(FileError::LeadsOut)
        } else {
            Ok(())
        }
    }

    /// Goes to the parent folder by walking down from the root again. Opening `..` is not safe: it
    /// leads elsewhere if the directory is moved.
    fn up(&mut self) -> Result<(), FileError> {
        if self.names.pop() {
            self.folder = self.root.folder(&self.names)?;
        } else {
            self.levels_above += 1;
        }

        Ok(())
    }

    /// Handles a step that starts above the root: only the names of the root's own path lead back.
    /// Returns `false`, and does nothing, if the path is not above the root.
    fn return_towards_root(&mut self, name: &OsStr) -> Result<bool, FileError> {
        let Some(levels_above) = self.levels_above.checked_sub(1) else {
            return Ok(false);
        };

        if self.root.path.iter().rev().nth(levels_above) != Some(name) {
            return Err(FileError::LeadsOut);
        }

        self.levels_above = levels_above;
        Ok(true)
    }

    /// Returns the steps of a link's target. An absolute target starts at the root again.
    fn follow(&mut self, link: &OsStr) -> Result<Vec<Step>, FileError> {
        let target = rustix::fs::readlinkat(&self.folder, link, Vec::new()).map_err(if_replaced)?;
        let target = PathBuf::from(OsString::from_vec(target.into_bytes()));
        if target.is_relative() {
            return steps(&target).ok_or(FileError::LeadsOut);
        }

        let steps = [&self.root.path, &self.root.given]
            .into_iter()
            .find_map(|root| target.strip_prefix(root).ok())
            .and_then(steps)
            .ok_or(FileError::LeadsOut)?;

        *self = Self::new(self.root)?;
        Ok(steps)
    }
}

fn open_folder(parent: impl AsFd, name: &OsStr) -> rustix::io::Result<OwnedFd> {
    rustix::fs::openat(parent, name, FOLDER_FLAGS, Mode::empty())
}

fn stat(folder: impl AsFd, name: &OsStr) -> rustix::io::Result<Stat> {
    rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
}

fn file_type(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

/// Maps the errors that occur when an entry has changed its type since it was checked.
fn if_replaced(error: Errno) -> FileError {
    match error {
        Errno::LOOP | Errno::NOTDIR | Errno::INVAL => FileError::Replaced,
        error => error.into(),
    }
}

#[cfg(test)]
mod tests;
