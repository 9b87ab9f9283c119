//! `compare_versions`: what changed between two versions of a guide, as far as the token budget
//! allows.

use std::sync::LazyLock;

use mcdewey_core::{Chunk, DocumentMeta, Visibility};
use mcdewey_search::{
    Change, ChangeKind, CompareRequest, ComparedPair, ComparedText, Comparison, LibrarySnapshot,
    QueryError, WordOp, WordRun,
};
use rmcp::model::CallToolResult;

use super::arguments::{Arguments, Parameter, TOKEN_BUDGET, of_request};
use super::budget::{TokenCounter, counting};
use super::envelope::answer;
use super::fence::{QuoteAttributes, encoded_name, facet, label, quote};
use super::fit::{Fitted, Step};
use super::readable::{footer, product_version};
use super::wire::{ComparedDocumentPair, ComparedVersions, FoundChange};
use crate::{ServedLibrary, telemetry};

/// Maximum number of changes requested for one response.
const MAX_CHANGES: usize = 100;

/// The tool's parameters.
pub(super) static PARAMETERS: LazyLock<Vec<Parameter>> =
    LazyLock::new(|| of_request::<CompareRequest>(&[TOKEN_BUDGET]));

/// Answers a call.
pub(super) async fn call(
    library: &ServedLibrary,
    arguments: &Arguments,
    visibility: &Visibility,
) -> Result<CallToolResult, QueryError> {
    let mut request: CompareRequest = arguments.request()?;
    let snapshot = library.at(visibility).await?;
    request.from = version_or_source(&snapshot, &request.from).await?;
    request.to = version_or_source(&snapshot, &request.to).await?;
    request.limit = Some(MAX_CHANGES);

    let comparison = telemetry::compare_snapshot(&snapshot, &request).await?;
    let budget = arguments.budget();
    counting(library, move |counter| fit(comparison, counter, budget)).await
}

/// Resolves a handle or chunk id to its document's source; returns any other text unchanged.
async fn version_or_source(
    snapshot: &LibrarySnapshot<'_>,
    text: &str,
) -> Result<String, QueryError> {
    let is_handle = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_handle && !text.contains("::") {
        return Ok(text.to_owned());
    }

    let chunk = snapshot.chunk(text).await?;
    Ok(chunk.document.source.to_string())
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

/// Renders as many changes of the page as fit.
fn fit(
    mut comparison: Comparison,
    counter: &TokenCounter,
    budget: usize,
) -> Result<CallToolResult, QueryError> {
    let mut is_first_attempt = true;
    loop {
        let fitted = fit_page(&comparison, counter, budget, is_first_attempt)?;
        let shown = count_changes(&fitted.included);
        if shown == 0 || shown == comparison.page().len() {
            return Ok(fitted.result);
        }

        comparison.page_size = shown;
        is_first_attempt = false;
    }
}

/// Returns the response with as much as fits: the pairs of documents first, then the changes in
/// order. `is_first_attempt` is false if the number of changes was already reduced to what fits.
fn fit_page(
    comparison: &Comparison,
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

    for (index, change) in comparison.page().iter().enumerate() {
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
    comparison: &Comparison,
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
        .page()
        .iter()
        .enumerate()
        .filter(|(index, _)| included.contains(&ResponsePart::Change(*index)))
        .collect();

    let structured = ComparedVersions {
        pairs: pairs.iter().map(|pair| structured_pair(pair)).collect(),
        changes: changes
            .iter()
            .map(|(_, change)| structured_change(change))
            .collect(),
        next_cursor: cursor(comparison, changes.len()),
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

/// Returns the cursor to what follows the first `shown` changes of the page. A response without any
/// change has none, because it would only repeat the call.
fn cursor(comparison: &Comparison, shown: usize) -> Option<String> {
    if shown == 0 {
        return None;
    }

    comparison.cursor_after(shown)
}

/// Returns the comparison's notices, then those about documents without a counterpart and about
/// what did not fit. `shown` is the number of changes in the response.
fn notices(comparison: &Comparison, shown: usize, is_first_attempt: bool) -> Vec<String> {
    let mut notices = comparison.notices.clone();
    if is_first_attempt {
        notices.extend(unmatched_notice(comparison.only_from.len(), "earlier"));
        notices.extend(unmatched_notice(comparison.only_to.len(), "later"));
    }

    let changes = comparison.page().len();
    if shown < changes {
        notices.push(match shown {
            0 => "token_budget is too small for a change; use a larger one".to_owned(),
            _ => "more changes do not fit token_budget; continue with cursor".to_owned(),
        });
    }

    if changes == 0 {
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
    let [from_version, to_version] =
        [&pair.from, &pair.to].map(|meta| meta.facets.version_label().as_deref().map(facet));

    ComparedDocumentPair {
        from: encoded_name(pair.from.source.as_str()),
        from_version,
        to: encoded_name(pair.to.source.as_str()),
        to_version,
        doc_title: label(&pair.to.title),
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
        label(&pair.to.title),
        version_name(&pair.from),
        version_name(&pair.to),
        pair.added,
        pair.removed,
        pair.changed,
        pair.unchanged + pair.moved
    )
}

/// Returns a document's version, or its source if it has none.
fn version_name(document: &DocumentMeta) -> String {
    let version = document.facets.version_label();
    encoded_name(version.as_deref().unwrap_or(document.source.as_str()))
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
        from_id: from.map(handle),
        from_page: from.and_then(|text| text.page.physical_page()),
        to_id: to.map(handle),
        to_page: to.and_then(|text| text.page.physical_page()),
        text: marked_text(change),
    }
}

fn handle(text: &ComparedText) -> String {
    Chunk::handle_of(&text.chunk_id)
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
fn change_entry(number: usize, change: &Change, comparison: &Comparison) -> String {
    let pair = &comparison.pairs[change.pair];
    let (document, text) = match (&change.to, &change.from) {
        (Some(text), _) => (&pair.to, text),
        (None, Some(text)) => (&pair.from, text),
        (None, None) => return String::new(),
    };

    let place = match (text.page.physical_page(), text.page.section_slug()) {
        (Some(page), _) => format!("Page {page}"),
        (None, Some(section)) => encoded_name(section),
        (None, None) => String::new(),
    };

    let id = handle(text);
    let version = product_version(None, document.facets.version_label().as_deref());
    let title = change.headings.join(" › ");

    let origin = QuoteAttributes {
        title: &title,
        version: &version,
        source: document.source.as_str(),
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
