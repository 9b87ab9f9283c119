//! Cursors: where the next page of hits begins. A cursor is valid for one request and one state of
//! the library.

use std::fmt::Debug;

use mcdewey_core::{ContentHash, IndexState};

use crate::{QueryError, SearchRequest};

/// Returns the cursor that continues a search at `offset`.
pub(crate) fn encode(request: &SearchRequest, state: &IndexState, offset: usize) -> String {
    encode_for(&without_paging(request), state, offset)
}

/// Returns the offset of a cursor.
///
/// # Errors
///
/// [`QueryError::CursorExpired`] if the cursor is of another question or of another state of the
/// library; [`QueryError::InvalidRequest`] if it is malformed.
pub(crate) fn decode(
    cursor: &str,
    request: &SearchRequest,
    state: &IndexState,
) -> Result<usize, QueryError> {
    decode_for(cursor, &without_paging(request), state)
}

/// The parts of a request that determine the ranking.
fn without_paging(request: &SearchRequest) -> SearchRequest {
    SearchRequest {
        cursor: None,
        limit: None,
        explain: false,
        ..request.clone()
    }
}

/// Returns a cursor for any kind of request, which must be given without limit and cursor.
pub(crate) fn encode_for(request: &impl Debug, state: &IndexState, offset: usize) -> String {
    format!("{offset}-{}", checksum(request, state, offset))
}

/// Returns the offset of a cursor that [`encode_for`] returned for the same request.
pub(crate) fn decode_for(
    cursor: &str,
    request: &impl Debug,
    state: &IndexState,
) -> Result<usize, QueryError> {
    let malformed = || {
        QueryError::InvalidRequest(format!(
            "{cursor:?} is not a cursor; use `next_cursor` of a response"
        ))
    };

    let (offset, given_checksum) = cursor.split_once('-').ok_or_else(malformed)?;
    let offset: usize = offset.parse().map_err(|_| malformed())?;
    if given_checksum != checksum(request, state, offset) {
        return Err(QueryError::CursorExpired);
    }

    Ok(offset)
}

fn checksum(request: &impl Debug, state: &IndexState, offset: usize) -> String {
    let parts = [
        format!("{request:?}"),
        state.generation.to_string(),
        state.revision.to_string(),
        offset.to_string(),
    ];
    ContentHash::of_parts(parts).short(16)
}

#[cfg(test)]
mod tests {
    use mcdewey_core::{Generation, Revision};

    use super::*;

    fn state(revision: u64) -> IndexState {
        let generation = Generation("g".to_owned());
        IndexState {
            generation,
            revision: Revision(revision),
            documents: 0,
            pages: 0,
            chunks: 0,
        }
    }

    #[test]
    fn a_cursor_is_valid_for_one_question_and_one_revision() {
        let request = SearchRequest {
            q: "barge".to_owned(),
            ..SearchRequest::default()
        };
        let cursor = encode(&request, &state(1), 10);
        let with_limit = SearchRequest {
            limit: Some(3),
            cursor: Some(cursor.clone()),
            ..request.clone()
        };

        assert_eq!(decode(&cursor, &with_limit, &state(1)).unwrap(), 10);
        assert!(matches!(
            decode(&cursor, &request, &state(2)),
            Err(QueryError::CursorExpired)
        ));

        let other = SearchRequest {
            q: "park".to_owned(),
            ..request.clone()
        };

        assert!(matches!(
            decode(&cursor, &other, &state(1)),
            Err(QueryError::CursorExpired)
        ));
        assert!(matches!(
            decode("x", &request, &state(1)),
            Err(QueryError::InvalidRequest(_))
        ));
        let moved = cursor.replacen("10-", "18446744073709551615-", 1);

        assert!(matches!(
            decode(&moved, &request, &state(1)),
            Err(QueryError::CursorExpired)
        ));
    }
}
