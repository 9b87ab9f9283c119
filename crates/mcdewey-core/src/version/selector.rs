//! Selection of versions by a question: exact versions, families, ranges and "latest".

use std::ops::{Bound, RangeBounds};
use std::sync::LazyLock;

use regex::Regex;

use super::{Version, VersionKey, VersionScheme};
use crate::InvalidValue;

/// The versions that a question asks for.
///
/// Written as `latest`, or as alternatives separated by commas: a version (`12.5`), a family
/// (`12.5.*`), a range that includes both ends (`12.0..15.0`), or comparisons that must all hold
/// (`>=12.0 <15`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionSelector {
    /// The newest version of each product.
    Latest,
    /// Any version in one of the ranges.
    AnyOf(Vec<VersionRange>),
}

/// One alternative of a [`VersionSelector`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionRange {
    /// Exactly this version, or a build of it ("1.0.0+build5" of 1.0.0).
    Exact(VersionKey),
    /// Every version whose numbers start with these: 15.5 is not in the family 15.0.
    Family(Vec<u64>),
    /// All versions between two bounds.
    Between {
        /// The lower bound.
        low: Bound<VersionKey>,
        /// The upper bound.
        high: Bound<VersionKey>,
    },
}

impl VersionSelector {
    /// Parses a selector; `scheme` splits versions without separators.
    ///
    /// # Errors
    ///
    /// The text is empty, or one of its versions or comparisons is malformed.
    pub fn parse(text: &str, scheme: &VersionScheme) -> Result<Self, InvalidValue> {
        if text.trim().eq_ignore_ascii_case("latest") {
            return Ok(Self::Latest);
        }

        let ranges: Vec<_> = text
            .split(',')
            .filter(|part| !part.trim().is_empty())
            .map(|part| VersionRange::parse(part.trim(), scheme))
            .collect::<Result<_, _>>()?;

        if ranges.is_empty() {
            let reason = "expected a version, a range such as `12.0..15.0`, or `latest`";
            return Err(InvalidValue::new("version", text, reason));
        }

        Ok(Self::AnyOf(ranges))
    }

    /// Returns the selected versions among `known`, which are the versions of one product.
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
    /// Reports whether the version is in the range.
    pub fn contains(&self, key: &VersionKey) -> bool {
        match self {
            Self::Exact(wanted) => key == wanted || key.is_build_of(wanted),
            Self::Family(prefix) => key.starts_with(prefix),
            Self::Between { low, high } => (low.as_ref(), high.as_ref()).contains(key),
        }
    }

    fn parse(text: &str, scheme: &VersionScheme) -> Result<Self, InvalidValue> {
        if let Some((low, high)) = text.split_once("..") {
            return Ok(Self::Between {
                low: parse_inclusive_bound(low, scheme)?,
                high: parse_inclusive_bound(high.trim_start_matches('='), scheme)?,
            });
        }

        if text.starts_with(['<', '>', '=']) {
            return Self::parse_comparisons(text, scheme);
        }

        let lower = text.to_lowercase();
        let family = lower
            .strip_suffix(".*")
            .or_else(|| lower.strip_suffix(".x"));

        match family {
            Some(prefix) => Self::parse_family(prefix, text, scheme),
            None => Ok(Self::Exact(scheme.key(text)?)),
        }
    }

    fn parse_family(
        prefix: &str,
        text: &str,
        scheme: &VersionScheme,
    ) -> Result<Self, InvalidValue> {
        let (numbers, suffixes) = scheme.parse_parts(prefix)?;
        if !suffixes.is_empty() {
            let reason = "a family consists of numbers only, such as `12.5.*`";
            return Err(InvalidValue::new("version", text, reason));
        }

        Ok(Self::Family(numbers))
    }

    fn parse_comparisons(text: &str, scheme: &VersionScheme) -> Result<Self, InvalidValue> {
        static COMPARISON: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"(<=|>=|<|>|=)\s*([^<>=]+)").expect("a valid pattern"));

        let (mut low, mut high) = (Bound::Unbounded, Bound::Unbounded);
        for comparison in COMPARISON.captures_iter(text) {
            let key = scheme.key(&comparison[2])?;
            match &comparison[1] {
                ">" => low = Bound::Excluded(key),
                ">=" => low = Bound::Included(key),
                "<" => high = Bound::Excluded(key),
                "<=" => high = Bound::Included(key),
                _ => return Ok(Self::Exact(key)),
            }
        }

        if (&low, &high) == (&Bound::Unbounded, &Bound::Unbounded) {
            let reason = "expected a version after the comparison";
            return Err(InvalidValue::new("version", text, reason));
        }

        Ok(Self::Between { low, high })
    }
}

/// Parses one end of a range; an end left blank is unbounded.
fn parse_inclusive_bound(
    text: &str,
    scheme: &VersionScheme,
) -> Result<Bound<VersionKey>, InvalidValue> {
    if text.trim().is_empty() {
        Ok(Bound::Unbounded)
    } else {
        Ok(Bound::Included(scheme.key(text)?))
    }
}
