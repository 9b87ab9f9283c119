//! Tables: drawn as grids, drawn with lines of `=`, or written as lists and CSV.

use super::Reader;
use super::blocks::pre;
use super::directives::Directive;
use super::lines::{dedented, indent};
use super::lists::bullets;

/// A drawing larger than this is shown as it stands.
const MAX_DRAWING: usize = 2 * 1024 * 1024;

/// A drawn table.
struct Grid {
    cells: Vec<Corners>,
    drawing: Vec<Vec<char>>,
    /// The line that ends its head.
    head: usize,
}

/// A cell of a drawing: its corners.
struct Corners {
    top: usize,
    left: usize,
    bottom: usize,
    right: usize,
}

impl Reader {
    /// A drawn table, if one begins here.
    pub(super) fn table(
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
            match grid(&lines[at..end]) {
                Some(grid) => self.drawn(&grid, depth, out),
                None => out.push_str(&pre(&lines[at..end], None)),
            }
            return Some(end);
        }

        if is_border(line) && line.contains(' ') {
            return Some(self.simple(lines, at, depth, out));
        }

        None
    }

    fn drawn(&mut self, grid: &Grid, depth: usize, out: &mut String) {
        let Grid {
            cells,
            drawing,
            head,
        } = grid;

        let unique = |mut edges: Vec<usize>| {
            edges.sort_unstable();
            edges.dedup();
            edges
        };

        let tops = unique(cells.iter().map(|cell| cell.top).collect());
        let lefts = unique(cells.iter().map(|cell| cell.left).collect());
        let between = |edges: &[usize], from: usize, to: usize| {
            edges
                .iter()
                .filter(|edge| (from..to).contains(edge))
                .count()
        };

        out.push_str("<table>");
        for top in &tops {
            out.push_str("<tr>");
            let mut row: Vec<&Corners> = cells.iter().filter(|cell| cell.top == *top).collect();
            row.sort_by_key(|cell| cell.left);

            for cell in row {
                let name = if top < head { "th" } else { "td" };
                let (down, across) = (
                    between(&tops, cell.top, cell.bottom),
                    between(&lefts, cell.left, cell.right),
                );

                let text: Vec<String> = drawing[cell.top + 1..cell.bottom]
                    .iter()
                    .map(|line| {
                        line[cell.left + 1..cell.right]
                            .iter()
                            .collect::<String>()
                            .trim_end()
                            .to_owned()
                    })
                    .collect();

                out.push_str(&format!("<{name} rowspan=\"{down}\" colspan=\"{across}\">"));
                self.blocks(&dedented(&text), depth + 1, out);
                out.push_str(&format!("</{name}>"));
            }

            out.push_str("</tr>");
        }

        out.push_str("</table>");
    }

    fn simple(&mut self, lines: &[String], at: usize, depth: usize, out: &mut String) -> usize {
        let columns = columns(&lines[at]);

        // The first border below the top ends the table if nothing follows it; otherwise it ends the head.
        let mut borders = vec![at];
        for (next, _) in lines
            .iter()
            .enumerate()
            .skip(at + 1)
            .filter(|(_, line)| is_border(line))
        {
            borders.push(next);
            if borders.len() == 3 || lines.get(next + 1).is_none_or(String::is_empty) {
                break;
            }
        }

        let Some(&last) = borders.last().filter(|_| borders.len() > 1) else {
            let end = (at..lines.len())
                .find(|&next| lines[next].is_empty())
                .unwrap_or(lines.len());
            out.push_str(&pre(&lines[at..end], None));
            return end;
        };

        let head = if borders.len() == 3 { borders[1] } else { at };
        let mut rows: Vec<(bool, Vec<Vec<String>>)> = Vec::new();
        for (place, line) in lines.iter().enumerate().take(last).skip(at + 1) {
            if is_border(line) || line.chars().all(|c| c == '-' || c == ' ') && line.contains('-') {
                continue;
            }

            let cells = cut(line, &columns);
            match rows.last_mut() {
                // A line without a first cell goes on with the row above.
                Some((_, above)) if cells.first().is_none_or(String::is_empty) => {
                    for (cell, more) in above.iter_mut().zip(cells) {
                        cell.push(more);
                    }
                }
                _ if line.is_empty() => {}
                _ => rows.push((
                    place < head,
                    cells.into_iter().map(|cell| vec![cell]).collect(),
                )),
            }
        }

        self.rows(&rows, depth, out);
        last + 1
    }

    /// A table that a directive holds.
    pub(super) fn written_table(
        &mut self,
        directive: &Directive,
        name: &str,
        depth: usize,
        out: &mut String,
    ) {
        if !directive.argument.is_empty() {
            out.push_str(&format!(
                "<p><strong>{}</strong></p>",
                self.inline(&directive.argument)
            ));
        }

        let number = |name: &str| {
            directive
                .option(name)
                .and_then(|value| value.trim().parse::<usize>().ok())
                .unwrap_or_default()
        };

        let mut heads = number("header-rows");
        let rows: Vec<Vec<Vec<String>>> = match name {
            "list-table" => bullets(&directive.body)
                .iter()
                .map(|row| bullets(&dedented_first(row)))
                .collect(),
            "csv-table" => {
                if let Some(file) = directive.option("file").or(directive.option("url")) {
                    self.includes.push(file.to_owned());
                }

                let mut text = directive.body.join("\n");
                if let Some(header) = directive.option("header") {
                    heads += 1;
                    text = format!("{header}\n{text}");
                }

                csv(
                    &text,
                    directive
                        .option("delim")
                        .and_then(delimiter)
                        .unwrap_or(b','),
                )
            }
            _ => return self.blocks(&directive.body, depth + 1, out),
        };

        let rows: Vec<(bool, Vec<Vec<String>>)> = rows
            .into_iter()
            .enumerate()
            .map(|(at, row)| (at < heads, row))
            .collect();

        self.rows(&rows, depth, out);
    }

    fn rows(&mut self, rows: &[(bool, Vec<Vec<String>>)], depth: usize, out: &mut String) {
        out.push_str("<table>");
        for (head, row) in rows {
            let name = if *head { "th" } else { "td" };
            out.push_str("<tr>");
            for cell in row {
                out.push_str(&format!("<{name}>"));
                self.blocks(&dedented_first(cell), depth + 1, out);
                out.push_str(&format!("</{name}>"));
            }
            out.push_str("</tr>");
        }

        out.push_str("</table>");
    }
}

/// Lines whose first stands where its mark ended: only those below share an indentation.
fn dedented_first(lines: &[String]) -> Vec<String> {
    let first = lines.first().cloned().unwrap_or_default();
    let mut all = vec![first.trim_start().to_owned()];
    all.extend(lines.iter().skip(1).cloned());

    match all
        .iter()
        .skip(1)
        .any(|line| !line.is_empty() && indent(line) == 0)
    {
        true => all,
        false => dedented(&all),
    }
}

/// The cells of a drawing; none if it is not closed.
fn grid(lines: &[String]) -> Option<Grid> {
    let width = lines.iter().map(|line| line.chars().count()).max()?;
    if width.checked_mul(lines.len())? > MAX_DRAWING {
        return None;
    }

    let mut drawing: Vec<Vec<char>> = lines.iter().map(|line| line.chars().collect()).collect();
    let mut head = 0;
    for (at, line) in drawing.iter_mut().enumerate() {
        line.resize(width, ' ');
        if line.contains(&'=') && line.iter().all(|c| matches!(c, '=' | '+')) {
            head = at;
            line.iter_mut()
                .filter(|c| **c == '=')
                .for_each(|c| *c = '-');
        }
    }

    let mut cells: Vec<Corners> = Vec::new();
    for top in 0..drawing.len() {
        for left in 0..width {
            if drawing[top][left] == '+' {
                cells.extend(cell(&drawing, top, left));
            }
        }
    }

    (!cells.is_empty()).then_some(Grid {
        cells,
        drawing,
        head,
    })
}

/// The smallest cell whose upper left corner stands here.
fn cell(drawing: &[Vec<char>], top: usize, left: usize) -> Option<Corners> {
    let width = drawing[top].len();
    for right in left + 1..width {
        match drawing[top][right] {
            '-' => continue,
            '+' => {}
            _ => return None,
        }

        for bottom in top + 1..drawing.len() {
            match drawing[bottom][right] {
                '|' => continue,
                '+' => {}
                _ => break,
            }

            let closed = drawing[bottom][left] == '+'
                && drawing[bottom][left..=right]
                    .iter()
                    .all(|c| matches!(c, '-' | '+'));

            if closed
                && drawing[top..=bottom]
                    .iter()
                    .all(|line| matches!(line[left], '|' | '+'))
            {
                return Some(Corners {
                    top,
                    left,
                    bottom,
                    right,
                });
            }
        }
    }

    None
}

fn is_border(line: &str) -> bool {
    line.starts_with("==") && line.chars().all(|c| matches!(c, '=' | ' '))
}

/// Where the columns of a border begin and end.
fn columns(border: &str) -> Vec<(usize, usize)> {
    let mut columns = Vec::new();
    let mut begun = None;
    for (at, c) in border.chars().chain([' ']).enumerate() {
        match (c, begun) {
            ('=', None) => begun = Some(at),
            (' ', Some(from)) => {
                columns.push((from, at));
                begun = None;
            }
            _ => {}
        }
    }

    columns
}

/// A line cut at its columns; text that goes over a gap stays in the cell where it begins.
fn cut(line: &str, columns: &[(usize, usize)]) -> Vec<String> {
    let chars: Vec<char> = line.chars().collect();
    let piece = |from: usize, to: usize| {
        chars
            .get(from.min(chars.len())..to.min(chars.len()))
            .map(|piece| piece.iter().collect::<String>())
    };

    let mut cells = Vec::with_capacity(columns.len());
    let mut at = 0;
    while at < columns.len() {
        let (from, mut last) = (columns[at].0, at);
        while last + 1 < columns.len() && chars.get(columns[last].1).is_some_and(|c| *c != ' ') {
            last += 1;
        }

        let to = if last + 1 == columns.len() {
            usize::MAX
        } else {
            columns[last].1
        };

        cells.push(piece(from, to).unwrap_or_default().trim_end().to_owned());
        cells.extend((at..last).map(|_| String::new()));
        at = last + 1;
    }

    cells
}

fn csv(text: &str, delimiter: u8) -> Vec<Vec<Vec<String>>> {
    // Spaces before a quoted cell, which the CSV reader would take for its text.
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

    let rows = reader
        .records()
        .flatten()
        .filter(|row| row.iter().any(|cell| !cell.is_empty()));

    rows.map(|row| {
        row.iter()
            .map(|cell| cell.lines().map(str::to_owned).collect())
            .collect()
    })
    .collect()
}

fn delimiter(stated: &str) -> Option<u8> {
    match stated.trim() {
        "tab" => Some(b'\t'),
        "space" => Some(b' '),
        other => other.bytes().next().filter(u8::is_ascii),
    }
}
