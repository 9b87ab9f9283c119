//! Decodes files that must be Unicode text: follows byte-order marks, removes stray NUL bytes and
//! refuses what is not text.

use encoding_rs::{Encoding, UTF_8};
use mcdewey_core::ConvertError;

/// Decodes a file that must be Unicode. Returns its text and warnings about what was repaired.
pub(crate) fn unicode(bytes: &[u8]) -> Result<(String, Vec<String>), ConvertError> {
    let (encoding, mark_length) = Encoding::for_bom(bytes).unwrap_or((UTF_8, 0));
    let text = encoding
        .decode_without_bom_handling_and_without_replacement(&bytes[mark_length..])
        .ok_or_else(|| {
            let offset = std::str::from_utf8(bytes)
                .err()
                .map_or(0, |error| error.valid_up_to());
            ConvertError(format!(
                "the file is not {} text (invalid byte at offset {offset}); save it as UTF-8",
                encoding.name()
            ))
        })?;

    let mut warnings = Vec::new();
    let text = without_nul(text.into_owned(), &mut warnings)?;
    Ok((text, warnings))
}

/// Removes NUL bytes with a warning, or refuses text of which they are more than a tenth.
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
            "the file contains NUL bytes throughout and is not text; save it as UTF-8".to_owned(),
        ));
    }

    warnings.push(format!("{count} NUL bytes were removed"));
    Ok(text.replace('\0', ""))
}

/// Lists the first three names and the number of the others, for a message.
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
    fn byte_order_marks_select_the_encoding() {
        assert_eq!(unicode(b"\xEF\xBB\xBFab").unwrap().0, "ab");
        assert_eq!(unicode(b"\xFF\xFEa\0b\0").unwrap().0, "ab");
    }

    #[test]
    fn invalid_text_is_refused_and_nul_bytes_are_removed() {
        let error = unicode(b"ab\xFFcd").unwrap_err();
        assert!(error.0.contains("invalid byte at offset 2"), "{error}");
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
