//! `mcdewey rollback`: switches back to an earlier generation of the index, through the running
//! server or in the record of the data directory.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use mcdewey_core::{RollbackReport, RollbackRequest};
use mcdewey_store::Generations;

use crate::cli::RollbackArgs;
use crate::engine;
use crate::owner::RunningOwner;
use crate::settings::Settings;
use crate::terminal;

pub(crate) async fn run(settings: Settings, args: RollbackArgs) -> Result<ExitCode> {
    if settings.qdrant.is_some() {
        bail!("the library is on a Qdrant server, which keeps no generations for a rollback");
    }

    let request = RollbackRequest {
        generation: args.generation,
        forward: args.forward,
    };

    let report = tokio::task::spawn_blocking(move || match RunningOwner::find(&settings)? {
        Some(owner) => owner.roll_back(&request),
        None => roll_back_locally(&settings, &request),
    })
    .await??;

    let text = if args.json {
        terminal::json(&report)?
    } else {
        format_report(&report)
    };

    terminal::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn roll_back_locally(settings: &Settings, request: &RollbackRequest) -> Result<RollbackReport> {
    if !settings.data_dir.exists() {
        bail!("there is no library in {} yet", settings.data_dir.display());
    }

    let _lock = engine::lock_data_dir(&settings.data_dir)?;
    let generations = Generations::open(&settings.data_dir, settings.min_free_bytes)?;
    let before = generations
        .live()
        .context("no generation is complete yet; run `mcdewey ingest`")?
        .generation;

    let entry = if request.forward {
        generations
            .latest()
            .context("no generation is complete yet; run `mcdewey ingest`")?
    } else {
        generations.rollback_target(request.generation.as_deref())?
    };

    generations.make_live(&entry.generation, !request.forward)?;
    let note = match request.forward {
        false => "`mcdewey rollback --forward` switches back",
        true => {
            "if the settings require another one, the next `mcdewey serve` or `mcdewey ingest` \
             builds it"
        }
    };

    Ok(RollbackReport {
        live: entry.generation,
        before,
        pinned: !request.forward,
        note: note.to_owned(),
    })
}

fn format_report(report: &RollbackReport) -> String {
    let RollbackReport {
        live,
        before,
        pinned,
        note,
    } = report;

    let pin = if *pinned { " and pinned" } else { "" };
    format!("generation {live} is live{pin} (before: {before}); {note}\n")
}
