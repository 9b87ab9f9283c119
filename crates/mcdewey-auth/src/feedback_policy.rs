//! Whose feedback on hits is accepted.

use std::str::FromStr;

/// Whose feedback is accepted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FeedbackPolicy {
    /// Nobody's.
    Nobody,
    /// Callers who send a key.
    #[default]
    Keys,
    /// Every caller who may send requests.
    Everyone,
}

impl FromStr for FeedbackPolicy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "off" => Ok(Self::Nobody),
            "keys" => Ok(Self::Keys),
            "everyone" => Ok(Self::Everyone),
            _ => Err(format!(
                "unknown feedback setting {text:?}; known: off, keys, everyone"
            )),
        }
    }
}
