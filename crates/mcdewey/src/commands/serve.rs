//! `mcdewey serve`: brings the library up to date and answers until it is told to stop.
//!
//! A library that holds something answers at once, and changes are taken in behind it; an empty one is filled first,
//! so that no question is answered from half a library. Where the settings ask for another generation than the live
//! one, that is built behind it too, and takes its place when it is complete.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use mcdewey_core::{SyncEvent, SyncHandle, SyncRequest};
use mcdewey_ingest::serve_jobs;
use mcdewey_query::{AppState, LiveLibrary, Telemetry, app};
use tokio::net::TcpListener;

use crate::access;
use crate::cli::ServeArgs;
use crate::connections::{Capacities, Serving, raise_limit};
use crate::engine::Engine;
use crate::feedback::FeedbackFile;
use crate::generation_manager::GenerationManager;
use crate::listeners::{LAST_ANSWERS, Listeners, until_stop};
use crate::progress::SyncDisplay;
use crate::settings::Settings;
use crate::stop::stop_signal;
use crate::tally::Tally;
use crate::terminal;
use crate::watch::Watch;

/// Synchronisations that may wait for the one that runs.
const WAITING_SYNCS: usize = 8;

pub(crate) async fn run(settings: Settings, args: ServeArgs) -> Result<ExitCode> {
    // Before anything opens many of them.
    let open_files = raise_limit();
    let (policy, keys) = access::policy(&settings)?;
    let listener = TcpListener::bind(settings.listen).await.with_context(|| {
        format!(
            "{} cannot be listened on; choose another address with --listen",
            settings.listen
        )
    })?;

    let listeners = Listeners::open(listener, settings.tls.clone()).await?;
    let address = listeners.address()?;
    let mut engine = Engine::open(&settings).await?;

    // Before all that holds the index, so that it is let go of last.
    let mut claim = engine.take_data_dir_lock();

    // Not before: a server that cannot start must leave the one that runs as it is.
    keys.follow()?;
    let must_be_filled = engine.must_be_filled().await?;

    let public_url = settings
        .public_url
        .clone()
        .unwrap_or_else(|| address.clone());
    let live = LiveLibrary::from(Arc::new(engine.library(public_url.as_str())));
    let feedback = Arc::new(FeedbackFile::of(&settings.data_dir));

    let keeper = Arc::new(GenerationManager::new(
        &engine,
        settings.roots.clone(),
        Arc::clone(&feedback),
    ));

    keeper.show(live.clone(), engine.asking.clone(), public_url);

    // A generation that another one takes the place of must not be held by anybody but those who ask it.
    drop(engine);
    let (sync, jobs) = SyncHandle::channel(WAITING_SYNCS);
    let telemetry = Telemetry::new(settings.telemetry.clone());
    #[cfg(feature = "otel")]
    let telemetry = telemetry.with_link(crate::otel::link);
    let telemetry = Arc::new(telemetry);

    let owner = tokio::spawn({
        let tally = Tally {
            keeper: Arc::clone(&keeper),
            telemetry: Arc::clone(&telemetry),
        };
        async move { serve_jobs(&tally, jobs).await }
    });

    if !args.no_ingest {
        let first = tokio::spawn(first_sync(sync.clone()));
        if must_be_filled {
            tokio::select! {
                outcome = first => outcome??,
                () = stop_signal() => return Ok(ExitCode::SUCCESS),
            }
        }
    }

    let watch = args
        .watch
        .then(|| Watch::start(&settings.roots, sync.clone()))
        .transpose()?;
    let token = admin_token()?;
    claim.announce(&listeners.own_address()?, &token)?;

    let state = AppState::new(live, sync, token)
        .with_erase(keeper.clone())
        .with_rollback(keeper)
        .with_feedback(feedback)
        .with_hosts(settings.allowed_hosts)
        .with_telemetry(Arc::clone(&telemetry));

    let service = app(state.with_access(policy));
    let capacities = Capacities::within(open_files, settings.tls.is_some(), &settings.connections);
    capacities.announce(&telemetry.connections());

    eprintln!(
        "McDewey answers at {address}\n  web page  {address}/\n  REST      {address}/api/v1/search?q=…\n  MCP       {address}/mcp"
    );
    let (stop, stopped) = tokio::sync::watch::channel(false);
    tokio::spawn(async move {
        stop_signal().await;
        let _ = stop.send(true);
    });

    let serving = Serving::new(
        service,
        settings.connections.timeouts,
        telemetry.connections(),
        stopped.clone(),
    );

    tokio::select! {
        () = listeners.serve(serving, &capacities) => {}
        () = async { until_stop(stopped).await; tokio::time::sleep(LAST_ANSWERS).await } => {}
    }
    drop(watch);
    owner.abort();
    Ok(ExitCode::SUCCESS)
}

/// A secret that opens what changes the library; only who may read the owner's file learns it.
fn admin_token() -> Result<String> {
    let mut secret = [0_u8; 32];
    getrandom::fill(&mut secret)
        .map_err(|error| anyhow::anyhow!("the system gives no random numbers: {error}"))?;
    Ok(secret.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Brings all roots up to date and tells how it went.
async fn first_sync(sync: SyncHandle) -> Result<()> {
    let mut events = sync.request(SyncRequest::default())?;
    let display = SyncDisplay::new();
    while let Some(event) = events.recv().await {
        match event {
            SyncEvent::Progress(progress) => display.show(&progress),
            SyncEvent::Finished(report) => {
                display.finish();
                eprint!("{}", terminal::report(&report));
            }
            SyncEvent::Failed { message } => {
                display.finish();
                eprintln!("error: the library was not brought up to date: {message}");
            }
        }
    }

    Ok(())
}
