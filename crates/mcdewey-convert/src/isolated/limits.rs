//! Limits on the resources of a conversion.

use std::time::Duration;

/// What a conversion may use before it is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvertLimits {
    /// Address space of a child process, in bytes.
    pub memory_bytes: u64,
    /// Longest time that one file may take.
    pub timeout: Duration,
    /// Largest size of the Markdown and its images together, in bytes.
    pub output_bytes: usize,
}

impl Default for ConvertLimits {
    fn default() -> Self {
        Self {
            memory_bytes: 1024 * 1024 * 1024,
            timeout: Duration::from_secs(120),
            output_bytes: 192 * 1024 * 1024,
        }
    }
}

/// Limits the address space of this process, so that larger allocations fail. Does nothing on
/// systems without such a limit.
pub(super) fn limit_memory(bytes: u64) {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};

        let limit = Rlimit {
            current: Some(bytes),
            maximum: Some(bytes),
        };
        if let Err(error) = setrlimit(Resource::As, limit) {
            tracing::warn!(%error, "could not limit the memory of a conversion");
        }

        // A core dump of a parser is of no use and may fill the disk. If it cannot be switched
        // off, conversion works all the same.
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
