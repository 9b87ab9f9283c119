//! What the operator is told of connections: every one counts in the metrics, and the log says so now and then.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use mcdewey_query::{ConnectionNumbers, OpenConnection};

use super::connection::End;

/// A flood is worth a line this often, not a line for each connection.
const EVERY: Duration = Duration::from_secs(10);

/// Counts and logs; shared by all listeners.
pub(super) struct Report {
    numbers: ConnectionNumbers,
    full: Mutex<Repeated>,
    failed: Mutex<Repeated>,
}

/// Something that may happen thousands of times a second.
#[derive(Default)]
struct Repeated {
    told: Option<Instant>,
    since: u64,
}

impl Repeated {
    /// How often it has happened since it was last told, when it is time to tell it again.
    fn again(&mut self, now: Instant) -> Option<u64> {
        self.since += 1;
        if self
            .told
            .is_some_and(|told| now.duration_since(told) < EVERY)
        {
            return None;
        }

        self.told = Some(now);
        Some(std::mem::take(&mut self.since))
    }
}

impl Report {
    pub(super) fn new(numbers: ConnectionNumbers) -> Self {
        Self {
            numbers,
            full: Mutex::default(),
            failed: Mutex::default(),
        }
    }

    pub(super) fn accepted(&self) -> OpenConnection {
        self.numbers.accepted()
    }

    /// There is no place left without taking one from somebody.
    pub(super) fn full(&self) {
        if let Some(times) = again(&self.full) {
            tracing::warn!(
                times,
                "the limit of connections is reached: those that kept the server waiting longest were closed to make \
                 room; if these are your users, raise connections or connections_per_address in [limits]"
            );
        }
    }

    /// A connection found no place but one in the reserve.
    pub(super) fn over_capacity(&self) {
        self.numbers.over_capacity();
    }

    pub(super) fn ended(&self, end: End) {
        if let Some(reason) = end.reason() {
            self.numbers.cut(reason);
            tracing::debug!(reason, "closed a connection");
        }
    }

    /// The system gave no connection.
    pub(super) fn failed(&self, error: &io::Error) {
        if let Some(times) = again(&self.failed) {
            tracing::error!(%error, times, "a connection cannot be accepted");
        }
    }
}

fn again(repeated: &Mutex<Repeated>) -> Option<u64> {
    repeated
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .again(Instant::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_repeats_is_told_now_and_then() {
        let (mut repeated, began) = (Repeated::default(), Instant::now());
        let mut at = |seconds| repeated.again(began + Duration::from_secs(seconds));
        assert_eq!(
            [at(0), at(1), at(9), at(10), at(11), at(40)],
            [Some(1), None, None, Some(3), None, Some(2)]
        );
    }
}
