//! What holds for all documents.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// A line at the top of a page that is neither identical to the others' nor counts the pages.
fn differing_line() -> impl Strategy<Value = (&'static str, usize)> {
    (
        prop_oneof![
            Just("Alarm #"),
            Just("# is the alarm"),
            Just("Fit part KX-# in the slot"),
            Just("Page #"),
            Just("#"),
            Just("## Alarm #"),
        ],
        1_usize..500,
    )
}

/// Lines as documents have them at the edges of pages.
fn any_line() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("Guide".to_owned()),
        Just("# Guide".to_owned()),
        Just("| a | b |".to_owned()),
        Just("<!-- PageFooter=\"Guide\" -->".to_owned()),
        (0_u32..8).prop_map(|number| format!("Guide {number}")),
        (0_u32..8).prop_map(|number| format!("{number}/8")),
        (0_u32..8).prop_map(|number| format!("3-{number}")),
        "\\PC{0,12}",
    ]
}

proptest! {
    #[test]
    fn lines_that_do_not_count_the_pages_are_indexed(
        (line, step) in differing_line(),
        start in 0_usize..5000,
        count in 3_usize..12,
    ) {
        // Numbers that count faster than the pages.
        let line = |n: usize| line.replace("#", &(start + n * (step + 1)).to_string());
        let at_top: Vec<String> = (0..count)
            .map(|n| format!("Guide\n\n{}\n\nText {n} is here.\n\n{}\n", line(n), n + 1))
            .collect();
        let at_bottom: Vec<String> = (0..count)
            .map(|n| format!("{}\n\nText {n} is here.\n\n{}\n\nGuide", n + 1, line(n)))
            .collect();

        for pages in [at_top, at_bottom] {
            let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
            for (n, rest) in content(1, &pages).iter().enumerate() {
                prop_assert!(rest.contains(&line(n)), "{rest:?} lost {:?}", line(n));
                prop_assert!(!rest.contains("Guide"), "{rest:?}");
            }
        }
    }

    #[test]
    fn whole_lines_are_excluded_from_the_edges_only(
        pages in vec(vec(any_line(), 0..8).prop_map(|lines| lines.join("\n")), 0..10)
    ) {
        let pages: Vec<Page> = (1..).zip(&pages).map(|(n, text)| page(n, None, text)).collect();
        for (page, range) in pages.iter().zip(content_ranges(&pages)) {
            let (before, after) = (page.text.get(..range.start), page.text.get(range.end..));
            let (before, after) = (before.expect("a boundary"), after.expect("a boundary"));
            prop_assert!(range.start <= range.end);
            // A line of which a part was excluded would not end or begin at a line break.
            let is_border = |at: usize| {
                let (line_before, line_after) = page.text.split_at(at);
                line_before.rsplit('\n').next().is_none_or(|part| part.trim().is_empty())
                    || line_after.split('\n').next().is_none_or(|part| part.trim().is_empty())
            };
            prop_assert!(is_border(range.start) && is_border(range.end), "{before:?} {after:?}");
        }
    }
}
