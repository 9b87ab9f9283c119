//! Bytes as text: byte-order marks are followed, NUL bytes fall away, what is not UTF-8 is named.

use encoding_rs::{Encoding, UTF_8};
use mcdewey_core::ConvertError;

/// The text of a file that must be Unicode, and what had to be done to it.
pub(crate) fn unicode(bytes: &[u8]) -> Result<(String, Vec<String>), ConvertError> {
    let (encoding, mark) = Encoding::for_bom(bytes).unwrap_or((UTF_8, 0));
    let text = encoding
        .decode_without_bom_handling_and_without_replacement(&bytes[mark..])
        .ok_or_else(|| {
            let at = std::str::from_utf8(bytes)
                .err()
                .map_or(0, |error| error.valid_up_to());
            ConvertError(format!(
                "it is not {} text (the byte at {at} fits no character); save it as UTF-8",
                encoding.name()
            ))
        })?;

    let mut warnings = Vec::new();
    let text = without_nul(text.into_owned(), &mut warnings)?;
    Ok((text, warnings))
}

/// The text without NUL bytes; a file with many of them is no text.
pub(crate) fn without_nul(
    text: String,
    warnings: &mut Vec<String>,
) -> Result<String, ConvertError> {
    let count = text.bytes().filter(|&byte| byte == 0).count();
    if count == 0 {
        return Ok(text);
    }

    if count > text.len() / 10 {
        return Err(ConvertError(
            "it holds NUL bytes throughout and is no text; save it as UTF-8".to_owned(),
        ));
    }

    warnings.push(format!("{count} NUL bytes were removed"));
    Ok(text.replace('\0', ""))
}

/// The first few names, for a message.
pub(crate) fn list(names: &[String]) -> String {
    const SHOWN: usize = 3;

    let shown = names
        .iter()
        .take(SHOWN)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");

    if names.len() > SHOWN {
        format!("{shown} and {} more", names.len() - SHOWN)
    } else {
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_followed() {
        assert_eq!(unicode(b"\xEF\xBB\xBFab").unwrap().0, "ab");
        assert_eq!(unicode(b"\xFF\xFEa\0b\0").unwrap().0, "ab");
    }

    #[test]
    fn broken_text_is_named() {
        let error = unicode(b"ab\xFFcd").unwrap_err();
        assert!(
            error.0.contains("the byte at 2 fits no character"),
            "{error}"
        );
        assert!(unicode(b"a\0b\0c\0").unwrap_err().0.contains("NUL"));
        assert_eq!(
            unicode(b"some longer text\0").unwrap(),
            (
                "some longer text".to_owned(),
                vec!["1 NUL bytes were removed".to_owned()]
            )
        );
    }
}
