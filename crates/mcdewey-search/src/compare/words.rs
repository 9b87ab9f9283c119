//! Compares two texts word by word.

use mcdewey_markdown::rows;
use similar::{Algorithm, DiffTag, capture_diff_slices};

/// Consecutive words that are unchanged, removed or added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordRun {
    /// Whether they are unchanged, removed or added.
    pub op: WordOp,
    /// The words.
    pub text: String,
}

/// What happened to words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WordOp {
    /// In both texts.
    Same,
    /// Only in the earlier text.
    Removed,
    /// Only in the later text.
    Added,
}

/// A cell of a table row, in both versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellChange {
    /// The column's name, if the table has a header.
    pub column: Option<String>,
    /// The differences word by word.
    pub words: Vec<WordRun>,
}

/// Returns the unchanged, removed and added words, in reading order.
pub(super) fn compare_words(from: &str, to: &str) -> Vec<WordRun> {
    let from: Vec<&str> = from.split_whitespace().collect();
    let to: Vec<&str> = to.split_whitespace().collect();

    let mut runs: Vec<WordRun> = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, &from, &to) {
        let (tag, old, new) = op.as_tag_tuple();
        if tag == DiffTag::Equal {
            push_run(&mut runs, WordOp::Same, &from[old]);
        } else {
            push_run(&mut runs, WordOp::Removed, &from[old]);
            push_run(&mut runs, WordOp::Added, &to[new]);
        }
    }

    runs
}

fn push_run(runs: &mut Vec<WordRun>, op: WordOp, words: &[&str]) {
    if words.is_empty() {
        return;
    }

    let text = words.join(" ");
    match runs.last_mut() {
        Some(last) if last.op == op => {
            last.text.push(' ');
            last.text.push_str(&text);
        }
        _ => runs.push(WordRun { op, text }),
    }
}

/// Compares two table rows cell by cell; `None` if they have different numbers of cells.
pub(super) fn compare_rows(from: &str, to: &str, columns: &[String]) -> Option<Vec<CellChange>> {
    let (from, to) = (rows::cells(from), rows::cells(to));
    if from.len() != to.len() {
        return None;
    }

    let cells = from
        .iter()
        .zip(&to)
        .enumerate()
        .map(|(index, (from, to))| CellChange {
            column: column_name(columns, index),
            words: compare_words(from, to),
        })
        .collect();
    Some(cells)
}

/// Returns the cells of a table row that only one of the documents has.
pub(super) fn single_row(row: &str, op: WordOp, columns: &[String]) -> Vec<CellChange> {
    rows::cells(row)
        .into_iter()
        .enumerate()
        .map(|(index, text)| CellChange {
            column: column_name(columns, index),
            words: if text.is_empty() {
                Vec::new()
            } else {
                vec![WordRun { op, text }]
            },
        })
        .collect()
}

fn column_name(columns: &[String], index: usize) -> Option<String> {
    columns.get(index).filter(|name| !name.is_empty()).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(runs: &[WordRun]) -> String {
        let mark = |run: &WordRun| match run.op {
            WordOp::Same => run.text.clone(),
            WordOp::Removed => format!("[-{}]", run.text),
            WordOp::Added => format!("[+{}]", run.text),
        };
        runs.iter().map(mark).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn removed_and_added_words_are_marked() {
        assert_eq!(
            marked(&compare_words(
                "The limit is 20 calls.",
                "The new limit is 25 calls."
            )),
            "The [+new] limit is [-20] [+25] calls."
        );
        assert_eq!(
            marked(&compare_words("same  text", "same text")),
            "same text"
        );
        assert_eq!(marked(&compare_words("", "all new")), "[+all new]");
    }

    #[test]
    fn rows_are_compared_cell_by_cell() {
        let columns = ["Code".to_owned(), String::new()];
        let cells =
            compare_rows("| 20700 | old limit |", "| 20700 | new limit |", &columns).unwrap();
        assert_eq!(
            (cells[0].column.as_deref(), marked(&cells[0].words).as_str()),
            (Some("Code"), "20700")
        );
        assert_eq!(
            (cells[1].column.as_deref(), marked(&cells[1].words).as_str()),
            (None, "[-old] [+new] limit")
        );
        assert_eq!(compare_rows("| a |", "| a | b |", &[]), None);
        let cells_of_single_row = single_row("| 20702 | |", WordOp::Added, &columns);

        assert_eq!(
            (
                cells_of_single_row[0].column.as_deref(),
                marked(&cells_of_single_row[0].words).as_str()
            ),
            (Some("Code"), "[+20702]")
        );
        assert_eq!(cells_of_single_row[1].words, []);
    }
}
