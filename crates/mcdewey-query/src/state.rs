//! The state that all requests share: the library that is live, who may do what, and telemetry.

use std::sync::Arc;

use mcdewey_auth::AccessPolicy;
use mcdewey_core::{EmbeddingProgress, KeepFeedback, OwnerHandle, SyncProgress};
use mcdewey_search::LiveLibrary;
use tokio::sync::watch;

use crate::authority::{LOOPBACK_HOSTS, WebOrigin};
use crate::served_library::ServedLibrary;
use crate::telemetry::Telemetry;

/// The state of the whole service; cheap to clone.
///
/// It holds no library itself, so a library that was replaced is closed with its last request.
/// What belongs to one request is a [`RequestState`](crate::RequestState).
#[derive(Clone)]
pub struct AppState(Arc<Shared>);

#[derive(Clone)]
struct Shared {
    library: LiveLibrary,
    public_url: Arc<str>,
    allowed_hosts: Vec<String>,
    owner: OwnerHandle,
    feedback: Option<Arc<dyn KeepFeedback>>,
    admin_token: Arc<str>,
    access: AccessPolicy,
    telemetry: Arc<Telemetry>,
    filling: Option<Filling>,
}

/// How far a library that is filled for the first time has come. What is `None` is done, or has not
/// begun.
#[derive(Debug, Clone)]
pub struct Filling {
    /// The first synchronisation of an empty library, which the service is not ready before.
    pub first_sync: watch::Receiver<Option<SyncProgress>>,
    /// The embedding of documents that are found by their words only.
    pub embedding: watch::Receiver<Option<EmbeddingProgress>>,
}

impl AppState {
    /// State for a server that is reached under this machine's loopback names and the host of its
    /// public URL ("http://127.0.0.1:8080"), which is the beginning of every link in the answers and
    /// may end in a slash. Every caller is admitted until [`Self::with_access`] says otherwise.
    ///
    /// Whoever sends `admin_token` may change the library (`POST /api/v1/sync`,
    /// `/api/v1/removals` and `/api/v1/generations/rollback`); an empty token authorises nothing.
    pub fn new(
        library: impl Into<LiveLibrary>,
        public_url: &str,
        owner: OwnerHandle,
        admin_token: impl Into<Arc<str>>,
    ) -> Self {
        let library = library.into();
        let public_url = public_url.trim_end_matches('/');
        let public_host = WebOrigin::from_url(public_url).map(|origin| origin.host);
        let allowed_hosts = LOOPBACK_HOSTS
            .map(str::to_owned)
            .into_iter()
            .chain(public_host)
            .collect();

        Self(Arc::new(Shared {
            library,
            public_url: public_url.into(),
            allowed_hosts,
            owner,
            feedback: None,
            admin_token: admin_token.into(),
            access: AccessPolicy::default(),
            telemetry: Arc::default(),
            filling: None,
        }))
    }

    /// Shows how far the library is filled.
    #[must_use]
    pub fn with_filling(mut self, filling: Filling) -> Self {
        Arc::make_mut(&mut self.0).filling = Some(filling);
        self
    }

    /// Allows further host names.
    #[must_use]
    pub fn with_hosts(mut self, further: impl IntoIterator<Item = String>) -> Self {
        Arc::make_mut(&mut self.0).allowed_hosts.extend(further);
        self
    }

    /// Accepts feedback from readers and stores it here.
    #[must_use]
    pub fn with_feedback(mut self, feedback: Arc<dyn KeepFeedback>) -> Self {
        Arc::make_mut(&mut self.0).feedback = Some(feedback);
        self
    }

    /// Replaces the default access policy, which admits every caller.
    #[must_use]
    pub fn with_access(mut self, access: AccessPolicy) -> Self {
        Arc::make_mut(&mut self.0).access = access;
        self
    }

    /// Replaces the default telemetry, with its limits and question log.
    #[must_use]
    pub fn with_telemetry(mut self, telemetry: impl Into<Arc<Telemetry>>) -> Self {
        Arc::make_mut(&mut self.0).telemetry = telemetry.into();
        self
    }

    /// Replaces the token that authorises changes.
    #[cfg(test)]
    pub(crate) fn with_admin_token(mut self, token: &str) -> Self {
        Arc::make_mut(&mut self.0).admin_token = token.into();
        self
    }

    /// The library, which can be replaced by another generation at any time.
    pub fn live_library(&self) -> &LiveLibrary {
        &self.0.library
    }

    /// The URL under which the service is reached from outside, without a slash at its end.
    pub fn public_url(&self) -> &str {
        &self.0.public_url
    }

    /// The library that is live now, as one request serves it to its end.
    pub(crate) fn served_library(&self) -> ServedLibrary {
        ServedLibrary::new(self.0.library.current(), Arc::clone(&self.0.public_url))
    }

    /// Whether programs should be configured with a key.
    pub fn needs_key(&self) -> bool {
        self.0.access.needs_key()
    }

    /// How far the passages of the library are embedded; `None` while nothing is being embedded.
    pub fn embedding_progress(&self) -> Option<EmbeddingProgress> {
        let filling = self.0.filling.as_ref()?;
        *filling.embedding.borrow()
    }

    /// How far the first synchronisation of an empty library is; `None` if there is none or it is
    /// done.
    pub(crate) fn first_sync(&self) -> Option<SyncProgress> {
        let filling = self.0.filling.as_ref()?;
        filling.first_sync.borrow().clone()
    }

    /// Counts requests, limits concurrent searches and keeps the question log.
    pub fn telemetry(&self) -> &Arc<Telemetry> {
        &self.0.telemetry
    }

    /// The names that the `Host` header may carry; a name without a port matches any port.
    ///
    /// Even a server that listens only on this machine has to check the name: otherwise a web page
    /// could point a host name of its own at 127.0.0.1 and read the library through the visitor's
    /// browser (DNS rebinding).
    pub(crate) fn allowed_hosts(&self) -> &[String] {
        &self.0.allowed_hosts
    }

    /// Decides who may send requests, and for what.
    pub(crate) fn access(&self) -> &AccessPolicy {
        &self.0.access
    }

    /// Authorises changes to the library; an empty token authorises nothing.
    pub(crate) fn admin_token(&self) -> &str {
        &self.0.admin_token
    }

    /// Asks the owner of the library for operations that change it.
    pub(crate) fn owner(&self) -> &OwnerHandle {
        &self.0.owner
    }

    /// Stores what readers say about hits, if the program supports it.
    pub(crate) fn feedback(&self) -> Option<&Arc<dyn KeepFeedback>> {
        self.0.feedback.as_ref()
    }
}
