//! Limits on searches and requests, and which questions are kept.

use std::time::Duration;

use super::questions::QuestionLogPolicy;

/// Limits on searches and requests, and which questions are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TelemetrySettings {
    /// How many searches run at once; further ones wait.
    pub searches_at_once: usize,
    /// A search that has waited this long for a permit is rejected as `overloaded`.
    pub longest_wait: Duration,
    /// A request without a response after this time is given up as `unavailable`. Changes to the
    /// library have no deadline.
    pub deadline: Duration,
    /// A request whose body has not arrived after this time is rejected as `request_timeout`.
    pub body_timeout: Duration,
    /// A search that takes at least this long is slow, and its question is kept.
    pub slow: Duration,
    pub question_log: QuestionLogPolicy,
}

impl Default for TelemetrySettings {
    fn default() -> Self {
        Self {
            searches_at_once: 16,
            longest_wait: Duration::from_secs(5),
            deadline: Duration::from_secs(30),
            body_timeout: Duration::from_secs(15),
            slow: Duration::from_secs(1),
            question_log: QuestionLogPolicy::default(),
        }
    }
}
