//! Reads the bytes of a file and decodes them as UTF-8. It never guesses an encoding and never
//! replaces invalid bytes.

use std::io::Read;
use std::path::Path;

use crate::file_error::FileError;
use crate::file_state::FileState;
use crate::root_dir::{Links, RootDir};

/// The largest file that is read, in bytes. No manual is larger, and a file is held in memory
/// several times over while it is processed.
pub(crate) const MAX_FILE: u64 = 64 * 1024 * 1024;

const UTF16_MARKS: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];
const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a file below a root, with its state unless it was changed meanwhile. The error is the
/// reason to report.
pub(crate) fn bytes(
    dir: &RootDir,
    path_in_root: &str,
) -> Result<(Vec<u8>, Option<FileState>), String> {
    dir.read_with_state(Path::new(path_in_root), Links::FinalComponent, MAX_FILE)
        .map_err(|error| reason(&error))
}

/// Reads the beginning of a file below a root, at most so many bytes. The error is the reason to
/// report.
pub(crate) fn beginning(dir: &RootDir, path_in_root: &str, length: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    dir.open_file(Path::new(path_in_root), Links::FinalComponent)
        .and_then(|file| Ok(file.take(length).read_to_end(&mut bytes)?))
        .map_err(|error| reason(&error))?;
    Ok(bytes)
}

/// The reason to report for a document that cannot be read, with advice where there is some.
pub(crate) fn reason(error: &FileError) -> String {
    match error {
        FileError::TooLarge { .. } => format!("{error}; divide it"),
        other => other.to_string(),
    }
}

/// Decodes the text of a file and strips the byte order mark. The error is the reason to report.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, String> {
    if UTF16_MARKS.iter().any(|mark| bytes.starts_with(mark)) {
        return Err("it is encoded as UTF-16; save it as UTF-8".to_owned());
    }

    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        return Err(format!(
            "byte {at} is zero, as in binary files; save it as text"
        ));
    }

    let mark_length = if bytes.starts_with(UTF8_MARK) {
        UTF8_MARK.len()
    } else {
        0
    };

    let text = std::str::from_utf8(&bytes[mark_length..]).map_err(|error| {
        format!(
            "it is not valid UTF-8 at byte {}; save it as UTF-8",
            mark_length + error.valid_up_to()
        )
    })?;

    if text.trim().is_empty() {
        return Err("it is empty; add content or delete it".to_owned());
    }

    Ok(text)
}

/// The name of a file without its extension.
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
    fn utf8_is_read_with_and_without_a_byte_order_mark() {
        assert_eq!(text("é\u{feff}".as_bytes()), Ok("é\u{feff}"));
        assert_eq!(text(b"\xef\xbb\xbfbarge"), Ok("barge"));
    }

    #[test]
    fn a_beginning_is_read_without_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.json"), "12345").unwrap();
        let dir = RootDir::open(folder.path()).unwrap();
        assert_eq!(beginning(&dir, "a.json", 3).unwrap(), b"123");
        assert_eq!(beginning(&dir, "a.json", 9).unwrap(), b"12345");
        assert!(beginning(&dir, "b.json", 9).is_err());
    }

    #[test]
    fn other_encodings_are_rejected_with_a_reason() {
        let check = |bytes: &[u8], expected: &str| {
            let reason = text(bytes).unwrap_err();
            assert!(reason.contains(expected), "{reason}");
        };

        check(b"ab\xffcd", "not valid UTF-8 at byte 2");
        check(b"\xef\xbb\xbfab\xff", "at byte 5");
        check(b"ab\0", "byte 2 is zero");
        check(b"\xff\xfea\0", "UTF-16");
        check(b"", "empty");
        check(b"\xef\xbb\xbf \n", "empty");
    }

    #[test]
    fn stem_strips_folders_and_the_last_extension() {
        assert_eq!(stem("a/v12.5/guide.v2.md"), "guide.v2");
    }
}
