//! Finds identifiers in a question: names and codes that are so specific that a page without them
//! hardly answers it.

use std::collections::HashSet;

use crate::question::terms;

/// A name or code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identifier {
    /// As written in the question.
    pub(crate) text: String,
    /// Its runs of letters and digits.
    pub(crate) parts: Vec<String>,
}

/// Returns the identifiers of a question, each once: identifiers of programs (`setAgentState`,
/// `log_min_messages`, `tune.bufsize`), codes with digits, words in capitals, and capitalised words
/// other than the first.
///
/// Words in `known` (in lower case) are names of the library's own products and left out.
pub(crate) fn identifiers(question: &str, known: &HashSet<String>) -> Vec<Identifier> {
    let words = question
        .split(is_separator)
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

        if is_identifier && !is_known && seen.insert(word) {
            found.push(Identifier {
                text: word.to_owned(),
                parts,
            });
        }
    }

    found
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || ",;?!\"'`()<>[]{}=|".contains(c)
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
        assert_eq!(
            found("Why does the walkie-talkie ring 3 times"),
            Vec::<String>::new()
        );
    }
}
