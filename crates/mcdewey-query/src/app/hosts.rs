//! Which host names the service answers to: what keeps a stranger's web page from reading a library on the user's
//! machine by pointing a name of its own at it (DNS rebinding).

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Service;
use super::names::split_port;
use crate::rest::Problem;

/// Lets a request pass when it asks for a name that is ours.
pub(super) async fn guard(State(service): State<Service>, request: Request, next: Next) -> Response {
    if is_allowed(request.headers(), request.uri(), &service.allowed_hosts) {
        next.run(request).await
    } else {
        refusal().into_response()
    }
}

fn refusal() -> Problem {
    let detail = "this server does not answer to that host name; use localhost, or add the name to its settings";
    Problem::new(StatusCode::FORBIDDEN, "host_not_allowed", detail)
}

/// Every name the request carries must be ours, and it must carry one.
fn is_allowed(headers: &HeaderMap, uri: &Uri, allowed: &[String]) -> bool {
    let in_headers = headers.get_all(header::HOST).into_iter().map(|value| value.to_str().unwrap_or_default());
    let in_uri = uri.authority().map(|authority| authority.as_str());
    let mut named = in_headers.chain(in_uri).peekable();
    named.peek().is_some() && named.all(|host| allowed.iter().any(|ours| matches(ours, host)))
}

fn matches(ours: &str, host: &str) -> bool {
    let (name, port) = split_port(ours);
    let (asked_name, asked_port) = split_port(host);
    name.eq_ignore_ascii_case(asked_name) && (port.is_none() || port == asked_port)
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
        is_allowed(&headers, &uri.parse().unwrap(), &ours)
    }

    #[test]
    fn names_of_this_machine_pass_with_any_port() {
        for host in ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]", "[::1]:8080", "docs.example.com:8443"] {
            assert!(allowed(&[host], "/"), "{host}");
        }
    }

    #[test]
    fn other_names_do_not() {
        for host in
            ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8080", "[::2]", "", "localhost:x"]
        {
            assert!(!allowed(&[host], "/"), "{host}");
        }
        assert!(!allowed(&["docs.example.com"], "/"), "the port was named and is another");
        assert!(!allowed(&[], "/"), "no name at all");
        assert!(!allowed(&["localhost", "evil.example"], "/"), "one of two is another's");
        assert!(!allowed(&["localhost"], "http://evil.example/"), "the address line counts too");
    }
}
