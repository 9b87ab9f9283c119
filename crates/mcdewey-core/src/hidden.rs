//! Characters that are not seen but change what is read: control characters, bidirectional controls, and everything that
//! Unicode lets a renderer ignore (zero-width characters, variation selectors, the tag characters U+E0000 and up).
//!
//! For words of documents that are shown among the server's own. The text of a passage stays verbatim.

/// Unicode's `Default_Ignorable_Code_Point`. The property is stable: code points are only added to it within ranges that
/// are reserved for it already.
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

/// Whether a character is hidden: a control character (line breaks and tabs among them), a line or paragraph separator,
/// an annotation mark, or one that Unicode calls ignorable.
pub fn is_hidden(c: char) -> bool {
    let separates = matches!(c, '\u{2028}' | '\u{2029}' | '\u{fff9}'..='\u{fffb}');
    c.is_control()
        || separates
        || IGNORABLE
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&c))
}

/// `text` on one line: white space of any kind is one space, other hidden characters are gone.
pub fn visible_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let mut gap = false;
    for c in text.chars() {
        if c.is_whitespace() {
            gap = !line.is_empty();
        } else if !is_hidden(c) {
            if std::mem::take(&mut gap) {
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
    fn everything_that_unicode_calls_ignorable_or_a_control_is_hidden() {
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
    fn letters_of_every_script_are_seen() {
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
    fn a_line_has_neither_breaks_nor_hidden_characters() {
        assert_eq!(visible_line("a\r\n\tb\u{2028}c  d "), "a b c d");
        assert_eq!(
            visible_line("ig\u{200b}nore \u{202e}txet\u{202c}\u{1b}[2J"),
            "ignore txet[2J"
        );
        assert_eq!(visible_line("a\u{e0041}\u{e0042}\u{feff}"), "a");
        assert_eq!(visible_line("\u{2066}\n\u{2069}"), "");
    }
}
