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
const UNEVEN: u64 = 16;
/// Parts of a unit of cost; sizes are compared more finely than borders.
const PARTS: u64 = 1024;

/// Cuts `range` at some of `borders`. Every piece fits its room, unless it has no border within.
pub(super) fn choose(
    text: &str,
    range: &Range<usize>,
    borders: &[Border],
    room: &Room,
    count: &TokenCount,
) -> Vec<Range<usize>> {
    let ends = borders.iter().copied().chain([Border {
        at: range.end,
        cost: 0,
    }]);

    let mut nodes = vec![Node {
        at: range.start,
        ..Node::default()
    }];

    for Border { at, cost } in ends {
        let last = nodes[nodes.len() - 1];
        let words = last.words + usize::from(!is_wordless(&text[last.at..at]));
        let mut node = Node {
            at,
            words,
            total: u64::MAX,
            from: 0,
        };

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

            let total =
                start.total + u64::from(cost) * PARTS + piece(size, allowed, words > start.words);
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
    total: u64,
    from: usize,
}

/// What a piece costs, in parts.
fn piece(size: usize, allowed: usize, words: bool) -> u64 {
    let mut cost = PIECE;
    if size < TINY.min(allowed / 2) {
        cost += CRUMB;
    }

    if !words {
        cost += WORDLESS;
    }

    if size > allowed {
        cost += TOO_LONG;
    }

    let full = size.min(allowed) as u64 * PARTS / allowed as u64;
    u64::from(cost) * PARTS + UNEVEN * full * full / PARTS
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

#[cfg(test)]
mod tests {
    use mcdewey_core::testing::FakeEmbed;

    use super::*;

    /// Cuts words of two bytes, ten to a passage; `borders` are given by word and cost.
    fn check(words: usize, borders: &[(usize, u32)], expected: &[usize]) {
        let text = "a ".repeat(words);
        let count = TokenCount::new(&text, &FakeEmbed::new(&[])).unwrap();
        let borders: Vec<Border> = borders
            .iter()
            .map(|(word, cost)| Border {
                at: word * 2,
                cost: *cost,
            })
            .collect();

        let found = choose(
            &text,
            &(0..text.len()),
            &borders,
            &Room::bare(10, 0),
            &count,
        );

        let sizes: Vec<usize> = found.iter().map(|piece| piece.len() / 2).collect();
        assert_eq!(sizes, expected, "{borders:?}");
    }

    #[test]
    fn the_cheapest_borders_win_and_pieces_are_even() {
        check(16, &[(7, 90), (8, 90), (9, 90)], &[8, 8]);
        check(16, &[(7, 0), (8, 90), (9, 90)], &[7, 9]);
        check(24, &[(8, 0), (10, 64), (16, 0)], &[8, 8, 8]);
    }

    #[test]
    fn crumbs_are_avoided_and_what_cannot_be_cut_stays() {
        check(12, &[(5, 64), (10, 0)], &[5, 7]);
        check(22, &[(11, 0)], &[11, 11]);
        check(12, &[], &[12]);
    }
}
