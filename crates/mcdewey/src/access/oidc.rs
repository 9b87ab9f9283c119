//! Tokens of an OpenID Connect issuer: signed by one of its keys, for us, in time; what their claims allow.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header};
use mcdewey_core::Visibility;
use mcdewey_query::{Caller, IssuerUnavailable, Role};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::jwks::{KeySet, SigningKeys};
use super::settings::{OidcSettings, is_safe};

/// Signatures that need no secret of ours.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];
/// What a token may call itself. Others that an issuer signs, such as notices of a logout, let nobody in.
const TYPES: [&str; 2] = ["jwt", "at+jwt"];
/// Longer tokens are not looked at.
const MAX_TOKEN_BYTES: usize = 16 * 1024;
/// Keys of one name that are tried.
const MAX_TRIES: usize = 4;
/// How long the issuer may take for one answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longer answers of the issuer are not read.
const MAX_ANSWER_BYTES: u64 = 1024 * 1024;
/// Refused tokens that the log explains in a minute: anybody can send them.
const EXPLAINED: u32 = 60;

/// An issuer and the keys it signs with.
pub(super) struct Issuer {
    settings: OidcSettings,
    keys: SigningKeys,
    explained: Mutex<Option<(Instant, u32)>>,
}

/// The part of an issuer's description that we need.
#[derive(Deserialize)]
struct Description {
    issuer: String,
    jwks_uri: String,
}

impl Issuer {
    pub(super) fn new(settings: OidcSettings) -> Result<Self> {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .max_redirects(0);
        let (agent, named) = (ureq::Agent::from(config.build()), settings.clone());
        let keys = SigningKeys::new(&settings.issuer, Box::new(move || fetch(&agent, &named)))?;

        Ok(Self {
            settings,
            keys,
            explained: Mutex::default(),
        })
    }

    /// As it stands in its tokens.
    pub(super) fn name(&self) -> &str {
        &self.settings.issuer
    }

    /// Who sends this token; why it is not good is for the log only.
    pub(super) async fn verify(&self, token: &str) -> Result<Option<Caller>, IssuerUnavailable> {
        match self.judge(token).await {
            Ok(caller) => Ok(Some(caller)),
            Err(error) => {
                self.explain(&error);
                error.downcast::<IssuerUnavailable>().map_or(Ok(None), Err)
            }
        }
    }

    #[cfg(test)]
    async fn caller(&self, token: &str) -> Option<Caller> {
        self.verify(token).await.ok().flatten()
    }

    async fn judge(&self, token: &str) -> Result<Caller> {
        let header = header(token)?;
        let mut keys = self.keys.named(header.kid.as_deref()).await?;
        keys.retain(|key| key.fits(header.alg));

        ensure!(
            !keys.is_empty(),
            "the issuer's key is not for signatures with {:?}",
            header.alg
        );
        ensure!(
            header.kid.is_some() || keys.len() == 1,
            "it names no key, and several of the issuer's may be meant"
        );
        let mut validation = Validation::new(header.alg);
        validation.set_issuer(&[&self.settings.issuer]);
        validation.set_audience(&[&self.settings.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.validate_nbf = true;

        let mut refusal = None;
        for key in keys.iter().take(MAX_TRIES) {
            match decode::<Value>(token, &key.key, &validation) {
                Ok(token) => {
                    // Other than an audience, an issuer is one text and never a list (RFC 7519, section 4.1.1).
                    ensure!(token.claims["iss"].is_string(), "its issuer is no text");
                    return Ok(caller(&token.claims, &self.settings));
                }
                Err(error) => refusal = Some(error),
            }
        }

        match refusal {
            Some(error) => Err(error.into()),
            None => bail!("no key was tried"),
        }
    }

    /// Says why a token was refused, in one line, and not more often than anybody reads.
    fn explain(&self, error: &anyhow::Error) {
        let mut explained = self
            .explained
            .lock()
            .unwrap_or_else(PoisonError::into_inner);

        let (begun, count) = explained
            .filter(|(begun, _)| begun.elapsed() < Duration::from_secs(60))
            .unwrap_or_else(|| (Instant::now(), 0));
        *explained = Some((begun, count.saturating_add(1)));
        drop(explained);

        let text: String = format!("{error:#}")
            .chars()
            .filter(|c| !c.is_control())
            .take(200)
            .collect();

        if count < EXPLAINED {
            tracing::info!("a token was refused: {text}");
        } else if count == EXPLAINED {
            tracing::warn!(
                "more than {EXPLAINED} tokens were refused within a minute; the log leaves the rest out"
            );
        }
    }
}

/// The header of a token, where we understand all of it that we must.
fn header(token: &str) -> Result<Header> {
    ensure!(
        token.len() <= MAX_TOKEN_BYTES,
        "it is longer than {MAX_TOKEN_BYTES} bytes"
    );
    let header = decode_header(token).context("it is no JSON web token")?;
    ensure!(
        ALGORITHMS.contains(&header.alg),
        "it is signed with {:?}, which is not taken",
        header.alg
    );

    // We know no extensions, so that one that must be understood is one too many, whatever it lists (RFC 7515, 4.1.11).
    let encoded = token.split('.').next().unwrap_or_default();
    let all: Map<String, Value> = serde_json::from_slice(&BASE64.decode(encoded)?)?;
    ensure!(
        !all.contains_key("crit"),
        "it has extensions that must be understood (crit)"
    );

    if let Some(name) = &header.typ {
        let name = name.to_ascii_lowercase();
        let name = name.strip_prefix("application/").unwrap_or(&name);
        ensure!(
            TYPES.contains(&name),
            "it is of a type that lets nobody in (typ)"
        );
    }

    Ok(header)
}

/// Asks the issuer for its keys.
fn fetch(agent: &ureq::Agent, settings: &OidcSettings) -> Result<KeySet> {
    let url = match &settings.jwks_url {
        Some(url) => url.clone(),
        None => {
            let url = format!(
                "{}/.well-known/openid-configuration",
                settings.issuer.trim_end_matches('/')
            );
            let description: Description = read(agent, &url)?;
            ensure!(
                description.issuer == settings.issuer,
                "it calls itself {}",
                description.issuer
            );
            ensure!(
                is_safe(&description.jwks_uri),
                "its keys lie at {}, not behind https://",
                description.jwks_uri
            );

            description.jwks_uri
        }
    };
    read(agent, &url)
}

/// What lies at an address. A redirect is not followed, and what is on this machine is not asked through a proxy.
fn read<T: DeserializeOwned>(agent: &ureq::Agent, url: &str) -> Result<T> {
    let request = agent.get(url);
    let mut response = match url.starts_with("https:") {
        true => request.call()?,
        false => request.config().proxy(None).build().call()?,
    };

    ensure!(
        response.status() == 200,
        "{url} answers {}",
        response.status()
    );

    Ok(response
        .body_mut()
        .with_config()
        .limit(MAX_ANSWER_BYTES)
        .read_json()?)
}

fn caller(claims: &Value, settings: &OidcSettings) -> Caller {
    let scopes = ["scope", "scp", "roles"]
        .iter()
        .flat_map(|name| words(&claims[*name]));

    let role = if scopes
        .into_iter()
        .any(|scope| scope == settings.admin_scope)
    {
        Role::Admin
    } else {
        Role::Read
    };

    let limited = settings.products_claim.is_some() || settings.vendors_claim.is_some();
    let listed = |name: &Option<String>| {
        name.as_ref()
            .map(|name| list(&claims[name.as_str()]))
            .unwrap_or_default()
    };

    let visibility = match role == Role::Admin || !limited {
        true => Visibility::Everything,
        false => Visibility::Only {
            vendors: listed(&settings.vendors_claim),
            products: listed(&settings.products_claim),
        },
    };

    let subject = claims["sub"].as_str().unwrap_or("without a subject");

    // A subject is whatever the issuer lets people call themselves.
    let name: String = subject
        .chars()
        .filter(|c| !c.is_control())
        .take(100)
        .collect();

    Caller::new(&format!("token {name}"), role, visibility)
}

/// Scopes stand in one text, roles in a list.
fn words(claim: &Value) -> Vec<String> {
    match claim {
        Value::String(text) => text.split_whitespace().map(str::to_owned).collect(),
        other => list(other),
    }
}

fn list(claim: &Value) -> Vec<String> {
    match claim {
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => values
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::sync::{Arc, mpsc};

    use jsonwebtoken::jwk::Jwk;
    use jsonwebtoken::{EncodingKey, encode};
    use serde_json::json;

    use super::*;

    /// A key that is nobody's: its secret is the same byte 32 times.
    fn key(byte: u8) -> EncodingKey {
        let mut der = vec![
            0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22,
            0x04, 0x20,
        ];
        der.extend([byte; 32]);
        EncodingKey::from_ed_der(&der)
    }

    fn token(by: &EncodingKey, name: &str, claims: &Value) -> String {
        signed(by, claims, |header| header.kid = Some(name.to_owned()))
    }

    fn signed(by: &EncodingKey, claims: &Value, change: impl FnOnce(&mut Header)) -> String {
        let mut header = Header::new(Algorithm::EdDSA);
        change(&mut header);
        encode(&header, claims, by).unwrap()
    }

    /// What an issuer publishes of a key.
    fn public(of: &EncodingKey, name: &str, more: &Value) -> Value {
        let mut jwk =
            serde_json::to_value(Jwk::from_encoding_key(of, Algorithm::EdDSA).unwrap()).unwrap();
        jwk["kid"] = name.into();
        jwk.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        jwk
    }

    /// An issuer on this machine with one key named `one`.
    fn issuer(change: impl FnOnce(&mut OidcSettings)) -> Issuer {
        issuer_with(json!([public(&key(7), "one", &json!({}))]), change)
    }

    fn issuer_with(keys: Value, change: impl FnOnce(&mut OidcSettings)) -> Issuer {
        let keys = json!({"keys": keys}).to_string();
        issuer_that_answers(
            move || format!("200 OK\r\ncontent-length: {}\r\n\r\n{keys}", keys.len()),
            change,
        )
    }

    /// An issuer that answers with this, from the status on, when it is asked for its keys.
    fn issuer_that_answers(
        mut keys: impl FnMut() -> String + Send + 'static,
        change: impl FnOnce(&mut OidcSettings),
    ) -> Issuer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let description =
            json!({"issuer": address, "jwks_uri": format!("{address}/keys")}).to_string();

        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut asked = [0; 2048];
                let length = stream.read(&mut asked).unwrap();

                let rest = match String::from_utf8_lossy(&asked[..length]).starts_with("GET /keys")
                {
                    true => keys(),
                    false => format!(
                        "200 OK\r\ncontent-length: {}\r\n\r\n{description}",
                        description.len()
                    ),
                };

                // Who asked may be gone.
                let _ = write!(
                    stream,
                    "HTTP/1.1 {}",
                    rest.replacen("\r\n", "\r\nconnection: close\r\n", 1)
                );
            }
        });

        let mut settings: OidcSettings =
            toml::from_str(&format!("issuer = '{address}'\naudience = 'us'")).unwrap();
        change(&mut settings);
        Issuer::new(settings).unwrap()
    }

    fn claims(issuer: &Issuer, more: Value) -> Value {
        let mut claims =
            json!({"iss": issuer.name(), "aud": "us", "sub": "ann", "exp": 4_000_000_000_u64});
        claims
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());

        claims
    }

    #[tokio::test]
    async fn a_good_token_opens_what_its_claims_allow() {
        let issuer = issuer(|settings| settings.products_claim = Some("products".to_owned()));
        let of = async |more| {
            issuer
                .caller(&token(&key(7), "one", &claims(&issuer, more)))
                .await
                .unwrap()
        };

        let reader = of(json!({"products": ["finesse"], "scope": "openid email"})).await;
        let only = |products: &[&str]| Visibility::Only {
            vendors: Vec::new(),
            products: products.iter().map(|name| (*name).to_owned()).collect(),
        };

        assert_eq!(
            reader,
            Caller::new("token ann", Role::Read, only(&["finesse"]))
        );
        assert_eq!(
            of(json!({})).await.visibility,
            only(&[]),
            "a token without the claim shows nothing"
        );
        assert_eq!(
            of(json!({"scope": "a mcdewey:admin"})).await.role,
            Role::Admin
        );
        assert_eq!(
            of(json!({"roles": ["mcdewey:admin"]})).await.visibility,
            Visibility::Everything
        );
    }

    #[tokio::test]
    async fn any_other_token_opens_nothing() {
        let issuer = issuer(|_| {});
        let good = token(&key(7), "one", &claims(&issuer, json!({})));
        assert_eq!(
            issuer.caller(&good).await.map(|caller| caller.visibility),
            Some(Visibility::Everything)
        );
        let forged = token(&key(8), "one", &claims(&issuer, json!({})));
        let unknown = token(&key(7), "two", &claims(&issuer, json!({})));
        let late = token(&key(7), "one", &claims(&issuer, json!({"exp": 1})));

        let early = token(
            &key(7),
            "one",
            &claims(&issuer, json!({"nbf": 4_000_000_000_u64})),
        );

        let others = token(&key(7), "one", &claims(&issuer, json!({"aud": "them"})));
        let foreign = token(
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

        let without = json!({"iss": issuer.name(), "aud": "us", "sub": "ann"});
        let endless = token(&key(7), "one", &without);
        for bad in [
            forged,
            unknown,
            late,
            early,
            others,
            foreign,
            hmac,
            endless,
            "nonsense".to_owned(),
        ] {
            assert_eq!(issuer.caller(&bad).await, None, "{bad}");
        }
    }

    #[tokio::test]
    async fn one_unknown_key_holds_up_no_good_token() {
        let (asking, asked) = mpsc::channel();
        let (answer, answers) = mpsc::channel::<()>();
        let keys = json!({"keys": [public(&key(7), "one", &json!({}))]}).to_string();

        let hang = move || {
            asking.send(()).unwrap();
            answers.recv().unwrap();
            format!("200 OK\r\ncontent-length: {}\r\n\r\n{keys}", keys.len())
        };

        let issuer = Arc::new(issuer_that_answers(hang, |_| {}));
        let good = token(&key(7), "one", &claims(&issuer, json!({})));
        answer.send(()).unwrap();
        assert!(issuer.caller(&good).await.is_some());
        asked.recv().unwrap();
        issuer.keys.age(Duration::from_secs(60));
        let unknown = token(&key(7), "two", &claims(&issuer, json!({})));

        let waiting = tokio::spawn({
            let issuer = Arc::clone(&issuer);
            async move { issuer.caller(&unknown).await }
        });
        tokio::task::yield_now().await;
        asked.recv().unwrap();

        // The issuer hangs now.
        assert!(issuer.caller(&good).await.is_some());
        assert!(!waiting.is_finished());
        answer.send(()).unwrap();
        assert_eq!(waiting.await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_header_is_understood_or_refused() {
        let issuer = issuer(|_| {});
        let claims = claims(&issuer, json!({}));
        let is_good = async |change: &dyn Fn(&mut Header)| {
            let by_name = |header: &mut Header| {
                header.kid = Some("one".to_owned());
                change(header);
            };
            issuer
                .caller(&signed(&key(7), &claims, by_name))
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
                is_good(&|header| header.typ = typ.map(str::to_owned)).await,
                "{typ:?}"
            );
        }

        for typ in ["logout+jwt", "dpop+jwt", "secevent+jwt", ""] {
            assert!(
                !is_good(&|header| header.typ = Some(typ.to_owned())).await,
                "{typ:?}"
            );
        }

        for crit in [&["exp"][..], &["b64"], &["https://example.com/ext"], &[]] {
            let crit: Vec<String> = crit.iter().map(|&name| name.to_owned()).collect();
            assert!(
                !is_good(&|header| header.crit = Some(crit.clone())).await,
                "{crit:?}"
            );
        }

        assert!(
            !is_good(&|header| header.extras.insert("crit", Value::Null)).await,
            "null"
        );
        assert!(
            is_good(&|header| header.extras.insert("more", "text")).await,
            "what is not critical is ignored"
        );
    }

    #[tokio::test]
    async fn keys_that_are_for_something_else_verify_nothing() {
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
            let issuer = issuer_with(json!([public(&key(7), "one", &more)]), |_| {});
            let token = token(&key(7), "one", &claims(&issuer, json!({})));
            assert_eq!(issuer.caller(&token).await.is_some(), expected, "{more}");
        }
    }

    #[tokio::test]
    async fn of_several_keys_the_one_that_is_meant_is_used() {
        let encrypts = public(&key(9), "two", &json!({"use": "enc"}));
        let single = json!([public(&key(7), "one", &json!({})), encrypts, {"kty": "none of ours"}]);
        let issuer = issuer_with(single, |_| {});
        let nameless = |issuer: &Issuer| signed(&key(7), &claims(issuer, json!({})), |_| {});

        assert!(
            issuer.caller(&nameless(&issuer)).await.is_some(),
            "only one key signs"
        );

        let namesakes = json!([
            public(&key(8), "one", &json!({})),
            public(&key(7), "one", &json!({}))
        ]);
        let issuer = issuer_with(namesakes, |_| {});
        let token = token(&key(7), "one", &claims(&issuer, json!({})));

        assert!(
            issuer.caller(&token).await.is_some(),
            "each key of the name is tried"
        );
        assert_eq!(
            issuer.caller(&nameless(&issuer)).await,
            None,
            "it must say which"
        );
    }

    #[tokio::test]
    async fn an_issuer_is_one_name_and_an_audience_may_be_several() {
        let issuer = issuer(|_| {});
        let is_good = async |more| {
            issuer
                .caller(&token(&key(7), "one", &claims(&issuer, more)))
                .await
                .is_some()
        };

        assert!(is_good(json!({"aud": ["them", "us"]})).await);
        assert!(!is_good(json!({"aud": ["them"]})).await && !is_good(json!({"aud": []})).await);
        assert!(
            !is_good(json!({"aud": {"us": true}})).await && !is_good(json!({"aud": "usa"})).await
        );
        assert!(!is_good(json!({"iss": [issuer.name()]})).await);
        assert!(!is_good(json!({"iss": ["https://other.example", issuer.name()]})).await);
        let now = jsonwebtoken::get_current_timestamp();

        assert!(
            is_good(json!({"exp": now - 30})).await && !is_good(json!({"exp": now - 120})).await,
            "a minute's leeway"
        );
    }

    #[tokio::test]
    async fn a_redirect_and_an_endless_answer_give_no_keys() {
        let good = json!({"keys": [public(&key(7), "one", &json!({}))]}).to_string();
        let endless = format!("200 OK\r\n\r\n{}{good}", " ".repeat(2 * 1024 * 1024));
        let moved = format!(
            "302 Found\r\nlocation: /elsewhere\r\ncontent-length: {}\r\n\r\n{good}",
            good.len()
        );

        for answer in [endless, moved] {
            let issuer = issuer_that_answers(move || answer.clone(), |_| {});
            let token = token(&key(7), "one", &claims(&issuer, json!({})));
            assert_eq!(issuer.verify(&token).await, Err(IssuerUnavailable));
            assert_eq!(
                issuer.verify("nonsense").await,
                Ok(None),
                "that is wrong whatever the keys are"
            );
        }
    }
}
