//! The keys an issuer signs tokens with. One thread fetches them, while requests use the last set.
//! No lock is held during a fetch, and tokens with unknown key ids cause at most one fetch a
//! minute, however many there are.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::watch;

use crate::caller::IssuerUnavailable;
use crate::discovery::FetchError;
use crate::error_chain::ErrorChain;

/// A token with an unknown key id triggers a fetch at most this often.
const MIN_FETCH_INTERVAL: Duration = Duration::from_secs(60);
/// The same while there are no usable keys: the first delay, doubled after each failure up to
/// [`MIN_FETCH_INTERVAL`].
const FIRST_RETRY_DELAY: Duration = Duration::from_secs(5);
/// How often keys are fetched once a token has been seen, because the issuer may have withdrawn
/// one.
const REFRESH_INTERVAL: Duration = Duration::from_secs(60 * 60);
/// How soon a failed refresh is retried.
const REFRESH_RETRY_DELAY: Duration = Duration::from_secs(5 * 60);
/// How long keys remain valid after they were fetched if the issuer cannot be reached.
const MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a token with an unknown key id waits for a fetch.
const FETCH_WAIT: Duration = Duration::from_secs(5);
/// Shorter moduli must not be used (RFC 7518, section 3.3).
const MIN_RSA_BYTES: usize = 2048 / 8;

/// Fetches the issuer's key set.
pub(crate) type FetchKeys = Box<dyn FnMut() -> Result<KeySet, FetchError> + Send>;

/// A key set as the issuer publishes it. Keys stay unparsed, so that one that cannot be parsed does
/// not affect the others.
#[derive(Debug, Deserialize)]
pub(crate) struct KeySet {
    keys: Vec<Value>,
}

/// A public key that verifies signatures.
pub(crate) struct SigningKey {
    id: Option<String>,
    kind: KeyKind,
    /// The only algorithm it may be used with, if the issuer restricts it.
    algorithm: Option<Algorithm>,
    pub(crate) key: DecodingKey,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyKind {
    Rsa,
    P256,
    P384,
    Ed25519,
}

/// The keys of one issuer.
pub(crate) struct SigningKeys {
    shared: Arc<SharedKeys>,
    fetch_requests: SyncSender<()>,
}

struct SharedKeys {
    state: Mutex<KeyState>,
    /// Notified after every fetch, successful or not.
    fetched: watch::Sender<()>,
}

#[derive(Default)]
struct KeyState {
    keys: Vec<Arc<SigningKey>>,
    /// When these keys were fetched.
    last_success: Option<Instant>,
    /// When the last fetch began, successful or not.
    last_attempt: Option<Instant>,
    is_fetching: bool,
    consecutive_failures: u32,
}

/// Why there is no key to verify a token with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FindKeyError {
    #[error("the issuer has no such key, or did not respond in time")]
    Unknown,
    #[error(transparent)]
    IssuerUnavailable(#[from] IssuerUnavailable),
}

/// The result of looking up a key id.
enum KeyLookup {
    Found(Vec<Arc<SigningKey>>),
    /// A fetch that may bring the key is in progress.
    Pending(watch::Receiver<()>),
    Unknown,
}

impl SigningKey {
    /// Parses a JSON web key. Returns `None` if it does not verify signatures of a supported kind.
    fn parse(value: Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(value).ok()?;
        let common = &jwk.common;
        if common
            .public_key_use
            .as_ref()
            .is_some_and(|usage| *usage != PublicKeyUse::Signature)
        {
            return None;
        }

        if common
            .key_operations
            .as_ref()
            .is_some_and(|operations| !operations.contains(&KeyOperations::Verify))
        {
            return None;
        }

        let algorithm = match common.key_algorithm {
            Some(algorithm) => Some(Algorithm::try_from(algorithm).ok()?),
            None => None,
        };

        let kind = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => KeyKind::Rsa,
            AlgorithmParameters::EllipticCurve(parameters) => match parameters.curve {
                EllipticCurve::P256 => KeyKind::P256,
                EllipticCurve::P384 => KeyKind::P384,
                _ => return None,
            },
            AlgorithmParameters::OctetKeyPair(parameters)
                if parameters.curve == EllipticCurve::Ed25519 =>
            {
                KeyKind::Ed25519
            }
            _ => return None,
        };

        let key = DecodingKey::from_jwk(&jwk).ok()?;
        if let DecodingKeyKind::RsaModulusExponent { n, .. } = key.kind()
            && n.iter().skip_while(|byte| **byte == 0).count() < MIN_RSA_BYTES
        {
            return None;
        }

        Some(Self {
            id: jwk.common.key_id,
            kind,
            algorithm,
            key,
        })
    }

    /// Reports whether the key verifies signatures made with this algorithm.
    pub(crate) fn supports(&self, algorithm: Algorithm) -> bool {
        let kind = match algorithm {
            Algorithm::RS256 | Algorithm::RS384 | Algorithm::RS512 => KeyKind::Rsa,
            Algorithm::PS256 | Algorithm::PS384 | Algorithm::PS512 => KeyKind::Rsa,
            Algorithm::ES256 => KeyKind::P256,
            Algorithm::ES384 => KeyKind::P384,
            Algorithm::EdDSA => KeyKind::Ed25519,
            _ => return false,
        };

        self.kind == kind && self.algorithm.is_none_or(|only| only == algorithm)
    }
}

impl SigningKeys {
    /// Starts the thread that calls `fetch`. Nothing is fetched before a token needs a key.
    pub(crate) fn new(issuer: &str, fetch: FetchKeys) -> io::Result<Self> {
        let shared = Arc::new(SharedKeys {
            state: Mutex::default(),
            fetched: watch::Sender::new(()),
        });
        let (fetch_requests, requests) = sync_channel(1);

        let (worker, issuer) = (Arc::clone(&shared), issuer.to_owned());
        std::thread::Builder::new()
            .name("issuer-keys".to_owned())
            .spawn(move || worker.run_fetches(&requests, fetch, &issuer))?;

        Ok(Self {
            shared,
            fetch_requests,
        })
    }

    /// Returns the keys that a token may be signed with: those with this id, or all if the token
    /// names none. Waits for a fetch if that may bring the key.
    pub(crate) async fn find(
        &self,
        id: Option<&str>,
    ) -> Result<Vec<Arc<SigningKey>>, FindKeyError> {
        let mut fetched = match self.lookup(id) {
            KeyLookup::Found(keys) => return Ok(keys),
            KeyLookup::Pending(fetched) => fetched,
            KeyLookup::Unknown => return Err(self.shared.lock().not_found_error()),
        };

        let _ = tokio::time::timeout(FETCH_WAIT, fetched.changed()).await;
        let state = self.shared.lock();
        state.find(id).ok_or_else(|| state.not_found_error())
    }

    /// Moves the last fetch into the past.
    #[cfg(test)]
    pub(crate) fn age(&self, by: Duration) {
        let state = &mut *self.shared.lock();
        for time in [&mut state.last_success, &mut state.last_attempt] {
            *time = time.map(|time| time.checked_sub(by).unwrap());
        }
    }

    /// Looks up keys, and requests a fetch if that may help.
    fn lookup(&self, id: Option<&str>) -> KeyLookup {
        let mut state = self.shared.lock();
        if let Some(keys) = state.find(id) {
            return KeyLookup::Found(keys);
        }

        let fetched = self.shared.fetched.subscribe();
        if !state.is_fetching {
            if state
                .last_attempt
                .is_some_and(|attempt| attempt.elapsed() < state.min_fetch_interval())
                || self.fetch_requests.try_send(()).is_err()
            {
                return KeyLookup::Unknown;
            }
            state.start_fetch();
        }

        KeyLookup::Pending(fetched)
    }
}

impl KeyState {
    fn is_current(&self) -> bool {
        self.last_success
            .is_some_and(|success| success.elapsed() < MAX_AGE)
    }

    /// The minimum time between the starts of two fetches. It is shorter while there are no keys,
    /// because then every token has to wait for them.
    fn min_fetch_interval(&self) -> Duration {
        match self.is_current() || self.consecutive_failures == 0 {
            true => MIN_FETCH_INTERVAL,
            false => FIRST_RETRY_DELAY
                .saturating_mul(1 << (self.consecutive_failures - 1).min(10))
                .min(MIN_FETCH_INTERVAL),
        }
    }

    fn not_found_error(&self) -> FindKeyError {
        match self.is_current() {
            true => FindKeyError::Unknown,
            false => IssuerUnavailable.into(),
        }
    }

    fn find(&self, id: Option<&str>) -> Option<Vec<Arc<SigningKey>>> {
        if !self.is_current() {
            return None;
        }

        let found: Vec<_> = self
            .keys
            .iter()
            .filter(|key| id.is_none() || key.id.as_deref() == id)
            .cloned()
            .collect();
        (!found.is_empty()).then_some(found)
    }

    fn start_fetch(&mut self) {
        self.is_fetching = true;
        self.last_attempt = Some(Instant::now());
    }
}

impl SharedKeys {
    fn lock(&self) -> MutexGuard<'_, KeyState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetches keys on the first request, then regularly and on further requests, until the
    /// [`SigningKeys`] is dropped.
    fn run_fetches(&self, requests: &Receiver<()>, mut fetch: FetchKeys, issuer: &str) {
        if requests.recv().is_err() {
            return;
        }

        loop {
            self.lock().start_fetch();
            let outcome = fetch();
            let next = if outcome.is_ok() {
                REFRESH_INTERVAL
            } else {
                REFRESH_RETRY_DELAY
            };

            // This fetch also serves the requests that arrived meanwhile.
            while requests.try_recv().is_ok() {}
            self.finish_fetch(outcome, issuer);
            if let Err(RecvTimeoutError::Disconnected) = requests.recv_timeout(next) {
                return;
            }
        }
    }

    fn finish_fetch(&self, outcome: Result<KeySet, FetchError>, issuer: &str) {
        let keys = outcome.map(parse_keys);
        if keys.as_ref().is_ok_and(Vec::is_empty) {
            tracing::error!(
                "{issuer} publishes no key that verifies signatures; all its tokens are rejected"
            );
        }

        let mut state = self.lock();
        state.is_fetching = false;
        match keys {
            Ok(keys) => {
                state.keys = keys;
                state.last_success = Some(Instant::now());
                state.consecutive_failures = 0;
            }
            Err(error) => {
                state.consecutive_failures = state.consecutive_failures.saturating_add(1);
                tracing::error!(
                    "the keys of {issuer} could not be fetched; the previous ones stay in use: \
                     {}",
                    ErrorChain(&error)
                );
            }
        }

        drop(state);
        self.fetched.send_replace(());
    }
}

/// Parses the usable keys of a set.
fn parse_keys(set: KeySet) -> Vec<Arc<SigningKey>> {
    set.keys
        .into_iter()
        .filter_map(SigningKey::parse)
        .map(Arc::new)
        .collect()
}

#[cfg(test)]
mod tests;
