//! Reads files line by line, so that every error names its line.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::EvalError;

/// Calls `handle` with the number (from 1) and text of every non-blank line. An error that `handle`
/// returns is reported with the path and line number.
pub(crate) fn for_each_line(
    path: &Path,
    mut handle: impl FnMut(usize, &str) -> Result<(), String>,
) -> Result<(), EvalError> {
    let file = BufReader::new(File::open(path).map_err(|error| read_error(path, error))?);
    for (index, line) in file.lines().enumerate() {
        let number = index + 1;
        let line = match line {
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                return Err(line_error(path, number, "not valid UTF-8".to_owned()));
            }
            line => line.map_err(|error| read_error(path, error))?,
        };

        // Editors on some systems put a byte order mark in front of the first line.
        let line = line.trim_start_matches('\u{feff}');
        if !line.trim().is_empty() {
            handle(number, line).map_err(|problem| line_error(path, number, problem))?;
        }
    }

    Ok(())
}

fn read_error(path: &Path, error: std::io::Error) -> EvalError {
    EvalError::Read {
        path: path.to_owned(),
        error,
    }
}

fn line_error(path: &Path, line: usize, problem: String) -> EvalError {
    EvalError::Line {
        path: path.to_owned(),
        line,
        problem,
    }
}

/// Parses one line of JSON; the error message names the column.
pub(crate) fn parse_json<T: DeserializeOwned>(line: &str) -> Result<T, String> {
    serde_json::from_str(line).map_err(|error| {
        let text = error.to_string();
        // The parser sees a single line and would always report line 1.
        let position = format!(" at line {} column {}", error.line(), error.column());
        let reason = text.strip_suffix(&position).unwrap_or(&text);
        format!("cannot parse JSON at column {}: {reason}", error.column())
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
    fn blank_lines_are_skipped_but_counted() {
        let found = lines_of("\u{feff}a\r\n\n  \nb".as_bytes()).unwrap();
        assert_eq!(found, [(1, "a".to_owned()), (4, "b".to_owned())]);
    }

    #[test]
    fn invalid_utf8_is_reported_with_its_line() {
        let error = lines_of(b"a\n\xff\n").unwrap_err().to_string();
        assert!(error.ends_with("lines:2: not valid UTF-8"), "{error}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = for_each_line(Path::new("no/such/file"), |_, _| Ok(()))
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("cannot read no/such/file: "), "{error}");
    }

    #[test]
    fn invalid_json_is_reported_with_its_column() {
        let error = parse_json::<Vec<u32>>("[1, x]").unwrap_err();
        assert_eq!(error, "cannot parse JSON at column 5: expected value");
    }
}
