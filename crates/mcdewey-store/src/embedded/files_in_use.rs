//! Which indexes of this process have their files open.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How many there are.
static OPEN: AtomicUsize = AtomicUsize::new(0);

/// How often it is asked whether all are closed: they are held by plain reference counts.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// While an instance is alive, files of the generation are in use.
#[derive(Debug)]
pub(super) struct FilesInUse(());

impl FilesInUse {
    pub(super) fn new() -> Self {
        OPEN.fetch_add(1, Ordering::SeqCst);
        Self(())
    }
}

impl Drop for FilesInUse {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Waits until no index of this process has its files open, for no longer than `limit`. A process that
/// ends earlier leaves its files as if it was killed, and the next one has to check them. Blocks.
pub fn wait_until_closed(limit: Duration) {
    let deadline = Instant::now() + limit;
    while OPEN.load(Ordering::SeqCst) > 0 && Instant::now() < deadline {
        thread::sleep(POLL_INTERVAL);
    }
}
