//! Finds comments that begin a line. Those within a line are found by [`inline`](super::inline).

use std::collections::VecDeque;
use std::sync::LazyLock;

use regex::Regex;

use super::container::Block;
use super::context::Context;
use super::lines::{is_blank, leading};

/// Comments that may extend over several lines: their start, their end, and how much of the start
/// may be part of the end.
const COMMENTS: [(&str, &str, usize); 4] = [
    ("<!--", "-->", 2),
    ("{/*", "*/}", 0),
    ("{{/*", "*/}}", 0),
    ("{::comment}", "{:/comment}", 0),
];

/// A definition of a link has at most this many lines.
const MAX_REFERENCE_LINES: usize = 200;

/// Characters quoted from a comment in a warning.
const QUOTED_CHARS: usize = 40;

/// Takes the lines of a comment.
pub(super) fn open<'a>(lines: &mut VecDeque<&'a str>, context: &mut Context) -> Option<Block<'a>> {
    let line = *lines.front()?;
    let is_comment = take_delimited(line, lines, context)
        || take_reference(line, lines)
        || (context.is_myst && take_myst_line(line, lines));

    is_comment.then(Block::hidden)
}

/// Takes a comment between delimiters. One that ends in its first line, before other text, is left
/// to the paragraph that it is part of.
fn take_delimited<'a>(line: &'a str, lines: &mut VecDeque<&'a str>, context: &mut Context) -> bool {
    let text = line.trim_start();
    let Some((start, end, overlap)) = COMMENTS
        .into_iter()
        .find(|(start, _, _)| text.starts_with(start))
    else {
        return false;
    };

    if let Some(file) = included_file(text) {
        context.warn_of_included_file(file);
    }

    let inner = &text[start.len() - overlap..];
    if let Some(length) = inner.find(end) {
        let is_whole_line = is_blank(&inner[length + end.len()..]);
        if is_whole_line {
            lines.pop_front();
        }
        return is_whole_line;
    }

    let mut last = None;
    for (index, line) in lines.iter().enumerate().skip(1) {
        if !context.may_search_line() {
            return false;
        }
        if let Some(at) = line.find(end) {
            last = Some((index, &line[at + end.len()..]));
            break;
        }
    }

    match last {
        Some((index, rest)) => {
            lines.drain(..=index);
            if !is_blank(rest) {
                lines.push_front(rest.trim_start());
            }
            true
        }
        // An HTML comment without an end hides what follows from readers too.
        None if start == "<!--" => {
            warn_of_open_comment(text, context);
            lines.clear();
            true
        }
        None => false,
    }
}

/// Returns the file that a comment includes, `<!--@include: ./a.md-->`.
fn included_file(text: &str) -> Option<&str> {
    let comment = text.strip_prefix("<!--")?.trim_start();
    let file = comment.strip_prefix("@include:")?;
    file.split("-->").next().map(str::trim)
}

fn warn_of_open_comment(text: &str, context: &mut Context) {
    let quoted: String = text.trim_end().chars().take(QUOTED_CHARS).collect();
    context.warn(format!(
        "the comment that begins with `{quoted}` is never closed, so the text after it is left out; \
         close it with `-->`"
    ));
}

/// Takes a definition of a link that is never shown, such as `[//]: # (text)`, or a line for the
/// processor alone, such as `{::options toc="no" /}`.
fn take_reference<'a>(line: &'a str, lines: &mut VecDeque<&'a str>) -> bool {
    static REFERENCE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"^ {0,3}\[([^\]]*)\]:[ \t]*(?:#|<#?>)[ \t]*(?:([("'])(.*))?$"#)
            .expect("a valid pattern")
    });
    static OPTIONS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^\{::?/?(?:options|nomarkdown|comment)\b[^}]*\}$").expect("a valid pattern")
    });

    let line = line.trim_end();
    if OPTIONS.is_match(line.trim_start()) {
        lines.pop_front();
        return true;
    }

    let Some(found) = REFERENCE.captures(line) else {
        return false;
    };
    let label = found[1].to_lowercase();
    let Some(quote) = found.get(2) else {
        let is_comment = label.contains("comment") || !label.contains(char::is_alphanumeric);
        if is_comment {
            lines.pop_front();
        }
        return is_comment;
    };

    let closing = if quote.as_str() == "(" {
        ")"
    } else {
        quote.as_str()
    };
    let length = lines
        .iter()
        .take(MAX_REFERENCE_LINES)
        .take_while(|line| !is_blank(line))
        .position(|line| line.trim_end().ends_with(closing));
    if let Some(last) = length {
        lines.drain(..=last);
    }
    length.is_some()
}

/// Takes a comment, a target or a block break of MyST.
fn take_myst_line<'a>(line: &'a str, lines: &mut VecDeque<&'a str>) -> bool {
    static TARGET: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^\([\w:.-]+\)=$").expect("a valid pattern"));

    let text = line.trim_end();
    let is_hidden = leading(line).is_empty()
        && (text.starts_with('%') || text == "+++" || TARGET.is_match(text));
    if is_hidden {
        lines.pop_front();
    }
    is_hidden
}
