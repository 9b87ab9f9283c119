//! Cuts a stretch into pieces that fit the model's window, at the borders Markdown offers.

use std::ops::Range;

use super::OpenPage;
use super::borders::borders;
use super::choose::choose;
use super::room::Room;

/// Cuts `range` into pieces; together they are the range.
pub(super) fn pieces(page: &OpenPage<'_>, range: Range<usize>, room: &Room) -> Vec<Range<usize>> {
    if range.is_empty() || page.count.of(&range) <= room.at(range.start, true) {
        return vec![range];
    }

    choose(
        page.text,
        &range,
        &borders(page, &range, room),
        room,
        &page.count,
    )
}
