//! What passages look like; every document that is cut here is also checked against the invariants of all.

use mcdewey_core::testing::FakeEmbed;
use mcdewey_core::{Facets, VersionScheme};
use proptest::prelude::*;

use super::*;
use crate::markdown::{Dialect, UnitKind, parse};

/// Cuts a document whose file says `releases`.
fn split_release(text: &str, releases: &str) -> Vec<SizedChunk> {
    let parsed = parse(text, "guide", Dialect::Markdown);
    let versions = VersionScheme::default()
        .versions(releases)
        .unwrap_or_default();

    let meta = DocumentMeta {
        source: "p/1/g/guide.md".parse().unwrap(),
        title: parsed.title.clone(),
        facets: Facets {
            versions,
            ..Facets::default()
        },
        source_url: None,
        updated: None,
        paged: parsed.paged,
    };

    let chunks = split(&Arc::new(meta), &parsed.pages, &FakeEmbed::new(&[])).unwrap();
    check_invariants(&parsed.pages, &chunks);
    chunks
}

fn split_text(text: &str) -> Vec<SizedChunk> {
    split_release(text, "")
}

/// What holds for every document: passages are verbatim, in order, in the window, and leave nothing out but white
/// space, running lines, and stubs.
fn check_invariants(pages: &[ParsedPage], chunks: &[SizedChunk]) {
    let embed = FakeEmbed::new(&[]);
    for (
        ordinal,
        SizedChunk {
            chunk,
            dense_text,
            tokens,
        },
    ) in chunks.iter().enumerate()
    {
        assert_eq!(chunk.ordinal as usize, ordinal);
        assert_eq!(
            chunk.chunk_id.as_str(),
            format!("p::1::g::guide::{ordinal}")
        );
        assert_eq!(*dense_text, chunk.dense_text());
        assert_eq!(*tokens, embed.tokens(dense_text).unwrap().len());
        assert!(tokens + 2 <= 64, "{tokens} tokens in {dense_text:?}");

        let [span] = chunk.spans.as_slice() else {
            panic!("one span is expected")
        };

        let page = pages
            .iter()
            .find(|page| page.page.page.number == span.page)
            .expect("the span's page");

        assert_eq!(
            page.page.text[span.start as usize..span.end as usize],
            chunk.text
        );
    }

    check_units(pages, chunks, &embed);
    let kept: Vec<Vec<Range<usize>>> = pages.iter().map(kept).collect();
    let says_something = pages
        .iter()
        .zip(&kept)
        .any(|(page, kept)| !dense(&page.page.text, kept).is_empty());

    for (page, kept) in pages.iter().zip(kept) {
        let kept = if says_something {
            kept
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
            dense(&page.page.text, &covered),
            dense(&page.page.text, &kept)
        );
    }
}

/// What must be in a passage of a page: everything but running lines, and stubs.
fn kept(page: &ParsedPage) -> Vec<Range<usize>> {
    let (text, content) = (page.page.text.as_str(), page.content.clone());
    if is_number(&text[content.clone()]) {
        return Vec::new();
    }

    let found = segments(
        text,
        content,
        &page.structure.headings,
        &mut HeadingPath::default(),
    );

    without_boilerplate(text, &page.structure, found)
        .into_iter()
        .map(|segment| segment.range)
        .collect()
}

/// No passage begins within a code block, a list item or a table row that fits a window beside its context.
fn check_units(pages: &[ParsedPage], chunks: &[SizedChunk], embed: &FakeEmbed) {
    let quarter = 62 / 4;
    for ParsedPage {
        page, structure, ..
    } in pages
    {
        let spans = chunks
            .iter()
            .flat_map(|sized| &sized.chunk.spans)
            .filter(|span| span.page == page.page.number);
        let starts: Vec<usize> = spans.map(|span| span.start as usize).collect();

        let count = TokenCount::new(&page.text, embed).unwrap();
        for unit in &structure.units {
            let words = embed
                .tokens(&mcdewey_core::normalise(&page.text[unit.range.clone()]))
                .unwrap()
                .len();

            // A row pays for its header, too.
            let beside = if unit.kind == UnitKind::Row {
                2 * quarter
            } else {
                quarter
            };

            let fits = words.max(count.of(&unit.range)) + beside <= 62;
            let cut = starts
                .iter()
                .any(|start| (unit.range.start + 1..unit.range.end).contains(start));

            assert!(
                !(fits && cut),
                "{:?} is cut in {:?}",
                &page.text[unit.range.clone()],
                page.text
            );
        }
    }
}

/// The stretches together, without white space.
fn dense(text: &str, ranges: &[Range<usize>]) -> String {
    ranges
        .iter()
        .flat_map(|range| text[range.clone()].split_whitespace())
        .collect()
}

fn words(count: usize, word: &str) -> String {
    vec![word; count].join(" ")
}

/// Breadcrumb and text of each passage.
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
fn a_passage_ends_with_its_section() {
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
fn tiny_sections_share_a_passage() {
    check(
        "# Send\n\n### Synopsis\n\nSends digits\n\n### See also\n\nRead\n",
        &[(
            &["Send", "Synopsis"],
            "# Send\n\n### Synopsis\n\nSends digits\n\n### See also\n\nRead",
        )],
    );
}

#[test]
fn a_tiny_last_section_closes_the_passage_before_it() {
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
        "no passage is a fence alone"
    );
    assert_eq!(chunks[1].chunk.headings, ["Guide", "Syntax"]);
}

#[test]
fn headings_are_carried_over_pages() {
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
        "its headings stand in the passage itself"
    );
}

#[test]
fn a_chapter_does_not_clear_the_title() {
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
fn equal_passages_of_two_releases_share_one_vector() {
    let text = |release: &str| {
        format!(
            "<!-- page: 1 -->\n# Finesse Guide, Release {release}\n\n## New in {release}\n<!-- page: 2 -->\n\nBarge ends.\n"
        )
    };

    let (old, new) = (
        split_release(&text("12.5(1)"), "12.5(1)"),
        split_release(&text("15.0"), "15.0"),
    );
    assert_eq!(old[1].dense_text, new[1].dense_text);
    assert_eq!(old[1].chunk.context, "Finesse Guide > New in");
    assert_ne!(old[1].chunk.headings, new[1].chunk.headings);
}

#[test]
fn a_table_cut_in_two_repeats_its_header() {
    let rows: String = (0..24)
        .map(|row| format!("| {row} | something happened |\n"))
        .collect();
    let chunks = split_text(&format!("# Codes\n\n| Code | Meaning |\n|---|---|\n{rows}"));
    assert!(chunks.len() > 2);
    assert!(!chunks[0].chunk.context.contains("Meaning"));

    for sized in &chunks[1..] {
        assert_eq!(
            sized.chunk.context, "Codes\nCode | Meaning",
            "{:?}",
            sized.chunk.text
        );
        assert!(sized.chunk.text.starts_with("| "), "{:?}", sized.chunk.text);
    }
}

#[test]
fn a_cut_table_repeats_its_name_before_its_header() {
    let rows: String = (0..24)
        .map(|row| format!("| {row} | something happened |\n"))
        .collect();

    let chunks = split_text(&format!(
        "# Codes\n\nTable 4: Errors\n\n| Code | Meaning |\n|---|---|\n{rows}"
    ));

    assert!(
        chunks[0]
            .chunk
            .text
            .contains("Errors\n\n| Code | Meaning |\n|---|---|\n| 0 |"),
        "{chunks:?}"
    );
    assert!(
        chunks[1..]
            .iter()
            .all(|sized| sized.chunk.context == "Codes\nTable 4: Errors\nCode | Meaning")
    );
}

#[test]
fn a_fence_that_fits_is_not_cut_and_keeps_its_introduction() {
    let code = format!("```\n{}```", "one two three four five six\n\n".repeat(5));
    let chunks = split_text(&format!(
        "# Guide\n\n{}.\n\nRun this:\n\n{code}\n\nDone.\n",
        words(50, "alpha")
    ));

    let texts: Vec<&str> = chunks
        .iter()
        .map(|sized| sized.chunk.text.as_str())
        .collect();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert_eq!(texts[1], format!("Run this:\n\n{code}\n\nDone."));
}

#[test]
fn a_fence_that_must_be_cut_is_cut_at_blank_lines() {
    let block = "one two three four\n  five six seven eight\nnine ten eleven twelve\n".repeat(2);
    let code = [block.as_str(); 6].join("\n");
    let chunks = split_text(&format!("# Guide\n\n```\n{code}```\n"));
    assert!(chunks.len() > 2);

    for sized in &chunks[1..] {
        assert!(
            sized.chunk.text.starts_with("one two"),
            "{:?}",
            sized.chunk.text
        );
        assert_eq!(sized.chunk.context, "Guide");
    }
}

#[test]
fn list_items_stay_whole_and_lists_are_cut_between_them() {
    let item = |name: &str| {
        format!(
            "- **{name}**: {}.\n  {}. {}.\n",
            words(8, "a"),
            words(8, "b"),
            words(8, "c")
        )
    };

    let list: String = ["One", "Two", "Three", "Four", "Five"].map(item).concat();
    let chunks = split_text(&format!("# Guide\n\nOptions:\n\n{list}"));
    assert!(chunks.len() > 2);
    assert!(
        chunks[0]
            .chunk
            .text
            .starts_with("# Guide\n\nOptions:\n\n- **One**")
    );
    assert!(
        chunks[1..]
            .iter()
            .all(|sized| sized.chunk.text.starts_with("- **"))
    );
}

#[test]
fn running_lines_are_in_no_passage() {
    let page = |n: u32, text: &str| format!("<!-- page: {n} -->\nThe Guide\n\n{text}\n\n{n}\n");
    let chunks = split_text(&[page(1, "Barge."), page(2, "Monitor."), page(3, "Hold.")].concat());
    let texts: Vec<&str> = chunks
        .iter()
        .map(|sized| sized.chunk.text.as_str())
        .collect();

    assert_eq!(texts, ["Barge.", "Monitor.", "Hold."]);
}

#[test]
fn stubs_make_no_passage() {
    check(
        "<!-- page: 1 -->\n118\n\n---\n<!-- page: 2 -->\nText\n",
        &[(&["Guide"], "Text")],
    );
    check("8443 5222\n", &[(&["Guide"], "8443 5222")]);
    let links = "- [Hold](h)\n- [Barge](b)\n- [End](e)\n- [Mute](m)\n";
    let text = words(32, "alpha");

    check(
        &format!(
            "# Book\n\n## Contents\n\n{links}\n## Calls\n\n{text}\n\n## Customers also viewed\n\n[Book](b)\n"
        ),
        &[(&["Book", "Calls"], &format!("## Calls\n\n{text}"))],
    );
}

#[test]
fn tiny_sections_do_not_join_across_a_stub() {
    let links = "- [Hold](h)\n- [Barge](b)\n- [End](e)\n- [Mute](m)\n";
    check(
        &format!("# Book\n\nText\n\n## Contents\n\n{links}\n## Calls\n\nMore\n"),
        &[
            (&["Book"], "# Book\n\nText"),
            (&["Book", "Calls"], "## Calls\n\nMore"),
        ],
    );
}

#[test]
fn a_document_of_stubs_keeps_them() {
    check("<!-- page: 1 -->\n118\n", &[(&["Guide"], "118")]);
    let links = "- [Hold](h)\n- [Barge](b)\n- [End](e)\n- [Mute](m)";
    check(
        &format!("# Book\n\n{links}\n"),
        &[(&["Book"], &format!("# Book\n\n{links}"))],
    );
}

#[test]
fn indentation_stays_and_white_space_goes() {
    check(
        "\n\n    indented code\n\n\n",
        &[(&["Guide"], "    indented code")],
    );
}

#[test]
fn texts_that_grow_when_normalised_still_fit() {
    // One character of the page becomes eighteen in the dense text, four words.
    let chunks = split_text(&"ﷺ ".repeat(60));
    assert!(chunks.len() >= 4);
}

#[test]
fn endless_words_are_cut() {
    let chunks = split_text(&"x".repeat(40_000));
    assert!(chunks.len() > 10);
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Zé0-9 .,]{0,60}",
        "#{1,4} [a-zA-Z0-9 ]{1,20}",
        Just("```".to_owned()),
        Just("| a | b |\n|---|---|\n| 1 | two |\n| 3 | four |".to_owned()),
        "- [a-z ]{1,30}",
        "    [a-z]{1,10}",
        Just(String::new()),
        Just("---".to_owned()),
        Just("- [One](o)\n- [Two](t)\n- [Three](h)\n- [Four](f)\n".to_owned()),
        Just("Was this document helpful?".to_owned()),
        Just("pre[link](l)post [and](b) more\n".repeat(4)),
        Just("Barge .......... 117\n".repeat(5)),
        Just("\u{200b}ﷺ\u{a0}\u{c}".to_owned()),
        (1u32..9).prop_map(|n| format!("<!-- page: {n} -->")),
        "[a-z]{100,300}",
    ]
}

/// A block as manuals have them, of any size.
fn block() -> impl Strategy<Value = String> {
    let rows = |rows: Vec<String>| format!("| a | b |\n|---|---|\n{}", rows.concat());
    prop_oneof![
        "([A-Z][a-z ]{1,40}\\. ){1,12}",
        "#{1,3} [A-Z][a-z]{1,10}",
        "[A-Z][a-z ]{1,30}:",
        "Table [0-9]: [A-Z][a-z ]{1,20}",
        "([ ]{0,4}[a-z]{1,8} = [a-z]{1,8}\n\n?){1,30}".prop_map(|code| format!("```sh\n{code}```")),
        "(    [a-z]{1,8} [a-z ]{1,30}\n){1,12}",
        "(- [a-z ]{1,60}\n(  - [a-z ]{1,60}\\. [A-Z][a-z ]{1,30}\n){0,3}){1,8}",
        "([1-9]\\. [a-z ]{1,80}\n\n   ```\n   [a-z ]{1,40}\n\n   [a-z]{1,9}\n   ```\n){1,3}",
        prop::collection::vec("\\| [a-z0-9 ]{1,30} \\| [a-z ]{1,60} \\|\n", 1..12).prop_map(rows),
        "[a-z]{100,300}",
    ]
}

proptest! {
    #[test]
    fn units_that_fit_stay_whole(blocks in prop::collection::vec(block(), 1..10)) {
        split_text(&blocks.join("\n\n"));
        split_text(&blocks.join("\n"));
    }

    #[test]
    fn nothing_else_is_left_out_whatever_the_text(lines in prop::collection::vec(line(), 0..40)) {
        split_text(&lines.join("\n"));
    }
}
