//! Markdown as one line of the words that people read.

use crate::fence;

/// Longest words and longest target of a link that is seen as one, in characters.
const MAX_LINK: usize = 500;

/// The text without line breaks, table rules, fences, and the marks of headings, emphasis, links and code. Underscores
/// stay: in manuals they belong to names.
pub(super) fn one_line(text: &str) -> String {
    let (mut out, mut prose, mut code) = (String::new(), String::new(), false);
    for line in text.lines() {
        if fence::of(line).is_some() {
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
        } else if !code
            && mark == b'\\'
            && rest[1..].starts_with(|c: char| c.is_ascii_punctuation())
        {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_escapes_read_as_on_the_page() {
        for (text, read) in [
            (
                "See [the *guide*](https://a.example/x_(1)) and ![a plan](p.png).",
                "See the *guide* and a plan.",
            ),
            ("[![logo](l.png)](https://a.example) after", "logo after"),
            (
                "a torn\n[link to\na page](x) [1] [ref][2] (b)",
                "a torn link to a page [1] [ref][2] (b)",
            ),
            (
                r"max\_calls \[not a link\](x) C:\dir",
                r"max_calls [not a link](x) C:\dir",
            ),
            (r"`re[a](b)\.c` ends", r"re[a](b)\.c ends"),
            (
                "```sh\necho \\$x [a](b)\n```\nafter [b](c)",
                "echo \\$x [a](b) after b",
            ),
            ("[[[[ open (", "[[[[ open ("),
        ] {
            assert_eq!(one_line(text), read);
        }
    }
}
