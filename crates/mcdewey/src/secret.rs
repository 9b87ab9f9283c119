//! Keys in files that a secrets store mounts or that only their owner may read.

use std::path::Path;

use anyhow::{Context, Result, ensure};

/// Reads the key in a file, without surrounding white space.
pub(crate) fn read(path: &Path) -> Result<String> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("the key file {} cannot be read", path.display()))?;
    check(&text, &path.display().to_string())
}

/// Validates a key and removes surrounding white space. Errors name `source`, where it came from.
pub(crate) fn check(text: &str, source: &str) -> Result<String> {
    let key = text.trim();
    ensure!(
        !key.is_empty(),
        "the key in {source} is empty; write a key into it"
    );
    ensure!(
        key.bytes()
            .all(|byte| byte.is_ascii_graphic() || byte == b' '),
        "the key in {source} contains characters that are not allowed in a header; \
         use printable ASCII on one line"
    );

    Ok(key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_line_of_printable_ascii() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let read_back = |text: &str| {
            std::fs::write(&path, text).unwrap();
            read(&path).map_err(|error| error.to_string())
        };
        assert_eq!(read_back("  abc-123\n").unwrap(), "abc-123");

        for invalid in ["", " \n", "two\nlines", "schlüssel"] {
            assert!(
                read_back(invalid).unwrap_err().contains("key"),
                "{invalid:?}"
            );
        }

        assert!(
            format!("{:#}", read(&folder.path().join("missing")).unwrap_err()).contains("missing")
        );
    }
}
