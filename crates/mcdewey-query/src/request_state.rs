//! What belongs to one request: the library that was live when it arrived, and its sender.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use mcdewey_auth::{Caller, Role};
use mcdewey_core::{KeepFeedback, SourcePath, Visibility};

use crate::problem::Problem;
use crate::served_library::ServedLibrary;
use crate::state::AppState;

/// The state for one request. Handlers extract it once, so that a request uses one library from
/// beginning to end.
#[derive(Clone)]
pub struct RequestState {
    /// The library that was live when the request arrived.
    pub library: ServedLibrary,
    /// The authenticated sender.
    pub caller: Caller,
    /// The state of the whole service.
    pub app: AppState,
}

impl RequestState {
    /// What the caller may see.
    pub fn visibility(&self) -> &Visibility {
        &self.caller.visibility
    }

    /// Returns an error unless the caller is an administrator.
    pub fn require_admin(&self) -> Result<(), Problem> {
        if self.caller.role == Role::Admin {
            return Ok(());
        }

        Err(if self.caller == Caller::anonymous() {
            Problem::new(
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                "an admin key or the owner's token is needed; send it as Authorization: Bearer …",
            )
        } else {
            Problem::new(
                StatusCode::FORBIDDEN,
                "forbidden",
                "this key has read access only; an admin key is needed",
            )
        })
    }

    /// Whether the caller may read other people's questions.
    pub fn shows_questions(&self) -> bool {
        self.app.access().shows_questions(&self.caller)
    }

    /// The feedback store, if there is one and the caller may give feedback.
    pub fn takes_feedback(&self) -> Option<&Arc<dyn KeepFeedback>> {
        self.app
            .feedback()
            .filter(|_| self.app.access().takes_feedback(&self.caller))
    }

    /// Drops whatever is kept in memory about removed documents.
    pub(crate) async fn forget(&self, sources: &[SourcePath]) {
        self.app.telemetry().forget(sources);
        // Another library may have become live since this request arrived.
        self.library.clear_cache().await;
        self.app.live_library().current().clear_cache().await;
    }
}

impl FromRequestParts<AppState> for RequestState {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Infallible> {
        // Fails closed: a request that did not pass authentication may see nothing.
        let caller = parts
            .extensions
            .get()
            .cloned()
            .unwrap_or_else(Caller::nobody);

        Ok(Self {
            library: app.served_library(),
            caller,
            app: app.clone(),
        })
    }
}
