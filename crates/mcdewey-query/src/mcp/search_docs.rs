//! `search_docs`: answers a question with passages and their pages.
//!
//! Some clients show a model the structured content, others the readable text. So the structured
//! content has whole passages, the readable text has at least the snippet of each, and both name
//! source, page, version and id.

mod response;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use mcdewey_core::Visibility;
use mcdewey_search::parameter::Request;
use mcdewey_search::{Group, LibrarySnapshot, QueryError, SearchRequest, SearchResults};
use rmcp::model::CallToolResult;

use self::response::{SearchResponse, facets, markdown};
use super::arguments::{Arguments, Parameter, ParameterKind, TOKEN_BUDGET, of_request};
use super::budget::{TokenCounter, counting};
use super::envelope;
use super::fence::quoted_name;
use super::fit::Step;
use super::wire::{FoundChunks, FoundFacets};
use crate::{ServedLibrary, telemetry};

const DETAIL: &str = "detail";
const FULL: &str = "full";
const CONCISE: &str = "concise";

/// The tool's parameters.
pub(super) static PARAMETERS: LazyLock<Vec<Parameter>> =
    LazyLock::new(|| of_request::<SearchRequest>(&[DETAIL_PARAMETER, TOKEN_BUDGET]));
const DETAIL_PARAMETER: Parameter = Parameter {
    name: DETAIL,
    aliases: &["verbosity", "format"],
    kind: ParameterKind::Choice(&[FULL, CONCISE]),
    required: false,
    description: "Whole passages, or one line each",
    examples: &[CONCISE],
};

/// Answers a call.
pub(super) async fn call(
    library: &ServedLibrary,
    arguments: &Arguments,
    visibility: &Visibility,
) -> Result<CallToolResult, QueryError> {
    let mut request: SearchRequest = arguments.request()?;
    request.group.get_or_insert(Group::Page);
    let (mut results, snapshot) =
        telemetry::search_with_snapshot(library, &request, visibility).await?;

    let budget = arguments.budget();
    if results.hits.is_empty() && results.unversioned.is_empty() {
        explain_no_hits(&mut results, &request, &snapshot).await?;
        return counting(library, move |counter| {
            fit_no_hits(&results, counter, budget)
        })
        .await;
    }

    let is_concise = arguments.text(DETAIL) == Some(CONCISE);
    let response = SearchResponse::new(results, library.public_url(), is_concise);
    counting(library, move |counter| response.fit(counter, budget)).await
}

/// Adds a notice to the results of a question without hits. If it had filters, the notice lists what
/// the question finds without them, so that the caller can ask a better one.
async fn explain_no_hits(
    results: &mut SearchResults,
    request: &SearchRequest,
    snapshot: &LibrarySnapshot<'_>,
) -> Result<(), QueryError> {
    let filtered = SearchRequest::PARAMETERS.iter().any(|parameter| {
        parameter.declaration.role.is_filter() && parameter.value(request).is_some()
    });

    let notice = if filtered && request.cursor.is_none() {
        let unfiltered = SearchRequest {
            q: request.q.clone(),
            mode: request.mode,
            limit: Some(1),
            ..SearchRequest::default()
        };

        let found = telemetry::search_snapshot(snapshot, &unfiltered).await?;
        results.facets = found.facets;
        format!(
            "nothing found with these filters; {}",
            available_filters(&facets(results))
        )
    } else {
        "nothing found; try other words, mode hybrid, or call list_library".to_owned()
    };

    results.notices.push(notice);
    Ok(())
}

/// Renders results without hits: the notices, and the facets if they fit.
fn fit_no_hits(
    results: &SearchResults,
    counter: &TokenCounter,
    budget: usize,
) -> Result<CallToolResult, QueryError> {
    let facets = facets(results);
    let step = Step {
        what: (),
        cost: counter.json(&facets)?,
        leads: false,
    };

    let render = |included: &[()]| {
        let structured = FoundChunks {
            facets: (!included.is_empty()).then(|| facets.clone()),
            degraded: results.degraded.clone(),
            notices: results.remarks(),
            ..FoundChunks::default()
        };
        envelope::answer(&structured, markdown(&structured, &[], &[]))
    };

    Ok(counter.fit(budget, [Ok(step)], render)?.result)
}

/// Describes the filter values with which the question has hits, three of each facet.
fn available_filters(facets: &FoundFacets) -> String {
    let by_name = [
        ("vendor", &facets.vendor),
        ("product", &facets.product),
        ("version", &facets.version),
        ("guide", &facets.guide),
    ];

    let filters: Vec<String> = by_name
        .iter()
        .filter(|(_, values)| !values.is_empty())
        .map(|(name, values)| {
            let values: Vec<String> = values
                .iter()
                .take(3)
                .map(|value| format!("{} ({})", quoted_name(&value.value, 80), value.count))
                .collect();
            format!("{name} {}", values.join(", "))
        })
        .collect();

    if filters.is_empty() {
        "without them nothing is found either; try other words".to_owned()
    } else {
        format!("without them passages are found in {}", filters.join("; "))
    }
}
