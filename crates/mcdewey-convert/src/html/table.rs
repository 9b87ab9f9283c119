//! Reduces tables to what Markdown has: one header row, no merged cells, one line per cell.

use std::sync::LazyLock;

use dom_query::{Matcher, NodeRef};

use super::cell::inline_html;
use super::dom::{
    collapse_whitespace, descendants_named, has_ancestor_named, has_any_name, has_descendant_named,
};
use super::escape;

static LAYOUT: LazyLock<Matcher> = LazyLock::new(|| {
    Matcher::new("[role='presentation'], [role='none'], .layout, .highlighttable, .rouge-table")
        .expect("the selector is valid")
});

/// The limit that the HTML standard sets on `colspan`.
const MAX_COLSPAN: usize = 1000;

/// How many bytes of text merged cells may repeat in one table. Beyond that, cells are written
/// once: no manual has such a table, and the output would grow without bound.
const MAX_REPEATED_BYTES: usize = 4 * 1024 * 1024;

#[derive(Clone)]
struct Cell {
    /// Inline HTML.
    html: String,
    is_heading: bool,
}

struct Row {
    cells: Vec<Cell>,
    in_thead: bool,
}

/// A cell that continues into the rows below.
struct RowSpan {
    remaining_rows: usize,
    cell: Cell,
}

/// Turns tables used for layout into plain blocks, so that headings in them are headings.
pub(super) fn unwrap_layout_tables(content: &NodeRef<'_>) {
    for table in descendants_named(content, &["table"]) {
        if has_ancestor_named(&table, &["table"]) || !is_layout(&table) {
            continue;
        }

        for node in table.descendants() {
            if is_table_element(&node) && belongs_to(&node, &table) {
                node.rename("div");
            }
        }

        table.rename("div");
    }
}

/// Replaces all outermost tables below a node.
pub(super) fn prepare(content: &NodeRef<'_>, warnings: &mut Vec<String>) {
    for table in descendants_named(content, &["table"]) {
        if has_ancestor_named(&table, &["table"]) {
            continue;
        }

        let grid = Grid::from_table(&table);
        if grid.exceeded_repeat_limit {
            warnings.push(
                "a table has very large merged cells; their text was not repeated".to_owned(),
            );
        }

        let caption = caption(&table)
            .map(|text| format!("<p><strong>{}</strong></p>", escape::html(&text)))
            .unwrap_or_default();
        table.replace_with_html(format!("{caption}{}", grid.to_html()));
    }
}

fn caption(table: &NodeRef<'_>) -> Option<String> {
    let captions = descendants_named(table, &["caption"]);
    let text = collapse_whitespace(&captions.first()?.text());
    (!text.is_empty()).then_some(text)
}

fn is_table_element(node: &NodeRef<'_>) -> bool {
    has_any_name(
        node,
        &[
            "tbody", "thead", "tfoot", "tr", "td", "th", "caption", "colgroup",
        ],
    )
}

/// Whether this is the innermost table around a node.
fn belongs_to(node: &NodeRef<'_>, table: &NodeRef<'_>) -> bool {
    node.ancestors_it(None)
        .find(|ancestor| ancestor.has_name("table"))
        .is_some_and(|innermost| innermost.id == table.id)
}

/// Whether a table only places things: it has one cell, one row with code, or sections in cells.
fn is_layout(table: &NodeRef<'_>) -> bool {
    if table.is_match(&LAYOUT) {
        return true;
    }

    let cells = descendants_named(table, &["td", "th"]).len();
    let rows = descendants_named(table, &["tr"]).len();
    cells <= 1
        || (rows == 1 && has_descendant_named(table, &["pre"]))
        || has_descendant_named(table, &["h1", "h2"])
}

struct Grid {
    rows: Vec<Row>,
    exceeded_repeat_limit: bool,
}

impl Grid {
    fn from_table(table: &NodeRef<'_>) -> Self {
        let rows: Vec<NodeRef<'_>> = descendants_named(table, &["tr"])
            .into_iter()
            .filter(|row| belongs_to(row, table))
            .collect();

        let mut grid = Self {
            rows: Vec::new(),
            exceeded_repeat_limit: false,
        };

        // By column, the cells of earlier rows that continue into the next ones.
        let mut row_spans: Vec<Option<RowSpan>> = Vec::new();
        let mut repeated_bytes = 0;

        for (at, row) in rows.iter().enumerate() {
            let in_thead = row.parent().is_some_and(|parent| parent.has_name("thead"));
            let rows_below = rows.len() - at - 1;
            let mut cells: Vec<Cell> = Vec::new();

            for element in row
                .element_children()
                .into_iter()
                .filter(|element| has_any_name(element, &["td", "th"]))
            {
                continue_row_spans(&mut cells, &mut row_spans);
                let html = inline_html(&element);
                let is_heading = element.has_name("th");

                let mut rowspan = span(&element, "rowspan", rows_below + 1);
                let mut colspan = span(&element, "colspan", MAX_COLSPAN);
                // Each repetition counts a little by itself, so that empty cells are limited too.
                repeated_bytes += (html.len() + 16) * (rowspan * colspan - 1);
                if repeated_bytes > MAX_REPEATED_BYTES {
                    (rowspan, colspan) = (1, 1);
                    grid.exceeded_repeat_limit = true;
                }

                for column in 0..colspan {
                    // A heading over several columns belongs to each of them, but a value must not
                    // appear several times in its row.
                    let repeats = column == 0 || in_thead || is_heading;
                    let cell = Cell {
                        html: if repeats { html.clone() } else { String::new() },
                        is_heading,
                    };

                    if rowspan > 1 {
                        row_spans.resize_with(row_spans.len().max(cells.len() + 1), || None);
                        row_spans[cells.len()] = Some(RowSpan {
                            remaining_rows: rowspan - 1,
                            cell: cell.clone(),
                        });
                    }

                    cells.push(cell);
                }
            }

            continue_row_spans(&mut cells, &mut row_spans);
            if !cells.is_empty() {
                grid.rows.push(Row { cells, in_thead });
            }
        }

        grid
    }

    fn to_html(&self) -> String {
        let columns = self
            .rows
            .iter()
            .map(|row| row.cells.len())
            .max()
            .unwrap_or_default();

        let (header, body) = self.rows.split_at(self.header_rows());
        if header.is_empty() && columns == 2 && body.iter().all(is_field) {
            return field_list(body);
        }

        if header.is_empty() && columns == 1 {
            let items = body
                .iter()
                .map(|row| format!("<li>{}</li>", row.cells[0].html));
            return format!("<ul>{}</ul>", items.collect::<String>());
        }

        let mut table = String::from("<table><thead><tr>");
        for column in 0..columns {
            table.push_str(&format!("<th>{}</th>", column_name(header, column)));
        }

        table.push_str("</tr></thead><tbody>");
        for row in body {
            table.push_str("<tr>");
            for column in 0..columns {
                table.push_str(&format!("<td>{}</td>", row.html_at(column)));
            }
            table.push_str("</tr>");
        }

        table.push_str("</tbody></table>");
        table
    }

    /// The number of rows at the top that form the header.
    fn header_rows(&self) -> usize {
        let in_thead = self.rows.iter().take_while(|row| row.in_thead).count();
        if in_thead > 0 {
            return in_thead;
        }

        let of_headings = self
            .rows
            .iter()
            .take_while(|row| row.cells.iter().all(|cell| cell.is_heading))
            .count();

        let columns = self.rows.first().map_or(0, |row| row.cells.len());
        if columns < 2 || of_headings == self.rows.len() {
            of_headings.min(1)
        } else {
            of_headings
        }
    }
}

impl Row {
    /// The content of a column; empty if the row is shorter.
    fn html_at(&self, column: usize) -> &str {
        self.cells.get(column).map_or("", |cell| &cell.html)
    }
}

/// Appends the cells from earlier rows that occupy the next columns of this row.
fn continue_row_spans(cells: &mut Vec<Cell>, row_spans: &mut [Option<RowSpan>]) {
    while let Some(slot) = row_spans.get_mut(cells.len()) {
        let Some(span) = slot else { break };

        cells.push(span.cell.clone());
        span.remaining_rows -= 1;
        if span.remaining_rows == 0 {
            *slot = None;
        }
    }
}

/// The headings of a column from all header rows, without repetitions of merged ones.
fn column_name(header: &[Row], column: usize) -> String {
    let mut names: Vec<&str> = Vec::new();
    for row in header {
        let name = row.html_at(column);
        if !name.is_empty() && names.last() != Some(&name) {
            names.push(name);
        }
    }

    names.join(" / ")
}

/// Whether a row consists of a name and its value.
fn is_field(row: &Row) -> bool {
    row.cells.len() == 2 && row.cells[0].is_heading && !row.cells[1].is_heading
}

/// Writes names and values as a list, which reads better than a table without column names.
fn field_list(rows: &[Row]) -> String {
    let items = rows.iter().map(|row| {
        let name = row.cells[0].html.trim_end_matches(':');
        let value = &row.cells[1].html;
        format!("<li><strong>{name}:</strong> {value}</li>")
    });

    format!("<ul>{}</ul>", items.collect::<String>())
}

/// Parses `rowspan` or `colspan`. A `rowspan` of zero extends to the end of the table.
fn span(cell: &NodeRef<'_>, attribute: &str, max: usize) -> usize {
    match cell
        .attr(attribute)
        .and_then(|span| span.trim().parse::<usize>().ok())
    {
        Some(0) if attribute == "rowspan" => max,
        Some(span) => span.clamp(1, max),
        None => 1,
    }
}
