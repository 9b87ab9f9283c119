//! What holds for every page.

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::page_text::samples::{glyphs, page};
use super::super::page_text::{Glyph, PageText};
use super::super::word_loss::Difference;
use super::super::{columns, overprint, rewrite, upright};

/// Lines of words.
fn text_lines() -> impl Strategy<Value = Vec<String>> {
    vec(
        vec("[a-zA-Z]{1,9}", 1..8).prop_map(|words| words.join(" ")),
        1..30,
    )
}

/// Lines from a point downwards, 12 pt apart.
fn block(lines: &[String], x: f32, top: f32) -> Vec<Glyph> {
    lines
        .iter()
        .enumerate()
        .flat_map(|(index, line)| glyphs(line, x, top - 12.0 * index as f32, 10.0))
        .collect()
}

/// The words wrapped to lines of at most `width` characters.
fn wrapped(words: &[String], width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.clone()),
        }
    }
    lines
}

fn letters(glyphs: &[Glyph]) -> String {
    glyphs
        .iter()
        .flat_map(|glyph| glyph.text.chars())
        .filter(|c| !c.is_whitespace())
        .collect()
}

fn plain_text(page: &PageText) -> String {
    let mut read = unpdf::Page::new(1, page.width, page.height);
    read.elements = rewrite::structure(std::slice::from_ref(page)).remove(0);
    read.plain_text()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_rewritten_page_keeps_its_words(lines in text_lines()) {
        let page = page(block(&lines, 60.0, 700.0));
        let difference = Difference::between(&page.text(), &plain_text(&page));
        prop_assert_eq!(difference.size(), 0);
    }

    #[test]
    fn text_drawn_again_is_kept_once(
        lines in text_lines(),
        dx in -1.2f32..1.2,
        dy in -1.2f32..1.2,
        times in 1usize..4,
    ) {
        let once = block(&lines, 60.0, 700.0);
        let mut drawn = once.clone();
        for time in 1..=times {
            let share = time as f32 / times as f32;
            drawn.extend(block(&lines, 60.0 + dx * share, 700.0 + dy * share));
        }
        let mut page = page(drawn);
        overprint::drop_overprints(&mut page);
        prop_assert_eq!(letters(&page.glyphs), letters(&once));
    }

    #[test]
    fn a_turned_page_is_turned_back(lines in text_lines(), quarters in 0u8..4) {
        let upright_page = page(block(&lines, 60.0, 700.0));
        let mut turned = upright::turn(upright_page.clone(), quarters);
        upright::turn_upright(&mut turned);
        prop_assert_eq!((turned.width, turned.height), (595.0, 842.0));
        for (glyph, expected) in turned.glyphs.iter().zip(&upright_page.glyphs) {
            prop_assert!((glyph.x - expected.x).abs() < 0.01);
            prop_assert!((glyph.y - expected.y).abs() < 0.01);
        }
    }

    #[test]
    fn columns_are_read_one_after_the_other(
        words in vec("[a-z]{2,9}", 120..160),
        gutter in 8.0f32..30.0,
        offset in 0.0f32..6.0,
        third in any::<bool>(),
    ) {
        let width = 28.0 * 5.0;
        let mut drawn = Vec::new();
        let mut expected = String::new();
        for column in 0..if third { 3 } else { 2 } {
            let share = words.len() / 3;
            let lines = wrapped(&words[column * share..(column + 1) * share], 28);
            let x = 40.0 + column as f32 * (width + gutter);
            let block = block(&lines, x, 700.0 - offset * column as f32);
            expected += &letters(&block);
            drawn.extend(block);
        }
        // Drawn line by line, across the columns.
        drawn.sort_by(|a, b| b.y.total_cmp(&a.y));

        let page = page(drawn);
        let read: String = columns::parts(&page)
            .iter()
            .map(|part| {
                let lines = super::super::page_text::lines(&part.glyphs);
                lines.iter().map(|line| letters(line)).collect::<String>()
            })
            .collect();
        prop_assert_eq!(read, expected);
    }
}
