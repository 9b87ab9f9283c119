//! Finds units: code blocks, list items and table rows, which lose their meaning when a cut goes
//! through them.

use std::cmp::Reverse;
use std::ops::Range;

use pulldown_cmark::{Event, Tag, TagEnd};

/// What a unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitKind {
    /// A fenced or indented code block.
    Code,
    /// A list item without the lists nested in it, whose items are units themselves.
    Item,
    /// A table row; the header row includes the delimiter row.
    Row,
}

/// A stretch of text that stays in one chunk if it fits, without blank lines at either end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// What it is.
    pub kind: UnitKind,
    /// The byte range in the text; it begins at the start of a line.
    pub range: Range<usize>,
}

/// Collects units from the parser's events.
pub(super) struct UnitCollector<'a> {
    text: &'a str,
    units: Vec<Unit>,
    /// For each open list item, the start of the part after its last nested list.
    item_starts: Vec<usize>,
}

impl<'a> UnitCollector<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            units: Vec::new(),
            item_starts: Vec::new(),
        }
    }

    pub(super) fn process(&mut self, event: &Event<'_>, range: &Range<usize>) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => self.add(UnitKind::Code, range.clone()),
            Event::Start(Tag::TableHead) => {
                self.add(UnitKind::Row, self.including_next_line(range))
            }
            Event::Start(Tag::TableRow) => self.add(UnitKind::Row, range.clone()),
            Event::Start(Tag::Item) => self.item_starts.push(range.start),
            Event::Start(Tag::List(_)) => {
                if let Some(start) = self.item_starts.last() {
                    self.add(UnitKind::Item, *start..range.start);
                }
            }
            Event::End(TagEnd::List(_)) => {
                if let Some(start) = self.item_starts.last_mut() {
                    *start = range.end;
                }
            }
            Event::End(TagEnd::Item) => {
                if let Some(start) = self.item_starts.pop() {
                    self.add(UnitKind::Item, start..range.end);
                }
            }
            _ => {}
        }
    }

    /// Returns the units by their start, an outer one before those inside it.
    pub(super) fn finish(mut self) -> Vec<Unit> {
        self.units
            .sort_by_key(|unit| (unit.range.start, Reverse(unit.range.end)));
        self.units
    }

    /// Adds the lines of `range` from the first to the last with text.
    fn add(&mut self, kind: UnitKind, range: Range<usize>) {
        let Some(slice) = self.text.get(range.clone()) else {
            return;
        };

        let text_start = range.start + slice.len() - slice.trim_start().len();
        let start = self.text[..text_start].rfind('\n').map_or(0, |at| at + 1);
        let end = range.start + slice.trim_end().len();
        if text_start < end {
            self.units.push(Unit {
                kind,
                range: start..end,
            });
        }
    }

    fn including_next_line(&self, range: &Range<usize>) -> Range<usize> {
        let end = self.text[range.end..]
            .find('\n')
            .map_or(self.text.len(), |at| range.end + at);
        range.start..end
    }
}

#[cfg(test)]
mod tests {
    use super::UnitKind::{Code, Item, Row};
    use super::*;
    use crate::Structure;

    fn check(text: &str, expected: &[(UnitKind, &str)]) {
        let found = Structure::parse(text).units;
        let found: Vec<(UnitKind, &str)> = found
            .iter()
            .map(|unit| (unit.kind, &text[unit.range.clone()]))
            .collect();

        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn fenced_and_indented_code_blocks_are_units() {
        check(
            "Text\n\n```sh\nls\n\ncd\n```\n\nText\n",
            &[(Code, "```sh\nls\n\ncd\n```")],
        );

        check(
            "Text\n\n    ls\n    cd\n\nText\n",
            &[(Code, "    ls\n    cd")],
        );
        check("> ```\n> ls\n> ```\n", &[(Code, "> ```\n> ls\n> ```")]);
        check("```\nleft open\n", &[(Code, "```\nleft open")]);
    }

    #[test]
    fn nested_items_are_separate_units() {
        check(
            "- a\n- b\n  more\n\nText\n",
            &[(Item, "- a"), (Item, "- b\n  more")],
        );

        check(
            "1. a\n   - b\n   - c\n\n   after\n2. d\n",
            &[
                (Item, "1. a"),
                (Item, "   - b"),
                (Item, "   - c"),
                (Item, "   after"),
                (Item, "2. d"),
            ],
        );

        check(
            "- a\n\n  ```\n  b\n  ```\n",
            &[
                (Item, "- a\n\n  ```\n  b\n  ```"),
                (Code, "  ```\n  b\n  ```"),
            ],
        );
    }

    #[test]
    fn the_header_row_includes_the_delimiter_row() {
        check(
            "Text\n\n| a |\n|---|\n| 1 |\n| 2 |\n",
            &[(Row, "| a |\n|---|"), (Row, "| 1 |"), (Row, "| 2 |")],
        );
    }
}
