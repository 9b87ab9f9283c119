//! Finds identifiers in a question: names and codes that are so specific that a page without them
//! hardly answers it.

use std::collections::HashSet;

use mcdewey_core::{VersionForm, VersionName};

use crate::question::paste::is_local_value;
use crate::question::terms;
use crate::question::terms::is_listed;

/// A name or code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identifier {
    /// As written in the question.
    pub(crate) text: String,
    /// Its runs of letters and digits.
    pub(crate) parts: Vec<String>,
}

impl Identifier {
    /// Reports whether it is written like a name in a program or a code. Abbreviations and product
    /// names with a capital inside ("REST", "JavaScript") are not, and neither are versions and numbers.
    pub(crate) fn is_exact(&self) -> bool {
        let capitals_inside = self
            .text
            .chars()
            .zip(self.text.chars().skip(1))
            .filter(|(before, c)| before.is_lowercase() && c.is_uppercase())
            .count();
        // Of "12.5 SU3", the second word alone is a part of a version too.
        let with_number = format!("1.0 {}", self.text);
        let is_version = [self.text.as_str(), with_number.as_str()]
            .into_iter()
            .filter_map(VersionName::parse)
            .any(|version| {
                version.form == VersionForm::Explicit && version.version.ends_with(&self.text)
            });
        let is_brand = self
            .text
            .rsplit_once('.')
            .is_some_and(|(name, ending)| !name.contains('.') && is_listed(ending, BRAND_ENDINGS));
        if is_version || is_brand || !self.text.contains(char::is_alphabetic) {
            return false;
        }

        let starts_small = self.text.starts_with(char::is_lowercase);
        let is_compound = self.parts.len() > 1 && self.text.contains(['_', '.', ':']);

        is_compound
            || self.text.contains(|c: char| c.is_ascii_digit())
            || capitals_inside > usize::from(!starts_small)
    }

    /// The token that the index has for it.
    pub(crate) fn token(&self) -> String {
        match self.parts.len() {
            1 => self.parts[0].clone(),
            _ => mcdewey_core::compound_token(&self.parts),
        }
    }
}

/// The number of words besides its names that a question for names has.
const MAX_OTHER_WORDS: usize = 1;
/// What names of products and companies end with after a dot ("Node.js", "Claude.ai").
const BRAND_ENDINGS: &str = "ai app cloud com dev io js net org";
/// How grave a message of a log is. It names nothing.
const LOG_LEVELS: [&str; 12] = [
    "TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "WARNING", "ERROR", "ERR", "SEVERE", "CRITICAL",
    "CRIT", "FATAL",
];
/// Units behind a number ("30s", "5GB").
const UNITS: [&str; 24] = [
    "s", "ms", "us", "ns", "sec", "min", "h", "hr", "d", "k", "kb", "mb", "gb", "tb", "kib", "mib",
    "gib", "hz", "khz", "mhz", "ghz", "px", "st", "th",
];

/// Returns the identifiers of a question, each once: identifiers of programs (`setAgentState`,
/// `log_min_messages`, `tune.bufsize`), codes with digits, words in capitals, and capitalised words
/// other than the first.
///
/// Words in `known` (in lower case) are names of the library's own products and left out.
pub(crate) fn identifiers(question: &str, known: &HashSet<String>) -> Vec<Identifier> {
    let words = question
        .split(is_separator)
        // Dots in a row leave something out, and join nothing.
        .flat_map(|word| word.split(".."))
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()));
    let mut found: Vec<Identifier> = Vec::new();
    let mut seen = HashSet::new();

    let mut is_first = true;
    for word in words.filter(|word| !word.is_empty()) {
        let parts: Vec<String> = terms::words(word)
            .map(|(part, _)| part.to_owned())
            .collect();
        let is_identifier = is_identifier(word, parts.len(), std::mem::take(&mut is_first));
        let is_known = parts
            .iter()
            .all(|part| known.contains(&part.to_lowercase()) || terms::stem(part).is_none());
        let names_nothing = LOG_LEVELS.contains(&word)
            || is_measure(word)
            || is_span_of_years(word)
            || is_local_value(word);

        if is_identifier && !is_known && !names_nothing && seen.insert(word) {
            found.push(Identifier {
                text: word.to_owned(),
                parts,
            });
        }
    }

    found
}

/// Returns the names and codes of a question that is hardly more than these ("what does RLY-2004-E
/// mean"); none if it has other words. Words in `known` do not count.
pub(crate) fn names_asked_for<'a>(
    question: &str,
    identifiers: &'a [Identifier],
    known: &HashSet<String>,
) -> Vec<&'a Identifier> {
    let names: Vec<&Identifier> = identifiers.iter().filter(|name| name.is_exact()).collect();
    let is_of_name = |word: &str| {
        known.contains(&word.to_lowercase())
            || names
                .iter()
                .any(|name| name.parts.iter().any(|part| part == word))
    };
    let others = terms::words(question)
        .filter(|(word, _)| !is_of_name(word) && terms::stem(word).is_some())
        .count();
    if others > MAX_OTHER_WORDS {
        return Vec::new();
    }

    names
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || ",;?!\"'`()<>[]{}=|".contains(c)
}

/// Reports whether a word is a span of years such as "2011-12": pages write it in many ways.
fn is_span_of_years(word: &str) -> bool {
    let is_year = |text: &str| {
        text.len() == 4 && ["19", "20"].iter().any(|century| text.starts_with(century))
    };
    let is_end = |text: &str| text.len() == 2 || is_year(text);
    word.split_once(['-', '–', '/']).is_some_and(|(from, to)| {
        let numbers = [from, to].concat();
        is_year(from) && is_end(to) && numbers.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Reports whether a word is a number with a unit.
fn is_measure(word: &str) -> bool {
    let unit = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    unit.len() < word.len() && UNITS.iter().any(|known| unit.eq_ignore_ascii_case(known))
}

fn is_identifier(word: &str, parts: usize, is_first: bool) -> bool {
    let capitals = word.chars().filter(|c| c.is_uppercase()).count();
    let starts_with_capital = word.starts_with(char::is_uppercase);
    let has_digit = word.contains(|c: char| c.is_ascii_digit());
    let is_compound = parts > 1 && word.contains(['_', '.', ':']);

    // A single digit is more often a count than a code.
    is_compound
        || (has_digit && word.len() > 1)
        || capitals > usize::from(starts_with_capital)
        || (starts_with_capital && !is_first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(question: &str) -> Vec<String> {
        identifiers(question, &HashSet::from(["ccx".to_owned()]))
            .into_iter()
            .map(|identifier| identifier.text)
            .collect()
    }

    #[test]
    fn names_in_programs_and_codes_are_exact() {
        let is_exact = |question: &str| {
            let found = identifiers(question, &HashSet::new());
            found.iter().any(Identifier::is_exact)
        };

        for name in [
            "log_min_messages",
            "max.poll.records",
            "SEND_DTMF",
            "setAgentState",
            "ConsumerRebalanceListener",
            "RLY-2004-E",
            "0x8044FE1",
            "CF21",
        ] {
            assert!(is_exact(name), "{name}");
        }
        for word in [
            "an SSL certificate",
            "the REST API",
            "with JavaScript",
            "on GitHub",
            "with Node.js",
            "on example.com",
            "in ASP.NET",
            "a Wi-Fi network",
            "retry in 30s",
            "WARN peer",
            "peer 192.168.1.20",
            "Kafka 3.8",
            "login with 12.5(1) SU3",
            "in v3.8",
            "port 8443",
        ] {
            assert!(!is_exact(word), "{word}");
        }
    }

    #[test]
    fn program_identifiers_codes_and_capitalised_words_are_found() {
        assert_eq!(found("finesse SEND_DTMF on a dialog"), ["SEND_DTMF"]);
        assert_eq!(
            found("haproxy tune.bufsize default, setAgentState()"),
            ["tune.bufsize", "setAgentState"]
        );
        assert_eq!(found("ccx cti error 88012"), ["88012"]);
        assert_eq!(
            found("How does Genesys Cloud do it in CCX?"),
            ["Genesys", "Cloud"]
        );
    }

    #[test]
    fn ordinary_words_are_not_identifiers() {
        for question in [
            "Why does the walkie-talkie ring 3 times",
            "a used car market...how do you think",
            "the budget of 2011-12 and of 2019/2020",
        ] {
            assert_eq!(found(question), Vec::<String>::new());
        }
        assert_eq!(found("part 2011-12345"), ["2011-12345"]);
    }
}
