//! Which host names the service answers to: what keeps a stranger's web page from reading a library on the user's
//! machine by pointing a name of its own at it (DNS rebinding).

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Service;
use super::access::OPEN;
use super::names::Authority;
use crate::rest::Problem;

/// Marks a request that names no host. It is answered as one from nobody, whatever it sends.
#[derive(Debug, Clone, Copy)]
pub(super) struct NoHost;

/// Lets a request pass when it asks for a name that is ours, and a health check over HTTP/1.0, which names none. Pages
/// cannot send such a request: browsers always name the host.
pub(crate) async fn guard(
    State(service): State<Service>,
    mut request: Request,
    next: Next,
) -> Response {
    if is_nameless_check(&request) {
        request.extensions_mut().insert(NoHost);
        return next.run(request).await;
    }

    let asked = asked(request.headers(), request.uri());
    if asked.is_some_and(|asked| is_allowed(&asked, &service.allowed_hosts)) {
        next.run(request).await
    } else {
        refusal().into_response()
    }
}

fn is_nameless_check(request: &Request) -> bool {
    let names_none =
        !request.headers().contains_key(header::HOST) && request.uri().authority().is_none();
    names_none
        && [Method::GET, Method::HEAD].contains(request.method())
        && OPEN.contains(&request.uri().path())
}

fn refusal() -> Problem {
    let detail = "this server does not answer to that host name; use localhost, or add the name to its settings";
    Problem::new(StatusCode::FORBIDDEN, "host_not_allowed", detail)
}

/// The server that a request asks for: what its address line or its `Host` names. Nothing when it names none, a malformed
/// one, or two that differ (two `Host` headers are an error even when they agree; RFC 9112, section 3.2).
pub(super) fn asked(headers: &HeaderMap, uri: &Uri) -> Option<Authority> {
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
        (Some(one), Some(other)) => (one == other).then_some(one),
        (one, other) => one.or(other),
    }
}

/// An allowed name without a port stands for any port.
fn is_allowed(asked: &Authority, allowed: &[String]) -> bool {
    let ours = allowed.iter().filter_map(|name| Authority::parse(name));
    ours.into_iter()
        .any(|ours| ours.host == asked.host && (ours.port.is_none() || ours.port == asked.port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn allowed(hosts: &[&'static str], uri: &str) -> bool {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(header::HOST, HeaderValue::from_static(host));
        }

        let ours = ["localhost", "127.0.0.1", "[::1]", "docs.example.com:8443"].map(str::to_owned);
        asked(&headers, &uri.parse().unwrap()).is_some_and(|asked| is_allowed(&asked, &ours))
    }

    #[test]
    fn names_of_this_machine_pass_with_any_port() {
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
            "HTTP/2 names the host in the address only"
        );
    }

    #[test]
    fn other_names_do_not() {
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
            "the port was named and is another"
        );
        assert!(!allowed(&[], "/"), "no name at all");
        assert!(
            !allowed(&["localhost", "evil.example"], "/"),
            "one of two is another's"
        );
        assert!(
            !allowed(&["localhost", "localhost"], "/"),
            "two are one too many"
        );
        assert!(
            !allowed(&["localhost"], "http://evil.example/"),
            "the address line counts too"
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
