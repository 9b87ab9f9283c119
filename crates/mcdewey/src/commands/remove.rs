//! `mcdewey remove SOURCE…`: takes documents out of every generation for good, through the running server or by itself,
//! and shows that nothing of them is left.

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
        .context("this is no source")?;

    let request = RemovalRequest {
        sources,
        force: args.force,
    };
    let (looked_up, asked) = (settings.clone(), request.clone());
    let through_owner =
        tokio::task::spawn_blocking(move || match RunningOwner::find(&looked_up)? {
            Some(owner) => owner.remove(&asked).map(Some),
            None => anyhow::Ok(None),
        });

    let report = match through_owner.await?? {
        Some(report) => report,
        None => remove_here(&settings, &request).await?,
    };

    terminal::print(&if args.json {
        terminal::json(&report)?
    } else {
        written(&report)
    })?;

    let clean = report
        .proof
        .as_ref()
        .is_none_or(|proof| proof.found.is_empty());

    Ok(if clean {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// No model is needed to take something out of a data directory.
async fn remove_here(settings: &Settings, request: &RemovalRequest) -> Result<RemovalReport> {
    let feedback = Arc::new(FeedbackFile::of(&settings.data_dir));
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

    removal::refuse_present(&settings.roots, request)?;
    let _lock = engine::own(&settings.data_dir)?;
    let generations = Arc::new(Generations::open(
        &settings.data_dir,
        settings.min_free_bytes,
    )?);

    Ok(removal::erase(&generations, &feedback, &request.sources).await?)
}

fn written(report: &RemovalReport) -> String {
    let mut out = String::new();
    for one in &report.generations {
        let _ = match &one.discarded {
            Some(reason) => writeln!(
                out,
                "generation {} was taken away as a whole: {reason}",
                one.generation
            ),
            None => writeln!(
                out,
                "generation {}: {} documents removed",
                one.generation, one.documents
            ),
        };
    }

    if report.judgments > 0 {
        let _ = writeln!(
            out,
            "feedback: {} judgments named them and are gone or cut down",
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
