//! Sizes stretches of a page in the model's tokens. The page is tokenised once; a stretch is sized by where it lies.

use std::ops::Range;

use mcdewey_core::{Embed, EmbedError};
use text_splitter::ChunkSizer;

/// However few tokens the model makes of it, a stretch counts one token for so many bytes: a word beyond the
/// tokenizer's limit is one unknown token, and megabytes of it would otherwise be one passage. Prose has 4 to 6.
pub(crate) const MAX_BYTES_PER_TOKEN: usize = 24;

/// A page's text and where its tokens begin.
#[derive(Debug)]
pub(crate) struct TokenCount<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> TokenCount<'a> {
    /// Tokenises a page.
    pub(crate) fn new(text: &'a str, embed: &dyn Embed) -> Result<Self, EmbedError> {
        let mut starts: Vec<usize> = embed.tokens(text)?.into_iter().map(|token| token.start).collect();
        // Tokens of one character cut into bytes may come in any order.
        starts.sort_unstable();
        Ok(Self { text, starts })
    }

    /// How many tokens begin in `range`, or what its bytes count for.
    pub(crate) fn of(&self, range: &Range<usize>) -> usize {
        let before = |at: usize| self.starts.partition_point(|start| *start < at);
        let tokens = before(range.end) - before(range.start);
        tokens.max(range.len().div_ceil(MAX_BYTES_PER_TOKEN))
    }
}

impl ChunkSizer for TokenCount<'_> {
    /// `chunk` is a slice of the page: its address says where it lies.
    fn size(&self, chunk: &str) -> usize {
        let start = (chunk.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize);
        match start.checked_add(chunk.len()) {
            Some(end) if end <= self.text.len() => self.of(&(start..end)),
            // Not a slice of the page: too long is the safe answer.
            _ => usize::MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use mcdewey_core::testing::FakeEmbed;

    use super::*;

    #[test]
    fn stretches_are_sized_by_where_they_lie() {
        let text = "one two\n\nthree, four".to_owned();
        let count = TokenCount::new(&text, &FakeEmbed::new(&[])).unwrap();
        assert_eq!(count.size(&text), 5);
        assert_eq!(count.size(&text[4..]), 4);
        assert_eq!(count.size(&text[7..9]), 1.min(count.of(&(7..9))));
        assert_eq!(count.of(&(0..3)), 1);
        assert_eq!(count.size("elsewhere"), usize::MAX);
    }

    #[test]
    fn endless_words_have_a_size_too() {
        let text = "x".repeat(2400);
        let count = TokenCount::new(&text, &FakeEmbed::new(&[])).unwrap();
        assert_eq!(count.size(&text), 100);
    }
}
