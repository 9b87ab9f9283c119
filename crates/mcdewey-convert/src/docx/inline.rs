//! Walks over the content of a paragraph: runs, links, fields, equations and notes.

use std::rc::Rc;

use super::body::{Walk, alternative};
use super::fields::{self, Shown};
use super::notes::Kind;
use super::pages::BREAK;
use super::pieces::{Look, Pieces};
use super::relationships::Target;
use super::styles::RunFormat;
use super::xml::Element;
use super::{equations, symbols};

const SOFT_HYPHEN: char = '\u{AD}';

/// Content that is anchored to a paragraph but not part of its text.
pub(super) enum Anchored<'e> {
    /// Paragraphs and tables.
    Blocks(&'e Element),
    /// Lines of drawings and diagrams.
    Lines(Vec<String>),
}

/// What a paragraph consists of.
#[derive(Default)]
pub(super) struct Inline<'e> {
    pub(super) pieces: Pieces,
    pub(super) anchored: Vec<Anchored<'e>>,
}

/// What the elements around a run say about it.
#[derive(Clone, Default)]
pub(super) struct Surroundings {
    format: RunFormat,
    link: Option<Rc<str>>,
    /// Whether a reviewer deleted the run or moved it elsewhere.
    deleted: bool,
}

impl Surroundings {
    pub(super) fn of_paragraph(format: RunFormat) -> Self {
        Self {
            format,
            ..Self::default()
        }
    }
}

impl Walk<'_> {
    /// Collects the content of an element within a paragraph.
    pub(super) fn inline<'e>(
        &mut self,
        parent: &'e Element,
        around: &Surroundings,
        out: &mut Inline<'e>,
    ) {
        for element in parent.elements() {
            self.inline_element(element, around, out);
        }
    }

    pub(super) fn inline_element<'e>(
        &mut self,
        element: &'e Element,
        around: &Surroundings,
        out: &mut Inline<'e>,
    ) {
        match element.name() {
            "w:r" => self.run(element, around, out),
            "w:del" | "w:moveFrom" => {
                let around = Surroundings {
                    deleted: true,
                    ..around.clone()
                };
                self.inline(element, &around, out);
            }
            "w:hyperlink" => self.linked(element, self.hyperlink(element), around, out),
            "w:fldSimple" => {
                let instruction = element.attribute("w:instr").unwrap_or_default();
                self.linked(element, fields::link(instruction), around, out);
            }
            "m:oMath" | "m:oMathPara" => self.equation(element, around, out),
            "mc:AlternateContent" => {
                if let Some(chosen) = alternative(element) {
                    self.inline(chosen, around, out);
                }
            }
            "w:subDoc" => self.note_inserted_file(element),
            name if name.ends_with("Pr") => {}
            // Content controls, smart tags, directions, insertions and whatever else is around runs.
            _ => self.inline(element, around, out),
        }
    }

    fn linked<'e>(
        &mut self,
        element: &'e Element,
        link: Option<Rc<str>>,
        around: &Surroundings,
        out: &mut Inline<'e>,
    ) {
        let around = Surroundings {
            link: link.or_else(|| around.link.clone()),
            ..around.clone()
        };
        self.inline(element, &around, out);
    }

    /// Returns the address of a link; `None` if it leads to a place in the document.
    fn hyperlink(&self, element: &Element) -> Option<Rc<str>> {
        match self.relationships.target(element.attribute("r:id")?)? {
            Target::External(address) => fields::linkable(address, element.attribute("w:anchor")),
            Target::Part(_) => None,
        }
    }

    fn equation(&mut self, element: &Element, around: &Surroundings, out: &mut Inline<'_>) {
        if around.deleted || self.fields.in_instruction() {
            return;
        }

        out.pieces
            .push_text(&Look::default(), &equations::to_text(element));
    }

    fn run<'e>(&mut self, run: &'e Element, around: &Surroundings, out: &mut Inline<'e>) {
        let mut format = run.child("w:rPr").map(RunFormat::read).unwrap_or_default();
        if let Some(style) = run.child("w:rPr").and_then(|rpr| rpr.value("w:rStyle")) {
            format.inherit(&self.styles.run_format(style));
        }
        format.inherit(&around.format);

        let hidden = format.hidden == Some(true);
        if hidden && !around.deleted && !run.text_of("w:t").trim().is_empty() {
            self.losses.hidden += 1;
        }

        let link = around.link.clone().or_else(|| self.fields.link());
        let style = RunStyle {
            look: look(&format, link),
            font: format.font.unwrap_or_default(),
            unseen: hidden || around.deleted,
        };
        self.run_content(run, &style, out);
    }

    fn run_content<'e>(&mut self, parent: &'e Element, style: &RunStyle, out: &mut Inline<'e>) {
        for element in parent.elements() {
            match element.name() {
                "w:fldChar" => self.field_character(element, style, out),
                "w:instrText" => self.fields.add_instruction(&element.text()),
                _ if style.unseen || self.fields.in_instruction() => {}
                _ => self.visible_content(element, style, out),
            }
        }
    }

    fn visible_content<'e>(
        &mut self,
        element: &'e Element,
        style: &RunStyle,
        out: &mut Inline<'e>,
    ) {
        if let Some(text) = self.characters(element, &style.font) {
            out.pieces.push_text(&style.look, &text);
            return;
        }

        match element.name() {
            "w:lastRenderedPageBreak" => out.pieces.push_page_break(),
            "w:footnoteReference" => self.note(element, Kind::Footnote, out),
            "w:endnoteReference" => self.note(element, Kind::Endnote, out),
            "w:drawing" | "w:pict" | "w:object" => self.drawing(element, "", out),
            "m:oMath" | "m:oMathPara" => {
                self.equation(element, &Surroundings::default(), out);
            }
            "w:ruby" => self.ruby(element, style, out),
            "mc:AlternateContent" => {
                if let Some(chosen) = alternative(element) {
                    self.run_content(chosen, style, out);
                }
            }
            "w:delText" | "w:delInstrText" => {}
            name if name.ends_with("Pr") => {}
            "w:r" => self.run(element, &Surroundings::default(), out),
            _ => self.run_content(element, style, out),
        }
    }

    /// Returns what an element stands for if that is only characters.
    fn characters(&mut self, element: &Element, font: &str) -> Option<String> {
        let characters = match element.name() {
            "w:t" => return Some(self.text(element, font)),
            "w:sym" => return Some(self.symbol(element)),
            "w:tab" | "w:ptab" => "\t",
            "w:cr" => "\n",
            "w:br" => match element.attribute("w:type") {
                Some("page" | "column") => " ",
                _ => "\n",
            },
            "w:noBreakHyphen" => "-",
            _ => return None,
        };

        Some(characters.to_owned())
    }

    fn field_character(&mut self, element: &Element, style: &RunStyle, out: &mut Inline<'_>) {
        match element.attribute("w:fldCharType") {
            Some("begin") => self.fields.begin(element),
            Some("separate") => self.fields.separate(),
            Some("end") => {
                let shown = self.fields.end();
                if style.unseen || self.fields.in_instruction() {
                    return;
                }
                match shown {
                    Shown::Nothing => {}
                    Shown::Text(text) => out.pieces.push_text(&style.look, &text),
                    Shown::Equation => self.losses.field_equations += 1,
                }
            }
            _ => {}
        }
    }

    /// Returns the text of a `w:t` element, in which white space counts only if it says so.
    fn text(&mut self, element: &Element, font: &str) -> String {
        let text = element.text();
        let text = match element.attribute("xml:space") {
            Some("preserve") => text.as_str(),
            _ => text.trim_matches([' ', '\t', '\r', '\n']),
        };

        let mut readable = String::with_capacity(text.len());
        for character in text.chars() {
            match character {
                SOFT_HYPHEN | BREAK => {}
                '\n' | '\r' => readable.push(' '),
                _ if symbols::needs_font(character, font) => {
                    readable.extend(self.private_character(character, font));
                }
                _ => readable.push(character),
            }
        }

        readable
    }

    fn symbol(&mut self, element: &Element) -> String {
        let font = element
            .attribute("w:font")
            .unwrap_or_default()
            .to_lowercase();
        let character = element
            .attribute("w:char")
            .and_then(|code| u32::from_str_radix(code.trim(), 16).ok())
            .and_then(char::from_u32);
        let Some(character) = character else {
            return String::new();
        };

        match symbols::of_font(character, &font) {
            Some(symbol) => symbol.to_string(),
            None if font.contains("dings") || symbols::needs_font(character, &font) => {
                self.losses.symbols += 1;
                String::new()
            }
            None => character.to_string(),
        }
    }

    /// Returns a character of a font whose letters are pictures, or counts it as lost.
    fn private_character(&mut self, character: char, font: &str) -> Option<char> {
        let symbol = symbols::of_font(character, font);
        self.losses.symbols += usize::from(symbol.is_none());
        symbol
    }

    fn note(&mut self, element: &Element, kind: Kind, out: &mut Inline<'_>) {
        let id = element.attribute("w:id").unwrap_or_default();
        let has_own_mark = matches!(
            element.attribute("w:customMarkFollows"),
            Some("1" | "true" | "on")
        );
        let label = self.notes.refer(kind, id, has_own_mark);
        // Labels next to each other would look like the link of Markdown.
        if !label.is_empty() && out.pieces.ends_with(']') {
            out.pieces.push_text(&Look::default(), " ");
        }
        out.pieces.push_text(&Look::default(), &label);
    }

    /// Writes text with its pronunciation, in parentheses.
    fn ruby<'e>(&mut self, element: &'e Element, style: &RunStyle, out: &mut Inline<'e>) {
        if let Some(base) = element.child("w:rubyBase") {
            self.run_content(base, style, out);
        }
        if let Some(pronunciation) = element.child("w:rt") {
            out.pieces.push_text(&style.look, " (");
            self.run_content(pronunciation, style, out);
            out.pieces.push_text(&style.look, ")");
        }
    }
}

/// How the content of a run is written.
struct RunStyle {
    look: Look,
    font: String,
    /// Whether the content is hidden or deleted. Fields begin and end in it all the same.
    unseen: bool,
}

fn look(format: &RunFormat, link: Option<Rc<str>>) -> Look {
    let position = format.position.as_deref();
    Look {
        bold: format.bold == Some(true),
        italic: format.italic == Some(true),
        struck: format.struck == Some(true),
        superscript: position == Some("superscript"),
        subscript: position == Some("subscript"),
        code: format.is_code(),
        link,
    }
}
