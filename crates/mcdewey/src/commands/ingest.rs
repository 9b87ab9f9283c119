//! `mcdewey ingest [ROOT]`: brings the library up to date, through the running server that owns it or by itself.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use mcdewey_core::{SyncReport, SyncRequest};
use mcdewey_ingest::{Root, resolve_root};

use crate::cli::IngestArgs;
use crate::engine::Engine;
use crate::feedback::FeedbackFile;
use crate::generation_manager::GenerationManager;
use crate::owner::RunningOwner;
use crate::progress::SyncDisplay;
use crate::settings::Settings;
use crate::terminal;

pub(crate) async fn run(settings: Settings, args: IngestArgs) -> Result<ExitCode> {
    let display = SyncDisplay::new();
    let report = match RunningOwner::find(&settings)? {
        Some(owner) => {
            // A corpus named on the command line is meant, whatever corpus the server was started with.
            let corpus = settings
                .corpus_given
                .as_ref()
                .map(|corpus| absolute(&corpus.to_string_lossy()));

            let root = args
                .root
                .map(|root| name_or_absolute(&settings.roots, root))
                .or(corpus);
            let request = SyncRequest { root };
            tokio::task::spawn_blocking(move || {
                let report = owner.sync(&request, |progress| display.show(progress));
                display.finish();
                report
            })
            .await??
        }
        None => ingest_here(&settings, args.root, &display).await?,
    };

    let text = if args.json {
        terminal::json(&report)?
    } else {
        terminal::report(&report)
    };

    terminal::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

async fn ingest_here(
    settings: &Settings,
    root: Option<String>,
    display: &SyncDisplay,
) -> Result<SyncReport> {
    // A folder that does not exist is told before a model is fetched.
    resolve_root(&settings.roots, root.as_deref())?;

    // Nothing is asked here.
    let mut engine = Engine::open(&Settings {
        rerank: None,
        ..settings.clone()
    })
    .await?;

    let _claim = engine.take_data_dir_lock();
    let feedback = Arc::new(FeedbackFile::of(&settings.data_dir));
    let keeper = GenerationManager::new(&engine, settings.roots.clone(), feedback);
    drop(engine);

    let report = keeper
        .sync(&SyncRequest { root }, &|progress| display.show(&progress))
        .await;
    display.finish();
    keeper.finish().await;
    report
}

/// The server may run in another folder: a path is made absolute, a root's name stays, even where a folder has it too.
fn name_or_absolute(configured: &[Root], root: String) -> String {
    if configured.iter().any(|known| known.name.as_str() == root) {
        return root;
    }
    absolute(&root)
}

/// A folder's absolute path; what is no folder stays, for the server to refuse by its name.
fn absolute(root: &str) -> String {
    match std::fs::canonicalize(root) {
        Ok(path) if path.is_dir() => path.to_string_lossy().into_owned(),
        _ => root.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_root_goes_before_a_folder() {
        // Tests run in the folder of the crate, which has a folder `src`.
        let roots = [Root::new("src".parse().unwrap(), "elsewhere")];
        assert_eq!(name_or_absolute(&roots, "src".to_owned()), "src");
        assert!(std::path::Path::new(&name_or_absolute(&[], "src".to_owned())).is_absolute());
        assert_eq!(name_or_absolute(&[], "nowhere".to_owned()), "nowhere");
    }
}
