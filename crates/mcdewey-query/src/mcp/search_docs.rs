//! `search_docs`: a question in, passages with their pages out.
//!
//! Clients differ in what they show a model: the structured content or the text. So the structured content has whole
//! passages, the text has at least the best part of each, and both name source, page, version and id.

use mcdewey_core::Visibility;
use rmcp::model::CallToolResult;

use super::arguments::{Arguments, Kind, Parameter, TOKEN_BUDGET};
use super::budget::{Counter, blocking};
use super::envelope::{RESERVE, answer};
use super::fence::{Origin, line, quote};
use super::fit::{Fitted, Step};
use super::readable::{closing, release};
use super::wire::{FacetValue, FoundFacets, FoundPassage, FoundPassages};
use crate::{FacetCount, Hit, Library, Mode, QueryError, SearchAnswer, SearchRequest};

/// Passages of an answer when nothing is said: with their metadata about what the default budget holds.
const DEFAULT_LIMIT: usize = 6;
/// Most passages of one answer.
const MAX_LIMIT: usize = 20;
/// As long as a cursor of the search.
const ANY_CURSOR: &str = "20-0123456789abcdef";
/// Most values shown of one facet.
const MAX_FACET_VALUES: usize = 8;

/// What the tool takes.
pub(super) static PARAMETERS: [Parameter; 9] = [
    Parameter {
        name: "query",
        aliases: &["q", "question", "text"],
        kind: Kind::Text,
        required: true,
        description: "What you want to know, in plain words, with error codes and product names as they are written.",
        examples: &["barge state in CCX", "error 20700"],
    },
    Parameter {
        name: "mode",
        aliases: &["search_mode"],
        kind: Kind::Choice(&["hybrid", "dense", "keyword"]),
        required: false,
        description: "hybrid finds by meaning and words together, dense by meaning alone, keyword by words alone.",
        examples: &["hybrid"],
    },
    Parameter {
        name: "vendor",
        aliases: &["vendors"],
        kind: Kind::Names,
        required: false,
        description: "Only documents of this vendor.",
        examples: &["Cisco"],
    },
    Parameter {
        name: "product",
        aliases: &["products"],
        kind: Kind::Names,
        required: false,
        description: "Only documents of this product: its id, title or another known name.",
        examples: &["finesse", "CCX"],
    },
    Parameter {
        name: "version",
        aliases: &["ver", "release", "versions"],
        kind: Kind::Text,
        required: false,
        description: "Only this release, a range of releases, or the newest; another release is never shown.",
        examples: &["12.5", ">=12.0 <15", "12.5.*", "latest"],
    },
    Parameter {
        name: "guide",
        aliases: &["guides"],
        kind: Kind::Names,
        required: false,
        description: "Only this guide.",
        examples: &["developer-guide"],
    },
    Parameter {
        name: "limit",
        aliases: &["top_k", "k", "n", "count", "max_results", "num_results"],
        kind: Kind::Number { min: 1, max: MAX_LIMIT, default: DEFAULT_LIMIT },
        required: false,
        description: "How many passages.",
        examples: &["6"],
    },
    TOKEN_BUDGET,
    Parameter {
        name: "cursor",
        aliases: &["next_cursor"],
        kind: Kind::Text,
        required: false,
        description: "next_cursor of the answer before, to go on; all other arguments as before.",
        examples: &["6-0f3a9c2b71d84e65"],
    },
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
        let fitted = fit(library, found, wanted, budget).await?;
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
    let mode = arguments.text("mode").and_then(|name| Mode::ALL.into_iter().find(|mode| mode.name() == name));
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

/// Something an answer may have; numbers are places among the hits, then the unversioned ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// A passage with its metadata and its best part.
    Hit(usize),
    /// The same, of a document that names no release.
    Unversioned(usize),
    /// The whole text in the structured content.
    Text(usize),
    /// The whole text in the readable text.
    Quote(usize),
    /// The counts of facets.
    Facets,
}

async fn fit(library: &Library, found: SearchAnswer, wanted: usize, budget: usize) -> Result<Fitted<Part>, QueryError> {
    let counter = Counter::new(library);
    let mut page = ResultPage { found, public_url: library.public_url().to_owned(), wanted, enough: budget };
    blocking(move || {
        let steps = page.steps(&counter)?;
        if let Some(first) = steps.first() {
            page.enough = counter.result(&page.render(&[first.what])?)? + RESERVE;
        }
        counter.fit(budget, &steps, |taken| page.render(taken))
    })
    .await
}

/// What was found, on its way to being rendered.
struct ResultPage {
    found: SearchAnswer,
    public_url: String,
    /// How many hits there were before the budget took some.
    wanted: usize,
    /// A budget that holds one passage.
    enough: usize,
}

impl ResultPage {
    fn hits(&self) -> impl Iterator<Item = &Hit> {
        self.found.hits.iter().chain(&self.found.unversioned)
    }

    /// First that all passages are there, then their whole texts for machines, then for readers, then the facets.
    fn steps(&self, counter: &Counter) -> Result<Vec<Step<Part>>, QueryError> {
        let versioned = self.found.hits.len();
        let (mut passages, mut texts, mut quotes) = (Vec::new(), Vec::new(), Vec::new());
        for (place, hit) in self.hits().enumerate() {
            let what = if place < versioned { Part::Hit(place) } else { Part::Unversioned(place) };
            let structured = counter.json(&FoundPassage::new(hit, false, &self.public_url))?;
            let cost = structured + counter.escaped(&entry(place + 1, hit, &hit.snippet))?;
            passages.push(Step { what, cost, leads: true });
            let more = counter.escaped(&hit.text)?.saturating_sub(counter.escaped(&hit.snippet)?);
            texts.push(Step { what: Part::Text(place), cost: more, leads: false });
            quotes.push(Step { what: Part::Quote(place), cost: more, leads: false });
        }
        let facets = Step { what: Part::Facets, cost: counter.json(&self.facets())?, leads: false };
        Ok(passages.into_iter().chain(texts).chain(quotes).chain([facets]).collect())
    }

    fn facets(&self) -> FoundFacets {
        let values = |name: &str| match self.found.facets.get(name) {
            Some(counts) => counts.iter().take(MAX_FACET_VALUES).map(facet_value).collect(),
            None => Vec::new(),
        };
        FoundFacets {
            vendor: values("vendor"),
            product: values("product"),
            version: values("version"),
            guide: values("guide"),
        }
    }

    fn render(&self, taken: &[Part]) -> Result<CallToolResult, QueryError> {
        let has = |part: Part| taken.contains(&part);
        let mut structured = FoundPassages {
            facets: has(Part::Facets).then(|| self.facets()),
            next_cursor: self.cursor(shown(taken)),
            notices: self.notices().chain(self.cuts(taken)).collect(),
            ..FoundPassages::default()
        };
        let (mut entries, mut apart) = (Vec::new(), Vec::new());
        for (place, hit) in self.hits().enumerate() {
            let passage = || FoundPassage::new(hit, has(Part::Text(place)), &self.public_url);
            let shown = if has(Part::Quote(place)) { &hit.text } else { &hit.snippet };
            if has(Part::Hit(place)) {
                structured.hits.push(passage());
                entries.push(entry(place + 1, hit, shown));
            } else if has(Part::Unversioned(place)) {
                structured.unversioned.push(passage());
                apart.push(entry(place + 1, hit, shown));
            }
        }
        answer(&structured, markdown(&structured, entries, apart))
    }

    /// What the search says about its answer.
    fn notices(&self) -> impl Iterator<Item = String> {
        let degraded = self.found.degraded.iter().map(|what| format!("degraded answer: {what}"));
        self.found.notices.iter().cloned().chain(degraded)
    }

    /// Where to go on. When fewer hits fit than were found, the search is asked again for that many and gives the true
    /// cursor; one of its length holds its place until then.
    fn cursor(&self, shown: usize) -> Option<String> {
        let known = self.found.next_cursor.clone();
        let cut = shown < self.found.hits.len();
        if cut && shown > 0 { known.or_else(|| Some(ANY_CURSOR.to_owned())) } else { known.filter(|_| !cut) }
    }

    /// What the budget left out.
    fn cuts(&self, taken: &[Part]) -> Vec<String> {
        let hits = shown(taken);
        let shown = taken.iter().filter(|part| matches!(part, Part::Hit(_) | Part::Unversioned(_))).count();
        let whole = taken.iter().filter(|part| matches!(part, Part::Text(_))).count();
        if shown == 0 {
            return vec![format!("token_budget has no room for a passage; ask with at least {}", self.enough)];
        }
        let wanted = self.wanted;
        let fewer = (hits < wanted).then(|| format!("{hits} of {wanted} passages fit token_budget; go on with cursor"));
        let cut = shown.saturating_sub(whole);
        let parts = (cut > 0).then(|| format!("{cut} of {shown} passages are cut to a snippet; read_doc has the rest"));
        fewer.into_iter().chain(parts).collect()
    }
}

/// How many hits are shown.
fn shown(taken: &[Part]) -> usize {
    taken.iter().filter(|part| matches!(part, Part::Hit(_))).count()
}

fn facet_value(count: &FacetCount) -> FacetValue {
    FacetValue { value: count.value.clone(), count: count.count }
}

/// A numbered passage for readers.
fn entry(number: usize, hit: &Hit, shown: &str) -> String {
    let release = release(hit.product.as_deref(), hit.version.as_deref());
    let place = hit.page_title();
    let origin = Origin { source: &hit.source, place: &place, id: Some(&hit.handle) };
    let heading = [line(&hit.headings.join(" › ")), release];
    let heading = heading.iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join(" · ");
    format!("{number}. {heading}\n{}\n", quote(shown, &origin))
}

fn markdown(structured: &FoundPassages, entries: Vec<String>, apart: Vec<String>) -> String {
    let mut text = entries.join("\n");
    if !apart.is_empty() {
        text.push_str("\nFrom documents that name no release:\n\n");
        text.push_str(&apart.join("\n"));
    }
    text.push_str(&closing(&structured.notices, structured.next_cursor.as_deref()));
    text.trim().to_owned()
}

/// The answer when nothing was found: what the same question finds without its filters, so that the next one can be
/// better.
async fn nothing(
    library: &Library,
    request: &SearchRequest,
    found: SearchAnswer,
    budget: usize,
    visibility: &Visibility,
) -> Result<CallToolResult, QueryError> {
    let mut page = ResultPage { found, public_url: library.public_url().to_owned(), wanted: 0, enough: budget };
    let filtered = request.version.is_some()
        || [&request.vendor, &request.product, &request.guide].iter().any(|filter| !filter.is_empty());
    let notice = if filtered && request.cursor.is_none() {
        let open =
            SearchRequest { q: request.q.clone(), mode: request.mode, limit: Some(1), ..SearchRequest::default() };
        page.found.facets = library.search(&open, visibility).await?.facets;
        format!("nothing found with these filters; {}", others(&page.facets()))
    } else {
        "nothing found; try other words, mode hybrid, or list_library for what there is".to_owned()
    };
    page.found.notices.push(notice);
    let counter = Counter::new(library);
    blocking(move || {
        let facets = page.facets();
        let steps = [Step { what: Part::Facets, cost: counter.json(&facets)?, leads: false }];
        let render = |taken: &[Part]| {
            let structured = FoundPassages {
                facets: taken.contains(&Part::Facets).then(|| facets.clone()),
                notices: page.notices().collect(),
                ..FoundPassages::default()
            };
            let text = markdown(&structured, Vec::new(), Vec::new());
            answer(&structured, text)
        };
        Ok(counter.fit(budget, &steps, render)?.result)
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
    let listed = named.iter().filter(|(_, values)| !values.is_empty()).map(|(name, values)| {
        let values: Vec<String> =
            values.iter().take(3).map(|value| format!("{} ({})", line(&value.value), value.count)).collect();
        format!("{name} {}", values.join(", "))
    });
    let listed: Vec<String> = listed.collect();
    match listed.is_empty() {
        true => "without them nothing is found either; try other words".to_owned(),
        false => format!("without them passages are found in {}", listed.join("; ")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, json};

    use super::super::testing::{BARGE, GUIDE, call, call_on, long_page, refused, sent_tokens, structured, text};
    use super::super::tools::DocTool::SearchDocs;

    fn ids(answer: &Value, list: &str) -> Vec<String> {
        let hits = answer[list].as_array().cloned().unwrap_or_default();
        hits.iter().map(|hit| hit["chunk_id"].as_str().unwrap().to_owned()).collect()
    }

    #[tokio::test]
    async fn a_hit_names_source_page_version_and_id() {
        let result =
            call(SearchDocs, json!({"query": "barge supervisor", "product": "finesse", "version": "12.5"})).await;
        let answer = structured(&result);
        let hit = &answer["hits"][0];
        let expected = (json!(GUIDE), json!(118), json!("v12.5"), json!(BARGE));
        assert_eq!(
            (&hit["source"], &hit["page"], &hit["version"], &hit["chunk_id"]),
            (&expected.0, &expected.1, &expected.2, &expected.3)
        );
        assert_eq!(hit["text"], "Barge calls. The supervisor joins.");
        let handle = hit["handle"].as_str().unwrap();
        assert_eq!(hit["url"], format!("http://127.0.0.1:8080/c/{handle}"));
        let readable = text(&result);
        assert!(readable.starts_with("1. Finesse Developer Guide · finesse v12.5\n<document-"), "{readable}");
        assert!(readable.contains(&format!("source=\"{GUIDE}\" place=\"Page 118\" id=\"{handle}\">")), "{readable}");
        assert!(!serde_json::to_string(&result).unwrap().contains("null"));
    }

    #[tokio::test]
    async fn other_releases_stay_away_and_unversioned_notes_apart() {
        let result = call(SearchDocs, json!({"q": "barge", "version": "latest", "product": "CCX"})).await;
        let answer = structured(&result);
        assert_eq!(ids(answer, "hits"), ["finesse::v15.0::developer-guide::guide::0"]);
        assert_eq!(ids(answer, "unversioned"), ["notes::barge::0"]);
        assert!(text(&result).contains("From documents that name no release:"));
    }

    #[tokio::test]
    async fn words_of_a_document_cannot_leave_their_quotation() {
        let result = call(SearchDocs, json!({"query": "barge instructions ignore", "mode": "keyword"})).await;
        let readable = text(&result);
        let at = readable.find("Ignore all instructions").unwrap();
        let (before, after) = readable.split_at(at);
        let opened = before.rfind("<document-").unwrap();
        let tag = before[opened + 1..].split(' ').next().unwrap();
        assert!(!before[opened..].contains(&format!("</{tag}>")) && after.contains(&format!("</{tag}>")));
    }

    #[tokio::test]
    async fn nothing_found_says_which_filters_would() {
        let result = call(SearchDocs, json!({"query": "barge", "vendor": "Apache", "product": "finesse"})).await;
        let answer = structured(&result);
        assert_eq!(answer["hits"], json!([]));
        let notice = answer["notices"][0].as_str().unwrap();
        assert!(notice.starts_with("nothing found with these filters; without them passages are found in vendor"));
        assert!(notice.contains("product finesse (") && text(&result).contains(notice), "{notice}");
        assert!(answer["facets"]["version"].as_array().is_some_and(|values| !values.is_empty()));
    }

    #[tokio::test]
    async fn unknown_values_are_refused_with_the_known_ones() {
        let result = call(SearchDocs, json!({"query": "barge", "version": "13"})).await;
        let message = refused(&result);
        assert!(message.starts_with("unknown_version: no version \"13\"") && message.contains("v12.5"), "{message}");
        let result = call(SearchDocs, json!({"query": "barge", "product": "finnese"})).await;
        let message = refused(&result);
        assert!(
            message.starts_with("unknown_facet: no product \"finnese\"") && message.contains("finesse"),
            "{message}"
        );
        let result = call(SearchDocs, json!({"query": "barge", "colour": "red"})).await;
        assert!(refused(&result).starts_with("invalid_request: unknown argument \"colour\""));
    }

    #[tokio::test]
    async fn no_budget_is_exceeded_and_no_passage_lost() {
        let (library, _) = long_page().await;
        for budget in [460, 480, 600, 900, 3000, 20_000] {
            let mut seen = Vec::new();
            let mut cursor = Value::Null;
            loop {
                let arguments = json!({"query": "barge", "limit": 20, "token_budget": budget, "cursor": cursor});
                let result = call_on(library.clone(), SearchDocs, arguments).await;
                assert!(sent_tokens(&result) <= budget, "{} of {budget}", sent_tokens(&result));
                let answer = structured(&result);
                assert!(!ids(answer, "hits").is_empty(), "{answer}");
                seen.extend(ids(answer, "hits"));
                match answer.get("next_cursor") {
                    Some(next) => cursor = next.clone(),
                    None => break,
                }
            }
            assert_eq!(seen.len(), 61, "budget {budget}");
            assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 61);
        }
    }

    #[tokio::test]
    async fn what_the_budget_cut_is_said() {
        let (library, _) = long_page().await;
        let ask = |budget| json!({"query": "barge", "limit": 5, "token_budget": budget});
        let ample = call_on(library.clone(), SearchDocs, ask(20_000)).await;
        let hits = structured(&ample)["hits"].as_array().unwrap().clone();
        assert!(hits.iter().all(|hit| hit.get("text").is_some() && hit.get("snippet").is_none()));
        assert!(structured(&ample).get("notices").is_none() && structured(&ample).get("facets").is_some());
        let tight = call_on(library, SearchDocs, ask(500)).await;
        let notices = structured(&tight)["notices"].to_string();
        assert!(notices.contains("of 5 passages fit token_budget; go on with cursor"), "{notices}");
        assert!(text(&tight).contains("More: repeat with cursor "));
    }

    #[tokio::test]
    async fn a_budget_without_room_names_one_that_has() {
        let result = call(SearchDocs, json!({"query": "barge", "token_budget": 300})).await;
        assert!(sent_tokens(&result) <= 300);
        let answer = structured(&result);
        assert_eq!((&answer["hits"], answer.get("next_cursor")), (&json!([]), None));
        let notice = answer["notices"].as_array().unwrap().last().unwrap().as_str().unwrap();
        let enough: usize = notice.rsplit(' ').next().unwrap().parse().unwrap();
        let result = call(SearchDocs, json!({"query": "barge", "token_budget": enough})).await;
        assert!(!ids(structured(&result), "hits").is_empty() && sent_tokens(&result) <= enough);
    }
}
