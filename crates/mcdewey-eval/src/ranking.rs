//! The metrics of a ranked list, as `trec_eval` defines them.
//!
//! Gains are linear: a document of grade *g* at rank *r* adds *g / log2(r + 1)* (not *2^g − 1*),
//! which is what BEIR's published figures use. Recall, precision, reciprocal rank and hit count
//! every grade above 0 as relevant.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

/// A ranked list and the ideal list it is compared with.
///
/// A document may have several chunks in the list. It counts once, at its best rank, and the
/// documents after its later chunks move up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranking {
    /// The grade at each rank.
    grades: Vec<u32>,
    /// The grades above 0, highest first.
    ideal: Vec<u32>,
}

impl Ranking {
    /// Ranks `hits`, given best first, by `judgments`; hits without a judgment have grade 0.
    pub fn new<K: Eq + Hash>(
        hits: impl IntoIterator<Item = K>,
        judgments: &HashMap<K, u32>,
    ) -> Self {
        let mut seen = HashSet::new();
        let mut grades = Vec::new();
        for hit in hits {
            let grade = judgments.get(&hit).copied().unwrap_or(0);
            if seen.insert(hit) {
                grades.push(grade);
            }
        }

        let mut ideal: Vec<u32> = judgments
            .values()
            .copied()
            .filter(|grade| *grade > 0)
            .collect();
        ideal.sort_unstable_by(|left, right| right.cmp(left));

        Self { grades, ideal }
    }

    /// Returns the normalised discounted cumulative gain of the first `k`: 1 for the best possible
    /// order, 0 without a relevant document.
    pub fn ndcg(&self, k: usize) -> f64 {
        let ideal = dcg(&self.ideal, k);
        if ideal == 0.0 {
            0.0
        } else {
            dcg(&self.grades, k) / ideal
        }
    }

    /// Returns the share of all relevant documents that are among the first `k`.
    pub fn recall(&self, k: usize) -> f64 {
        ratio(self.relevant_within(k), self.ideal.len())
    }

    /// Returns the share of relevant documents among the first `k`; missing ranks count as misses.
    pub fn precision(&self, k: usize) -> f64 {
        ratio(self.relevant_within(k), k)
    }

    /// Returns one over the rank of the first relevant document, or 0 if none is among the first
    /// `k`.
    pub fn reciprocal_rank(&self, k: usize) -> f64 {
        self.grades
            .iter()
            .take(k)
            .position(|grade| *grade > 0)
            .map_or(0.0, |index| ratio(1, index + 1))
    }

    /// Returns 1 if a relevant document is among the first `k`, else 0.
    pub fn hit(&self, k: usize) -> f64 {
        if self.relevant_within(k) > 0 {
            1.0
        } else {
            0.0
        }
    }

    fn relevant_within(&self, k: usize) -> usize {
        self.grades
            .iter()
            .take(k)
            .filter(|grade| **grade > 0)
            .count()
    }
}

/// Returns the discounted cumulative gain of the first `k` grades.
fn dcg(grades: &[u32], k: usize) -> f64 {
    grades
        .iter()
        .take(k)
        .enumerate()
        .map(|(index, grade)| f64::from(*grade) / (index as f64 + 2.0).log2())
        .sum()
}

/// Returns `part / whole`, or 0 if `whole` is 0.
pub(crate) fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ranking(hits: &str, grades: &[(char, u32)]) -> Ranking {
        Ranking::new(hits.chars(), &grades.iter().copied().collect())
    }

    fn assert_close(found: f64, expected: f64) {
        assert!(
            (found - expected).abs() < 1e-9,
            "{found}, expected {expected}"
        );
    }

    #[test]
    fn one_relevant_document_at_rank_two() {
        let list = ranking("xay", &[('a', 1)]);
        assert_close(list.ndcg(10), 0.6309297535714575); // 1 / log2 3
        assert_close(list.ndcg(1), 0.0);
        assert_close(list.recall(10), 1.0);
        assert_close(list.recall(1), 0.0);
        assert_close(list.precision(3), 1.0 / 3.0);
        assert_close(list.precision(10), 0.1);
        assert_close(list.reciprocal_rank(10), 0.5);
        assert_close(list.reciprocal_rank(1), 0.0);
        assert_close(list.hit(1), 0.0);
        assert_close(list.hit(2), 1.0);
    }

    #[test]
    fn grades_gain_linearly() {
        // (1/log2 2 + 3/log2 4) / (3/log2 2 + 2/log2 3 + 1/log2 4) = 2.5 / 4.7618595071
        let list = ranking("cxa", &[('a', 3), ('b', 2), ('c', 1)]);
        assert_close(list.ndcg(10), 0.5250049894);
        assert_close(list.recall(10), 2.0 / 3.0);

        // The ideal list is cut at 1 as well: 1 / 3.
        assert_close(list.ndcg(1), 1.0 / 3.0);
    }

    #[test]
    fn a_document_counts_once_at_its_best_rank() {
        let list = ranking("xxaxaab", &[('a', 1), ('b', 1)]);
        assert_eq!(list, ranking("xab", &[('a', 1), ('b', 1)]));
        assert_close(list.reciprocal_rank(10), 0.5);

        // x, a, b: (1/log2 3 + 1/log2 4) / (1/log2 2 + 1/log2 3)
        assert_close(list.ndcg(10), 0.6934264036);
        assert_close(list.recall(3), 1.0);
    }

    #[test]
    fn no_hits_and_no_relevant_documents_score_zero() {
        for list in [
            ranking("", &[('a', 1)]),
            ranking("xy", &[]),
            ranking("a", &[('a', 0)]),
        ] {
            for k in [0, 1, 10] {
                let values = [
                    list.ndcg(k),
                    list.recall(k),
                    list.precision(k),
                    list.reciprocal_rank(k),
                    list.hit(k),
                ];
                assert_eq!(values, [0.0; 5]);
            }
        }
    }

    proptest! {
        #[test]
        fn values_stay_between_zero_and_one(
            hits in prop::collection::vec(0u8..12, 0..30),
            grades in prop::collection::hash_map(0u8..12, 0u32..4, 0..12),
            k in 1usize..25,
        ) {
            let list = Ranking::new(hits, &grades);
            let values = [
                list.ndcg(k),
                list.recall(k),
                list.precision(k),
                list.reciprocal_rank(k),
                list.hit(k),
            ];
            prop_assert!(
                values.iter().all(|value| (0.0..=1.0 + 1e-12).contains(value)),
                "{values:?}"
            );
            prop_assert!(list.recall(k) <= list.recall(k + 1));
        }

        #[test]
        fn the_best_order_scores_one(
            grades in prop::collection::hash_map(0u8..40, 0u32..4, 1..30),
            k in 1usize..25,
        ) {
            prop_assume!(grades.values().any(|grade| *grade > 0));
            let mut best: Vec<(u8, u32)> =
                grades.iter().map(|(key, grade)| (*key, *grade)).collect();
            best.sort_by_key(|(_, grade)| std::cmp::Reverse(*grade));
            let list = Ranking::new(best.into_iter().map(|(key, _)| key), &grades);
            prop_assert!((list.ndcg(k) - 1.0).abs() < 1e-12);
            prop_assert_eq!(list.hit(1), 1.0);
            prop_assert_eq!(list.reciprocal_rank(k), 1.0);
            prop_assert_eq!(list.recall(40), 1.0);
        }
    }
}
