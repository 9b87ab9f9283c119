//! The top-level blocks of a Markdown text: headings, paragraphs, lists, tables, each with its place in the text.

use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag};

/// An event with the bytes it was read from.
pub(super) type Located<'a> = (Event<'a>, Range<usize>);

/// One top-level block.
pub(super) struct Block<'a> {
    pub(super) range: Range<usize>,
    pub(super) events: Vec<Located<'a>>,
}

/// The blocks of `text`, in order.
pub(super) fn of(text: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut events = Vec::new();

    let mut depth = 0_usize;
    for (event, range) in
        Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH)
            .into_offset_iter()
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

/// Gives headings the levels that their order makes of them: the first one is at the top, whatever it is in the whole
/// document, and none skips a level.
pub(super) fn levelled(blocks: &mut [Block<'_>]) {
    let mut above: Vec<HeadingLevel> = Vec::new();
    for (event, _) in blocks.iter_mut().flat_map(|block| &mut block.events) {
        if let Event::Start(Tag::Heading { level, .. }) = event {
            above.retain(|higher| *higher < *level);
            above.push(*level);
            *level = HeadingLevel::try_from(above.len()).unwrap_or(HeadingLevel::H6);
        }
    }
}

fn block<'a>(text: &str, events: Vec<Located<'a>>) -> Option<Block<'a>> {
    let (_, first) = events.first()?;

    // White space behind a block is nobody's; a passage that begins there does not share the block.
    let end = first.start + text.get(first.clone()).unwrap_or_default().trim_end().len();
    Some(Block {
        range: first.start..end,
        events,
    })
}
