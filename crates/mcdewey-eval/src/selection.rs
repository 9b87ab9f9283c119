//! Selects one of several search configurations by its scores on several sets, and estimates by
//! leave-one-out how well such a selection generalises to a set that had no part in it.

/// Two sums closer than this are equal: sums of the same scores may differ in their last digits.
const TOLERANCE: f64 = 1e-12;

/// Search configurations to choose from, each with its score on every set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Selection {
    /// The names of the sets.
    pub sets: Vec<String>,
    pub candidates: Vec<Candidate>,
}

/// One search configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    pub name: String,
    /// The scores, in the order of the sets.
    pub scores: Vec<f64>,
}

/// The result of leaving one set out of the selection.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldOut {
    /// The set that was left out.
    pub set: String,
    /// The candidate that the other sets select.
    pub chosen: String,
    /// Its score on the set that was left out.
    pub score: f64,
    /// The best score of any candidate on that set.
    pub best: f64,
}

impl Selection {
    /// Returns the candidate with the highest mean over all sets; the first one wins ties.
    pub fn best(&self) -> Option<&str> {
        Some(&self.best_without(None)?.name)
    }

    /// Leaves out each set in turn: what the other sets select, and how it scores on that set.
    pub fn leave_one_out(&self) -> Vec<HeldOut> {
        (0..self.sets.len())
            .filter_map(|set| self.held_out(set))
            .collect()
    }

    fn held_out(&self, set: usize) -> Option<HeldOut> {
        let chosen = self.best_without(Some(set))?;
        let best = self
            .candidates
            .iter()
            .map(|candidate| candidate.scores[set])
            .fold(f64::MIN, f64::max);

        Some(HeldOut {
            set: self.sets[set].clone(),
            chosen: chosen.name.clone(),
            score: chosen.scores[set],
            best,
        })
    }

    fn best_without(&self, left_out: Option<usize>) -> Option<&Candidate> {
        let mut best: Option<(&Candidate, f64)> = None;
        for candidate in &self.candidates {
            let sum = candidate.sum_without(left_out);
            if best.is_none_or(|(_, highest)| sum > highest + TOLERANCE) {
                best = Some((candidate, sum));
            }
        }

        best.map(|(candidate, _)| candidate)
    }
}

impl Candidate {
    /// Every candidate has a score on every set, so sums order candidates as means would.
    fn sum_without(&self, left_out: Option<usize>) -> f64 {
        self.scores
            .iter()
            .enumerate()
            .filter(|(set, _)| Some(*set) != left_out)
            .map(|(_, score)| score)
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(name: &str, scores: [f64; 3]) -> Candidate {
        Candidate {
            name: name.to_owned(),
            scores: scores.to_vec(),
        }
    }

    #[test]
    fn a_held_out_set_does_not_influence_the_selection() {
        let selection = Selection {
            sets: ["a", "b", "c"].map(str::to_owned).into(),
            candidates: vec![
                candidate("x", [0.5, 0.6, 0.9]),
                candidate("y", [0.6, 0.7, 0.6]),
            ],
        };

        assert_eq!(selection.best(), Some("x"));

        let held_out = selection.leave_one_out();
        assert_eq!(
            held_out[2],
            HeldOut {
                set: "c".into(),
                chosen: "y".into(),
                score: 0.6,
                best: 0.9
            }
        );
        assert_eq!(held_out[0].chosen, "x");
        assert_eq!(Selection::default().best(), None);
    }
}
