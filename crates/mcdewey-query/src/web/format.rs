//! In which form a passage is wanted: a page for people, or JSON or Markdown, by the address's ending or by `Accept`.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::ChunkAnswer;
use crate::cite::Citation;

/// A form of a passage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Page,
    Json,
    Markdown,
}

impl Format {
    /// The form, and the id without the ending that asks for it.
    pub(super) fn of(id: &str, headers: &HeaderMap) -> (Self, String) {
        for (ending, format) in [(".json", Self::Json), (".md", Self::Markdown)] {
            if let Some(id) = id.strip_suffix(ending) {
                return (format, id.to_owned());
            }
        }
        (accepted(headers), id.to_owned())
    }
}

/// The first form that is named; browsers name HTML, others may name nothing.
fn accepted(headers: &HeaderMap) -> Format {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let named = accept.split(',').map(|one| one.split(';').next().unwrap_or_default().trim());
    let form = |name: &str| match name {
        "text/html" | "application/xhtml+xml" => Some(Format::Page),
        "application/json" => Some(Format::Json),
        "text/markdown" => Some(Format::Markdown),
        _ => None,
    };
    named.filter_map(form).next().unwrap_or(Format::Page)
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
    let heading = hit.headings.last().map(|heading| format!("## {heading}\n\n")).unwrap_or_default();
    format!("{heading}{}\n\n— {}\n", hit.text.trim(), Citation::of(hit).markdown)
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
        assert!(answer.headers.get_all(header::VARY).iter().any(|value| value == "accept"), "{path}");
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
            (Some("text/html,application/xhtml+xml,*/*;q=0.8"), "text/html; charset=utf-8"),
            (Some("application/json"), "application/json"),
            (Some("text/markdown;q=0.9, */*"), "text/markdown; charset=utf-8"),
        ] {
            assert_eq!(kind(BARGE, accept).await.0, expected, "{accept:?}");
        }
        assert!(kind(&json.0, None).await.1.contains(GUIDE));
        let text = kind(&markdown.0, None).await.1;
        assert!(text.contains("after barging in the state is TALKING.") && text.contains("page 118"), "{text}");
    }
}
