//! Releases: one canonical form for the many spellings of a version, an order, ranges and "latest".
//!
//! `1251su3`, `12_5_1_su3` and `12.5(1) SU3` are one release of a product whose [`VersionScheme`] says how its
//! run-together digits split; `0110` stands before `39` in a product that writes 0.11.0 and 3.9 that way.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::InvalidValue;

/// A release as a document writes it, with its canonical form.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Version {
    /// As written in the path or title ("v12.5", "12.5(1) SU3").
    pub label: String,
    /// What is compared.
    pub key: VersionKey,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label)
    }
}

/// The canonical form of a release: numbers, then words with numbers ("12.5.1su3"). Trailing zeros do not count
/// (15.0 is 15); pre-releases stand before their release, service updates behind it.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct VersionKey {
    numbers: Vec<u64>,
    suffixes: Vec<Suffix>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Suffix {
    word: String,
    number: u64,
}

impl Suffix {
    /// Where the word stands around its release (0): development builds first, updates last.
    fn rank(&self) -> i8 {
        match self.word.as_str() {
            "dev" | "snapshot" | "nightly" => -4,
            "a" | "alpha" => -3,
            "b" | "beta" | "preview" => -2,
            "rc" | "cr" => -1,
            _ => 1,
        }
    }
}

/// Words that say nothing about the order of releases.
const EMPTY_WORDS: [&str; 9] = [
    "v", "ver", "version", "release", "rel", "ga", "final", "lts", "stable",
];

static PIECES: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[0-9]+|[a-z]+").expect("a valid pattern"));
static LIST_BORDER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\s*(?:,|;|&|/|\+|\band\b|\bor\b)\s*").expect("a valid pattern")
});

impl VersionKey {
    /// Whether this release begins with these numbers: 12.5.1 with 12.5, and 15 (which is 15.0) with 15.0.
    fn starts_with(&self, numbers: &[u64]) -> bool {
        let own = self.numbers.iter().copied().chain(std::iter::repeat(0));
        !self.numbers.is_empty()
            && numbers
                .iter()
                .copied()
                .zip(own)
                .all(|(wanted, own)| wanted == own)
    }

    fn from_parts(mut numbers: Vec<u64>, suffixes: Vec<Suffix>) -> Self {
        while numbers.len() > 1 && numbers.last() == Some(&0) {
            numbers.pop();
        }
        Self { numbers, suffixes }
    }
}

impl Ord for VersionKey {
    fn cmp(&self, other: &Self) -> Ordering {
        // A release without numbers ("current") stands behind every numbered one.
        let numbered = |key: &Self| key.numbers.is_empty();
        numbered(self)
            .cmp(&numbered(other))
            .then_with(|| self.numbers.cmp(&other.numbers))
            .then_with(|| compare_suffixes(&self.suffixes, &other.suffixes))
    }
}

impl PartialOrd for VersionKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn compare_suffixes(left: &[Suffix], right: &[Suffix]) -> Ordering {
    for place in 0..left.len().max(right.len()) {
        let rank = |list: &[Suffix]| list.get(place).map_or(0, Suffix::rank);
        let order =
            rank(left)
                .cmp(&rank(right))
                .then_with(|| match (left.get(place), right.get(place)) {
                    (Some(a), Some(b)) => a.word.cmp(&b.word).then(a.number.cmp(&b.number)),
                    _ => Ordering::Equal,
                });

        if order.is_ne() {
            return order;
        }
    }

    Ordering::Equal
}

impl fmt::Display for VersionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, number) in self.numbers.iter().enumerate() {
            write!(f, "{}{number}", if place == 0 { "" } else { "." })?;
        }

        for (place, suffix) in self.suffixes.iter().enumerate() {
            let border = if place == 0 { "" } else { "-" };
            write!(f, "{border}{}", suffix.word)?;
            if suffix.number > 0 {
                write!(f, "{}", suffix.number)?;
            }
        }

        Ok(())
    }
}

impl fmt::Debug for VersionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VersionKey({self})")
    }
}

impl FromStr for VersionKey {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        VersionScheme::default().key(text)
    }
}

impl From<VersionKey> for String {
    fn from(key: VersionKey) -> Self {
        key.to_string()
    }
}

impl TryFrom<String> for VersionKey {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        text.parse()
    }
}

/// How a product writes its releases without separators: patterns tried in order on a leading run of digits, whose
/// capture groups are the numbers. Without a matching pattern the run is one number.
#[derive(Debug, Clone, Default)]
pub struct VersionScheme {
    compact: Vec<Regex>,
}

impl VersionScheme {
    /// A scheme from `library.toml`'s `compact` patterns, such as `^(\d\d)(\d)(\d)$`.
    pub fn new<P: AsRef<str>>(compact: &[P]) -> Result<Self, InvalidValue> {
        let compile = |pattern: &P| {
            Regex::new(pattern.as_ref()).map_err(|error| {
                InvalidValue::new("version pattern", pattern.as_ref(), error.to_string())
            })
        };

        Ok(Self {
            compact: compact.iter().map(compile).collect::<Result<_, _>>()?,
        })
    }

    /// The canonical form of one release.
    pub fn key(&self, text: &str) -> Result<VersionKey, InvalidValue> {
        let (numbers, suffixes) = self.parts(text)?;
        Ok(VersionKey::from_parts(numbers, suffixes))
    }

    /// Numbers, trailing zeros included, and what stands behind them.
    fn parts(&self, text: &str) -> Result<(Vec<u64>, Vec<Suffix>), InvalidValue> {
        let lower = text.trim().to_lowercase();
        let mut numbers = Vec::new();
        let mut suffixes: Vec<Suffix> = Vec::new();

        let pieces: Vec<&str> = PIECES
            .find_iter(&lower)
            .map(|piece| piece.as_str())
            .filter(|piece| !EMPTY_WORDS.contains(piece))
            .collect();

        let leading = pieces
            .iter()
            .take_while(|piece| piece.starts_with(|c: char| c.is_ascii_digit()))
            .count();

        for (place, piece) in pieces.iter().enumerate() {
            if !piece.starts_with(|c: char| c.is_ascii_digit()) {
                suffixes.push(Suffix {
                    word: (*piece).to_owned(),
                    number: 0,
                });
                continue;
            }

            if place == 0 && leading == 1 {
                numbers = self.split_compact(piece, text)?;
                continue;
            }

            let number = parse_number(piece, text)?;
            match suffixes.last_mut() {
                None => numbers.push(number),
                Some(last) if last.number == 0 => last.number = number,
                Some(_) => suffixes.push(Suffix {
                    word: "p".to_owned(),
                    number,
                }),
            }
        }

        if numbers.is_empty() && suffixes.is_empty() {
            return Err(InvalidValue::new(
                "version",
                text,
                "it holds neither a number nor a name",
            ));
        }

        Ok((numbers, suffixes))
    }

    /// One release with its label.
    pub fn version(&self, text: &str) -> Result<Version, InvalidValue> {
        Ok(Version {
            label: text.trim().to_owned(),
            key: self.key(text)?,
        })
    }

    /// All releases that a title or field names: "12.5(1) and 12.5(2)" are two.
    pub fn versions(&self, text: &str) -> Result<Vec<Version>, InvalidValue> {
        let mut found: Vec<Version> = Vec::new();
        for part in LIST_BORDER
            .split(text)
            .filter(|part| !part.trim().is_empty())
        {
            let version = self.version(part)?;
            if !found.iter().any(|known| known.key == version.key) {
                found.push(version);
            }
        }

        Ok(found)
    }

    fn split_compact(&self, digits: &str, text: &str) -> Result<Vec<u64>, InvalidValue> {
        match self
            .compact
            .iter()
            .find_map(|pattern| pattern.captures(digits))
        {
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

fn parse_number(digits: &str, text: &str) -> Result<u64, InvalidValue> {
    digits
        .parse()
        .map_err(|_| InvalidValue::new("version", text, "a number in it is too large"))
}

/// Which releases a question asks for.
///
/// Written as `latest`, or as alternatives divided by commas: a release (`12.5`), a family (`12.5.*`), a span with
/// both ends (`12.0..15.0`), or comparisons that must all hold (`>=12.0 <15`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionSelector {
    /// The newest release of each product.
    Latest,
    /// Any release in one of the ranges.
    AnyOf(Vec<VersionRange>),
}

/// One alternative of a [`VersionSelector`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionRange {
    /// This release and no other.
    Exact(VersionKey),
    /// Every release whose numbers begin so: 15.0 is not the family of 15.5.
    Family(Vec<u64>),
    /// Between two ends; each end says whether it belongs to the range.
    Between {
        /// The lower end.
        low: Option<(VersionKey, bool)>,
        /// The upper end.
        high: Option<(VersionKey, bool)>,
    },
}

impl VersionSelector {
    /// Reads a selector; `scheme` splits digits that run together.
    pub fn parse(text: &str, scheme: &VersionScheme) -> Result<Self, InvalidValue> {
        if text.trim().eq_ignore_ascii_case("latest") {
            return Ok(Self::Latest);
        }

        let alternatives = text.split(',').filter(|part| !part.trim().is_empty());
        let ranges: Vec<_> = alternatives
            .map(|part| VersionRange::parse(part.trim(), scheme))
            .collect::<Result<_, _>>()?;

        if ranges.is_empty() {
            return Err(InvalidValue::new(
                "version",
                text,
                "name a release, a range such as `12.0..15.0`, or `latest`",
            ));
        }

        Ok(Self::AnyOf(ranges))
    }

    /// The releases among `known` (those of one product) that are asked for.
    pub fn select<'a>(&self, known: &'a [Version]) -> Vec<&'a Version> {
        match self {
            Self::Latest => {
                let newest = known.iter().map(|version| &version.key).max();
                known
                    .iter()
                    .filter(|version| Some(&version.key) == newest)
                    .collect()
            }
            Self::AnyOf(ranges) => known
                .iter()
                .filter(|version| ranges.iter().any(|range| range.contains(&version.key)))
                .collect(),
        }
    }
}

impl VersionRange {
    /// Whether the release lies in the range.
    pub fn contains(&self, key: &VersionKey) -> bool {
        match self {
            Self::Exact(wanted) => key == wanted,
            Self::Family(prefix) => key.starts_with(prefix),
            Self::Between { low, high } => {
                let above = low
                    .as_ref()
                    .is_none_or(|(end, with)| key > end || (*with && key == end));
                let below = high
                    .as_ref()
                    .is_none_or(|(end, with)| key < end || (*with && key == end));
                above && below
            }
        }
    }

    fn parse(text: &str, scheme: &VersionScheme) -> Result<Self, InvalidValue> {
        let end = |part: &str, with| -> Result<_, InvalidValue> {
            if part.trim().is_empty() {
                Ok(None)
            } else {
                Ok(Some((scheme.key(part)?, with)))
            }
        };

        if let Some((low, high)) = text.split_once("..") {
            return Ok(Self::Between {
                low: end(low, true)?,
                high: end(high.trim_start_matches('='), true)?,
            });
        }

        if text.starts_with(['<', '>', '=']) {
            return Self::parse_comparisons(text, scheme);
        }

        let lower = text.to_lowercase();
        if let Some(prefix) = lower
            .strip_suffix(".*")
            .or_else(|| lower.strip_suffix(".x"))
        {
            return match scheme.parts(prefix)? {
                (numbers, suffixes) if suffixes.is_empty() => Ok(Self::Family(numbers)),
                _ => Err(InvalidValue::new(
                    "version",
                    text,
                    "a family ends in numbers, as 12.5.* does",
                )),
            };
        }

        Ok(Self::Exact(scheme.key(text)?))
    }

    fn parse_comparisons(text: &str, scheme: &VersionScheme) -> Result<Self, InvalidValue> {
        static COMPARISON: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"(<=|>=|<|>|=)\s*([^<>=]+)").expect("a valid pattern"));

        let (mut low, mut high) = (None, None);
        for found in COMPARISON.captures_iter(text) {
            let key = scheme.key(&found[2])?;
            match &found[1] {
                ">" => low = Some((key, false)),
                ">=" => low = Some((key, true)),
                "<" => high = Some((key, false)),
                "<=" => high = Some((key, true)),
                _ => return Ok(Self::Exact(key)),
            }
        }

        if low.is_none() && high.is_none() {
            return Err(InvalidValue::new(
                "version",
                text,
                "a release is missing behind the comparison",
            ));
        }

        Ok(Self::Between { low, high })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cisco() -> VersionScheme {
        VersionScheme::new(&[r"^(\d\d)(\d)(\d)?$"]).unwrap()
    }

    fn kafka() -> VersionScheme {
        VersionScheme::new(&[r"^(0)(\d\d)(\d)$", r"^(\d)(\d)$"]).unwrap()
    }

    #[test]
    fn spellings_of_one_release_agree() {
        let scheme = cisco();
        for text in [
            "1251su3",
            "12_5_1_su3",
            "12.5(1) SU3",
            "Release 12.5(1)SU3",
            "v12.5.1-su3",
            "12.5.1.0 SU 3",
        ] {
            assert_eq!(scheme.key(text).unwrap().to_string(), "12.5.1su3", "{text}");
        }

        for text in ["v15.0", "15", "150", "Release 15.0"] {
            assert_eq!(scheme.key(text).unwrap().to_string(), "15", "{text}");
        }
    }

    #[test]
    fn a_canonical_form_reads_back_as_itself() {
        for text in [
            "12.5.1su3",
            "3.9",
            "2025.11.25",
            "1.2rc1",
            "current",
            "3.7es",
            "1.0su1-es2",
            "10.5su2-p3",
        ] {
            let key: VersionKey = text.parse().unwrap();
            assert_eq!(
                key.to_string().parse::<VersionKey>().unwrap(),
                key,
                "{text}"
            );
        }
    }

    #[test]
    fn releases_have_an_order() {
        let order = |scheme: &VersionScheme, texts: &[&str]| {
            for pair in texts.windows(2) {
                assert!(
                    scheme.key(pair[0]).unwrap() < scheme.key(pair[1]).unwrap(),
                    "{pair:?}"
                );
            }
        };

        order(
            &kafka(),
            &["0100", "0110", "0.11.1", "36", "39", "4.0", "current"],
        );

        order(
            &cisco(),
            &[
                "9.1",
                "12.0",
                "12.5-rc1",
                "12.5-rc2",
                "12.5",
                "12.5 SU1",
                "12.5(1)",
                "12.5(1) SU3",
                "12.5(1) SU10",
                "15.0",
            ],
        );

        order(
            &VersionScheme::default(),
            &["2024-11-05", "2025-03-26", "2025-11-25"],
        );
    }

    #[test]
    fn one_title_may_name_two_releases() {
        let labels: Vec<String> = cisco()
            .versions("12.5(1) and 12.5(2)")
            .unwrap()
            .into_iter()
            .map(|version| version.label)
            .collect();

        assert_eq!(labels, ["12.5(1)", "12.5(2)"]);
        assert_eq!(cisco().versions("12.5, v12.5").unwrap().len(), 1);
    }

    #[test]
    fn selectors_choose_among_known_releases() {
        let scheme = cisco();
        let known = scheme
            .versions("11.6, 12.0, 12.5(1), 12.5(1) SU3, 15.0")
            .unwrap();

        let check = |selector: &str, expected: &[&str]| {
            let selector_value = VersionSelector::parse(selector, &scheme).unwrap();
            let chosen: Vec<&str> = selector_value
                .select(&known)
                .iter()
                .map(|version| version.label.as_str())
                .collect();
            assert_eq!(chosen, expected, "{selector}");
        };

        check("latest", &["15.0"]);
        check("v15", &["15.0"]);
        check("12.5", &[]);
        check("12.5.*", &["12.5(1)", "12.5(1) SU3"]);
        check("15.0.*", &["15.0"]);
        check("12.0.*", &["12.0"]);
        check("15.*", &["15.0"]);
        check("12.0..12.5(1)", &["12.0", "12.5(1)"]);
        check(">=12.0 <15", &["12.0", "12.5(1)", "12.5(1) SU3"]);
        check("11.6, 150", &["11.6", "15.0"]);
        check("..12.0", &["11.6", "12.0"]);
        check(">12.5(1)", &["12.5(1) SU3", "15.0"]);
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in ["", "  ", "--", "v", "99999999999999999999999"] {
            assert!(cisco().key(bad).is_err(), "{bad:?}");
        }

        for bad in ["", ",", ">=", "()", "12.5(1) SU3.*"] {
            assert!(VersionSelector::parse(bad, &cisco()).is_err(), "{bad:?}");
        }

        assert!(VersionScheme::new(&["("]).is_err());
    }
}
