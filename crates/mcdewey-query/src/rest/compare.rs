//! `GET /api/v1/compare`: what changed between two releases of a guide.

use axum::http::{HeaderMap, Uri};
use axum::response::Response;

use super::{Parameters, Problem, conditional, input};
use crate::{AppState, CompareRequest, QueryError};

const KNOWN: [&str; 8] = ["from", "to", "vendor", "product", "guide", "q", "limit", "cursor"];

pub(super) async fn get(state: AppState, headers: HeaderMap, uri: Uri) -> Result<Response, Problem> {
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
