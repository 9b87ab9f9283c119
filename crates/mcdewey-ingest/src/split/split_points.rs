//! Finds the points at which a range may be cut, and how much meaning a cut there costs. No point
//! is inside a code block, a list item or a table row that fits into a chunk.

use std::ops::Range;

use mcdewey_markdown::{Table, Unit, UnitKind, fence, introduces_block};

use super::budget::TokenBudget;
use super::{PageView, prose};

/// A position at which one piece may end and the next begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SplitPoint {
    /// The byte offset at which the next piece starts.
    pub(super) offset: usize,
    /// How bad a cut here is.
    pub(super) cost: u32,
}

/// Between sections or paragraphs, and around lists and tables.
const BLOCK: u32 = 0;
/// Between the rows of a table that is too long for one chunk.
const ROW: u32 = 16;
/// Between the items of a list.
const ITEM: u32 = 32;
/// At a blank line of a code block that must be cut.
const CODE_BLANK: u32 = 32;
/// At another line of such a code block.
const CODE_LINE: u32 = 48;
/// Between sentences, and between the rows of a table that could stay whole.
pub(super) const SENTENCE: u32 = 64;
/// Between lines of a paragraph.
const LINE: u32 = 96;
/// Between words, where a whole chunk has no better point.
pub(super) const WORD: u32 = 160;
/// Inside a word, where a whole chunk has no better point.
pub(super) const CHARACTER: u32 = 320;
/// Added where a heading, a caption, an introduction or a header row would be separated from what
/// follows it.
const GLUE: u32 = 192;

/// How many points per chunk are offered in prose.
const POINTS_PER_CHUNK: usize = 8;

/// Returns the points in `range`, without its ends, in order.
pub(super) fn split_points(
    page: &PageView<'_>,
    range: &Range<usize>,
    budget: &TokenBudget,
) -> Vec<SplitPoint> {
    let scanner = Scanner::new(page, range, budget);
    let points = scanner.scan_lines();
    scanner.fill_gaps(points)
}

/// Scans the lines of a range for split points.
struct Scanner<'a> {
    page: &'a PageView<'a>,
    range: &'a Range<usize>,
    budget: &'a TokenBudget,
    /// The outermost units that stay whole: in order and disjoint.
    whole_units: Vec<&'a Unit>,
    /// Code blocks that must be cut.
    divided_code: Vec<&'a Unit>,
}

impl<'a> Scanner<'a> {
    fn new(page: &'a PageView<'a>, range: &'a Range<usize>, budget: &'a TokenBudget) -> Self {
        let mut whole_units: Vec<&Unit> = Vec::new();
        let mut divided_code = Vec::new();
        let units = page
            .structure
            .units
            .iter()
            .take_while(|unit| unit.range.start < range.end)
            .filter(|unit| unit.range.end > range.start);

        for unit in units {
            let is_inside_whole_unit = whole_units
                .last()
                .is_some_and(|last| unit.range.start < last.range.end);
            if is_inside_whole_unit {
                continue;
            }

            if page.tokens.count(&unit.range) <= budget.for_unit(unit.range.start) {
                whole_units.push(unit);
            } else if unit.kind == UnitKind::Code {
                divided_code.push(unit);
            }
        }

        Self {
            page,
            range,
            budget,
            whole_units,
            divided_code,
        }
    }

    /// Finds the points between lines and inside lines of prose.
    fn scan_lines(&self) -> Vec<SplitPoint> {
        let mut points = Vec::new();

        // The last line with text.
        let mut previous: Option<Range<usize>> = None;
        let mut offset = self.range.start;
        for line in self.page.text[self.range.clone()].split_inclusive('\n') {
            let current = offset..offset + line.len();
            offset = current.end;
            if line.trim().is_empty() {
                continue;
            }

            if let Some(previous) = &previous
                && let Some(cost) = self.cost_between(previous, &current)
            {
                points.push(SplitPoint {
                    offset: current.start,
                    cost,
                });
            }

            self.push_prose_points(&current, &mut points);
            previous = Some(current);
        }

        points
    }

    /// Returns the cost of a cut between two successive lines with text, or `None` if it is not
    /// allowed.
    fn cost_between(&self, above: &Range<usize>, below: &Range<usize>) -> Option<u32> {
        let unit_above = self.whole_unit_at(above.start);
        let unit_below = self.whole_unit_at(below.start);
        if unit_above.is_some() && unit_above == unit_below {
            return None;
        }

        let is_blank_between = above.end < below.start;
        if let Some(code) = self.divided_code_at(below.start)
            && below.start > code.range.start
        {
            return self.cost_in_code(code, above, below, is_blank_between);
        }

        let cost = match (unit_above, unit_below) {
            _ if self.begins_heading(below.start) => BLOCK,
            (Some(above), Some(below)) if above.kind == below.kind => {
                self.cost_between_siblings(below)
            }
            (above, below) if is_blank_between || above.is_some() || below.is_some() => BLOCK,
            _ if self.is_in_heading(below.start) => return None,
            _ if self.divided_code_at(above.start).is_some()
                || self.divided_code_at(below.start).is_some() =>
            {
                BLOCK
            }
            _ if prose::ends_sentence(&self.page.text[above.clone()]) => SENTENCE,
            _ => LINE,
        };

        if self.belongs_to_next(above, below) {
            Some(cost + GLUE)
        } else {
            Some(cost)
        }
    }

    /// Returns the cost of a cut between a unit and one of its kind before it.
    fn cost_between_siblings(&self, unit: &Unit) -> u32 {
        match (unit.kind, self.table_at(unit.range.start)) {
            (UnitKind::Item, _) => ITEM,
            (UnitKind::Row, Some(table)) if unit.range.start > table.range.start => {
                let could_stay_whole =
                    self.page.tokens.count(&table.range) <= self.budget.for_unit(table.range.start);
                if could_stay_whole { SENTENCE } else { ROW }
            }
            _ => BLOCK,
        }
    }

    /// Returns the cost of a cut inside a code block. A fence keeps the line next to it, so that no
    /// chunk consists of a fence alone.
    fn cost_in_code(
        &self,
        code: &Unit,
        above: &Range<usize>,
        below: &Range<usize>,
        is_blank_between: bool,
    ) -> Option<u32> {
        let is_after_opening = above.start <= code.range.start && self.is_fence(above);
        let is_before_closing = below.end >= code.range.end && self.is_fence(below);
        if is_after_opening || is_before_closing {
            return None;
        }

        Some(if is_blank_between {
            CODE_BLANK
        } else {
            CODE_LINE
        })
    }

    fn is_fence(&self, line: &Range<usize>) -> bool {
        fence::marker_in_quote(&self.page.text[line.clone()]).is_some()
    }

    /// Reports whether the line above means little without the one below: a heading, "Example:", a
    /// caption, a header row.
    fn belongs_to_next(&self, above: &Range<usize>, below: &Range<usize>) -> bool {
        let belongs_to_table = self.table_at(below.start).is_some_and(|table| {
            below.start == table.rows_start
                || (below.start == table.range.start && !table.caption.is_empty())
        });

        belongs_to_table
            || self.is_in_heading(above.start)
            || introduces_block(&self.page.text[above.clone()])
    }

    fn table_at(&self, offset: usize) -> Option<&'a Table> {
        let tables = &self.page.structure.tables;
        let next = tables.partition_point(|table| table.range.start <= offset);
        tables
            .get(next.checked_sub(1)?)
            .filter(|table| offset < table.range.end)
    }

    /// Adds the points inside a line of prose.
    fn push_prose_points(&self, line: &Range<usize>, points: &mut Vec<SplitPoint>) {
        if self.whole_unit_at(line.start).is_none()
            && self.divided_code_at(line.start).is_none()
            && !self.is_in_heading(line.start)
        {
            points.extend(self.prose_points(line));
        }
    }

    fn prose_points(&self, range: &Range<usize>) -> Vec<SplitPoint> {
        let budget = self.budget.for_piece(range.start, false);
        prose::split_points(self.page, range, (budget / POINTS_PER_CHUNK).max(1))
    }

    fn whole_unit_at(&self, offset: usize) -> Option<&'a Unit> {
        unit_at(&self.whole_units, offset)
    }

    fn divided_code_at(&self, offset: usize) -> Option<&'a Unit> {
        unit_at(&self.divided_code, offset)
    }

    fn begins_heading(&self, offset: usize) -> bool {
        self.page
            .structure
            .headings
            .binary_search_by_key(&offset, |heading| heading.range.start)
            .is_ok()
    }

    fn is_in_heading(&self, offset: usize) -> bool {
        let headings = &self.page.structure.headings;
        let next = headings.partition_point(|heading| heading.range.start <= offset);
        next > 0 && offset < headings[next - 1].range.end
    }

    /// Adds points between or inside words wherever the gap between two points exceeds a whole
    /// chunk.
    fn fill_gaps(&self, points: Vec<SplitPoint>) -> Vec<SplitPoint> {
        let mut filled = Vec::with_capacity(points.len());
        let mut start = self.range.start;
        for point in points.into_iter().map(Some).chain([None]) {
            let end = point.map_or(self.range.end, |point| point.offset);
            let gap = start..end;
            if self.page.tokens.count(&gap) > self.budget.for_piece(start, false)
                && !self.is_whole_unit(&gap)
            {
                filled.extend(self.prose_points(&gap));
            }

            filled.extend(point);
            start = end;
        }

        filled
    }

    /// Reports whether `gap` is a unit that stays whole, or the rest of one.
    fn is_whole_unit(&self, gap: &Range<usize>) -> bool {
        self.whole_unit_at(gap.start).is_some_and(|unit| {
            let unit_end = unit.range.end.min(gap.end);
            self.page.text[unit_end..gap.end].trim().is_empty()
        })
    }
}

/// Returns the unit that contains `offset`; `units` are in order and disjoint.
fn unit_at<'a>(units: &[&'a Unit], offset: usize) -> Option<&'a Unit> {
    let next = units.partition_point(|unit| unit.range.start <= offset);
    let unit = units.get(next.checked_sub(1)?)?;
    (offset < unit.range.end).then_some(*unit)
}
