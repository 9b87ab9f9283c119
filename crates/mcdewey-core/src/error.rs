//! The one error of this crate: a value that breaks the rules of its type.

/// A value that cannot be what it was offered as; the message says what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} is not a valid {kind}: {reason}")]
pub struct InvalidValue {
    /// The type that refused, in words ("source path").
    pub kind: &'static str,
    /// What was offered.
    pub value: String,
    /// Which rule it breaks.
    pub reason: String,
}

impl InvalidValue {
    /// A refusal of `value` as `kind` because of `reason`.
    pub fn new(kind: &'static str, value: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            kind,
            value: value.into(),
            reason: reason.into(),
        }
    }
}
