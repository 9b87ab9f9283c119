//! Sets of characters, given as ranges of documents' texts: their sizes and overlaps.

use std::collections::BTreeMap;
use std::ops::Range;

/// A set of characters of documents. Ranges may overlap; each character is counted once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CharacterSpans<'a> {
    /// For each document, disjoint ranges in ascending order.
    ranges: BTreeMap<&'a str, Vec<Range<usize>>>,
}

impl<'a> FromIterator<(&'a str, Range<usize>)> for CharacterSpans<'a> {
    fn from_iter<I: IntoIterator<Item = (&'a str, Range<usize>)>>(spans: I) -> Self {
        let mut ranges: BTreeMap<&str, Vec<Range<usize>>> = BTreeMap::new();
        for (document, range) in spans {
            ranges.entry(document).or_default().push(range);
        }

        ranges.values_mut().for_each(merge);
        Self { ranges }
    }
}

impl CharacterSpans<'_> {
    /// Returns the number of characters in the set.
    pub(crate) fn character_count(&self) -> usize {
        self.ranges.values().flatten().map(Range::len).sum()
    }

    /// Returns the number of characters in both sets.
    pub(crate) fn overlap(&self, other: &Self) -> usize {
        self.ranges
            .iter()
            .filter_map(|(document, ours)| Some((ours, other.ranges.get(document)?)))
            .flat_map(|(ours, theirs)| {
                ours.iter()
                    .flat_map(|left| theirs.iter().map(|right| range_overlap(left, right)))
            })
            .sum()
    }
}

fn range_overlap(left: &Range<usize>, right: &Range<usize>) -> usize {
    left.end
        .min(right.end)
        .saturating_sub(left.start.max(right.start))
}

/// Sorts the ranges and merges those that overlap or touch.
fn merge(ranges: &mut Vec<Range<usize>>) {
    ranges.sort_by_key(|range| range.start);

    let mut merged: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges.drain(..) {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }

    *ranges = merged;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_character_counts_once() {
        let spans: CharacterSpans<'_> = [
            ("a", 10..20),
            ("a", 15..30),
            ("a", 0..5),
            ("a", 2..3),
            ("b", 0..7),
        ]
        .into_iter()
        .collect();

        assert_eq!(spans.character_count(), 5 + 20 + 7);
        assert_eq!(CharacterSpans::default().character_count(), 0);
    }

    #[test]
    fn only_ranges_of_the_same_document_overlap() {
        let spans: CharacterSpans<'_> = [("a", 0..10), ("a", 20..30), ("b", 0..5)]
            .into_iter()
            .collect();
        let other: CharacterSpans<'_> = [("a", 5..25), ("c", 0..5)].into_iter().collect();

        assert_eq!(spans.overlap(&other), 10);
        assert_eq!(other.overlap(&spans), 10);
        assert_eq!(spans.overlap(&spans), spans.character_count());
        assert_eq!(spans.overlap(&CharacterSpans::default()), 0);
    }
}
