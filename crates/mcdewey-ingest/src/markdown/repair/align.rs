//! Finds the run of paragraphs that a table was flattened into.

use std::collections::HashMap;
use std::ops::Range;

/// So many of a hundred cells must stand in the run.
const PERCENT: usize = 80;
/// Of a table with fewer cells all of them must.
const SMALL: usize = 5;
/// Cells or paragraphs that may be passed over at once, where the two differ.
const SLACK: usize = 3;
/// Places of the rarest cell that are tried.
const TRIED: usize = 32;

/// The paragraphs of a document in their comparable form, and which of them a table has taken.
pub(super) struct Paragraphs {
    forms: Vec<String>,
    places: HashMap<String, Vec<usize>>,
    /// Nothing continues beyond these: headings and tables stand between.
    barriers: Vec<bool>,
    taken: Vec<bool>,
}

/// Where a table's cells stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    /// From the first paragraph that is a cell to behind the last.
    pub(super) range: Range<usize>,
    /// The paragraphs that are cells.
    pub(super) cells: Vec<usize>,
}

impl Paragraphs {
    /// `None` stands for a block that is no paragraph; one that is a barrier is `Some` with an empty form.
    pub(super) fn new(forms: Vec<Option<String>>) -> Self {
        let mut places: HashMap<String, Vec<usize>> = HashMap::new();
        let barriers: Vec<bool> = forms
            .iter()
            .map(|form| form.as_deref() == Some(""))
            .collect();

        let forms: Vec<String> = forms.into_iter().map(Option::unwrap_or_default).collect();
        for (place, form) in forms
            .iter()
            .enumerate()
            .filter(|(_, form)| !form.is_empty())
        {
            places.entry(form.clone()).or_default().push(place);
        }

        let taken = vec![false; forms.len()];
        Self {
            forms,
            places,
            barriers,
            taken,
        }
    }

    /// Finds the run of a table's cells behind `from`, else anywhere, and takes it.
    pub(super) fn take(&mut self, header: &[String], cells: &[String], from: usize) -> Option<Run> {
        let all: Vec<&str> = header.iter().chain(cells).map(String::as_str).collect();
        let body = header.len()..all.len();
        let rarest = body
            .clone()
            .filter_map(|cell| Some((self.places.get(all[cell])?.len(), cell)))
            .min()
            .map(|(_, cell)| cell)?;

        let known = &self.places[all[rarest]];
        let behind = known.partition_point(|place| *place < from);
        let places = known[behind..].iter().chain(&known[..behind]).take(TRIED);

        let needed = if body.len() < SMALL {
            body.len()
        } else {
            (body.len() * PERCENT).div_ceil(100)
        };

        let mut best: Option<(usize, Run)> = None;
        for place in places.copied() {
            let Some(pairs) = self.follow(&all, rarest, place) else {
                continue;
            };
            let found = pairs.iter().filter(|(cell, _)| body.contains(cell)).count();
            if found >= needed && found > 0 && best.as_ref().is_none_or(|(known, _)| found > *known)
            {
                let cells: Vec<usize> = pairs.into_iter().map(|(_, paragraph)| paragraph).collect();
                let range = cells[0]..cells[cells.len() - 1] + 1;
                best = Some((found, Run { range, cells }));
            }
        }

        let (_, run) = best?;
        for paragraph in &run.cells {
            self.taken[*paragraph] = true;
        }

        Some(run)
    }

    /// The pairs of cell and paragraph around one pair that is known, in order.
    fn follow(&self, cells: &[&str], cell: usize, paragraph: usize) -> Option<Vec<(usize, usize)>> {
        if self.taken[paragraph] {
            return None;
        }

        let mut pairs = Vec::new();
        let (mut c, mut p) = (cell, paragraph);
        while let Some((next_c, next_p)) = self.step(cells, c, p, -1) {
            pairs.push((next_c, next_p));
            (c, p) = (next_c, next_p);
        }

        pairs.reverse();
        pairs.push((cell, paragraph));
        (c, p) = (cell, paragraph);

        while let Some((next_c, next_p)) = self.step(cells, c, p, 1) {
            pairs.push((next_c, next_p));
            (c, p) = (next_c, next_p);
        }

        Some(pairs)
    }

    /// The next pair in one direction, the nearest first.
    fn step(
        &self,
        cells: &[&str],
        cell: usize,
        paragraph: usize,
        direction: isize,
    ) -> Option<(usize, usize)> {
        for distance in 2..=2 + 2 * SLACK {
            for cell_steps in 1..distance {
                let paragraph_steps = distance - cell_steps;
                if cell_steps > SLACK + 1 || paragraph_steps > SLACK + 1 {
                    continue;
                }

                let c = cell
                    .checked_add_signed(direction * cell_steps as isize)
                    .filter(|c| *c < cells.len());
                let p = paragraph.checked_add_signed(direction * paragraph_steps as isize);
                let (Some(c), Some(p)) = (c, p.filter(|p| *p < self.forms.len())) else {
                    continue;
                };

                if self.forms[p] == cells[c] && !self.taken[p] && !self.is_barred(paragraph, p) {
                    return Some((c, p));
                }
            }
        }

        None
    }

    fn is_barred(&self, a: usize, b: usize) -> bool {
        self.barriers[a.min(b)..a.max(b)].contains(&true)
    }
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
            .take(&list(header), &list(cells), from)
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
    fn a_few_cells_may_be_missing_or_strange() {
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
            "a heading stands between"
        );
    }

    #[test]
    fn like_tables_are_taken_one_after_the_other() {
        let mut all = paragraphs("1 yes 2 no x 1 yes 2 no");
        assert_eq!(run(&mut all, "h", "1 yes 2 no", 0), Some(0..4));
        assert_eq!(run(&mut all, "h", "1 yes 2 no", 4), Some(5..9));
        assert_eq!(run(&mut all, "h", "1 yes 2 no", 9), None);
    }

    #[test]
    fn a_table_that_stands_before_the_last_one_is_found_too() {
        let mut all = paragraphs("1 a 2 b x 3 c 4 d");
        assert_eq!(run(&mut all, "", "3 c 4 d", 0), Some(5..9));
        assert_eq!(run(&mut all, "", "1 a 2 b", 9), Some(0..4));
    }
}
