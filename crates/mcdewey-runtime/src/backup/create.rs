//! Makes a backup.

use std::fs;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use mcdewey_files::{atomic_file, create_private_dir};
use mcdewey_store::{copied_files, copy_library, copy_size, free_space};

use super::archive::Writer;
use super::{BackupInfo, DATA, FORMAT, MODELS};

/// What to back up, and where to.
#[derive(Debug, Clone)]
pub struct BackupRequest {
    /// The data directory of the library.
    pub data_dir: PathBuf,
    /// Files in the data directory that belong to the library besides its databases, such as keys.
    /// Those that do not exist, or are elsewhere, are left out.
    pub other_files: Vec<PathBuf>,
    /// The folder of models, if they are to be in the backup.
    pub models_dir: Option<PathBuf>,
    /// The file to write, which must not exist.
    pub file: PathBuf,
    /// No less than this many bytes stay free.
    pub min_free_bytes: u64,
}

/// Makes a backup of the live generation while other processes use the library. Blocks.
///
/// The copies of the databases, which are made beside the file, are compared with their checksums
/// before they are packed. The file appears as a whole or not at all.
///
/// # Errors
///
/// If there is no library, it is damaged, the file exists, or there is too little space.
pub fn create_backup(request: &BackupRequest) -> Result<BackupInfo> {
    let file = &request.file;
    if file.exists() {
        bail!("{} exists already; choose another name", file.display());
    }

    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    create_private_dir(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    check_space(request, folder)?;

    let mut builder = tempfile::Builder::new();
    builder.prefix(".mcdewey-backup-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    let copies = builder
        .tempdir_in(folder)
        .with_context(|| format!("cannot write to {}", folder.display()))?;
    let copied = copy_library(&request.data_dir, copies.path())?;

    let draft = atomic_file::create_temporary(file)?;
    let mut writer = Writer::new(BufWriter::new(draft.as_file().try_clone()?));
    for path in copied_files(&copied.generation) {
        writer.add(entry(DATA, &path), &copies.path().join(&path))?;
    }

    for path in other_files(request) {
        writer.add(entry(DATA, &path), &request.data_dir.join(&path))?;
    }

    if let Some(models) = &request.models_dir {
        for path in files_below(models, Path::new(""))? {
            writer.add(entry(MODELS, &path), &models.join(&path))?;
        }
    }

    let (out, info) = writer.finish(BackupInfo {
        format: FORMAT,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        created_at: unix_seconds(),
        generation: copied.generation,
        model: copied.model.map(|model| model.name),
        revision: copied.revision,
        documents: copied.documents,
        passages: copied.chunks,
        damaged: copied.damaged,
        files: Vec::new(),
    })?;
    out.into_inner()?.sync_all()?;
    draft
        .persist_noclobber(file)
        .with_context(|| format!("cannot write {}", file.display()))?;
    fs::File::open(folder)?.sync_all()?;

    Ok(info)
}

/// The copies and the packed file may take twice the size of the databases.
fn check_space(request: &BackupRequest, folder: &Path) -> Result<()> {
    let mut needed = 2 * copy_size(&request.data_dir)?;
    if let Some(models) = &request.models_dir {
        for path in files_below(models, Path::new(""))? {
            needed += fs::metadata(models.join(path))?.len();
        }
    }

    let mebibytes = |bytes: u64| bytes.div_ceil(1024 * 1024);
    match free_space(folder) {
        Some(free) if free < needed.saturating_add(request.min_free_bytes) => bail!(
            "{} has {} MiB free, and the backup may take {} MiB beside the {} MiB to keep free \
             (min_free_mb); free some space or choose another disk",
            folder.display(),
            mebibytes(free),
            mebibytes(needed),
            mebibytes(request.min_free_bytes)
        ),
        _ => Ok(()),
    }
}

/// The other files that exist, relative to the data directory.
fn other_files(request: &BackupRequest) -> Vec<PathBuf> {
    request
        .other_files
        .iter()
        .filter(|path| path.is_file())
        .filter_map(|path| path.strip_prefix(&request.data_dir).ok())
        .map(Path::to_owned)
        .collect()
}

/// The path of an entry.
fn entry(folder: &str, path: &Path) -> String {
    let mut entry = folder.to_owned();
    for part in path {
        entry.push('/');
        entry.push_str(&part.to_string_lossy());
    }

    entry
}

/// All files below a folder, in order, relative to it.
fn files_below(folder: &Path, below: &Path) -> Result<Vec<PathBuf>> {
    let mut entries: Vec<_> = fs::read_dir(folder.join(below))
        .with_context(|| format!("cannot read {}", folder.display()))?
        .collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);

    let mut files = Vec::new();
    for entry in entries {
        let path = below.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            files.extend(files_below(folder, &path)?);
        } else if kind.is_file() {
            files.push(path);
        }
    }

    Ok(files)
}

fn unix_seconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs())
}
