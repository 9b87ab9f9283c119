//! Hidden characters: characters that are invisible but change what is read.
//!
//! These are control characters, bidirectional controls, and everything that Unicode allows a
//! renderer to ignore (zero-width characters, variation selectors, the tag characters from U+E0000
//! up). They are removed from document text that is displayed among the server's own words. The
//! text of a chunk stays verbatim.

/// Unicode's `Default_Ignorable_Code_Point`. The property is stable: new characters are assigned
/// only within ranges that are already reserved for it.
const IGNORABLE: [(char, char); 17] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{202a}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fff8}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

/// Reports whether a character is hidden: a control character (including line breaks and tabs), a
/// line or paragraph separator, an annotation mark, or one that Unicode calls ignorable.
pub fn is_hidden(c: char) -> bool {
    let is_separator_or_annotation = matches!(c, '\u{2028}' | '\u{2029}' | '\u{fff9}'..='\u{fffb}');

    c.is_control()
        || is_separator_or_annotation
        || IGNORABLE
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&c))
}

/// Returns `text` on one line: runs of white space become one space, other hidden characters are
/// removed.
pub fn visible_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let mut space_pending = false;

    for c in text.chars() {
        if c.is_whitespace() {
            space_pending = !line.is_empty();
        } else if !is_hidden(c) {
            if std::mem::take(&mut space_pending) {
                line.push(' ');
            }
            line.push(c);
        }
    }

    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignorable_and_control_characters_are_hidden() {
        let hidden = regex::Regex::new(
            r"^[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Zl}\p{Zp}\u{fff9}-\u{fffb}]$",
        )
        .unwrap();
        let mut buffer = [0; 4];
        for c in '\0'..=char::MAX {
            assert_eq!(
                is_hidden(c),
                hidden.is_match(c.encode_utf8(&mut buffer)),
                "U+{:04X}",
                u32::from(c)
            );
        }
    }

    #[test]
    fn letters_of_every_script_are_visible() {
        for text in [
            "Ünïcode",
            "日本語",
            "العربية",
            "עברית",
            "हिन्दी",
            "50 % off!",
            "🙂",
        ] {
            assert!(!text.chars().any(is_hidden), "{text}");
            assert_eq!(visible_line(text), text);
        }
    }

    #[test]
    fn visible_line_removes_breaks_and_hidden_characters() {
        assert_eq!(visible_line("a\r\n\tb\u{2028}c  d "), "a b c d");
        assert_eq!(
            visible_line("ig\u{200b}nore \u{202e}txet\u{202c}\u{1b}[2J"),
            "ignore txet[2J"
        );
        assert_eq!(visible_line("a\u{e0041}\u{e0042}\u{feff}"), "a");
        assert_eq!(visible_line("\u{2066}\n\u{2069}"), "");
    }
}
