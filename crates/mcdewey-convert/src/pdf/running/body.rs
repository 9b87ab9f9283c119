//! Finds what is between the running lines of a page, to tell what is next to a page break.

use std::ops::Range;

use unpdf::{Block, Document, Page};

use super::{Edge, Line};

/// Returns for each page the range of its blocks without running lines. Unlike elsewhere, a line is
/// one if it recurs on a page nearby, because a document of two pages may have a table on both.
pub(in super::super) fn body_ranges(document: &Document) -> Vec<Range<usize>> {
    let body_range = |number: usize| {
        let first = first_of_body(&document.pages, number, Edge::Top);
        let last = first_of_body(&document.pages, number, Edge::Bottom);
        match (first, last) {
            (Some(first), Some(last)) if first <= last => first..last + 1,
            _ => 0..0,
        }
    };
    (0..document.pages.len()).map(body_range).collect()
}

/// Returns the outermost block of a page that is no running line.
fn first_of_body(pages: &[Page], number: usize, edge: Edge) -> Option<usize> {
    let page = &pages[number];
    edge.blocks(page)
        .into_iter()
        .find(|index| !recurs_nearby(pages, number, edge, &page.elements[*index]))
}

/// Reports whether a line recurs at an edge of the pages before or after its own, or of those on the
/// same side, or is only a page number.
fn recurs_nearby(pages: &[Page], number: usize, edge: Edge, block: &Block) -> bool {
    let Some(line) = Line::of(block) else {
        return false;
    };

    let has_line = |page: &Page| {
        edge.blocks(page)
            .into_iter()
            .filter_map(|index| Line::of(&page.elements[index]))
            .any(|other| other.masked == line.masked)
    };
    let before = pages[number.saturating_sub(2)..number].iter();
    let after = pages[number + 1..].iter().take(2);
    !line.masked.contains(char::is_alphanumeric) || before.chain(after).any(has_line)
}
