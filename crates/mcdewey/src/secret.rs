//! Keys in files: what a secrets store mounts, or a file that only its owner may read.

use std::path::Path;

use anyhow::{Context, Result, ensure};

/// The key in a file, without the white space around it.
pub(crate) fn read(path: &Path) -> Result<String> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("the key file {} cannot be read", path.display()))?;
    check(&text, &path.display().to_string())
}

/// The key in a text that comes from `place`, without the white space around it.
pub(crate) fn check(text: &str, place: &str) -> Result<String> {
    let key = text.trim();
    ensure!(
        !key.is_empty(),
        "the key in {place} is empty; write a key into it"
    );
    ensure!(
        key.bytes()
            .all(|byte| byte.is_ascii_graphic() || byte == b' '),
        "the key in {place} holds something that cannot be sent in a header; use printable ASCII in one line"
    );

    Ok(key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_printable_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let written = |text: &str| {
            std::fs::write(&path, text).unwrap();
            read(&path).map_err(|error| error.to_string())
        };
        assert_eq!(written("  abc-123\n").unwrap(), "abc-123");

        for wrong in ["", " \n", "two\nlines", "schlüssel"] {
            assert!(written(wrong).unwrap_err().contains("key"), "{wrong:?}");
        }

        assert!(
            format!("{:#}", read(&folder.path().join("missing")).unwrap_err()).contains("missing")
        );
    }
}
