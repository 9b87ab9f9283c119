//! How often one caller may ask, and how often one network may send wrong keys: token buckets that refill evenly over
//! the minute. A bucket is forgotten only once it is full again, so nobody empties theirs and gets a new one by making
//! the server forget it.

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

/// Wrong keys that one network may send in a minute. Guessing a key of 256 bits is hopeless at any rate; the work and
/// the log lines that wrong ones cause are what is limited.
pub(super) const WRONG_KEYS: NonZeroU32 = NonZeroU32::new(60).expect("60 is not zero");
/// Refused requests of one network that the audit log takes in a minute.
const RECORDED_REFUSALS: NonZeroU32 = NonZeroU32::new(60).expect("60 is not zero");
/// Buckets of one limit, some ten megabytes of them.
const MAX_BUCKETS: usize = 100_000;
/// Buckets that newcomers share while no bucket of their own is to be had.
const SHARED_BUCKETS: u64 = 256;
/// Looking for full buckets reads all of them, so it is done at most this often.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// Whose bucket it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Bucket {
    /// A key's or a token's, by its name.
    Caller(Arc<str>),
    /// Everybody's at one address, or in one network of IPv6.
    Network(IpAddr),
    /// That of many newcomers.
    Shared(u64),
}

impl Bucket {
    /// The bucket of an address. A client of IPv6 has a whole /64 to choose addresses from, so that is one bucket.
    pub(super) fn network(remote: Option<IpAddr>) -> Self {
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

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Caller(name) => write!(f, "{name:?}"),
            Self::Network(IpAddr::V6(address)) => write!(f, "{address}/64"),
            Self::Network(address) => write!(f, "{address}"),
            Self::Shared(_) => write!(f, "many addresses"),
        }
    }
}

/// All limits of a server.
pub(super) struct Limits {
    everybody: Option<NonZeroU32>,
    /// By how much they hold: keys may have limits of their own.
    requests: Mutex<BTreeMap<NonZeroU32, Arc<Buckets>>>,
    wrong_keys: Buckets,
    recorded: Buckets,
    /// Networks whose refusals are left out of the audit log, which the log says once a minute.
    left_out: Buckets,
}

impl Default for Limits {
    fn default() -> Self {
        Self::new(None)
    }
}

impl Limits {
    pub(super) fn new(everybody: Option<NonZeroU32>) -> Self {
        Self {
            everybody,
            requests: Mutex::default(),
            wrong_keys: Buckets::new(WRONG_KEYS),
            recorded: Buckets::new(RECORDED_REFUSALS),
            left_out: Buckets::new(NonZeroU32::MIN),
        }
    }

    /// Takes one request from a caller's bucket; how long to wait when it is empty.
    pub(super) fn request(&self, bucket: &Bucket, own: Option<NonZeroU32>) -> Result<(), Duration> {
        let Some(limit) = own.or(self.everybody) else {
            return Ok(());
        };

        let buckets = {
            let mut all = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(
                all.entry(limit)
                    .or_insert_with(|| Arc::new(Buckets::new(limit))),
            )
        };

        buckets.take(bucket)
    }

    /// Counts a wrong key; how long to wait when there were too many.
    pub(super) fn wrong_key(&self, network: &Bucket) -> Result<(), Duration> {
        self.wrong_keys.take(network)
    }

    /// Whether the audit log takes another refused request of this network: strangers must not fill the disk.
    pub(super) fn records_refusal(&self, network: &Bucket) -> bool {
        let recorded = self.recorded.take(network).is_ok();
        if !recorded && self.left_out.take(network).is_ok() {
            tracing::warn!(
                "more than {RECORDED_REFUSALS} requests a minute from {network} are refused; the audit log leaves the \
                 rest out"
            );
        }

        recorded
    }
}

/// Buckets of one size.
struct Buckets<C: Clock = DefaultClock> {
    levels: Levels,
    limiter: RateLimiter<Bucket, Levels, C, NoOpMiddleware<C::Instant>>,
    clock: C,
    max: usize,
    swept: Mutex<Option<C::Instant>>,
    hasher: RandomState,
}

impl Buckets {
    fn new(limit: NonZeroU32) -> Self {
        Self::with(limit, DefaultClock::default(), MAX_BUCKETS)
    }
}

impl<C: Clock + Clone> Buckets<C> {
    fn with(limit: NonZeroU32, clock: C, max: usize) -> Self {
        let levels = Levels::default();
        let limiter = RateLimiter::new(Quota::per_minute(limit), levels.clone(), clock.clone());
        Self {
            levels,
            limiter,
            clock,
            max,
            swept: Mutex::default(),
            hasher: RandomState::new(),
        }
    }

    /// Takes one out of a bucket; how long to wait when it is empty.
    fn take(&self, bucket: &Bucket) -> Result<(), Duration> {
        let outcome = match self.has_room_for(bucket) {
            true => self.limiter.check_key(bucket),
            // Those who have a bucket keep it, whoever comes in great numbers.
            false => self.limiter.check_key(&Bucket::Shared(
                self.hasher.hash_one(bucket) % SHARED_BUCKETS,
            )),
        };
        outcome.map_err(|empty| empty.wait_time_from(self.clock.now()))
    }

    fn has_room_for(&self, bucket: &Bucket) -> bool {
        if self.levels.has_room_for(bucket, self.max) {
            return true;
        }
        self.sweep();
        self.levels.has_room_for(bucket, self.max)
    }

    /// Forgets the buckets that are full.
    fn sweep(&self) {
        let now = self.clock.now();
        let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
        if swept.is_none_or(|swept| now.duration_since(swept) >= SWEEP_EVERY.into()) {
            self.limiter.retain_recent();
            *swept = Some(now);
        }
    }
}

/// How full each bucket is, as the rate limiter counts it.
#[derive(Clone, Default)]
struct Levels(Arc<Mutex<HashMap<Bucket, Nanos>>>);

impl Levels {
    fn lock(&self) -> MutexGuard<'_, HashMap<Bucket, Nanos>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_room_for(&self, bucket: &Bucket, max: usize) -> bool {
        let levels = self.lock();
        levels.len() < max || levels.contains_key(bucket)
    }
}

impl StateStore for Levels {
    type Key = Bucket;

    fn measure_and_replace<T, F, E>(&self, bucket: &Bucket, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut levels = self.lock();
        let (outcome, level) = measure(levels.get(bucket).copied())?;
        levels.insert(bucket.clone(), level);
        Ok(outcome)
    }
}

impl ShrinkableKeyedStateStore<Bucket> for Levels {
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

    fn number(limit: u32) -> Option<NonZeroU32> {
        NonZeroU32::new(limit)
    }

    fn caller(name: &str) -> Bucket {
        Bucket::Caller(name.into())
    }

    fn from(address: &str) -> Bucket {
        Bucket::network(Some(address.parse().unwrap()))
    }

    fn stranger(number: u32) -> Bucket {
        Bucket::network(Some(Ipv4Addr::from_bits(number).into()))
    }

    #[test]
    fn each_caller_has_a_bucket() {
        let limits = Limits::new(number(2));
        for name in ["a", "b"] {
            let bucket = caller(name);
            assert!(limits.request(&bucket, None).is_ok() && limits.request(&bucket, None).is_ok());
            let wait = limits.request(&bucket, None).unwrap_err();
            assert!(
                wait > Duration::ZERO && wait <= Duration::from_secs(30),
                "{wait:?}"
            );
        }
    }

    #[test]
    fn a_limit_of_ones_own_goes_before() {
        let limits = Limits::new(number(1));
        assert!((0..5).all(|_| limits.request(&caller("a"), number(5)).is_ok()));
        assert!(limits.request(&caller("a"), number(5)).is_err());
        assert!(Limits::default().request(&caller("a"), None).is_ok());
    }

    #[test]
    fn an_empty_bucket_survives_any_number_of_other_addresses() {
        let limits = Limits::new(number(1));
        let greedy = from("192.0.2.1");
        assert!(limits.request(&greedy, None).is_ok());

        for other in 0..110_000 {
            let _ = limits.request(&stranger(other), None);
            if other % 10_000 == 0 {
                assert!(
                    limits.request(&greedy, None).is_err(),
                    "after {other} others"
                );
            }
        }

        assert!(limits.request(&greedy, None).is_err());
        let buckets = Arc::clone(&limits.requests.lock().unwrap()[&NonZeroU32::MIN]);
        assert!(
            buckets.levels.len() <= MAX_BUCKETS + SHARED_BUCKETS as usize,
            "the memory is bounded"
        );
    }

    #[test]
    fn newcomers_share_buckets_until_old_ones_are_full_again() {
        let clock = FakeRelativeClock::default();
        let buckets = Buckets::with(NonZeroU32::MIN, clock.clone(), 2);
        assert!(buckets.take(&caller("a")).is_ok() && buckets.take(&caller("b")).is_ok());

        let refused = (0..10_000)
            .filter(|number| buckets.take(&stranger(*number)).is_err())
            .count();

        assert!(
            refused >= 10_000 - SHARED_BUCKETS as usize,
            "a flood of newcomers is limited, too: {refused}"
        );
        assert!(buckets.take(&caller("a")).is_err());
        clock.advance(Duration::from_secs(121));

        assert!(
            buckets.take(&caller("c")).is_ok() && buckets.levels.len() == 1,
            "the full ones were forgotten"
        );
    }

    #[test]
    fn a_network_of_ipv6_has_one_bucket() {
        assert_eq!(from("2001:db8:0:1::1"), from("2001:db8:0:1:ffff::2"));
        assert_ne!(from("2001:db8:0:1::1"), from("2001:db8:0:2::1"));
        assert_eq!(from("::ffff:192.0.2.7"), from("192.0.2.7"));
        assert_ne!(from("192.0.2.7"), from("192.0.2.8"));
    }

    #[test]
    fn wrong_keys_and_their_records_are_limited_by_network() {
        let limits = Limits::default();
        let (guesser, other) = (from("192.0.2.1"), from("192.0.2.2"));
        assert!((0..WRONG_KEYS.get()).all(|_| limits.wrong_key(&guesser).is_ok()));
        assert!(limits.wrong_key(&guesser).is_err() && limits.wrong_key(&other).is_ok());
        assert!((0..RECORDED_REFUSALS.get()).all(|_| limits.records_refusal(&guesser)));
        assert!(!limits.records_refusal(&guesser) && limits.records_refusal(&other));
    }
}
