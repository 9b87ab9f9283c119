//! Errors in one line of a log.

use std::error::Error;
use std::fmt;

/// Displays an error followed by its causes: `outer: inner: innermost`.
pub(crate) struct ErrorChain<'a>(pub(crate) &'a dyn Error);

impl fmt::Display for ErrorChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }

        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::PathBuf;

    use super::*;
    use crate::AccessError;

    #[test]
    fn causes_follow_the_error() {
        let error = AccessError::AuditLog {
            path: PathBuf::from("audit.jsonl"),
            source: io::Error::other("disk on fire"),
        };

        assert_eq!(
            ErrorChain(&error).to_string(),
            "the audit log audit.jsonl cannot be written: disk on fire"
        );
    }
}
