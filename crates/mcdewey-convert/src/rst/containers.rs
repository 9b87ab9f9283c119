//! Directives that contain blocks: admonitions, notes on versions, panels and lists of pages.

use super::Parser;
use super::blocks::code_block;
use super::directives::{Directive, image_html};
use super::lines::{dedent, indentation, indented_end, skip_empty};
use crate::html::escape;

/// Admonitions and their titles.
const ADMONITIONS: [(&str, &str); 13] = [
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
    ("availability", "Availability"),
    ("impl-detail", "Implementation detail"),
];

/// Notes on versions, and what is written before the version.
const VERSION_NOTES: [(&str, &str); 5] = [
    ("versionadded", "Added in"),
    ("versionchanged", "Changed in"),
    ("deprecated", "Deprecated since"),
    ("versionremoved", "Removed in"),
    ("deprecated-removed", "Deprecated since"),
];

/// Admonitions whose title is their argument.
const TITLED_QUOTES: [&str; 3] = ["admonition", "topic", "sidebar"];

/// Panels that readers open or choose. Their argument is their title.
const PANELS: [&str; 10] = [
    "tab",
    "tab-item",
    "group-tab",
    "dropdown",
    "details",
    "collapse",
    "toggle",
    "card",
    "grid-item-card",
    "panel",
];

/// Containers whose argument is not text.
const WITH_ARGUMENT: [&str; 13] = [
    "only",
    "ifconfig",
    "container",
    "class",
    "rst-class",
    "cssclass",
    "div",
    "grid",
    "grid-item",
    "card-carousel",
    "tab-set-code",
    "panels",
    "content-tabs",
];

/// Containers without an argument, so that their text may begin beside the name.
const WITHOUT_ARGUMENT: [&str; 10] = [
    "hlist",
    "compound",
    "epigraph",
    "highlights",
    "pull-quote",
    "tabs",
    "tab-set",
    "header",
    "footer",
    "acks",
];

/// Bylines, and what is written before the name.
const BYLINES: [(&str, &str); 3] = [
    ("sectionauthor", "Author"),
    ("codeauthor", "Author of the code"),
    ("moduleauthor", "Author of the module"),
];

impl Parser {
    /// Writes a directive that contains blocks. Unknown ones are written with their argument,
    /// options and body, so that no text is lost, and are reported.
    pub(super) fn container(&mut self, directive: &Directive, depth: usize, out: &mut String) {
        let name = directive.name();
        let name = name.as_str();

        if let Some(title) = title_of(&ADMONITIONS, name) {
            let body = directive.argument_and_body();
            self.quote(title, &body, depth, out);
        } else if let Some(title) = title_of(&VERSION_NOTES, name) {
            self.version_note(title, directive, depth, out);
        } else if TITLED_QUOTES.contains(&name) {
            let parts = [
                Some(directive.argument.as_str()),
                directive.option("subtitle"),
            ];
            let title = parts.into_iter().flatten().collect::<Vec<_>>().join(": ");
            let title = self.inline(&title);
            self.quote(&title, &directive.body, depth, out);
        } else if PANELS.contains(&name) {
            self.panel(directive, depth, out);
        } else if WITH_ARGUMENT.contains(&name) {
            self.blocks(&directive.body_after_first_line(), depth + 1, out);
        } else if WITHOUT_ARGUMENT.contains(&name) {
            self.blocks(&directive.argument_and_body(), depth + 1, out);
        } else if let Some(title) = title_of(&BYLINES, name) {
            let author = self.inline(&directive.argument);
            out.push_str(&format!("<p>{title}: {author}</p>"));
        } else {
            self.unknown(directive, depth, out);
        }
    }

    fn unknown(&mut self, directive: &Directive, depth: usize, out: &mut String) {
        self.unknown_directives.insert(directive.full_name.clone());
        if !directive.argument.is_empty() {
            self.bold_paragraph(&directive.argument, out);
        }
        self.options(&directive.shown_options(), out);
        self.blocks(&directive.body, depth + 1, out);
    }

    fn version_note(&mut self, title: &str, directive: &Directive, depth: usize, out: &mut String) {
        let (version, text) = directive
            .argument
            .split_once(char::is_whitespace)
            .unwrap_or((&directive.argument, ""));

        let mut body = vec![text.to_owned()];
        body.extend(directive.body.iter().cloned());
        let title = format!("{title} {}", escape::html(version));
        self.quote(&title, &body, depth, out);
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

    fn panel(&mut self, directive: &Directive, depth: usize, out: &mut String) {
        if !directive.argument.is_empty() {
            let title = self.inline(&directive.argument);
            let title = match directive.option("link").filter(|link| link.contains("://")) {
                Some(link) => format!("<a href=\"{}\">{title}</a>", escape::html(link)),
                None => title,
            };
            out.push_str(&format!("<p><strong>{title}</strong></p>"));
        }

        for image in ["img-top", "img-background", "img-bottom"] {
            if let Some(source) = directive.option(image) {
                let alt = directive.option("img-alt").unwrap_or_default();
                out.push_str(&format!("<p>{}</p>", image_html(source, alt)));
            }
        }

        // These lines separate the header and footer of a card from its content.
        let body: Vec<String> = directive
            .body
            .iter()
            .map(|line| match line.as_str() {
                "^^^" | "+++" => String::new(),
                line => line.to_owned(),
            })
            .collect();
        self.blocks(&body, depth + 1, out);
    }

    /// Writes a tab of code, whose argument is a language and a title.
    pub(super) fn code_tab(&mut self, directive: &Directive, out: &mut String) {
        let (language, title) = directive
            .argument
            .split_once(char::is_whitespace)
            .unwrap_or((&directive.argument, &directive.argument));

        self.bold_paragraph(title.trim(), out);
        out.push_str(&code_block(&directive.body, Some(language)));
    }

    /// Writes the pages of a table of contents as links. Their own titles are in other files.
    pub(super) fn toctree(&mut self, directive: &Directive, out: &mut String) {
        if directive.option("hidden").is_some() {
            return;
        }

        if let Some(caption) = directive.option("caption") {
            self.bold_paragraph(caption, out);
        }

        let pages = directive.argument_and_body();
        let items: String = pages
            .iter()
            .map(|line| line.trim())
            .filter(|line| !line.is_empty())
            .map(|line| {
                let (title, page) = line
                    .strip_suffix('>')
                    .and_then(|line| line.rsplit_once('<'))
                    .unwrap_or((line, line));
                let title = escape::html(title.trim());
                let title = if title.is_empty() {
                    escape::html(page)
                } else {
                    title
                };
                format!("<li><a href=\"{}\">{title}</a></li>", escape::html(page))
            })
            .collect();

        if !items.is_empty() {
            out.push_str(&format!("<ul>{items}</ul>"));
        }
    }

    /// Writes a glossary. Several terms may share a definition.
    pub(super) fn glossary(&mut self, directive: &Directive, depth: usize, out: &mut String) {
        let lines = directive.argument_and_body();
        out.push_str("<dl>");

        let mut at = 0;
        while at < lines.len() {
            let line = &lines[at];
            if indentation(line) > 0 {
                let end = indented_end(&lines, at);
                out.push_str("<dd>");
                self.blocks(&dedent(&lines[at..end]), depth + 1, out);
                out.push_str("</dd>");
                at = skip_empty(&lines, end);
                continue;
            }

            if !line.is_empty() && !line.starts_with("..") {
                out.push_str(&format!("<dt>{}</dt>", self.inline(line)));
            }
            at += 1;
        }

        out.push_str("</dl>");
    }
}

fn title_of<'a>(titles: &[(&str, &'a str)], name: &str) -> Option<&'a str> {
    titles
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, title)| *title)
}
