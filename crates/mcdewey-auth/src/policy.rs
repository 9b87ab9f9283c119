//! How a server controls access. The default suits a library on one's own machine: it is open to
//! every caller who reaches it.

use std::num::NonZeroU32;
use std::sync::Arc;

use crate::audit::Audit;
use crate::caller::{AnonymousAccess, Caller, Credentials, Role};
use crate::feedback_policy::FeedbackPolicy;
use crate::rate_limits::RateLimits;

/// How access is controlled; cheap to clone.
#[derive(Clone, Default)]
pub struct AccessPolicy {
    pub(crate) credentials: Option<Arc<dyn Credentials>>,
    anonymous: AnonymousAccess,
    pub(crate) limits: Arc<RateLimits>,
    audit: Option<Arc<dyn Audit>>,
    issuers: Arc<[String]>,
    origins: Arc<[String]>,
    feedback: FeedbackPolicy,
    is_personal: bool,
}

impl AccessPolicy {
    /// Accepts these keys and tokens.
    #[must_use]
    pub fn with_credentials(mut self, credentials: Arc<dyn Credentials>) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// Sets whether callers without a key are admitted.
    #[must_use]
    pub fn with_anonymous(mut self, anonymous: AnonymousAccess) -> Self {
        self.anonymous = anonymous;
        self
    }

    /// Limits the requests per minute of each caller without a limit of their own.
    #[must_use]
    pub fn with_requests_per_minute(mut self, limit: Option<NonZeroU32>) -> Self {
        self.limits = Arc::new(RateLimits::new(limit));
        self
    }

    /// Records requests in an audit log.
    #[must_use]
    pub fn with_audit(mut self, audit: Arc<dyn Audit>) -> Self {
        self.audit = Some(audit);
        self
    }

    /// Names the issuers whose tokens are accepted, so that MCP clients are sent there.
    #[must_use]
    pub fn with_issuers(mut self, issuers: Vec<String>) -> Self {
        self.issuers = issuers.into();
        self
    }

    /// Lets pages of these sites call the server from a browser (`https://portal.example.com`).
    #[must_use]
    pub fn with_origins(mut self, origins: Vec<String>) -> Self {
        self.origins = origins.into();
        self
    }

    /// Sets whose feedback is accepted.
    #[must_use]
    pub fn with_feedback(mut self, feedback: FeedbackPolicy) -> Self {
        self.feedback = feedback;
        self
    }

    /// Marks a server that only its owner uses. While no key is required, callers without one are
    /// taken to be the owner and may read on the status page what was asked.
    #[must_use]
    pub fn with_personal(mut self, is_personal: bool) -> Self {
        self.is_personal = is_personal;
        self
    }

    /// Whether the caller may read other people's questions.
    pub fn shows_questions(&self, caller: &Caller) -> bool {
        caller.role == Role::Admin
            || (self.is_personal && !self.requires_keys() && *caller == Caller::anonymous())
    }

    /// Whether the caller's feedback is accepted.
    pub fn takes_feedback(&self, caller: &Caller) -> bool {
        match self.feedback {
            FeedbackPolicy::Nobody => false,
            FeedbackPolicy::Keys => *caller != Caller::anonymous(),
            FeedbackPolicy::Everyone => true,
        }
    }

    /// The audit log, if there is one.
    pub fn audit(&self) -> Option<&dyn Audit> {
        self.audit.as_deref()
    }

    /// The issuers whose tokens are accepted.
    pub fn issuers(&self) -> &[String] {
        &self.issuers
    }

    /// The other sites whose pages may call the server.
    pub fn origins(&self) -> &[String] {
        &self.origins
    }

    /// Whether programs should be configured with a key.
    pub fn needs_key(&self) -> bool {
        self.requires_keys() || self.anonymous == AnonymousAccess::Never
    }

    /// Whether keys are required: from the first key on, and even after the last one is gone.
    pub fn requires_keys(&self) -> bool {
        self.credentials
            .as_ref()
            .is_some_and(|credentials| credentials.required())
    }

    /// The caller of a request without a key, if such requests are admitted.
    pub(crate) fn without_key(&self) -> Option<Caller> {
        let is_admitted = match self.anonymous {
            AnonymousAccess::Never => false,
            AnonymousAccess::UntilKeys => !self.requires_keys(),
            AnonymousAccess::Always => true,
        };
        is_admitted.then(Caller::anonymous)
    }
}
