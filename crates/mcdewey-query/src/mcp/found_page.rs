//! A page of passages on its way to a client: which parts of it the budget holds, and both of its renderings.

use mcdewey_core::visible_line;
use rmcp::model::CallToolResult;

use super::budget::Counter;
use super::envelope::{RESERVE, answer};
use super::fence::{Origin, address, facet, label, quote, quoted_label, shown_name};
use super::fit::{Fitted, Step};
use super::readable::{closing, release};
use super::wire::{FacetValue, FoundFacets, FoundPassage, FoundPassages, short_url};
use crate::place::printed;
use crate::{AlsoIn, FacetCount, Hit, QueryError, SearchAnswer};

/// As long as a cursor of the search.
const ANY_CURSOR: &str = "20-0123456789abcdef";
/// Most values shown of one facet.
const MAX_FACET_VALUES: usize = 8;

/// Something an answer may have; numbers are places among the hits, then the unversioned ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
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

/// What was found, on its way to being rendered.
pub(super) struct FoundPage {
    found: SearchAnswer,
    public_url: String,
    /// How many hits there were before the budget took some.
    wanted: usize,
    /// A budget that holds one passage.
    enough: usize,
    /// Whether passages are only named, with their best part.
    concise: bool,
}

impl FoundPage {
    /// `wanted` is how many hits the question found before the budget took some.
    pub(super) fn new(mut found: SearchAnswer, wanted: usize, public_url: &str) -> Self {
        // A snippet is a rewritten text: what is not seen need not be in it.
        for hit in found.hits.iter_mut().chain(&mut found.unversioned) {
            hit.snippet = visible_line(&hit.snippet);
        }

        Self {
            found,
            public_url: public_url.to_owned(),
            wanted,
            enough: 0,
            concise: false,
        }
    }

    /// The same, with a line for each passage.
    pub(super) fn concise(mut self) -> Self {
        self.concise = true;
        self
    }

    /// As much of the answer as fits.
    pub(super) fn fit(
        mut self,
        counter: &Counter,
        budget: usize,
    ) -> Result<Fitted<Part>, QueryError> {
        let steps = self.steps(counter)?;
        if let Some(first) = steps.first() {
            self.enough = counter.result(&self.render(&[first.what])?)? + RESERVE;
        }

        counter.fit(budget, steps.into_iter().map(Ok), |taken| {
            self.render(taken)
        })
    }

    fn hits(&self) -> impl Iterator<Item = &Hit> {
        self.found.hits.iter().chain(&self.found.unversioned)
    }

    /// First that all passages are there, then their whole texts for machines, then for readers, then the facets.
    fn steps(&self, counter: &Counter) -> Result<Vec<Step<Part>>, QueryError> {
        let versioned = self.found.hits.len();
        let (mut passages, mut texts, mut quotes) = (Vec::new(), Vec::new(), Vec::new());
        for (place, hit) in self.hits().enumerate() {
            let what = if place < versioned {
                Part::Hit(place)
            } else {
                Part::Unversioned(place)
            };

            let structured = counter.json(&FoundPassage::new(hit, false, &self.public_url))?;
            let cost = structured + counter.escaped(&entry(place + 1, hit, &hit.snippet))?;
            passages.push(Step {
                what,
                cost,
                leads: true,
            });

            if self.concise {
                continue;
            }

            let more = counter
                .escaped(&hit.text)?
                .saturating_sub(counter.escaped(&hit.snippet)?);

            texts.push(Step {
                what: Part::Text(place),
                cost: more,
                leads: false,
            });

            quotes.push(Step {
                what: Part::Quote(place),
                cost: more,
                leads: false,
            });
        }

        let facets = Step {
            what: Part::Facets,
            cost: counter.json(&facets(&self.found))?,
            leads: false,
        };

        let facets = (!self.concise).then_some(facets);
        Ok(passages
            .into_iter()
            .chain(texts)
            .chain(quotes)
            .chain(facets)
            .collect())
    }

    fn render(&self, taken: &[Part]) -> Result<CallToolResult, QueryError> {
        let has = |part: Part| taken.contains(&part);
        let mut structured = FoundPassages {
            facets: has(Part::Facets).then(|| facets(&self.found)),
            degraded: self.found.degraded.clone(),
            no_answer: self
                .found
                .no_answer
                .as_ref()
                .map(|none| label(&none.message)),
            confidence: self
                .found
                .confidence
                .map(|share| (share * 100.0).round() / 100.0),
            next_cursor: self.cursor(shown(taken)),
            notices: self
                .found
                .notices
                .iter()
                .cloned()
                .chain(self.cuts(taken))
                .collect(),
            ..FoundPassages::default()
        };

        let (mut entries, mut apart) = (Vec::new(), Vec::new());
        for (place, hit) in self.hits().enumerate() {
            let passage = || match self.concise {
                true => FoundPassage::named(hit, &self.public_url),
                false => FoundPassage::new(hit, has(Part::Text(place)), &self.public_url),
            };

            let shown = if has(Part::Quote(place)) {
                &hit.text
            } else {
                &hit.snippet
            };

            if has(Part::Hit(place)) {
                structured.hits.push(passage());
                entries.push(entry(place + 1, hit, shown));
            } else if has(Part::Unversioned(place)) {
                structured.unversioned.push(passage());
                apart.push(entry(place + 1, hit, shown));
            }
        }

        answer(&structured, markdown(&structured, &entries, &apart))
    }

    /// Where to go on. When fewer hits fit than were found, the search is asked again for that many and gives the true
    /// cursor; one of its length holds its place until then.
    fn cursor(&self, shown: usize) -> Option<String> {
        let known = self.found.next_cursor.clone();
        let cut = shown < self.found.hits.len();
        if cut && shown > 0 {
            known.or_else(|| Some(ANY_CURSOR.to_owned()))
        } else {
            known.filter(|_| !cut)
        }
    }

    /// What the budget left out.
    fn cuts(&self, taken: &[Part]) -> Vec<String> {
        let hits = shown(taken);
        let apart = taken
            .iter()
            .filter(|part| matches!(part, Part::Unversioned(_)))
            .count();

        let whole = taken
            .iter()
            .filter(|part| matches!(part, Part::Text(_)))
            .count();
        let (all, wanted) = (hits + apart, self.wanted);
        if all == 0 {
            return vec![format!(
                "token_budget has no room for a passage; ask with at least {}",
                self.enough
            )];
        }

        let mut cuts = Vec::new();
        if hits < wanted {
            cuts.push(format!(
                "{hits} of {wanted} passages fit token_budget; go on with cursor"
            ));
        }

        if apart < self.found.unversioned.len() {
            cuts.push(
                "passages of documents that name no release do not fit token_budget".to_owned(),
            );
        }

        if whole < all && !self.concise {
            cuts.push(format!(
                "{} of {all} passages are cut to a snippet; read_doc has the rest",
                all - whole
            ));
        }

        cuts
    }
}

/// The facets of an answer, the most frequent values of each.
pub(super) fn facets(found: &SearchAnswer) -> FoundFacets {
    let values = |name: &str| match found.facets.get(name) {
        Some(counts) => counts
            .iter()
            .take(MAX_FACET_VALUES)
            .map(facet_value)
            .collect(),
        None => Vec::new(),
    };

    FoundFacets {
        vendor: values("vendor"),
        product: values("product"),
        version: values("version"),
        guide: values("guide"),
    }
}

/// How many hits are shown.
pub(super) fn shown(taken: &[Part]) -> usize {
    taken
        .iter()
        .filter(|part| matches!(part, Part::Hit(_)))
        .count()
}

fn facet_value(count: &FacetCount) -> FacetValue {
    FacetValue {
        value: facet(&count.value),
        count: count.count,
    }
}

/// A numbered passage for readers.
fn entry(number: usize, hit: &Hit, shown: &str) -> String {
    let release = release(hit.product.as_deref(), hit.version.as_deref());
    let place = hit.page_title();
    let title = hit.headings.join(" › ");

    let origin = Origin {
        title: &title,
        version: &release,
        source: &hit.source,
        place: &place,
        id: Some(&hit.handle),
        ..Origin::default()
    };

    format!("{number}. {}\n", quote(shown, &origin))
}

/// The readable text of an answer.
pub(super) fn markdown(structured: &FoundPassages, entries: &[String], apart: &[String]) -> String {
    let mut text = String::new();
    if let Some(no_answer) = &structured.no_answer {
        text.push_str(&format!(
            "No answer here: {}. The nearest passages, which may not fit:\n\n",
            quoted_label(no_answer)
        ));
    }

    text.push_str(&entries.join("\n"));
    if !apart.is_empty() {
        text.push_str("\nFrom documents that name no release:\n\n");
        text.push_str(&apart.join("\n"));
    }

    if let Some(degraded) = &structured.degraded {
        text.push_str(&format!("\nNote: degraded answer: {degraded}"));
    }

    text.push_str(&closing(
        &structured.notices,
        structured.next_cursor.as_deref(),
    ));

    text.trim().to_owned()
}

impl FoundPassage {
    /// A hit as one names it to somebody: enough to choose from, and to cite.
    fn named(hit: &Hit, public_url: &str) -> Self {
        Self {
            chunk_id: None,
            vendor: None,
            guide: None,
            source_url: None,
            also_in: Vec::new(),
            headings: hit
                .headings
                .iter()
                .take(1)
                .chain(hit.headings.iter().skip(1).last())
                .map(|one| label(one))
                .collect(),
            ..Self::new(hit, false, public_url)
        }
    }

    /// A hit with its whole text, or with its snippet in the text's place.
    pub(super) fn new(hit: &Hit, whole: bool, public_url: &str) -> Self {
        Self {
            chunk_id: Some(hit.chunk_id.clone()),
            handle: hit.handle.clone(),
            source: shown_name(&hit.source),
            page: hit.page,
            page_label: printed(hit.page, hit.page_label.as_deref())
                .as_deref()
                .map(label),
            section: hit.section.as_deref().map(shown_name),
            vendor: hit.vendor.as_deref().map(facet),
            product: hit.product.as_deref().map(facet),
            version: hit.version.as_deref().map(facet),
            guide: hit.guide.as_deref().map(facet),
            headings: hit.headings.iter().map(|heading| label(heading)).collect(),
            text: whole.then(|| hit.text.clone()),
            snippet: (!whole).then(|| hit.snippet.clone()),
            url: short_url(public_url, &hit.handle),
            source_url: address(&hit.source_url),
            updated: hit.updated.as_deref().map(label),
            also_in: hit.also_in.iter().map(also_in).collect(),
        }
    }
}

fn also_in(other: &AlsoIn) -> String {
    let page = other.page.map(|page| format!("page {page}"));
    let product = other
        .product
        .clone()
        .or_else(|| Some(other.doc_title.clone()));
    let changed = other.differs.then(|| "(some words differ)".to_owned());

    label(
        &[product, other.version.clone(), page, changed]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" "),
    )
}
