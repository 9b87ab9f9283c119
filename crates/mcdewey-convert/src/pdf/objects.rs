//! The objects of a file: values of dictionaries and text strings.

use unpdf::parser::raw::tokenizer::dict_get;
use unpdf::parser::raw::{PdfDict, PdfObject, RawDocument};

/// What PDF's own encoding has in place of the control characters from 0x18 to 0x1f.
const LOW: [char; 8] = ['˘', 'ˇ', 'ˆ', '˙', '˝', '˛', '˚', '˜'];

/// What PDF's own encoding has from 0x80 to 0xa0, where Latin-1 has control characters.
const HIGH: [char; 33] = [
    '•', '†', '‡', '…', '—', '–', 'ƒ', '⁄', '‹', '›', '−', '‰', '„', '“', '”', '‘', '’', '‚', '™',
    '\u{fb01}', '\u{fb02}', 'Ł', 'Œ', 'Š', 'Ÿ', 'Ž', 'ı', 'ł', 'œ', 'š', 'ž', '\u{fffd}', '€',
];

/// Returns the value of a key, with references resolved.
pub(super) fn get<'a>(
    document: &'a RawDocument,
    dict: &'a PdfDict,
    key: &[u8],
) -> Option<&'a PdfObject> {
    let value = dict_get(dict, key)?;
    Some(document.resolve(value))
}

/// Returns the text string of a key.
pub(super) fn text(document: &RawDocument, dict: &PdfDict, key: &[u8]) -> Option<String> {
    let text = decode_text_string(get(document, dict, key)?.as_str_bytes()?);
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Returns the name of a key.
pub(super) fn name(document: &RawDocument, dict: &PdfDict, key: &[u8]) -> Option<String> {
    let name = get(document, dict, key)?.as_name()?;
    Some(String::from_utf8_lossy(name).into_owned())
}

/// Decodes a text string: UTF-16 or UTF-8 if it begins with a byte-order mark, otherwise PDF's own
/// encoding.
pub(super) fn decode_text_string(bytes: &[u8]) -> String {
    match bytes {
        [0xfe, 0xff, rest @ ..] => decode_utf16(rest, u16::from_be_bytes),
        [0xff, 0xfe, rest @ ..] => decode_utf16(rest, u16::from_le_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        other => other.iter().map(|byte| decode_byte(*byte)).collect(),
    }
}

fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units: Vec<u16> = bytes
        .chunks_exact(2)
        .map(|pair| unit([pair[0], pair[1]]))
        .collect();
    String::from_utf16_lossy(&units)
}

fn decode_byte(byte: u8) -> char {
    match byte {
        0x18..=0x1f => LOW[usize::from(byte - 0x18)],
        0x80..=0xa0 => HIGH[usize::from(byte - 0x80)],
        other => char::from(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_strings_are_decoded_in_every_encoding() {
        assert_eq!(decode_text_string(b"\xfe\xff\0A\0-"), "A-");
        assert_eq!(decode_text_string(b"\xff\xfeA\0-\0"), "A-");
        assert_eq!(decode_text_string("\u{feff}Größe".as_bytes()), "Größe");
        assert_eq!(decode_text_string(b"5 \x80 \xa0 \x85 \xfc"), "5 • € – ü");
    }
}
