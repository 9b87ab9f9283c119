//! Recognises the fences of Markdown's code blocks.

/// Returns the marker of a line that opens or closes a fenced code block.
pub(crate) fn marker(line: &str) -> Option<&'static str> {
    ["```", "~~~"]
        .into_iter()
        .find(|marker| line.trim_start().starts_with(marker))
}
