//! Parses requests whose parameters are declared, from query strings and JSON bodies, and writes
//! them back to query strings. Nothing here knows a parameter by its name.

use std::collections::HashMap;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::HeaderMap;
use mcdewey_search::QueryError;
use mcdewey_search::parameter::{Declaration, Kind, Parameter, ParameterValue, Request};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::input;
use super::parameters::{Parameters, escape_list_value, names, reject_unknown};
use crate::links::encode;
use crate::problem::Problem;

/// Parses a request from a query string.
pub fn from_query<R: Request>(pairs: Vec<(String, String)>) -> Result<R, QueryError> {
    let parameters = Parameters::declared(pairs, R::DECLARATIONS)?;
    let mut request = R::default();
    for parameter in R::PARAMETERS {
        if let Some(value) = value_from_text(&parameters, &parameter.declaration)? {
            parameter.set(&mut request, value)?;
        }
    }

    Ok(request)
}

fn value_from_text(
    parameters: &Parameters,
    declaration: &Declaration,
) -> Result<Option<ParameterValue>, QueryError> {
    let name = declaration.name;
    Ok(match declaration.kind {
        Kind::Text { .. } | Kind::Name | Kind::Choice { .. } => parameters
            .one(name)?
            .map(|text| ParameterValue::Text(text.to_owned())),
        Kind::Number { .. } => parameters.number(name)?.map(ParameterValue::Number),
        Kind::Flag => Some(ParameterValue::Flag(parameters.flag(name)?)),
        Kind::Names => Some(ParameterValue::List(parameters.list(name))),
        Kind::Versions | Kind::Sources => Some(ParameterValue::List(parameters.all(name))),
    })
}

/// Parses a request from a JSON body.
pub(super) fn from_json<R: Request>(
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<R, Problem> {
    let known = names(R::DECLARATIONS);
    Ok(from_object(input::json_object(headers, body, &known)?)?)
}

/// Parses a request from a JSON object; rejects unknown fields.
pub(super) fn from_object<R: Request>(object: Map<String, Value>) -> Result<R, QueryError> {
    reject_unknown(object.keys(), &names(R::DECLARATIONS))?;

    // All values must have the right type before any of them is looked at.
    let mut values = HashMap::new();
    for (name, value) in object {
        let declaration = R::DECLARATIONS
            .iter()
            .find(|declaration| declaration.name == name);
        if let Some(declaration) = declaration
            && let Some(value) = value_from_json::<R>(value, declaration)?
        {
            values.insert(declaration.name, value);
        }
    }

    let mut request = R::default();
    for parameter in R::PARAMETERS {
        if let Some(value) = values.remove(parameter.declaration.name) {
            parameter.set(&mut request, value)?;
        }
    }

    Ok(request)
}

/// Texts and flags that are not optional must not be null; all else may be.
fn value_from_json<R: Request>(
    value: Value,
    declaration: &Declaration,
) -> Result<Option<ParameterValue>, QueryError> {
    Ok(match declaration.kind {
        Kind::Text { .. } | Kind::Name if declaration.required => {
            Some(ParameterValue::Text(typed(value)?))
        }
        Kind::Text { .. } | Kind::Name | Kind::Choice { .. } => {
            typed::<Option<String>>(value)?.map(ParameterValue::Text)
        }
        Kind::Number { .. } => typed::<Option<usize>>(value)?.map(ParameterValue::Number),
        Kind::Flag => Some(ParameterValue::Flag(typed(value)?)),
        Kind::Names | Kind::Versions | Kind::Sources => {
            let values = OneOrMany::deserialize(value).map_err(|_| not_a_list::<R>())?;
            Some(ParameterValue::List(values.into_vec()))
        }
    })
}

fn typed<T: DeserializeOwned>(value: Value) -> Result<T, QueryError> {
    serde_json::from_value(value).map_err(|error| invalid_search(&error.to_string()))
}

fn not_a_list<R: Request>() -> QueryError {
    let lists: Vec<&str> = R::DECLARATIONS
        .iter()
        .filter(|declaration| declaration.kind.is_repeatable())
        .map(|declaration| declaration.name)
        .collect();

    let all_but_last = lists[..lists.len().saturating_sub(1)].join(", ");
    let last = lists.last().copied().unwrap_or_default();
    invalid_search(&format!(
        "{all_but_last} and {last} take a string or a list of strings"
    ))
}

fn invalid_search(reason: &str) -> QueryError {
    QueryError::InvalidRequest(format!("the body is not a valid search: {reason}"))
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
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

/// Returns the query string that repeats the request.
pub fn to_query<R: Request>(request: &R) -> String {
    to_pairs(request)
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect::<Vec<_>>()
        .join("&")
}

/// Returns the parameters that repeat the request, without those that have their default value,
/// by their roles.
pub fn to_pairs<R: Request>(request: &R) -> Vec<(&'static str, String)> {
    let mut parameters: Vec<&Parameter<R>> = R::PARAMETERS.iter().collect();
    parameters.sort_by_key(|parameter| parameter.declaration.role);

    parameters
        .into_iter()
        .filter_map(|parameter| Some((&parameter.declaration, parameter.value(request)?)))
        .flat_map(|(declaration, value)| {
            texts(declaration.kind, value)
                .into_iter()
                .map(|text| (declaration.name, text))
        })
        .collect()
}

/// Returns a value as a query string spells it; several texts repeat the parameter.
fn texts(kind: Kind, value: ParameterValue) -> Vec<String> {
    match value {
        ParameterValue::Text(text) => vec![text],
        ParameterValue::Number(number) => vec![number.to_string()],
        ParameterValue::Flag(flag) => vec![u8::from(flag).to_string()],
        ParameterValue::List(values) if kind == Kind::Names => values
            .iter()
            .map(|value| escape_list_value(value))
            .collect(),
        ParameterValue::List(values) => values,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderValue, header};
    use mcdewey_search::{CompareRequest, Group, Mode, SearchRequest};

    use super::*;
    use crate::rest::pairs;

    fn parse_query<R: Request>(query: &str) -> Result<R, QueryError> {
        from_query(pairs(&format!("/?{query}").parse().unwrap()).unwrap())
    }

    fn parse_search(query: &str) -> Result<SearchRequest, QueryError> {
        parse_query(query)
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

    /// A request in which every parameter has a value that needs care.
    fn full_request<R: Request>() -> R {
        let mut request = R::default();
        for parameter in R::PARAMETERS {
            let value = match parameter.declaration.kind {
                Kind::Text { .. } | Kind::Name | Kind::Versions => {
                    ParameterValue::Text(">=12.0 <15,a & b + 100% ünï?".to_owned())
                }
                Kind::Choice { words, .. } => {
                    ParameterValue::Text((*words.last().unwrap()).to_owned())
                }
                Kind::Number { .. } => ParameterValue::Number(7),
                Kind::Flag => ParameterValue::Flag(true),
                Kind::Names | Kind::Sources => {
                    ParameterValue::List(vec!["Foo, Inc.".to_owned(), "a/b c.md".to_owned()])
                }
            };

            parameter.set(&mut request, value).unwrap();
        }

        request
    }

    #[test]
    fn a_query_string_round_trips_every_parameter() {
        let search: SearchRequest = full_request();
        assert_eq!(parse_search(&to_query(&search)).unwrap(), search);
        assert_eq!(to_query(&SearchRequest::default()), "");
        assert_eq!(parse_search("").unwrap(), SearchRequest::default());

        let comparison: CompareRequest = full_request();
        assert_eq!(
            parse_query::<CompareRequest>(&to_query(&comparison)).unwrap(),
            comparison
        );
        assert_eq!(to_query(&CompareRequest::default()), "");
    }

    /// Checks that links have these parameters in this order, whatever else they have.
    fn assert_order<R: Request>(expected: &str) {
        let expected: Vec<&str> = expected.split(' ').collect();
        let mut names: Vec<&str> = to_pairs(&full_request::<R>())
            .into_iter()
            .map(|(name, _)| name)
            .filter(|name| expected.contains(name))
            .collect();
        names.dedup();
        assert_eq!(names, expected);
    }

    #[test]
    fn links_have_the_question_first_and_the_cursor_last() {
        assert_order::<SearchRequest>(
            "q mode vendor product guide version source limit group strict explain exact cursor",
        );
        assert_order::<CompareRequest>("from to q vendor product guide limit cursor");

        let request = SearchRequest {
            q: "a b".to_owned(),
            mode: Mode::Keyword,
            vendor: vec!["Foo, Inc.".to_owned()],
            group: Some(Group::Page),
            strict: true,
            ..SearchRequest::default()
        };
        assert_eq!(
            to_query(&request),
            "q=a%20b&mode=keyword&vendor=Foo%5C%2C%20Inc.&group=page&strict=1"
        );
    }

    #[test]
    fn a_body_carries_every_parameter() {
        let request: SearchRequest = full_request();
        assert_eq!(
            parse_body(&serde_json::to_string(&request).unwrap()).unwrap(),
            request
        );

        let request = parse_body(
            r#"{"q": "x", "product": "finesse", "version": ["12.5", "15.0"], "limit": null}"#,
        )
        .unwrap();
        assert_eq!(request.product, ["finesse"]);
        assert_eq!(request.version.as_deref(), Some("12.5,15.0"));
        assert_eq!(
            request,
            parse_search("q=x&product=finesse&version=12.5&version=15.0").unwrap()
        );
    }

    #[test]
    fn invalid_searches_are_rejected_with_the_reason() {
        assert!(error_detail("[1]").contains("not a JSON object"));
        assert!(error_detail("{").contains("not a JSON object"));
        assert!(
            error_detail(r#"{"q": "x", "prodct": "y", "foo": 1}"#).contains(r#""prodct", "foo""#)
        );
        assert_eq!(
            error_detail(r#"{"q": 1}"#),
            "the body is not a valid search: invalid type: integer `1`, expected a string"
        );
        assert_eq!(
            error_detail(r#"{"q": null}"#),
            "the body is not a valid search: invalid type: null, expected a string"
        );
        assert_eq!(
            error_detail(r#"{"q": "x", "vendor": 7}"#),
            "the body is not a valid search: vendor, product, version, guide and source take a \
             string or a list of strings"
        );
        assert!(error_detail(r#"{"q": "x", "mode": "fuzzy"}"#).contains("hybrid, dense, keyword"));
        assert!(error_detail(&"[".repeat(60_000)).contains("not a JSON object"));
        assert!(parse_search("mode=fuzzy").is_err() && parse_search("group=guide").is_err());
    }
}
