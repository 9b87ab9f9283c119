//! Finds blocks between tags: components, shortcodes, blocks of Liquid, and elements of HTML that
//! hold Markdown.

use std::collections::VecDeque;
use std::sync::LazyLock;

use regex::Regex;

use super::Syntax;
use super::attributes::plain_text;
use super::code::Fence;
use super::container::{Block, Container, bold};
use super::context::Context;
use super::lines::{dedent_all, is_blank, leading, without_blank_ends};
use super::names::{self, Alert};
use super::tags::{Form, Tag, TagSyntax};

/// A tag extends over at most this many lines.
const MAX_TAG_LINES: usize = 40;

/// Elements of HTML that only arrange others.
const LAYOUT: [&str; 10] = [
    "div", "section", "article", "aside", "header", "footer", "center", "main", "figure", "nav",
];

/// Takes the lines of a block between tags.
pub(super) fn open<'a>(lines: &mut VecDeque<&'a str>, context: &mut Context) -> Option<Block<'a>> {
    let line = *lines.front()?;
    let text = line.trim_start();
    if !text.starts_with('<') && !text.starts_with("{{") && !text.starts_with("{%") {
        return None;
    }

    let (tag, last, rest) = first_tag(lines)?;
    if tag.form == Form::Closing || !is_block(&tag, context) {
        return None;
    }

    let prefix = leading(line);
    let end = match tag.form {
        Form::Opening => closing_tag(lines, &tag, last, rest, context),
        _ => None,
    };
    let Some(end) = end else {
        let is_alone = is_blank(rest);
        let may_be_open = tag.syntax != TagSyntax::Component || tag.form == Form::Empty;
        let container = empty_container(&tag, context).filter(|_| is_alone && may_be_open)?;
        lines.drain(..=last);
        return Some(Block::without_body(prefix, container));
    };

    let body = end.body(lines, last, rest);
    let (summary, body) = without_summary(&tag, body);
    let container = container(&tag, summary, &body, context);
    let is_inline = end.line == 0 && container == (Container::Plain { first_line: None });
    if is_inline {
        return None;
    }

    lines.drain(..=end.line);
    if !is_blank(end.rest) {
        lines.push_front(end.rest.trim_start());
    }
    Some(Block {
        prefix,
        container,
        body,
    })
}

/// Reads the tag at the start of the lines. Also returns the line in which it ends and what follows
/// it there.
fn first_tag<'a>(lines: &VecDeque<&'a str>) -> Option<(Tag, usize, &'a str)> {
    let first = lines.front()?.trim_start();
    if let Some(tag) = Tag::parse(first) {
        let rest = &first[tag.length..];
        return Some((tag, 0, rest));
    }
    if first.contains('>') && !first.contains('{') {
        return None;
    }

    let mut joined = first.to_owned();
    for (index, line) in lines.iter().enumerate().skip(1).take(MAX_TAG_LINES) {
        if is_blank(line) {
            return None;
        }
        joined.push('\n');
        joined.push_str(line);
        if line.contains(['>', '}'])
            && let Some(tag) = Tag::parse(&joined)
        {
            let rest = joined.len() - tag.length;
            return Some((tag, index, &line[line.len() - rest..]));
        }
    }

    None
}

/// Reports whether a tag begins a block that is rewritten.
fn is_block(tag: &Tag, context: &Context) -> bool {
    let is_mdx = context.syntax == Syntax::Mdx;
    match tag.syntax {
        TagSyntax::Component if tag.is_component() => {
            is_mdx || (!tag.name.is_empty() && names::is_known(&tag.name))
        }
        TagSyntax::Component => {
            tag.name == "details"
                || tag.attributes.has("markdown")
                || (is_mdx && LAYOUT.contains(&tag.name.as_str()))
        }
        TagSyntax::Shortcode => true,
        TagSyntax::Liquid => {
            names::is_known(&tag.name)
                || matches!(
                    tag.name.as_str(),
                    "raw"
                        | "verbatim"
                        | "comment"
                        | "highlight"
                        | "code"
                        | "include"
                        | "include_relative"
                        | "include-markdown"
                        | "content-ref"
                        | "embed"
                        | "render"
                        | "stepper"
                )
        }
    }
}

/// The tag that closes a block.
struct End<'a> {
    line: usize,
    /// What precedes it in its line, after the opening tag if that is in the same line.
    before: &'a str,
    rest: &'a str,
}

impl<'a> End<'a> {
    /// Returns the lines between the tags; the opening one ends in line `first`, before `rest`.
    fn body(&self, lines: &VecDeque<&'a str>, first: usize, rest: &'a str) -> Vec<&'a str> {
        if self.line == first {
            return without_blank_ends(vec![self.before.trim()]);
        }

        let mut body: Vec<&str> = lines.range(first + 1..self.line).copied().collect();
        body.push(self.before);
        body = without_blank_ends(dedent_all(body));
        if !is_blank(rest) {
            body.insert(0, rest.trim());
        }
        body
    }
}

/// Finds the tag that closes a block, outside code.
fn closing_tag<'a>(
    lines: &VecDeque<&'a str>,
    opening: &Tag,
    first: usize,
    rest: &'a str,
    context: &mut Context,
) -> Option<End<'a>> {
    let mut depth = 1_usize;
    let mut code: Option<Fence<'_>> = None;
    for (index, line) in lines.iter().enumerate().skip(first) {
        if !context.may_search_line() {
            return None;
        }

        let line = if index == first { rest } else { line };
        if let Some(fence) = code {
            if fence.is_closed_by(line) {
                code = None;
            }
            continue;
        }

        code = Fence::opening(line);
        for (at, tag) in tags_of(line, opening) {
            match tag.form {
                Form::Opening => depth += 1,
                Form::Closing => depth -= 1,
                Form::Empty => {}
            }
            if depth == 0 {
                let before = &line[..at];
                let rest = &line[at + tag.length..];
                return Some(End {
                    line: index,
                    before,
                    rest,
                });
            }
        }
    }

    None
}

/// Returns the tags in a line that open or close the same kind of block, with their offsets.
fn tags_of<'a>(line: &'a str, opening: &'a Tag) -> impl Iterator<Item = (usize, Tag)> + 'a {
    line.match_indices(['<', '{']).filter_map(move |(at, _)| {
        let tag = Tag::parse(&line[at..])?;
        tag.has_same_name(opening).then_some((at, tag))
    })
}

/// Takes the summary of a collapsible part out of its content.
fn without_summary<'a>(tag: &Tag, body: Vec<&'a str>) -> (Option<String>, Vec<&'a str>) {
    const END: &str = "</summary>";
    let starts = body
        .first()
        .is_some_and(|line| line.trim_start().starts_with("<summary"));
    let end = body.iter().position(|line| line.contains(END));
    let (true, Some(end)) = (tag.name.eq_ignore_ascii_case("details") && starts, end) else {
        return (None, body);
    };

    let (last, rest) = body[end].split_once(END).unwrap_or_default();
    let mut summary = body[..end].join(" ");
    summary.push(' ');
    summary.push_str(last);

    let mut content = vec![rest.trim()];
    content.extend(&body[end + 1..]);
    let content = without_blank_ends(dedent_all(without_blank_ends(content)));
    (Some(plain_text(&summary)), content)
}

/// Returns what a block between tags becomes.
fn container(
    tag: &Tag,
    summary: Option<String>,
    body: &[&str],
    context: &mut Context,
) -> Container {
    let attributes = &tag.attributes;
    remember_tab_labels(tag, context);
    let has_code = body.iter().any(|line| Fence::opening(line).is_some());
    match tag.name.as_str() {
        "comment" => return Container::Hidden,
        "highlight" => {
            let language = attributes.positional().next().unwrap_or_default();
            return Container::Code {
                language: language.to_owned(),
                title: None,
            };
        }
        "code" => {
            return Container::Plain {
                first_line: attributes.title().map(|title| bold(&title)),
            };
        }
        "tab" if attributes.get("lang").is_some() && !has_code => {
            let language = attributes.get("lang").unwrap_or_default().to_owned();
            return Container::Code {
                language,
                title: attributes.title(),
            };
        }
        _ => {}
    }

    let summary = summary.or_else(|| tab_label(tag, context));
    let argument = attributes
        .positional()
        .find(|value| value.contains(' ') || names::is_part(&tag.name))
        .filter(|_| tag.syntax != TagSyntax::Component);
    let title = summary.as_deref().or(argument);
    if tag.syntax == TagSyntax::Component && !tag.is_component() && tag.name != "details" {
        return Container::Plain { first_line: None };
    }

    Container::named(&tag.name, title, attributes).unwrap_or_else(|| Container::Plain {
        first_line: shown_text(tag).map(|text| bold(&text)),
    })
}

/// Remembers the labels that a group of tabs has for them.
fn remember_tab_labels(tag: &Tag, context: &mut Context) {
    static QUOTED: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#""([^"]+)"|'([^']+)'"#).expect("a valid pattern"));
    static PAIR: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"label:\s*["']([^"']+)["'],\s*value:\s*["']([^"']+)["']"#)
            .expect("a valid pattern")
    });

    if !tag.name.eq_ignore_ascii_case("tabs") {
        return;
    }
    context.tab_labels.clear();
    if let Some(items) = tag.attributes.get("items") {
        let labels = QUOTED.captures_iter(items).filter_map(|found| {
            let label = found.get(1).or(found.get(2))?;
            Some((None, label.as_str().to_owned()))
        });
        context.tab_labels.extend(labels);
    } else if let Some(values) = tag.attributes.get("values") {
        let labels = PAIR
            .captures_iter(values)
            .map(|found| (Some(found[2].to_owned()), found[1].to_owned()));
        context.tab_labels.extend(labels);
    }
}

/// Returns the label that the group of a tab has for it.
fn tab_label(tag: &Tag, context: &mut Context) -> Option<String> {
    if !names::is_part(&tag.name)
        || tag
            .attributes
            .first_of(&["label", "title", "name"])
            .is_some()
    {
        return None;
    }

    let value = tag.attributes.get("value");
    let position = context
        .tab_labels
        .iter()
        .position(|(key, _)| key.as_deref() == value || key.is_none())?;
    Some(context.tab_labels.remove(position).1)
}

/// Returns the text that readers see of the attributes.
fn shown_text(tag: &Tag) -> Option<String> {
    let is_icon = tag.name.to_lowercase().contains("icon");
    tag.attributes.title().filter(|_| !is_icon)
}

/// Returns what a tag without content becomes; `None` if it is left to the paragraph.
fn empty_container(tag: &Tag, context: &mut Context) -> Option<Container> {
    let attributes = &tag.attributes;
    let name = tag.name.to_lowercase();
    let shown = shown_text(tag);
    if name.contains("include") || matches!(name.as_str(), "readfile" | "snippet" | "render") {
        return Some(include_container(tag, context));
    }

    if matches!(name.as_str(), "figure" | "image" | "img") {
        let source = attributes.first_of(&["src", "file", "link"])?;
        let alt = attributes.get("alt").unwrap_or_default();
        let mut lines = vec![format!("![{alt}]({source})")];
        if let Some(caption) = attributes.first_of(&["caption", "title"]) {
            lines.extend([String::new(), caption.to_owned()]);
        }
        return Some(Container::Lines(lines));
    }

    if names::is_titled(&name) || names::is_part(&name) {
        return Container::named(&name, None, attributes);
    }
    if tag.syntax == TagSyntax::Liquid {
        let url = attributes.get("url").filter(|_| name == "embed")?;
        return Some(Container::Lines(vec![url.to_owned()]));
    }
    if shown.is_none() && tag.syntax == TagSyntax::Shortcode {
        context.warn_of_shortcode(&tag.name);
    }
    Some(shown.map_or(Container::Hidden, |text| Container::Lines(vec![text])))
}

/// Returns what remains of the inclusion of a file: the texts that it is given.
fn include_container(tag: &Tag, context: &mut Context) -> Container {
    let attributes = &tag.attributes;
    let file = attributes
        .positional()
        .next()
        .or_else(|| attributes.first_of(&["file", "path", "src"]))
        .unwrap_or_default();
    let stem = file.rsplit('/').next().unwrap_or(file);
    let stem = stem.split('.').next().unwrap_or(stem);

    let Some(content) = attributes.first_of(&["content", "text", "message"]) else {
        context.warn_of_included_file(file);
        let texts = ["title", "caption", "alt"];
        let text = attributes.first_of(&texts).map(str::to_owned);
        return text.map_or(Container::Hidden, |text| Container::Lines(vec![text]));
    };

    let content = plain_text(content);
    let kind = Alert::from_name(stem).or_else(|| attributes.get("type").and_then(Alert::from_name));
    match kind.or_else(|| names::is_generic_box(stem).then_some(Alert::Note)) {
        Some(alert) => {
            let mut lines = vec![format!("> [!{}]", alert.marker())];
            let title = attributes
                .get("title")
                .map(|title| format!("> {}\n>", bold(title)));
            lines.extend(title);
            lines.push(format!("> {content}"));
            Container::Lines(lines)
        }
        None => Container::Lines(vec![content]),
    }
}
