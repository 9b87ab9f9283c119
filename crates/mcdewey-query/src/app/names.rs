//! The names a server is reached under: those of the machine itself, and the one in its public address. Everything
//! that judges hosts and origins reads them here.

use axum::http::Uri;

/// The names of the machine itself.
pub const LOOPBACK_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// The parts of a public address that name a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicName {
    /// The host without its port: a proxy in front of the server may have another one.
    pub(crate) host: String,
    /// What browsers call a page at this address, the port always with it.
    pub(crate) origin: String,
}

impl PublicName {
    /// The name in an address such as `https://docs.example.com/base`; none where it leads to no host.
    pub(crate) fn of(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let (scheme, host) = (uri.scheme_str()?, uri.host()?);
        let port = uri.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
        Some(Self { host: host.to_owned(), origin: format!("{scheme}://{host}:{port}") })
    }
}

/// "localhost:8080" → "localhost" and "8080"; the colons of "[::1]" are no border.
pub(super) fn split_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => (name, Some(port)),
        _ => (host, None),
    }
}

/// The origins of pages that come from this host; from any port of it where none is named.
pub(crate) fn origins(host: &str) -> [String; 2] {
    let with_port = if split_port(host).1.is_some() { host.to_owned() } else { format!("{host}:*") };
    [format!("http://{with_port}"), format!("https://{with_port}")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_address_gives_a_host_and_an_origin() {
        let name = |url: &str| PublicName::of(url).map(|name| (name.host, name.origin));
        let pair = |host: &str, origin: &str| Some((host.to_owned(), origin.to_owned()));
        assert_eq!(name("https://docs.example.com/base"), pair("docs.example.com", "https://docs.example.com:443"));
        assert_eq!(name("https://docs.example.com:8443"), pair("docs.example.com", "https://docs.example.com:8443"));
        assert_eq!(name("http://[2001:db8::1]"), pair("[2001:db8::1]", "http://[2001:db8::1]:80"));
        assert_eq!(name("http://10.0.0.5:8080"), pair("10.0.0.5", "http://10.0.0.5:8080"));
        for nothing in ["nonsense", "/nothing", "", "http://"] {
            assert_eq!(name(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn a_host_without_a_port_gives_origins_of_any() {
        assert_eq!(origins("a.example"), ["http://a.example:*", "https://a.example:*"]);
        assert_eq!(origins("[::1]:80"), ["http://[::1]:80", "https://[::1]:80"]);
    }
}
