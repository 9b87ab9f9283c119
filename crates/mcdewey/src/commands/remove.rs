//! `mcdewey remove SOURCE…`: permanently removes documents from all generations, through the
//! running server or by itself, and reports whether anything of them is left.

use std::fmt::Write;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use mcdewey_core::{Perform, RemovalReport, RemovalRequest, SourcePath};
use mcdewey_runtime::{
    Engine, FeedbackFile, LibraryOwner, OfflineLibrary, OwnerClient, RestRequest,
};

use crate::cli::RemoveArgs;
use crate::engine_config::{location, without_reranker};
use crate::settings::Settings;
use crate::terminal;

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
    let (location, request) = (location(settings), request.clone());
    tokio::task::spawn_blocking(move || match OwnerClient::find(&location)? {
        Some(owner) => {
            // A removal rewrites the whole index.
            let request = RestRequest::post("/api/v1/removals", &request).without_timeout();
            owner.ask(request).map(Some)
        }
        None => Ok(None),
    })
    .await?
}

/// Starts no model for a data directory, because a removal there needs none.
async fn remove_locally(settings: &Settings, request: &RemovalRequest) -> Result<RemovalReport> {
    if settings.qdrant.is_none() {
        return OfflineLibrary::from(settings)
            .remove(&settings.roots, request)
            .await;
    }

    let engine = Engine::open(without_reranker(settings)?).await?;
    let feedback = Arc::new(FeedbackFile::in_data_dir(&settings.data_dir));
    let owner = LibraryOwner::new(&engine, settings.roots.clone(), feedback);
    Ok(owner.perform(request.clone(), &|_| {}).await?)
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
