//! How long each stage of a search or comparison took.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The name of the time from beginning to end.
const TOTAL: &str = "total";

/// The time spent in each stage, by name, and in `total`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timings(BTreeMap<&'static str, Duration>);

impl Timings {
    /// The time since `started`, spent in the only stage of an answer from the cache.
    pub(crate) fn of_cached(started: Instant) -> Self {
        let mut timings = Self::default();
        timings.set("cache", started.elapsed());
        timings.set_total(started);
        timings
    }

    /// Adds a stage that preceded those that were measured: its time counts towards `total` too.
    pub fn add_preceding(&mut self, stage: &'static str, spent: Duration) {
        self.0.insert(stage, spent);
        if let Some(total) = self.0.get_mut(TOTAL) {
            *total += spent;
        }
    }

    /// Sets the time of a stage.
    pub(crate) fn set(&mut self, stage: &'static str, spent: Duration) {
        self.0.insert(stage, spent);
    }

    /// Sets `total` to the time since `started`.
    pub(crate) fn set_total(&mut self, started: Instant) {
        self.set(TOTAL, started.elapsed());
    }

    /// The stages with the time spent in each, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, Duration)> {
        self.0.iter().map(|(stage, spent)| (*stage, *spent))
    }

    /// The time spent in a stage, if it took place.
    pub fn get(&self, stage: &str) -> Option<Duration> {
        self.0.get(stage).copied()
    }
}

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

    /// Returns the times of all stages, and the `total` since `started`.
    pub(crate) fn finish(self, started: Instant) -> Timings {
        let mut timings = Timings(self.spent);
        timings.set_total(started);
        timings
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
        let spent = outer.finish(started).0;
        assert_eq!(spent["store"], Duration::from_secs(6));
        assert!(spent["write"] < Duration::from_secs(3) && spent["total"] >= spent["write"]);
        assert_eq!(
            spent.keys().copied().collect::<Vec<_>>(),
            ["store", "total", "write"]
        );
    }
}
