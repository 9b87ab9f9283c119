//! The outermost line of a page, if it can be a running line.

use std::ops::Range;

use mcdewey_core::{Page, PageRef};

/// A longer line is text that happens to be repeated.
const MAX_LINE_BYTES: usize = 120;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    Top,
    Bottom,
}

impl Edge {
    pub(super) const BOTH: [Self; 2] = [Self::Top, Self::Bottom];

    /// Returns the outermost line with text in `range`.
    pub(super) fn outermost_line(self, page: &str, range: &Range<usize>) -> Option<Range<usize>> {
        let text = &page[range.clone()];
        let (start, end) = match self {
            Self::Top => {
                let start = text.len() - text.trim_start().len();
                let end = text[start..].find('\n').map_or(text.len(), |at| start + at);
                (start, end)
            }
            Self::Bottom => {
                let end = text.trim_end().len();
                let start = text[..end].rfind('\n').map_or(0, |at| at + 1);
                (start, end)
            }
        };

        (start < end).then(|| range.start + start..range.start + end)
    }

    pub(super) fn strip(self, range: &mut Range<usize>, line: &Range<usize>) {
        match self {
            Self::Top => range.start = line.end,
            Self::Bottom => range.end = line.start,
        }
    }

    /// Undoes all calls of [`strip`](Self::strip) for this edge.
    pub(super) fn restore(self, range: &mut Range<usize>, unstripped: &Range<usize>) {
        match self {
            Self::Top => range.start = unstripped.start,
            Self::Bottom => range.end = unstripped.end,
        }
    }

    /// Returns the line next to `line` on the inside, which is empty if there is a gap.
    fn neighbour<'a>(self, page: &'a str, line: &Range<usize>) -> &'a str {
        match self {
            Self::Top => page[line.end..].lines().nth(1).unwrap_or_default(),
            Self::Bottom => page[..line.start].lines().next_back().unwrap_or_default(),
        }
    }
}

/// A line at an edge of a page that is neither too long nor part of a table or a code block.
#[derive(Debug)]
pub(super) struct EdgeLine<'a> {
    pub(super) edge: Edge,
    pub(super) page: &'a PageRef,
    pub(super) range: Range<usize>,
    /// Without white space around it.
    pub(super) text: &'a str,
}

impl<'a> EdgeLine<'a> {
    /// Returns the outermost line of what is left of a page.
    pub(super) fn find(edge: Edge, page: &'a Page, rest: &Range<usize>) -> Option<Self> {
        let range = edge.outermost_line(&page.text, rest)?;
        let line = &page.text[range.clone()];
        let text = line.trim();
        let is_text = text.len() > MAX_LINE_BYTES
            || text.starts_with(['|', '`', '~'])
            || share_columns(line, edge.neighbour(&page.text, &range));

        (!is_text).then_some(Self {
            edge,
            page: &page.page,
            range,
            text,
        })
    }

    pub(super) fn is_heading(&self) -> bool {
        self.text.starts_with('#')
    }
}

/// Reports whether two lines are rows of a table without borders: whether a cell starts at the same
/// column in both, behind a gap.
fn share_columns(line: &str, neighbour: &str) -> bool {
    let columns = columns_after_gaps(neighbour);
    columns_after_gaps(line)
        .iter()
        .any(|column| columns.contains(column))
}

/// Returns the columns at which text starts behind at least two spaces or a tab inside the line.
fn columns_after_gaps(line: &str) -> Vec<usize> {
    let mut columns = Vec::new();
    let mut gap = 0;
    let mut has_text = false;
    for (column, c) in line.chars().enumerate() {
        if c.is_whitespace() {
            gap += if c == '\t' { 2 } else { 1 };
            continue;
        }
        if has_text && gap >= 2 {
            columns.push(column);
        }
        has_text = true;
        gap = 0;
    }

    columns
}
