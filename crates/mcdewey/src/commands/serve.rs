//! `mcdewey serve`: updates the library and serves it until the process is stopped.
//!
//! A library with documents is served immediately and updated in the background. An empty one is
//! filled first, so that no question is answered from an incomplete library. If the settings
//! require another generation than the live one, it is built in the background too, and replaces
//! the live one when it is complete.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use mcdewey_core::{OwnerError, OwnerHandle, SyncRequest};
use mcdewey_query::{AppState, Telemetry, app};
use mcdewey_runtime::{Engine, FeedbackFile, LibraryOwner, RootWatcher, answer_requests};
use mcdewey_search::LiveLibrary;
use tokio::net::TcpListener;

use crate::access;
use crate::cli::ServeArgs;
use crate::connections::{Capacities, ConnectionServer, raise_open_file_limit};
use crate::engine_config::engine_config;
use crate::listeners::{Listeners, SHUTDOWN_GRACE, until_stopped};
use crate::progress::SyncDisplay;
use crate::settings::Settings;
use crate::stop::stop_signal;
use crate::terminal;

/// Maximum number of synchronisations that wait for the running one.
const MAX_QUEUED_SYNCS: usize = 8;

pub(crate) async fn run(settings: Settings, args: ServeArgs) -> Result<ExitCode> {
    // Before anything opens many files.
    let open_files = raise_open_file_limit();
    let (policy, keys) = mcdewey_auth::startup::policy(
        &settings.access,
        &access::exposure(&settings),
        settings.feedback,
    )?;
    let listener = TcpListener::bind(settings.listen).await.with_context(|| {
        format!(
            "cannot listen on {}; choose another address with --listen",
            settings.listen
        )
    })?;

    let listeners = Listeners::open(listener, settings.tls.clone()).await?;
    let address = listeners.public_url()?;
    let config = engine_config(&settings)?;
    let notify = config.notify.clone();
    let mut engine = Engine::open(config).await?;

    // Declared before everything that holds the index, so that it is dropped, and the lock
    // released, last.
    let mut data_dir_lock = engine.take_data_dir_lock();

    // Only now that the data directory is locked: a server that cannot start because another one
    // owns the directory must not change that one.
    keys.start()?;
    let needs_initial_sync = engine.needs_initial_sync().await?;

    let public_url = settings
        .public_url
        .clone()
        .unwrap_or_else(|| address.clone());
    let live = LiveLibrary::from(Arc::new(engine.library()));
    let feedback = Arc::new(FeedbackFile::in_data_dir(&settings.data_dir));

    let owner = Arc::new(LibraryOwner::new(
        &engine,
        settings.roots.clone(),
        Arc::clone(&feedback),
    ));

    owner.publish(live.clone());

    // The engine holds the generation that is live now. Once that is replaced, only running
    // requests may keep it open.
    drop(engine);

    let (handle, requests) = OwnerHandle::channel(MAX_QUEUED_SYNCS);
    let telemetry = Telemetry::new(settings.telemetry.clone());
    #[cfg(feature = "otel")]
    let telemetry = telemetry.with_link(crate::otel::link);
    let telemetry = Arc::new(telemetry);

    let owner_task = tokio::spawn({
        let telemetry = Arc::clone(&telemetry);
        answer_requests(owner, requests, move |outcome| match outcome {
            Ok(report) => telemetry.synced(Ok(report.clone())),
            Err(error) => telemetry.synced(Err(error.to_string())),
        })
    });

    if !args.no_ingest {
        let first = tokio::spawn(initial_sync(handle.clone()));
        if needs_initial_sync {
            tokio::select! {
                outcome = first => outcome??,
                () = stop_signal() => return Ok(ExitCode::SUCCESS),
            }
        }
    }

    let watcher = args
        .watch
        .then(|| {
            RootWatcher::start(&settings.roots, handle.clone(), &notify, |report| {
                eprint!("{}", terminal::format_report(report));
            })
        })
        .transpose()?;
    let token = admin_token()?;
    data_dir_lock.announce(&listeners.local_url()?, &token)?;

    let state = AppState::new(live, &public_url, handle, token)
        .with_feedback(feedback)
        .with_hosts(settings.allowed_hosts)
        .with_telemetry(Arc::clone(&telemetry));

    let service = app(state.with_access(policy), mcdewey_web::pages());
    let capacities =
        Capacities::from_open_file_limit(open_files, settings.tls.is_some(), &settings.connections);
    capacities.announce(&telemetry.connections());

    eprintln!(
        "McDewey answers at {address}\n  \
         web page  {address}/\n  \
         REST      {address}/api/v1/search?q=…\n  \
         MCP       {address}/mcp"
    );
    let (stop, stopped) = tokio::sync::watch::channel(false);
    tokio::spawn(async move {
        stop_signal().await;
        let _ = stop.send(true);
    });

    let serving = ConnectionServer::new(
        service,
        settings.connections.timeouts,
        telemetry.connections(),
        stopped.clone(),
    );

    tokio::select! {
        () = listeners.serve(serving, &capacities) => {}
        () = async { until_stopped(stopped).await; tokio::time::sleep(SHUTDOWN_GRACE).await } => {}
    }

    drop(watcher);
    owner_task.abort();
    Ok(ExitCode::SUCCESS)
}

/// Generates the token that authorises changes to the library. It is written to `owner.json`, which
/// only this user can read.
fn admin_token() -> Result<String> {
    let mut secret = [0_u8; 32];
    getrandom::fill(&mut secret)
        .map_err(|error| anyhow::anyhow!("the system provides no random numbers: {error}"))?;
    Ok(secret.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Synchronises all roots, and reports progress and outcome on standard error. A failed
/// synchronisation is reported, but does not stop the server.
async fn initial_sync(owner: OwnerHandle) -> Result<()> {
    let mut pending = owner.ask(SyncRequest::default())?;
    let display = SyncDisplay::new();
    while let Some(progress) = pending.progress().await {
        display.show(&progress);
    }

    let outcome = pending.outcome().await;
    display.finish();
    match outcome {
        Ok(report) => eprint!("{}", terminal::format_report(&report)),
        // The program is ending.
        Err(OwnerError::Interrupted) => {}
        Err(error) => eprintln!("error: the library was not updated: {error}"),
    }

    Ok(())
}
