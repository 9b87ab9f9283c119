//! Files that are written whole or not at all, by way of a draft beside them. A writer that is killed leaves its draft,
//! a copy of all the file was to hold: it is named after the file, so that it can be found and swept.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use mcdewey_store::create_private_dir;
use tempfile::NamedTempFile;

/// How the name of a draft ends; an operator's own copies have other names and stay.
const END: &str = ".draft";

/// Writes a file, for its owner's eyes only; its folder is made if it is missing.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    create_private_dir(folder_of(path))?;
    let mut draft = draft_of(path)?;
    draft.write_all(bytes)?;
    draft.as_file().sync_all()?;
    draft.persist(path)?;

    Ok(())
}

/// Takes away the drafts of a file whose writers are gone. A writer holds a lock on its draft, so this may be done at
/// any time and by any process.
pub(crate) fn sweep(path: &Path) -> io::Result<()> {
    let beginning = beginning_of(path);
    let entries = match fs::read_dir(folder_of(path)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };

    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let is_draft = name
            .to_str()
            .is_some_and(|name| name.starts_with(&beginning) && name.ends_with(END));

        if !is_draft || !entry.file_type()?.is_file() || !is_abandoned(&entry.path())? {
            continue;
        }

        match fs::remove_file(entry.path()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }

    Ok(())
}

/// A draft in the folder of its file, locked for as long as its writer lives.
pub(crate) fn draft_of(path: &Path) -> io::Result<NamedTempFile> {
    let draft = tempfile::Builder::new()
        .prefix(&beginning_of(path))
        .suffix(END)
        .tempfile_in(folder_of(path))?;

    // Where there are no locks, none can be taken by who sweeps either.
    let _ = draft.as_file().try_lock();
    Ok(draft)
}

fn is_abandoned(draft: &Path) -> io::Result<bool> {
    match File::open(draft) {
        Ok(file) => Ok(file.try_lock().is_ok()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn beginning_of(path: &Path) -> String {
    format!(
        "{}.",
        path.file_name().unwrap_or_default().to_string_lossy()
    )
}

/// The folder that a file is in.
pub(crate) fn folder_of(path: &Path) -> &Path {
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
    fn the_draft_of_a_killed_writer_is_swept_and_no_other_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        sweep(&folder.path().join("missing/keys.toml")).unwrap();
        write(&path, b"whole").unwrap();

        let beside = [
            "feedback.jsonl.a1.draft",
            "keys.toml.bak",
            "keys.tomlx.draft",
        ];

        for name in beside {
            fs::write(folder.path().join(name), "").unwrap();
        }

        let draft = draft_of(&path).unwrap();
        sweep(&path).unwrap();
        assert_eq!(
            names(folder.path()).len(),
            5,
            "a writer that lives keeps its draft"
        );

        let (file, place) = draft.into_parts();
        place.keep().unwrap();
        drop(file);
        sweep(&path).unwrap();
        let [feedback, copy, similar] = beside;
        assert_eq!(names(folder.path()), [feedback, "keys.toml", copy, similar]);
        assert_eq!(fs::read(&path).unwrap(), b"whole");
    }

    #[test]
    #[cfg(unix)]
    fn what_is_written_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/keys.toml");
        write(&path, b"x").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;

        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    }
}
