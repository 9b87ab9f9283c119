//! `mcdewey rollback`: switches back to an earlier generation of the index, through the running
//! server or in the record of the data directory.

use std::process::ExitCode;

use anyhow::{Result, bail};
use mcdewey_core::{RollbackReport, RollbackRequest};
use mcdewey_runtime::{OfflineLibrary, OwnerClient, RestRequest};

use crate::cli::RollbackArgs;
use crate::engine_config::location;
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

    let report =
        tokio::task::spawn_blocking(move || match OwnerClient::find(&location(&settings))? {
            Some(owner) => owner.ask(RestRequest::post("/api/v1/generations/rollback", &request)),
            None => OfflineLibrary::from(&settings).roll_back(&request),
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
