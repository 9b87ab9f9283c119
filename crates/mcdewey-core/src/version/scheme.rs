//! Parsing of versions, with each product's rules for versions written without separators.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use super::key::Suffix;
use super::notation::single_number;
use super::{Version, VersionKey, VersionName};
use crate::InvalidValue;

/// Words that do not affect the order of versions.
const IGNORED_WORDS: [&str; 9] = [
    "v", "ver", "version", "release", "rel", "ga", "final", "lts", "stable",
];

static PIECES: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[0-9]+|[a-z]+").expect("a valid pattern"));

/// A plus sign without spaces belongs to a version ("1.0.0+build5").
static LIST_SEPARATOR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\s*(?:,|;|&|/|\s\+\s|\band\b|\bor\b)\s*").expect("a valid pattern")
});

/// Spellings that are replaced before a version is parsed: two words of one meaning, a placeholder
/// for any number ("2.x"), and build metadata ("1.0.0+20240501").
static SPELLINGS: LazyLock<[(Regex, &str); 6]> = LazyLock::new(|| {
    [
        (r"service[\s_-]?pack", "sp"),
        (r"service[\s_-]?update", "su"),
        (r"maintenance[\s_-]?release", "mr"),
        (r"release[\s_-]?candidate", "rc"),
        (r"[._]x\b", ""),
        (r"\+(?:build[\s._-]?)?([^\W_])", "+build$1"),
    ]
    .map(|(pattern, text)| (Regex::new(pattern).expect("a valid pattern"), text))
});

/// Words of one meaning, with the one that canonical forms have.
const SYNONYMS: [(&str, &str); 4] = [
    ("update", "u"),
    ("upd", "u"),
    ("patch", "p"),
    ("hotfix", "hf"),
];

static UNDERSCORE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)(\d)_(\d|x\b)").expect("a valid pattern"));

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

    /// Parses a version. Its label is the spelling without a product's name, and with dots where
    /// it is written without separators.
    ///
    /// # Errors
    ///
    /// See [`key`](Self::key).
    pub fn version(&self, text: &str) -> Result<Version, InvalidValue> {
        let written = VersionName::parse(text).map_or(text.trim(), |found| found.version);
        Ok(Version {
            label: self.label(written),
            key: self.key(written)?,
        })
    }

    /// Reports whether a pattern of this scheme splits these digits.
    pub fn splits(&self, digits: &str) -> bool {
        self.compact.iter().any(|pattern| pattern.is_match(digits))
    }

    fn label(&self, written: &str) -> String {
        let start = written.find(|c: char| c.is_ascii_digit()).unwrap_or(0);
        if let Some(digits) = single_number(&written[start..])
            && let Some(numbers) = self.compact_groups(digits)
        {
            let (before, rest) = (&written[..start], &written[start + digits.len()..]);
            return format!("{before}{}{}", numbers.join("."), rest.replace('_', " "));
        }

        // Twice, because matches do not overlap: `1_2_3`.
        let dotted = UNDERSCORE.replace_all(written, "$1.$2");
        UNDERSCORE.replace_all(&dotted, "$1.$2").replace('_', " ")
    }

    /// Returns the numbers into which the first matching pattern splits the digits.
    fn compact_groups<'a>(&self, digits: &'a str) -> Option<Vec<&'a str>> {
        let groups = self
            .compact
            .iter()
            .find_map(|pattern| pattern.captures(digits))?;
        let numbers = groups.iter().skip(1).flatten();
        Some(numbers.map(|group| group.as_str()).collect())
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
        let spelled = usual_spelling(text);
        let mut pieces: Vec<&str> = PIECES
            .find_iter(&spelled)
            .map(|piece| piece.as_str())
            .filter(|piece| !IGNORED_WORDS.contains(piece))
            .map(canonical_word)
            .collect();

        // Letters before the number are a product's name or a vendor's prefix ("ONTAP-9.14.1",
        // "FW1.23"). A version without a number is a word ("current").
        if let Some(first_number) = pieces.iter().position(|piece| is_number(piece)) {
            pieces.drain(..first_number);
        }

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
        let numbers = self.compact_groups(digits).unwrap_or_else(|| vec![digits]);
        numbers
            .into_iter()
            .map(|number| parse_number(number, text))
            .collect()
    }
}

fn usual_spelling(text: &str) -> String {
    let mut spelled = text.trim().to_lowercase();
    for (pattern, replacement) in SPELLINGS.iter() {
        if let Cow::Owned(replaced) = pattern.replace_all(&spelled, *replacement) {
            spelled = replaced;
        }
    }

    spelled
}

fn canonical_word(piece: &str) -> &str {
    SYNONYMS
        .iter()
        .find(|(word, _)| *word == piece)
        .map_or(piece, |(_, canonical)| canonical)
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
