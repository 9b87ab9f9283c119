//! Where each tensor lies in a safetensors file.
//!
//! Only the header is read: the runtime maps the file and takes the weights from where they are.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use safetensors::Dtype;
use safetensors::tensor::Metadata;

use crate::folder::FolderError;

/// The format's own limit, which keeps a broken length from allocating everything.
const MAX_HEADER: u64 = 100_000_000;
/// Names as the encoder alone and as a larger model around it write them.
const PREFIXES: [&str; 2] = ["", "bert."];

/// A safetensors file whose header has been read and agrees with its size.
#[derive(Debug)]
pub(crate) struct Tensors {
    path: PathBuf,
    header: Metadata,
    /// Where the data begins.
    start: u64,
}

/// A tensor's place in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Location {
    pub(crate) shape: Vec<usize>,
    /// From the beginning of the file, in bytes.
    pub(crate) offset: u64,
    pub(crate) length: u64,
}

impl Tensors {
    /// Reads the header of a file. Links are followed first: model hubs keep weights behind one, and the runtime reads
    /// no weights that a link leads it to.
    pub(crate) fn open(path: &Path) -> Result<Self, FolderError> {
        let invalid = |problem: String| FolderError::Invalid {
            path: path.to_owned(),
            problem,
        };

        let path = &path
            .canonicalize()
            .map_err(|error| invalid(error.to_string()))?;
        let (start, size, header) =
            read_header(path).map_err(|error| invalid(error.to_string()))?;
        let header: Metadata =
            serde_json::from_slice(&header).map_err(|error| invalid(error.to_string()))?;

        let expected = start + header.data_len() as u64;
        if size != expected {
            return Err(invalid(format!(
                "it has {size} bytes where its header promises {expected}"
            )));
        }

        Ok(Self {
            path: path.to_owned(),
            header,
            start,
        })
    }

    /// The folder that the file really lies in.
    pub(crate) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }

    /// The file's name in [`Self::folder`].
    pub(crate) fn file_name(&self) -> Cow<'_, str> {
        self.path.file_name().unwrap_or_default().to_string_lossy()
    }

    /// The place of the fp32 tensor `name` of a shape.
    pub(crate) fn locate(&self, name: &str, shape: &[usize]) -> Result<Location, FolderError> {
        let info = PREFIXES
            .iter()
            .find_map(|prefix| self.header.info(&format!("{prefix}{name}")));
        let info = info.ok_or_else(|| self.invalid(format!("tensor {name} is missing")))?;
        if info.dtype != Dtype::F32 {
            return Err(self.invalid(format!("tensor {name} is {:?}, not F32", info.dtype)));
        }

        if info.shape != shape {
            let problem = format!(
                "tensor {name} has shape {:?} where config.json implies {shape:?}",
                info.shape
            );
            return Err(self.invalid(problem));
        }

        let (from, to) = info.data_offsets;
        Ok(Location {
            shape: shape.to_vec(),
            offset: self.start + from as u64,
            length: (to - from) as u64,
        })
    }

    /// The bytes of a tensor, little-endian.
    pub(crate) fn bytes(&self, location: &Location) -> Result<Vec<u8>, FolderError> {
        let read = || -> io::Result<Vec<u8>> {
            let mut file = File::open(&self.path)?;
            file.seek(SeekFrom::Start(location.offset))?;
            let mut bytes = Vec::new();
            file.take(location.length).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        read().map_err(|error| self.invalid(error.to_string()))
    }

    fn invalid(&self, problem: String) -> FolderError {
        FolderError::Invalid {
            path: self.path.clone(),
            problem,
        }
    }
}

/// Where the data begins, the file's size, and the header's bytes.
fn read_header(path: &Path) -> io::Result<(u64, u64, Vec<u8>)> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    let mut length = [0; 8];
    file.read_exact(&mut length)?;

    let length = u64::from_le_bytes(length);
    if length > MAX_HEADER.min(size) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("its header would be {length} bytes long"),
        ));
    }

    let mut header = Vec::new();
    file.take(length).read_to_end(&mut header)?;
    Ok((8 + length, size, header))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A file with one tensor `a` (two numbers) and one `bert.b`, of which `cut` bytes are missing at the end.
    fn file(cut: usize) -> (tempfile::TempDir, PathBuf) {
        let header = br#"{"__metadata__":{"format":"pt"},
            "a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},
            "bert.b":{"dtype":"F16","shape":[1],"data_offsets":[8,10]}}"#;
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(header);

        bytes.extend(
            [1.5f32, -2.0]
                .iter()
                .flat_map(|number| number.to_le_bytes()),
        );

        bytes.extend([0, 0]);
        bytes.truncate(bytes.len() - cut);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("model.safetensors");
        fs::write(&path, bytes).unwrap();

        (dir, path)
    }

    #[test]
    fn a_tensor_is_found_where_it_lies() {
        let (_dir, path) = file(0);
        let tensors = Tensors::open(&path).unwrap();
        let location = tensors.locate("a", &[2]).unwrap();
        assert_eq!(location.length, 8);

        let expected: Vec<u8> = [1.5f32, -2.0]
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .collect();

        assert_eq!(tensors.bytes(&location).unwrap(), expected);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let (_dir, path) = file(0);
        let tensors = Tensors::open(&path).unwrap();
        let message = |name, shape: &[usize]| tensors.locate(name, shape).unwrap_err().to_string();
        assert!(message("c", &[2]).contains("tensor c is missing"));
        assert!(message("a", &[3]).contains("has shape [2] where config.json implies [3]"));
        assert!(message("b", &[1]).contains("tensor b is F16, not F32"));
    }

    #[test]
    fn a_broken_off_file_is_noticed() {
        let (_dir, path) = file(1);
        assert!(
            Tensors::open(&path)
                .unwrap_err()
                .to_string()
                .contains("where its header promises")
        );

        fs::write(&path, u64::MAX.to_le_bytes()).unwrap();
        assert!(
            Tensors::open(&path)
                .unwrap_err()
                .to_string()
                .contains("its header would be")
        );

        fs::write(&path, "abc").unwrap();
        assert!(Tensors::open(&path).is_err());
    }
}
