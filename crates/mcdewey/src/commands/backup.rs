//! `mcdewey backup FILE`, `mcdewey verify FILE` and `mcdewey restore FILE`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};
use mcdewey_core::format_utc;
use mcdewey_runtime::{BackupInfo, create_backup, restore_backup, verify_backup};

use crate::backup;
use crate::cli::{BackupArgs, BackupFileArgs};
use crate::settings::Settings;
use crate::terminal;

/// Makes a backup. Works beside a running server, which it need not know of.
pub(crate) async fn run(settings: Settings, args: BackupArgs) -> Result<ExitCode> {
    if settings.qdrant.is_some() {
        bail!(
            "the library is on a Qdrant server; back it up with the server's snapshots \
             (docs/server.md)"
        );
    }

    let request = backup::request(&settings, args.file.clone(), args.with_models);
    let info = blocking(move || create_backup(&request)).await?;
    print(&info, args.json, "made", &args.file)
}

pub(crate) async fn verify(args: BackupFileArgs) -> Result<ExitCode> {
    let file = args.file.clone();
    let info = blocking(move || verify_backup(&file)).await?;
    print(&info, args.json, "whole:", &args.file)
}

pub(crate) async fn restore(settings: Settings, args: BackupFileArgs) -> Result<ExitCode> {
    let file = args.file.clone();
    let (data_dir, models_dir): (PathBuf, PathBuf) = (settings.data_dir, settings.model.cache_dir);
    let target = data_dir.clone();
    let info = blocking(move || restore_backup(&file, &data_dir, &models_dir)).await?;
    print(&info, args.json, "restored", &target)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await?
}

fn print(info: &BackupInfo, json: bool, done: &str, path: &Path) -> Result<ExitCode> {
    let text = if json {
        terminal::json(info)?
    } else {
        format_info(info, done, path)
    };
    terminal::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn format_info(info: &BackupInfo, done: &str, path: &Path) -> String {
    let model = info.model.as_deref().unwrap_or("an unknown model");
    let models = if info.has_models() {
        "with the models"
    } else {
        "without the models"
    };
    let damaged = match info.damaged {
        0 => String::new(),
        damaged => format!(
            "\n{damaged} documents are not in it: they were damaged and have not been read again"
        ),
    };
    format!(
        "{done} {}\n{} documents, {} passages, embedded with {model}; revision {}, {}\n\
         {} files, {:.1} MB before they were compressed, {models}{damaged}\n",
        path.display(),
        info.documents,
        info.passages,
        info.revision,
        format_utc(info.created_at),
        info.file_count(),
        info.bytes() as f64 / 1e6,
    )
}
