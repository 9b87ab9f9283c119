//! How servers and web sites are named: the authority that a request asks for, and the origin that a browser sends.
//! [`super::hosts`] and [`super::access::origins`] judge what is read here; nothing else reads a `Host` or an `Origin`.
//!
//! Strict: whatever a browser would not send (user info, paths, a port that is none, an empty label) is no name.

use std::net::Ipv6Addr;

use axum::http::Uri;

/// The names of the machine itself.
pub const LOOPBACK_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// The longest name that DNS has, and its longest part.
const MAX_HOST: usize = 253;
const MAX_LABEL: usize = 63;

/// A host, and a port where one is named: `localhost`, `docs.example.com:8443`, `[::1]:8080`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Authority {
    /// In lower case; addresses of IPv6 in brackets and in their one short form.
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
    /// Reads an authority; nothing when it is malformed.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let end = if text.starts_with('[') {
            text.find(']')? + 1
        } else {
            text.find(':').unwrap_or(text.len())
        };

        let (host, port) = text.split_at(end);
        let port = match port.strip_prefix(':') {
            Some(port) => Some(read_port(port)?),
            None if port.is_empty() => None,
            None => return None,
        };

        Some(Self {
            host: read_host(host)?,
            port,
        })
    }
}

impl WebOrigin {
    /// Reads what browsers send as `Origin`; nothing when it is `null` or malformed.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let is_secure = read_scheme(scheme)?;
        let Authority { host, port } = Authority::parse(rest)?;

        Some(Self {
            is_secure,
            host,
            port: port.unwrap_or(default_port(is_secure)),
        })
    }

    /// The origin of the pages below an address such as `https://docs.example.com/base`; nothing where it leads to no
    /// host.
    pub(crate) fn of_url(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let (scheme, authority) = (uri.scheme_str()?, uri.authority()?);
        Self::parse(&format!("{scheme}://{authority}"))
    }

    /// Whether a page of this origin comes from the server that `asked` names, as far as that can be told: a `Host`
    /// without a port stands for the default port of either scheme.
    pub(crate) fn is_at(&self, asked: &Authority) -> bool {
        self.host == asked.host && self.port == asked.port.unwrap_or(default_port(self.is_secure))
    }
}

/// Whether `text` names a host as the setting `allowed_hosts` takes it: `docs.example.com` or `docs.example.com:8443`.
pub fn is_host(text: &str) -> bool {
    Authority::parse(text).is_some()
}

/// Whether `text` is an origin as the setting `allowed_origins` takes it: `https://portal.example.com`.
pub fn is_origin(text: &str) -> bool {
    WebOrigin::parse(text).is_some()
}

fn read_scheme(text: &str) -> Option<bool> {
    [("http", false), ("https", true)]
        .into_iter()
        .find(|(name, _)| text.eq_ignore_ascii_case(name))
        .map(|(_, is_secure)| is_secure)
}

fn default_port(is_secure: bool) -> u16 {
    if is_secure { 443 } else { 80 }
}

fn read_host(text: &str) -> Option<String> {
    if let Some(address) = text.strip_prefix('[') {
        let address: Ipv6Addr = address.strip_suffix(']')?.parse().ok()?;
        return Some(format!("[{address}]"));
    }

    let is_label = |label: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        !label.is_empty() && label.len() <= MAX_LABEL && label.bytes().all(allowed)
    };

    (text.len() <= MAX_HOST && text.split('.').all(is_label)).then(|| text.to_ascii_lowercase())
}

/// A port as browsers write it: digits only, no zero in front.
fn read_port(text: &str) -> Option<u16> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| is_plain)
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

    /// What is neither a host nor, behind a scheme, an origin.
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
    fn an_authority_is_a_host_and_perhaps_a_port() {
        let read = |host: &str, port| Some((host.to_owned(), port));
        assert_eq!(authority("localhost"), read("localhost", None));
        assert_eq!(authority("LOCALHOST:8080"), read("localhost", Some(8080)));
        assert_eq!(authority("[0:0:0:0:0:0:0:1]:80"), read("[::1]", Some(80)));
        assert_eq!(
            authority("[::FFFF:127.0.0.1]"),
            read("[::ffff:127.0.0.1]", None)
        );

        for bad in MALFORMED {
            assert_eq!(authority(bad), None, "{bad:?}");
        }

        assert_eq!(authority(&"a".repeat(64)), None);
        assert_eq!(authority(&"a.".repeat(200)), None);
    }

    #[test]
    fn an_origin_has_a_scheme_a_host_and_a_port() {
        let read = |is_secure, host: &str, port| Some((is_secure, host.to_owned(), port));
        assert_eq!(origin("http://localhost"), read(false, "localhost", 80));
        assert_eq!(origin("http://localhost:80"), origin("HTTP://LOCALHOST"));
        assert_eq!(
            origin("https://docs.example.com"),
            read(true, "docs.example.com", 443)
        );
        assert_eq!(origin("https://[::1]:8443"), read(true, "[::1]", 8443));

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
    fn the_public_address_has_an_origin() {
        let of = |url: &str| WebOrigin::of_url(url);
        assert_eq!(
            of("https://docs.example.com/base"),
            WebOrigin::parse("https://docs.example.com")
        );
        assert_eq!(
            of("http://[2001:db8::1]:8080"),
            WebOrigin::parse("http://[2001:db8::1]:8080")
        );

        for nothing in [
            "nonsense",
            "/nothing",
            "",
            "http://",
            "ftp://docs.example.com",
        ] {
            assert_eq!(of(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn a_page_is_at_the_server_it_came_from() {
        let at = |origin: &str, asked: &str| {
            WebOrigin::parse(origin)
                .unwrap()
                .is_at(&Authority::parse(asked).unwrap())
        };

        for (origin, asked) in [
            ("http://localhost:8080", "localhost:8080"),
            ("https://localhost:8080", "localhost:8080"),
            ("http://docs.example.com", "docs.example.com"),
            ("https://docs.example.com", "docs.example.com"),
            ("https://docs.example.com", "docs.example.com:443"),
        ] {
            assert!(at(origin, asked), "{origin} at {asked}");
        }

        for (origin, asked) in [
            ("http://localhost:6274", "localhost:8080"),
            ("http://localhost:8080", "localhost"),
            ("http://localhost", "localhost:8080"),
            ("http://127.0.0.1:8080", "localhost:8080"),
            ("http://docs.example.com", "docs.example.com:443"),
            ("http://[::ffff:127.0.0.1]:8080", "127.0.0.1:8080"),
        ] {
            assert!(!at(origin, asked), "{origin} at {asked}");
        }
    }
}
