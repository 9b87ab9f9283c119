//! Corrects the headings that the parser found: lines that only look like headings are dropped, and
//! headings broken over two lines are joined.

use std::sync::LazyLock;

use regex::Regex;

use super::Heading;
use crate::fence::{self, BACKTICKS};

/// This many top-level headings on adjacent lines are comments.
const MIN_COMMENT_LINES: usize = 3;

/// Drops shell comments, prompts and dated log lines outside fences, which Markdown parses as
/// top-level headings.
pub(super) fn without_comment_lines(text: &str, headings: Vec<Heading>) -> Vec<Heading> {
    let keep: Vec<bool> = (0..headings.len())
        .map(|index| !is_comment_line(text, &headings, index))
        .collect();

    headings
        .into_iter()
        .zip(keep)
        .filter_map(|(heading, keep)| keep.then_some(heading))
        .collect()
}

fn is_comment_line(text: &str, headings: &[Heading], index: usize) -> bool {
    let heading = &headings[index];
    let starts_with_hash = text[heading.range.clone()].trim_start().starts_with('#');

    heading.level == 1
        && starts_with_hash
        && (is_log_or_command(&heading.title)
            || adjacent_headings(text, headings, index) >= MIN_COMMENT_LINES
            || is_surrounded_by_text(text, heading))
}

fn is_log_or_command(title: &str) -> bool {
    static LINE: LazyLock<Regex> = LazyLock::new(|| {
        let date = r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}\b|\d{1,2}:\d{2}\b";
        let commands = "sudo|cd|ls|cat|grep|vi|vim|nano|rm|cp|mv|chmod|chown|mkdir|tar\
            |service|systemctl|yum|dnf|apt|apt-get|rpm|make";
        Regex::new(&format!(r"^(?:{date}|(?:{commands})\s|\.{{0,2}}/\S)")).expect("a valid pattern")
    });

    LINE.is_match(title)
}

/// Counts the top-level headings on adjacent lines around and including this one. Each direction is
/// counted only up to [`MIN_COMMENT_LINES`].
fn adjacent_headings(text: &str, headings: &[Heading], index: usize) -> usize {
    let is_next_to_following = |index: &usize| {
        let (first, second) = (&headings[*index], &headings[*index + 1]);
        first.level == 1
            && second.level == 1
            && text[first.range.start..second.range.start]
                .matches('\n')
                .count()
                == 1
    };

    let before = (0..index)
        .rev()
        .take(MIN_COMMENT_LINES)
        .take_while(is_next_to_following)
        .count();

    let after = (index..headings.len() - 1)
        .take(MIN_COMMENT_LINES)
        .take_while(is_next_to_following)
        .count();

    before + 1 + after
}

/// Reports whether text directly precedes and follows the heading, as around a comment in a
/// configuration file.
fn is_surrounded_by_text(text: &str, heading: &Heading) -> bool {
    let above = text[..heading.range.start].trim_end_matches([' ', '\t']);
    let above = above
        .strip_suffix('\n')
        .unwrap_or(above)
        .lines()
        .next_back()
        .unwrap_or("");
    let below = text[heading.range.end..].lines().next().unwrap_or("");

    is_prose(above) && is_prose(below)
}

fn is_prose(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with(['#', '<', '{']) && fence::marker(line) != Some(BACKTICKS)
}

/// Words that cannot end a heading.
const DANGLING_WORDS: [&str; 16] = [
    "a", "an", "and", "as", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to",
    "using", "with",
];

/// Joins a heading with the next one of its level if nothing is between them and either the second
/// continues in lower case or the first ends mid-phrase.
pub(super) fn join_broken_headings(text: &str, headings: Vec<Heading>) -> Vec<Heading> {
    let mut joined: Vec<Heading> = Vec::new();
    for heading in headings {
        match joined.last_mut() {
            Some(last) if is_continuation(text, last, &heading) => {
                last.title = format!("{} {}", last.title, heading.title);
                last.range.end = heading.range.end;
            }
            _ => joined.push(heading),
        }
    }

    joined
}

fn is_continuation(text: &str, first: &Heading, second: &Heading) -> bool {
    first.level == second.level
        && text[first.range.end..second.range.start].trim().is_empty()
        && !first.title.ends_with(['.', '!', '?', ':', ')', ';'])
        // Two lower-case headings in a row are names: options, files, commands.
        && !starts_lowercase(&first.title)
        && (starts_lowercase(&second.title) || ends_mid_phrase(&first.title))
}

fn starts_lowercase(title: &str) -> bool {
    title.chars().next().is_some_and(char::is_lowercase)
}

fn ends_mid_phrase(title: &str) -> bool {
    title
        .rsplit_once(' ')
        .is_some_and(|(_, last)| DANGLING_WORDS.contains(&last))
}

#[cfg(test)]
mod tests {
    use crate::Structure;

    fn check(text: &str, expected: &[(u8, &str)]) {
        let found = Structure::parse(text);
        let headings: Vec<(u8, &str)> = found
            .headings
            .iter()
            .map(|heading| (heading.level, heading.title.as_str()))
            .collect();

        assert_eq!(headings, expected, "{text:?}");
    }

    #[test]
    fn atx_and_setext_headings_are_parsed_without_markup() {
        check(
            "# One *two* `three`\n\nText\n\nFour\n----\n\n### Five {#five}\n",
            &[(1, "One two three"), (2, "Four"), (3, "Five")],
        );
        check("## chan\\_sip &amp; more\n", &[(2, "chan_sip & more")]);
        check("## GET /api/{id}\n", &[(2, "GET /api/{id}")]);
    }

    #[test]
    fn lines_in_code_quotes_lists_and_paragraphs_are_not_headings() {
        check(
            "```\n# comment\n```\n\n    # comment\n\n> # quoted\n\n- # item\n",
            &[],
        );
        check(&format!("{}\n---\n", "long words ".repeat(30)), &[]);
    }

    #[test]
    fn comments_and_log_lines_are_not_headings() {
        check("# 2016-06-14 10:22 INFO started\n\nText\n", &[]);
        check("Run this:\n\n# systemctl restart asterisk\n", &[]);
        check("bind=0.0.0.0\n# the port to listen on\nport=5060\n", &[]);
        check("# first\n# second\n# third\n", &[]);
        check("## 2016-06-14\n\nText\n", &[(2, "2016-06-14")]);
        check("Text.\n# Chapter\n\nText.\n", &[(1, "Chapter")]);

        check(
            "# Make calls\n\n# Service levels\n",
            &[(1, "Make calls"), (1, "Service levels")],
        );
    }

    #[test]
    fn broken_headings_are_joined() {
        check(
            "## Configuring the barge\n## feature for supervisors\n\nText\n",
            &[(2, "Configuring the barge feature for supervisors")],
        );

        check(
            "# Limits of the\n\n# recording service\n",
            &[(1, "Limits of the recording service")],
        );

        check(
            "## Configure the\n## Barge Feature\n",
            &[(2, "Configure the Barge Feature")],
        );
        check("## Sign On\n## Barge\n", &[(2, "Sign On"), (2, "Barge")]);
        check(
            "## Note:\n## allowed values here\n",
            &[(2, "Note:"), (2, "allowed values here")],
        );

        check(
            "## endpoint\n\n## aor list\n",
            &[(2, "endpoint"), (2, "aor list")],
        );

        check(
            "# Files\n\n## in use here\n",
            &[(1, "Files"), (2, "in use here")],
        );

        check(
            "## Files\n\nText\n\n## in use here\n",
            &[(2, "Files"), (2, "in use here")],
        );
    }
}
