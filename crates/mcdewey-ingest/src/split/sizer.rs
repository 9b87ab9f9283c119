//! Sizes stretches of a page in the model's tokens. The page is tokenised once; a stretch is sized by where it lies.

use std::ops::Range;

use mcdewey_core::{Embed, EmbedError};

/// However few tokens the model makes of it, a stretch counts one token for so many bytes: a word beyond the
/// tokenizer's limit is one unknown token, and megabytes of it would otherwise be one passage. Prose has 4 to 6.
pub(crate) const MAX_BYTES_PER_TOKEN: usize = 24;

/// Where a page's tokens begin.
#[derive(Debug)]
pub(crate) struct TokenCount {
    starts: Vec<usize>,
}

impl TokenCount {
    /// Tokenises a page.
    pub(crate) fn new(text: &str, embed: &dyn Embed) -> Result<Self, EmbedError> {
        let mut starts: Vec<usize> = embed
            .tokens(text)?
            .into_iter()
            .map(|token| token.start)
            .collect();

        // Tokens of one character cut into bytes may come in any order.
        starts.sort_unstable();
        Ok(Self { starts })
    }

    /// How many tokens begin in `range`, or what its bytes count for.
    pub(crate) fn of(&self, range: &Range<usize>) -> usize {
        let before = |at: usize| self.starts.partition_point(|start| *start < at);
        let tokens = before(range.end) - before(range.start);
        tokens.max(range.len().div_ceil(MAX_BYTES_PER_TOKEN))
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
        assert_eq!(count.of(&(0..text.len())), 5);
        assert_eq!(count.of(&(4..text.len())), 4);
        assert_eq!(count.of(&(0..3)), 1);
    }

    #[test]
    fn endless_words_have_a_size_too() {
        let text = "x".repeat(2400);
        let count = TokenCount::new(&text, &FakeEmbed::new(&[])).unwrap();
        assert_eq!(count.of(&(0..text.len())), 100);
    }
}
