//! The words that answer a question, kept as their number and a hash: a set of judgments over other
//! people's documents then holds none of their text.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The most words of a phrase. Longer ones cross the borders of chunks too easily.
const MAX_WORDS: usize = 40;

/// Words that follow each other. `Display` writes their number and the first 64 bits of the SHA-256
/// hash of the words joined by spaces, in hexadecimal: `5-9f86d081884c7d65`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Phrase {
    words: usize,
    hash: u64,
}

/// The words of a text in which phrases are looked for: runs of letters and digits in lower case,
/// without the targets of Markdown links and with HTML entities decoded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Words(Vec<String>);

impl Phrase {
    /// Reports whether the words contain this phrase.
    pub(crate) fn is_in(self, text: &Words) -> bool {
        text.0
            .windows(self.words)
            .any(|words| hash(words) == self.hash)
    }
}

impl Words {
    pub(crate) fn of(text: &str) -> Self {
        let text = html_escape::decode_html_entities(text);
        let mut words = Vec::new();
        for part in without_link_targets(&text) {
            let part = part.to_lowercase();
            words.extend(
                part.split(|c: char| !c.is_alphanumeric())
                    .filter(|word| !word.is_empty())
                    .map(str::to_owned),
            );
        }

        Self(words)
    }
}

/// Returns the parts of a text between the targets of its links.
fn without_link_targets(text: &str) -> impl Iterator<Item = &str> {
    let mut parts = text.split("](");
    let first = parts.next();
    first.into_iter().chain(parts.map(|part| {
        let target = part.find([')', '\n']).unwrap_or_default();
        &part[target..]
    }))
}

fn hash(words: &[String]) -> u64 {
    let digest = Sha256::digest(words.join(" "));
    digest[..8]
        .iter()
        .fold(0, |hash, byte| hash << 8 | u64::from(*byte))
}

impl fmt::Display for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:016x}", self.words, self.hash)
    }
}

impl FromStr for Phrase {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.split_once('-')
            .and_then(|(words, hash)| {
                let words = words.parse().ok()?;
                let is_valid = (1..=MAX_WORDS).contains(&words) && hash.len() == 16;
                let hash = u64::from_str_radix(hash, 16).ok()?;
                is_valid.then_some(Self { words, hash })
            })
            .ok_or_else(|| {
                format!(
                    "the evidence {text:?} is not a number of words from 1 to {MAX_WORDS} and 16 \
                     hexadecimal digits, such as 5-9f86d081884c7d65"
                )
            })
    }
}

impl From<Phrase> for String {
    fn from(phrase: Phrase) -> Self {
        phrase.to_string()
    }
}

impl TryFrom<String> for Phrase {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
impl Phrase {
    /// The phrase of all words of a text.
    pub(crate) fn of(text: &str) -> Self {
        let Words(words) = Words::of(text);
        Self {
            words: words.len(),
            hash: hash(&words),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_is_found_whatever_is_between_its_words() {
        let phrase = Phrase::of("linger.ms is 0 by default");
        for text in [
            "The value of `linger.ms` is **0** by\ndefault.",
            "| linger.ms | is 0 | by default |",
            "[linger.ms](config.html#linger.ms) IS 0 by [default](x.md), so nothing waits",
            "&quot;linger.ms&quot; is&nbsp;0 by default",
        ] {
            assert!(phrase.is_in(&Words::of(text)), "{text}");
        }

        for text in ["linger.ms is 10 by default", "is 0 by default", ""] {
            assert!(!phrase.is_in(&Words::of(text)), "{text}");
        }
    }

    #[test]
    fn a_link_that_does_not_end_hides_only_its_line() {
        assert_eq!(
            Words::of("[a](b c\nd e](f"),
            Words(["a", "d", "e", "f"].map(str::to_owned).to_vec())
        );
    }

    #[test]
    fn a_phrase_is_written_as_count_and_hash_and_read_again() {
        let phrase = Phrase::of("test");
        assert_eq!(phrase.to_string(), "1-9f86d081884c7d65");
        assert_eq!(phrase.to_string().parse(), Ok(phrase));

        for wrong in [
            "",
            "1",
            "0-9f86d081884c7d65",
            "41-9f86d081884c7d65",
            "1-9f86",
            "x-9f86d081884c7d65",
        ] {
            assert!(wrong.parse::<Phrase>().unwrap_err().contains(wrong));
        }
    }
}
