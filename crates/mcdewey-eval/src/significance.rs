//! Bootstrap intervals and a paired randomisation test: whether a value or a difference could be
//! due to chance.
//!
//! Resampling is seeded: the same values yield the same intervals and the same p-value.

use serde::{Deserialize, Serialize};

/// How values are resampled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resampling {
    /// The number of samples; 10,000 keep the ends of a 95 % interval within about 0.001 on a set
    /// of 100.
    pub samples: usize,
    /// The share of samples inside an interval, 0 to 1.
    pub confidence: f64,
    /// The seed of the random numbers.
    pub seed: u64,
}

/// A mean with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    pub mean: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
}

impl Default for Resampling {
    fn default() -> Self {
        Self {
            samples: 10_000,
            confidence: 0.95,
            seed: 0x6d63_6465_7765_7931,
        }
    }
}

impl Resampling {
    /// Returns the mean over questions with its bootstrap percentile interval; `None` without
    /// values.
    pub fn mean(&self, values: &[f64]) -> Option<Estimate> {
        if values.is_empty() || self.samples == 0 {
            return None;
        }

        let mut random = fastrand::Rng::with_seed(self.seed);
        let mut means: Vec<f64> = (0..self.samples)
            .map(|_| resampled_mean(values, &mut random))
            .collect();
        means.sort_unstable_by(f64::total_cmp);

        let tail = (1.0 - self.confidence.clamp(0.0, 1.0)) / 2.0;
        let last = self.samples - 1;
        let below = ((tail * self.samples as f64) as usize).min(last);

        Some(Estimate {
            mean: average(values),
            low: means[below.min(last - below)],
            high: means[below.max(last - below)],
        })
    }

    /// Returns how much higher the second value of a pair is on average, with its paired bootstrap
    /// interval. The two values of a pair belong to one question. `None` without pairs.
    pub fn difference(&self, pairs: &[(f64, f64)]) -> Option<Estimate> {
        self.mean(&differences(pairs))
    }

    /// Returns the p-value of a two-sided paired randomisation test: the probability of a mean
    /// difference at least this large when the two values of each pair are swapped at random.
    /// Values below 0.05 are commonly taken as a real difference. 1 without pairs.
    pub fn p_value(&self, pairs: &[(f64, f64)]) -> f64 {
        let differences = differences(pairs);
        let observed = differences.iter().sum::<f64>().abs();

        // Sums of the same numbers with different signs may differ in their last digits.
        let threshold = observed - 1e-9;
        let mut random = fastrand::Rng::with_seed(self.seed);
        let extreme = (0..self.samples)
            .filter(|_| randomised_sum(&differences, &mut random).abs() >= threshold)
            .count();

        // The observed order is one of the possible ones, so p is never 0.
        (extreme + 1) as f64 / (self.samples + 1) as f64
    }
}

/// Draws as many values as there are, with replacement, and returns their mean.
fn resampled_mean(values: &[f64], random: &mut fastrand::Rng) -> f64 {
    let sum = (0..values.len())
        .map(|_| values[random.usize(..values.len())])
        .sum::<f64>();

    sum / values.len() as f64
}

/// Returns the sum of the differences after swapping the two values of random pairs.
fn randomised_sum(differences: &[f64], random: &mut fastrand::Rng) -> f64 {
    differences
        .iter()
        .map(|difference| {
            if random.bool() {
                *difference
            } else {
                -difference
            }
        })
        .sum()
}

fn differences(pairs: &[(f64, f64)]) -> Vec<f64> {
    pairs.iter().map(|(left, right)| right - left).collect()
}

/// Returns the mean, or 0 without values.
pub(crate) fn average(values: &[f64]) -> f64 {
    if values.is_empty() {
        0.0
    } else {
        values.iter().sum::<f64>() / values.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn halves(size: usize) -> Vec<f64> {
        (0..size).map(|index| (index % 2) as f64).collect()
    }

    #[test]
    fn the_interval_of_a_fair_coin_matches_the_binomial_distribution() {
        // 100 values with mean 0.5 and standard deviation 0.5: 0.5 ± 1.96 · 0.05.
        let estimate = Resampling::default().mean(&halves(100)).unwrap();
        assert_eq!(estimate.mean, 0.5);
        assert!((estimate.low - 0.402).abs() < 0.011, "{estimate:?}");
        assert!((estimate.high - 0.598).abs() < 0.011, "{estimate:?}");
    }

    #[test]
    fn the_same_seed_yields_the_same_results() {
        let values: Vec<f64> = (0..50).map(|index| f64::from(index * index % 17)).collect();
        let pairs: Vec<(f64, f64)> = values.iter().map(|value| (*value, 17.0 - value)).collect();
        let first = Resampling::default();
        let other = Resampling { seed: 1, ..first };
        assert_eq!(first.mean(&values), first.mean(&values));
        assert_eq!(first.p_value(&pairs), first.p_value(&pairs));
        assert_ne!(first.mean(&values), other.mean(&values));
    }

    #[test]
    fn equal_values_have_an_empty_interval_and_no_difference() {
        let resampling = Resampling::default();
        assert_eq!(
            resampling.mean(&[0.25; 9]),
            Some(Estimate {
                mean: 0.25,
                low: 0.25,
                high: 0.25
            })
        );
        assert_eq!(resampling.mean(&[]), None);
        assert_eq!(resampling.difference(&[(0.5, 0.5); 9]).unwrap().mean, 0.0);
        assert_eq!(resampling.p_value(&[(0.5, 0.5); 9]), 1.0);
        assert_eq!(resampling.p_value(&[]), 1.0);
        assert_eq!(
            Resampling {
                samples: 0,
                ..resampling
            }
            .mean(&[1.0]),
            None
        );
    }

    #[test]
    fn a_constant_gain_is_significant_even_if_the_questions_differ_widely() {
        let pairs: Vec<(f64, f64)> = halves(40)
            .into_iter()
            .map(|value| (value, value + 0.25))
            .collect();
        let resampling = Resampling::default();
        assert_eq!(
            resampling.difference(&pairs),
            Some(Estimate {
                mean: 0.25,
                low: 0.25,
                high: 0.25
            })
        );
        assert!(resampling.p_value(&pairs) < 0.001);
    }

    #[test]
    fn the_p_value_is_the_share_of_equally_extreme_swaps() {
        // Three gains of 1: of the 8 sign orders two are as extreme.
        let p = Resampling::default().p_value(&[(0.0, 1.0); 3]);
        assert!((p - 0.25).abs() < 0.015, "{p}");

        // A gain and a loss of the same size: every order is as extreme.
        assert_eq!(
            Resampling::default().p_value(&[(0.0, 1.0), (1.0, 0.0)]),
            1.0
        );
    }

    #[test]
    fn the_difference_is_second_minus_first() {
        let estimate = Resampling::default()
            .difference(&[(0.0, 1.0), (1.0, 1.0), (0.5, 0.5), (0.0, 0.2)])
            .unwrap();
        assert!((estimate.mean - 0.3).abs() < 1e-12);
        assert!(estimate.low <= estimate.mean && estimate.mean <= estimate.high);
    }
}
