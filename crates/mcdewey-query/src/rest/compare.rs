//! `GET /api/v1/compare`: what changed between two releases of a guide.

use axum::http::{HeaderMap, Uri};
use axum::response::Response;

use super::parameters::escape_list_value;
use super::{Parameters, Problem, conditional, input};
use crate::links::encode;
use crate::{AppState, CompareRequest, QueryError};

pub(super) const KNOWN: [&str; 8] = [
    "from", "to", "vendor", "product", "guide", "q", "limit", "cursor",
];

pub(super) async fn get(
    state: AppState,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let request = from_query(input::pairs(&uri)?)?;
    let answer = state.library.compare(&request, state.visibility()).await?;
    let tag = conditional::tag(&answer.generation, answer.revision, state.visibility());
    Ok(conditional::json(&headers, &tag, &answer))
}

/// The comparison in a query string, for REST and the web page.
pub(crate) fn from_query(pairs: Vec<(String, String)>) -> Result<CompareRequest, QueryError> {
    let given = Parameters::new(pairs, &KNOWN)?;
    let text = |name| Ok::<_, QueryError>(given.one(name)?.unwrap_or_default().to_owned());
    Ok(CompareRequest {
        from: text("from")?,
        to: text("to")?,
        vendor: given.list("vendor"),
        product: given.list("product"),
        guide: given.list("guide"),
        q: text("q")?,
        limit: given.number("limit")?,
        cursor: given.one("cursor")?.map(str::to_owned),
    })
}

/// The query string that asks for the same again.
pub(crate) fn to_query(request: &CompareRequest) -> String {
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
    fn an_address_says_all_of_a_comparison() {
        let request = CompareRequest {
            from: "12.5(1) SU3".to_owned(),
            to: "a b/c.md".to_owned(),
            vendor: vec!["Foo, Inc.".to_owned()],
            product: vec!["telemetry".to_owned(), "uccx".to_owned()],
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
