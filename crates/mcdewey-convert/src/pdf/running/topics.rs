//! Splits headers that name the document and the topic of the page.

use std::collections::{HashMap, HashSet};

use unpdf::{Block, Document, InlineContent, Paragraph};

use super::super::headings::{comparable, heading_texts};
use super::{Edge, MIN_PAGES, count, most, short_paragraph, single_spaced};

/// The name of the document begins the first line of at least this percentage of the pages. More
/// than for a whole line, because body text also begins alike.
const NAME_PERCENT: usize = 60;

/// Splits the first paragraph of pages on which the parser joined the name of the document with the
/// page's topic beside it: "Developer Guide Barge call".
pub(super) fn split_headers(document: &mut Document) {
    let names = running_beginnings(document);
    let headings = heading_texts(document);
    let lines: HashMap<String, usize> = count(first_lines(document).map(single_spaced));

    for page in &mut document.pages {
        let Some(index) = Edge::Top.blocks(page).first().copied() else {
            continue;
        };
        let Some(line) = short_paragraph(&page.elements[index]).map(single_spaced) else {
            continue;
        };

        let name = beginnings(&line)
            .filter(|name| names.contains(*name))
            .find(|name| {
                let topic = comparable(&line[name.len()..]);
                !topic.is_empty()
                    && (lines.get(*name).is_some_and(|count| *count >= MIN_PAGES)
                        || headings.contains(&topic))
            });
        if let (Some(name), Block::Paragraph(paragraph)) = (name, &page.elements[index])
            && let Some(parts) = split_after(paragraph, name)
        {
            page.elements
                .splice(index..=index, parts.map(Block::Paragraph));
        }
    }
}

/// Returns the words with which the first lines of most pages begin.
fn running_beginnings(document: &Document) -> HashSet<String> {
    let lines: Vec<String> = first_lines(document).map(single_spaced).collect();
    let counts = count(
        lines
            .iter()
            .flat_map(|line| beginnings(line).chain([line.as_str()]))
            .map(str::to_owned),
    );
    most(counts, document, NAME_PERCENT)
}

/// Returns the outermost paragraph at the top of each page that is short enough.
fn first_lines(document: &Document) -> impl Iterator<Item = &Paragraph> {
    document.pages.iter().filter_map(|page| {
        let first = *Edge::Top.blocks(page).first()?;
        short_paragraph(&page.elements[first])
    })
}

/// Returns all beginnings of a line, the longest first, without the whole line.
fn beginnings(line: &str) -> impl Iterator<Item = &str> {
    line.rmatch_indices(' ').map(|(space, _)| &line[..space])
}

/// Splits a paragraph after the words that it begins with. Both parts keep their formatting.
fn split_after(paragraph: &Paragraph, words: &str) -> Option<[Paragraph; 2]> {
    let mut left = words.chars().filter(|c| !c.is_whitespace()).count();
    let mut parts = [Paragraph::new(), Paragraph::new()];
    parts[1].style = paragraph.style.clone();

    for content in &paragraph.content {
        match content {
            InlineContent::Text(run) if left > 0 => {
                let end = end_of_visible(&run.text, &mut left);
                let texts = [&run.text[..end], run.text[end..].trim_start()];
                for (part, text) in parts.iter_mut().zip(texts) {
                    let mut run = run.clone();
                    text.clone_into(&mut run.text);
                    part.add_run(run);
                }
            }
            // The words are in a link, which cannot be split.
            InlineContent::Link { .. } if left > 0 => return None,
            content => parts[1].content.push(content.clone()),
        }
    }

    parts.iter().all(|part| !part.is_empty()).then_some(parts)
}

/// Returns where the first `left` visible characters of a text end, and subtracts from `left` those
/// that it has. A text that has no more of them ends at its end.
fn end_of_visible(text: &str, left: &mut usize) -> usize {
    for (at, c) in text.char_indices().filter(|(_, c)| !c.is_whitespace()) {
        *left -= 1;
        if *left == 0 {
            return at + c.len_utf8();
        }
    }

    text.len()
}

#[cfg(test)]
mod tests {
    use unpdf::TextRun;

    use super::*;

    #[test]
    fn a_split_keeps_the_formatting() {
        let mut paragraph = Paragraph::with_text("The ");
        paragraph.add_run(TextRun::bold("guide to calls"));
        let [first, second] = split_after(&paragraph, "The guide").unwrap();
        assert_eq!(single_spaced(&first), "The guide");
        let InlineContent::Text(run) = second.content.last().unwrap() else {
            panic!("{second:?}")
        };
        assert_eq!((run.text.as_str(), run.style.bold), ("to calls", true));
    }
}
