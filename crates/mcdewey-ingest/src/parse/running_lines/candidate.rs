//! What lines of different pages must have in common to be running lines, and whether their numbers
//! count the pages.

use std::collections::HashMap;
use std::ops::Range;

use mcdewey_core::Page;
use mcdewey_markdown::collapse_whitespace;

use super::MIN_PAGES;
use super::line::{Edge, EdgeLine};
use super::numbers::{Number, Value, numbers};

/// How certain it is that a line is a running line once it repeats, from the most to the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Certainty {
    /// It is identical, or its number can hardly be anything but the page's.
    Certain,
    /// Its number may be the page's or one of its text.
    Likely,
    /// Its number is the page's only if books would print it there: at the outer end of the line,
    /// left on left pages and right on right pages.
    IfMirrored,
}

/// One way in which a line may recur on other pages.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) range: Range<usize>,
    /// The line with its page number masked; equal for lines that differ in nothing else.
    pub(super) pattern: String,
    /// The page number; without one, the whole line must be identical.
    pub(super) number: Option<Value>,
    pub(super) certainty: Certainty,
    /// Whether the line begins with the number.
    is_first: bool,
}

/// Returns the ways in which `line` may recur: as it is, and with any one of its numbers counting
/// the pages. Headings recur only as they are, because their numbers distinguish them.
pub(super) fn candidates(line: &EdgeLine<'_>) -> Vec<Candidate> {
    let mut found = vec![Candidate {
        range: line.range.clone(),
        pattern: collapse_whitespace(&without_emphasis(line.text)),
        number: None,
        certainty: Certainty::Certain,
        is_first: false,
    }];
    if line.is_heading() {
        return found;
    }

    for number in numbers(line.text) {
        if let Some(certainty) = certainty_of(line, &number) {
            found.push(Candidate {
                range: line.range.clone(),
                pattern: masked(line.text, &number.range),
                is_first: !has_words(&line.text[..number.range.start]),
                number: Some(number.value),
                certainty,
            });
        }
    }

    found
}

fn has_words(text: &str) -> bool {
    text.contains(char::is_alphanumeric)
}

/// Removes the marks of bold and italic type, which converters set around different parts of a line.
fn without_emphasis(text: &str) -> String {
    text.replace('*', "")
}

/// Masks a number with a character that no text contains. A number at an end of the line is masked
/// alike on either side, because books print it on the outer one.
fn masked(text: &str, number: &Range<usize>) -> String {
    let (before, after) = (&text[..number.start], &text[number.end..]);
    let masked = if has_words(before) && has_words(after) {
        format!("{before}\u{0}{after}")
    } else {
        let words = if has_words(before) { before } else { after };
        format!(
            "\u{0}{}",
            words.trim_matches(|c: char| !c.is_alphanumeric())
        )
    };

    collapse_whitespace(&without_emphasis(&masked))
}

/// Returns how certain it is that a number is the page's if it counts the pages, or `None` if it is
/// none even then.
///
/// Entries that are numbered one a page count the pages, too (`Alarm 4101`, `Alarm 4102`). What
/// tells them apart: their numbers exceed those of the pages, or stand in a title or a sentence.
fn certainty_of(line: &EdgeLine<'_>, number: &Number) -> Option<Certainty> {
    let page = line.page;
    let is_plausible =
        number.value.is_at_most(page.number.0) || page.label == Some(number.value.to_string());
    if number.is_called_page {
        return Some(Certainty::Certain);
    }

    let (before, after) = (&line.text[..number.range.start], &line.text[number.end..]);
    let (is_first, is_last) = (!has_words(before), !has_words(after));
    if is_first && is_last {
        return (is_plausible || line.edge == Edge::Bottom).then_some(Certainty::Certain);
    }

    let is_list_or_sentence =
        line.text.ends_with(['.', ':', ';', '!', '?']) || after.starts_with(['.', ':', ')']);
    if is_list_or_sentence || !(is_first || is_last) {
        return None;
    }

    let is_apart = is_first || line.edge == Edge::Bottom || ends_with_separator(before);
    Some(if is_plausible && is_apart {
        Certainty::Likely
    } else {
        Certainty::IfMirrored
    })
}

/// Reports whether a gap or a sign such as `|` separates the text from the number after it.
fn ends_with_separator(before: &str) -> bool {
    let words = before.trim_end();
    words.ends_with(|c: char| !c.is_alphanumeric() && !matches!(c, '#' | '*' | '_' | '(' | '"'))
        || before.ends_with('\t')
        || before.len() - words.len() >= 2
}

/// Keeps those lines of a group with the same pattern whose numbers count the pages.
pub(super) fn keep_counting(
    pages: &[Page],
    group: Vec<(usize, Candidate)>,
) -> Vec<(usize, Candidate)> {
    let mut distances: HashMap<(bool, i64), usize> = HashMap::new();
    for (index, candidate) in &group {
        if let Some(distance) = distance(candidate, &pages[*index]) {
            *distances.entry(distance).or_default() += 1;
        }
    }

    let in_chapters = counts_in_chapters(pages, &group);
    let counting = group.into_iter().zip(in_chapters);
    let counting = counting.filter(|((index, candidate), counts_in_chapter)| {
        let page = &pages[*index];
        candidate.number.as_ref().is_none_or(|value| {
            *counts_in_chapter
                || page.page.label == Some(value.to_string())
                || distance(candidate, page)
                    .is_some_and(|distance| distances[&distance] >= MIN_PAGES)
        })
    });

    let mut counting: Vec<_> = counting.map(|(line, _)| line).collect();
    if !is_mirrored(pages, &counting) {
        counting.retain(|(_, candidate)| candidate.certainty != Certainty::IfMirrored);
    }
    counting
}

/// Reports whether the number stands at one end of the lines on left pages and at the other on
/// right pages.
fn is_mirrored(pages: &[Page], group: &[(usize, Candidate)]) -> bool {
    let is_left = |index: &usize| pages[*index].page.number.0.is_multiple_of(2);
    let count = |left: bool| {
        let lines = group.iter().filter(|(index, _)| is_left(index) == left);
        lines.count()
    };
    let outside = group
        .iter()
        .filter(|(index, candidate)| candidate.is_first == is_left(index))
        .count();

    count(true) > 1 && count(false) > 1 && (outside == 0 || outside == group.len())
}

/// Returns how far a line's number is from the physical page's, and whether it is a Roman one.
fn distance(candidate: &Candidate, page: &Page) -> Option<(bool, i64)> {
    let physical = i64::from(page.page.number.0);
    match candidate.number.as_ref()? {
        Value::Arabic(number) => Some((false, i64::from(*number) - physical)),
        Value::Roman { number, .. } => Some((true, i64::from(*number) - physical)),
        Value::InChapter { .. } => None,
    }
}

/// Reports for each line whether its number continues that of the line before it, or is continued
/// by that of the line after it.
fn counts_in_chapters(pages: &[Page], group: &[(usize, Candidate)]) -> Vec<bool> {
    let continues = |pair: &[(usize, Candidate)]| {
        let [(first_index, first), (second_index, second)] = pair else {
            return false;
        };
        let physical = |index: &usize| i64::from(pages[*index].page.number.0);
        match (&first.number, &second.number) {
            (Some(first), Some(second)) => {
                second.continues(first, physical(second_index) - physical(first_index))
            }
            _ => false,
        }
    };

    let pairs: Vec<bool> = group.windows(2).map(continues).collect();
    (0..group.len())
        .map(|index| {
            pairs.get(index).is_some_and(|continues| *continues) || (index > 0 && pairs[index - 1])
        })
        .collect()
}
