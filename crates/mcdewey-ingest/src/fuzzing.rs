//! The reader of Markdown for fuzz targets, with what must hold of whatever it is given.

use crate::markdown::{Dialect, parse};
use crate::read;

/// Reads a file as ingest would. Panics where a page, a heading or a table does not lie where it claims to.
pub fn read_markdown(file: &[u8]) {
    let Ok(text) = read::text(file) else { return };
    for dialect in [Dialect::Markdown, Dialect::Plain] {
        for read in parse(text, "fuzzed", dialect).pages {
            let page = read.page.text.as_str();
            assert!(
                page.get(read.content.clone()).is_some(),
                "content {:?}",
                read.content
            );

            for heading in &read.structure.headings {
                assert!(
                    page.get(heading.range.clone()).is_some(),
                    "heading {:?}",
                    heading.range
                );
            }

            for table in &read.structure.tables {
                assert!(
                    page.get(table.range.clone()).is_some(),
                    "table {:?}",
                    table.range
                );
            }
        }
    }
}
