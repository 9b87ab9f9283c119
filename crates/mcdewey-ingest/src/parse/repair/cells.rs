//! Converts table cells and paragraphs into a form in which they can be compared: letters and
//! digits only, without markup, escapes and white space.

use std::sync::LazyLock;

use mcdewey_core::normalise;
use mcdewey_markdown::rows::{Escape, raw_cells};
use regex::Regex;

static LINK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"!?\[([^\[\]]*)\]\([^()\s]*\)").expect("a valid pattern"));
static TAG: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"</?[A-Za-z][^<>]*>").expect("a valid pattern"));
static ENTITY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"&(?:[A-Za-z]{2,8}|#x?[0-9A-Fa-f]{1,6});").expect("a valid pattern")
});
static BREAK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)<br\s*/?>").expect("a valid pattern"));

/// Returns the comparable form of a text. Punctuation counts only if there are no letters or
/// digits.
pub(super) fn comparable_form(text: &str) -> String {
    let text = LINK.replace_all(text, "$1");
    let text = TAG.replace_all(&text, " ");
    let text = ENTITY.replace_all(&text, " ");
    let plain = normalise(&text);

    let letters: String = plain
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();

    if letters.is_empty() {
        plain.replace([' ', '\\'], "")
    } else {
        letters
    }
}

/// Returns the comparable forms of a pipe table's cells row by row: those of the header, then the
/// others. A cell with line breaks is divided at them. Empty cells are omitted.
pub(super) fn table_cells(table: &str) -> (Vec<String>, Vec<String>) {
    let mut lines = table.lines().filter(|line| !line.trim().is_empty());
    let header = lines.next().map(row_cells).unwrap_or_default();

    // The second line is the delimiter row.
    (header, lines.skip(1).flat_map(row_cells).collect())
}

fn row_cells(row: &str) -> Vec<String> {
    raw_cells(row, Escape::Adjacent)
        .into_iter()
        .flat_map(|cell| BREAK.split(cell).map(comparable_form))
        .filter(|form| !form.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_white_space_are_ignored() {
        assert_eq!(
            comparable_form("**max\\_calls**"),
            comparable_form("max _calls")
        );
        assert_eq!(
            comparable_form("[Barge](x.md)\u{a0}call"),
            comparable_form("barge&nbsp;call\u{200b}")
        );
        assert_eq!(comparable_form("—"), "—");
        assert_ne!(comparable_form("0x103"), comparable_form("0x104"));
    }

    #[test]
    fn cells_are_split_at_unescaped_bars_and_line_breaks() {
        let (header, cells) =
            table_cells("| Code | Meaning |\n|---|:-:|\n| 1 | a \\| b<br>c |\n|  | d |\n");
        assert_eq!(header, ["code", "meaning"]);
        assert_eq!(cells, ["1", "ab", "c", "d"]);
    }
}
