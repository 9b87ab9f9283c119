//! `compare_versions`: what changed between two releases of a guide, as much of it as the budget holds.

use mcdewey_core::{Chunk, ChunkId, Visibility};
use rmcp::model::CallToolResult;

use super::arguments::{Arguments, CURSOR, GUIDE, Kind, Parameter, TOKEN_BUDGET};
use super::budget::{Counter, blocking};
use super::envelope::answer;
use super::fence::{Origin, facet, label, name, quote, shown_name};
use super::fit::{Fitted, Step};
use super::readable::{closing, release};
use super::wire::{ComparedPairShelf, ComparedVersions, FoundChange};
use crate::{
    Change, ChangeKind, CompareAnswer, CompareRequest, ComparedPair, ComparedText, Library,
    QueryError, WordOp, WordRun,
};

/// Changes that are looked at for one answer.
const MOST: usize = 100;
/// As long as a cursor of a comparison.
const ANY_CURSOR: &str = "100-0123456789abcdef";

/// What the tool takes.
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
        kind: Kind::Name,
        required: true,
        description: "Earlier version, or a document's source or handle",
        examples: &["12.5"],
    },
    Parameter {
        name: "to",
        aliases: &["to_version", "new", "after", "target", "version_to"],
        kind: Kind::Name,
        required: true,
        description: "Later version or document",
        examples: &["15.0"],
    },
    Parameter {
        name: "product",
        aliases: &["products"],
        kind: Kind::Names,
        required: false,
        description: "Only this product",
        examples: &["finesse"],
    },
    GUIDE,
    Parameter {
        name: "query",
        aliases: &["q", "question", "about", "topic"],
        kind: Kind::Text,
        required: false,
        description: "Only changes about this",
        examples: &["barge"],
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
    let side = async |name: &str| {
        document(
            library,
            arguments.text(name).unwrap_or_default(),
            visibility,
        )
        .await
    };

    let mut request = CompareRequest {
        from: side("from").await?,
        to: side("to").await?,
        product: arguments.names("product"),
        guide: arguments.names("guide"),
        q: arguments.text("query").unwrap_or_default().to_owned(),
        cursor: arguments.text("cursor").map(str::to_owned),
        limit: Some(MOST),
        ..CompareRequest::default()
    };

    let budget = arguments.budget();
    let mut found = library.compare(&request, visibility).await?;
    loop {
        let (asked, counter) = (found.changes.len(), Counter::new(library));
        let first = request.limit == Some(MOST);
        let fitted = blocking(move || fit(&found, &counter, budget, first)).await?;

        let shown = shown(&fitted.taken);
        if shown == 0 || shown == asked {
            return Ok(fitted.result);
        }

        // Asked again for as many as fit, so that the cursor goes on behind the last one shown.
        request.limit = Some(shown);
        found = library.compare(&request, visibility).await?;
    }
}

/// A handle stands for its document.
async fn document(
    library: &Library,
    text: &str,
    visibility: &Visibility,
) -> Result<String, QueryError> {
    let handle = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !handle && !text.contains("::") {
        return Ok(text.to_owned());
    }
    Ok(library.chunk(text, 0, visibility).await?.chunk.source)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Pair(usize),
    Change(usize),
}

fn shown(taken: &[Part]) -> usize {
    taken
        .iter()
        .filter(|part| matches!(part, Part::Change(_)))
        .count()
}

/// As much of the answer as fits: which documents were compared, then the changes in their order.
fn fit(
    found: &CompareAnswer,
    counter: &Counter,
    budget: usize,
    first: bool,
) -> Result<Fitted<Part>, QueryError> {
    let mut steps = Vec::new();
    for (place, pair) in found.pairs.iter().enumerate() {
        let cost = counter.json(&shelf(pair))? + counter.escaped(&pair_line(pair))?;
        steps.push(Step {
            what: Part::Pair(place),
            cost,
            leads: true,
        });
    }

    for (place, change) in found.changes.iter().enumerate() {
        let cost =
            counter.json(&wired(change))? + counter.escaped(&entry(place + 1, change, found))?;
        steps.push(Step {
            what: Part::Change(place),
            cost,
            leads: true,
        });
    }

    counter.fit(budget, steps.into_iter().map(Ok), |taken| {
        render(found, taken, first)
    })
}

fn render(
    found: &CompareAnswer,
    taken: &[Part],
    first: bool,
) -> Result<CallToolResult, QueryError> {
    let has = |part: Part| taken.contains(&part);
    let changes = shown(taken);
    let cut = changes < found.changes.len();

    let mut notices: Vec<String> = found.notices.clone();
    for (label, only) in [
        ("only in the earlier side", &found.only_from),
        ("only in the later side", &found.only_to),
    ] {
        if !only.is_empty() && first {
            notices.push(format!("{} documents are {label}", only.len()));
        }
    }

    if cut {
        notices.push(match changes {
            0 => "token_budget has no room for a change; ask with a larger one".to_owned(),
            _ => "more changes do not fit token_budget; go on with cursor".to_owned(),
        });
    }

    if found.changes.is_empty() {
        notices.push("nothing changed".to_owned());
    }

    let structured = ComparedVersions {
        pairs: places(found.pairs.len(), |place| has(Part::Pair(place)))
            .map(|at| shelf(&found.pairs[at]))
            .collect(),
        changes: places(found.changes.len(), |place| has(Part::Change(place)))
            .map(|at| wired(&found.changes[at]))
            .collect(),
        next_cursor: match cut {
            true => Some(ANY_CURSOR.to_owned()).filter(|_| changes > 0),
            false => found.next_cursor.clone(),
        },
        notices,
    };

    let pairs = places(found.pairs.len(), |place| has(Part::Pair(place)))
        .map(|at| pair_line(&found.pairs[at]));
    let pairs: String = pairs.collect();
    let mut text = match pairs.trim_end() {
        "" => String::new(),
        // Titles and releases are a document's words.
        pairs => format!("{}\n", quote(pairs, &Origin::default())),
    };

    for at in places(found.changes.len(), |place| has(Part::Change(place))) {
        text.push('\n');
        text.push_str(&entry(at + 1, &found.changes[at], found));
    }

    text.push_str(&closing(
        &structured.notices,
        structured.next_cursor.as_deref(),
    ));

    answer(&structured, text.trim().to_owned())
}

fn places(count: usize, has: impl Fn(usize) -> bool) -> impl Iterator<Item = usize> {
    (0..count).filter(move |place| has(*place))
}

fn shelf(pair: &ComparedPair) -> ComparedPairShelf {
    ComparedPairShelf {
        from: shown_name(&pair.from.source),
        from_version: pair.from.version.as_deref().map(facet),
        to: shown_name(&pair.to.source),
        to_version: pair.to.version.as_deref().map(facet),
        doc_title: label(&pair.to.doc_title),
        added: pair.added,
        removed: pair.removed,
        changed: pair.changed,
        unchanged: pair.unchanged + pair.moved,
    }
}

fn pair_line(pair: &ComparedPair) -> String {
    let side =
        |version: &Option<String>, source: &str| shown_name(version.as_deref().unwrap_or(source));
    format!(
        "- {}: {} → {}: {} new, {} gone, {} changed, {} the same\n",
        label(&pair.to.doc_title),
        side(&pair.from.version, &pair.from.source),
        side(&pair.to.version, &pair.to.source),
        pair.added,
        pair.removed,
        pair.changed,
        pair.unchanged + pair.moved
    )
}

fn wired(change: &Change) -> FoundChange {
    let id = |text: &Option<ComparedText>| text.as_ref().map(|text| handle(&text.chunk_id));
    let page = |text: &Option<ComparedText>| text.as_ref().and_then(|text| text.page);
    FoundChange {
        kind: word(change.kind).to_owned(),
        headings: change
            .headings
            .iter()
            .map(|heading| label(heading))
            .collect(),
        from_id: id(&change.from),
        from_page: page(&change.from),
        to_id: id(&change.to),
        to_page: page(&change.to),
        text: marked(change),
    }
}

fn handle(chunk_id: &str) -> String {
    chunk_id
        .parse::<ChunkId>()
        .map(|id| Chunk::handle_of(&id))
        .unwrap_or_else(|_| chunk_id.to_owned())
}

fn word(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Added => "added",
        ChangeKind::Removed => "removed",
        ChangeKind::Changed => "changed",
    }
}

/// The text; of what changed, what is gone as `[-…-]` and what is new as `{+…+}`.
fn marked(change: &Change) -> String {
    let cells = change.cells.iter().map(|cell| match &cell.column {
        Some(column) => format!("{column}: {}", runs(&cell.words)),
        None => runs(&cell.words),
    });

    match (change.kind, &change.from, &change.to) {
        (ChangeKind::Changed, ..) if !change.cells.is_empty() => {
            cells.collect::<Vec<_>>().join(" | ")
        }
        (ChangeKind::Added, _, Some(text)) | (ChangeKind::Removed, Some(text), _) => {
            text.text.clone()
        }
        _ => runs(&change.words),
    }
}

fn runs(words: &[WordRun]) -> String {
    let marked = words.iter().map(|run| match run.op {
        WordOp::Same => run.text.clone(),
        WordOp::Removed => format!("[-{}-]", run.text),
        WordOp::Added => format!("{{+{}+}}", run.text),
    });
    marked.collect::<Vec<_>>().join(" ")
}

/// A numbered change for readers.
fn entry(number: usize, change: &Change, found: &CompareAnswer) -> String {
    let pair = found.pairs.get(change.pair);
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
    let version = release(
        None,
        document.and_then(|document| document.version.as_deref()),
    );
    let title = change.headings.join(" › ");

    let origin = Origin {
        title: &title,
        version: &version,
        source,
        place: &place,
        id: Some(&id),
        ..Origin::default()
    };

    format!(
        "{number}. {}\n{}\n",
        word(change.kind),
        quote(&marked(change), &origin)
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{
        BARGE, GUIDE, call, call_on, long_releases, refused, sent_tokens, structured, text,
    };
    use super::super::tools::DocTool::CompareVersions;

    #[tokio::test]
    async fn what_changed_is_told_with_its_places() {
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
    async fn a_handle_stands_for_its_document() {
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
        let library = long_releases().await;
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
