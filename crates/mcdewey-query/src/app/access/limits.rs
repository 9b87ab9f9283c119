//! How often one caller may ask: a bucket of requests each, refilled evenly over the minute.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

/// Callers whose buckets are kept; beyond that all begin anew, rather than let strangers fill the memory.
const MAX_CALLERS: usize = 10_000;

/// The buckets.
#[derive(Default)]
pub(super) struct Limits {
    everybody: Option<NonZeroU32>,
    buckets: Mutex<HashMap<String, Bucket>>,
    clock: DefaultClock,
}

struct Bucket {
    limit: NonZeroU32,
    left: Arc<DefaultDirectRateLimiter>,
}

impl Limits {
    pub(super) fn new(everybody: Option<NonZeroU32>) -> Self {
        Self { everybody, ..Self::default() }
    }

    /// Takes one request from a caller's bucket; how long to wait when it is empty.
    pub(super) fn take(&self, caller: &str, own: Option<NonZeroU32>) -> Result<(), Duration> {
        let Some(limit) = own.or(self.everybody) else { return Ok(()) };
        let bucket = self.bucket(caller, limit);
        bucket.check().map_err(|full| full.wait_time_from(self.clock.now()))
    }

    fn bucket(&self, caller: &str, limit: NonZeroU32) -> Arc<DefaultDirectRateLimiter> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MAX_CALLERS && !buckets.contains_key(caller) {
            buckets.clear();
        }
        let new = || Bucket { limit, left: Arc::new(RateLimiter::direct(Quota::per_minute(limit))) };
        let bucket = buckets.entry(caller.to_owned()).or_insert_with(new);
        if bucket.limit != limit {
            *bucket = new();
        }
        Arc::clone(&bucket.left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(limit: u32) -> Option<NonZeroU32> {
        NonZeroU32::new(limit)
    }

    #[test]
    fn each_caller_has_a_bucket() {
        let limits = Limits::new(number(2));
        for caller in ["a", "b"] {
            assert!(limits.take(caller, None).is_ok() && limits.take(caller, None).is_ok());
            let wait = limits.take(caller, None).unwrap_err();
            assert!(wait > Duration::ZERO && wait <= Duration::from_secs(30), "{wait:?}");
        }
    }

    #[test]
    fn a_limit_of_ones_own_goes_before() {
        let limits = Limits::new(number(1));
        assert!((0..5).all(|_| limits.take("a", number(5)).is_ok()));
        assert!(limits.take("a", number(5)).is_err());
        assert!(Limits::default().take("a", None).is_ok());
    }

    #[test]
    fn strangers_do_not_fill_the_memory() {
        let limits = Limits::new(number(1));
        for caller in 0..=MAX_CALLERS {
            assert!(limits.take(&caller.to_string(), None).is_ok());
        }
        assert!(limits.buckets.lock().unwrap().len() <= MAX_CALLERS);
    }
}
