//! Joins headings that are broken over several lines, which the parser may read as paragraphs of
//! their own.

use std::collections::HashMap;

use unpdf::{Block, Page, Paragraph};

use super::headings::comparable;

/// The maximum number of lines of a heading.
const MAX_LINES: usize = 4;

/// Joins consecutive paragraphs that together have the text of one of the page's `bookmarks`, which
/// are [`comparable`], and consecutive headings of which the second goes on in lower case.
pub(super) fn join(page: &mut Page, bookmarks: Option<&HashMap<String, u8>>) {
    let mut index = 0;
    while index < page.elements.len() {
        let rest = &page.elements[index..];
        let lines = bookmarks
            .and_then(|bookmarks| bookmarked_lines(rest, bookmarks))
            .or_else(|| goes_on_in_lower_case(rest).then_some(2));
        match lines {
            // The joined heading may go on in yet another line.
            Some(lines) => join_paragraphs(&mut page.elements, index, lines),
            None => index += 1,
        }
    }
}

/// Returns how many of the first blocks, two or more, have the text of a bookmark together.
fn bookmarked_lines(blocks: &[Block], bookmarks: &HashMap<String, u8>) -> Option<usize> {
    let mut text = String::new();
    for (index, block) in blocks.iter().take(MAX_LINES).enumerate() {
        let Block::Paragraph(paragraph) = block else {
            return None;
        };

        text += &comparable(&paragraph.plain_text());
        if bookmarks.contains_key(&text) {
            return (index > 0 && !paragraph.is_empty()).then_some(index + 1);
        }
    }

    None
}

fn goes_on_in_lower_case(blocks: &[Block]) -> bool {
    let [Block::Paragraph(first), Block::Paragraph(second), ..] = blocks else {
        return false;
    };

    first.is_heading()
        && first.heading_level() == second.heading_level()
        && second
            .plain_text()
            .trim_start()
            .starts_with(char::is_lowercase)
}

fn join_paragraphs(blocks: &mut Vec<Block>, start: usize, count: usize) {
    let others: Vec<Block> = blocks.drain(start + 1..start + count).collect();
    let Block::Paragraph(first) = &mut blocks[start] else {
        return;
    };

    for block in others {
        if let Block::Paragraph(Paragraph { content, .. }) = block {
            first.add_text(" ");
            first.content.extend(content);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts of these paragraphs after they were joined, with the given bookmarks.
    fn joined(bookmarks: &[&str], paragraphs: Vec<Paragraph>) -> Vec<String> {
        let mut page = Page::new(1, 600.0, 800.0);
        page.elements = paragraphs.into_iter().map(Block::Paragraph).collect();
        let bookmarks = bookmarks.iter().map(|title| (comparable(title), 1));
        join(&mut page, Some(&bookmarks.collect()));

        let texts = page.elements.iter().map(|block| match block {
            Block::Paragraph(paragraph) => paragraph.plain_text(),
            _ => String::new(),
        });
        texts.collect()
    }

    #[test]
    fn lines_of_a_bookmark_are_one_heading() {
        let lines = || {
            vec![
                Paragraph::with_text("3. Silent monitoring"),
                Paragraph::with_text("and Barge Call"),
                Paragraph::with_text("A supervisor may enter."),
            ]
        };
        assert_eq!(
            joined(&["3 Silent monitoring and barge call"], lines()),
            [
                "3. Silent monitoring and Barge Call",
                "A supervisor may enter."
            ]
        );
        // The first line is a heading by itself.
        assert_eq!(
            joined(
                &["3 Silent monitoring", "3 Silent monitoring and barge call"],
                lines()
            )
            .len(),
            3
        );
        assert_eq!(joined(&["Other"], lines()).len(), 3);
    }

    #[test]
    fn a_heading_goes_on_in_lower_case() {
        let headings = |levels: [u8; 2]| {
            vec![
                Paragraph::heading("Shift work for", levels[0]),
                Paragraph::heading("people on call", levels[1]),
                Paragraph::heading("Results", levels[1]),
            ]
        };
        assert_eq!(
            joined(&[], headings([1, 1])),
            ["Shift work for people on call", "Results"]
        );
        assert_eq!(joined(&[], headings([1, 2])).len(), 3);
    }
}
