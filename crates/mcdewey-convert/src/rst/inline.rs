//! What stands in a line: emphasis, code, links, roles, substitutions.

use std::sync::LazyLock;

use regex::Regex;

use super::Reader;
use crate::html::escape::html;

static LINK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?s)^(.*?)\s*<([^<>]+)>$").expect("a valid pattern"));
static WEB: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"^https?://[^\s<>"`]+"#).expect("a valid pattern"));
static NAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[A-Za-z0-9](?:[A-Za-z0-9._+-]*[A-Za-z0-9])?(__?)").expect("a valid pattern")
});
static NOTE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\[(#?[\w.-]*|\*)\]_").expect("a valid pattern"));
static ROLE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^:([A-Za-z][\w:.+-]*):`").expect("a valid pattern"));

/// Substitutions in substitutions in substitutions.
const MAX_DEPTH: usize = 4;

impl Reader {
    /// Text as HTML.
    pub(super) fn inline(&mut self, text: &str) -> String {
        self.inline_at(text, 0)
    }

    fn inline_at(&mut self, text: &str, depth: usize) -> String {
        let mut out = String::with_capacity(text.len() + 16);
        let mut before = ' ';

        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let begins = !before.is_alphanumeric();
            if c == '\\' {
                let escaped = rest[1..].chars().next();
                let shown = escaped
                    .filter(|c| !c.is_whitespace())
                    .map(|c| html(&c.to_string()))
                    .unwrap_or_default();
                out.push_str(&shown);
                rest = &rest[1 + escaped.map_or(0, char::len_utf8)..];
                before = ' ';
                continue;
            }

            let found = if begins {
                self.markup(rest, depth)
            } else {
                None
            };

            if let Some((written, length)) = found {
                before = rest[..length].chars().next_back().unwrap_or(' ');
                out.push_str(&written);
                rest = &rest[length..];
                continue;
            }

            // Words are taken whole: a link's name may end them.
            let plain: usize = rest
                .chars()
                .take_while(|c| c.is_alphanumeric())
                .map(char::len_utf8)
                .sum();

            let length = plain.max(c.len_utf8());
            out.push_str(&html(&rest[..length]));
            before = rest[..length].chars().next_back().unwrap_or(' ');
            rest = &rest[length..];
        }

        out
    }

    /// Markup at the beginning of a text: what it becomes, and how long it is.
    fn markup(&mut self, text: &str, depth: usize) -> Option<(String, usize)> {
        if let Some(length) = enclosed(text, "``", "``") {
            return Some((
                format!("<code>{}</code>", html(&text[2..length - 2])),
                length,
            ));
        }

        if let Some(role) = ROLE.captures(text) {
            let at = role[0].len() - 1;
            let length = at + enclosed(&text[at..], "`", "`")?;
            return Some((self.role(&role[1], &text[at + 1..length - 1]), length));
        }

        if text.starts_with('`') {
            return self.quoted(text);
        }

        for (mark, element) in [("**", "strong"), ("*", "em")] {
            if let Some(length) = enclosed(text, mark, mark) {
                let inner = html(&unescaped(&text[mark.len()..length - mark.len()]));
                return Some((format!("<{element}>{inner}</{element}>"), length));
            }
        }

        if text.starts_with('|') && depth < MAX_DEPTH {
            return self.substitution(text, depth);
        }

        if let Some(note) = NOTE.captures(text) {
            return Some((
                format!("[{}]", html(note[1].trim_start_matches('#'))),
                note[0].len(),
            ));
        }

        if let Some(web) = WEB.find(text) {
            let url = web
                .as_str()
                .trim_end_matches(['.', ',', ';', ':', ')', '!', '?', '\'', '*', '_']);
            return Some((format!("<a href=\"{0}\">{0}</a>", html(url)), url.len()));
        }

        self.named(text)
    }

    /// `text <address>`_, `name`_, or `text` alone.
    fn quoted(&mut self, text: &str) -> Option<(String, usize)> {
        let length = enclosed_before(text, "`", "`", |after| after == '_' || ends(after))?;
        let inner = &text[1..length - 1];
        let marks = text[length..]
            .bytes()
            .take_while(|&byte| byte == b'_')
            .count()
            .min(2);

        if marks == 0 {
            // `text`:role: is the older form.
            let role = text[length..]
                .strip_prefix(':')
                .and_then(|role| role.split_once(':'))
                .map(|(role, _)| role);

            let role = role.filter(|role| {
                !role.is_empty() && role.chars().all(|c| c.is_alphanumeric() || c == '-')
            });

            return Some(match role {
                Some(role) => (self.role(role, inner), length + role.len() + 2),
                None => (format!("<em>{}</em>", html(&unescaped(inner))), length),
            });
        }

        let (label, target) = match LINK.captures(inner) {
            Some(found) => {
                let target = found[2].trim();
                let named = target
                    .strip_suffix('_')
                    .and_then(|name| self.names.target(name).map(str::to_owned));

                let label = if found[1].is_empty() {
                    target.to_owned()
                } else {
                    found[1].to_owned()
                };

                (label, named.or_else(|| Some(target.to_owned())))
            }
            None if marks == 2 => (inner.to_owned(), self.names.next()),
            None => (
                inner.to_owned(),
                self.names.target(inner).map(str::to_owned),
            ),
        };

        Some((link(&label, target.as_deref()), length + marks))
    }

    /// `name_`, where the name is known; other words stay as they are.
    fn named(&mut self, text: &str) -> Option<(String, usize)> {
        let found = NAME.captures(text)?;
        let (whole, marks) = (found.get(0)?.as_str(), found.get(1)?.as_str());
        if text[whole.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_') {
            return None;
        }

        let name = whole[..whole.len() - marks.len()].to_owned();
        let target = if marks == "__" {
            self.names.next()
        } else {
            self.names.target(&name).map(str::to_owned)
        }?;

        Some((link(&name, Some(&target)), whole.len()))
    }

    fn substitution(&mut self, text: &str, depth: usize) -> Option<(String, usize)> {
        let end = text[1..]
            .find('|')
            .filter(|&end| (1..=100).contains(&end))?
            + 1;
        let (kind, value) = self.names.substitution(&text[1..end])?;
        let (kind, value) = (kind.to_owned(), value.to_owned());

        let marks = text[end + 1..]
            .bytes()
            .take_while(|&byte| byte == b'_')
            .count()
            .min(2);

        let written = match kind.as_str() {
            "image" => format!(
                "<img src=\"{}\" alt=\"{}\">",
                html(&value),
                html(&text[1..end])
            ),
            "unicode" => html(&characters(&value)),
            "date" => String::new(),
            _ => self.inline_at(&value, depth + 1),
        };

        Some((written, end + 1 + marks))
    }

    /// Text with a role, as Sphinx and docutils show it.
    fn role(&mut self, role: &str, text: &str) -> String {
        let name = role.rsplit(':').next().unwrap_or(role).to_lowercase();
        let (label, target) = match LINK.captures(text) {
            Some(found) if !found[1].is_empty() => (found[1].to_owned(), found[2].to_owned()),
            _ => (text.to_owned(), text.to_owned()),
        };

        match name.as_str() {
            "ref" | "numref" | "any" => link(&label, self.names.target(&target)),
            "doc" | "download" => link(&label, Some(&target)),
            "emphasis" | "term" | "title" | "t" | "dfn" | "abbr" => {
                format!("<em>{}</em>", html(&label))
            }
            "strong" | "guilabel" => format!("<strong>{}</strong>", html(&label.replace('&', ""))),
            "menuselection" => format!("<strong>{}</strong>", html(&label.replace("-->", "→"))),
            "sub" | "subscript" => format!("<sub>{}</sub>", html(&label)),
            "sup" | "superscript" => format!("<sup>{}</sup>", html(&label)),
            "pep" | "rfc" | "cve" => format!("{} {}", name.to_uppercase(), html(&label)),
            "index" => html(&label),
            _ => {
                let short = label
                    .strip_prefix('~')
                    .map(|path| path.rsplit('.').next().unwrap_or(path));
                format!(
                    "<code>{}</code>",
                    html(short.unwrap_or(&label).trim_start_matches('!'))
                )
            }
        }
    }
}

fn link(label: &str, target: Option<&str>) -> String {
    let label = html(&unescaped(label));
    match target {
        Some(target) => format!("<a href=\"{}\">{label}</a>", html(&unescaped(target))),
        None => label,
    }
}

/// How long a text is that stands between two marks: not beginning or ending with white space, and ended before what may
/// follow it.
fn enclosed(text: &str, open: &str, close: &str) -> Option<usize> {
    enclosed_before(text, open, close, ends)
}

fn enclosed_before(
    text: &str,
    open: &str,
    close: &str,
    may_follow: fn(char) -> bool,
) -> Option<usize> {
    let inner = text.strip_prefix(open)?;
    if inner.starts_with(char::is_whitespace) || inner.is_empty() {
        return None;
    }

    let literal = open == "``";
    let mut from = 0;
    while let Some(found) = inner[from..].find(close) {
        let at = from + found;
        let after = inner[at + close.len()..].chars().next();
        let spaced = inner[..at].ends_with(char::is_whitespace);
        let escaped = !literal && inner[..at].ends_with('\\');
        if at > 0 && !spaced && !escaped && after.is_none_or(may_follow) {
            return Some(open.len() + at + close.len());
        }
        from = at + close.len();
    }

    None
}

/// What may stand after markup.
fn ends(c: char) -> bool {
    c.is_whitespace() || (!c.is_alphanumeric() && c != '_' && c != '`' && c != '*') || c == '\\'
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => out.extend(rest.next().filter(|c| !c.is_whitespace())),
            _ => out.push(c),
        }
    }

    out
}

/// `0xA9 text` as characters.
fn characters(value: &str) -> String {
    let code = |word: &str| {
        let hex = ["0x", "U+", "\\u", "x"]
            .iter()
            .find_map(|prefix| word.strip_prefix(prefix));
        let number = hex
            .and_then(|hex| u32::from_str_radix(hex, 16).ok())
            .or_else(|| word.parse().ok())?;
        char::from_u32(number)
    };

    value
        .split_whitespace()
        .take_while(|word| *word != "..")
        .map(|word| code(word).map_or_else(|| word.to_owned(), |c| c.to_string()))
        .collect()
}
