//! The keys an issuer signs with: one thread fetches them, and everybody is answered from the last set meanwhile. No
//! lock is held while the issuer is asked, and however many tokens ask for keys that nobody knows, it is asked once a
//! minute.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use mcdewey_query::IssuerUnavailable;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::watch;

/// A token by an unknown key makes us ask the issuer again, at most this often.
const ASK_AGAIN: Duration = Duration::from_secs(60);
/// The same while no keys can be used: first this soon, then after twice the time, up to [`ASK_AGAIN`].
const FIRST_RETRY: Duration = Duration::from_secs(5);
/// Once a token was seen, keys are fetched this often: the issuer may have withdrawn one.
const REFRESH: Duration = Duration::from_secs(60 * 60);
/// How soon that is tried again when it failed.
const RETRY: Duration = Duration::from_secs(5 * 60);
/// While the issuer cannot be reached, keys are good for this long after they were fetched.
const MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a token by an unknown key waits for the keys that are being fetched.
const WAIT: Duration = Duration::from_secs(5);
/// Shorter moduli are not to be used (RFC 7518, section 3.3).
const MIN_RSA_BYTES: usize = 2048 / 8;

/// Asks the issuer.
pub(super) type Fetch = Box<dyn FnMut() -> Result<KeySet> + Send>;

/// Keys as they come. One that cannot be read leaves the others usable.
#[derive(Debug, Deserialize)]
pub(super) struct KeySet {
    keys: Vec<Value>,
}

/// A key that verifies signatures.
pub(super) struct SigningKey {
    name: Option<String>,
    kind: Kind,
    /// The only algorithm it is for, where the issuer says so.
    only: Option<Algorithm>,
    pub(super) key: DecodingKey,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rsa,
    P256,
    P384,
    Ed25519,
}

/// The keys of one issuer.
pub(super) struct SigningKeys {
    shared: Arc<Shared>,
    wanted: SyncSender<()>,
}

struct Shared {
    state: Mutex<State>,
    /// Changes whenever the issuer was asked.
    asked: watch::Sender<()>,
}

#[derive(Default)]
struct State {
    keys: Vec<Arc<SigningKey>>,
    /// When these keys came.
    fetched: Option<Instant>,
    /// When the issuer was asked last, whatever came of it.
    asked: Option<Instant>,
    is_asking: bool,
    /// How often in a row nothing came of it.
    failures: u32,
}

/// What a look at the keys leads to.
enum Look {
    Found(Vec<Arc<SigningKey>>),
    Wait(watch::Receiver<()>),
    Unknown,
}

impl SigningKey {
    /// Takes a key as it comes; nothing where it does not verify signatures that we take.
    fn read(value: Value) -> Option<Self> {
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

        let only = match common.key_algorithm {
            Some(algorithm) => Some(Algorithm::try_from(algorithm).ok()?),
            None => None,
        };

        let kind = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => Kind::Rsa,
            AlgorithmParameters::EllipticCurve(parameters) => match parameters.curve {
                EllipticCurve::P256 => Kind::P256,
                EllipticCurve::P384 => Kind::P384,
                _ => return None,
            },
            AlgorithmParameters::OctetKeyPair(parameters)
                if parameters.curve == EllipticCurve::Ed25519 =>
            {
                Kind::Ed25519
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
            name: jwk.common.key_id,
            kind,
            only,
            key,
        })
    }

    /// Whether it verifies signatures of this kind.
    pub(super) fn fits(&self, algorithm: Algorithm) -> bool {
        let kind = match algorithm {
            Algorithm::RS256 | Algorithm::RS384 | Algorithm::RS512 => Kind::Rsa,
            Algorithm::PS256 | Algorithm::PS384 | Algorithm::PS512 => Kind::Rsa,
            Algorithm::ES256 => Kind::P256,
            Algorithm::ES384 => Kind::P384,
            Algorithm::EdDSA => Kind::Ed25519,
            _ => return false,
        };
        self.kind == kind && self.only.is_none_or(|only| only == algorithm)
    }
}

impl SigningKeys {
    /// The keys that this gives; nothing is fetched before a token needs them.
    pub(super) fn new(issuer: &str, fetch: Fetch) -> Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            asked: watch::Sender::new(()),
        });
        let (wanted, requests) = sync_channel(1);
        let (keeper, issuer) = (Arc::clone(&shared), issuer.to_owned());
        let thread = std::thread::Builder::new().name("issuer-keys".to_owned());
        thread.spawn(move || keeper.keep(&requests, fetch, &issuer))?;

        Ok(Self { shared, wanted })
    }

    /// The keys that a token may be signed with: those of this name, or all where it names none.
    pub(super) async fn named(&self, name: Option<&str>) -> Result<Vec<Arc<SigningKey>>> {
        let mut asked = match self.look(name) {
            Look::Found(keys) => return Ok(keys),
            Look::Wait(asked) => asked,
            Look::Unknown => return Err(self.shared.lock().unknown()),
        };

        let _ = tokio::time::timeout(WAIT, asked.changed()).await;
        let state = self.shared.lock();
        state.find(name).ok_or_else(|| state.unknown())
    }

    /// Makes the last fetch look older.
    #[cfg(test)]
    pub(super) fn age(&self, by: Duration) {
        let mut state = self.shared.lock();
        let earlier = |at: Option<Instant>| at.map(|at| at.checked_sub(by).unwrap());
        (state.fetched, state.asked) = (earlier(state.fetched), earlier(state.asked));
    }

    /// Finds keys, or has them fetched where that may help.
    fn look(&self, name: Option<&str>) -> Look {
        let mut state = self.shared.lock();
        if let Some(keys) = state.find(name) {
            return Look::Found(keys);
        }

        let asked = self.shared.asked.subscribe();
        if !state.is_asking {
            if state
                .asked
                .is_some_and(|asked| asked.elapsed() < state.ask_again())
                || self.wanted.try_send(()).is_err()
            {
                return Look::Unknown;
            }
            state.begin();
        }

        Look::Wait(asked)
    }
}

impl State {
    fn is_current(&self) -> bool {
        self.fetched
            .is_some_and(|fetched| fetched.elapsed() < MAX_AGE)
    }

    /// How long the issuer is left alone after it was asked. Every token waits for keys while there are none.
    fn ask_again(&self) -> Duration {
        match self.is_current() || self.failures == 0 {
            true => ASK_AGAIN,
            false => FIRST_RETRY
                .saturating_mul(1 << (self.failures - 1).min(10))
                .min(ASK_AGAIN),
        }
    }

    /// Why a key was not found.
    fn unknown(&self) -> anyhow::Error {
        match self.is_current() {
            true => anyhow::anyhow!("the issuer has no such key, or did not say so in time"),
            false => IssuerUnavailable.into(),
        }
    }

    fn find(&self, name: Option<&str>) -> Option<Vec<Arc<SigningKey>>> {
        if !self.is_current() {
            return None;
        }

        let matching = |key: &&Arc<SigningKey>| name.is_none() || key.name.as_deref() == name;
        let found: Vec<_> = self.keys.iter().filter(matching).cloned().collect();
        (!found.is_empty()).then_some(found)
    }

    fn begin(&mut self) {
        self.is_asking = true;
        self.asked = Some(Instant::now());
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetches keys when they are wanted, and then again and again, as long as there is somebody to want them.
    fn keep(&self, wanted: &Receiver<()>, mut fetch: Fetch, issuer: &str) {
        if wanted.recv().is_err() {
            return;
        }

        loop {
            self.lock().begin();
            let outcome = fetch();
            let next = if outcome.is_ok() { REFRESH } else { RETRY };

            // Whoever asked meanwhile is answered by what came.
            while wanted.try_recv().is_ok() {}
            self.finish(outcome, issuer);
            if let Err(RecvTimeoutError::Disconnected) = wanted.recv_timeout(next) {
                return;
            }
        }
    }

    fn finish(&self, outcome: Result<KeySet>, issuer: &str) {
        let read = |set: KeySet| {
            set.keys
                .into_iter()
                .filter_map(SigningKey::read)
                .map(Arc::new)
                .collect::<Vec<_>>()
        };

        let keys = outcome.map(read);
        if keys.as_ref().is_ok_and(Vec::is_empty) {
            tracing::error!(
                "{issuer} has no key that verifies signatures; all its tokens are refused"
            );
        }

        let mut state = self.lock();
        state.is_asking = false;
        match keys {
            Ok(keys) => {
                (state.keys, state.fetched, state.failures) = (keys, Some(Instant::now()), 0)
            }
            Err(error) => {
                state.failures = state.failures.saturating_add(1);
                tracing::error!(
                    "the keys of {issuer} cannot be had; the old ones are used: {error:#}"
                );
            }
        }

        drop(state);
        self.asked.send_replace(());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use serde_json::json;

    use super::*;

    fn ed25519(name: &str, more: &Value) -> Value {
        let mut key = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        key["kid"] = name.into();
        key.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        key
    }

    fn set(names: &[&str]) -> KeySet {
        KeySet {
            keys: names.iter().map(|name| ed25519(name, &json!({}))).collect(),
        }
    }

    /// An issuer that answers when it is told to, and says when it is asked.
    struct Held {
        keys: Arc<SigningKeys>,
        asked: Receiver<()>,
        answers: mpsc::Sender<Result<KeySet>>,
    }

    fn held() -> Held {
        let (asking, asked) = mpsc::channel();
        let (answers, given) = mpsc::channel();
        let fetch = move || {
            asking.send(()).unwrap();
            given
                .recv()
                .unwrap_or_else(|_| Err(anyhow::anyhow!("it hung up")))
        };

        Held {
            keys: Arc::new(SigningKeys::new("it", Box::new(fetch)).unwrap()),
            asked,
            answers,
        }
    }

    impl Held {
        /// One that gave these keys.
        async fn with(names: &[&str]) -> Self {
            let held = held();
            held.answers.send(Ok(set(names))).unwrap();
            held.keys.named(Some(names[0])).await.unwrap();
            held.asked.recv().unwrap();
            held
        }

        fn age(&self, by: Duration) {
            self.keys.age(by);
        }

        /// Asks for a key beside this test.
        fn ask(&self, name: &'static str) -> tokio::task::JoinHandle<bool> {
            let keys = Arc::clone(&self.keys);
            tokio::spawn(async move { keys.named(Some(name)).await.is_ok() })
        }
    }

    #[tokio::test]
    async fn nobody_who_has_a_known_key_waits_for_the_issuer() {
        let held = Held::with(&["one"]).await;
        held.age(ASK_AGAIN);
        let unknown: Vec<_> = (0..100).map(|_| held.ask("two")).collect();
        tokio::task::yield_now().await;
        held.asked.recv().unwrap();

        // The issuer is being asked and does not answer.
        assert_eq!(held.keys.named(Some("one")).await.unwrap().len(), 1);
        assert!(unknown.iter().all(|waiting| !waiting.is_finished()));
        held.answers.send(Ok(set(&["one", "two"]))).unwrap();

        for waiting in unknown {
            assert!(
                waiting.await.unwrap(),
                "who waited is answered by what came"
            );
        }

        assert!(
            held.asked.try_recv().is_err(),
            "it was asked once for all of them"
        );
    }

    #[tokio::test]
    async fn an_unknown_key_has_the_issuer_asked_once_a_minute() {
        let held = Held::with(&["one"]).await;
        assert!(
            held.keys.named(Some("two")).await.is_err(),
            "the minute is not over"
        );
        assert!(held.asked.try_recv().is_err());
        held.age(ASK_AGAIN);
        let waiting = held.ask("two");
        tokio::task::yield_now().await;
        held.asked.recv().unwrap();

        held.answers
            .send(Err(anyhow::anyhow!("it is ill")))
            .unwrap();
        assert!(!waiting.await.unwrap());
        assert!(
            held.keys.named(Some("one")).await.is_ok(),
            "the old keys are used"
        );
        assert!(held.keys.named(Some("three")).await.is_err());
        assert!(held.asked.try_recv().is_err());
    }

    #[tokio::test]
    async fn keys_that_nobody_confirmed_for_a_day_are_not_used() {
        let held = Held::with(&["one"]).await;
        held.age(MAX_AGE - Duration::from_secs(60));
        assert!(held.keys.named(Some("one")).await.is_ok());
        held.age(Duration::from_secs(60));

        held.answers
            .send(Err(anyhow::anyhow!("it is ill")))
            .unwrap();
        let refusal = held.keys.named(Some("one")).await.err().unwrap();
        assert!(refusal.is::<IssuerUnavailable>(), "{refusal}");
    }

    #[tokio::test]
    async fn without_any_keys_the_issuer_is_asked_again_soon() {
        let held = held();
        let mut wait = FIRST_RETRY;
        for _ in 0..6 {
            held.answers
                .send(Err(anyhow::anyhow!("it is ill")))
                .unwrap();
            assert!(held.keys.named(Some("one")).await.is_err());
            held.asked.recv().unwrap();
            held.age(wait - Duration::from_secs(1));
            assert!(held.keys.named(Some("one")).await.is_err());
            assert!(held.asked.try_recv().is_err(), "not before {wait:?}");
            held.age(Duration::from_secs(1));
            wait = (wait * 2).min(ASK_AGAIN);
        }

        held.answers.send(Ok(set(&["one"]))).unwrap();
        assert!(
            held.keys.named(Some("one")).await.is_ok(),
            "one failure does not last"
        );
        held.asked.recv().unwrap();
        held.age(FIRST_RETRY);
        assert!(held.keys.named(Some("two")).await.is_err());
        assert!(
            held.asked.try_recv().is_err(),
            "beside keys that can be used, an unknown one waits for its minute"
        );
    }

    #[tokio::test]
    async fn a_withdrawn_key_goes_with_the_next_set() {
        let held = Held::with(&["one", "two"]).await;
        held.age(ASK_AGAIN);
        held.answers.send(Ok(set(&["two"]))).unwrap();
        assert!(held.keys.named(Some("three")).await.is_err());
        assert!(held.keys.named(Some("one")).await.is_err());
        assert_eq!(held.keys.named(None).await.unwrap().len(), 1);
    }

    #[test]
    fn keys_are_for_what_they_say() {
        let fits = |more: Value, algorithm| {
            SigningKey::read(ed25519("one", &more)).is_some_and(|key| key.fits(algorithm))
        };

        for good in [
            json!({}),
            json!({"use": "sig"}),
            json!({"alg": "EdDSA"}),
            json!({"key_ops": ["verify"]}),
        ] {
            assert!(fits(good.clone(), Algorithm::EdDSA), "{good}");
            assert!(
                !fits(good.clone(), Algorithm::ES256) && !fits(good.clone(), Algorithm::RS256),
                "{good}"
            );
            assert!(!fits(good.clone(), Algorithm::HS256), "{good}");
        }

        for bad in [
            json!({"use": "enc"}),
            json!({"use": "SIG"}),
            json!({"use": 7}),
            json!({"key_ops": ["sign"]}),
            json!({"key_ops": []}),
            json!({"use": "sig", "key_ops": ["encrypt"]}),
            json!({"alg": "ES256"}),
            json!({"alg": "ECDH-ES"}),
            json!({"crv": "X25519"}),
            json!({"kty": "oct", "k": "c2VjcmV0"}),
        ] {
            assert!(!fits(bad.clone(), Algorithm::EdDSA), "{bad}");
        }
    }

    #[test]
    fn short_and_foreign_keys_are_left_out() {
        let rsa = |bytes: usize| json!({"kty": "RSA", "e": "AQAB", "n": "_".repeat(bytes * 4 / 3), "kid": "r"});
        assert!(SigningKey::read(rsa(128 * 3 / 2)).is_none());
        let long = SigningKey::read(rsa(258)).unwrap();

        assert!(
            long.fits(Algorithm::RS256)
                && long.fits(Algorithm::PS512)
                && !long.fits(Algorithm::EdDSA)
        );

        let mut only = rsa(258);
        only["alg"] = "RS256".into();
        let only = SigningKey::read(only).unwrap();

        assert!(
            only.fits(Algorithm::RS256)
                && !only.fits(Algorithm::RS384)
                && !only.fits(Algorithm::PS256)
        );

        for foreign in [
            json!({"kty": "AKP"}),
            json!({}),
            json!(7),
            json!({"kty": "OKP", "crv": "Ed25519"}),
        ] {
            assert!(SigningKey::read(foreign.clone()).is_none(), "{foreign}");
        }
    }
}
