//! Running headers and footers: lines at the edge of pages that stand there on many pages. They are taken out of the
//! text; a heading that a header repeats is in the text anyway.

use std::collections::{HashMap, HashSet};

use unpdf::{Block, Document, InlineContent, Page, Paragraph};

/// Fewer pages show no pattern.
const MIN_PAGES: usize = 4;
/// A line runs through a document when it stands on so many of a hundred pages,
const PERCENT: usize = 25;
/// the words it begins with when they stand on so many: text begins alike too,
const START_PERCENT: usize = 60;
/// and either on so many pages at least.
const MIN_REPEATS: usize = 3;
/// A longer paragraph is text, even when it is repeated.
const MAX_LINE: usize = 200;
/// Blocks at each edge of a page that are looked at.
const EDGE: usize = 2;

/// Takes them out.
pub(super) fn remove(document: &mut Document) {
    if document.pages.len() < MIN_PAGES {
        return;
    }

    let share = |percent: usize| (document.pages.len() * percent / 100).max(MIN_REPEATS);
    let (line, start) = (share(PERCENT), share(START_PERCENT));

    let headings: HashSet<String> = headings(document);
    for edge in [Edge::Top, Edge::Bottom] {
        for _ in 0..EDGE {
            let counts = counts(document, edge);
            let frequent = |shape: &Shape| {
                let needed = if matches!(shape, Shape::Line(_)) {
                    line
                } else {
                    start
                };
                counts.get(shape).is_some_and(|count| *count >= needed)
            };

            let mut any = false;
            for page in &mut document.pages {
                any |= remove_line(page, edge, &frequent, &headings);
            }

            if !any {
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

/// What pages have in common at an edge: a whole line, digits aside, or the words it begins with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Shape {
    Line(String),
    Start(String),
}

fn counts(document: &Document, edge: Edge) -> HashMap<Shape, usize> {
    let mut counts = HashMap::new();
    for page in &document.pages {
        let Some(text) = place(page, edge).and_then(|at| text_of(&page.elements[at])) else {
            continue;
        };
        for shape in shapes(&text) {
            *counts.entry(shape).or_default() += 1;
        }
    }

    counts
}

/// The whole line and everything it may begin with, the longest first.
fn shapes(text: &str) -> Vec<Shape> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let starts = (2..=words.len())
        .rev()
        .map(|count| Shape::Start(words[..count].join(" ")));

    std::iter::once(Shape::Line(without_digits(text)))
        .chain(starts)
        .collect()
}

fn without_digits(text: &str) -> String {
    let words: Vec<String> = text
        .split_whitespace()
        .map(|word| {
            if is_number(word) {
                "#".to_owned()
            } else {
                word.to_owned()
            }
        })
        .collect();
    words.join(" ")
}

/// A page number: digits, or small roman ones.
fn is_number(word: &str) -> bool {
    let inner = word.trim_matches(|c: char| !c.is_alphanumeric());
    !inner.is_empty()
        && (inner.chars().all(|c| c.is_ascii_digit() || c == '-')
            || (inner.len() <= 6 && inner.chars().all(|c| "ivxlc".contains(c))))
}

/// The block at an edge that may be a running line.
fn place(page: &Page, edge: Edge) -> Option<usize> {
    let mut places: Box<dyn Iterator<Item = usize>> = match edge {
        Edge::Top => Box::new(0..page.elements.len()),
        Edge::Bottom => Box::new((0..page.elements.len()).rev()),
    };

    places.find(|at| {
        !matches!(
            page.elements[*at],
            Block::Image { .. } | Block::HorizontalRule
        )
    })
}

fn text_of(block: &Block) -> Option<String> {
    let Block::Paragraph(paragraph) = block else {
        return None;
    };

    let text = paragraph
        .plain_text()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");

    (!text.is_empty() && text.len() <= MAX_LINE).then_some(text)
}

/// The headings of the document, none of which is a running line's: those at the top of pages are left out.
fn headings(document: &Document) -> HashSet<String> {
    let inner = document
        .pages
        .iter()
        .flat_map(|page| page.elements.iter().skip(1));

    let mut found: HashSet<String> = inner
        .filter_map(|block| match block {
            Block::Paragraph(paragraph) if paragraph.is_heading() => {
                Some(letters(&paragraph.plain_text()))
            }
            _ => None,
        })
        .collect();

    let mut open: Vec<_> = document
        .outline
        .iter()
        .flat_map(|outline| &outline.items)
        .collect();

    while let Some(item) = open.pop() {
        found.insert(letters(&item.title));
        open.extend(&item.children);
    }

    found
}

fn letters(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Takes the running line, or the running beginning of a line, off one edge of a page. Whether it did.
fn remove_line(
    page: &mut Page,
    edge: Edge,
    frequent: &dyn Fn(&Shape) -> bool,
    headings: &HashSet<String>,
) -> bool {
    let Some(at) = place(page, edge) else {
        return false;
    };

    let Some(text) = text_of(&page.elements[at]) else {
        return false;
    };

    if frequent(&Shape::Line(without_digits(&text))) {
        page.elements.remove(at);
        return true;
    }

    // "Developer Guide Barge call": the guide on every page, then what the page is about.
    let start = shapes(&text)
        .into_iter()
        .find(|shape| matches!(shape, Shape::Start(_)) && frequent(shape));

    let Some(Shape::Start(start)) = start else {
        return false;
    };
    let rest = text[start.len()..].trim();
    if rest.is_empty() || is_number(rest) || headings.contains(&letters(rest)) {
        page.elements.remove(at);
    } else if let Block::Paragraph(paragraph) = &mut page.elements[at] {
        take_off(paragraph, &start);
    }

    true
}

/// Takes words off the beginning of a paragraph; the rest becomes plain text.
fn take_off(paragraph: &mut Paragraph, start: &str) {
    let text = paragraph
        .plain_text()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");

    let rest = text.strip_prefix(start).unwrap_or(&text).trim().to_owned();
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
            .map(|page| page.elements.iter().filter_map(text_of).collect())
            .collect()
    }

    #[test]
    fn lines_that_run_through_the_document_go() {
        let mut found = document(&[
            &["Developer Guide", "One.", "Release 12.5 1"],
            &["Developer Guide", "Two.", "Release 12.5 2"],
            &["Developer Guide", "Three.", "Release 12.5 3"],
            &["Developer Guide", "Four.", "Release 12.5 iv"],
        ]);

        remove(&mut found);
        assert_eq!(texts(&found), [["One."], ["Two."], ["Three."], ["Four."]]);
    }

    #[test]
    fn a_running_beginning_goes_and_the_rest_stays_unless_it_is_a_heading() {
        let mut found = document(&[
            &["Developer Guide Barge Call", "x"],
            &["Developer Guide Something new", "y"],
            &["Developer Guide Barge Call", "z"],
            &["Developer Guide Call list", "w"],
            &["Developer Guide", "v"],
        ]);

        found.pages[0]
            .elements
            .push(Block::Paragraph(Paragraph::heading("Barge call", 1)));
        remove(&mut found);
        assert_eq!(
            texts(&found),
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
    fn what_few_pages_share_stays() {
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
        let mut found = document(&pages[..3]);
        remove(&mut found);

        assert_eq!(texts(&found)[0].len(), 2);
    }
}
