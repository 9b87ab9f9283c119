//! Writes tables as HTML with merged cells, from Word's grid of columns.

use super::blocks::{Blocks, Place};
use super::body::{Walk, alternative};
use super::xml::Element;

/// The limit that the HTML standard sets on columns that a cell spans.
const MAX_SPAN: usize = 1000;

#[derive(Default)]
struct Row<'e> {
    is_header: bool,
    cells: Vec<Cell<'e>>,
}

struct Cell<'e> {
    /// `None` for columns that the row leaves out.
    content: Option<&'e Element>,
    /// The first column of the grid.
    column: usize,
    columns: usize,
    /// Whether the cell continues the one above it.
    continues: bool,
}

impl Walk<'_> {
    pub(super) fn table(&mut self, table: &Element, out: &mut Blocks) {
        let mut rows = Vec::new();
        collect_rows(table, &mut rows);
        // A table of one cell is a frame around text.
        if let [row] = rows.as_slice()
            && let [cell] = row.cells.as_slice()
            && let Some(content) = cell.content
        {
            self.blocks(content, out);
            self.flush_carried(out);
            return;
        }

        let has_marked_header = rows.iter().any(|row| row.is_header);
        let mut html = String::from("<table>");
        for (index, row) in rows.iter().enumerate() {
            // Few authors mark the header row; where none is marked, it is the first.
            let is_header = row.is_header || (!has_marked_header && index == 0 && rows.len() > 1);
            let element = if is_header { "th" } else { "td" };

            html.push_str("<tr>");
            for cell in row.cells.iter().filter(|cell| !cell.continues) {
                let span = rows_spanned(&rows[index + 1..], cell.column);
                html.push_str(&format!(
                    "<{element} colspan=\"{}\" rowspan=\"{span}\">{}</{element}>",
                    cell.columns,
                    self.cell(cell)
                ));
            }
            html.push_str("</tr>");
        }

        html.push_str("</table>");
        if !rows.is_empty() {
            out.block(&html);
        }
    }

    fn cell(&mut self, cell: &Cell<'_>) -> String {
        let mut out = Blocks::new(Place::Cell);
        if let Some(content) = cell.content {
            self.blocks(content, &mut out);
            self.flush_carried(&mut out);
        }

        out.finish()
    }
}

/// Collects the rows below an element, without those that a reviewer deleted.
fn collect_rows<'e>(parent: &'e Element, rows: &mut Vec<Row<'e>>) {
    for element in parent.elements() {
        match element.name() {
            "w:tr" => {
                let properties = element.child("w:trPr");
                let deleted =
                    properties.is_some_and(|properties| properties.child("w:del").is_some());
                if !deleted {
                    rows.push(read_row(element, properties));
                }
            }
            "mc:AlternateContent" => {
                if let Some(chosen) = alternative(element) {
                    collect_rows(chosen, rows);
                }
            }
            name if name.ends_with("Pr") || name == "w:del" => {}
            _ => collect_rows(element, rows),
        }
    }
}

fn read_row<'e>(element: &'e Element, properties: Option<&'e Element>) -> Row<'e> {
    let skipped = |name| {
        properties
            .and_then(|properties| properties.number(name))
            .unwrap_or(0)
            .min(MAX_SPAN)
    };

    let mut row = Row {
        is_header: properties.and_then(|properties| properties.toggle("w:tblHeader")) == Some(true),
        cells: Vec::new(),
    };
    row.skip(skipped("w:gridBefore"));
    collect_cells(element, &mut row);
    row.skip(skipped("w:gridAfter"));
    row
}

fn collect_cells<'e>(parent: &'e Element, row: &mut Row<'e>) {
    for element in parent.elements() {
        match element.name() {
            "w:tc" => row.add(element),
            name if name.ends_with("Pr") => {}
            _ => collect_cells(element, row),
        }
    }
}

impl<'e> Row<'e> {
    fn next_column(&self) -> usize {
        self.cells
            .last()
            .map_or(0, |last| last.column + last.columns)
    }

    /// Leaves out columns.
    fn skip(&mut self, columns: usize) {
        if columns > 0 {
            self.cells.push(Cell {
                content: None,
                column: self.next_column(),
                columns,
                continues: false,
            });
        }
    }

    fn add(&mut self, element: &'e Element) {
        let properties = element.child("w:tcPr");
        let property = |name| properties.and_then(|properties| properties.child(name));
        let columns = properties
            .and_then(|properties| properties.number("w:gridSpan"))
            .unwrap_or(1)
            .clamp(1, MAX_SPAN);
        let continues =
            |name| property(name).is_some_and(|merge| merge.attribute("w:val") != Some("restart"));

        // A cell that continues another is empty; if it is not, its text must not be lost.
        let is_empty = element.text_of("w:t").trim().is_empty();
        if is_empty
            && continues("w:hMerge")
            && let Some(last) = self.cells.last_mut()
        {
            last.columns = (last.columns + columns).min(MAX_SPAN);
            return;
        }

        self.cells.push(Cell {
            content: Some(element).filter(|_| property("w:cellDel").is_none()),
            column: self.next_column(),
            columns,
            continues: is_empty && continues("w:vMerge"),
        });
    }
}

/// Counts the rows that a cell extends over, which continue it below.
fn rows_spanned(below: &[Row<'_>], column: usize) -> usize {
    let continued = below.iter().take_while(|row| {
        row.cells
            .binary_search_by_key(&column, |cell| cell.column)
            .is_ok_and(|at| row.cells[at].continues)
    });
    continued.count() + 1
}
