//! Turns pages so that their text is upright.

use super::page_text::{Glyph, PageText, Rule, turn_distance};

/// A page is turned if more than this share of its characters reads in another direction.
const DOMINANT_SHARE: f32 = 0.6;

/// Turns a page if most of its text reads upwards, downwards or upside down. Returns by how many
/// quarters, clockwise.
pub(super) fn turn_upright(page: &mut PageText) -> u8 {
    let quarters = (1..4).find(|quarters| {
        let angle = 90.0 * f32::from(*quarters);
        share(page, |glyph| turn_distance(glyph.angle, angle) < 10.0) > DOMINANT_SHARE
    });

    let quarters = quarters.unwrap_or(0);
    *page = turn(std::mem::take(page), quarters);
    quarters
}

fn share(page: &PageText, condition: impl Fn(&Glyph) -> bool) -> f32 {
    let drawn = page.glyphs.iter().filter(|glyph| !glyph.is_blank());
    let count = drawn.clone().count();
    if count == 0 {
        return 0.0;
    }
    drawn.filter(|glyph| condition(glyph)).count() as f32 / count as f32
}

/// Turns a page by quarters, clockwise.
pub(super) fn turn(page: PageText, quarters: u8) -> PageText {
    let (width, height) = (page.width, page.height);
    let point = |x: f32, y: f32| match quarters % 4 {
        1 => (y, width - x),
        2 => (width - x, height - y),
        3 => (height - y, x),
        _ => (x, y),
    };
    let turned_size = if quarters % 2 == 1 {
        (height, width)
    } else {
        (width, height)
    };

    let glyphs = page.glyphs.into_iter().map(|mut glyph| {
        (glyph.x, glyph.y) = point(glyph.x, glyph.y);
        glyph.angle = (glyph.angle - 90.0 * f32::from(quarters)).rem_euclid(360.0);
        glyph
    });
    let rules = page.rules.into_iter().map(|rule| {
        let (x0, y0) = point(rule.left, rule.bottom);
        let (x1, y1) = point(rule.right, rule.top);
        Rule {
            left: x0.min(x1),
            bottom: y0.min(y1),
            right: x0.max(x1),
            top: y0.max(y1),
        }
    });
    PageText {
        width: turned_size.0,
        height: turned_size.1,
        glyphs: glyphs.collect(),
        rules: rules.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::page_text::samples::{glyphs, page};
    use super::*;

    #[test]
    fn a_page_of_turned_text_is_turned_upright() {
        let upright = page(glyphs("Spare parts", 40.0, 500.0, 10.0));
        for quarters in 1..4 {
            let mut turned = turn(upright.clone(), quarters);
            assert_eq!(turn_upright(&mut turned), 4 - quarters);
            for (glyph, expected) in turned.glyphs.iter().zip(&upright.glyphs) {
                assert!((glyph.x - expected.x).abs() < 0.01, "{glyph:?}");
                assert!((glyph.y - expected.y).abs() < 0.01, "{glyph:?}");
                assert!(glyph.is_upright());
            }
        }
    }

    #[test]
    fn a_turned_label_does_not_turn_the_page() {
        let mut label = turn(page(glyphs("Draft", 40.0, 500.0, 10.0)), 1);
        let mut mixed = page(glyphs("The pump runs.", 40.0, 500.0, 10.0));
        mixed.glyphs.append(&mut label.glyphs);
        assert_eq!(turn_upright(&mut mixed), 0);
    }
}
