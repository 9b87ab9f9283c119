//! Reading files line by line, so that whatever is wrong can be named with its place.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::EvalError;

/// Hands every line that is not blank to `take`, with its number from 1; what `take` complains of gets the line's name.
pub(crate) fn for_each_line(
    path: &Path,
    mut take: impl FnMut(usize, &str) -> Result<(), String>,
) -> Result<(), EvalError> {
    let unreadable = |error| EvalError::Read {
        path: path.to_owned(),
        error,
    };
    let file = BufReader::new(File::open(path).map_err(unreadable)?);
    for (place, line) in file.lines().enumerate() {
        let bad = |problem: String| EvalError::Line {
            path: path.to_owned(),
            line: place + 1,
            problem,
        };

        let line = match line {
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                return Err(bad("this is not UTF-8 text".to_owned()));
            }
            line => line.map_err(unreadable)?,
        };

        // Editors on some systems put a byte order mark in front of the first line.
        let line = line.trim_start_matches('\u{feff}');
        if !line.trim().is_empty() {
            take(place + 1, line).map_err(bad)?;
        }
    }

    Ok(())
}

/// One line of JSON as a value; the complaint says the column.
pub(crate) fn from_json<T: DeserializeOwned>(line: &str) -> Result<T, String> {
    serde_json::from_str(line).map_err(|error| {
        let text = error.to_string();
        // The parser sees one line only and would call it line 1.
        let place = format!(" at line {} column {}", error.line(), error.column());
        let reason = text.strip_suffix(&place).unwrap_or(&text);
        format!(
            "not the JSON that belongs here, column {}: {reason}",
            error.column()
        )
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn lines_of(bytes: &[u8]) -> Result<Vec<(usize, String)>, EvalError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        fs::write(&path, bytes).unwrap();
        let mut found = Vec::new();

        for_each_line(&path, |number, line| {
            found.push((number, line.to_owned()));
            Ok(())
        })?;

        Ok(found)
    }

    #[test]
    fn blank_lines_are_skipped_and_counted() {
        let found = lines_of("\u{feff}a\r\n\n  \nb".as_bytes()).unwrap();
        assert_eq!(found, [(1, "a".to_owned()), (4, "b".to_owned())]);
    }

    #[test]
    fn bytes_that_are_no_text_are_named_by_line() {
        let error = lines_of(b"a\n\xff\n").unwrap_err().to_string();
        assert!(
            error.ends_with("lines:2: this is not UTF-8 text"),
            "{error}"
        );
    }

    #[test]
    fn an_absent_file_is_named() {
        let error = for_each_line(Path::new("no/such/file"), |_, _| Ok(()))
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("cannot read no/such/file: "), "{error}");
    }

    #[test]
    fn bad_json_is_named_by_column() {
        let error = from_json::<Vec<u32>>("[1, x]").unwrap_err();
        assert_eq!(
            error,
            "not the JSON that belongs here, column 5: expected value"
        );
    }
}
