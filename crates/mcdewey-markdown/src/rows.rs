//! Reads the rows of pipe tables.

use mcdewey_core::normalise;

/// When a backslash before a bar keeps it from separating two cells.
///
/// The two differ where several backslashes precede a bar. Comparisons and repaired texts depend on
/// one rule each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escape {
    /// Unless the backslash is escaped itself.
    Paired,
    /// Always.
    Adjacent,
}

/// Returns the cells of a row as they are written, without the bars at its ends.
pub fn raw_cells(row: &str, escape: Escape) -> Vec<&str> {
    let row = row.trim();
    let row = row.strip_prefix('|').unwrap_or(row);
    let row = row
        .strip_suffix('|')
        .filter(|rest| !rest.ends_with('\\'))
        .unwrap_or(row);

    let mut cells = Vec::new();
    let mut start = 0;
    let mut is_escaped = false;
    for (offset, byte) in row.bytes().enumerate() {
        if byte == b'|' && !is_escaped {
            cells.push(&row[start..offset]);
            start = offset + 1;
        }
        is_escaped = byte == b'\\' && (escape == Escape::Adjacent || !is_escaped);
    }

    cells.push(&row[start..]);
    cells
}

/// Returns the cells of a row, unescaped and with normalised white space.
pub fn cells(row: &str) -> Vec<String> {
    raw_cells(row, Escape::Paired)
        .into_iter()
        .map(|cell| normalise(&cell.replace("\\|", "|")))
        .collect()
}

/// Reports whether a row is the one between a table's header and its body.
pub fn is_delimiter_row(row: &str) -> bool {
    row.contains('-') && row.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_bars_do_not_separate_cells() {
        assert_eq!(cells("| a \\| b | **c** |  |"), ["a | b", "**c**", ""]);
        assert_eq!(cells("a | b"), ["a", "b"]);
        assert_eq!(cells(" a | b \\|"), ["a", "b |"]);
        assert_eq!(cells(""), [""]);
    }

    #[test]
    fn backslashes_before_a_bar_count_by_the_rule() {
        let row = r"|a \\| b|";
        assert_eq!(raw_cells(row, Escape::Paired), [r"a \\", " b"]);
        assert_eq!(raw_cells(row, Escape::Adjacent), [r"a \\| b"]);
    }

    #[test]
    fn delimiter_rows_consist_of_dashes_colons_and_bars() {
        assert!(is_delimiter_row("|---|:-: |") && is_delimiter_row("- | -"));
        assert!(!is_delimiter_row("| | |") && !is_delimiter_row("|--a|"));
        assert!(!is_delimiter_row("|-\t|"));
    }
}
