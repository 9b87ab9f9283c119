//! Rewrites what the dialects have within a paragraph: comments, attribute lists, keys, icons,
//! roles, marks of editors, and tags.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::Syntax;
use super::context::Context;
use super::paragraph_attributes::attribute_list;
use super::tags::{Form, Tag, TagSyntax};

macro_rules! pattern {
    ($name:ident, $pattern:literal) => {
        static $name: LazyLock<Regex> =
            LazyLock::new(|| Regex::new($pattern).expect("a valid pattern"));
    };
}

pattern!(LINK_DEFINITION, r"^ {0,3}\[[^\]^\n][^\]\n]*\]:[ \t]");
pattern!(AUTOLINK, r"^<[A-Za-z][\w+.-]*:[^\s<>]*>");
pattern!(
    ICON,
    r"^:(?:material|fontawesome|octicons|simple|lucide)-[\w-]+:"
);
pattern!(
    KEYS,
    r#"^\+\+((?:"[^"\n]+"|[A-Za-z0-9][\w-]*)(?:\+(?:"[^"\n]+"|[A-Za-z0-9][\w-]*))*)\+\+"#
);
pattern!(ROLE, r"^\{([a-z][\w:.+-]*)\}(`+)");
pattern!(
    EDITED,
    r"^\{(?:\+\+([^{}]+?)\+\+|--([^{}]+?)--|~~([^{}]*?)~>([^{}]*?)~~|==([^{}]+?)==|>>([^{}]+?)<<)\}"
);
pattern!(
    MARK,
    r"^(?:==([^\s=](?:[^=\n]*[^\s=])?)==|\^\^([^\s^](?:[^\^\n]*[^\s^])?)\^\^)"
);
pattern!(
    STRING,
    r#"^\{\s*(?:"([^"\n]*)"|'([^'\n]*)'|`([^`\n]*)`)\s*\}"#
);

static ATTRIBUTES: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(&format!("^{}", attribute_list())).expect("a valid pattern"));

/// A comment, code or a mark within a paragraph has at most this many bytes.
const MAX_SPAN_BYTES: usize = 8 * 1024;
/// What the marks of an editor are around has at most this many bytes.
const MAX_EDIT_BYTES: usize = 1024;

/// Rewrites the text of a paragraph, a heading or a table row.
pub(super) fn rewrite<'a>(text: &'a str, context: &mut Context) -> Cow<'a, str> {
    if !text.contains(['{', '<', ':', '+', '=', '^']) {
        return Cow::Borrowed(text);
    }

    let mut rewriter = Rewriter {
        text,
        out: String::with_capacity(text.len()),
        at: 0,
        is_changed: false,
        follows_element: false,
    };
    while rewriter.at < text.len() {
        rewriter.step(context);
    }

    if rewriter.is_changed {
        Cow::Owned(rewriter.out)
    } else {
        Cow::Borrowed(text)
    }
}

struct Rewriter<'a> {
    text: &'a str,
    out: String,
    at: usize,
    is_changed: bool,
    /// Whether a link, code or an icon ends here, to which an attribute list may belong.
    follows_element: bool,
}

impl<'a> Rewriter<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn is_at_line_start(&self) -> bool {
        self.at == 0 || self.text[..self.at].ends_with('\n')
    }

    /// Reads the next token.
    fn step(&mut self, context: &mut Context) {
        let rest = self.rest();
        if self.is_at_line_start() && LINK_DEFINITION.is_match(rest) {
            return self.copy(rest.find('\n').unwrap_or(rest.len()));
        }

        match rest.as_bytes()[0] {
            b'\\' => {
                let escaped = rest[1..].chars().next().map_or(0, char::len_utf8);
                self.copy(1 + escaped);
            }
            b'`' => self.copy_code(),
            b']' if rest.starts_with("](") => self.copy_link_target(),
            b'<' => self.angle_bracket(context),
            b'{' => self.brace(context),
            b':' if ICON.is_match(rest) => {
                let length = ICON.find(rest).map_or(0, |found| found.len());
                self.replace(length, "");
                self.follows_element = true;
            }
            b'+' => self.plus(),
            b'=' | b'^' => self.mark(),
            byte => {
                self.copy(rest.chars().next().map_or(1, char::len_utf8));
                self.follows_element = matches!(byte, b'*' | b'_' | b']' | b')');
            }
        }
    }

    fn copy(&mut self, length: usize) {
        self.out.push_str(&self.rest()[..length]);
        self.at += length;
        self.follows_element = false;
    }

    /// Replaces a token. A blank before or after one that is removed goes with it.
    fn replace(&mut self, length: usize, text: &str) {
        self.is_changed = true;
        self.at += length;
        self.follows_element = false;
        self.out.push_str(text);
        if !text.is_empty() {
            return;
        }

        let rest = self.rest();
        if rest.is_empty() || rest.starts_with(['\n', '\r']) {
            self.out
                .truncate(self.out.trim_end_matches([' ', '\t']).len());
        } else if rest.starts_with(' ')
            && (self.out.is_empty() || self.out.ends_with([' ', '\t', '\n', '[', '(']))
        {
            self.at += rest.len() - rest.trim_start_matches(' ').len();
        }
    }

    /// Copies code, or backticks that begin none.
    fn copy_code(&mut self) {
        let length = code_length(self.rest());
        let ticks = self.rest().len() - self.rest().trim_start_matches('`').len();
        self.copy(length.unwrap_or(ticks));
        self.follows_element = length.is_some();
    }

    fn copy_link_target(&mut self) {
        let line = self.rest().lines().next().unwrap_or_default();
        let mut depth = 0;
        for (offset, c) in line.char_indices() {
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => continue,
            }
            if depth == 0 {
                self.copy(offset + 1);
                self.follows_element = true;
                return;
            }
        }
        self.copy(1);
    }

    fn angle_bracket(&mut self, context: &mut Context) {
        let rest = self.rest();
        if let Some(length) = delimited_length(rest, "<!--", "-->", 2) {
            return self.replace(length, "");
        }
        if let Some(link) = AUTOLINK.find(rest) {
            return self.copy(link.len());
        }

        let is_mdx = context.syntax == Syntax::Mdx;
        let tag = Tag::parse(rest).filter(|tag| is_mdx || is_known_mark(tag));
        match tag.filter(Tag::is_component) {
            Some(tag) => self.component(&tag),
            None => self.copy(1),
        }
    }

    /// Writes what readers see of the tag of a component.
    fn component(&mut self, tag: &Tag) {
        let rest = self.rest();
        if let Some(tip) = tag
            .attributes
            .get("tip")
            .filter(|_| tag.form == Form::Opening)
        {
            let end = format!("</{}>", tag.name);
            if let Some(length) = window(rest, MAX_SPAN_BYTES)[tag.length..].find(&end) {
                let inner = &rest[tag.length..tag.length + length];
                return self.replace(tag.length + length + end.len(), &format!("{inner} ({tip})"));
            }
        }
        if tag.form != Form::Empty {
            return self.replace(tag.length, "");
        }

        let is_icon = tag.name.to_lowercase().contains("icon");
        let title = tag.attributes.title().filter(|_| !is_icon);
        let text = match title {
            Some(title) => title,
            // A sign in a cell of its own says something, such as that a feature is there.
            None if self.is_alone_in_cell(tag.length) => {
                let icon = tag.attributes.first_of(&["icon", "name"]);
                icon.unwrap_or(&tag.name).to_owned()
            }
            None => String::new(),
        };
        self.replace(tag.length, &text);
    }

    /// Reports whether nothing else is in the table cell around the next bytes.
    fn is_alone_in_cell(&self, length: usize) -> bool {
        let before = self.text[..self.at].trim_end();
        let after = self.rest()[length..].trim_start();
        self.text.trim_start().starts_with('|') && before.ends_with('|') && after.starts_with('|')
    }

    fn brace(&mut self, context: &mut Context) {
        let rest = self.rest();
        let comment = delimited_length(rest, "{/*", "*/}", 0)
            .or_else(|| delimited_length(rest, "{{/*", "*/}}", 0))
            .or_else(|| delimited_length(rest, "{::comment}", "{:/comment}", 0));
        if let Some(length) = comment {
            return self.replace(length, "");
        }

        if let Some(found) = ROLE.captures(rest)
            && let Some(length) = code_length(&rest[found[1].len() + 2..])
        {
            return self.role(&found[1], length);
        }
        if let Some(found) = EDITED.captures(window(rest, MAX_EDIT_BYTES)) {
            let text = edited_text(&found);
            return self.replace(found[0].len(), &text);
        }
        if let Some(found) = ATTRIBUTES.find(rest)
            && self.belongs_to_element(found.as_str())
        {
            return self.replace(found.len(), "");
        }
        if context.syntax == Syntax::Mdx
            && let Some(found) = STRING.captures(rest)
        {
            let text = found.get(1).or(found.get(2)).or(found.get(3));
            return self.replace(found[0].len(), text.map_or("", |text| text.as_str()));
        }

        match Tag::parse(rest) {
            Some(tag) => self.template_tag(&tag, context),
            None => self.copy(1),
        }
    }

    /// Reports whether an attribute list is one, by what is before it: the element that it belongs
    /// to, or a heading or line that ends with it.
    fn belongs_to_element(&self, list: &str) -> bool {
        let after = &self.rest()[list.len()..];
        let ends_line = after.is_empty() || after.starts_with(['\n', '\r']);
        let has_sign = list.starts_with("{:") || list[1..].trim_start().starts_with(['#', '.']);
        self.follows_element || (ends_line && has_sign && self.out.ends_with([' ', '\t', '#']))
    }

    /// Writes the text of a role: the label of a reference, or code.
    fn role(&mut self, name: &str, code_length: usize) {
        let length = name.len() + 2 + code_length;
        let code = &self.rest()[name.len() + 2..length];
        let text = code.trim_matches('`').trim();
        let is_text = matches!(
            name,
            "ref"
                | "doc"
                | "term"
                | "numref"
                | "any"
                | "eq"
                | "download"
                | "abbr"
                | "sub"
                | "sup"
                | "kbd"
                | "guilabel"
                | "menuselection"
                | "index"
                | "cite"
        ) || name.starts_with("std:");
        let label = text.split_once(" <").map_or(text, |(label, _)| label);

        if is_text {
            self.replace(length, label);
        } else {
            self.replace(length, code);
        }
    }

    fn template_tag(&mut self, tag: &Tag, context: &mut Context) {
        let is_known = tag.syntax == TagSyntax::Shortcode
            || matches!(tag.name.as_str(), "raw" | "verbatim" | "include");
        if !is_known {
            return self.copy(1);
        }

        let shown = tag.attributes.title();
        let is_closing = tag.form == Form::Closing || tag.name == "raw" || tag.name == "verbatim";
        match shown {
            Some(text) if !is_closing => self.replace(tag.length, &text),
            _ => {
                if tag.syntax == TagSyntax::Shortcode && !is_closing {
                    context.warn_of_shortcode(&tag.name);
                } else if tag.name == "include" {
                    let file = tag.attributes.positional().next().unwrap_or_default();
                    context.warn_of_included_file(file);
                }
                self.replace(tag.length, "");
            }
        }
    }

    /// Writes marked or inserted text, `==text==` or `^^text^^`, without its signs.
    fn mark(&mut self) {
        let rest = self.rest();
        let sign = char::from(rest.as_bytes()[0]);
        let is_free = |c: char| !c.is_alphanumeric() && c != sign;
        let found = MARK.captures(window(rest, MAX_EDIT_BYTES)).filter(|found| {
            self.out.chars().next_back().is_none_or(is_free)
                && rest[found[0].len()..].chars().next().is_none_or(is_free)
        });
        match found {
            Some(found) => {
                let text = found.get(1).or(found.get(2));
                self.replace(found[0].len(), text.map_or("", |text| text.as_str()));
            }
            None => self.copy(rest.len() - rest.trim_start_matches(sign).len()),
        }
    }

    /// Writes the names of keys, `++ctrl+c++` as "Ctrl+C".
    fn plus(&mut self) {
        let rest = self.rest();
        let is_free = |c: char| !c.is_alphanumeric() && c != '+';
        let found = KEYS.captures(rest).filter(|found| {
            self.out.chars().next_back().is_none_or(is_free)
                && rest[found[0].len()..].chars().next().is_none_or(is_free)
        });
        let Some(found) = found else {
            let length = rest.len() - rest.trim_start_matches('+').len();
            return self.copy(length);
        };

        let keys: Vec<String> = found[1].split('+').map(key_name).collect();
        self.replace(found[0].len(), &keys.join("+"));
    }
}

/// Returns the start of a text in which the end of a span is looked for.
fn window(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// Reports whether a tag is a component that stands within text in Markdown too.
fn is_known_mark(tag: &Tag) -> bool {
    tag.form == Form::Empty && matches!(tag.name.as_str(), "Badge" | "Icon")
}

/// Returns the length of the code that a text begins with: backticks to as many backticks.
fn code_length(text: &str) -> Option<usize> {
    let text = window(text, MAX_SPAN_BYTES);
    let ticks = text.len() - text.trim_start_matches('`').len();
    let mut at = ticks;
    while let Some(start) = text[at..].find('`') {
        let run = &text[at + start..];
        let length = run.len() - run.trim_start_matches('`').len();
        at += start + length;
        if length == ticks {
            return Some(at);
        }
    }

    None
}

/// Returns the length of what is between two delimiters, of which `overlap` bytes of the first may
/// be part of the second.
fn delimited_length(text: &str, start: &str, end: &str, overlap: usize) -> Option<usize> {
    let skipped = start.len() - overlap;
    let length =
        window(text.strip_prefix(start).map(|_| text)?, MAX_SPAN_BYTES)[skipped..].find(end)?;
    Some(skipped + length + end.len())
}

/// Returns the text that the marks of an editor are around: added, struck out or replaced.
fn edited_text(found: &Captures<'_>) -> String {
    let part = |number| found.get(number).map_or("", |part| part.as_str());
    let struck = |text: &str| format!("~~{}~~", text.trim());
    if found.get(2).is_some() {
        struck(part(2))
    } else if found.get(3).is_some() {
        format!("{} {}", struck(part(3)), part(4))
    } else if found.get(6).is_some() {
        format!("({})", part(6).trim())
    } else {
        format!("{}{}", part(1), part(5))
    }
}

/// Returns the name of a key: `ctrl` becomes "Ctrl".
fn key_name(key: &str) -> String {
    if let Some(text) = key.strip_prefix('"').and_then(|key| key.strip_suffix('"')) {
        return text.to_owned();
    }

    let words: Vec<String> = key
        .split('-')
        .map(|word| {
            let mut chars = word.chars();
            let first = chars.next().into_iter().flat_map(char::to_uppercase);
            first.chain(chars).collect()
        })
        .collect();
    words.join(" ")
}
