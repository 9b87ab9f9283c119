//! Descriptions: Markdown (or HTML) of the API's authors, fitted into a section of ours.

use std::sync::LazyLock;

use regex::Regex;

use crate::front_matter::FrontMatter;
use crate::html;

static MARKUP: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)</(?:p|ul|ol|li|table|div|h[1-6]|pre|dl)\s*>").expect("a valid pattern")
});

/// A description as blocks, with an empty line after it; its headings begin at this level.
pub(super) fn block(text: &str, level: usize) -> String {
    let text = markdown(text);
    let text = text.trim();
    if text.is_empty() {
        return String::new();
    }

    format!("{}\n\n", below(text, level))
}

/// A description on one line.
pub(super) fn line(text: &str) -> String {
    markdown(text)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// A description as a table's cell.
pub(super) fn cell(text: &str) -> String {
    let lines: Vec<String> = markdown(text)
        .trim()
        .lines()
        .map(|line| line.trim().to_owned())
        .collect();

    let lines: Vec<&str> = lines
        .iter()
        .map(String::as_str)
        .filter(|line| !line.is_empty() && !line.starts_with("```"))
        .collect();

    lines.join("<br>").replace("\\|", "|").replace('|', "\\|")
}

fn markdown(text: &str) -> String {
    if !MARKUP.is_match(text) {
        return text.to_owned();
    }
    html::fragment(text, &FrontMatter::default(), &mut Vec::new())
        .unwrap_or_else(|_| text.to_owned())
}

/// Moves headings below the section that they stand in; those in code are none.
fn below(text: &str, level: usize) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        let bare = line.trim_start();
        if bare.starts_with("```") || bare.starts_with("~~~") {
            fenced = !fenced;
        }

        let marks = line.bytes().take_while(|&byte| byte == b'#').count();
        let underline = bare.len() > 1
            && (bare.trim_end().bytes().all(|b| b == b'=')
                || bare.trim_end().bytes().all(|b| b == b'-'));

        let titled = out
            .last()
            .is_some_and(|title| title.starts_with(char::is_alphanumeric));

        match () {
            () if fenced => out.push(line.to_owned()),
            () if (1..=6).contains(&marks) && line[marks..].starts_with(' ') => {
                out.push(format!(
                    "{}{}",
                    "#".repeat((marks + level - 1).min(6)),
                    &line[marks..]
                ));
            }
            () if underline && titled => {
                let title = out.pop().unwrap_or_default();
                out.push(format!("{} {title}", "#".repeat(level)));
            }
            () => out.push(line.to_owned()),
        }
    }

    out.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_stay_below_their_section() {
        assert_eq!(
            block("# A\n\ntext\n\nB\n---\n```\n# c\n```", 3),
            "### A\n\ntext\n\n### B\n```\n# c\n```\n\n"
        );
    }

    #[test]
    fn html_is_read_as_such() {
        assert_eq!(
            block("<p>One</p><ul><li>two</li></ul>", 3),
            "One\n\n- two\n\n"
        );
        assert_eq!(cell("a | b\n\nc"), "a \\| b<br>c");
    }
}
