//! What tells nearly equal passages from others without comparing their texts: the same section of the same guide in
//! another release differs in a few words.

use std::fmt;
use std::str::FromStr;

use crate::{ContentHash, InvalidValue, normalise};

/// Bits in which the texts of two passages may differ and still be nearly equal. Over 1,531 passages of six releases of
/// one product, pairs within 8 bits had 51 % of their pairs of words or more in common, most of them over 75 %.
const NEAR: u32 = 8;

/// A passage's section and a locality-sensitive hash of its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Simhash {
    /// Names the section: equal for headings that differ in numbers only.
    place: u64,
    /// SimHash of the pairs of words: few bits differ where few words do.
    words: u64,
}

impl Simhash {
    /// The simhash of a text under a heading.
    pub fn of(heading: Option<&str>, text: &str) -> Self {
        Self {
            place: hash(&letters(heading.unwrap_or_default())),
            words: sim_hash(text),
        }
    }

    /// What nearly equal passages have in common whatever the words: equal for equal sections.
    pub fn section(self) -> u64 {
        self.place
    }

    /// Whether the passages are nearly equal: one section, few words changed.
    pub fn is_near(self, other: Self) -> bool {
        self.place == other.place && (self.words ^ other.words).count_ones() <= NEAR
    }
}

/// The words of a heading or title, without numbers, which are what releases differ in.
pub fn letters(text: &str) -> String {
    let text = normalise(text).to_lowercase();
    let words = text.split(|c: char| !c.is_alphanumeric());
    let named = words.filter(|word| !word.is_empty() && !word.contains(char::is_numeric));
    let named = named.filter(|word| !matches!(*word, "release" | "version" | "v" | "su"));
    named.collect::<Vec<_>>().join(" ")
}

fn hash(text: &str) -> u64 {
    let bytes = *ContentHash::of(text).as_bytes();
    u64::from_le_bytes([
        bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7],
    ])
}

/// Each bit is that of most pairs of neighbouring words.
fn sim_hash(text: &str) -> u64 {
    let text = normalise(text).to_lowercase();
    let words: Vec<&str> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let mut votes = [0_i32; 64];

    let mut vote = |pair: &str| {
        let hash = hash(pair);
        for (bit, vote) in votes.iter_mut().enumerate() {
            *vote += if hash >> bit & 1 == 1 { 1 } else { -1 };
        }
    };

    if let [word] = words.as_slice() {
        vote(word);
    }

    words.windows(2).for_each(|pair| vote(&pair.join(" ")));
    votes
        .iter()
        .enumerate()
        .filter(|(_, vote)| **vote > 0)
        .fold(0, |hash, (bit, _)| hash | 1 << bit)
}

/// 32 hexadecimal digits: section, then words.
impl fmt::Display for Simhash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:016x}", self.place, self.words)
    }
}

impl FromStr for Simhash {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let part = |range| {
            text.get(range)
                .and_then(|digits| u64::from_str_radix(digits, 16).ok())
        };

        match (text.len(), part(0..16), part(16..32)) {
            (32, Some(place), Some(words)) => Ok(Self { place, words }),
            _ => Err(InvalidValue::new(
                "likeness",
                text,
                "32 hexadecimal digits are needed".to_owned(),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BARGE: &str = "The supervisor is NOT_READY while monitoring. On an ICD call the agent is TALKING throughout, \
                         and the supervisor's state turns to TALKING after barging in to the call. On a call from agent \
                         to agent the state of both stays what it was before the supervisor came in, and the wrap-up \
                         timer of the agent is not started. The dialog lists three participants until one of them leaves.";

    fn near(left: (&str, &str), right: (&str, &str)) -> bool {
        Simhash::of(Some(left.0), left.1).is_near(Simhash::of(Some(right.0), right.1))
    }

    #[test]
    fn a_few_changed_words_stay_near() {
        let changed = BARGE.replace("three participants", "four participants");
        assert!(near(("Barge in 12.5", BARGE), ("Barge in 15.0", &changed)));
        let other = "Records of calls are written every minute to the table of call details, from which reports read \
                     them; a record has the numbers of both sides, the time of answer and the cause of the end.";
        assert!(!near(("Barge", BARGE), ("Barge", other)));
    }

    #[test]
    fn another_section_is_never_near() {
        assert!(!near(("Barge", BARGE), ("Monitor", BARGE)));
    }

    #[test]
    fn a_title_is_compared_without_its_release() {
        assert_eq!(
            letters("Finesse Developer Guide, Release 12.5(1) SU2"),
            "finesse developer guide"
        );
        assert_eq!(letters("Guide v15.0"), "guide");
    }

    #[test]
    fn a_likeness_survives_being_written() {
        let simhash = Simhash::of(None, BARGE);
        assert_eq!(simhash.to_string().parse::<Simhash>().unwrap(), simhash);
        assert!("12".parse::<Simhash>().is_err() && "é".repeat(16).parse::<Simhash>().is_err());
    }
}
