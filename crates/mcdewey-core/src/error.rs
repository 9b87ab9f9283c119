//! The error for values that break the rules of their type.

/// A rejected value. The message names the value and the rule that it breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} is not a valid {kind}: {reason}")]
pub struct InvalidValue {
    /// The expected kind of value, in words ("source path").
    pub kind: &'static str,
    /// The rejected value.
    pub value: String,
    /// The rule that it breaks.
    pub reason: String,
}

impl InvalidValue {
    /// Creates the error for a `value` that is not a valid `kind` because of `reason`.
    pub fn new(kind: &'static str, value: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            kind,
            value: value.into(),
            reason: reason.into(),
        }
    }
}
