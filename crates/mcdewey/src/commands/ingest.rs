//! `mcdewey ingest [ROOT]`: updates the library, through the running server that owns it or by
//! itself. In the latter case other commands on this machine search through this one meanwhile.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use mcdewey_core::{OwnerHandle, SyncReport, SyncRequest};
use mcdewey_ingest::{Root, resolve_root};
use mcdewey_runtime::{Engine, FeedbackFile, LibraryOwner, OwnerClient, RestRequest};
use mcdewey_search::LiveLibrary;

use crate::cli::IngestArgs;
use crate::engine_config::{location, without_reranker};
use crate::local_service::LocalService;
use crate::progress::{EmbeddingDisplay, SyncDisplay};
use crate::settings::Settings;
use crate::terminal;

pub(crate) async fn run(settings: Settings, args: IngestArgs) -> Result<ExitCode> {
    let display = SyncDisplay::new();
    let report = match OwnerClient::find(&location(&settings))? {
        Some(owner) => {
            // A corpus given to this command takes precedence over the one the server was started
            // with.
            let corpus = settings
                .corpus_override
                .as_ref()
                .map(|corpus| absolute_folder(&corpus.to_string_lossy()));

            let root = args
                .root
                .map(|root| name_or_absolute(&settings.roots, root))
                .or(corpus);

            let request = SyncRequest {
                root,
                check_contents: args.check_contents,
            };
            tokio::task::spawn_blocking(move || {
                let request = RestRequest::post("/api/v1/sync", &request).without_timeout();
                let report = owner.follow(request, |progress| display.show(progress));
                display.finish();
                report
            })
            .await??
        }
        None => {
            let request = SyncRequest {
                root: args.root,
                check_contents: args.check_contents,
            };
            ingest_locally(&settings, &request, &display).await?
        }
    };

    let text = if args.json {
        terminal::json(&report)?
    } else {
        terminal::format_report(&report)
    };

    terminal::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

async fn ingest_locally(
    settings: &Settings,
    request: &SyncRequest,
    display: &SyncDisplay,
) -> Result<SyncReport> {
    // Checked first, so that a missing folder is reported before a model is downloaded.
    resolve_root(&settings.roots, request.root.as_deref())?;

    // Nothing is searched here, so no reranker is started.
    let mut engine = Engine::open(without_reranker(settings)?).await?;
    let mut lock = engine.take_data_dir_lock();
    let feedback = Arc::new(FeedbackFile::in_data_dir(&settings.data_dir));
    let live = LiveLibrary::from(Arc::new(engine.library()));
    let owner = Arc::new(LibraryOwner::new(
        &engine,
        settings.roots.clone(),
        Arc::clone(&feedback),
    ));
    owner.publish(live.clone());
    drop(engine);

    let mut service = LocalService::private(Arc::clone(&owner));
    // Any number of processes can read a library on a Qdrant server.
    if location(settings).server.is_none()
        && let Err(error) = service.serve(settings, live, feedback, &mut lock).await
    {
        tracing::warn!("other commands cannot search meanwhile: {error:#}");
    }

    let report = fill(&service.owner, &owner, request.clone(), display).await;
    owner.wait_for_retirement().await;
    report
}

/// Synchronises the library, and embeds what that has committed with its words only.
async fn fill(
    requests: &OwnerHandle,
    owner: &LibraryOwner,
    request: SyncRequest,
    display: &SyncDisplay,
) -> Result<SyncReport> {
    // Through the queue, because other commands may ask this one meanwhile.
    let mut pending = requests.ask(request)?;
    while let Some(progress) = pending.progress().await {
        display.show(&progress);
    }

    let report = pending.outcome().await;
    display.finish();
    let mut report = report?;

    let embedding = EmbeddingDisplay::default();
    let embedded = owner
        .embed_backlog(&|progress| embedding.show(Some(progress)))
        .await;
    embedding.show(None);
    let embedded = embedded?;

    report.embedded += embedded.passages;
    report.tokens += embedded.tokens;
    report.seconds += embedded.seconds;
    report.stages.embedding += embedded.seconds;
    report.words_only = 0;
    Ok(report)
}

/// Prepares a root for the server, which may run in another working directory: a path becomes
/// absolute. The name of a configured root stays as it is, even if a folder of the same name
/// exists.
fn name_or_absolute(configured: &[Root], root: String) -> String {
    if configured.iter().any(|entry| entry.name.as_str() == root) {
        return root;
    }

    absolute_folder(&root)
}

/// Returns the absolute path of a folder. Anything else is returned unchanged, so that the server's
/// error quotes it.
fn absolute_folder(root: &str) -> String {
    match std::fs::canonicalize(root) {
        Ok(path) if path.is_dir() => path.to_string_lossy().into_owned(),
        _ => root.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_root_takes_precedence_over_a_folder() {
        // Tests run in the folder of the crate, which contains a folder `src`.
        let roots = [Root::new("src".parse().unwrap(), "elsewhere")];
        assert_eq!(name_or_absolute(&roots, "src".to_owned()), "src");
        assert!(std::path::Path::new(&name_or_absolute(&[], "src".to_owned())).is_absolute());
        assert_eq!(name_or_absolute(&[], "nowhere".to_owned()), "nowhere");
    }
}
