//! Where the time of a search goes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A stopwatch with a name for each stretch.
pub(crate) struct Stages {
    since: Instant,
    spent: BTreeMap<&'static str, Duration>,
}

impl Stages {
    pub(crate) fn begin() -> Self {
        Self {
            since: Instant::now(),
            spent: BTreeMap::new(),
        }
    }

    /// What has passed since the last lap belongs to this stage.
    pub(crate) fn lap(&mut self, stage: &'static str) {
        *self.spent.entry(stage).or_default() += self.since.elapsed();
        self.since = Instant::now();
    }

    /// What has passed since the last lap was measured by another one.
    pub(crate) fn add(&mut self, other: &Self) {
        for (stage, spent) in &other.spent {
            *self.spent.entry(stage).or_default() += *spent;
        }
        self.since = Instant::now();
    }

    /// All stages, and the `total` since `started`.
    pub(crate) fn milliseconds(self, started: Instant) -> BTreeMap<String, f64> {
        let all = self.spent.into_iter().chain([("total", started.elapsed())]);
        all.map(|(stage, spent)| (stage.to_owned(), spent.as_secs_f64() * 1000.0))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_one_measured_is_counted_once() {
        let started = Instant::now();
        let mut inner = Stages::begin();
        inner.lap("store");
        inner.spent.insert("store", Duration::from_secs(3));
        let mut outer = Stages::begin();
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
