//! Cuts a segment into stretches that fit the model's window, at the borders Markdown offers.

use std::convert::Infallible;
use std::ops::Range;

use text_splitter::{ChunkConfig, MarkdownSplitter};

use super::segments::TINY;
use super::sizer::TokenCount;

/// Room kept for a closing fence or rule, so that it need not stand alone.
const WORDLESS_ROOM: usize = 4;

/// Cuts `range` into stretches of at most `capacity` tokens; together they are the range. What stands before `lead`
/// (headings) stays with the text behind it.
pub(super) fn pieces(
    text: &str,
    range: Range<usize>,
    lead: usize,
    capacity: usize,
    count: &TokenCount<'_>,
) -> Vec<Range<usize>> {
    if count.of(&range) <= capacity {
        return vec![range];
    }
    let cut_at = capacity.saturating_sub(WORDLESS_ROOM).max(1);
    let lead = if count.of(&(range.start..lead)) * 2 <= capacity { lead } else { range.start };
    let mut found = without_crumbs(text, range, lead, cut_at, count);
    absorb_wordless(text, &mut found, capacity, count);
    balance_tail(text, &mut found, capacity, count);
    found
}

/// Cuts `range` so that no piece but the last is a crumb: what the splitter leaves alone because the next block does
/// not fit beside it (a heading, an opening fence, "Example:") takes the first part of that block with it.
fn without_crumbs(
    text: &str,
    range: Range<usize>,
    lead: usize,
    capacity: usize,
    count: &TokenCount<'_>,
) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let (mut start, mut lead) = (range.start, lead);
    while start < range.end {
        let room = capacity.saturating_sub(count.of(&(start..lead)));
        let mut pieces = split(text, lead..range.end, room, count);
        if let Some(first) = pieces.first_mut() {
            first.start = start;
        }
        let crumb = |piece: &Range<usize>| piece.end < range.end && count.of(piece) < TINY.min(capacity / 2);
        let sound = pieces.iter().position(crumb).unwrap_or(pieces.len());
        found.extend(pieces.drain(..sound));
        match pieces.first() {
            Some(crumb) => (start, lead) = (crumb.start, crumb.end),
            None => break,
        }
    }
    found
}

fn split(text: &str, range: Range<usize>, capacity: usize, count: &TokenCount<'_>) -> Vec<Range<usize>> {
    let config = ChunkConfig::new(capacity.max(1)).with_sizer(count).with_trim(false);
    let splitter = MarkdownSplitter::new(config);
    let slice = &text[range.clone()];
    let chunks = splitter.try_chunk_indices(slice).filter_map(Result::<_, Infallible>::ok);
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut at = range.start;
    for (start, chunk) in chunks {
        let end = range.start + start + chunk.len();
        found.push(at..end);
        at = end;
    }
    if at < range.end {
        found.push(at..range.end);
    }
    found.retain(|piece| !piece.is_empty());
    found
}

/// Joins pieces without a letter or digit (a closing fence, a rule) with a neighbour that has room: alone they say
/// nothing.
fn absorb_wordless(text: &str, pieces: &mut Vec<Range<usize>>, capacity: usize, count: &TokenCount<'_>) {
    let wordless = |range: &Range<usize>| !text[range.clone()].contains(char::is_alphanumeric);
    let mut kept: Vec<Range<usize>> = Vec::new();
    for piece in pieces.drain(..) {
        match kept.last_mut() {
            Some(last) if (wordless(&piece) || wordless(last)) && count.of(&(last.start..piece.end)) <= capacity => {
                last.end = piece.end;
            }
            _ => kept.push(piece),
        }
    }
    *pieces = kept;
}

/// Divides the last two pieces anew when the last one is a crumb.
fn balance_tail(text: &str, pieces: &mut Vec<Range<usize>>, capacity: usize, count: &TokenCount<'_>) {
    let [.., before, last] = pieces.as_slice() else { return };
    if count.of(last) >= TINY {
        return;
    }
    let both = before.start..last.end;
    let halves = split(text, both.clone(), (count.of(&both) / 2 + TINY / 2).min(capacity), count);
    if let [first, second] = halves.as_slice()
        && count.of(second) > count.of(last)
        && count.of(first) <= capacity
    {
        pieces.truncate(pieces.len() - 2);
        pieces.extend(halves);
    }
}
