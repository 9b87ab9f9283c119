//! `mcdewey rules suggest`: prints a proposal for a folder's `library.toml`. Changes nothing.

use std::process::ExitCode;

use anyhow::{Result, bail};
use mcdewey_ingest::{resolve_root, suggest};

use crate::cli::RulesCommand;
use crate::converters::converter;
use crate::engine_config::notify_on_stderr;
use crate::settings::Settings;
use crate::terminal;

pub(crate) async fn run(settings: Settings, command: RulesCommand) -> Result<ExitCode> {
    let RulesCommand::Suggest { folder, json } = command;
    let suggestion = tokio::task::spawn_blocking(move || {
        let roots = resolve_root(&settings.roots, folder.as_deref())?;
        let Some(root) = roots.first() else {
            bail!("no folder is configured; name one");
        };

        let converter = converter(&settings.pdfium, notify_on_stderr()).ok();
        Ok(suggest(root, converter.as_deref())?)
    })
    .await??;

    let text = if json {
        terminal::json(&suggestion)?
    } else {
        suggestion.to_toml()
    };
    terminal::print(&text)?;
    Ok(ExitCode::SUCCESS)
}
