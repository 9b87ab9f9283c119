//! What a child process may use.

use std::time::Duration;

/// What a conversion may use before it is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of memory for the process.
    pub memory: u64,
    /// Time for one file.
    pub time: Duration,
    /// Bytes that the Markdown and its images may have together.
    pub output: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 1024 * 1024 * 1024,
            time: Duration::from_secs(120),
            output: 192 * 1024 * 1024,
        }
    }
}

/// Bounds this process's memory; what asks for more fails. Systems without such a limit go on without.
pub(super) fn bound_memory(bytes: u64) {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};

        let limit = Rlimit {
            current: Some(bytes),
            maximum: Some(bytes),
        };

        if let Err(error) = setrlimit(Resource::As, limit) {
            tracing::warn!(%error, "the memory of a conversion cannot be bounded");
        }

        // A dump of a parser's memory helps nobody and may fill the disk.
        let _ = setrlimit(
            Resource::Core,
            Rlimit {
                current: Some(0),
                maximum: Some(0),
            },
        );
    }

    #[cfg(not(unix))]
    let _ = bytes;
}
