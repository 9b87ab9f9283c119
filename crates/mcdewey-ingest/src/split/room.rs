//! How many tokens a piece may have: what the model reads, less what stands beside the piece.

use std::ops::Range;

/// The room of the pieces of one stretch; it depends on where a piece begins.
#[derive(Debug)]
pub(super) struct Room {
    /// For the first piece, which may begin with the headings that the others have beside them.
    pub(super) first: usize,
    /// For the others.
    pub(super) rest: usize,
    /// What a piece pays that begins in one of these stretches: rows that have lost their header.
    pub(super) headers: Vec<(Range<usize>, usize)>,
    /// Units up to this size stay whole even where that breaks the limits above.
    pub(super) whole: usize,
}

impl Room {
    /// For pieces with nothing beside them.
    pub(super) fn bare(tokens: usize, whole: usize) -> Self {
        Self {
            first: tokens,
            rest: tokens,
            headers: Vec::new(),
            whole,
        }
    }

    /// For a piece that begins at `start`; `first` says whether it is the first one.
    pub(super) fn at(&self, start: usize, first: bool) -> usize {
        let room = if first { self.first } else { self.rest };
        let header = self
            .headers
            .iter()
            .find(|(rows, _)| rows.contains(&start))
            .map_or(0, |(_, tokens)| *tokens);

        room.saturating_sub(header).max(1)
    }

    /// The largest unit beginning at `start` that is never cut.
    pub(super) fn unit(&self, start: usize) -> usize {
        self.at(start, false).max(self.whole)
    }
}
