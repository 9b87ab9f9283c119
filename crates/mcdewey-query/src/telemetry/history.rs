//! Hourly statistics of the last week: searches, searches without an answer, and durations. Kept in
//! memory only.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Hours that are kept.
pub(crate) const HOURS: usize = 7 * 24;
/// Durations are counted in buckets, each of which reaches this much further than the one before.
/// The error of a percentile is smaller than that.
const BUCKET_RATIO: f64 = 1.1;
/// Buckets from one millisecond to more than a minute.
const BUCKETS: usize = 120;

/// The searches of one hour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HourStatistics {
    /// The first second of the hour, as a Unix time.
    pub began: u64,
    pub searches: u64,
    /// How many of the searches found no answer.
    pub without_answer: u64,
    /// Median duration, at most a tenth too high; `None` without searches.
    pub p50_ms: Option<f64>,
    /// 95th percentile of the duration, likewise.
    pub p95_ms: Option<f64>,
}

#[derive(Debug)]
struct HourCounts {
    /// Hours since 1970.
    hour: u64,
    searches: u64,
    without_answer: u64,
    durations: [u32; BUCKETS],
}

/// The hours with at least one search, the oldest first.
#[derive(Debug, Default)]
pub(super) struct History(Mutex<VecDeque<HourCounts>>);

impl History {
    /// Counts a search.
    pub(super) fn add(&self, unix_seconds: u64, took: Duration, is_answered: bool) {
        let hour = unix_seconds / 3600;
        let mut hours = self.0.lock().unwrap_or_else(PoisonError::into_inner);

        // If the clock was set back, searches count towards the latest hour there is.
        if hours.back().is_none_or(|last| last.hour < hour) {
            hours.push_back(HourCounts {
                hour,
                searches: 0,
                without_answer: 0,
                durations: [0; BUCKETS],
            });
        }

        while hours
            .front()
            .is_some_and(|first| first.hour + HOURS as u64 <= hour)
        {
            hours.pop_front();
        }

        if let Some(counts) = hours.back_mut() {
            counts.searches += 1;
            counts.without_answer += u64::from(!is_answered);
            counts.durations[bucket(took)] += 1;
        }
    }

    /// Every hour of the last week, the current one last.
    pub(super) fn hours(&self, unix_seconds: u64) -> Vec<HourStatistics> {
        let now = unix_seconds / 3600;
        let hours = self.0.lock().unwrap_or_else(PoisonError::into_inner);

        (0..HOURS as u64)
            .rev()
            .map(|ago| now.saturating_sub(ago))
            .map(|hour| {
                let counts = hours.iter().find(|counts| counts.hour == hour);
                HourStatistics {
                    began: hour * 3600,
                    searches: counts.map_or(0, |counts| counts.searches),
                    without_answer: counts.map_or(0, |counts| counts.without_answer),
                    p50_ms: counts.and_then(|counts| counts.percentile(0.5)),
                    p95_ms: counts.and_then(|counts| counts.percentile(0.95)),
                }
            })
            .collect()
    }
}

impl HourCounts {
    /// The upper bound, in milliseconds, of the bucket in which the share of searches is reached.
    fn percentile(&self, share: f64) -> Option<f64> {
        let wanted = (self.searches as f64 * share).ceil().max(1.0) as u64;
        let mut sum = 0;
        let reached = self.durations.iter().position(|count| {
            sum += u64::from(*count);
            sum >= wanted
        })?;

        Some(BUCKET_RATIO.powi(i32::try_from(reached).unwrap_or(i32::MAX)))
    }
}

/// The bucket of a duration; the last one also holds everything longer.
fn bucket(took: Duration) -> usize {
    let milliseconds = (took.as_secs_f64() * 1000.0).max(1.0);
    ((milliseconds.ln() / BUCKET_RATIO.ln()).ceil() as usize).min(BUCKETS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 24 * 3600;

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn an_hour_counts_its_searches_and_their_durations() {
        let history = History::default();
        for took in 1..=100 {
            history.add(10 * DAY + took, ms(took), took % 4 != 0);
        }

        let hours = history.hours(10 * DAY + 1800);
        assert_eq!(hours.len(), HOURS);
        let last = hours[HOURS - 1];

        assert_eq!(
            (last.began, last.searches, last.without_answer),
            (10 * DAY, 100, 25)
        );

        for (reported, actual) in [(last.p50_ms, 50.0), (last.p95_ms, 95.0)] {
            let reported = reported.unwrap();
            assert!(
                actual <= reported && reported <= actual * BUCKET_RATIO,
                "{reported} for {actual}"
            );
        }

        assert_eq!(hours[HOURS - 2].p50_ms, None, "no searches in that hour");
    }

    #[test]
    fn hours_older_than_a_week_are_dropped() {
        let history = History::default();
        for day in 0..9 {
            history.add((10 + day) * DAY, ms(20), true);
        }

        let searches = |now: u64| {
            history
                .hours(now)
                .iter()
                .map(|hour| hour.searches)
                .sum::<u64>()
        };

        assert_eq!(searches(18 * DAY), 7);
        assert_eq!(searches(30 * DAY), 0);
        assert_eq!(history.0.lock().unwrap().len(), 7);
    }

    #[test]
    fn a_clock_that_is_set_back_loses_nothing() {
        let history = History::default();
        history.add(10 * DAY, ms(1), true);
        history.add(10 * DAY - 7200, ms(90_000_000), true);
        assert_eq!(history.hours(10 * DAY)[HOURS - 1].searches, 2);
    }
}
