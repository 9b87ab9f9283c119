//! Finds the blocks of Python-Markdown and its extensions: admonitions, collapsible blocks and tabs,
//! whose content is indented, and lines for the processor.

use std::collections::VecDeque;
use std::sync::LazyLock;

use regex::Regex;

use super::container::{Block, Container};
use super::context::Context;
use super::lines::{dedent, indent, is_blank, leading, without_blank_ends};
use super::names::Alert;

/// The indentation of content.
const CONTENT_INDENT: usize = 4;
/// The indentation that is accepted from authors whose editor uses another.
const MIN_CONTENT_INDENT: usize = 2;

/// Classes that only place a box.
const PLACEMENT: [&str; 6] = ["inline", "end", "annotate", "left", "right", "center"];

/// Takes the lines of a block.
pub(super) fn open<'a>(lines: &mut VecDeque<&'a str>, context: &mut Context) -> Option<Block<'a>> {
    static ADMONITION: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?:!!!|\?\?\?\+?)[ \t]+([A-Za-z][\w-]*)(?:[ \t]+(.*))?$")
            .expect("a valid pattern")
    });
    static TAB: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"^===[!+]?[ \t]+(?:"(.*)"|'(.*)')$"#).expect("a valid pattern")
    });

    let line = lines.pop_front()?;
    let text = line.trim();
    if is_table_of_contents(text) || include(line, lines, context) {
        return Some(Block::hidden());
    }
    if let Some(definition) = abbreviation(text) {
        return Some(Block {
            prefix: leading(line),
            container: Container::Lines(vec![definition]),
            body: Vec::new(),
        });
    }

    lines.push_front(line);
    if let Some(found) = ADMONITION.captures(text) {
        let name = &found[1];
        let rest = found.get(2).map_or("", |rest| rest.as_str());
        let (title, is_quoted) = admonition_title(rest);
        let body_length = content_length(lines, context);
        if body_length == 0 && !is_quoted {
            return None;
        }

        let container = if title.as_deref() == Some("") {
            let alert = Alert::from_name(name).unwrap_or(Alert::Note);
            Container::Box { alert, title: None }
        } else {
            Container::alert(Alert::from_name(name).unwrap_or(Alert::Note), name, title)
        };
        return Some(take(lines, body_length, container));
    }

    let found = TAB.captures(text)?;
    let label = found.get(1).or(found.get(2))?.as_str().to_owned();
    let body_length = content_length(lines, context);
    Some(take(lines, body_length, Container::Part { label }))
}

/// Returns the title of an admonition, empty if it is to have none, and whether it is in quotes.
fn admonition_title(rest: &str) -> (Option<String>, bool) {
    let rest = rest.trim();
    if let Some(start) = rest.find(['"', '\'']) {
        let quote = &rest[start..=start];
        let is_quoted = rest.len() > start + 1 && rest.ends_with(quote);
        if is_quoted && rest[..start].split_whitespace().all(is_class) {
            let title = rest[start + 1..rest.len() - 1].trim();
            return (Some(title.to_owned()), true);
        }
    }

    let words: Vec<&str> = rest
        .split_whitespace()
        .filter(|word| !PLACEMENT.contains(word))
        .collect();
    let title = words.join(" ");
    (Some(title).filter(|title| !title.is_empty()), false)
}

fn is_class(word: &str) -> bool {
    word.chars()
        .all(|c| c.is_alphanumeric() || c == '-' || c == '_')
}

/// Returns how many lines after the first are its indented content.
fn content_length(lines: &VecDeque<&str>, context: &mut Context) -> usize {
    let Some(first) = lines.front() else { return 0 };
    let base = indent(first);
    let directly_below = lines
        .get(1)
        .map_or(0, |line| indent(line))
        .saturating_sub(base);
    let step = directly_below.clamp(MIN_CONTENT_INDENT, CONTENT_INDENT);
    let step = if directly_below == 0 {
        CONTENT_INDENT
    } else {
        step
    };

    let mut length = 0;
    for (index, line) in lines.iter().enumerate().skip(1) {
        if is_blank(line) {
            continue;
        }
        if indent(line) < base + step || !context.may_search_line() {
            break;
        }
        length = index;
    }

    length
}

/// Takes the first line and its content.
fn take<'a>(lines: &mut VecDeque<&'a str>, length: usize, container: Container) -> Block<'a> {
    let first = lines.pop_front().unwrap_or_default();
    let base = indent(first);
    let content: Vec<&str> = lines.drain(..length).collect();
    let step = content
        .iter()
        .filter(|line| !is_blank(line))
        .map(|line| indent(line) - base)
        .min()
        .unwrap_or(0)
        .min(CONTENT_INDENT);

    let body = content
        .into_iter()
        .map(|line| dedent(line, base + step))
        .collect();
    Block {
        prefix: leading(first),
        container,
        body: without_blank_ends(body),
    }
}

/// Reports whether a line stands for a generated table of contents.
fn is_table_of_contents(text: &str) -> bool {
    matches!(
        text.to_ascii_lowercase().as_str(),
        "[toc]" | "[[toc]]" | "[[_toc_]]" | "[tocm]"
    )
}

/// Returns the definition of an abbreviation as an item of a list. Readers see it at the word.
fn abbreviation(text: &str) -> Option<String> {
    static ABBREVIATION: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^\*\[([^\]]+)\]:[ \t]*(\S.*)$").expect("a valid pattern"));
    ABBREVIATION
        .captures(text)
        .map(|found| format!("- {}: {}", &found[1], &found[2]))
}

/// Reads a line that includes a file, or that begins a block which includes several, and takes the
/// further lines of that block. Such lines are replaced in code too.
pub(super) fn include(line: &str, following: &mut VecDeque<&str>, context: &mut Context) -> bool {
    static FILE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r#"^(?:(?:[#/;*]+ ?)?-+8<-+[ \t]+"([^"]+)"|\{!\s*(\S+)\s*!\}|\{\*\s+(\S+\.\w+)\b.*\*\}|<<<[ \t]+([@.]\S+).*)$"#,
        )
        .expect("a valid pattern")
    });
    static SECTION: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?:[#/;*]+ ?)?-+8<-+[ \t]+\[(?:start|end):[^\]]*\]$")
            .expect("a valid pattern")
    });

    let text = line.trim();
    let may_include = text.starts_with(['{', '<']) || text.contains("-8<-");
    if !may_include {
        return false;
    }

    if let Some(found) = FILE.captures(text) {
        let file = found.iter().skip(1).flatten().next();
        warn_of_file(file.map_or("", |file| file.as_str()), context);
        return true;
    }
    if is_snippet_fence(text) && has_snippet_end(following) {
        take_files(following, context);
        return true;
    }
    SECTION.is_match(text)
}

fn is_snippet_fence(text: &str) -> bool {
    text.trim_matches('-') == "8<"
}

fn has_snippet_end(lines: &VecDeque<&str>) -> bool {
    lines
        .iter()
        .take_while(|line| !is_blank(line))
        .any(|line| is_snippet_fence(line.trim()))
}

/// Takes the names of files up to the end of the block that includes them.
fn take_files(lines: &mut VecDeque<&str>, context: &mut Context) {
    while let Some(line) = lines.pop_front() {
        if is_snippet_fence(line.trim()) {
            break;
        }
        warn_of_file(line.trim(), context);
    }
}

/// Warns of a file unless its line is commented out.
fn warn_of_file(file: &str, context: &mut Context) {
    if !file.starts_with(';') {
        context.warn_of_included_file(file);
    }
}
