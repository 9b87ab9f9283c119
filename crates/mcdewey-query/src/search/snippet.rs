//! The part of a passage that answers best, on one line.

use std::collections::HashSet;

use super::terms;

/// Longest snippet, in characters.
const LENGTH: usize = 280;
/// A long stretch without sentences (a table, a log) is tried every few words.
const WORDS_PER_STEP: usize = 12;
/// Longest words and longest target of a link that is seen as one, in characters.
const MAX_LINK: usize = 500;

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

/// The text without line breaks, table rules, fences, and the marks of headings, emphasis, links and code. Underscores
/// stay: in manuals they belong to names.
fn one_line(text: &str) -> String {
    let (mut out, mut prose, mut code) = (String::new(), String::new(), false);
    for line in text.lines() {
        if is_fence(line) {
            append(&mut out, &as_read(&std::mem::take(&mut prose)));
            code = !code;
        } else if code {
            append(&mut out, line);
        } else {
            prose.push_str(line);
            prose.push('\n');
        }
    }
    append(&mut out, &as_read(&prose));
    out
}

fn append(out: &mut String, text: &str) {
    let only_marks = |word: &str| word != "-" && word.chars().all(|c| "#|-=:`*~".contains(c));
    for word in text.split_whitespace().filter(|word| !only_marks(word)) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
}

fn is_fence(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("```") || line.starts_with("~~~")
}

/// Markdown's running text without its marks: `**a** [guide](https://…)` reads "a guide".
fn as_read(text: &str) -> String {
    let (mut out, mut rest, mut code) = (String::with_capacity(text.len()), text, false);
    while let Some(at) = rest.find(['\\', '`', '*', '[', '!']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let mark = rest.as_bytes()[0];
        if mark == b'`' {
            code = !code;
            rest = rest.trim_start_matches('`');
        } else if !code && mark == b'\\' && rest[1..].starts_with(|c: char| c.is_ascii_punctuation()) {
            out.push_str(&rest[1..2]);
            rest = &rest[2..];
        } else if !code && rest.starts_with("**") {
            rest = &rest[2..];
        } else if let Some((words, after)) = link(rest).filter(|_| !code) {
            out.push_str(&as_read(words));
            rest = after;
        } else {
            out.push_str(&rest[..1]);
            rest = &rest[1..];
        }
    }
    out + rest
}

/// The words of a link or image that `text` begins with, and what comes after it.
fn link(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('!').unwrap_or(text).strip_prefix('[')?;
    let end = closed(inner, ('[', ']'))?;
    let target = inner[end + 1..].strip_prefix('(')?;
    let after = closed(target, ('(', ')'))?;
    Some((&inner[..end], &target[after + 1..]))
}

/// Where what was opened before `text` is closed.
fn closed(text: &str, (open, close): (char, char)) -> Option<usize> {
    let (mut depth, mut escaped) = (0, false);
    for (at, c) in text.char_indices().take(MAX_LINK) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == close && depth == 0 => return Some(at),
            _ if c == close => depth -= 1,
            _ if c == open => depth += 1,
            _ => {}
        }
    }
    None
}

/// Where the window with the most different words of the question begins: the last sentence that has them all ahead of
/// it, so that as much as possible of what follows is shown; a place within a sentence only where it has more.
fn best_start(line: &str, question: &HashSet<String>) -> usize {
    let found = terms::matches(line, question);
    let different = |start: usize| {
        let window = line[start..].char_indices().nth(LENGTH).map_or(line.len(), |(cut, _)| start + cut);
        let inside = found.iter().filter(|range| range.start >= start && range.end <= window);
        inside.flat_map(|range| terms::content_stems(&line[range.clone()])).collect::<HashSet<_>>().len()
    };
    let (mut most, mut best) = (0, 0);
    for start in sentence_starts(line) {
        let count = different(start);
        if count >= most.max(1) {
            (most, best) = (count, start);
        }
    }
    for start in line.match_indices(' ').map(|(at, _)| at + 1).step_by(WORDS_PER_STEP) {
        let count = different(start);
        if count > most {
            (most, best) = (count, start);
        }
    }
    best
}

fn sentence_starts(line: &str) -> Vec<usize> {
    let ends = [". ", "? ", "! ", "; "].into_iter().flat_map(|end| line.match_indices(end));
    let mut starts: Vec<usize> = std::iter::once(0).chain(ends.map(|(at, end)| at + end.len())).collect();
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
    fn links_and_escapes_read_as_on_the_page() {
        for (text, read) in [
            ("See [the *guide*](https://a.example/x_(1)) and ![a plan](p.png).", "See the *guide* and a plan."),
            ("[![logo](l.png)](https://a.example) after", "logo after"),
            ("a torn\n[link to\na page](x) [1] [ref][2] (b)", "a torn link to a page [1] [ref][2] (b)"),
            (r"max\_calls \[not a link\](x) C:\dir", r"max_calls [not a link](x) C:\dir"),
            (r"`re[a](b)\.c` ends", r"re[a](b)\.c ends"),
            ("```sh\necho \\$x [a](b)\n```\nafter [b](c)", "echo \\$x [a](b) after b"),
            ("[[[[ open (", "[[[[ open ("),
        ] {
            assert_eq!(snippet(text, &HashSet::new()), read);
        }
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
