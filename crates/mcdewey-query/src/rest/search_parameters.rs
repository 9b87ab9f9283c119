//! The one reading of a search's parameters, for REST and the web page, and the way back to an address.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::parameters::{Parameters, escape_list_value, refuse_unknown};
use super::{Problem, input};
use crate::links::encode;
use crate::{Group, Mode, QueryError, SearchRequest};

pub(super) const KNOWN: [&str; 13] = [
    "q", "mode", "vendor", "product", "version", "strict", "guide", "source", "limit", "cursor",
    "group", "explain", "exact",
];

/// The request in a query string.
pub(crate) fn from_query(pairs: Vec<(String, String)>) -> Result<SearchRequest, QueryError> {
    let given = Parameters::new(pairs, &KNOWN)?;
    Ok(SearchRequest {
        q: given.one("q")?.unwrap_or_default().to_owned(),
        mode: given.one("mode")?.map_or(Ok(Mode::default()), mode)?,
        vendor: given.list("vendor"),
        product: given.list("product"),
        version: join(given.all("version")),
        strict: given.flag("strict")?,
        guide: given.list("guide"),
        // A path may hold commas: several documents are named by repetition only.
        source: given.all("source"),
        limit: given.number("limit")?,
        cursor: given.one("cursor")?.map(str::to_owned),
        group: given.one("group")?.map(group).transpose()?,
        explain: given.flag("explain")?,
        exact: given.flag("exact")?,
    })
}

/// The request in a JSON body.
pub(super) fn from_json(
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<SearchRequest, Problem> {
    Ok(from_object(input::json_object(headers, body, &KNOWN)?)?)
}

/// The request in an object of a JSON body.
pub(super) fn from_object(object: Map<String, Value>) -> Result<SearchRequest, QueryError> {
    refuse_unknown(
        object.keys().filter(|key| !KNOWN.contains(&key.as_str())),
        &KNOWN,
    )?;

    let wanted: Wanted = serde_json::from_value(Value::Object(object)).map_err(|error| {
        QueryError::InvalidRequest(format!("the body is not a search: {error}"))
    })?;
    wanted.request()
}

/// The query string that asks for the same again.
pub(crate) fn to_query(request: &SearchRequest) -> String {
    to_pairs(request)
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect::<Vec<_>>()
        .join("&")
}

/// The parameters that ask for the same again; those at their defaults are left out.
pub(crate) fn to_pairs(request: &SearchRequest) -> Vec<(&'static str, String)> {
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

fn mode(text: &str) -> Result<Mode, QueryError> {
    let named = Mode::ALL
        .into_iter()
        .find(|mode| mode.name().eq_ignore_ascii_case(text));

    named.ok_or_else(|| {
        let names = Mode::ALL.map(Mode::name).join(", ");
        QueryError::InvalidRequest(format!("mode is {text:?}; {names} are allowed"))
    })
}

fn group(text: &str) -> Result<Group, QueryError> {
    match text {
        "page" => Ok(Group::Page),
        _ => Err(QueryError::InvalidRequest(format!(
            "group is {text:?}; page is allowed"
        ))),
    }
}

/// Alternatives of a version filter are divided by commas.
fn join(versions: Vec<String>) -> Option<String> {
    if versions.is_empty() {
        None
    } else {
        Some(versions.join(","))
    }
}

/// A search as JSON bodies write it.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Wanted {
    q: String,
    mode: Option<String>,
    vendor: Values,
    product: Values,
    version: Values,
    strict: bool,
    guide: Values,
    source: Values,
    limit: Option<usize>,
    cursor: Option<String>,
    group: Option<String>,
    explain: bool,
    exact: bool,
}

/// One value or several.
#[derive(Deserialize, Default)]
#[serde(
    untagged,
    expecting = "a string or a list of strings is needed for vendor, product, version, guide and source"
)]
enum Values {
    #[default]
    None,
    One(String),
    Several(Vec<String>),
}

impl Values {
    fn list(self) -> Vec<String> {
        let values = match self {
            Self::None => Vec::new(),
            Self::One(value) => vec![value],
            Self::Several(values) => values,
        };

        values
            .into_iter()
            .filter(|value| !value.is_empty())
            .collect()
    }
}

impl Wanted {
    fn request(self) -> Result<SearchRequest, QueryError> {
        Ok(SearchRequest {
            q: self.q,
            mode: self.mode.as_deref().map_or(Ok(Mode::default()), mode)?,
            vendor: self.vendor.list(),
            product: self.product.list(),
            version: join(self.version.list()),
            strict: self.strict,
            guide: self.guide.list(),
            source: self.source.list(),
            limit: self.limit,
            cursor: self.cursor,
            group: self.group.as_deref().map(group).transpose()?,
            explain: self.explain,
            exact: self.exact,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rest::pairs;
    use axum::http::{HeaderValue, header};

    fn queried(query: &str) -> Result<SearchRequest, QueryError> {
        from_query(pairs(&format!("/?{query}").parse().unwrap()).unwrap())
    }

    fn posted(body: &str) -> Result<SearchRequest, Problem> {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json; charset=utf-8"),
        );

        from_json(&headers, Ok(Bytes::copy_from_slice(body.as_bytes())))
    }

    fn full() -> SearchRequest {
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
    fn an_address_says_all_of_a_request() {
        assert_eq!(queried(&to_query(&full())).unwrap(), full());
        assert_eq!(to_query(&SearchRequest::default()), "");
        assert_eq!(queried("").unwrap(), SearchRequest::default());
    }

    #[test]
    fn a_body_says_all_of_a_request() {
        assert_eq!(
            posted(&serde_json::to_string(&full()).unwrap()).unwrap(),
            full()
        );

        let request = posted(
            r#"{"q": "x", "product": "finesse", "version": ["12.5", "15.0"], "limit": null}"#,
        )
        .unwrap();
        assert_eq!(request.product, ["finesse"]);
        assert_eq!(request.version.as_deref(), Some("12.5,15.0"));
        assert_eq!(
            request,
            queried("q=x&product=finesse&version=12.5&version=15.0").unwrap()
        );
    }

    #[test]
    fn what_is_not_a_search_is_refused_with_the_reason() {
        let says = |body: &str| posted(body).unwrap_err().detail;
        assert!(says("[1]").contains("not a JSON object"));
        assert!(says("{").contains("not a JSON object"));
        assert!(says(r#"{"q": "x", "prodct": "y", "foo": 1}"#).contains(r#""prodct", "foo""#));
        assert!(says(r#"{"q": 1}"#).contains("invalid type"));
        assert!(says(r#"{"q": "x", "vendor": 7}"#).contains("a string or a list of strings"));
        assert!(says(r#"{"q": "x", "mode": "fuzzy"}"#).contains("hybrid, dense, keyword"));
        assert!(says(&"[".repeat(60_000)).contains("not a JSON object"));
        assert!(queried("mode=fuzzy").is_err() && queried("group=guide").is_err());
    }
}
