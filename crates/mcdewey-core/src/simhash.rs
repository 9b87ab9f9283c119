//! Detection of nearly equal chunks without comparing their texts: the same section of the same
//! guide in another version differs in a few words.

use std::fmt;
use std::str::FromStr;

use crate::{ContentHash, InvalidValue, normalise};

/// Maximum number of differing bits between nearly equal chunks. Among 1,531 chunks of six versions
/// of one product, pairs within 8 bits had at least 51 % of their word pairs in common, most of
/// them over 75 %.
const MAX_DISTANCE: u32 = 8;

/// A hash of a chunk's section and a locality-sensitive hash (SimHash) of its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Simhash {
    /// Hash of the heading without numbers.
    section: u64,
    /// SimHash of the word pairs: few bits differ if few words differ.
    words: u64,
}

impl Simhash {
    /// Hashes a text under a heading.
    pub fn new(heading: Option<&str>, text: &str) -> Self {
        Self {
            section: hash_u64(&title_without_version(heading.unwrap_or_default())),
            words: hash_word_pairs(text),
        }
    }

    /// Returns the hash of the section: equal for headings that differ only in numbers.
    pub fn section(self) -> u64 {
        self.section
    }

    /// Reports whether two chunks are nearly equal: the same section with few words changed.
    pub fn is_near(self, other: Self) -> bool {
        self.section == other.section && (self.words ^ other.words).count_ones() <= MAX_DISTANCE
    }
}

/// Returns the words of a heading or title in lower case, without numbers and words such as
/// "release", so that the titles of a guide's versions are equal.
pub fn title_without_version(title: &str) -> String {
    normalise(title)
        .to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty() && !word.contains(char::is_numeric))
        .filter(|word| !matches!(*word, "release" | "version" | "v" | "su"))
        .collect::<Vec<_>>()
        .join(" ")
}

fn hash_u64(text: &str) -> u64 {
    let bytes = *ContentHash::of(text).as_bytes();
    u64::from_le_bytes([
        bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7],
    ])
}

/// Returns the SimHash of all pairs of adjacent words: each bit has the value that most pairs have.
/// A text of a single word is hashed as that word.
fn hash_word_pairs(text: &str) -> u64 {
    let text = normalise(text).to_lowercase();
    let words: Vec<&str> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();

    let mut votes = [0_i32; 64];
    if let [word] = words.as_slice() {
        add_votes(&mut votes, word);
    }

    let mut pair = String::new();
    for two in words.windows(2) {
        pair.clear();
        pair.push_str(two[0]);
        pair.push(' ');
        pair.push_str(two[1]);
        add_votes(&mut votes, &pair);
    }

    votes
        .iter()
        .enumerate()
        .filter(|(_, vote)| **vote > 0)
        .fold(0, |hash, (bit, _)| hash | 1 << bit)
}

/// Adds 1 to the votes of the bits that are set in the hash of `text`, and subtracts 1 from the
/// others.
fn add_votes(votes: &mut [i32; 64], text: &str) {
    let hash = hash_u64(text);
    for (bit, vote) in votes.iter_mut().enumerate() {
        *vote += 2 * i32::from(hash >> bit & 1 == 1) - 1;
    }
}

/// Written as 32 hexadecimal digits: section, then words.
impl fmt::Display for Simhash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:016x}", self.section, self.words)
    }
}

impl FromStr for Simhash {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse_hex = |range| {
            text.get(range)
                .and_then(|digits| u64::from_str_radix(digits, 16).ok())
        };

        match (text.len(), parse_hex(0..16), parse_hex(16..32)) {
            (32, Some(section), Some(words)) => Ok(Self { section, words }),
            _ => Err(InvalidValue::new(
                "simhash",
                text,
                "expected 32 hexadecimal digits",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BARGE: &str = "The supervisor is NOT_READY while monitoring. On an ICD call the agent is \
        TALKING throughout, and the supervisor's state turns to TALKING after barging in to the \
        call. On a call from agent to agent the state of both stays what it was before the \
        supervisor came in, and the wrap-up timer of the agent is not started. The dialog lists \
        three participants until one of them leaves.";

    fn is_near(left: (&str, &str), right: (&str, &str)) -> bool {
        Simhash::new(Some(left.0), left.1).is_near(Simhash::new(Some(right.0), right.1))
    }

    #[test]
    fn texts_with_few_changed_words_are_near() {
        let changed = BARGE.replace("three participants", "four participants");
        assert!(is_near(
            ("Barge in 12.5", BARGE),
            ("Barge in 15.0", &changed)
        ));

        let other = "Records of calls are written every minute to the table of call details, from \
            which reports read them; a record has the numbers of both sides, the time of answer \
            and the cause of the end.";
        assert!(!is_near(("Barge", BARGE), ("Barge", other)));
    }

    #[test]
    fn different_sections_are_never_near() {
        assert!(!is_near(("Barge", BARGE), ("Monitor", BARGE)));
    }

    #[test]
    fn titles_are_compared_without_their_version() {
        assert_eq!(
            title_without_version("Finesse Developer Guide, Release 12.5(1) SU2"),
            "finesse developer guide"
        );
        assert_eq!(title_without_version("Guide v15.0"), "guide");
    }

    #[test]
    fn text_form_round_trips() {
        let simhash = Simhash::new(None, BARGE);
        assert_eq!(simhash.to_string().parse::<Simhash>().unwrap(), simhash);
        assert!("12".parse::<Simhash>().is_err() && "é".repeat(16).parse::<Simhash>().is_err());
    }
}
