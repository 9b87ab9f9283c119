//! Fits descriptions, which API authors write in Markdown or HTML, into the generated Markdown.

use std::sync::LazyLock;

use mcdewey_markdown::fence::{Fence, marker};
use regex::Regex;
use serde_json::Value;

use super::table::code;
use crate::front_matter::FrontMatter;
use crate::html;

/// A closing tag that shows that a description is HTML.
static CLOSING_TAG: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)</(?:p|ul|ol|li|table|div|h[1-6]|pre|dl)\s*>").expect("the pattern is valid")
});

/// A description as blocks followed by an empty line. Its headings begin at a level.
pub(super) fn as_blocks(text: &str, heading_level: usize) -> String {
    let text = to_markdown(text);
    let text = text.trim();
    if text.is_empty() {
        return String::new();
    }

    format!("{}\n\n", lower_headings(text, heading_level))
}

/// A description on one line.
pub(super) fn as_line(text: &str) -> String {
    to_markdown(text)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// A description as the content of a table cell.
pub(super) fn as_cell(text: &str) -> String {
    let text = to_markdown(text);
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && marker(line).is_none())
        .collect();

    // Pipes that the author has escaped already are not escaped twice.
    lines.join("<br>").replace("\\|", "|").replace('|', "\\|")
}

/// A link to another document, with its description.
pub(super) fn external(documents: &Value) -> Option<String> {
    let address = documents["url"].as_str()?;
    let text = as_cell(documents["description"].as_str().unwrap_or_default());
    Some(if text.is_empty() {
        code(address)
    } else {
        format!("{text} ({})", code(address))
    })
}

fn to_markdown(text: &str) -> String {
    if !CLOSING_TAG.is_match(text) {
        return text.to_owned();
    }

    html::fragment(text, &FrontMatter::default(), &mut Vec::new())
        .unwrap_or_else(|_| text.to_owned())
}

/// Moves headings down so that the highest level is `level`, outside fenced code. Underlined
/// headings, of both kinds, become headings of that level.
fn lower_headings(text: &str, level: usize) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut open: Option<Fence> = None;

    for line in text.lines() {
        let fence = Fence::parse(line);
        if open.is_some() || fence.is_some() {
            open = match (open, fence) {
                (Some(opening), Some(fence)) if fence.closes(&opening) => None,
                (opening, fence) => opening.or(fence),
            };
            out.push(line.to_owned());
            continue;
        }

        let marks = line.bytes().take_while(|&byte| byte == b'#').count();
        if (1..=6).contains(&marks) && line[marks..].starts_with(' ') {
            let new_marks = "#".repeat((marks + level - 1).min(6));
            out.push(format!("{new_marks}{}", &line[marks..]));
            continue;
        }

        let follows_text = out.last().is_some_and(|title| may_be_underlined(title));
        if follows_text && is_underline(line.trim()) {
            let title = out.pop().unwrap_or_default();
            out.push(format!("{} {title}", "#".repeat(level)));
            continue;
        }

        // Directly below text a lone dash would make a heading of it; authors mean a list.
        if follows_text && line.trim() == "-" {
            out.push(String::new());
        }
        out.push(line.to_owned());
    }

    out.join("\n")
}

/// Whether a line is running text rather than an item of a list, a quote or a row of a table.
fn may_be_underlined(line: &str) -> bool {
    let first = line.chars().next().unwrap_or(' ');
    let is_item = line.starts_with("* ");
    (first.is_alphanumeric() || "*_`[(\"'".contains(first)) && !is_item
}

fn is_underline(line: &str) -> bool {
    line.len() > 1
        && ['=', '-']
            .iter()
            .any(|mark| line.chars().all(|c| c == *mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lowers_headings_outside_code() {
        assert_eq!(
            as_blocks("# A\n\ntext\n\nB\n---\n```\n# c\n```", 3),
            "### A\n\ntext\n\n### B\n```\n# c\n```\n\n"
        );
        assert_eq!(
            as_blocks("````\n```\n# c\n````\n# D", 2),
            "````\n```\n# c\n````\n## D\n\n"
        );
    }

    #[test]
    fn a_lone_dash_begins_a_list() {
        assert_eq!(as_blocks("Values:\n- \n- b", 3), "Values:\n\n- \n- b\n\n");
        assert_eq!(as_blocks("`a`\n--\n* b\n--", 3), "### `a`\n* b\n--\n\n");
    }

    #[test]
    fn converts_html_and_escapes_pipes() {
        assert_eq!(
            as_blocks("<p>One</p><ul><li>two</li></ul>", 3),
            "One\n\n- two\n\n"
        );
        assert_eq!(as_cell("a | b\n\nc"), "a \\| b<br>c");
    }
}
