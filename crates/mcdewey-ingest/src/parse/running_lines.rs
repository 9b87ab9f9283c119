//! Finds running headers and footers: lines that stand at the top or bottom of most pages and are
//! identical but for a page number. They stay in the page's text but are excluded from its chunks.
//!
//! Where it is unclear whether a line is a running line, it is indexed: a page number in a chunk
//! costs little, but a page cannot be found by a title that is not indexed.

mod candidate;
mod line;
mod numbers;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use mcdewey_core::Page;
use regex::Regex;

use candidate::{Candidate, Certainty, candidates};
use line::{Edge, EdgeLine};

/// With fewer pages, repetition is not significant.
const MIN_PAGES: usize = 3;

/// The maximum number of lines in a header or footer. A longer repetition is a form.
const MAX_LINES: usize = 5;

/// Header and footer comments, which one of the converters writes next to its page markers.
static COMMENT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^<!--\s*Page(?:Header|Footer)\s*=.*-->$").expect("a valid pattern")
});

/// Returns for each page the byte range of its text without running headers and footers.
pub(crate) fn content_ranges(pages: &[Page]) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = pages.iter().map(|page| 0..page.text.len()).collect();
    strip_comments(pages, &mut ranges);
    let without_comments = ranges.clone();

    let mut stripper = Stripper::new(pages, ranges);
    stripper.strip_running_lines();

    // If most pages would have no text left, the repeated lines are what the document consists of.
    if count_with_text(pages, &stripper.ranges) * 2 < count_with_text(pages, &without_comments) {
        without_comments
    } else {
        stripper.ranges
    }
}

fn count_with_text(pages: &[Page], ranges: &[Range<usize>]) -> usize {
    pages
        .iter()
        .zip(ranges)
        .filter(|(page, range)| page.text[(*range).clone()].contains(char::is_alphabetic))
        .count()
}

fn strip_comments(pages: &[Page], ranges: &mut [Range<usize>]) {
    for (Page { text, .. }, range) in pages.iter().zip(ranges) {
        for edge in Edge::BOTH {
            while let Some(line) = edge
                .outermost_line(text, range)
                .filter(|line| COMMENT.is_match(text[line.clone()].trim()))
            {
                edge.strip(range, &line);
            }
        }
    }
}

/// Strips running lines from all pages, from the outside to the inside.
struct Stripper<'a> {
    pages: &'a [Page],
    /// What is left of each page.
    ranges: Vec<Range<usize>>,
    /// Whether a line with a page number was stripped from the page. A page has one number, so
    /// another number that counts the pages is text.
    numbered: Vec<bool>,
}

impl<'a> Stripper<'a> {
    fn new(pages: &'a [Page], ranges: Vec<Range<usize>>) -> Self {
        Self {
            pages,
            numbered: vec![false; ranges.len()],
            ranges,
        }
    }

    fn strip_running_lines(&mut self) {
        let unstripped = self.ranges.clone();
        for _ in 0..MAX_LINES {
            if !self.strip_one_line() {
                return;
            }
        }

        // More lines repeat than a header has, so these are forms.
        for edge in Edge::BOTH {
            if !self.running_lines(edge, Certainty::Certain).is_empty() {
                for (range, unstripped) in self.ranges.iter_mut().zip(&unstripped) {
                    edge.restore(range, unstripped);
                }
            }
        }
    }

    /// Strips one line from each edge that has a running line. Lines that may be text are only
    /// considered where nothing else is left to strip, those at the bottom first, where most
    /// documents print their page numbers. Reports whether it stripped any.
    fn strip_one_line(&mut self) -> bool {
        let at_top = self.strip_edge(Edge::Top, Certainty::Certain);
        let at_bottom = self.strip_edge(Edge::Bottom, Certainty::Certain);
        at_top
            || at_bottom
            || self.strip_edge(Edge::Bottom, Certainty::IfMirrored)
            || self.strip_edge(Edge::Top, Certainty::IfMirrored)
    }

    fn strip_edge(&mut self, edge: Edge, least: Certainty) -> bool {
        let running = self.running_lines(edge, least);
        for (index, candidate) in &running {
            edge.strip(&mut self.ranges[*index], &candidate.range);
            self.numbered[*index] |= candidate.number.is_some();
        }

        !running.is_empty()
    }

    /// Returns the outermost lines that are running lines with at least this certainty, with the
    /// indices of their pages.
    fn running_lines(&self, edge: Edge, least: Certainty) -> Vec<(usize, Candidate)> {
        let mut groups: HashMap<String, Vec<(usize, Candidate)>> = HashMap::new();
        for (index, page) in self.pages.iter().enumerate() {
            let Some(line) = EdgeLine::find(edge, page, &self.ranges[index]) else {
                continue;
            };

            for candidate in candidates(&line) {
                let is_allowed = candidate.number.is_none() || !self.numbered[index];
                if is_allowed && candidate.certainty <= least {
                    let group = groups.entry(candidate.pattern.clone()).or_default();
                    group.push((index, candidate));
                }
            }
        }

        let total = PageCounts::of(self.pages.iter());
        let mut running: Vec<(usize, Candidate)> = groups
            .into_values()
            .flat_map(|group| self.majority(candidate::keep_counting(self.pages, group), &total))
            .collect();

        // A line may be repeated in two ways; either is a reason to strip it, but only once.
        running.sort_by_key(|(index, candidate)| (*index, candidate.number.is_some()));
        running.dedup_by_key(|(index, _)| *index);
        running
    }

    /// Returns those lines of a group that stand on most pages, or on most pages of one side.
    fn majority(
        &self,
        group: Vec<(usize, Candidate)>,
        total: &PageCounts,
    ) -> Vec<(usize, Candidate)> {
        let counts = PageCounts::of(group.iter().map(|(index, _)| &self.pages[*index]));
        group
            .into_iter()
            .filter(|(index, _)| counts.is_majority_of(total, &self.pages[*index]))
            .collect()
    }
}

/// Counts of even-numbered and of odd-numbered pages. They are kept apart because books print one
/// header on left pages and another on right pages.
#[derive(Default)]
struct PageCounts([usize; 2]);

impl PageCounts {
    fn of<'a>(pages: impl Iterator<Item = &'a Page>) -> Self {
        let mut counts = Self::default();
        for page in pages {
            counts.0[Self::parity(page)] += 1;
        }
        counts
    }

    fn parity(page: &Page) -> usize {
        page.page.number.0 as usize % 2
    }

    /// Reports whether these are at least half of all pages, or of the pages with the parity of
    /// `page`.
    fn is_majority_of(&self, total: &Self, page: &Page) -> bool {
        let parity = Self::parity(page);
        is_majority(self.0.iter().sum(), total.0.iter().sum())
            || is_majority(self.0[parity], total.0[parity])
    }
}

fn is_majority(count: usize, total: usize) -> bool {
    count >= MIN_PAGES && count * 2 >= total
}

#[cfg(test)]
mod tests;
