//! Finds a table's caption in the line before it: a numbered caption, a bold line, or a line that
//! introduces the table.

use std::sync::LazyLock;

use regex::Regex;

use crate::collapse_whitespace;

/// A longer line is a paragraph.
const MAX_CAPTION_BYTES: usize = 160;

/// Returns the caption of the table that follows `before`, without markup, or an empty string.
pub(super) fn table_caption(before: &str) -> String {
    let line = before
        .trim_end()
        .lines()
        .next_back()
        .unwrap_or("")
        .trim()
        .trim_start_matches(['>', ' ']);

    if line.len() > MAX_CAPTION_BYTES
        || line.starts_with(['#', '|', '`', '~', '<'])
        || !is_caption(line)
    {
        return String::new();
    }

    let words = without_bullet(line)
        .replace(['*', '`'], "")
        .replace("__", "");
    collapse_whitespace(&words)
}

/// Reports whether a line introduces the block below it, as "Example:" does.
pub fn introduces_block(line: &str) -> bool {
    line.trim_end()
        .trim_end_matches(['*', '_'])
        .ends_with([':', '：'])
}

fn is_caption(line: &str) -> bool {
    static NUMBERED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^[*_]*(?i:table|tabelle|tableau|tabla)\s+[A-Z]?[\d.\-–]*\d\b")
            .expect("a valid pattern")
    });

    static BOLD: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^(?:\*\*[^*]+\*\*|__[^_]+__)$").expect("a valid pattern"));

    let is_sentence = line.trim_end_matches(['*', '_']).ends_with('.');
    introduces_block(line) || BOLD.is_match(line) || (NUMBERED.is_match(line) && !is_sentence)
}

fn without_bullet(line: &str) -> &str {
    ["- ", "* ", "+ "]
        .iter()
        .find_map(|bullet| line.strip_prefix(bullet))
        .unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captions_bold_lines_and_introductions_are_recognised() {
        let cases = [
            ("Text.\n\nTable 4: Error codes\n\n", "Table 4: Error codes"),
            ("*Table 4-1 Error codes*\n", "Table 4-1 Error codes"),
            ("Tabelle A.2 Codes\n", "Tabelle A.2 Codes"),
            ("**Error `codes`**\n\n", "Error codes"),
            (
                "Long text.\nIt returns one of these:\n",
                "It returns one of these:",
            ),
            ("- **Values:**\n\n", "Values:"),
            ("Table 4 shows the codes.\n", ""),
            ("Tables are good\n", ""),
            ("## Codes:\n", ""),
            ("Some text\n", ""),
            ("| a |\n", ""),
            ("**bold** text\n", ""),
            ("", ""),
        ];

        for (before, expected) in cases {
            assert_eq!(table_caption(before), expected, "{before:?}");
        }

        let long = format!("{}:\n", "word ".repeat(60));
        assert_eq!(table_caption(&long), "");
    }
}
