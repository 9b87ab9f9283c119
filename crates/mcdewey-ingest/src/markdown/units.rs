//! Units: what says half only when it is cut, a code block, a list item, a row of a table.

use std::cmp::Reverse;
use std::ops::Range;

use pulldown_cmark::{Event, Tag, TagEnd};

/// What a unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnitKind {
    /// A fenced or indented code block.
    Code,
    /// A list item without the lists in it: those have items of their own.
    Item,
    /// A row of a table; the header row includes the delimiter row.
    Row,
}

/// A unit and its lines, without blank ones at either end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unit {
    /// What it is.
    pub(crate) kind: UnitKind,
    /// In bytes of the text; it begins where a line begins.
    pub(crate) range: Range<usize>,
}

/// Collects units from the parser's events.
pub(super) struct UnitReader<'a> {
    text: &'a str,
    units: Vec<Unit>,
    /// Where the part being read of each open item begins.
    items: Vec<usize>,
}

impl<'a> UnitReader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            units: Vec::new(),
            items: Vec::new(),
        }
    }

    pub(super) fn take(&mut self, event: &Event<'_>, range: &Range<usize>) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => self.add(UnitKind::Code, range.clone()),
            Event::Start(Tag::TableHead) => self.add(UnitKind::Row, self.with_next_line(range)),
            Event::Start(Tag::TableRow) => self.add(UnitKind::Row, range.clone()),
            Event::Start(Tag::Item) => self.items.push(range.start),
            Event::Start(Tag::List(_)) => {
                if let Some(start) = self.items.last() {
                    self.add(UnitKind::Item, *start..range.start);
                }
            }
            Event::End(TagEnd::List(_)) => {
                if let Some(start) = self.items.last_mut() {
                    *start = range.end;
                }
            }
            Event::End(TagEnd::Item) => {
                if let Some(start) = self.items.pop() {
                    self.add(UnitKind::Item, start..range.end);
                }
            }
            _ => {}
        }
    }

    pub(super) fn finish(mut self) -> Vec<Unit> {
        self.units
            .sort_by_key(|unit| (unit.range.start, Reverse(unit.range.end)));
        self.units
    }

    fn add(&mut self, kind: UnitKind, range: Range<usize>) {
        let Some(slice) = self.text.get(range.clone()) else {
            return;
        };
        let end = range.start + slice.trim_end().len();
        let first = range.start + slice.len() - slice.trim_start().len();

        let start = self.text[..first].rfind('\n').map_or(0, |at| at + 1);
        if first < end {
            self.units.push(Unit {
                kind,
                range: start..end,
            });
        }
    }

    fn with_next_line(&self, range: &Range<usize>) -> Range<usize> {
        let next = self.text[range.end..]
            .find('\n')
            .map_or(self.text.len(), |at| range.end + at);
        range.start..next
    }
}

#[cfg(test)]
mod tests {
    use super::super::structure::structure;
    use super::UnitKind::{Code, Item, Row};
    use super::*;

    fn check(text: &str, expected: &[(UnitKind, &str)]) {
        let found = structure(text).units;
        let found: Vec<(UnitKind, &str)> = found
            .iter()
            .map(|unit| (unit.kind, &text[unit.range.clone()]))
            .collect();

        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn code_blocks_are_units_of_both_kinds() {
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
    fn an_item_is_its_lead_and_its_children_are_items() {
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
    fn a_header_row_goes_with_its_delimiter() {
        check(
            "Text\n\n| a |\n|---|\n| 1 |\n| 2 |\n",
            &[(Row, "| a |\n|---|"), (Row, "| 1 |"), (Row, "| 2 |")],
        );
    }
}
