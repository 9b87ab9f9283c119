//! In which form a passage is wanted: a page for people, or JSON or Markdown, by the address's ending or by `Accept`.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::ChunkAnswer;
use crate::app::{Accept, JSON};
use crate::cite::Citation;

/// The media types of a page for people.
const HTML: &str = "text/html";
const XHTML: &str = "application/xhtml+xml";
const MARKDOWN: &str = "text/markdown";
/// What a passage comes as, the form for people first.
pub(super) const OFFERED: [&str; 4] = [HTML, XHTML, JSON, MARKDOWN];

/// A form of a passage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Page,
    Json,
    Markdown,
}

impl Format {
    /// The form, and the id without the ending that asks for it. An ending goes over the header, which offers nothing
    /// where it takes none of the forms.
    pub(super) fn of(id: &str, headers: &HeaderMap) -> Option<(Self, String)> {
        for (ending, format) in [(".json", Self::Json), (".md", Self::Markdown)] {
            if let Some(id) = id.strip_suffix(ending) {
                return Some((format, id.to_owned()));
            }
        }

        let format = match Accept::of(headers).preferred(&OFFERED)? {
            JSON => Self::Json,
            MARKDOWN => Self::Markdown,
            _ => Self::Page,
        };

        Some((format, id.to_owned()))
    }
}

/// A passage in a form for programs.
pub(super) fn passage(answer: &ChunkAnswer, format: Format) -> Response {
    match format {
        Format::Markdown => {
            let kind = HeaderValue::from_static("text/markdown; charset=utf-8");
            ([(header::CONTENT_TYPE, kind)], markdown(answer)).into_response()
        }
        _ => axum::Json(answer).into_response(),
    }
}

/// The passage under its headings, with where it is from.
fn markdown(answer: &ChunkAnswer) -> String {
    let hit = &answer.chunk;
    let heading = hit
        .headings
        .last()
        .map(|heading| format!("## {heading}\n\n"))
        .unwrap_or_default();

    format!(
        "{heading}{}\n\n— {}\n",
        hit.text.trim(),
        Citation::of(hit).markdown
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::{GUIDE, Service, request};
    use axum::body::Body;
    use axum::http::Method;

    const BARGE: &str = "/c/finesse%3A%3Av12.5%3A%3Adeveloper-guide%3A%3Adeveloper-guide%3A%3A2";

    async fn kind(path: &str, accept: Option<&str>) -> (String, String) {
        let service = Service::new().await;
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
    async fn the_ending_or_the_header_chooses_the_form() {
        let json = (format!("{BARGE}.json"), "application/json");
        let markdown = (format!("{BARGE}.md"), "text/markdown; charset=utf-8");
        for (path, expected) in [&json, &markdown] {
            assert_eq!(kind(path, Some("text/html")).await.0, *expected);
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
            assert_eq!(kind(BARGE, accept).await.0, expected, "{accept:?}");
        }

        assert!(kind(&json.0, None).await.1.contains(GUIDE));
        let text = kind(&markdown.0, None).await.1;
        assert!(
            text.contains("after barging in the state is TALKING.") && text.contains("page 118"),
            "{text}"
        );
    }

    #[tokio::test]
    async fn whoever_takes_none_of_the_forms_is_told_which_there_are() {
        let service = Service::new().await;
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
