//! Where a list of hits goes on. A cursor holds for one question on one state of the library.

use std::fmt::Debug;

use mcdewey_core::{ContentHash, IndexState};

use crate::{QueryError, SearchRequest};

/// The cursor that goes on at `offset`.
pub(crate) fn encode(request: &SearchRequest, state: &IndexState, offset: usize) -> String {
    sealed(&question(request), state, offset)
}

/// The offset a cursor stands for; refused when question or library are others.
pub(crate) fn decode(
    cursor: &str,
    request: &SearchRequest,
    state: &IndexState,
) -> Result<usize, QueryError> {
    opened(cursor, &question(request), state)
}

fn question(request: &SearchRequest) -> SearchRequest {
    SearchRequest {
        cursor: None,
        limit: None,
        explain: false,
        ..request.clone()
    }
}

/// A cursor for whatever was `asked`, limit and cursor left out.
pub(crate) fn sealed(asked: &impl Debug, state: &IndexState, offset: usize) -> String {
    format!("{offset}-{}", seal(asked, state, offset))
}

/// The offset of a cursor that [`sealed`] gave for what is asked now.
pub(crate) fn opened(
    cursor: &str,
    asked: &impl Debug,
    state: &IndexState,
) -> Result<usize, QueryError> {
    let malformed = || {
        QueryError::InvalidRequest(format!(
            "{cursor:?} is not a cursor; use `next_cursor` of an answer"
        ))
    };

    let (offset, seal_given) = cursor.split_once('-').ok_or_else(malformed)?;
    let offset: usize = offset.parse().map_err(|_| malformed())?;
    if seal_given != seal(asked, state, offset) {
        return Err(QueryError::CursorExpired);
    }

    Ok(offset)
}

fn seal(asked: &impl Debug, state: &IndexState, offset: usize) -> String {
    let parts = [
        format!("{asked:?}"),
        state.generation.to_string(),
        state.revision.to_string(),
        offset.to_string(),
    ];
    ContentHash::of_parts(parts).short(16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mcdewey_core::{Generation, Revision};

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
    fn holds_for_one_question_and_one_revision() {
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
