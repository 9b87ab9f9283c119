//! `mcdewey serve`: brings the library up to date and answers until it is told to stop.
//!
//! A library that holds something answers at once, and changes are taken in behind it; an empty one is filled first,
//! so that no question is answered from half a library. Where the settings ask for another generation than the live
//! one, that is built behind it too, and takes its place when it is complete.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use mcdewey_core::{SyncEvent, SyncHandle, SyncRequest};
use mcdewey_ingest::serve_jobs;
use mcdewey_query::{AppState, Desk, LiveLibrary, app};
use tokio::net::TcpListener;

use crate::cli::ServeArgs;
use crate::engine::Engine;
use crate::keeper::Keeper;
use crate::progress::SyncDisplay;
use crate::settings::Settings;
use crate::tally::Tally;
use crate::terminal;
use crate::watch::Watch;

/// Synchronisations that may wait for the one that runs.
const WAITING_SYNCS: usize = 8;
/// How long answers under way may take when the server is told to stop.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

pub(crate) async fn run(settings: Settings, args: ServeArgs) -> Result<ExitCode> {
    let listener = TcpListener::bind(settings.listen)
        .await
        .with_context(|| format!("{} cannot be listened on; choose another address with --listen", settings.listen))?;
    let address = format!("http://{}", reached_at(listener.local_addr()?));
    let mut engine = Engine::open(&settings).await?;
    // Before all that holds the index, so that it is let go of last.
    let mut claim = engine.take_claim();
    let must_be_filled = engine.must_be_filled().await?;

    let public_url = settings.public_url.clone().unwrap_or_else(|| address.clone());
    let live = LiveLibrary::from(Arc::new(engine.library(public_url.as_str())));
    let keeper = Arc::new(Keeper::new(&engine, settings.roots.clone()));
    keeper.show(live.clone(), engine.asking.clone(), public_url);
    // A generation that another one takes the place of must not be held by anybody but those who ask it.
    drop(engine);
    let (sync, jobs) = SyncHandle::channel(WAITING_SYNCS);
    let desk = Desk::new(settings.desk.clone());
    #[cfg(feature = "otel")]
    let desk = desk.with_link(crate::otel::link);
    let desk = Arc::new(desk);
    let owner = tokio::spawn({
        let tally = Tally { keeper: Arc::clone(&keeper), desk: Arc::clone(&desk) };
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

    let watch = args.watch.then(|| Watch::start(&settings.roots, sync.clone())).transpose()?;
    let token = admin_token()?;
    claim.announce(&address, &token)?;
    let state = AppState::new(live, sync, token)
        .with_erase(keeper.clone())
        .with_rollback(keeper)
        .with_hosts(settings.allowed_hosts)
        .with_desk(desk);
    let state = state.with_access_key(settings.access_key);
    eprintln!(
        "McDewey answers at {address}\n  web page  {address}/\n  REST      {address}/api/v1/search?q=…\n  MCP       {address}/mcp"
    );
    let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
        // Without it small answers wait some 40 ms for the peer's acknowledgement.
        let _ = stream.set_nodelay(true);
    });
    let (stop, stopped) = tokio::sync::watch::channel(false);
    tokio::spawn(async move {
        stop_signal().await;
        let _ = stop.send(true);
    });
    let serving = axum::serve(listener, app(state)).with_graceful_shutdown(until_stop(stopped.clone()));
    tokio::select! {
        outcome = serving => outcome?,
        () = async { until_stop(stopped).await; tokio::time::sleep(LAST_ANSWERS).await } => {}
    }
    drop(watch);
    owner.abort();
    Ok(ExitCode::SUCCESS)
}

/// Where this machine reaches a server: one that listens on every address answers on the loopback one too.
fn reached_at(listening: SocketAddr) -> SocketAddr {
    let ip = match listening.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listening.port())
}

async fn until_stop(mut stopped: tokio::sync::watch::Receiver<bool>) {
    // An error means that the sender is gone, which never outlives the signal.
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// A secret that opens what changes the library; only who may read the owner's file learns it.
fn admin_token() -> Result<String> {
    let mut secret = [0_u8; 32];
    getrandom::fill(&mut secret).map_err(|error| anyhow::anyhow!("the system gives no random numbers: {error}"))?;
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

/// Returns when the process is asked to stop.
async fn stop_signal() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                tokio::select! {
                    _ = interrupt => {}
                    _ = terminate.recv() => {}
                }
                return;
            }
            Err(error) => tracing::warn!(%error, "SIGTERM cannot be handled; stop with Ctrl-C"),
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_every_address_is_reached_on_loopback() {
        let reached = |text: &str| reached_at(text.parse().unwrap()).to_string();
        assert_eq!(reached("0.0.0.0:8080"), "127.0.0.1:8080");
        assert_eq!(reached("[::]:8080"), "[::1]:8080");
        assert_eq!(reached("10.0.0.5:8080"), "10.0.0.5:8080");
    }
}
