//! Where keys of an issuer may be fetched from.

use ureq::http::Uri;

/// Reports whether a URL uses TLS or stays on this machine. Keys fetched over the network without
/// TLS could be forged.
pub fn is_secure_url(url: &str) -> bool {
    let Ok(url) = url.parse::<Uri>() else {
        return false;
    };

    // Anything before an @ can look like a host name but is not part of it, so such URLs are
    // rejected.
    let (Some(authority), Some(host)) = (url.authority(), url.host()) else {
        return false;
    };
    let is_local = ["127.0.0.1", "localhost", "[::1]"].contains(&host);
    !authority.as_str().contains('@')
        && (url.scheme_str() == Some("https") || (url.scheme_str() == Some("http") && is_local))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_and_local_urls_are_secure() {
        for good in [
            "https://a.example",
            "http://127.0.0.1:9/x",
            "http://localhost",
            "http://[::1]:80",
        ] {
            assert!(is_secure_url(good), "{good}");
        }

        for bad in [
            "http://a.example",
            "http://localhost.evil.example",
            "http://127.0.0.1.evil.example",
            "ftp://x",
        ]
        .into_iter()
        .chain([
            "http://127.0.0.1:80@evil.example/",
            "https://login.example.com@evil.example/",
            "https://",
            "here",
        ]) {
            assert!(!is_secure_url(bad), "{bad}");
        }
    }
}
