//! Inline markup: emphasis, code, links, roles, footnote references and substitutions.

use std::sync::LazyLock;

use regex::Regex;

use super::Parser;
use crate::html::escape;

static LABEL_AND_TARGET: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?s)^(.*?)\s*<([^<>]+)>$").expect("the pattern is valid"));
static URL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"^https?://[^\s<>"`]+"#).expect("the pattern is valid"));
static REFERENCE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[A-Za-z0-9](?:[A-Za-z0-9._+-]*[A-Za-z0-9])?(__?)").expect("the pattern is valid")
});
static FOOTNOTE_REFERENCE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\[(#?[\w.-]*|\*)\]_").expect("the pattern is valid"));
static ROLE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^:([A-Za-z][\w:.+-]*):`").expect("the pattern is valid"));

/// Roles whose text is shown as a whole, also with something in angle brackets.
const LITERAL_ROLES: [&str; 11] = [
    "code", "literal", "samp", "command", "file", "kbd", "program", "regexp", "makevar",
    "mimetype", "math",
];

/// How deep substitutions within substitutions are expanded.
const MAX_SUBSTITUTION_DEPTH: usize = 4;

/// A longer text between two bars is not the name of a substitution.
const MAX_SUBSTITUTION_NAME: usize = 100;

/// A piece of markup at the beginning of a text.
struct Markup {
    html: String,
    /// The bytes of source that it covers.
    length: usize,
}

impl Parser {
    /// Converts inline markup to HTML and escapes the rest.
    pub(super) fn inline(&mut self, text: &str) -> String {
        self.inline_at_depth(text, 0)
    }

    fn inline_at_depth(&mut self, text: &str, depth: usize) -> String {
        let mut out = String::with_capacity(text.len() + 16);
        let mut previous = ' ';
        let mut rest = text;

        while let Some(c) = rest.chars().next() {
            if c == '\\' {
                // A backslash before whitespace only separates markup and disappears with it.
                let escaped = rest[1..].chars().next();
                if let Some(escaped) = escaped.filter(|c| !c.is_whitespace()) {
                    out.push_str(&escape::html(&escaped.to_string()));
                }

                rest = &rest[1 + escaped.map_or(0, char::len_utf8)..];
                previous = ' ';
                continue;
            }

            let markup = if previous.is_alphanumeric() {
                None
            } else {
                self.markup(rest, depth)
            };

            let (html, length) = match markup {
                Some(markup) => (markup.html, markup.length),
                None => {
                    // Consumes whole words, because a word may be the end of a reference's name.
                    let length = word_length(rest).max(c.len_utf8());
                    (escape::html(&rest[..length]), length)
                }
            };

            out.push_str(&html);
            previous = rest[..length].chars().next_back().unwrap_or(' ');
            rest = &rest[length..];
        }

        out
    }

    /// Parses the markup at the beginning of a text.
    fn markup(&mut self, text: &str, depth: usize) -> Option<Markup> {
        if let Some(length) = enclosed_length(text, "``") {
            return Some(Markup {
                html: format!("<code>{}</code>", escape::html(&text[2..length - 2])),
                length,
            });
        }

        if let Some(role) = ROLE.captures(text) {
            let quote = role[0].len() - 1;
            let length = quote + enclosed_length(&text[quote..], "`")?;
            return Some(Markup {
                html: self.role(&role[1], &text[quote + 1..length - 1]),
                length,
            });
        }

        if text.starts_with('`') {
            return self.interpreted_text(text);
        }

        // A target within the text.
        if text.starts_with("_`") {
            let length = enclosed_length(&text[1..], "`")?;
            return Some(Markup {
                html: escape::html(&unescape(&text[2..length])),
                length: length + 1,
            });
        }

        for (mark, element) in [("**", "strong"), ("*", "em")] {
            if let Some(length) = enclosed_length(text, mark) {
                let inner = unescape(&text[mark.len()..length - mark.len()]);
                return Some(Markup {
                    html: format!("<{element}>{}</{element}>", escape::html(&inner)),
                    length,
                });
            }
        }

        if text.starts_with('|') && depth < MAX_SUBSTITUTION_DEPTH {
            return self.substitution(text, depth);
        }

        if let Some(footnote) = FOOTNOTE_REFERENCE.captures(text) {
            return Some(Markup {
                html: format!(
                    "[{}]",
                    escape::html(&self.footnotes.label_of_reference(&footnote[1]))
                ),
                length: footnote[0].len(),
            });
        }

        if let Some(url) = URL.find(text) {
            let url = url
                .as_str()
                .trim_end_matches(['.', ',', ';', ':', ')', '!', '?', '\'', '*', '_']);
            return Some(Markup {
                html: format!("<a href=\"{0}\">{0}</a>", escape::html(url)),
                length: url.len(),
            });
        }

        self.reference(text)
    }

    /// Parses text in single backquotes: `` `text <address>`_ ``, `` `name`_ ``, `` `text`:role: ``
    /// or `` `text` `` alone.
    fn interpreted_text(&mut self, text: &str) -> Option<Markup> {
        let length = enclosed_length_before(text, "`", |after| after == '_' || may_follow(after))?;
        let inner = &text[1..length - 1];
        let after = &text[length..];
        let underscores = count_underscores(after);

        if underscores == 0 {
            return Some(match role_suffix(after) {
                Some(role) => Markup {
                    html: self.role(role, inner),
                    length: length + role.len() + 2,
                },
                None => Markup {
                    html: format!("<em>{}</em>", escape::html(&unescape(inner))),
                    length,
                },
            });
        }

        let html = match LABEL_AND_TARGET.captures(inner) {
            Some(found) => {
                let target = found[2].trim();
                let label = match &found[1] {
                    "" => target,
                    label => label,
                };

                let named_target = target
                    .strip_suffix('_')
                    .and_then(|name| self.references.target(name));
                link(label, Some(named_target.unwrap_or(target)))
            }
            None if underscores == 2 => {
                let target = self.references.next_anonymous_target();
                link(inner, target.as_deref())
            }
            None => link(inner, self.references.target(inner)),
        };

        Some(Markup {
            html,
            length: length + underscores,
        })
    }

    /// Parses `name_` if the name is defined, and `name__` if an anonymous target is left.
    fn reference(&mut self, text: &str) -> Option<Markup> {
        let found = REFERENCE.captures(text)?;
        let (whole, underscores) = (found.get(0)?.as_str(), found.get(1)?.as_str());
        if text[whole.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_') {
            return None;
        }

        let name = &whole[..whole.len() - underscores.len()];
        let html = if underscores == "__" {
            link(name, Some(&self.references.next_anonymous_target()?))
        } else {
            link(name, Some(self.references.target(name)?))
        };

        Some(Markup {
            html,
            length: whole.len(),
        })
    }

    fn substitution(&mut self, text: &str, depth: usize) -> Option<Markup> {
        let name_length = text[1..]
            .find('|')
            .filter(|length| (1..=MAX_SUBSTITUTION_NAME).contains(length))?;
        let name = &text[1..=name_length];
        let substitution = self.references.substitution(name)?.clone();

        let html = match substitution.directive.as_str() {
            "image" => format!(
                "<img src=\"{}\" alt=\"{}\">",
                escape::html(&substitution.value),
                escape::html(substitution.alt.as_deref().unwrap_or(name))
            ),
            "unicode" => escape::html(&decode_characters(&substitution.value)),
            "date" => String::new(),
            _ => self.inline_at_depth(&substitution.value, depth + 1),
        };

        let with_bars = name_length + 2;
        Some(Markup {
            html,
            length: with_bars + count_underscores(&text[with_bars..]),
        })
    }

    /// Writes text with a role as Sphinx and docutils show it. Unknown roles are written as code.
    fn role(&self, role: &str, text: &str) -> String {
        let name = role.rsplit(':').next().unwrap_or(role).to_lowercase();
        if LITERAL_ROLES.contains(&name.as_str()) {
            return format!("<code>{}</code>", escape::html(&unescape(text)));
        }

        let found = LABEL_AND_TARGET
            .captures(text)
            .filter(|found| !found[1].is_empty());
        let (label, target) = match &found {
            Some(found) => (&found[1], &found[2]),
            None => (text, text),
        };

        match name.as_str() {
            "ref" | "numref" | "any" => link(label, self.references.target(target)),
            "doc" | "download" => link(label, Some(target)),
            "emphasis" | "term" | "title" | "t" | "dfn" | "abbr" => {
                format!("<em>{}</em>", escape::html(label))
            }
            // "&" marks the keyboard shortcut of a label.
            "strong" | "guilabel" => {
                format!("<strong>{}</strong>", escape::html(&label.replace('&', "")))
            }
            "menuselection" => {
                let path = label.replace("-->", "→");
                format!("<strong>{}</strong>", escape::html(&path))
            }
            "sub" | "subscript" => format!("<sub>{}</sub>", escape::html(label)),
            "sup" | "superscript" => format!("<sup>{}</sup>", escape::html(label)),
            "pep" | "rfc" | "cve" => format!("{} {}", name.to_uppercase(), escape::html(label)),
            "index" => escape::html(label),
            _ => {
                // "~a.b.C" is shown as its last part.
                let shown = match label.strip_prefix('~') {
                    Some(path) => path.rsplit('.').next().unwrap_or(path),
                    None => label,
                };
                format!(
                    "<code>{}</code>",
                    escape::html(shown.trim_start_matches('!'))
                )
            }
        }
    }
}

/// A link to a target, or only its label if there is none.
fn link(label: &str, target: Option<&str>) -> String {
    let label = escape::html(&unescape(label));
    match target {
        Some(target) => format!(
            "<a href=\"{}\">{label}</a>",
            escape::html(&unescape(target))
        ),
        None => label,
    }
}

/// The role in `` `text`:role: ``, given what follows the text.
fn role_suffix(after: &str) -> Option<&str> {
    let (role, _) = after.strip_prefix(':')?.split_once(':')?;
    let is_name = !role.is_empty() && role.chars().all(|c| c.is_alphanumeric() || c == '-');
    is_name.then_some(role)
}

/// The number of underscores that make a text a reference, at most two.
fn count_underscores(after: &str) -> usize {
    after
        .bytes()
        .take_while(|&byte| byte == b'_')
        .count()
        .min(2)
}

fn word_length(text: &str) -> usize {
    text.chars()
        .take_while(|c| c.is_alphanumeric())
        .map(char::len_utf8)
        .sum()
}

/// The length of a text between two marks, with the marks. It must not begin or end with
/// whitespace, and only certain characters may follow it.
fn enclosed_length(text: &str, mark: &str) -> Option<usize> {
    enclosed_length_before(text, mark, may_follow)
}

fn enclosed_length_before(text: &str, mark: &str, may_follow: fn(char) -> bool) -> Option<usize> {
    let inner = text.strip_prefix(mark)?;
    if inner.starts_with(char::is_whitespace) || inner.is_empty() {
        return None;
    }

    let is_literal = mark == "``";
    let mut from = 0;
    while let Some(found) = inner[from..].find(mark) {
        let at = from + found;
        let after = inner[at + mark.len()..].chars().next();
        let ends_with_space = inner[..at].ends_with(char::is_whitespace);
        let is_escaped = !is_literal && inner[..at].ends_with('\\');
        if at > 0 && !ends_with_space && !is_escaped && after.is_none_or(may_follow) {
            return Some(mark.len() + at + mark.len());
        }
        from = at + mark.len();
    }

    None
}

/// Whether a character may follow inline markup.
fn may_follow(c: char) -> bool {
    c.is_whitespace() || (!c.is_alphanumeric() && c != '_' && c != '`' && c != '*') || c == '\\'
}

/// Removes backslashes, with the whitespace that they escape.
fn unescape(text: &str) -> String {
    let mut unescaped = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => unescaped.extend(rest.next().filter(|c| !c.is_whitespace())),
            _ => unescaped.push(c),
        }
    }

    unescaped
}

/// Decodes the value of a `unicode` directive, such as `0xA9 text`.
fn decode_characters(value: &str) -> String {
    value
        .split_whitespace()
        .take_while(|word| *word != "..")
        .map(|word| decode_character(word).map_or_else(|| word.to_owned(), String::from))
        .collect()
}

fn decode_character(word: &str) -> Option<char> {
    let hexadecimal = ["0x", "U+", "\\u", "x"]
        .iter()
        .find_map(|prefix| word.strip_prefix(prefix))
        .and_then(|digits| u32::from_str_radix(digits, 16).ok());

    char::from_u32(hexadecimal.or_else(|| word.parse().ok())?)
}
