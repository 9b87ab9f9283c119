//! `mcdewey serve`: updates the library and serves it until the process is stopped.
//!
//! The server listens before anything else, and says that it is starting until the library is open. A
//! library is served at once and updated in the background. One that is filled for the first time is
//! found by words as soon as they are indexed, and by meaning once all its passages are embedded. If
//! the settings require another generation than the live one, it is built in the background too, and
//! replaces the live one when it is complete.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use mcdewey_auth::AccessPolicy;
use mcdewey_auth::startup::KeyWatcher;
use mcdewey_core::{OwnerError, OwnerHandle, SyncProgress, SyncRequest};
use mcdewey_query::{AppState, Filling, Startup, Telemetry, app};
use mcdewey_runtime::{
    DataDirLock, Engine, FeedbackFile, LibraryOwner, RootWatcher, run_backup_schedule,
};
use mcdewey_search::LiveLibrary;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::access;
use crate::backup;
use crate::cli::ServeArgs;
use crate::connections::{Capacities, ConnectionServer, raise_open_file_limit};
use crate::engine_config::engine_config;
use crate::listeners::{Listeners, SHUTDOWN_GRACE, until_stopped};
use crate::progress::{EmbeddingDisplay, SyncDisplay};
use crate::served_owner::{OwnerTasks, admin_token};
use crate::settings::Settings;
use crate::stop::stop_signal;
use crate::terminal;

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
    let telemetry = Telemetry::new(settings.telemetry.clone());
    #[cfg(feature = "otel")]
    let telemetry = telemetry.with_link(crate::otel::link);
    let telemetry = Arc::new(telemetry);
    let capacities =
        Capacities::from_open_file_limit(open_files, settings.tls.is_some(), &settings.connections);
    capacities.announce(&telemetry.connections());

    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        stop_signal().await;
        let _ = stop.send(true);
    });

    // Declared before everything that holds the index, so that it is dropped, and the lock released,
    // last.
    let (_lock, _service);
    let startup = Startup::default();
    let serving = ConnectionServer::new(
        startup.router(),
        settings.connections.timeouts,
        telemetry.connections(),
        stopped.clone(),
    );
    let listening = Listening {
        public_url: listeners.public_url()?,
        local_url: listeners.local_url()?,
        startup,
        telemetry,
    };
    let mut serving = Box::pin(listeners.serve(serving, &capacities));
    let opening = Box::pin(open(settings, args, listening, (policy, keys)));
    (_lock, _service) = tokio::select! {
        opened = opening => opened?,
        () = &mut serving => return Ok(ExitCode::SUCCESS),
        () = until_stopped(stopped.clone()) => return Ok(ExitCode::SUCCESS),
    };

    tokio::select! {
        () = serving => {}
        () = async { until_stopped(stopped).await; tokio::time::sleep(SHUTDOWN_GRACE).await } => {}
    }

    Ok(ExitCode::SUCCESS)
}

/// The server as it listens before the library is open.
struct Listening {
    public_url: String,
    /// The URL for commands on this machine.
    local_url: String,
    startup: Startup,
    telemetry: Arc<Telemetry>,
}

/// What runs beside the connections until the server stops.
struct Service {
    _watcher: Option<RootWatcher>,
    _first_sync: AbortOnDrop,
    _backups: Option<AbortOnDrop>,
    _owner: OwnerTasks,
}

struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Opens the library and lets the service answer.
async fn open(
    settings: Settings,
    args: ServeArgs,
    listening: Listening,
    (policy, keys): (AccessPolicy, KeyWatcher),
) -> Result<(DataDirLock, Service)> {
    let config = engine_config(&settings)?;
    let notify = config.notify.clone();
    let mut engine = Engine::open(config).await?;
    let mut lock = engine.take_data_dir_lock();

    // Only now that the data directory is locked: a server that cannot start because another one
    // owns the directory must not change that one.
    keys.start()?;
    let is_new = engine.needs_initial_sync().await? && !args.no_ingest;

    let public_url = settings
        .public_url
        .clone()
        .unwrap_or_else(|| listening.public_url.clone());
    let backups = settings
        .backup
        .clone()
        .filter(|_| settings.qdrant.is_none())
        .map(|schedule| {
            let request = backup::request(&settings, PathBuf::new(), false);
            AbortOnDrop(tokio::spawn(run_backup_schedule(schedule, request)))
        });
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

    let display = EmbeddingDisplay::default();
    let owner = OwnerTasks::start(owner, Arc::clone(&listening.telemetry), move |progress| {
        display.show(progress);
    });
    let (first_progress, first_sync) = watch::channel(is_new.then(SyncProgress::default));
    let token = admin_token()?;
    let state = AppState::new(live, &public_url, owner.handle.clone(), token.as_str())
        .with_feedback(feedback)
        .with_hosts(settings.allowed_hosts)
        .with_telemetry(listening.telemetry)
        .with_filling(Filling {
            first_sync,
            embedding: owner.embedding.clone(),
        });
    let service = app(state.with_access(policy), mcdewey_web::pages());
    listening.startup.open(service);
    lock.announce(&listening.local_url, &token)?;

    let address = &listening.public_url;
    eprintln!(
        "McDewey answers at {address}\n  \
         web page  {address}/\n  \
         REST      {address}/api/v1/search?q=…\n  \
         MCP       {address}/mcp"
    );

    let handle = owner.handle.clone();
    let first_sync = tokio::spawn(async move {
        if !args.no_ingest
            && let Err(error) = initial_sync(handle, &first_progress).await
        {
            eprintln!("error: the library was not updated: {error:#}");
        }
        let _ = first_progress.send(None);
    });

    let watcher = args
        .watch
        .then(|| {
            RootWatcher::start(&settings.roots, owner.handle.clone(), &notify, |report| {
                eprint!("{}", terminal::format_report(report));
            })
        })
        .transpose()?;

    let service = Service {
        _watcher: watcher,
        _first_sync: AbortOnDrop(first_sync),
        _backups: backups,
        _owner: owner,
    };
    Ok((lock, service))
}

/// Synchronises all roots, and reports progress and outcome on standard error. A failed
/// synchronisation is reported, but does not stop the server.
async fn initial_sync(
    owner: OwnerHandle,
    first: &watch::Sender<Option<SyncProgress>>,
) -> Result<()> {
    let mut pending = owner.ask(SyncRequest::default())?;
    let display = SyncDisplay::new();
    while let Some(progress) = pending.progress().await {
        display.show(&progress);
        first.send_if_modified(|first| {
            // A library that was not empty is ready already.
            first.as_mut().map(|first| *first = progress).is_some()
        });
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
