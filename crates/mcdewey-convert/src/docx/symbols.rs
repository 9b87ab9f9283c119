//! Characters of fonts whose letters are pictures, as the Unicode characters that look the same.

/// The Symbol font from 0x20 to 0x7E.
const SYMBOL_LOW: &str = " !∀#∃%&∋()∗+,−./0123456789:;<=>?\
    ≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_\
    ‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼";

/// The Symbol font from 0xA1 to 0xFE; U+FFFD stands for no character.
const SYMBOL_HIGH: &str = "ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓\
    °±″≥×∝∂•÷≠≡≈…|—↵\
    ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉\
    ∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓\
    ◊〈®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪\
    \u{FFFD}〉∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭";

/// Characters of Wingdings that manuals use.
const WINGDINGS: [(u32, char); 50] = [
    (0x21, '✏'),
    (0x22, '✂'),
    (0x28, '☎'),
    (0x2A, '✉'),
    (0x36, '⌛'),
    (0x37, '⌨'),
    (0x3C, '💾'),
    (0x45, '👈'),
    (0x46, '👉'),
    (0x47, '👆'),
    (0x48, '👇'),
    (0x4A, '☺'),
    (0x4C, '☹'),
    (0x4D, '💣'),
    (0x4E, '☠'),
    (0x6C, '●'),
    (0x6D, '❍'),
    (0x6E, '■'),
    (0x6F, '□'),
    (0x71, '❑'),
    (0x72, '❒'),
    (0x73, '⬧'),
    (0x74, '⧫'),
    (0x75, '◆'),
    (0x76, '❖'),
    (0x77, '⬥'),
    (0x78, '⌧'),
    (0x81, '①'),
    (0x82, '②'),
    (0x83, '③'),
    (0x84, '④'),
    (0x85, '⑤'),
    (0x86, '⑥'),
    (0x87, '⑦'),
    (0x88, '⑧'),
    (0x89, '⑨'),
    (0x8A, '⑩'),
    (0x9F, '•'),
    (0xA7, '▪'),
    (0xA8, '◻'),
    (0xD8, '➢'),
    (0xDF, '←'),
    (0xE0, '→'),
    (0xE1, '↑'),
    (0xE2, '↓'),
    (0xE8, '➔'),
    (0xF0, '⇨'),
    (0xFB, '✗'),
    (0xFC, '✓'),
    (0xFE, '☑'),
];

/// Characters of Wingdings 2.
const WINGDINGS_2: [(u32, char); 7] = [
    (0x4F, '✗'),
    (0x50, '✓'),
    (0x51, '☒'),
    (0x52, '☑'),
    (0x53, '☒'),
    (0x97, '●'),
    (0xA3, '☐'),
];

/// Word stores the characters of such fonts in this range of private use.
const PRIVATE_USE: std::ops::RangeInclusive<u32> = 0xF000..=0xF0FF;

/// Returns the Unicode character that a character of a font, named in lower case, looks like;
/// `None` if the font has ordinary characters or the character is not known.
pub(super) fn of_font(character: char, font: &str) -> Option<char> {
    let code = u32::from(character);
    let is_private = PRIVATE_USE.contains(&code);
    let code = if is_private { code - 0xF000 } else { code };
    match font {
        "symbol" => of_symbol(code),
        "wingdings" => listed(code, &WINGDINGS),
        "wingdings 2" => listed(code, &WINGDINGS_2),
        // Word draws characters of private use with Symbol if the font has none.
        _ if is_private && !font.contains("dings") => of_symbol(code),
        _ => None,
    }
}

/// Reports whether a character has no meaning without its font, named in lower case.
pub(super) fn needs_font(character: char, font: &str) -> bool {
    PRIVATE_USE.contains(&u32::from(character)) || (font.contains("dings") && !character.is_ascii())
}

fn of_symbol(code: u32) -> Option<char> {
    let (characters, first) = match code {
        0x20..=0x7E => (SYMBOL_LOW, 0x20),
        0xA0 => return Some('€'),
        0xA1..=0xFE => (SYMBOL_HIGH, 0xA1),
        _ => return None,
    };

    let at = usize::try_from(code - first).ok()?;
    characters
        .chars()
        .nth(at)
        .filter(|character| *character != char::REPLACEMENT_CHARACTER)
}

fn listed(code: u32, characters: &[(u32, char)]) -> Option<char> {
    characters
        .iter()
        .find(|(listed, _)| *listed == code)
        .map(|(_, character)| *character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_become_the_characters_that_look_the_same() {
        for (character, font, expected) in [
            ('\u{F061}', "symbol", Some('α')),
            ('W', "symbol", Some('Ω')),
            ('\u{F0B7}', "symbol", Some('•')),
            ('\u{F0AE}', "symbol", Some('→')),
            ('\u{F0B3}', "symbol", Some('≥')),
            ('\u{F0D6}', "symbol", Some('√')),
            ('\u{F0E5}', "symbol", Some('∑')),
            ('\u{F0F2}', "symbol", Some('∫')),
            ('\u{F0FE}', "symbol", Some('⎭')),
            ('~', "symbol", Some('∼')),
            ('\u{F0FC}', "wingdings", Some('✓')),
            ('\u{F052}', "wingdings 2", Some('☑')),
            ('a', "arial", None),
            ('\u{F061}', "webdings", None),
            ('\u{F0B7}', "arial", Some('•')),
        ] {
            assert_eq!(of_font(character, font), expected, "{character:?} {font}");
        }
    }
}
