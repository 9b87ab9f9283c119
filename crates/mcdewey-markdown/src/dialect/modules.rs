//! Finds the imports and exports of MDX.

use std::collections::VecDeque;
use std::sync::LazyLock;

use regex::Regex;

use super::Syntax;
use super::code::Fence;
use super::container::Block;
use super::context::Context;
use super::lines::is_blank;

/// A statement has at most this many lines.
const MAX_STATEMENT_LINES: usize = 500;

static IMPORT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"^import\s+(?:[\w$*{][^'"]*?\sfrom\s*)?['"]([^'"]+)['"];?\s*$"#)
        .expect("a valid pattern")
});

/// The first line of an import over several lines.
static IMPORT_START: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^import\s+(?:\w+\s*,\s*)?\{[^}]*$").expect("a valid pattern"));

static EXPORT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^export\s+(?:default\s|(?:const|let|var)\s+[\w$\[{]|(?:async\s+)?function\b|class\s|\{|\*)",
    )
    .expect("a valid pattern")
});

/// Reports whether a text imports modules as MDX does and has components.
pub(super) fn imports_components(text: &str) -> bool {
    static COMPONENT: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^\s*</?[A-Z]\w*").expect("a valid pattern"));

    if !text.contains("import ") {
        return false;
    }

    let mut open: Option<Fence<'_>> = None;
    let (mut imports, mut components) = (false, false);
    for line in text.lines() {
        match (&open, Fence::opening(line)) {
            (Some(fence), _) if fence.is_closed_by(line) => open = None,
            (None, Some(fence)) => open = Some(fence),
            (None, None) => {
                imports |= IMPORT.is_match(line);
                components |= COMPONENT.is_match(line);
            }
            _ => {}
        }
    }

    imports && components
}

/// Takes the lines of an import or export. Imported Markdown is named in a warning.
pub(super) fn open<'a>(lines: &mut VecDeque<&'a str>, context: &mut Context) -> Option<Block<'a>> {
    if context.syntax != Syntax::Mdx {
        return None;
    }

    let first = *lines.front()?;
    if !IMPORT.is_match(first) && !IMPORT_START.is_match(first) && !EXPORT.is_match(first) {
        return None;
    }

    let length = statement_length(lines);
    let statement: Vec<&str> = lines.drain(..length).collect();
    let statement = statement.join(" ");
    if let Some(file) = IMPORT.captures(&statement).map(|found| found[1].to_owned())
        && (file.ends_with(".mdx") || file.ends_with(".md"))
    {
        context.warn_of_included_file(&file);
    }

    Some(Block::hidden())
}

/// Returns how many lines a statement has: up to the one in which all brackets are closed, or, if
/// they never are, up to the next blank line.
fn statement_length(lines: &VecDeque<&str>) -> usize {
    let mut depth = 0_i32;
    for (index, line) in lines.iter().take(MAX_STATEMENT_LINES).enumerate() {
        depth += depth_change(line);
        let continues = line.trim_end().ends_with([',', '=', '(', '{', '[', '>']);
        if depth <= 0 && !continues {
            return index + 1;
        }
    }

    lines
        .iter()
        .position(|line| is_blank(line))
        .unwrap_or(lines.len())
}

/// Returns how many more brackets a line opens than it closes, outside strings.
fn depth_change(line: &str) -> i32 {
    let mut depth = 0;
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (Some(open), _) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth -= 1,
            _ => {}
        }
    }

    depth
}
