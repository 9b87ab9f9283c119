//! The last step before a document's HTML is shown: only elements and attributes from a closed list are left.
//!
//! Our own anchors, marks and images must survive this while a document cannot forge them. They travel as signs between
//! noncharacters and become elements when the sanitiser is done, and only in text: within an attribute an element
//! would end it. Each rendering has signs of its own, for the sanitiser decodes entities, and so a document can write
//! noncharacters.

use std::borrow::Cow;
use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};

use super::writer::escape;
use super::{Image, highlight};

/// What stands around a sign. No document keeps these.
const OPEN: char = '\u{fdd0}';
const CLOSE: char = '\u{fdd1}';
const MARK_START: &str = "+";
const MARK_END: &str = "-";
/// Before the number of an image.
const IMAGE: char = 'i';

const ELEMENTS: &str = "a abbr b blockquote br caption code dd del div dl dt em h2 h3 h4 h5 h6 hr i ins kbd li ol p pre \
    q s samp small span strong sub sup table tbody td tfoot th thead tr u ul var";

static SANITISER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let cell = || HashSet::from(["colspan", "rowspan"]);
    let alignment = || HashSet::from(["right", "center"]);
    let mut builder = Builder::new();

    builder
        .tags(ELEMENTS.split_whitespace().collect())
        .generic_attributes(HashSet::new())
        .tag_attributes(HashMap::from([
            ("a", HashSet::from(["href"])),
            ("td", cell()),
            ("th", cell()),
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
            ("div", HashSet::from(["table"])),
            (
                "span",
                HashSet::from_iter(["image"].into_iter().chain(highlight::CLASSES)),
            ),
            ("td", alignment()),
            ("th", alignment()),
        ]))
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"))
        .strip_comments(true);

    builder
});

/// The signs of one rendering, which nobody can guess.
#[derive(Debug, Clone)]
pub(super) struct Signs {
    key: String,
    /// Each with the words that stand for it.
    images: Vec<(Image, String)>,
}

impl Default for Signs {
    fn default() -> Self {
        Self {
            key: format!("{:016x}", RandomState::new().hash_one(())),
            images: Vec::new(),
        }
    }
}

impl Signs {
    /// What stands for the anchor of a passage until the HTML is clean.
    pub(super) fn anchor(&self, ordinal: u32) -> String {
        self.sign(&ordinal.to_string())
    }

    /// What stands for an image until the HTML is clean.
    pub(super) fn image(&mut self, image: Image) -> String {
        self.images.push((image, String::new()));
        self.sign(&format!("{IMAGE}{}", self.images.len() - 1))
    }

    /// Says what stands for the last image in words.
    pub(super) fn describe_image(&mut self, words: String) {
        if let Some((_, known)) = self.images.last_mut() {
            *known = words;
        }
    }

    /// The element of an image.
    fn image_html(&self, number: &str) -> Option<String> {
        let (Image { address, title, .. }, words) =
            self.images.get(number.parse::<usize>().ok()?)?;
        let alt = if words.trim().is_empty() {
            title
        } else {
            words
        };

        Some(format!(
            "<span class=\"figure\"><img src=\"{}\" alt=\"{}\" loading=\"lazy\"><span class=\"caption\">{}</span></span>",
            escape(address),
            escape(alt),
            escape(title)
        ))
    }

    /// `html` between the signs of a mark.
    pub(super) fn mark(&self, html: &str) -> String {
        format!("{}{html}{}", self.sign(MARK_START), self.sign(MARK_END))
    }

    fn sign(&self, meaning: &str) -> String {
        format!("{OPEN}{}{meaning}{CLOSE}", self.key)
    }

    /// What the sign at the beginning of `rest` means, and its length; nothing where it is not ours.
    fn read<'a>(&self, rest: &'a str) -> Option<(&'a str, usize)> {
        let inner = rest.strip_prefix(OPEN)?.strip_prefix(self.key.as_str())?;
        let (meaning, _) = inner.split_once(CLOSE)?;
        Some((
            meaning,
            2 * OPEN.len_utf8() + self.key.len() + meaning.len(),
        ))
    }
}

/// HTML of a document on its way to the sanitiser.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) html: String,
    pub(super) signs: Signs,
}

/// HTML that is safe to show.
#[derive(Debug, Default)]
pub(super) struct Clean {
    pub(super) html: String,
    /// The anchors in it; the sanitiser may have taken some with the text they stood in.
    pub(super) anchors: HashSet<u32>,
}

/// Safe HTML, with elements where its signs stood.
pub(super) fn clean(draft: &Draft) -> Clean {
    let html = SANITISER.clean(&draft.html).to_string();
    if html.contains([OPEN, CLOSE]) {
        resolved(&html, &draft.signs)
    } else {
        Clean {
            html,
            ..Clean::default()
        }
    }
}

/// Where in clean HTML something stands. The sanitiser writes every value in double quotes and no comments.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Position {
    Text,
    Tag,
    Value,
}

fn resolved(html: &str, signs: &Signs) -> Clean {
    let mut clean = Clean {
        html: String::with_capacity(html.len()),
        ..Clean::default()
    };
    let mut position = Position::Text;
    let mut marked = false;

    let mut at = 0;
    while let Some(c) = html[at..].chars().next() {
        if c == OPEN || c == CLOSE {
            let sign = signs.read(&html[at..]);
            if let (Position::Text, Some((meaning, _))) = (position, sign) {
                clean.place(meaning, signs, &mut marked);
            }
            at += sign.map_or(c.len_utf8(), |(_, length)| length);
            continue;
        }

        position = match (position, c) {
            (Position::Text, '<') | (Position::Value, '"') => Position::Tag,
            (Position::Tag, '"') => Position::Value,
            (Position::Tag, '>') => Position::Text,
            _ => position,
        };

        clean.html.push(c);
        at += c.len_utf8();
    }

    if marked {
        clean.html.push_str("</mark>");
    }

    clean
}

impl Clean {
    /// Writes the element that a sign means; of a mark never one end without the other.
    fn place(&mut self, meaning: &str, signs: &Signs, marked: &mut bool) {
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
                    &signs
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

/// The anchor of a passage that has no element of its own.
pub(super) fn anchor(ordinal: u32) -> String {
    format!("<span class=\"anchor\" id=\"p-{ordinal}\"></span>")
}

/// The document's own text, which may hold no signs.
pub(super) fn without_signs(text: &str) -> Cow<'_, str> {
    if text.contains([OPEN, CLOSE]) {
        Cow::Owned(text.replace([OPEN, CLOSE], ""))
    } else {
        Cow::Borrowed(text)
    }
}
