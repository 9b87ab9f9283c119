//! Stretches of texts as sets of characters: how many there are, and how many two sets share.

use std::collections::BTreeMap;
use std::ops::Range;

/// Characters of documents. A character that is put in twice is in once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Stretches<'a> {
    /// For each document, apart from one another and in order.
    ranges: BTreeMap<&'a str, Vec<Range<usize>>>,
}

impl<'a> FromIterator<(&'a str, Range<usize>)> for Stretches<'a> {
    fn from_iter<I: IntoIterator<Item = (&'a str, Range<usize>)>>(stretches: I) -> Self {
        let mut ranges: BTreeMap<&str, Vec<Range<usize>>> = BTreeMap::new();
        for (document, range) in stretches {
            ranges.entry(document).or_default().push(range);
        }

        ranges.values_mut().for_each(join);
        Self { ranges }
    }
}

impl Stretches<'_> {
    /// How many characters.
    pub(crate) fn length(&self) -> usize {
        self.ranges.values().flatten().map(Range::len).sum()
    }

    /// How many characters are in both.
    pub(crate) fn shared(&self, other: &Self) -> usize {
        let overlap = |left: &Range<usize>, right: &Range<usize>| {
            left.end
                .min(right.end)
                .saturating_sub(left.start.max(right.start))
        };

        let within = |(document, ours): (&&str, &Vec<Range<usize>>)| -> usize {
            let theirs = other.ranges.get(document).map_or(&[][..], Vec::as_slice);
            ours.iter()
                .flat_map(|left| theirs.iter().map(move |right| overlap(left, right)))
                .sum()
        };

        self.ranges.iter().map(within).sum()
    }
}

/// Sorts, and makes one range of those that touch.
fn join(ranges: &mut Vec<Range<usize>>) {
    ranges.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges.drain(..) {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }

    *ranges = joined;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_count_once() {
        let some: Stretches<'_> = [
            ("a", 10..20),
            ("a", 15..30),
            ("a", 0..5),
            ("a", 2..3),
            ("b", 0..7),
        ]
        .into_iter()
        .collect();

        assert_eq!(some.length(), 5 + 20 + 7);
        assert_eq!(Stretches::default().length(), 0);
    }

    #[test]
    fn shared_characters_are_of_the_same_document() {
        let some: Stretches<'_> = [("a", 0..10), ("a", 20..30), ("b", 0..5)]
            .into_iter()
            .collect();
        let other: Stretches<'_> = [("a", 5..25), ("c", 0..5)].into_iter().collect();
        assert_eq!(some.shared(&other), 10);
        assert_eq!(other.shared(&some), 10);
        assert_eq!(some.shared(&some), some.length());
        assert_eq!(some.shared(&Stretches::default()), 0);
    }
}
