//! A root's directory, held open. Every path below a root is listed, looked up and opened through this handle, one
//! component at a time, and the system is never asked to follow a link: whatever is renamed or replaced meanwhile, no
//! file outside the root can be opened.
//!
//! `openat` with `O_NOFOLLOW` for each component works on every Unix and kernel and in containers whose seccomp profile
//! does not know `openat2`. Links are resolved here, so a link to a file of the root may be relative or absolute. Hard
//! links and mounts look like files of the root to any program; they are part of it.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::refusal::Refusal;

/// Access for looking names up, which a directory may permit without permitting to list it.
#[cfg(any(target_os = "linux", target_os = "android"))]
const LOOKUP: OFlags = OFlags::PATH;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const LOOKUP: OFlags = OFlags::RDONLY;

/// How a directory below the root is opened.
const FOLDER: OFlags = LOOKUP
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// How a file is opened. A FIFO that took its place must not block us, nor a terminal become ours.
const FILE: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// As many links as Linux follows in one path.
const MAX_LINKS: usize = 40;

/// The directory of a root.
#[derive(Debug)]
pub(crate) struct RootDir {
    /// Where it was when it was opened, absolute and free of links.
    path: PathBuf,
    /// The path it was opened by, made absolute; links may be written with it.
    given: PathBuf,
    /// Folders below it that are roots of their own and no part of this one.
    apart: Vec<PathBuf>,
    handle: OwnedFd,
}

/// Which links a path may go through; none may lead out of the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Links {
    /// Only one at the end of the path: documents are not looked for in folders that are links.
    AtTheEnd,
    /// Links to folders too.
    Anywhere,
}

/// An entry of a directory.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: OsString,
    /// What it is itself; a link is not followed.
    pub(crate) kind: FileType,
}

/// What a path leads to once its links are resolved: a name in an open directory.
#[derive(Debug)]
pub(crate) struct Located {
    folder: OwnedFd,
    name: OsString,
    kind: FileType,
    through_link: bool,
    /// In bytes, when it was looked at.
    pub(crate) size: u64,
}

impl RootDir {
    /// Opens the directory at `path`, which the operator named: links in it are followed.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let given = std::path::absolute(path)?;
        let path = path.canonicalize()?;
        let handle = rustix::fs::open(&path, FOLDER, Mode::empty())?;

        Ok(Self {
            path,
            given,
            apart: Vec::new(),
            handle,
        })
    }

    /// Without these folders, absolute and free of links, as far as they lie below it.
    pub(crate) fn without(mut self, folders: &[PathBuf]) -> Self {
        let below = folders
            .iter()
            .filter_map(|folder| folder.strip_prefix(&self.path).ok());

        self.apart = below
            .filter(|folder| !folder.as_os_str().is_empty())
            .map(Path::to_owned)
            .collect();

        self
    }

    /// Whether a folder below it is a root of its own.
    pub(crate) fn is_apart(&self, folder: &Path) -> bool {
        self.apart.iter().any(|apart| apart == folder)
    }

    /// Where the directory was when it was opened, absolute and free of links. For names only: what is opened by it
    /// may be another directory by now.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What a folder holds, sorted by name. No part of `folder` may be a link.
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

            let kind = match entry.file_type() {
                FileType::Unknown => match look(&folder, name) {
                    Ok(stat) => kind(&stat),
                    Err(Errno::NOENT) => continue,
                    Err(error) => return Err(error.into()),
                },
                known => known,
            };

            entries.push(Entry {
                name: name.to_owned(),
                kind,
            });
        }

        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// The plain file that a path leads to, without opening it.
    pub(crate) fn find(&self, path: &Path, links: Links) -> Result<Located, Refusal> {
        let located = self.locate(path, links)?;
        located.check_kind()?;
        Ok(located)
    }

    /// Opens the plain file that a path leads to.
    pub(crate) fn open_file(&self, path: &Path, links: Links) -> Result<File, Refusal> {
        self.find(path, links)?.open()
    }

    /// The bytes of a plain file that has no more than `limit` of them, however it grows while it is read.
    pub(crate) fn read(&self, path: &Path, links: Links, limit: u64) -> Result<Vec<u8>, Refusal> {
        let file = self.open_file(path, links)?;
        let size = file.metadata()?.len();
        if size > limit {
            return Err(Refusal::TooLarge { limit });
        }

        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        file.take(limit + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            Err(Refusal::TooLarge { limit })
        } else {
            Ok(bytes)
        }
    }

    /// Resolves a path and its links by hand, below the root's handle.
    fn locate(&self, path: &Path, links: Links) -> Result<Located, Refusal> {
        let mut steps = steps(path).ok_or(Refusal::LeadsOut)?;
        let mut way = Way::begin(self)?;

        let mut followed = 0;
        while let Some(step) = steps.pop() {
            let Step::Into(name) = step else {
                way.up()?;
                continue;
            };

            if way.back(&name)? {
                continue;
            }

            let stat = look(&way.folder, &name).map_err(|error| match error {
                Errno::NOENT if followed > 0 => Refusal::LeadsNowhere,
                error => error.into(),
            })?;

            match kind(&stat) {
                FileType::Symlink
                    if links == Links::AtTheEnd && followed == 0 && !steps.is_empty() =>
                {
                    return Err(Refusal::BelowLink);
                }
                FileType::Symlink if followed == MAX_LINKS => return Err(Refusal::LeadsNowhere),
                FileType::Symlink => {
                    followed += 1;
                    steps.extend(way.follow(&name)?);
                }
                kind if steps.is_empty() => {
                    let (folder, through_link) = (way.folder, followed > 0);
                    let size = u64::try_from(stat.st_size).unwrap_or_default();
                    return Ok(Located {
                        folder,
                        name,
                        kind,
                        through_link,
                        size,
                    });
                }
                FileType::Directory => way.down(name)?,
                _ => return Err(Errno::NOTDIR.into()),
            }
        }

        match followed {
            _ if way.above > 0 => Err(Refusal::LeadsOut),
            0 => Err(Refusal::NotAFile),
            _ => Err(Refusal::LinkToFolder),
        }
    }

    fn folder(&self, path: &Path) -> io::Result<OwnedFd> {
        let mut folder = enter(&self.handle, OsStr::new("."))?;
        for part in path.components() {
            let Component::Normal(part) = part else {
                return Err(io::ErrorKind::InvalidInput.into());
            };
            folder = enter(&folder, part)?;
        }

        Ok(folder)
    }
}

impl Located {
    fn check_kind(&self) -> Result<(), Refusal> {
        match self.kind {
            FileType::RegularFile => Ok(()),
            FileType::Directory if self.through_link => Err(Refusal::LinkToFolder),
            _ => Err(Refusal::NotAFile),
        }
    }

    fn open(&self) -> Result<File, Refusal> {
        let file =
            rustix::fs::openat(&self.folder, &self.name, FILE, Mode::empty()).map_err(|error| {
                match error {
                    Errno::LOOP => Refusal::Replaced,
                    error => error.into(),
                }
            })?;

        let file = File::from(file);

        // Something else may have taken its place since it was looked at.
        if file.metadata()?.is_file() {
            Ok(file)
        } else {
            Err(Refusal::NotAFile)
        }
    }
}

/// A step of a path.
enum Step {
    Into(OsString),
    Up,
}

/// The steps of a relative path, the last one first; nothing for an absolute one.
fn steps(path: &Path) -> Option<Vec<Step>> {
    let step = |part| match part {
        Component::Normal(name) => Some(Some(Step::Into(name.to_owned()))),
        Component::ParentDir => Some(Some(Step::Up)),
        Component::CurDir => Some(None),
        Component::RootDir | Component::Prefix(_) => None,
    };

    let steps: Option<Vec<Option<Step>>> = path.components().map(step).collect();
    Some(steps?.into_iter().flatten().rev().collect())
}

/// How far a path has been gone: an open directory, and the names that lead to it from the root.
struct Way<'a> {
    root: &'a RootDir,
    folder: OwnedFd,
    names: PathBuf,
    /// How many levels above the root the path has gone; nothing is looked at there.
    above: usize,
}

impl<'a> Way<'a> {
    fn begin(root: &'a RootDir) -> Result<Self, Refusal> {
        Ok(Self {
            root,
            folder: root.folder(Path::new(""))?,
            names: PathBuf::new(),
            above: 0,
        })
    }

    fn down(&mut self, name: OsString) -> Result<(), Refusal> {
        self.folder = enter(&self.folder, &name).map_err(replaced)?;
        self.names.push(name);
        if self.root.is_apart(&self.names) {
            Err(Refusal::LeadsOut)
        } else {
            Ok(())
        }
    }

    /// From the root again: what `..` means to the system changes when a directory is moved.
    fn up(&mut self) -> Result<(), Refusal> {
        if self.names.pop() {
            self.folder = self.root.folder(&self.names)?;
        } else {
            self.above += 1;
        }

        Ok(())
    }

    /// From above the root only the way back is open, by the names of the root's own path; whether this was a step
    /// of it.
    fn back(&mut self, name: &OsStr) -> Result<bool, Refusal> {
        let Some(levels) = self.above.checked_sub(1) else {
            return Ok(false);
        };

        if self.root.path.iter().rev().nth(levels) != Some(name) {
            return Err(Refusal::LeadsOut);
        }

        self.above = levels;
        Ok(true)
    }

    /// The steps that a link stands for; an absolute one begins at the root again.
    fn follow(&mut self, link: &OsStr) -> Result<Vec<Step>, Refusal> {
        let target = rustix::fs::readlinkat(&self.folder, link, Vec::new()).map_err(replaced)?;
        let target = PathBuf::from(OsString::from_vec(target.into_bytes()));
        if target.is_relative() {
            return steps(&target).ok_or(Refusal::LeadsOut);
        }

        let below = [&self.root.path, &self.root.given]
            .into_iter()
            .find_map(|root| target.strip_prefix(root).ok());
        let steps = below.and_then(steps).ok_or(Refusal::LeadsOut)?;
        *self = Self::begin(self.root)?;
        Ok(steps)
    }
}

fn enter(folder: impl AsFd, name: &OsStr) -> rustix::io::Result<OwnedFd> {
    rustix::fs::openat(folder, name, FOLDER, Mode::empty())
}

fn look(folder: impl AsFd, name: &OsStr) -> rustix::io::Result<Stat> {
    rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
}

fn kind(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

/// These say that an entry is no longer what it was a moment ago.
fn replaced(error: Errno) -> Refusal {
    match error {
        Errno::LOOP | Errno::NOTDIR | Errno::INVAL => Refusal::Replaced,
        error => error.into(),
    }
}

#[cfg(test)]
mod tests;
