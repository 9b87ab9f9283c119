//! The ledger of a generation: what its files and documents must be.
//!
//! A text file of lines, each a checksum and a JSON value. It begins with a seal and the documents at
//! that time; the lines after them are the changes since. Changes are written after they are durable in
//! the catalogue and are not flushed, so after a power failure the ledger may know less than the
//! catalogue, but never more. It is read up to the first line that does not fit its checksum.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use mcdewey_core::{ContentHash, Revision, RootName, SourcePath};
use serde::{Deserialize, Serialize};

use super::file_sum::FileSum;
use crate::embedded::durable;

/// The version of the format. A ledger of another version is ignored.
const FORMAT: u32 = 1;

/// Hexadecimal digits of a line's checksum.
const DIGITS: usize = 16;

/// The longest line that is read, in bytes.
const MAX_LINE: u64 = 16 * 1024 * 1024;

/// The files of a generation at a moment when nothing was being written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::embedded) struct Seal {
    format: u32,
    pub(in crate::embedded) revision: u64,
    /// The number of the shard.
    pub(in crate::embedded) shard: u64,
    pub(in crate::embedded) catalogue: FileSum,
    pub(in crate::embedded) embeddings: FileSum,
    /// The files of the shard, by their path in its folder.
    pub(in crate::embedded) shard_files: BTreeMap<String, FileSum>,
    /// The descriptions of the roots, as JSON.
    descriptions: BTreeMap<String, String>,
    /// The number of lines with documents that follow.
    documents: usize,
}

/// A document that the catalogue must have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::embedded) struct LedgerDocument {
    pub(in crate::embedded) source: SourcePath,
    pub(in crate::embedded) root: RootName,
    pub(in crate::embedded) folder: String,
    pub(in crate::embedded) sum: ContentHash,
}

/// A change that is durable in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::embedded) enum Change {
    Committed(LedgerDocument),
    Removed(SourcePath),
    /// A root got another description.
    Described {
        root: String,
        description: String,
    },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// The first line of a ledger of a generation that was empty.
    Started,
    Sealed(Seal),
    Document(LedgerDocument),
    /// Files are about to change.
    Opened,
    Changed {
        revision: u64,
        change: Change,
    },
    /// A file was found damaged.
    Suspect,
}

/// What a ledger says.
#[derive(Debug, Default)]
pub(in crate::embedded) struct LedgerContents {
    /// Whether it is known which documents the catalogue must have.
    pub(in crate::embedded) is_known: bool,
    /// The last seal; `None` if nothing can be told about the files.
    pub(in crate::embedded) seal: Option<Seal>,
    /// Whether nothing was changed after the seal.
    pub(in crate::embedded) is_sealed: bool,
    /// Whether a file was found damaged while it was in use.
    pub(in crate::embedded) is_suspect: bool,
    /// The catalogue must have this revision or a later one.
    pub(in crate::embedded) revision: u64,
    /// The documents at that revision.
    pub(in crate::embedded) documents: BTreeMap<SourcePath, LedgerDocument>,
    /// The descriptions of the roots at that revision, as JSON.
    pub(in crate::embedded) descriptions: BTreeMap<String, String>,
}

impl LedgerContents {
    /// Reads a ledger. One that is missing or damaged from the beginning says nothing.
    pub(in crate::embedded) fn read(path: &Path) -> Self {
        let Ok(file) = File::open(path) else {
            return Self::default();
        };

        let mut lines = Lines(BufReader::new(file));
        Self::from_lines(&mut lines).unwrap_or_default()
    }

    fn from_lines(lines: &mut Lines) -> Option<Self> {
        let mut contents = match lines.next()? {
            Line::Started => Self::default(),
            Line::Sealed(seal) if seal.format == FORMAT => Self::from_seal(seal, lines)?,
            _ => return None,
        };

        contents.is_known = true;
        for line in lines {
            match line {
                Line::Opened => {}
                Line::Suspect => contents.is_suspect = true,
                Line::Changed { revision, change } => {
                    contents.revision = revision;
                    match change {
                        Change::Committed(document) => contents.put(document),
                        Change::Removed(source) => {
                            contents.documents.remove(&source);
                        }
                        Change::Described { root, description } => {
                            contents.descriptions.insert(root, description);
                        }
                    }
                }
                Line::Started | Line::Sealed(_) | Line::Document(_) => break,
            }
        }

        Some(contents)
    }

    fn from_seal(seal: Seal, lines: &mut Lines) -> Option<Self> {
        let mut contents = Self {
            revision: seal.revision,
            descriptions: seal.descriptions.clone(),
            ..Self::default()
        };
        for _ in 0..seal.documents {
            let Some(Line::Document(document)) = lines.next() else {
                return None;
            };
            contents.put(document);
        }

        contents.seal = Some(seal);
        contents.is_sealed = lines.is_at_end();
        Some(contents)
    }

    fn put(&mut self, document: LedgerDocument) {
        self.documents.insert(document.source.clone(), document);
    }
}

/// The lines of a file up to the first that is damaged.
struct Lines(BufReader<File>);

impl Lines {
    fn is_at_end(&mut self) -> bool {
        self.0.fill_buf().is_ok_and(<[u8]>::is_empty)
    }
}

impl Iterator for Lines {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        let mut text = String::new();
        self.0
            .by_ref()
            .take(MAX_LINE)
            .read_line(&mut text)
            .ok()
            .filter(|read| *read > 0)?;
        let (sum, json) = text.strip_suffix('\n')?.split_once(' ')?;
        (sum == checksum(json)).then_some(())?;
        serde_json::from_str(json).ok()
    }
}

fn checksum(json: &str) -> String {
    ContentHash::of(json).short(DIGITS)
}

fn encode(line: &Line) -> io::Result<String> {
    let json = serde_json::to_string(line)?;
    Ok(format!("{} {json}\n", checksum(&json)))
}

/// Writes the ledger of a generation.
///
/// A ledger that cannot be written is left as it is and reported in the log: it then knows less than
/// the catalogue, which makes the next start check more, and never makes it lose anything.
#[derive(Debug)]
pub(in crate::embedded) struct Ledger {
    path: PathBuf,
    /// Open while there are changes since the seal.
    file: Option<File>,
}

impl Ledger {
    pub(in crate::embedded) fn new(path: PathBuf) -> Self {
        Self { path, file: None }
    }

    /// Whether files may have changed since the seal.
    pub(in crate::embedded) fn is_open(&self) -> bool {
        self.file.is_some()
    }

    /// Begins the ledger of a generation that is empty.
    pub(in crate::embedded) fn start(&mut self) {
        let started = encode(&Line::Started)
            .and_then(|line| durable::write_atomically(&self.path, line.as_bytes()));
        if let Err(error) = started {
            self.not_written(&error);
        }
    }

    /// Records that files are about to change.
    pub(in crate::embedded) fn open(&mut self) {
        if self.file.is_some() {
            return;
        }

        let opened = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&self.path)
            .and_then(|mut file| {
                file.write_all(encode(&Line::Opened)?.as_bytes())?;
                file.sync_data()?;
                Ok(file)
            });
        match opened {
            Ok(file) => self.file = Some(file),
            Err(error) => self.not_written(&error),
        }
    }

    /// Records that a file was found damaged, so that the next start checks all of them.
    pub(in crate::embedded) fn suspect(&mut self) {
        self.append([Line::Suspect]);
        if let Some(Err(error)) = self.file.as_ref().map(File::sync_data) {
            self.not_written(&error);
        }
    }

    /// Records changes that are durable in the catalogue.
    pub(in crate::embedded) fn record(&mut self, revision: Revision, changes: Vec<Change>) {
        let revision = revision.0;
        self.append(
            changes
                .into_iter()
                .map(|change| Line::Changed { revision, change }),
        );
    }

    fn append(&mut self, lines: impl IntoIterator<Item = Line>) {
        self.open();
        let Some(file) = &mut self.file else {
            return;
        };

        let text: io::Result<String> = lines.into_iter().map(|line| encode(&line)).collect();
        if let Err(error) = text.and_then(|text| file.write_all(text.as_bytes())) {
            self.not_written(&error);
        }
    }

    /// Replaces the ledger by a seal with these documents.
    pub(super) fn seal(&mut self, seal: Seal, documents: Vec<LedgerDocument>) -> io::Result<()> {
        let mut text = encode(&Line::Sealed(Seal {
            format: FORMAT,
            documents: documents.len(),
            ..seal
        }))?;
        for document in documents {
            text.push_str(&encode(&Line::Document(document))?);
        }

        durable::write_atomically(&self.path, text.as_bytes())?;
        self.file = None;
        Ok(())
    }

    /// Deletes the ledger, because it may name documents that were erased.
    pub(in crate::embedded) fn erase(&mut self) -> io::Result<()> {
        self.file = None;
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => durable::sync_parent(&self.path),
        }
    }

    fn not_written(&self, error: &io::Error) {
        tracing::debug!(path = %self.path.display(), %error, "the ledger cannot be written");
    }
}

impl Seal {
    pub(super) fn new(
        revision: u64,
        shard: u64,
        [catalogue, embeddings]: [FileSum; 2],
        shard_files: BTreeMap<String, FileSum>,
        descriptions: BTreeMap<String, String>,
    ) -> Self {
        Self {
            format: FORMAT,
            revision,
            shard,
            catalogue,
            embeddings,
            shard_files,
            descriptions,
            documents: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(name: &str, text: &str) -> LedgerDocument {
        LedgerDocument {
            source: name.parse().unwrap(),
            root: RootName::default(),
            folder: "corpus".to_owned(),
            sum: ContentHash::of(text),
        }
    }

    /// A ledger with a seal of two documents, and two changes after it.
    fn changed_ledger(dir: &Path) -> PathBuf {
        let path = dir.join("ledger");
        fs::write(dir.join("a"), "a").unwrap();
        let sum = FileSum::of(&dir.join("a"), &[]).unwrap();
        let mut ledger = Ledger::new(path.clone());
        let seal = Seal::new(7, 1, [sum, sum], BTreeMap::new(), BTreeMap::new());
        let documents = vec![document("a.md", "1"), document("b.md", "1")];
        ledger.seal(seal, documents).unwrap();
        assert!(LedgerContents::read(&path).is_sealed);

        ledger.open();
        assert!(!LedgerContents::read(&path).is_sealed);
        ledger.record(Revision(8), vec![Change::Committed(document("a.md", "2"))]);
        ledger.record(Revision(9), vec![Change::Removed("b.md".parse().unwrap())]);
        path
    }

    #[test]
    fn changes_after_the_seal_are_added_to_it() {
        let dir = tempfile::tempdir().unwrap();
        let contents = LedgerContents::read(&changed_ledger(dir.path()));
        assert_eq!(contents.revision, 9);
        let documents: Vec<_> = contents.documents.into_values().collect();
        assert_eq!(documents, [document("a.md", "2")]);
    }

    #[test]
    fn a_ledger_is_believed_up_to_its_first_damaged_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = changed_ledger(dir.path());
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for (damaged, expected) in [(0, 0), (2, 0), (3, 7), (4, 7), (5, 8)] {
            let mut lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
            lines[damaged] = lines[damaged].replacen(':', ";", 1);
            if damaged == 3 {
                lines[damaged].push('x');
            }
            fs::write(&path, lines.join("\n") + "\n").unwrap();

            let contents = LedgerContents::read(&path);
            assert_eq!(contents.revision, expected, "line {damaged}");
            assert_eq!(contents.seal.is_some(), expected > 0);
            assert!(!contents.is_sealed);
        }
    }
}
