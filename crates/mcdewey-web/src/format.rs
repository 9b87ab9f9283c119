//! Content negotiation for a chunk: an HTML page, JSON or Markdown, chosen by the URL's extension
//! or by `Accept`.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use mcdewey_core::{Chunk, IndexState};
use mcdewey_query::http::{Accept, JSON};
use mcdewey_query::wire::ChunkAnswer;
use mcdewey_search::Passage;

use crate::citation::Citation;

const HTML: &str = "text/html";
const XHTML: &str = "application/xhtml+xml";
const MARKDOWN: &str = "text/markdown";

/// The media types on offer, the default first.
pub(super) const OFFERED: [&str; 4] = [HTML, XHTML, JSON, MARKDOWN];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Page,
    Json,
    Markdown,
}

impl Format {
    /// Returns the requested format and the id without its extension.
    ///
    /// An extension takes precedence over `Accept`. `None` if `Accept` allows none of the formats.
    pub(super) fn negotiate(id: &str, headers: &HeaderMap) -> Option<(Self, String)> {
        for (extension, format) in [(".json", Self::Json), (".md", Self::Markdown)] {
            if let Some(id) = id.strip_suffix(extension) {
                return Some((format, id.to_owned()));
            }
        }

        let format = match Accept::from_headers(headers).preferred(&OFFERED)? {
            JSON => Self::Json,
            MARKDOWN => Self::Markdown,
            _ => Self::Page,
        };

        Some((format, id.to_owned()))
    }
}

/// The passage as REST sends it. `public_url` is the beginning of every link.
pub(super) fn json(passage: Passage, state: &IndexState, public_url: &str) -> Response {
    axum::Json(ChunkAnswer::new(passage, state, public_url)).into_response()
}

/// The chunk below its heading, followed by its citation with this absolute URL.
pub(super) fn markdown(chunk: &Chunk, url: &str) -> Response {
    let heading = chunk
        .headings
        .last()
        .map(|heading| format!("## {heading}\n\n"))
        .unwrap_or_default();

    let text = format!(
        "{heading}{}\n\n— {}\n",
        chunk.text.trim(),
        Citation::new(chunk, url).markdown
    );

    let media_type = HeaderValue::from_static("text/markdown; charset=utf-8");
    ([(header::CONTENT_TYPE, media_type)], text).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Method;

    use super::*;
    use crate::testing::{GUIDE, request, service};

    const BARGE: &str = "/c/finesse%3A%3Av12.5%3A%3Adeveloper-guide%3A%3Adeveloper-guide%3A%3A2";

    /// Returns the content type and the body.
    async fn get(path: &str, accept: Option<&str>) -> (String, String) {
        let service = service().await;
        let mut request = request(Method::GET, path);
        if let Some(accept) = accept {
            request = request.header(header::ACCEPT, accept);
        }

        let answer = service.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(
            answer
                .headers
                .get_all(header::VARY)
                .iter()
                .any(|value| value == "accept"),
            "{path}"
        );

        (answer.header(header::CONTENT_TYPE).to_owned(), answer.body)
    }

    #[tokio::test]
    async fn extension_or_accept_header_chooses_the_format() {
        let json = (format!("{BARGE}.json"), "application/json");
        let markdown = (format!("{BARGE}.md"), "text/markdown; charset=utf-8");
        for (path, expected) in [&json, &markdown] {
            assert_eq!(get(path, Some("text/html")).await.0, *expected);
        }

        for (accept, expected) in [
            (None, "text/html; charset=utf-8"),
            (Some("*/*"), "text/html; charset=utf-8"),
            (
                Some("text/html,application/xhtml+xml,*/*;q=0.8"),
                "text/html; charset=utf-8",
            ),
            (Some("application/json"), "application/json"),
            (
                Some("text/markdown, text/html, */*"),
                "text/markdown; charset=utf-8",
            ),
            (
                Some("text/html;q=0.5, text/markdown;q=0.9"),
                "text/markdown; charset=utf-8",
            ),
            (Some("text/markdown;q=0.9, */*"), "text/html; charset=utf-8"),
            (
                Some("TEXT/*, application/*;q=0.2"),
                "text/html; charset=utf-8",
            ),
            (
                Some("text/html;q=0, application/xhtml+xml;q=0, */*"),
                "application/json",
            ),
        ] {
            assert_eq!(get(BARGE, accept).await.0, expected, "{accept:?}");
        }

        assert!(get(&json.0, None).await.1.contains(GUIDE));
        let text = get(&markdown.0, None).await.1;
        assert!(
            text.contains("after barging in the state is TALKING.") && text.contains("page 118"),
            "{text}"
        );
    }

    #[tokio::test]
    async fn unacceptable_requests_list_the_offered_media_types() {
        let service = service().await;
        for accept in ["image/png", "*/*;q=0"] {
            let request = request(Method::GET, BARGE).header(header::ACCEPT, accept);
            let answer = service.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(
                answer.code(),
                (406, "not_acceptable".to_owned()),
                "{accept}"
            );
            assert!(answer.body.contains("text/markdown"), "{}", answer.body);
        }
    }
}
