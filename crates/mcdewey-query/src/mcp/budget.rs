//! Token budgets: counts a response's tokens with the embedding model's tokenizer and truncates
//! text.
//!
//! Counting blocks the calling thread, so a counter exists only within [`counting`], and no async
//! worker counts.

use std::ops::Range;
use std::sync::Arc;

use mcdewey_core::{Embed, EmbedError};
use mcdewey_search::QueryError;
use rmcp::model::CallToolResult;

use crate::ServedLibrary;

/// Budget of a response if the caller names none.
pub(super) const DEFAULT: usize = 3000;
/// Smallest budget a caller may request: enough for a notice that nothing fits.
pub(super) const MIN: usize = 300;
/// Largest budget a caller may request. Clients truncate or reject responses from about 25,000
/// tokens.
pub(super) const MAX: usize = 20_000;

/// Longest word that counts as one token. The tokenizer turns an overlong run of letters (such as
/// encoded data) into one unknown token, but the model that reads the response pays for each piece.
const MAX_TOKEN_BYTES: usize = 16;
/// How much text [`TokenCounter::fits`] counts at a time.
const SLICE_BYTES: usize = 16 * 1024;

/// Runs `work`, which counts tokens, on a thread where blocking is allowed. A call does this once,
/// with everything it counts.
pub(super) async fn counting<T, F>(library: &ServedLibrary, work: F) -> Result<T, QueryError>
where
    T: Send + 'static,
    F: FnOnce(&TokenCounter) -> Result<T, QueryError> + Send + 'static,
{
    let counter = TokenCounter {
        embed: Arc::clone(library.embed()),
    };

    match tokio::task::spawn_blocking(move || work(&counter)).await {
        Ok(result) => result,
        Err(error) => Err(QueryError::Internal(format!(
            "the task that counts tokens failed: {error}"
        ))),
    }
}

/// Counts tokens with the tokenizer of the library's embedding model.
pub(super) struct TokenCounter {
    embed: Arc<dyn Embed>,
}

impl TokenCounter {
    /// A counter outside [`counting`], for tests.
    #[cfg(test)]
    pub(super) fn new(library: &ServedLibrary) -> Self {
        Self {
            embed: Arc::clone(library.embed()),
        }
    }

    /// Returns the number of tokens in `text`.
    pub(super) fn count(&self, text: &str) -> Result<usize, EmbedError> {
        Ok(self.embed.token_ranges(text)?.iter().map(token_cost).sum())
    }

    /// Reports whether `text` has at most `limit` tokens. Stops counting soon after the limit.
    pub(super) fn fits(&self, text: &str, limit: usize) -> Result<bool, EmbedError> {
        let mut rest = text;
        let mut total = 0;
        while !rest.is_empty() {
            let (slice, remainder) = rest.split_at(slice_end(rest));
            total += self.count(slice)?;
            if total > limit {
                return Ok(false);
            }
            rest = remainder;
        }

        Ok(true)
    }

    /// Returns the longest prefix of `text` with at most `limit` tokens that ends at the end of a
    /// line, else of a sentence, else of a word. Empty if not even one word fits.
    pub(super) fn truncate<'a>(&self, text: &'a str, limit: usize) -> Result<&'a str, EmbedError> {
        let mut total = 0;
        for token in self.embed.token_ranges(text)? {
            total += token_cost(&token);
            if total > limit {
                return Ok(trim_to_boundary(&text[..token.start]));
            }
        }

        Ok(text)
    }

    /// Returns the number of tokens of a tool result as it is sent.
    pub(super) fn count_result(&self, result: &CallToolResult) -> Result<usize, QueryError> {
        let json = serde_json::to_string(result)
            .map_err(|error| QueryError::Internal(error.to_string()))?;
        Ok(self.count(&json)?)
    }
}

/// Returns the cost of one token: 1, or more for an overlong one.
fn token_cost(token: &Range<usize>) -> usize {
    1.max(token.len() / MAX_TOKEN_BYTES)
}

/// Trims `text` to the end of its last line, else sentence, else word. A line or sentence end
/// counts only if it keeps at least half of the text.
fn trim_to_boundary(text: &str) -> &str {
    let ends = [
        text.rfind('\n'),
        last_sentence_end(text),
        text.rfind(char::is_whitespace),
    ];

    let best = ends
        .into_iter()
        .flatten()
        .find(|end| *end >= text.len() / 2);

    match best.or_else(|| text.rfind(char::is_whitespace)) {
        Some(end) => text[..end].trim_end(),
        None => "",
    }
}

/// Returns the position after the last punctuation mark that ends a sentence within `text`.
fn last_sentence_end(text: &str) -> Option<usize> {
    ['.', '!', '?', ';']
        .iter()
        .filter_map(|mark| text.rfind(&format!("{mark} ")))
        .max()
        .map(|at| at + 1)
}

/// Returns where the next slice of `text` ends without splitting a word.
fn slice_end(text: &str) -> usize {
    if text.len() <= SLICE_BYTES {
        return text.len();
    }

    let bytes = text.as_bytes();
    (SLICE_BYTES..text.len())
        .find(|at| bytes[*at].is_ascii_whitespace() || bytes[*at].is_ascii_punctuation())
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use mcdewey_core::testing::FakeEmbed;

    use super::*;

    fn counter() -> TokenCounter {
        TokenCounter {
            embed: Arc::new(FakeEmbed::new(&[])),
        }
    }

    #[test]
    fn an_overlong_word_counts_as_several_tokens() {
        let counter = counter();
        assert_eq!(counter.count("two words").unwrap(), 2);
        assert_eq!(counter.count(&"x".repeat(1600)).unwrap(), 100);
    }

    #[test]
    fn long_texts_are_counted_in_slices_without_splitting_words() {
        let counter = counter();
        let text = "word ".repeat(10_000);
        assert_eq!(counter.count(&text).unwrap(), 10_000);
        assert!(counter.fits(&text, 10_000).unwrap());
        assert!(!counter.fits(&text, 9_999).unwrap());
    }

    #[test]
    fn truncated_text_ends_at_a_line_sentence_or_word() {
        let counter = counter();
        let cut = |text: &'static str, limit| counter.truncate(text, limit).unwrap();
        assert_eq!(cut("one two", 2), "one two");
        assert_eq!(cut("one two three\nfour five six", 5), "one two three");
        assert_eq!(cut("One two three. Four five six", 6), "One two three.");
        assert_eq!(cut("one two three four", 3), "one two three");
        assert_eq!(cut("one", 0), "");
    }
}
