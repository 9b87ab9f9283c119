//! Finds containers between colons, directives of MyST, and callouts in quotes.

use std::collections::VecDeque;
use std::sync::LazyLock;

use regex::Regex;

use super::attributes::{Attributes, braces_length};
use super::code::Fence;
use super::container::{Block, Container};
use super::context::Context;
use super::lines::{dedent_all, is_blank, leading, without_blank_ends};
use super::names::{self, Alert};

/// Takes the lines of a container or directive.
pub(super) fn open<'a>(lines: &mut VecDeque<&'a str>, context: &mut Context) -> Option<Block<'a>> {
    static DIRECTIVE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(`{3,}|~{3,}|:{3,})\{([A-Za-z][\w:+-]*)\}[ \t]*(.*)$")
            .expect("a valid pattern")
    });

    let line = *lines.front()?;
    let text = line.trim();
    if let Some(found) = DIRECTIVE.captures(text) {
        let fence = found.get(1)?.as_str();
        return open_directive(lines, fence, &found[2], &found[3], context);
    }

    let colons = text.len() - text.trim_start_matches(':').len();
    if colons < 3 {
        return None;
    }

    let rest = text[colons..].trim();
    if rest.ends_with(":::") || is_section_mark(rest) {
        return open_single_line(lines, rest.trim_end_matches(':').trim());
    }
    let rest = rest.trim_end_matches(':').trim();
    if !rest.starts_with(|c: char| c.is_alphabetic() || c == '{') {
        return None;
    }

    let end = closing_colons(lines, colons, context)?;
    let (name, title, attributes) = container_head(rest);
    let body = take_body(lines, end);
    let container = colon_container(&name, title.as_deref(), &attributes);
    let prefix = leading(line);
    Some(with_heading_as_title(Block {
        prefix,
        container,
        body,
    }))
}

/// Splits the words after colons into a name, a title and attributes: `note[Title]{#id}`,
/// `note Title`, `{.note title="Title"}`.
fn container_head(rest: &str) -> (String, Option<String>, Attributes) {
    let name_length = rest
        .find(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .unwrap_or(rest.len());
    let (name, rest) = rest.split_at(name_length);
    let rest = rest.trim();

    let (attributes, title) = match rest
        .find('{')
        .and_then(|at| Some((at, braces_length(&rest[at..])?)))
    {
        Some((at, length)) => {
            let inner = &rest[at + 1..at + length - 1];
            let title = format!("{}{}", &rest[..at], &rest[at + length..]);
            (Attributes::parse(inner), title)
        }
        None => (Attributes::default(), rest.to_owned()),
    };

    let title = title.trim();
    let title = title
        .strip_prefix('[')
        .and_then(|title| title.strip_suffix(']'))
        .unwrap_or(title)
        .trim_matches('"');
    let title = Some(title.to_owned()).filter(|title| !title.is_empty());
    (name.to_owned(), title, attributes)
}

/// Returns what a container between colons becomes. Unknown ones are only dropped themselves.
fn colon_container(name: &str, title: Option<&str>, attributes: &Attributes) -> Container {
    let classes = std::iter::once(name).chain(attributes.classes());
    classes
        .filter(|name| !name.is_empty())
        .map(|name| name.strip_prefix("callout-").unwrap_or(name))
        .find_map(|name| Container::named(name, title, attributes))
        .unwrap_or_else(|| Container::Plain {
            first_line: title.map(str::to_owned).or_else(|| attributes.title()),
        })
}

/// Makes the heading at the start of a box its title.
fn with_heading_as_title(mut block: Block<'_>) -> Block<'_> {
    if let Container::Box { title, .. } = &mut block.container {
        let first = block.body.first().copied().unwrap_or_default();
        let heading = first.trim_start_matches('#');
        if heading.len() < first.len() && heading.starts_with(' ') {
            *title = Some(heading.trim().to_owned());
            block.body.remove(0);
            block.body = without_blank_ends(block.body);
        }
    }
    block
}

/// Returns the index of the line that closes a container.
fn closing_colons(lines: &VecDeque<&str>, colons: usize, context: &mut Context) -> Option<usize> {
    let mut open = vec![colons];
    let mut code: Option<Fence<'_>> = None;
    for (index, line) in lines.iter().enumerate().skip(1) {
        if !context.may_search_line() {
            return None;
        }
        if let Some(fence) = code {
            if fence.is_closed_by(line) {
                code = None;
            }
            continue;
        }

        code = Fence::opening(line);
        let text = line.trim();
        let rest = text.trim_start_matches(':');
        let length = text.len() - rest.len();
        if length < 3 || rest.ends_with(":::") {
            continue;
        }
        if rest.is_empty() {
            close_innermost(&mut open, length);
        } else if rest
            .trim_start()
            .starts_with(|c: char| c.is_alphabetic() || c == '{')
        {
            open.push(length);
        }
        if open.is_empty() {
            return Some(index);
        }
    }

    None
}

/// Closes the container with as many colons, or else the innermost one if it has fewer.
fn close_innermost(open: &mut Vec<usize>, length: usize) {
    if let Some(position) = open.iter().rposition(|colons| *colons == length) {
        open.truncate(position);
    } else if open.last().is_some_and(|colons| *colons < length) {
        open.pop();
    }
}

/// Takes a block whose last line is at `end`, and returns the lines between its first and last.
fn take_body<'a>(lines: &mut VecDeque<&'a str>, end: usize) -> Vec<&'a str> {
    let mut body: Vec<&str> = lines.drain(..=end).skip(1).collect();
    body.pop();
    without_blank_ends(dedent_all(body))
}

fn is_section_mark(rest: &str) -> bool {
    let name = rest.split_whitespace().next().unwrap_or_default();
    matches!(name, "zone" | "moniker") || name.ends_with("-end")
}

/// Takes a line that is a container of its own, such as `:::image source="a.png" alt-text="A":::`.
fn open_single_line<'a>(lines: &mut VecDeque<&'a str>, rest: &str) -> Option<Block<'a>> {
    let line = lines.pop_front()?;
    let attributes = Attributes::parse(rest);
    let source = attributes.get("source");
    let container = match source.filter(|_| rest.starts_with("image")) {
        Some(source) => {
            let alt = attributes.get("alt-text").unwrap_or_default();
            Container::Lines(vec![format!("![{alt}]({source})")])
        }
        None => Container::Hidden,
    };
    Some(Block {
        prefix: leading(line),
        container,
        body: Vec::new(),
    })
}

/// Takes a directive of MyST; `None` for one of no known meaning between fences of code.
fn open_directive<'a>(
    lines: &mut VecDeque<&'a str>,
    fence: &str,
    name: &str,
    argument: &str,
    context: &mut Context,
) -> Option<Block<'a>> {
    let is_colon = fence.starts_with(':');
    if !is_colon && !is_known_directive(name) {
        return None;
    }

    let end = if is_colon {
        closing_colons(lines, fence.len(), context)?
    } else {
        let opening = Fence::opening(fence)?;
        let mut is_end = |line: &str| !context.may_search_line() || opening.is_closed_by(line);
        let end = lines.iter().skip(1).position(|line| is_end(line))? + 1;
        opening.is_closed_by(lines[end]).then_some(end)?
    };

    let prefix = leading(lines.front()?);
    let (attributes, body) = split_options(take_body(lines, end));
    let container = directive_container(name, argument.trim(), attributes, context);
    Some(Block {
        prefix,
        container,
        body: without_hidden(body, name),
    })
}

/// Splits the options at the start of a directive, `:name: value`, from its content.
fn split_options(body: Vec<&str>) -> (Attributes, Vec<&str>) {
    static OPTION: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^:([\w-]+):[ \t]*(.*)$").expect("a valid pattern"));

    let mut attributes = Attributes::default();
    let mut count = 0;
    for line in &body {
        let Some(found) = OPTION.captures(line.trim_end()) else {
            break;
        };
        attributes.push(&found[1], &found[2]);
        count += 1;
    }

    let content = body.into_iter().skip(count).collect();
    (attributes, without_blank_ends(content))
}

/// Drops the content of directives that only name other pages.
fn without_hidden<'a>(body: Vec<&'a str>, name: &str) -> Vec<&'a str> {
    if is_navigation(name) {
        Vec::new()
    } else {
        body
    }
}

fn is_navigation(name: &str) -> bool {
    matches!(
        name,
        "toctree" | "contents" | "tableofcontents" | "bibliography" | "index" | "currentmodule"
    )
}

fn is_code(name: &str) -> bool {
    matches!(
        name,
        "code"
            | "code-block"
            | "code-cell"
            | "sourcecode"
            | "math"
            | "mermaid"
            | "graphviz"
            | "csv-table"
            | "parsed-literal"
            | "highlight"
    )
}

fn is_known_directive(name: &str) -> bool {
    names::is_known(name)
        || is_code(name)
        || is_navigation(name)
        || matches!(
            name,
            "figure"
                | "image"
                | "include"
                | "literalinclude"
                | "table"
                | "list-table"
                | "margin"
                | "sidebar"
                | "topic"
                | "epigraph"
                | "pull-quote"
                | "container"
                | "div"
                | "rubric"
                | "glossary"
                | "only"
                | "grid-item"
                | "grid-item-card"
                | "versionremoved"
        )
}

fn directive_container(
    name: &str,
    argument: &str,
    attributes: Attributes,
    context: &mut Context,
) -> Container {
    let text = Some(argument.to_owned()).filter(|text| !text.is_empty());
    if is_code(name) {
        let language = if name.starts_with("code") || name == "sourcecode" {
            argument.to_owned()
        } else {
            name.to_owned()
        };
        let title = attributes.get("caption").map(str::to_owned);
        return Container::Code { language, title };
    }

    match name {
        _ if is_navigation(name) => Container::Hidden,
        "include" | "literalinclude" => {
            context.warn_of_included_file(argument);
            Container::Hidden
        }
        "figure" | "image" => {
            let alt = attributes.get("alt").unwrap_or_default();
            Container::Plain {
                first_line: Some(format!("![{alt}]({argument})")),
            }
        }
        "versionadded" | "versionchanged" | "deprecated" | "versionremoved" => {
            let words = names::words(&name.replace("version", "version "));
            let title = format!("{words} {argument}").trim().to_owned();
            let alert = Alert::from_name(name).unwrap_or(Alert::Note);
            Container::Box {
                alert,
                title: Some(title),
            }
        }
        _ => Container::named(name, text.as_deref(), &attributes)
            .unwrap_or(Container::Plain { first_line: text }),
    }
}

/// Returns the box that a quote is by its first line, such as `[!info]- Title`; `None` for the alerts
/// that are read as they are.
pub(super) fn callout(first_line: &str) -> Option<Container> {
    static CALLOUT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^\[!([A-Za-z][\w-]*)\]([+-]?)[ \t]*(.*)$").expect("a valid pattern")
    });

    let found = CALLOUT.captures(first_line.trim())?;
    let (name, fold, title) = (&found[1], &found[2], found[3].trim());
    let alert = Alert::from_name(name).unwrap_or(Alert::Note);
    let is_plain = name.eq_ignore_ascii_case(alert.marker()) && fold.is_empty() && title.is_empty();
    if is_plain || is_blank(first_line) {
        return None;
    }

    let title = Some(title.to_owned()).filter(|title| !title.is_empty());
    Some(Container::alert(alert, &name.to_lowercase(), title))
}
