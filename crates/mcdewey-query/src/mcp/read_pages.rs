//! Reading pages or sections: whole passages in order as far as the budget goes, and a cursor to where it went on.

use std::ops::RangeInclusive;

use mcdewey_core::Visibility;
use rmcp::model::CallToolResult;

use super::budget::{Counter, blocking};
use super::envelope::answer;
use super::fence::{label, shown_name};
use super::fit::Step;
use super::place::{Cut, Pages};
use super::read_outline;
use super::readable::{self, Of};
use super::wire::{ReadText, TextPart};
use crate::place::printed;
use crate::{DocumentAnswer, Library, PageAnswer, PageItem, PageSelector, QueryError};

/// Bytes of text that no token of budget holds: pages behind that many are not fetched. Technical prose has about 4
/// bytes a token and stands in the answer twice.
const MAX_BYTES_PER_TOKEN: usize = 8;

/// Answers with the pages asked for.
pub(super) async fn read(
    library: &Library,
    source: &str,
    pages: &Pages,
    budget: usize,
    visibility: &Visibility,
) -> Result<CallToolResult, QueryError> {
    let reading = match pages {
        Pages::One(selector) => Reading::one(library.page(source, selector, visibility).await?),
        Pages::Range(first, last) => {
            Reading::gather(library, source, *first..=*last, budget, visibility).await?
        }
    };
    reading.answer(library, budget).await
}

/// Answers with what follows where a text was cut.
pub(super) async fn read_on(
    library: &Library,
    source: &str,
    cut: &Cut,
    budget: usize,
    visibility: &Visibility,
) -> Result<CallToolResult, QueryError> {
    let mut reading =
        Reading::gather(library, source, cut.page..=cut.last, budget, visibility).await?;
    let first = &reading.pages[0];
    let moved = cut.byte > 0
        && (Cut::seal(&first.text) != cut.seal || !first.text.is_char_boundary(cut.byte));

    if moved || first.number != cut.page {
        return Err(QueryError::CursorExpired);
    }

    reading.from = cut.byte;
    reading.answer(library, budget).await
}

/// Pages in order.
struct Reading {
    document: DocumentAnswer,
    pages: Vec<PageText>,
    /// Where the first page is read from.
    from: usize,
    /// Pages asked for behind the ones that were fetched: the next and the last.
    rest: Option<(u32, u32)>,
}

struct PageText {
    /// The physical page, or the section's place.
    number: u32,
    item: PageItem,
    text: String,
    /// Where passages begin.
    borders: Vec<usize>,
}

/// A stretch of a page that is sent whole or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Segment {
    /// The place of the page among those fetched.
    page: usize,
    start: usize,
    end: usize,
}

impl Reading {
    fn one(found: PageAnswer) -> Self {
        let number = number_of(&found.document, &found.page);
        let (document, page) = PageText::new(found, number);
        Self {
            document,
            pages: vec![page],
            from: 0,
            rest: None,
        }
    }

    async fn gather(
        library: &Library,
        source: &str,
        wanted: RangeInclusive<u32>,
        budget: usize,
        visibility: &Visibility,
    ) -> Result<Self, QueryError> {
        let document = library.document(source, visibility).await?;
        let all = document
            .pages
            .iter()
            .enumerate()
            .map(|(place, item)| numbered(place, item));

        let numbers: Vec<u32> = all.filter(|number| wanted.contains(number)).collect();
        if numbers.is_empty() {
            return Err(none_between(&document, &wanted));
        }

        let mut reading = Self {
            document,
            pages: Vec::new(),
            from: 0,
            rest: None,
        };

        let mut bytes = 0;
        for number in &numbers {
            if bytes > budget.saturating_mul(MAX_BYTES_PER_TOKEN) {
                reading.rest = Some((*number, numbers[numbers.len() - 1]));
                break;
            }

            let found = library
                .page(source, &PageSelector::Number(*number), visibility)
                .await?;
            let (_, page) = PageText::new(found, *number);
            bytes += page.text.len();
            reading.pages.push(page);
        }

        Ok(reading)
    }

    async fn answer(self, library: &Library, budget: usize) -> Result<CallToolResult, QueryError> {
        let counter = Counter::new(library);
        blocking(move || self.fit(&counter, budget)).await
    }

    fn fit(&self, counter: &Counter, budget: usize) -> Result<CallToolResult, QueryError> {
        let segments = self.segments();
        let fitted = counter.fit(budget, self.steps(&segments, counter), |taken| {
            self.render(&segments, &segments[..taken.len()])
        })?;

        if !fitted.taken.is_empty() {
            return Ok(fitted.result);
        }

        let first = segments[0];
        let cut = |shown: &str| {
            let shown = Segment {
                end: first.start + shown.len(),
                ..first
            };

            let rest = [Segment {
                start: shown.end,
                ..first
            }];

            self.render(&[&[shown], &rest[..]].concat(), &[shown])
        };

        let text = &self.pages[first.page].text[first.start..first.end];
        Ok(counter.fit_text(budget, text, cut)?.0)
    }

    /// The pages, divided where passages begin.
    fn segments(&self) -> Vec<Segment> {
        let mut segments = Vec::new();
        for (page, text) in self.pages.iter().enumerate() {
            let from = if page == 0 { self.from } else { 0 };
            let inner = text.borders.iter().copied().filter(|border| *border > from);
            let borders: Vec<usize> = [from]
                .into_iter()
                .chain(inner)
                .chain([text.text.len()])
                .collect();

            segments.extend(borders.windows(2).map(|pair| Segment {
                page,
                start: pair[0],
                end: pair[1],
            }));
        }

        segments
    }

    fn steps(
        &self,
        segments: &[Segment],
        counter: &Counter,
    ) -> impl Iterator<Item = Result<Step<()>, QueryError>> {
        let mut last_page = None;
        let step = move |segment: &Segment| {
            let page = &self.pages[segment.page];
            let mut cost = 2 * counter.escaped(&page.text[segment.start..segment.end])?;

            let is_first = last_page.is_none();
            if last_page.replace(segment.page) != Some(segment.page) {
                let bare = page.part("");
                let title = if is_first {
                    self.document.doc_title.as_str()
                } else {
                    ""
                };

                let url = if is_first { page.item.url.as_str() } else { "" };
                let of = Of {
                    source: &self.document.source,
                    title,
                    version: title,
                    url,
                };

                cost += counter.json(&bare)? + counter.escaped(&readable::quoted(&of, &bare))?;
            }

            Ok(Step {
                what: (),
                cost,
                leads: true,
            })
        };

        segments.iter().map(step)
    }

    /// The answer with the first segments of all.
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

        let cut = self.cut(all.get(shown.len()));
        let place = if self.document.paged {
            "page"
        } else {
            "section"
        };

        let notice = cut
            .as_ref()
            .map(|cut| format!("cut at {place} {} to fit token_budget", cut.page));

        let read = ReadText {
            url: self
                .pages
                .first()
                .map_or_else(|| self.document.url.clone(), |page| page.item.url.clone()),
            parts,
            next_cursor: cut.map(|cut| cut.encode()),
            notices: notice.into_iter().collect(),
            ..read_outline::described(&self.document)
        };

        answer(&read, readable::document(&read))
    }

    /// Where to go on, given the first segment that was left out.
    fn cut(&self, next: Option<&Segment>) -> Option<Cut> {
        let last_fetched = self.pages.last().map_or(0, |page| page.number);
        match (next, self.rest) {
            (Some(next), rest) => {
                let page = &self.pages[next.page];
                let last = rest.map_or(last_fetched, |(_, last)| last);
                Some(Cut {
                    page: page.number,
                    byte: next.start,
                    last,
                    seal: Cut::seal(&page.text),
                })
            }
            (None, Some((page, last))) => Some(Cut {
                page,
                byte: 0,
                last,
                seal: Cut::seal(""),
            }),
            (None, None) => None,
        }
    }
}

impl PageText {
    fn new(found: PageAnswer, number: u32) -> (DocumentAnswer, Self) {
        let text = found.text;
        let mut borders: Vec<usize> = found
            .chunks
            .iter()
            .map(|passage| passage.start as usize)
            .collect();

        borders
            .retain(|border| *border > 0 && *border < text.len() && text.is_char_boundary(*border));
        borders.sort_unstable();
        borders.dedup();

        (
            found.document,
            Self {
                number,
                item: found.page,
                text,
                borders,
            },
        )
    }

    fn part(&self, text: &str) -> TextPart {
        TextPart {
            page: self.item.page,
            page_label: printed(self.item.page, self.item.page_label.as_deref())
                .as_deref()
                .map(label),
            section: self.item.section.as_deref().map(shown_name),
            chunk_id: None,
            text: text.to_owned(),
        }
    }
}

fn none_between(document: &DocumentAnswer, wanted: &RangeInclusive<u32>) -> QueryError {
    let (first, last) = (wanted.start(), wanted.end());
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

/// The physical page, or the section's place.
fn numbered(place: usize, item: &PageItem) -> u32 {
    item.page
        .unwrap_or_else(|| u32::try_from(place + 1).unwrap_or(u32::MAX))
}

fn number_of(document: &DocumentAnswer, item: &PageItem) -> u32 {
    let place = document
        .pages
        .iter()
        .position(|other| other == item)
        .unwrap_or_default();
    numbered(place, item)
}
