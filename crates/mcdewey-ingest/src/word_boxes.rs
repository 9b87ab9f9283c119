//! Finds the words that are drawn on a page in the page's text.
//!
//! A wrong mark on a page is worse than none, so a word gets its box only where text and page agree
//! on it beyond doubt: as part of at least two equal words in a row, or because it occurs once in
//! both.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use mcdewey_core::{Page, PageBoxes, PageWord, PageWords, Rectangle, WordBox};
use similar::{Algorithm, DiffOp, capture_diff_slices};

/// A page with more words than this, in its text or drawn, is no page of text; comparing its words
/// would take seconds.
const MAX_WORDS: usize = 8_000;

/// How often the words that are still without a box are compared again. Each round places what stands
/// at another position in the text than on the page: another column, a table that was moved.
const MAX_ROUNDS: usize = 8;

/// A shorter run of equal words may be a coincidence.
const MIN_RUN: usize = 2;

/// Returns the boxes of the words of each page that has any.
pub(crate) fn word_boxes(pages: &[Page], drawn: &[PageWords]) -> Vec<PageBoxes> {
    let texts: HashMap<_, _> = pages
        .iter()
        .map(|page| (page.page.number, page.text.as_str()))
        .collect();
    drawn
        .iter()
        .filter_map(|page| {
            let boxes = page_boxes(texts.get(&page.page)?, page);
            (!boxes.words.is_empty()).then_some(boxes)
        })
        .collect()
}

fn page_boxes(text: &str, drawn: &PageWords) -> PageBoxes {
    let words = text_words(text);
    let drawn_words = joined_words(&drawn.words, &words);
    let mut boxes = Vec::new();
    if words.len() <= MAX_WORDS && drawn_words.len() <= MAX_WORDS {
        for (word, drawn_word) in agreeing_words(&words, &drawn_words) {
            boxes.extend(drawn_words[drawn_word].areas.iter().map(|area| WordBox {
                start: words[word].range.start as u32,
                end: words[word].range.end as u32,
                area: *area,
            }));
        }
    }

    PageBoxes {
        page: drawn.page,
        width: drawn.width,
        height: drawn.height,
        words: boxes,
    }
}

/// A word of a page's text, without the punctuation around it.
#[derive(Debug)]
struct TextWord<'a> {
    key: &'a str,
    range: Range<usize>,
}

/// A word that is drawn on a page, without the punctuation around it, in one part or in two.
#[derive(Debug)]
struct DrawnWord {
    key: String,
    areas: Vec<Rectangle>,
}

fn text_words(text: &str) -> Vec<TextWord<'_>> {
    let mut words = Vec::new();
    let mut end_of_last = 0;
    for token in text.split(is_separator) {
        let start = text[end_of_last..]
            .find(token)
            .map_or(end_of_last, |at| end_of_last + at);
        let key = core(token);
        if !key.is_empty() {
            let offset = start + token.find(key).unwrap_or_default();
            words.push(TextWord {
                key,
                range: offset..offset + key.len(),
            });
        }
        end_of_last = start + token.len();
    }

    words
}

/// Reports whether a character separates words in Markdown: white space, or markup between cells and
/// around line breaks.
fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '|' | '<' | '>')
}

/// Strips everything but letters and digits from both ends of a word.
fn core(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

/// Joins words that are broken at the end of a line if the text has them in one piece.
fn joined_words(drawn: &[PageWord], text: &[TextWord<'_>]) -> Vec<DrawnWord> {
    let mut occurrences: HashMap<&str, usize> = HashMap::new();
    for word in text {
        *occurrences.entry(word.key).or_default() += 1;
    }

    let mut words: Vec<DrawnWord> = Vec::with_capacity(drawn.len());
    let mut rest = drawn;
    while let Some((word, after)) = rest.split_first() {
        rest = after;
        if let Some(second) = after.first()
            && let Some(key) = joined(word, second)
            && occurrences.contains_key(key.as_str())
        {
            words.push(DrawnWord {
                key,
                areas: vec![word.area, second.area],
            });
            rest = &after[1..];
            continue;
        }

        let key = core(&word.text);
        if !key.is_empty() {
            words.push(DrawnWord {
                key: key.to_owned(),
                areas: vec![word.area],
            });
        }
    }

    words
}

/// Joins two words if the first ends with a hyphen at the end of its line.
fn joined(first: &PageWord, second: &PageWord) -> Option<String> {
    let begin = first
        .text
        .strip_suffix(['-', '\u{ad}', '\u{2010}'])
        .filter(|begin| begin.ends_with(char::is_alphabetic))?;
    let on_next_line = second.area.top
        >= first.area.bottom - (first.area.bottom - first.area.top) / 2.0
        || second.area.left < first.area.left;
    on_next_line.then(|| core(&format!("{begin}{}", second.text)).to_owned())
}

/// Pairs the indexes of words in the text with those of drawn words, in the order of the text.
fn agreeing_words(text: &[TextWord<'_>], drawn: &[DrawnWord]) -> BTreeMap<usize, usize> {
    let mut pairs = BTreeMap::new();
    let mut text_left: Vec<usize> = (0..text.len()).collect();
    let mut drawn_left: Vec<usize> = (0..drawn.len()).collect();
    for _ in 0..MAX_ROUNDS {
        let found = runs(text, drawn, &text_left, &drawn_left);
        if found.is_empty() {
            break;
        }

        let taken: std::collections::HashSet<usize> = found.values().copied().collect();
        text_left.retain(|index| !found.contains_key(index));
        drawn_left.retain(|index| !taken.contains(index));
        pairs.extend(found);
    }

    pairs
}

/// Compares the words that are left in the text with those that are left on the page, in order.
fn runs(
    text: &[TextWord<'_>],
    drawn: &[DrawnWord],
    text_left: &[usize],
    drawn_left: &[usize],
) -> BTreeMap<usize, usize> {
    let text_keys: Vec<&str> = text_left.iter().map(|index| text[*index].key).collect();
    let drawn_keys: Vec<&str> = drawn_left
        .iter()
        .map(|index| drawn[*index].key.as_str())
        .collect();
    let (in_text, on_page) = (counts(&text_keys), counts(&drawn_keys));

    let mut found = BTreeMap::new();
    for operation in capture_diff_slices(Algorithm::Patience, &text_keys, &drawn_keys) {
        let DiffOp::Equal {
            old_index,
            new_index,
            len,
        } = operation
        else {
            continue;
        };

        let key = text_keys[old_index];
        if len >= MIN_RUN || (in_text[key] == 1 && on_page[key] == 1) {
            found
                .extend((0..len).map(|at| (text_left[old_index + at], drawn_left[new_index + at])));
        }
    }

    found
}

fn counts<'a>(keys: &[&'a str]) -> HashMap<&'a str, usize> {
    let mut counts = HashMap::new();
    for key in keys {
        *counts.entry(*key).or_default() += 1;
    }

    counts
}

#[cfg(test)]
mod tests {
    use mcdewey_core::{PageNumber, PageRef};
    use proptest::prelude::*;

    use super::*;

    /// Draws lines of words, each word 10 points wide.
    fn draw(lines: &[&str]) -> PageWords {
        let mut words = Vec::new();
        for (row, line) in lines.iter().enumerate() {
            for (column, text) in line.split_whitespace().enumerate() {
                let (left, top) = (column as f32 * 10.0, row as f32 * 12.0);
                let area = Rectangle {
                    left,
                    top,
                    right: left + 9.0,
                    bottom: top + 10.0,
                };
                words.push(PageWord {
                    text: text.to_owned(),
                    area,
                });
            }
        }

        PageWords {
            page: PageNumber(3),
            width: 600.0,
            height: 800.0,
            words,
        }
    }

    /// Returns the words of a text that get a box, each with the row and the column where it is.
    fn placed(text: &str, lines: &[&str]) -> Vec<(String, u32, u32)> {
        let page = Page {
            page: PageRef {
                number: PageNumber(3),
                label: None,
                section: None,
            },
            text: text.to_owned(),
        };
        let boxes = word_boxes(&[page], &[draw(lines)]);
        boxes
            .iter()
            .flat_map(|page| &page.words)
            .map(|word| {
                (
                    text[word.start as usize..word.end as usize].to_owned(),
                    (word.area.top / 12.0) as u32,
                    (word.area.left / 10.0) as u32,
                )
            })
            .collect()
    }

    fn place(word: &str, row: u32, column: u32) -> (String, u32, u32) {
        (word.to_owned(), row, column)
    }

    #[test]
    fn words_get_the_boxes_of_the_same_words() {
        assert_eq!(
            placed(
                "## Barge call\n\n| **Key** | `F7` |\n",
                &["Barge call", "Key F7"]
            ),
            [
                place("Barge", 0, 0),
                place("call", 0, 1),
                place("Key", 1, 0),
                place("F7", 1, 1)
            ]
        );
    }

    #[test]
    fn a_word_broken_at_the_end_of_a_line_has_two_boxes() {
        assert_eq!(
            placed("A supervisor may barge.", &["A super-", "visor may barge."]),
            [
                place("A", 0, 0),
                place("supervisor", 0, 1),
                place("supervisor", 1, 0),
                place("may", 1, 1),
                place("barge", 1, 2)
            ]
        );
    }

    #[test]
    fn columns_in_another_order_get_their_boxes() {
        assert_eq!(
            placed(
                "left one two\n\nright three four\n",
                &["right three four", "left one two"]
            )
            .len(),
            6
        );
    }

    #[test]
    fn a_frequent_word_on_its_own_gets_none() {
        assert_eq!(
            placed("the 12 the 34 the", &["the 56 the 78 the"]),
            Vec::new()
        );
        assert_eq!(placed("pump 12", &["pump 34"]), [place("pump", 0, 0)]);
    }

    #[test]
    fn a_page_without_text_or_words_has_none() {
        assert_eq!(placed("", &["a b"]), Vec::new());
        assert_eq!(placed("a b", &[]), Vec::new());
    }

    proptest! {
        #[test]
        fn every_box_is_that_of_an_equal_word(
            text in "[ab|*.\\-\n ]{0,60}",
            lines in proptest::collection::vec("[ab.\\- ]{0,20}", 0..6),
        ) {
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let drawn = draw(&lines);
            for (word, row, column) in placed(&text, &lines) {
                let found = drawn
                    .words
                    .iter()
                    .find(|drawn| {
                        drawn.area.top == row as f32 * 12.0 && drawn.area.left == column as f32 * 10.0
                    })
                    .unwrap();
                let piece = core(&found.text);
                prop_assert!(word == piece || word.starts_with(piece) || word.ends_with(piece));
            }
        }
    }
}
