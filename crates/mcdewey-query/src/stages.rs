//! Measures how long each stage of a search takes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A stopwatch that adds up the time of named stages.
pub(crate) struct StageTimer {
    lap_started: Instant,
    spent: BTreeMap<&'static str, Duration>,
}

impl StageTimer {
    pub(crate) fn start() -> Self {
        Self {
            lap_started: Instant::now(),
            spent: BTreeMap::new(),
        }
    }

    /// Counts the time since the last lap towards this stage.
    pub(crate) fn lap(&mut self, stage: &'static str) {
        *self.spent.entry(stage).or_default() += self.lap_started.elapsed();
        self.lap_started = Instant::now();
    }

    /// Adds the stages of another timer, which measured the time since the last lap.
    pub(crate) fn add(&mut self, other: &Self) {
        for (stage, spent) in &other.spent {
            *self.spent.entry(stage).or_default() += *spent;
        }
        self.lap_started = Instant::now();
    }

    /// Returns the milliseconds of all stages, and the `total` since `started`.
    pub(crate) fn milliseconds(self, started: Instant) -> BTreeMap<String, f64> {
        self.spent
            .into_iter()
            .chain([("total", started.elapsed())])
            .map(|(stage, spent)| (stage.to_owned(), spent.as_secs_f64() * 1000.0))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_measured_by_another_timer_is_counted_once() {
        let started = Instant::now();
        let mut inner = StageTimer::start();
        inner.lap("store");
        inner.spent.insert("store", Duration::from_secs(3));
        let mut outer = StageTimer::start();
        outer.add(&inner);
        outer.add(&inner);
        outer.lap("write");
        let spent = outer.milliseconds(started);
        assert_eq!(spent["store"], 6000.0);
        assert!(spent["write"] < 3000.0 && spent["total"] >= spent["write"]);
        assert_eq!(
            spent.keys().collect::<Vec<_>>(),
            ["store", "total", "write"]
        );
    }
}
