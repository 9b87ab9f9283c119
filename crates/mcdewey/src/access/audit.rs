//! The record of who asked for what: a line of JSON each, written by a thread of its own.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};

use anyhow::{Context, Result};
use jiff::Timestamp;
use mcdewey_query::{Audit, AuditEntry};
use serde::Serialize;

/// Entries that may wait for the disk.
const WAITING: usize = 10_000;

/// A file that entries are appended to.
pub(super) struct AuditFile {
    entries: SyncSender<(Timestamp, AuditEntry)>,
}

#[derive(Serialize)]
struct Line {
    time: Timestamp,
    #[serde(flatten)]
    entry: AuditEntry,
}

impl AuditFile {
    /// Opens the file, or makes it.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = appended(path)
            .with_context(|| format!("the audit log {} cannot be written", path.display()))?;
        if let Err(error) = make_private(&file) {
            tracing::warn!(%error, path = %path.display(), "others may be able to read the audit log; set its mode to 0600");
        }

        let lines = Lines::of(file, path);
        let (entries, waiting) = mpsc::sync_channel(WAITING);
        let path = path.to_owned();

        std::thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || write(&waiting, lines, &path))?;
        Ok(Self { entries })
    }
}

impl Audit for AuditFile {
    fn record(&self, entry: AuditEntry) {
        if let Err(TrySendError::Full((_, entry)) | TrySendError::Disconnected((_, entry))) =
            self.entries.try_send((Timestamp::now(), entry))
        {
            tracing::error!(?entry, "an entry of the audit log was not written");
        }
    }
}

fn appended(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// An audit log may lie there from an earlier version, or made by a tool, with a mode that lets others read it.
#[cfg(unix)]
fn make_private(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    let found = file.metadata()?;

    // A pipe or a terminal is somebody else's.
    if found.is_file() && found.permissions().mode() & 0o077 != 0 {
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }

    Ok(())
}

#[cfg(not(unix))]
fn make_private(_file: &File) -> std::io::Result<()> {
    Ok(())
}

/// Writes what waits.
fn write(waiting: &Receiver<(Timestamp, AuditEntry)>, mut lines: Lines, path: &Path) {
    while let Ok((time, entry)) = waiting.recv() {
        let line = Line { time, entry };
        if let Err(error) = lines.append(&line) {
            let (entry, path) = (&line.entry, path.display());
            tracing::error!(%error, %path, ?entry, "an entry of the audit log was not written");
        }
    }
}

/// A file of whole lines: whoever reads it must understand each, also after the disk was full.
struct Lines {
    file: File,
    /// Whether it ends in the middle of a line.
    is_torn: bool,
}

impl Lines {
    fn of(file: File, path: &Path) -> Self {
        Self {
            is_torn: file.metadata().is_ok_and(|found| found.is_file())
                && ends_torn(path).unwrap_or(false),
            file,
        }
    }

    /// The whole line or nothing.
    fn append(&mut self, line: &Line) -> std::io::Result<()> {
        let mut bytes = if self.is_torn {
            vec![b'\n']
        } else {
            Vec::new()
        };

        serde_json::to_writer(&mut bytes, line)?;
        bytes.push(b'\n');

        let before = self.file.metadata()?.len();
        match self.file.write_all(&bytes) {
            Ok(()) => self.is_torn = false,
            Err(error) => {
                // What cannot be taken back, of a pipe for example, gets its end before the next line.
                self.is_torn |= self.file.set_len(before).is_err();
                return Err(error);
            }
        }

        Ok(())
    }
}

/// Whether a file does not end with a line's end: a killed process or an earlier version left it so.
fn ends_torn(path: &Path) -> std::io::Result<bool> {
    let mut file = File::open(path)?;
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }

    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_lines_behind_those_that_are_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        std::fs::write(&path, "{}\n{\"time\": \"20").unwrap();
        let file = AuditFile::open(&path).unwrap();

        let entry = AuditEntry {
            caller: "portal".to_owned(),
            role: "read",
            remote: None,
            method: "GET".to_owned(),
            path: "/library".to_owned(),
            status: 200,
        };

        file.record(entry.clone());
        file.record(entry);

        let mut text = String::new();
        for _ in 0..100 {
            text = std::fs::read_to_string(&path).unwrap();
            if text.lines().count() == 4 {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }

        let last: serde_json::Value =
            serde_json::from_str(text.lines().nth(2).expect("the torn line ends")).unwrap();
        assert_eq!(
            (&last["caller"], &last["path"]),
            (&"portal".into(), &"/library".into()),
            "{text}"
        );
        assert!(last["time"].as_str().unwrap().ends_with('Z') && last.get("remote").is_none());
        assert!(AuditFile::open(Path::new("/no/such/folder/audit.jsonl")).is_err());
    }
    #[test]
    #[cfg(unix)]
    fn a_file_that_was_left_open_to_others_is_closed() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("who.log");
        std::fs::write(&path, "").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        AuditFile::open(&path).unwrap();

        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        AuditFile::open(Path::new("/dev/null")).unwrap();
    }
}
