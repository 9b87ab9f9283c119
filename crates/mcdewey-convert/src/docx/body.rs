//! Walks over the blocks of a document: paragraphs, tables, and what is around them.

use std::collections::HashSet;

use mcdewey_core::ConvertError;

use super::blocks::{Blocks, Place, written};
use super::fields::Fields;
use super::images::Images;
use super::inline::{Anchored, Inline, Surroundings};
use super::losses::Losses;
use super::notes::{Kind, Notes};
use super::numbering::{Label, Numbering};
use super::package::{Package, not_word};
use super::paragraph::ParagraphProperties;
use super::pieces::{Look, Pieces};
use super::relationships::{Relationships, Target};
use super::styles::Styles;
use super::xml::{self, Element};
use crate::html::escape::html as escaped;

/// What the walk over a document knows and collects.
pub(super) struct Walk<'a> {
    pub(super) package: &'a Package,
    /// Of the part that is being read.
    pub(super) relationships: Relationships,
    pub(super) styles: Styles,
    pub(super) numbering: Numbering,
    pub(super) notes: Notes,
    pub(super) fields: Fields,
    pub(super) images: Images<'a>,
    pub(super) losses: Losses,
    /// Diagrams that have been written.
    pub(super) diagrams: HashSet<String>,
    /// Content that belongs before that of the next paragraph.
    carried: Pieces,
    /// The text of the first paragraph in the style "Title".
    title: Option<String>,
}

/// What a walk has found.
pub(super) struct Body<'a> {
    pub(super) html: String,
    pub(super) title: Option<String>,
    pub(super) images: Images<'a>,
    pub(super) warnings: Vec<String>,
}

/// Writes the main part of a document as HTML.
pub(super) fn read<'a>(package: &'a Package, main_part: &str) -> Result<Body<'a>, ConvertError> {
    let mut walk = Walk::new(package, main_part);
    let mut out = Blocks::new(Place::Body);
    let content = package.part(main_part).unwrap_or_default();
    let root = xml::visit_children(content, "w:body", |block| walk.block(block, &mut out))?;
    if !root.is("w:document") {
        return Err(not_word());
    }

    walk.flush_carried(&mut out);
    walk.write_notes(Kind::Footnote, &mut out);
    walk.write_notes(Kind::Endnote, &mut out);

    let mut warnings = walk.images.warnings();
    warnings.extend(walk.losses.warnings(walk.notes.missing()));
    Ok(Body {
        html: out.finish(),
        title: walk.title,
        images: walk.images,
        warnings,
    })
}

impl<'a> Walk<'a> {
    fn new(package: &'a Package, main_part: &str) -> Self {
        let relationships = package.relationships(main_part);
        let mut losses = Losses::default();
        let mut part = |kind| read_part(package, &relationships, kind, &mut losses);

        let styles = part("styles");
        let numbering = part("numbering");
        let settings = part("settings");
        let mut notes = Notes::default();
        if let Some(settings) = settings {
            notes.read_settings(&settings);
        }
        for kind in Kind::ALL {
            if let Some(root) = part(kind.relationship()) {
                notes.add(kind, root);
            }
        }

        Self {
            package,
            relationships,
            styles: styles.as_ref().map(Styles::read).unwrap_or_default(),
            numbering: numbering.as_ref().map(Numbering::read).unwrap_or_default(),
            notes,
            fields: Fields::default(),
            images: Images::new(package),
            losses,
            diagrams: HashSet::new(),
            carried: Pieces::default(),
            title: None,
        }
    }

    /// Writes the blocks in an element.
    pub(super) fn blocks(&mut self, parent: &Element, out: &mut Blocks) {
        for element in parent.elements() {
            self.block(element, out);
        }
    }

    fn block(&mut self, element: &Element, out: &mut Blocks) {
        match element.name() {
            "w:p" => self.paragraph(element, out),
            "w:tbl" => {
                self.flush_carried(out);
                self.table(element, out);
            }
            "w:r" | "w:hyperlink" | "w:fldSimple" | "m:oMath" | "m:oMathPara" => {
                self.loose_content(element, out);
            }
            "w:altChunk" => self.note_inserted_file(element),
            "mc:AlternateContent" => {
                if let Some(chosen) = alternative(element) {
                    self.blocks(chosen, out);
                }
            }
            "w:del" | "w:moveFrom" => {}
            name if name.ends_with("Pr") => {}
            // Content controls, custom XML, insertions and whatever else is around blocks.
            _ => self.blocks(element, out),
        }
    }

    fn paragraph(&mut self, element: &Element, out: &mut Blocks) {
        let properties = ParagraphProperties::read(element, &self.styles, &self.numbering);
        let mut inline = Inline {
            pieces: std::mem::take(&mut self.carried),
            anchored: Vec::new(),
        };
        let surroundings = Surroundings::of_paragraph(properties.run.clone());
        self.inline(element, &surroundings, &mut inline);
        self.fields.end_paragraph();

        if properties.joins_next {
            self.carried = inline.pieces;
        } else {
            self.write_paragraph(&properties, &inline.pieces, out);
        }
        self.write_anchored(&inline.anchored, out);
    }

    /// Writes content that is outside of any paragraph, which only damaged files have.
    fn loose_content(&mut self, element: &Element, out: &mut Blocks) {
        let mut inline = Inline::default();
        self.inline_element(element, &Surroundings::default(), &mut inline);
        if !inline.pieces.is_blank() {
            out.paragraph(&inline.pieces.to_html());
        }
        self.write_anchored(&inline.anchored, out);
    }

    fn write_paragraph(
        &mut self,
        properties: &ParagraphProperties,
        pieces: &Pieces,
        out: &mut Blocks,
    ) {
        // Empty paragraphs count too.
        let label = properties
            .list
            .and_then(|(list, level)| self.numbering.next(list, level));
        if pieces.is_blank() {
            write_blank(properties, label.as_ref(), out);
            return;
        }

        let begins_part = properties.heading_level.is_some() || pieces.has_page_break();
        if out.place == Place::Body && begins_part {
            self.write_notes(Kind::Footnote, out);
        }
        if self.title.is_none() && self.styles.name(&properties.style) == "title" {
            self.title = Some(pieces.plain_text());
        }

        if out.place == Place::Cell {
            let label = label.as_ref().map(written).unwrap_or_default();
            out.paragraph(&format!("{label}{}", pieces.to_html()));
        } else if let Some(level) = properties.heading_level {
            write_heading(level, label.as_ref(), pieces, out);
        } else if let (Some(label), Some((_, level))) = (&label, properties.list) {
            let level = level.max(self.level_in_style_name(&properties.style));
            out.item(level, label, &pieces.to_html());
        } else if self.is_code(properties, pieces) {
            let (line, page_breaks) = pieces.code();
            out.code_line(line, &page_breaks);
        } else {
            out.paragraph(&pieces.to_html());
        }
    }

    /// Reports whether a paragraph is code: by its style, or because all its text is in a font for
    /// code.
    fn is_code(&self, properties: &ParagraphProperties, pieces: &Pieces) -> bool {
        !pieces.has_image() && (self.styles.is_code(&properties.style) || pieces.is_code())
    }

    /// Returns the list level, from 0, that the name of a style states. Word's built-in list styles
    /// name their level ("List Bullet 2") but are each the first level of a list of their own.
    fn level_in_style_name(&self, style: &str) -> u8 {
        let name = self.styles.name(style);
        let number = name
            .strip_prefix("list bullet ")
            .or_else(|| name.strip_prefix("list number "));

        number
            .and_then(|number| number.parse::<u8>().ok())
            .map_or(0, |number| number.clamp(1, 9) - 1)
    }

    /// Writes text boxes and the like after the paragraph that they are anchored to.
    fn write_anchored(&mut self, anchored: &[Anchored<'_>], out: &mut Blocks) {
        for content in anchored {
            match content {
                Anchored::Blocks(element) => {
                    self.blocks(element, out);
                    self.flush_carried(out);
                }
                Anchored::Lines(lines) => {
                    for line in lines {
                        out.paragraph(&escaped(line));
                    }
                }
            }
        }
    }

    /// Writes content that was to go before the next paragraph where none follows.
    pub(super) fn flush_carried(&mut self, out: &mut Blocks) {
        let carried = std::mem::take(&mut self.carried);
        if !carried.is_blank() {
            out.paragraph(&carried.to_html());
        }
    }

    /// Writes the notes of a kind that were referred to since the last call.
    fn write_notes(&mut self, kind: Kind, out: &mut Blocks) {
        while let Some(note) = self.notes.take(kind) {
            let part = self.relationships.part_of_kind(kind.relationship());
            let relationships = part.map(|part| self.package.relationships(part));
            let of_document =
                std::mem::replace(&mut self.relationships, relationships.unwrap_or_default());

            let mut content = Blocks::new(Place::Note);
            if !note.label.is_empty() {
                self.carried
                    .push_text(&Look::default(), &format!("{} ", note.label));
            }
            self.blocks(&note.content, &mut content);
            self.flush_carried(&mut content);
            out.block(&content.finish());
            self.relationships = of_document;
        }
    }

    /// Names a file that Word inserts when it opens the document.
    pub(super) fn note_inserted_file(&mut self, element: &Element) {
        let id = element.attribute("r:id").unwrap_or_default();
        let name = match self.relationships.target(id) {
            Some(Target::Part(name) | Target::External(name)) => {
                name.rsplit(['/', '\\']).next().unwrap_or_default()
            }
            None => id,
        };
        let name = name.to_owned();
        Losses::add(&mut self.losses.inserted_files, &name);
    }
}

fn write_heading(level: u8, label: Option<&Label>, pieces: &Pieces, out: &mut Blocks) {
    let label = match label {
        Some(label @ Label::Text(_)) => written(label),
        Some(Label::Bullet) | None => String::new(),
    };
    let (text, images) = pieces.to_heading();
    out.heading(level, &format!("{label}{text}"), &images);
}

/// Writes what is left of a paragraph without content: an empty line of code, or a heading that
/// consists of its label, such as "Appendix A".
fn write_blank(properties: &ParagraphProperties, label: Option<&Label>, out: &mut Blocks) {
    if out.in_code() {
        out.code_line(String::new(), "");
    }

    if let (Some(Label::Text(label)), Some(level)) = (label, properties.heading_level)
        && label.chars().filter(|c| c.is_alphabetic()).count() > 1
        && out.place == Place::Body
    {
        out.heading(level, &escaped(label), "");
    }
}

/// Chooses among the forms of the same content: the first that this converter reads, else the one
/// for older programs.
pub(super) fn alternative(element: &Element) -> Option<&Element> {
    /// Extensions of the format, by the prefixes that all programs give them.
    const READ: [&str; 12] = [
        "wps", "wpg", "wpc", "wp14", "w14", "w15", "w16", "w16se", "w16cid", "a14", "c14", "v",
    ];

    let choices = || element.elements().filter(|child| child.is("mc:Choice"));
    choices()
        .find(|choice| {
            let required = choice.attribute("Requires").unwrap_or_default();
            required
                .split_whitespace()
                .all(|prefix| READ.contains(&prefix))
        })
        .or_else(|| element.child("mc:Fallback"))
        .or_else(|| choices().next())
}

/// Reads a part that the main part refers to. A damaged one is left out and counted.
fn read_part(
    package: &Package,
    relationships: &Relationships,
    kind: &str,
    losses: &mut Losses,
) -> Option<Element> {
    let name = relationships.part_of_kind(kind)?;
    let parsed = xml::parse(package.part(name)?);
    if parsed.is_err() {
        Losses::add(&mut losses.damaged_parts, name);
    }

    parsed.ok()
}
