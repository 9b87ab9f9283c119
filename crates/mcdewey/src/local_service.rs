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

/// An owner that can be asked, also by other commands of this machine. Dropping it ends both.
pub(crate) struct LocalService {
    /// By which the owner is asked.
    pub(crate) owner: OwnerHandle,
    answering: JoinHandle<()>,
    serving: Option<Serving>,
}

/// The connections of other commands.
struct Serving {
    task: JoinHandle<()>,
    _stop: watch::Sender<bool>,
}

impl LocalService {
    /// Lets the owner be asked by this process only.
    pub(crate) fn private(owner: Arc<LibraryOwner>) -> Self {
        let (handle, requests) = OwnerHandle::channel(MAX_QUEUED_SYNCS);
        Self {
            owner: handle,
            answering: tokio::spawn(answer_requests(owner, requests, |_| {})),
            serving: None,
        }
    }

    /// Listens, and announces that in the data directory.
    pub(crate) async fn serve(
        &mut self,
        settings: &Settings,
        live: LiveLibrary,
        feedback: Arc<FeedbackFile>,
        lock: &mut DataDirLock,
    ) -> Result<()> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .context("cannot listen on loopback")?;
        let listeners = Listeners::open(listener, None).await?;
        let address = listeners.local_url()?;
        let public_url = settings
            .public_url
            .clone()
            .unwrap_or_else(|| format!("http://{}", settings.listen));

        let token = admin_token()?;
        let telemetry = Arc::new(Telemetry::new(settings.telemetry.clone()));
        let policy = AccessPolicy::default().with_anonymous(AnonymousAccess::Never);
        let state = AppState::new(live, &public_url, self.owner.clone(), token.as_str())
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
        self.serving = Some(Serving {
            task: tokio::spawn(async move { listeners.serve(serving, &capacities).await }),
            _stop: stop,
        });
        lock.announce(&address, &token)
    }
}

impl Drop for LocalService {
    fn drop(&mut self) {
        self.answering.abort();
        if let Some(serving) = &self.serving {
            serving.task.abort();
        }
    }
}
