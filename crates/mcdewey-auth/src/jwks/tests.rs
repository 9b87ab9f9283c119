//! Fetching, keeping and expiring the keys of an issuer.

use std::sync::mpsc;

use serde_json::json;

use super::*;

fn ed25519(id: &str, more: &Value) -> Value {
    let mut key =
        json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    key["kid"] = id.into();
    key.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    key
}

fn key_set(ids: &[&str]) -> KeySet {
    KeySet {
        keys: ids.iter().map(|id| ed25519(id, &json!({}))).collect(),
    }
}

fn failure() -> FetchError {
    FetchError::OtherIssuer("someone else".to_owned())
}

/// An issuer whose responses the test sends, and which reports each fetch.
struct ManualIssuer {
    keys: Arc<SigningKeys>,
    fetches: Receiver<()>,
    responses: mpsc::Sender<Result<KeySet, FetchError>>,
}

impl ManualIssuer {
    fn new() -> Self {
        let (fetch_started, fetches) = mpsc::channel();
        let (responses, next_response) = mpsc::channel();
        let fetch = move || {
            fetch_started.send(()).unwrap();
            next_response.recv().unwrap_or_else(|_| Err(failure()))
        };

        Self {
            keys: Arc::new(SigningKeys::new("issuer", Box::new(fetch)).unwrap()),
            fetches,
            responses,
        }
    }

    /// An issuer whose keys with these ids have been fetched.
    async fn with_keys(ids: &[&str]) -> Self {
        let issuer = Self::new();
        issuer.responses.send(Ok(key_set(ids))).unwrap();
        issuer.keys.find(Some(ids[0])).await.unwrap();
        issuer.fetches.recv().unwrap();
        issuer
    }

    fn age(&self, by: Duration) {
        self.keys.age(by);
    }

    /// Looks up a key in a task of its own.
    fn spawn_find(&self, id: &'static str) -> tokio::task::JoinHandle<bool> {
        let keys = Arc::clone(&self.keys);
        tokio::spawn(async move { keys.find(Some(id)).await.is_ok() })
    }
}

#[tokio::test]
async fn known_keys_do_not_wait_for_the_issuer() {
    let issuer = ManualIssuer::with_keys(&["one"]).await;
    issuer.age(MIN_FETCH_INTERVAL);
    let unknown: Vec<_> = (0..100).map(|_| issuer.spawn_find("two")).collect();
    tokio::task::yield_now().await;
    issuer.fetches.recv().unwrap();

    // The fetch is in progress and does not return.
    assert_eq!(issuer.keys.find(Some("one")).await.unwrap().len(), 1);
    assert!(unknown.iter().all(|waiting| !waiting.is_finished()));
    issuer.responses.send(Ok(key_set(&["one", "two"]))).unwrap();

    for waiting in unknown {
        assert!(
            waiting.await.unwrap(),
            "waiting lookups use the fetched keys"
        );
    }

    assert!(
        issuer.fetches.try_recv().is_err(),
        "one fetch serves all of them"
    );
}

#[tokio::test]
async fn unknown_keys_trigger_one_fetch_a_minute() {
    let issuer = ManualIssuer::with_keys(&["one"]).await;
    assert!(
        issuer.keys.find(Some("two")).await.is_err(),
        "less than a minute since the last fetch"
    );
    assert!(issuer.fetches.try_recv().is_err());
    issuer.age(MIN_FETCH_INTERVAL);
    let waiting = issuer.spawn_find("two");
    tokio::task::yield_now().await;
    issuer.fetches.recv().unwrap();

    issuer.responses.send(Err(failure())).unwrap();
    assert!(!waiting.await.unwrap());
    assert!(
        issuer.keys.find(Some("one")).await.is_ok(),
        "the previous keys stay in use"
    );
    assert!(issuer.keys.find(Some("three")).await.is_err());
    assert!(issuer.fetches.try_recv().is_err());
}

#[tokio::test]
async fn keys_expire_a_day_after_the_last_fetch() {
    let issuer = ManualIssuer::with_keys(&["one"]).await;
    issuer.age(MAX_AGE - Duration::from_secs(60));
    assert!(issuer.keys.find(Some("one")).await.is_ok());
    issuer.age(Duration::from_secs(60));

    issuer.responses.send(Err(failure())).unwrap();
    let error = issuer.keys.find(Some("one")).await.err().unwrap();
    assert_eq!(error, FindKeyError::IssuerUnavailable(IssuerUnavailable));
}

#[tokio::test]
async fn without_keys_fetches_are_retried_with_backoff() {
    let issuer = ManualIssuer::new();
    let mut delay = FIRST_RETRY_DELAY;
    for _ in 0..6 {
        issuer.responses.send(Err(failure())).unwrap();
        assert!(issuer.keys.find(Some("one")).await.is_err());
        issuer.fetches.recv().unwrap();
        issuer.age(delay - Duration::from_secs(1));
        assert!(issuer.keys.find(Some("one")).await.is_err());
        assert!(issuer.fetches.try_recv().is_err(), "not before {delay:?}");
        issuer.age(Duration::from_secs(1));
        delay = (delay * 2).min(MIN_FETCH_INTERVAL);
    }

    issuer.responses.send(Ok(key_set(&["one"]))).unwrap();
    assert!(
        issuer.keys.find(Some("one")).await.is_ok(),
        "it recovers from failures"
    );
    issuer.fetches.recv().unwrap();
    issuer.age(FIRST_RETRY_DELAY);
    assert!(issuer.keys.find(Some("two")).await.is_err());
    assert!(
        issuer.fetches.try_recv().is_err(),
        "while there are usable keys, unknown ones are limited to one fetch a minute"
    );
}

#[tokio::test]
async fn a_withdrawn_key_is_dropped_with_the_next_set() {
    let issuer = ManualIssuer::with_keys(&["one", "two"]).await;
    issuer.age(MIN_FETCH_INTERVAL);
    issuer.responses.send(Ok(key_set(&["two"]))).unwrap();
    assert!(issuer.keys.find(Some("three")).await.is_err());
    assert!(issuer.keys.find(Some("one")).await.is_err());
    assert_eq!(issuer.keys.find(None).await.unwrap().len(), 1);
}

#[test]
fn use_algorithm_and_operations_of_a_key_are_respected() {
    let supports = |more: Value, algorithm| {
        SigningKey::parse(ed25519("one", &more)).is_some_and(|key| key.supports(algorithm))
    };

    for good in [
        json!({}),
        json!({"use": "sig"}),
        json!({"alg": "EdDSA"}),
        json!({"key_ops": ["verify"]}),
    ] {
        assert!(supports(good.clone(), Algorithm::EdDSA), "{good}");
        assert!(
            !supports(good.clone(), Algorithm::ES256) && !supports(good.clone(), Algorithm::RS256),
            "{good}"
        );
        assert!(!supports(good.clone(), Algorithm::HS256), "{good}");
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
        assert!(!supports(bad.clone(), Algorithm::EdDSA), "{bad}");
    }
}

#[test]
fn short_and_unsupported_keys_are_ignored() {
    let rsa = |bytes: usize| {
        let modulus = "_".repeat(bytes * 4 / 3);
        json!({"kty": "RSA", "e": "AQAB", "n": modulus, "kid": "r"})
    };
    assert!(SigningKey::parse(rsa(128 * 3 / 2)).is_none());
    let long = SigningKey::parse(rsa(258)).unwrap();

    assert!(
        long.supports(Algorithm::RS256)
            && long.supports(Algorithm::PS512)
            && !long.supports(Algorithm::EdDSA)
    );

    let mut restricted = rsa(258);
    restricted["alg"] = "RS256".into();
    let restricted = SigningKey::parse(restricted).unwrap();

    assert!(
        restricted.supports(Algorithm::RS256)
            && !restricted.supports(Algorithm::RS384)
            && !restricted.supports(Algorithm::PS256)
    );

    for unsupported in [
        json!({"kty": "AKP"}),
        json!({}),
        json!(7),
        json!({"kty": "OKP", "crv": "Ed25519"}),
    ] {
        assert!(
            SigningKey::parse(unsupported.clone()).is_none(),
            "{unsupported}"
        );
    }
}
