//! The part of a passage that answers best, on one line.

use std::collections::HashSet;

use super::running_text::one_line;
use super::terms;

/// Longest snippet, in characters.
const LENGTH: usize = 280;
/// A long stretch without sentences (a table, a log) is tried every few words.
const WORDS_PER_STEP: usize = 12;

/// The stretch of `text` with the most different words of the question, cut at word borders.
pub(crate) fn snippet(text: &str, question: &HashSet<String>) -> String {
    let line = one_line(text);
    if line.chars().count() <= LENGTH {
        return line;
    }

    let start = best_start(&line, question);
    let mut out = String::new();
    if start > 0 {
        out.push_str("… ");
    }

    let rest = &line[start..];
    match rest.char_indices().nth(LENGTH) {
        None => out.push_str(rest),
        Some((cut, _)) => {
            let end = rest[..cut].rfind(' ').unwrap_or(cut);
            out.push_str(&rest[..end]);
            out.push_str(" …");
        }
    }

    out
}

/// Where the window with the most different words of the question begins: the last sentence that has them all ahead of
/// it, so that as much as possible of what follows is shown; a place within a sentence only where it has more.
fn best_start(line: &str, question: &HashSet<String>) -> usize {
    let found = terms::matches(line, question);
    let different = |start: usize| {
        let window = line[start..]
            .char_indices()
            .nth(LENGTH)
            .map_or(line.len(), |(cut, _)| start + cut);

        let inside = found
            .iter()
            .filter(|range| range.start >= start && range.end <= window);

        inside
            .flat_map(|range| terms::content_stems(&line[range.clone()]))
            .collect::<HashSet<_>>()
            .len()
    };

    let (mut most, mut best) = (0, 0);
    for start in sentence_starts(line) {
        let count = different(start);
        if count >= most.max(1) {
            (most, best) = (count, start);
        }
    }

    for start in line
        .match_indices(' ')
        .map(|(at, _)| at + 1)
        .step_by(WORDS_PER_STEP)
    {
        let count = different(start);
        if count > most {
            (most, best) = (count, start);
        }
    }

    best
}

fn sentence_starts(line: &str) -> Vec<usize> {
    let ends = [". ", "? ", "! ", "; "]
        .into_iter()
        .flat_map(|end| line.match_indices(end));

    let mut starts: Vec<usize> = std::iter::once(0)
        .chain(ends.map(|(at, end)| at + end.len()))
        .collect();
    starts.sort_unstable();
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_passage_is_shown_whole_on_one_line() {
        let text = "# Barge\n\n**a**  `b_c`\n| x | y |\n|---|---|\n```xml\n<d/>\n```";
        assert_eq!(snippet(text, &HashSet::new()), "Barge a b_c x y <d/>");
    }

    #[test]
    fn a_long_passage_shows_the_sentence_that_answers() {
        let filler = "Nothing of interest stands in this sentence at all. ".repeat(12);
        let text = format!("{filler}The supervisor is NOT_READY while monitoring. {filler}");
        let shown = snippet(&text, &terms::content_stems("supervisor monitoring state"));

        assert!(
            shown.starts_with("… The supervisor")
                && shown.contains("NOT_READY while monitoring")
                && shown.ends_with(" …")
        );
        assert!(shown.chars().count() <= LENGTH + 4);
    }

    #[test]
    fn letters_of_any_width_are_cut_whole() {
        assert!(snippet(&"ü".repeat(1000), &HashSet::new()).ends_with(" …"));
    }
}
