//! `mcdewey remove SOURCE…`: permanently removes documents from all generations, through the
//! running server or by itself, and reports whether anything of them is left.

use std::fmt::Write;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use mcdewey_core::{Erase, RemovalReport, RemovalRequest, SourcePath};
use mcdewey_store::Generations;

use crate::cli::RemoveArgs;
use crate::engine::{self, Engine};
use crate::feedback::FeedbackFile;
use crate::generation_manager::GenerationManager;
use crate::owner::RunningOwner;
use crate::settings::Settings;
use crate::{removal, terminal};

pub(crate) async fn run(settings: Settings, args: RemoveArgs) -> Result<ExitCode> {
    let sources: Vec<SourcePath> = args
        .source
        .iter()
        .map(|source| source.parse())
        .collect::<Result<_, _>>()
        .context("a source is not valid")?;

    let request = RemovalRequest {
        sources,
        force: args.force,
    };

    let report = match remove_through_owner(&settings, &request).await? {
        Some(report) => report,
        None => remove_locally(&settings, &request).await?,
    };

    let text = if args.json {
        terminal::json(&report)?
    } else {
        format_report(&report)
    };
    terminal::print(&text)?;

    let nothing_left = report
        .proof
        .as_ref()
        .is_none_or(|proof| proof.found.is_empty());

    Ok(if nothing_left {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Returns `None` if no server is running.
async fn remove_through_owner(
    settings: &Settings,
    request: &RemovalRequest,
) -> Result<Option<RemovalReport>> {
    let (settings, request) = (settings.clone(), request.clone());
    tokio::task::spawn_blocking(move || match RunningOwner::find(&settings)? {
        Some(owner) => owner.remove(&request).map(Some),
        None => Ok(None),
    })
    .await?
}

/// Starts no model for a data directory, because a removal there needs none.
async fn remove_locally(settings: &Settings, request: &RemovalRequest) -> Result<RemovalReport> {
    let feedback = Arc::new(FeedbackFile::in_data_dir(&settings.data_dir));
    if settings.qdrant.is_some() {
        let engine = Engine::open(&Settings {
            rerank: None,
            ..settings.clone()
        })
        .await?;

        return Ok(
            GenerationManager::new(&engine, settings.roots.clone(), feedback)
                .erase(request.clone())
                .await?,
        );
    }

    if !settings.data_dir.exists() {
        bail!("there is no library in {} yet", settings.data_dir.display());
    }

    removal::check_files_gone(&settings.roots, request)?;
    let _lock = engine::lock_data_dir(&settings.data_dir)?;
    let generations = Arc::new(Generations::open(
        &settings.data_dir,
        settings.min_free_bytes,
    )?);

    Ok(removal::erase(&generations, &feedback, &request.sources).await?)
}

fn format_report(report: &RemovalReport) -> String {
    let mut out = String::new();
    for removal in &report.generations {
        let _ = match &removal.discarded {
            Some(reason) => writeln!(
                out,
                "generation {} was deleted as a whole: {reason}",
                removal.generation
            ),
            None => writeln!(
                out,
                "generation {}: {} documents removed",
                removal.generation, removal.documents
            ),
        };
    }

    if report.judgments > 0 {
        let _ = writeln!(
            out,
            "feedback: {} judgments on them deleted or shortened",
            report.judgments
        );
    }

    if let Some(proof) = &report.proof {
        let (files, megabytes) = (proof.files, proof.bytes as f64 / 1e6);
        let _ = match proof.found.as_slice() {
            [] => writeln!(
                out,
                "searched {files} files ({megabytes:.1} MB): nothing of them is left"
            ),
            found => writeln!(
                out,
                "searched {files} files ({megabytes:.1} MB): still named in {}",
                found.join(", ")
            ),
        };
    }

    out
}
