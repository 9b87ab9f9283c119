//! Reading a passage with its neighbours: the passage first, then the nearest neighbours, as far as the budget goes.

use mcdewey_core::Visibility;
use rmcp::model::CallToolResult;

use super::budget::{Counter, blocking};
use super::envelope::answer;
use super::fence::{address, facet, label, shown_name};
use super::fit::Step;
use super::readable::{self, Of};
use super::wire::{ReadText, TextPart, short_url};
use crate::place::printed;
use crate::{ChunkAnswer, Hit, Library, QueryError};

/// Answers with the passage `id` and up to `context` neighbours on each side.
pub(super) async fn read(
    library: &Library,
    id: &str,
    context: u32,
    budget: usize,
    visibility: &Visibility,
) -> Result<CallToolResult, QueryError> {
    let found = library.chunk(id, context, visibility).await?;
    let reading = Reading::new(found, library.public_url());
    let counter = Counter::new(library);
    blocking(move || reading.fit(&counter, budget)).await
}

/// The passages in reading order, and which of them was asked for.
struct Reading {
    passages: Vec<Hit>,
    asked: usize,
    public_url: String,
}

impl Reading {
    fn new(found: ChunkAnswer, public_url: &str) -> Self {
        let asked = found.before.len();
        let passages = found
            .before
            .into_iter()
            .chain([found.chunk])
            .chain(found.after)
            .collect();

        Self {
            passages,
            asked,
            public_url: public_url.to_owned(),
        }
    }

    fn fit(&self, counter: &Counter, budget: usize) -> Result<CallToolResult, QueryError> {
        let fitted = counter.fit(budget, self.steps(counter), |taken| self.render(taken))?;
        if !fitted.taken.is_empty() {
            return Ok(fitted.result);
        }

        let asked = &self.passages[self.asked];
        Ok(counter
            .fit_text(budget, &asked.text, |shown| self.render_cut(shown))?
            .0)
    }

    /// The passage, then its neighbours by distance.
    fn steps(&self, counter: &Counter) -> impl Iterator<Item = Result<Step<usize>, QueryError>> {
        let mut places: Vec<usize> = (0..self.passages.len()).collect();
        places.sort_by_key(|place| place.abs_diff(self.asked));
        let step = move |place: usize| {
            let hit = &self.passages[place];
            let part = self.part(place, &hit.text);

            // One of the passages says what the document is, whichever comes first in the end.
            let title = if place == self.asked {
                hit.doc_title.as_str()
            } else {
                ""
            };

            let quoted = readable::quoted(
                &Of {
                    source: &hit.source,
                    title,
                    version: title,
                    url: title,
                },
                &part,
            );

            Ok(Step {
                what: place,
                cost: counter.json(&part)? + counter.escaped(&quoted)?,
                leads: true,
            })
        };

        places.into_iter().map(step)
    }

    fn part(&self, place: usize, text: &str) -> TextPart {
        let hit = &self.passages[place];
        TextPart {
            page: hit.page,
            page_label: printed(hit.page, hit.page_label.as_deref())
                .as_deref()
                .map(label),
            section: hit.section.as_deref().map(shown_name),
            chunk_id: Some(hit.chunk_id.clone()),
            text: text.to_owned(),
        }
    }

    fn render(&self, taken: &[usize]) -> Result<CallToolResult, QueryError> {
        let mut places = taken.to_vec();
        places.sort_unstable();
        let parts = places
            .iter()
            .map(|place| self.part(*place, &self.passages[*place].text))
            .collect();
        let left_out = self.passages.len() - places.len();

        let notice = (left_out > 0).then(|| {
            let ends = [
                places.first().and_then(|first| first.checked_sub(1)),
                places.last().map(|last| last + 1),
            ];

            let next: Vec<&str> = ends
                .into_iter()
                .flatten()
                .filter_map(|place| self.passages.get(place))
                .map(|hit| hit.handle.as_str())
                .collect();

            format!(
                "{left_out} neighbours do not fit the token budget; go on with id {}",
                next.join(" or ")
            )
        });

        self.finish(parts, notice)
    }

    fn render_cut(&self, shown: &str) -> Result<CallToolResult, QueryError> {
        let notice =
            "the passage is cut to fit the token budget; ask with a larger token_budget".to_owned();
        self.finish(vec![self.part(self.asked, shown)], Some(notice))
    }

    fn finish(
        &self,
        parts: Vec<TextPart>,
        notice: Option<String>,
    ) -> Result<CallToolResult, QueryError> {
        let asked = &self.passages[self.asked];
        let read = ReadText {
            source: shown_name(&asked.source),
            doc_title: label(&asked.doc_title),
            vendor: asked.vendor.as_deref().map(facet),
            product: asked.product.as_deref().map(facet),
            version: asked.version.as_deref().map(facet),
            url: short_url(&self.public_url, &asked.handle),
            source_url: address(&asked.source_url),
            updated: asked.updated.as_deref().map(label),
            parts,
            notices: notice.into_iter().collect(),
            ..ReadText::default()
        };

        answer(&read, readable::document(&read))
    }
}
