//! Finds the run of paragraphs into which a converter flattened a table.

use std::collections::HashMap;
use std::ops::Range;

/// The percentage of a table's cells that must be in the run.
const MIN_PERCENT: usize = 80;

/// Of a table with fewer cells, all must be in the run.
const MIN_CELLS_FOR_PERCENT: usize = 5;

/// How many cells or paragraphs may be skipped at once where the two differ.
const MAX_SKIPPED: usize = 3;

/// How many positions of the rarest cell are tried.
const MAX_ATTEMPTS: usize = 32;

/// The blocks of a document in comparable form, and which of them a table already uses.
pub(super) struct Paragraphs {
    /// The comparable form of each block; empty for blocks that cannot be a cell.
    forms: Vec<String>,
    /// The indices of the paragraphs with a given form.
    positions: HashMap<String, Vec<usize>>,
    /// Headings and tables, which no run crosses.
    barriers: Vec<bool>,
    used: Vec<bool>,
}

/// The paragraphs that hold a table's cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CellRun {
    /// From the first to the last paragraph that is a cell; others may be in between.
    pub(super) range: Range<usize>,
    /// The indices of the paragraphs that are cells.
    pub(super) cells: Vec<usize>,
}

/// A cell and the paragraph that holds it, by their indices.
type Pair = (usize, usize);

impl Paragraphs {
    /// `None` marks a block that is neither a paragraph nor a barrier; an empty form marks a
    /// barrier.
    pub(super) fn new(forms: Vec<Option<String>>) -> Self {
        let barriers: Vec<bool> = forms
            .iter()
            .map(|form| form.as_deref() == Some(""))
            .collect();
        let forms: Vec<String> = forms.into_iter().map(Option::unwrap_or_default).collect();

        let mut positions: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, form) in forms.iter().enumerate() {
            if !form.is_empty() {
                positions.entry(form.clone()).or_default().push(index);
            }
        }

        let used = vec![false; forms.len()];
        Self {
            forms,
            positions,
            barriers,
            used,
        }
    }

    /// Finds the run of a table's cells, trying positions from `from` on before earlier ones, and
    /// marks its paragraphs as used.
    pub(super) fn take_run(
        &mut self,
        header: &[String],
        cells: &[String],
        from: usize,
    ) -> Option<CellRun> {
        let all: Vec<&str> = header.iter().chain(cells).map(String::as_str).collect();
        let body = header.len()..all.len();
        let min_found = if body.len() < MIN_CELLS_FOR_PERCENT {
            body.len()
        } else {
            (body.len() * MIN_PERCENT).div_ceil(100)
        };

        // The rarest cell has the fewest positions to try.
        let rarest = body
            .clone()
            .filter_map(|cell| Some((self.positions.get(all[cell])?.len(), cell)))
            .min()
            .map(|(_, cell)| cell)?;

        let positions = &self.positions[all[rarest]];
        let split = positions.partition_point(|position| *position < from);
        let candidates = positions[split..]
            .iter()
            .chain(&positions[..split])
            .take(MAX_ATTEMPTS);

        let mut best: Option<(usize, CellRun)> = None;
        for paragraph in candidates.copied() {
            if self.used[paragraph] {
                continue;
            }

            let pairs = self.extend_pair(&all, (rarest, paragraph));
            let found = pairs.iter().filter(|(cell, _)| body.contains(cell)).count();
            let is_better = best.as_ref().is_none_or(|(most, _)| found > *most);
            if found >= min_found && found > 0 && is_better {
                let cells: Vec<usize> = pairs.into_iter().map(|(_, paragraph)| paragraph).collect();
                let range = cells[0]..cells[cells.len() - 1] + 1;
                best = Some((found, CellRun { range, cells }));
            }
        }

        let (_, run) = best?;
        for paragraph in &run.cells {
            self.used[*paragraph] = true;
        }

        Some(run)
    }

    /// Returns the pairs around a known pair in both directions, in order.
    fn extend_pair(&self, cells: &[&str], pair: Pair) -> Vec<Pair> {
        let mut pairs = Vec::new();
        let mut current = pair;
        while let Some(previous) = self.adjacent_pair(cells, current, -1) {
            pairs.push(previous);
            current = previous;
        }

        pairs.reverse();
        pairs.push(pair);

        current = pair;
        while let Some(next) = self.adjacent_pair(cells, current, 1) {
            pairs.push(next);
            current = next;
        }

        pairs
    }

    /// Returns the nearest pair in one direction.
    fn adjacent_pair(
        &self,
        cells: &[&str],
        (cell, paragraph): Pair,
        direction: isize,
    ) -> Option<Pair> {
        for distance in 2..=2 + 2 * MAX_SKIPPED {
            for cell_steps in 1..distance {
                let paragraph_steps = distance - cell_steps;
                if cell_steps > MAX_SKIPPED + 1 || paragraph_steps > MAX_SKIPPED + 1 {
                    continue;
                }

                let next_cell = offset_index(cell, direction, cell_steps, cells.len());
                let next_paragraph =
                    offset_index(paragraph, direction, paragraph_steps, self.forms.len());
                let (Some(next_cell), Some(next_paragraph)) = (next_cell, next_paragraph) else {
                    continue;
                };

                if self.forms[next_paragraph] == cells[next_cell]
                    && !self.used[next_paragraph]
                    && !self.has_barrier_between(paragraph, next_paragraph)
                {
                    return Some((next_cell, next_paragraph));
                }
            }
        }

        None
    }

    fn has_barrier_between(&self, a: usize, b: usize) -> bool {
        self.barriers[a.min(b)..a.max(b)].contains(&true)
    }
}

fn offset_index(index: usize, direction: isize, steps: usize, len: usize) -> Option<usize> {
    index
        .checked_add_signed(direction * steps as isize)
        .filter(|index| *index < len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paragraphs(words: &str) -> Paragraphs {
        let form = |word: &str| match word {
            "-" => None,
            "#" => Some(String::new()),
            word => Some(word.to_owned()),
        };
        Paragraphs::new(words.split(' ').map(form).collect())
    }

    fn run(
        paragraphs: &mut Paragraphs,
        header: &str,
        cells: &str,
        from: usize,
    ) -> Option<Range<usize>> {
        let list = |words: &str| {
            words
                .split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };

        paragraphs
            .take_run(&list(header), &list(cells), from)
            .map(|run| run.range)
    }

    #[test]
    fn a_run_is_found_with_or_without_its_header() {
        assert_eq!(
            run(
                &mut paragraphs("x code meaning 1 a 2 b y"),
                "code meaning",
                "1 a 2 b",
                0
            ),
            Some(1..7)
        );
        assert_eq!(
            run(&mut paragraphs("x 1 a 2 b y"), "code meaning", "1 a 2 b", 0),
            Some(1..5)
        );
    }

    #[test]
    fn a_few_cells_may_be_missing_or_different() {
        assert_eq!(
            run(
                &mut paragraphs("1 a 2 note b - 3 c 4 5 e"),
                "h",
                "1 a 2 b 3 c 4 d 5 e",
                0
            ),
            Some(0..11)
        );
        assert_eq!(
            run(
                &mut paragraphs("1 a 2 x x x"),
                "h",
                "1 a 2 b 3 c 4 d 5 e",
                0
            ),
            None
        );
        assert_eq!(
            run(&mut paragraphs("1 a # 2 b"), "h", "1 a 2 b", 0),
            None,
            "a heading is between them"
        );
    }

    #[test]
    fn equal_tables_match_successive_runs() {
        let mut all = paragraphs("1 yes 2 no x 1 yes 2 no");
        assert_eq!(run(&mut all, "h", "1 yes 2 no", 0), Some(0..4));
        assert_eq!(run(&mut all, "h", "1 yes 2 no", 4), Some(5..9));
        assert_eq!(run(&mut all, "h", "1 yes 2 no", 9), None);
    }

    #[test]
    fn tables_may_be_in_another_order_than_their_runs() {
        let mut all = paragraphs("1 a 2 b x 3 c 4 d");
        assert_eq!(run(&mut all, "", "3 c 4 d", 0), Some(5..9));
        assert_eq!(run(&mut all, "", "1 a 2 b", 9), Some(0..4));
    }
}
