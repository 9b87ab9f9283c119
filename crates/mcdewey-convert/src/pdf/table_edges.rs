//! Lines of text above and below a table. Where a table has no outer rules, `unpdf` takes the line
//! before it for its header and the line after it for its last row.

use unpdf::model::{Table, TableRow};
use unpdf::{Block, Document, InlineContent, Paragraph};

/// Rows that are left of a table, its header included.
const MIN_ROWS: usize = 2;

/// A line of text is longer than a cell, in characters.
const MIN_LINE: usize = 40;

/// A line of text is at least this many times as long as any cell of the first column.
const LONGER_THAN_CELLS: f32 = 1.5;

/// Makes paragraphs of the lines of text that were taken for rows.
pub(super) fn separate(document: &mut Document) {
    for page in &mut document.pages {
        page.elements = std::mem::take(&mut page.elements)
            .into_iter()
            .flat_map(|block| match block {
                Block::Table(table) => separate_table(table),
                other => vec![other],
            })
            .collect();
    }
}

fn separate_table(mut table: Table) -> Vec<Block> {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    while table.rows.len() > MIN_ROWS && is_line(&table, 0) {
        before.push(paragraph(table.rows.remove(0)));
        if let Some(header) = table.rows.first_mut() {
            header.is_header = true;
        }
    }
    while table.rows.len() > MIN_ROWS && is_line(&table, table.rows.len() - 1) {
        after.extend(table.rows.pop().map(paragraph));
    }
    after.reverse();

    before.push(Block::Table(table));
    before.extend(after);
    before
}

/// Reports whether a row has nothing but one text, which is longer than the cells below or above.
fn is_line(table: &Table, index: usize) -> bool {
    let length = |row: &TableRow| {
        let text = row
            .cells
            .first()
            .map_or_else(String::new, |cell| cell.plain_text());
        text.trim().chars().count()
    };
    let row = &table.rows[index];
    let alone = row.cells.len() > 1 && row.cells.iter().skip(1).all(|cell| cell.is_empty());
    let others = table.rows.iter().enumerate();
    let longest = others
        .filter(|(other, _)| *other != index)
        .filter(|(_, row)| row.cells.iter().skip(1).any(|cell| !cell.is_empty()))
        .map(|(_, row)| length(row))
        .max()
        .unwrap_or(usize::MAX);
    alone && length(row) >= MIN_LINE && length(row) as f32 >= LONGER_THAN_CELLS * longest as f32
}

fn paragraph(row: TableRow) -> Block {
    let content = row
        .cells
        .into_iter()
        .flat_map(|cell| cell.content)
        .flat_map(|paragraph| paragraph.content)
        .filter(|inline| !matches!(inline, InlineContent::LineBreak));
    let mut paragraph = Paragraph::new();
    paragraph.content = content.collect();
    Block::Paragraph(paragraph)
}

#[cfg(test)]
mod tests {
    use unpdf::Page;

    use super::*;

    /// The blocks of a page with a table of these rows: tables as the number of their rows.
    fn separated(rows: &[[&str; 2]]) -> Vec<String> {
        let mut table = Table::with_header(1);
        for row in rows {
            table.add_row(TableRow::from_strings(row.iter().copied()));
        }
        let mut page = Page::new(1, 600.0, 800.0);
        page.elements.push(Block::Table(table));
        let mut document = Document::new();
        document.add_page(page);

        separate(&mut document);
        document.pages[0]
            .elements
            .iter()
            .map(|block| match block {
                Block::Table(table) => format!("{} rows", table.row_count()),
                Block::Paragraph(paragraph) => paragraph.plain_text(),
                _ => String::new(),
            })
            .collect()
    }

    #[test]
    fn lines_of_text_around_a_table_are_paragraphs() {
        let before = "The following parts are kept on the shelf in the workshop.";
        let after = "Order further parts before the shelf of the workshop is empty.";
        let rows = [
            [before, ""],
            ["Part", "Use"],
            ["PN-7013", "Filter mat"],
            [after, ""],
        ];
        assert_eq!(separated(&rows), [before, "2 rows", after]);
    }

    #[test]
    fn rows_with_empty_cells_stay() {
        let rows = [["Part", ""], ["PN-7013", "Filter mat"], ["PN-7026", ""]];
        assert_eq!(separated(&rows), ["3 rows"]);

        let long = "A part whose name is as long as a whole line of running text";
        let rows = [["Part", "Use"], [long, "Filter mat"], [long, ""]];
        assert_eq!(separated(&rows), ["3 rows"]);
    }
}
