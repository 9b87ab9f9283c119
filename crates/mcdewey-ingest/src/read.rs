//! From a file to its bytes, and from them to its text: UTF-8 or a reason in words. Nothing is guessed and nothing
//! replaced.

use std::path::Path;

use crate::refusal::Refusal;
use crate::root_dir::{Links, RootDir};

/// A larger file is no manual, and would have to stand in memory several times over.
pub(crate) const MAX_FILE: u64 = 64 * 1024 * 1024;

const UTF16: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];
const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

/// The bytes of a file below a root, or why there are none.
pub(crate) fn bytes(dir: &RootDir, path_in_root: &str) -> Result<Vec<u8>, String> {
    dir.read(Path::new(path_in_root), Links::AtTheEnd, MAX_FILE)
        .map_err(|refusal| reason(&refusal))
}

/// Why a document is not read, and what helps.
pub(crate) fn reason(refusal: &Refusal) -> String {
    match refusal {
        Refusal::TooLarge { .. } => format!("{refusal}; divide it"),
        other => other.to_string(),
    }
}

/// The text of a file, without a byte order mark; or why it has none.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, String> {
    if UTF16.iter().any(|mark| bytes.starts_with(mark)) {
        return Err("it is written in UTF-16; save it as UTF-8".to_owned());
    }

    let marked = if bytes.starts_with(UTF8_MARK) {
        UTF8_MARK.len()
    } else {
        0
    };

    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        return Err(format!(
            "byte {at} is zero, as in binary files; save it as text"
        ));
    }

    let text = std::str::from_utf8(&bytes[marked..]).map_err(|error| {
        format!(
            "it is not valid UTF-8 at byte {}; save it as UTF-8",
            marked + error.valid_up_to()
        )
    })?;

    if text.trim().is_empty() {
        return Err("it is empty; fill it or take it away".to_owned());
    }

    Ok(text)
}

/// A file's name without its extension.
pub(crate) fn stem(path_in_root: &str) -> &str {
    Path::new(path_in_root)
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or(path_in_root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf8_is_read_with_and_without_a_mark() {
        assert_eq!(text("é\u{feff}".as_bytes()), Ok("é\u{feff}"));
        assert_eq!(text(b"\xef\xbb\xbfbarge"), Ok("barge"));
    }

    #[test]
    fn anything_else_is_named() {
        let check = |bytes: &[u8], reason: &str| {
            let found = text(bytes).unwrap_err();
            assert!(found.contains(reason), "{found}");
        };
        check(b"ab\xffcd", "not valid UTF-8 at byte 2");
        check(b"\xef\xbb\xbfab\xff", "at byte 5");
        check(b"ab\0", "byte 2 is zero");
        check(b"\xff\xfea\0", "UTF-16");
        check(b"", "empty");
        check(b"\xef\xbb\xbf \n", "empty");
    }

    #[test]
    fn a_stem_has_no_folders() {
        assert_eq!(stem("a/v12.5/guide.v2.md"), "guide.v2");
    }
}
