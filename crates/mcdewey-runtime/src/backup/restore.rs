//! Checks a backup, and makes a data directory of one.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use mcdewey_files::create_private_dir;
use mcdewey_store::check_copy;

use super::archive::Reader;
use super::{BackupInfo, DATA, MODELS};

/// Reads a whole backup: each file is compared with its checksum, and each document and vector with its
/// own. The databases are unpacked beside the backup meanwhile. Blocks.
///
/// # Errors
///
/// If anything in it is not what was written.
pub fn verify_backup(file: &Path) -> Result<BackupInfo> {
    let mut reader = Reader::open(file)?;
    let scratch = scratch_dir(parent(file))?;
    reader.copy_to(|path| {
        Ok(match below(path, DATA) {
            Some(path) => Target::File(create(&scratch.path().join(path))?),
            None => Target::Nothing,
        })
    })?;
    check_databases(scratch.path(), file)?;

    Ok(reader.info().clone())
}

/// Makes a data directory of a backup, once everything in it was found to be whole. Models that are in
/// the backup go to `models_dir`. Blocks.
///
/// # Errors
///
/// If the backup is not whole, or the data directory exists and is not empty. Nothing is changed then.
pub fn restore_backup(file: &Path, data_dir: &Path, models_dir: &Path) -> Result<BackupInfo> {
    if fs::read_dir(data_dir).is_ok_and(|mut entries| entries.next().is_some()) {
        bail!(
            "{} is not empty; choose another data directory (--data-dir), or move this one away",
            data_dir.display()
        );
    }

    let mut reader = Reader::open(file)?;
    create_private_dir(parent(data_dir))?;
    create_private_dir(models_dir)?;
    let scratch = scratch_dir(parent(data_dir))?;
    let models = scratch_dir(models_dir)?;
    let mut restored_models = Vec::new();
    reader.copy_to(|path| {
        if let Some(path) = below(path, DATA) {
            return create(&scratch.path().join(path));
        }

        match below(path, MODELS) {
            Some(path) => {
                restored_models.push(PathBuf::from(path));
                create(&models.path().join(path))
            }
            None => bail!("{path:?} is not a file of a backup; it needs a later program"),
        }
    })?;
    check_databases(scratch.path(), file)?;

    for path in restored_models {
        keep_model(&models.path().join(&path), &models_dir.join(&path))?;
    }

    // An empty folder is in the way.
    if data_dir.exists() {
        fs::remove_dir(data_dir)?;
    }
    let scratch = scratch.keep();
    fs::rename(&scratch, data_dir)
        .with_context(|| format!("cannot rename {}", scratch.display()))?;
    File::open(parent(data_dir))?.sync_all()?;

    Ok(reader.info().clone())
}

fn check_databases(scratch: &Path, file: &Path) -> Result<()> {
    check_copy(scratch)
        .map(drop)
        .with_context(|| format!("the library in {} is not whole", file.display()))
}

/// Moves a model's file to its place, unless the same file is there.
fn keep_model(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        ensure!(
            same_content(from, to)?,
            "{} exists and is another file than in the backup; choose another folder (--models-dir)",
            to.display()
        );
        return Ok(());
    }

    create_private_dir(parent(to))?;
    fs::rename(from, to).with_context(|| format!("cannot write {}", to.display()))
}

fn same_content(a: &Path, b: &Path) -> io::Result<bool> {
    Ok(fs::metadata(a)?.len() == fs::metadata(b)?.len() && fs::read(a)? == fs::read(b)?)
}

/// A folder for this user only, which is deleted unless it is kept.
fn scratch_dir(folder: &Path) -> Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".mcdewey-restore-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder
        .tempdir_in(folder)
        .with_context(|| format!("cannot write to {}", folder.display()))
}

/// The rest of a path that begins with a folder.
fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    path.strip_prefix(folder)?.strip_prefix('/')
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn create(path: &Path) -> Result<Durable> {
    create_private_dir(parent(path))?;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Durable(file))
}

/// A file that is durable once it was flushed.
struct Durable(File);

impl Write for Durable {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.sync_all()
    }
}

/// Where a file of a backup goes that is only checked.
enum Target {
    File(Durable),
    Nothing,
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.write(bytes),
            Self::Nothing => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File(file) => file.flush(),
            Self::Nothing => Ok(()),
        }
    }
}
