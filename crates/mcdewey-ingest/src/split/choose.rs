//! Chooses, among the places where a stretch may be cut, those that cost least together.

use std::ops::Range;

use super::borders::Border;
use super::is_wordless;
use super::room::Room;
use super::segments::TINY;
use super::sizer::TokenCount;

/// What one more piece costs: a good border more is worth that, a bad one less is not.
const PIECE: u32 = 48;
/// A piece that is too small to say much.
const CRUMB: u32 = 96;
/// A piece without a letter or digit.
const WORDLESS: u32 = 640;
/// A piece with nowhere to cut it.
const TOO_LONG: u32 = 1 << 20;
/// Between equal ways, pieces of equal size are better than a full one and a rest; this is the most that counts for.
const UNEVEN: usize = 16;

/// Cuts `range` at some of `borders`. Every piece fits its room, unless it has no border within.
pub(super) fn choose(
    text: &str,
    range: &Range<usize>,
    borders: &[Border],
    room: &Room,
    count: &TokenCount,
) -> Vec<Range<usize>> {
    let ends = borders.iter().copied().chain([Border { at: range.end, cost: 0 }]);
    let mut nodes = vec![Node { at: range.start, ..Node::default() }];
    for Border { at, cost } in ends {
        let last = nodes[nodes.len() - 1];
        let words = last.words + usize::from(!is_wordless(&text[last.at..at]));
        let mut node = Node { at, words, total: u32::MAX, from: 0 };
        for (from, start) in nodes.iter().enumerate().rev() {
            let size = count.of(&(start.at..at));
            let allowed = room.at(start.at, from == 0);
            let adjacent = from + 1 == nodes.len();
            if size > room.first.max(room.rest) && !adjacent {
                break;
            }
            if size > allowed && !adjacent {
                continue;
            }
            let total = start.total.saturating_add(cost).saturating_add(piece(size, allowed, words > start.words));
            if total < node.total {
                (node.total, node.from) = (total, from);
            }
        }
        nodes.push(node);
    }
    walk_back(&nodes)
}

/// A place, and the best way to it.
#[derive(Debug, Clone, Copy, Default)]
struct Node {
    at: usize,
    /// How many stretches with words lie before it.
    words: usize,
    total: u32,
    from: usize,
}

fn piece(size: usize, allowed: usize, words: bool) -> u32 {
    let uneven = (UNEVEN * size * size / (allowed * allowed)).min(UNEVEN);
    let mut cost = PIECE + u32::try_from(uneven).unwrap_or(0);
    if size < TINY.min(allowed / 2) {
        cost += CRUMB;
    }
    if !words {
        cost += WORDLESS;
    }
    if size > allowed {
        cost += TOO_LONG;
    }
    cost
}

fn walk_back(nodes: &[Node]) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut at = nodes.len() - 1;
    while at > 0 {
        let from = nodes[at].from;
        pieces.push(nodes[from].at..nodes[at].at);
        at = from;
    }
    pieces.reverse();
    pieces
}
