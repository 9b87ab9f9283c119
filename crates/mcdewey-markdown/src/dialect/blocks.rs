//! Walks through the lines of a text, rewrites the blocks of dialects, and leaves code alone.

use std::borrow::Cow;
use std::collections::VecDeque;

use super::code::{self, Fence};
use super::container::{Block, Container, bold};
use super::context::Context;
use super::inline;
use super::lines::{Lists, dedent, indent, is_blank, item_marker, leading};
use super::output::Output;
use super::{comments, directives, modules, paragraph_attributes, python_markdown, tag_blocks};

/// Blocks nested more deeply are left as they are.
const MAX_DEPTH: usize = 12;

/// Rewrites a whole text.
pub(super) fn rewrite_document(text: &str, context: &mut Context) -> String {
    let lines = text.split('\n').collect();
    Walker::new(lines, context, 0).rewrite().join("\n")
}

/// Rewrites the lines of one container.
struct Walker<'a, 'c> {
    lines: VecDeque<&'a str>,
    output: Output<'a>,
    lists: Lists,
    /// The lines of the paragraph, heading or table row that is being read.
    paragraph: Vec<&'a str>,
    context: &'c mut Context,
    depth: usize,
}

impl<'a, 'c> Walker<'a, 'c> {
    fn new(lines: VecDeque<&'a str>, context: &'c mut Context, depth: usize) -> Self {
        Self {
            lines,
            output: Output::new(depth == 0),
            lists: Lists::default(),
            paragraph: Vec::new(),
            context,
            depth,
        }
    }

    fn rewrite(mut self) -> Vec<Cow<'a, str>> {
        if self.depth > MAX_DEPTH {
            return self.lines.into_iter().map(Cow::Borrowed).collect();
        }

        while let Some(line) = self.lines.front().copied() {
            if is_blank(line) {
                self.end_paragraph();
                self.lines.pop_front();
                self.output.push(line);
            } else {
                self.rewrite_next(line);
            }
        }

        self.end_paragraph();
        self.output.finish()
    }

    /// Rewrites the block or line that is next.
    fn rewrite_next(&mut self, line: &'a str) {
        let was_in_paragraph = self.lists.is_in_paragraph();
        if self.lists.read(line, self.context.syntax) {
            self.end_paragraph();
            self.lines.pop_front();
            return self.output.push_code(line);
        }

        if let Some(block) = self.open_block() {
            self.end_paragraph();
            if block.container == Container::Hidden && was_in_paragraph {
                self.lists.continue_paragraph();
            }
            return self.write_block(block);
        }

        if let Some(fence) = Fence::opening(text_of_item(line)) {
            self.end_paragraph();
            return self.rewrite_code(line, &fence);
        }

        if line.trim_start().starts_with('>') {
            self.end_paragraph();
            return self.rewrite_quote();
        }

        if code::is_raw_html(line) {
            self.end_paragraph();
            return self.copy_raw_html(line);
        }

        self.lines.pop_front();
        self.add_to_paragraph(line);
    }

    /// Takes the lines of a block that is written in a dialect.
    fn open_block(&mut self) -> Option<Block<'a>> {
        let is_top = self.depth == 0 && !self.lists.is_open() && self.paragraph.is_empty();
        comments::open(&mut self.lines, self.context)
            .or_else(|| {
                let open = || modules::open(&mut self.lines, self.context);
                is_top.then(open).flatten()
            })
            .or_else(|| python_markdown::open(&mut self.lines, self.context))
            .or_else(|| directives::open(&mut self.lines, self.context))
            .or_else(|| tag_blocks::open(&mut self.lines, self.context))
            .or_else(|| self.open_paragraph_with_attributes())
    }

    /// Takes a line of attributes, with the paragraph or quote after or before it if they make a box
    /// of it.
    fn open_paragraph_with_attributes(&mut self) -> Option<Block<'a>> {
        let attributes = paragraph_attributes::parse(self.lines.front()?)?;
        self.end_paragraph();
        self.lines.pop_front();

        if attributes.is_table_of_contents {
            self.output.take_paragraph();
        }
        let Some(container) = attributes.container else {
            return Some(Block::hidden());
        };

        let before = paragraph_attributes::without_quote(self.output.take_paragraph());
        if !before.is_empty() {
            self.write_container(container, before, "");
            return Some(Block::hidden());
        }

        let body = paragraph_attributes::take_paragraph(&mut self.lines);
        let prefix = "";
        Some(Block {
            prefix,
            container,
            body,
        })
    }

    fn write_block(&mut self, block: Block<'a>) {
        let Block {
            prefix,
            container,
            body,
        } = block;
        match container {
            Container::Hidden => self.output.hide(),
            Container::Plain { first_line } if !self.lists.is_open() => {
                if let Some(line) = first_line {
                    self.output.push_block([Cow::Owned(line)]);
                } else {
                    self.output.hide();
                }
                if self.lines.front().is_some_and(|line| !is_blank(line)) {
                    self.lines.push_front("");
                }
                // Its parts are parts of the page.
                for line in body.into_iter().rev() {
                    self.lines.push_front(line);
                }
            }
            container @ Container::Code { .. } => {
                let body = body.into_iter().map(Cow::Borrowed).collect();
                self.write_container(container, body, prefix);
            }
            container => {
                let body = Walker::new(body.into(), self.context, self.depth + 1).rewrite();
                let prefix = if self.lists.is_open() { prefix } else { "" };
                self.write_container(container, body, prefix);
            }
        }
    }

    /// Writes a container whose body is rewritten already.
    fn write_container(&mut self, container: Container, body: Vec<Cow<'a, str>>, prefix: &str) {
        let mut title = |text: String| inline::rewrite(&text, self.context).into_owned();
        let lines = match container {
            Container::Part { label } if prefix.is_empty() => {
                let label = title(label);
                return self.output.push_part(label, body);
            }
            Container::Part { label } => labelled(bold(&title(label)), body),
            Container::Plain {
                first_line: Some(line),
            } => labelled(line, body),
            Container::Box {
                alert,
                title: heading,
            } => alert_lines(alert.marker(), heading.map(title), body),
            Container::Code { language, title } => code::fenced(&language, title, body),
            Container::Lines(lines) => lines.into_iter().map(Cow::Owned).collect(),
            Container::Hidden | Container::Plain { first_line: None } => body,
        };

        if lines.is_empty() {
            return self.output.hide();
        }
        self.output
            .push_block(lines.into_iter().map(|line| prefixed(prefix, line)));
    }

    /// Writes fenced code, without what only the dialects read in its first line.
    fn rewrite_code(&mut self, line: &'a str, fence: &Fence<'_>) {
        self.lines.pop_front();
        let (opening, title) = code::without_options(line, fence, self.context.syntax);
        if let Some(title) = title {
            let prefix = leading(line);
            self.output
                .push(Cow::Owned(format!("{prefix}{}", bold(&title))));
            self.output.push("");
        }
        self.output.push_code(opening);

        while let Some(line) = self.lines.pop_front() {
            if python_markdown::include(line, &mut self.lines, self.context) {
                continue;
            }
            self.output.push_code(line);
            if fence.is_closed_by(line) {
                break;
            }
        }
        self.lists.end_paragraph();
    }

    fn copy_raw_html(&mut self, first: &'a str) {
        let end = code::raw_html_end(first);
        if let Some(length) = code::unseen_length(&self.lines, end, self.context) {
            self.lines.drain(..length);
            return self.output.hide();
        }
        while let Some(line) = self.lines.pop_front() {
            self.output.push_code(line);
            if line.to_ascii_lowercase().contains(end) {
                break;
            }
        }
        self.lists.end_paragraph();
    }

    /// Rewrites a block quote. Its lines stay as they are if nothing inside is rewritten.
    fn rewrite_quote(&mut self) {
        let mut lines = Vec::new();
        while let Some(line) = self.lines.front().copied() {
            if !line.trim_start().starts_with('>') {
                break;
            }
            self.lines.pop_front();
            lines.push(line);
        }
        self.lists.end_paragraph();

        let body: Vec<&str> = lines.iter().map(|line| quoted_text(line)).collect();
        let prefix = lines.first().map_or("", |line| leading(line));
        if let Some(container) = directives::callout(body[0]) {
            let body = Walker::new(body[1..].to_vec().into(), self.context, self.depth + 1);
            let body = body.rewrite();
            return self.write_container(container, body, prefix);
        }

        let rewritten = Walker::new(body.clone().into(), self.context, self.depth + 1).rewrite();
        if rewritten == body {
            for line in lines {
                self.output.push(line);
            }
        } else {
            for line in rewritten {
                self.output.push(prefixed(prefix, quoted(line)));
            }
        }
    }

    fn add_to_paragraph(&mut self, line: &'a str) {
        let stands_alone = line.trim_start().starts_with(['#', '|']);
        if stands_alone || item_marker(line).is_some() {
            self.flush_paragraph();
        }
        self.paragraph.push(line);
        if stands_alone {
            self.flush_paragraph();
        }
    }

    fn end_paragraph(&mut self) {
        self.flush_paragraph();
        self.lists.end_paragraph();
    }

    /// Writes the lines of the paragraph so far.
    fn flush_paragraph(&mut self) {
        let lines = std::mem::take(&mut self.paragraph);
        if lines.is_empty() {
            return;
        }

        let text = lines.join("\n");
        match inline::rewrite(&text, self.context) {
            Cow::Borrowed(_) => lines.into_iter().for_each(|line| self.output.push(line)),
            Cow::Owned(rewritten) => {
                for line in rewritten.split('\n') {
                    if is_blank(line) {
                        self.output.hide();
                    } else {
                        self.output.push(line.to_owned());
                    }
                }
            }
        }
    }
}

/// Returns the text of a line after the sign of a list item.
fn text_of_item(line: &str) -> &str {
    item_marker(line).map_or(line, |(marker, _)| &line[marker.len()..])
}

/// Returns the text of a line of a quote, without its sign and the blank after it.
fn quoted_text(line: &str) -> &str {
    let text = line.trim_start();
    let text = text.strip_prefix('>').unwrap_or(text);
    if indent(text) > 0 {
        dedent(text, 1)
    } else {
        text
    }
}

fn quoted(line: Cow<'_, str>) -> Cow<'static, str> {
    if is_blank(&line) {
        Cow::Borrowed(">")
    } else {
        Cow::Owned(format!("> {line}"))
    }
}

fn prefixed<'a>(prefix: &str, line: Cow<'a, str>) -> Cow<'a, str> {
    if prefix.is_empty() || is_blank(&line) {
        line
    } else {
        Cow::Owned(format!("{prefix}{line}"))
    }
}

/// Returns the lines of an alert.
fn alert_lines<'a>(
    marker: &str,
    title: Option<String>,
    body: Vec<Cow<'a, str>>,
) -> Vec<Cow<'a, str>> {
    let mut lines = vec![Cow::Owned(format!("> [!{marker}]"))];
    if let Some(title) = title {
        lines.push(Cow::Owned(format!("> {}", bold(&title))));
        if !body.is_empty() {
            lines.push(Cow::Borrowed(">"));
        }
    }
    lines.extend(body.into_iter().map(|line| quoted(line)));
    lines
}

/// Returns a body after a line of its own.
fn labelled<'a>(line: String, body: Vec<Cow<'a, str>>) -> Vec<Cow<'a, str>> {
    let mut lines = vec![Cow::Owned(line)];
    if !body.is_empty() {
        lines.push(Cow::Borrowed(""));
        lines.extend(body);
    }
    lines
}
