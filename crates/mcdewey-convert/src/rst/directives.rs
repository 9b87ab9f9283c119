//! Explicit markup: directives, notes, targets, comments.

use std::sync::LazyLock;

use regex::Regex;

use super::Reader;
use super::blocks::pre;
use super::lines::{dedented, indented_until};
use crate::html::escape::html;

static DIRECTIVE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\.\. (?:\|[^|]+\| +)?([A-Za-z][\w:.+-]*) ?::(?: +(.*)|$)")
        .expect("a valid pattern")
});
static NOTE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\.\. \[([^\]]+)\](?: +(.*)|$)").expect("a valid pattern"));
static OPTION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^:([\w-]+):(?: +(.*)|$)").expect("a valid pattern"));

/// Boxes, and what they are called.
const BOXES: [(&str, &str); 11] = [
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

/// Notes on releases, and how they begin.
const RELEASES: [(&str, &str); 5] = [
    ("versionadded", "Added in"),
    ("versionchanged", "Changed in"),
    ("deprecated", "Deprecated since"),
    ("versionremoved", "Removed in"),
    ("deprecated-removed", "Deprecated since"),
];

/// For the program that makes the pages, not for readers.
const DROPPED: [&str; 20] = [
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

/// Things that are described: their names are code.
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

/// A directive, taken apart.
pub(super) struct Directive {
    pub(super) name: String,
    pub(super) argument: String,
    options: Vec<(String, String)>,
    pub(super) body: Vec<String>,
}

impl Directive {
    pub(super) fn option(&self, name: &str) -> Option<&str> {
        self.options
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

impl Reader {
    /// What begins with two dots, or `__`.
    pub(super) fn explicit(
        &mut self,
        lines: &[String],
        at: usize,
        depth: usize,
        out: &mut String,
    ) -> Option<usize> {
        let line = &lines[at];
        if line.starts_with("__ ") {
            return Some(at + 1);
        }

        if line != ".." && !line.starts_with(".. ") {
            return None;
        }

        let end = indented_until(lines, at + 1, 1).max(at + 1);
        if let Some(found) = NOTE.captures(line) {
            let mut body = vec![found.get(2).map_or("", |text| text.as_str()).to_owned()];
            body.extend(dedented(&lines[at + 1..end]));
            out.push_str(&format!(
                "<p>[{}] {}</p>",
                html(found[1].trim_start_matches('#')),
                self.inline(&body.join("\n"))
            ));
        } else if line.starts_with(".. |") {
            // Substitutions are known already.
        } else if let Some(found) = DIRECTIVE.captures(line) {
            let directive = taken_apart(
                &found[1],
                found.get(2).map_or("", |text| text.as_str()),
                &lines[at + 1..end],
            );
            self.directive(directive, depth, out);
        }

        // An empty comment ends what is above it and takes nothing along.
        Some(
            if line == ".." && lines.get(at + 1).is_none_or(String::is_empty) {
                at + 1
            } else {
                end
            },
        )
    }

    fn directive(&mut self, directive: Directive, depth: usize, out: &mut String) {
        let name = directive
            .name
            .rsplit(':')
            .next()
            .unwrap_or_default()
            .to_lowercase();

        let in_domain = directive.name.contains(':');
        match name.as_str() {
            "code-block" | "code" | "sourcecode" | "prompt" | "parsed-literal"
            | "productionlist" | "math" | "doctest" | "testcode" | "testoutput" | "code-cell"
            | "ipython" | "console" | "graphviz" | "mermaid" => code(&directive, &name, out),
            "include" | "literalinclude" => self.includes.push(directive.argument),
            "image" | "figure" => self.figure(&directive, depth, out),
            "raw" => {
                if directive.argument == "html" {
                    out.push_str(&directive.body.join("\n"));
                }
            }
            "table" | "list-table" | "csv-table" => {
                self.written_table(&directive, &name, depth, out)
            }
            "rubric" | "centered" => out.push_str(&format!(
                "<p><strong>{}</strong></p>",
                self.inline(&directive.argument)
            )),
            _ if OBJECTS.contains(&name.as_str()) && (in_domain || name != "class") => {
                self.object(&directive, depth, out)
            }
            _ if DROPPED.contains(&name.as_str())
                && (name != "class" || directive.body.is_empty()) => {}
            _ => self.boxed(&directive, &name, depth, out),
        }
    }

    /// Admonitions and whatever else holds blocks; what is not known is shown with its words.
    fn boxed(&mut self, directive: &Directive, name: &str, depth: usize, out: &mut String) {
        let mut body = directive.body.clone();
        let mut title = None;
        if let Some((_, called)) = BOXES.iter().find(|(known, _)| *known == name) {
            title = Some((*called).to_owned());
            body = with_argument(directive);
        } else if let Some((_, called)) = RELEASES.iter().find(|(known, _)| *known == name) {
            let (release, text) = directive
                .argument
                .split_once(char::is_whitespace)
                .unwrap_or((&directive.argument, ""));
            title = Some(format!("{called} {}", html(release)));
            body.insert(0, text.to_owned());
        } else if matches!(name, "admonition" | "topic" | "sidebar") {
            title = Some(self.inline(&directive.argument));
        }

        if let Some(title) = title {
            out.push_str(&format!("<blockquote><p><strong>{title}</strong></p>"));
            self.blocks(&body, depth + 1, out);
            out.push_str("</blockquote>");
            return;
        }

        let plain = matches!(
            name,
            "only"
                | "container"
                | "compound"
                | "class"
                | "glossary"
                | "hlist"
                | "epigraph"
                | "highlights"
                | "pull-quote"
        );

        if !plain && !directive.argument.is_empty() {
            out.push_str(&format!(
                "<p><strong>{}</strong></p>",
                self.inline(&directive.argument)
            ));
        }

        self.blocks(&body, depth + 1, out);
    }

    fn object(&mut self, directive: &Directive, depth: usize, out: &mut String) {
        out.push_str("<dl>");

        // Several signatures stand below each other, before an empty line.
        for signature in directive.argument.lines() {
            out.push_str(&format!(
                "<dt><code>{}</code></dt>",
                html(signature.trim_end_matches('\\'))
            ));
        }

        out.push_str("<dd>");
        self.blocks(&directive.body, depth + 1, out);
        out.push_str("</dd></dl>");
    }

    fn figure(&mut self, directive: &Directive, depth: usize, out: &mut String) {
        let alt = html(directive.option("alt").unwrap_or_default());
        let image = format!("<img src=\"{}\" alt=\"{alt}\">", html(&directive.argument));
        match directive.option("target") {
            Some(target) => {
                let known = target
                    .strip_suffix('_')
                    .and_then(|name| self.names.target(name))
                    .unwrap_or(target);
                out.push_str(&format!("<p><a href=\"{}\">{image}</a></p>", html(known)));
            }
            None => out.push_str(&format!("<p>{image}</p>")),
        }

        self.blocks(&directive.body, depth + 1, out);
    }
}

fn code(directive: &Directive, name: &str, out: &mut String) {
    if let Some(caption) = directive.option("caption") {
        out.push_str(&format!("<p><strong>{}</strong></p>", html(caption)));
    }

    let language = match name {
        "doctest" | "testcode" | "ipython" => Some("python"),
        "math" => Some("latex"),
        "console" | "prompt" => Some("console"),
        _ => Some(directive.argument.as_str())
            .filter(|argument| !argument.is_empty() && !argument.contains(char::is_whitespace)),
    };

    // Formulas and grammars stand in the argument too.
    let body = if matches!(name, "math" | "productionlist") {
        with_argument(directive)
    } else {
        directive.body.clone()
    };

    if !body.is_empty() {
        out.push_str(&pre(&body, language));
    }
}

/// The body with the argument as its first paragraph.
fn with_argument(directive: &Directive) -> Vec<String> {
    let mut body: Vec<String> = directive.argument.lines().map(str::to_owned).collect();
    body.push(String::new());
    body.extend(directive.body.iter().cloned());
    dedented(&body)
}

/// The argument goes on until an option or an empty line; options until an empty line; the rest is the body.
fn taken_apart(name: &str, argument: &str, below: &[String]) -> Directive {
    let below: Vec<String> = {
        let least = below
            .iter()
            .filter(|line| !line.is_empty())
            .map(|line| super::lines::indent(line))
            .min()
            .unwrap_or_default();

        below
            .iter()
            .map(|line| line.get(least..).unwrap_or_default().to_owned())
            .collect()
    };

    let mut at = 0;
    let mut argument = argument.to_owned();

    let mut options: Vec<(String, String)> = Vec::new();
    while at < below.len() && !below[at].is_empty() {
        match OPTION.captures(&below[at]) {
            Some(found) => options.push((
                found[1].to_owned(),
                found.get(2).map_or("", |value| value.as_str()).to_owned(),
            )),
            None => match options.last_mut() {
                Some((_, value)) => value.push_str(&format!("\n{}", below[at].trim())),
                None => argument.push_str(&format!("\n{}", below[at])),
            },
        }

        at += 1;
    }

    let argument = argument.trim().to_owned();
    Directive {
        name: name.to_owned(),
        argument,
        options,
        body: dedented(&below[at..]),
    }
}
