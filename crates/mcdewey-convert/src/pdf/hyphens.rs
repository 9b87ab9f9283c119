//! Words that are broken at the end of a line: "infor- mation" is one word, but "real- time" is
//! "real-time". What a word is, is learnt from the rest of the document.

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;

macro_rules! pattern {
    ($name:ident, $pattern:literal) => {
        static $name: LazyLock<Regex> =
            LazyLock::new(|| Regex::new($pattern).expect("a valid pattern"));
    };
}

// Where a word or a number goes on in the next line.
pattern!(BREAK, r"[\p{Alphabetic}\p{N}]- [\p{Lowercase}\p{Lo}\p{N}]");
pattern!(WORDS, r"\p{Alphabetic}+(?:-\p{Alphabetic}+)*");

/// Words before which a hyphen stands for the rest of the word after them: "pre- and post-processing".
const CONJUNCTIONS: [&str; 13] = [
    "and", "or", "nor", "to", "und", "oder", "bis", "et", "ou", "y", "o", "e", "en",
];

/// The words of a document, in lower case, to tell broken words from compounds.
pub(super) struct Vocabulary {
    words: HashSet<String>,
    compounds: HashSet<String>,
}

impl Vocabulary {
    /// Collects the words of a text that are not broken.
    pub(super) fn of(text: &str) -> Self {
        let mut vocabulary = Self {
            words: HashSet::new(),
            compounds: HashSet::new(),
        };
        for found in WORDS.find_iter(text) {
            let is_broken =
                text[found.end()..].starts_with("- ") || text[..found.start()].ends_with("- ");
            if is_broken {
                continue;
            }

            let word = found.as_str().to_lowercase();
            if word.contains('-') {
                vocabulary.compounds.insert(word);
            } else {
                vocabulary.words.insert(word);
            }
        }

        vocabulary
    }

    /// Joins the broken words of a page. Fenced code is left as it is.
    pub(super) fn join_broken_words(&self, page: &str) -> String {
        let mut joined = String::with_capacity(page.len());
        let mut is_code = false;
        for line in page.split_inclusive('\n') {
            let is_fence = line.trim_start().starts_with("```");
            is_code ^= is_fence;
            if is_code || is_fence {
                joined.push_str(line);
            } else {
                self.push_joined(line, &mut joined);
            }
        }

        joined
    }

    fn push_joined(&self, line: &str, joined: &mut String) {
        let mut copied = 0;
        for found in BREAK.find_iter(line) {
            let space = found.range().end
                - found.as_str().chars().next_back().map_or(0, char::len_utf8)
                - 1;
            let before = line[..space - 1].rsplit(char::is_whitespace).next();
            let after = line[space + 1..].split_whitespace().next();
            let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
            let kept = self.kept(before, after);
            joined.push_str(&line[copied..space - 1]);
            joined.push_str(kept);
            copied = space + 1;
        }

        joined.push_str(&line[copied..]);
    }

    /// Returns what is kept of the hyphen and the space between the parts of a word.
    ///
    /// The hyphen is kept where it may belong to the word: in identifiers, and between two words.
    fn kept(&self, before: &str, after: &str) -> &'static str {
        let is_letter = |c: char| c.is_alphabetic();
        let first = before.rsplit(|c| !is_letter(c)).next().unwrap_or_default();
        let second = after.split(|c| !is_letter(c)).next().unwrap_or_default();
        let (first, second) = (first.to_lowercase(), second.to_lowercase());
        if CONJUNCTIONS.contains(&second.as_str()) {
            return "- ";
        }

        if is_identifier(before) || is_identifier(after) {
            return "-";
        }

        if self.words.contains(&format!("{first}{second}")) {
            return "";
        }

        let are_words = self.words.contains(&first) && self.words.contains(&second);
        if are_words || self.compounds.contains(&format!("{first}-{second}")) {
            "-"
        } else {
            ""
        }
    }
}

/// Reports whether a part of a word has characters that only identifiers have inside: digits, dots,
/// slashes.
fn is_identifier(part: &str) -> bool {
    let inside = part.trim_matches(|c: char| !c.is_alphanumeric());
    inside.contains(|c: char| !c.is_alphabetic() && c != '-' && c != '’' && c != '\'')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(document: &str, page: &str, expected: &str) {
        let vocabulary = Vocabulary::of(&format!("{document} {page}"));
        assert_eq!(vocabulary.join_broken_words(page), expected);
    }

    #[test]
    fn a_broken_word_is_one_word() {
        check("", "The infor- mation is here.", "The information is here.");
        check("A timeout, time, out", "The time- out.", "The timeout.");
        check("We start", "Then re- start it.", "Then restart it.");
        check(
            "",
            "| infor- mation | über- tragen |",
            "| information | übertragen |",
        );
    }

    #[test]
    fn compounds_keep_their_hyphen() {
        check("real time", "A real- time call.", "A real-time call.");
        check(
            "End-to-end, re-enter",
            "You re- enter it.",
            "You re-enter it.",
        );
        check(
            "",
            "Call it pre- and post-processing.",
            "Call it pre- and post-processing.",
        );
    }

    #[test]
    fn identifiers_and_ranges_keep_their_hyphen() {
        check(
            "",
            "Use pinpoint.us- east-1.example.org.",
            "Use pinpoint.us-east-1.example.org.",
        );
        check(
            "",
            "Pages 298- 306 and v2- beta.",
            "Pages 298-306 and v2-beta.",
        );
        check("", "us- east-1", "us-east-1");
    }

    #[test]
    fn code_and_dashes_are_left_as_they_are() {
        let text = "```\na- b\n```\nA - b, Wi- Fi\n- list";
        check("", text, text);
    }
}
