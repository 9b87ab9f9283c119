//! Which snapshots of a library the readers of this process have open, and what is kept for them
//! although the library has moved on.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The open snapshots of one index, numbered in the order in which they began.
#[derive(Debug, Default)]
pub(crate) struct OpenSnapshots {
    numbers: Mutex<Numbers>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct Numbers {
    next: u64,
    open: BTreeSet<u64>,
}

/// One open snapshot. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct OpenSnapshot {
    snapshots: Arc<OpenSnapshots>,
    number: u64,
}

impl OpenSnapshots {
    /// Registers a snapshot. Call this before the snapshot is taken, so that no change is made
    /// between the two unnoticed.
    pub(crate) fn begin(self: &Arc<Self>) -> OpenSnapshot {
        let mut numbers = self.numbers();
        let number = numbers.next;
        numbers.next += 1;
        numbers.open.insert(number);

        OpenSnapshot {
            snapshots: Arc::clone(self),
            number,
        }
    }

    /// The number of the next snapshot: all that may not see a change made just now have lower
    /// ones.
    pub(crate) fn next_number(&self) -> u64 {
        self.numbers().next
    }

    /// Reports whether a snapshot with a lower number is open.
    pub(crate) fn any_before(&self, number: u64) -> bool {
        self.numbers().any_before(number)
    }

    /// Waits until no snapshot with a lower number is open, or until the timeout. Returns whether
    /// none is open. Blocks.
    pub(crate) fn wait_for_those_before(&self, number: u64, timeout: Duration) -> bool {
        let (numbers, _) = self
            .ended
            .wait_timeout_while(self.numbers(), timeout, |numbers| {
                numbers.any_before(number)
            })
            .unwrap_or_else(PoisonError::into_inner);

        !numbers.any_before(number)
    }

    fn numbers(&self) -> MutexGuard<'_, Numbers> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Numbers {
    fn any_before(&self, number: u64) -> bool {
        self.open.first().is_some_and(|first| *first < number)
    }
}

impl OpenSnapshot {
    pub(crate) fn number(&self) -> u64 {
        self.number
    }
}

impl Drop for OpenSnapshot {
    fn drop(&mut self) {
        self.snapshots.numbers().open.remove(&self.number);
        self.snapshots.ended.notify_all();
    }
}

/// What was replaced or removed while snapshots that still show it were open.
#[derive(Debug)]
pub(crate) struct KeptForSnapshots<T> {
    /// In the order of the numbers: what comes with a number is shown by snapshots with lower ones.
    kept: VecDeque<(u64, T)>,
}

impl<T> Default for KeptForSnapshots<T> {
    fn default() -> Self {
        Self {
            kept: VecDeque::new(),
        }
    }
}

impl<T> KeptForSnapshots<T> {
    /// Keeps something until no snapshot with a number below `before` is open.
    pub(crate) fn keep(&mut self, before: u64, something: T) {
        self.kept.push_back((before, something));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Removes and returns what no open snapshot shows any more.
    pub(crate) fn take_unneeded(&mut self, snapshots: &OpenSnapshots) -> Vec<T> {
        let mut unneeded = Vec::new();
        while let Some((_, something)) = self
            .kept
            .pop_front_if(|(before, _)| !snapshots.any_before(*before))
        {
            unneeded.push(something);
        }

        unneeded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaced_data_is_kept_until_older_snapshots_have_ended() {
        let snapshots = Arc::new(OpenSnapshots::default());
        let mut kept = KeptForSnapshots::default();
        let first = snapshots.begin();
        kept.keep(snapshots.next_number(), "a");

        let second = snapshots.begin();
        kept.keep(snapshots.next_number(), "b");
        assert_eq!(kept.take_unneeded(&snapshots), [""; 0]);

        drop(first);
        assert_eq!(kept.take_unneeded(&snapshots), ["a"]);
        assert!(snapshots.any_before(second.number() + 1));
        assert!(!snapshots.any_before(second.number()));

        drop(second);
        assert_eq!(kept.take_unneeded(&snapshots), ["b"]);
        assert!(kept.is_empty());
    }

    #[test]
    fn waiting_ends_with_the_last_older_snapshot_or_the_timeout() {
        let snapshots = Arc::new(OpenSnapshots::default());
        let older = snapshots.begin();
        let number = snapshots.next_number();
        let _newer = snapshots.begin();
        assert!(!snapshots.wait_for_those_before(number, Duration::from_millis(1)));

        let waiting = std::thread::spawn({
            let snapshots = Arc::clone(&snapshots);
            move || snapshots.wait_for_those_before(number, Duration::from_secs(60))
        });
        drop(older);
        assert!(waiting.join().unwrap());
    }
}
