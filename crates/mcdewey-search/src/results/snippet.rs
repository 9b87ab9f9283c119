//! Selects the part of a chunk that answers the question best, on one line.

use std::collections::HashSet;
use std::ops::Range;

use mcdewey_markdown::one_line;

use crate::question::terms;

/// The maximum length of a snippet, in characters.
const MAX_CHARS: usize = 280;
/// In long text without sentences (a table, a log), a snippet may begin at every twelfth word.
const WORDS_PER_STEP: usize = 12;

/// Returns the beginning of `text`, on one line: the snippet of a chunk that no question found.
pub fn opening(text: &str) -> String {
    snippet(text, &HashSet::new())
}

/// Returns the window of `text` with the most distinct words of the question (given as stems), cut
/// at word boundaries.
pub(crate) fn snippet(text: &str, question: &HashSet<String>) -> String {
    let line = one_line(text);
    if line.chars().count() <= MAX_CHARS {
        return line;
    }

    let start = best_start(&line, question);
    let mut out = String::new();
    if start > 0 {
        out.push_str("… ");
    }

    let rest = &line[start..];
    match rest.char_indices().nth(MAX_CHARS) {
        None => out.push_str(rest),
        Some((cut, _)) => {
            let end = rest[..cut].rfind(' ').unwrap_or(cut);
            out.push_str(&rest[..end]);
            out.push_str(" …");
        }
    }

    out
}

/// Returns where the window with the most distinct words of the question begins.
///
/// Of the sentences whose windows have equally many, the last is chosen, so that as much as
/// possible of what follows the words is shown. A start within a sentence is chosen only if it has
/// more.
fn best_start(line: &str, question: &HashSet<String>) -> usize {
    let matches: Vec<(Range<usize>, &str)> = terms::stem_matches(line, question).collect();

    let (mut most, mut best) = (0, 0);
    for start in sentence_starts(line) {
        let count = distinct_matches(line, &matches, start);
        if count >= most.max(1) {
            (most, best) = (count, start);
        }
    }

    for start in line
        .match_indices(' ')
        .map(|(space, _)| space + 1)
        .step_by(WORDS_PER_STEP)
    {
        let count = distinct_matches(line, &matches, start);
        if count > most {
            (most, best) = (count, start);
        }
    }

    best
}

/// Counts the distinct stems of the matches within the window that begins at `start`.
fn distinct_matches(line: &str, matches: &[(Range<usize>, &str)], start: usize) -> usize {
    let first = matches.partition_point(|(range, _)| range.start < start);
    if first == matches.len() {
        return 0;
    }

    let end = line[start..]
        .char_indices()
        .nth(MAX_CHARS)
        .map_or(line.len(), |(cut, _)| start + cut);

    let mut stems: Vec<&str> = matches[first..]
        .iter()
        .take_while(|(range, _)| range.end <= end)
        .map(|(_, stem)| *stem)
        .collect();
    stems.sort_unstable();
    stems.dedup();
    stems.len()
}

fn sentence_starts(line: &str) -> Vec<usize> {
    let ends = [". ", "? ", "! ", "; "]
        .into_iter()
        .flat_map(|end| line.match_indices(end));

    let mut starts: Vec<usize> = std::iter::once(0)
        .chain(ends.map(|(offset, end)| offset + end.len()))
        .collect();
    starts.sort_unstable();
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_text_is_returned_in_full_on_one_line() {
        let text = "# Barge\n\n**a**  `b_c`\n| x | y |\n|---|---|\n```xml\n<d/>\n```";
        assert_eq!(snippet(text, &HashSet::new()), "Barge a b_c x y <d/>");
    }

    #[test]
    fn a_long_text_is_cut_to_the_sentence_that_answers() {
        let filler = "This sentence contains nothing of interest at all. ".repeat(12);
        let text = format!("{filler}The supervisor is NOT_READY while monitoring. {filler}");
        let shown = snippet(&text, &terms::content_stems("supervisor monitoring state"));

        assert!(
            shown.starts_with("… The supervisor")
                && shown.contains("NOT_READY while monitoring")
                && shown.ends_with(" …")
        );
        assert!(shown.chars().count() <= MAX_CHARS + 4);
    }

    #[test]
    fn multibyte_characters_are_not_split() {
        assert!(snippet(&"ü".repeat(1000), &HashSet::new()).ends_with(" …"));
    }
}
