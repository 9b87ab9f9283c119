use unpdf::model::{Table, TableCell, TableRow};

use super::*;

fn text(text: &str) -> Block {
    Block::Paragraph(Paragraph::with_text(text))
}

fn heading(text: &str, level: u8) -> Block {
    Block::Paragraph(Paragraph::heading(text, level))
}

fn document(pages: Vec<Vec<Block>>) -> Document {
    let mut document = Document::new();
    for (number, blocks) in (1..).zip(pages) {
        let mut page = Page::new(number, 600.0, 800.0);
        page.elements = blocks;
        document.add_page(page);
    }

    document
}

/// The separated paragraphs of each page, headings with their level before them.
fn separated(pages: Vec<Vec<Block>>) -> Vec<Vec<String>> {
    let mut document = document(pages);
    separate(&mut document);
    document
        .pages
        .iter()
        .map(|page| {
            let paragraphs = page.elements.iter().filter_map(short_paragraph);
            paragraphs
                .map(|paragraph| match paragraph.heading_level() {
                    Some(level) => format!("{level} {}", single_spaced(paragraph)),
                    None => single_spaced(paragraph),
                })
                .collect()
        })
        .collect()
}

#[test]
fn the_name_of_the_document_is_split_from_the_topic_beside_it() {
    let pages = vec![
        vec![text("Developer Guide Barge Call"), text("x")],
        vec![text("Developer Guide Something new"), text("y")],
        vec![text("Developer Guide"), heading("Barge call", 1)],
        vec![text("Developer Guide Call list"), text("w")],
        vec![text("Developer is the word"), text("v")],
    ];

    assert_eq!(
        separated(pages),
        [
            vec!["Developer Guide", "Barge Call", "x"],
            // What stands beside the name is no heading of the document.
            vec!["Developer Guide Something new", "y"],
            vec!["Developer Guide", "1 Barge call"],
            vec!["Developer Guide Call list", "w"],
            vec!["Developer is the word", "v"],
        ]
    );
}

#[test]
fn a_name_that_stands_alone_on_several_pages_is_split_from_any_topic() {
    let mut pages = vec![vec![text("Developer Guide")]; 3];
    pages.push(vec![text("Developer Guide Something new")]);
    assert_eq!(separated(pages)[3], ["Developer Guide", "Something new"]);
}

#[test]
fn running_lines_are_no_headings() {
    let pages = (1..=4)
        .map(|n| {
            vec![
                heading("Guide", 3),
                text("Release 12.5"),
                heading("Barge call", 1),
                text(&format!("Text {}.", "x".repeat(n))),
                heading(&format!("Guide {n}"), 4),
            ]
        })
        .collect();

    assert_eq!(
        separated(pages)[1],
        ["Guide", "Release 12.5", "Barge call", "Text xx.", "Guide 2"]
    );
}

#[test]
fn titles_that_differ_by_a_number_stay_headings() {
    let pages = (4101..4107)
        .map(|code| {
            vec![
                heading(&format!("Alarm {code}"), 1),
                text(&format!("Manual {}", code - 4100)),
            ]
        })
        .collect();
    assert_eq!(separated(pages)[2], ["1 Alarm 4103", "Manual 3"]);

    // Not even if the text below them differs by a number, too.
    let pages = (1..6)
        .map(|n| {
            vec![
                text("Manual"),
                heading(&format!("Parameter P10{n}"), 1),
                text(&format!("Sets the delay {n}.")),
                text("All rights reserved"),
            ]
        })
        .collect();
    assert_eq!(separated(pages)[2][1], "1 Parameter P103");
}

#[test]
fn the_title_of_the_document_stays_a_heading() {
    let mut pages = vec![vec![heading("Guide", 1), text("First.")]];
    pages.extend(vec![vec![text("Guide"), text("More.")]; 4]);
    assert_eq!(separated(pages)[0], ["1 Guide", "First."]);
}

#[test]
fn a_numbered_running_line_in_large_type_is_no_heading() {
    let mut pages: Vec<Vec<Block>> = (1..=4)
        .map(|n| vec![text(&format!("Volume 85 {n}")), text("Text.")])
        .collect();
    pages.push(vec![heading("Volume 85 5", 1), text("Last.")]);
    assert_eq!(separated(pages)[4], ["Volume 85 5", "Last."]);
}

#[test]
fn the_body_of_a_page_is_between_its_running_lines() {
    let table = || {
        let mut table = Table::new();
        table.add_row(TableRow::new(vec![TableCell::text("7")]));
        Block::Table(table)
    };
    let document = document(vec![
        vec![text("Guide"), text("Text."), table(), text("1")],
        vec![text("Guide"), table(), text("More."), text("2")],
        vec![],
    ]);
    assert_eq!(body_ranges(&document), [1..3, 1..3, 0..0]);
}

/// Whatever the pages are, each keeps its words in their order.
#[test]
fn no_word_is_removed() {
    const LINES: [&str; 7] = [
        "Guide",
        "Guide 1",
        "Guide 2",
        "Guide Barge call",
        "Barge call",
        "Guide to the calls of a page",
        "7",
    ];
    let words = |page: &Page| {
        page.plain_text()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };

    for seed in 0..500 {
        let mut random = fastrand::Rng::with_seed(seed);
        let pages = (0..random.usize(1..8)).map(|_| {
            let lines = (0..random.usize(0..5)).map(|_| LINES[random.usize(..LINES.len())]);
            let lines: Vec<&str> = lines.collect();
            lines
                .into_iter()
                .map(|line| {
                    if random.bool() {
                        heading(line, 2)
                    } else {
                        text(line)
                    }
                })
                .collect()
        });

        let mut document = document(pages.collect());
        let before: Vec<String> = document.pages.iter().map(words).collect();
        separate(&mut document);
        let after: Vec<String> = document.pages.iter().map(words).collect();
        assert_eq!(after, before, "seed {seed}");
    }
}
