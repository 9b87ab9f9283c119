//! Errors over HTTP: the only place that maps errors to a status, and the problem details
//! (RFC 9457) that explain them.

mod client_message;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use mcdewey_search::QueryError;
use schemars::JsonSchema;
use serde::Serialize;

use crate::request_id;

pub(crate) use client_message::client_message;

/// `Retry-After` of an overloaded or unavailable server, in seconds.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// Why a request failed. REST sends it as problem details; the web pages render it as a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub status: StatusCode,
    pub code: &'static str,
    pub detail: String,
    pub known: Vec<String>,
}

// The type adds nothing to the status, so it is `about:blank`; programs use `code`.
/// An error response: problem details (RFC 9457).
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub(crate) struct ProblemDetails<'a> {
    /// Always `about:blank`.
    r#type: &'static str,
    /// The reason phrase of the status, such as `Not Found`.
    title: &'static str,
    /// The HTTP status code.
    status: u16,
    /// A description of this error for people.
    detail: &'a str,
    /// A stable code for programs.
    code: &'static str,
    /// The available values, if the request named an unknown one.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    known: &'a [String],
    /// The id of the request in the server log.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

impl Problem {
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            known: Vec::new(),
        }
    }

    /// The reason phrase of the status ("Not Found").
    pub fn title(&self) -> &'static str {
        self.status.canonical_reason().unwrap_or("Error")
    }

    /// Sets the status of a response and the headers that belong to it.
    pub fn apply_to(&self, response: &mut Response) {
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));

        if matches!(
            self.status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
        ) {
            headers.insert(header::RETRY_AFTER, RETRY_AFTER_SECONDS);
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
            QueryError::Internal(reason) => tracing::error!(%reason, "request failed"),
            QueryError::Unavailable(reason) => {
                tracing::warn!(%reason, "the library is unavailable");
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
    /// The body of the response.
    pub(crate) fn details(&self) -> ProblemDetails<'_> {
        ProblemDetails {
            r#type: "about:blank",
            title: self.title(),
            status: self.status.as_u16(),
            detail: &self.detail,
            code: self.code,
            known: &self.known,
            request_id: request_id::current(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = axum::Json(self.details()).into_response();
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        self.apply_to(&mut response);
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
    fn each_error_maps_to_a_status() {
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
    fn temporary_errors_have_retry_after() {
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
    fn internal_reasons_are_not_disclosed() {
        for error in [
            QueryError::Internal("disk sda1".to_owned()),
            QueryError::Unavailable("disk sda1".to_owned()),
        ] {
            assert!(!Problem::from(error).detail.contains("sda1"));
        }
    }
}
