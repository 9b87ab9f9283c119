//! The Markdown parser for fuzz targets, with the invariants that must hold for any input.

use std::ops::Range;

use crate::parse::{Dialect, parse};
use crate::read;

/// Parses a file as an ingest would.
///
/// # Panics
///
/// If the range of a page's content, a heading or a table is not a valid range of the page's text.
pub fn read_markdown(file: &[u8]) {
    let Ok(text) = read::text(file) else { return };

    for dialect in [Dialect::Markdown, Dialect::Mdx, Dialect::Plain] {
        for parsed in parse(text, "fuzzed", dialect).pages {
            let page = parsed.page.text.as_str();
            assert_range(page, "content", &parsed.content);

            for heading in &parsed.structure.headings {
                assert_range(page, "heading", &heading.range);
            }

            for table in &parsed.structure.tables {
                assert_range(page, "table", &table.range);
            }
        }
    }
}

fn assert_range(page: &str, what: &str, range: &Range<usize>) {
    assert!(page.get(range.clone()).is_some(), "{what} {range:?}");
}
