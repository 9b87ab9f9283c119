//! Cursors: where the next page of results begins. A cursor is valid for one request and one state
//! of the library.

use std::fmt::Debug;

use mcdewey_core::{ContentHash, IndexState, VectorEpoch};

use crate::{QueryError, SearchRequest};

/// Issues and checks the cursors of one request at one state of the library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursors {
    /// The `Debug` text of the request, without what only selects a page.
    request: String,
    state: IndexState,
    /// The epoch of the vectors that determine the ranking; `None` if no vectors do.
    epoch: Option<VectorEpoch>,
    /// How many of the best hits a reranker read; 0 without one.
    depth: usize,
}

impl Cursors {
    /// The cursors of any kind of request, which must be given without limit and cursor.
    pub fn new(request: &impl Debug, state: &IndexState) -> Self {
        Self {
            request: format!("{request:?}"),
            state: state.clone(),
            epoch: None,
            depth: 0,
        }
    }

    /// The cursors of a search, at the current epoch of vectors.
    pub(crate) fn of_search(request: &SearchRequest, state: &IndexState) -> Self {
        Self {
            epoch: Some(state.epoch),
            ..Self::new(&without_paging(request), state)
        }
    }

    /// Returns the cursors at the epoch of this cursor, which is the current one or the one before,
    /// and at its reranker's depth, and its offset.
    ///
    /// # Errors
    ///
    /// As for [`Cursors::offset`].
    pub(crate) fn resume(self, cursor: &str) -> Result<(Self, usize), QueryError> {
        let depth = ParsedCursor::parse(cursor)?.depth;
        let same = Self { depth, ..self };
        match (
            same.offset(cursor),
            same.epoch.and_then(VectorEpoch::previous),
        ) {
            (Err(QueryError::CursorExpired), Some(previous)) => {
                let before = Self {
                    epoch: Some(previous),
                    ..same
                };
                let offset = before.offset(cursor)?;
                Ok((before, offset))
            }
            (offset, _) => {
                let offset = offset?;
                Ok((same, offset))
            }
        }
    }

    /// The cursors of a ranking whose best hits a reranker read, so many of them.
    pub(crate) fn after_reading(self, depth: Option<usize>) -> Self {
        Self {
            depth: depth.unwrap_or_default(),
            ..self
        }
    }

    /// How many of the best hits a reranker read.
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// The epoch of the vectors that determine the ranking.
    pub(crate) fn epoch(&self) -> VectorEpoch {
        self.epoch.unwrap_or(self.state.epoch)
    }

    /// Returns the cursor of what follows the first `offset` results.
    pub fn at(&self, offset: usize) -> String {
        let checksum = self.checksum(offset);
        match self.depth {
            0 => format!("{offset}-{checksum}"),
            depth => format!("{offset}-{depth}-{checksum}"),
        }
    }

    /// Returns the offset of a cursor.
    ///
    /// # Errors
    ///
    /// [`QueryError::CursorExpired`] if the cursor is of another request or of another state of the
    /// library; [`QueryError::InvalidRequest`] if it is malformed.
    pub fn offset(&self, cursor: &str) -> Result<usize, QueryError> {
        let parsed = ParsedCursor::parse(cursor)?;
        if parsed.depth != self.depth || parsed.checksum != self.checksum(parsed.offset) {
            return Err(QueryError::CursorExpired);
        }

        Ok(parsed.offset)
    }

    fn checksum(&self, offset: usize) -> String {
        let mut parts = vec![
            self.request.clone(),
            self.state.generation.to_string(),
            self.state.revision.to_string(),
            offset.to_string(),
        ];
        parts.extend(self.epoch.map(|epoch| epoch.to_string()));
        if self.depth > 0 {
            parts.push(format!("read {}", self.depth));
        }

        ContentHash::of_parts(parts).short(16)
    }
}

/// The parts of a cursor: `OFFSET-CHECKSUM`, or `OFFSET-DEPTH-CHECKSUM` after a reranker.
struct ParsedCursor<'a> {
    offset: usize,
    depth: usize,
    checksum: &'a str,
}

impl<'a> ParsedCursor<'a> {
    fn parse(cursor: &'a str) -> Result<Self, QueryError> {
        let malformed = || {
            QueryError::InvalidRequest(format!(
                "{cursor:?} is not a cursor; use `next_cursor` of a response"
            ))
        };

        let (offset, rest) = cursor.split_once('-').ok_or_else(malformed)?;
        let (depth, checksum) = rest.split_once('-').unwrap_or(("0", rest));
        Ok(Self {
            offset: offset.parse().map_err(|_| malformed())?,
            depth: depth.parse().map_err(|_| malformed())?,
            checksum,
        })
    }
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

/// How a page of hits is continued, whether all its hits are shown or only the first ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Continuation {
    cursors: Cursors,
    /// How many hits precede the page.
    offset: usize,
    /// The number of hits on the page.
    hits: usize,
    /// The offset of the next page, if there is one.
    next: Option<usize>,
}

impl Continuation {
    /// The continuation of a page of `hits` hits that `offset` others precede; `next` is the offset
    /// of the next page, if there is one.
    pub fn new(cursors: Cursors, offset: usize, hits: usize, next: Option<usize>) -> Self {
        Self {
            cursors,
            offset,
            hits,
            next,
        }
    }

    /// Returns the cursor of what follows the first `shown` hits of the page; `None` if nothing
    /// follows.
    pub fn after(&self, shown: usize) -> Option<String> {
        let offset = if shown < self.hits {
            Some(self.offset + shown)
        } else {
            self.next
        };
        offset.map(|offset| self.cursors.at(offset))
    }

    /// Returns the cursor of the next page; `None` if this is the last one.
    pub fn next_page(&self) -> Option<String> {
        self.after(self.hits)
    }

    /// Reduces the page to its first `hits` hits.
    pub(crate) fn limit_to(&mut self, hits: usize) {
        if hits < self.hits {
            self.next = Some(self.offset + hits);
            self.hits = hits;
        }
    }
}

#[cfg(test)]
mod tests {
    use mcdewey_core::{Generation, Integrity, Revision};

    use super::*;

    fn state(revision: u64) -> IndexState {
        let generation = Generation("g".to_owned());
        IndexState {
            generation,
            revision: Revision(revision),
            documents: 0,
            pages: 0,
            chunks: 0,
            epoch: VectorEpoch::default(),
            without_vectors: 0,
            integrity: Integrity::default(),
        }
    }

    #[test]
    fn a_cursor_is_valid_for_one_question_and_one_revision() {
        let request = SearchRequest {
            q: "barge".to_owned(),
            ..SearchRequest::default()
        };
        let cursor = Cursors::of_search(&request, &state(1)).at(10);
        let with_limit = SearchRequest {
            limit: Some(3),
            cursor: Some(cursor.clone()),
            ..request.clone()
        };

        assert_eq!(
            Cursors::of_search(&with_limit, &state(1))
                .offset(&cursor)
                .unwrap(),
            10
        );
        assert!(matches!(
            Cursors::of_search(&request, &state(2)).offset(&cursor),
            Err(QueryError::CursorExpired)
        ));

        let other = SearchRequest {
            q: "park".to_owned(),
            ..request.clone()
        };

        assert!(matches!(
            Cursors::of_search(&other, &state(1)).offset(&cursor),
            Err(QueryError::CursorExpired)
        ));
        assert!(matches!(
            Cursors::of_search(&request, &state(1)).offset("x"),
            Err(QueryError::InvalidRequest(_))
        ));
        let moved = cursor.replacen("10-", "18446744073709551615-", 1);

        assert!(matches!(
            Cursors::of_search(&request, &state(1)).offset(&moved),
            Err(QueryError::CursorExpired)
        ));
    }

    #[test]
    fn a_cursor_outlives_one_epoch_of_vectors() {
        let request = SearchRequest::default();
        let at = |epoch| {
            let state = IndexState {
                epoch: VectorEpoch(epoch),
                ..state(1)
            };
            Cursors::of_search(&request, &state)
        };

        let cursor = at(4).at(10);
        assert_eq!(at(4).resume(&cursor).unwrap(), (at(4), 10));

        let (resumed, offset) = at(5).resume(&cursor).unwrap();
        assert_eq!((resumed.epoch(), offset), (VectorEpoch(4), 10));
        assert_eq!(at(4).resume(&resumed.at(20)).unwrap().1, 20);

        let expired = at(6).resume(&cursor);
        assert!(matches!(expired, Err(QueryError::CursorExpired)));
    }

    #[test]
    fn a_cursor_carries_the_depth_of_the_reranker() {
        let request = SearchRequest::default();
        let cursors = Cursors::of_search(&request, &state(1));
        let read = cursors.clone().after_reading(Some(5));
        let cursor = read.at(10);
        assert!(cursor.starts_with("10-5-"), "{cursor}");
        assert_eq!(cursors.clone().resume(&cursor).unwrap(), (read, 10));

        for changed in [
            cursor.replacen("-5-", "-20-", 1),
            cursor.replacen("-5-", "-", 1),
        ] {
            let expired = cursors.clone().resume(&changed);
            assert!(matches!(expired, Err(QueryError::CursorExpired)));
        }
        let malformed = cursors.resume(&cursor.replacen("-5-", "-x-", 1));
        assert!(matches!(malformed, Err(QueryError::InvalidRequest(_))));
    }

    #[test]
    fn a_page_is_continued_after_any_of_its_hits() {
        let cursors = Cursors::of_search(&SearchRequest::default(), &state(1));
        let mut page = Continuation::new(cursors.clone(), 10, 4, Some(14));
        assert_eq!(page.after(3), Some(cursors.at(13)));
        assert_eq!(page.next_page(), Some(cursors.at(14)));

        page.limit_to(2);
        assert_eq!(page.next_page(), Some(cursors.at(12)));

        let last = Continuation::new(cursors.clone(), 14, 2, None);
        assert_eq!((last.after(1), last.after(2)), (Some(cursors.at(15)), None));
    }
}
