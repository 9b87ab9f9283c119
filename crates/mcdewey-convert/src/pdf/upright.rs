//! Turns pages so that their text is upright.

use super::page_text::{Glyph, PageText, Rule, area, turn_distance};

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

/// Turns blocks of text upright that stand beside upright text, such as a landscape table on a page
/// with a heading, and puts them below it. Reports whether there were any.
pub(super) fn move_turned_blocks(page: &mut PageText) -> bool {
    let mut moved = false;
    for quarters in 1..4 {
        let angle = 90.0 * f32::from(quarters);
        let (block, rest): (Vec<Glyph>, Vec<Glyph>) = std::mem::take(&mut page.glyphs)
            .into_iter()
            .partition(|glyph| turn_distance(glyph.angle, angle) < 10.0);
        page.glyphs = rest;
        let Some(area) = area(&block).filter(|area| is_block(&block, *area, &page.glyphs)) else {
            page.glyphs.extend(block);
            continue;
        };

        let (inside, outside) = page.rules.iter().partition(|rule| area.encloses(rule));
        page.rules = outside;
        let turned = turn(
            PageText {
                width: page.width,
                height: page.height,
                glyphs: block,
                rules: inside,
            },
            quarters,
        );
        append_below(page, turned);
        moved = true;
    }
    moved
}

/// Reports whether turned text is more than a label: it has lines of some length, and no upright
/// text within it.
fn is_block(block: &[Glyph], area: Rule, others: &[Glyph]) -> bool {
    const MIN_LINES: usize = 3;
    const MIN_LINE: usize = 12;

    let across = |glyph: &Glyph| {
        let (sin, cos) = glyph.angle.to_radians().sin_cos();
        glyph.y * cos - glyph.x * sin
    };
    let mut sorted: Vec<&Glyph> = block.iter().collect();
    sorted.sort_by(|a, b| across(a).total_cmp(&across(b)));
    let long_lines = sorted
        .chunk_by(|a, b| across(b) - across(a) < 0.3 * a.size)
        .filter(|line| line.len() >= MIN_LINE)
        .count();
    let within = |glyph: &Glyph| {
        (area.left..area.right).contains(&glyph.x) && (area.bottom..area.top).contains(&glyph.y)
    };
    long_lines >= MIN_LINES && !others.iter().any(within)
}

fn append_below(page: &mut PageText, mut block: PageText) {
    const DISTANCE: f32 = 40.0;

    let lowest = page
        .glyphs
        .iter()
        .map(|glyph| glyph.y)
        .fold(page.height, f32::min);
    let Some(area) = area(&block.glyphs) else {
        return;
    };
    block.shift(0.0, lowest - DISTANCE - area.top);
    page.width = page.width.max(block.width);
    page.glyphs.append(&mut block.glyphs);
    page.rules.append(&mut block.rules);
    page.fit_height(lowest - DISTANCE - (area.top - area.bottom));
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
    fn a_turned_block_is_moved_below_upright_text() {
        let mut block = Vec::new();
        for row in 0..4 {
            let line = format!("PN-70{row}2 Filter mat {row}");
            block.extend(glyphs(&line, 40.0, 300.0 - 20.0 * row as f32, 10.0));
        }
        let mut mixed = turn(page(block), 3);
        mixed
            .glyphs
            .extend(glyphs("A long chapter on the parts", 40.0, 560.0, 10.0));

        assert!(move_turned_blocks(&mut mixed));
        assert!(mixed.glyphs.iter().all(Glyph::is_upright));
        let (heading, rows): (Vec<&Glyph>, Vec<&Glyph>) = mixed
            .glyphs
            .iter()
            .partition(|glyph| glyph.x == 40.0 && glyph.text == "A");
        assert!(
            rows.iter()
                .all(|glyph| glyph.y <= heading[0].y && glyph.y > 0.0)
        );
    }

    #[test]
    fn a_turned_label_does_not_turn_the_page() {
        let mut label = turn(page(glyphs("Draft", 40.0, 500.0, 10.0)), 1);
        let mut mixed = page(glyphs("The pump runs.", 40.0, 500.0, 10.0));
        mixed.glyphs.append(&mut label.glyphs);
        assert_eq!(turn_upright(&mut mixed), 0);
    }
}
