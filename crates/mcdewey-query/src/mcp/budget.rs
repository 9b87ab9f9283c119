//! How long an answer is, in tokens of the library's own model, and how much of it fits.
//!
//! Counting runs on the caller's thread: everything here is called where blocking is allowed.

use std::sync::Arc;

use mcdewey_core::{Embed, EmbedError};
use rmcp::model::CallToolResult;

use crate::{Library, QueryError};

/// Budget of an answer when nothing is said.
pub(super) const DEFAULT: usize = 3000;
/// Smallest budget that can be asked for: room for an honest "nothing fits".
pub(super) const MIN: usize = 300;
/// Largest budget that can be asked for; clients cut answers or refuse them from about 25,000 tokens on.
pub(super) const MAX: usize = 20_000;

/// Longest word that counts as one token. A tokenizer calls an endless run of letters (encoded data, say) one unknown
/// token, while the model that reads the answer pays for each piece of it.
const LONGEST_TOKEN_BYTES: usize = 16;
/// How much text is counted at once when only a bound is asked for.
const SLICE_BYTES: usize = 16 * 1024;

/// Runs what counts away from the runtime's threads.
pub(super) async fn blocking<T, F>(work: F) -> Result<T, QueryError>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, QueryError> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(QueryError::Internal(format!(
            "counting tokens was lost: {error}"
        ))),
    }
}

/// Counts tokens.
#[derive(Clone)]
pub(super) struct Counter {
    embed: Arc<dyn Embed>,
}

impl Counter {
    pub(super) fn new(library: &Library) -> Self {
        Self {
            embed: Arc::clone(&library.embed),
        }
    }

    /// How many tokens `text` has.
    pub(super) fn count(&self, text: &str) -> Result<usize, EmbedError> {
        Ok(self
            .embed
            .tokens(text)?
            .iter()
            .map(|token| 1.max(token.len() / LONGEST_TOKEN_BYTES))
            .sum())
    }

    /// Whether `text` has at most `limit` tokens; stops reading soon after it has more.
    pub(super) fn fits(&self, text: &str, limit: usize) -> Result<bool, EmbedError> {
        let mut rest = text;
        let mut total = 0;
        while !rest.is_empty() {
            let (slice, behind) = rest.split_at(slice_end(rest));
            total += self.count(slice)?;
            if total > limit {
                return Ok(false);
            }
            rest = behind;
        }

        Ok(true)
    }

    /// The longest beginning of `text` with at most `limit` tokens, ended where a line, else a sentence, else a word
    /// ends; empty when not even a word fits.
    pub(super) fn beginning<'a>(&self, text: &'a str, limit: usize) -> Result<&'a str, EmbedError> {
        let mut total = 0;
        for token in self.embed.tokens(text)? {
            total += 1.max(token.len() / LONGEST_TOKEN_BYTES);
            if total > limit {
                return Ok(at_border(&text[..token.start]));
            }
        }

        Ok(text)
    }

    /// How many tokens a tool's result has as it is sent.
    pub(super) fn result(&self, result: &CallToolResult) -> Result<usize, QueryError> {
        let json = serde_json::to_string(result)
            .map_err(|error| QueryError::Internal(error.to_string()))?;
        Ok(self.count(&json)?)
    }
}

/// The last good end within `text`: a line's, a sentence's or a word's, unless that leaves less than half.
fn at_border(text: &str) -> &str {
    let sentence = |text: &str| {
        ['.', '!', '?', ';']
            .iter()
            .filter_map(|end| text.rfind(&format!("{end} ")))
            .max()
    };

    let ends = [
        text.rfind('\n'),
        sentence(text).map(|at| at + 1),
        text.rfind(char::is_whitespace),
    ];

    let good = ends
        .into_iter()
        .flatten()
        .find(|end| *end >= text.len() / 2);

    match good.or_else(|| text.rfind(char::is_whitespace)) {
        Some(end) => text[..end].trim_end(),
        None => "",
    }
}

/// Where a slice of `text` may end without cutting a word.
fn slice_end(text: &str) -> usize {
    if text.len() <= SLICE_BYTES {
        return text.len();
    }

    let bytes = text.as_bytes();
    let border = |at: &usize| bytes[*at].is_ascii_whitespace() || bytes[*at].is_ascii_punctuation();
    (SLICE_BYTES..text.len()).find(border).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use mcdewey_core::testing::FakeEmbed;

    use super::*;

    fn counter() -> Counter {
        Counter {
            embed: Arc::new(FakeEmbed::new(&[])),
        }
    }

    #[test]
    fn an_endless_word_is_not_one_token() {
        let counter = counter();
        assert_eq!(counter.count("two words").unwrap(), 2);
        assert_eq!(counter.count(&"x".repeat(1600)).unwrap(), 100);
    }

    #[test]
    fn long_texts_are_counted_in_slices_that_keep_words_whole() {
        let counter = counter();
        let text = "word ".repeat(10_000);
        assert_eq!(counter.count(&text).unwrap(), 10_000);
        assert!(counter.fits(&text, 10_000).unwrap());
        assert!(!counter.fits(&text, 9_999).unwrap());
    }

    #[test]
    fn a_beginning_ends_where_people_would_end_it() {
        let counter = counter();
        let cut = |text: &'static str, limit| counter.beginning(text, limit).unwrap();
        assert_eq!(cut("one two", 2), "one two");
        assert_eq!(cut("one two three\nfour five six", 5), "one two three");
        assert_eq!(cut("One two three. Four five six", 6), "One two three.");
        assert_eq!(cut("one two three four", 3), "one two three");
        assert_eq!(cut("one", 0), "");
    }
}
