//! The two signs that a question may have: quotation marks around a phrase, and a minus before what
//! is to be left out.

use mcdewey_core::Chunk;

use crate::question::terms;
use crate::question::terms::lower_words;

/// Marks that open a phrase, each with the one that closes it.
const QUOTATION_MARKS: [(char, char); 4] = [('"', '"'), ('“', '”'), ('„', '“'), ('«', '»')];
/// A longer text between quotation marks is a quotation, of which documents may have a part.
const MAX_PHRASE_WORDS: usize = 16;
/// A question of at least so many words between quotation marks is quoted, not a phrase to be found.
const QUOTED_QUESTION_WORDS: usize = 4;
/// Shorter words after a minus are options of a command ("-k", "-it").
const MIN_EXCLUDED_LETTERS: usize = 3;

/// What a question requires of a passage.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Syntax {
    /// The phrases that a passage must contain.
    pub(crate) phrases: Vec<Phrase>,
    /// The words and phrases that it must not contain.
    pub(crate) excluded: Vec<Phrase>,
    /// The question without what is to be left out.
    pub(crate) rest: String,
}

/// Words that follow each other, with nothing but punctuation between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Phrase {
    /// As the question writes it.
    pub(crate) text: String,
    words: Vec<String>,
}

impl Phrase {
    /// Returns `None` without a word that can be looked up.
    fn new(text: &str) -> Option<Self> {
        let words = lower_words(text);
        let is_question = text.trim_end().ends_with('?') && words.len() >= QUOTED_QUESTION_WORDS;
        let is_searchable = words.len() <= MAX_PHRASE_WORDS
            && words.iter().any(|word| terms::stem(word).is_some())
            && !is_question;
        is_searchable.then(|| Self {
            text: text.trim().to_owned(),
            words,
        })
    }

    /// Reports whether a chunk has the phrase in its text or in a heading, regardless of case.
    pub(crate) fn is_in(&self, chunk: &Chunk) -> bool {
        let text = mcdewey_core::dense_form(&chunk.text);
        let headings = chunk.headings.iter().map(String::as_str);
        headings.chain([text.as_str()]).any(|text| {
            let words = lower_words(text);
            words
                .windows(self.words.len())
                .any(|window| window == self.words)
        })
    }

    /// Reports whether a chunk has the phrase or, if it is one word, an inflection of it.
    pub(crate) fn is_mentioned_in(&self, chunk: &Chunk) -> bool {
        let [word] = self.words.as_slice() else {
            return self.is_in(chunk);
        };
        let Some(stem) = terms::stem(word) else {
            return false;
        };

        let stems = [stem].into_iter().collect();
        let headings = chunk.headings.iter().map(String::as_str);
        headings
            .chain([chunk.text.as_str()])
            .any(|text| terms::stem_matches(text, &stems).next().is_some())
    }
}

impl Syntax {
    /// Reads the signs. A command line or a pasted text has none: there, a minus begins an option.
    pub(crate) fn parse(question: &str, is_paste: bool) -> Self {
        let mut syntax = Self {
            rest: question.to_owned(),
            ..Self::default()
        };
        if is_paste {
            return syntax;
        }

        let has_options = question
            .split_whitespace()
            .any(|word| word.starts_with("--") || matches!(word, "|" | "&&" | "$" | "#"));
        let mut rest = String::new();
        let mut at = 0;
        while at < question.len() {
            let (before, after) = question.split_at(at);
            let is_start = before.ends_with(|c: char| c.is_whitespace() || c == '(') || at == 0;
            if is_start && let Some((text, length)) = quoted(after) {
                syntax.phrases.extend(Phrase::new(text));
                rest.push_str(&after[..length]);
                at += length;
            } else if is_start
                && at > 0
                && !has_options
                && let Some((phrase, length)) = excluded(after)
            {
                syntax.excluded.push(phrase);
                at += length;
            } else {
                let next = after.chars().next().map_or(0, char::len_utf8);
                rest.push_str(&after[..next]);
                at += next;
            }
        }

        // With nothing else in the question, there is nothing to search for.
        if syntax.excluded.is_empty() || terms::content_stems(&rest).is_empty() {
            syntax.excluded.clear();
        } else {
            syntax.rest = rest.split_whitespace().collect::<Vec<_>>().join(" ");
        }
        syntax
    }
}

/// Returns the phrase between the quotation marks at the start of a text, and the length of all.
fn quoted(text: &str) -> Option<(&str, usize)> {
    let first = text.chars().next()?;
    let (open, close) = QUOTATION_MARKS.iter().find(|(open, _)| *open == first)?;
    let inner = &text[open.len_utf8()..];
    let end = inner.find(*close)?;
    let phrase = &inner[..end];
    let after = inner[end + close.len_utf8()..].chars().next();

    // An inch is no quotation mark: 19" rack.
    let is_phrase = !phrase.starts_with(char::is_whitespace)
        && !phrase.ends_with(char::is_whitespace)
        && after.is_none_or(|c| !c.is_alphanumeric());
    is_phrase.then(|| (phrase, open.len_utf8() + end + close.len_utf8()))
}

/// Returns what the minus at the start of a text excludes, and the length of all.
fn excluded(text: &str) -> Option<(Phrase, usize)> {
    let rest = text.strip_prefix('-')?;
    if let Some((phrase, length)) = quoted(rest) {
        return Some((Phrase::new(phrase)?, 1 + length));
    }

    let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
    let word = rest[..length].trim_end_matches(['?', '.', ',', ';', '!']);
    let is_word =
        word.chars().count() >= MIN_EXCLUDED_LETTERS && word.chars().all(char::is_alphabetic);
    is_word.then(|| Some((Phrase::new(word)?, 1 + length)))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::chunk;

    fn texts(phrases: &[Phrase]) -> Vec<&str> {
        phrases.iter().map(|phrase| phrase.text.as_str()).collect()
    }

    fn without_signs(question: &str) -> Syntax {
        Syntax {
            rest: question.to_owned(),
            ..Syntax::default()
        }
    }

    #[test]
    fn phrases_and_exclusions_are_read() {
        let parsed = Syntax::parse("“barge call” or \"team message\" -finesse", false);
        assert_eq!(texts(&parsed.phrases), ["barge call", "team message"]);
        assert_eq!(texts(&parsed.excluded), ["finesse"]);
        assert_eq!(parsed.rest, "“barge call” or \"team message\"");

        let parsed = Syntax::parse("sign in -\"agent desktop\" -gadgets?", false);
        assert_eq!(texts(&parsed.excluded), ["agent desktop", "gadgets"]);
        assert_eq!(parsed.rest, "sign in");
    }

    #[test]
    fn inches_options_and_pastes_have_no_signs() {
        for question in [
            "19\" rack with 24\" screen",
            "curl -k fails",
            "kafka-topics --list -topic x",
            "set it to -40 degrees",
            "drop-down -",
            "-finesse",
            "a \"the\" b",
            "ps aux | grep -relayd",
        ] {
            let parsed = Syntax::parse(question, false);
            assert_eq!(parsed, without_signs(question), "{question}");
        }

        let paste = "cannot open \"relayd.conf\" -finesse";
        assert_eq!(Syntax::parse(paste, true), without_signs(paste));
    }

    #[test]
    fn a_phrase_is_its_words_in_order() {
        let phrase = |text: &str| Phrase::new(text).unwrap();
        let passage = chunk(
            "p::0",
            "The **barge** call: `log\\_min\\_messages`. Calls are barged.",
        );

        for text in ["barge call", "Barge Call", "log_min_messages", "barge"] {
            assert!(phrase(text).is_in(&passage), "{text}");
        }
        for text in ["call barge", "barge calls", "min_log"] {
            assert!(!phrase(text).is_in(&passage), "{text}");
        }

        assert!(phrase("barging").is_mentioned_in(&passage));
        assert!(!phrase("barging").is_in(&passage));
        assert!(Phrase::new("of the").is_none());

        // A question in quotation marks is a question.
        assert!(Phrase::new("Where do I sign in?").is_none());
        assert!(Phrase::new("Sign in?").is_some());
    }
}
