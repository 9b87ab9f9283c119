//! Compares the words of a file with those of its conversion.

use std::collections::HashMap;
use std::ops::Range;

use super::alignment;
use super::words::Words;

/// Whether words that moved count as kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// The source is in reading order: what moved counts half.
    Reading,
    /// The order of the source says little: what moved counts almost as much as what is in order.
    Free,
}

impl Order {
    /// How much of a word counts that moved.
    fn credit_if_moved(self) -> f64 {
        match self {
            Self::Reading => 0.5,
            Self::Free => 0.99,
        }
    }
}

/// What a conversion kept of the words of a file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Comparison {
    /// The share of the source's bigrams that were kept, from 0 to 1.
    pub(super) share: f64,
    /// The first words of the source that were lost, by their numbers.
    pub(super) lost: Vec<usize>,
}

/// How much of a source's text a result has.
///
/// Every word of the source counts once: as the bigram that it forms with the next word, or alone if
/// its segment ends with it. It is kept if both words have counterparts in the result that are in
/// the same order; the result may have more between them. If both are in the result at another
/// place, they moved (see [`Order`]).
///
/// Takes O(n log n) time for n words.
pub(super) fn compare(source: &Words, result: &Words, order: Order, max_lost: usize) -> Comparison {
    let (source_ids, result_ids) = number_words(source, result);
    let positions = alignment::align(&source_ids, &result_ids);

    let mut kept: Vec<bool> = positions.iter().map(Option::is_some).collect();
    keep_respaced(&mut kept, &positions, source, result);
    let in_order: Vec<bool> = (0..source.len())
        .map(|word| kept[word] && (source.ends_segment(word) || kept[word + 1]))
        .collect();
    let moved = find_moved(&in_order, source, &source_ids, &result_ids);

    let credit = in_order
        .iter()
        .zip(&moved)
        .map(|(in_order, moved)| match (in_order, moved) {
            (true, _) => 1.0,
            (false, true) => order.credit_if_moved(),
            (false, false) => 0.0,
        })
        .sum();

    let is_lost = |&word: &usize| {
        let after_moved = word > 0 && moved[word - 1] && !source.ends_segment(word - 1);
        let counts_as_moved = order == Order::Free && (moved[word] || after_moved);
        !kept[word] && !counts_as_moved
    };

    Comparison {
        share: share(credit, source.len()),
        lost: (0..source.len()).filter(is_lost).take(max_lost).collect(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "no file has 2^52 words")]
fn share(credit: f64, words: usize) -> f64 {
    if words == 0 {
        1.0
    } else {
        credit / words as f64
    }
}

/// Gives equal words the same number.
fn number_words(source: &Words, result: &Words) -> (Vec<u32>, Vec<u32>) {
    let mut numbers: HashMap<&str, u32> = HashMap::new();
    let [source, result] = [source, result].map(|words| {
        (0..words.len())
            .map(|word| {
                let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
                *numbers.entry(words.letters(word..word + 1)).or_insert(next)
            })
            .collect()
    });

    (source, result)
}

/// Marks words as kept that the result has at their place with other spaces between them.
fn keep_respaced(kept: &mut [bool], positions: &[Option<usize>], source: &Words, result: &Words) {
    let mut result_begin = 0;
    let mut word = 0;
    while word < positions.len() {
        if let Some(position) = positions[word] {
            result_begin = position + 1;
            word += 1;
            continue;
        }

        let begin = word;
        while word < positions.len() && positions[word].is_none() {
            word += 1;
        }

        let result_end = positions
            .get(word)
            .copied()
            .flatten()
            .unwrap_or(result.len());
        if has_letters(
            result,
            &(result_begin..result_end),
            source.letters(begin..word),
        ) {
            kept[begin..word].fill(true);
        }
    }
}

/// Whether these letters are whole words of the range, whatever the spaces between them.
fn has_letters(words: &Words, range: &Range<usize>, letters: &str) -> bool {
    words
        .letters(range.clone())
        .match_indices(letters)
        .any(|(at, _)| words.are_whole_words(range, at, letters.len()))
}

/// Finds the words that are not kept in order, but are in the result at another place, together with
/// the next word.
fn find_moved(
    in_order: &[bool],
    source: &Words,
    source_ids: &[u32],
    result_ids: &[u32],
) -> Vec<bool> {
    let mut words: HashMap<u32, usize> = HashMap::new();
    let mut bigrams: HashMap<(u32, u32), usize> = HashMap::new();
    for &word in result_ids {
        *words.entry(word).or_default() += 1;
    }
    for pair in result_ids.windows(2) {
        *bigrams.entry((pair[0], pair[1])).or_default() += 1;
    }

    let mut take_at = |at: usize| {
        let has_word = take(&mut words, source_ids[at]);
        if source.ends_segment(at) {
            has_word
        } else {
            take(&mut bigrams, (source_ids[at], source_ids[at + 1]))
        }
    };

    // What is in order is not available a second time for what moved.
    for at in (0..in_order.len()).filter(|at| in_order[*at]) {
        take_at(at);
    }
    (0..in_order.len())
        .map(|at| !in_order[at] && take_at(at))
        .collect()
}

/// Takes one of a kind, if any is left.
fn take<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, usize>, key: K) -> bool {
    match counts.get_mut(&key) {
        Some(count) if *count > 0 => {
            *count -= 1;
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
