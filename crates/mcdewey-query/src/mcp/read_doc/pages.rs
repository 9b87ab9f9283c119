//! Returns pages or sections: whole chunks in order as far as the token budget allows, and a cursor
//! to continue with.

use std::ops::RangeInclusive;
use std::sync::Arc;

use mcdewey_core::{Document, PageRef, Visibility};
use mcdewey_search::{DocumentPage, PageSelector, QueryError};
use rmcp::model::CallToolResult;

use super::cursor::ReadCursor;
use super::page_request::PageRequest;
use super::{document_metadata, text_part};
use crate::mcp::budget::{TokenCounter, counting};
use crate::mcp::envelope::answer;
use crate::mcp::fit::Step;
use crate::mcp::readable::{self, DocumentAttributes};
use crate::mcp::wire::{ReadText, TextPart};
use crate::{ServedLibrary, links};

/// More bytes of text than one token of budget can hold: beyond that, no further pages are fetched.
/// Technical prose has about 4 bytes per token, and the response contains it twice.
const MAX_BYTES_PER_TOKEN: usize = 8;

/// Returns the requested pages.
pub(super) async fn read(
    library: &ServedLibrary,
    source: &str,
    pages: &PageRequest,
    budget: usize,
    visibility: &Visibility,
) -> Result<CallToolResult, QueryError> {
    let fetched = match pages {
        PageRequest::One(selector) => {
            let found = library.at(visibility).await?.page(source, selector).await?;
            FetchedPages::one(found, library.public_url())
        }
        PageRequest::Range(first, last) => {
            FetchedPages::fetch(library, source, *first..=*last, budget, visibility).await?
        }
    };
    counting(library, move |counter| fetched.fit(counter, budget)).await
}

/// Returns the text from the cursor on.
///
/// # Errors
///
/// `CursorExpired` if the page at the cursor has changed or is gone.
pub(super) async fn continue_from(
    library: &ServedLibrary,
    source: &str,
    cursor: &ReadCursor,
    budget: usize,
    visibility: &Visibility,
) -> Result<CallToolResult, QueryError> {
    let numbers = cursor.page..=cursor.last;
    let mut fetched = FetchedPages::fetch(library, source, numbers, budget, visibility).await?;

    let first = &fetched.pages[0];
    let has_changed = cursor.byte > 0
        && (ReadCursor::seal(&first.text) != cursor.seal
            || !first.text.is_char_boundary(cursor.byte));

    if has_changed || first.number() != cursor.page {
        return Err(QueryError::CursorExpired);
    }

    fetched.start = cursor.byte;
    counting(library, move |counter| fetched.fit(counter, budget)).await
}

/// Pages in order, fetched as far as the budget could hold them.
struct FetchedPages {
    public_url: String,
    document: Arc<Document>,
    pages: Vec<PageText>,
    /// The byte of the first page to start at.
    start: usize,
    /// The first and the last of the requested pages that were not fetched.
    unfetched: Option<(u32, u32)>,
}

struct PageText {
    page: PageRef,
    text: String,
    /// The bytes at which chunks start, the first chunk excepted.
    chunk_starts: Vec<usize>,
}

/// A range of a page's text that is sent whole or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Segment {
    /// The index of the page among those fetched.
    page: usize,
    start: usize,
    end: usize,
}

impl FetchedPages {
    fn one(found: DocumentPage, public_url: &str) -> Self {
        Self {
            public_url: public_url.to_owned(),
            document: Arc::clone(&found.document),
            pages: vec![PageText::new(found)],
            start: 0,
            unfetched: None,
        }
    }

    /// Fetches the pages with the given numbers until their text exceeds what `budget` can hold.
    async fn fetch(
        library: &ServedLibrary,
        source: &str,
        range: RangeInclusive<u32>,
        budget: usize,
        visibility: &Visibility,
    ) -> Result<Self, QueryError> {
        let snapshot = library.at(visibility).await?;
        let document = snapshot.document(source).await?;
        let all = document.pages.iter().map(|page| page.number.0);
        let numbers: Vec<u32> = all.filter(|number| range.contains(number)).collect();
        if numbers.is_empty() {
            return Err(no_pages_in_range(&document, &range));
        }

        let mut fetched = Self {
            public_url: library.public_url().to_owned(),
            document,
            pages: Vec::new(),
            start: 0,
            unfetched: None,
        };

        let mut bytes = 0;
        for number in &numbers {
            if bytes > budget.saturating_mul(MAX_BYTES_PER_TOKEN) {
                fetched.unfetched = Some((*number, numbers[numbers.len() - 1]));
                break;
            }

            let selector = PageSelector::Number(*number);
            let page = PageText::new(snapshot.page_of(&fetched.document, &selector).await?);
            bytes += page.text.len();
            fetched.pages.push(page);
        }

        Ok(fetched)
    }

    fn fit(&self, counter: &TokenCounter, budget: usize) -> Result<CallToolResult, QueryError> {
        let segments = self.segments();
        let fitted = counter.fit(budget, self.steps(&segments, counter), |included| {
            self.render(&segments, &segments[..included.len()])
        })?;

        if !fitted.included.is_empty() {
            return Ok(fitted.result);
        }

        // Not even the first segment fits, so its beginning is sent.
        let first = segments[0];
        let text = &self.pages[first.page].text[first.start..first.end];
        let (result, _) = counter.fit_text(budget, text, |shown| {
            self.render_truncated(first, shown.len())
        })?;
        Ok(result)
    }

    /// Divides the pages at chunk borders.
    fn segments(&self) -> Vec<Segment> {
        let mut segments = Vec::new();
        for (index, page) in self.pages.iter().enumerate() {
            let start = if index == 0 { self.start } else { 0 };
            let chunk_starts = page.chunk_starts.iter().copied();
            let borders: Vec<usize> = [start]
                .into_iter()
                .chain(chunk_starts.filter(|at| *at > start))
                .chain([page.text.len()])
                .collect();

            segments.extend(borders.windows(2).map(|pair| Segment {
                page: index,
                start: pair[0],
                end: pair[1],
            }));
        }

        segments
    }

    fn steps(
        &self,
        segments: &[Segment],
        counter: &TokenCounter,
    ) -> impl Iterator<Item = Result<Step<()>, QueryError>> {
        let mut last_page = None;
        segments.iter().map(move |segment| {
            let page = &self.pages[segment.page];
            let mut cost = 2 * counter.escaped(&page.text[segment.start..segment.end])?;

            let is_first = last_page.is_none();
            if last_page.replace(segment.page) != Some(segment.page) {
                cost += self.part_cost(page, is_first, counter)?;
            }

            Ok(Step {
                what: (),
                cost,
                leads: true,
            })
        })
    }

    /// Returns the cost of a page's part without its text. The first part also names the document.
    fn part_cost(
        &self,
        page: &PageText,
        is_first: bool,
        counter: &TokenCounter,
    ) -> Result<usize, QueryError> {
        let empty = text_part(&page.page, "");
        let meta = &self.document.meta;
        let (title, url) = if is_first {
            (meta.title.as_str(), self.url())
        } else {
            ("", String::new())
        };

        let document = DocumentAttributes {
            source: meta.source.as_str(),
            title,
            version: title,
            url: &url,
        };

        let quoted = readable::quote_part(&document, &empty);
        Ok(counter.json(&empty)? + counter.escaped(&quoted)?)
    }

    /// Returns the URL of the first page.
    fn url(&self) -> String {
        let source = &self.document.meta.source;
        let path = self.pages.first().map_or_else(
            || links::document_path(source),
            |first| links::page_path(source, &first.page),
        );
        format!("{}{path}", self.public_url)
    }

    /// Renders the first `length` bytes of a segment, with a cursor to the rest of it.
    fn render_truncated(
        &self,
        segment: Segment,
        length: usize,
    ) -> Result<CallToolResult, QueryError> {
        let border = segment.start + length;
        let shown = Segment {
            end: border,
            ..segment
        };

        let rest = Segment {
            start: border,
            ..segment
        };

        self.render(&[shown, rest], &[shown])
    }

    /// Renders `shown`, the first of the segments in `all`.
    fn render(&self, all: &[Segment], shown: &[Segment]) -> Result<CallToolResult, QueryError> {
        let mut parts: Vec<TextPart> = Vec::new();
        let mut last_page = None;
        for segment in shown {
            let page = &self.pages[segment.page];
            let text = &page.text[segment.start..segment.end];
            match parts.last_mut() {
                Some(part) if last_page == Some(segment.page) => part.text.push_str(text),
                _ => parts.push(text_part(&page.page, text)),
            }
            last_page = Some(segment.page);
        }

        let cursor = self.cursor(all.get(shown.len()));
        let unit = if self.document.meta.paged {
            "page"
        } else {
            "section"
        };

        let notice = cursor
            .as_ref()
            .map(|cursor| format!("cut at {unit} {} to fit token_budget", cursor.page));

        let read = ReadText {
            parts,
            next_cursor: cursor.map(|cursor| cursor.encode()),
            notices: notice.into_iter().collect(),
            ..document_metadata(&self.document.meta, self.url())
        };

        answer(&read, readable::read_text_markdown(&read))
    }

    /// Returns the cursor to `next`, the first segment left out, else to the first page not
    /// fetched.
    fn cursor(&self, next: Option<&Segment>) -> Option<ReadCursor> {
        let last_fetched = self.pages.last().map_or(0, PageText::number);
        match (next, self.unfetched) {
            (Some(next), unfetched) => {
                let page = &self.pages[next.page];
                Some(ReadCursor {
                    page: page.number(),
                    byte: next.start,
                    last: unfetched.map_or(last_fetched, |(_, last)| last),
                    seal: ReadCursor::seal(&page.text),
                })
            }
            (None, Some((page, last))) => Some(ReadCursor {
                page,
                byte: 0,
                last,
                seal: ReadCursor::seal(""),
            }),
            (None, None) => None,
        }
    }
}

impl PageText {
    fn new(found: DocumentPage) -> Self {
        let page = found.page().clone();
        let text = found.text;
        let mut chunk_starts: Vec<usize> = found
            .chunks
            .iter()
            .map(|chunk| chunk.span.start as usize)
            .filter(|at| *at > 0 && *at < text.len() && text.is_char_boundary(*at))
            .collect();

        chunk_starts.sort_unstable();
        chunk_starts.dedup();

        Self {
            page,
            text,
            chunk_starts,
        }
    }

    /// The physical page, or the section's position, counted from 1.
    fn number(&self) -> u32 {
        self.page.number.0
    }
}

/// Returns the error for a range without pages; it names the pages that exist.
fn no_pages_in_range(document: &Document, range: &RangeInclusive<u32>) -> QueryError {
    let (first, last) = (range.start(), range.end());
    let source = document.meta.source.as_str();
    let ends = [document.pages.first(), document.pages.last()]
        .map(|page| page.and_then(PageRef::physical_page));

    QueryError::NotFound(match ends {
        [Some(from), Some(to)] => {
            format!("no page from {first} to {last} in {source:?}; it has pages {from} to {to}")
        }
        _ => format!(
            "no section from {first} to {last} in {source:?}; it has {} sections",
            document.pages.len()
        ),
    })
}
