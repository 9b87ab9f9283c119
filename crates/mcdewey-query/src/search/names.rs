//! The names and codes of a question: words that mean one thing only, so that a page without them hardly answers.

use std::collections::HashSet;

use super::terms;

/// A name or code as the question writes it, with its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    /// As it is written.
    pub(crate) text: String,
    /// Its runs of letters and digits.
    pub(crate) parts: Vec<String>,
}

/// The names in a question: identifiers (`setAgentState`, `log_min_messages`, `tune.bufsize`), codes with digits, words
/// in capitals, and words with a capital that does not begin the question. `known` words, in lower case, are the
/// library's own names and left out.
pub(crate) fn names(question: &str, known: &HashSet<String>) -> Vec<Name> {
    let divides = |c: char| c.is_whitespace() || ",;?!\"'`()<>[]{}=|".contains(c);
    let words = question
        .split(divides)
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()));
    let mut found: Vec<Name> = Vec::new();
    let mut seen = HashSet::new();

    let mut is_first = true;
    for word in words.filter(|word| !word.is_empty()) {
        let parts: Vec<String> = terms::words(word)
            .map(|(part, _)| part.to_owned())
            .collect();
        let is_name = is_name(word, parts.len(), std::mem::take(&mut is_first));
        let is_known = parts
            .iter()
            .all(|part| known.contains(&part.to_lowercase()) || terms::stem(part).is_none());

        if is_name && !is_known && seen.insert(word) {
            found.push(Name {
                text: word.to_owned(),
                parts,
            });
        }
    }

    found
}

fn is_name(word: &str, parts: usize, is_first: bool) -> bool {
    let capitals = word.chars().filter(|c| c.is_uppercase()).count();
    let starts_big = word.starts_with(char::is_uppercase);
    let has_digit = word.contains(|c: char| c.is_ascii_digit());
    let joined = parts > 1 && word.contains(['_', '.', ':']);

    // A single digit is a count more often than a code.
    joined
        || (has_digit && word.len() > 1)
        || capitals > usize::from(starts_big)
        || (starts_big && !is_first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(question: &str) -> Vec<String> {
        names(question, &HashSet::from(["ccx".to_owned()]))
            .into_iter()
            .map(|name| name.text)
            .collect()
    }

    #[test]
    fn identifiers_codes_and_capitals_are_names() {
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
    fn plain_words_are_no_names() {
        assert_eq!(
            found("Why does the walkie-talkie ring 3 times"),
            Vec::<String>::new()
        );
    }
}
