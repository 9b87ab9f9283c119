//! Tables over several pages. The parser takes the first row of each page's part for a header. A
//! part that continues a table gets the header of the part before it, and its own first row becomes
//! a row like the others.

use std::ops::Range;

use unpdf::model::{Table, TableCell, TableRow};
use unpdf::{Block, Document, InlineContent, Page};

use super::running;

/// Column widths, in points, that differ by less are equal. Columns without rules between them are
/// as wide as their text.
const WIDTH_TOLERANCE: f32 = 12.0;

/// The same as a share of the width.
const WIDTH_SHARE: f32 = 0.15;

/// Longer paragraphs, in bytes, do not announce the continuation of a table.
const MAX_CAPTION_BYTES: usize = 120;

/// Repeats the header of each table that goes on over a page break.
pub(super) fn repeat_headers(document: &mut Document) {
    let bodies = running::body_ranges(document);
    for number in 1..document.pages.len() {
        let (before, after) = document.pages.split_at_mut(number);
        let (Some(previous), Some(page)) = (before.last(), after.first_mut()) else {
            continue;
        };

        let Some(table) = last_table(previous, &bodies[number - 1]) else {
            continue;
        };
        let Some(continuation) = first_table(page, &bodies[number]) else {
            continue;
        };

        if continues(table, continuation) {
            prepend_header(header(table), continuation);
        }
    }
}

fn last_table<'a>(page: &'a Page, body: &Range<usize>) -> Option<&'a Table> {
    match page.elements.get(body.clone())?.last()? {
        Block::Table(table) => Some(table),
        _ => None,
    }
}

/// Returns the table that a page begins with, maybe below a line such as "Table 3 (continued)".
fn first_table<'a>(page: &'a mut Page, body: &Range<usize>) -> Option<&'a mut Table> {
    let first = page
        .elements
        .get_mut(body.clone())?
        .iter_mut()
        .find(|block| !announces_continuation(block))?;
    match first {
        Block::Table(table) => Some(table),
        _ => None,
    }
}

fn announces_continuation(block: &Block) -> bool {
    let Block::Paragraph(paragraph) = block else {
        return false;
    };

    let text = paragraph.plain_text().to_lowercase();
    text.len() <= MAX_CAPTION_BYTES
        && [
            "continued",
            "cont'd",
            "cont’d",
            "(cont.)",
            "fortsetzung",
            "(suite)",
        ]
        .iter()
        .any(|word| text.contains(word))
}

/// Reports whether `second` is a part of the table `first` that has no header of its own.
fn continues(first: &Table, second: &Table) -> bool {
    let columns = first.column_count();
    if columns < 2 || second.column_count() != columns || !have_equal_columns(first, second) {
        return false;
    }

    let Some(first_row) = second.rows.first() else {
        return false;
    };
    !repeats_header(first, second) && !is_header_like(first_row, first)
}

/// Compares the widths of all columns but the last, which may end with its longest text.
fn have_equal_columns(first: &Table, second: &Table) -> bool {
    let (Some(first), Some(second)) = (&first.column_widths, &second.column_widths) else {
        return true;
    };

    let compared = first.len().saturating_sub(1);
    first
        .iter()
        .zip(second)
        .take(compared)
        .all(|(first, second)| (first - second).abs() <= WIDTH_TOLERANCE.max(first * WIDTH_SHARE))
}

fn header(table: &Table) -> &[TableRow] {
    &table.rows[..usize::from(table.header_rows).max(1).min(table.rows.len())]
}

fn repeats_header(first: &Table, second: &Table) -> bool {
    let words = |row: &TableRow| {
        let text = row.plain_text().to_lowercase();
        text.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    header(first).first().map(words) == second.rows.first().map(words)
}

/// Reports whether a row looks like the header of `table` and unlike its other rows: by bold type,
/// or else by the columns that have numbers in the body only.
fn is_header_like(row: &TableRow, table: &Table) -> bool {
    let body = &table.rows[header(table).len()..];
    if header(table).iter().all(is_bold) && !body.iter().all(is_bold) {
        return is_bold(row);
    }

    let has_digit = |row: &TableRow, column: usize| {
        row.cells
            .get(column)
            .is_some_and(|cell| cell.plain_text().contains(|c: char| c.is_ascii_digit()))
    };
    let numeric: Vec<usize> = (0..table.column_count())
        .filter(|column| {
            let rows_with_digit = body.iter().filter(|row| has_digit(row, *column)).count();
            !body.is_empty()
                && rows_with_digit == body.len()
                && !header(table).iter().any(|row| has_digit(row, *column))
        })
        .collect();
    !numeric.is_empty()
        && numeric.iter().all(|column| {
            // The rest of a row that began on the page before may have no number.
            let cell = row.cells.get(*column);
            cell.is_some_and(|cell| !cell.is_empty()) && !has_digit(row, *column)
        })
}

/// Reports whether all text of a row is bold.
fn is_bold(row: &TableRow) -> bool {
    let mut texts = row.cells.iter().flat_map(runs).peekable();
    texts.peek().is_some() && texts.all(|is_bold| is_bold)
}

/// Returns for each run with text in a cell whether it is bold.
fn runs(cell: &TableCell) -> impl Iterator<Item = bool> {
    cell.content
        .iter()
        .flat_map(|paragraph| &paragraph.content)
        .filter_map(|content| match content {
            InlineContent::Text(run) => (!run.text.trim().is_empty()).then_some(run.style.bold),
            InlineContent::Link { style, .. } => Some(style.bold),
            _ => None,
        })
}

fn prepend_header(header: &[TableRow], table: &mut Table) {
    for row in &mut table.rows {
        row.is_header = false;
    }
    table.header_rows = header.len() as u8;
    table.rows.splice(0..0, header.iter().cloned());
}

#[cfg(test)]
mod tests;
