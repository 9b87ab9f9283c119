//! Explicit markup, which begins with two dots: directives, footnotes, targets and comments.

use std::sync::LazyLock;

use regex::Regex;

use super::Parser;
use super::blocks::code_block;
use super::lines::{common_indentation, cut_left, dedent, indented_end, with_continuation};
use crate::html::escape;

static DIRECTIVE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\.\. (?:\|[^|]+\| +)?([A-Za-z][\w:.+-]*) ?::(?: +(.*)|$)")
        .expect("the pattern is valid")
});
static FOOTNOTE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\.\. \[([^\]]+)\](?: +(.*)|$)").expect("the pattern is valid"));
static OPTION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^:([\w-]+):(?: +(.*)|$)").expect("the pattern is valid"));

/// Admonitions and their titles.
const ADMONITIONS: [(&str, &str); 11] = [
    ("note", "Note"),
    ("warning", "Warning"),
    ("tip", "Tip"),
    ("hint", "Hint"),
    ("important", "Important"),
    ("caution", "Caution"),
    ("danger", "Danger"),
    ("attention", "Attention"),
    ("error", "Error"),
    ("seealso", "See also"),
    ("todo", "To do"),
];

/// Notes on versions, and what is written before the version.
const VERSION_NOTES: [(&str, &str); 5] = [
    ("versionadded", "Added in"),
    ("versionchanged", "Changed in"),
    ("deprecated", "Deprecated since"),
    ("versionremoved", "Removed in"),
    ("deprecated-removed", "Deprecated since"),
];

/// Directives for the program that builds the pages, which have no text for readers.
const IGNORED: [&str; 20] = [
    "toctree",
    "contents",
    "index",
    "highlight",
    "default-role",
    "role",
    "meta",
    "tabularcolumns",
    "sectnum",
    "section-numbering",
    "module",
    "currentmodule",
    "program",
    "testsetup",
    "testcleanup",
    "default-domain",
    "target-notes",
    "class",
    "title",
    "cssclass",
];

/// Directives that describe objects. Their argument is a signature.
const OBJECTS: [&str; 20] = [
    "function",
    "method",
    "classmethod",
    "staticmethod",
    "class",
    "exception",
    "attribute",
    "data",
    "decorator",
    "property",
    "option",
    "cmdoption",
    "envvar",
    "describe",
    "object",
    "confval",
    "type",
    "macro",
    "member",
    "setting",
];

/// Containers whose argument is not text.
const UNTITLED_CONTAINERS: [&str; 9] = [
    "only",
    "container",
    "compound",
    "class",
    "glossary",
    "hlist",
    "epigraph",
    "highlights",
    "pull-quote",
];

pub(super) struct Directive {
    /// As written, with the domain (`py:function`).
    full_name: String,
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
    fn name(&self) -> String {
        self.full_name
            .rsplit(':')
            .next()
            .unwrap_or_default()
            .to_lowercase()
    }

    fn has_domain(&self) -> bool {
        self.full_name.contains(':')
    }

    pub(super) fn option(&self, name: &str) -> Option<&str> {
        self.options
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body with the argument as its first paragraph.
    fn argument_and_body(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.argument.lines().map(str::to_owned).collect();
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
            out.push_str(&format!(
                "<p>[{}] {}</p>",
                escape::html(footnote[1].trim_start_matches('#')),
                self.inline(&with_continuation(text, below).join("\n"))
            ));
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

    fn directive(&mut self, directive: &Directive, depth: usize, out: &mut String) {
        let name = directive.name();
        // `class` outside a domain assigns a CSS class.
        let is_css_class = name == "class" && !directive.has_domain();

        match name.as_str() {
            "code-block" | "code" | "sourcecode" | "prompt" | "parsed-literal"
            | "productionlist" | "math" | "doctest" | "testcode" | "testoutput" | "code-cell"
            | "ipython" | "console" | "graphviz" | "mermaid" => write_code(directive, &name, out),
            "include" | "literalinclude" => self.includes.push(directive.argument.clone()),
            "image" | "figure" => self.figure(directive, depth, out),
            "raw" if directive.argument == "html" => out.push_str(&directive.body.join("\n")),
            "raw" => {}
            "table" | "list-table" | "csv-table" => {
                self.table_directive(directive, &name, depth, out);
            }
            "rubric" | "centered" => self.bold_paragraph(&directive.argument, out),
            object if OBJECTS.contains(&object) && !is_css_class => {
                self.object(directive, depth, out);
            }
            ignored
                if IGNORED.contains(&ignored)
                    && (ignored != "class" || directive.body.is_empty()) => {}
            container => self.container(directive, container, depth, out),
        }
    }

    /// Writes admonitions and everything else that contains blocks. Unknown directives are written
    /// with their argument and body, so that no text is lost.
    fn container(&mut self, directive: &Directive, name: &str, depth: usize, out: &mut String) {
        if let Some(title) = title_of(&ADMONITIONS, name) {
            let body = directive.argument_and_body();
            self.quote(title, &body, depth, out);
        } else if let Some(title) = title_of(&VERSION_NOTES, name) {
            let (version, text) = directive
                .argument
                .split_once(char::is_whitespace)
                .unwrap_or((&directive.argument, ""));

            let mut body = vec![text.to_owned()];
            body.extend(directive.body.iter().cloned());
            self.quote(
                &format!("{title} {}", escape::html(version)),
                &body,
                depth,
                out,
            );
        } else if matches!(name, "admonition" | "topic" | "sidebar") {
            let title = self.inline(&directive.argument);
            self.quote(&title, &directive.body, depth, out);
        } else {
            if !directive.argument.is_empty() && !UNTITLED_CONTAINERS.contains(&name) {
                self.bold_paragraph(&directive.argument, out);
            }
            self.blocks(&directive.body, depth + 1, out);
        }
    }

    /// Writes a block quote with a title, which is HTML.
    fn quote(&mut self, title: &str, body: &[String], depth: usize, out: &mut String) {
        out.push_str(&format!("<blockquote><p><strong>{title}</strong></p>"));
        self.blocks(body, depth + 1, out);
        out.push_str("</blockquote>");
    }

    pub(super) fn bold_paragraph(&mut self, text: &str, out: &mut String) {
        out.push_str(&format!("<p><strong>{}</strong></p>", self.inline(text)));
    }

    fn object(&mut self, directive: &Directive, depth: usize, out: &mut String) {
        out.push_str("<dl>");

        // An object may have several signatures, one on each line of the argument.
        for signature in directive.argument.lines() {
            out.push_str(&format!(
                "<dt><code>{}</code></dt>",
                escape::html(signature.trim_end_matches('\\'))
            ));
        }

        out.push_str("<dd>");
        self.blocks(&directive.body, depth + 1, out);
        out.push_str("</dd></dl>");
    }

    fn figure(&mut self, directive: &Directive, depth: usize, out: &mut String) {
        let image = format!(
            "<img src=\"{}\" alt=\"{}\">",
            escape::html(&directive.argument),
            escape::html(directive.option("alt").unwrap_or_default())
        );

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

fn title_of<'a>(titles: &[(&str, &'a str)], name: &str) -> Option<&'a str> {
    titles
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, title)| *title)
}

fn write_code(directive: &Directive, name: &str, out: &mut String) {
    if let Some(caption) = directive.option("caption") {
        out.push_str(&format!(
            "<p><strong>{}</strong></p>",
            escape::html(caption)
        ));
    }

    let language = match name {
        "doctest" | "testcode" | "ipython" => Some("python"),
        "math" => Some("latex"),
        "console" | "prompt" => Some("console"),
        _ => Some(directive.argument.as_str())
            .filter(|argument| !argument.is_empty() && !argument.contains(char::is_whitespace)),
    };

    // Formulas and grammars may begin in the argument.
    let body = match name {
        "math" | "productionlist" => directive.argument_and_body(),
        _ => directive.body.clone(),
    };

    if !body.is_empty() {
        out.push_str(&code_block(&body, language));
    }
}
