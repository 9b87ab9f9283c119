//! Tokens that are valid, and every other kind of token.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, mpsc};

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{EncodingKey, encode};
use serde_json::json;

use super::*;

impl Issuer {
    async fn caller(&self, token: &str) -> Option<Caller> {
        self.verify(token).await.ok().flatten()
    }
}

/// A key for tests only: its secret is the same byte 32 times.
fn key(byte: u8) -> EncodingKey {
    let mut der = vec![
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04,
        0x20,
    ];
    der.extend([byte; 32]);
    EncodingKey::from_ed_der(&der)
}

/// A token signed by `key`, whose header names the key id.
fn token(key: &EncodingKey, id: &str, claims: &Value) -> String {
    sign(key, claims, |header| header.kid = Some(id.to_owned()))
}

fn sign(key: &EncodingKey, claims: &Value, edit: impl FnOnce(&mut Header)) -> String {
    let mut header = Header::new(Algorithm::EdDSA);
    edit(&mut header);
    encode(&header, claims, key).unwrap()
}

/// The JSON web key that an issuer publishes, with additional fields.
fn public_key(key: &EncodingKey, id: &str, more: &Value) -> Value {
    let mut jwk =
        serde_json::to_value(Jwk::from_encoding_key(key, Algorithm::EdDSA).unwrap()).unwrap();
    jwk["kid"] = id.into();
    jwk.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    jwk
}

/// An issuer on this machine with one key, whose id is `one`.
fn issuer(edit: impl FnOnce(&mut OidcSettings)) -> Issuer {
    issuer_with_keys(json!([public_key(&key(7), "one", &json!({}))]), edit)
}

fn issuer_with_keys(keys: Value, edit: impl FnOnce(&mut OidcSettings)) -> Issuer {
    let keys = json!({"keys": keys}).to_string();
    issuer_that_responds(
        move || format!("200 OK\r\ncontent-length: {}\r\n\r\n{keys}", keys.len()),
        edit,
    )
}

/// An issuer that sends this response, beginning at the status code, when its keys are fetched.
fn issuer_that_responds(
    mut keys_response: impl FnMut() -> String + Send + 'static,
    edit: impl FnOnce(&mut OidcSettings),
) -> Issuer {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let document = json!({"issuer": address, "jwks_uri": format!("{address}/keys")}).to_string();

    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 2048];
            let length = stream.read(&mut request).unwrap();

            let response =
                match String::from_utf8_lossy(&request[..length]).starts_with("GET /keys") {
                    true => keys_response(),
                    false => format!(
                        "200 OK\r\ncontent-length: {}\r\n\r\n{document}",
                        document.len()
                    ),
                };

            // The client may have disconnected.
            let _ = write!(
                stream,
                "HTTP/1.1 {}",
                response.replacen("\r\n", "\r\nconnection: close\r\n", 1)
            );
        }
    });

    let mut settings: OidcSettings =
        toml::from_str(&format!("issuer = '{address}'\naudience = 'us'")).unwrap();
    edit(&mut settings);
    Issuer::new(settings).unwrap()
}

fn claims(issuer: &Issuer, more: Value) -> Value {
    let mut claims =
        json!({"iss": issuer.identifier(), "aud": "us", "sub": "ann", "exp": 4_000_000_000_u64});
    claims
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());

    claims
}

#[tokio::test]
async fn a_valid_token_grants_what_its_claims_allow() {
    let issuer = issuer(|settings| settings.products_claim = Some("products".to_owned()));
    let caller_with = async |more| {
        issuer
            .caller(&token(&key(7), "one", &claims(&issuer, more)))
            .await
            .unwrap()
    };

    let reader = caller_with(json!({"products": ["finesse"], "scope": "openid email"})).await;
    let only = |products: &[&str]| Visibility::Only {
        vendors: Vec::new(),
        products: products.iter().map(|name| (*name).to_owned()).collect(),
    };

    assert_eq!(
        reader,
        Caller::new("token ann", Role::Read, only(&["finesse"]))
    );
    assert_eq!(
        caller_with(json!({})).await.visibility,
        only(&[]),
        "a token without the claim grants access to nothing"
    );
    assert_eq!(
        caller_with(json!({"scope": "a mcdewey:admin"})).await.role,
        Role::Admin
    );
    assert_eq!(
        caller_with(json!({"roles": ["mcdewey:admin"]}))
            .await
            .visibility,
        Visibility::Everything
    );
}

#[tokio::test]
async fn any_other_token_grants_nothing() {
    let issuer = issuer(|_| {});
    let valid = token(&key(7), "one", &claims(&issuer, json!({})));
    assert_eq!(
        issuer.caller(&valid).await.map(|caller| caller.visibility),
        Some(Visibility::Everything)
    );
    let forged = token(&key(8), "one", &claims(&issuer, json!({})));
    let unknown = token(&key(7), "two", &claims(&issuer, json!({})));
    let expired = token(&key(7), "one", &claims(&issuer, json!({"exp": 1})));

    let not_yet_valid = token(
        &key(7),
        "one",
        &claims(&issuer, json!({"nbf": 4_000_000_000_u64})),
    );

    let other_audience = token(&key(7), "one", &claims(&issuer, json!({"aud": "them"})));
    let other_issuer = token(
        &key(7),
        "one",
        &claims(&issuer, json!({"iss": "https://other.example"})),
    );

    let hmac = encode(
        &Header::default(),
        &claims(&issuer, json!({})),
        &EncodingKey::from_secret(b"one"),
    )
    .unwrap();

    let without_expiry = json!({"iss": issuer.identifier(), "aud": "us", "sub": "ann"});
    let unlimited = token(&key(7), "one", &without_expiry);
    for bad in [
        forged,
        unknown,
        expired,
        not_yet_valid,
        other_audience,
        other_issuer,
        hmac,
        unlimited,
        "nonsense".to_owned(),
    ] {
        assert_eq!(issuer.caller(&bad).await, None, "{bad}");
    }
}

#[tokio::test]
async fn an_unknown_key_does_not_delay_valid_tokens() {
    let (fetch_started, fetches) = mpsc::channel();
    let (response_allowed, allowed) = mpsc::channel::<()>();
    let keys = json!({"keys": [public_key(&key(7), "one", &json!({}))]}).to_string();

    let hanging = move || {
        fetch_started.send(()).unwrap();
        allowed.recv().unwrap();
        format!("200 OK\r\ncontent-length: {}\r\n\r\n{keys}", keys.len())
    };

    let issuer = Arc::new(issuer_that_responds(hanging, |_| {}));
    let valid = token(&key(7), "one", &claims(&issuer, json!({})));
    response_allowed.send(()).unwrap();
    assert!(issuer.caller(&valid).await.is_some());
    fetches.recv().unwrap();
    issuer.keys.age(Duration::from_secs(60));
    let unknown = token(&key(7), "two", &claims(&issuer, json!({})));

    let waiting = tokio::spawn({
        let issuer = Arc::clone(&issuer);
        async move { issuer.caller(&unknown).await }
    });
    tokio::task::yield_now().await;
    fetches.recv().unwrap();

    // The issuer does not respond until allowed to.
    assert!(issuer.caller(&valid).await.is_some());
    assert!(!waiting.is_finished());
    response_allowed.send(()).unwrap();
    assert_eq!(waiting.await.unwrap(), None);
}

#[tokio::test]
async fn headers_that_are_not_understood_are_rejected() {
    let issuer = issuer(|_| {});
    let claims = claims(&issuer, json!({}));
    let accepts = async |edit: &dyn Fn(&mut Header)| {
        let with_key_id = |header: &mut Header| {
            header.kid = Some("one".to_owned());
            edit(header);
        };
        issuer
            .caller(&sign(&key(7), &claims, with_key_id))
            .await
            .is_some()
    };

    for typ in [
        None,
        Some("JWT"),
        Some("jwt"),
        Some("at+jwt"),
        Some("application/at+jwt"),
    ] {
        assert!(
            accepts(&|header| header.typ = typ.map(str::to_owned)).await,
            "{typ:?}"
        );
    }

    for typ in ["logout+jwt", "dpop+jwt", "secevent+jwt", ""] {
        assert!(
            !accepts(&|header| header.typ = Some(typ.to_owned())).await,
            "{typ:?}"
        );
    }

    for crit in [&["exp"][..], &["b64"], &["https://example.com/ext"], &[]] {
        let crit: Vec<String> = crit.iter().map(|&name| name.to_owned()).collect();
        assert!(
            !accepts(&|header| header.crit = Some(crit.clone())).await,
            "{crit:?}"
        );
    }

    assert!(
        !accepts(&|header| header.extras.insert("crit", Value::Null)).await,
        "null"
    );
    assert!(
        accepts(&|header| header.extras.insert("more", "text")).await,
        "unknown fields that are not critical are ignored"
    );
}

#[tokio::test]
async fn keys_for_other_purposes_verify_nothing() {
    for (more, expected) in [
        (json!({}), true),
        (
            json!({"use": "sig", "alg": "EdDSA", "key_ops": ["verify"]}),
            true,
        ),
        (json!({"use": "enc"}), false),
        (json!({"alg": "ES256"}), false),
        (json!({"key_ops": ["sign"]}), false),
    ] {
        let issuer = issuer_with_keys(json!([public_key(&key(7), "one", &more)]), |_| {});
        let token = token(&key(7), "one", &claims(&issuer, json!({})));
        assert_eq!(issuer.caller(&token).await.is_some(), expected, "{more}");
    }
}

#[tokio::test]
async fn the_right_key_of_several_is_used() {
    let encryption_key = public_key(&key(9), "two", &json!({"use": "enc"}));
    let single =
        json!([public_key(&key(7), "one", &json!({})), encryption_key, {"kty": "unsupported"}]);
    let issuer = issuer_with_keys(single, |_| {});
    let without_key_id = |issuer: &Issuer| sign(&key(7), &claims(issuer, json!({})), |_| {});

    assert!(
        issuer.caller(&without_key_id(&issuer)).await.is_some(),
        "only one key signs"
    );

    let same_id = json!([
        public_key(&key(8), "one", &json!({})),
        public_key(&key(7), "one", &json!({}))
    ]);
    let issuer = issuer_with_keys(same_id, |_| {});
    let token = token(&key(7), "one", &claims(&issuer, json!({})));

    assert!(
        issuer.caller(&token).await.is_some(),
        "each key with the id is tried"
    );
    assert_eq!(
        issuer.caller(&without_key_id(&issuer)).await,
        None,
        "the key would be ambiguous"
    );
}

#[tokio::test]
async fn an_issuer_is_one_string_and_an_audience_may_be_a_list() {
    let issuer = issuer(|_| {});
    let accepts = async |more| {
        issuer
            .caller(&token(&key(7), "one", &claims(&issuer, more)))
            .await
            .is_some()
    };

    assert!(accepts(json!({"aud": ["them", "us"]})).await);
    assert!(!accepts(json!({"aud": ["them"]})).await && !accepts(json!({"aud": []})).await);
    assert!(!accepts(json!({"aud": {"us": true}})).await && !accepts(json!({"aud": "usa"})).await);
    assert!(!accepts(json!({"iss": [issuer.identifier()]})).await);
    assert!(!accepts(json!({"iss": ["https://other.example", issuer.identifier()]})).await);
    let now = jsonwebtoken::get_current_timestamp();

    assert!(
        accepts(json!({"exp": now - 30})).await && !accepts(json!({"exp": now - 120})).await,
        "a minute's leeway"
    );
}

#[tokio::test]
async fn redirects_and_oversized_responses_are_errors() {
    let valid = json!({"keys": [public_key(&key(7), "one", &json!({}))]}).to_string();
    let oversized = format!("200 OK\r\n\r\n{}{valid}", " ".repeat(2 * 1024 * 1024));
    let redirect = format!(
        "302 Found\r\nlocation: /elsewhere\r\ncontent-length: {}\r\n\r\n{valid}",
        valid.len()
    );

    for response in [oversized, redirect] {
        let issuer = issuer_that_responds(move || response.clone(), |_| {});
        let token = token(&key(7), "one", &claims(&issuer, json!({})));
        assert_eq!(issuer.verify(&token).await, Err(IssuerUnavailable));
        assert_eq!(
            issuer.verify("nonsense").await,
            Ok(None),
            "it is rejected whatever the keys are"
        );
    }
}
