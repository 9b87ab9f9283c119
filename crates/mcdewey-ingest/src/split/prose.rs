//! Finds split points in running text with `text-splitter`: between sentences where possible, else
//! between words, else inside words.

use std::convert::Infallible;
use std::ops::Range;

use text_splitter::{ChunkConfig, ChunkSizer, TextSplitter};

use super::page_tokens::PageTokens;
use super::split_points::{CHARACTER, SENTENCE, SplitPoint, WORD};
use super::{PageView, is_wordless};

/// Longer text is passed to the splitter in parts, because its running time grows faster than the
/// text.
const MAX_SPLITTER_BYTES: usize = 16 * 1024;

/// Returns points in `range`, without its ends, at most `step` tokens apart.
pub(super) fn split_points(
    page: &PageView<'_>,
    range: &Range<usize>,
    step: usize,
) -> Vec<SplitPoint> {
    let mut points = Vec::new();
    if page.tokens.count(range) <= step {
        return points;
    }

    let sizer = PageSizer {
        text: page.text,
        tokens: &page.tokens,
    };
    let splitter = TextSplitter::new(ChunkConfig::new(step).with_sizer(sizer).with_trim(false));

    let mut start = range.start;
    while start < range.end {
        let end = part_end(page.text, start..range.end);
        let offsets = splitter
            .try_chunk_indices(&page.text[start..end])
            .filter_map(Result::<_, Infallible>::ok)
            .map(|(at, _)| start + at)
            .filter(|offset| *offset > range.start);

        points.extend(offsets.map(|offset| SplitPoint {
            offset,
            cost: cost_after(&page.text[range.start..offset]),
        }));

        start = end;
    }

    points.retain(|point| !is_wordless(&page.text[point.offset..range.end]));
    points
}

/// Reports whether a line ends with a sentence.
pub(super) fn ends_sentence(text: &str) -> bool {
    let closers = ['"', '\'', ')', ']', '*', '_', '`', '”', '’', '»'];
    let text = text.trim_end().trim_end_matches(closers);
    text.ends_with(['.', '!', '?', ';', '。', '！', '？'])
}

/// Returns the cost of a cut after `before`.
fn cost_after(before: &str) -> u32 {
    if ends_sentence(before) {
        SENTENCE
    } else if before.ends_with(char::is_whitespace) {
        WORD
    } else {
        CHARACTER
    }
}

/// Returns the end of the part that the splitter gets at once: after the last white space, if there
/// is any.
fn part_end(text: &str, range: Range<usize>) -> usize {
    if range.len() <= MAX_SPLITTER_BYTES {
        return range.end;
    }

    let limit = text.floor_char_boundary(range.start + MAX_SPLITTER_BYTES);
    let space = text[range.start..limit]
        .char_indices()
        .rev()
        .find(|(_, c)| c.is_whitespace());

    space.map_or(limit, |(at, c)| range.start + at + c.len_utf8())
}

/// Measures slices of a page by their position in it, which avoids tokenising them again.
struct PageSizer<'a> {
    text: &'a str,
    tokens: &'a PageTokens,
}

impl ChunkSizer for PageSizer<'_> {
    fn size(&self, chunk: &str) -> usize {
        // The splitter passes slices of the text it was given, so their addresses are positions in
        // the page.
        let start = (chunk.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize);
        match start.checked_add(chunk.len()) {
            Some(end) if end <= self.text.len() => self.tokens.count(&(start..end)),
            // Not a slice of the page: too long is the safe answer.
            _ => usize::MAX,
        }
    }
}
