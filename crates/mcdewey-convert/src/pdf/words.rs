//! The words of pages with their boxes.

use mcdewey_core::{PageNumber, PageWord, PageWords, Rectangle};
use unpdf::parser::bidi::reorder_bidi;

use super::characters::PdfFile;
use super::overprint;
use super::page_text::{Glyph, PageText, lines};
use super::upright;

/// The share of the font size that is above the baseline, and below it.
const ASCENT: f32 = 0.8;
const DESCENT: f32 = 0.2;

/// A gap between words is wider than this many font sizes.
const WORD_GAP: f32 = 0.18;

/// Returns the words of every page that PDFium can read.
pub(super) fn of_pages(file: &PdfFile<'_>) -> Vec<PageWords> {
    (1..=file.page_count())
        .filter_map(|number| {
            let mut page = file.page(number)?;
            overprint::drop_overprints(&mut page);
            upright::turn_upright(&mut page);
            Some(PageWords {
                page: PageNumber(number),
                width: page.width,
                height: page.height,
                words: words(&page),
            })
        })
        .collect()
}

/// Returns the words of a page, line by line from top to bottom. Those that are not upright are
/// left out.
fn words(page: &PageText) -> Vec<PageWord> {
    let upright = page.upright_glyphs();
    let lines = lines(&upright);
    let words = lines.iter().flat_map(|line| {
        line.chunk_by(|a, b| !a.is_blank() && !b.is_blank() && b.x - a.right() <= WORD_GAP * a.size)
    });
    words
        .filter(|word| !word[0].is_blank())
        .map(|word| word_box(word, page.height))
        .collect()
}

/// The box of a word whose characters come from left to right.
fn word_box(word: &[Glyph], page_height: f32) -> PageWord {
    let fold = |values: &dyn Fn(&Glyph) -> f32, choose: fn(f32, f32) -> f32| {
        word.iter().map(values).reduce(choose).unwrap_or_default()
    };
    let from_left_to_right: String = word.iter().map(|glyph| glyph.text.as_str()).collect();
    PageWord {
        text: reorder_bidi(&from_left_to_right),
        area: Rectangle {
            left: fold(&|glyph| glyph.x, f32::min),
            top: page_height - fold(&|glyph| glyph.y + ASCENT * glyph.size, f32::max),
            right: fold(&Glyph::right, f32::max),
            bottom: page_height - fold(&|glyph| glyph.y - DESCENT * glyph.size, f32::min),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::page_text::samples::{glyphs, page};
    use super::*;

    #[test]
    fn words_have_boxes_from_the_upper_left_corner() {
        let mut drawn = glyphs("Fan tray", 60.0, 700.0, 10.0);
        drawn.extend(glyphs("stops", 60.0, 688.0, 10.0));
        let words = words(&page(drawn));
        let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(texts, ["Fan", "tray", "stops"]);

        let tray = words[1].area;
        assert_eq!((tray.left, tray.right), (77.5, 97.5));
        assert_eq!((tray.top, tray.bottom), (842.0 - 708.0, 842.0 - 698.0));
    }
}
