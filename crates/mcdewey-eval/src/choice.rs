//! Choosing one of several ways to search by how they do on several sets, and how well such a choice does on a set that
//! had no part in it.

/// Ways to search, each with its figure on every set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Choice {
    /// The sets.
    pub sets: Vec<String>,
    /// Each way with its figures, in the order of the sets.
    pub ways: Vec<(String, Vec<f64>)>,
}

/// What leaving one set out showed.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldOut {
    /// The set that had no part in the choice.
    pub set: String,
    /// The way the other sets choose.
    pub chosen: String,
    /// Its figure on the set left out.
    pub figure: f64,
    /// The best figure any way has there.
    pub best: f64,
}

impl Choice {
    /// The way with the highest mean over all sets; of equal ones the first.
    pub fn best(&self) -> Option<&str> {
        self.best_without(None)
    }

    /// For each set, what the others choose and how that does on it.
    pub fn held_out(&self) -> Vec<HeldOut> {
        let one = |(place, set): (usize, &String)| {
            let chosen = self.best_without(Some(place))?;
            let figure = self.ways.iter().find(|(name, _)| name == chosen)?.1[place];
            let best = self
                .ways
                .iter()
                .map(|(_, figures)| figures[place])
                .fold(f64::MIN, f64::max);

            Some(HeldOut {
                set: set.clone(),
                chosen: chosen.to_owned(),
                figure,
                best,
            })
        };
        self.sets.iter().enumerate().filter_map(one).collect()
    }

    fn best_without(&self, left_out: Option<usize>) -> Option<&str> {
        let sum = |figures: &[f64]| {
            let kept = figures
                .iter()
                .enumerate()
                .filter(|(place, _)| Some(*place) != left_out);
            kept.map(|(_, figure)| figure).sum::<f64>()
        };

        let mut best: Option<(&str, f64)> = None;
        for (name, figures) in &self.ways {
            let sum = sum(figures);
            if best.is_none_or(|(_, highest)| sum > highest + 1e-12) {
                best = Some((name, sum));
            }
        }

        best.map(|(name, _)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_no_part_in_its_own_choice() {
        let choice = Choice {
            sets: ["a", "b", "c"].map(str::to_owned).into(),
            ways: vec![
                ("x".to_owned(), vec![0.5, 0.6, 0.9]),
                ("y".to_owned(), vec![0.6, 0.7, 0.6]),
            ],
        };

        assert_eq!(choice.best(), Some("x"));
        let held_out = choice.held_out();
        assert_eq!(
            held_out[2],
            HeldOut {
                set: "c".into(),
                chosen: "y".into(),
                figure: 0.6,
                best: 0.9
            }
        );
        assert_eq!(held_out[0].chosen, "x");
        assert_eq!(Choice::default().best(), None);
    }
}
