//! Writes repaired pages as a plain PDF file, from which `unpdf` reads their structure like that
//! of any other file.

mod font;
mod writer;

use std::fmt::Write as _;

use unpdf::{Block, ParseOptions};

use super::page_text::{Glyph, PageText, Rule, segments};
use font::{Font, MONOSPACE_WIDTH, OBJECTS_PER_FONT, STYLES};
use writer::FileWriter;

/// Unicode's other hyphen, which stands for one at the start of a line: `unpdf` takes "-" for the mark
/// of a list item even if it belongs to the word, as in "--force".
const LEADING_HYPHEN: char = '\u{2010}';

/// Returns the structure of each of these pages, or nothing if it cannot be read.
pub(super) fn structure(pages: &[PageText]) -> Vec<Vec<Block>> {
    let options = ParseOptions::new().lenient().sequential();
    let Ok(document) = unpdf::parse_bytes_with_options(&write(pages), options) else {
        return Vec::new();
    };
    let mut structure = vec![Vec::new(); pages.len()];
    for page in document.pages {
        if let Some(blocks) = structure.get_mut(page.number as usize - 1) {
            *blocks = with_hyphens(page.elements);
        }
    }
    structure
}

/// Restores the hyphens at the starts of lines.
fn with_hyphens(blocks: Vec<Block>) -> Vec<Block> {
    let Ok(written) = serde_json::to_string(&blocks) else {
        return blocks;
    };
    if !written.contains(LEADING_HYPHEN) {
        return blocks;
    }
    serde_json::from_str(&written.replace(LEADING_HYPHEN, "-")).unwrap_or(blocks)
}

/// Writes a file with these pages.
fn write(pages: &[PageText]) -> Vec<u8> {
    let mut fonts = vec![Font::default(); STYLES];
    let contents: Vec<String> = pages.iter().map(|page| content(page, &mut fonts)).collect();

    let mut file = FileWriter::default();
    // The catalogue and the page tree come first, then those of the fonts, then the pages.
    let first_page = 3 + OBJECTS_PER_FONT * STYLES;
    let kids: String = (0..pages.len())
        .map(|index| format!("{} 0 R ", first_page + 2 * index))
        .collect();
    file.object("<< /Type /Catalog /Pages 2 0 R >>");
    file.object(&format!(
        "<< /Type /Pages /Kids [{kids}] /Count {} >>",
        pages.len()
    ));

    let mut resources = String::new();
    for (index, font) in fonts.iter().enumerate() {
        let number = 3 + OBJECTS_PER_FONT * index;
        let _ = write!(resources, "/F{index} {number} 0 R ");
        font.write(&mut file, index, number);
    }

    for (index, (page, content)) in pages.iter().zip(&contents).enumerate() {
        file.object(&format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {:.2} {:.2}] /Contents {} 0 R \
             /Resources << /Font << {resources} >> >> >>",
            page.width,
            page.height,
            first_page + 2 * index + 1
        ));
        file.stream(content);
    }

    file.finish()
}

fn content(page: &PageText, fonts: &mut [Font]) -> String {
    let mut content = String::from("0.5 w\n");
    for rule in &page.rules {
        draw_rule(*rule, &mut content);
    }

    let (upright, turned): (Vec<Glyph>, Vec<Glyph>) =
        page.glyphs.iter().cloned().partition(Glyph::is_upright);
    for mut segment in segments(&upright) {
        replace_leading_hyphen(&mut segment.glyphs);
        for run in runs_of_style(&segment.glyphs) {
            draw_run(run, fonts, &mut content);
        }
    }

    for run in turned_runs(&turned) {
        draw_run(run, fonts, &mut content);
    }

    content
}

fn replace_leading_hyphen(glyphs: &mut [Glyph]) {
    if let [first, second, ..] = glyphs
        && first.text == "-"
        && !second.is_blank()
        && second.x - first.right() < 0.2 * first.size
    {
        first.text = LEADING_HYPHEN.to_string();
    }
}

/// Draws the middle line of a rule.
fn draw_rule(rule: Rule, content: &mut String) {
    let (x, y) = (
        (rule.left + rule.right) / 2.0,
        (rule.bottom + rule.top) / 2.0,
    );
    let _ = if rule.is_horizontal() {
        writeln!(
            content,
            "{:.2} {y:.2} m {:.2} {y:.2} l S",
            rule.left, rule.right
        )
    } else {
        writeln!(
            content,
            "{x:.2} {:.2} m {x:.2} {:.2} l S",
            rule.bottom, rule.top
        )
    };
}

/// Splits the glyphs of a line where font or size change.
fn runs_of_style(glyphs: &[Glyph]) -> impl Iterator<Item = &[Glyph]> {
    glyphs.chunk_by(|a, b| {
        a.style == b.style && (a.size - b.size).abs() < 0.05 && (a.y - b.y).abs() < 0.05
    })
}

/// Splits glyphs that are not upright into runs along one baseline.
fn turned_runs(glyphs: &[Glyph]) -> impl Iterator<Item = &[Glyph]> {
    glyphs.chunk_by(|a, b| {
        let (sin, cos) = a.angle.to_radians().sin_cos();
        let (dx, dy) = (b.x - a.x, b.y - a.y);
        let along = dx * cos + dy * sin;
        let across = dy * cos - dx * sin;
        a.style == b.style
            && a.angle == b.angle
            && across.abs() < 0.1 * a.size
            && along > 0.0
            && along < a.advance + a.size
    })
}

/// Draws glyphs that share baseline, font and size.
fn draw_run(run: &[Glyph], fonts: &mut [Font], content: &mut String) {
    let Some(first) = run.first().filter(|glyph| glyph.size > 0.0) else {
        return;
    };

    let index = font::style_index(first.style);
    let scale = if first.style.monospace {
        let advance = first.advance / first.size * 1000.0;
        (advance / MONOSPACE_WIDTH as f32).clamp(0.2, 5.0)
    } else {
        1.0
    };
    let (sin, cos) = first.angle.to_radians().sin_cos();
    let _ = write!(
        content,
        "BT /F{index} {:.3} Tf {:.3} Tz {cos:.5} {sin:.5} {:.5} {cos:.5} {:.3} {:.3} Tm [",
        first.size,
        scale * 100.0,
        -sin,
        first.x,
        first.y
    );

    let mut pen = 0.0;
    for glyph in run {
        let along = (glyph.x - first.x) * cos + (glyph.y - first.y) * sin;
        let shift = (along - pen) / first.size / scale * 1000.0;
        if shift.abs() >= 1.0 {
            let _ = write!(content, "{:.0}", -shift);
            pen += shift.round() / 1000.0 * first.size * scale;
        }

        let width = fonts[index].width(glyph);
        let Some(code) = fonts[index].code(&glyph.text, width) else {
            continue;
        };
        let _ = write!(content, "<{code:04x}>");
        pen += width as f32 / 1000.0 * first.size * scale;
    }
    content.push_str("] TJ ET\n");
}
