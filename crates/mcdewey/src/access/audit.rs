//! The record of who asked for what: a line of JSON each, written by a thread of its own.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
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
        let file = appended(path).with_context(|| format!("the audit log {} cannot be written", path.display()))?;
        let (entries, waiting) = mpsc::sync_channel(WAITING);
        let path = path.to_owned();
        std::thread::Builder::new().name("audit".to_owned()).spawn(move || write(&waiting, file, &path))?;
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

/// Writes what waits, and flushes whenever nothing does.
fn write(waiting: &Receiver<(Timestamp, AuditEntry)>, file: File, path: &Path) {
    let mut file = BufWriter::new(file);
    while let Ok(first) = waiting.recv() {
        let mut next = Some(first);
        while let Some((time, entry)) = next {
            if let Err(error) = line(&mut file, &Line { time, entry }) {
                tracing::error!(%error, path = %path.display(), "the audit log cannot be written");
            }
            next = waiting.try_recv().ok();
        }
        if let Err(error) = file.flush() {
            tracing::error!(%error, path = %path.display(), "the audit log cannot be written");
        }
    }
}

fn line(to: &mut impl Write, line: &Line) -> std::io::Result<()> {
    serde_json::to_writer(&mut *to, line)?;
    to.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_lines_behind_those_that_are_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        std::fs::write(&path, "{}\n").unwrap();
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
            if text.lines().count() == 3 {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        let last: serde_json::Value = serde_json::from_str(text.lines().nth(2).unwrap()).unwrap();
        assert_eq!((&last["caller"], &last["path"]), (&"portal".into(), &"/library".into()), "{text}");
        assert!(last["time"].as_str().unwrap().ends_with('Z') && last.get("remote").is_none());
        assert!(AuditFile::open(Path::new("/no/such/folder/audit.jsonl")).is_err());
    }
}
