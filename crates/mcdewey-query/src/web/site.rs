//! Addresses on this site, as pages write them: without the server's name, so that they hold under any name it has.

use axum::http::Uri;

use super::assets::{ICON_FILE, SCRIPT_FILE, STYLE_FILE};
use crate::{AppState, CompareRequest, SearchRequest, links, rest};

/// What every page needs to link to the others.
#[derive(Debug, Clone)]
pub(super) struct Site {
    public_url: String,
    /// What a proxy in front puts before our paths; mostly nothing.
    base: String,
}

/// A link as a page shows it.
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
    /// The addresses of the server with this state.
    pub(super) fn of(state: &AppState) -> Self {
        Self::at(state.library.public_url())
    }

    /// The addresses of a server at this address.
    pub(super) fn at(public_url: &str) -> Self {
        let path = public_url
            .parse::<Uri>()
            .map(|uri| uri.path().to_owned())
            .unwrap_or_default();

        Self {
            base: path.trim_end_matches('/').to_owned(),
            public_url: public_url.to_owned(),
        }
    }

    pub(super) fn home(&self) -> String {
        format!("{}/", self.base)
    }

    pub(super) fn library(&self) -> String {
        format!("{}/library", self.base)
    }

    pub(super) fn connect(&self) -> String {
        format!("{}/connect", self.base)
    }

    pub(super) fn status(&self) -> String {
        format!("{}/status", self.base)
    }

    pub(super) fn feedback(&self) -> String {
        format!("{}/feedback", self.base)
    }

    /// Where the routes for programs begin.
    pub(super) fn api(&self) -> String {
        format!("{}/api/v1", self.base)
    }

    /// The routes for programs, for people and as programs read them.
    pub(super) fn api_docs(&self) -> String {
        format!("{}/api/docs", self.base)
    }

    pub(super) fn openapi(&self) -> String {
        format!("{}/openapi.json", self.base)
    }

    pub(super) fn compare_home(&self) -> String {
        format!("{}/compare", self.base)
    }

    /// The page with this comparison.
    pub(super) fn compare(&self, request: &CompareRequest) -> String {
        format!(
            "{}?{}",
            self.compare_home(),
            rest::comparison_to_query(request)
        )
    }

    /// The same comparison for programs.
    pub(super) fn compare_api(&self, request: &CompareRequest) -> String {
        format!(
            "{}/api/v1/compare?{}",
            self.base,
            rest::comparison_to_query(request)
        )
    }

    pub(super) fn style(&self) -> String {
        format!("{}/assets/{}", self.base, STYLE_FILE.as_str())
    }

    pub(super) fn script(&self) -> String {
        format!("{}/assets/{}", self.base, SCRIPT_FILE.as_str())
    }

    pub(super) fn icon(&self) -> String {
        format!("{}/assets/{}", self.base, ICON_FILE.as_str())
    }

    /// The search page with this request.
    pub(super) fn search(&self, request: &SearchRequest) -> String {
        match rest::to_query(request) {
            query if query.is_empty() => self.home(),
            query => format!("{}/?{query}", self.base),
        }
    }

    /// The same search for programs.
    pub(super) fn search_api(&self, request: &SearchRequest) -> String {
        format!("{}/api/v1/search?{}", self.base, rest::to_query(request))
    }

    pub(super) fn chunk(&self, chunk_id: &str) -> String {
        format!("{}{}", self.base, links::chunk_path(chunk_id))
    }

    /// A document whose path is percent-encoded already.
    pub(super) fn document(&self, encoded: &str) -> String {
        format!("{}/d/{encoded}", self.base)
    }

    /// An address from an answer.
    pub(super) fn local(&self, url: &str) -> String {
        match url.strip_prefix(&self.public_url) {
            Some(path) => format!("{}{path}", self.base),
            None => url.to_owned(),
        }
    }
}

/// A passage's number within its document: the end of its id.
pub(super) fn ordinal(chunk_id: &str) -> u32 {
    chunk_id
        .rsplit("::")
        .next()
        .and_then(|number| number.parse().ok())
        .unwrap_or_default()
}

/// An address that leads to another site; documents may name anything as theirs.
pub(super) fn outward(url: Option<&String>) -> Option<String> {
    let is_web = |url: &&String| url.starts_with("https://") || url.starts_with("http://");
    url.filter(is_web).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_keep_what_a_proxy_puts_before_them() {
        let site = Site::at("https://a.example/docs");
        assert_eq!(
            site.local("https://a.example/docs/d/x.md?page=3"),
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
    fn only_web_addresses_lead_out() {
        let of = |url: &str| outward(Some(&url.to_owned()));
        assert_eq!(
            of("https://a.example/x").as_deref(),
            Some("https://a.example/x")
        );
        assert_eq!(of("javascript:alert(1)"), None);
        assert_eq!(of("//a.example"), None);
    }
}
