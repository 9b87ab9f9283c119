//! The canonical form of a version, and the order of versions.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::VersionScheme;
use crate::InvalidValue;

/// The canonical form of a version: numbers, then words with numbers ("12.5.1su3").
///
/// Trailing zeros are dropped (15.0 is 15). Pre-releases sort before their version, service updates
/// after it.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct VersionKey {
    numbers: Vec<u64>,
    suffixes: Vec<Suffix>,
}

/// A word after the numbers of a version, with its number or 0: "su3", "rc1", "beta".
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Suffix {
    pub(super) word: String,
    pub(super) number: u64,
}

impl Suffix {
    /// Returns the word's rank relative to the version without a suffix (0): development builds
    /// come first, updates last.
    fn rank(&self) -> i8 {
        match self.word.as_str() {
            "dev" | "snapshot" | "nightly" => -4,
            "alpha" => -3,
            "beta" | "preview" | "pre" => -2,
            // "1.2a1" is an alpha, "17.9.4a" a patch.
            "a" if self.number > 0 => -3,
            "b" if self.number > 0 => -2,
            "rc" | "cr" => -1,
            _ => 1,
        }
    }
}

impl VersionKey {
    pub(super) fn from_parts(mut numbers: Vec<u64>, suffixes: Vec<Suffix>) -> Self {
        while numbers.len() > 1 && numbers.last() == Some(&0) {
            numbers.pop();
        }

        Self { numbers, suffixes }
    }

    /// Reports whether this is `version` or a more precise form of it: 7.3.1 refines 7.3.
    pub fn refines(&self, version: &Self) -> bool {
        self == version || (version.suffixes.is_empty() && self.starts_with(&version.numbers))
    }

    /// Reports whether this is a build of `version`: "1.0.0+build5" is one of 1.0.0.
    pub(super) fn is_build_of(&self, version: &Self) -> bool {
        self.numbers == version.numbers
            && self.suffixes.split_last().is_some_and(|(last, others)| {
                last.word.starts_with("build") && others == version.suffixes
            })
    }

    /// Reports whether the version starts with these numbers: 12.5.1 starts with 12.5, and 15,
    /// which is 15.0, starts with 15.0.
    pub(super) fn starts_with(&self, numbers: &[u64]) -> bool {
        let own_numbers = self.numbers.iter().copied().chain(std::iter::repeat(0));

        !self.numbers.is_empty()
            && numbers
                .iter()
                .copied()
                .zip(own_numbers)
                .all(|(wanted, own)| wanted == own)
    }
}

impl Ord for VersionKey {
    fn cmp(&self, other: &Self) -> Ordering {
        // A version without numbers ("current") sorts after all numbered ones.
        self.numbers
            .is_empty()
            .cmp(&other.numbers.is_empty())
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
    for index in 0..left.len().max(right.len()) {
        let order = compare_suffix(left.get(index), right.get(index));
        if order.is_ne() {
            return order;
        }
    }

    Ordering::Equal
}

fn compare_suffix(left: Option<&Suffix>, right: Option<&Suffix>) -> Ordering {
    let (left_rank, right_rank) = (left.map_or(0, Suffix::rank), right.map_or(0, Suffix::rank));

    left_rank
        .cmp(&right_rank)
        .then_with(|| match (left, right) {
            (Some(a), Some(b)) => a.word.cmp(&b.word).then(a.number.cmp(&b.number)),
            _ => Ordering::Equal,
        })
}

impl fmt::Display for VersionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, number) in self.numbers.iter().enumerate() {
            let separator = if index == 0 { "" } else { "." };
            write!(f, "{separator}{number}")?;
        }

        for (index, suffix) in self.suffixes.iter().enumerate() {
            let separator = if index == 0 { "" } else { "-" };
            write!(f, "{separator}{}", suffix.word)?;
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
