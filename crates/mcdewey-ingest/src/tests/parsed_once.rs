//! How much of a document is parsed on its way into the index, and that its pages nevertheless show
//! the images that they show on their own.

use std::sync::Arc;

use mcdewey_core::RootName;
use mcdewey_core::testing::FakeEmbed;
use mcdewey_markdown::{ImageReference, images, testing::parsed_bytes};
use proptest::prelude::*;

use crate::Root;
use crate::document::{DocumentReader, FileOutcome};
use crate::file_stamps::FileStamps;
use crate::parse::{Dialect, parse};
use crate::rules::{LibraryFile, RuleSet};
use crate::walk::walk;

/// Prepares a Markdown file. Returns how many bytes its pages have and how many were parsed.
fn prepare(text: &str) -> (usize, usize) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("guide.md"), text).unwrap();
    let walk = walk(&Root::new(RootName::default(), folder.path())).unwrap();

    let reader = DocumentReader {
        embed: Arc::new(FakeEmbed::new(&[])),
        convert: None,
        keep_originals: true,
        stamps: FileStamps::default(),
    };
    let rules = RuleSet::new(&LibraryFile::default(), &LibraryFile::default(), "").unwrap();

    let parsed_before = parsed_bytes();
    let outcome = reader.prepare(&walk.documents[0], &rules, None).unwrap();
    let parsed = parsed_bytes() - parsed_before;

    let FileOutcome::Prepared(document) = outcome else {
        panic!("{outcome:?}");
    };
    let pages = document.pages.iter().map(|page| page.text.len()).sum();
    (pages, parsed)
}

#[test]
fn every_page_is_parsed_once() {
    let sections = "# One\n\nWords.\n\n# Two\n\n- a\n- b\n\n| x |\n|---|\n| 1 |\n".repeat(40);
    let pages = format!("<!-- page: 1 -->\n{sections}<!-- page: 2 -->\n```\nls\n```\n");
    for text in [sections, pages] {
        let (in_pages, parsed) = prepare(&text);
        assert_eq!(parsed, in_pages);
    }
}

#[test]
fn a_file_with_images_is_also_parsed_to_recognise_it() {
    let sections = "# One\n\n![a](a.png)\n\n# Two\n\nWords.\n".repeat(40);
    let pages = format!("<!-- page: 1 -->\n{sections}<!-- page: 2 -->\n![b][b]\n");
    for text in [sections, pages] {
        let (in_pages, parsed) = prepare(&text);
        assert_eq!(parsed, in_pages + text.len());
    }
}

/// The parts of an image by which readers see it.
fn shown(images: &[ImageReference]) -> Vec<(&str, &str)> {
    images
        .iter()
        .map(|image| (image.target.as_str(), image.alt.as_str()))
        .collect()
}

proptest! {
    #[test]
    fn a_section_has_the_images_of_its_text_alone(parts in prop::collection::vec(part(), 1..40)) {
        let text = parts.concat();
        for dialect in [Dialect::Markdown, Dialect::Plain] {
            for page in parse(&text, "guide", dialect).pages {
                let alone = images(&page.page.text);
                prop_assert_eq!(shown(&page.structure.images), shown(&alone), "{:?}", page.page.text);
            }
        }
    }
}

/// A part of a text: a heading, a block, a link or its definition, or text longer than a section.
fn part() -> impl Strategy<Value = String> {
    let parts = [
        "# One\n",
        "\n## Two\n\n",
        "Three\n===\n",
        "  # Four\n",
        "> # quoted\n",
        "#### Five\n",
        "![a](a.png)",
        "![a][n]",
        "![n]",
        "![a [n] b](b.png)",
        "[![a](c.png)][n]",
        "![a][n](d.png)",
        "![a ![b](e.png) c](f.png)",
        "\n\n[n]: n.png\n\n",
        "\n[n]: other.png\n",
        "[n]",
        "\n\n[a]:\n",
        "\n\n",
        "\n",
        "\r\n",
        "\n```\n",
        "\n~~~\n",
        "`",
        "*",
        "\n- ",
        "\n  ",
        "\n> ",
        "\n1. ",
        "\n\n| a |\n|---|\n| ![t](t.png) |\n",
        "\n    ",
        "\n<div>\n",
        "\n</div>\n\n",
        "<!--",
        "-->",
        "\\",
        "<!-- page: 1 -->\n",
        "\u{c}",
    ];
    prop_oneof![
        20 => prop::sample::select(parts.to_vec()).prop_map(str::to_owned),
        4 => "[a-z ]{20,300}",
        1 => Just("words and ![long](long.png)\n".repeat(1500)),
    ]
}
