//! The service of a command that owns the library for a while: other commands on this machine, such as
//! `mcdewey search`, work through it. It listens on loopback, on a free port, and answers only those
//! who have the token that is in the data directory.

use std::net::Ipv4Addr;
use std::sync::Arc;

use anyhow::{Context, Result};
use mcdewey_auth::{AccessPolicy, AnonymousAccess};
use mcdewey_core::OwnerHandle;
use mcdewey_query::{AppState, Telemetry, app};
use mcdewey_runtime::{DataDirLock, FeedbackFile, LibraryOwner, answer_requests};
use mcdewey_search::LiveLibrary;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::connections::{Capacities, ConnectionServer, raise_open_file_limit};
use crate::listeners::Listeners;
use crate::served_owner::{MAX_QUEUED_SYNCS, admin_token};
use crate::settings::Settings;

/// A running service; dropping it ends it.
pub(crate) struct LocalService {
    /// By which the owner is asked.
    pub(crate) owner: OwnerHandle,
    tasks: [JoinHandle<()>; 2],
    _stop: watch::Sender<bool>,
}

impl LocalService {
    /// Starts the service and announces it in the data directory.
    pub(crate) async fn start(
        settings: &Settings,
        live: LiveLibrary,
        feedback: Arc<FeedbackFile>,
        owner: Arc<LibraryOwner>,
        lock: &mut DataDirLock,
    ) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .context("cannot listen on loopback")?;
        let listeners = Listeners::open(listener, None).await?;
        let address = listeners.local_url()?;
        let public_url = settings
            .public_url
            .clone()
            .unwrap_or_else(|| format!("http://{}", settings.listen));

        let (handle, requests) = OwnerHandle::channel(MAX_QUEUED_SYNCS);
        let answering = tokio::spawn(answer_requests(owner, requests, |_| {}));

        let token = admin_token()?;
        let telemetry = Arc::new(Telemetry::new(settings.telemetry.clone()));
        let policy = AccessPolicy::default().with_anonymous(AnonymousAccess::Never);
        let state = AppState::new(live, &public_url, handle.clone(), token.as_str())
            .with_feedback(feedback)
            .with_telemetry(Arc::clone(&telemetry))
            .with_access(policy);

        let (stop, stopped) = watch::channel(false);
        let serving = ConnectionServer::new(
            app(state, mcdewey_web::pages()),
            settings.connections.timeouts,
            telemetry.connections(),
            stopped,
        );
        let capacities =
            Capacities::from_open_file_limit(raise_open_file_limit(), false, &settings.connections);
        let serving = tokio::spawn(async move { listeners.serve(serving, &capacities).await });
        lock.announce(&address, &token)?;

        Ok(Self {
            owner: handle,
            tasks: [answering, serving],
            _stop: stop,
        })
    }
}

impl Drop for LocalService {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
