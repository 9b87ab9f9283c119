//! Two texts word by word.

use similar::{Algorithm, DiffTag, capture_diff_slices};

use super::answer::{CellChange, WordOp, WordRun};
use super::units::cells;

/// Which words are the same, gone and new, in reading order.
pub(super) fn words(from: &str, to: &str) -> Vec<WordRun> {
    let (from, to): (Vec<&str>, Vec<&str>) = (
        from.split_whitespace().collect(),
        to.split_whitespace().collect(),
    );
    let mut runs: Vec<WordRun> = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, &from, &to) {
        let (tag, old, new) = op.as_tag_tuple();
        match tag {
            DiffTag::Equal => push(&mut runs, WordOp::Same, &from[old]),
            _ => {
                push(&mut runs, WordOp::Removed, &from[old]);
                push(&mut runs, WordOp::Added, &to[new]);
            }
        }
    }

    runs
}

fn push(runs: &mut Vec<WordRun>, op: WordOp, words: &[&str]) {
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

/// Two table rows cell by cell; nothing where they have other columns.
pub(super) fn row(from: &str, to: &str, columns: &[String]) -> Option<Vec<CellChange>> {
    let (from, to) = (cells(from), cells(to));
    if from.len() != to.len() {
        return None;
    }

    let cell = |(place, (from, to)): (usize, (&String, &String))| CellChange {
        column: columns.get(place).filter(|name| !name.is_empty()).cloned(),
        words: words(from, to),
    };

    Some(from.iter().zip(&to).enumerate().map(cell).collect())
}

/// A table row that is only in one of the two.
pub(super) fn lone_row(row: &str, op: WordOp, columns: &[String]) -> Vec<CellChange> {
    let cell = |(place, text): (usize, String)| CellChange {
        column: columns.get(place).filter(|name| !name.is_empty()).cloned(),
        words: if text.is_empty() {
            Vec::new()
        } else {
            vec![WordRun { op, text }]
        },
    };
    cells(row).into_iter().enumerate().map(cell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(runs: &[WordRun]) -> String {
        let mark = |run: &WordRun| match run.op {
            WordOp::Same => run.text.clone(),
            WordOp::Removed => format!("[-{}]", run.text),
            WordOp::Added => format!("[+{}]", run.text),
        };
        runs.iter().map(mark).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn words_are_gone_and_new() {
        assert_eq!(
            told(&words(
                "The limit is 20 calls.",
                "The new limit is 25 calls."
            )),
            "The [+new] limit is [-20] [+25] calls."
        );
        assert_eq!(told(&words("same  text", "same text")), "same text");
        assert_eq!(told(&words("", "all new")), "[+all new]");
    }

    #[test]
    fn rows_differ_in_cells() {
        let columns = ["Code".to_owned(), String::new()];
        let cells = row("| 20700 | old limit |", "| 20700 | new limit |", &columns).unwrap();
        assert_eq!(
            (cells[0].column.as_deref(), told(&cells[0].words).as_str()),
            (Some("Code"), "20700")
        );
        assert_eq!(
            (cells[1].column.as_deref(), told(&cells[1].words).as_str()),
            (None, "[-old] [+new] limit")
        );
        assert_eq!(row("| a |", "| a | b |", &[]), None);
        let lone = lone_row("| 20702 | |", WordOp::Added, &columns);

        assert_eq!(
            (lone[0].column.as_deref(), told(&lone[0].words).as_str()),
            (Some("Code"), "[+20702]")
        );
        assert_eq!(lone[1].words, []);
    }
}
