//! Page markers of every converter, and bodies made of arbitrary markers.

use proptest::prelude::*;

use super::*;

/// Compares number, label and text of each page; returns the warnings.
fn check(body: &str, expected: &[(u32, Option<&str>, &str)]) -> Vec<String> {
    let found = physical_pages(body).unwrap_or_else(|| panic!("no pages in {body:?}"));
    let pages: Vec<_> = found
        .pages
        .iter()
        .map(|page| {
            let PageRef { number, label, .. } = &page.page;
            (number.0, label.as_deref(), page.text.as_str())
        })
        .collect();

    assert_eq!(pages, expected, "{body:?}");
    found.warnings
}

#[test]
fn numbered_markers_begin_pages() {
    check(
        "<!-- page: 118 label: 102 -->\nBarge\n\n<!-- Page 119 -->\nNext",
        &[(118, Some("102"), "Barge\n\n"), (119, None, "Next")],
    );
    let dashes = "-".repeat(48);
    check(
        &format!("\n{{117}}{dashes}\n\nBarge\n\n{{118}}{dashes}\n\nNext\n"),
        &[(118, None, "\nBarge\n\n"), (119, None, "\nNext\n")],
    );
}

#[test]
fn breaks_divide_physical_pages_and_numbers_label_them() {
    check(
        "A\n<!-- PageNumber=\"365\" -->\n<!-- PageBreak -->\nB\n<!-- PageNumber=\"xii\" -->\n",
        &[(1, Some("365"), "A\n"), (2, Some("xii"), "B\n")],
    );

    check(
        "A\n<!-- PageBreak -->\nB\n<!-- PageBreak -->\n",
        &[(1, None, "A\n"), (2, None, "B\n")],
    );

    check(
        "<!-- PageNumber=\"9\" -->\nA\n<!-- PageFooter=\"x\" -->\n\
         <!-- PageBreak -->\n\n<!-- PageBreak -->\nC",
        &[
            (1, Some("9"), "A\n<!-- PageFooter=\"x\" -->\n"),
            (2, None, "\n"),
            (3, None, "C"),
        ],
    );
}

#[test]
fn printed_numbers_alone_begin_pages() {
    check(
        "<!-- PageNumber=\"102\" -->\nA\n<!-- PageNumber=\"Page 103 of 200\" -->\nB",
        &[
            (102, Some("102"), "A\n"),
            (103, Some("Page 103 of 200"), "B"),
        ],
    );

    check(
        "<!-- PageNumber=\"i\" -->\nA\n<!-- PageNumber=\"ii\" -->\nB",
        &[(1, Some("i"), "A\n"), (2, Some("ii"), "B")],
    );
}

#[test]
fn form_feeds_separate_pages() {
    check("A\n\u{c}B\n\u{c}", &[(1, None, "A\n"), (2, None, "B\n")]);
    check("<!-- page: 7 -->\nA\u{c}B", &[(7, None, "A\u{c}B")]);
    assert!(physical_pages("no markers\n# at all").is_none());
}

#[test]
fn text_before_the_first_marker_is_the_preceding_page() {
    check(
        "Front\n<!-- page: 112 -->\nA",
        &[(111, None, "Front\n"), (112, None, "A")],
    );
    check("\n\n<!-- page: 112 -->\nA", &[(112, None, "A")]);
    let doubled = "Front\n<!-- page: 5 -->\nA\n<!-- page: 4 -->\nB";

    let warnings = check(
        doubled,
        &[(6, Some("4"), "Front\n"), (5, None, "A\n"), (4, None, "B")],
    );

    assert_eq!(warnings.len(), 1);
}

#[test]
fn a_title_and_text_before_page_1_belong_to_the_first_page() {
    check(
        "# Guide\n\n<!-- page: 118 -->\nA",
        &[(118, None, "# Guide\n\nA")],
    );
    check("Front\n<!-- page: 1 -->\nA", &[(1, None, "Front\nA")]);
    check(
        "Front\n<!-- page: 0 -->\nA\n<!-- page: 1 -->\nB",
        &[(0, None, "Front\nA\n"), (1, None, "B")],
    );
}

#[test]
fn decreasing_numbers_are_kept_and_duplicates_made_unique() {
    let warnings = check(
        "<!-- page: 9 -->\nA\n<!-- page: 3 -->\nB",
        &[(9, None, "A\n"), (3, None, "B")],
    );
    assert!(warnings.is_empty());
    let warnings = check(
        "<!-- page: 2 -->\nA\n<!-- page: 2 -->\nB\n\
         <!-- page: 3 -->\nC\n<!-- page: 2 label: x -->\nD",
        &[
            (2, None, "A\n"),
            (4, Some("2"), "B\n"),
            (3, None, "C\n"),
            (5, Some("x"), "D"),
        ],
    );

    assert_eq!(warnings.len(), 2);
    assert!(
        warnings[0].contains("page 2 is marked more than once"),
        "{warnings:?}"
    );
}

fn fragment() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z #\n`é]{0,12}",
        (0u32..6).prop_map(|n| format!("\n<!-- page: {n} -->\n")),
        (0u32..6).prop_map(|n| format!("\n<!-- PageNumber=\"{n}\" -->\n")),
        Just("\n<!-- PageBreak -->\n".to_owned()),
        Just("\u{c}".to_owned()),
        Just("\n```\n".to_owned()),
        (0u32..6).prop_map(|n| format!("\n{{{n}}}{}\n", "-".repeat(48))),
    ]
}

proptest! {
    #[test]
    fn pages_and_markers_make_up_the_whole_body(
        fragments in prop::collection::vec(fragment(), 0..12),
    ) {
        let body = fragments.concat();
        let Some(found) = physical_pages(&body) else { return Ok(()) };

        // Without markers and white space, the body is the pages' text in order.
        let mut rest = String::new();
        let mut offset = 0;
        for span in find_markers(&body) {
            if span.marker != Marker::FormFeed {
                rest.push_str(&body[offset..span.range.start]);
                offset = span.range.end;
            }
        }
        rest.push_str(&body[offset..]);

        let dense = |text: &str| text.split_whitespace().collect::<String>();
        let together: String = found.pages.iter().map(|page| page.text.as_str()).collect();
        prop_assert_eq!(dense(&together), dense(&rest));

        let numbers: HashSet<PageNumber> =
            found.pages.iter().map(|page| page.page.number).collect();
        prop_assert_eq!(numbers.len(), found.pages.len());
    }
}
