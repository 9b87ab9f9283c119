//! The response of `search_docs`: which parts of a page of hits fit the token budget, and its two
//! renderings (structured content and readable text).

use mcdewey_core::{Facet, visible_line};
use mcdewey_search::{Hit, Occurrence, QueryError, SearchResults};
use rmcp::model::CallToolResult;

use crate::mcp::budget::TokenCounter;
use crate::mcp::envelope::{MESSAGE_OVERHEAD_TOKENS, answer};
use crate::mcp::fence::{
    QuoteAttributes, encoded_name, facet, label, quote, quoted_label, source_url,
};
use crate::mcp::fit::{Fitted, Step};
use crate::mcp::readable::{footer, product_version};
use crate::mcp::wire::{
    FacetValue, FoundChunk, FoundChunks, FoundFacets, FurtherPassage, short_url,
};
use crate::page_label::{chunk_page_title, printed};

/// Maximum number of values listed per facet.
const MAX_FACET_VALUES: usize = 8;

/// An optional part of a response. Numbers index the hits followed by the unversioned hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ResponsePart {
    /// A hit with its metadata and its snippet.
    Hit(usize),
    /// The same for a hit from a document without a version.
    UnversionedHit(usize),
    /// The whole text of a hit in the structured content.
    StructuredText(usize),
    /// The passages under a hit, in both.
    Further(usize),
    /// The whole text of a hit in the readable text.
    ReadableText(usize),
    /// The facet counts.
    Facets,
}

/// A page of hits to render within a token budget.
pub(super) struct SearchResponse {
    results: SearchResults,
    public_url: String,
    /// Number of hits before any were dropped to fit the budget.
    total_hits: usize,
    /// A budget that suffices for one hit.
    min_budget: usize,
    /// Whether hits have only their main metadata and their snippet.
    is_concise: bool,
}

impl SearchResponse {
    /// If `is_concise`, each hit is reduced to its main metadata and its snippet.
    pub(super) fn new(mut results: SearchResults, public_url: &str, is_concise: bool) -> Self {
        // Unlike the text, a snippet is not verbatim, so invisible characters can be removed.
        for hit in results.hits.iter_mut().chain(&mut results.unversioned) {
            hit.snippet = visible_line(&hit.snippet);
            for further in &mut hit.further {
                further.snippet = visible_line(&further.snippet);
            }
        }

        Self {
            total_hits: results.hits.len(),
            results,
            public_url: public_url.to_owned(),
            min_budget: 0,
            is_concise,
        }
    }

    /// Renders as many hits as fit, with as much of their texts and of the facets as then fits.
    pub(super) fn fit(
        mut self,
        counter: &TokenCounter,
        budget: usize,
    ) -> Result<CallToolResult, QueryError> {
        loop {
            let fitted = self.fit_page(counter, budget)?;
            let shown = count_hits(&fitted.included);
            if shown == 0 || shown == self.results.hits.len() {
                return Ok(fitted.result);
            }

            // The page ends here, so the room that is left is for texts and facets. The hits of
            // the shorter page can be others: see `limit_to`.
            self.results.limit_to(shown);
        }
    }

    /// Renders as much of the page as fits.
    fn fit_page(
        &mut self,
        counter: &TokenCounter,
        budget: usize,
    ) -> Result<Fitted<ResponsePart>, QueryError> {
        let steps = self.steps(counter)?;
        if let Some(first) = steps.first() {
            self.min_budget =
                counter.count_result(&self.render(&[first.what])?)? + MESSAGE_OVERHEAD_TOKENS;
        }

        counter.fit(budget, steps.into_iter().map(Ok), |included| {
            self.render(included)
        })
    }

    fn hits(&self) -> impl Iterator<Item = &Hit> {
        self.results.hits.iter().chain(&self.results.unversioned)
    }

    /// Returns the steps in order of value: all hits, their whole texts in the structured content,
    /// the passages under them, the whole texts in the readable text, then the facets.
    fn steps(&self, counter: &TokenCounter) -> Result<Vec<Step<ResponsePart>>, QueryError> {
        let versioned = self.results.hits.len();
        let (mut hits, mut structured_texts, mut readable_texts, mut further) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (index, hit) in self.hits().enumerate() {
            let what = if index < versioned {
                ResponsePart::Hit(index)
            } else {
                ResponsePart::UnversionedHit(index)
            };

            let structured = counter.json(&FoundChunk::new(hit, false, &self.public_url))?;
            let cost = structured + counter.escaped(&entry(index + 1, hit, &hit.snippet))?;
            hits.push(Step {
                what,
                cost,
                leads: true,
            });

            if self.is_concise {
                continue;
            }

            let extra_cost = counter
                .escaped(&hit.chunk.text)?
                .saturating_sub(counter.escaped(&hit.snippet)?);

            structured_texts.push(Step {
                what: ResponsePart::StructuredText(index),
                cost: extra_cost,
                leads: false,
            });

            if !hit.further.is_empty() {
                let structured = counter.json(&further_passages(hit))?;
                further.push(Step {
                    what: ResponsePart::Further(index),
                    cost: structured + counter.escaped(&further_entries(hit))?,
                    leads: false,
                });
            }

            readable_texts.push(Step {
                what: ResponsePart::ReadableText(index),
                cost: extra_cost,
                leads: false,
            });
        }

        let facets = Step {
            what: ResponsePart::Facets,
            cost: counter.json(&facets(&self.results))?,
            leads: false,
        };

        let facets = (!self.is_concise).then_some(facets);
        Ok(hits
            .into_iter()
            .chain(structured_texts)
            .chain(further)
            .chain(readable_texts)
            .chain(facets)
            .collect())
    }

    fn render(&self, included: &[ResponsePart]) -> Result<CallToolResult, QueryError> {
        let mut structured = FoundChunks {
            facets: included
                .contains(&ResponsePart::Facets)
                .then(|| facets(&self.results)),
            degraded: self.results.degraded.clone(),
            no_answer: self
                .results
                .no_answer
                .as_ref()
                .map(|none| label(&none.message)),
            confidence: self
                .results
                .confidence
                .map(|share| (share * 100.0).round() / 100.0),
            next_cursor: self.cursor(count_hits(included)),
            notices: self
                .results
                .remarks()
                .into_iter()
                .chain(self.cut_notices(included))
                .collect(),
            ..FoundChunks::default()
        };

        let (mut entries, mut unversioned_entries) = (Vec::new(), Vec::new());
        for (index, hit) in self.hits().enumerate() {
            let (hits, entries) = if included.contains(&ResponsePart::Hit(index)) {
                (&mut structured.hits, &mut entries)
            } else if included.contains(&ResponsePart::UnversionedHit(index)) {
                (&mut structured.unversioned, &mut unversioned_entries)
            } else {
                continue;
            };

            let has_text = included.contains(&ResponsePart::StructuredText(index));
            let mut found = if self.is_concise {
                FoundChunk::concise(hit, &self.public_url)
            } else {
                FoundChunk::new(hit, has_text, &self.public_url)
            };

            let has_readable_text = included.contains(&ResponsePart::ReadableText(index));
            let text = if has_readable_text {
                &hit.chunk.text
            } else {
                &hit.snippet
            };
            let mut entry = entry(index + 1, hit, text);
            if included.contains(&ResponsePart::Further(index)) {
                found.further = further_passages(hit);
                entry.push_str(&further_entries(hit));
            }

            hits.push(found);
            entries.push(entry);
        }

        let text = markdown(&structured, &entries, &unversioned_entries);
        answer(&structured, text)
    }

    /// Returns the cursor to what follows the first `shown` hits. A response without any of the hits
    /// has none, because it would only repeat the call.
    fn cursor(&self, shown: usize) -> Option<String> {
        if shown == 0 && !self.results.hits.is_empty() {
            return None;
        }

        self.results.continuation.after(shown)
    }

    /// Returns the notices about what did not fit the budget.
    fn cut_notices(&self, included: &[ResponsePart]) -> Vec<String> {
        let hits = count_hits(included);
        let unversioned = included
            .iter()
            .filter(|part| matches!(part, ResponsePart::UnversionedHit(_)))
            .count();

        let whole_texts = included
            .iter()
            .filter(|part| matches!(part, ResponsePart::StructuredText(_)))
            .count();

        let (shown, total_hits) = (hits + unversioned, self.total_hits);
        if shown == 0 {
            return vec![format!(
                "token_budget is too small for a passage; use at least {}",
                self.min_budget
            )];
        }

        let mut notices = Vec::new();
        if hits < total_hits {
            notices.push(format!(
                "{hits} of {total_hits} passages fit token_budget; continue with cursor"
            ));
        }

        if unversioned < self.results.unversioned.len() {
            notices.push(
                "passages from documents without a version do not fit token_budget".to_owned(),
            );
        }

        if whole_texts < shown && !self.is_concise {
            notices.push(format!(
                "{} of {shown} passages are cut to a snippet; read_doc returns the rest",
                shown - whole_texts
            ));
        }

        notices
    }
}

/// Returns the facets of the results with the most frequent values of each.
pub(super) fn facets(results: &SearchResults) -> FoundFacets {
    FoundFacets {
        vendor: facet_values(results, Facet::Vendor),
        product: facet_values(results, Facet::Product),
        version: facet_values(results, Facet::Version),
        guide: facet_values(results, Facet::Guide),
    }
}

/// Returns the number of hits, those without a version not counted.
fn count_hits(included: &[ResponsePart]) -> usize {
    included
        .iter()
        .filter(|part| matches!(part, ResponsePart::Hit(_)))
        .count()
}

fn facet_values(results: &SearchResults, name: Facet) -> Vec<FacetValue> {
    let counts = results.facets.get(&name).into_iter().flatten();
    counts
        .take(MAX_FACET_VALUES)
        .map(|count| FacetValue {
            value: facet(&count.value),
            count: count.count,
        })
        .collect()
}

/// Returns a numbered hit for the readable text; `text` is its text or its snippet.
fn entry(number: usize, hit: &Hit, text: &str) -> String {
    let chunk = &hit.chunk;
    let facets = &chunk.document.facets;
    let version = product_version(facets.product.as_deref(), facets.version_label().as_deref());
    let place = chunk_page_title(chunk);
    let title = chunk.headings.join(" › ");
    let handle = chunk.handle();

    let origin = QuoteAttributes {
        title: &title,
        version: &version,
        source: chunk.document.source.as_str(),
        place: &place,
        id: Some(&handle),
        ..QuoteAttributes::default()
    };

    format!("{number}. {}\n", quote(text, &origin))
}

/// Returns the passages under a hit for the readable text.
fn further_entries(hit: &Hit) -> String {
    hit.further
        .iter()
        .map(|hit| {
            let handle = hit.chunk.handle();
            let origin = QuoteAttributes {
                id: Some(&handle),
                ..QuoteAttributes::default()
            };
            format!("Also there: {}\n", quote(&hit.snippet, &origin))
        })
        .collect()
}

/// Renders the readable text.
pub(super) fn markdown(
    structured: &FoundChunks,
    entries: &[String],
    unversioned_entries: &[String],
) -> String {
    let mut text = String::new();
    if let Some(no_answer) = &structured.no_answer {
        text.push_str(&format!(
            "No good match: {}. Closest passages, which may be unrelated:\n\n",
            quoted_label(no_answer)
        ));
    }

    text.push_str(&entries.join("\n"));
    if !unversioned_entries.is_empty() {
        text.push_str("\nFrom documents without a version:\n\n");
        text.push_str(&unversioned_entries.join("\n"));
    }

    if let Some(degraded) = &structured.degraded {
        text.push_str(&format!("\nNote: degraded answer: {degraded}"));
    }

    text.push_str(&footer(
        &structured.notices,
        structured.next_cursor.as_deref(),
    ));

    text.trim().to_owned()
}

impl FoundChunk {
    /// A hit reduced to what is needed to choose among hits and to cite them.
    fn concise(hit: &Hit, public_url: &str) -> Self {
        let headings = &hit.chunk.headings;
        Self {
            chunk_id: None,
            vendor: None,
            guide: None,
            source_url: None,
            also_in: Vec::new(),
            headings: headings
                .iter()
                .take(1)
                .chain(headings.iter().skip(1).last())
                .map(|heading| label(heading))
                .collect(),
            ..Self::new(hit, false, public_url)
        }
    }

    /// A hit with its whole text if `with_text`, else with its snippet.
    fn new(hit: &Hit, with_text: bool, public_url: &str) -> Self {
        let chunk = &hit.chunk;
        let meta = &chunk.document;
        let facets = &meta.facets;
        let page = chunk.page.physical_page();
        let page_label = printed(page, chunk.page.label.as_deref());
        let handle = chunk.handle();

        Self {
            chunk_id: Some(chunk.chunk_id.to_string()),
            source: encoded_name(meta.source.as_str()),
            page,
            page_label: page_label.as_deref().map(label),
            section: chunk.page.section_slug().map(encoded_name),
            vendor: facets.vendor.as_deref().map(facet),
            product: facets.product.as_deref().map(facet),
            version: facets.version_label().as_deref().map(facet),
            guide: facets.guide.as_deref().map(facet),
            headings: chunk
                .headings
                .iter()
                .map(|heading| label(heading))
                .collect(),
            text: with_text.then(|| chunk.text.clone()),
            snippet: (!with_text).then(|| hit.snippet.clone()),
            url: short_url(public_url, &handle),
            source_url: source_url(&meta.source_url),
            updated: meta.updated.as_deref().map(label),
            also_in: hit.also_in.iter().map(also_in).collect(),
            further: Vec::new(),
            handle,
        }
    }
}

fn further_passages(hit: &Hit) -> Vec<FurtherPassage> {
    hit.further
        .iter()
        .map(|hit| FurtherPassage {
            handle: hit.chunk.handle(),
            snippet: hit.snippet.clone(),
        })
        .collect()
}

/// Returns a location such as "finesse v15.0 page 120".
fn also_in(other: &Occurrence) -> String {
    let candidate = &other.candidate;
    let meta = &candidate.document;
    let facets = &meta.facets;

    let product = facets.product.as_ref().unwrap_or(&meta.title).clone();
    let page = meta.paged.then(|| format!("page {}", candidate.page));
    let changed = other.differs.then(|| "(some words differ)".to_owned());

    label(
        &[Some(product), facets.version_label(), page, changed]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" "),
    )
}
