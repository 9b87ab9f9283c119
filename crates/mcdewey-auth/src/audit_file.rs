//! The audit log as a file: one line of JSON per request, written by a dedicated thread.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};

use jiff::Timestamp;
use serde::Serialize;

use crate::audit::{Audit, AuditEntry};
use crate::error::AccessError;

/// How many entries may wait to be written.
const QUEUE_CAPACITY: usize = 10_000;

/// A file that audit entries are appended to.
pub(crate) struct AuditFile {
    entries: SyncSender<(Timestamp, AuditEntry)>,
}

#[derive(Serialize)]
struct Line {
    time: Timestamp,
    #[serde(flatten)]
    entry: AuditEntry,
}

impl AuditFile {
    /// Opens the file, or creates it, and starts the thread that writes to it.
    pub(crate) fn open(path: &Path) -> Result<Self, AccessError> {
        let file = open_for_append(path).map_err(|source| AccessError::AuditLog {
            path: path.to_owned(),
            source,
        })?;

        if let Err(error) = make_private(&file) {
            tracing::warn!(
                %error,
                path = %path.display(),
                "other users may be able to read the audit log; set its mode to 0600"
            );
        }

        let writer = LineWriter::new(file, path);
        let (entries, queue) = mpsc::sync_channel(QUEUE_CAPACITY);
        let path = path.to_owned();

        std::thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || write_entries(&queue, writer, &path))
            .map_err(AccessError::Thread)?;

        Ok(Self { entries })
    }
}

impl Audit for AuditFile {
    fn record(&self, entry: AuditEntry) {
        if let Err(TrySendError::Full((_, entry)) | TrySendError::Disconnected((_, entry))) =
            self.entries.try_send((Timestamp::now(), entry))
        {
            tracing::error!(?entry, "an audit log entry was not written");
        }
    }
}

fn open_for_append(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Restricts an existing audit log to its owner. An earlier version or another tool may have
/// created it with a mode that lets others read it.
#[cfg(unix)]
fn make_private(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    let metadata = file.metadata()?;

    // The mode of a pipe or a terminal is not ours to change.
    if metadata.is_file() && metadata.permissions().mode() & 0o077 != 0 {
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }

    Ok(())
}

#[cfg(not(unix))]
fn make_private(_file: &File) -> std::io::Result<()> {
    Ok(())
}

/// Writes queued entries until the [`AuditFile`] is dropped.
fn write_entries(queue: &Receiver<(Timestamp, AuditEntry)>, mut writer: LineWriter, path: &Path) {
    while let Ok((time, entry)) = queue.recv() {
        let line = Line { time, entry };
        if let Err(error) = writer.append(&line) {
            let (entry, path) = (&line.entry, path.display());
            tracing::error!(%error, %path, ?entry, "an audit log entry was not written");
        }
    }
}

/// Appends whole lines, so that every line can be parsed, even after the disk was full.
struct LineWriter {
    file: File,
    /// Whether the file ends in the middle of a line.
    is_torn: bool,
}

impl LineWriter {
    fn new(file: File, path: &Path) -> Self {
        Self {
            is_torn: file.metadata().is_ok_and(|metadata| metadata.is_file())
                && has_torn_end(path).unwrap_or(false),
            file,
        }
    }

    /// Appends the whole line or nothing.
    fn append(&mut self, line: &Line) -> std::io::Result<()> {
        let mut bytes = if self.is_torn {
            vec![b'\n']
        } else {
            Vec::new()
        };

        serde_json::to_writer(&mut bytes, line)?;
        bytes.push(b'\n');

        let length_before = self.file.metadata()?.len();
        match self.file.write_all(&bytes) {
            Ok(()) => self.is_torn = false,
            Err(error) => {
                // A partial line that cannot be truncated, for example in a pipe, is ended before
                // the next one.
                self.is_torn |= self.file.set_len(length_before).is_err();
                return Err(error);
            }
        }

        Ok(())
    }
}

/// Reports whether a file does not end with a line feed, which a killed process or an earlier
/// version may have caused.
fn has_torn_end(path: &Path) -> std::io::Result<bool> {
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
    fn entries_are_appended_as_lines() {
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

        // Another thread writes and does not signal when it has written, so poll for at most five
        // seconds.
        let mut text = String::new();
        for _ in 0..100 {
            text = std::fs::read_to_string(&path).unwrap();
            if text.lines().count() == 4 {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }

        let last: serde_json::Value =
            serde_json::from_str(text.lines().nth(2).expect("the torn line is ended")).unwrap();
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
    fn an_existing_file_is_restricted_to_its_owner() {
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
