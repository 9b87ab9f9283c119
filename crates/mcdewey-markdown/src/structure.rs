//! Reads headings, tables, units and images in one pass of a CommonMark parser, with their byte
//! ranges.

mod caption;
mod headings;
mod images;
mod units;

use std::ops::Range;
use std::sync::LazyLock;

use caption::table_caption;
use headings::{join_broken_headings, without_comment_lines};
use images::ImageCollector;
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use regex::Regex;
use units::UnitCollector;

use crate::collapse_whitespace;

pub use caption::introduces_block;
pub use images::{ImageReference, images};
pub use units::{Unit, UnitKind};

/// A longer "heading" is a paragraph or a log line.
const MAX_TITLE_BYTES: usize = 200;

/// Separates the column names in [`Table::header`].
const COLUMN_SEPARATOR: &str = " | ";

/// The extensions of CommonMark that structure and rendering read: tables, footnotes, definition
/// lists, and the alerts of GitHub.
pub(crate) const EXTENSIONS: Options = Options::ENABLE_TABLES
    .union(Options::ENABLE_FOOTNOTES)
    .union(Options::ENABLE_DEFINITION_LIST)
    .union(Options::ENABLE_GFM);

/// A heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// 1 to 6.
    pub level: u8,
    /// The text without markup.
    pub title: String,
    /// Its lines, as a byte range of the text.
    pub range: Range<usize>,
}

/// A table with a header row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The whole table, as a byte range of the text.
    pub range: Range<usize>,
    /// The byte offset at which the rows start, after header and delimiter.
    pub rows_start: usize,
    /// The column names, separated by ` | `.
    pub header: String,
    /// The caption in the line before the table, or an empty string.
    pub caption: String,
}

impl Table {
    /// Returns the range in which a chunk may start that does not include the header row. That is
    /// the whole table if the header is on another page.
    pub fn range_without_header(&self) -> Range<usize> {
        let header_is_elsewhere = self.rows_start == self.range.start;
        let start = if header_is_elsewhere {
            self.rows_start
        } else {
            self.rows_start.max(self.range.start + 1)
        };

        start..self.range.end
    }
}

/// The structure of a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Structure {
    /// In order.
    pub headings: Vec<Heading>,
    /// In order, without tables nested in others.
    pub tables: Vec<Table>,
    /// By their start, an outer unit before those inside it.
    pub units: Vec<Unit>,
    /// In order, an outer image before those in its alternative text.
    pub images: Vec<ImageReference>,
}

impl Structure {
    /// Parses a text. Lines that only look like headings are dropped, and headings broken over two
    /// lines are joined.
    pub fn parse(text: &str) -> Self {
        let mut collector = StructureCollector {
            text,
            headings: Vec::new(),
            tables: Vec::new(),
            depth: 0,
            words: None,
        };

        let mut units = UnitCollector::new(text);
        let mut images = ImageCollector::default();
        for (event, range) in parser(text).into_offset_iter() {
            units.process(&event, &range);
            images.process(&event, &range);
            collector.process(event, range);
        }

        let headings = without_comment_lines(text, collector.headings);
        Self {
            headings: join_broken_headings(text, headings),
            tables: collector.tables,
            units: units.finish(),
            images: images.finish(),
        }
    }

    /// Returns the part of the structure within `window`, with offsets relative to the window's
    /// start. A table cut in two keeps its header and caption in both halves.
    pub fn within(&self, window: &Range<usize>) -> Self {
        let headings = self
            .headings
            .iter()
            .filter(|heading| window.contains(&heading.range.start))
            .map(|heading| Heading {
                range: relative_range(&heading.range, window),
                ..heading.clone()
            });

        let tables = self
            .tables
            .iter()
            .filter(|table| overlaps(&table.range, window))
            .map(|table| Table {
                range: relative_range(&table.range, window),
                rows_start: relative_offset(table.rows_start, window),
                ..table.clone()
            });

        let units = self
            .units
            .iter()
            .filter(|unit| overlaps(&unit.range, window))
            .map(|unit| Unit {
                range: relative_range(&unit.range, window),
                ..unit.clone()
            });

        let images = self
            .images
            .iter()
            .filter(|image| window.contains(&image.range.start))
            .map(|image| ImageReference {
                range: relative_range(&image.range, window),
                ..image.clone()
            });

        Self {
            headings: headings.collect(),
            tables: tables.collect(),
            units: units.collect(),
            images: images.collect(),
        }
    }
}

fn overlaps(range: &Range<usize>, window: &Range<usize>) -> bool {
    range.start < window.end && range.end > window.start
}

fn relative_offset(offset: usize, window: &Range<usize>) -> usize {
    offset.clamp(window.start, window.end) - window.start
}

fn relative_range(range: &Range<usize>, window: &Range<usize>) -> Range<usize> {
    relative_offset(range.start, window)..relative_offset(range.end, window)
}

/// The parser with the extensions that the structure of a text depends on.
fn parser(text: &str) -> Parser<'_> {
    #[cfg(any(test, feature = "testing"))]
    crate::testing::count(text);

    Parser::new_ext(text, EXTENSIONS)
}

/// Collects headings and tables from the parser's events.
struct StructureCollector<'a> {
    text: &'a str,
    headings: Vec<Heading>,
    tables: Vec<Table>,
    /// The number of open block quotes, list items, definitions, footnotes and tables. A heading inside one is not a title
    /// of the document.
    depth: usize,
    /// The text of the heading or header row being parsed.
    words: Option<String>,
}

impl StructureCollector<'_> {
    fn process(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(Tag::Heading { .. } | Tag::TableHead) => self.words = Some(String::new()),
            Event::End(TagEnd::Heading(level)) => self.finish_heading(level, range),
            Event::Start(Tag::Table(_)) => {
                self.depth += 1;
                self.tables.push(Table {
                    rows_start: range.start,
                    header: String::new(),
                    caption: table_caption(&self.text[..range.start]),
                    range,
                });
            }
            Event::End(TagEnd::TableHead) => self.finish_header_row(range),
            Event::End(TagEnd::TableCell) => self.push_text(COLUMN_SEPARATOR),
            Event::Start(
                Tag::BlockQuote(_)
                | Tag::Item
                | Tag::FootnoteDefinition(_)
                | Tag::DefinitionListDefinition,
            ) => self.depth += 1,
            Event::End(
                TagEnd::BlockQuote(_)
                | TagEnd::Item
                | TagEnd::Table
                | TagEnd::FootnoteDefinition
                | TagEnd::DefinitionListDefinition,
            ) => self.depth -= 1,
            Event::Text(text) | Event::Code(text) => self.push_text(&text),
            Event::SoftBreak | Event::HardBreak => self.push_text(" "),
            _ => {}
        }
    }

    fn push_text(&mut self, text: &str) {
        if let Some(words) = &mut self.words {
            words.push_str(text);
        }
    }

    fn finish_heading(&mut self, level: HeadingLevel, range: Range<usize>) {
        let title = plain_title(&self.words.take().unwrap_or_default());
        if self.depth == 0 && !title.is_empty() && title.len() <= MAX_TITLE_BYTES {
            self.headings.push(Heading {
                level: level as u8,
                title,
                range,
            });
        }
    }

    fn finish_header_row(&mut self, range: Range<usize>) {
        let words = self.words.take().unwrap_or_default();
        let Some(table) = self.tables.last_mut() else {
            return;
        };

        // The rows start after the delimiter row, which is the next line.
        let rest = &self.text[range.end..table.range.end];
        table.rows_start = rest
            .find('\n')
            .map_or(table.range.end, |at| range.end + at + 1);

        // A header row without letters does not name columns.
        if words.chars().any(char::is_alphabetic) {
            let cells: Vec<&str> = words.split(COLUMN_SEPARATOR).map(str::trim).collect();
            table.header = cells
                .join(COLUMN_SEPARATOR)
                .trim_end_matches([' ', '|'])
                .to_owned();
        }
    }
}

/// Returns a heading's words on one line, without an anchor such as `{#barge}`.
fn plain_title(words: &str) -> String {
    static ANCHOR: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\s*\{#[^{}]*\}\s*$").expect("a valid pattern"));

    collapse_whitespace(&ANCHOR.replace(words, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_have_header_row_and_caption() {
        let text = "Codes:\n\n| Code | Meaning |\n|---|---|\n\
                    | 20700 | limit |\n| 20999 | refused |\n\nEnd\n";
        let found = Structure::parse(text);
        assert_eq!(found.tables.len(), 1);
        let table = &found.tables[0];
        assert_eq!(table.header, "Code | Meaning");
        assert!(
            text[table.rows_start..].starts_with("| 20700"),
            "{:?}",
            &text[table.rows_start..]
        );
        assert_eq!(table.caption, "Codes:");
        assert!(text[..table.range.end].trim_end().ends_with("refused |"));
    }
}
