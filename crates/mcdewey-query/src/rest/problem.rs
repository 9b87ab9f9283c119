//! Errors on HTTP: the one place where a refusal becomes a status, and problem details (RFC 9457) to tell why.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use crate::QueryError;
use crate::app::{client_message, observe};

/// When to try again after a refusal for lack of room, in seconds.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// Why a request was refused; the web pages show the same as a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) detail: String,
    pub(crate) known: Vec<String>,
}

/// What is sent. The type says nothing beyond the status, so it is `about:blank`; programs go by `code`.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub(super) struct Body<'a> {
    /// Always `about:blank`.
    r#type: &'static str,
    /// The status in words.
    title: &'static str,
    /// The status of HTTP.
    status: u16,
    /// What is wrong, for people.
    detail: &'a str,
    /// What is wrong, for programs; stable.
    code: &'static str,
    /// Where something unknown was asked for: what there is.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    known: &'a [String],
    /// What the request is called in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

impl Problem {
    /// A refusal that is not the library's.
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            known: Vec::new(),
        }
    }

    /// The status in words ("Not Found").
    pub(crate) fn title(&self) -> &'static str {
        self.status.canonical_reason().unwrap_or("Error")
    }

    /// Puts on a response what the status promises besides a body.
    pub(crate) fn mark(&self, response: &mut Response) {
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));

        if matches!(
            self.status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
        ) {
            headers.insert(header::RETRY_AFTER, RETRY_SECONDS);
        }

        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        let status = match &error {
            QueryError::InvalidRequest(_)
            | QueryError::UnknownVersion { .. }
            | QueryError::UnknownFacet { .. } => StatusCode::BAD_REQUEST,
            QueryError::NotFound(_) => StatusCode::NOT_FOUND,
            QueryError::CursorExpired => StatusCode::GONE,
            QueryError::Overloaded => StatusCode::TOO_MANY_REQUESTS,
            QueryError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            QueryError::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };

        match &error {
            QueryError::Internal(reason) => tracing::error!(%reason, "a request failed"),
            QueryError::Unavailable(reason) => {
                tracing::warn!(%reason, "the library cannot answer now")
            }
            _ => {}
        }

        Self {
            status,
            code: error.code(),
            detail: client_message(&error),
            known: error.known().to_vec(),
        }
    }
}

impl Problem {
    /// As it is sent.
    pub(super) fn body(&self) -> Body<'_> {
        Body {
            r#type: "about:blank",
            title: self.title(),
            status: self.status.as_u16(),
            detail: &self.detail,
            code: self.code,
            known: &self.known,
            request_id: observe::request_id(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = axum::Json(self.body()).into_response();
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        self.mark(&mut response);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status_of(error: QueryError) -> u16 {
        Problem::from(error).status.as_u16()
    }

    #[test]
    fn each_error_has_its_status() {
        let text = String::new;
        assert_eq!(status_of(QueryError::InvalidRequest(text())), 400);
        assert_eq!(
            status_of(QueryError::UnknownVersion {
                asked: text(),
                known: Vec::new()
            }),
            400
        );
        assert_eq!(
            status_of(QueryError::UnknownFacet {
                facet: "guide",
                asked: text(),
                known: Vec::new()
            }),
            400
        );
        assert_eq!(status_of(QueryError::NotFound(text())), 404);
        assert_eq!(status_of(QueryError::CursorExpired), 410);
        assert_eq!(status_of(QueryError::Overloaded), 429);
        assert_eq!(status_of(QueryError::Unavailable(text())), 503);
        assert_eq!(status_of(QueryError::Internal(text())), 500);
    }

    #[test]
    fn whoever_is_turned_away_for_now_is_told_when_to_come_back() {
        for (error, expected) in [
            (QueryError::Overloaded, true),
            (QueryError::CursorExpired, false),
        ] {
            let response = Problem::from(error).into_response();
            assert_eq!(
                response.headers().contains_key(header::RETRY_AFTER),
                expected
            );
            assert_eq!(
                response.headers()[header::CONTENT_TYPE],
                "application/problem+json"
            );
        }
    }

    #[test]
    fn what_failed_inside_is_not_told() {
        for error in [
            QueryError::Internal("disk sda1".to_owned()),
            QueryError::Unavailable("disk sda1".to_owned()),
        ] {
            assert!(!Problem::from(error).detail.contains("sda1"));
        }
    }
}
