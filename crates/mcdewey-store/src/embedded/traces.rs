//! Searches every file of a data directory for names, as proof that a removal left no trace.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use mcdewey_core::{IndexError, RemovalProof};
use memchr::memmem::Finder;

/// Bytes read at a time.
const BLOCK_SIZE: usize = 1024 * 1024;

/// Searches all files below a folder for any of these names. Ignores empty names.
pub(super) fn search(folder: &Path, names: &[String]) -> Result<RemovalProof, IndexError> {
    let finders: Vec<Finder<'_>> = names
        .iter()
        .filter(|name| !name.is_empty())
        .map(Finder::new)
        .collect();

    let mut proof = RemovalProof::default();
    search_folder(folder, folder, &finders, &mut proof).map_err(|error| {
        IndexError::Store(format!("cannot search {}: {error}", folder.display()))
    })?;

    proof.found.sort_unstable();
    Ok(proof)
}

fn search_folder(
    top: &Path,
    folder: &Path,
    finders: &[Finder<'_>],
    proof: &mut RemovalProof,
) -> io::Result<()> {
    for entry in folder.read_dir()? {
        let entry = entry?;
        let path = entry.path();
        let found = match entry.file_type()? {
            kind if kind.is_dir() => search_folder(top, &path, finders, proof).map(|()| false),
            kind if kind.is_file() => contains_any(&path, finders, proof),
            _ => Ok(false),
        };

        match found {
            Ok(true) => {
                let relative = path.strip_prefix(top).unwrap_or(&path);
                proof.found.push(relative.display().to_string());
            }
            Ok(false) => {}
            // A file that has been deleted in the meantime holds nothing.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }

    Ok(())
}

/// Reports whether a file contains any of the names, and adds it to the counts of the proof. Reads
/// the file to its end in either case, because the proof states how many bytes were searched.
fn contains_any(path: &Path, finders: &[Finder<'_>], proof: &mut RemovalProof) -> io::Result<bool> {
    // The end of each block is searched again with the next one, for names that span two blocks.
    let overlap = finders
        .iter()
        .map(|finder| finder.needle().len())
        .max()
        .unwrap_or(1)
        - 1;

    let mut file = File::open(path)?;
    let mut block = Vec::with_capacity(BLOCK_SIZE + overlap);
    let mut found = false;
    proof.files += 1;

    loop {
        let kept = block.len().min(overlap);
        block.drain(..block.len() - kept);

        let read = file
            .by_ref()
            .take(BLOCK_SIZE as u64)
            .read_to_end(&mut block)?;
        if read == 0 {
            return Ok(found);
        }

        proof.bytes += read as u64;
        found = found || finders.iter().any(|finder| finder.find(&block).is_some());
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn names_are_found_across_folders_and_block_boundaries() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("a")).unwrap();
        let mut long = vec![b'x'; BLOCK_SIZE - 3];
        long.extend(b"barge::guide and more");
        fs::write(folder.path().join("a/long"), &long).unwrap();
        fs::write(folder.path().join("short"), "barge").unwrap();
        fs::write(folder.path().join("empty"), "").unwrap();

        let proof = search(folder.path(), &["barge::guide".to_owned(), String::new()]).unwrap();
        assert_eq!((proof.files, proof.bytes), (3, long.len() as u64 + 5));
        assert_eq!(proof.found, ["a/long"]);
        assert!(search(folder.path(), &[]).unwrap().found.is_empty());
    }
}
