//! The last week by the hour: how many questions, how many without an answer, and how long they took. In memory only.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Hours that are kept.
pub(crate) const HOURS: usize = 7 * 24;
/// Times are counted in slots; each is this much wider than the one before, so that a percentile is off by less.
const STEP: f64 = 1.1;
/// Slots from a millisecond to more than a minute.
const SLOTS: usize = 120;

/// The questions of an hour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Hour {
    /// Its first second, counted from 1970.
    pub(crate) began: u64,
    /// Questions that were searched for.
    pub(crate) searches: u64,
    /// Those of them without an answer.
    pub(crate) without_answer: u64,
    /// The time that half of them took at most, within a tenth.
    pub(crate) p50_ms: Option<f64>,
    /// The time that 95 of 100 took at most.
    pub(crate) p95_ms: Option<f64>,
}

#[derive(Debug)]
struct Counts {
    hour: u64,
    searches: u64,
    without_answer: u64,
    slots: [u32; SLOTS],
}

/// Counts of the hours in which anything was asked.
#[derive(Debug, Default)]
pub(super) struct History(Mutex<VecDeque<Counts>>);

impl History {
    /// Counts a question that was searched for.
    pub(super) fn add(&self, unix_seconds: u64, took: Duration, is_answered: bool) {
        let hour = unix_seconds / 3600;
        let mut hours = self.0.lock().unwrap_or_else(PoisonError::into_inner);

        // A clock that was put back goes on counting where it was.
        if hours.back().is_none_or(|last| last.hour < hour) {
            hours.push_back(Counts {
                hour,
                searches: 0,
                without_answer: 0,
                slots: [0; SLOTS],
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
            counts.slots[slot(took)] += 1;
        }
    }

    /// Every hour of the last week, the present one last.
    pub(super) fn hours(&self, unix_seconds: u64) -> Vec<Hour> {
        let now = unix_seconds / 3600;
        let hours = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |hour: u64| {
            let counts = hours.iter().find(|counts| counts.hour == hour);
            Hour {
                began: hour * 3600,
                searches: counts.map_or(0, |counts| counts.searches),
                without_answer: counts.map_or(0, |counts| counts.without_answer),
                p50_ms: counts.and_then(|counts| counts.percentile(0.5)),
                p95_ms: counts.and_then(|counts| counts.percentile(0.95)),
            }
        };

        (0..HOURS as u64)
            .rev()
            .map(|back| of(now.saturating_sub(back)))
            .collect()
    }
}

impl Counts {
    /// The upper end of the slot in which the share is reached.
    fn percentile(&self, share: f64) -> Option<f64> {
        let wanted = (self.searches as f64 * share).ceil().max(1.0) as u64;
        let mut sum = 0;
        let reached = self.slots.iter().position(|count| {
            sum += u64::from(*count);
            sum >= wanted
        })?;

        Some(STEP.powi(i32::try_from(reached).unwrap_or(i32::MAX)))
    }
}

fn slot(took: Duration) -> usize {
    let milliseconds = (took.as_secs_f64() * 1000.0).max(1.0);
    ((milliseconds.ln() / STEP.ln()).ceil() as usize).min(SLOTS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 24 * 3600;

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn an_hour_tells_its_questions_and_their_times() {
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

        for (told, real) in [(last.p50_ms, 50.0), (last.p95_ms, 95.0)] {
            let told = told.unwrap();
            assert!(real <= told && told <= real * STEP, "{told} for {real}");
        }

        assert_eq!(hours[HOURS - 2].p50_ms, None, "nothing was asked");
    }

    #[test]
    fn what_is_older_than_a_week_goes() {
        let history = History::default();
        for day in 0..9 {
            history.add((10 + day) * DAY, ms(20), true);
        }

        let asked = |now: u64| {
            history
                .hours(now)
                .iter()
                .map(|hour| hour.searches)
                .sum::<u64>()
        };

        assert_eq!(asked(18 * DAY), 7);
        assert_eq!(asked(30 * DAY), 0);
        assert_eq!(history.0.lock().unwrap().len(), 7);
    }

    #[test]
    fn a_clock_that_is_put_back_loses_nothing() {
        let history = History::default();
        history.add(10 * DAY, ms(1), true);
        history.add(10 * DAY - 7200, ms(90_000_000), true);
        assert_eq!(history.hours(10 * DAY)[HOURS - 1].searches, 2);
    }
}
