//! The places where a stretch may be cut, and how much is lost by cutting there. No place lies inside a code block, a
//! list item or a table row that fits a passage.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use crate::markdown::{Table, Unit, UnitKind, introduces};

use super::room::Room;
use super::sizer::TokenCount;
use super::{OpenPage, is_wordless};

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
const SENTENCE: u32 = 64;
/// Between lines of a paragraph.
const LINE: u32 = 96;
/// Between words, where there is no better place within a whole passage.
const WORD: u32 = 160;
/// Within a word, likewise.
const CHARACTER: u32 = 320;
/// On top, where a heading, a caption, an introduction or a header row would lose what follows it.
const GLUE: u32 = 192;

/// Where no better place is found within a passage, places are offered this often in one.
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
        let units = page.structure.units.iter().take_while(|unit| unit.range.start < range.end);
        for unit in units.filter(|unit| unit.range.end > range.start) {
            if whole.last().is_some_and(|last| unit.range.start < last.range.end) {
                continue;
            }
            if page.count.of(&unit.range) <= room.unit(unit.range.start) {
                whole.push(unit);
            } else if unit.kind == UnitKind::Code {
                open.push(unit);
            }
        }
        Self { page, range, room, whole, open }
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
                found.push(Border { at: here.start, cost });
            }
            self.sentences(&here, line, &mut found);
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
        let glue = if self.keeps_next(before, here) { GLUE } else { 0 };
        let cost = match (above, below) {
            _ if self.begins_heading(here.start) => BLOCK,
            (Some(above), Some(below)) if above.kind == below.kind => self.sibling(below),
            (above, below) if blank || above.is_some() || below.is_some() => BLOCK,
            _ if self.in_heading(here.start) => return None,
            _ if self.open_at(before.start).is_some() || self.open_at(here.start).is_some() => BLOCK,
            _ if self.ends_sentence(before) => SENTENCE,
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
    fn code_line(&self, code: &Unit, before: &Range<usize>, here: &Range<usize>, blank: bool) -> Option<u32> {
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
            here.start == table.rows || (here.start == table.range.start && !table.caption.is_empty())
        });
        of_table || self.in_heading(before.start) || introduces(&self.page.text[before.clone()])
    }

    fn table(&self, at: usize) -> Option<&'a Table> {
        let tables = &self.page.structure.tables;
        let next = tables.partition_point(|table| table.range.start <= at);
        tables.get(next.checked_sub(1)?).filter(|table| at < table.range.end)
    }

    fn ends_sentence(&self, line: &Range<usize>) -> bool {
        let closers = ['"', '\'', ')', ']', '*', '_', '`', '”', '’', '»'];
        let line = self.page.text[line.clone()].trim_end().trim_end_matches(closers);
        line.ends_with(['.', '!', '?', ';', '。', '！', '？'])
    }

    fn sentences(&self, here: &Range<usize>, line: &str, found: &mut Vec<Border>) {
        if self.whole_at(here.start).is_some() || self.open_at(here.start).is_some() || self.in_heading(here.start) {
            return;
        }
        let inner = line.split_sentence_bound_indices().skip(1).filter(|(_, sentence)| !is_wordless(sentence));
        found.extend(inner.map(|(at, _)| Border { at: here.start + at, cost: SENTENCE }));
    }

    fn whole_at(&self, at: usize) -> Option<&'a Unit> {
        containing(&self.whole, at)
    }

    fn open_at(&self, at: usize) -> Option<&'a Unit> {
        containing(&self.open, at)
    }

    fn begins_heading(&self, at: usize) -> bool {
        self.page.structure.headings.binary_search_by_key(&at, |heading| heading.range.start).is_ok()
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
            if self.page.count.of(&(start..end)) > self.room.at(start, false) && !self.is_whole(start..end) {
                self.steps(start..end, &mut borders);
            }
            borders.extend(border);
            start = end;
        }
        borders
    }

    /// Whether `gap` is a unit that stays whole, or the rest of one.
    fn is_whole(&self, gap: Range<usize>) -> bool {
        let unit = self.whole_at(gap.start);
        unit.is_some_and(|unit| self.page.text[unit.range.end.min(gap.end)..gap.end].trim().is_empty())
    }

    fn steps(&self, gap: Range<usize>, borders: &mut Vec<Border>) {
        let (text, count) = (self.page.text, &self.page.count);
        let room = self.room.at(gap.start, false);
        let step = (room / STEPS).max(1);
        let mut at = gap.start;
        while count.of(&(at..gap.end)) > step {
            let near = reach(text, count, at..gap.end, step);
            let far = reach(text, count, at..gap.end, room);
            let space = |range: Range<usize>| text[range].find(char::is_whitespace);
            let word = text[at..near].rfind(char::is_whitespace).map(|found| at + found);
            let word = word.or_else(|| space(near..far).map(|found| near + found));
            let behind = word.map(|at| at + text[at..gap.end].len() - text[at..gap.end].trim_start().len());
            let (next, cost) = match behind.filter(|behind| *behind > at) {
                Some(behind) => (behind, WORD),
                None => (grapheme(text, at..gap.end, near), CHARACTER),
            };
            if next >= gap.end {
                break;
            }
            borders.push(Border { at: next, cost });
            at = next;
        }
    }
}

fn containing<'a>(units: &[&'a Unit], at: usize) -> Option<&'a Unit> {
    let next = units.partition_point(|unit| unit.range.start <= at);
    let unit = units.get(next.checked_sub(1)?)?;
    (at < unit.range.end).then_some(*unit)
}

/// How far `tokens` tokens reach from the start of `range`.
fn reach(text: &str, count: &TokenCount, range: Range<usize>, tokens: usize) -> usize {
    let end = count.reach(range.start, tokens).min(range.end);
    (range.start..=end).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(range.start)
}

/// The last border between two characters up to `limit`, but at least one character.
fn grapheme(text: &str, range: Range<usize>, limit: usize) -> usize {
    let slice = &text[range.clone()];
    let bounds = slice.grapheme_indices(true).map(|(at, _)| range.start + at).skip(1);
    let mut first = None;
    let mut last = None;
    for at in bounds {
        first = first.or(Some(at));
        if at > limit {
            break;
        }
        last = Some(at);
    }
    last.or(first).unwrap_or(range.end)
}
