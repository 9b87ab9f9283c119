//! File permissions of a data directory: 0700 for directories and 0600 for files, for new ones and for those that an
//! earlier version left readable to others. Documents, questions and tokens lie there in the clear.

use std::fs::{self, DirBuilder};
use std::io;
use std::path::Path;

/// Names in a data directory that this program writes. What an operator puts beside them keeps its mode.
#[cfg(unix)]
const OURS: [&str; 10] = [
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

/// From now on, files and directories made by this process are closed to the group and to others. The vector engine and
/// SQLite choose no mode of their own, so only the process's mask reaches what they make.
pub fn create_private_files() {
    #[cfg(unix)]
    {
        use rustix::fs::Mode;
        rustix::process::umask(Mode::RWXG | Mode::RWXO);
    }
}

/// Makes a directory, and those above it that are missing, for this user only.
pub fn create_private_dir(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Takes from the group and from others what an earlier version gave them: all that is ours, and the directory itself
/// where it holds nothing else. A directory with other things in it may be shared for their sake. What cannot be changed
/// is logged: a directory of another user, or a file system without modes, is no reason not to work.
#[cfg(unix)]
pub fn make_private(data: &Path) {
    let Ok(found) = fs::metadata(data) else {
        return;
    };

    let Ok(entries) = fs::read_dir(data) else {
        return;
    };

    let (ours, others): (Vec<_>, Vec<_>) = entries
        .flatten()
        .partition(|entry| is_ours(&entry.file_name()));
    let mut tally = Tally::default();
    if !ours.is_empty() && others.is_empty() && is_a_directory_of_its_own(data, &found) {
        tally.tighten(data, &found);
    }

    for entry in ours {
        tally.tighten_below(&entry.path());
    }

    if tally.changed > 0 {
        tracing::info!(dir = %data.display(), entries = tally.changed, "closed to the group and to others");
    }

    if let Some((path, error)) = tally.refused {
        tracing::warn!(
            path = %path.display(), %error,
            "others may be able to read this; its mode cannot be changed, so set it to 0600 (directories: 0700) yourself"
        );
    }
}

/// Other systems have no modes.
#[cfg(not(unix))]
pub fn make_private(_data: &Path) {}

/// One of our names, or one with an addition: drafts, SQLite's side files, rotated logs.
#[cfg(unix)]
fn is_ours(name: &std::ffi::OsStr) -> bool {
    OURS.iter().any(|ours| {
        let rest = name.as_encoded_bytes().strip_prefix(ours.as_bytes());
        rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'.' | b'-')))
    })
}

/// Whether closing a directory closes nothing but a library: the root, a home and a shared temporary directory stay as
/// they are, and only what we keep in them is closed.
#[cfg(unix)]
fn is_a_directory_of_its_own(data: &Path, found: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    const STICKY: u32 = 0o1000;
    let resolved = data.canonicalize().unwrap_or_else(|_| data.to_owned());
    let home = std::env::var_os("HOME").and_then(|home| Path::new(&home).canonicalize().ok());
    resolved.parent().is_some() && Some(resolved) != home && found.mode() & STICKY == 0
}

/// What was changed, and the first thing that could not be.
#[cfg(unix)]
#[derive(Default)]
struct Tally {
    changed: u64,
    refused: Option<(std::path::PathBuf, io::Error)>,
}

#[cfg(unix)]
impl Tally {
    /// A file, or a directory with all that is in it. Links are not followed.
    fn tighten_below(&mut self, path: &Path) {
        // What goes meanwhile needs no mode.
        let Ok(found) = fs::symlink_metadata(path) else {
            return;
        };

        if found.is_symlink() {
            return;
        }

        self.tighten(path, &found);
        if found.is_dir() {
            for entry in fs::read_dir(path).into_iter().flatten().flatten() {
                self.tighten_below(&entry.path());
            }
        }
    }

    fn tighten(&mut self, path: &Path, found: &fs::Metadata) {
        use std::os::unix::fs::PermissionsExt;

        let mode = found.permissions().mode() & 0o7777;
        if mode & 0o077 == 0 {
            return;
        }

        match fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o700)) {
            Ok(()) => self.changed += 1,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                self.refused.get_or_insert((path.to_owned(), error));
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

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_an_earlier_version_left_open_is_closed() {
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
            set(&data.join(name), 0o644);
        }

        for folder in ["", "generations", "generations/g", "generations/g/shard-1"] {
            set(&data.join(folder), 0o755);
        }

        let outside = dir.path().join("outside");
        fs::write(&outside, "x").unwrap();
        set(&outside, 0o644);
        std::os::unix::fs::symlink(&outside, data.join("generations/link")).unwrap();
        make_private(&data);

        for folder in ["", "generations", "generations/g", "generations/g/shard-1"] {
            assert_eq!(mode(&data.join(folder)), 0o700, "{folder}");
        }

        for file in files {
            assert_eq!(mode(&data.join(file)), 0o600, "{file}");
        }

        assert_eq!(mode(&outside), 0o644, "not ours");
        make_private(&dir.path().join("missing"));
    }

    #[test]
    fn a_directory_that_is_not_only_a_library_stays_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        fs::create_dir(&data).unwrap();
        set(&data, 0o755);
        make_private(&data);
        assert_eq!(mode(&data), 0o755, "an empty one");

        for other in ["index.html", "locksmith", "generations2"] {
            fs::write(data.join(other), "x").unwrap();
            set(&data.join(other), 0o644);
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
            "now it is a library's"
        );
    }

    #[test]
    fn a_shared_directory_stays_open_and_what_is_ours_in_it_does_not() {
        let dir = tempfile::tempdir().unwrap();
        set(dir.path(), 0o1777);
        fs::write(dir.path().join("keys.toml"), "x").unwrap();
        set(&dir.path().join("keys.toml"), 0o640);
        make_private(dir.path());

        assert_eq!(
            (mode(dir.path()), mode(&dir.path().join("keys.toml"))),
            (0o1777, 0o600)
        );
    }

    #[test]
    fn new_directories_are_closed() {
        let dir = tempfile::tempdir().unwrap();
        create_private_dir(&dir.path().join("a/b")).unwrap();
        assert_eq!(
            (mode(&dir.path().join("a")), mode(&dir.path().join("a/b"))),
            (0o700, 0o700)
        );
    }
}
