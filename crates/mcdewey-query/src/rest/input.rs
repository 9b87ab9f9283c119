//! Raw requests made readable: query strings, path parts, JSON bodies; whatever is wrong is a refusal, never a panic.

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, StatusCode, Uri};
use serde_json::{Map, Value};

use super::Problem;
use crate::QueryError;
use crate::app::is_json;

/// The parameters of an address, in order.
pub(crate) fn pairs(uri: &Uri) -> Result<Vec<(String, String)>, QueryError> {
    Query::try_from_uri(uri)
        .map(|Query(pairs)| pairs)
        .map_err(|error| {
            QueryError::InvalidRequest(format!("the query string cannot be read: {error}"))
        })
}

/// The fields of a form that was sent as a body, in order.
pub(crate) fn form(body: Result<Bytes, BytesRejection>) -> Result<Vec<(String, String)>, Problem> {
    let invalid = |detail: &str| Problem::from(QueryError::InvalidRequest(detail.to_owned()));
    let body = body.map_err(unread)?;
    let text = std::str::from_utf8(&body).map_err(|_| invalid("the form is not UTF-8"))?;

    // A form is written as a query string is.
    let uri = format!("/?{text}")
        .parse()
        .map_err(|_| invalid("the form cannot be read"))?;
    Ok(pairs(&uri)?)
}

/// The variable part of a path, decoded.
pub(crate) fn path(path: Result<Path<String>, PathRejection>) -> Result<String, QueryError> {
    let unreadable =
        |_| QueryError::InvalidRequest("the path cannot be read; percent-encode UTF-8".to_owned());
    path.map(|Path(text)| text).map_err(unreadable)
}

/// The chunk id or handle that a decoded path part means. Ids carry percent-encoded characters of their own; where
/// people paste one unencoded, decoding took those, and this puts them back.
pub(crate) fn passage_id(decoded: &str) -> String {
    let bytes = decoded.as_bytes();
    let mut id = String::with_capacity(decoded.len());
    for (at, &byte) in bytes.iter().enumerate() {
        let encoded = byte == b'%'
            && bytes
                .get(at + 1..at + 3)
                .is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));

        if encoded || byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
            id.push(char::from(byte));
        } else {
            id.push_str(percent_encoding::percent_encode_byte(byte));
        }
    }

    id
}

/// The object in a JSON body, with no keys but `known`; an empty body is an empty object.
pub(super) fn json_object(
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
    known: &[&str],
) -> Result<Map<String, Value>, Problem> {
    let body = body.map_err(unread)?;
    if body.is_empty() {
        return Ok(Map::new());
    }

    if !is_json(headers) {
        let detail = "a JSON body is needed; send it with Content-Type: application/json";
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            detail,
        ));
    }

    let invalid = |detail: String| Problem::from(QueryError::InvalidRequest(detail));
    let object: Map<String, Value> = serde_json::from_slice(&body)
        .map_err(|error| invalid(format!("the body is not a JSON object: {error}")))?;
    let unknown = object.keys().filter(|key| !known.contains(&key.as_str()));
    super::parameters::refuse_unknown(unknown, known)?;

    Ok(object)
}

fn unread(rejection: BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let detail = format!(
            "the body is too large; at most {} bytes are read",
            super::MAX_BODY_BYTES
        );
        return Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", detail);
    }

    QueryError::InvalidRequest("the body could not be read".to_owned()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_however_they_were_pasted() {
        assert_eq!(passage_id("a::v12.5::102"), "a::v12.5::102");
        assert_eq!(passage_id("1a2b3c4d"), "1a2b3c4d");
        assert_eq!(
            passage_id("a%20b::0"),
            "a%20b::0",
            "encoded once more in the address"
        );
        assert_eq!(passage_id("a b::0"), "a%20b::0", "pasted as it is");
        assert_eq!(passage_id("50%::é::1"), "50%25::%C3%A9::1");
        assert_eq!(passage_id("a/b\n%"), "a%2Fb%0A%25");
    }
}
