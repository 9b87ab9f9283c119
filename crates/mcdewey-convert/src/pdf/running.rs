//! Removes running headers and footers: lines at the edge of pages that recur on many pages. A
//! heading that a header repeats is kept where it stands in the text.

use std::collections::{HashMap, HashSet};

use unpdf::{Block, Document, InlineContent, Page, Paragraph};

/// Shorter documents show no pattern.
const MIN_PAGES: usize = 4;

/// A whole line is a running line if it is at an edge of this percentage of the pages.
const LINE_PERCENT: usize = 25;

/// The same for the first words of a line. Higher, because body text also begins alike.
const PREFIX_PERCENT: usize = 60;

/// In short documents a running line must be on at least this many pages.
const MIN_REPEATS: usize = 3;

/// A longer paragraph, in bytes, is body text even if it recurs.
const MAX_LINE_BYTES: usize = 200;

/// How many blocks are examined at each edge of a page.
const BLOCKS_PER_EDGE: usize = 2;

/// Removes the running lines of all pages.
pub(super) fn remove(document: &mut Document) {
    if document.pages.len() < MIN_PAGES {
        return;
    }

    let headings = headings(document);
    for edge in [Edge::Top, Edge::Bottom] {
        for _ in 0..BLOCKS_PER_EDGE {
            let recurring = recurring_patterns(document, edge);
            let mut removed = false;
            for page in &mut document.pages {
                removed |= remove_line(page, edge, &recurring, &headings);
            }

            if !removed {
                break;
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edge {
    Top,
    Bottom,
}

/// What the lines at an edge of several pages may have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Pattern {
    /// The whole line, with page numbers masked.
    Line(String),
    /// The words that the line begins with.
    Prefix(String),
}

impl Pattern {
    /// Returns on how many of `pages` pages a running line's pattern must be.
    fn min_repeats(&self, pages: usize) -> usize {
        let percent = match self {
            Self::Line(_) => LINE_PERCENT,
            Self::Prefix(_) => PREFIX_PERCENT,
        };
        (pages * percent / 100).max(MIN_REPEATS)
    }
}

/// Returns the patterns that recur at an edge often enough to be those of running lines.
fn recurring_patterns(document: &Document, edge: Edge) -> HashSet<Pattern> {
    let mut counts: HashMap<Pattern, usize> = HashMap::new();
    for page in &document.pages {
        let Some(line) = edge_block(page, edge).and_then(|index| line_text(&page.elements[index]))
        else {
            continue;
        };

        *counts.entry(line_pattern(&line)).or_default() += 1;
        for prefix in prefixes(&line) {
            *counts.entry(prefix).or_default() += 1;
        }
    }

    let pages = document.pages.len();
    counts
        .into_iter()
        .filter(|(pattern, count)| *count >= pattern.min_repeats(pages))
        .map(|(pattern, _)| pattern)
        .collect()
}

fn line_pattern(line: &str) -> Pattern {
    let words: Vec<&str> = line
        .split_whitespace()
        .map(|word| if is_page_number(word) { "#" } else { word })
        .collect();
    Pattern::Line(words.join(" "))
}

/// Returns all beginnings of a line of at least two words, the longest first.
fn prefixes(line: &str) -> impl Iterator<Item = Pattern> {
    let words: Vec<&str> = line.split_whitespace().collect();
    (2..=words.len())
        .rev()
        .map(move |count| Pattern::Prefix(words[..count].join(" ")))
}

/// Reports whether a word is digits, or a short lower-case Roman numeral.
fn is_page_number(word: &str) -> bool {
    let core = word.trim_matches(|c: char| !c.is_alphanumeric());
    !core.is_empty()
        && (core.chars().all(|c| c.is_ascii_digit() || c == '-')
            || (core.len() <= 6 && core.chars().all(|c| "ivxlc".contains(c))))
}

/// Returns the index of the outermost block at an edge that may be a running line.
fn edge_block(page: &Page, edge: Edge) -> Option<usize> {
    match edge {
        Edge::Top => page.elements.iter().position(may_be_running_line),
        Edge::Bottom => page.elements.iter().rposition(may_be_running_line),
    }
}

fn may_be_running_line(block: &Block) -> bool {
    !matches!(block, Block::Image { .. } | Block::HorizontalRule)
}

/// Returns the text of a paragraph that is short enough to be a running line.
fn line_text(block: &Block) -> Option<String> {
    let Block::Paragraph(paragraph) = block else {
        return None;
    };

    let text = single_spaced(paragraph);
    (!text.is_empty() && text.len() <= MAX_LINE_BYTES).then_some(text)
}

fn single_spaced(paragraph: &Paragraph) -> String {
    paragraph
        .plain_text()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// Returns the headings of the document and its bookmarks, in [`comparable`] form. The first block
/// of a page is left out because it may itself be a running line.
fn headings(document: &Document) -> HashSet<String> {
    let mut headings: HashSet<String> = document
        .pages
        .iter()
        .flat_map(|page| page.elements.iter().skip(1))
        .filter_map(|block| match block {
            Block::Paragraph(paragraph) if paragraph.is_heading() => {
                Some(comparable(&paragraph.plain_text()))
            }
            _ => None,
        })
        .collect();

    let mut pending: Vec<_> = document
        .outline
        .iter()
        .flat_map(|outline| &outline.items)
        .collect();
    while let Some(item) = pending.pop() {
        headings.insert(comparable(&item.title));
        pending.extend(&item.children);
    }

    headings
}

/// Reduces a text to lower-case letters and digits, because headers and headings differ in spaces
/// and punctuation.
fn comparable(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Removes the running line, or the running beginning of a line, from one edge of a page. Returns
/// whether there was one.
fn remove_line(
    page: &mut Page,
    edge: Edge,
    recurring: &HashSet<Pattern>,
    headings: &HashSet<String>,
) -> bool {
    let Some(index) = edge_block(page, edge) else {
        return false;
    };

    let Some(line) = line_text(&page.elements[index]) else {
        return false;
    };

    if recurring.contains(&line_pattern(&line)) {
        page.elements.remove(index);
        return true;
    }

    // "Developer Guide Barge call": the name of the guide on every page, then the page's topic.
    let prefix = prefixes(&line).find(|prefix| recurring.contains(prefix));
    let Some(Pattern::Prefix(prefix)) = prefix else {
        return false;
    };

    let rest = line[prefix.len()..].trim();
    if rest.is_empty() || is_page_number(rest) || headings.contains(&comparable(rest)) {
        page.elements.remove(index);
    } else if let Block::Paragraph(paragraph) = &mut page.elements[index] {
        remove_prefix(paragraph, &prefix);
    }

    true
}

/// Removes the first words of a paragraph; the rest loses its formatting but keeps its images.
fn remove_prefix(paragraph: &mut Paragraph, prefix: &str) {
    let text = single_spaced(paragraph);
    let rest = text.strip_prefix(prefix).unwrap_or(&text).trim().to_owned();
    paragraph
        .content
        .retain(|content| matches!(content, InlineContent::Image { .. }));
    paragraph.add_text(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(pages: &[&[&str]]) -> Document {
        let mut document = Document::new();
        for (number, paragraphs) in pages.iter().enumerate() {
            let mut page = Page::new(number as u32 + 1, 600.0, 800.0);
            page.elements = paragraphs
                .iter()
                .map(|text| Block::Paragraph(Paragraph::with_text(*text)))
                .collect();
            document.add_page(page);
        }

        document
    }

    fn texts(document: &Document) -> Vec<Vec<String>> {
        document
            .pages
            .iter()
            .map(|page| page.elements.iter().filter_map(line_text).collect())
            .collect()
    }

    #[test]
    fn recurring_lines_are_removed() {
        let mut document = document(&[
            &["Developer Guide", "One.", "Release 12.5 1"],
            &["Developer Guide", "Two.", "Release 12.5 2"],
            &["Developer Guide", "Three.", "Release 12.5 3"],
            &["Developer Guide", "Four.", "Release 12.5 iv"],
        ]);

        remove(&mut document);
        assert_eq!(
            texts(&document),
            [["One."], ["Two."], ["Three."], ["Four."]]
        );
    }

    #[test]
    fn a_recurring_prefix_is_removed_with_a_heading_that_follows_it() {
        let mut document = document(&[
            &["Developer Guide Barge Call", "x"],
            &["Developer Guide Something new", "y"],
            &["Developer Guide Barge Call", "z"],
            &["Developer Guide Call list", "w"],
            &["Developer Guide", "v"],
        ]);

        document.pages[0]
            .elements
            .push(Block::Paragraph(Paragraph::heading("Barge call", 1)));
        remove(&mut document);
        assert_eq!(
            texts(&document),
            [
                vec!["x", "Barge call"],
                vec!["Something new", "y"],
                vec!["z"],
                vec!["Call list", "w"],
                vec!["v"]
            ]
        );
    }

    #[test]
    fn lines_on_few_pages_are_kept() {
        let pages: Vec<Vec<String>> = (0..20)
            .map(|n| {
                vec![
                    format!("Line {}", ["a", "b", "c", "d", "e"][n % 5].repeat(n)),
                    "Note".into(),
                ]
            })
            .collect();

        let pages: Vec<Vec<&str>> = pages
            .iter()
            .map(|page| page.iter().map(String::as_str).collect())
            .collect();
        let pages: Vec<&[&str]> = pages.iter().map(Vec::as_slice).collect();
        let mut document = document(&pages[..3]);
        remove(&mut document);

        assert_eq!(texts(&document)[0].len(), 2);
    }
}
