//! Checks the host name of a request, so that a foreign web page cannot read a library on the
//! user's machine by pointing a host name of its own at it (DNS rebinding).

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::authority::Authority;
use crate::paths::PUBLIC_PATHS;
use crate::problem::Problem;
use crate::state::AppState;

/// Marks a request that names no host. It is treated as unauthenticated, whatever it sends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NoHost;

/// Passes on requests that name one of the allowed hosts, and health checks over HTTP/1.0, which
/// name none. A web page cannot send the latter: browsers always name the host.
pub(crate) async fn check_host(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    if is_health_check_without_host(&request) {
        request.extensions_mut().insert(NoHost);
        return next.run(request).await;
    }

    let requested = requested_authority(request.headers(), request.uri());
    if requested.is_some_and(|requested| is_allowed(&requested, state.allowed_hosts())) {
        next.run(request).await
    } else {
        host_not_allowed().into_response()
    }
}

fn is_health_check_without_host(request: &Request) -> bool {
    let names_no_host =
        !request.headers().contains_key(header::HOST) && request.uri().authority().is_none();

    names_no_host
        && [Method::GET, Method::HEAD].contains(request.method())
        && PUBLIC_PATHS.contains(&request.uri().path())
}

fn host_not_allowed() -> Problem {
    let detail = "this server does not accept requests for that host name; use localhost, \
                  or add the name to allowed_hosts in the settings";
    Problem::new(StatusCode::FORBIDDEN, "host_not_allowed", detail)
}

/// The server that a request is addressed to, by its request line or its `Host` header.
///
/// Returns `None` if the request names no host, a malformed one, or two different ones. Two `Host`
/// headers are an error even if they agree (RFC 9112, section 3.2).
pub(crate) fn requested_authority(headers: &HeaderMap, uri: &Uri) -> Option<Authority> {
    let mut hosts = headers.get_all(header::HOST).into_iter();
    let in_header = match (hosts.next(), hosts.next()) {
        (_, Some(_)) => return None,
        (Some(host), None) => Some(Authority::parse(host.to_str().ok()?)?),
        (None, None) => None,
    };

    let in_uri = match uri.authority() {
        Some(authority) => Some(Authority::parse(authority.as_str())?),
        None => None,
    };

    match (in_uri, in_header) {
        (Some(in_uri), Some(in_header)) => (in_uri == in_header).then_some(in_uri),
        (in_uri, in_header) => in_uri.or(in_header),
    }
}

/// An allowed name without a port matches any port.
fn is_allowed(requested: &Authority, allowed_hosts: &[String]) -> bool {
    allowed_hosts
        .iter()
        .filter_map(|name| Authority::parse(name))
        .filter(|allowed| allowed.host == requested.host)
        .any(|allowed| allowed.port.is_none() || allowed.port == requested.port)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn allowed(hosts: &[&'static str], uri: &str) -> bool {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(header::HOST, HeaderValue::from_static(host));
        }

        let ours = ["localhost", "127.0.0.1", "[::1]", "docs.example.com:8443"].map(str::to_owned);
        requested_authority(&headers, &uri.parse().unwrap())
            .is_some_and(|requested| is_allowed(&requested, &ours))
    }

    #[test]
    fn loopback_names_are_allowed_with_any_port() {
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1:1",
            "[::1]",
            "[::1]:8080",
            "docs.example.com:8443",
        ] {
            assert!(allowed(&[host], "/"), "{host}");
        }

        assert!(allowed(&["localhost:80"], "http://localhost:80/"));
        assert!(
            allowed(&[], "http://localhost/"),
            "HTTP/2 names the host in the URI only"
        );
    }

    #[test]
    fn other_names_are_rejected() {
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:8080",
            "127.0.0.1:8080.evil.example",
            "user@127.0.0.1",
            "127.0.0.1@evil.example",
            "localhost.",
            "[::2]",
            "[::ffff:127.0.0.1]",
            "0x7f.1",
            "",
            "localhost:x",
            "localhost:",
            "localhost:99999",
            "localhost, evil.example",
        ] {
            assert!(!allowed(&[host], "/"), "{host}");
        }

        assert!(
            !allowed(&["docs.example.com"], "/"),
            "a name with a port allows that port only"
        );
        assert!(!allowed(&[], "/"), "no name at all");
        assert!(
            !allowed(&["localhost", "evil.example"], "/"),
            "one of two is foreign"
        );
        assert!(
            !allowed(&["localhost", "localhost"], "/"),
            "a second Host header, even an equal one"
        );
        assert!(
            !allowed(&["localhost"], "http://evil.example/"),
            "the request line counts too"
        );
        assert!(
            !allowed(&["evil.example"], "http://localhost/"),
            "and so does the header"
        );
        assert!(
            !allowed(&["localhost:1"], "http://localhost:2/"),
            "two that differ"
        );
    }
}
