//! The properties of a paragraph, with what its style adds.

use super::numbering::Numbering;
use super::styles::{ListReference, RunFormat, Styles};
use super::xml::Element;

/// The outline level of text that is no heading.
const BODY_LEVEL: u8 = 9;

#[derive(Debug)]
pub(super) struct ParagraphProperties {
    pub(super) style: String,
    /// From 1; `None` for text.
    pub(super) heading_level: Option<u8>,
    /// The list that numbers the paragraph, and the level in it.
    pub(super) list: Option<(i64, u8)>,
    /// The formatting of runs that state none.
    pub(super) run: RunFormat,
    /// Whether the text continues in the next paragraph.
    pub(super) joins_next: bool,
}

impl ParagraphProperties {
    pub(super) fn read(paragraph: &Element, styles: &Styles, numbering: &Numbering) -> Self {
        let properties = paragraph.child("w:pPr");
        let style = properties
            .and_then(|properties| properties.value("w:pStyle"))
            .unwrap_or(styles.default_paragraph());

        let own_level: Option<u8> =
            properties.and_then(|properties| properties.number("w:outlineLvl"));
        let heading_level = match own_level {
            Some(level) => (level < BODY_LEVEL).then_some(level + 1),
            None => styles.heading_level(style),
        };

        let own = properties.map(ListReference::read).unwrap_or_default();

        Self {
            style: style.to_owned(),
            heading_level,
            list: list(own, style, styles, numbering),
            run: inherited_by_runs(styles.run_format(style)),
            joins_next: properties.is_some_and(joins_next),
        }
    }
}

/// Reports whether a paragraph continues in the next one: a reviewer deleted its end, or it is the
/// large first letter of the next one.
fn joins_next(properties: &Element) -> bool {
    let mark = properties.child("w:rPr");
    let is_end_deleted = mark
        .is_some_and(|mark| mark.child("w:del").is_some() || mark.child("w:moveFrom").is_some());
    let drop_cap = properties
        .child("w:framePr")
        .and_then(|frame| frame.attribute("w:dropCap"));

    is_end_deleted || matches!(drop_cap, Some("drop" | "margin"))
}

/// Returns the list and the level of a paragraph. The list 0 means that numbering is switched off.
fn list(
    own: ListReference,
    style: &str,
    styles: &Styles,
    numbering: &Numbering,
) -> Option<(i64, u8)> {
    if let Some(list) = own.list {
        return (list != 0).then_some((list, own.level.unwrap_or(0)));
    }

    let of_style = styles.list(style);
    let list = of_style.list.filter(|list| *list != 0)?;
    let level = own
        .level
        .or_else(|| numbering.level_of_style(list, style))
        .or(of_style.level);
    Some((list, level.unwrap_or(0)))
}

/// Keeps what a paragraph's style says about its text. A style that makes all of it bold or italic
/// emphasises nothing in it.
fn inherited_by_runs(style: RunFormat) -> RunFormat {
    RunFormat {
        hidden: style.hidden,
        font: style.font,
        code: false,
        ..RunFormat::default()
    }
}
