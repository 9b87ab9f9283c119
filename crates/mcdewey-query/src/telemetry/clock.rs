//! The time of day, in the format of logs and responses.

use std::time::{SystemTime, UNIX_EPOCH};

/// The current Unix time; 0 if the clock is set before 1970.
pub(super) fn unix_seconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs())
}
