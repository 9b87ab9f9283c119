//! The styles of a document, and what the runs and paragraphs that use them inherit.

use std::collections::HashMap;

use super::xml::Element;

/// How many base styles are followed, because styles may be based on each other in a circle.
const MAX_BASE_STYLES: usize = 12;

/// A style whose name contains one of these is for code.
const CODE_STYLES: [&str; 7] = [
    "code",
    "source",
    "preformatted",
    "listing",
    "macro text",
    "terminal",
    "verbatim",
];

/// A font whose name contains one of these is for code.
const CODE_FONTS: [&str; 6] = [
    "courier",
    "consolas",
    "mono",
    "menlo",
    "lucida console",
    "cascadia",
];

/// The outline level of text that is no heading.
const BODY_LEVEL: u8 = 9;

/// The list that numbers a paragraph, and the level in it if it is stated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ListReference {
    pub(super) list: Option<i64>,
    pub(super) level: Option<u8>,
}

impl ListReference {
    /// Reads the numbering of paragraph properties.
    pub(super) fn read(properties: &Element) -> Self {
        let Some(numbering) = properties.child("w:numPr") else {
            return Self::default();
        };

        Self {
            list: numbering.number("w:numId"),
            level: numbering.number("w:ilvl"),
        }
    }
}

/// Character formatting that a style or a run states; `None` is inherited.
#[derive(Debug, Clone, Default)]
pub(super) struct RunFormat {
    pub(super) bold: Option<bool>,
    pub(super) italic: Option<bool>,
    pub(super) struck: Option<bool>,
    pub(super) hidden: Option<bool>,
    /// `superscript`, `subscript` or `baseline`.
    pub(super) position: Option<String>,
    /// In lower case.
    pub(super) font: Option<String>,
    pub(super) code: bool,
}

impl RunFormat {
    /// Reads run properties.
    pub(super) fn read(properties: &Element) -> Self {
        let font = properties.child("w:rFonts").and_then(|fonts| {
            fonts
                .attribute("w:ascii")
                .or_else(|| fonts.attribute("w:hAnsi"))
        });

        Self {
            bold: properties.toggle("w:b"),
            italic: properties.toggle("w:i"),
            struck: properties
                .toggle("w:strike")
                .or_else(|| properties.toggle("w:dstrike")),
            hidden: properties.toggle("w:vanish"),
            position: properties.value("w:vertAlign").map(str::to_owned),
            font: font.map(str::to_lowercase),
            code: false,
        }
    }

    /// Takes from `base` what this format does not state.
    pub(super) fn inherit(&mut self, base: &Self) {
        self.bold = self.bold.or(base.bold);
        self.italic = self.italic.or(base.italic);
        self.struck = self.struck.or(base.struck);
        self.hidden = self.hidden.or(base.hidden);
        self.code |= base.code;
        if self.position.is_none() {
            self.position.clone_from(&base.position);
        }
        if self.font.is_none() {
            self.font.clone_from(&base.font);
        }
    }

    pub(super) fn is_code(&self) -> bool {
        let font = self.font.as_deref().unwrap_or_default();
        self.code || CODE_FONTS.iter().any(|name| font.contains(name))
    }
}

#[derive(Debug, Default)]
struct Style {
    /// In lower case.
    name: String,
    base: Option<String>,
    outline_level: Option<u8>,
    list: ListReference,
    run: RunFormat,
}

/// All styles by their id.
#[derive(Debug, Default)]
pub(super) struct Styles {
    by_id: HashMap<String, Style>,
    default_paragraph: Option<String>,
}

impl Styles {
    /// Reads the styles part.
    pub(super) fn read(root: &Element) -> Self {
        let mut styles = Self::default();
        for element in root.elements().filter(|child| child.is("w:style")) {
            let id = element.attribute("w:styleId").unwrap_or_default();
            let is_default = matches!(element.attribute("w:default"), Some("1" | "true" | "on"));
            if is_default && element.attribute("w:type") == Some("paragraph") {
                styles.default_paragraph = Some(id.to_owned());
            }

            styles.by_id.insert(id.to_owned(), read_style(element));
        }

        styles
    }

    /// Returns the style that a paragraph without one has.
    pub(super) fn default_paragraph(&self) -> &str {
        self.default_paragraph.as_deref().unwrap_or_default()
    }

    /// Returns the name of a style in lower case; its id if it is not defined.
    pub(super) fn name(&self, id: &str) -> String {
        self.by_id
            .get(id)
            .map(|style| style.name.clone())
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| id.to_lowercase())
    }

    /// Reports whether a style is for code by its name.
    pub(super) fn is_code(&self, id: &str) -> bool {
        let name = self.name(id);
        CODE_STYLES.iter().any(|code| name.contains(code))
    }

    /// Returns the heading level from 1 that a style or its base styles give a paragraph.
    pub(super) fn heading_level(&self, id: &str) -> Option<u8> {
        if self.by_id.contains_key(id) {
            self.chain(id).find_map(style_level).flatten()
        } else {
            named_level(&id.to_lowercase())
        }
    }

    /// Returns the list of the first style in a chain that has one, and that style's id. The id 0
    /// of a list means that numbering is switched off.
    pub(super) fn list(&self, id: &str) -> ListReference {
        let mut reference = ListReference::default();
        for style in self.chain(id) {
            reference.level = reference.level.or(style.list.level);
            if style.list.list.is_some() {
                reference.list = style.list.list;
                break;
            }
        }

        reference
    }

    /// Returns the character formatting of a style with what it inherits.
    pub(super) fn run_format(&self, id: &str) -> RunFormat {
        let mut format = RunFormat::default();
        for style in self.chain(id) {
            format.inherit(&style.run);
        }

        format.code |= !id.is_empty() && self.is_code(id);
        format
    }

    /// A style and those that it is based on.
    fn chain<'a>(&'a self, id: &str) -> impl Iterator<Item = &'a Style> + use<'a> {
        let first = self.by_id.get(id);
        std::iter::successors(first, |style| self.by_id.get(style.base.as_deref()?))
            .take(MAX_BASE_STYLES)
    }
}

fn read_style(element: &Element) -> Style {
    let paragraph = element.child("w:pPr");
    Style {
        name: element.value("w:name").unwrap_or_default().to_lowercase(),
        base: element.value("w:basedOn").map(str::to_owned),
        outline_level: paragraph.and_then(|properties| properties.number("w:outlineLvl")),
        list: paragraph.map(ListReference::read).unwrap_or_default(),
        run: element
            .child("w:rPr")
            .map(RunFormat::read)
            .unwrap_or_default(),
    }
}

/// What a style says about the heading level: nothing, that there is none, or which.
#[expect(
    clippy::option_option,
    reason = "a style may say that it is no heading"
)]
fn style_level(style: &Style) -> Option<Option<u8>> {
    match style.outline_level {
        Some(level) => Some((level < BODY_LEVEL).then_some(level + 1)),
        None => named_level(&style.name).map(Some),
    }
}

/// Returns the level of one of Word's built-in heading styles.
fn named_level(name: &str) -> Option<u8> {
    match name {
        "title" => Some(1),
        "subtitle" => Some(2),
        _ => name
            .strip_prefix("heading")?
            .trim()
            .parse()
            .ok()
            .filter(|level| (1..=BODY_LEVEL).contains(level)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::xml::parse;
    use super::*;

    fn styles(xml: &str) -> Styles {
        Styles::read(&parse(format!("<w:styles>{xml}</w:styles>").as_bytes()).unwrap())
    }

    #[test]
    fn styles_inherit_from_their_base_styles() {
        let styles = styles(
            "<w:style w:styleId='A'><w:name w:val='Heading 2'/><w:pPr><w:numPr><w:numId w:val='7'/></w:numPr></w:pPr>\
             <w:rPr><w:b/><w:vanish w:val='0'/></w:rPr></w:style>\
             <w:style w:styleId='B'><w:basedOn w:val='A'/><w:pPr><w:numPr><w:ilvl w:val='3'/></w:numPr></w:pPr></w:style>\
             <w:style w:styleId='C'><w:basedOn w:val='C'/></w:style>\
             <w:style w:styleId='D'><w:basedOn w:val='A'/><w:pPr><w:outlineLvl w:val='9'/></w:pPr></w:style>",
        );
        assert_eq!(styles.heading_level("B"), Some(2));
        assert_eq!(
            styles.list("B"),
            ListReference {
                list: Some(7),
                level: Some(3)
            }
        );
        assert_eq!(styles.run_format("B").bold, Some(true));
        assert_eq!(styles.run_format("B").hidden, Some(false));
        assert_eq!(styles.list("C"), ListReference::default());
        assert_eq!(styles.heading_level("D"), None);
        assert_eq!(styles.heading_level("Heading3"), Some(3));
    }
}
