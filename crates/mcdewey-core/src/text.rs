//! Forms of a text that are compared or searched; the verbatim text is never changed.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

/// The form in which passages are compared: compatibility characters unified, invisible ones left out, every run of
/// white space one space, no space at the ends. Two passages with one normal form are the same passage.
pub fn normalise(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut gap = false;
    for c in text.nfkc() {
        if is_invisible(c) {
            continue;
        }

        if c.is_whitespace() {
            gap = !out.is_empty();
            continue;
        }

        if gap {
            out.push(' ');
            gap = false;
        }

        out.push(c);
    }

    out
}

/// Stands between the parts of a compound name that is kept whole: a letter no text has, so that whatever divides words
/// at punctuation does not divide here.
const JOINT: char = 'ǀ';

/// Longer runs without a space are no names.
const MAX_NAME: usize = 80;

/// The form that the embedding model sees: [`normalise`]d, without Markdown's escapes (`max\_calls`) and HTML's entities
/// (`&nbsp;`), and with identifiers whole that a converter has torn (`max _calls`).
pub fn dense_form(text: &str) -> String {
    with_whole_identifiers(&plain(text))
}

/// The form that keyword search sees: as in [`dense_form`] escapes and entities are undone; and with the parts
/// of compound identifiers beside the whole (`setAgentState` also as "set Agent State"). Names and releases that
/// punctuation would divide (`log_min_messages`, `12.5(1)`) stand there once more in one piece.
pub fn keyword_form(text: &str) -> String {
    let plain = with_whole_identifiers(&plain(text));
    let mut out = String::with_capacity(plain.len() + plain.len() / 4);
    for word in plain.split(' ') {
        if !out.is_empty() {
            out.push(' ');
        }

        out.push_str(word);
        for name in whole_names(word) {
            out.push(' ');
            out.push_str(&name);
        }

        for token in word.split(|c: char| !c.is_alphanumeric() && c != '_') {
            let parts = identifier_parts(token);
            if parts.len() > 1 {
                for part in parts {
                    out.push(' ');
                    out.push_str(part);
                }
            }
        }
    }

    out
}

/// The names and releases of several parts in a word, each in one piece: `pg_hba.conf` as a whole and `pg_hba`, what
/// stands between two tags of `<a>BARGE_CALL</a>`. Nothing for plain words, even hyphenated ones.
fn whole_names(word: &str) -> Vec<String> {
    let mut names = Vec::new();
    for run in word.split(|c: char| !c.is_alphanumeric() && !"_.:-()".contains(c)) {
        names.extend(whole_name(run));
        let pieces = run
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .filter(|piece| piece.len() < run.len());
        names.extend(pieces.filter_map(whole_name));
    }

    names.sort_unstable();
    names.dedup();
    names
}

fn whole_name(run: &str) -> Option<String> {
    if run.len() > MAX_NAME {
        return None;
    }

    let parts: Vec<&str> = run
        .split(|c: char| !c.is_alphanumeric())
        .filter(|part| !part.is_empty())
        .collect();
    let inner = run.trim_matches(|c: char| !c.is_alphanumeric());
    let named = inner.contains(['_', '.', ':']) || inner.contains(|c: char| c.is_ascii_digit());
    (parts.len() > 1 && named).then(|| joined(&parts))
}

/// The parts of a compound name in the one piece that [`keyword_form`] makes of them.
pub fn joined<P: AsRef<str>>(parts: &[P]) -> String {
    parts
        .iter()
        .map(AsRef::as_ref)
        .collect::<Vec<_>>()
        .join(&JOINT.to_string())
}

/// Whether a word of a keyword form is a compound name in one piece.
pub fn is_joined(word: &str) -> bool {
    word.contains(JOINT)
}

fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}'
    )
}

/// Without escapes and entities.
fn plain(text: &str) -> String {
    let normal = normalise(text);
    let decoded = html_escape::decode_html_entities(&normal);

    // `&nbsp;` is white space only now.
    let decoded = if matches!(decoded, Cow::Borrowed(_)) {
        normal
    } else {
        normalise(&decoded)
    };

    unescape(&decoded)
}

/// Joins what a converter tore at an underscore. `_so_` is emphasis and stays.
fn with_whole_identifiers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = "";

    let mut emphasised = false;
    for word in text.split(' ') {
        let tail = word.starts_with('_')
            && !word[1..].contains('_')
            && word[1..].starts_with(char::is_alphanumeric);
        let head = before.ends_with('_') && before.len() > 1 && !before.starts_with('_');
        let torn = (tail && before.ends_with(|c: char| c.is_ascii_alphanumeric()))
            || (head && !emphasised && word.starts_with(|c: char| c.is_ascii_alphanumeric()));
        emphasised = (tail && !torn) || (emphasised && !before.ends_with('_'));

        if !out.is_empty() && !torn {
            out.push(' ');
        }

        out.push_str(word);
        before = word;
    }

    out
}

/// Takes the backslash from Markdown's escaped punctuation.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\\' && chars.peek().is_some_and(char::is_ascii_punctuation) {
            continue;
        }
        out.push(c);
    }

    out
}

/// `setAgentState` → set, Agent, State; `log_min_messages` → log, min, messages; `HTTPServer` → HTTP, Server.
fn identifier_parts(token: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;

    let chars: Vec<(usize, char)> = token.char_indices().collect();
    for (place, &(at, c)) in chars.iter().enumerate() {
        if c == '_' {
            parts.push(&token[start..at]);
            start = at + 1;
            continue;
        }

        let before = place.checked_sub(1).map(|p| chars[p].1);
        let after = chars.get(place + 1).map(|next| next.1);
        let hump = c.is_uppercase()
            && before.is_some_and(|b| {
                b.is_lowercase() || (b.is_uppercase() && after.is_some_and(char::is_lowercase))
            });

        if hump && at > start {
            parts.push(&token[start..at]);
            start = at;
        }
    }

    parts.push(&token[start..]);
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passages_are_compared_without_their_dress() {
        assert_eq!(normalise("  a\u{a0}b \n\n c\u{200b}d\tﬁ "), "a b cd fi");
        assert_eq!(normalise(""), "");
    }

    #[test]
    fn what_converters_leave_in_a_text_is_not_embedded() {
        assert_eq!(
            dense_form("max\\_calls&nbsp;&lt;8 &#x27;x&#39;"),
            "max_calls <8 'x'"
        );
        assert_eq!(
            dense_form("set max _calls and agent_ id"),
            "set max_calls and agent_id"
        );
        assert_eq!(
            dense_form("is _not_ so, _this one_ too"),
            "is _not_ so, _this one_ too"
        );
        assert_eq!(dense_form("C &c a & b"), "C &c a & b");
    }

    #[test]
    fn identifiers_are_findable_by_their_parts() {
        assert_eq!(
            keyword_form("call setAgentState()"),
            "call setAgentState() set Agent State"
        );
        assert_eq!(
            keyword_form(r"log\_min\_messages"),
            "log_min_messages logǀminǀmessages log min messages"
        );
        assert_eq!(
            keyword_form("the HTTPServer runs"),
            "the HTTPServer HTTP Server runs"
        );
        assert_eq!(
            keyword_form("plain words 0x103 CCX"),
            "plain words 0x103 CCX"
        );
    }

    #[test]
    fn names_with_punctuation_are_findable_whole() {
        assert_eq!(keyword_form("in 12.5(1)."), "in 12.5(1). 12ǀ5ǀ1");
        assert_eq!(
            keyword_form("`tune.bufsize`"),
            "`tune.bufsize` tuneǀbufsize"
        );
        assert_eq!(
            keyword_form("real-time and/or (not)"),
            "real-time and/or (not)"
        );
        assert_eq!(
            keyword_form("pg_hba.conf"),
            "pg_hba.conf pgǀhba pgǀhbaǀconf pg hba"
        );
        assert_eq!(
            keyword_form("<a>BARGE_CALL</a>"),
            "<a>BARGE_CALL</a> BARGEǀCALL BARGE CALL"
        );
        assert!(JOINT.is_alphanumeric());
    }
}
