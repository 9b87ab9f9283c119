//! Explicit markup, which begins with two dots: directives, footnotes, targets and comments.

use std::sync::LazyLock;

use regex::Regex;

use super::Parser;
use super::blocks::{code_block, preformatted};
use super::lines::{common_indentation, cut_left, dedent, indented_end, with_continuation};
use super::objects;
use crate::html::escape;

static DIRECTIVE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\.\. (?:\|[^|]+\| +)?([^\W_]+(?:[-._+:][^\W_]+)*) ?::(?: +(.*)|$)")
        .expect("the pattern is valid")
});
static FOOTNOTE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\.\. \[([^\]\s]+)\](?: +(.*)|$)").expect("the pattern is valid")
});
/// A field such as `:param name:`, which cannot be an option.
static FIELD: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^:[\w-]+ [^:`]+:(?: |$)").expect("the pattern is valid"));
static OPTION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^:([\w-]+):(?: +(.*)|$)").expect("the pattern is valid"));

/// Directives for the program that builds the pages, which have no text for readers.
const IGNORED: [&str; 17] = [
    "contents",
    "index",
    "highlight",
    "highlightlang",
    "default-role",
    "default-intersphinx-role",
    "role",
    "meta",
    "tabularcolumns",
    "sectnum",
    "section-numbering",
    "testsetup",
    "testcleanup",
    "default-domain",
    "target-notes",
    "title",
    "namespace-pop",
];

/// Options for the program that builds the pages.
const IGNORED_OPTIONS: [&str; 9] = [
    "name",
    "class",
    "noindex",
    "no-index",
    "noindexentry",
    "no-index-entry",
    "nocontentsentry",
    "no-contents-entry",
    "no-typesetting",
];

/// Directives whose body is code, or is best shown as it is written.
const CODE: [&str; 20] = [
    "code-block",
    "code",
    "sourcecode",
    "prompt",
    "parsed-literal",
    "productionlist",
    "math",
    "doctest",
    "testcode",
    "testoutput",
    "code-cell",
    "ipython",
    "console",
    "graphviz",
    "mermaid",
    "digraph",
    "graph",
    "plantuml",
    "uml",
    "jupyter-execute",
];

/// An option that has text for readers.
pub(super) struct ShownOption<'a> {
    pub(super) name: &'a str,
    pub(super) value: &'a str,
}

pub(super) struct Directive {
    /// As written, with the domain (`py:function`).
    pub(super) full_name: String,
    /// Lines are separated by `\n`.
    pub(super) argument: String,
    options: Vec<(String, String)>,
    pub(super) body: Vec<String>,
}

impl Directive {
    /// Parses a directive. The argument ends at the first option or empty line, the options at an
    /// empty line; what follows is the body.
    fn parse(full_name: &str, argument: &str, below: &[String]) -> Self {
        let below = cut_left(below, common_indentation(below).unwrap_or_default());
        let mut argument = argument.to_owned();
        let mut options: Vec<(String, String)> = Vec::new();
        let mut at = 0;

        while at < below.len() && !below[at].is_empty() {
            let line = &below[at];
            if FIELD.is_match(line) {
                break;
            }

            if let Some(option) = OPTION.captures(line) {
                let value = option.get(2).map_or("", |value| value.as_str());
                options.push((option[1].to_owned(), value.to_owned()));
            } else if let Some((_, value)) = options.last_mut() {
                value.push_str(&format!("\n{}", line.trim()));
            } else {
                argument.push_str(&format!("\n{line}"));
            }

            at += 1;
        }

        Self {
            full_name: full_name.to_owned(),
            argument: argument.trim().to_owned(),
            options,
            body: dedent(&below[at..]),
        }
    }

    /// The name in lower case, without the domain.
    pub(super) fn name(&self) -> String {
        self.full_name
            .rsplit(':')
            .next()
            .unwrap_or_default()
            .to_lowercase()
    }

    pub(super) fn domain(&self) -> Option<&str> {
        self.full_name.split_once(':').map(|(domain, _)| domain)
    }

    /// The options that have text for readers.
    pub(super) fn shown_options(&self) -> Vec<ShownOption<'_>> {
        self.options
            .iter()
            .filter(|(name, _)| !IGNORED_OPTIONS.contains(&name.as_str()))
            .map(|(name, value)| ShownOption { name, value })
            .collect()
    }

    pub(super) fn option(&self, name: &str) -> Option<&str> {
        self.options
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body with the argument as its first paragraph.
    pub(super) fn argument_and_body(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.argument.lines().map(str::to_owned).collect();
        lines.push(String::new());
        lines.extend(self.body.iter().cloned());
        dedent(&lines)
    }

    /// The body with the lines of the argument after its first one. They belong to the body if the
    /// empty line before it was forgotten.
    pub(super) fn body_after_first_line(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.argument.lines().skip(1).map(str::to_owned).collect();
        lines.push(String::new());
        lines.extend(self.body.iter().cloned());
        dedent(&lines)
    }
}

impl Parser {
    /// Writes the explicit markup that begins at a line and returns its end.
    pub(super) fn explicit_markup(
        &mut self,
        lines: &[String],
        at: usize,
        depth: usize,
        out: &mut String,
    ) -> Option<usize> {
        let line = &lines[at];
        // The target of an anonymous link, which is collected already.
        if line.starts_with("__ ") {
            return Some(at + 1);
        }

        if line != ".." && !line.starts_with(".. ") {
            return None;
        }

        // An empty comment ends the block above and has no body.
        if line == ".." && lines.get(at + 1).is_none_or(String::is_empty) {
            return Some(at + 1);
        }

        let end = indented_end(lines, at + 1);
        let below = &lines[at + 1..end];
        if let Some(footnote) = FOOTNOTE.captures(line) {
            let text = footnote.get(2).map_or("", |text| text.as_str());
            let label = self.footnotes.label_of_note(&footnote[1]);
            self.footnote(&label, &with_continuation(text, below), depth, out);
            return Some(end);
        }

        let is_substitution = line.starts_with(".. |");
        if let Some(directive) = DIRECTIVE.captures(line).filter(|_| !is_substitution) {
            let argument = directive.get(2).map_or("", |argument| argument.as_str());
            let directive = Directive::parse(&directive[1], argument, below);
            self.directive(&directive, depth, out);
        }

        Some(end)
    }

    /// Writes a footnote or citation, whose label is before its first paragraph.
    fn footnote(&mut self, label: &str, lines: &[String], depth: usize, out: &mut String) {
        let mut body = String::new();
        self.blocks(lines, depth + 1, &mut body);

        let label = format!("<p>[{}]", escape::html(label));
        match body.strip_prefix("<p>") {
            Some(body) => out.push_str(&format!("{label} {body}")),
            None => out.push_str(&format!("{label}</p>{body}")),
        }
    }

    fn directive(&mut self, directive: &Directive, depth: usize, out: &mut String) {
        let name = directive.name();
        let name = name.as_str();
        let is_in_domain = directive.domain().is_some_and(|domain| domain != "std");

        if let Some(title) = objects::namespace_title(name) {
            return self.namespace(title, directive, depth, out);
        }

        if is_in_domain || objects::is_object(directive, self.describes_objects) {
            return self.object(directive, depth, out);
        }

        match name {
            code if CODE.contains(&code) => self.code(directive, name, out),
            "include" => self.includes.push(directive.argument.clone()),
            "literalinclude" => {
                self.caption(directive, out);
                self.includes.push(directive.argument.clone());
            }
            "image" | "figure" => self.figure(directive, depth, out),
            "raw" => self.raw(directive, out),
            "table" | "list-table" | "csv-table" => {
                self.table_directive(directive, name, depth, out);
            }
            "rubric" | "centered" => self.bold_paragraph(&directive.argument, out),
            "toctree" => self.toctree(directive, out),
            "glossary" => self.glossary(directive, depth, out),
            "code-tab" => self.code_tab(directive, out),
            ignored if IGNORED.contains(&ignored) => {}
            generated if is_generated(generated) => {
                self.generated.push(directive.argument.clone());
                self.object(directive, depth, out);
            }
            _ => self.container(directive, depth, out),
        }
    }

    /// Writes HTML as it is. Other formats are for other kinds of output and are reported.
    fn raw(&mut self, directive: &Directive, out: &mut String) {
        if let Some(file) = directive.option("file").or(directive.option("url")) {
            self.includes.push(file.to_owned());
        }

        if directive
            .argument
            .split_whitespace()
            .any(|format| format == "html")
        {
            out.push_str(&directive.body.join("\n"));
        } else {
            self.raw_formats.insert(directive.argument.clone());
        }
    }

    fn caption(&mut self, directive: &Directive, out: &mut String) {
        if let Some(caption) = directive.option("caption") {
            self.bold_paragraph(caption, out);
        }
    }

    fn code(&mut self, directive: &Directive, name: &str, out: &mut String) {
        self.caption(directive, out);
        let argument = directive.argument.as_str();
        let is_word = !argument.is_empty() && !argument.contains(char::is_whitespace);

        let language = match name {
            "doctest" | "testcode" | "ipython" => Some("python"),
            "math" => Some("latex"),
            "console" | "prompt" => Some("console"),
            "parsed-literal" | "productionlist" => None,
            _ => Some(argument).filter(|_| is_word),
        };

        // What is no language is text: formulas, grammars and code may begin in the argument.
        let is_text = matches!(
            name,
            "math" | "productionlist" | "parsed-literal" | "console"
        ) || (!is_word
            && !matches!(name, "prompt" | "testcode" | "testoutput" | "doctest"));
        let body = if is_text {
            directive.argument_and_body()
        } else {
            directive.body_after_first_line()
        };

        if name == "parsed-literal" {
            let text = self.inline(&body.join("\n"));
            out.push_str(&preformatted(&text));
        } else if !body.is_empty() {
            out.push_str(&code_block(&body, language));
        } else if matches!(name, "graphviz" | "mermaid" | "plantuml" | "uml") {
            self.includes.push(argument.to_owned());
        }
    }

    fn figure(&mut self, directive: &Directive, depth: usize, out: &mut String) {
        let alt = directive.option("alt").unwrap_or_default();
        let image = image_html(&directive.argument, alt);

        match directive.option("target") {
            Some(target) => {
                let url = target
                    .strip_suffix('_')
                    .and_then(|name| self.references.target(name))
                    .unwrap_or(target);
                out.push_str(&format!(
                    "<p><a href=\"{}\">{image}</a></p>",
                    escape::html(url)
                ));
            }
            None => out.push_str(&format!("<p>{image}</p>")),
        }

        self.blocks(&directive.body, depth + 1, out);
    }
}

/// An image as HTML.
pub(super) fn image_html(source: &str, alt: &str) -> String {
    format!(
        "<img src=\"{}\" alt=\"{}\">",
        escape::html(source),
        escape::html(alt)
    )
}

/// Whether the text of a directive comes from the source of a program.
fn is_generated(name: &str) -> bool {
    let rest = name.strip_prefix("auto").or(name.strip_prefix("doxygen"));
    rest.is_some_and(|rest| rest.chars().all(|c| c.is_ascii_lowercase()))
}
