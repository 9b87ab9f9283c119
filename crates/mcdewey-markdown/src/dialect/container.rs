//! What a block of a dialect becomes.

use super::attributes::{Attributes, plain_text};
use super::names::{self, Alert};

/// Attributes in which a box may have its kind.
const KINDS: [&str; 8] = [
    "type", "kind", "style", "variant", "severity", "intent", "color", "theme",
];

/// A block of a dialect.
#[derive(Debug)]
pub(super) struct Block<'a> {
    /// The white space before its first line.
    pub(super) prefix: &'a str,
    pub(super) container: Container,
    /// The lines inside it, without their common indentation.
    pub(super) body: Vec<&'a str>,
}

impl Block<'_> {
    /// Returns a block that is not written.
    pub(super) fn hidden() -> Self {
        Self::without_body("", Container::Hidden)
    }

    /// Returns a block without content.
    pub(super) fn without_body(prefix: &str, container: Container) -> Block<'_> {
        Block {
            prefix,
            container,
            body: Vec::new(),
        }
    }
}

/// What a block becomes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Container {
    /// Nothing.
    Hidden,
    /// An alert.
    Box { alert: Alert, title: Option<String> },
    /// Content under a label that is its heading where possible.
    Part { label: String },
    /// Content, after a line of its own if there is one.
    Plain { first_line: Option<String> },
    /// Fenced code.
    Code {
        language: String,
        title: Option<String>,
    },
    /// Lines that take the place of the block.
    Lines(Vec<String>),
}

impl Container {
    /// Returns what the block of this name becomes; `None` if the name has no known meaning.
    ///
    /// `title` is what is written beside the name, outside the attributes.
    pub(super) fn named(name: &str, title: Option<&str>, attributes: &Attributes) -> Option<Self> {
        let title = title
            .map(plain_text)
            .filter(|title| !title.is_empty())
            .or_else(|| attributes.title());

        let has_kind = attributes.first_of(&KINDS).is_some();
        match Alert::from_name(name) {
            Some(alert) if !(names::is_generic_box(name) && has_kind) => {
                return Some(Self::alert(alert, name, title));
            }
            _ if names::is_generic_box(name) => {
                return Some(Self::generic_box(title, attributes));
            }
            _ => {}
        }
        if names::is_part(name) {
            let label = title
                .or_else(|| attributes.first_of(&["value", "tab", "id"]).map(plain_text))
                .or_else(|| attributes.positional().next().map(plain_text));
            return Some(match label {
                Some(label) => Self::Part { label },
                None => Self::Plain { first_line: None },
            });
        }
        if names::is_titled(name) {
            return Some(Self::titled(title, attributes));
        }

        names::is_wrapper(name).then(|| Self::Plain {
            first_line: attributes.first_of(&["caption", "title"]).map(plain_text),
        })
    }

    /// Returns a box. Without a title, it is headed by its name if that says more than its kind.
    pub(super) fn alert(alert: Alert, name: &str, title: Option<String>) -> Self {
        let title = title.unwrap_or_else(|| names::words(name));
        Self::Box {
            alert,
            title: Some(title).filter(|title| !title.eq_ignore_ascii_case(alert.marker())),
        }
    }

    /// Returns a box whose kind is in its attributes.
    fn generic_box(title: Option<String>, attributes: &Attributes) -> Self {
        let kind = attributes
            .first_of(&KINDS)
            .into_iter()
            .chain(attributes.positional())
            .chain(attributes.classes());
        let alert = kind.into_iter().find_map(Alert::from_name);

        Self::Box {
            alert: alert.unwrap_or(Alert::Note),
            title,
        }
    }

    /// Returns a card, or a field of an interface with what is said of it.
    fn titled(title: Option<String>, attributes: &Attributes) -> Self {
        let parameter =
            attributes.first_of(&["path", "query", "body", "header", "param", "name", "post"]);
        let Some(parameter) = parameter.filter(|_| attributes.get("title").is_none()) else {
            let target = attributes.first_of(&["href", "to", "link"]);
            return Self::Plain {
                first_line: title.map(|title| match target {
                    Some(target) => format!("**[{title}]({target})**"),
                    None => format!("**{title}**"),
                }),
            };
        };

        let mut facts: Vec<String> = Vec::new();
        facts.extend(attributes.get("type").map(str::to_owned));
        facts.extend(["required", "deprecated"].iter().filter_map(|flag| {
            let is_set = attributes.has(flag) && attributes.get(flag) != Some("false");
            is_set.then(|| (*flag).to_owned())
        }));
        facts.extend(
            attributes
                .first_of(&["default", "initialValue"])
                .map(|value| format!("default `{value}`")),
        );

        let facts = if facts.is_empty() {
            String::new()
        } else {
            format!(" ({})", facts.join(", "))
        };
        Self::Plain {
            first_line: Some(format!("**`{parameter}`**{facts}")),
        }
    }
}

/// Returns a text as a bold line, unless its own markup would break it.
pub(super) fn bold(text: &str) -> String {
    if text.contains("**") {
        text.to_owned()
    } else {
        format!("**{text}**")
    }
}
