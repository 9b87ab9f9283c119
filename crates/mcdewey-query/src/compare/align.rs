//! Which pieces of two documents are each other's counterpart: equal ones in their order first, then equal ones at
//! other places, then those whose words are mostly the same, under the same heading rather than elsewhere.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use mcdewey_core::normalise;
use similar::{Algorithm, DiffTag, capture_diff_slices_deadline};

use super::units::{Unit, UnitKind, cells};

/// Behind it a less tidy alignment is taken.
const DEADLINE: Duration = Duration::from_secs(5);
/// Pieces with at least this share of words in common are one that changed.
const LIKE: f64 = 0.5;
/// Under other headings more is needed.
const LIKE_ELSEWHERE: f64 = 0.75;
/// A word of more pieces than this says nothing of which one is meant.
const COMMON: usize = 40;

/// What became of the pieces, in the order of the later document.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Alignment {
    pub(super) unchanged: usize,
    pub(super) moved: usize,
    pub(super) steps: Vec<Step>,
}

/// A difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Removed(usize),
    Added(usize),
    Changed(usize, usize),
}

/// Aligns two documents.
pub(super) fn align(from: &[Unit], to: &[Unit]) -> Alignment {
    let keys = |units: &[Unit]| units.iter().map(|unit| unit.key).collect::<Vec<_>>();
    let deadline = Some(Instant::now() + DEADLINE);
    let ops = capture_diff_slices_deadline(Algorithm::Patience, &keys(from), &keys(to), deadline);

    // Where each piece of the earlier document is in the later one.
    let mut counterpart: Vec<Option<usize>> = vec![None; from.len()];
    let mut alignment = Alignment::default();

    let (mut gone, mut new) = (Vec::new(), Vec::new());
    for op in ops {
        let (tag, old, later) = op.as_tag_tuple();
        if tag == DiffTag::Equal {
            alignment.unchanged += old.len();
            for (at, place) in old.zip(later) {
                counterpart[at] = Some(place);
            }
        } else {
            gone.extend(old);
            new.extend(later);
        }
    }

    alignment.moved = take_moved(from, to, &mut gone, &mut new);
    let changed = changed(from, to, &gone, &new);
    let taken: HashSet<usize> = changed.iter().map(|(_, place)| *place).collect();

    for (at, place) in &changed {
        counterpart[*at] = Some(*place);
    }

    let was: HashSet<usize> = changed.iter().map(|(at, _)| *at).collect();

    // What is gone stands behind what came before it.
    let behind = |at: usize| {
        counterpart[..at]
            .iter()
            .rev()
            .find_map(|place| *place)
            .map_or(0, |place| place + 1)
    };

    let mut steps: Vec<((usize, usize, usize), Step)> = Vec::new();
    steps.extend(
        changed
            .iter()
            .map(|(at, place)| ((*place, 1, 0), Step::Changed(*at, *place))),
    );

    new.retain(|place| !taken.contains(place) && !to[*place].is_heading());
    gone.retain(|at| !was.contains(at) && !from[*at].is_heading());
    steps.extend(
        new.iter()
            .map(|place| ((*place, 1, 0), Step::Added(*place))),
    );

    steps.extend(
        gone.iter()
            .map(|at| ((behind(*at), 0, *at), Step::Removed(*at))),
    );
    steps.sort_by_key(|(place, _)| *place);
    alignment.steps = steps.into_iter().map(|(_, step)| step).collect();
    alignment
}

/// Takes out what is the same at another place; how many there were.
fn take_moved(from: &[Unit], to: &[Unit], gone: &mut Vec<usize>, new: &mut Vec<usize>) -> usize {
    let mut places: HashMap<_, Vec<usize>> = HashMap::new();
    for place in new.iter().rev() {
        places.entry(to[*place].key).or_default().push(*place);
    }

    let mut found = HashSet::new();
    gone.retain(
        |at| match places.get_mut(&from[*at].key).and_then(Vec::pop) {
            Some(place) => !found.insert(place),
            None => true,
        },
    );

    new.retain(|place| !found.contains(place));
    found.len()
}

/// Pairs of what is gone and what is new that are mostly the same, the most alike first.
fn changed(from: &[Unit], to: &[Unit], gone: &[usize], new: &[usize]) -> Vec<(usize, usize)> {
    let words: HashMap<usize, HashSet<String>> = new
        .iter()
        .map(|place| (*place, words(&to[*place])))
        .collect();
    let mut having: HashMap<&str, Vec<usize>> = HashMap::new();
    for place in new {
        for word in &words[place] {
            having.entry(word).or_default().push(*place);
        }
    }

    let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
    for at in gone {
        let own = self::words(&from[*at]);
        let near = own
            .iter()
            .filter_map(|word| having.get(word.as_str()))
            .filter(|places| places.len() <= COMMON);

        let near: HashSet<usize> = near.flatten().copied().collect();
        for place in near {
            let score = likeness(&from[*at], &to[place], &own, &words[&place]);
            let least = if from[*at].headings == to[place].headings {
                LIKE
            } else {
                LIKE_ELSEWHERE
            };

            if score >= least {
                pairs.push((score, *at, place));
            }
        }
    }

    pairs.sort_by(|a, b| {
        b.0.total_cmp(&a.0)
            .then_with(|| (a.1, a.2).cmp(&(b.1, b.2)))
    });
    let (mut was, mut is) = (HashSet::new(), HashSet::new());
    pairs.retain(|(_, at, place)| {
        let free = !was.contains(at) && !is.contains(place);
        if free {
            was.insert(*at);
            is.insert(*place);
        }
        free
    });

    pairs
        .into_iter()
        .map(|(_, at, place)| (at, place))
        .collect()
}

/// The share of words in common. Rows of one table with one first cell are about the same thing whatever else they say.
fn likeness(from: &Unit, to: &Unit, own: &HashSet<String>, other: &HashSet<String>) -> f64 {
    match (&from.kind, &to.kind) {
        (UnitKind::Row { .. }, UnitKind::Row { .. }) => {
            let (from_cells, to_cells) = (cells(&from.text), cells(&to.text));
            let same_key = from_cells
                .first()
                .is_some_and(|first| !first.is_empty() && to_cells.first() == Some(first));
            if same_key && from.headings == to.headings && from_cells.len() > 1 {
                return 1.0;
            }
        }
        (a, b) if std::mem::discriminant(a) != std::mem::discriminant(b) => return 0.0,
        _ => {}
    }

    let common = own.intersection(other).count() as f64;
    2.0 * common / (own.len() + other.len()).max(1) as f64
}

fn words(unit: &Unit) -> HashSet<String> {
    normalise(&unit.text)
        .to_lowercase()
        .split(' ')
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use mcdewey_core::{ContentHash, PageNumber, PageRef};

    use super::*;

    fn document(text: &str) -> Vec<Unit> {
        let mut heading = String::new();
        let mut units = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            if let Some(title) = line.strip_prefix("# ") {
                heading = title.to_owned();
                continue;
            }

            let kind = if line.starts_with('|') {
                UnitKind::Row {
                    columns: Vec::new(),
                }
            } else {
                UnitKind::Prose
            };

            let page = PageRef {
                number: PageNumber(1),
                label: None,
                section: None,
            };

            let key = ContentHash::of(line);
            let headings = vec![heading.clone()];
            units.push(Unit {
                text: line.to_owned(),
                kind,
                headings,
                page,
                chunk_id: String::new(),
                key,
            });
        }

        units
    }

    /// `-` gone, `+` new, `~` changed; each with the first word.
    fn differences(from: &str, to: &str) -> (usize, usize, Vec<String>) {
        let (from, to) = (document(from), document(to));
        let alignment = align(&from, &to);
        let first = |unit: &Unit| unit.text.split_whitespace().next().unwrap().to_owned();

        let steps = alignment.steps.iter().map(|step| match step {
            Step::Removed(at) => format!("-{}", first(&from[*at])),
            Step::Added(place) => format!("+{}", first(&to[*place])),
            Step::Changed(at, place) => format!("~{}>{}", first(&from[*at]), first(&to[*place])),
        });

        (alignment.unchanged, alignment.moved, steps.collect())
    }

    #[test]
    fn what_changed_is_told_in_the_order_of_the_later_document() {
        let from = "# A\nOne stays as it is.\nTwo has the limit of 20 calls.\nThree goes away for good.\n# B\nFour stays too.";
        let to = "# A\nOne stays as it is.\nTwo has the limit of 25 calls.\n# B\nFour stays too.\nFive was never heard of.";
        assert_eq!(
            differences(from, to),
            (
                2,
                0,
                ["~Two>Two", "-Three", "+Five"].map(str::to_owned).to_vec()
            )
        );
        assert_eq!(differences(from, from), (4, 0, Vec::new()));
        assert_eq!(
            differences("", "# A\nOne."),
            (0, 0, vec!["+One.".to_owned()])
        );
    }

    #[test]
    fn headings_are_told_where_they_change_only() {
        let heading = |text: &str| {
            let mut units = document("# A\nOne stays as it is.");
            units.insert(
                0,
                Unit {
                    text: text.to_owned(),
                    key: ContentHash::of(text),
                    ..units[0].clone()
                },
            );

            units
        };

        let without = document("# A\nOne stays as it is.");
        assert_eq!(align(&heading("## Calls and states"), &without).steps, []);
        assert_eq!(align(&without, &heading("## Calls and states")).steps, []);

        let renamed = align(
            &heading("## Calls and states"),
            &heading("## Calls and all states"),
        );

        assert_eq!(renamed.steps, [Step::Changed(0, 0)]);
    }

    #[test]
    fn what_moved_did_not_change() {
        let from = "# A\nAlpha beta gamma.\nDelta.\nEpsilon.\n# B\nZeta.";
        let to = "# A\nDelta.\nEpsilon.\n# B\nZeta.\nAlpha beta gamma.";
        assert_eq!(differences(from, to), (3, 1, Vec::new()));
    }

    #[test]
    fn rows_go_by_their_first_cell() {
        let from = "# Codes\n| 20700 | The conference is full. |\n| 20701 | Not allowed. |";
        let to =
            "# Codes\n| 20700 | Somebody else entirely speaks now. |\n| 20702 | Not allowed. |";
        let (_, _, steps) = differences(from, to);
        assert!(steps.contains(&"~|>|".to_owned()), "{steps:?}");
        let elsewhere = differences("# A\n| 1 | x y z |", "# B\n| 1 | a b c |");

        assert_eq!(elsewhere.2, ["-|", "+|"]);
    }

    #[test]
    fn the_same_heading_goes_before() {
        let from = "# A\nPress the big red button twice.";
        let to = "# A\nPress the big green button once.\n# B\nPress the big red button now.";
        let (_, _, steps) = differences(from, to);

        assert_eq!(
            steps,
            ["+Press", "~Press>Press"],
            "nearly the same words elsewhere are nearer than half of them"
        );

        let to = "# A\nPress the big red button once.\n# B\nPress the small red button now.";
        assert_eq!(differences(from, to).2, ["~Press>Press", "+Press"]);
    }
}
