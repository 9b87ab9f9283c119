//! Checksums of files. The vector engine's files are mostly holes, which are skipped without being
//! read; a hole and zeros have the same checksum.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use mcdewey_core::ContentHash;
use serde::{Deserialize, Serialize};

/// Bytes that are hashed at a time.
const BLOCK: usize = 64 * 1024;

/// The length and the checksum of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::embedded) struct FileSum {
    pub(in crate::embedded) bytes: u64,
    sum: ContentHash,
}

impl FileSum {
    /// Reads a file. The bytes in the ranges `ignored`, all of them in its first block, count as zeros.
    pub(in crate::embedded) fn of(path: &Path, ignored: &[Range<usize>]) -> io::Result<Self> {
        let file = File::open(path)?;
        let bytes = file.metadata()?.len();
        let mut blocks = Blocks {
            file,
            bytes,
            next: 0,
            ignored,
            failure: None,
        };

        let sum = ContentHash::of_parts(blocks.by_ref());
        match blocks.failure {
            Some(error) => Err(error),
            None => Ok(Self { bytes, sum }),
        }
    }
}

/// The blocks of a file that are not all zeros, each preceded by its position.
struct Blocks<'a> {
    file: File,
    bytes: u64,
    next: u64,
    ignored: &'a [Range<usize>],
    failure: Option<io::Error>,
}

impl Blocks<'_> {
    /// Returns the next block that is not all zeros.
    fn read_next(&mut self) -> io::Result<Option<Vec<u8>>> {
        while let Some(start) = self.next_data()? {
            let length = (self.bytes - start).min(BLOCK as u64) as usize;
            let mut block = Vec::with_capacity(size_of::<u64>() + length);
            block.extend(start.to_le_bytes());
            self.file.seek(SeekFrom::Start(start))?;
            self.file
                .by_ref()
                .take(length as u64)
                .read_to_end(&mut block)?;
            self.next = start + BLOCK as u64;

            let data = &mut block[size_of::<u64>()..];
            if data.len() < length {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }

            if start == 0 {
                for range in self.ignored {
                    let end = range.end.min(data.len());
                    data[range.start.min(end)..end].fill(0);
                }
            }

            if data.iter().any(|byte| *byte != 0) {
                return Ok(Some(block));
            }
        }

        Ok(None)
    }

    /// The position of the next block that is not a hole, as far as the file system tells.
    fn next_data(&self) -> io::Result<Option<u64>> {
        if self.next >= self.bytes {
            return Ok(None);
        }

        #[cfg(target_os = "linux")]
        match rustix::fs::seek(&self.file, rustix::fs::SeekFrom::Data(self.next)) {
            Ok(data) => return Ok(Some(self.next.max(data - data % BLOCK as u64))),
            // Only holes follow.
            Err(rustix::io::Errno::NXIO) => return Ok(None),
            // The file system has no holes.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::OPNOTSUPP) => {}
            Err(error) => return Err(error.into()),
        }

        Ok(Some(self.next))
    }
}

impl Iterator for Blocks<'_> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        self.read_next().unwrap_or_else(|error| {
            self.failure = Some(error);
            None
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::*;

    fn sum(path: &Path) -> FileSum {
        FileSum::of(path, &[]).unwrap()
    }

    #[test]
    fn every_byte_and_the_length_count_but_not_how_zeros_are_stored() {
        let dir = tempfile::tempdir().unwrap();
        let (holes, zeros) = (dir.path().join("holes"), dir.path().join("zeros"));
        let mut content = vec![0; 5 * BLOCK + 100];
        content[3 * BLOCK + 7] = 1;
        fs::write(&zeros, &content).unwrap();

        let mut file = File::create(&holes).unwrap();
        file.seek(SeekFrom::Start(3 * BLOCK as u64 + 7)).unwrap();
        file.write_all(&[1]).unwrap();
        file.set_len(content.len() as u64).unwrap();
        let expected = sum(&zeros);
        assert_eq!(sum(&holes), expected);

        for position in [0, 3 * BLOCK + 7, 3 * BLOCK + 8, content.len() - 1] {
            let mut changed = content.clone();
            changed[position] ^= 0x10;
            fs::write(&zeros, &changed).unwrap();
            assert_ne!(sum(&zeros), expected, "byte {position}");
        }

        // The same byte elsewhere.
        content.swap(3 * BLOCK + 7, 4 * BLOCK + 7);
        fs::write(&zeros, &content).unwrap();
        assert_ne!(sum(&zeros), expected);

        file.set_len(content.len() as u64 + 1).unwrap();
        assert_ne!(sum(&holes), expected, "another length");
    }

    #[test]
    fn ignored_bytes_do_not_count() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        fs::write(&path, b"abcdef").unwrap();
        let before = FileSum::of(&path, &[2..4, 90..99]).unwrap();

        fs::write(&path, b"abXYef").unwrap();
        assert_eq!(FileSum::of(&path, &[2..4, 90..99]).unwrap(), before);
        fs::write(&path, b"abXYeF").unwrap();
        assert_ne!(FileSum::of(&path, &[2..4, 90..99]).unwrap(), before);
    }
}
