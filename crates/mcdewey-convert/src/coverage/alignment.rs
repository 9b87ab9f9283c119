//! Aligns two sequences of words, as a patience diff does: words that are unique on both sides
//! anchor what is between them.

use std::collections::HashMap;
use std::ops::Range;

/// Up to this many pairs of words, the longest common subsequence is computed exactly.
const MAX_EXACT_PAIRS: usize = 4096;

/// How far ahead a word is looked for in a stretch without anchors, in words.
const LOOKAHEAD: usize = 32;

/// Deeper nesting of anchors occurs only in files made to cause it.
const MAX_DEPTH: usize = 48;

/// A stretch of both sequences that is still to be aligned.
struct Gap {
    source: Range<usize>,
    result: Range<usize>,
    depth: usize,
}

/// For each word of the source, the position of its counterpart in the result. Positions ascend.
pub(super) fn align(source: &[u32], result: &[u32]) -> Vec<Option<usize>> {
    let mut positions = vec![None; source.len()];
    let mut gaps = vec![Gap {
        source: 0..source.len(),
        result: 0..result.len(),
        depth: 0,
    }];

    while let Some(mut gap) = gaps.pop() {
        align_ends(&mut gap, source, result, &mut positions);
        if gap.source.is_empty() || gap.result.is_empty() {
            continue;
        }

        let anchors = if gap.depth < MAX_DEPTH {
            anchors(&gap, source, result)
        } else {
            Vec::new()
        };

        if !anchors.is_empty() {
            divide(&gap, &anchors, &mut positions, &mut gaps);
        } else if gap.source.len() * gap.result.len() <= MAX_EXACT_PAIRS {
            align_exactly(&gap, source, result, &mut positions);
        } else {
            align_ahead(&gap, source, result, &mut positions);
        }
    }

    positions
}

/// Aligns the equal words at both ends of a gap and shortens it by them.
fn align_ends(gap: &mut Gap, source: &[u32], result: &[u32], positions: &mut [Option<usize>]) {
    while !gap.source.is_empty()
        && !gap.result.is_empty()
        && source[gap.source.start] == result[gap.result.start]
    {
        positions[gap.source.start] = Some(gap.result.start);
        gap.source.start += 1;
        gap.result.start += 1;
    }

    while !gap.source.is_empty()
        && !gap.result.is_empty()
        && source[gap.source.end - 1] == result[gap.result.end - 1]
    {
        gap.source.end -= 1;
        gap.result.end -= 1;
        positions[gap.source.end] = Some(gap.result.end);
    }
}

/// Pairs of positions whose words are unique on both sides, in the same order on both. Unique pairs
/// of words are preferred to unique words, which may be alike by accident.
fn anchors(gap: &Gap, source: &[u32], result: &[u32]) -> Vec<(usize, usize)> {
    let pair =
        |words: &[u32], at: usize, end: usize| (at + 1 < end).then(|| (words[at], words[at + 1]));
    let pairs = unique_on_both_sides(
        gap,
        |at| pair(source, at, gap.source.end),
        |at| pair(result, at, gap.result.end),
    );
    let anchors = longest_ascending(&pairs);
    if !anchors.is_empty() {
        return anchors;
    }

    longest_ascending(&unique_on_both_sides(
        gap,
        |at| Some(source[at]),
        |at| Some(result[at]),
    ))
}

/// The positions of each key that occurs once on either side, in the order of the source.
fn unique_on_both_sides<K: std::hash::Hash + Eq>(
    gap: &Gap,
    source_key: impl Fn(usize) -> Option<K>,
    result_key: impl Fn(usize) -> Option<K>,
) -> Vec<(usize, usize)> {
    struct Occurrences {
        in_source: usize,
        in_result: usize,
        source: usize,
        result: usize,
    }

    let mut keys: HashMap<K, Occurrences> = HashMap::new();
    for at in gap.source.clone() {
        let Some(key) = source_key(at) else { continue };
        keys.entry(key)
            .and_modify(|found| found.in_source += 1)
            .or_insert(Occurrences {
                in_source: 1,
                in_result: 0,
                source: at,
                result: 0,
            });
    }

    for at in gap.result.clone() {
        if let Some(found) = result_key(at).and_then(|key| keys.get_mut(&key)) {
            found.in_result += 1;
            found.result = at;
        }
    }

    let mut unique: Vec<(usize, usize)> = keys
        .into_values()
        .filter(|found| found.in_source == 1 && found.in_result == 1)
        .map(|found| (found.source, found.result))
        .collect();
    unique.sort_unstable();
    unique
}

/// The longest selection of pairs whose second positions ascend, by patience sorting.
fn longest_ascending(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // For each length, the pair that ends the selection of that length with the lowest position.
    let mut ends: Vec<usize> = Vec::new();
    let mut previous: Vec<Option<usize>> = vec![None; pairs.len()];
    for (at, pair) in pairs.iter().enumerate() {
        let length = ends.partition_point(|&end| pairs[end].1 < pair.1);
        previous[at] = length.checked_sub(1).map(|shorter| ends[shorter]);
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }

    let mut selected = Vec::with_capacity(ends.len());
    let mut next = ends.last().copied();
    while let Some(at) = next {
        selected.push(pairs[at]);
        next = previous[at];
    }

    selected.reverse();
    selected
}

/// Aligns the anchors of a gap and adds the gaps between them.
fn divide(
    gap: &Gap,
    anchors: &[(usize, usize)],
    positions: &mut [Option<usize>],
    gaps: &mut Vec<Gap>,
) {
    let (mut source_begin, mut result_begin) = (gap.source.start, gap.result.start);
    let end = (gap.source.end, gap.result.end);
    for &(source, result) in anchors.iter().chain([&end]) {
        gaps.push(Gap {
            source: source_begin..source,
            result: result_begin..result,
            depth: gap.depth + 1,
        });

        if source < gap.source.end {
            positions[source] = Some(result);
        }
        (source_begin, result_begin) = (source + 1, result + 1);
    }
}

/// Aligns a short gap by its longest common subsequence.
fn align_exactly(gap: &Gap, source: &[u32], result: &[u32], positions: &mut [Option<usize>]) {
    let (source_words, result_words) = (&source[gap.source.clone()], &result[gap.result.clone()]);
    let width = result_words.len() + 1;

    // The length of the longest common subsequence of what begins at two positions.
    let mut lengths = vec![0u16; (source_words.len() + 1) * width];
    for (i, word) in source_words.iter().enumerate().rev() {
        for (j, other) in result_words.iter().enumerate().rev() {
            lengths[i * width + j] = if word == other {
                lengths[(i + 1) * width + j + 1] + 1
            } else {
                lengths[(i + 1) * width + j].max(lengths[i * width + j + 1])
            };
        }
    }

    let (mut i, mut j) = (0, 0);
    while i < source_words.len() && j < result_words.len() {
        if source_words[i] == result_words[j] {
            positions[gap.source.start + i] = Some(gap.result.start + j);
            (i, j) = (i + 1, j + 1);
        } else if lengths[(i + 1) * width + j] >= lengths[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
}

/// Aligns a long gap without anchors: each word with the next equal one that is near and followed
/// by the same word.
fn align_ahead(gap: &Gap, source: &[u32], result: &[u32], positions: &mut [Option<usize>]) {
    let mut begin = gap.result.start;
    for at in gap.source.clone() {
        let next = (at + 1 < gap.source.end).then(|| source[at + 1]);
        let end = gap.result.end.min(begin + LOOKAHEAD);
        let found = (begin..end).find(|&position| {
            let other_next = (position + 1 < gap.result.end).then(|| result[position + 1]);
            let continues = position == begin || next.is_none() || next == other_next;
            source[at] == result[position] && continues
        });

        if let Some(position) = found {
            positions[at] = Some(position);
            begin = position + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, result: &str, expected: &[Option<usize>]) {
        let numbers = |text: &str| text.bytes().map(u32::from).collect::<Vec<_>>();
        assert_eq!(
            align(&numbers(source), &numbers(result)),
            expected,
            "{source} {result}"
        );
    }

    #[test]
    fn sequences_are_aligned_in_order() {
        check("abc", "abc", &[Some(0), Some(1), Some(2)]);
        check("abc", "xaxbxcx", &[Some(1), Some(3), Some(5)]);
        check("abcd", "cd", &[None, None, Some(0), Some(1)]);
        check("", "abc", &[]);
        check("aab", "aba", &[Some(0), None, Some(1)]);
    }

    #[test]
    fn long_stretches_without_unique_words_are_aligned() {
        let source = "ab".repeat(5000);
        let numbers = |text: &str| text.bytes().map(u32::from).collect::<Vec<_>>();
        let positions = align(&numbers(&source), &numbers(&format!("b{source}a")));
        let found = positions.iter().flatten().count();
        assert!(found >= 9_998, "{found}");
        assert!(positions.iter().flatten().is_sorted());
    }
}
