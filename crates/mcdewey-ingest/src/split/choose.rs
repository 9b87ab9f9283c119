//! Chooses, among the points at which a range may be cut, those with the lowest total cost: a
//! shortest path from the start of the range to its end.

use std::ops::Range;

use super::budget::TokenBudget;
use super::is_wordless;
use super::page_tokens::PageTokens;
use super::segments::MIN_CHUNK_TOKENS;
use super::split_points::SplitPoint;

/// The cost of one more piece. An additional good cut is worth that; an additional bad one is not.
const PIECE: u32 = 48;

/// The cost of a piece too small to be useful.
const SMALL_PIECE: u32 = 96;

/// The cost of a piece without a letter or digit.
const WORDLESS: u32 = 640;

/// The cost of a piece over its budget that cannot be cut.
const TOO_LONG: u32 = 1 << 20;

/// Among equally good cuts, pieces of equal size are better than a full one and a remainder. This
/// is the most that counts for.
const UNEVEN: u64 = 16;

/// Sizes are compared more finely than split points: a unit of cost has this many parts.
const PARTS: u64 = 1024;

/// Cuts `range` at some of `points`. Every piece is within its budget unless it has no point
/// inside.
pub(super) fn cheapest_pieces(
    text: &str,
    range: &Range<usize>,
    points: &[SplitPoint],
    budget: &TokenBudget,
    tokens: &PageTokens,
) -> Vec<Range<usize>> {
    let range_end = SplitPoint {
        offset: range.end,
        cost: 0,
    };
    let max_budget = budget.first.max(budget.rest);

    let mut nodes = vec![Node {
        offset: range.start,
        ..Node::default()
    }];

    for SplitPoint { offset, cost } in points.iter().copied().chain([range_end]) {
        let last = nodes[nodes.len() - 1];
        let has_words = !is_wordless(&text[last.offset..offset]);
        let mut node = Node {
            offset,
            gaps_with_words: last.gaps_with_words + usize::from(has_words),
            total: u64::MAX,
            previous: 0,
        };

        // Pieces that end here, from the shortest on.
        for (index, start) in nodes.iter().enumerate().rev() {
            let size = tokens.count(&(start.offset..offset));
            let allowed = budget.for_piece(start.offset, index == 0);

            // A piece between adjacent points cannot be cut, so it is accepted whatever its size.
            let is_adjacent = index + 1 == nodes.len();
            if size > max_budget && !is_adjacent {
                // Pieces that start further back are even longer.
                break;
            }

            if size > allowed && !is_adjacent {
                continue;
            }

            let has_words = node.gaps_with_words > start.gaps_with_words;
            let total =
                start.total + u64::from(cost) * PARTS + piece_cost(size, allowed, has_words);
            if total < node.total {
                (node.total, node.previous) = (total, index);
            }
        }

        nodes.push(node);
    }

    pieces_along_path(&nodes)
}

/// A split point and the cheapest path to it.
#[derive(Debug, Clone, Copy, Default)]
struct Node {
    offset: usize,
    /// How many of the gaps between split points before it have words.
    gaps_with_words: usize,
    /// The cost of the path, in parts.
    total: u64,
    /// The index of the node before it on the path.
    previous: usize,
}

/// Returns the cost of a piece, in parts.
fn piece_cost(size: usize, allowed: usize, has_words: bool) -> u64 {
    let mut cost = PIECE;
    if size < MIN_CHUNK_TOKENS.min(allowed / 2) {
        cost += SMALL_PIECE;
    }

    if !has_words {
        cost += WORDLESS;
    }

    if size > allowed {
        cost += TOO_LONG;
    }

    // The square of the fill level favours pieces of equal size.
    let fill = size.min(allowed) as u64 * PARTS / allowed as u64;
    u64::from(cost) * PARTS + UNEVEN * fill * fill / PARTS
}

fn pieces_along_path(nodes: &[Node]) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut index = nodes.len() - 1;
    while index > 0 {
        let previous = nodes[index].previous;
        pieces.push(nodes[previous].offset..nodes[index].offset);
        index = previous;
    }

    pieces.reverse();
    pieces
}

#[cfg(test)]
mod tests {
    use mcdewey_core::testing::FakeEmbed;

    use super::*;

    /// Cuts words of two bytes, at most ten to a piece, and compares the pieces' sizes in words.
    /// `points` are given by word and cost.
    fn check(words: usize, points: &[(usize, u32)], expected: &[usize]) {
        let text = "a ".repeat(words);
        let tokens = PageTokens::new(&text, &FakeEmbed::new(&[])).unwrap();
        let points: Vec<SplitPoint> = points
            .iter()
            .map(|(word, cost)| SplitPoint {
                offset: word * 2,
                cost: *cost,
            })
            .collect();

        let found = cheapest_pieces(
            &text,
            &(0..text.len()),
            &points,
            &TokenBudget::uniform(10, 0),
            &tokens,
        );

        let sizes: Vec<usize> = found.iter().map(|piece| piece.len() / 2).collect();
        assert_eq!(sizes, expected, "{points:?}");
    }

    #[test]
    fn the_cheapest_points_win_and_pieces_are_even() {
        check(16, &[(7, 90), (8, 90), (9, 90)], &[8, 8]);
        check(16, &[(7, 0), (8, 90), (9, 90)], &[7, 9]);
        check(24, &[(8, 0), (10, 64), (16, 0)], &[8, 8, 8]);
    }

    #[test]
    fn small_pieces_are_avoided_and_ranges_without_points_stay_whole() {
        check(12, &[(5, 64), (10, 0)], &[5, 7]);
        check(22, &[(11, 0)], &[11, 11]);
        check(12, &[], &[12]);
    }
}
