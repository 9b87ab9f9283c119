//! The places where a stretch may be cut, and how much is lost by cutting there. No place lies inside a code block, a
//! list item or a table row that fits a passage.

use std::ops::Range;

use crate::markdown::{Table, Unit, UnitKind, introduces};

use super::room::Room;
use super::{OpenPage, prose};

/// A place where a piece may end and the next one begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Border {
    /// Where the next piece begins.
    pub(super) at: usize,
    /// How bad a cut here is.
    pub(super) cost: u32,
}

/// Between sections, paragraphs, and around lists and tables.
const BLOCK: u32 = 0;
/// Between the rows of a table that is too long for one passage.
const ROW: u32 = 16;
/// Between the items of a list.
const ITEM: u32 = 32;
/// At a blank line of a code block that must be cut.
const CODE_BLANK: u32 = 32;
/// At another line of one.
const CODE_LINE: u32 = 48;
/// Between sentences, and between the rows of a table that could stay whole.
pub(super) const SENTENCE: u32 = 64;
/// Between lines of a paragraph.
const LINE: u32 = 96;
/// Between words, where there is no better place within a whole passage.
pub(super) const WORD: u32 = 160;
/// Within a word, likewise.
pub(super) const CHARACTER: u32 = 320;
/// On top, where a heading, a caption, an introduction or a header row would lose what follows it.
const GLUE: u32 = 192;

/// In prose, places are offered this often in a passage.
const STEPS: usize = 8;

/// The places in `range`, its ends left out.
pub(super) fn borders(page: &OpenPage<'_>, range: &Range<usize>, room: &Room) -> Vec<Border> {
    let scan = Scan::new(page, range, room);
    scan.with_steps(scan.lines())
}

/// What a walk along the lines of a stretch looks up.
struct Scan<'a> {
    page: &'a OpenPage<'a>,
    range: &'a Range<usize>,
    room: &'a Room,
    /// Units that stay whole, outermost ones: in order, and apart from each other.
    whole: Vec<&'a Unit>,
    /// Code blocks that must be cut.
    open: Vec<&'a Unit>,
}

impl<'a> Scan<'a> {
    fn new(page: &'a OpenPage<'a>, range: &'a Range<usize>, room: &'a Room) -> Self {
        let mut whole: Vec<&Unit> = Vec::new();
        let mut open = Vec::new();
        let units = page
            .structure
            .units
            .iter()
            .take_while(|unit| unit.range.start < range.end);

        for unit in units.filter(|unit| unit.range.end > range.start) {
            if whole
                .last()
                .is_some_and(|last| unit.range.start < last.range.end)
            {
                continue;
            }

            if page.count.of(&unit.range) <= room.unit(unit.range.start) {
                whole.push(unit);
            } else if unit.kind == UnitKind::Code {
                open.push(unit);
            }
        }

        Self {
            page,
            range,
            room,
            whole,
            open,
        }
    }

    fn lines(&self) -> Vec<Border> {
        let mut found = Vec::new();

        // The last line with text, and where the blank ones behind it began.
        let mut before: Option<Range<usize>> = None;
        let mut at = self.range.start;
        for line in self.page.text[self.range.clone()].split_inclusive('\n') {
            let here = at..at + line.len();
            at = here.end;
            if line.trim().is_empty() {
                continue;
            }

            if let Some(before) = &before
                && let Some(cost) = self.line(before, &here)
            {
                found.push(Border {
                    at: here.start,
                    cost,
                });
            }

            self.prose(&here, &mut found);
            before = Some(here);
        }

        found
    }

    /// What a cut between two lines with text costs, if it is allowed.
    fn line(&self, before: &Range<usize>, here: &Range<usize>) -> Option<u32> {
        let (above, below) = (self.whole_at(before.start), self.whole_at(here.start));
        if above.is_some() && above == below {
            return None;
        }

        let blank = before.end < here.start;
        if let Some(code) = self.open_at(here.start)
            && here.start > code.range.start
        {
            return self.code_line(code, before, here, blank);
        }

        let glue = if self.keeps_next(before, here) {
            GLUE
        } else {
            0
        };

        let cost = match (above, below) {
            _ if self.begins_heading(here.start) => BLOCK,
            (Some(above), Some(below)) if above.kind == below.kind => self.sibling(below),
            (above, below) if blank || above.is_some() || below.is_some() => BLOCK,
            _ if self.in_heading(here.start) => return None,
            _ if self.open_at(before.start).is_some() || self.open_at(here.start).is_some() => {
                BLOCK
            }
            _ if prose::ends_sentence(&self.page.text[before.clone()]) => SENTENCE,
            _ => LINE,
        };

        Some(cost + glue)
    }

    /// Between a unit and one of its kind before it.
    fn sibling(&self, unit: &Unit) -> u32 {
        match (unit.kind, self.table(unit.range.start)) {
            (UnitKind::Item, _) => ITEM,
            (UnitKind::Row, Some(table)) if unit.range.start > table.range.start => {
                let whole = self.page.count.of(&table.range) <= self.room.unit(table.range.start);
                if whole { SENTENCE } else { ROW }
            }
            _ => BLOCK,
        }
    }

    /// A fence keeps the line next to it, so that no passage is a fence alone.
    fn code_line(
        &self,
        code: &Unit,
        before: &Range<usize>,
        here: &Range<usize>,
        blank: bool,
    ) -> Option<u32> {
        let fence = |line: &Range<usize>| {
            let line = self.page.text[line.clone()].trim_start_matches([' ', '\t', '>']);
            line.starts_with("```") || line.starts_with("~~~")
        };
        let opening = before.start <= code.range.start && fence(before);
        let closing = here.end >= code.range.end && fence(here);
        let cost = if blank { CODE_BLANK } else { CODE_LINE };

        (!opening && !closing).then_some(cost)
    }

    /// Whether the line above says little without the one below: a heading, "Example:", a caption, a header row.
    fn keeps_next(&self, before: &Range<usize>, here: &Range<usize>) -> bool {
        let of_table = self.table(here.start).is_some_and(|table| {
            here.start == table.rows
                || (here.start == table.range.start && !table.caption.is_empty())
        });
        of_table || self.in_heading(before.start) || introduces(&self.page.text[before.clone()])
    }

    fn table(&self, at: usize) -> Option<&'a Table> {
        let tables = &self.page.structure.tables;
        let next = tables.partition_point(|table| table.range.start <= at);
        tables
            .get(next.checked_sub(1)?)
            .filter(|table| at < table.range.end)
    }

    /// Places within a line of prose.
    fn prose(&self, here: &Range<usize>, found: &mut Vec<Border>) {
        if self.whole_at(here.start).is_none()
            && self.open_at(here.start).is_none()
            && !self.in_heading(here.start)
        {
            found.extend(prose::borders(self.page, here, self.step(here.start)));
        }
    }

    /// How far apart places in prose are, in tokens.
    fn step(&self, at: usize) -> usize {
        (self.room.at(at, false) / STEPS).max(1)
    }

    fn whole_at(&self, at: usize) -> Option<&'a Unit> {
        containing(&self.whole, at)
    }

    fn open_at(&self, at: usize) -> Option<&'a Unit> {
        containing(&self.open, at)
    }

    fn begins_heading(&self, at: usize) -> bool {
        self.page
            .structure
            .headings
            .binary_search_by_key(&at, |heading| heading.range.start)
            .is_ok()
    }

    fn in_heading(&self, at: usize) -> bool {
        let headings = &self.page.structure.headings;
        let next = headings.partition_point(|heading| heading.range.start <= at);
        next > 0 && at < headings[next - 1].range.end
    }

    /// Adds places between words, then within them, wherever a whole passage has no better one.
    fn with_steps(&self, found: Vec<Border>) -> Vec<Border> {
        let mut borders = Vec::with_capacity(found.len());
        let mut start = self.range.start;
        for border in found.into_iter().map(Some).chain([None]) {
            let end = border.map_or(self.range.end, |border| border.at);
            if self.page.count.of(&(start..end)) > self.room.at(start, false)
                && !self.is_whole(start..end)
            {
                borders.extend(prose::borders(self.page, &(start..end), self.step(start)));
            }
            borders.extend(border);
            start = end;
        }

        borders
    }

    /// Whether `gap` is a unit that stays whole, or the rest of one.
    fn is_whole(&self, gap: Range<usize>) -> bool {
        let unit = self.whole_at(gap.start);
        unit.is_some_and(|unit| {
            self.page.text[unit.range.end.min(gap.end)..gap.end]
                .trim()
                .is_empty()
        })
    }
}

fn containing<'a>(units: &[&'a Unit], at: usize) -> Option<&'a Unit> {
    let next = units.partition_point(|unit| unit.range.start <= at);
    let unit = units.get(next.checked_sub(1)?)?;
    (at < unit.range.end).then_some(*unit)
}
