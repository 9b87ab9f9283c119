//! The lines between which Markdown's blocks of code stand.

/// The mark a line opens or closes a block of code with, if it does.
pub(crate) fn of(line: &str) -> Option<&'static str> {
    ["```", "~~~"]
        .into_iter()
        .find(|mark| line.trim_start().starts_with(mark))
}
