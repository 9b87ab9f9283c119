use mcdewey_core::{PageNumber, PageRef};

mod properties;

use super::*;

/// Returns what is left of pages whose physical numbers start at `first`.
fn content(first: u32, pages: &[&str]) -> Vec<String> {
    let pages: Vec<Page> = (first..)
        .zip(pages)
        .map(|(number, text)| page(number, None, text))
        .collect();
    content_of(&pages)
}

fn content_of(pages: &[Page]) -> Vec<String> {
    pages
        .iter()
        .zip(content_ranges(pages))
        .map(|(page, range)| page.text[range].trim().to_owned())
        .collect()
}

fn page(number: u32, label: Option<&str>, text: &str) -> Page {
    Page {
        page: PageRef {
            number: PageNumber(number),
            label: label.map(str::to_owned),
            section: None,
        },
        text: text.to_owned(),
    }
}

fn check(pages: &[&str], expected: &[&str]) {
    assert_eq!(content(118, pages), expected);
}

fn check_kept(first: u32, pages: &[&str]) {
    assert_eq!(content(first, pages), pages);
}

#[test]
fn repeated_lines_at_the_edges_are_excluded() {
    check(
        &[
            "Developer Guide\n\nBarge\n\n 102 \n",
            "Developer Guide\n\nSilent monitor\n\n103",
            "Front\n\n104\n\n",
        ],
        &[
            "Developer Guide\n\nBarge",
            "Developer Guide\n\nSilent monitor",
            "Front",
        ],
    );

    check(
        &[
            "Guide | 1\nFinesse\nA\nA2",
            "Guide | 2\nFinesse\nB",
            "Guide | 3\nFinesse\nC",
            "D\nFinesse",
        ],
        &["A\nA2", "B", "C", "D\nFinesse"],
    );
}

#[test]
fn lines_not_repeated_on_most_pages_stay() {
    check_kept(118, &["Guide\nA", "Guide\nB"]);
    check_kept(118, &["G\nA", "G\nB", "G\nC", "D", "E", "F", "H"]);
    check_kept(118, &["Guide", "Guide", "Guide\nA"]);
    check(&["Guide", "Guide\nB", "Guide\nA"], &["", "B", "A"]);
}

#[test]
fn headings_that_differ_by_a_number_and_tables_stay() {
    check_kept(1, &["# Error 1\nA", "# Error 2\nB", "# Error 3\nC"]);
    check_kept(
        1,
        &[
            "| a |\n|---|\n| 1 |",
            "| a |\n|---|\n| 2 |",
            "| a |\n|---|\n| 3 |",
        ],
    );
    check_kept(
        1,
        &[
            "Code   Meaning\n10     open",
            "Code   Meaning\n11     shut",
            "Code   Meaning\n12     gone",
        ],
    );
    check(
        &["# Guide\nA", "# Guide\nB", "# Guide\nC"],
        &["A", "B", "C"],
    );
}

/// Entries of a catalogue, one a page: their numbers count up like those of the pages.
#[test]
fn titles_that_count_up_with_the_pages_stay() {
    for (title, first) in [("Alarm", 4101), ("Error", 1), ("Alarm code", 2)] {
        let pages: Vec<String> = (0..6)
            .map(|n| {
                format!(
                    "{title} {}\nPart {n}\n\nCabinet manual {}",
                    first + n,
                    n + 1
                )
            })
            .collect();
        let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
        let expected: Vec<&str> = pages
            .iter()
            .map(|page| page.split("\n\n").next().unwrap())
            .collect();
        assert_eq!(content(1, &pages), expected);
    }
}

#[test]
fn body_lines_that_differ_by_a_number_stay() {
    check_kept(
        1,
        &[
            "A\nFit it in slot 1.",
            "B\nFit it in slot 2.",
            "C\nFit it in slot 3.",
        ],
    );
    check_kept(1, &["Call 101\nA", "Call 102\nB", "Call 103\nC"]);
    check_kept(
        1,
        &[
            "Open 1 of the doors\nA",
            "Open 2 of the doors\nB",
            "Open 3 of the doors\nC",
        ],
    );
    check_kept(
        1,
        &[
            "A\n1. Press start",
            "B\n2. Press start",
            "C\n3. Press start",
        ],
    );
    check_kept(1, &["A\nRing 41", "B\nRing 45", "C\nRing 43"]);
    check_kept(
        1,
        &[
            "Made on 2024-05-01\nA",
            "Made on 2024-05-02\nB",
            "Made on 2024-05-03\nC",
        ],
    );
}

#[test]
fn a_page_has_only_one_number() {
    assert_eq!(
        content(
            1,
            &[
                "A\nFuse 1\n\nPage 1 of 3",
                "B\nFuse 2\n\nPage 2 of 3",
                "C\nFuse 3\n\nPage 3 of 3"
            ]
        ),
        ["A\nFuse 1", "B\nFuse 2", "C\nFuse 3"]
    );
}

#[test]
fn left_and_right_pages_may_have_different_lines() {
    check(
        &["A\n96 Guide", "B\nGuide 97", "C\n98 Guide", "D\nGuide 99"],
        &["A", "B", "C", "D"],
    );

    check(
        &[
            "Book\nA", "Calls\nB", "Book\nC", "Calls\nD", "Book\nE", "Barge\nF", "G", "H",
        ],
        &["A", "Calls\nB", "C", "Calls\nD", "E", "Barge\nF", "G", "H"],
    );
}

/// The numbers of a volume's pages are no reason to doubt if books would print them there.
#[test]
fn numbers_at_the_outer_end_of_the_line_are_page_numbers() {
    assert_eq!(
        content(
            2,
            &[
                "**47700 Register** / Rules\nA",
                "Register / Rules 47701\nB",
                "**47702** Register / Rules\nC",
                "Register / Rules **47703**\nD"
            ]
        ),
        ["A", "B", "C", "D"]
    );
    check_kept(
        2,
        &[
            "Alarm 47700\nA",
            "Alarm 47701\nB",
            "Alarm 47702\nC",
            "Alarm 47703\nD",
        ],
    );
}

#[test]
fn bare_numbers_must_count_the_pages() {
    check(
        &["A\n- 102 -", "B\n- 103 -", "C\n- 104 -"],
        &["A", "B", "C"],
    );
    check(&["A\n3-12", "B\n3-13", "C\n4-1"], &["A", "B", "C"]);
    check(&["A\nxii", "B\nxiii", "C\nxiv"], &["A", "B", "C"]);
    check_kept(118, &["20700\nA", "20999\nB", "21001\nC"]);
    check_kept(1, &["4101\nA", "4102\nB", "4103\nC"]);
    check_kept(1, &["A\n3-12", "B\n3-17", "C\n5-9"]);
}

#[test]
fn page_numbers_are_recognised_by_their_words_and_labels() {
    for line in [
        "Page 412 of 900",
        "Seite 412",
        "第 412 页",
        "Guide, page 412",
    ] {
        let pages: Vec<String> = (0..4)
            .map(|n| {
                format!(
                    "{}\n{n} is here",
                    line.replace("412", &(412 + n).to_string())
                )
            })
            .collect();
        let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
        let expected: Vec<String> = (0..4).map(|n| format!("{n} is here")).collect();
        assert_eq!(content(1, &pages), expected, "{line}");
    }

    let labelled: Vec<Page> = (1..=4)
        .map(|n| {
            let label = (500 + n).to_string();
            page(n, Some(&label), &format!("Text {n}.\nGuide {label}"))
        })
        .collect();
    assert_eq!(
        content_of(&labelled),
        ["Text 1.", "Text 2.", "Text 3.", "Text 4."]
    );
}

#[test]
fn roman_and_arabic_numbers_may_follow_each_other() {
    check(
        &[
            "A\nGuide i",
            "B\nGuide ii",
            "C\nGuide iii",
            "D\nGuide 1",
            "E\nGuide 2",
            "F\nGuide 3",
        ],
        &["A", "B", "C", "D", "E", "F"],
    );
}

#[test]
fn a_long_repetition_is_a_form_and_no_header() {
    let form = |name: &str| format!("Request\nName\nDate\nPlace\nReason\nRoom\n{name}\nSigned\n");
    let pages = [form("Ada"), form("Bob"), form("Cid")];
    let pages: Vec<&str> = pages.iter().map(|page| page.trim()).collect();
    let expected: Vec<String> = pages
        .iter()
        .map(|page| page.trim_end_matches("\nSigned").to_owned())
        .collect();
    assert_eq!(content(1, &pages), expected);

    check_kept(1, &["Request\nName", "Request\nName", "Request\nName"]);
}

#[test]
fn header_comments_are_excluded_from_every_page() {
    check(
        &["<!-- PageHeader=\"Guide\" -->\n\nA\n\n<!-- PageFooter=\"x\" -->\n"],
        &["A"],
    );
}
