//! Parses the authority that a request is addressed to and the origin that a browser sends.
//!
//! This is the only place that reads a `Host` or an `Origin`; [`super::hosts`] and
//! [`super::access::origins`] judge the result. Parsing is strict: whatever a browser would not
//! send (user info, paths, an invalid port, an empty label) is rejected.

use std::net::Ipv6Addr;

use axum::http::Uri;

/// The names of the machine itself.
pub const LOOPBACK_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// The longest name that DNS allows, in bytes.
const MAX_HOST_BYTES: usize = 253;
/// The longest part between two dots.
const MAX_LABEL_BYTES: usize = 63;

/// A host and an optional port: `localhost`, `docs.example.com:8443`, `[::1]:8080`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Authority {
    /// In lower case; IPv6 addresses in brackets and in their canonical short form.
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
}

/// The origin of a web page (RFC 6454): scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WebOrigin {
    pub(crate) is_secure: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Authority {
    /// Parses an authority; `None` if it is malformed.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let end = if text.starts_with('[') {
            text.find(']')? + 1
        } else {
            text.find(':').unwrap_or(text.len())
        };

        let (host, port) = text.split_at(end);
        let port = match port.strip_prefix(':') {
            Some(port) => Some(parse_port(port)?),
            None if port.is_empty() => None,
            None => return None,
        };

        Some(Self {
            host: parse_host(host)?,
            port,
        })
    }
}

impl WebOrigin {
    /// Parses an `Origin` header; `None` if it is `null` or malformed.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let is_secure = parse_scheme(scheme)?;
        let Authority { host, port } = Authority::parse(rest)?;

        Some(Self {
            is_secure,
            host,
            port: port.unwrap_or(default_port(is_secure)),
        })
    }

    /// The origin of the pages below a URL such as `https://docs.example.com/base`; `None` if the
    /// URL has no host.
    pub(crate) fn from_url(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let (scheme, authority) = (uri.scheme_str()?, uri.authority()?);
        Self::parse(&format!("{scheme}://{authority}"))
    }

    /// Whether a page of this origin comes from the server at `requested`.
    ///
    /// A `Host` header does not name the scheme, so one without a port is taken to mean the default
    /// port of the origin's scheme.
    pub(crate) fn is_served_by(&self, requested: &Authority) -> bool {
        self.host == requested.host
            && self.port == requested.port.unwrap_or(default_port(self.is_secure))
    }
}

/// Whether `text` is a host as the setting `allowed_hosts` takes it: `docs.example.com` or
/// `docs.example.com:8443`.
pub fn is_host(text: &str) -> bool {
    Authority::parse(text).is_some()
}

/// Whether `text` is an origin as the setting `allowed_origins` takes it:
/// `https://portal.example.com`.
pub fn is_origin(text: &str) -> bool {
    WebOrigin::parse(text).is_some()
}

/// Whether the scheme is a secure one; `None` if it is neither `http` nor `https`.
fn parse_scheme(text: &str) -> Option<bool> {
    [("http", false), ("https", true)]
        .into_iter()
        .find(|(name, _)| text.eq_ignore_ascii_case(name))
        .map(|(_, is_secure)| is_secure)
}

fn default_port(is_secure: bool) -> u16 {
    if is_secure { 443 } else { 80 }
}

fn parse_host(text: &str) -> Option<String> {
    if let Some(address) = text.strip_prefix('[') {
        let address: Ipv6Addr = address.strip_suffix(']')?.parse().ok()?;
        return Some(format!("[{address}]"));
    }

    let is_valid = text.len() <= MAX_HOST_BYTES && text.split('.').all(is_label);
    is_valid.then(|| text.to_ascii_lowercase())
}

fn is_label(text: &str) -> bool {
    (1..=MAX_LABEL_BYTES).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// Parses a port as browsers write it: digits only, without leading zeros.
fn parse_port(text: &str) -> Option<u16> {
    let is_canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| is_canonical)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authority(text: &str) -> Option<(String, Option<u16>)> {
        Authority::parse(text).map(|authority| (authority.host, authority.port))
    }

    fn origin(text: &str) -> Option<(bool, String, u16)> {
        WebOrigin::parse(text).map(|origin| (origin.is_secure, origin.host, origin.port))
    }

    /// Neither valid hosts nor, after a scheme, valid origins.
    const MALFORMED: [&str; 26] = [
        "",
        ":8080",
        "127.0.0.1:8080.evil.example",
        "127.0.0.1:",
        "127.0.0.1:0",
        "127.0.0.1:080",
        "127.0.0.1:+80",
        "127.0.0.1:65536",
        "127.0.0.1:99999999999999999999",
        "127.0.0.1:8080:8080",
        "user@127.0.0.1",
        "127.0.0.1@evil.example",
        "127.0.0.1/",
        "127.0.0.1?x",
        "127.0.0.1#x",
        "127.0.0.1\\evil.example",
        "127.0.0.1 evil.example",
        "localhost.",
        ".localhost",
        "local..host",
        "localhost,evil.example",
        "::1",
        "[::1",
        "[::1]8080",
        "[::1%25lo]",
        "bücher.example",
    ];

    #[test]
    fn an_authority_is_a_host_with_an_optional_port() {
        let parsed = |host: &str, port| Some((host.to_owned(), port));
        assert_eq!(authority("localhost"), parsed("localhost", None));
        assert_eq!(authority("LOCALHOST:8080"), parsed("localhost", Some(8080)));
        assert_eq!(authority("[0:0:0:0:0:0:0:1]:80"), parsed("[::1]", Some(80)));
        assert_eq!(
            authority("[::FFFF:127.0.0.1]"),
            parsed("[::ffff:127.0.0.1]", None)
        );

        for bad in MALFORMED {
            assert_eq!(authority(bad), None, "{bad:?}");
        }

        assert_eq!(authority(&"a".repeat(64)), None);
        assert_eq!(authority(&"a.".repeat(200)), None);
    }

    #[test]
    fn an_origin_has_a_scheme_a_host_and_a_port() {
        let parsed = |is_secure, host: &str, port| Some((is_secure, host.to_owned(), port));
        assert_eq!(origin("http://localhost"), parsed(false, "localhost", 80));
        assert_eq!(origin("http://localhost:80"), origin("HTTP://LOCALHOST"));
        assert_eq!(
            origin("https://docs.example.com"),
            parsed(true, "docs.example.com", 443)
        );
        assert_eq!(origin("https://[::1]:8443"), parsed(true, "[::1]", 8443));

        for bad in MALFORMED {
            assert_eq!(origin(&format!("http://{bad}")), None, "{bad:?}");
        }

        for bad in [
            "null",
            "localhost",
            "//localhost",
            "ftp://localhost",
            "file://",
            "http:localhost",
            "http://a http://b",
        ] {
            assert_eq!(origin(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_public_url_has_an_origin() {
        assert_eq!(
            WebOrigin::from_url("https://docs.example.com/base"),
            WebOrigin::parse("https://docs.example.com")
        );
        assert_eq!(
            WebOrigin::from_url("http://[2001:db8::1]:8080"),
            WebOrigin::parse("http://[2001:db8::1]:8080")
        );

        for invalid in [
            "nonsense",
            "/nothing",
            "",
            "http://",
            "ftp://docs.example.com",
        ] {
            assert_eq!(WebOrigin::from_url(invalid), None, "{invalid:?}");
        }
    }

    #[test]
    fn a_page_belongs_to_the_server_it_came_from() {
        let is_served_by = |origin: &str, requested: &str| {
            WebOrigin::parse(origin)
                .unwrap()
                .is_served_by(&Authority::parse(requested).unwrap())
        };

        for (origin, requested) in [
            ("http://localhost:8080", "localhost:8080"),
            ("https://localhost:8080", "localhost:8080"),
            ("http://docs.example.com", "docs.example.com"),
            ("https://docs.example.com", "docs.example.com"),
            ("https://docs.example.com", "docs.example.com:443"),
        ] {
            assert!(is_served_by(origin, requested), "{origin} at {requested}");
        }

        for (origin, requested) in [
            ("http://localhost:6274", "localhost:8080"),
            ("http://localhost:8080", "localhost"),
            ("http://localhost", "localhost:8080"),
            ("http://127.0.0.1:8080", "localhost:8080"),
            ("http://docs.example.com", "docs.example.com:443"),
            ("http://[::ffff:127.0.0.1]:8080", "127.0.0.1:8080"),
        ] {
            assert!(!is_served_by(origin, requested), "{origin} at {requested}");
        }
    }
}
