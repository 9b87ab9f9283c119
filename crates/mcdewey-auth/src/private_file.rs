//! Files that only their owner may read, replaced atomically. A replaced file keeps its owner, and
//! a link stays a link: its target is replaced.

use std::io::Write;
use std::path::{Path, PathBuf};

use mcdewey_files::{atomic_file, create_private_dir};

/// How many links are followed, the same number as on Linux.
const MAX_LINKS: usize = 40;

/// Writes a file completely or not at all.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let path = &link_target(path);
    let folder = ensure_parent(path)?;
    let mut file = atomic_file::create_temporary(path)?;
    file.write_all(bytes)?;
    #[cfg(unix)]
    keep_owner(file.as_file(), path, folder)?;
    file.as_file().sync_all()?;
    file.persist(path)?;

    Ok(())
}

/// Returns the folder of a file, creating it if it is missing.
pub(crate) fn ensure_parent(path: &Path) -> std::io::Result<&Path> {
    let folder = atomic_file::parent_folder(path);
    create_private_dir(folder)?;
    Ok(folder)
}

/// Follows links to the path they name, even if nothing exists there yet.
pub(crate) fn link_target(path: &Path) -> PathBuf {
    let mut target = path.to_owned();
    for _ in 0..MAX_LINKS {
        let Ok(next) = std::fs::read_link(&target) else {
            break;
        };
        target = target.parent().unwrap_or(Path::new("")).join(next);
    }

    target
}

/// Sets the owner of a new file to that of the file it replaces, or of the folder if there is none:
/// an administrator changes files that a service has to read.
#[cfg(unix)]
fn keep_owner(file: &std::fs::File, path: &Path, folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    let Ok(replaced) = std::fs::metadata(path) else {
        let _ = copy_owner(file, &folder.metadata()?);
        return Ok(());
    };

    if let Err(error) = copy_owner(file, &replaced) {
        tracing::warn!(
            "{} belonged to user {} and group {}, which cannot be kept; a server that runs as that \
             user may be unable to read it: {error}",
            path.display(),
            replaced.uid(),
            replaced.gid()
        );
    } else if replaced.mode() & 0o044 == 0o040 {
        // A file that the group can read and others cannot was shared on purpose.
        file.set_permissions(std::fs::Permissions::from_mode(0o640))?;
    }

    Ok(())
}

/// Changes the owner and group of a file to those in `metadata`, unless they are the same.
#[cfg(unix)]
pub(crate) fn copy_owner(
    file: &std::fs::File,
    metadata: &std::fs::Metadata,
) -> std::io::Result<()> {
    use std::os::unix::fs::MetadataExt;

    let current = file.metadata()?;
    match (current.uid(), current.gid()) == (metadata.uid(), metadata.gid()) {
        true => Ok(()),
        false => std::os::unix::fs::fchown(file, Some(metadata.uid()), Some(metadata.gid())),
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn a_link_stays_a_link_and_its_target_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let (link, target) = (
            folder.path().join("keys.toml"),
            folder.path().join("shared.toml"),
        );
        std::os::unix::fs::symlink("shared.toml", &link).unwrap();

        for text in ["created", "changed"] {
            write(&link, text.as_bytes()).unwrap();
            assert_eq!(std::fs::read_to_string(&target).unwrap(), text);
            assert!(link.is_symlink());
        }
    }

    #[test]
    fn a_replaced_file_keeps_its_owner_and_group_access() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        for (mode, expected) in [
            (0o640, 0o640),
            (0o600, 0o600),
            (0o644, 0o600),
            (0o666, 0o600),
        ] {
            std::fs::write(&path, "").unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            write(&path, b"changed").unwrap();
            assert_eq!(
                std::fs::metadata(&path).unwrap().mode() & 0o777,
                expected,
                "{mode:o}"
            );
        }

        // Only root may change the owner of a file.
        if rustix::process::geteuid().is_root() {
            chown(&path, Some(1234), Some(4321)).unwrap();
            write(&path, b"changed again").unwrap();
            let metadata = std::fs::metadata(&path).unwrap();
            assert_eq!(
                (metadata.uid(), metadata.gid(), metadata.mode() & 0o777),
                (1234, 4321, 0o600)
            );

            chown(folder.path(), Some(1234), Some(4321)).unwrap();
            write(&folder.path().join("new.toml"), b"new").unwrap();
            assert_eq!(
                std::fs::metadata(folder.path().join("new.toml"))
                    .unwrap()
                    .uid(),
                1234
            );
        }
    }
}
