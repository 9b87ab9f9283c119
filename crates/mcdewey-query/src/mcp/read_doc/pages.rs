//! Returns pages or sections: whole chunks in order as far as the token budget allows, and a cursor
//! to continue with.

use std::ops::RangeInclusive;

use mcdewey_core::Visibility;
use rmcp::model::CallToolResult;

use super::cursor::ReadCursor;
use super::outline;
use super::page_request::PageRequest;
use crate::ServedLibrary;
use crate::mcp::budget::{TokenCounter, blocking};
use crate::mcp::envelope::answer;
use crate::mcp::fence::{encoded_name, label};
use crate::mcp::fit::Step;
use crate::mcp::readable::{self, DocumentAttributes};
use crate::mcp::wire::{ReadText, TextPart};
use crate::page_label::printed;
use crate::wire::{DocumentAnswer, PageAnswer, PageItem};
use mcdewey_search::{PageSelector, QueryError};

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
            FetchedPages::one(library.wire_page(source, selector, visibility).await?)
        }
        PageRequest::Range(first, last) => {
            FetchedPages::fetch(library, source, *first..=*last, budget, visibility).await?
        }
    };
    fetched.answer(library, budget).await
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

    if has_changed || first.number != cursor.page {
        return Err(QueryError::CursorExpired);
    }

    fetched.start = cursor.byte;
    fetched.answer(library, budget).await
}

/// Pages in order, fetched as far as the budget could hold them.
struct FetchedPages {
    document: DocumentAnswer,
    pages: Vec<PageText>,
    /// The byte of the first page to start at.
    start: usize,
    /// The first and the last of the requested pages that were not fetched.
    unfetched: Option<(u32, u32)>,
}

struct PageText {
    /// The physical page, or the section's position, counted from 1.
    number: u32,
    item: PageItem,
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
    fn one(found: PageAnswer) -> Self {
        let index = found
            .document
            .pages
            .iter()
            .position(|item| *item == found.page)
            .unwrap_or_default();
        let number = page_number(index, &found.page);
        let (document, page) = PageText::new(found, number);
        Self {
            document,
            pages: vec![page],
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
        let document = library.wire_document(source, visibility).await?;
        let all = document
            .pages
            .iter()
            .enumerate()
            .map(|(index, item)| page_number(index, item));

        let numbers: Vec<u32> = all.filter(|number| range.contains(number)).collect();
        if numbers.is_empty() {
            return Err(no_pages_in_range(&document, &range));
        }

        let mut fetched = Self {
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

            let found = library
                .wire_page(source, &PageSelector::Number(*number), visibility)
                .await?;
            let (_, page) = PageText::new(found, *number);
            bytes += page.text.len();
            fetched.pages.push(page);
        }

        Ok(fetched)
    }

    async fn answer(
        self,
        library: &ServedLibrary,
        budget: usize,
    ) -> Result<CallToolResult, QueryError> {
        let counter = TokenCounter::new(library);
        blocking(move || self.fit(&counter, budget)).await
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
        let empty = page.part("");
        let (title, url) = if is_first {
            (self.document.doc_title.as_str(), page.item.url.as_str())
        } else {
            ("", "")
        };

        let document = DocumentAttributes {
            source: &self.document.source,
            title,
            version: title,
            url,
        };

        let quoted = readable::quote_part(&document, &empty);
        Ok(counter.json(&empty)? + counter.escaped(&quoted)?)
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
                _ => parts.push(page.part(text)),
            }
            last_page = Some(segment.page);
        }

        let cursor = self.cursor(all.get(shown.len()));
        let unit = if self.document.paged {
            "page"
        } else {
            "section"
        };

        let notice = cursor
            .as_ref()
            .map(|cursor| format!("cut at {unit} {} to fit token_budget", cursor.page));

        let read = ReadText {
            url: self
                .pages
                .first()
                .map_or_else(|| self.document.url.clone(), |page| page.item.url.clone()),
            parts,
            next_cursor: cursor.map(|cursor| cursor.encode()),
            notices: notice.into_iter().collect(),
            ..outline::document_metadata(&self.document)
        };

        answer(&read, readable::read_text_markdown(&read))
    }

    /// Returns the cursor to `next`, the first segment left out, else to the first page not
    /// fetched.
    fn cursor(&self, next: Option<&Segment>) -> Option<ReadCursor> {
        let last_fetched = self.pages.last().map_or(0, |page| page.number);
        match (next, self.unfetched) {
            (Some(next), unfetched) => {
                let page = &self.pages[next.page];
                Some(ReadCursor {
                    page: page.number,
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
    fn new(found: PageAnswer, number: u32) -> (DocumentAnswer, Self) {
        let text = found.text;
        let mut chunk_starts: Vec<usize> = found
            .chunks
            .iter()
            .map(|chunk| chunk.start as usize)
            .filter(|at| *at > 0 && *at < text.len() && text.is_char_boundary(*at))
            .collect();

        chunk_starts.sort_unstable();
        chunk_starts.dedup();

        let page = Self {
            number,
            item: found.page,
            text,
            chunk_starts,
        };

        (found.document, page)
    }

    fn part(&self, text: &str) -> TextPart {
        TextPart {
            page: self.item.page,
            page_label: printed(self.item.page, self.item.page_label.as_deref())
                .as_deref()
                .map(label),
            section: self.item.section.as_deref().map(encoded_name),
            chunk_id: None,
            text: text.to_owned(),
        }
    }
}

/// Returns the error for a range without pages; it names the pages that exist.
fn no_pages_in_range(document: &DocumentAnswer, range: &RangeInclusive<u32>) -> QueryError {
    let (first, last) = (range.start(), range.end());
    let source = &document.source;
    let ends =
        [document.pages.first(), document.pages.last()].map(|item| item.and_then(|item| item.page));

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

/// Returns the physical page, or the section's position, counted from 1.
fn page_number(index: usize, item: &PageItem) -> u32 {
    item.page
        .unwrap_or_else(|| u32::try_from(index + 1).unwrap_or(u32::MAX))
}
