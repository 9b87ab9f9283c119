//! A logistic model: from signals to a probability. Small on purpose: a handful of signals, fitted by gradient descent.

/// Weights for signals as they are, not standardised.
#[derive(Debug, Clone, PartialEq)]
pub struct Logistic {
    /// One for each signal.
    pub weights: Vec<f64>,
    /// What all signals at 0 stand at.
    pub bias: f64,
}

/// An example to fit to.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// The signals.
    pub signals: Vec<f64>,
    /// What the model is to tell.
    pub is_true: bool,
    /// How much it counts.
    pub weight: f64,
}

/// Steps of the descent; the fit does not change any more after some hundreds.
const STEPS: usize = 4000;
const RATE: f64 = 0.5;
/// Keeps weights small that the examples do not ask for.
const PENALTY: f64 = 1e-3;

impl Logistic {
    /// The model that fits the examples best; `None` without examples of both kinds.
    pub fn fit(examples: &[Example]) -> Option<Self> {
        let all: f64 = examples.iter().map(|example| example.weight).sum();
        if !examples.iter().any(|example| example.is_true)
            || examples.iter().all(|example| example.is_true)
        {
            return None;
        }

        let signals = examples.first()?.signals.len();
        let mean = |of: &dyn Fn(&Example) -> f64| {
            examples.iter().map(|one| one.weight * of(one)).sum::<f64>() / all
        };

        let centres: Vec<f64> = (0..signals)
            .map(|signal| mean(&|one| one.signals[signal]))
            .collect();

        let scales: Vec<f64> = (0..signals)
            .map(|signal| {
                mean(&|one| (one.signals[signal] - centres[signal]).powi(2))
                    .sqrt()
                    .max(1e-9)
            })
            .collect();

        let mut model = Self {
            weights: vec![0.0; signals],
            bias: 0.0,
        };

        let rows: Vec<Vec<f64>> = examples
            .iter()
            .map(|one| {
                (0..signals)
                    .map(|signal| (one.signals[signal] - centres[signal]) / scales[signal])
                    .collect()
            })
            .collect();

        for _ in 0..STEPS {
            let mut slopes = vec![0.0; signals];
            let mut slope = 0.0;
            for (example, row) in examples.iter().zip(&rows) {
                let target = f64::from(u8::from(example.is_true));
                let error = (model.probability(row) - target) * example.weight / all;
                slope += error;
                slopes
                    .iter_mut()
                    .zip(row)
                    .for_each(|(slope, signal)| *slope += error * signal);
            }

            model.bias -= RATE * slope;
            for (weight, slope) in model.weights.iter_mut().zip(slopes) {
                *weight -= RATE * (slope + PENALTY * *weight);
            }
        }

        for ((weight, scale), centre) in model.weights.iter_mut().zip(&scales).zip(&centres) {
            *weight /= scale;
            model.bias -= *weight * centre;
        }

        Some(model)
    }

    /// The probability that signals stand for.
    pub fn probability(&self, signals: &[f64]) -> f64 {
        let sum: f64 = self
            .weights
            .iter()
            .zip(signals)
            .map(|(weight, signal)| weight * signal)
            .sum();
        1.0 / (1.0 + (-(self.bias + sum)).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(signals: [f64; 2], is_true: bool) -> Example {
        Example {
            signals: signals.to_vec(),
            is_true,
            weight: 1.0,
        }
    }

    #[test]
    fn what_tells_gets_the_weight() {
        let examples: Vec<Example> = (0..40)
            .map(|n| example([100.0 + f64::from(n), f64::from(n % 3)], n >= 20))
            .collect();
        let model = Logistic::fit(&examples).unwrap();
        let right = examples
            .iter()
            .filter(|one| (model.probability(&one.signals) > 0.5) == one.is_true)
            .count();
        assert!(right >= 38, "{right} of 40, {model:?}");

        // Compared as what one deviation of the signal does: 11.5 and 0.8.
        assert!(
            model.weights[0] * 11.5 > 5.0 * model.weights[1].abs() * 0.8,
            "{model:?}"
        );
    }

    #[test]
    fn without_a_signal_the_share_is_the_probability() {
        let examples: Vec<Example> = (0..40).map(|n| example([1.0, 2.0], n % 4 == 0)).collect();
        let model = Logistic::fit(&examples).unwrap();
        assert!((model.probability(&[1.0, 2.0]) - 0.25).abs() < 0.01);
        assert_eq!(Logistic::fit(&examples[1..3]), None);
        assert_eq!(Logistic::fit(&[]), None);
    }
}
