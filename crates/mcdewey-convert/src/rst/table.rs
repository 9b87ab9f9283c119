//! Tables: drawn as grids, drawn with lines of `=`, or written as lists or CSV in a directive.

mod grid;

use super::Parser;
use super::blocks::code_block;
use super::directives::Directive;
use super::lines::{adornment, dedent, indentation, paragraph_end};
use super::lists::bullet_items;
use crate::html::escape;
use grid::{Cell, Grid};

/// A row of a table without merged cells.
struct Row {
    is_header: bool,
    /// The lines of each cell.
    cells: Vec<Vec<String>>,
}

impl Parser {
    /// Writes the drawn table that begins at a line and returns its end. A drawing that cannot be
    /// read is written as code.
    pub(super) fn drawn_table(
        &mut self,
        lines: &[String],
        at: usize,
        depth: usize,
        out: &mut String,
    ) -> Option<usize> {
        let line = &lines[at];
        if line.starts_with("+-") && line.ends_with('+') {
            let end = (at..lines.len())
                .find(|&next| !lines[next].starts_with(['+', '|']))
                .unwrap_or(lines.len());

            match Grid::parse(&lines[at..end]) {
                Some(grid) => self.grid_table(&grid, depth, out),
                None => out.push_str(&code_block(&lines[at..end], None)),
            }
            return Some(end);
        }

        if is_border(line) && line.contains(' ') {
            return Some(self.simple_table(lines, at, depth, out));
        }

        None
    }

    fn grid_table(&mut self, grid: &Grid, depth: usize, out: &mut String) {
        let tops = sorted_unique(grid.cells.iter().map(|cell| cell.top));
        let lefts = sorted_unique(grid.cells.iter().map(|cell| cell.left));

        out.push_str("<table>");
        for top in &tops {
            out.push_str("<tr>");
            let mut row: Vec<&Cell> = grid.cells.iter().filter(|cell| cell.top == *top).collect();
            row.sort_by_key(|cell| cell.left);

            for cell in row {
                let element = cell_element(grid.is_in_header(cell));
                let rowspan = count_within(&tops, cell.top, cell.bottom);
                let colspan = count_within(&lefts, cell.left, cell.right);

                out.push_str(&format!(
                    "<{element} rowspan=\"{rowspan}\" colspan=\"{colspan}\">"
                ));
                self.cell(&dedent(&grid.text(cell)), depth, out);
                out.push_str(&format!("</{element}>"));
            }

            out.push_str("</tr>");
        }

        out.push_str("</table>");
    }

    /// Writes a table drawn with lines of `=` above, below and after the header.
    fn simple_table(
        &mut self,
        lines: &[String],
        at: usize,
        depth: usize,
        out: &mut String,
    ) -> usize {
        let borders = borders_of_simple_table(lines, at);
        let (header_end, last) = match borders[..] {
            [_, last] => (at, last),
            [_, header_end, last] => (header_end, last),
            _ => {
                let end = paragraph_end(lines, at);
                out.push_str(&code_block(&lines[at..end], None));
                return end;
            }
        };

        let columns = columns(&lines[at]);
        let mut rows: Vec<Row> = Vec::new();
        for (position, line) in lines.iter().enumerate().take(last).skip(at + 1) {
            if is_border(line) || is_row_separator(line, &columns) {
                continue;
            }

            let cells = split_at_columns(line, &columns);
            match rows.last_mut() {
                // A line without text in the first column continues the row above.
                Some(above) if cells.first().is_none_or(String::is_empty) => {
                    for (cell, continued) in above.cells.iter_mut().zip(cells) {
                        cell.push(continued);
                    }
                }
                _ if line.is_empty() => {}
                _ => rows.push(Row {
                    is_header: position < header_end,
                    cells: cells.into_iter().map(|cell| vec![cell]).collect(),
                }),
            }
        }

        self.rows(&rows, depth, out);
        last + 1
    }

    /// Writes the table of a `table`, `list-table` or `csv-table` directive.
    pub(super) fn table_directive(
        &mut self,
        directive: &Directive,
        name: &str,
        depth: usize,
        out: &mut String,
    ) {
        if !directive.argument.is_empty() {
            self.bold_paragraph(&directive.argument, out);
        }

        let mut header_rows = directive
            .option("header-rows")
            .and_then(|value| value.trim().parse::<usize>().ok())
            .unwrap_or_default();

        let rows: Vec<Vec<Vec<String>>> = match name {
            "list-table" => bullet_items(&directive.body)
                .iter()
                .map(|row| bullet_items(&dedent_after_first(row)))
                .collect(),
            "csv-table" => {
                if let Some(file) = directive.option("file").or(directive.option("url")) {
                    self.includes.push(file.to_owned());
                }

                let mut text = directive.body.join("\n");
                if let Some(header) = directive.option("header") {
                    header_rows += 1;
                    text = format!("{header}\n{text}");
                }

                let delimiter = directive.option("delim").and_then(parse_delimiter);
                parse_csv(&text, delimiter.unwrap_or(b','))
            }
            // The body is a drawn table.
            _ => return self.blocks(&directive.body, depth + 1, out),
        };

        let rows: Vec<Row> = rows
            .into_iter()
            .enumerate()
            .map(|(at, cells)| Row {
                is_header: at < header_rows,
                cells,
            })
            .collect();

        self.rows(&rows, depth, out);
    }

    /// Writes the blocks of a cell. Punctuation alone, such as a dash, is text there.
    fn cell(&mut self, lines: &[String], depth: usize, out: &mut String) {
        match lines {
            [line] if adornment(line).is_some() => {
                out.push_str(&format!("<p>{}</p>", escape::html(line)));
            }
            lines => self.blocks(lines, depth + 1, out),
        }
    }

    fn rows(&mut self, rows: &[Row], depth: usize, out: &mut String) {
        out.push_str("<table>");
        for row in rows {
            let element = cell_element(row.is_header);
            out.push_str("<tr>");
            for cell in &row.cells {
                out.push_str(&format!("<{element}>"));
                self.cell(&dedent_after_first(cell), depth, out);
                out.push_str(&format!("</{element}>"));
            }
            out.push_str("</tr>");
        }

        out.push_str("</table>");
    }
}

fn cell_element(is_header: bool) -> &'static str {
    if is_header { "th" } else { "td" }
}

fn sorted_unique(edges: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut edges: Vec<usize> = edges.collect();
    edges.sort_unstable();
    edges.dedup();
    edges
}

/// How many edges are within a half-open range.
fn count_within(edges: &[usize], from: usize, to: usize) -> usize {
    edges
        .iter()
        .filter(|edge| (from..to).contains(edge))
        .count()
}

/// Dedents lines whose first one begins where its marker ended, so that only the others share an
/// indentation.
fn dedent_after_first(lines: &[String]) -> Vec<String> {
    let Some((first, rest)) = lines.split_first() else {
        return Vec::new();
    };

    let mut all = vec![first.trim_start().to_owned()];
    all.extend(rest.iter().cloned());

    let has_unindented_line = rest
        .iter()
        .any(|line| !line.is_empty() && indentation(line) == 0);
    if has_unindented_line {
        all
    } else {
        dedent(&all)
    }
}

fn is_border(line: &str) -> bool {
    line.starts_with("==") && line.chars().all(|c| matches!(c, '=' | ' '))
}

/// Whether a line of a simple table only underlines merged columns: each of its dashes belongs to a
/// run from the beginning of a column to the end of one. A dash alone is a cell.
fn is_row_separator(line: &str, table_columns: &[(usize, usize)]) -> bool {
    let runs = columns(&line.replace('-', "="));
    let is_drawn = line.chars().all(|c| c == '-' || c == ' ');

    is_drawn
        && !runs.is_empty()
        && runs.iter().all(|(from, to)| {
            table_columns.iter().any(|column| column.0 == *from)
                && table_columns.iter().any(|column| column.1 == *to)
        })
}

/// The borders of a simple table from the one at the top on. The table ends at the second border if
/// nothing follows that one directly; otherwise that one ends the header, and the table ends at the
/// third.
fn borders_of_simple_table(lines: &[String], top: usize) -> Vec<usize> {
    let mut borders = vec![top];
    for (at, line) in lines.iter().enumerate().skip(top + 1) {
        if !is_border(line) {
            continue;
        }

        borders.push(at);
        if borders.len() == 3 || lines.get(at + 1).is_none_or(String::is_empty) {
            break;
        }
    }

    borders
}

/// Where the columns of a border begin and end.
fn columns(border: &str) -> Vec<(usize, usize)> {
    let mut columns = Vec::new();
    let mut open = None;
    for (at, c) in border.chars().chain([' ']).enumerate() {
        match (c, open) {
            ('=', None) => open = Some(at),
            (' ', Some(from)) => {
                columns.push((from, at));
                open = None;
            }
            _ => {}
        }
    }

    columns
}

/// Splits a line at its columns. Text that extends over the gap after a column stays in the cell
/// where it begins, and the cells it covers are empty.
fn split_at_columns(line: &str, columns: &[(usize, usize)]) -> Vec<String> {
    let chars: Vec<char> = line.chars().collect();
    let mut cells = Vec::with_capacity(columns.len());
    let mut at = 0;

    while at < columns.len() {
        let mut last = at;
        while last + 1 < columns.len() && chars.get(columns[last].1).is_some_and(|c| *c != ' ') {
            last += 1;
        }

        // The last column has no limit.
        let from = columns[at].0.min(chars.len());
        let to = if last + 1 == columns.len() {
            chars.len()
        } else {
            columns[last].1.min(chars.len())
        };

        let cell: String = chars[from..to].iter().collect();
        cells.push(cell.trim_end().to_owned());
        cells.extend((at..last).map(|_| String::new()));
        at = last + 1;
    }

    cells
}

/// Parses CSV into rows of cells of lines. Rows that cannot be read are skipped.
fn parse_csv(text: &str, delimiter: u8) -> Vec<Vec<Vec<String>>> {
    // The CSV reader recognises quotes only directly after the delimiter.
    let mut text = text.to_owned();
    for spaces in ["   ", "  ", " "] {
        let mark = char::from(delimiter);
        text = text.replace(&format!("{mark}{spaces}\""), &format!("{mark}\""));
    }

    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());

    reader
        .records()
        .flatten()
        .filter(|row| row.iter().any(|cell| !cell.is_empty()))
        .map(|row| {
            row.iter()
                .map(|cell| cell.lines().map(str::to_owned).collect())
                .collect()
        })
        .collect()
}

fn parse_delimiter(value: &str) -> Option<u8> {
    match value.trim() {
        "tab" => Some(b'\t'),
        "space" => Some(b' '),
        other => other.bytes().next().filter(u8::is_ascii),
    }
}
