//! What passages look like; every document that is cut here is also checked against the invariants of all.

use mcdewey_core::testing::FakeEmbed;
use mcdewey_core::{Facets, VersionScheme};
use proptest::prelude::*;

use super::*;
use crate::markdown::{Dialect, parse};

/// Cuts a document whose file says `releases`.
fn split_release(text: &str, releases: &str) -> Vec<SizedChunk> {
    let parsed = parse(text, "guide", Dialect::Markdown);
    let versions = VersionScheme::default().versions(releases).unwrap_or_default();
    let meta = DocumentMeta {
        source: "p/1/g/guide.md".parse().unwrap(),
        title: parsed.title.clone(),
        facets: Facets { versions, ..Facets::default() },
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

/// What holds for every document: passages are verbatim, in order, in the window, and leave nothing out.
fn check_invariants(pages: &[ParsedPage], chunks: &[SizedChunk]) {
    let embed = FakeEmbed::new(&[]);
    for (ordinal, SizedChunk { chunk, dense_text, tokens }) in chunks.iter().enumerate() {
        assert_eq!(chunk.ordinal as usize, ordinal);
        assert_eq!(chunk.chunk_id.as_str(), format!("p::1::g::guide::{ordinal}"));
        assert_eq!(*dense_text, chunk.dense_text());
        assert_eq!(*tokens, embed.tokens(dense_text).unwrap().len());
        assert!(tokens + 2 <= 64, "{tokens} tokens in {dense_text:?}");
        let [span] = chunk.spans.as_slice() else { panic!("one span is expected") };
        let page = pages.iter().find(|page| page.page.page.number == span.page).expect("the span's page");
        assert_eq!(page.page.text[span.start as usize..span.end as usize], chunk.text);
    }
    for page in pages {
        let text = &page.page.text[page.content.clone()];
        let spans =
            chunks.iter().flat_map(|sized| &sized.chunk.spans).filter(|span| span.page == page.page.page.number);
        let covered: String = spans.map(|span| &page.page.text[span.start as usize..span.end as usize]).collect();
        if !is_stub(text) {
            assert_eq!(dense(&covered), dense(text));
        } else {
            assert_eq!(covered, "");
        }
    }
}

fn dense(text: &str) -> String {
    text.split_whitespace().collect()
}

fn words(count: usize, word: &str) -> String {
    vec![word; count].join(" ")
}

/// Breadcrumb and text of each passage.
fn check(text: &str, expected: &[(&[&str], &str)]) {
    let chunks = split_text(text);
    let found: Vec<(Vec<&str>, &str)> = chunks
        .iter()
        .map(|sized| (sized.chunk.headings.iter().map(String::as_str).collect(), sized.chunk.text.as_str()))
        .collect();
    let expected: Vec<(Vec<&str>, &str)> = expected.iter().map(|(path, text)| (path.to_vec(), *text)).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_passage_ends_with_its_section() {
    let (a, b) = (words(32, "alpha"), words(32, "beta"));
    check(
        &format!("# Guide\n\n## A\n\n{a}\n\n## B\n\n{b}\n"),
        &[(&["Guide", "A"], &format!("# Guide\n\n## A\n\n{a}")), (&["Guide", "B"], &format!("## B\n\n{b}"))],
    );
}

#[test]
fn tiny_sections_share_a_passage() {
    check(
        "# Send\n\n### Synopsis\n\nSends digits\n\n### See also\n\nRead\n",
        &[(&["Send", "Synopsis"], "# Send\n\n### Synopsis\n\nSends digits\n\n### See also\n\nRead")],
    );
}

#[test]
fn a_tiny_last_section_closes_the_passage_before_it() {
    let chunks = split_text(&format!("# Guide\n\n{}.\n\n### Class\n\nCall\n", words(70, "alpha")));
    assert!(chunks.len() == 2 && chunks[1].chunk.text.ends_with("alpha.\n\n### Class\n\nCall"), "{chunks:?}");
}

#[test]
fn a_heading_stays_with_the_text_below_it() {
    let code = format!("```\n{}```\n", "one two three four five six\n".repeat(20));
    let chunks = split_text(&format!("# Guide\n\n## Syntax\n\n{code}"));
    assert!(chunks.len() > 2);
    assert!(chunks[0].chunk.text.starts_with("# Guide\n\n## Syntax\n\n```\none two"), "{:?}", chunks[0].chunk.text);
    assert!(chunks.iter().all(|sized| sized.chunk.text.contains("one")), "no passage is a fence alone");
    assert_eq!(chunks[1].chunk.headings, ["Guide", "Syntax"]);
}

#[test]
fn headings_are_carried_over_pages() {
    let chunks = split_text("<!-- page: 7 -->\n# Book\n\n## Barge\n\ntext\n<!-- page: 8 -->\nmore text\n");
    assert_eq!(chunks[1].chunk.headings, ["Book", "Barge"]);
    assert_eq!(chunks[1].chunk.context, "Book > Barge");
    assert_eq!((chunks[1].chunk.page.number.0, chunks[1].chunk.text.as_str()), (8, "more text"));
    assert_eq!(chunks[0].chunk.context, "", "its headings stand in the passage itself");
}

#[test]
fn a_chapter_does_not_clear_the_title() {
    let text = format!("---\ntitle: The book\n---\n# One\n\n{}\n\n# Two\n\n{}\n", words(40, "a"), words(40, "b"));
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
    let (old, new) = (split_release(&text("12.5(1)"), "12.5(1)"), split_release(&text("15.0"), "15.0"));
    assert_eq!(old[1].dense_text, new[1].dense_text);
    assert_eq!(old[1].chunk.context, "Finesse Guide > New in");
    assert_ne!(old[1].chunk.headings, new[1].chunk.headings);
}

#[test]
fn a_table_cut_in_two_repeats_its_header() {
    let rows: String = (0..24).map(|row| format!("| {row} | something happened |\n")).collect();
    let chunks = split_text(&format!("# Codes\n\n| Code | Meaning |\n|---|---|\n{rows}"));
    assert!(chunks.len() > 2);
    assert!(!chunks[0].chunk.context.contains("Meaning"));
    for sized in &chunks[1..] {
        assert_eq!(sized.chunk.context, "Codes\nCode | Meaning", "{:?}", sized.chunk.text);
        assert!(sized.chunk.text.starts_with("| "), "{:?}", sized.chunk.text);
    }
}

#[test]
fn running_lines_are_in_no_passage() {
    let page = |n: u32, text: &str| format!("<!-- page: {n} -->\nThe Guide\n\n{text}\n\n{n}\n");
    let chunks = split_text(&[page(1, "Barge."), page(2, "Monitor."), page(3, "Hold.")].concat());
    let texts: Vec<&str> = chunks.iter().map(|sized| sized.chunk.text.as_str()).collect();
    assert_eq!(texts, ["Barge.", "Monitor.", "Hold."]);
}

#[test]
fn stubs_make_no_passage() {
    check("<!-- page: 1 -->\n118\n\n---\n<!-- page: 2 -->\nText\n", &[(&["Guide"], "Text")]);
    check("8443 5222\n", &[(&["Guide"], "8443 5222")]);
}

#[test]
fn indentation_stays_and_white_space_goes() {
    check("\n\n    indented code\n\n\n", &[(&["Guide"], "    indented code")]);
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
        Just("\u{200b}ﷺ\u{a0}\u{c}".to_owned()),
        (1u32..9).prop_map(|n| format!("<!-- page: {n} -->")),
        "[a-z]{100,300}",
    ]
}

proptest! {
    #[test]
    fn nothing_is_left_out_whatever_the_text(lines in prop::collection::vec(line(), 0..40)) {
        split_text(&lines.join("\n"));
    }
}
