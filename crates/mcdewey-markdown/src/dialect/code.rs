//! Code: fences at any indentation, what follows the language in their first line, and raw HTML
//! whose text is no Markdown.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::LazyLock;

use regex::Regex;

use super::Syntax;
use super::attributes::Attributes;
use super::container::bold;
use super::context::Context;
use super::lines::leading;

/// The first line of fenced code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fence<'a> {
    character: char,
    length: usize,
    /// What follows the fence.
    info: &'a str,
}

impl<'a> Fence<'a> {
    pub(super) fn opening(line: &'a str) -> Option<Self> {
        let text = line.trim();
        let character = text.chars().next().filter(|c| matches!(c, '`' | '~'))?;
        let info = text.trim_start_matches(character);
        let length = text.len() - info.len();
        let info = info.trim();
        // With backticks in the info string the line is inline code.
        let is_fence = length >= 3 && !(character == '`' && info.contains('`'));
        is_fence.then_some(Self {
            character,
            length,
            info,
        })
    }

    pub(super) fn is_closed_by(&self, line: &str) -> bool {
        let text = line.trim();
        text.len() >= self.length && text.chars().all(|c| c == self.character)
    }
}

/// Returns the first line of fenced code without the options of the dialects, and the title among
/// them.
pub(super) fn without_options<'a>(
    line: &'a str,
    fence: &Fence<'_>,
    syntax: Syntax,
) -> (Cow<'a, str>, Option<String>) {
    static OPTIONS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r#"(?:^|\s)(?:title|hl_lines|linenums|caption|file|filename)\s*=\s*["']|(?:^|\s)(?:showLineNumbers|linenums|npm2yarn)\b|^\{\s*[.#][\w+-]+[^{}]*\}|^\{(?:r|python|julia|bash|sh|sql|ojs)\b[^{}]*\}|^[\w+-]*\s*\{[\d,\s-]*\}|^[\w+-]+:line-numbers|^[\w+-]+\s+\[[^\]]+\]\s*$"#,
        )
        .expect("a valid pattern")
    });

    let has_options = OPTIONS.is_match(fence.info)
        || (syntax == Syntax::Mdx && fence.info.contains(char::is_whitespace));
    let Some(start) = line.rfind(fence.info).filter(|_| has_options) else {
        return (Cow::Borrowed(line), None);
    };

    let (language, title) = language_and_title(fence.info, syntax);
    let opening = format!("{}{language}", line[..start].trim_end());
    (Cow::Owned(opening), title)
}

/// Splits what follows a fence into the language and the title. Line numbers, highlighted lines and
/// other options are dropped.
fn language_and_title(info: &str, syntax: Syntax) -> (String, Option<String>) {
    static TITLE_IN_BRACKETS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\[([^\]]+)\]\s*$").expect("a valid pattern"));

    let is_list = info.starts_with('{') && !info[1..].starts_with(|c: char| c.is_ascii_digit());
    let (language, rest) = if is_list {
        let inner = info.trim_start_matches('{').trim_start();
        let inner = inner.strip_prefix('.').unwrap_or(inner);
        inner.split_at(inner.find([' ', '}', ',']).unwrap_or(inner.len()))
    } else {
        let first = info.split_whitespace().next().unwrap_or_default();
        let is_option = first.contains('=');
        let length = info.find([' ', '\t', '{', ':']).unwrap_or(info.len());
        info.split_at(if is_option { 0 } else { length })
    };

    let rest = rest.trim_matches([' ', '}', ',']);
    let attributes = Attributes::parse(rest);
    let named = attributes.first_of(&["title", "caption", "filename", "file", "label"]);
    let in_brackets = TITLE_IN_BRACKETS.captures(rest);
    let title = named
        .map(str::to_owned)
        .or_else(|| in_brackets.map(|found| found[1].to_owned()))
        .or_else(|| (syntax == Syntax::Mdx).then(|| bare_title(rest)).flatten());

    (language.to_owned(), title)
}

/// Returns the words that are neither options nor their values.
fn bare_title(rest: &str) -> Option<String> {
    static OPTION: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r#"[\w-]+=(?:"[^"]*"|'[^']*'|\{[^}]*\}|\S+)|\{[^}]*\}|\b(?:showLineNumbers|npm2yarn|live|noInline|twoslash|copy|wrap|lines|expandable|collapse|theme|metastring)\b"#,
        )
        .expect("a valid pattern")
    });

    let title = OPTION.replace_all(rest, "");
    let title = title.trim().trim_matches(['"', '\'']);
    title
        .contains(char::is_alphanumeric)
        .then(|| title.to_owned())
}

/// Returns code between fences longer than any in it.
pub(super) fn fenced<'a>(
    language: &str,
    title: Option<String>,
    body: Vec<Cow<'a, str>>,
) -> Vec<Cow<'a, str>> {
    let longest = body
        .iter()
        .map(|line| {
            let line = line.trim_start();
            line.len() - line.trim_start_matches('`').len()
        })
        .max()
        .unwrap_or(0);
    let fence = "`".repeat(3.max(longest + 1));

    let mut lines = Vec::with_capacity(body.len() + 4);
    if let Some(title) = title {
        lines.push(Cow::Owned(bold(&title)));
        lines.push(Cow::Borrowed(""));
    }
    lines.push(Cow::Owned(format!("{fence}{language}")));
    lines.extend(body);
    lines.push(Cow::Owned(fence));
    lines
}

/// Elements whose text is not Markdown.
const RAW_ELEMENTS: [(&str, &str); 4] = [
    ("<pre", "</pre>"),
    ("<script", "</script>"),
    ("<style", "</style>"),
    ("<textarea", "</textarea>"),
];

/// Returns how many lines a script or style sheet has, which readers never see. `None` if the
/// element is another one, or if its end is not at the end of a line.
pub(super) fn unseen_length(
    lines: &VecDeque<&str>,
    end: &str,
    context: &mut Context,
) -> Option<usize> {
    if !matches!(end, "</script>" | "</style>") {
        return None;
    }

    let last = lines
        .iter()
        .take_while(|_| context.may_search_line())
        .position(|line| line.trim_end().to_ascii_lowercase().ends_with(end))?;
    Some(last + 1)
}

/// Reports whether a line begins an element whose text is not Markdown.
pub(super) fn is_raw_html(line: &str) -> bool {
    !raw_html_end(line).is_empty()
}

/// Returns the end tag of the element that a line begins, or an empty string.
pub(super) fn raw_html_end(line: &str) -> &'static str {
    let text = line[leading(line).len()..].to_ascii_lowercase();
    RAW_ELEMENTS
        .into_iter()
        .find(|(start, _)| {
            text.strip_prefix(start)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['>', ' ', '\t', '\r']))
        })
        .map_or("", |(_, end)| end)
}
