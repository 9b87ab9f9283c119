//! Characters of pages, as PDFium finds them.

use pdfium_render::prelude::{
    PdfDocument, PdfPage, PdfPageRenderRotation, PdfPageTextChar, Pdfium,
};

use super::page_text::{Glyph, PageText, Style};
use super::{rules, spacing};

/// Parts of the names of fixed-pitch fonts, in lower case.
const FIXED_PITCH_NAMES: [&str; 9] = [
    "mono",
    "courier",
    "consol",
    "typewriter",
    "menlo",
    "monaco",
    "lettergothic",
    "cmtt",
    "lmtt",
];

/// A file that PDFium has opened.
pub(super) struct PdfFile<'a> {
    document: PdfDocument<'a>,
}

impl<'a> PdfFile<'a> {
    /// Opens a file. `None` if PDFium cannot.
    pub(super) fn load(pdfium: &'a Pdfium, bytes: &'a [u8]) -> Option<Self> {
        let document = pdfium.load_pdf_from_byte_slice(bytes, None).ok()?;
        Some(Self { document })
    }

    pub(super) fn page_count(&self) -> u32 {
        u32::try_from(self.document.pages().len()).unwrap_or_default()
    }

    /// Returns what is drawn on a page, not turned yet. `None` if it cannot be read.
    pub(super) fn page(&self, number: u32) -> Option<PageText> {
        let page = self.get(number)?;
        let text = page.text().ok()?;
        let glyphs = text
            .chars()
            .iter()
            .filter_map(|character| glyph(&character))
            .collect();
        let (width, height) = (page.width().value, page.height().value);
        // PDFium states the size of a page as viewers turn it.
        let (width, height) = match page.rotation() {
            Ok(PdfPageRenderRotation::Degrees90 | PdfPageRenderRotation::Degrees270) => {
                (height, width)
            }
            _ => (width, height),
        };

        let mut glyphs = merge_shared_origins(glyphs);
        spacing::settle(&mut glyphs);
        spacing::correct_fixed_pitch(&mut glyphs);
        let mut drawn = PageText {
            width,
            height,
            glyphs,
            rules: rules::of_page(&page),
        };
        if let Ok(boundary) = page.boundaries().bounding() {
            let corner = boundary.bounds;
            drawn.shift(-corner.left().value, -corner.bottom().value);
        }
        Some(drawn)
    }

    /// Reports whether a page can be read.
    pub(super) fn has_page(&self, number: u32) -> bool {
        self.get(number).is_some()
    }

    fn get(&self, number: u32) -> Option<PdfPage<'_>> {
        let index = number.checked_sub(1)?.try_into().ok()?;
        self.document.pages().get(index).ok()
    }

    /// Writes the file anew, without its faults of form. `None` if PDFium cannot.
    pub(super) fn copy(&self) -> Option<Vec<u8>> {
        self.document.save_to_bytes().ok()
    }
}

/// Returns a character. Of those that PDFium adds, only spaces between words are of use.
fn glyph(character: &PdfPageTextChar<'_>) -> Option<Glyph> {
    let value = match character.unicode_char()? {
        // How PDFium marks the hyphen of a word that goes on in the next line.
        '\u{2}' | '\u{fffe}' => '-',
        value if value.is_control() || value == '\u{feff}' => return None,
        value => value,
    };

    let (x, y) = character.origin().ok()?;
    let loose = character.loose_bounds().ok()?;
    let matrix = character.matrix().ok();
    let angle = matrix.as_ref().map_or(0.0, |matrix| {
        matrix.b().atan2(matrix.a()).to_degrees().rem_euclid(360.0)
    });
    let scale = matrix
        .as_ref()
        .map_or(1.0, |matrix| matrix.c().hypot(matrix.d()));
    let size = character.unscaled_font_size().value * scale;
    let along_x = (45.0..135.0).contains(&(angle % 180.0));
    let advance = if along_x {
        loose.height().value
    } else {
        loose.width().value
    };

    Some(Glyph {
        text: value.to_string(),
        x: x.value,
        y: y.value,
        advance,
        size,
        angle,
        style: style(character),
    })
}

fn style(character: &PdfPageTextChar<'_>) -> Style {
    let name = character.font_name().to_lowercase();
    let named = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    Style {
        bold: named(&["bold", "black", "heavy"]),
        italic: named(&["italic", "oblique"]),
        monospace: named(&FIXED_PITCH_NAMES) || character.font_is_fixed_pitch(),
    }
}

/// Joins the characters that one glyph stands for.
fn merge_shared_origins(glyphs: Vec<Glyph>) -> Vec<Glyph> {
    let mut merged: Vec<Glyph> = Vec::with_capacity(glyphs.len());
    for glyph in glyphs {
        match merged.last_mut() {
            Some(last) if is_ligature_part(last, &glyph) => last.text.push_str(&glyph.text),
            _ => merged.push(glyph),
        }
    }
    merged
}

fn is_ligature_part(last: &Glyph, glyph: &Glyph) -> bool {
    let same_place = (last.x - glyph.x).abs() < 0.01 && (last.y - glyph.y).abs() < 0.01;
    // The same letter in the same place is drawn twice, but for the ligature of two f.
    let repeated = last.text == glyph.text && glyph.text != "f";
    same_place && !repeated && !glyph.is_blank() && !last.is_blank()
}
