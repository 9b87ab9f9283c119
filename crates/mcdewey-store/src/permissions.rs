//! File permissions of a data directory: 0700 for directories and 0600 for files, both for new ones
//! and for those that an earlier version left readable to others. Documents, questions and tokens
//! are stored there unencrypted.

#[cfg(unix)]
use std::fs;
#[cfg(unix)]
use std::io;
use std::path::Path;

/// The names that this program writes in a data directory. Other files keep their mode.
#[cfg(unix)]
const OWN_NAMES: [&str; 10] = [
    "generations",
    "embeddings.sqlite",
    "lock",
    "owner",
    "feedback.jsonl",
    "keys.toml",
    "access-state.toml",
    "audit.jsonl",
    "qdrant",
    ".writable",
];

/// Makes all files and directories that this process creates from now on inaccessible to the group
/// and to others. The vector engine and SQLite set no mode of their own, so only the process's
/// umask affects their files.
pub fn create_private_files() {
    #[cfg(unix)]
    {
        use rustix::fs::Mode;
        rustix::process::umask(Mode::RWXG | Mode::RWXO);
    }
}

/// Removes the permissions that an earlier version gave to the group and to others: from this
/// program's files, and from the directory itself if it holds nothing else. A directory with other
/// files may be shared because of them.
///
/// Errors are only logged: the program also works in another user's directory and on a file system
/// without modes.
#[cfg(unix)]
pub fn make_private(data: &Path) {
    let Ok(metadata) = fs::metadata(data) else {
        return;
    };

    let Ok(entries) = fs::read_dir(data) else {
        return;
    };

    let (own, others): (Vec<_>, Vec<_>) = entries
        .flatten()
        .partition(|entry| is_own(&entry.file_name()));
    let mut changes = ModeChanges::default();
    if !own.is_empty() && others.is_empty() && is_dedicated(data, &metadata) {
        changes.restrict(data, &metadata);
    }

    for entry in own {
        changes.restrict_recursively(&entry.path());
    }

    if changes.count > 0 {
        tracing::info!(
            dir = %data.display(),
            entries = changes.count,
            "removed the permissions of the group and of others"
        );
    }

    if let Some((path, error)) = changes.first_error {
        tracing::warn!(
            path = %path.display(),
            %error,
            "cannot change the mode, and others may be able to read this; set it to 0600 \
             (directories: 0700)"
        );
    }
}

/// Other systems have no file modes.
#[cfg(not(unix))]
pub fn make_private(_data: &Path) {}

/// Reports whether a name is one of [`OWN_NAMES`], or one of them with a suffix: drafts, SQLite's
/// side files, rotated logs.
#[cfg(unix)]
fn is_own(name: &std::ffi::OsStr) -> bool {
    OWN_NAMES.iter().any(|own| {
        let suffix = name.as_encoded_bytes().strip_prefix(own.as_bytes());
        suffix.is_some_and(|suffix| matches!(suffix.first(), None | Some(b'.' | b'-')))
    })
}

/// Reports whether restricting a directory affects nothing but a library. The file system's root, a
/// home directory and a shared temporary directory keep their modes; only this program's files in
/// them are restricted.
#[cfg(unix)]
fn is_dedicated(data: &Path, metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    const STICKY: u32 = 0o1000;
    let resolved = data.canonicalize().unwrap_or_else(|_| data.to_owned());
    let home = std::env::var_os("HOME").and_then(|home| Path::new(&home).canonicalize().ok());
    resolved.parent().is_some() && Some(resolved) != home && metadata.mode() & STICKY == 0
}

/// How many modes were changed, and the first that could not be.
#[cfg(unix)]
#[derive(Default)]
struct ModeChanges {
    count: u64,
    first_error: Option<(std::path::PathBuf, io::Error)>,
}

#[cfg(unix)]
impl ModeChanges {
    /// Restricts a file, or a directory with everything in it. Does not follow links.
    fn restrict_recursively(&mut self, path: &Path) {
        // A file may be deleted meanwhile.
        let Ok(metadata) = fs::symlink_metadata(path) else {
            return;
        };

        if metadata.is_symlink() {
            return;
        }

        self.restrict(path, &metadata);
        if metadata.is_dir() {
            for entry in fs::read_dir(path).into_iter().flatten().flatten() {
                self.restrict_recursively(&entry.path());
            }
        }
    }

    fn restrict(&mut self, path: &Path, metadata: &fs::Metadata) {
        use std::os::unix::fs::PermissionsExt;

        let mode = metadata.permissions().mode() & 0o7777;
        if mode & 0o077 == 0 {
            return;
        }

        match fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o700)) {
            Ok(()) => self.count += 1,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                self.first_error.get_or_insert((path.to_owned(), error));
            }
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn files_that_an_earlier_version_left_readable_are_restricted() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        fs::create_dir_all(data.join("generations/g/shard-1")).unwrap();

        let files = [
            "lock",
            "embeddings.sqlite-wal",
            "generations/g/shard-1/page",
            "audit.jsonl",
            "access-state.toml",
        ];

        for name in files {
            fs::write(data.join(name), "x").unwrap();
            set_mode(&data.join(name), 0o644);
        }

        for folder in ["", "generations", "generations/g", "generations/g/shard-1"] {
            set_mode(&data.join(folder), 0o755);
        }

        let outside = dir.path().join("outside");
        fs::write(&outside, "x").unwrap();
        set_mode(&outside, 0o644);
        std::os::unix::fs::symlink(&outside, data.join("generations/link")).unwrap();
        make_private(&data);

        for folder in ["", "generations", "generations/g", "generations/g/shard-1"] {
            assert_eq!(mode(&data.join(folder)), 0o700, "{folder}");
        }

        for file in files {
            assert_eq!(mode(&data.join(file)), 0o600, "{file}");
        }

        assert_eq!(mode(&outside), 0o644, "a file outside");
        make_private(&dir.path().join("missing"));
    }

    #[test]
    fn a_directory_with_other_files_keeps_its_mode() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        fs::create_dir(&data).unwrap();
        set_mode(&data, 0o755);
        make_private(&data);
        assert_eq!(mode(&data), 0o755, "an empty directory");

        for other in ["index.html", "locksmith", "generations2"] {
            fs::write(data.join(other), "x").unwrap();
            set_mode(&data.join(other), 0o644);
            make_private(&data);
            drop(crate::OwnerLock::acquire(&data).unwrap());
            make_private(&data);

            assert_eq!(
                (mode(&data), mode(&data.join(other))),
                (0o755, 0o644),
                "{other}"
            );

            fs::remove_file(data.join(other)).unwrap();
            fs::remove_file(data.join("lock")).unwrap();
        }

        drop(crate::OwnerLock::acquire(&data).unwrap());
        assert_eq!(
            (mode(&data), mode(&data.join("lock"))),
            (0o700, 0o600),
            "now it holds only a library"
        );
    }

    #[test]
    fn a_shared_directory_keeps_its_mode_and_own_files_in_it_are_restricted() {
        let dir = tempfile::tempdir().unwrap();
        set_mode(dir.path(), 0o1777);
        fs::write(dir.path().join("keys.toml"), "x").unwrap();
        set_mode(&dir.path().join("keys.toml"), 0o640);
        make_private(dir.path());

        assert_eq!(
            (mode(dir.path()), mode(&dir.path().join("keys.toml"))),
            (0o1777, 0o600)
        );
    }
}
