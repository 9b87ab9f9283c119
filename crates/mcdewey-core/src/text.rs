//! Normalised forms of text for comparison, embedding and keyword search. The text of a chunk
//! itself stays verbatim.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

/// Joins the parts of a compound token: a letter that does not occur in real text, so tokenizers
/// that split at punctuation keep the compound whole.
const JOINER: char = 'ǀ';

/// Runs without a space that are longer than this many bytes are not treated as names.
const MAX_NAME_BYTES: usize = 80;

/// Returns the form in which chunks are compared: NFKC, without invisible characters, white space
/// collapsed to single spaces and trimmed. Chunks with equal normalised text count as equal.
pub fn normalise(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut space_pending = false;

    // No character combines with white space, so words can be normalised one by one. ASCII is
    // normalised already.
    for word in text.split_ascii_whitespace() {
        space_pending |= !out.is_empty();
        if word.bytes().all(|byte| byte.is_ascii_graphic()) {
            if std::mem::take(&mut space_pending) {
                out.push(' ');
            }
            out.push_str(word);
            continue;
        }

        for c in word.nfkc().filter(|c| !is_invisible(*c)) {
            if c.is_whitespace() {
                space_pending = !out.is_empty();
                continue;
            }

            if std::mem::take(&mut space_pending) {
                out.push(' ');
            }
            out.push(c);
        }
    }

    out
}

/// Returns the form that is embedded: [`normalise`]d, with Markdown escapes (`max\_calls`) and HTML
/// entities (`&nbsp;`) decoded, and with identifiers rejoined that a converter has split
/// (`max _calls`).
pub fn dense_form(text: &str) -> String {
    let decoded = decode_escapes(text);
    if decoded.contains('_') {
        rejoin_split_identifiers(&decoded)
    } else {
        decoded
    }
}

/// Returns the form that is indexed for keyword search: the [`dense_form`], with additional tokens
/// after each word.
///
/// Compound names and versions that punctuation would split (`log_min_messages`, `12.5(1)`) are
/// repeated as one token (see [`compound_token`]), and compound identifiers are followed by their
/// parts (`setAgentState` by "set Agent State").
pub fn keyword_form(text: &str) -> String {
    let dense = dense_form(text);
    let mut out = String::with_capacity(dense.len() + dense.len() / 4);

    for word in dense.split(' ') {
        if !out.is_empty() {
            out.push(' ');
        }

        out.push_str(word);
        if is_plain(word) {
            continue;
        }

        for name in compound_tokens(word) {
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

/// Reports whether a word is of lower-case letters, except for the first one and punctuation around
/// it. Most words are; they are no names and have no parts.
fn is_plain(word: &str) -> bool {
    let letters = word.trim_matches(|c: char| c.is_ascii_punctuation());
    letters.starts_with(|c: char| c.is_ascii_alphabetic())
        && letters[1..].bytes().all(|byte| byte.is_ascii_lowercase())
}

/// Returns the compound tokens of a word: for `pg_hba.conf` the whole and `pg_hba`, for
/// `<a>BARGE_CALL</a>` the name between the tags. Plain words have none, even hyphenated ones.
fn compound_tokens(word: &str) -> Vec<String> {
    let mut tokens = Vec::new();

    for run in word.split(|c: char| !c.is_alphanumeric() && !"_.:-()".contains(c)) {
        tokens.extend(compound_token_of_run(run));
        let pieces = run
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .filter(|piece| piece.len() < run.len());
        tokens.extend(pieces.filter_map(compound_token_of_run));
    }

    tokens.sort_unstable();
    tokens.dedup();
    tokens
}

fn compound_token_of_run(run: &str) -> Option<String> {
    if run.len() > MAX_NAME_BYTES {
        return None;
    }

    // Hyphens alone do not make a name ("real-time"), but with a digit they may ("2025-11-25").
    let inner = run.trim_matches(|c: char| !c.is_alphanumeric());
    let is_name = inner.contains(['_', '.', ':']) || inner.contains(|c: char| c.is_ascii_digit());
    if !is_name {
        return None;
    }

    let parts: Vec<&str> = run
        .split(|c: char| !c.is_alphanumeric())
        .filter(|part| !part.is_empty())
        .collect();

    (parts.len() > 1).then(|| compound_token(&parts))
}

/// Joins the parts of a compound name into the single token that [`keyword_form`] adds for it.
pub fn compound_token<P: AsRef<str>>(parts: &[P]) -> String {
    parts
        .iter()
        .map(AsRef::as_ref)
        .collect::<Vec<_>>()
        .join(&JOINER.to_string())
}

/// Reports whether a word of a [`keyword_form`] is a [`compound_token`].
pub fn is_compound_token(word: &str) -> bool {
    word.contains(JOINER)
}

fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}'
    )
}

/// Normalises the text and decodes HTML entities and Markdown escapes.
fn decode_escapes(text: &str) -> String {
    let normalised = normalise(text);
    let decoded = html_escape::decode_html_entities(&normalised);

    // Decoding may introduce white space (`&nbsp;`), so the result is normalised again.
    let decoded = if matches!(decoded, Cow::Borrowed(_)) {
        normalised
    } else {
        normalise(&decoded)
    };

    if decoded.contains('\\') {
        strip_backslash_escapes(&decoded)
    } else {
        decoded
    }
}

/// Joins identifiers that a converter has split at an underscore. Emphasis (`_so_`) is kept.
fn rejoin_split_identifiers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut previous = "";
    let mut in_emphasis = false;

    for word in text.split(' ') {
        let starts_like_tail = word.starts_with('_')
            && !word[1..].contains('_')
            && word[1..].starts_with(char::is_alphanumeric);
        let follows_head =
            previous.ends_with('_') && previous.len() > 1 && !previous.starts_with('_');
        let is_split = (starts_like_tail
            && previous.ends_with(|c: char| c.is_ascii_alphanumeric()))
            || (follows_head
                && !in_emphasis
                && word.starts_with(|c: char| c.is_ascii_alphanumeric()));
        in_emphasis = (starts_like_tail && !is_split) || (in_emphasis && !previous.ends_with('_'));

        if !out.is_empty() && !is_split {
            out.push(' ');
        }

        out.push_str(word);
        previous = word;
    }

    out
}

/// Removes the backslash of Markdown's escaped punctuation.
fn strip_backslash_escapes(text: &str) -> String {
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

/// Splits an identifier: `setAgentState` → set, Agent, State; `log_min_messages` → log, min,
/// messages; `HTTPServer` → HTTP, Server.
fn identifier_parts(token: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let chars: Vec<(usize, char)> = token.char_indices().collect();

    for (index, &(offset, c)) in chars.iter().enumerate() {
        if c == '_' {
            parts.push(&token[start..offset]);
            start = offset + 1;
            continue;
        }

        let previous = index.checked_sub(1).map(|before| chars[before].1);
        let next = chars.get(index + 1).map(|after| after.1);
        let starts_part = c.is_uppercase()
            && previous.is_some_and(|previous| {
                previous.is_lowercase()
                    || (previous.is_uppercase() && next.is_some_and(char::is_lowercase))
            });

        if starts_part && offset > start {
            parts.push(&token[start..offset]);
            start = offset;
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
    fn normalise_unifies_white_space_and_compatibility_characters() {
        assert_eq!(normalise("  a\u{a0}b \n\n c\u{200b}d\tﬁ "), "a b cd fi");
        assert_eq!(normalise(""), "");
    }

    /// The hashes and vectors of all libraries depend on this form.
    #[test]
    fn words_are_normalised_as_a_whole_text_would_be() {
        fn by_character(text: &str) -> String {
            let visible: String = text.nfkc().filter(|c| !is_invisible(*c)).collect();
            visible.split_whitespace().collect::<Vec<_>>().join(" ")
        }

        let pieces = [
            "word",
            "Über",
            "e",
            "\u{301}",
            "\u{327}",
            " ",
            "\t",
            "\n",
            "\r\n",
            "\u{b}",
            "\u{c}",
            "\u{1c}",
            "\u{85}",
            "\u{a0}",
            "\u{2003}",
            "\u{3000}",
            "\u{200b}",
            "\u{feff}",
            "\u{ad}",
            "\u{b4}",
            "ﬁ",
            "①",
            "ﷺ",
            "\u{1100}",
            "\u{1161}",
            "\u{11a8}",
            "가",
            "\0",
            "\u{7f}",
            "ａ",
            "\u{344}",
            "\u{f71}\u{f72}",
        ];
        let mut state = 1_usize;
        for _ in 0..20_000 {
            let mut text = String::new();
            for _ in 0..state % 9 {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                text.push_str(pieces[(state >> 33) % pieces.len()]);
            }
            state = state.wrapping_add(1);
            assert_eq!(normalise(&text), by_character(&text), "{text:?}");
        }
    }

    #[test]
    fn dense_form_undoes_escapes_entities_and_split_identifiers() {
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
    fn keyword_form_adds_the_parts_of_identifiers() {
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
    fn keyword_form_adds_compound_tokens() {
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
        assert!(JOINER.is_alphanumeric());
    }
}
