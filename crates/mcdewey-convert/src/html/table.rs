//! Tables as a plain grid: one header row, no merged cells, every cell one line.

use std::sync::LazyLock;

use dom_query::{Matcher, NodeRef};

use super::blocks::{inside, named, one_line};
use super::cell::lines_of;
use super::escape::html;

static LAYOUT: LazyLock<Matcher> = LazyLock::new(|| {
    Matcher::new("[role='presentation'], [role='none'], .layout, .highlighttable, .rouge-table")
        .expect("a valid selector")
});

/// As HTML bounds a cell that goes over several columns.
const MAX_SPAN: usize = 1000;

/// Grids beyond this keep their cells unmerged: no manual has such a table, and the repeated text would not end.
const MAX_REPEATED: usize = 4 * 1024 * 1024;

struct Cell {
    lines: String,
    heading: bool,
}

struct Row {
    cells: Vec<Cell>,
    /// Stands in the table's head.
    head: bool,
}

/// Tables that only place things become plain blocks, so that headings in them are headings.
pub(super) fn unwrap_layouts(part: &NodeRef<'_>) {
    for table in named(part, &["table"]) {
        if inside(&table, &["table"]) || !is_layout(&table) {
            continue;
        }

        for piece in table.descendants().into_iter().filter(is_piece) {
            if named_above(&piece, "table").is_some_and(|above| above.id == table.id) {
                piece.rename("div");
            }
        }

        table.rename("div");
    }
}

/// Brings all tables of a part into that form.
pub(super) fn prepare(part: &NodeRef<'_>, warnings: &mut Vec<String>) {
    for table in named(part, &["table"])
        .into_iter()
        .filter(|table| !inside(table, &["table"]))
    {
        let grid = Grid::of(&table);
        if grid.unmerged {
            warnings
                .push("a table with very large merged cells shows each of them once".to_owned());
        }

        let caption = named(&table, &["caption"])
            .first()
            .map(|caption| one_line(&caption.text()))
            .filter(|text| !text.is_empty());

        let caption = caption
            .map(|text| format!("<p><strong>{}</strong></p>", html(&text)))
            .unwrap_or_default();
        table.replace_with_html(format!("{caption}{}", grid.html()));
    }
}

fn is_piece(node: &NodeRef<'_>) -> bool {
    [
        "tbody", "thead", "tfoot", "tr", "td", "th", "caption", "colgroup",
    ]
    .iter()
    .any(|name| node.has_name(name))
}

fn named_above<'a>(node: &NodeRef<'a>, name: &str) -> Option<NodeRef<'a>> {
    node.ancestors_it(None).find(|above| above.has_name(name))
}

/// Tables that only place things: one cell, or whole sections in cells.
fn is_layout(table: &NodeRef<'_>) -> bool {
    if table.is_match(&LAYOUT) {
        return true;
    }

    let cells = named(table, &["td", "th"]).len();
    let rows = named(table, &["tr"]).len();
    cells <= 1
        || (rows == 1 && !named(table, &["pre"]).is_empty())
        || !named(table, &["h1", "h2"]).is_empty()
}

struct Grid {
    rows: Vec<Row>,
    unmerged: bool,
}

impl Grid {
    fn of(table: &NodeRef<'_>) -> Self {
        let rows: Vec<NodeRef<'_>> = named(table, &["tr"])
            .into_iter()
            .filter(|row| named_above(row, "table").is_some_and(|above| above.id == table.id))
            .collect();

        let mut grid = Self {
            rows: Vec::new(),
            unmerged: false,
        };

        // What reaches down into the next rows, by column: how many more rows, and the text.
        let mut reaching: Vec<Option<(usize, String, bool)>> = Vec::new();
        let mut repeated = 0;
        for (at, row) in rows.iter().enumerate() {
            let head = row.parent().is_some_and(|parent| parent.has_name("thead"));
            let mut cells: Vec<Cell> = Vec::new();

            let below = rows.len() - at - 1;
            for cell in row
                .element_children()
                .into_iter()
                .filter(|cell| cell.has_name("td") || cell.has_name("th"))
            {
                reach_down(&mut cells, &mut reaching);
                let lines = lines_of(&cell);
                let heading = cell.has_name("th");

                let (mut down, mut across) = (
                    span(&cell, "rowspan", below + 1),
                    span(&cell, "colspan", MAX_SPAN),
                );
                repeated += (lines.len() + 16) * (down * across - 1);
                if repeated > MAX_REPEATED {
                    (down, across, grid.unmerged) = (1, 1, true);
                }

                for column in 0..across {
                    // A group's name over several columns belongs to each of them; a value stands once.
                    let lines = if column == 0 || head || heading {
                        lines.clone()
                    } else {
                        String::new()
                    };

                    if down > 1 {
                        reaching.resize_with(reaching.len().max(cells.len() + 1), || None);
                        reaching[cells.len()] = Some((down - 1, lines.clone(), heading));
                    }

                    cells.push(Cell { lines, heading });
                }
            }

            reach_down(&mut cells, &mut reaching);
            if !cells.is_empty() {
                grid.rows.push(Row { cells, head });
            }
        }

        grid
    }

    fn html(&self) -> String {
        let columns = self
            .rows
            .iter()
            .map(|row| row.cells.len())
            .max()
            .unwrap_or_default();

        let heads = self.heads();
        let body = &self.rows[heads..];
        if heads == 0
            && columns == 2
            && body
                .iter()
                .all(|row| row.cells.len() == 2 && row.cells[0].heading && !row.cells[1].heading)
        {
            return fields(body);
        }

        if columns == 1 && heads == 0 {
            let items = body
                .iter()
                .map(|row| format!("<li>{}</li>", row.cells[0].lines));
            return format!("<ul>{}</ul>", items.collect::<String>());
        }

        let mut table = String::from("<table><thead><tr>");
        for column in 0..columns {
            let mut names: Vec<&str> = Vec::new();
            for row in &self.rows[..heads] {
                let name = row.cells.get(column).map_or("", |cell| cell.lines.as_str());
                if !name.is_empty() && names.last() != Some(&name) {
                    names.push(name);
                }
            }
            table.push_str(&format!("<th>{}</th>", names.join(" / ")));
        }

        table.push_str("</tr></thead><tbody>");
        for row in body {
            table.push_str("<tr>");
            for column in 0..columns {
                table.push_str(&format!(
                    "<td>{}</td>",
                    row.cells.get(column).map_or("", |cell| cell.lines.as_str())
                ));
            }
            table.push_str("</tr>");
        }

        table.push_str("</tbody></table>");
        table
    }

    /// How many rows at the top are its head.
    fn heads(&self) -> usize {
        let stated = self.rows.iter().take_while(|row| row.head).count();
        if stated > 0 {
            return stated;
        }

        let headings = self
            .rows
            .iter()
            .take_while(|row| row.cells.iter().all(|cell| cell.heading))
            .count();

        let columns = self.rows.first().map_or(0, |row| row.cells.len());
        if columns < 2 || headings == self.rows.len() {
            headings.min(1)
        } else {
            headings
        }
    }
}

/// Cells from above that come next in this row.
fn reach_down(cells: &mut Vec<Cell>, reaching: &mut [Option<(usize, String, bool)>]) {
    while let Some(slot) = reaching.get_mut(cells.len()) {
        let Some((rows, lines, heading)) = slot else {
            break;
        };

        cells.push(Cell {
            lines: lines.clone(),
            heading: *heading,
        });
        *rows -= 1;
        if *rows == 0 {
            *slot = None;
        }
    }
}

/// Names beside their values, as a list: a table without column names would say less.
fn fields(rows: &[Row]) -> String {
    let items = rows.iter().map(|row| {
        let (name, value) = (
            row.cells[0].lines.trim_end_matches(':'),
            &row.cells[1].lines,
        );
        format!("<li><strong>{name}:</strong> {value}</li>")
    });
    format!("<ul>{}</ul>", items.collect::<String>())
}

fn span(cell: &NodeRef<'_>, name: &str, most: usize) -> usize {
    match cell
        .attr(name)
        .and_then(|span| span.trim().parse::<usize>().ok())
    {
        Some(0) if name == "rowspan" => most,
        Some(span) => span.clamp(1, most),
        None => 1,
    }
}
