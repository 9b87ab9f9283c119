//! Reads the tags of components (`<Note title="A">`), of shortcodes (`{{< note >}}`) and of Liquid
//! and its relatives (`{% hint %}`).

use std::sync::LazyLock;

use regex::Regex;

use super::attributes::{Attributes, braces_length};

/// A longer tag is not one, in bytes.
const MAX_TAG_BYTES: usize = 4 * 1024;

/// How a tag is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TagSyntax {
    Component,
    Shortcode,
    Liquid,
}

/// What a tag does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Opening,
    Closing,
    /// Opens and closes.
    Empty,
}

impl Form {
    /// The form of a tag with this slash, or none, before its name. Also returns what follows the
    /// name without the slash that closes an empty tag.
    fn of<'a>(slash: &str, inner: &'a str) -> (Self, &'a str) {
        let (inner, is_empty) = match inner.strip_suffix('/') {
            Some(inner) => (inner, true),
            None => (inner, false),
        };
        let form = match (slash.is_empty(), is_empty) {
            (false, _) => Self::Closing,
            (true, true) => Self::Empty,
            (true, false) => Self::Opening,
        };
        (form, inner)
    }
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) syntax: TagSyntax,
    pub(super) form: Form,
    /// As it is written; empty for a fragment, `<>`.
    pub(super) name: String,
    pub(super) attributes: Attributes,
    /// In bytes.
    pub(super) length: usize,
}

impl Tag {
    /// Reads the tag that a text begins with.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = &text[..text.floor_char_boundary(MAX_TAG_BYTES)];
        if text.starts_with("{{") {
            Self::parse_shortcode(text)
        } else if text.starts_with("{%") {
            Self::parse_liquid(text)
        } else if text.starts_with('<') {
            Self::parse_component(text)
        } else {
            None
        }
    }

    fn parse_shortcode(text: &str) -> Option<Self> {
        static SHORTCODE: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"^\{\{[<%]-?\s*(/?)\s*([A-Za-z][\w./-]*)").expect("a valid pattern")
        });

        let head = SHORTCODE.captures(text)?;
        let end = if text.starts_with("{{<") {
            ">}}"
        } else {
            "%}}"
        };
        Self::parse_templated(text, &head, end, TagSyntax::Shortcode)
    }

    fn parse_liquid(text: &str) -> Option<Self> {
        static LIQUID: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"^\{%-?\s*(/|end|)\s*([A-Za-z][\w-]*)").expect("a valid pattern")
        });

        let head = LIQUID.captures(text)?;
        Self::parse_templated(text, &head, "%}", TagSyntax::Liquid)
    }

    fn parse_templated(
        text: &str,
        head: &regex::Captures<'_>,
        end: &str,
        syntax: TagSyntax,
    ) -> Option<Self> {
        let rest = &text[head[0].len()..];
        let inner_length = rest.find(end)?;
        let inner = rest[..inner_length].trim_end_matches(['-', ' ']);
        let (form, inner) = Form::of(&head[1], inner);
        Some(Self {
            syntax,
            form,
            name: head[2].to_owned(),
            attributes: Attributes::parse(inner),
            length: head[0].len() + inner_length + end.len(),
        })
    }

    fn parse_component(text: &str) -> Option<Self> {
        static COMPONENT: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"^<(/?)(?:([A-Za-z][\w.-]*)(?:\s|/?>)|>)").expect("a valid pattern")
        });

        let head = COMPONENT.captures(text)?;
        let name = head.get(2).map_or("", |name| name.as_str());
        let start = 1 + head[1].len() + name.len();
        let end = end_of_component(text, start)?;
        let inner = &text[start..end - 1];
        let (form, inner) = Form::of(&head[1], inner);
        Some(Self {
            syntax: TagSyntax::Component,
            form,
            name: name.to_owned(),
            attributes: Attributes::parse(inner),
            length: end,
        })
    }

    /// Reports whether `other` opens or closes the same kind of block.
    pub(super) fn has_same_name(&self, other: &Self) -> bool {
        self.syntax == other.syntax && self.name.eq_ignore_ascii_case(&other.name)
    }

    /// Reports whether this is the tag of a component, not of an element of HTML.
    pub(super) fn is_component(&self) -> bool {
        self.syntax == TagSyntax::Component
            && (self.name.is_empty() || self.name.starts_with(|c: char| c.is_ascii_uppercase()))
    }
}

/// Returns the offset after the `>` that ends a tag, outside quotes and braces.
fn end_of_component(text: &str, start: usize) -> Option<usize> {
    let mut at = start;
    let mut quote = None;
    while at < text.len() {
        let c = text[at..].chars().next()?;
        match (quote, c) {
            (Some(open), _) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '{') => {
                at += braces_length(&text[at..])?;
                continue;
            }
            (None, '>') => return Some(at + 1),
            (None, '<') => return None,
            _ => {}
        }
        at += c.len_utf8();
    }

    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<(String, Form, usize)> {
        Tag::parse(text).map(|tag| (tag.name, tag.form, tag.length))
    }

    #[test]
    fn tags_of_every_syntax_are_read() {
        let tag = |name: &str, form, length| Some((name.to_owned(), form, length));
        assert_eq!(parsed("<Note>a"), tag("Note", Form::Opening, 6));
        assert_eq!(parsed("</Tabs.Tab> b"), tag("Tabs.Tab", Form::Closing, 11));
        assert_eq!(
            parsed("<Icon a={{b: '}'}} />"),
            tag("Icon", Form::Empty, 21)
        );
        assert_eq!(parsed("<>"), tag("", Form::Opening, 2));
        assert_eq!(parsed("{{< note >}}"), tag("note", Form::Opening, 12));
        assert_eq!(parsed("{{% /tab %}}"), tag("tab", Form::Closing, 12));
        assert_eq!(
            parsed("{{< figure src=\"a\" />}}"),
            tag("figure", Form::Empty, 23)
        );
        assert_eq!(parsed("{%- endhint -%}"), tag("hint", Form::Closing, 15));
        assert_eq!(parsed("{% /callout %}"), tag("callout", Form::Closing, 14));
    }

    #[test]
    fn what_is_no_tag_is_not_read() {
        for text in [
            "<",
            "< a>",
            "<a",
            "<https://a.example>",
            "<a@b>",
            "{{ x }}",
            "{{</* a */>}}",
            "{%",
            "<A {",
        ] {
            assert_eq!(parsed(text), None, "{text}");
        }
    }
}
