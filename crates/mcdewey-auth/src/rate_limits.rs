//! Rate limits: requests per caller and wrong keys per network, as token buckets that refill evenly
//! over a minute.
//!
//! A bucket is dropped only when it is full again. Otherwise a caller could empty a bucket, make
//! the server drop it, and start with a new one.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::ShrinkableKeyedStateStore;
use governor::{Quota, RateLimiter};

/// Wrong keys that one network may send per minute. Guessing a key of 256 bits is hopeless at any
/// rate; the limit is on the work and the log lines that wrong keys cause.
pub const WRONG_KEYS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(60).expect("60 is not zero");
/// Rejected requests of one network that are written to the audit log per minute.
const AUDITED_REJECTIONS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(60).expect("60 is not zero");
/// Buckets per limit, which take some ten megabytes.
const MAX_BUCKETS: usize = 100_000;
/// Buckets that newcomers share while there is no space for one of their own.
const SHARED_BUCKETS: u64 = 256;
/// Finding full buckets visits all of them, so it is done at most this often.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// Identifies a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum BucketKey {
    /// The name of a key or a token's subject.
    Caller(Arc<str>),
    /// An IPv4 address, or the first address of an IPv6 network.
    Network(IpAddr),
    /// One of the buckets that newcomers share.
    Shared(u64),
}

impl BucketKey {
    /// The bucket of an address. An IPv6 client can choose addresses from a whole /64, so the
    /// network has one bucket.
    pub(crate) fn for_network(remote: Option<IpAddr>) -> Self {
        Self::Network(match remote.map(|address| address.to_canonical()) {
            Some(IpAddr::V6(address)) => {
                let [a, b, c, d, ..] = address.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
            }
            Some(address) => address,
            None => Ipv4Addr::UNSPECIFIED.into(),
        })
    }
}

impl fmt::Display for BucketKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Caller(name) => write!(f, "{name:?}"),
            Self::Network(IpAddr::V6(address)) => write!(f, "{address}/64"),
            Self::Network(address) => write!(f, "{address}"),
            Self::Shared(_) => write!(f, "many addresses"),
        }
    }
}

/// All rate limits of a server. Every check returns how long to wait if a bucket is empty.
pub(crate) struct RateLimits {
    /// Requests per minute of callers without a limit of their own.
    default_limit: Option<NonZeroU32>,
    /// By limit, because keys may have limits of their own.
    requests: Mutex<BTreeMap<NonZeroU32, Arc<Buckets>>>,
    wrong_keys: Buckets,
    audited_rejections: Buckets,
    /// Limits the warning about rejections that are left out of the audit log to one per minute.
    omission_warnings: Buckets,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self::new(None)
    }
}

impl RateLimits {
    pub(crate) fn new(default_limit: Option<NonZeroU32>) -> Self {
        Self {
            default_limit,
            requests: Mutex::default(),
            wrong_keys: Buckets::new(WRONG_KEYS_PER_MINUTE),
            audited_rejections: Buckets::new(AUDITED_REJECTIONS_PER_MINUTE),
            omission_warnings: Buckets::new(NonZeroU32::MIN),
        }
    }

    /// Counts a request of a caller, whose own limit overrides the default one.
    pub(crate) fn check_request(
        &self,
        caller: &BucketKey,
        own_limit: Option<NonZeroU32>,
    ) -> Result<(), Duration> {
        let Some(limit) = own_limit.or(self.default_limit) else {
            return Ok(());
        };

        let buckets = {
            let mut all = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(
                all.entry(limit)
                    .or_insert_with(|| Arc::new(Buckets::new(limit))),
            )
        };

        buckets.take(caller)
    }

    /// Counts a wrong key.
    pub(crate) fn check_wrong_key(&self, network: &BucketKey) -> Result<(), Duration> {
        self.wrong_keys.take(network)
    }

    /// Whether to write another rejected request of this network to the audit log. The limit keeps
    /// strangers from filling the disk.
    pub(crate) fn audits_rejection(&self, network: &BucketKey) -> bool {
        let is_audited = self.audited_rejections.take(network).is_ok();
        if !is_audited && self.omission_warnings.take(network).is_ok() {
            tracing::warn!(
                "more than {AUDITED_REJECTIONS_PER_MINUTE} requests per minute from {network} were \
                 rejected; the audit log omits the rest"
            );
        }

        is_audited
    }
}

/// The token buckets of one limit.
struct Buckets<C: Clock = DefaultClock> {
    levels: BucketLevels,
    limiter: RateLimiter<BucketKey, BucketLevels, C, NoOpMiddleware<C::Instant>>,
    clock: C,
    max_buckets: usize,
    last_sweep: Mutex<Option<C::Instant>>,
    hasher: RandomState,
}

impl Buckets {
    fn new(limit: NonZeroU32) -> Self {
        Self::with_clock(limit, DefaultClock::default(), MAX_BUCKETS)
    }
}

impl<C: Clock + Clone> Buckets<C> {
    fn with_clock(limit: NonZeroU32, clock: C, max_buckets: usize) -> Self {
        let levels = BucketLevels::default();
        let limiter = RateLimiter::new(Quota::per_minute(limit), levels.clone(), clock.clone());

        Self {
            levels,
            limiter,
            clock,
            max_buckets,
            last_sweep: Mutex::default(),
            hasher: RandomState::new(),
        }
    }

    /// Takes one token from a bucket; the error is how long to wait if it is empty.
    fn take(&self, key: &BucketKey) -> Result<(), Duration> {
        let outcome = if self.has_space_for(key) {
            self.limiter.check_key(key)
        } else {
            // Existing buckets are kept, however many newcomers there are.
            let shared = self.hasher.hash_one(key) % SHARED_BUCKETS;
            self.limiter.check_key(&BucketKey::Shared(shared))
        };

        outcome.map_err(|empty| empty.wait_time_from(self.clock.now()))
    }

    fn has_space_for(&self, key: &BucketKey) -> bool {
        if self.levels.has_space_for(key, self.max_buckets) {
            return true;
        }

        self.drop_full_buckets();
        self.levels.has_space_for(key, self.max_buckets)
    }

    fn drop_full_buckets(&self) {
        let now = self.clock.now();
        let mut last = self
            .last_sweep
            .lock()
            .unwrap_or_else(PoisonError::into_inner);

        if last.is_none_or(|last| now.duration_since(last) >= SWEEP_INTERVAL.into()) {
            self.limiter.retain_recent();
            *last = Some(now);
        }
    }
}

/// The level of each bucket, as the rate limiter represents it. Shared with the limiter so that the
/// number of buckets can be bounded.
#[derive(Clone, Default)]
struct BucketLevels(Arc<Mutex<HashMap<BucketKey, Nanos>>>);

impl BucketLevels {
    fn lock(&self) -> MutexGuard<'_, HashMap<BucketKey, Nanos>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_space_for(&self, key: &BucketKey, max_buckets: usize) -> bool {
        let levels = self.lock();
        levels.len() < max_buckets || levels.contains_key(key)
    }
}

impl StateStore for BucketLevels {
    type Key = BucketKey;

    fn measure_and_replace<T, F, E>(&self, key: &BucketKey, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut levels = self.lock();
        let (outcome, level) = measure(levels.get(key).copied())?;
        levels.insert(key.clone(), level);
        Ok(outcome)
    }
}

impl ShrinkableKeyedStateStore<BucketKey> for BucketLevels {
    fn retain_recent(&self, drop_below: Nanos) {
        self.lock().retain(|_, level| *level >= drop_below);
    }

    fn len(&self) -> usize {
        self.lock().len()
    }

    fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    fn caller(name: &str) -> BucketKey {
        BucketKey::Caller(name.into())
    }

    fn network(address: &str) -> BucketKey {
        BucketKey::for_network(Some(address.parse().unwrap()))
    }

    fn newcomer(number: u32) -> BucketKey {
        BucketKey::for_network(Some(Ipv4Addr::from_bits(number).into()))
    }

    #[test]
    fn each_caller_has_a_bucket() {
        let limits = RateLimits::new(NonZeroU32::new(2));
        for name in ["a", "b"] {
            let bucket = caller(name);
            assert!(
                limits.check_request(&bucket, None).is_ok()
                    && limits.check_request(&bucket, None).is_ok()
            );
            let wait = limits.check_request(&bucket, None).unwrap_err();
            assert!(
                wait > Duration::ZERO && wait <= Duration::from_secs(30),
                "{wait:?}"
            );
        }
    }

    #[test]
    fn a_limit_of_its_own_overrides_the_default() {
        let limits = RateLimits::new(NonZeroU32::new(1));
        assert!((0..5).all(|_| {
            limits
                .check_request(&caller("a"), NonZeroU32::new(5))
                .is_ok()
        }));
        assert!(
            limits
                .check_request(&caller("a"), NonZeroU32::new(5))
                .is_err()
        );
        assert!(
            RateLimits::default()
                .check_request(&caller("a"), None)
                .is_ok()
        );
    }

    #[test]
    fn an_empty_bucket_survives_any_number_of_other_addresses() {
        let limits = RateLimits::new(NonZeroU32::new(1));
        let greedy = network("192.0.2.1");
        assert!(limits.check_request(&greedy, None).is_ok());

        for other in 0..110_000 {
            let _ = limits.check_request(&newcomer(other), None);
            if other % 10_000 == 0 {
                assert!(
                    limits.check_request(&greedy, None).is_err(),
                    "after {other} others"
                );
            }
        }

        assert!(limits.check_request(&greedy, None).is_err());
        let buckets = Arc::clone(&limits.requests.lock().unwrap()[&NonZeroU32::MIN]);
        assert!(
            buckets.levels.len() <= MAX_BUCKETS + SHARED_BUCKETS as usize,
            "memory is bounded"
        );
    }

    #[test]
    fn newcomers_share_buckets_until_old_ones_are_full_again() {
        let clock = FakeRelativeClock::default();
        let buckets = Buckets::with_clock(NonZeroU32::MIN, clock.clone(), 2);
        assert!(buckets.take(&caller("a")).is_ok() && buckets.take(&caller("b")).is_ok());

        let rejected = (0..10_000)
            .filter(|number| buckets.take(&newcomer(*number)).is_err())
            .count();

        assert!(
            rejected >= 10_000 - SHARED_BUCKETS as usize,
            "a flood of newcomers is limited too: {rejected}"
        );
        assert!(buckets.take(&caller("a")).is_err());
        clock.advance(Duration::from_secs(121));

        assert!(
            buckets.take(&caller("c")).is_ok() && buckets.levels.len() == 1,
            "full buckets were dropped"
        );
    }

    #[test]
    fn an_ipv6_network_has_one_bucket() {
        assert_eq!(network("2001:db8:0:1::1"), network("2001:db8:0:1:ffff::2"));
        assert_ne!(network("2001:db8:0:1::1"), network("2001:db8:0:2::1"));
        assert_eq!(network("::ffff:192.0.2.7"), network("192.0.2.7"));
        assert_ne!(network("192.0.2.7"), network("192.0.2.8"));
    }

    #[test]
    fn wrong_keys_and_audited_rejections_are_limited_by_network() {
        let limits = RateLimits::default();
        let (guesser, other) = (network("192.0.2.1"), network("192.0.2.2"));
        assert!((0..WRONG_KEYS_PER_MINUTE.get()).all(|_| limits.check_wrong_key(&guesser).is_ok()));
        assert!(
            limits.check_wrong_key(&guesser).is_err() && limits.check_wrong_key(&other).is_ok()
        );
        assert!(
            (0..AUDITED_REJECTIONS_PER_MINUTE.get()).all(|_| limits.audits_rejection(&guesser))
        );
        assert!(!limits.audits_rejection(&guesser) && limits.audits_rejection(&other));
    }
}
