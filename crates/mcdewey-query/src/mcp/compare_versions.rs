//! `compare_versions`: what changed between two versions of a guide, as far as the token budget
//! allows.

use crate::wire::{
    Change, ChangeKind, CompareAnswer, ComparedDocument, ComparedPair, WordOp, WordRun,
};
use mcdewey_core::{Chunk, ChunkId, Visibility};
use mcdewey_search::{CompareRequest, QueryError};
use rmcp::model::CallToolResult;

use super::arguments::{Arguments, CURSOR, GUIDE, Parameter, ParameterKind, TOKEN_BUDGET};
use super::budget::{TokenCounter, blocking};
use super::envelope::answer;
use super::fence::{QuoteAttributes, encoded_name, facet, label, name, quote};
use super::fit::{Fitted, Step};
use super::readable::{footer, product_version};
use super::wire::{ComparedDocumentPair, ComparedVersions, FoundChange};
use crate::ServedLibrary;

/// Maximum number of changes requested for one response.
const MAX_CHANGES: usize = 100;
/// Placeholder as long as a real cursor, so that measuring a response counts the cursor too.
const CURSOR_PLACEHOLDER: &str = "100-0123456789abcdef";

/// The tool's parameters.
pub(super) static PARAMETERS: [Parameter; 7] = [
    Parameter {
        name: "from",
        aliases: &[
            "from_version",
            "old",
            "before",
            "base",
            "version_from",
            "source",
        ],
        kind: ParameterKind::Name,
        required: true,
        description: "Earlier version, or a document's source or handle",
        examples: &["12.5"],
    },
    Parameter {
        name: "to",
        aliases: &["to_version", "new", "after", "target", "version_to"],
        kind: ParameterKind::Name,
        required: true,
        description: "Later version or document",
        examples: &["15.0"],
    },
    Parameter {
        name: "product",
        aliases: &["products"],
        kind: ParameterKind::Names,
        required: false,
        description: "Only this product",
        examples: &["finesse"],
    },
    GUIDE,
    Parameter {
        name: "query",
        aliases: &["q", "question", "about", "topic"],
        kind: ParameterKind::Text,
        required: false,
        description: "Only changes about this",
        examples: &["barge"],
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
    let from = arguments.text("from").unwrap_or_default();
    let to = arguments.text("to").unwrap_or_default();

    let mut request = CompareRequest {
        from: version_or_source(library, from, visibility).await?,
        to: version_or_source(library, to, visibility).await?,
        product: arguments.names("product"),
        guide: arguments.names("guide"),
        q: arguments.text("query").unwrap_or_default().to_owned(),
        cursor: arguments.text("cursor").map(str::to_owned),
        limit: Some(MAX_CHANGES),
        ..CompareRequest::default()
    };

    let budget = arguments.budget();
    let mut comparison = library.wire_compare(&request, visibility).await?;
    loop {
        let requested = comparison.changes.len();
        let counter = TokenCounter::new(library);
        let is_first_attempt = request.limit == Some(MAX_CHANGES);

        let fitted = blocking(move || fit(&comparison, &counter, budget, is_first_attempt)).await?;

        let shown = count_changes(&fitted.included);
        if shown == 0 || shown == requested {
            return Ok(fitted.result);
        }

        // Request exactly as many changes as fit, so that the cursor continues after the last one
        // shown.
        request.limit = Some(shown);
        comparison = library.wire_compare(&request, visibility).await?;
    }
}

/// Resolves a handle or chunk id to its document's source; returns any other text unchanged.
async fn version_or_source(
    library: &ServedLibrary,
    text: &str,
    visibility: &Visibility,
) -> Result<String, QueryError> {
    let is_handle = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_handle && !text.contains("::") {
        return Ok(text.to_owned());
    }
    Ok(library.wire_chunk(text, 0, visibility).await?.chunk.source)
}

/// An optional part of a response, by its index in the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ResponsePart {
    Pair(usize),
    Change(usize),
}

fn count_changes(included: &[ResponsePart]) -> usize {
    included
        .iter()
        .filter(|part| matches!(part, ResponsePart::Change(_)))
        .count()
}

/// Returns the response with as much as fits: the pairs of documents first, then the changes in
/// order. `is_first_attempt` is false if the number of changes was already reduced to what fits.
fn fit(
    comparison: &CompareAnswer,
    counter: &TokenCounter,
    budget: usize,
    is_first_attempt: bool,
) -> Result<Fitted<ResponsePart>, QueryError> {
    let mut steps = Vec::new();
    for (index, pair) in comparison.pairs.iter().enumerate() {
        let cost = counter.json(&structured_pair(pair))? + counter.escaped(&pair_line(pair))?;
        steps.push(Step {
            what: ResponsePart::Pair(index),
            cost,
            leads: true,
        });
    }

    for (index, change) in comparison.changes.iter().enumerate() {
        let cost = counter.json(&structured_change(change))?
            + counter.escaped(&change_entry(index + 1, change, comparison))?;
        steps.push(Step {
            what: ResponsePart::Change(index),
            cost,
            leads: true,
        });
    }

    counter.fit(budget, steps.into_iter().map(Ok), |included| {
        render(comparison, included, is_first_attempt)
    })
}

fn render(
    comparison: &CompareAnswer,
    included: &[ResponsePart],
    is_first_attempt: bool,
) -> Result<CallToolResult, QueryError> {
    let pairs: Vec<&ComparedPair> = comparison
        .pairs
        .iter()
        .enumerate()
        .filter(|(index, _)| included.contains(&ResponsePart::Pair(*index)))
        .map(|(_, pair)| pair)
        .collect();

    let changes: Vec<(usize, &Change)> = comparison
        .changes
        .iter()
        .enumerate()
        .filter(|(index, _)| included.contains(&ResponsePart::Change(*index)))
        .collect();

    let is_cut = changes.len() < comparison.changes.len();
    let next_cursor = if is_cut {
        (!changes.is_empty()).then(|| CURSOR_PLACEHOLDER.to_owned())
    } else {
        comparison.next_cursor.clone()
    };

    let structured = ComparedVersions {
        pairs: pairs.iter().map(|pair| structured_pair(pair)).collect(),
        changes: changes
            .iter()
            .map(|(_, change)| structured_change(change))
            .collect(),
        next_cursor,
        notices: notices(comparison, changes.len(), is_first_attempt),
    };

    let pair_lines: String = pairs.iter().map(|pair| pair_line(pair)).collect();
    let mut text = match pair_lines.trim_end() {
        "" => String::new(),
        // Titles and versions are document content, so they are quoted.
        lines => format!("{}\n", quote(lines, &QuoteAttributes::default())),
    };

    for (index, change) in changes {
        text.push('\n');
        text.push_str(&change_entry(index + 1, change, comparison));
    }

    text.push_str(&footer(
        &structured.notices,
        structured.next_cursor.as_deref(),
    ));

    answer(&structured, text.trim().to_owned())
}

/// Returns the comparison's notices, then those about documents without a counterpart and about
/// what did not fit. `shown` is the number of changes in the response.
fn notices(comparison: &CompareAnswer, shown: usize, is_first_attempt: bool) -> Vec<String> {
    let mut notices = comparison.notices.clone();
    if is_first_attempt {
        notices.extend(unmatched_notice(comparison.only_from.len(), "earlier"));
        notices.extend(unmatched_notice(comparison.only_to.len(), "later"));
    }

    if shown < comparison.changes.len() {
        notices.push(match shown {
            0 => "token_budget is too small for a change; use a larger one".to_owned(),
            _ => "more changes do not fit token_budget; continue with cursor".to_owned(),
        });
    }

    if comparison.changes.is_empty() {
        notices.push("nothing changed".to_owned());
    }

    notices
}

/// Reports documents that exist in only one of the versions; `which` is "earlier" or "later".
fn unmatched_notice(count: usize, which: &str) -> Option<String> {
    match count {
        0 => None,
        1 => Some(format!("1 document is only in the {which} version")),
        _ => Some(format!("{count} documents are only in the {which} version")),
    }
}

fn structured_pair(pair: &ComparedPair) -> ComparedDocumentPair {
    ComparedDocumentPair {
        from: encoded_name(&pair.from.source),
        from_version: pair.from.version.as_deref().map(facet),
        to: encoded_name(&pair.to.source),
        to_version: pair.to.version.as_deref().map(facet),
        doc_title: label(&pair.to.doc_title),
        added: pair.added,
        removed: pair.removed,
        changed: pair.changed,
        unchanged: pair.unchanged + pair.moved,
    }
}

/// Returns a line such as "- Guide: v12.5 → v15.0: 19 new, 6 removed, 9 changed, 101 unchanged".
fn pair_line(pair: &ComparedPair) -> String {
    format!(
        "- {}: {} → {}: {} new, {} removed, {} changed, {} unchanged\n",
        label(&pair.to.doc_title),
        version_name(&pair.from),
        version_name(&pair.to),
        pair.added,
        pair.removed,
        pair.changed,
        pair.unchanged + pair.moved
    )
}

/// Returns a document's version, or its source if it has none.
fn version_name(document: &ComparedDocument) -> String {
    encoded_name(document.version.as_deref().unwrap_or(&document.source))
}

fn structured_change(change: &Change) -> FoundChange {
    let (from, to) = (change.from.as_ref(), change.to.as_ref());
    FoundChange {
        kind: kind_name(change.kind).to_owned(),
        headings: change
            .headings
            .iter()
            .map(|heading| label(heading))
            .collect(),
        from_id: from.map(|text| handle(&text.chunk_id)),
        from_page: from.and_then(|text| text.page),
        to_id: to.map(|text| handle(&text.chunk_id)),
        to_page: to.and_then(|text| text.page),
        text: marked_text(change),
    }
}

fn handle(chunk_id: &str) -> String {
    chunk_id
        .parse::<ChunkId>()
        .map(|id| Chunk::handle_of(&id))
        .unwrap_or_else(|_| chunk_id.to_owned())
}

fn kind_name(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Added => "added",
        ChangeKind::Removed => "removed",
        ChangeKind::Changed => "changed",
    }
}

/// Returns the text of a change. Within changed text, removed words are `[-…-]` and new ones
/// `{+…+}`.
fn marked_text(change: &Change) -> String {
    let cells = change.cells.iter().map(|cell| match &cell.column {
        Some(column) => format!("{column}: {}", marked_words(&cell.words)),
        None => marked_words(&cell.words),
    });

    match (change.kind, &change.from, &change.to) {
        (ChangeKind::Changed, ..) if !change.cells.is_empty() => {
            cells.collect::<Vec<_>>().join(" | ")
        }
        (ChangeKind::Added, _, Some(text)) | (ChangeKind::Removed, Some(text), _) => {
            text.text.clone()
        }
        _ => marked_words(&change.words),
    }
}

fn marked_words(words: &[WordRun]) -> String {
    let marked = words.iter().map(|run| match run.op {
        WordOp::Same => run.text.clone(),
        WordOp::Removed => format!("[-{}-]", run.text),
        WordOp::Added => format!("{{+{}+}}", run.text),
    });
    marked.collect::<Vec<_>>().join(" ")
}

/// Returns a numbered change for the readable text.
fn change_entry(number: usize, change: &Change, comparison: &CompareAnswer) -> String {
    let pair = comparison.pairs.get(change.pair);
    let (document, text) = match (&change.to, &change.from) {
        (Some(text), _) => (pair.map(|pair| &pair.to), text),
        (None, Some(text)) => (pair.map(|pair| &pair.from), text),
        (None, None) => return String::new(),
    };

    let place = match (text.page, &text.section) {
        (Some(page), _) => format!("Page {page}"),
        (None, Some(section)) => name(section).into_owned(),
        (None, None) => String::new(),
    };

    let source = document.map_or("", |document| document.source.as_str());
    let id = handle(&text.chunk_id);
    let version = product_version(
        None,
        document.and_then(|document| document.version.as_deref()),
    );
    let title = change.headings.join(" › ");

    let origin = QuoteAttributes {
        title: &title,
        version: &version,
        source,
        place: &place,
        id: Some(&id),
        ..QuoteAttributes::default()
    };

    format!(
        "{number}. {}\n{}\n",
        kind_name(change.kind),
        quote(&marked_text(change), &origin)
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{
        BARGE, GUIDE, call, call_on, long_versions, refused, sent_tokens, structured, text,
    };
    use super::super::tools::DocTool::CompareVersions;

    #[tokio::test]
    async fn changes_name_their_pages() {
        let result = call(
            CompareVersions,
            json!({"from": "12.5", "to": "15.0", "product": "CCX"}),
        )
        .await;

        let answer = structured(&result);
        let pair = &answer["pairs"][0];
        assert_eq!(
            (&pair["from"], &pair["to_version"]),
            (&json!(GUIDE), &json!("v15.0"))
        );

        let kinds: Vec<&Value> = answer["changes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|change| &change["kind"])
            .collect();

        assert!(kinds.contains(&&json!("removed")), "{answer:#}");
        let first = &answer["changes"][0];
        assert!(first["from_page"].is_number() || first["to_page"].is_number());
        assert!(
            text(&result).contains("v12.5 → v15.0") && text(&result).contains("<document-"),
            "{}",
            text(&result)
        );
    }

    #[tokio::test]
    async fn a_handle_selects_its_document() {
        let handle = mcdewey_core::Chunk::handle_of(&BARGE.parse().unwrap());
        for from in [handle.as_str(), BARGE] {
            let result = call(CompareVersions, json!({"old": from, "new": "15.0"})).await;
            assert_eq!(structured(&result)["pairs"][0]["from"], GUIDE);
        }

        let unknown = call(CompareVersions, json!({"from": "99", "to": "15.0"})).await;
        assert!(
            refused(&unknown).contains("known: "),
            "{}",
            refused(&unknown)
        );
    }

    #[tokio::test]
    async fn no_budget_is_exceeded_and_no_change_lost() {
        let library = long_versions().await;
        for budget in [500, 900, 3000, 20_000] {
            let mut seen = Vec::new();
            let mut arguments = json!({"from": "1.0", "to": "2.0", "token_budget": budget});
            loop {
                let result = call_on(library.clone(), CompareVersions, arguments.clone()).await;
                assert!(
                    sent_tokens(&result) <= budget,
                    "{} of {budget}",
                    sent_tokens(&result)
                );

                let answer = structured(&result);
                let changes = answer["changes"].as_array().unwrap();
                seen.extend(
                    changes
                        .iter()
                        .map(|change| change["text"].as_str().unwrap().to_owned()),
                );

                let Some(cursor) = answer.get("next_cursor") else {
                    break;
                };
                arguments["cursor"] = cursor.clone();
            }

            assert_eq!(seen.len(), 120, "budget {budget}");
            assert!(seen[0].contains("[-old-] {+new+}"), "{}", seen[0]);
        }
    }
}
