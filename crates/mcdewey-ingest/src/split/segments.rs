//! Divides a page at its headings into segments and joins those that are too small for a chunk of
//! their own.

use std::ops::Range;

use mcdewey_markdown::Heading;

use super::breadcrumb::HeadingPath;
use super::page_tokens::PageTokens;

/// Fewer tokens do not make a chunk of their own if a neighbour has room: a heading, a one-line
/// synopsis.
pub(super) const MIN_CHUNK_TOKENS: usize = 30;

/// A range of a page under one breadcrumb.
#[derive(Debug)]
pub(super) struct Segment<'a> {
    /// The byte range on the page.
    pub(super) range: Range<usize>,
    /// The offset after the headings with which it starts.
    pub(super) body_start: usize,
    /// Those headings.
    pub(super) headings: Vec<&'a Heading>,
    /// The headings above its text.
    pub(super) path: HeadingPath,
}

impl Segment<'_> {
    /// Returns the titles of the headings that a piece of the segment contains: the first piece
    /// contains all, the others none.
    pub(super) fn titles_in_piece(&self, is_first: bool) -> Vec<&str> {
        if !is_first {
            return Vec::new();
        }

        self.headings
            .iter()
            .map(|heading| heading.title.as_str())
            .collect()
    }

    /// Reports whether the segment consists of headings only.
    pub(super) fn has_no_body(&self, text: &str) -> bool {
        text[self.body_start..self.range.end].trim().is_empty()
    }
}

/// Divides `content` of a page at its headings, each of which enters `path`. Blank segments are
/// omitted.
pub(super) fn divide_into_segments<'a>(
    text: &str,
    content: Range<usize>,
    headings: &'a [Heading],
    path: &mut HeadingPath,
) -> Vec<Segment<'a>> {
    let headings: Vec<&Heading> = headings
        .iter()
        .filter(|heading| content.contains(&heading.range.start))
        .collect();
    let first_start = headings
        .first()
        .map_or(content.end, |heading| heading.range.start);

    // Text before the first heading continues the section of the page before.
    let mut segments = vec![Segment {
        range: content.start..first_start,
        body_start: content.start,
        headings: Vec::new(),
        path: path.clone(),
    }];

    for (index, heading) in headings.iter().enumerate() {
        path.enter(heading);
        let end = headings
            .get(index + 1)
            .map_or(content.end, |next| next.range.start);

        segments.push(Segment {
            range: heading.range.start..end,
            body_start: heading.range.end.min(end),
            headings: vec![heading],
            path: path.clone(),
        });
    }

    segments.retain(|segment| !text[segment.range.clone()].trim().is_empty());
    segments
}

/// Joins small segments with the next one within `capacity` tokens. Headings without text always
/// join the text below them.
pub(super) fn join_small<'a>(
    text: &str,
    segments: Vec<Segment<'a>>,
    tokens: &PageTokens,
    capacity: usize,
) -> Vec<Segment<'a>> {
    let mut joined: Vec<Segment<'a>> = Vec::new();
    for segment in segments {
        // Boilerplate was removed between two segments that do not touch.
        let Some(last) = joined
            .last_mut()
            .filter(|last| last.range.end == segment.range.start)
        else {
            joined.push(segment);
            continue;
        };

        let size = tokens.count(&last.range);
        if last.has_no_body(text) && size * 2 <= capacity {
            last.range.end = segment.range.end;
            last.body_start = segment.body_start;
            last.headings.extend(segment.headings);
            last.path = segment.path;
        } else if size < MIN_CHUNK_TOKENS && size + tokens.count(&segment.range) <= capacity {
            last.range.end = segment.range.end;
        } else {
            joined.push(segment);
        }
    }

    joined
}
