//! Columns of running text, and what is none.

use super::super::page_text::samples::{glyphs, page};
use super::*;

const LEFT: [&str; 6] = [
    "The relay board keeps its",
    "fuses in flash memory. To",
    "replace one, open the left",
    "door, press the latch, and",
    "wait for the click of the",
    "tray before you pull it.",
];
const RIGHT: [&str; 6] = [
    "After the tray is out, wait",
    "for the capacitors to lose",
    "their charge. A green lamp",
    "goes dark when it is safe",
    "to touch the contacts with",
    "your hands, never before.",
];

/// Lines of 10 pt from a point downwards, 12 pt apart.
fn block(lines: &[&str], x: f32, top: f32) -> Vec<Glyph> {
    lines
        .iter()
        .enumerate()
        .flat_map(|(index, line)| glyphs(line, x, top - 12.0 * index as f32, 10.0))
        .collect()
}

/// The text of each part, with single spaces.
fn texts(drawn: Vec<Glyph>) -> Vec<String> {
    parts(&page(drawn))
        .iter()
        .map(|part| {
            let lines = lines(&part.glyphs);
            let texts = lines.iter().map(|line| {
                let text: String = line.iter().map(|glyph| glyph.text.as_str()).collect();
                text.trim().to_owned()
            });
            texts.collect::<Vec<String>>().join(" ")
        })
        .collect()
}

#[test]
fn columns_are_read_one_after_the_other() {
    for offset in [0.0, 2.0, 5.0] {
        let mut drawn = block(&LEFT, 60.0, 600.0);
        drawn.extend(block(&RIGHT, 205.0, 600.0 - offset));
        assert_eq!(texts(drawn), [LEFT.join(" "), RIGHT.join(" ")], "{offset}");
    }
}

#[test]
fn a_title_above_three_columns_comes_first() {
    let columns = || {
        let mut drawn = block(&LEFT, 20.0, 600.0);
        drawn.extend(block(&RIGHT, 165.0, 600.0));
        drawn.extend(block(&LEFT, 310.0, 600.0));
        drawn
    };
    let area = area(&columns()).unwrap();
    let title = |distance: f32| {
        let line = glyphs("Fuses", 0.0, 600.0 + distance, 14.0);
        let width = line.last().unwrap().right();
        let shift = f32::midpoint(area.left, area.right) - width / 2.0;
        let mut drawn = columns();
        drawn.extend(line.into_iter().map(|glyph| Glyph {
            x: glyph.x + shift,
            ..glyph
        }));
        texts(drawn)
    };

    assert_eq!(
        title(30.0),
        [
            "Fuses".to_owned(),
            LEFT.join(" "),
            RIGHT.join(" "),
            LEFT.join(" ")
        ]
    );
    // This is the first line of the second column.
    assert_eq!(title(15.0)[0], LEFT.join(" "));
}

#[test]
fn three_columns_are_cut_twice() {
    let mut drawn = block(&LEFT, 20.0, 600.0);
    drawn.extend(block(&RIGHT, 165.0, 600.0));
    drawn.extend(block(&LEFT, 310.0, 600.0));
    assert_eq!(
        texts(drawn),
        [LEFT.join(" "), RIGHT.join(" "), LEFT.join(" ")]
    );
}

#[test]
fn centred_lines_and_captions_stand_between_columns() {
    let mut drawn = glyphs(
        "A guide that is wide enough for both columns",
        90.0,
        650.0,
        12.0,
    );
    drawn.extend(block(&LEFT, 60.0, 600.0));
    drawn.extend(block(&RIGHT, 205.0, 600.0));
    drawn.extend(glyphs(
        "Figure 3: the tray and its latch, seen from above",
        80.0,
        500.0,
        10.0,
    ));
    drawn.extend(block(&RIGHT, 60.0, 460.0));
    drawn.extend(block(&LEFT, 205.0, 460.0));
    assert_eq!(
        texts(drawn),
        [
            "A guide that is wide enough for both columns",
            &LEFT.join(" "),
            &RIGHT.join(" "),
            "Figure 3: the tray and its latch, seen from above",
            &RIGHT.join(" "),
            &LEFT.join(" "),
        ]
    );
}

#[test]
fn a_page_number_in_the_gutter_follows_the_columns() {
    for (x, y) in [(205.0, 520.0), (205.0, 564.0), (203.0, 570.0)] {
        let mut drawn = block(&LEFT, 60.0, 600.0);
        drawn.extend(block(&RIGHT, 225.0, 600.0));
        drawn.extend(glyphs("7", x, y, 10.0));
        let texts = texts(drawn);
        assert_eq!(texts, [&LEFT.join(" "), &RIGHT.join(" "), "7"], "{x} {y}");
    }
}

#[test]
fn tables_lists_and_single_columns_are_no_columns() {
    let table: Vec<Glyph> = (0..8)
        .flat_map(|row| {
            let y = 600.0 - 16.0 * row as f32;
            let mut cells = glyphs(&format!("PN-70{row}3 Door switch {row}"), 60.0, y, 10.0);
            cells.extend(glyphs("for cabinets built after week 3", 190.0, y, 10.0));
            cells.extend(glyphs(&format!("{}", 17 * row), 380.0, y, 10.0));
            cells
        })
        .collect();
    assert_eq!(texts(table), [""; 0]);

    let list: Vec<Glyph> = LEFT
        .iter()
        .enumerate()
        .flat_map(|(row, line)| {
            let y = 600.0 - 12.0 * row as f32;
            let mut item = glyphs(&format!("{row}."), 60.0, y, 10.0);
            item.extend(glyphs(line, 80.0, y, 10.0));
            item
        })
        .collect();
    assert_eq!(texts(list), [""; 0]);
    assert_eq!(texts(block(&LEFT, 60.0, 600.0)), [""; 0]);
}

#[test]
fn a_ruled_table_of_sentences_is_no_columns() {
    let mut drawn = block(&LEFT, 60.0, 600.0);
    drawn.extend(block(&RIGHT, 205.0, 600.0));
    let mut page = page(drawn);
    page.rules = [582.0, 558.0]
        .map(|y| Rule {
            left: 55.0,
            bottom: y,
            right: 350.0,
            top: y,
        })
        .to_vec();
    assert!(parts(&page).is_empty());
}

#[test]
fn arranged_parts_keep_every_character_on_the_page() {
    let mut drawn = block(&LEFT, 60.0, 600.0);
    drawn.extend(block(&RIGHT, 205.0, 600.0));
    let page = page(drawn);
    let arranged = arrange(&page, parts(&page));
    assert_eq!(arranged.glyphs.len(), page.glyphs.len());
    let within = |glyph: &Glyph| (0.0..arranged.height).contains(&glyph.y) && glyph.x > 0.0;
    assert!(arranged.glyphs.iter().all(within));
}

#[test]
fn pages_of_very_many_characters_are_left_alone() {
    let drawn: Vec<Glyph> = (0..150)
        .flat_map(|copy| {
            let top = 600.0 - 80.0 * copy as f32;
            let mut both = block(&LEFT, 60.0, top);
            both.extend(block(&RIGHT, 205.0, top));
            both
        })
        .collect();
    assert!(drawn.len() > MAX_CHARACTERS);
    assert_eq!(texts(drawn), [""; 0]);
}
