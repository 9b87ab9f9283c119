//! Aligns the units of two documents: first equal units in the same order, then equal units at
//! other positions, then units with mostly the same words, preferably under the same heading.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use mcdewey_core::{ContentHash, normalise};
use mcdewey_markdown::rows;
use similar::{Algorithm, DiffTag, capture_diff_slices_deadline};

use super::units::{Unit, UnitKind};

/// After this time the diff settles for an alignment with more differences than necessary.
const DIFF_DEADLINE: Duration = Duration::from_secs(5);
/// Units with at least this share of words in common are treated as one that changed.
const MIN_SIMILARITY: f64 = 0.5;
/// The share required of units under different headings.
const MIN_SIMILARITY_ELSEWHERE: f64 = 0.75;
/// A word that occurs in more units than this is not used to find similar ones.
const MAX_UNITS_PER_WORD: usize = 40;

/// How the units of two documents correspond.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Alignment {
    pub(super) unchanged: usize,
    pub(super) moved: usize,
    /// In the order of the later document.
    pub(super) differences: Vec<Difference>,
}

/// A difference, with the indices of the units in their document: for [`Self::Changed`] first the
/// earlier, then the later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Difference {
    Removed(usize),
    Added(usize),
    Changed(usize, usize),
}

/// Aligns two documents.
pub(super) fn align(from: &[Unit], to: &[Unit]) -> Alignment {
    let deadline = Some(Instant::now() + DIFF_DEADLINE);
    let ops = capture_diff_slices_deadline(Algorithm::Patience, &keys(from), &keys(to), deadline);

    // The index in the later document of each unit of the earlier one.
    let mut counterparts: Vec<Option<usize>> = vec![None; from.len()];
    let mut alignment = Alignment::default();

    let (mut removed, mut added) = (Vec::new(), Vec::new());
    for op in ops {
        let (tag, old_range, new_range) = op.as_tag_tuple();
        if tag == DiffTag::Equal {
            alignment.unchanged += old_range.len();
            for (old, new) in old_range.zip(new_range) {
                counterparts[old] = Some(new);
            }
        } else {
            removed.extend(old_range);
            added.extend(new_range);
        }
    }

    alignment.moved = extract_moved(from, to, &mut removed, &mut added);
    let changed = pair_similar(from, to, &removed, &added);
    for (old, new) in &changed {
        counterparts[*old] = Some(*new);
    }

    let changed_old: HashSet<usize> = changed.iter().map(|(old, _)| *old).collect();
    let changed_new: HashSet<usize> = changed.iter().map(|(_, new)| *new).collect();
    removed.retain(|old| !changed_old.contains(old) && !from[*old].is_heading());
    added.retain(|new| !changed_new.contains(new) && !to[*new].is_heading());

    // Sort by the position in the later document. A removed unit follows the counterpart of what
    // preceded it, and so comes before a unit that is new there.
    let mut differences: Vec<((usize, usize, usize), Difference)> = Vec::new();
    differences.extend(
        changed
            .iter()
            .map(|(old, new)| ((*new, 1, 0), Difference::Changed(*old, *new))),
    );
    differences.extend(
        added
            .iter()
            .map(|new| ((*new, 1, 0), Difference::Added(*new))),
    );
    differences.extend(removed.iter().map(|old| {
        let position = position_of_removed(&counterparts, *old);
        ((position, 0, *old), Difference::Removed(*old))
    }));
    differences.sort_by_key(|(position, _)| *position);

    alignment.differences = differences
        .into_iter()
        .map(|(_, difference)| difference)
        .collect();
    alignment
}

fn keys(units: &[Unit]) -> Vec<ContentHash> {
    units.iter().map(|unit| unit.key).collect()
}

/// Returns the position in the later document after the counterpart of what preceded a removed
/// unit.
fn position_of_removed(counterparts: &[Option<usize>], removed: usize) -> usize {
    counterparts[..removed]
        .iter()
        .rev()
        .find_map(|counterpart| *counterpart)
        .map_or(0, |counterpart| counterpart + 1)
}

/// Removes units from both lists that are equal at another position, and returns their number.
fn extract_moved(
    from: &[Unit],
    to: &[Unit],
    removed: &mut Vec<usize>,
    added: &mut Vec<usize>,
) -> usize {
    // In reverse, so that `pop` returns the first position.
    let mut added_by_key: HashMap<_, Vec<usize>> = HashMap::new();
    for new in added.iter().rev() {
        added_by_key.entry(to[*new].key).or_default().push(*new);
    }

    let mut moved = HashSet::new();
    removed.retain(
        |old| match added_by_key.get_mut(&from[*old].key).and_then(Vec::pop) {
            Some(new) => !moved.insert(new),
            None => true,
        },
    );

    added.retain(|new| !moved.contains(new));
    moved.len()
}

/// Pairs removed and added units that have most words in common, the most similar first.
fn pair_similar(
    from: &[Unit],
    to: &[Unit],
    removed: &[usize],
    added: &[usize],
) -> Vec<(usize, usize)> {
    let added_words: HashMap<usize, HashSet<String>> = added
        .iter()
        .map(|new| (*new, word_set(&to[*new])))
        .collect();
    let mut units_by_word: HashMap<&str, Vec<usize>> = HashMap::new();
    for new in added {
        for word in &added_words[new] {
            units_by_word.entry(word).or_default().push(*new);
        }
    }

    let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
    for old in removed {
        let words = word_set(&from[*old]);
        let candidates: HashSet<usize> = words
            .iter()
            .filter_map(|word| units_by_word.get(word.as_str()))
            .filter(|units| units.len() <= MAX_UNITS_PER_WORD)
            .flatten()
            .copied()
            .collect();

        for new in candidates {
            let similarity = similarity(&from[*old], &to[new], &words, &added_words[&new]);
            let required = if from[*old].headings == to[new].headings {
                MIN_SIMILARITY
            } else {
                MIN_SIMILARITY_ELSEWHERE
            };

            if similarity >= required {
                pairs.push((similarity, *old, new));
            }
        }
    }

    // The candidates come from a hash set: the indices make the order deterministic.
    pairs.sort_by(|a, b| {
        b.0.total_cmp(&a.0)
            .then_with(|| (a.1, a.2).cmp(&(b.1, b.2)))
    });

    let (mut paired_old, mut paired_new) = (HashSet::new(), HashSet::new());
    pairs.retain(|(_, old, new)| {
        let is_free = !paired_old.contains(old) && !paired_new.contains(new);
        if is_free {
            paired_old.insert(*old);
            paired_new.insert(*new);
        }
        is_free
    });

    pairs.into_iter().map(|(_, old, new)| (old, new)).collect()
}

/// Returns the share of words in common, 0 to 1. Rows of a table with the same first cell describe
/// the same thing whatever the other cells contain.
fn similarity(
    from: &Unit,
    to: &Unit,
    from_words: &HashSet<String>,
    to_words: &HashSet<String>,
) -> f64 {
    match (&from.kind, &to.kind) {
        (UnitKind::Row { .. }, UnitKind::Row { .. }) => {
            let (from_cells, to_cells) = (rows::cells(&from.text), rows::cells(&to.text));
            let has_same_key = from_cells
                .first()
                .is_some_and(|first| !first.is_empty() && to_cells.first() == Some(first));
            if has_same_key && from.headings == to.headings && from_cells.len() > 1 {
                return 1.0;
            }
        }
        (a, b) if std::mem::discriminant(a) != std::mem::discriminant(b) => return 0.0,
        _ => {}
    }

    let common = from_words.intersection(to_words).count() as f64;
    2.0 * common / (from_words.len() + to_words.len()).max(1) as f64
}

fn word_set(unit: &Unit) -> HashSet<String> {
    normalise(&unit.text)
        .to_lowercase()
        .split(' ')
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests;
