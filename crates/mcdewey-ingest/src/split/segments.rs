//! Divides a page at its headings and joins what is too small to stand alone.

use std::ops::Range;

use crate::markdown::Heading;

use super::breadcrumb::HeadingPath;
use super::sizer::TokenCount;

/// Fewer tokens are no passage of their own when a neighbour has room: a heading, a one-line synopsis.
pub(super) const TINY: usize = 30;

/// A stretch of a page under one breadcrumb.
#[derive(Debug)]
pub(super) struct Segment<'a> {
    /// Where it is on its page.
    pub(super) range: Range<usize>,
    /// The end of the headings it begins with.
    pub(super) lead: usize,
    /// Those headings.
    pub(super) headings: Vec<&'a Heading>,
    /// The headings above its text.
    pub(super) path: HeadingPath,
}

impl Segment<'_> {
    /// The headings that a piece of it says itself: the first piece says all, the others none.
    pub(super) fn titles(&self, first: bool) -> Vec<&str> {
        self.headings
            .iter()
            .filter(|_| first)
            .map(|heading| heading.title.as_str())
            .collect()
    }

    /// Nothing but headings.
    pub(super) fn is_bare(&self, text: &str) -> bool {
        text[self.lead..self.range.end].trim().is_empty()
    }
}

/// Divides `content` of a page at its headings, which `path` enters one by one.
pub(super) fn segments<'a>(
    text: &str,
    content: Range<usize>,
    headings: &'a [Heading],
    path: &mut HeadingPath,
) -> Vec<Segment<'a>> {
    let mut segments = Vec::new();
    let starts: Vec<&Heading> = headings
        .iter()
        .filter(|heading| content.contains(&heading.range.start))
        .collect();

    let first = starts
        .first()
        .map_or(content.end, |heading| heading.range.start);

    let open = Segment {
        range: content.start..first,
        lead: content.start,
        headings: Vec::new(),
        path: path.clone(),
    };

    segments.push(open);
    for (place, heading) in starts.iter().enumerate() {
        path.enter(heading);
        let end = starts
            .get(place + 1)
            .map_or(content.end, |next| next.range.start);
        let lead = heading.range.end.min(end);

        let segment = Segment {
            range: heading.range.start..end,
            lead,
            headings: vec![heading],
            path: path.clone(),
        };

        segments.push(segment);
    }

    segments.retain(|segment| !text[segment.range.clone()].trim().is_empty());
    segments
}

/// Joins tiny segments with the next one as far as `capacity` goes. Headings without text always join the text below
/// them.
pub(super) fn join_tiny<'a>(
    text: &str,
    segments: Vec<Segment<'a>>,
    count: &TokenCount,
    capacity: usize,
) -> Vec<Segment<'a>> {
    let mut joined: Vec<Segment<'a>> = Vec::new();
    for segment in segments {
        // Between two that do not touch stands a stub.
        let Some(last) = joined
            .last_mut()
            .filter(|last| last.range.end == segment.range.start)
        else {
            joined.push(segment);
            continue;
        };

        let size = count.of(&last.range);
        if last.is_bare(text) && size * 2 <= capacity {
            last.range.end = segment.range.end;
            last.lead = segment.lead;
            last.headings.extend(segment.headings);
            last.path = segment.path;
        } else if size < TINY && size + count.of(&segment.range) <= capacity {
            last.range.end = segment.range.end;
        } else {
            joined.push(segment);
        }
    }

    joined
}
