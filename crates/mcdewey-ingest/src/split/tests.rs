//! Sections, breadcrumbs and sizes of chunks. Every document that is split in these tests is also
//! checked against the invariants of all documents.

mod blocks;
mod omitted_text;
mod properties;

use mcdewey_core::testing::FakeEmbed;
use mcdewey_core::{Facets, VersionScheme};
use mcdewey_markdown::{Unit, UnitKind};

use super::*;
use crate::parse::{Dialect, parse};

/// Splits a document that belongs to `versions`.
fn split_versioned(text: &str, versions: &str) -> Vec<SizedChunk> {
    split_named(text, versions, "guide")
}

/// Splits a document whose file has this name.
fn split_named(text: &str, versions: &str, name: &str) -> Vec<SizedChunk> {
    let parsed = parse(text, name, Dialect::Markdown);
    let versions = VersionScheme::default()
        .versions(versions)
        .unwrap_or_default();

    let meta = DocumentMeta {
        source: "p/1/g/guide.md".parse().unwrap(),
        title: parsed.title.text.clone(),
        facets: Facets {
            versions,
            ..Facets::default()
        },
        source_url: None,
        updated: None,
        paged: parsed.paged,
    };

    let chunks = split(
        &Arc::new(meta),
        &parsed.title.context,
        &parsed.pages,
        &FakeEmbed::new(&[]),
    )
    .unwrap();
    check_invariants(&parsed.pages, &chunks);
    chunks
}

fn split_text(text: &str) -> Vec<SizedChunk> {
    split_versioned(text, "")
}

/// Two pages of settings begin with different ones and share others: only the names of the files
/// tell a producer's from a consumer's.
#[test]
fn settings_are_told_apart_by_the_name_of_their_file() {
    let setting = |name: &str| format!("#### {name}\n\n{}\n\n", "It sets something. ".repeat(9));
    let text = ["key.serializer", "client.id"].map(setting).concat();

    for (name, context) in [("producer_config", "Producer config"), ("27200183", "")] {
        let chunks = split_named(&text, "", name);
        let last = &chunks.last().unwrap().chunk;
        assert!(last.text.contains("client.id"), "{last:?}");
        assert_eq!(last.context, context);
        assert!(
            last.headings
                .iter()
                .all(|heading| heading != "key.serializer")
        );
    }
}

/// Checks what holds for every document: chunks are verbatim, in order and within the window, and
/// omit nothing but white space, running lines and boilerplate.
fn check_invariants(pages: &[ParsedPage], chunks: &[SizedChunk]) {
    let embed = FakeEmbed::new(&[]);
    for (ordinal, sized) in chunks.iter().enumerate() {
        let SizedChunk {
            chunk,
            dense_text,
            tokens,
        } = sized;

        assert_eq!(chunk.ordinal as usize, ordinal);
        assert_eq!(
            chunk.chunk_id.as_str(),
            format!("p::1::g::guide::{ordinal}")
        );
        assert_eq!(*dense_text, chunk.dense_text());
        assert_eq!(*tokens, embed.token_ranges(dense_text).unwrap().len());
        // The fake model's window is 64 tokens, 2 of them special ones.
        assert!(tokens + 2 <= 64, "{tokens} tokens in {dense_text:?}");

        let [span] = chunk.spans.as_slice() else {
            panic!("a chunk has one span")
        };

        let page = pages
            .iter()
            .find(|page| page.page.page.number == span.page)
            .expect("the span names an existing page");

        assert_eq!(
            page.page.text[span.start as usize..span.end as usize],
            chunk.text
        );
    }

    check_units(pages, chunks, &embed);
    let indexed: Vec<Vec<Range<usize>>> = pages.iter().map(indexed_ranges).collect();
    let has_content = pages
        .iter()
        .zip(&indexed)
        .any(|(page, ranges)| !without_white_space(&page.page.text, ranges).is_empty());

    for (page, indexed) in pages.iter().zip(indexed) {
        // A document that consists of boilerplate keeps it.
        let expected = if has_content {
            indexed
        } else {
            vec![page.content.clone()]
        };

        let spans = chunks
            .iter()
            .flat_map(|sized| &sized.chunk.spans)
            .filter(|span| span.page == page.page.page.number);

        let covered: Vec<Range<usize>> = spans
            .map(|span| span.start as usize..span.end as usize)
            .collect();
        assert!(covered.is_sorted_by(|a, b| a.end <= b.start), "{covered:?}");
        assert_eq!(
            without_white_space(&page.page.text, &covered),
            without_white_space(&page.page.text, &expected)
        );
    }
}

/// Returns what must be in a page's chunks: everything but running lines and boilerplate.
fn indexed_ranges(page: &ParsedPage) -> Vec<Range<usize>> {
    let (text, content) = (page.page.text.as_str(), page.content.clone());
    if has_only_page_number(&text[content.clone()]) {
        return Vec::new();
    }

    let segments = divide_into_segments(
        text,
        content,
        &page.structure.headings,
        &mut HeadingPath::default(),
    );

    without_boilerplate(text, &page.structure, segments)
        .into_iter()
        .map(|segment| segment.range)
        .collect()
}

/// Checks that no chunk starts inside a code block, a list item or a table row that fits into a
/// window with its context. A unit that begins in a running header, which Markdown may take for a
/// list item that the page continues, is not checked: only its rest is content.
fn check_units(pages: &[ParsedPage], chunks: &[SizedChunk], embed: &FakeEmbed) {
    let window = 62;
    let max_context = window / 4;
    for ParsedPage {
        page,
        structure,
        content,
        ..
    } in pages
    {
        let spans = chunks
            .iter()
            .flat_map(|sized| &sized.chunk.spans)
            .filter(|span| span.page == page.page.number);
        let starts: Vec<usize> = spans.map(|span| span.start as usize).collect();

        let tokens = PageTokens::new(&page.text, embed).unwrap();
        let whole = |unit: &&Unit| content.contains(&unit.range.start);
        for unit in structure.units.iter().filter(whole) {
            let unit_text = &page.text[unit.range.clone()];
            let normalised_tokens = embed
                .token_ranges(&mcdewey_core::normalise(unit_text))
                .unwrap()
                .len();

            // A row may need its header in the context, too.
            let context = if unit.kind == UnitKind::Row {
                2 * max_context
            } else {
                max_context
            };

            let fits = normalised_tokens.max(tokens.count(&unit.range)) + context <= window;
            let is_cut = starts
                .iter()
                .any(|start| (unit.range.start + 1..unit.range.end).contains(start));

            assert!(!(fits && is_cut), "{unit_text:?} is cut in {:?}", page.text);
        }
    }
}

/// Returns the text of all ranges together, without white space.
fn without_white_space(text: &str, ranges: &[Range<usize>]) -> String {
    ranges
        .iter()
        .flat_map(|range| text[range.clone()].split_whitespace())
        .collect()
}

fn words(count: usize, word: &str) -> String {
    vec![word; count].join(" ")
}

/// Compares breadcrumb and text of each chunk.
fn check(text: &str, expected: &[(&[&str], &str)]) {
    let chunks = split_text(text);
    let found: Vec<(Vec<&str>, &str)> = chunks
        .iter()
        .map(|sized| {
            (
                sized.chunk.headings.iter().map(String::as_str).collect(),
                sized.chunk.text.as_str(),
            )
        })
        .collect();

    let expected: Vec<(Vec<&str>, &str)> = expected
        .iter()
        .map(|(path, text)| (path.to_vec(), *text))
        .collect();

    assert_eq!(found, expected);
}

#[test]
fn a_chunk_ends_with_its_section() {
    let (a, b) = (words(32, "alpha"), words(32, "beta"));
    check(
        &format!("# Guide\n\n## A\n\n{a}\n\n## B\n\n{b}\n"),
        &[
            (&["Guide", "A"], &format!("# Guide\n\n## A\n\n{a}")),
            (&["Guide", "B"], &format!("## B\n\n{b}")),
        ],
    );
}

#[test]
fn small_sections_share_a_chunk() {
    check(
        "# Send\n\n### Synopsis\n\nSends digits\n\n### See also\n\nRead\n",
        &[(
            &["Send", "Synopsis"],
            "# Send\n\n### Synopsis\n\nSends digits\n\n### See also\n\nRead",
        )],
    );
}

#[test]
fn a_small_last_section_joins_the_chunk_before_it() {
    let chunks = split_text(&format!(
        "# Guide\n\n{}.\n\n### Class\n\nCall\n",
        words(70, "alpha")
    ));

    assert!(
        chunks.len() == 2
            && chunks[1]
                .chunk
                .text
                .ends_with("alpha.\n\n### Class\n\nCall"),
        "{chunks:?}"
    );
}

#[test]
fn a_heading_stays_with_the_text_below_it() {
    let code = format!("```\n{}```\n", "one two three four five six\n".repeat(20));
    let chunks = split_text(&format!("# Guide\n\n## Syntax\n\n{code}"));
    assert!(chunks.len() > 2);
    assert!(
        chunks[0]
            .chunk
            .text
            .starts_with("# Guide\n\n## Syntax\n\n```\none two"),
        "{:?}",
        chunks[0].chunk.text
    );
    assert!(
        chunks.iter().all(|sized| sized.chunk.text.contains("one")),
        "no chunk is a fence alone"
    );
    assert_eq!(chunks[1].chunk.headings, ["Guide", "Syntax"]);
}

#[test]
fn headings_continue_across_pages() {
    let chunks =
        split_text("<!-- page: 7 -->\n# Book\n\n## Barge\n\ntext\n<!-- page: 8 -->\nmore text\n");
    assert_eq!(chunks[1].chunk.headings, ["Book", "Barge"]);
    assert_eq!(chunks[1].chunk.context, "Book > Barge");
    assert_eq!(
        (chunks[1].chunk.page.number.0, chunks[1].chunk.text.as_str()),
        (8, "more text")
    );
    assert_eq!(
        chunks[0].chunk.context, "",
        "its headings are in the chunk itself"
    );
}

#[test]
fn a_chapter_does_not_replace_the_title() {
    let text = format!(
        "---\ntitle: The book\n---\n# One\n\n{}\n\n# Two\n\n{}\n",
        words(40, "a"),
        words(40, "b")
    );

    let chunks = split_text(&text);
    assert_eq!(chunks[1].chunk.headings, ["The book", "Two"]);
    assert_eq!(chunks[1].chunk.context, "The book");
}

#[test]
fn equal_chunks_of_two_versions_share_one_vector() {
    let split = |version: &str| {
        let text = format!(
            "<!-- page: 1 -->\n# Finesse Guide, Release {version}\n\n## New in {version}\n\
             <!-- page: 2 -->\n\nBarge ends.\n"
        );
        split_versioned(&text, version)
    };

    let (old, new) = (split("12.5(1)"), split("15.0"));
    assert_eq!(old[1].dense_text, new[1].dense_text);
    assert_eq!(old[1].chunk.context, "Finesse Guide > New in");
    assert_ne!(old[1].chunk.headings, new[1].chunk.headings);
}

#[test]
fn indentation_is_kept_and_white_space_trimmed() {
    check(
        "\n\n    indented code\n\n\n",
        &[(&["Guide"], "    indented code")],
    );
}

#[test]
fn texts_that_grow_when_normalised_still_fit() {
    // One character of the page becomes eighteen characters and four words in the dense text.
    let chunks = split_text(&"ﷺ ".repeat(60));
    assert!(chunks.len() >= 4);
}

#[test]
fn words_without_end_are_cut() {
    let chunks = split_text(&"x".repeat(40_000));
    assert!(chunks.len() > 10);
}
