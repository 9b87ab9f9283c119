//! Places to cut running text: `text-splitter` finds them, at sentences where it can, else between words, else within.

use std::convert::Infallible;
use std::ops::Range;

use text_splitter::{ChunkConfig, ChunkSizer, TextSplitter};

use super::borders::{Border, CHARACTER, SENTENCE, WORD};
use super::sizer::TokenCount;
use super::{OpenPage, is_wordless};

/// Longer stretches are divided before the splitter sees them; its time grows faster than the text.
const MAX_STRETCH: usize = 16 * 1024;

/// Places in `range`, its ends left out, at most `step` tokens apart.
pub(super) fn borders(page: &OpenPage<'_>, range: &Range<usize>, step: usize) -> Vec<Border> {
    let mut found = Vec::new();
    if page.count.of(range) <= step {
        return found;
    }

    let sizer = Sizer {
        text: page.text,
        count: &page.count,
    };
    let splitter = TextSplitter::new(ChunkConfig::new(step).with_sizer(sizer).with_trim(false));

    let mut start = range.start;
    while start < range.end {
        let end = stretch_end(page.text, start..range.end);
        let chunks = splitter
            .try_chunk_indices(&page.text[start..end])
            .filter_map(Result::<_, Infallible>::ok);

        found.extend(
            chunks
                .map(|(at, _)| start + at)
                .filter(|at| *at > range.start)
                .map(|at| border(page.text, range, at)),
        );

        start = end;
    }

    found.retain(|border| !is_wordless(&page.text[border.at..range.end]));
    found
}

/// Whether a line ends with a sentence.
pub(super) fn ends_sentence(text: &str) -> bool {
    let closers = ['"', '\'', ')', ']', '*', '_', '`', '”', '’', '»'];
    let text = text.trim_end().trim_end_matches(closers);
    text.ends_with(['.', '!', '?', ';', '。', '！', '？'])
}

fn border(text: &str, range: &Range<usize>, at: usize) -> Border {
    let before = &text[range.start..at];
    let cost = match before.ends_with(char::is_whitespace) {
        _ if ends_sentence(before) => SENTENCE,
        true => WORD,
        false => CHARACTER,
    };

    Border { at, cost }
}

/// The end of what the splitter gets at once: behind the last white space, where there is any.
fn stretch_end(text: &str, range: Range<usize>) -> usize {
    if range.len() <= MAX_STRETCH {
        return range.end;
    }

    let limit = (range.start..=range.start + MAX_STRETCH)
        .rev()
        .find(|at| text.is_char_boundary(*at));
    let limit = limit.unwrap_or(range.end);
    let space = text[range.start..limit]
        .char_indices()
        .rev()
        .find(|(_, c)| c.is_whitespace());

    space.map_or(limit, |(at, c)| range.start + at + c.len_utf8())
}

/// Sizes slices of a page by where they lie in it.
struct Sizer<'a> {
    text: &'a str,
    count: &'a TokenCount,
}

impl ChunkSizer for Sizer<'_> {
    fn size(&self, chunk: &str) -> usize {
        let start = (chunk.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize);
        match start.checked_add(chunk.len()) {
            Some(end) if end <= self.text.len() => self.count.of(&(start..end)),
            // Not a slice of the page: too long is the safe answer.
            _ => usize::MAX,
        }
    }
}
