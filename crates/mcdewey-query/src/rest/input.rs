//! Decodes raw requests: query strings, path segments, forms and JSON bodies. Malformed input is an
//! error, never a panic.

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, StatusCode, Uri};
use mcdewey_search::QueryError;
use serde_json::{Map, Value};

use super::parameters::reject_unknown;
use crate::http::is_json;
use crate::problem::Problem;

/// Parses the query string into name and value pairs, in order.
pub fn pairs(uri: &Uri) -> Result<Vec<(String, String)>, QueryError> {
    Query::try_from_uri(uri)
        .map(|Query(pairs)| pairs)
        .map_err(|error| {
            QueryError::InvalidRequest(format!("cannot parse the query string: {error}"))
        })
}

/// Parses a form body into name and value pairs, in order.
pub fn form_pairs(body: Result<Bytes, BytesRejection>) -> Result<Vec<(String, String)>, Problem> {
    let body = body.map_err(body_problem)?;
    let text = std::str::from_utf8(&body)
        .map_err(|_| QueryError::InvalidRequest("the form is not valid UTF-8".to_owned()))?;

    // A form body has the syntax of a query string.
    let uri = format!("/?{text}")
        .parse()
        .map_err(|_| QueryError::InvalidRequest("cannot parse the form".to_owned()))?;
    Ok(pairs(&uri)?)
}

/// Returns the decoded variable part of a path.
pub fn path(path: Result<Path<String>, PathRejection>) -> Result<String, QueryError> {
    match path {
        Ok(Path(text)) => Ok(text),
        Err(_) => Err(QueryError::InvalidRequest(
            "cannot decode the path; it must be percent-encoded UTF-8".to_owned(),
        )),
    }
}

/// Restores a chunk id or handle from a decoded path segment. Chunk ids contain percent-encoded
/// characters themselves; if an id was pasted into a URL without encoding it again, decoding the
/// path removed them.
pub fn chunk_id(decoded: &str) -> String {
    let bytes = decoded.as_bytes();
    let mut id = String::with_capacity(decoded.len());
    for (index, &byte) in bytes.iter().enumerate() {
        let encoded = byte == b'%'
            && bytes
                .get(index + 1..index + 3)
                .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));

        if encoded || byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
            id.push(char::from(byte));
        } else {
            id.push_str(percent_encoding::percent_encode_byte(byte));
        }
    }

    id
}

/// Parses a JSON body into an object and rejects keys that are not in `known`. An empty body is an
/// empty object.
pub(super) fn json_object(
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
    known: &[&str],
) -> Result<Map<String, Value>, Problem> {
    let body = body.map_err(body_problem)?;
    if body.is_empty() {
        return Ok(Map::new());
    }

    if !is_json(headers) {
        let detail = "the body must be JSON; send it with Content-Type: application/json";
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            detail,
        ));
    }

    let object: Map<String, Value> = serde_json::from_slice(&body).map_err(|error| {
        QueryError::InvalidRequest(format!("the body is not a JSON object: {error}"))
    })?;
    reject_unknown(object.keys(), known)?;

    Ok(object)
}

fn body_problem(rejection: BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let detail = format!(
            "the body is too large; the limit is {} bytes",
            super::MAX_BODY_BYTES
        );
        return Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", detail);
    }

    QueryError::InvalidRequest("cannot read the body".to_owned()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunk_ids_are_restored_whether_or_not_they_were_encoded() {
        assert_eq!(chunk_id("a::v12.5::102"), "a::v12.5::102");
        assert_eq!(chunk_id("1a2b3c4d"), "1a2b3c4d");
        assert_eq!(chunk_id("a%20b::0"), "a%20b::0", "encoded again in the URL");
        assert_eq!(chunk_id("a b::0"), "a%20b::0", "pasted without encoding");
        assert_eq!(chunk_id("50%::é::1"), "50%25::%C3%A9::1");
        assert_eq!(chunk_id("a/b\n%"), "a%2Fb%0A%25");
    }
}
