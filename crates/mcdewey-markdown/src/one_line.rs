//! Renders Markdown as one line of plain text.

use crate::fence::{Closing, FenceLine, FencedCode};

/// Brackets further apart than this number of characters are not treated as a link.
const MAX_LINK_CHARS: usize = 500;

/// Returns the text on one line, without table rules, fences, and the markup of headings, quotes,
/// emphasis, links and code. The kind of an alert becomes a word. Underscores stay: in manuals they
/// belong to names.
pub fn one_line(text: &str) -> String {
    let mut out = String::new();
    let mut prose = String::new();
    let mut code = FencedCode::new(Closing::AnyMarker);
    let mut is_quoted_code = false;
    let mut is_in_code = false;
    for line in text.lines() {
        let unquoted = without_quote_signs(line);
        let is_quote = unquoted.len() < line.len();
        let line = if is_in_code && !is_quoted_code {
            line
        } else {
            unquoted
        };
        let kind = code.read(line);
        is_in_code = matches!(kind, FenceLine::Opening | FenceLine::Inside);
        match kind {
            FenceLine::Opening | FenceLine::Closing => {
                is_quoted_code = is_quote;
                append(&mut out, &strip_markup(&std::mem::take(&mut prose)));
            }
            FenceLine::Inside => append(&mut out, line),
            FenceLine::Outside => {
                match alert_kind(line).filter(|_| is_quote) {
                    Some(kind) => prose.push_str(&kind),
                    None => prose.push_str(line),
                }
                prose.push('\n');
            }
        }
    }

    append(&mut out, &strip_markup(&prose));
    out
}

/// Returns a line without the signs of the quotes that it is in.
fn without_quote_signs(line: &str) -> &str {
    if line.trim_start().starts_with('>') {
        line.trim_start_matches(['>', ' ', '\t'])
    } else {
        line
    }
}

/// Returns the kind of the alert that a line begins: `[!NOTE]` becomes "Note:".
fn alert_kind(line: &str) -> Option<String> {
    let kind = line.trim().strip_prefix("[!")?.strip_suffix(']')?;
    let is_kind = !kind.is_empty() && kind.chars().all(|c| c.is_ascii_alphabetic());
    is_kind.then(|| format!("{}{}:", kind[..1].to_uppercase(), kind[1..].to_lowercase()))
}

fn append(out: &mut String, text: &str) {
    for word in text.split_whitespace().filter(|word| !is_markup(word)) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
}

/// Reports whether a word consists of markup only. A lone `-` is usually a dash.
fn is_markup(word: &str) -> bool {
    word != "-" && word.chars().all(|c| "#|-=:`*~".contains(c))
}

/// Removes inline markup: `**a** [guide](https://…)` becomes "a guide".
fn strip_markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut in_code = false;
    while let Some(start) = rest.find(['\\', '`', '*', '[', '!']) {
        out.push_str(&rest[..start]);
        rest = &rest[start..];

        let mark = rest.as_bytes()[0];
        if mark == b'`' {
            in_code = !in_code;
            rest = rest.trim_start_matches('`');
        } else if !in_code
            && mark == b'\\'
            && rest[1..].starts_with(|c: char| c.is_ascii_punctuation())
        {
            out.push_str(&rest[1..2]);
            rest = &rest[2..];
        } else if !in_code && rest.starts_with("**") {
            rest = &rest[2..];
        } else if let Some((label, after)) = split_link(rest).filter(|_| !in_code) {
            out.push_str(&strip_markup(label));
            rest = after;
        } else {
            out.push_str(&rest[..1]);
            rest = &rest[1..];
        }
    }

    out + rest
}

/// Splits a text that begins with a link or image into its label and what follows it.
fn split_link(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('!').unwrap_or(text).strip_prefix('[')?;
    let label_end = closing_bracket(inner, ('[', ']'))?;
    let target = inner[label_end + 1..].strip_prefix('(')?;
    let target_end = closing_bracket(target, ('(', ')'))?;
    Some((&inner[..label_end], &target[target_end + 1..]))
}

/// Returns the offset of the bracket that closes one opened before `text`.
fn closing_bracket(text: &str, (open, close): (char, char)) -> Option<usize> {
    let (mut depth, mut escaped) = (0, false);
    for (offset, c) in text.char_indices().take(MAX_LINK_CHARS) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == close && depth == 0 => return Some(offset),
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
    fn links_and_escapes_become_plain_text() {
        for (text, expected) in [
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
            (
                "> [!WARNING]\n> **Do not**\n>\n> > ```sh\n> > ls > a\n> > ```\n\n5 > 4",
                "Warning: Do not ls > a 5 > 4",
            ),
            ("```\n> cd\n```", "> cd"),
        ] {
            assert_eq!(one_line(text), expected);
        }
    }
}
