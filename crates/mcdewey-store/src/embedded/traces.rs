//! Looks for words in every file of a data directory: shows that what was taken out has left no trace.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use mcdewey_core::{IndexError, RemovalProof};
use memchr::memmem::Finder;

/// Read at once.
const PIECE: usize = 1024 * 1024;

/// Searches all files of a folder and below for any of these words.
pub(super) fn search(folder: &Path, words: &[String]) -> Result<RemovalProof, IndexError> {
    let finders: Vec<Finder<'_>> = words
        .iter()
        .filter(|word| !word.is_empty())
        .map(Finder::new)
        .collect();

    let mut proof = RemovalProof::default();
    look_into(folder, folder, &finders, &mut proof).map_err(|error| {
        IndexError::Store(format!(
            "{} could not be searched: {error}",
            folder.display()
        ))
    })?;

    proof.found.sort_unstable();
    Ok(proof)
}

fn look_into(
    top: &Path,
    folder: &Path,
    finders: &[Finder<'_>],
    proof: &mut RemovalProof,
) -> io::Result<()> {
    for entry in folder.read_dir()? {
        let entry = entry?;
        let path = entry.path();
        let found = match entry.file_type()? {
            kind if kind.is_dir() => look_into(top, &path, finders, proof).map(|()| false),
            kind if kind.is_file() => holds(&path, finders, proof),
            _ => Ok(false),
        };

        match found {
            Ok(true) => proof.found.push(
                path.strip_prefix(top)
                    .unwrap_or(&path)
                    .display()
                    .to_string(),
            ),
            Ok(false) => {}
            // A file that was taken away meanwhile holds nothing.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }

    Ok(())
}

fn holds(path: &Path, finders: &[Finder<'_>], proof: &mut RemovalProof) -> io::Result<bool> {
    let overlap = finders
        .iter()
        .map(|finder| finder.needle().len())
        .max()
        .unwrap_or(1)
        - 1;

    let mut file = File::open(path)?;
    let mut piece = Vec::with_capacity(PIECE + overlap);
    let mut found = false;
    proof.files += 1;

    loop {
        let kept = piece.len().min(overlap);
        piece.drain(..piece.len() - kept);
        let read = file.by_ref().take(PIECE as u64).read_to_end(&mut piece)?;
        if read == 0 {
            return Ok(found);
        }
        proof.bytes += read as u64;
        found = found || finders.iter().any(|finder| finder.find(&piece).is_some());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_wherever_they_stand() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("a")).unwrap();
        let mut long = vec![b'x'; PIECE - 3];
        long.extend(b"barge::guide and more");
        std::fs::write(folder.path().join("a/long"), &long).unwrap();
        std::fs::write(folder.path().join("short"), "barge").unwrap();
        std::fs::write(folder.path().join("empty"), "").unwrap();
        let proof = search(folder.path(), &["barge::guide".to_owned(), String::new()]).unwrap();
        assert_eq!((proof.files, proof.bytes), (3, long.len() as u64 + 5));
        assert_eq!(proof.found, ["a/long"]);
        assert!(search(folder.path(), &[]).unwrap().found.is_empty());
    }
}
