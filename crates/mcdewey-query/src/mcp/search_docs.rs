//! `search_docs`: a question in, passages with their pages out.
//!
//! Clients differ in what they show a model: the structured content or the text. So the structured content has whole
//! passages, the text has at least the best part of each, and both name source, page, version and id.

use mcdewey_core::Visibility;
use rmcp::model::CallToolResult;

use super::arguments::{Arguments, CURSOR, GUIDE, Kind, Parameter, TOKEN_BUDGET};
use super::budget::{Counter, blocking};
use super::envelope::answer;
use super::fence::quoted_name;
use super::fit::Step;
use super::found_page::{FoundPage, facets, markdown, shown};
use super::wire::{FoundFacets, FoundPassages};
use crate::{Library, Mode, QueryError, SearchAnswer, SearchRequest};

/// Passages of an answer when nothing is said: with their metadata about what the default budget holds.
const DEFAULT_LIMIT: usize = 6;
const DETAIL: &str = "detail";
const FULL: &str = "full";
const CONCISE: &str = "concise";
/// Most passages of one answer.
const MAX_LIMIT: usize = 20;

/// What the tool takes.
pub(super) static PARAMETERS: [Parameter; 10] = [
    Parameter {
        name: "query",
        aliases: &["q", "question", "text"],
        kind: Kind::Text,
        required: true,
        description: "The question in plain words, codes and names as written",
        examples: &["barge state in CCX"],
    },
    Parameter {
        name: "mode",
        aliases: &["search_mode"],
        kind: Kind::Choice(&["hybrid", "dense", "keyword"]),
        required: false,
        description: "Meaning and words, meaning, or words",
        examples: &["hybrid"],
    },
    Parameter {
        name: "vendor",
        aliases: &["vendors"],
        kind: Kind::Names,
        required: false,
        description: "Only this vendor",
        examples: &["Cisco"],
    },
    Parameter {
        name: "product",
        aliases: &["products"],
        kind: Kind::Names,
        required: false,
        description: "Only this product: id, title or alias",
        examples: &["finesse", "CCX"],
    },
    Parameter {
        name: "version",
        aliases: &["ver", "release", "versions"],
        kind: Kind::Name,
        required: false,
        description: "Only this version, range or latest",
        examples: &["12.5", ">=12.0 <15"],
    },
    GUIDE,
    Parameter {
        name: "limit",
        aliases: &["top_k", "k", "n", "count", "max_results", "num_results"],
        kind: Kind::Number {
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
        kind: Kind::Choice(&[FULL, CONCISE]),
        required: false,
        description: "Whole passages, or one line each",
        examples: &[CONCISE],
    },
    TOKEN_BUDGET,
    CURSOR,
];

/// Answers a call.
pub(super) async fn call(
    library: &Library,
    arguments: &Arguments,
    visibility: &Visibility,
) -> Result<CallToolResult, QueryError> {
    let mut request = request(arguments);
    let budget = arguments.budget();

    let mut found = library.search(&request, visibility).await?;
    if found.hits.is_empty() && found.unversioned.is_empty() {
        return nothing(library, &request, found, budget, visibility).await;
    }

    let wanted = found.hits.len();
    loop {
        let asked = found.hits.len();
        let counter = Counter::new(library);
        let page = FoundPage::new(found, wanted, library.public_url());

        let page = if arguments.text(DETAIL) == Some(CONCISE) {
            page.concise()
        } else {
            page
        };

        let fitted = blocking(move || page.fit(&counter, budget)).await?;
        let shown = shown(&fitted.taken);
        if shown == 0 || shown == asked {
            return Ok(fitted.result);
        }

        // Asked again for as many as fit, so that the cursor goes on behind the last passage shown.
        request.limit = Some(shown);
        found = library.search(&request, visibility).await?;
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

/// The answer when nothing was found: what the same question finds without its filters, so that the next one can be
/// better.
async fn nothing(
    library: &Library,
    request: &SearchRequest,
    mut found: SearchAnswer,
    budget: usize,
    visibility: &Visibility,
) -> Result<CallToolResult, QueryError> {
    let filtered = request.version.is_some()
        || [&request.vendor, &request.product, &request.guide]
            .iter()
            .any(|filter| !filter.is_empty());

    let notice = if filtered && request.cursor.is_none() {
        let open = SearchRequest {
            q: request.q.clone(),
            mode: request.mode,
            limit: Some(1),
            ..SearchRequest::default()
        };

        found.facets = library.search(&open, visibility).await?.facets;
        format!(
            "nothing found with these filters; {}",
            others(&facets(&found))
        )
    } else {
        "nothing found; try other words, mode hybrid, or list_library for what there is".to_owned()
    };

    found.notices.push(notice);
    let counter = Counter::new(library);
    blocking(move || {
        let facets = facets(&found);
        let step = Step {
            what: (),
            cost: counter.json(&facets)?,
            leads: false,
        };

        let render = |taken: &[()]| {
            let structured = FoundPassages {
                facets: (!taken.is_empty()).then(|| facets.clone()),
                degraded: found.degraded.clone(),
                notices: found.notices.clone(),
                ..FoundPassages::default()
            };
            answer(&structured, markdown(&structured, &[], &[]))
        };

        Ok(counter.fit(budget, [Ok(step)], render)?.result)
    })
    .await
}

/// Filters that would find something.
fn others(facets: &FoundFacets) -> String {
    let named = [
        ("vendor", &facets.vendor),
        ("product", &facets.product),
        ("version", &facets.version),
        ("guide", &facets.guide),
    ];

    let listed = named
        .iter()
        .filter(|(_, values)| !values.is_empty())
        .map(|(name, values)| {
            let values: Vec<String> = values
                .iter()
                .take(3)
                .map(|value| format!("{} ({})", quoted_name(&value.value, 80), value.count))
                .collect();
            format!("{name} {}", values.join(", "))
        });

    let listed: Vec<String> = listed.collect();
    match listed.is_empty() {
        true => "without them nothing is found either; try other words".to_owned(),
        false => format!("without them passages are found in {}", listed.join("; ")),
    }
}
