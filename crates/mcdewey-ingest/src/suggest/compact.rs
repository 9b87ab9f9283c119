//! Finds out from the text of documents how versions without separators divide: a page of the
//! folder `38` that speaks of "version 3.8" shows it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

/// How many bytes of a text are searched.
const SEARCHED_BYTES: usize = 256 * 1024;

/// A number with dots in a place where versions stand.
static STATED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)(?:\b(?:version|release|v)\s*|\b[A-Z][a-z]+\s)(\d{1,2}(?:\.\d{1,2}){1,3})\b",
        r"|\b(\d{1,2}(?:\.\d{1,2}){1,3})(?:\.x)?\s+(?:documentation|release)\b",
    ))
    .expect("a valid pattern")
});

/// The numbers with dots that documents state, by the digits of their folder's version.
#[derive(Debug, Default)]
pub(super) struct CompactEvidence {
    /// How many documents state each division of the digits.
    stated: BTreeMap<String, BTreeMap<Vec<usize>, usize>>,
}

impl CompactEvidence {
    /// Searches the texts of a document whose version has these digits.
    pub(super) fn add<'a>(&mut self, digits: &str, texts: impl Iterator<Item = &'a str>) {
        let mut found: Vec<Vec<usize>> = texts
            .flat_map(|text| {
                STATED.captures_iter(&text[..text.floor_char_boundary(SEARCHED_BYTES)])
            })
            .filter_map(|captures| captures.get(1).or_else(|| captures.get(2)))
            .filter_map(|number| division(digits, number.as_str()))
            .collect();
        found.sort();
        found.dedup();

        let counts = self.stated.entry(digits.to_owned()).or_default();
        for division in found {
            *counts.entry(division).or_default() += 1;
        }
    }

    /// Returns `compact` patterns that divide these digits, or none unless most of them are stated
    /// somewhere.
    pub(super) fn patterns(&self, digits: &[&str]) -> Vec<String> {
        let mut divisions: Vec<&Vec<usize>> = digits
            .iter()
            .filter_map(|digits| {
                let counts = self.stated.get(*digits)?;
                let (division, _) = counts.iter().max_by_key(|(_, count)| **count)?;
                Some(division)
            })
            .collect();
        if divisions.len() * 2 < digits.len() || divisions.is_empty() {
            return Vec::new();
        }

        divisions.sort();
        divisions.dedup();
        divisions
            .into_iter()
            .map(|division| pattern(division))
            .collect()
    }
}

/// Returns the lengths of the numbers into which a version such as 3.8.1 divides the digits: its
/// first numbers must be the digits.
fn division(digits: &str, version: &str) -> Option<Vec<usize>> {
    let mut lengths = Vec::new();
    let mut rest = digits;
    for number in version.split('.') {
        if rest.is_empty() {
            break;
        }
        rest = rest.strip_prefix(number)?;
        lengths.push(number.len());
    }

    (rest.is_empty() && lengths.len() > 1).then_some(lengths)
}

fn pattern(lengths: &[usize]) -> String {
    let groups: Vec<String> = lengths
        .iter()
        .map(|length| format!("({})", r"\d".repeat(*length)))
        .collect();
    format!("^{}$", groups.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_show_how_digits_divide() {
        let mut evidence = CompactEvidence::default();
        evidence.add("38", ["Kafka 3.8 Documentation"].into_iter());
        evidence.add("37", ["Since version 3.7.1, three brokers"].into_iter());
        evidence.add("36", ["nothing, 3.6 times"].into_iter());

        assert_eq!(evidence.patterns(&["36", "37", "38"]), [r"^(\d)(\d)$"]);
        assert_eq!(evidence.patterns(&["36"]), Vec::<String>::new());
        assert_eq!(evidence.patterns(&[]), Vec::<String>::new());
    }
}
