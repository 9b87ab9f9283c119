//! URLs of this site's pages as they appear in HTML: without scheme and host, so that they work
//! under any name of the server.

use axum::http::Uri;
use mcdewey_query::links;
use mcdewey_query::{AppState, rest};
use mcdewey_search::{CompareRequest, SearchRequest};

use super::assets::{ICON_FILE, SCRIPT_FILE, STYLE_FILE};

/// Builds the links between the pages.
#[derive(Debug, Clone)]
pub(super) struct Site {
    public_url: String,
    /// The path prefix under which a reverse proxy serves the site; usually empty.
    base_path: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) text: String,
    pub(super) href: String,
}

impl Link {
    pub(super) fn new(text: impl Into<String>, href: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            href: href.into(),
        }
    }
}

impl Site {
    pub(super) fn from_state(state: &AppState) -> Self {
        Self::new(state.public_url())
    }

    pub(super) fn new(public_url: &str) -> Self {
        let path = public_url
            .parse::<Uri>()
            .map(|uri| uri.path().to_owned())
            .unwrap_or_default();

        Self {
            base_path: path.trim_end_matches('/').to_owned(),
            public_url: public_url.to_owned(),
        }
    }

    pub(super) fn home(&self) -> String {
        format!("{}/", self.base_path)
    }

    pub(super) fn library(&self) -> String {
        format!("{}/library", self.base_path)
    }

    pub(super) fn connect(&self) -> String {
        format!("{}/connect", self.base_path)
    }

    pub(super) fn status(&self) -> String {
        format!("{}/status", self.base_path)
    }

    pub(super) fn feedback(&self) -> String {
        format!("{}/feedback", self.base_path)
    }

    /// The root of the REST API.
    pub(super) fn api(&self) -> String {
        format!("{}/api/v1", self.base_path)
    }

    pub(super) fn api_docs(&self) -> String {
        format!("{}/api/docs", self.base_path)
    }

    pub(super) fn openapi(&self) -> String {
        format!("{}/openapi.json", self.base_path)
    }

    pub(super) fn compare_home(&self) -> String {
        format!("{}/compare", self.base_path)
    }

    pub(super) fn compare(&self, request: &CompareRequest) -> String {
        format!(
            "{}?{}",
            self.compare_home(),
            rest::comparison_to_query(request)
        )
    }

    /// The REST URL of the same comparison.
    pub(super) fn compare_api(&self, request: &CompareRequest) -> String {
        format!(
            "{}/api/v1/compare?{}",
            self.base_path,
            rest::comparison_to_query(request)
        )
    }

    pub(super) fn style(&self) -> String {
        format!("{}/assets/{}", self.base_path, STYLE_FILE.as_str())
    }

    pub(super) fn script(&self) -> String {
        format!("{}/assets/{}", self.base_path, SCRIPT_FILE.as_str())
    }

    pub(super) fn icon(&self) -> String {
        format!("{}/assets/{}", self.base_path, ICON_FILE.as_str())
    }

    pub(super) fn search(&self, request: &SearchRequest) -> String {
        match rest::to_query(request) {
            query if query.is_empty() => self.home(),
            query => format!("{}/?{query}", self.base_path),
        }
    }

    /// The REST URL of the same search.
    pub(super) fn search_api(&self, request: &SearchRequest) -> String {
        format!(
            "{}/api/v1/search?{}",
            self.base_path,
            rest::to_query(request)
        )
    }

    pub(super) fn chunk(&self, chunk_id: &str) -> String {
        format!("{}{}", self.base_path, links::chunk_path(chunk_id))
    }

    /// `encoded_source` is already percent-encoded.
    pub(super) fn document(&self, encoded_source: &str) -> String {
        format!("{}/d/{encoded_source}", self.base_path)
    }

    /// Strips scheme and host from a URL below the public URL; returns any other URL unchanged.
    pub(super) fn relative(&self, url: &str) -> String {
        match url.strip_prefix(&self.public_url) {
            Some(path) => format!("{}{path}", self.base_path),
            None => url.to_owned(),
        }
    }
}

/// The ordinal of a chunk within its document, which is the end of its id.
pub(super) fn ordinal(chunk_id: &str) -> u32 {
    chunk_id
        .rsplit("::")
        .next()
        .and_then(|number| number.parse().ok())
        .unwrap_or_default()
}

/// A link to the vendor's own page, labelled with its host: "View on cisco.com ↗".
///
/// The URL comes from the document, so anything but http and https is dropped.
pub(super) fn external_link(url: Option<&str>) -> Option<Link> {
    let url = url.filter(|url| url.starts_with("https://") || url.starts_with("http://"))?;
    let text = match url.parse::<Uri>().as_ref().map(Uri::host) {
        Ok(Some(host)) => format!("View on {} ↗", host.strip_prefix("www.").unwrap_or(host)),
        _ => "View source page ↗".to_owned(),
    };

    Some(Link::new(text, url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_keep_the_path_prefix_of_a_proxy() {
        let site = Site::new("https://a.example/docs");
        assert_eq!(
            site.relative("https://a.example/docs/d/x.md?page=3"),
            "/docs/d/x.md?page=3"
        );
        assert_eq!(site.chunk("a::0"), "/docs/c/a%3A%3A0");
        assert_eq!(site.search(&SearchRequest::default()), "/docs/");
        assert_eq!(
            site.search(&SearchRequest {
                q: "a b".to_owned(),
                ..Default::default()
            }),
            "/docs/?q=a%20b"
        );
    }

    #[test]
    fn only_web_urls_become_external_links() {
        let href = |url: &str| external_link(Some(url)).map(|link| link.href);
        assert_eq!(
            href("https://a.example/x").as_deref(),
            Some("https://a.example/x")
        );
        assert_eq!(href("javascript:alert(1)"), None);
        assert_eq!(href("//a.example"), None);
        assert_eq!(external_link(None), None);
    }

    #[test]
    fn external_links_name_the_host() {
        let text = |url: &str| external_link(Some(url)).map(|link| link.text);
        for (url, expected) in [
            ("https://www.cisco.com/c/x.html", "View on cisco.com ↗"),
            ("http://docs.example.com:8080", "View on docs.example.com ↗"),
            ("https://cisco.com@evil.example/x", "View on evil.example ↗"),
            ("https://", "View source page ↗"),
        ] {
            assert_eq!(text(url).as_deref(), Some(expected), "{url}");
        }
    }
}
