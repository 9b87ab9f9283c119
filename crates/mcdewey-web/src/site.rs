//! URLs of this site's pages as they appear in HTML: without scheme and host, so that they work
//! under any name of the server.

use axum::http::Uri;
use mcdewey_core::{Attachment, Chunk, ChunkId, Document, PageRef, SourcePath};
use mcdewey_query::links;
use mcdewey_query::{AppState, rest};
use mcdewey_search::{CompareRequest, SearchRequest};

use super::assets::{ICON_FILE, SCRIPT_FILE, STYLE_FILE};

/// Builds the links between the pages.
#[derive(Debug, Clone)]
pub(super) struct Site {
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
        }
    }

    /// The URL of a path on this server.
    pub(super) fn below(&self, path: &str) -> String {
        format!("{}{path}", self.base_path)
    }

    pub(super) fn home(&self) -> String {
        self.below("/")
    }

    pub(super) fn library(&self) -> String {
        self.below("/library")
    }

    pub(super) fn connect(&self) -> String {
        self.below("/connect")
    }

    pub(super) fn status(&self) -> String {
        self.below("/status")
    }

    pub(super) fn feedback(&self) -> String {
        self.below("/feedback")
    }

    /// The root of the REST API.
    pub(super) fn api(&self) -> String {
        self.below("/api/v1")
    }

    pub(super) fn api_docs(&self) -> String {
        self.below("/api/docs")
    }

    pub(super) fn openapi(&self) -> String {
        self.below("/openapi.json")
    }

    pub(super) fn compare_home(&self) -> String {
        self.below("/compare")
    }

    pub(super) fn compare(&self, request: &CompareRequest) -> String {
        format!("{}?{}", self.compare_home(), rest::to_query(request))
    }

    /// The REST URL of the same comparison.
    pub(super) fn compare_api(&self, request: &CompareRequest) -> String {
        let query = rest::to_query(request);
        self.below(&format!("/api/v1/compare?{query}"))
    }

    pub(super) fn style(&self) -> String {
        self.below(&format!("/assets/{}", STYLE_FILE.as_str()))
    }

    pub(super) fn script(&self) -> String {
        self.below(&format!("/assets/{}", SCRIPT_FILE.as_str()))
    }

    pub(super) fn icon(&self) -> String {
        self.below(&format!("/assets/{}", ICON_FILE.as_str()))
    }

    pub(super) fn search(&self, request: &SearchRequest) -> String {
        match rest::to_query(request) {
            query if query.is_empty() => self.home(),
            query => self.below(&format!("/?{query}")),
        }
    }

    /// The REST URL of the same search.
    pub(super) fn search_api(&self, request: &SearchRequest) -> String {
        let query = rest::to_query(request);
        self.below(&format!("/api/v1/search?{query}"))
    }

    /// The page of a passage.
    pub(super) fn chunk(&self, id: &ChunkId) -> String {
        self.below(&links::chunk_path(id.as_str()))
    }

    pub(super) fn document(&self, source: &SourcePath) -> String {
        self.below(&links::document_path(source))
    }

    /// A page of a document.
    pub(super) fn page(&self, source: &SourcePath, page: &PageRef) -> String {
        self.below(&links::page_path(source, page))
    }

    /// A passage on its page of the document.
    pub(super) fn chunk_on_page(&self, chunk: &Chunk) -> String {
        let page = self.page(&chunk.document.source, &chunk.page);
        format!("{page}#p-{}", chunk.ordinal)
    }

    /// A file stored with a document.
    pub(super) fn file(&self, source: &SourcePath, file: &Attachment) -> String {
        self.below(&links::file_path(source, file))
    }

    /// A page of the original PDF, if it is kept.
    pub(super) fn original_page(&self, document: &Document, page: &PageRef) -> Option<String> {
        links::original_page_path(document, page).map(|path| self.below(&path))
    }
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
    use mcdewey_core::PageNumber;

    use super::*;

    #[test]
    fn urls_keep_the_path_prefix_of_a_proxy() {
        let site = Site::new("https://a.example/docs");
        let source = "x.md".parse().unwrap();
        let page = PageRef {
            number: PageNumber(3),
            label: None,
            section: None,
        };

        assert_eq!(site.page(&source, &page), "/docs/d/x.md?page=3");
        assert_eq!(site.chunk(&"a::0".parse().unwrap()), "/docs/c/a%3A%3A0");
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
