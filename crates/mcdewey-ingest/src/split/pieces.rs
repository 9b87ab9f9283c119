//! Cuts a range of a page into pieces that fit the model's window.

use std::ops::Range;

use super::PageView;
use super::budget::TokenBudget;
use super::choose::cheapest_pieces;
use super::split_points::split_points;

/// Cuts `range` into pieces. Concatenated, they are the range.
pub(super) fn cut_into_pieces(
    page: &PageView<'_>,
    range: Range<usize>,
    budget: &TokenBudget,
) -> Vec<Range<usize>> {
    if range.is_empty() || page.tokens.count(&range) <= budget.for_piece(range.start, true) {
        return vec![range];
    }

    let points = split_points(page, &range, budget);
    cheapest_pieces(page.text, &range, &points, budget, &page.tokens)
}
