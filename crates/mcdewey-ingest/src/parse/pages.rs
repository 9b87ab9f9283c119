//! Divides a text at its page markers into physical pages with number, printed label and verbatim
//! text. No text is lost.

use std::collections::HashSet;
use std::ops::Range;

use mcdewey_core::{Page, PageNumber, PageRef};

use super::markers::{Marker, MarkerSpan, find_markers};

/// The physical pages of a document.
#[derive(Debug)]
pub(crate) struct PhysicalPages {
    /// In the document's order.
    pub(crate) pages: Vec<Page>,
    /// Oddities in the page numbers.
    pub(crate) warnings: Vec<String>,
}

/// A page whose number is not final yet.
#[derive(Debug, Default)]
struct PageDraft {
    number: u32,
    label: Option<String>,
    /// The parts of the body between the markers inside the page.
    ranges: Vec<Range<usize>>,
}

/// How a document marks its pages, from the most to the least informative way; the most informative
/// one present applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MarkerStyle {
    Numbered,
    Breaks,
    Printed,
    FormFeeds,
}

impl MarkerStyle {
    fn detect(found: &[MarkerSpan]) -> Option<Self> {
        let has =
            |is_wanted: fn(&Marker) -> bool| found.iter().any(|found| is_wanted(&found.marker));

        if has(|marker| matches!(marker, Marker::Page { .. })) {
            Some(Self::Numbered)
        } else if has(|marker| *marker == Marker::Break) {
            Some(Self::Breaks)
        } else if has(|marker| matches!(marker, Marker::Printed(_))) {
            Some(Self::Printed)
        } else if has(|marker| *marker == Marker::FormFeed) {
            Some(Self::FormFeeds)
        } else {
            None
        }
    }

    /// Whether markers separate pages instead of introducing each one.
    fn separates_pages(self) -> bool {
        matches!(self, Self::Breaks | Self::FormFeeds)
    }
}

/// Returns the pages of `body`, or `None` if it has no page markers.
pub(crate) fn physical_pages(body: &str) -> Option<PhysicalPages> {
    let mut found = find_markers(body);
    let style = MarkerStyle::detect(&found)?;
    if style != MarkerStyle::FormFeeds {
        // Next to a more informative marker, a form feed is white space and stays in its page.
        found.retain(|found| found.marker != Marker::FormFeed);
    }

    let mut drafts = cut_at_markers(body, &found, style);
    let mut warnings = Vec::new();
    let has_front_page = assign_front_text(body, &mut drafts);
    make_numbers_unique(&mut drafts, has_front_page, &mut warnings);
    let pages = drafts.into_iter().map(|draft| draft.finish(body)).collect();

    Some(PhysicalPages { pages, warnings })
}

/// Cuts the body at the markers that begin a page. The first draft is the text before the first
/// page's marker; where markers only separate pages, that text is page 1.
fn cut_at_markers(body: &str, found: &[MarkerSpan], style: MarkerStyle) -> Vec<PageDraft> {
    let mut drafts = Vec::new();
    let mut current = PageDraft {
        number: u32::from(style.separates_pages()),
        ..PageDraft::default()
    };

    let mut offset = 0;
    for MarkerSpan { range, marker } in found {
        current.ranges.push(offset..range.start);
        offset = range.end;

        let next_number = current.number.saturating_add(1);
        let next = match (marker, style) {
            (Marker::Page { number, label }, _) => PageDraft {
                number: *number,
                label: label.clone(),
                ranges: Vec::new(),
            },
            (Marker::Printed(label), MarkerStyle::Printed) => PageDraft {
                number: printed_number(label).unwrap_or(next_number),
                label: Some(label.clone()),
                ranges: Vec::new(),
            },
            (Marker::Break, MarkerStyle::Breaks) | (Marker::FormFeed, MarkerStyle::FormFeeds) => {
                PageDraft {
                    number: next_number,
                    ..PageDraft::default()
                }
            }
            (Marker::Printed(label), _) if !label.is_empty() => {
                current.label = Some(label.clone());
                continue;
            }
            _ => continue,
        };

        drafts.push(std::mem::replace(&mut current, next));
    }

    current.ranges.push(offset..body.len());

    // Many converters also end the last page with a separator, which leaves an empty page behind
    // it.
    let is_after_last_separator =
        style.separates_pages() && current.is_blank(body) && current.label.is_none();
    if !is_after_last_separator {
        drafts.push(current);
    }

    drafts
}

fn printed_number(label: &str) -> Option<u32> {
    let lower = label.to_lowercase();
    let digits = lower.strip_prefix("page").unwrap_or(&lower).trim();
    digits.split_whitespace().next()?.parse().ok()
}

/// Assigns the text before the first numbered page to the page before it, if there can be one. A
/// title that a converter put in front, and text before page 1, become part of the first page
/// instead. Reports whether a page was added in front.
fn assign_front_text(body: &str, drafts: &mut Vec<PageDraft>) -> bool {
    let [front, first, ..] = drafts.as_mut_slice() else {
        return false;
    };

    if front.number > 0 {
        return false;
    }

    if front.is_blank(body) {
        drafts.remove(0);
        return false;
    }

    if first.number <= 1 || front.has_only_headings(body) {
        let mut ranges = std::mem::take(&mut front.ranges);
        ranges.append(&mut first.ranges);
        first.ranges = ranges;
        drafts.remove(0);

        return false;
    }

    front.number = first.number - 1;
    true
}

/// Gives every page a unique number. The first page with a number keeps it; later ones get numbers
/// after the highest, which cannot displace another page. The page in front of the first marker
/// gives its number up to a marked page.
fn make_numbers_unique(drafts: &mut [PageDraft], has_front_page: bool, warnings: &mut Vec<String>) {
    let mut used = HashSet::new();
    let mut highest = drafts.iter().map(|draft| draft.number).max().unwrap_or(0);
    let marked: HashSet<u32> = drafts.iter().skip(1).map(|draft| draft.number).collect();

    for (index, draft) in drafts.iter_mut().enumerate() {
        let gives_way = has_front_page && index == 0 && marked.contains(&draft.number);
        if !gives_way && used.insert(draft.number) {
            continue;
        }

        let marked = draft.number;
        highest = next_unused(highest, &used);
        draft.number = highest;
        used.insert(highest);

        // The label keeps the number that the document shows.
        draft.label.get_or_insert_with(|| marked.to_string());

        warnings.push(format!(
            "page {marked} is marked more than once; one of them is kept as page {highest}"
        ));
    }
}

/// Returns the number after `highest`, or the lowest unused one where the numbers are exhausted.
fn next_unused(highest: u32, used: &HashSet<u32>) -> u32 {
    match highest.checked_add(1) {
        Some(next) => next,
        None => (0..u32::MAX)
            .find(|number| !used.contains(number))
            .unwrap_or(u32::MAX),
    }
}

impl PageDraft {
    fn has_only_headings(&self, body: &str) -> bool {
        let lines = self
            .ranges
            .iter()
            .flat_map(|range| body[range.clone()].lines());

        lines
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .all(|line| line.starts_with('#'))
    }

    fn is_blank(&self, body: &str) -> bool {
        self.ranges
            .iter()
            .all(|range| body[range.clone()].trim().is_empty())
    }

    fn finish(self, body: &str) -> Page {
        let text = self.ranges.into_iter().map(|range| &body[range]).collect();
        Page {
            page: PageRef {
                number: PageNumber(self.number),
                label: self.label,
                section: None,
            },
            text,
        }
    }
}

#[cfg(test)]
mod tests;
