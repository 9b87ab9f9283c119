//! Tokens of an OpenID Connect issuer: signed by one of its keys, for us, in time; what their claims allow.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use mcdewey_core::Visibility;
use mcdewey_query::{Caller, Role};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;

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
/// A token by an unknown key makes us ask the issuer again, at most this often.
const ASK_AGAIN: Duration = Duration::from_secs(60);
/// Keys older than this are asked for anew: the issuer may have withdrawn one.
const TRUST: Duration = Duration::from_secs(60 * 60);
/// How long the issuer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// An issuer and the keys it signs with.
pub(super) struct Issuer {
    settings: Arc<OidcSettings>,
    agent: ureq::Agent,
    keys: Mutex<Keys>,
}

#[derive(Default)]
struct Keys {
    set: Option<JwkSet>,
    asked: Option<Instant>,
}

/// The part of an issuer's description that we need.
#[derive(Deserialize)]
struct Description {
    issuer: String,
    jwks_uri: String,
}

impl Issuer {
    pub(super) fn new(settings: OidcSettings) -> Self {
        let config = ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).max_redirects(0);
        Self { settings: Arc::new(settings), agent: config.build().into(), keys: Mutex::default() }
    }

    /// As it stands in its tokens.
    pub(super) fn name(&self) -> &str {
        &self.settings.issuer
    }

    /// Who sends this token; why it is not good is for the log only.
    pub(super) async fn caller(&self, token: &str) -> Option<Caller> {
        match self.judge(token).await {
            Ok(caller) => Some(caller),
            Err(error) => {
                tracing::info!("a token was refused: {error:#}");
                None
            }
        }
    }

    async fn judge(&self, token: &str) -> Result<Caller> {
        let header = decode_header(token).context("it is no JSON web token")?;
        ensure!(ALGORITHMS.contains(&header.alg), "it is signed with {:?}, which is not taken", header.alg);
        let key = self.key(header.kid.as_deref()).await?;
        let key = DecodingKey::from_jwk(&key).context("the issuer's key cannot be used")?;
        let mut validation = Validation::new(header.alg);
        validation.set_issuer(&[&self.settings.issuer]);
        validation.set_audience(&[&self.settings.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.validate_nbf = true;
        let claims = decode::<Value>(token, &key, &validation)?.claims;
        Ok(caller(&claims, &self.settings))
    }

    /// The key with this name; the only one where the token names none.
    async fn key(&self, name: Option<&str>) -> Result<Jwk> {
        let mut keys = self.keys.lock().await;
        let found = keys.find(name);
        let age = keys.asked.map(|asked| asked.elapsed());
        let stale = age.is_none_or(|age| age > TRUST || (found.is_none() && age > ASK_AGAIN));
        if stale {
            keys.asked = Some(Instant::now());
            let (agent, settings) = (self.agent.clone(), Arc::clone(&self.settings));
            match tokio::task::spawn_blocking(move || fetch(&agent, &settings)).await? {
                Ok(set) => keys.set = Some(set),
                Err(error) => tracing::error!("the keys of {} cannot be had: {error:#}", self.settings.issuer),
            }
        }
        keys.find(name).context("the issuer has no such key")
    }
}

impl Keys {
    fn find(&self, name: Option<&str>) -> Option<Jwk> {
        let set = self.set.as_ref()?;
        match name {
            Some(name) => set.find(name).cloned(),
            None => set.keys.first().filter(|_| set.keys.len() == 1).cloned(),
        }
    }
}

/// Asks the issuer for its keys.
fn fetch(agent: &ureq::Agent, settings: &OidcSettings) -> Result<JwkSet> {
    let url = match &settings.jwks_url {
        Some(url) => url.clone(),
        None => {
            let url = format!("{}/.well-known/openid-configuration", settings.issuer.trim_end_matches('/'));
            let description: Description = agent.get(&url).call()?.body_mut().read_json()?;
            ensure!(description.issuer == settings.issuer, "it calls itself {}", description.issuer);
            ensure!(is_safe(&description.jwks_uri), "its keys lie at {}, not behind https://", description.jwks_uri);
            description.jwks_uri
        }
    };
    Ok(agent.get(&url).call()?.body_mut().read_json()?)
}

fn caller(claims: &Value, settings: &OidcSettings) -> Caller {
    let scopes = ["scope", "scp", "roles"].iter().flat_map(|name| words(&claims[*name]));
    let role = if scopes.into_iter().any(|scope| scope == settings.admin_scope) { Role::Admin } else { Role::Read };
    let limited = settings.products_claim.is_some() || settings.vendors_claim.is_some();
    let listed = |name: &Option<String>| name.as_ref().map(|name| list(&claims[name.as_str()])).unwrap_or_default();
    let visibility = match role == Role::Admin || !limited {
        true => Visibility::Everything,
        false => {
            Visibility::Only { vendors: listed(&settings.vendors_claim), products: listed(&settings.products_claim) }
        }
    };
    let subject = claims["sub"].as_str().unwrap_or("without a subject");
    // A subject is whatever the issuer lets people call themselves.
    let name: String = subject.chars().filter(|c| !c.is_control()).take(100).collect();
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
        Value::Array(values) => values.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use jsonwebtoken::{EncodingKey, Header, encode};
    use serde_json::json;

    use super::*;

    /// A key that is nobody's: its secret is the same byte 32 times.
    fn key(byte: u8) -> EncodingKey {
        let mut der =
            vec![0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
        der.extend([byte; 32]);
        EncodingKey::from_ed_der(&der)
    }

    fn token(by: &EncodingKey, name: &str, claims: &Value) -> String {
        let header = Header { kid: Some(name.to_owned()), ..Header::new(Algorithm::EdDSA) };
        encode(&header, claims, by).unwrap()
    }

    /// An issuer on this machine with one key named `one`.
    fn issuer(change: impl FnOnce(&mut OidcSettings)) -> Issuer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let mut jwk = Jwk::from_encoding_key(&key(7), Algorithm::EdDSA).unwrap();
        jwk.common.key_id = Some("one".to_owned());
        let keys = json!({"keys": [jwk]}).to_string();
        let description = json!({"issuer": address, "jwks_uri": format!("{address}/keys")}).to_string();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut asked = [0; 2048];
                let length = stream.read(&mut asked).unwrap();
                let path = String::from_utf8_lossy(&asked[..length]).into_owned();
                let body = if path.starts_with("GET /keys") { &keys } else { &description };
                let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length:";
                write!(stream, "{head} {}\r\n\r\n{body}", body.len()).unwrap();
            }
        });
        let mut settings: OidcSettings = toml::from_str(&format!("issuer = '{address}'\naudience = 'us'")).unwrap();
        change(&mut settings);
        Issuer::new(settings)
    }

    fn claims(issuer: &Issuer, more: Value) -> Value {
        let mut claims = json!({"iss": issuer.name(), "aud": "us", "sub": "ann", "exp": 4_000_000_000_u64});
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        claims
    }

    #[tokio::test]
    async fn a_good_token_opens_what_its_claims_allow() {
        let issuer = issuer(|settings| settings.products_claim = Some("products".to_owned()));
        let of = async |more| issuer.caller(&token(&key(7), "one", &claims(&issuer, more))).await.unwrap();
        let reader = of(json!({"products": ["finesse"], "scope": "openid email"})).await;
        let only = |products: &[&str]| Visibility::Only {
            vendors: Vec::new(),
            products: products.iter().map(|name| (*name).to_owned()).collect(),
        };
        assert_eq!(reader, Caller::new("token ann", Role::Read, only(&["finesse"])));
        assert_eq!(of(json!({})).await.visibility, only(&[]), "a token without the claim shows nothing");
        assert_eq!(of(json!({"scope": "a mcdewey:admin"})).await.role, Role::Admin);
        assert_eq!(of(json!({"roles": ["mcdewey:admin"]})).await.visibility, Visibility::Everything);
    }

    #[tokio::test]
    async fn any_other_token_opens_nothing() {
        let issuer = issuer(|_| {});
        let good = token(&key(7), "one", &claims(&issuer, json!({})));
        assert_eq!(issuer.caller(&good).await.map(|caller| caller.visibility), Some(Visibility::Everything));
        let forged = token(&key(8), "one", &claims(&issuer, json!({})));
        let unknown = token(&key(7), "two", &claims(&issuer, json!({})));
        let late = token(&key(7), "one", &claims(&issuer, json!({"exp": 1})));
        let early = token(&key(7), "one", &claims(&issuer, json!({"nbf": 4_000_000_000_u64})));
        let others = token(&key(7), "one", &claims(&issuer, json!({"aud": "them"})));
        let foreign = token(&key(7), "one", &claims(&issuer, json!({"iss": "https://other.example"})));
        let hmac = encode(&Header::default(), &claims(&issuer, json!({})), &EncodingKey::from_secret(b"one")).unwrap();
        let without = json!({"iss": issuer.name(), "aud": "us", "sub": "ann"});
        let endless = token(&key(7), "one", &without);
        for bad in [forged, unknown, late, early, others, foreign, hmac, endless, "nonsense".to_owned()] {
            assert_eq!(issuer.caller(&bad).await, None, "{bad}");
        }
    }
}
