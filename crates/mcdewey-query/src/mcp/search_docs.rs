//! `search_docs`: answers a question with passages and their pages.
//!
//! Some clients show a model the structured content, others the readable text. So the structured
//! content has whole passages, the readable text has at least the snippet of each, and both name
//! source, page, version and id.

mod response;
#[cfg(test)]
mod tests;

use crate::wire::SearchAnswer;
use mcdewey_core::Visibility;
use mcdewey_search::{Mode, QueryError, SearchRequest};
use rmcp::model::CallToolResult;

use self::response::{SearchResponse, count_hits, facets, markdown};
use super::arguments::{Arguments, CURSOR, GUIDE, Parameter, ParameterKind, TOKEN_BUDGET};
use super::budget::{TokenCounter, blocking};
use super::envelope;
use super::fence::quoted_name;
use super::fit::Step;
use super::wire::{FoundChunks, FoundFacets};
use crate::ServedLibrary;

/// Default number of passages: with their metadata, about what the default budget holds.
const DEFAULT_LIMIT: usize = 6;
const DETAIL: &str = "detail";
const FULL: &str = "full";
const CONCISE: &str = "concise";
/// Maximum number of passages in one response.
const MAX_LIMIT: usize = 20;

/// The tool's parameters.
pub(super) static PARAMETERS: [Parameter; 10] = [
    Parameter {
        name: "query",
        aliases: &["q", "question", "text"],
        kind: ParameterKind::Text,
        required: true,
        description: "The question in plain words, codes and names as written",
        examples: &["barge state in CCX"],
    },
    Parameter {
        name: "mode",
        aliases: &["search_mode"],
        kind: ParameterKind::Choice(&["hybrid", "dense", "keyword"]),
        required: false,
        description: "Both, semantic, or keyword",
        examples: &["hybrid"],
    },
    Parameter {
        name: "vendor",
        aliases: &["vendors"],
        kind: ParameterKind::Names,
        required: false,
        description: "Only this vendor",
        examples: &["Cisco"],
    },
    Parameter {
        name: "product",
        aliases: &["products"],
        kind: ParameterKind::Names,
        required: false,
        description: "Only this product: id, title or alias",
        examples: &["finesse", "CCX"],
    },
    Parameter {
        name: "version",
        aliases: &["ver", "release", "versions"],
        kind: ParameterKind::Name,
        required: false,
        description: "Only this version, range or latest",
        examples: &["12.5", ">=12.0 <15"],
    },
    GUIDE,
    Parameter {
        name: "limit",
        aliases: &["top_k", "k", "n", "count", "max_results", "num_results"],
        kind: ParameterKind::Number {
            min: 1,
            max: MAX_LIMIT,
            default: DEFAULT_LIMIT,
        },
        required: false,
        description: "How many passages",
        examples: &["6"],
    },
    Parameter {
        name: DETAIL,
        aliases: &["verbosity", "format"],
        kind: ParameterKind::Choice(&[FULL, CONCISE]),
        required: false,
        description: "Whole passages, or one line each",
        examples: &[CONCISE],
    },
    TOKEN_BUDGET,
    CURSOR,
];

/// Answers a call.
pub(super) async fn call(
    library: &ServedLibrary,
    arguments: &Arguments,
    visibility: &Visibility,
) -> Result<CallToolResult, QueryError> {
    let mut request = request(arguments);
    let budget = arguments.budget();

    let mut answer = library.wire_search(&request, visibility).await?;
    if answer.hits.is_empty() && answer.unversioned.is_empty() {
        return no_hits(library, &request, answer, budget, visibility).await;
    }

    let total_hits = answer.hits.len();
    loop {
        let requested = answer.hits.len();
        let counter = TokenCounter::new(library);
        let mut response = SearchResponse::new(answer, total_hits, library.public_url());

        if arguments.text(DETAIL) == Some(CONCISE) {
            response = response.concise();
        }

        let fitted = blocking(move || response.fit(&counter, budget)).await?;
        let shown = count_hits(&fitted.included);
        if shown == 0 || shown == requested {
            return Ok(fitted.result);
        }

        // Request exactly as many hits as fit, so that the cursor continues after the last one
        // shown.
        request.limit = Some(shown);
        answer = library.wire_search(&request, visibility).await?;
    }
}

fn request(arguments: &Arguments) -> SearchRequest {
    let mode = arguments
        .text("mode")
        .and_then(|name| Mode::ALL.into_iter().find(|mode| mode.name() == name));

    SearchRequest {
        q: arguments.text("query").unwrap_or_default().to_owned(),
        mode: mode.unwrap_or_default(),
        vendor: arguments.names("vendor"),
        product: arguments.names("product"),
        version: arguments.text("version").map(str::to_owned),
        guide: arguments.names("guide"),
        limit: Some(arguments.number("limit").unwrap_or(DEFAULT_LIMIT)),
        cursor: arguments.text("cursor").map(str::to_owned),
        ..SearchRequest::default()
    }
}

/// Returns the response for a question without hits. If it had filters, the notice lists what the
/// question finds without them, so that the caller can ask a better one.
async fn no_hits(
    library: &ServedLibrary,
    request: &SearchRequest,
    mut answer: SearchAnswer,
    budget: usize,
    visibility: &Visibility,
) -> Result<CallToolResult, QueryError> {
    let filtered = request.version.is_some()
        || [&request.vendor, &request.product, &request.guide]
            .iter()
            .any(|filter| !filter.is_empty());

    let notice = if filtered && request.cursor.is_none() {
        let unfiltered = SearchRequest {
            q: request.q.clone(),
            mode: request.mode,
            limit: Some(1),
            ..SearchRequest::default()
        };

        answer.facets = library.wire_search(&unfiltered, visibility).await?.facets;
        format!(
            "nothing found with these filters; {}",
            available_filters(&facets(&answer))
        )
    } else {
        "nothing found; try other words, mode hybrid, or call list_library".to_owned()
    };

    answer.notices.push(notice);
    let counter = TokenCounter::new(library);
    blocking(move || {
        let facets = facets(&answer);
        let step = Step {
            what: (),
            cost: counter.json(&facets)?,
            leads: false,
        };

        let render = |included: &[()]| {
            let structured = FoundChunks {
                facets: (!included.is_empty()).then(|| facets.clone()),
                degraded: answer.degraded.clone(),
                notices: answer.notices.clone(),
                ..FoundChunks::default()
            };
            envelope::answer(&structured, markdown(&structured, &[], &[]))
        };

        Ok(counter.fit(budget, [Ok(step)], render)?.result)
    })
    .await
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
