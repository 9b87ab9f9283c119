//! `GET /api/v1/compare`: what changed between two versions of a guide.

use crate::links::encode;
use crate::wire::CompareAnswer;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use mcdewey_search::{CompareRequest, QueryError};

use super::parameters::Parameters;
use super::parameters::escape_list_value;
use super::{conditional, input};
use crate::problem::Problem;
use crate::request_state::RequestState;
use crate::telemetry;

pub(super) const PARAMETERS: [&str; 8] = [
    "from", "to", "vendor", "product", "guide", "q", "limit", "cursor",
];

pub(super) async fn get(
    state: RequestState,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let request = from_query(input::pairs(&uri)?)?;
    let comparison = telemetry::compare(&state.library, &request, state.visibility()).await?;
    let answer = CompareAnswer::new(&comparison, state.library.public_url());
    let tag = conditional::tag(&answer.generation, answer.revision, state.visibility());
    Ok(conditional::json(&headers, &tag, &answer))
}

/// Parses a comparison from a query string, for REST and the web page.
pub fn from_query(pairs: Vec<(String, String)>) -> Result<CompareRequest, QueryError> {
    let parameters = Parameters::new(pairs, &PARAMETERS)?;
    Ok(CompareRequest {
        from: parameters.text("from")?,
        to: parameters.text("to")?,
        vendor: parameters.list("vendor"),
        product: parameters.list("product"),
        guide: parameters.list("guide"),
        q: parameters.text("q")?,
        limit: parameters.number("limit")?,
        cursor: parameters.one("cursor")?.map(str::to_owned),
    })
}

/// Returns the query string that repeats the comparison.
pub fn to_query(request: &CompareRequest) -> String {
    let mut pairs: Vec<(&'static str, String)> = Vec::new();
    for (name, value) in [
        ("from", &request.from),
        ("to", &request.to),
        ("q", &request.q),
    ] {
        pairs.extend((!value.is_empty()).then(|| (name, value.clone())));
    }

    for (name, values) in [
        ("vendor", &request.vendor),
        ("product", &request.product),
        ("guide", &request.guide),
    ] {
        pairs.extend(values.iter().map(|value| (name, escape_list_value(value))));
    }

    pairs.extend(request.limit.map(|limit| ("limit", limit.to_string())));
    pairs.extend(
        request
            .cursor
            .iter()
            .map(|cursor| ("cursor", cursor.clone())),
    );

    pairs
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect::<Vec<_>>()
        .join("&")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rest::pairs;

    #[test]
    fn a_query_string_round_trips_every_parameter() {
        let request = CompareRequest {
            from: "12.5(1) SU3".to_owned(),
            to: "a b/c.md".to_owned(),
            vendor: vec!["Foo, Inc.".to_owned()],
            product: vec!["gateway".to_owned(), "uccx".to_owned()],
            guide: vec!["admin".to_owned()],
            q: "what & why?".to_owned(),
            limit: Some(7),
            cursor: Some("5-abc".to_owned()),
        };

        let uri = format!("/?{}", to_query(&request)).parse().unwrap();
        assert_eq!(from_query(pairs(&uri).unwrap()).unwrap(), request);
        assert_eq!(to_query(&CompareRequest::default()), "");
    }
}
