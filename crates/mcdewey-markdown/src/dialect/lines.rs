//! Lines: their indentation, and whether they are indented code or part of a list item.

use std::sync::LazyLock;

use regex::Regex;

use super::Syntax;

/// This many columns of indentation make a code block.
const CODE_INDENT: usize = 4;

/// Reports whether a line is blank. One with a form feed is not: it begins a page.
pub(super) fn is_blank(line: &str) -> bool {
    line.trim_matches([' ', '\t', '\r']).is_empty()
}

/// Returns the white space at the start of a line.
pub(super) fn leading(line: &str) -> &str {
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// Returns the indentation of a line in columns; a tab extends to the next multiple of four.
pub(super) fn indent(line: &str) -> usize {
    leading(line).chars().fold(0, next_column)
}

fn next_column(column: usize, c: char) -> usize {
    if c == '\t' {
        column + 4 - column % 4
    } else {
        column + 1
    }
}

/// Removes up to this many columns of indentation.
pub(super) fn dedent(line: &str, columns: usize) -> &str {
    let mut column = 0;
    for (offset, c) in leading(line).char_indices() {
        if column >= columns {
            return &line[offset..];
        }
        column = next_column(column, c);
    }

    &line[leading(line).len()..]
}

/// Removes the indentation that all lines with text have in common.
pub(super) fn dedent_all(lines: Vec<&str>) -> Vec<&str> {
    let common = lines
        .iter()
        .filter(|line| !is_blank(line))
        .map(|line| indent(line))
        .min()
        .unwrap_or(0);
    lines.into_iter().map(|line| dedent(line, common)).collect()
}

/// Returns the lines without blank ones at either end.
pub(super) fn without_blank_ends(mut lines: Vec<&str>) -> Vec<&str> {
    while lines.last().is_some_and(|line| is_blank(line)) {
        lines.pop();
    }
    let first = lines.iter().position(|line| !is_blank(line)).unwrap_or(0);
    lines.split_off(first)
}

/// Returns the part of a line before the text of the list item, definition or footnote that begins
/// in it, with the column at which the text of its further lines begins.
pub(super) fn item_marker(line: &str) -> Option<(&str, usize)> {
    static MARKER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"^[ \t]*(?:(?:[-*+]|\d{1,9}[.)])(?:[ \t]+|$)|(:)[ \t]+|(\[\^[^\]\s]+\]:)[ \t]*)",
        )
        .expect("a valid pattern")
    });

    let found = MARKER.captures(line)?;
    let marker = &line[..found[0].len()];
    if found.get(1).or(found.get(2)).is_some() {
        return Some((marker, indent(line) + CODE_INDENT));
    }

    let sign = marker.trim_end();
    let blanks = marker.len() - sign.len();
    let blanks = if (1..=CODE_INDENT).contains(&blanks) {
        blanks
    } else {
        1
    };
    let sign_width = sign.len() - leading(sign).len();
    Some((marker, indent(line) + sign_width + blanks))
}

/// Follows the list items that lines are part of, and finds the lines that are indented code.
#[derive(Debug, Default)]
pub(super) struct Lists {
    /// For each open item, the column at which its text begins.
    items: Vec<usize>,
    in_paragraph: bool,
}

impl Lists {
    /// Reports whether the position is within a list item.
    pub(super) fn is_open(&self) -> bool {
        !self.items.is_empty()
    }

    /// Reads a line of text and reports whether it is indented code.
    pub(super) fn read(&mut self, line: &str, syntax: Syntax) -> bool {
        let column = indent(line);
        let marker = item_marker(line);
        if !self.in_paragraph || marker.is_some() {
            self.items.retain(|start| *start <= column);
        }

        let base = self.items.last().copied().unwrap_or(0);
        let is_code =
            syntax == Syntax::Markdown && !self.in_paragraph && column >= base + CODE_INDENT;
        if !is_code {
            self.items.extend(marker.map(|(_, start)| start));
        }

        self.in_paragraph = !is_code;
        is_code
    }

    /// Reports whether the last line was text.
    pub(super) fn is_in_paragraph(&self) -> bool {
        self.in_paragraph
    }

    /// Goes on as if the last line were text.
    pub(super) fn continue_paragraph(&mut self) {
        self.in_paragraph = true;
    }

    /// Ends the paragraph, as a blank line or a block does.
    pub(super) fn end_paragraph(&mut self) {
        self.in_paragraph = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indentation_counts_tabs_as_four_columns() {
        assert_eq!(indent(" \ta"), 4);
        assert_eq!(dedent("\t\ta", 4), "\ta");
        assert_eq!(dedent("  a", 4), "a");
        assert_eq!(
            dedent_all(vec!["    a", "", "      b"]),
            vec!["a", "", "  b"]
        );
    }

    #[test]
    fn items_have_the_column_of_their_text() {
        for (line, column) in [
            ("- a", Some(2)),
            ("  10. a", Some(6)),
            ("-      code", Some(2)),
            (":   a", Some(4)),
            ("[^1]: a", Some(4)),
            ("-a", None),
            ("a", None),
        ] {
            assert_eq!(
                item_marker(line).map(|(_, column)| column),
                column,
                "{line}"
            );
        }
    }

    #[test]
    fn indented_code_is_told_from_the_text_of_items() {
        let mut lists = Lists::default();
        let mut codes = Vec::new();
        for line in [
            "a", "    b", "", "    c", "", "- d", "", "    e", "", "      f",
        ] {
            if is_blank(line) {
                lists.end_paragraph();
            } else {
                codes.push(lists.read(line, Syntax::Markdown));
            }
        }
        assert_eq!(codes, [false, false, true, false, false, true]);
    }
}
