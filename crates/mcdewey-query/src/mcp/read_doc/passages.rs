//! Returns a passage with its neighbours: the passage first, then the nearest neighbours as far as
//! the token budget allows.

use mcdewey_core::{Chunk, Visibility};
use mcdewey_search::{Passage, QueryError};
use rmcp::model::CallToolResult;

use super::{document_metadata, text_part};
use crate::ServedLibrary;
use crate::mcp::budget::{TokenCounter, counting};
use crate::mcp::envelope::answer;
use crate::mcp::fit::Step;
use crate::mcp::readable::{self, DocumentAttributes};
use crate::mcp::wire::{ReadText, TextPart, short_url};

/// Returns the passage `id` and up to `context` neighbours on each side.
pub(super) async fn read(
    library: &ServedLibrary,
    id: &str,
    context: u32,
    budget: usize,
    visibility: &Visibility,
) -> Result<CallToolResult, QueryError> {
    let found = library.at(visibility).await?.passage(id, context).await?;
    let passages = Passages::new(found, library.public_url());
    counting(library, move |counter| passages.fit(counter, budget)).await
}

/// Chunks in reading order.
struct Passages {
    chunks: Vec<Chunk>,
    /// The index of the requested chunk.
    requested: usize,
    public_url: String,
}

impl Passages {
    fn new(found: Passage, public_url: &str) -> Self {
        let requested = found.before.len();
        let chunks = found
            .before
            .into_iter()
            .chain([found.chunk])
            .chain(found.after)
            .collect();

        Self {
            chunks,
            requested,
            public_url: public_url.to_owned(),
        }
    }

    fn fit(&self, counter: &TokenCounter, budget: usize) -> Result<CallToolResult, QueryError> {
        let fitted = counter.fit(budget, self.steps(counter), |included| {
            self.render(included)
        })?;
        if !fitted.included.is_empty() {
            return Ok(fitted.result);
        }

        let requested = &self.chunks[self.requested];
        Ok(counter
            .fit_text(budget, &requested.text, |shown| {
                self.render_truncated(shown)
            })?
            .0)
    }

    /// Returns a step for the requested chunk, then for its neighbours by distance.
    fn steps(
        &self,
        counter: &TokenCounter,
    ) -> impl Iterator<Item = Result<Step<usize>, QueryError>> {
        let mut indexes: Vec<usize> = (0..self.chunks.len()).collect();
        indexes.sort_by_key(|index| index.abs_diff(self.requested));
        indexes
            .into_iter()
            .map(move |index| self.step(index, counter))
    }

    fn step(&self, index: usize, counter: &TokenCounter) -> Result<Step<usize>, QueryError> {
        let chunk = &self.chunks[index];
        let meta = &chunk.document;
        let part = self.part(index, &chunk.text);

        // The first part of the response carries the document's attributes. Which chunk comes first
        // is not known yet, so the requested one is charged for them.
        let title = if index == self.requested {
            meta.title.as_str()
        } else {
            ""
        };

        let document = DocumentAttributes {
            source: meta.source.as_str(),
            title,
            version: title,
            url: title,
        };

        let quoted = readable::quote_part(&document, &part);
        Ok(Step {
            what: index,
            cost: counter.json(&part)? + counter.escaped(&quoted)?,
            leads: true,
        })
    }

    fn part(&self, index: usize, text: &str) -> TextPart {
        let chunk = &self.chunks[index];
        TextPart {
            chunk_id: Some(chunk.chunk_id.clone()),
            ..text_part(&chunk.page, text)
        }
    }

    fn render(&self, included: &[usize]) -> Result<CallToolResult, QueryError> {
        let mut indexes = included.to_vec();
        indexes.sort_unstable();

        let parts = indexes
            .iter()
            .map(|index| self.part(*index, &self.chunks[*index].text))
            .collect();

        self.finish(parts, self.omitted_notice(&indexes))
    }

    /// Reports how many neighbours were left out, with the ids to continue with. `indexes` are
    /// those of the included chunks, in order.
    fn omitted_notice(&self, indexes: &[usize]) -> Option<String> {
        let omitted = self.chunks.len() - indexes.len();
        if omitted == 0 {
            return None;
        }

        let ends = [
            indexes.first().and_then(|first| first.checked_sub(1)),
            indexes.last().map(|last| last + 1),
        ];

        let next: Vec<String> = ends
            .into_iter()
            .flatten()
            .filter_map(|index| self.chunks.get(index))
            .map(Chunk::handle)
            .collect();

        Some(format!(
            "{omitted} neighbours do not fit token_budget; continue with id {}",
            next.join(" or ")
        ))
    }

    fn render_truncated(&self, shown: &str) -> Result<CallToolResult, QueryError> {
        let notice = "the passage is cut to fit token_budget; use a larger one".to_owned();
        self.finish(vec![self.part(self.requested, shown)], Some(notice))
    }

    fn finish(
        &self,
        parts: Vec<TextPart>,
        notice: Option<String>,
    ) -> Result<CallToolResult, QueryError> {
        let requested = &self.chunks[self.requested];
        let url = short_url(&self.public_url, &requested.handle());
        let read = ReadText {
            parts,
            notices: notice.into_iter().collect(),
            ..document_metadata(&requested.document, url)
        };

        answer(&read, readable::read_text_markdown(&read))
    }
}
