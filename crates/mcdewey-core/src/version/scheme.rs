//! Parsing of versions, with each product's rules for versions written without separators.

use std::sync::LazyLock;

use regex::Regex;

use super::key::Suffix;
use super::{Version, VersionKey};
use crate::InvalidValue;

/// Words that do not affect the order of versions.
const IGNORED_WORDS: [&str; 9] = [
    "v", "ver", "version", "release", "rel", "ga", "final", "lts", "stable",
];

static PIECES: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[0-9]+|[a-z]+").expect("a valid pattern"));

static LIST_SEPARATOR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\s*(?:,|;|&|/|\+|\band\b|\bor\b)\s*").expect("a valid pattern")
});

/// How a product writes its versions without separators.
///
/// The patterns are tried in order on a leading run of digits; the capture groups of the first
/// match are the numbers. If no pattern matches, the run is a single number.
#[derive(Debug, Clone, Default)]
pub struct VersionScheme {
    compact: Vec<Regex>,
}

impl VersionScheme {
    /// Compiles a scheme from the `compact` patterns of `library.toml`, such as `^(\d\d)(\d)(\d)$`.
    ///
    /// # Errors
    ///
    /// A pattern is not a valid regular expression.
    pub fn new<P: AsRef<str>>(compact: &[P]) -> Result<Self, InvalidValue> {
        let compact = compact
            .iter()
            .map(|pattern| compile(pattern.as_ref()))
            .collect::<Result<_, _>>()?;

        Ok(Self { compact })
    }

    /// Parses a version into its canonical form.
    ///
    /// # Errors
    ///
    /// The text contains neither a number nor a word, or a number exceeds 64 bits.
    pub fn key(&self, text: &str) -> Result<VersionKey, InvalidValue> {
        let (numbers, suffixes) = self.parse_parts(text)?;
        Ok(VersionKey::from_parts(numbers, suffixes))
    }

    /// Parses a version and keeps its spelling as the label.
    ///
    /// # Errors
    ///
    /// See [`key`](Self::key).
    pub fn version(&self, text: &str) -> Result<Version, InvalidValue> {
        Ok(Version {
            label: text.trim().to_owned(),
            key: self.key(text)?,
        })
    }

    /// Parses all versions in a title or field ("12.5(1) and 12.5(2)" are two), each once.
    ///
    /// # Errors
    ///
    /// See [`key`](Self::key).
    pub fn versions(&self, text: &str) -> Result<Vec<Version>, InvalidValue> {
        let mut versions: Vec<Version> = Vec::new();
        let parts = LIST_SEPARATOR
            .split(text)
            .filter(|part| !part.trim().is_empty());

        for part in parts {
            let version = self.version(part)?;
            if versions.iter().all(|known| known.key != version.key) {
                versions.push(version);
            }
        }

        Ok(versions)
    }

    /// Returns the numbers, including trailing zeros, and the suffixes after them.
    pub(super) fn parse_parts(&self, text: &str) -> Result<(Vec<u64>, Vec<Suffix>), InvalidValue> {
        let lower = text.trim().to_lowercase();
        let pieces: Vec<&str> = PIECES
            .find_iter(&lower)
            .map(|piece| piece.as_str())
            .filter(|piece| !IGNORED_WORDS.contains(piece))
            .collect();

        let leading_numbers = pieces.iter().take_while(|piece| is_number(piece)).count();

        let mut numbers = Vec::new();
        let mut suffixes: Vec<Suffix> = Vec::new();

        for (index, piece) in pieces.iter().enumerate() {
            if !is_number(piece) {
                suffixes.push(Suffix {
                    word: (*piece).to_owned(),
                    number: 0,
                });
                continue;
            }

            if index == 0 && leading_numbers == 1 {
                numbers = self.split_compact(piece, text)?;
                continue;
            }

            let number = parse_number(piece, text)?;
            match suffixes.last_mut() {
                None => numbers.push(number),
                Some(last) if last.number == 0 => last.number = number,
                // A second number after a word becomes a suffix of its own ("su2-3" is "su2-p3").
                Some(_) => suffixes.push(Suffix {
                    word: "p".to_owned(),
                    number,
                }),
            }
        }

        if numbers.is_empty() && suffixes.is_empty() {
            let reason = "expected a number or a name";
            return Err(InvalidValue::new("version", text, reason));
        }

        Ok((numbers, suffixes))
    }

    fn split_compact(&self, digits: &str, text: &str) -> Result<Vec<u64>, InvalidValue> {
        let captures = self
            .compact
            .iter()
            .find_map(|pattern| pattern.captures(digits));

        match captures {
            Some(groups) => groups
                .iter()
                .skip(1)
                .flatten()
                .map(|group| parse_number(group.as_str(), text))
                .collect(),
            None => Ok(vec![parse_number(digits, text)?]),
        }
    }
}

fn compile(pattern: &str) -> Result<Regex, InvalidValue> {
    Regex::new(pattern)
        .map_err(|error| InvalidValue::new("version pattern", pattern, error.to_string()))
}

fn is_number(piece: &str) -> bool {
    piece.starts_with(|c: char| c.is_ascii_digit())
}

fn parse_number(digits: &str, text: &str) -> Result<u64, InvalidValue> {
    digits
        .parse()
        .map_err(|_| InvalidValue::new("version", text, "a number in it is too large"))
}
