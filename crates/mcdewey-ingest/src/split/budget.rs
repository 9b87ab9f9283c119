//! The token budget of a piece: what the model reads, less the context that accompanies the piece.

use std::ops::Range;

/// The token budgets of the pieces of one range, which depend on where a piece starts.
#[derive(Debug)]
pub(super) struct TokenBudget {
    /// The budget of the first piece. Its context is shorter where it starts with headings that the
    /// context of the other pieces repeats.
    pub(super) first: usize,
    /// The budget of the other pieces.
    pub(super) rest: usize,
    /// The tokens that repeating a table header costs a piece that starts in one of these ranges.
    pub(super) header_costs: Vec<(Range<usize>, usize)>,
    /// Units up to this size stay whole even if they exceed the budgets above.
    pub(super) max_whole_unit: usize,
}

impl TokenBudget {
    /// Returns the same budget for all pieces, for pieces without context.
    pub(super) fn uniform(tokens: usize, max_whole_unit: usize) -> Self {
        Self {
            first: tokens,
            rest: tokens,
            header_costs: Vec::new(),
            max_whole_unit,
        }
    }

    /// Returns the budget of a piece that starts at `start`; at least 1.
    pub(super) fn for_piece(&self, start: usize, is_first: bool) -> usize {
        let budget = if is_first { self.first } else { self.rest };
        let header_cost = self
            .header_costs
            .iter()
            .find(|(rows, _)| rows.contains(&start))
            .map_or(0, |(_, tokens)| *tokens);

        budget.saturating_sub(header_cost).max(1)
    }

    /// Returns the size up to which a unit that starts at `start` is never cut.
    pub(super) fn for_unit(&self, start: usize) -> usize {
        self.for_piece(start, false).max(self.max_whole_unit)
    }
}
