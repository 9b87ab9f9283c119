//! The cursor with which a caller continues where a text was cut.

use mcdewey_core::ContentHash;
use mcdewey_search::QueryError;

use super::page_request::MAX_PAGES;

/// Where a text was cut: page and byte, the last page requested, and a fingerprint that detects a
/// changed page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReadCursor {
    /// The physical page, or the section's position, counted from 1.
    pub(super) page: u32,
    /// The first byte of the page that was not sent.
    pub(super) byte: usize,
    /// The last page requested.
    pub(super) last: u32,
    /// Fingerprint of the text that `byte` is an offset in; see [`ReadCursor::seal`].
    pub(super) seal: String,
}

impl ReadCursor {
    /// Returns the fingerprint of a page's text.
    pub(super) fn seal(text: &str) -> String {
        ContentHash::of(text).short(8)
    }

    /// Returns the cursor in the format that is sent.
    pub(super) fn encode(&self) -> String {
        format!("{}.{}.{}.{}", self.page, self.last, self.byte, self.seal)
    }

    /// Parses a cursor that a caller returned.
    pub(super) fn decode(text: &str) -> Result<Self, QueryError> {
        let malformed = || {
            QueryError::InvalidRequest(format!(
                "{text:?} is not a cursor; use next_cursor from a read_doc response"
            ))
        };

        let parts: Vec<&str> = text.split('.').collect();
        let &[page, last, byte, seal] = parts.as_slice() else {
            return Err(malformed());
        };

        let (Ok(page), Ok(last), Ok(byte)) = (page.parse(), last.parse::<u32>(), byte.parse())
        else {
            return Err(malformed());
        };

        if last < page || last - page >= MAX_PAGES {
            return Err(malformed());
        }

        Ok(Self {
            page,
            byte,
            last,
            seal: seal.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_decoded_as_it_was_encoded() {
        let cursor = ReadCursor {
            page: 118,
            byte: 77,
            last: 120,
            seal: ReadCursor::seal("text"),
        };

        assert_eq!(ReadCursor::decode(&cursor.encode()).unwrap(), cursor);
        for bad in [
            "",
            "118",
            "118.120.77",
            "x.120.77.aa",
            "120.118.0.aa",
            "1.4000000000.0.aa",
            "118.120.77.aa.b",
        ] {
            assert!(
                matches!(ReadCursor::decode(bad), Err(QueryError::InvalidRequest(_))),
                "{bad}"
            );
        }
    }
}
