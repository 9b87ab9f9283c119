//! Characters of pages that PDFium cannot read, from the runs of text that `unpdf` finds.

use unpdf::parser::backend::{PdfBackend, RawBackend};
use unpdf::parser::{LayoutAnalyzer, TextSpan};

use super::page_text::{Glyph, PageText, Style};

/// Returns the characters of a page. Within a run, they are taken to be equally wide.
pub(super) fn page(backend: &RawBackend, number: u32) -> Option<PageText> {
    let page = backend.crop_box(*backend.pages().get(&number)?);
    let spans = LayoutAnalyzer::new(backend)
        .extract_page_spans(number)
        .ok()?;
    let mut drawn = PageText {
        width: page.width(),
        height: page.height(),
        glyphs: spans.iter().flat_map(glyphs).collect(),
        rules: Vec::new(),
    };
    drawn.shift(-page.llx, -page.lly);
    Some(drawn)
}

fn glyphs(span: &TextSpan) -> Vec<Glyph> {
    let count = span.text.chars().count().max(1) as f32;
    // A vertical run is as wide as its widest character.
    let vertical = !span.is_rotated() && count > 1.0 && span.width < 1.1 * span.font_size;
    let advance = if vertical {
        span.width
    } else {
        span.width / count
    };
    let step = if vertical {
        (0.0, -span.font_size)
    } else {
        (advance * span.direction[0], advance * span.direction[1])
    };
    let angle = span.direction[1].atan2(span.direction[0]).to_degrees();

    span.text
        .chars()
        .enumerate()
        .map(|(index, character)| Glyph {
            text: character.to_string(),
            x: span.x + step.0 * index as f32,
            y: span.y + step.1 * index as f32,
            advance,
            size: span.font_size,
            angle: angle.rem_euclid(360.0),
            style: Style {
                bold: span.is_bold,
                italic: span.is_italic,
                monospace: span.is_monospace,
            },
        })
        .collect()
}
