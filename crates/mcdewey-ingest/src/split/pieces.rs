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
    let heading = count.of(&(range.start..lead));
    let mut found = if heading > 0 && heading * 2 <= capacity {
        let mut found = split(text, lead..range.end, cut_at.saturating_sub(heading), count);
        if let Some(first) = found.first_mut() {
            first.start = range.start;
        }
        found
    } else {
        split(text, range, cut_at, count)
    };
    absorb_wordless(text, &mut found, capacity, count);
    balance_tail(text, &mut found, capacity, count);
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
            Some(last)
                if (wordless(&piece) || wordless(last)) && count.of(&(last.start..piece.end)) <= capacity =>
            {
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
