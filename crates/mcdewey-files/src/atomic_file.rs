//! Files that are written completely or not at all, through a temporary file beside them. A killed
//! writer leaves its temporary file, which may hold the whole content. It is named after the file,
//! so that it can be found and removed.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::create_private_dir;

/// The end of a temporary file's name. An operator's own copies have other names and are not
/// removed.
const SUFFIX: &str = ".draft";

/// Writes a file that only its owner can read (mode 0600), creating its folder if it is missing.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    create_private_dir(parent_folder(path))?;
    let mut file = create_temporary(path)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;

    Ok(())
}

/// Removes the temporary files of killed writers of a file. A writer holds a lock on its temporary
/// file, so this is safe at any time and from any process.
pub fn remove_abandoned(path: &Path) -> io::Result<()> {
    let prefix = name_prefix(path);
    let entries = match fs::read_dir(parent_folder(path)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };

    for entry in entries {
        let entry = entry?;
        let is_temporary = entry
            .file_name()
            .to_str()
            .is_some_and(|name| name.starts_with(&prefix) && name.ends_with(SUFFIX));

        if !is_temporary || !entry.file_type()?.is_file() || !is_abandoned(&entry.path())? {
            continue;
        }

        match fs::remove_file(entry.path()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }

    Ok(())
}

/// Creates a temporary file in the folder of `path`, which must exist, locked until it is closed.
/// For callers that have to do more than [`write()`] before they persist it.
pub fn create_temporary(path: &Path) -> io::Result<NamedTempFile> {
    let file = tempfile::Builder::new()
        .prefix(&name_prefix(path))
        .suffix(SUFFIX)
        .tempfile_in(parent_folder(path))?;

    // If the file system has no locks, `is_abandoned` cannot take one either, and removes nothing.
    let _ = file.as_file().try_lock();
    Ok(file)
}

fn is_abandoned(path: &Path) -> io::Result<bool> {
    match File::open(path) {
        Ok(file) => Ok(file.try_lock().is_ok()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn name_prefix(path: &Path) -> String {
    format!(
        "{}.",
        path.file_name().unwrap_or_default().to_string_lossy()
    )
}

/// The folder of a file, `.` for a bare name.
pub fn parent_folder(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn only_temporary_files_of_killed_writers_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        remove_abandoned(&folder.path().join("missing/keys.toml")).unwrap();
        write(&path, b"whole").unwrap();

        let others = [
            "feedback.jsonl.a1.draft",
            "keys.toml.bak",
            "keys.tomlx.draft",
        ];
        for name in others {
            fs::write(folder.path().join(name), "").unwrap();
        }

        let temporary = create_temporary(&path).unwrap();
        remove_abandoned(&path).unwrap();
        assert_eq!(
            names(folder.path()).len(),
            5,
            "a running writer keeps its temporary file"
        );

        // As if the writer had been killed: the file is closed and not deleted.
        let (file, temporary_path) = temporary.into_parts();
        temporary_path.keep().unwrap();
        drop(file);
        remove_abandoned(&path).unwrap();

        let [feedback, copy, similar] = others;
        assert_eq!(names(folder.path()), [feedback, "keys.toml", copy, similar]);
        assert_eq!(fs::read(&path).unwrap(), b"whole");
    }

    #[test]
    #[cfg(unix)]
    fn files_and_their_folders_are_private() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/keys.toml");
        write(&path, b"x").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;

        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    }
}
