//! Finds running headers and footers and makes each a paragraph of its own that is no heading. No
//! word is removed: which lines are not indexed is decided when the Markdown is ingested.

mod body;
mod topics;

use std::collections::{HashMap, HashSet};

use unpdf::{Block, Document, Page, Paragraph};

pub(super) use body::body_ranges;

/// In shorter documents repetition is not significant.
const MIN_PAGES: usize = 3;

/// A line is a running line if it is at an edge of this percentage of the pages, which are most left
/// or most right pages.
const LINE_PERCENT: usize = 40;

/// A longer paragraph, in bytes, is body text even if it recurs.
const MAX_LINE_BYTES: usize = 200;

/// How many blocks at each edge of a page may be running lines.
const BLOCKS_PER_EDGE: usize = 5;

/// Separates the running lines of all pages from the text next to them.
pub(super) fn separate(document: &mut Document) {
    topics::split_headers(document);
    for edge in [Edge::Top, Edge::Bottom] {
        demote_headings(document, edge);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edge {
    Top,
    Bottom,
}

impl Edge {
    /// Returns the indices of the blocks that may be running lines, the outermost first.
    fn blocks(self, page: &Page) -> Vec<usize> {
        let is_text = |index: &usize| {
            !matches!(
                page.elements[*index],
                Block::Image { .. } | Block::HorizontalRule
            )
        };
        let all = 0..page.elements.len();
        match self {
            Self::Top => all.filter(is_text).take(BLOCKS_PER_EDGE).collect(),
            Self::Bottom => all.rev().filter(is_text).take(BLOCKS_PER_EDGE).collect(),
        }
    }

    /// Like [`blocks`](Self::blocks), but at the bottom without the first block of a page, which is
    /// its title where the rest is an image.
    fn blocks_without_title(self, page: &Page) -> Vec<usize> {
        let mut blocks = self.blocks(page);
        if self == Self::Bottom && blocks.last() == Self::Top.blocks(page).first() {
            blocks.pop();
        }
        blocks
    }
}

/// Makes paragraphs of the headings among the running lines, from the outside to the inside. Those
/// that a bookmark names become headings again when the outline is applied.
fn demote_headings(document: &mut Document, edge: Edge) {
    // The blocks of each page that were not yet found to be running lines.
    let mut blocks: Vec<Vec<usize>> = document
        .pages
        .iter()
        .map(|page| edge.blocks_without_title(page))
        .collect();
    // Whether a block is the last of its page: nothing follows that it could head.
    let mut is_last = edge == Edge::Bottom;
    loop {
        let outermost: Vec<Option<Line>> = document
            .pages
            .iter()
            .zip(&blocks)
            .map(|(page, blocks)| Line::of(&page.elements[*blocks.first()?]))
            .collect();
        let counts = count(outermost.iter().flatten().map(|line| line.masked.clone()));
        let recurring = most(counts, document, LINE_PERCENT);

        let mut found = false;
        for ((page, blocks), line) in document.pages.iter_mut().zip(&mut blocks).zip(&outermost) {
            if line.as_ref().is_some_and(|line| {
                recurring.contains(&line.masked)
                    && line.is_running(outermost.iter().flatten(), is_last)
            }) && let Block::Paragraph(paragraph) = &mut page.elements[blocks.remove(0)]
            {
                paragraph.style.heading_level = None;
                found = true;
            }
        }

        if !found {
            return;
        }
        is_last = false;
    }
}

/// A line at the edge of a page.
struct Line {
    text: String,
    /// The text with its digits masked.
    masked: String,
    heading_level: Option<u8>,
}

impl Line {
    fn of(block: &Block) -> Option<Self> {
        let paragraph = short_paragraph(block)?;
        let text = single_spaced(paragraph);
        Some(Self {
            masked: masked(&text),
            text,
            heading_level: paragraph.heading_level(),
        })
    }

    /// Reports whether a line that recurs but for its digits is a running line.
    ///
    /// A heading is one where it is identical on several pages. One that differs by a number may be
    /// the title of its page, unless most others are no headings or nothing can follow it. One that
    /// is identical to lines that are no headings is the document's title, which they repeat.
    fn is_running<'a>(&self, others: impl Iterator<Item = &'a Self>, is_last: bool) -> bool {
        if self.heading_level.is_none() {
            return true;
        }

        let alike: Vec<&Self> = others.filter(|line| line.masked == self.masked).collect();
        let count_alike = |are_headings: bool, must_be_identical: bool| {
            let lines = alike.iter().filter(|line| {
                line.heading_level.is_some() == are_headings
                    && (!must_be_identical || line.text == self.text)
            });
            lines.count()
        };

        count_alike(true, true) >= MIN_PAGES
            || count_alike(false, true) == 0
                && (is_last || count_alike(false, false) * 2 > alike.len())
    }
}

fn count(lines: impl Iterator<Item = String>) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for line in lines {
        *counts.entry(line).or_default() += 1;
    }
    counts
}

/// Returns the lines that are on at least `percent` percent of the pages.
fn most(counts: HashMap<String, usize>, document: &Document, percent: usize) -> HashSet<String> {
    let min = MIN_PAGES.max((document.pages.len() * percent).div_ceil(100));
    counts
        .into_iter()
        .filter(|(_, count)| *count >= min)
        .map(|(line, _)| line)
        .collect()
}

/// Returns a paragraph that is short enough to be a running line.
fn short_paragraph(block: &Block) -> Option<&Paragraph> {
    let Block::Paragraph(paragraph) = block else {
        return None;
    };

    let length = single_spaced(paragraph).len();
    (1..=MAX_LINE_BYTES).contains(&length).then_some(paragraph)
}

fn single_spaced(paragraph: &Paragraph) -> String {
    paragraph
        .plain_text()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// Masks the digits of a line, so that lines that differ by a page number are equal.
fn masked(line: &str) -> String {
    line.replace(|c: char| c.is_ascii_digit(), "#")
}

#[cfg(test)]
mod tests;
