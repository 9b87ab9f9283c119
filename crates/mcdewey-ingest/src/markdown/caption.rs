//! What a table is called by the line before it: a caption, a line in bold, or one that introduces it.

use std::sync::LazyLock;

use regex::Regex;

/// A longer line is a paragraph.
const MAX_CAPTION: usize = 160;

/// The name of the table that follows `before`, without markup, or nothing.
pub(super) fn caption(before: &str) -> String {
    let line = before
        .trim_end()
        .lines()
        .next_back()
        .unwrap_or("")
        .trim()
        .trim_start_matches(['>', ' ']);

    if line.len() > MAX_CAPTION || line.starts_with(['#', '|', '`', '~', '<']) || !is_name(line) {
        return String::new();
    }

    let words = without_marker(line)
        .replace(['*', '`'], "")
        .replace("__", "");
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a line introduces what stands below it.
pub(crate) fn introduces(line: &str) -> bool {
    line.trim_end()
        .trim_end_matches(['*', '_'])
        .ends_with([':', '：'])
}

fn is_name(line: &str) -> bool {
    static NUMBERED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^[*_]*(?i:table|tabelle|tableau|tabla)\s+[A-Z]?[\d.\-–]*\d\b")
            .expect("a valid pattern")
    });

    static BOLD: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^(?:\*\*[^*]+\*\*|__[^_]+__)$").expect("a valid pattern"));

    let sentence = line.trim_end_matches(['*', '_']).ends_with('.');
    introduces(line) || BOLD.is_match(line) || (NUMBERED.is_match(line) && !sentence)
}

fn without_marker(line: &str) -> &str {
    ["- ", "* ", "+ "]
        .iter()
        .find_map(|marker| line.strip_prefix(marker))
        .unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captions_bold_lines_and_introductions_name_a_table() {
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
            assert_eq!(caption(before), expected, "{before:?}");
        }

        let long = format!("{}:\n", "word ".repeat(60));
        assert_eq!(caption(&long), "");
    }
}
