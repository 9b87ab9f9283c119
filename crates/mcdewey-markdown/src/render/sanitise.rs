//! The last step before a document's HTML is shown: keeps only elements and attributes from a
//! closed list.
//!
//! Our own anchors, marks and images must survive this step, and a document must not be able to
//! forge them. They are therefore written as placeholders between noncharacters and become elements
//! after sanitising. This happens in text only, because inside an attribute an element would end
//! it. Every rendering has a random key in its placeholders, because the sanitiser decodes entities
//! and so a document can produce noncharacters.

use std::borrow::Cow;
use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};

use super::writer::escape;
use super::{Image, highlight};

/// Delimiters of a placeholder. They are removed from the text of documents.
const OPEN: char = '\u{fdd0}';
const CLOSE: char = '\u{fdd1}';
const MARK_START: &str = "+";
const MARK_END: &str = "-";
/// Precedes the number of an image.
const IMAGE: char = 'i';

const ELEMENTS: &str = "a abbr b blockquote br caption code dd del div dl dt em h2 h3 h4 h5 h6 hr \
    i ins kbd li ol p pre q s samp small span strong sub sup table tbody td tfoot th thead tr u ul \
    var";

/// The classes of alerts.
const ALERT_CLASSES: [&str; 6] = ["alert", "note", "tip", "important", "warning", "caution"];

static SANITISER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let cell_attributes = HashSet::from(["colspan", "rowspan"]);
    let alignments = HashSet::from(["right", "center"]);
    let mut builder = Builder::new();

    builder
        .tags(ELEMENTS.split_whitespace().collect())
        .generic_attributes(HashSet::new())
        .tag_attributes(HashMap::from([
            ("a", HashSet::from(["href"])),
            ("td", cell_attributes.clone()),
            ("th", cell_attributes),
        ]))
        .add_tag_attributes("ol", ["start"])
        .tag_attribute_values(HashMap::from([
            (
                "th",
                HashMap::from([("scope", HashSet::from(["col", "row"]))]),
            ),
            ("div", HashMap::from([("tabindex", HashSet::from(["0"]))])),
            ("pre", HashMap::from([("tabindex", HashSet::from(["0"]))])),
        ]))
        .allowed_classes(HashMap::from([
            (
                "div",
                HashSet::from_iter(["table", "footnote"].into_iter().chain(ALERT_CLASSES)),
            ),
            ("p", HashSet::from(["label"])),
            (
                "span",
                HashSet::from_iter(["image"].into_iter().chain(highlight::CLASSES)),
            ),
            ("td", alignments.clone()),
            ("th", alignments),
        ]))
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"))
        .strip_comments(true);

    builder
});

/// The placeholders of one rendering.
#[derive(Debug, Clone)]
pub(super) struct Placeholders {
    /// Random, so that a document cannot guess it.
    key: String,
    /// Each with its alternative text.
    images: Vec<(Image, String)>,
}

impl Default for Placeholders {
    fn default() -> Self {
        Self {
            key: format!("{:016x}", RandomState::new().hash_one(())),
            images: Vec::new(),
        }
    }
}

impl Placeholders {
    /// The placeholder for the anchor of a chunk.
    pub(super) fn anchor(&self, ordinal: u32) -> String {
        self.placeholder(&ordinal.to_string())
    }

    /// The placeholder for an image.
    pub(super) fn image(&mut self, image: Image) -> String {
        self.images.push((image, String::new()));
        self.placeholder(&format!("{IMAGE}{}", self.images.len() - 1))
    }

    /// Sets the alternative text of the last image.
    pub(super) fn set_alt_text(&mut self, text: String) {
        if let Some((_, alt)) = self.images.last_mut() {
            *alt = text;
        }
    }

    fn image_html(&self, number: &str) -> Option<String> {
        let (Image { url, title, .. }, alt) = self.images.get(number.parse::<usize>().ok()?)?;
        let alt = if alt.trim().is_empty() { title } else { alt };

        Some(format!(
            "<span class=\"figure\"><img src=\"{}\" alt=\"{}\" loading=\"lazy\">\
             <span class=\"caption\">{}</span></span>",
            escape(url),
            escape(alt),
            escape(title)
        ))
    }

    /// `html` between the placeholders of a mark.
    pub(super) fn mark(&self, html: &str) -> String {
        format!(
            "{}{html}{}",
            self.placeholder(MARK_START),
            self.placeholder(MARK_END)
        )
    }

    fn placeholder(&self, meaning: &str) -> String {
        format!("{OPEN}{}{meaning}{CLOSE}", self.key)
    }

    /// Parses the placeholder at the start of `rest` into its meaning and its length. `None` if it
    /// is not one of this rendering.
    fn parse<'a>(&self, rest: &'a str) -> Option<(&'a str, usize)> {
        let inner = rest.strip_prefix(OPEN)?.strip_prefix(self.key.as_str())?;
        let (meaning, _) = inner.split_once(CLOSE)?;
        Some((
            meaning,
            2 * OPEN.len_utf8() + self.key.len() + meaning.len(),
        ))
    }
}

/// HTML before sanitising.
#[derive(Debug)]
pub(super) struct UnsafeHtml {
    pub(super) html: String,
    pub(super) placeholders: Placeholders,
}

/// HTML that is safe to show.
#[derive(Debug, Default)]
pub(super) struct SafeHtml {
    pub(super) html: String,
    /// The anchors in it. The sanitiser may have dropped some together with the text around them.
    pub(super) anchors: HashSet<u32>,
}

/// Sanitises HTML and replaces its placeholders by elements.
pub(super) fn clean(input: &UnsafeHtml) -> SafeHtml {
    let html = SANITISER.clean(&input.html).to_string();
    if html.contains([OPEN, CLOSE]) {
        resolve_placeholders(&html, &input.placeholders)
    } else {
        SafeHtml {
            html,
            ..SafeHtml::default()
        }
    }
}

/// A position in sanitised HTML, which has all attribute values in double quotes and no comments.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Position {
    Text,
    Tag,
    Value,
}

fn resolve_placeholders(html: &str, placeholders: &Placeholders) -> SafeHtml {
    let mut safe = SafeHtml {
        html: String::with_capacity(html.len()),
        ..SafeHtml::default()
    };
    let mut position = Position::Text;
    let mut marked = false;

    let mut at = 0;
    while let Some(c) = html[at..].chars().next() {
        if c == OPEN || c == CLOSE {
            let placeholder = placeholders.parse(&html[at..]);
            if let (Position::Text, Some((meaning, _))) = (position, placeholder) {
                safe.push_element(meaning, placeholders, &mut marked);
            }
            at += placeholder.map_or(c.len_utf8(), |(_, length)| length);
            continue;
        }

        position = match (position, c) {
            (Position::Text, '<') | (Position::Value, '"') => Position::Tag,
            (Position::Tag, '"') => Position::Value,
            (Position::Tag, '>') => Position::Text,
            _ => position,
        };

        safe.html.push(c);
        at += c.len_utf8();
    }

    if marked {
        safe.html.push_str("</mark>");
    }

    safe
}

impl SafeHtml {
    /// Pushes the element that a placeholder means. Start and end tags of marks always alternate.
    fn push_element(&mut self, meaning: &str, placeholders: &Placeholders, marked: &mut bool) {
        match meaning {
            MARK_START | MARK_END => {
                let starts = meaning == MARK_START;
                if starts != *marked {
                    self.html
                        .push_str(if starts { "<mark>" } else { "</mark>" });
                }
                *marked = starts;
            }
            image if image.starts_with(IMAGE) => {
                self.html.push_str(
                    &placeholders
                        .image_html(&image[IMAGE.len_utf8()..])
                        .unwrap_or_default(),
                );
            }
            ordinal => {
                if let Some(new) = ordinal
                    .parse()
                    .ok()
                    .filter(|ordinal| self.anchors.insert(*ordinal))
                {
                    self.html.push_str(&anchor(new));
                }
            }
        }
    }
}

/// The anchor of a chunk that has no element of its own.
pub(super) fn anchor(ordinal: u32) -> String {
    format!("<span class=\"anchor\" id=\"p-{ordinal}\"></span>")
}

/// The text without the delimiters of placeholders.
pub(super) fn strip_delimiters(text: &str) -> Cow<'_, str> {
    if text.contains([OPEN, CLOSE]) {
        Cow::Owned(text.replace([OPEN, CLOSE], ""))
    } else {
        Cow::Borrowed(text)
    }
}
