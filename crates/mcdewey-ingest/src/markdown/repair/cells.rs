//! Cells and paragraphs in a form in which the two can be compared: letters and digits, whatever markup, escapes and
//! spaces stand between them.

use std::sync::LazyLock;

use mcdewey_core::normalise;
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

/// The comparable form of a text; signs count only where there is nothing else.
pub(super) fn form(text: &str) -> String {
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

/// The cells of a pipe table in the order of its rows, each divided where it breaks its line: the header's, then the
/// others. Empty ones are left out.
pub(super) fn cells(table: &str) -> (Vec<String>, Vec<String>) {
    let mut lines = table.lines().filter(|line| !line.trim().is_empty());
    let header = lines.next().map(row).unwrap_or_default();
    (header, lines.skip(1).flat_map(row).collect())
}

fn row(line: &str) -> Vec<String> {
    let mut cells = Vec::new();
    let line = line.trim();
    let line = line.strip_prefix('|').unwrap_or(line);
    let mut start = 0;

    let bytes = line.as_bytes();
    for at in 0..=bytes.len() {
        let ends = at == bytes.len() || (bytes[at] == b'|' && !(at > 0 && bytes[at - 1] == b'\\'));
        if ends {
            let cell = &line[start..at];
            cells.extend(BREAK.split(cell).map(form).filter(|form| !form.is_empty()));
            start = at + 1;
        }
    }

    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_spaces_make_no_difference() {
        assert_eq!(form("**max\\_calls**"), form("max _calls"));
        assert_eq!(
            form("[Barge](x.md)\u{a0}call"),
            form("barge&nbsp;call\u{200b}")
        );
        assert_eq!(form("—"), "—");
        assert_ne!(form("0x103"), form("0x104"));
    }

    #[test]
    fn rows_give_their_cells() {
        let (header, cells) =
            cells("| Code | Meaning |\n|---|:-:|\n| 1 | a \\| b<br>c |\n|  | d |\n");
        assert_eq!(header, ["code", "meaning"]);
        assert_eq!(cells, ["1", "ab", "c", "d"]);
    }
}
