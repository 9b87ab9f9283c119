//! Who may ask: everybody who reaches the server, or, where an access key is set, who sends it. Programs send it as a
//! bearer token, browsers as the password they are asked for.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use mcdewey_core::ContentHash;

use super::AppState;
use crate::rest::Problem;

/// What tells a supervisor whether the server lives; says nothing about the library but its state and its size.
const OPEN: [&str; 2] = ["/healthz", "/readyz"];

/// Lets a request pass when no key is set, or when it carries the key or the admin token.
pub(super) async fn guard(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let is_open = state.access_key.is_empty() || OPEN.contains(&request.uri().path());
    let key = sent(request.headers());
    if is_open || is_key(key.as_deref(), &state.access_key) || is_key(key.as_deref(), &state.admin_token) {
        return next.run(request).await;
    }
    refusal()
}

/// Whether what was sent is this key; no key at all is nobody's. Hashes are compared, every byte of them: the time taken
/// tells nothing.
pub(crate) fn is_key(sent: Option<&str>, key: &str) -> bool {
    let Some(sent) = sent else { return false };
    let (sent, expected) = (ContentHash::of(sent), ContentHash::of(key));
    let difference = sent.as_bytes().iter().zip(expected.as_bytes()).fold(0, |sum, (a, b)| sum | (a ^ b));
    !key.is_empty() && difference == 0
}

/// The bearer token of a request, or the password of a browser that was asked for one.
fn sent(headers: &HeaderMap) -> Option<String> {
    bearer(headers).map(str::to_owned).or_else(|| {
        let encoded = credentials(headers, "basic")?;
        let decoded = String::from_utf8(BASE64.decode(encoded).ok()?).ok()?;
        decoded.split_once(':').map(|(_, password)| password.to_owned())
    })
}

/// The bearer token of a request.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    credentials(headers, "bearer")
}

fn credentials<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    let (given, credentials) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    given.eq_ignore_ascii_case(scheme).then_some(credentials.trim())
}

fn refusal() -> Response {
    let detail = "the access key is needed; send it as Authorization: Bearer …, or as the password a browser asks for";
    let mut response = Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail).into_response();
    let basic = HeaderValue::from_static("Basic realm=\"McDewey\", charset=\"UTF-8\"");
    response.headers_mut().append(header::WWW_AUTHENTICATE, basic);
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::{Service, TOKEN, documents, request};
    use axum::body::Body;
    use axum::http::Method;

    async fn service() -> Service {
        Service::with(&documents(), |state| state.with_access_key("let me in")).await
    }

    async fn status(service: &Service, path: &str, authorization: Option<&str>) -> u16 {
        let mut request = request(Method::GET, path);
        if let Some(value) = authorization {
            request = request.header(header::AUTHORIZATION, value);
        }
        service.send(request.body(Body::empty()).unwrap()).await.status.as_u16()
    }

    #[tokio::test]
    async fn with_a_key_every_face_wants_it() {
        let service = service().await;
        for path in ["/", "/library", "/api/v1/search?q=barge", "/api/v1/library", "/mcp", "/nothing", "/favicon.ico"] {
            assert_eq!(status(&service, path, None).await, 401, "{path}");
            assert_ne!(status(&service, path, Some("Bearer let me in")).await, 401, "{path}");
        }
        for path in OPEN {
            assert_eq!(status(&service, path, None).await, 200, "{path}");
        }
    }

    #[tokio::test]
    async fn the_key_comes_as_a_token_or_as_a_password() {
        let service = service().await;
        let basic = |pair: &str| format!("Basic {}", BASE64.encode(pair));
        let admin = format!("bearer {TOKEN}");
        for good in ["Bearer let me in", &basic("anyone:let me in"), &basic(":let me in"), &admin] {
            assert_eq!(status(&service, "/api/v1/library", Some(good)).await, 200, "{good}");
        }
        for bad in
            ["Bearer let me", "let me in", "Bearer", "Basic let me in", &basic("let me in"), &basic("let me in:"), ""]
        {
            assert_eq!(status(&service, "/api/v1/library", Some(bad)).await, 401, "{bad}");
        }
    }

    #[tokio::test]
    async fn a_refusal_says_how_to_come_in() {
        let answer = service().await.get("/api/v1/library").await;
        assert_eq!(answer.code(), (401, "unauthorized".to_owned()));
        let schemes: Vec<_> = answer.headers.get_all(header::WWW_AUTHENTICATE).iter().collect();
        assert_eq!(schemes.len(), 2, "{schemes:?}");
    }

    #[test]
    fn an_empty_key_opens_nothing() {
        assert!(!is_key(Some(""), ""));
        assert!(!is_key(None, "key"));
    }
}
