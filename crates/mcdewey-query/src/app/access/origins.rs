//! Which web pages may call the server, on all its faces: its own, and those of sites that the settings name. Pages of
//! other sites may change nothing and send no message; what they read with GET their browser keeps from them.
//!
//! A page of another port of this machine is another site. Programs send no `Origin` and are not judged here.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::super::names::{Authority, WebOrigin};
use super::super::{Service, hosts};
use crate::rest::Problem;

/// What a page may send; the headers of MCP among it.
const ALLOWED_HEADERS: HeaderValue = HeaderValue::from_static(
    "accept, authorization, content-type, if-none-match, last-event-id, mcp-method, mcp-name, mcp-protocol-version, \
     mcp-session-id, x-request-id",
);
const ALLOWED_METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, OPTIONS");
/// What a page may read beside the body.
const EXPOSED_HEADERS: HeaderValue =
    HeaderValue::from_static("etag, retry-after, server-timing, www-authenticate, x-request-id");
/// How long a browser may remember that, in seconds.
const PREFLIGHT_SECONDS: HeaderValue = HeaderValue::from_static("3600");

/// Who sends a request, as far as its `Origin` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Site {
    /// No page in a browser.
    NoPage,
    /// A page of this server.
    Own,
    /// A page of a site that the settings name.
    Named,
    /// A page of any other site, or a header that no browser sends.
    Foreign,
}

/// Judges the `Origin` that browsers send, before anything else looks at the request.
pub(crate) async fn guard(
    State(service): State<Service>,
    request: Request,
    next: Next,
) -> Response {
    let asked = hosts::asked(request.headers(), request.uri());
    let public = WebOrigin::of_url(&service.public_url());
    let origin = request.headers().get(header::ORIGIN).cloned();

    let site = site(
        request.headers(),
        asked.as_ref(),
        public.as_ref(),
        service.access.origins(),
    );

    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let response = match site {
        Site::Foreign if !reads => refusal().into_response(),
        Site::Named if request.method() == Method::OPTIONS => preflight(),
        Site::NoPage | Site::Own | Site::Named | Site::Foreign => next.run(request).await,
    };

    match origin.filter(|_| site == Site::Named) {
        Some(origin) => vary(permit(response, origin), &service),
        None => vary(response, &service),
    }
}

/// The rule: `asked` is the address of the request, which the host guard has let pass, `public` the server's public one.
fn site(
    headers: &HeaderMap,
    asked: Option<&Authority>,
    public: Option<&WebOrigin>,
    named: &[String],
) -> Site {
    let mut origins = headers.get_all(header::ORIGIN).into_iter();
    let origin = match (origins.next(), origins.next()) {
        (None, _) => return Site::NoPage,
        (Some(origin), None) => origin.to_str().ok().and_then(WebOrigin::parse),
        (Some(_), Some(_)) => None,
    };

    let Some(origin) = origin else {
        return Site::Foreign;
    };

    if public == Some(&origin) || asked.is_some_and(|asked| is_own(&origin, asked, public)) {
        return Site::Own;
    }

    let is_named = named
        .iter()
        .any(|name| WebOrigin::parse(name).as_ref() == Some(&origin));
    if is_named { Site::Named } else { Site::Foreign }
}

/// A page of the address that was asked. Where the public address says that this host speaks TLS, a page without it is
/// somebody else's.
fn is_own(origin: &WebOrigin, asked: &Authority, public: Option<&WebOrigin>) -> bool {
    let is_downgrade = public
        .is_some_and(|public| public.is_secure && public.host == origin.host && !origin.is_secure);
    origin.is_at(asked) && !is_downgrade
}

fn refusal() -> Problem {
    let detail = "pages of other sites may not change anything here; name the site in allowed_origins if it may";
    Problem::new(StatusCode::FORBIDDEN, "origin_not_allowed", detail)
}

/// The answer to the question that a browser asks before a call.
fn preflight() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, ALLOWED_METHODS);
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS);

    response
}

fn permit(mut response: Response, origin: HeaderValue) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS);
    response
}

/// Where some pages are told more than others, a cache must not give one the answer of another.
fn vary(mut response: Response, service: &Service) -> Response {
    if !service.access.origins().is_empty() {
        response
            .headers_mut()
            .append(header::VARY, HeaderValue::from(header::ORIGIN));
    }

    response
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The verdict on these `Origin` headers at a server that was asked as `asked`.
    fn judged(origins: &[&'static str], asked: &str, public: &str) -> Site {
        let headers = origins
            .iter()
            .map(|origin| (header::ORIGIN, HeaderValue::from_static(origin)));
        let mut map = HeaderMap::new();
        headers.for_each(|(name, value)| {
            map.append(name, value);
        });

        let named = [
            "https://portal.example.com".to_owned(),
            "HTTP://Tool.example.com:80".to_owned(),
        ];

        site(
            &map,
            Authority::parse(asked).as_ref(),
            WebOrigin::of_url(public).as_ref(),
            &named,
        )
    }

    #[test]
    fn own_pages_come_from_the_address_asked_or_from_the_public_one() {
        let here = |origin| judged(&[origin], "127.0.0.1:8080", "https://docs.example.com/base");
        assert_eq!(here("http://127.0.0.1:8080"), Site::Own);
        assert_eq!(here("https://docs.example.com"), Site::Own);
        assert_eq!(here("https://docs.example.com:443"), Site::Own);
        assert_eq!(
            judged(
                &["https://docs.example.com"],
                "docs.example.com",
                "http://127.0.0.1:1"
            ),
            Site::Own
        );
        assert_eq!(judged(&["http://[::1]:8080"], "[0::1]:8080", ""), Site::Own);
        assert_eq!(judged(&[], "127.0.0.1:8080", ""), Site::NoPage);
    }

    #[test]
    fn named_sites_are_known_however_they_are_written() {
        for origin in [
            "https://portal.example.com",
            "https://portal.example.com:443",
            "http://tool.example.com",
        ] {
            assert_eq!(
                judged(&[origin], "127.0.0.1:8080", ""),
                Site::Named,
                "{origin}"
            );
        }
    }

    #[test]
    fn everything_else_is_foreign() {
        for origin in [
            "null",
            "",
            "http://127.0.0.1",
            "http://127.0.0.1:6274",
            "http://127.0.0.1:8080.evil.example",
            "http://127.0.0.1:8080@evil.example",
            "http://user@127.0.0.1:8080",
            "http://127.0.0.1:8080/",
            "http://127.0.0.1:08080",
            "http://127.0.0.1:73616",
            "http://127.0.0.1.:8080",
            "http://localhost:8080",
            "http://[::ffff:127.0.0.1]:8080",
            "http://[::1]:8080",
            "http://0x7f000001:8080",
            "http://2130706433:8080",
            "ftp://127.0.0.1:8080",
            "http://127.0.0.1:8080, http://127.0.0.1:8080",
            "http://127.0.0.1:8080 http://evil.example",
            "http://portal.example.com",
            "https://portal.example.com.evil.example",
            "https://portal.example.com:8443",
            "https://evil.example",
            "http://docs.example.com",
        ] {
            assert_eq!(
                judged(&[origin], "127.0.0.1:8080", "https://docs.example.com"),
                Site::Foreign,
                "{origin:?}"
            );
        }

        let twice = ["http://127.0.0.1:8080", "http://127.0.0.1:8080"];
        assert_eq!(
            judged(&twice, "127.0.0.1:8080", ""),
            Site::Foreign,
            "no browser sends two"
        );
    }

    #[test]
    fn a_page_without_tls_is_not_the_server_with_it() {
        let asked = "docs.example.com";
        assert_eq!(
            judged(
                &["http://docs.example.com"],
                asked,
                "https://docs.example.com"
            ),
            Site::Foreign
        );
        assert_eq!(
            judged(&["http://docs.example.com"], asked, ""),
            Site::Own,
            "nothing says that it has TLS"
        );
    }
}
