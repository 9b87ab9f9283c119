//! The order of right-to-left text.

use std::collections::HashSet;

use unpdf::parser::bidi::reorder_bidi;

use super::page_text::{Glyph, PageText};

/// Reports whether a character is read from right to left: Hebrew, Arabic, Syriac and their
/// relatives, and the presentation forms of their letters.
fn is_right_to_left(c: char) -> bool {
    is_presentation_form(c) || matches!(c, '\u{590}'..='\u{8ff}')
}

fn is_presentation_form(c: char) -> bool {
    matches!(c, '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}')
}

fn is_ligature(glyph: &Glyph) -> bool {
    glyph.text.chars().nth(1).is_some() && glyph.text.chars().any(is_right_to_left)
}

/// Puts the letters of right-to-left ligatures into the order in which they are read. PDFium
/// reverses them with the rest of the line. Those that a presentation form in `source`, the text
/// before any library changed it, stands for are in order already. Returns how many were not.
pub(super) fn restore_ligatures(page: &mut PageText, source: &str) -> usize {
    let forms: HashSet<String> = source
        .chars()
        .filter(|c| is_presentation_form(*c))
        .map(|form| reorder_bidi(&form.to_string()))
        .collect();

    let reversed = page
        .glyphs
        .iter_mut()
        .filter(|glyph| is_ligature(glyph) && !forms.contains(&glyph.text));
    let mut count = 0;
    for glyph in reversed {
        glyph.text = glyph.text.chars().rev().collect();
        count += 1;
    }
    count
}

/// Reports whether a page has ligatures of right-to-left letters.
pub(super) fn has_ligatures(page: &PageText) -> bool {
    page.glyphs.iter().any(is_ligature)
}

/// Returns the characters that one glyph stands for in the order from left to right. A reader that
/// reverses right-to-left text character by character then restores their order.
pub(super) fn visual_order(text: &str) -> String {
    if text.chars().any(is_right_to_left) {
        text.chars().rev().collect()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::super::page_text::samples::{glyphs, page};
    use super::*;

    #[test]
    fn only_right_to_left_glyphs_are_reversed() {
        assert_eq!(visual_order("\u{644}\u{627}"), "\u{627}\u{644}");
        assert_eq!(visual_order("ffi"), "ffi");
    }

    #[test]
    fn ligatures_of_presentation_forms_are_in_order() {
        let mut drawn = page(glyphs("ab", 10.0, 700.0, 10.0));
        drawn.glyphs[0].text = "\u{627}\u{644}".to_owned();
        drawn.glyphs[1].text = "ffi".to_owned();
        assert_eq!(restore_ligatures(&mut drawn.clone(), "\u{644}\u{627}"), 1);

        drawn.glyphs[0].text = "\u{644}\u{627}".to_owned();
        assert_eq!(restore_ligatures(&mut drawn, "\u{fefb}"), 0);
        assert_eq!(drawn.text(), "\u{644}\u{627}ffi");
    }
}
