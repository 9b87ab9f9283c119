//! Locates tensors in a safetensors file.
//!
//! Only the header is parsed: the runtime maps the file and uses the weights in place.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use safetensors::Dtype;
use safetensors::tensor::Metadata;

use crate::folder::FolderError;

/// The format's own limit, in bytes. It keeps a corrupt length from allocating all memory.
const MAX_HEADER: u64 = 100_000_000;
/// Tensor name prefixes: of an encoder saved alone, and of one saved as part of a larger model.
const NAME_PREFIXES: [&str; 2] = ["", "bert."];

/// A safetensors file whose header has been parsed and agrees with the file's size.
#[derive(Debug)]
pub(crate) struct WeightsFile {
    path: PathBuf,
    header: Metadata,
    /// Offset of the first tensor's data, in bytes from the beginning of the file.
    data_start: u64,
}

/// A tensor's shape and byte range in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TensorLocation {
    pub(crate) shape: Vec<usize>,
    /// In bytes from the beginning of the file.
    pub(crate) offset: u64,
    /// In bytes.
    pub(crate) length: u64,
}

impl WeightsFile {
    /// Reads the header of a file.
    ///
    /// Symbolic links are resolved first: model hubs keep weights behind one, and the runtime reads
    /// no external weights through a link.
    pub(crate) fn open(path: &Path) -> Result<Self, FolderError> {
        let resolved = path
            .canonicalize()
            .map_err(|error| invalid(path, error.to_string()))?;
        let RawHeader {
            file_size,
            data_start,
            json,
        } = RawHeader::read(&resolved).map_err(|error| invalid(path, error.to_string()))?;
        let header: Metadata =
            serde_json::from_slice(&json).map_err(|error| invalid(path, error.to_string()))?;

        let expected = data_start + header.data_len() as u64;
        if file_size != expected {
            return Err(invalid(
                path,
                format!("it has {file_size} bytes, but its header requires {expected}"),
            ));
        }

        Ok(Self {
            path: resolved,
            header,
            data_start,
        })
    }

    /// Returns the folder of the file, links resolved.
    pub(crate) fn dir(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }

    /// Returns the file's name in [`Self::dir`].
    pub(crate) fn file_name(&self) -> Cow<'_, str> {
        self.path.file_name().unwrap_or_default().to_string_lossy()
    }

    /// Locates the fp32 tensor `name`, which must have the given shape.
    pub(crate) fn locate(
        &self,
        name: &str,
        shape: &[usize],
    ) -> Result<TensorLocation, FolderError> {
        let info = NAME_PREFIXES
            .iter()
            .find_map(|prefix| self.header.info(&format!("{prefix}{name}")))
            .ok_or_else(|| invalid(&self.path, format!("tensor {name} is missing")))?;

        if info.dtype != Dtype::F32 {
            return Err(invalid(
                &self.path,
                format!("tensor {name} is {:?}, not F32", info.dtype),
            ));
        }

        if info.shape != shape {
            return Err(invalid(
                &self.path,
                format!(
                    "tensor {name} has shape {:?}, but config.json implies {shape:?}",
                    info.shape
                ),
            ));
        }

        let (start, end) = info.data_offsets;
        Ok(TensorLocation {
            shape: shape.to_vec(),
            offset: self.data_start + start as u64,
            length: (end - start) as u64,
        })
    }

    /// Reads the fp32 tensor `name`, which must have the given shape, row by row.
    pub(crate) fn read_floats(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, FolderError> {
        self.read_tensor(&self.locate(name, shape)?).map(floats)
    }

    /// Reads one row of the fp32 matrix `name`, which must have the given shape.
    pub(crate) fn read_row(
        &self,
        name: &str,
        shape: [usize; 2],
        row: usize,
    ) -> Result<Vec<f32>, FolderError> {
        let matrix = self.locate(name, &shape)?;
        let [rows, columns] = shape;
        if row >= rows {
            return Err(invalid(
                &self.path,
                format!("tensor {name} has {rows} rows, but row {row} is needed"),
            ));
        }

        let length = (columns * size_of::<f32>()) as u64;
        let location = TensorLocation {
            shape: vec![columns],
            offset: matrix.offset + row as u64 * length,
            length,
        };

        self.read_tensor(&location).map(floats)
    }

    /// Reads the bytes of a tensor, little-endian.
    pub(crate) fn read_tensor(&self, location: &TensorLocation) -> Result<Vec<u8>, FolderError> {
        read_range(&self.path, location).map_err(|error| invalid(&self.path, error.to_string()))
    }
}

fn invalid(path: &Path, problem: String) -> FolderError {
    FolderError::Invalid {
        path: path.to_owned(),
        problem,
    }
}

/// Decodes little-endian fp32 numbers.
fn floats(bytes: Vec<u8>) -> Vec<f32> {
    bytes
        .as_chunks::<4>()
        .0
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
        .collect()
}

fn read_range(path: &Path, location: &TensorLocation) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(location.offset))?;

    let mut bytes = Vec::new();
    file.take(location.length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The header of a safetensors file before it is parsed.
struct RawHeader {
    file_size: u64,
    /// In bytes from the beginning of the file.
    data_start: u64,
    json: Vec<u8>,
}

impl RawHeader {
    fn read(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let file_size = file.metadata()?.len();

        // The file begins with the length of the header, a little-endian 64-bit integer.
        let mut length = [0; 8];
        file.read_exact(&mut length)?;
        let length = u64::from_le_bytes(length);

        if length > MAX_HEADER.min(file_size) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("its header claims to be {length} bytes long"),
            ));
        }

        let mut json = Vec::new();
        file.take(length).read_to_end(&mut json)?;
        Ok(Self {
            file_size,
            data_start: 8 + length,
            json,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Writes a file with a tensor `a` (two numbers), a matrix `m` (two rows of one number) and a
    /// tensor `bert.b`, without its last `cut` bytes.
    fn write_weights(cut: usize) -> (tempfile::TempDir, PathBuf) {
        let header = br#"{"__metadata__":{"format":"pt"},
            "a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},
            "m":{"dtype":"F32","shape":[2,1],"data_offsets":[8,16]},
            "bert.b":{"dtype":"F16","shape":[1],"data_offsets":[16,18]}}"#;
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(header);
        bytes.extend(
            [1.5f32, -2.0, 3.0, 4.0]
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
    fn a_tensor_is_located_and_read() {
        let (_dir, path) = write_weights(0);
        let weights = WeightsFile::open(&path).unwrap();
        let location = weights.locate("a", &[2]).unwrap();
        assert_eq!(location.length, 8);

        let expected: Vec<u8> = [1.5f32, -2.0]
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .collect();
        assert_eq!(weights.read_tensor(&location).unwrap(), expected);
        assert_eq!(weights.read_floats("a", &[2]).unwrap(), [1.5, -2.0]);
    }

    #[test]
    fn a_row_of_a_matrix_is_read_and_a_missing_one_reported() {
        let (_dir, path) = write_weights(0);
        let weights = WeightsFile::open(&path).unwrap();
        assert_eq!(weights.read_row("m", [2, 1], 1).unwrap(), [4.0]);

        let error = weights.read_row("m", [2, 1], 2).unwrap_err().to_string();
        assert!(error.contains("tensor m has 2 rows"), "{error}");
    }

    #[test]
    fn an_unsuitable_tensor_is_named() {
        let (_dir, path) = write_weights(0);
        let weights = WeightsFile::open(&path).unwrap();
        let message = |name, shape: &[usize]| weights.locate(name, shape).unwrap_err().to_string();

        assert!(message("c", &[2]).contains("tensor c is missing"));
        assert!(message("a", &[3]).contains("has shape [2], but config.json implies [3]"));
        assert!(message("b", &[1]).contains("tensor b is F16, not F32"));
    }

    #[test]
    fn a_truncated_file_is_an_error() {
        let (_dir, path) = write_weights(1);
        assert!(
            WeightsFile::open(&path)
                .unwrap_err()
                .to_string()
                .contains("but its header requires")
        );

        fs::write(&path, u64::MAX.to_le_bytes()).unwrap();
        assert!(
            WeightsFile::open(&path)
                .unwrap_err()
                .to_string()
                .contains("its header claims to be")
        );

        fs::write(&path, "abc").unwrap();
        assert!(WeightsFile::open(&path).is_err());
    }
}
