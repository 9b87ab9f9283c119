//! Names the conditional directives whose text the parser has left out.

use std::sync::LazyLock;

use regex::Regex;

static OPENING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(ifdef|ifndef|ifeval)::([^\[\s]*)\[(.*)\]\s*$").expect("the pattern is valid")
});
static CLOSING: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^endif::[^\[\s]*\[.*\]\s*$").expect("the pattern is valid"));

/// The conditions under which text of the source is not in the text that was read, each once.
///
/// What was read is the source without conditional directives and without the lines under
/// conditions that do not hold, so each line that was not read is missing in place.
pub(super) fn left_out(source: &str, read: &str) -> Vec<String> {
    let mut read = read.lines().map(str::trim_end).peekable();
    let mut open: Vec<String> = Vec::new();
    let mut conditions: Vec<String> = Vec::new();

    for line in source.lines().map(str::trim_end) {
        let mut condition = open.last().cloned();
        let mut text = line;

        if let Some(opening) = OPENING.captures(line) {
            let (directive, target) = (&opening[1], &opening[2]);
            let content = opening.get(3).map_or("", |content| content.as_str());
            if content.is_empty() || directive == "ifeval" {
                open.push(format!("{directive}::{target}[{content}]"));
                continue;
            }

            // The text is in the directive itself.
            condition = Some(format!("{directive}::{target}[]"));
            text = content;
        } else if CLOSING.is_match(line) {
            open.pop();
            continue;
        }

        if read.next_if(|next| *next == text).is_some() {
            continue;
        }

        let is_text = !text.trim().is_empty() && !text.starts_with([':', '/']);
        if let Some(condition) = condition.filter(|known| is_text && !conditions.contains(known)) {
            conditions.push(condition);
        }
    }

    conditions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_conditions_whose_text_was_not_read() {
        let source = "a\nifdef::x[]\nb\nendif::[]\nifndef::x[]\nc\nendif::x[]\n\
                      ifdef::y[]\n:e: 1\nendif::[]\nifdef::z[d]\nifdef::w[f]\ng\n";
        assert_eq!(
            left_out(source, "a\nc\nf\ng\n"),
            ["ifdef::x[]", "ifdef::z[]"]
        );
    }
}
