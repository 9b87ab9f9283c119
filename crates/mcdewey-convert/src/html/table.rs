//! Tables as a plain grid: one header row, no merged cells, every cell one line.

use std::sync::LazyLock;

use dom_query::{Matcher, NodeRef};

use super::blocks::{inside, named, one_line};
use super::escape::html;

static LAYOUT: LazyLock<Matcher> = LazyLock::new(|| {
    Matcher::new("[role='presentation'], [role='none'], .layout, .highlighttable, .rouge-table")
        .expect("a valid selector")
});

/// As HTML bounds a cell that goes over several columns.
const MAX_SPAN: usize = 1000;

/// Grids beyond this keep their cells unmerged: no manual has such a table, and the repeated text would not end.
const MAX_REPEATED: usize = 4 * 1024 * 1024;

/// Elements that begin a line of their own.
const BLOCKS: [&str; 21] = [
    "p",
    "div",
    "ul",
    "ol",
    "li",
    "dl",
    "dt",
    "dd",
    "blockquote",
    "section",
    "article",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "figure",
    "figcaption",
    "details",
];

/// Elements that stay what they are inside of a line.
const INLINE: [&str; 8] = ["a", "b", "strong", "em", "i", "sub", "sup", "del"];

struct Cell {
    lines: String,
    heading: bool,
}

struct Row {
    cells: Vec<Cell>,
    /// Stands in the table's head.
    head: bool,
}

/// Brings all tables of a part into that form.
pub(super) fn prepare(part: &NodeRef<'_>, warnings: &mut Vec<String>) {
    for table in named(part, &["table"]) {
        if inside(&table, &["table"]) || !table.is_element() {
            continue;
        }
        if is_layout(&table) {
            for piece in table.descendants().into_iter().filter(|node| is_piece(node)) {
                if named_above(&piece, "table").is_some_and(|above| above.id == table.id) {
                    piece.rename("div");
                }
            }
            table.rename("div");
            continue;
        }
        let grid = Grid::of(&table);
        if grid.unmerged {
            warnings.push("a table with very large merged cells shows each of them once".to_owned());
        }
        let caption = named(&table, &["caption"])
            .first()
            .map(|caption| one_line(&caption.text()))
            .filter(|text| !text.is_empty());
        let caption = caption.map(|text| format!("<p><strong>{}</strong></p>", html(&text))).unwrap_or_default();
        table.replace_with_html(format!("{caption}{}", grid.html()));
    }
}

fn is_piece(node: &NodeRef<'_>) -> bool {
    ["tbody", "thead", "tfoot", "tr", "td", "th", "caption", "colgroup"].iter().any(|name| node.has_name(name))
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
    cells <= 1 || (rows == 1 && !named(table, &["pre"]).is_empty()) || !named(table, &["h1", "h2"]).is_empty()
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
        let mut grid = Self { rows: Vec::new(), unmerged: false };
        // What reaches down into the next rows, by column: how many more rows, and the text.
        let mut reaching: Vec<Option<(usize, String, bool)>> = Vec::new();
        let mut repeated = 0;
        for (at, row) in rows.iter().enumerate() {
            let head = row.parent().is_some_and(|parent| parent.has_name("thead"));
            let mut cells: Vec<Cell> = Vec::new();
            let below = rows.len() - at - 1;
            for cell in row.element_children().into_iter().filter(|cell| cell.has_name("td") || cell.has_name("th")) {
                reach_down(&mut cells, &mut reaching);
                let lines = lines_of(&cell);
                let heading = cell.has_name("th");
                let (mut down, mut across) = (span(&cell, "rowspan", below + 1), span(&cell, "colspan", MAX_SPAN));
                repeated += (lines.len() + 16) * (down * across - 1);
                if repeated > MAX_REPEATED {
                    (down, across, grid.unmerged) = (1, 1, true);
                }
                for column in 0..across {
                    // A group's name over several columns belongs to each of them; a value stands once.
                    let lines = if column == 0 || head || heading { lines.clone() } else { String::new() };
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
        let columns = self.rows.iter().map(|row| row.cells.len()).max().unwrap_or_default();
        let heads = self.heads();
        let body = &self.rows[heads..];
        if heads == 0
            && columns == 2
            && body.iter().all(|row| row.cells.len() == 2 && row.cells[0].heading && !row.cells[1].heading)
        {
            return fields(body);
        }
        if columns == 1 && heads == 0 {
            let items = body.iter().map(|row| format!("<li>{}</li>", row.cells[0].lines));
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
                table.push_str(&format!("<td>{}</td>", row.cells.get(column).map_or("", |cell| cell.lines.as_str())));
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
        usize::from(
            self.rows.first().is_some_and(|row| row.cells.iter().all(|cell| cell.heading) && row.cells.len() > 1),
        )
    }
}

/// Cells from above that come next in this row.
fn reach_down(cells: &mut Vec<Cell>, reaching: &mut [Option<(usize, String, bool)>]) {
    while let Some(slot) = reaching.get_mut(cells.len()) {
        let Some((rows, lines, heading)) = slot else { break };
        cells.push(Cell { lines: lines.clone(), heading: *heading });
        *rows -= 1;
        if *rows == 0 {
            *slot = None;
        }
    }
}

/// Names beside their values, as a list: a table without column names would say less.
fn fields(rows: &[Row]) -> String {
    let items = rows.iter().map(|row| {
        let (name, value) = (row.cells[0].lines.trim_end_matches(':'), &row.cells[1].lines);
        format!("<li><strong>{name}:</strong> {value}</li>")
    });
    format!("<ul>{}</ul>", items.collect::<String>())
}

fn span(cell: &NodeRef<'_>, name: &str, most: usize) -> usize {
    match cell.attr(name).and_then(|span| span.trim().parse::<usize>().ok()) {
        Some(0) if name == "rowspan" => most,
        Some(span) => span.clamp(1, most),
        None => 1,
    }
}

/// A cell's content as inline HTML, its blocks separated by `<br>`.
fn lines_of(cell: &NodeRef<'_>) -> String {
    let mut lines = vec![String::new()];
    for child in cell.children() {
        gather(&child, &mut lines);
    }
    let lines: Vec<&str> = lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect();
    lines.join("<br>")
}

fn gather(node: &NodeRef<'_>, lines: &mut Vec<String>) {
    if node.is_text() {
        push(lines, &spaced(&html(&node.text())));
        return;
    }
    let name = node.node_name().unwrap_or_default();
    match &*name {
        "" => {}
        "br" => lines.push(String::new()),
        "pre" | "code" | "kbd" | "samp" => code(node, &name, lines),
        "img" => push(
            lines,
            &format!("<img src=\"{}\" alt=\"{}\">", html(&node.attr_or("src", "")), html(&node.attr_or("alt", ""))),
        ),
        "tr" => nested_row(node, lines),
        _ if BLOCKS.contains(&&*name) => {
            lines.push(if &*name == "li" { "• ".to_owned() } else { String::new() });
            children(node, lines);
            lines.push(String::new());
        }
        _ if INLINE.contains(&&*name) && node.descendants_it().all(|below| !breaks(&below)) => {
            let href = node.attr("href").map(|href| format!(" href=\"{}\"", html(&href))).unwrap_or_default();
            push(lines, &format!("<{name}{href}>"));
            children(node, lines);
            push(lines, &format!("</{name}>"));
        }
        _ => children(node, lines),
    }
}

fn children(node: &NodeRef<'_>, lines: &mut Vec<String>) {
    for child in node.children() {
        gather(&child, lines);
    }
}

fn breaks(node: &NodeRef<'_>) -> bool {
    BLOCKS.iter().chain(&["br", "pre", "table", "tr", "code"]).any(|name| node.has_name(name))
}

/// Code keeps its lines; each is code by itself.
fn code(node: &NodeRef<'_>, name: &str, lines: &mut Vec<String>) {
    let block = name == "pre";
    for line in named(node, &["br"]) {
        line.replace_with_html("\n");
    }
    let text = node.text();
    let mut first = !block;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        if !first {
            lines.push(String::new());
        }
        first = false;
        push(lines, &format!("<code>{}</code>", html(line.trim_end())));
    }
    if block {
        lines.push(String::new());
    }
}

/// A row of a table inside of a cell: its cells one after the other.
fn nested_row(row: &NodeRef<'_>, lines: &mut Vec<String>) {
    let cells: Vec<String> = row.element_children().iter().map(lines_of).filter(|cell| !cell.is_empty()).collect();
    lines.push(cells.join("; "));
    lines.push(String::new());
}

fn push(lines: &mut [String], text: &str) {
    if let Some(last) = lines.last_mut() {
        last.push_str(text);
    }
}

/// White space as one space, as browsers show it.
fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c.is_ascii_whitespace() {
            true if out.ends_with(' ') => {}
            true => out.push(' '),
            false => out.push(c),
        }
    }
    out
}
