//! Forms of AsciiDoc that the parser does not read, brought into those that it does: titles of two lines, books with
//! parts. Includes are taken out, since a file is read alone.

use std::sync::LazyLock;

use regex::Regex;

static INCLUDE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^include::([^\[\s]+)\[[^\]]*\]\s*$").expect("a valid pattern"));

/// Underlines of titles, by level.
const UNDERLINES: [char; 5] = ['=', '-', '~', '^', '+'];

/// Lines that begin and end blocks whose content is no markup.
const DELIMITERS: [&str; 5] = ["----", "....", "++++", "////", "```"];

/// What goes on after the last level of headings stays at it.
const MAX_LEVEL: usize = 5;

pub(super) struct Normal {
    pub(super) text: String,
    /// The files that it would include.
    pub(super) includes: Vec<String>,
}

pub(super) fn normal(text: &str) -> Normal {
    let (lines, includes) = titles_and_includes(text);

    // A book's parts are headings of the first level beside its title.
    let tops = lines.iter().filter(|line| line.level == Some(0)).count();
    let mut seen = 0;

    let mut out = String::with_capacity(text.len());
    for line in &lines {
        seen += usize::from(line.level == Some(0));
        match line.level {
            Some(level) if tops > 1 && seen > 1 => {
                let marks = "=".repeat((level + 1).min(MAX_LEVEL) + 1);
                out.push_str(&format!(
                    "{marks} {}",
                    line.text.trim_start_matches('=').trim()
                ));
            }
            _ => out.push_str(&line.text),
        }

        out.push('\n');
    }

    Normal {
        text: out,
        includes,
    }
}

struct Line {
    text: String,
    /// Of a heading outside of blocks.
    level: Option<usize>,
}

fn titles_and_includes(text: &str) -> (Vec<Line>, Vec<String>) {
    let source: Vec<&str> = text.lines().collect();
    let mut lines: Vec<Line> = Vec::with_capacity(source.len());
    let mut includes = Vec::new();
    let mut open: Option<&str> = None;

    let mut at = 0;
    while at < source.len() {
        let line = source[at].trim_end();
        at += 1;
        if let Some(include) = INCLUDE.captures(line) {
            includes.push(include[1].to_owned());

            // A comment, which keeps apart what the included text would have kept apart.
            let text = if open.is_some() {
                String::new()
            } else {
                "//".to_owned()
            };

            lines.push(Line { text, level: None });
            continue;
        }

        match open {
            Some(delimiter) if line == delimiter => open = None,
            Some(_) => {}
            None if DELIMITERS
                .iter()
                .any(|delimiter| is_delimiter(line, delimiter)) =>
            {
                open = Some(if line.starts_with("```") { "```" } else { line });
            }
            None => {
                let begins = lines
                    .last()
                    .is_none_or(|above| may_stand_above_title(&above.text));

                if let Some(level) = source
                    .get(at)
                    .filter(|_| begins)
                    .and_then(|below| underlined(line, below.trim_end()))
                {
                    lines.push(Line {
                        text: format!("{} {line}", "=".repeat(level + 1)),
                        level: Some(level),
                    });
                    at += 1;
                    continue;
                }

                lines.push(Line {
                    text: line.to_owned(),
                    level: level(line),
                });
                continue;
            }
        }

        lines.push(Line {
            text: source[at - 1].to_owned(),
            level: None,
        });
    }

    (lines, includes)
}

fn is_delimiter(line: &str, delimiter: &str) -> bool {
    let Some(first) = delimiter.chars().next() else {
        return false;
    };

    match delimiter {
        "```" => line.starts_with(delimiter),
        _ => line.len() >= 4 && line.chars().all(|c| c == first),
    }
}

fn level(line: &str) -> Option<usize> {
    let marks = line.bytes().take_while(|&byte| byte == b'=').count();
    ((1..=MAX_LEVEL + 1).contains(&marks) && line[marks..].starts_with(' ')).then(|| marks - 1)
}

/// The level of a title of two lines: text, and an underline about as long.
fn underlined(title: &str, below: &str) -> Option<usize> {
    let mark = below.chars().next()?;
    let level = UNDERLINES.iter().position(|&underline| underline == mark)?;
    let (length, long) = (title.chars().count(), below.chars().count());
    let about_as_long = length.abs_diff(long) <= 1 && long >= 2;
    let is_text = title.starts_with(|c: char| c.is_alphanumeric() || "`*_{'\"".contains(c))
        && title.chars().any(char::is_alphanumeric);

    (about_as_long && is_text && below.chars().all(|c| c == mark)).then_some(level)
}

/// A title begins after an empty line, an anchor, attributes or a comment.
fn may_stand_above_title(line: &str) -> bool {
    line.trim().is_empty()
        || (line.starts_with('[') && line.ends_with(']'))
        || line.starts_with(':')
        || line.starts_with("//")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(normal(text).text, expected, "{text:?}");
    }

    #[test]
    fn titles_of_two_lines_become_titles_of_one() {
        check(
            "Guide\n=====\n\nPorts\n-----\n\nDeep\n~~~~\nText\n",
            "= Guide\n\n== Ports\n\n=== Deep\nText\n",
        );
        check("[[a]]\nPorts\n-----\n", "[[a]]\n== Ports\n");
    }

    #[test]
    fn code_is_no_title() {
        check(
            "Some text\nabcd\n----\ncode\n----\n",
            "Some text\nabcd\n----\ncode\n----\n",
        );
        check("----\n\nabcd\n----\n", "----\n\nabcd\n----\n");
        check("....\n= x\n....\n", "....\n= x\n....\n");
    }

    #[test]
    fn parts_go_below_the_title() {
        check(
            "= Book\n\n= Part\n\n== Chapter\n",
            "= Book\n\n== Part\n\n=== Chapter\n",
        );
        check("= Book\n\n== Chapter\n", "= Book\n\n== Chapter\n");
    }

    #[test]
    fn includes_are_reported() {
        let found = normal("a\ninclude::parts/b.adoc[tag=x]\nc\n");
        assert_eq!(
            (found.text.as_str(), found.includes),
            ("a\n//\nc\n", vec!["parts/b.adoc".to_owned()])
        );
    }
}
