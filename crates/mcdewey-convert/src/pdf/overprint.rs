//! Text that is drawn again with a small offset, which looks bold or shaded.

use std::collections::HashMap;

use super::page_text::{Glyph, PageText};

/// The largest offset along the baseline, as a share of the character's width. The same letter
/// twice in a word stands further apart.
const MAX_SHIFT_ALONG: f32 = 0.6;

/// The largest offset across the baseline, as a share of the font size.
const MAX_SHIFT_ACROSS: f32 = 0.2;

/// The side of the squares by which characters are looked up, in points.
const CELL: f32 = 8.0;

/// Drops characters that repeat an earlier one in almost the same place. Returns how many.
pub(super) fn drop_overprints(page: &mut PageText) -> usize {
    let count = page.glyphs.len();
    let mut cells: HashMap<(i32, i32), Vec<usize>> = HashMap::new();
    let mut kept: Vec<Glyph> = Vec::with_capacity(count);

    for glyph in page.glyphs.drain(..) {
        let (column, row) = cell(&glyph);
        let repeated = (column - 1..=column + 1)
            .flat_map(|column| (row - 1..=row + 1).map(move |row| (column, row)))
            .filter_map(|key| cells.get(&key))
            .flatten()
            .any(|index| repeats(&glyph, &kept[*index]));
        if !repeated {
            cells.entry((column, row)).or_default().push(kept.len());
            kept.push(glyph);
        }
    }

    page.glyphs = kept;
    count - page.glyphs.len()
}

fn cell(glyph: &Glyph) -> (i32, i32) {
    (
        (glyph.x / CELL).floor() as i32,
        (glyph.y / CELL).floor() as i32,
    )
}

fn repeats(glyph: &Glyph, earlier: &Glyph) -> bool {
    let (sin, cos) = glyph.angle.to_radians().sin_cos();
    let (dx, dy) = (glyph.x - earlier.x, glyph.y - earlier.y);
    let along = (dx * cos + dy * sin).abs();
    let across = (dy * cos - dx * sin).abs();
    glyph.text == earlier.text
        && (glyph.size - earlier.size).abs() < 0.1 * glyph.size
        && (glyph.angle - earlier.angle).abs() < 1.0
        && along <= MAX_SHIFT_ALONG * glyph.advance.min(earlier.advance)
        && across <= MAX_SHIFT_ACROSS * glyph.size
}

#[cfg(test)]
mod tests {
    use super::super::page_text::samples::{glyphs, page};
    use super::*;

    fn after(glyphs: Vec<Glyph>) -> String {
        let mut page = page(glyphs);
        drop_overprints(&mut page);
        page.text()
    }

    #[test]
    fn text_drawn_again_beside_itself_is_kept_once() {
        for (dx, dy) in [(0.3, 0.0), (0.0, 0.4), (-0.8, 0.8), (1.5, 0.0)] {
            let mut twice = glyphs("WARNING: fill the well", 60.0, 700.0, 12.0);
            twice.extend(glyphs(
                "WARNING: fill the well",
                60.0 + dx,
                700.0 + dy,
                12.0,
            ));
            assert_eq!(after(twice), "WARNING: fill the well", "{dx} {dy}");
        }
    }

    #[test]
    fn letters_drawn_twice_one_by_one_are_kept_once() {
        let doubled = glyphs("Ventilation", 60.0, 700.0, 12.0)
            .into_iter()
            .flat_map(|glyph| {
                let again = Glyph {
                    x: glyph.x + 0.4,
                    ..glyph.clone()
                };
                [glyph, again]
            });
        assert_eq!(after(doubled.collect()), "Ventilation");
    }

    #[test]
    fn double_letters_and_the_next_line_are_kept() {
        let mut lines = glyphs("illegal bookkeeper 1122", 60.0, 700.0, 9.0);
        lines.extend(glyphs("illegal bookkeeper 1122", 60.0, 690.0, 9.0));
        assert_eq!(after(lines), "illegal bookkeeper 1122".repeat(2));
    }
}
