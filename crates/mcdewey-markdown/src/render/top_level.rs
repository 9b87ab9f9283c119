//! Splits Markdown into its top-level blocks (headings, paragraphs, lists, tables) with their byte
//! ranges.

use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag};

use crate::structure::EXTENSIONS;

/// An event and its byte range in the text.
pub(super) type LocatedEvent<'a> = (Event<'a>, Range<usize>);

/// A top-level block.
pub(super) struct Block<'a> {
    /// Its byte range in the text, without white space at its end.
    pub(super) range: Range<usize>,
    /// What it consists of, in order.
    pub(super) events: Vec<LocatedEvent<'a>>,
}

/// Parses a text. Strikethrough is read too, which the structure of a text does not depend on.
pub(super) fn parse(text: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut events = Vec::new();

    let mut depth = 0_usize;
    for (event, range) in
        Parser::new_ext(text, EXTENSIONS | Options::ENABLE_STRIKETHROUGH).into_offset_iter()
    {
        match &event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }

        events.push((event, range));
        if depth == 0 {
            blocks.extend(block(text, std::mem::take(&mut events)));
        }
    }

    blocks
}

/// Renumbers heading levels for a part of a document: the first heading is at the top, and no level
/// is skipped.
pub(super) fn normalise_heading_levels(blocks: &mut [Block<'_>]) {
    let mut above: Vec<HeadingLevel> = Vec::new();
    for (event, _) in blocks.iter_mut().flat_map(|block| &mut block.events) {
        if let Event::Start(Tag::Heading { level, .. }) = event {
            above.retain(|higher| *higher < *level);
            above.push(*level);
            *level = HeadingLevel::try_from(above.len()).unwrap_or(HeadingLevel::H6);
        }
    }
}

fn block<'a>(text: &str, events: Vec<LocatedEvent<'a>>) -> Option<Block<'a>> {
    let (_, first) = events.first()?;

    // Trailing white space is not part of a block, so a chunk that begins there does not share the
    // block.
    let end = first.start + text.get(first.clone()).unwrap_or_default().trim_end().len();
    Some(Block {
        range: first.start..end,
        events,
    })
}
