//! The ZIP file of a backup.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, Write};
use std::path::{Component, Path};

use anyhow::{Context, Result, bail, ensure};
use mcdewey_core::ContentHash;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::{BackedUpFile, BackupInfo, FORMAT};

/// The entry that describes the backup; the last one.
const INFO: &str = "backup.json";

/// The longest description that is read, in bytes.
const MAX_INFO: u64 = 64 * 1024 * 1024;

/// Bytes that are copied at a time.
const BLOCK: usize = 256 * 1024;

/// Writes a backup.
pub(super) struct Writer<W: Write + Seek> {
    zip: ZipWriter<W>,
    files: Vec<BackedUpFile>,
}

impl<W: Write + Seek> Writer<W> {
    pub(super) fn new(file: W) -> Self {
        Self {
            zip: ZipWriter::new(file),
            files: Vec::new(),
        }
    }

    /// Adds a file under this path.
    pub(super) fn add(&mut self, path: String, from: &Path) -> Result<()> {
        let mut file =
            File::open(from).with_context(|| format!("cannot read {}", from.display()))?;
        self.zip.start_file(&*path, options())?;
        let mut reader = Hashed::new(&mut file);
        io::copy(&mut reader, &mut self.zip)
            .with_context(|| format!("cannot copy {}", from.display()))?;
        let (bytes, blake3) = reader.finish();
        self.files.push(BackedUpFile {
            path,
            bytes,
            blake3,
        });

        Ok(())
    }

    /// Adds the description and completes the file.
    pub(super) fn finish(mut self, info: BackupInfo) -> Result<(W, BackupInfo)> {
        let info = BackupInfo {
            format: FORMAT,
            files: self.files,
            ..info
        };
        self.zip.start_file(INFO, options())?;
        serde_json::to_writer_pretty(&mut self.zip, &info)?;
        Ok((self.zip.finish()?, info))
    }
}

fn options() -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .large_file(true)
        .unix_permissions(0o600)
}

/// Reads a backup.
pub(super) struct Reader {
    zip: ZipArchive<BufReader<File>>,
    info: BackupInfo,
}

impl Reader {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        let read = || -> Result<Self> {
            let mut zip = ZipArchive::new(BufReader::new(file))?;
            let info = read_info(&mut zip)?;
            Ok(Self { zip, info })
        };
        read().with_context(|| format!("{} is not a whole backup", path.display()))
    }

    pub(super) fn info(&self) -> &BackupInfo {
        &self.info
    }

    /// Reads each file to its end, and writes it to what `target` returns for its path. Errs at the
    /// first file that is not what was written.
    pub(super) fn copy_to<W: Write>(
        &mut self,
        mut target: impl FnMut(&str) -> Result<W>,
    ) -> Result<()> {
        for file in &self.info.files {
            ensure!(
                is_plain(&file.path),
                "{:?} is not a path of a backup",
                file.path
            );
            let mut out = target(&file.path)?;
            let entry = self
                .zip
                .by_name(&file.path)
                .with_context(|| format!("{} is missing in the backup", file.path))?;

            // No more is read than the file has, so a damaged entry cannot fill the disk.
            let mut reader = Hashed::new(entry.take(file.bytes + 1));
            io::copy(&mut reader, &mut out)
                .with_context(|| format!("{} cannot be read from the backup", file.path))?;
            out.flush()?;
            ensure!(
                reader.finish() == (file.bytes, file.blake3.clone()),
                "{} in the backup is damaged: it does not fit its checksum",
                file.path
            );
        }

        Ok(())
    }
}

fn read_info(zip: &mut ZipArchive<BufReader<File>>) -> Result<BackupInfo> {
    let entry = zip.by_name(INFO)?;
    let info: BackupInfo = serde_json::from_reader(BufReader::new(entry.take(MAX_INFO)))?;
    if info.format > FORMAT {
        bail!(
            "a later version of the program ({}) made it; use that version",
            info.program
        );
    }

    Ok(info)
}

/// Whether a path stays below the folder it is joined to.
fn is_plain(path: &str) -> bool {
    !path.is_empty()
        && Path::new(path)
            .components()
            .all(|part| matches!(part, Component::Normal(_)))
}

/// Hashes what is read, in blocks.
struct Hashed<R> {
    reader: R,
    blocks: Vec<ContentHash>,
    block: Vec<u8>,
    bytes: u64,
}

impl<R: Read> Hashed<R> {
    fn new(reader: R) -> Self {
        Self {
            reader,
            blocks: Vec::new(),
            block: Vec::with_capacity(BLOCK),
            bytes: 0,
        }
    }

    /// The number of bytes and their checksum: the hash of the hashes of their blocks.
    fn finish(mut self) -> (u64, String) {
        self.end_block();
        let sum = ContentHash::of_parts(self.blocks.iter().map(ContentHash::as_bytes));
        (self.bytes, sum.to_string())
    }

    fn end_block(&mut self) {
        if !self.block.is_empty() {
            self.blocks.push(ContentHash::of(&self.block));
            self.block.clear();
        }
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = buffer.len().min(BLOCK - self.block.len());
        let read = self.reader.read(&mut buffer[..room])?;
        self.block.extend_from_slice(&buffer[..read]);
        self.bytes += read as u64;
        if self.block.len() == BLOCK {
            self.end_block();
        }

        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_does_not_depend_on_how_much_is_read_at_a_time() {
        let content: Vec<u8> = (0..3 * BLOCK + 17).map(|byte| byte as u8).collect();
        let sum = |at_a_time: usize| {
            let mut reader = Hashed::new(content.as_slice());
            let mut buffer = vec![0; at_a_time];
            while reader.read(&mut buffer).unwrap() > 0 {}
            reader.finish()
        };
        assert_eq!(sum(1000), sum(BLOCK));
        assert_eq!(sum(7), sum(10 * BLOCK));
        assert_eq!(sum(7).0, content.len() as u64);
    }

    #[test]
    fn paths_that_lead_out_are_refused() {
        for path in ["", "/etc/passwd", "data/../../x", "../x", "./x"] {
            assert!(!is_plain(path), "{path}");
        }
        assert!(is_plain("data/generations/a/catalogue.sqlite"));
    }
}
