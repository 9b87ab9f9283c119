//! Reads lines that consist of an attribute list, as Kramdown and Python-Markdown have them. They
//! are not shown, and a class may make a box of the paragraph.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::LazyLock;

use regex::Regex;

use super::attributes::Attributes;
use super::container::Container;
use super::lines::is_blank;
use super::names::Alert;

/// What themes put before the name of a box.
const PREFIXES: [&str; 6] = [
    "prompt-",
    "alert-",
    "bs-callout-",
    "callout-",
    "notice--",
    "box-",
];

/// A line of attributes.
pub(super) struct ParagraphAttributes {
    /// The box that the paragraph becomes.
    pub(super) container: Option<Container>,
    /// Whether a table of contents takes the place of the list before it.
    pub(super) is_table_of_contents: bool,
}

/// Reads a line that consists of an attribute list.
pub(super) fn parse(line: &str) -> Option<ParagraphAttributes> {
    static LIST: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(&format!(
            r"^(?:\{{:[ \t]*[.#\w][^{{}}]*\}}|{})$",
            attribute_list()
        ))
        .expect("a valid pattern")
    });

    let text = line.trim();
    if !LIST.is_match(text) {
        return None;
    }

    let inner = text.trim_matches(['{', '}', ':', ' ']);
    let attributes = Attributes::parse(inner);
    let container = attributes.classes().find_map(|class| {
        let name = PREFIXES
            .iter()
            .find_map(|prefix| class.strip_prefix(prefix))
            .unwrap_or(class);
        let name = name.strip_suffix("-title").unwrap_or(name);
        Some(Container::alert(Alert::from_name(name)?, name, None))
    });
    Some(ParagraphAttributes {
        container,
        is_table_of_contents: attributes.positional().next() == Some("toc"),
    })
}

/// Returns the pattern of an attribute list, which begins with an id, a class or a pair.
pub(super) fn attribute_list() -> &'static str {
    r#"\{:?[ \t]*(?:[#.][\w:-]+|[\w-]+=(?:"[^"]*"|'[^']*'|[^\s{}"']+))(?:[ \t]+(?:[#.][\w:-]+|[\w-]+(?:=(?:"[^"]*"|'[^']*'|[^\s{}"']+))?))*[ \t]*\}"#
}

/// Takes the lines up to the next blank line, without the signs of a quote.
pub(super) fn take_paragraph<'a>(lines: &mut VecDeque<&'a str>) -> Vec<&'a str> {
    let length = lines.iter().take_while(|line| !is_blank(line)).count();
    let taken: Vec<&str> = lines.drain(..length).collect();
    let is_quote = taken.iter().all(|line| line.trim_start().starts_with('>'));
    if !is_quote {
        return taken;
    }

    let text_of = |line: &'a str| {
        let text = line.trim_start().trim_start_matches('>');
        text.strip_prefix(' ').unwrap_or(text)
    };
    taken.into_iter().map(text_of).collect()
}

/// Returns lines without the signs of a quote.
pub(super) fn without_quote(lines: Vec<Cow<'_, str>>) -> Vec<Cow<'_, str>> {
    let is_quote = lines.iter().all(|line| line.starts_with('>'));
    if !is_quote {
        return lines;
    }

    let text_of = |line: Cow<'_, str>| {
        let text = line.trim_start_matches('>');
        Cow::Owned(text.strip_prefix(' ').unwrap_or(text).to_owned())
    };
    lines.into_iter().map(text_of).collect()
}
