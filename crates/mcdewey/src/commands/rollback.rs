//! `mcdewey rollback`: lets an earlier generation of the index answer again, through the running server or in the record
//! of the data directory.

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

    let work = move || match RunningOwner::find(&settings)? {
        Some(owner) => owner.roll_back(&request),
        None => roll_back_here(&settings, &request),
    };
    let report = tokio::task::spawn_blocking(work).await??;
    let text = if args.json {
        terminal::json(&report)?
    } else {
        written(&report)
    };

    terminal::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn roll_back_here(settings: &Settings, request: &RollbackRequest) -> Result<RollbackReport> {
    if !settings.data_dir.exists() {
        bail!("there is no library in {} yet", settings.data_dir.display());
    }

    let _lock = engine::own(&settings.data_dir)?;
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
        generations.earlier(request.generation.as_deref())?
    };

    generations.make_live(&entry.generation, !request.forward)?;
    let note = match request.forward {
        false => "`mcdewey rollback --forward` goes back",
        true => {
            "the next `mcdewey serve` or `mcdewey ingest` builds what the settings ask for, if it is another one"
        }
    };

    Ok(RollbackReport {
        live: entry.generation,
        before,
        pinned: !request.forward,
        note: note.to_owned(),
    })
}

fn written(report: &RollbackReport) -> String {
    let RollbackReport {
        live,
        before,
        pinned,
        note,
    } = report;

    let pin = if *pinned { " and is pinned" } else { "" };
    format!("generation {live} answers{pin} (before: {before}); {note}\n")
}
