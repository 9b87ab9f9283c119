//! What a server asks of those who ask it; the default is a library on one's own machine, open to all who reach it.

use std::num::NonZeroU32;
use std::sync::Arc;

use super::audit::Audit;
use super::caller::{Anonymous, Caller, Credentials, Role};
use super::limits::Limits;
use crate::app::feedback::FeedbackFrom;

/// How access is controlled; cheap to clone.
#[derive(Clone, Default)]
pub struct AccessPolicy {
    pub(super) credentials: Option<Arc<dyn Credentials>>,
    pub(super) anonymous: Anonymous,
    pub(super) limits: Arc<Limits>,
    pub(super) audit: Option<Arc<dyn Audit>>,
    pub(super) issuers: Arc<[String]>,
    pub(super) origins: Arc<[String]>,
    feedback: FeedbackFrom,
    is_personal: bool,
}

impl AccessPolicy {
    /// With these keys and tokens.
    #[must_use]
    pub fn with_credentials(mut self, credentials: Arc<dyn Credentials>) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// With or without those who send no key.
    #[must_use]
    pub fn with_anonymous(mut self, anonymous: Anonymous) -> Self {
        self.anonymous = anonymous;
        self
    }

    /// With at most so many requests a minute of everybody who has no limit of their own.
    #[must_use]
    pub fn with_requests_per_minute(mut self, limit: Option<NonZeroU32>) -> Self {
        self.limits = Arc::new(Limits::new(limit));
        self
    }

    /// With somebody who keeps a record of who asked for what.
    #[must_use]
    pub fn with_audit(mut self, audit: Arc<dyn Audit>) -> Self {
        self.audit = Some(audit);
        self
    }

    /// With issuers whose tokens are taken; clients of MCP are told to go there.
    #[must_use]
    pub fn with_issuers(mut self, issuers: Vec<String>) -> Self {
        self.issuers = issuers.into();
        self
    }

    /// With pages of other sites that may call the server from a browser (`https://portal.example.com`).
    #[must_use]
    pub fn with_origins(mut self, origins: Vec<String>) -> Self {
        self.origins = origins.into();
        self
    }

    /// With the word of these on what they found.
    #[must_use]
    pub fn with_feedback(mut self, feedback: FeedbackFrom) -> Self {
        self.feedback = feedback;
        self
    }

    /// On a machine that nobody else asks: whoever asks without a key, while none is needed, is its owner, and may read
    /// on the status page what was asked.
    #[must_use]
    pub fn with_personal(mut self, is_personal: bool) -> Self {
        self.is_personal = is_personal;
        self
    }

    /// Whether somebody may read what others asked.
    pub(crate) fn shows_questions(&self, caller: &Caller) -> bool {
        caller.role == Role::Admin
            || (self.is_personal && !self.is_on() && *caller == Caller::anonymous())
    }

    /// Whether somebody's word on a hit is taken.
    pub(crate) fn takes_feedback(&self, caller: &Caller) -> bool {
        match self.feedback {
            FeedbackFrom::Nobody => false,
            FeedbackFrom::Keys => *caller != Caller::anonymous(),
            FeedbackFrom::Everyone => true,
        }
    }

    /// Pages of other sites that may call the server.
    pub(crate) fn origins(&self) -> &[String] {
        &self.origins
    }

    /// Whether programs are better sent with a key.
    pub(crate) fn needs_key(&self) -> bool {
        self.is_on() || self.anonymous == Anonymous::Never
    }

    /// Whether a key makes a difference: it does from the first one on, and still when the last one is gone.
    pub(super) fn is_on(&self) -> bool {
        self.credentials
            .as_ref()
            .is_some_and(|credentials| credentials.required())
    }

    /// Who sends no key, if they may.
    pub(super) fn without_key(&self) -> Option<Caller> {
        let admitted = match self.anonymous {
            Anonymous::Never => false,
            Anonymous::UntilKeys => !self.is_on(),
            Anonymous::Always => true,
        };
        admitted.then(Caller::anonymous)
    }
}
