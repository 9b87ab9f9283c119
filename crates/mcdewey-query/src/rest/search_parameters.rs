//! Parses the parameters of a search, for REST and the web page alike, and writes them back to a
//! query string.

use crate::links::encode;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::HeaderMap;
use mcdewey_search::{Group, Mode, QueryError, SearchRequest};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::input;
use super::parameters::{Parameters, escape_list_value, reject_unknown};
use crate::problem::Problem;

/// The parameters of a query string, and the fields of a JSON body.
pub(super) const PARAMETERS: [&str; 13] = [
    "q", "mode", "vendor", "product", "version", "strict", "guide", "source", "limit", "cursor",
    "group", "explain", "exact",
];

/// Parses a search from a query string.
pub fn from_query(pairs: Vec<(String, String)>) -> Result<SearchRequest, QueryError> {
    let parameters = Parameters::new(pairs, &PARAMETERS)?;
    Ok(SearchRequest {
        q: parameters.text("q")?,
        mode: parameters
            .one("mode")?
            .map_or(Ok(Mode::default()), parse_mode)?,
        vendor: parameters.list("vendor"),
        product: parameters.list("product"),
        version: join_versions(parameters.all("version")),
        strict: parameters.flag("strict")?,
        guide: parameters.list("guide"),
        // Paths may contain commas, so several documents need repeated parameters.
        source: parameters.all("source"),
        limit: parameters.number("limit")?,
        cursor: parameters.one("cursor")?.map(str::to_owned),
        group: parameters.one("group")?.map(parse_group).transpose()?,
        explain: parameters.flag("explain")?,
        exact: parameters.flag("exact")?,
    })
}

/// Parses a search from a JSON body.
pub(super) fn from_json(
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<SearchRequest, Problem> {
    Ok(from_object(input::json_object(
        headers,
        body,
        &PARAMETERS,
    )?)?)
}

/// Parses a search from a JSON object; rejects unknown fields.
pub(super) fn from_object(object: Map<String, Value>) -> Result<SearchRequest, QueryError> {
    reject_unknown(object.keys(), &PARAMETERS)?;

    let body: SearchBody = serde_json::from_value(Value::Object(object)).map_err(|error| {
        QueryError::InvalidRequest(format!("the body is not a valid search: {error}"))
    })?;
    body.into_request()
}

/// Returns the query string that repeats the search.
pub fn to_query(request: &SearchRequest) -> String {
    to_pairs(request)
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect::<Vec<_>>()
        .join("&")
}

/// Returns the parameters that repeat the search, without those that have their default value.
pub fn to_pairs(request: &SearchRequest) -> Vec<(&'static str, String)> {
    let mut pairs: Vec<(&'static str, String)> = Vec::new();
    pairs.extend((!request.q.is_empty()).then(|| ("q", request.q.clone())));
    pairs.extend(
        (request.mode != Mode::default()).then(|| ("mode", request.mode.name().to_owned())),
    );

    for (name, values) in [
        ("vendor", &request.vendor),
        ("product", &request.product),
        ("guide", &request.guide),
    ] {
        pairs.extend(values.iter().map(|value| (name, escape_list_value(value))));
    }

    pairs.extend(
        request
            .version
            .iter()
            .map(|version| ("version", version.clone())),
    );

    pairs.extend(
        request
            .source
            .iter()
            .map(|source| ("source", source.clone())),
    );

    pairs.extend(request.limit.map(|limit| ("limit", limit.to_string())));
    pairs.extend(
        request
            .group
            .map(|Group::Page| ("group", "page".to_owned())),
    );

    let flags = [
        ("strict", request.strict),
        ("explain", request.explain),
        ("exact", request.exact),
    ];

    pairs.extend(
        flags
            .into_iter()
            .filter(|(_, on)| *on)
            .map(|(name, _)| (name, "1".to_owned())),
    );

    pairs.extend(
        request
            .cursor
            .iter()
            .map(|cursor| ("cursor", cursor.clone())),
    );

    pairs
}

fn parse_mode(text: &str) -> Result<Mode, QueryError> {
    Mode::ALL
        .into_iter()
        .find(|mode| mode.name().eq_ignore_ascii_case(text))
        .ok_or_else(|| {
            let names = Mode::ALL.map(Mode::name).join(", ");
            QueryError::InvalidRequest(format!("unknown mode {text:?}; known: {names}"))
        })
}

fn parse_group(text: &str) -> Result<Group, QueryError> {
    match text {
        "page" => Ok(Group::Page),
        _ => Err(QueryError::InvalidRequest(format!(
            "unknown group {text:?}; known: page"
        ))),
    }
}

/// Joins the alternatives of a version filter, which are separated by commas.
fn join_versions(versions: Vec<String>) -> Option<String> {
    if versions.is_empty() {
        None
    } else {
        Some(versions.join(","))
    }
}

/// A search as a JSON body.
#[derive(Deserialize, Default)]
#[serde(default)]
struct SearchBody {
    q: String,
    mode: Option<String>,
    vendor: OneOrMany,
    product: OneOrMany,
    version: OneOrMany,
    strict: bool,
    guide: OneOrMany,
    source: OneOrMany,
    limit: Option<usize>,
    cursor: Option<String>,
    group: Option<String>,
    explain: bool,
    exact: bool,
}

#[derive(Deserialize, Default)]
#[serde(
    untagged,
    expecting = "vendor, product, version, guide and source take a string or a list of strings"
)]
enum OneOrMany {
    #[default]
    None,
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    /// The values that are not empty.
    fn into_vec(self) -> Vec<String> {
        let values = match self {
            Self::None => Vec::new(),
            Self::One(value) => vec![value],
            Self::Many(values) => values,
        };

        values
            .into_iter()
            .filter(|value| !value.is_empty())
            .collect()
    }
}

impl SearchBody {
    fn into_request(self) -> Result<SearchRequest, QueryError> {
        Ok(SearchRequest {
            q: self.q,
            mode: self
                .mode
                .as_deref()
                .map_or(Ok(Mode::default()), parse_mode)?,
            vendor: self.vendor.into_vec(),
            product: self.product.into_vec(),
            version: join_versions(self.version.into_vec()),
            strict: self.strict,
            guide: self.guide.into_vec(),
            source: self.source.into_vec(),
            limit: self.limit,
            cursor: self.cursor,
            group: self.group.as_deref().map(parse_group).transpose()?,
            explain: self.explain,
            exact: self.exact,
        })
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderValue, header};

    use super::*;
    use crate::rest::pairs;

    fn parse_query(query: &str) -> Result<SearchRequest, QueryError> {
        from_query(pairs(&format!("/?{query}").parse().unwrap()).unwrap())
    }

    fn parse_body(body: &str) -> Result<SearchRequest, Problem> {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json; charset=utf-8"),
        );

        from_json(&headers, Ok(Bytes::copy_from_slice(body.as_bytes())))
    }

    fn error_detail(body: &str) -> String {
        parse_body(body).unwrap_err().detail
    }

    fn full_request() -> SearchRequest {
        SearchRequest {
            q: "barge & state + 100% ünï?".to_owned(),
            mode: Mode::Keyword,
            vendor: vec!["Foo, Inc.".to_owned(), "Cisco".to_owned()],
            product: vec!["finesse".to_owned()],
            version: Some(">=12.0 <15,latest".to_owned()),
            strict: true,
            guide: vec!["developer-guide".to_owned()],
            source: vec!["a,b/c d.md".to_owned(), "e.md".to_owned()],
            limit: Some(7),
            cursor: Some("abc==".to_owned()),
            group: Some(Group::Page),
            explain: true,
            exact: true,
        }
    }

    #[test]
    fn a_query_string_round_trips_every_parameter() {
        assert_eq!(
            parse_query(&to_query(&full_request())).unwrap(),
            full_request()
        );
        assert_eq!(to_query(&SearchRequest::default()), "");
        assert_eq!(parse_query("").unwrap(), SearchRequest::default());
    }

    #[test]
    fn a_body_carries_every_parameter() {
        assert_eq!(
            parse_body(&serde_json::to_string(&full_request()).unwrap()).unwrap(),
            full_request()
        );

        let request = parse_body(
            r#"{"q": "x", "product": "finesse", "version": ["12.5", "15.0"], "limit": null}"#,
        )
        .unwrap();
        assert_eq!(request.product, ["finesse"]);
        assert_eq!(request.version.as_deref(), Some("12.5,15.0"));
        assert_eq!(
            request,
            parse_query("q=x&product=finesse&version=12.5&version=15.0").unwrap()
        );
    }

    #[test]
    fn invalid_searches_are_rejected_with_the_reason() {
        assert!(error_detail("[1]").contains("not a JSON object"));
        assert!(error_detail("{").contains("not a JSON object"));
        assert!(
            error_detail(r#"{"q": "x", "prodct": "y", "foo": 1}"#).contains(r#""prodct", "foo""#)
        );
        assert!(error_detail(r#"{"q": 1}"#).contains("invalid type"));
        assert!(
            error_detail(r#"{"q": "x", "vendor": 7}"#).contains("a string or a list of strings")
        );
        assert!(error_detail(r#"{"q": "x", "mode": "fuzzy"}"#).contains("hybrid, dense, keyword"));
        assert!(error_detail(&"[".repeat(60_000)).contains("not a JSON object"));
        assert!(parse_query("mode=fuzzy").is_err() && parse_query("group=guide").is_err());
    }
}
