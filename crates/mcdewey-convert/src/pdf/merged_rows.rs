//! Tables whose rows are lines of text without rules between them. Where such a table has a frame
//! or column rules, `unpdf` takes all its rows for one.

use unpdf::Block;

use super::page_text::{PageText, lines, segments};
use super::rewrite;

/// Cells that make a line a row.
const MIN_CELLS: usize = 3;

/// So many more lines than rows show that rows were merged.
const MIN_MERGED: usize = 4;

/// The share of the rows that begin or end with an amount, a date or an identifier. Lines of cells
/// with running text do not.
const MIN_NUMBERED: f32 = 0.8;

/// Reports whether the tables among the blocks of a page have fewer rows than are drawn.
pub(super) fn are_merged(drawn: &PageText, blocks: &[Block]) -> bool {
    let (rows, numbered) = drawn_rows(drawn);
    rows >= row_count(blocks) + MIN_MERGED
        && numbered as f32 >= MIN_NUMBERED * rows as f32
        && !drawn.rules.is_empty()
}

/// Reads a page by its white space. Returns nothing if that gives no more rows.
pub(super) fn read_without_rules(drawn: &PageText, blocks: &[Block]) -> Option<Vec<Block>> {
    let unruled = PageText {
        rules: Vec::new(),
        ..drawn.clone()
    };
    let read = rewrite::structure(&[unruled]).pop()?;
    (row_count(&read) > row_count(blocks)).then_some(read)
}

/// Returns how many lines have several cells, and how many of them begin or end with a number.
fn drawn_rows(drawn: &PageText) -> (usize, usize) {
    let has_digit = |text: &str| text.chars().any(|c| c.is_ascii_digit());
    let mut counts = (0, 0);
    for line in lines(&drawn.glyphs) {
        let cells = segments(&line);
        let [first, .., last] = cells.as_slice() else {
            continue;
        };
        if cells.len() >= MIN_CELLS {
            counts.0 += 1;
            counts.1 += usize::from(has_digit(&first.text()) || has_digit(&last.text()));
        }
    }
    counts
}

/// Returns how many rows of tables have several cells that are not empty.
pub(super) fn row_count(blocks: &[Block]) -> usize {
    let tables = blocks.iter().filter_map(|block| match block {
        Block::Table(table) => Some(table),
        _ => None,
    });
    tables
        .flat_map(|table| &table.rows)
        .filter(|row| row.cells.iter().filter(|cell| !cell.is_empty()).count() >= MIN_CELLS)
        .count()
}

#[cfg(test)]
mod tests {
    use unpdf::model::{Table, TableRow};

    use super::super::page_text::samples::{glyphs, page};
    use super::super::page_text::{Glyph, Rule};
    use super::*;

    /// A page with a frame around rows of cells.
    fn framed(rows: &[[String; 3]]) -> PageText {
        let row = |(index, cells): (usize, &[String; 3])| -> Vec<Glyph> {
            let y = 700.0 - 16.0 * index as f32;
            let places = cells.iter().zip([60.0, 150.0, 400.0]);
            places
                .flat_map(|(cell, x)| glyphs(cell, x, y, 10.0))
                .collect()
        };
        let mut drawn = page(rows.iter().enumerate().flat_map(row).collect());
        drawn.rules = [712.0, 400.0]
            .map(|y| Rule {
                left: 55.0,
                bottom: y,
                right: 450.0,
                top: y,
            })
            .to_vec();
        drawn
    }

    /// A table that has all rows in one.
    fn merged(rows: &[[String; 3]]) -> Vec<Block> {
        let column = |index: usize| {
            let cells: Vec<&str> = rows.iter().map(|row| row[index].as_str()).collect();
            cells.join(" ")
        };
        let mut table = Table::new();
        table.add_row(TableRow::from_strings([column(0), column(1), column(2)]));
        vec![Block::Table(table)]
    }

    #[test]
    fn merged_rows_are_read_by_their_white_space() {
        let rows: Vec<[String; 3]> = (0..9)
            .map(|row| {
                let number = 7000 + 13 * row;
                [
                    format!("PN-{number}"),
                    "Filter mat".to_owned(),
                    format!("{row}.50"),
                ]
            })
            .collect();
        let (drawn, blocks) = (framed(&rows), merged(&rows));
        assert!(are_merged(&drawn, &blocks));

        let read = read_without_rules(&drawn, &blocks).unwrap();
        assert_eq!(row_count(&read), rows.len());
        assert!(!are_merged(&drawn, &read));
    }

    #[test]
    fn cells_of_running_text_are_not_merged_rows() {
        let line = || {
            [
                "the door of".to_owned(),
                "a cabinet is".to_owned(),
                "open".to_owned(),
            ]
        };
        let rows: Vec<[String; 3]> = (0..9).map(|_| line()).collect();
        assert!(!are_merged(&framed(&rows), &merged(&rows)));
    }
}
