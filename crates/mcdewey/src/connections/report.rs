//! Metrics and logs of connections: the metrics count every connection, the log is rate-limited.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use mcdewey_query::{ConnectionMetrics, OpenConnection};

use super::connection::ConnectionEnd;

/// How often a repeated event is logged, so that a flood of connections does not flood the log.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// Counts and logs connections. Shared by all listeners.
pub(super) struct ConnectionReport {
    numbers: ConnectionMetrics,
    limit_reached: Mutex<RepeatedEvent>,
    accept_failed: Mutex<RepeatedEvent>,
}

/// An event that may occur thousands of times a second.
#[derive(Default)]
struct RepeatedEvent {
    last_logged: Option<Instant>,
    /// Occurrences since then.
    count: u64,
}

impl RepeatedEvent {
    /// Counts an occurrence. If it is time to log the event again, returns the number of
    /// occurrences since the last time.
    fn record(&mut self, now: Instant) -> Option<u64> {
        self.count += 1;
        if self
            .last_logged
            .is_some_and(|logged| now.duration_since(logged) < LOG_INTERVAL)
        {
            return None;
        }

        self.last_logged = Some(now);
        Some(std::mem::take(&mut self.count))
    }
}

impl ConnectionReport {
    pub(super) fn new(numbers: ConnectionMetrics) -> Self {
        Self {
            numbers,
            limit_reached: Mutex::default(),
            accept_failed: Mutex::default(),
        }
    }

    pub(super) fn accepted(&self) -> OpenConnection {
        self.numbers.accepted()
    }

    /// Reports that no slot was free without evicting another connection.
    pub(super) fn limit_reached(&self) {
        if let Some(times) = record(&self.limit_reached) {
            tracing::warn!(
                times,
                "the connection limit is reached: the connections that kept the server waiting \
                 longest were closed to free slots; if they are from your users, raise connections \
                 or connections_per_address in [limits]"
            );
        }
    }

    /// Counts a connection for which only the reserve had a slot.
    pub(super) fn over_capacity(&self) {
        self.numbers.over_capacity();
    }

    pub(super) fn ended(&self, end: ConnectionEnd) {
        if let Some(reason) = end.close_reason() {
            self.numbers.cut(reason);
            tracing::debug!(reason, "closed a connection");
        }
    }

    /// Reports that the system could not accept a connection.
    pub(super) fn accept_failed(&self, error: &io::Error) {
        if let Some(times) = record(&self.accept_failed) {
            tracing::error!(%error, times, "a connection cannot be accepted");
        }
    }
}

fn record(event: &Mutex<RepeatedEvent>) -> Option<u64> {
    event
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .record(Instant::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_events_are_logged_at_intervals() {
        let (mut event, start) = (RepeatedEvent::default(), Instant::now());
        let mut at = |seconds| event.record(start + Duration::from_secs(seconds));
        assert_eq!(
            [at(0), at(1), at(9), at(10), at(11), at(40)],
            [Some(1), None, None, Some(3), None, Some(2)]
        );
    }
}
