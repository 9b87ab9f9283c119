//! Logistic regression from signals to a probability. Deliberately minimal: it fits a handful of
//! signals by gradient descent.

/// A fitted model. The weights apply to the signals as they are, not standardised.
#[derive(Debug, Clone, PartialEq)]
pub struct LogisticRegression {
    /// One weight for each signal.
    pub weights: Vec<f64>,
    /// The log-odds when all signals are 0.
    pub bias: f64,
}

/// An example to fit the model to.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingExample {
    pub signals: Vec<f64>,
    /// The outcome that the model should predict.
    pub label: bool,
    /// How much the example counts.
    pub weight: f64,
}

/// Steps of gradient descent. The fit stops changing after some hundreds of steps.
const STEPS: usize = 4000;
const LEARNING_RATE: f64 = 0.5;
/// L2 penalty: keeps weights small where the examples do not demand large ones.
const PENALTY: f64 = 1e-3;
/// Lower bound of a signal's standard deviation, so that constant signals can be scaled.
const MIN_SCALE: f64 = 1e-9;

impl LogisticRegression {
    /// Fits the model to the examples; `None` unless there are examples with both labels.
    pub fn fit(examples: &[TrainingExample]) -> Option<Self> {
        let has_positive = examples.iter().any(|example| example.label);
        let has_negative = examples.iter().any(|example| !example.label);
        if !has_positive || !has_negative {
            return None;
        }

        let total_weight: f64 = examples.iter().map(|example| example.weight).sum();
        let scaling = Scaling::measure(examples, total_weight)?;
        let rows: Vec<Vec<f64>> = examples
            .iter()
            .map(|example| scaling.standardise(&example.signals))
            .collect();

        let mut model = Self {
            weights: vec![0.0; scaling.means.len()],
            bias: 0.0,
        };
        for _ in 0..STEPS {
            model.step(examples, &rows, total_weight);
        }

        Some(scaling.unscale(model))
    }

    /// Takes one step of gradient descent over the standardised `rows` of the examples.
    fn step(&mut self, examples: &[TrainingExample], rows: &[Vec<f64>], total_weight: f64) {
        let mut weight_gradients = vec![0.0; self.weights.len()];
        let mut bias_gradient = 0.0;
        for (example, row) in examples.iter().zip(rows) {
            let target = f64::from(u8::from(example.label));
            let error = (self.probability(row) - target) * example.weight / total_weight;
            bias_gradient += error;
            for (gradient, signal) in weight_gradients.iter_mut().zip(row) {
                *gradient += error * signal;
            }
        }

        self.bias -= LEARNING_RATE * bias_gradient;
        for (weight, gradient) in self.weights.iter_mut().zip(weight_gradients) {
            *weight -= LEARNING_RATE * (gradient + PENALTY * *weight);
        }
    }

    /// Returns the probability that the model predicts for the signals.
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

/// The weighted mean and standard deviation of each signal. Gradient descent converges evenly only
/// on standardised signals.
struct Scaling {
    means: Vec<f64>,
    deviations: Vec<f64>,
}

impl Scaling {
    /// Returns `None` without examples.
    fn measure(examples: &[TrainingExample], total_weight: f64) -> Option<Self> {
        let signals = examples.first()?.signals.len();
        let means: Vec<f64> = (0..signals)
            .map(|signal| weighted_mean(examples, total_weight, |example| example.signals[signal]))
            .collect();

        let deviations = (0..signals)
            .map(|signal| {
                weighted_mean(examples, total_weight, |example| {
                    (example.signals[signal] - means[signal]).powi(2)
                })
                .sqrt()
                .max(MIN_SCALE)
            })
            .collect();

        Some(Self { means, deviations })
    }

    fn standardise(&self, signals: &[f64]) -> Vec<f64> {
        signals
            .iter()
            .zip(&self.means)
            .zip(&self.deviations)
            .map(|((signal, mean), deviation)| (signal - mean) / deviation)
            .collect()
    }

    /// Converts a model of standardised signals into one of the signals as they are.
    fn unscale(&self, mut model: LogisticRegression) -> LogisticRegression {
        for ((weight, deviation), mean) in model
            .weights
            .iter_mut()
            .zip(&self.deviations)
            .zip(&self.means)
        {
            *weight /= deviation;
            model.bias -= *weight * mean;
        }

        model
    }
}

fn weighted_mean(
    examples: &[TrainingExample],
    total_weight: f64,
    value: impl Fn(&TrainingExample) -> f64,
) -> f64 {
    let sum: f64 = examples
        .iter()
        .map(|example| example.weight * value(example))
        .sum();

    sum / total_weight
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(signals: [f64; 2], label: bool) -> TrainingExample {
        TrainingExample {
            signals: signals.to_vec(),
            label,
            weight: 1.0,
        }
    }

    #[test]
    fn the_informative_signal_gets_the_weight() {
        let examples: Vec<TrainingExample> = (0..40)
            .map(|n| example([100.0 + f64::from(n), f64::from(n % 3)], n >= 20))
            .collect();
        let model = LogisticRegression::fit(&examples).unwrap();
        let correct = examples
            .iter()
            .filter(|example| (model.probability(&example.signals) > 0.5) == example.label)
            .count();
        assert!(correct >= 38, "{correct} of 40, {model:?}");

        // Compares the effects of one standard deviation of each signal: 11.5 and 0.8.
        assert!(
            model.weights[0] * 11.5 > 5.0 * model.weights[1].abs() * 0.8,
            "{model:?}"
        );
    }

    #[test]
    fn without_an_informative_signal_the_base_rate_is_predicted() {
        let examples: Vec<TrainingExample> =
            (0..40).map(|n| example([1.0, 2.0], n % 4 == 0)).collect();
        let model = LogisticRegression::fit(&examples).unwrap();
        assert!((model.probability(&[1.0, 2.0]) - 0.25).abs() < 0.01);

        assert_eq!(LogisticRegression::fit(&examples[1..3]), None);
        assert_eq!(LogisticRegression::fit(&[]), None);
    }
}
