//! Where sections begin, what they are called, and how long they may be.

use proptest::prelude::*;

use super::*;

/// Returns slug and title of each section, after checking that the sections make up the body.
fn slugs_and_titles(body: &str) -> Vec<(String, String)> {
    let pages = divide_into_sections(body, &Structure::parse(body), "The guide");
    let together: String = pages.iter().map(|page| page.text.as_str()).collect();
    assert_eq!(together, body);

    pages
        .into_iter()
        .filter_map(|page| page.page.section)
        .map(|section| (section.slug, section.title))
        .collect()
}

fn titles(body: &str) -> Vec<String> {
    slugs_and_titles(body)
        .into_iter()
        .map(|(_, title)| title)
        .collect()
}

fn long(word: &str) -> String {
    format!("{}\n\n", word.repeat(300 / word.len()))
}

#[test]
fn a_section_is_a_heading_and_its_own_body() {
    let body = format!(
        "{}# A\n\n{}## B c!\n\n{}#### D\n\n{}",
        long("x"),
        long("a"),
        long("b"),
        long("d")
    );

    let expected = [
        ("the-guide-1", "The guide"),
        ("a-2", "A"),
        ("b-c-3", "B c!"),
    ];

    let found = slugs_and_titles(&body);
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|(slug, title)| (slug.as_str(), title.as_str()))
        .collect();

    assert_eq!(found, expected);
}

#[test]
fn a_heading_without_a_body_joins_the_next_section_and_takes_its_title() {
    let found = titles(&format!(
        "# Guide\n\n## Retention\n\n{}## Quotas\n\n{}",
        long("a"),
        long("b")
    ));

    assert_eq!(found, ["Retention", "Quotas"]);
}

#[test]
fn a_heading_without_a_body_never_ends_a_small_section() {
    let found = titles(&format!(
        "Short.\n\n# Logging\n\n## Levels\n\n{}",
        long("a")
    ));

    assert_eq!(found, ["The guide"]);

    let body = format!(
        "# A\n\nShort.\n\n## B\n\n### C\n\n{}# D\n\n{}",
        long("c"),
        long("d")
    );

    let pages = divide_into_sections(&body, &Structure::parse(&body), "The guide");
    assert!(
        pages
            .iter()
            .all(|page| !page.text.trim_end().ends_with("## B"))
    );
}

#[test]
fn small_sections_are_joined() {
    let found = slugs_and_titles(
        "# SendMF()\n\n### Synopsis\n\nSends digits\n\n### Description\n\nIt sends them.\n",
    );

    assert_eq!(found, [("sendmf-1".to_owned(), "SendMF()".to_owned())]);
}

#[test]
fn text_without_headings_is_cut_at_blank_lines() {
    let paragraph = format!("{}\n\n", "word ".repeat(400));
    let body = paragraph.repeat(40);
    let pages = divide_into_sections(&body, &Structure::default(), "T");
    assert!(pages.len() > 2);
    assert!(
        pages
            .iter()
            .all(|page| page.text.len() <= MAX_SECTION_BYTES && page.text.ends_with("\n\n"))
    );

    let slugs: Vec<_> = pages
        .iter()
        .filter_map(|page| page.page.section.as_ref())
        .map(|section| section.slug.as_str())
        .collect();

    assert_eq!(slugs[..2], ["t-1", "t-2"]);
    assert_eq!(
        divide_into_sections("", &Structure::default(), "T").len(),
        0
    );
    assert_eq!(slug("!!!", 4), "section-4");
}

#[test]
fn a_long_section_is_cut_before_a_fence_not_inside() {
    let body = format!(
        "{}\n\n```\nfirst\n\nlast\n```\n\nEnd.\n",
        "word ".repeat(13)
    );
    let units = Structure::parse(&body).units;
    let pieces = cut_to_size(&body, 0..body.len(), 80, &units);

    assert!(
        pieces
            .iter()
            .any(|piece| body[piece.clone()].starts_with("```\nfirst")),
        "{pieces:?}"
    );
}

proptest! {
    #[test]
    fn pieces_are_complete_and_within_the_limit(text in "[a-zé \n]{0,300}", max in 4usize..40) {
        let pieces = cut_to_size(&text, 0..text.len(), max, &[]);
        let together: String = pieces.iter().map(|range| &text[range.clone()]).collect();
        prop_assert_eq!(&together, &text);
        prop_assert!(pieces.iter().all(|range| range.len() <= max));
    }
}
