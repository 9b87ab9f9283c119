//! Measures ranges of a page in the model's tokens. The page is tokenised once; a range is measured
//! by the tokens that start in it.

use std::ops::Range;

use mcdewey_core::{Embed, EmbedError};

/// A range counts at least one token for this many bytes. The tokenizer turns a word beyond its
/// limit into one unknown token, so megabytes without a space would otherwise become one chunk.
/// Prose has 4 to 6 bytes per token.
pub(crate) const MAX_BYTES_PER_TOKEN: usize = 24;

/// The byte offsets at which a page's tokens start, in ascending order.
#[derive(Debug)]
pub(crate) struct PageTokens {
    starts: Vec<usize>,
}

impl PageTokens {
    /// Tokenises a page.
    pub(crate) fn new(text: &str, embed: &dyn Embed) -> Result<Self, EmbedError> {
        let mut starts: Vec<usize> = embed
            .token_ranges(text)?
            .into_iter()
            .map(|token| token.start)
            .collect();

        // The tokens of a character that was divided into bytes may be in any order.
        starts.sort_unstable();

        Ok(Self { starts })
    }

    /// Returns the number of tokens that start in `range`, or the number its bytes count for if
    /// that is larger.
    pub(crate) fn count(&self, range: &Range<usize>) -> usize {
        let tokens = self.count_before(range.end) - self.count_before(range.start);
        tokens.max(range.len().div_ceil(MAX_BYTES_PER_TOKEN))
    }

    fn count_before(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start < offset)
    }
}

#[cfg(test)]
mod tests {
    use mcdewey_core::testing::FakeEmbed;

    use super::*;

    #[test]
    fn ranges_are_measured_by_the_tokens_that_start_in_them() {
        let text = "one two\n\nthree, four".to_owned();
        let tokens = PageTokens::new(&text, &FakeEmbed::new(&[])).unwrap();
        assert_eq!(tokens.count(&(0..text.len())), 5);
        assert_eq!(tokens.count(&(4..text.len())), 4);
        assert_eq!(tokens.count(&(0..3)), 1);
    }

    #[test]
    fn words_without_end_are_measured_by_their_bytes() {
        let text = "x".repeat(2400);
        let tokens = PageTokens::new(&text, &FakeEmbed::new(&[])).unwrap();
        assert_eq!(tokens.count(&(0..text.len())), 100);
    }
}
