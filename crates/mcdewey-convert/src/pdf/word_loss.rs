//! What two readers of one page disagree on.

use std::collections::{HashMap, HashSet};

/// The letters and digits that only one of two texts has, whatever their order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Difference {
    /// How many the reference has.
    pub(super) total: usize,
    /// How many are missing from the text.
    pub(super) missing: usize,
    /// How many the text has too many.
    pub(super) surplus: usize,
}

/// Differences up to this share are not worth another reading: page numbers, hyphens, symbols.
const TOLERATED_SHARE: f32 = 0.01;

/// Differences of so few characters are page numbers.
const TOLERATED_CHARACTERS: usize = 6;

impl Difference {
    /// Compares the text of a reader with that of another.
    pub(super) fn between(reference: &str, text: &str) -> Self {
        let mut counts: HashMap<char, i64> = HashMap::new();
        let mut difference = Self::default();
        for c in comparable(reference) {
            difference.total += 1;
            *counts.entry(c).or_default() += 1;
        }
        for c in comparable(text) {
            *counts.entry(c).or_default() -= 1;
        }

        for count in counts.into_values() {
            let size = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
            if count > 0 {
                difference.missing += size;
            } else {
                difference.surplus += size;
            }
        }
        difference
    }

    /// Reports whether words are missing or surplus, rather than a page number.
    pub(super) fn matters(self) -> bool {
        self.size() > self.tolerated()
    }

    /// Reports whether the text has more than the reference.
    pub(super) fn surplus_matters(self) -> bool {
        self.surplus > self.tolerated()
    }

    fn tolerated(self) -> usize {
        (TOLERATED_SHARE * self.total as f32) as usize + TOLERATED_CHARACTERS
    }

    pub(super) fn size(self) -> usize {
        self.missing + self.surplus
    }
}

/// The letters and digits of a text, with ligatures in their parts.
fn comparable(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(|c| {
        let parts: &'static [char] = match c {
            '\u{fb00}' => &['f', 'f'],
            '\u{fb01}' => &['f', 'i'],
            '\u{fb02}' => &['f', 'l'],
            '\u{fb03}' => &['f', 'f', 'i'],
            '\u{fb04}' => &['f', 'f', 'l'],
            _ => &[],
        };
        let whole = parts.is_empty() && c.is_alphanumeric();
        parts.iter().copied().chain(whole.then_some(c))
    })
}

/// Reports whether what a text has too many repeats what the reference has once, as overprinted
/// text does, rather than being missing from the reference.
pub(super) fn repeats(reference: &str, text: &str, surplus: usize) -> bool {
    let known: HashSet<[char; 4]> = sequences(reference).into_iter().collect();
    let unknown = sequences(text)
        .into_iter()
        .filter(|sequence| !known.contains(sequence))
        .count();
    2 * unknown <= surplus
}

/// All sequences of four characters, after doubled characters were made single.
fn sequences(text: &str) -> Vec<[char; 4]> {
    let mut characters: Vec<char> = comparable(text).collect();
    characters.dedup();
    characters
        .windows(4)
        .filter_map(|window| window.try_into().ok())
        .collect()
}

/// The share of line ends after which a text goes on with the next line, 0 to 1. It is low if a
/// reader mixed columns.
pub(super) fn order_agreement(lines: &[String], text: &str) -> f32 {
    const CONTEXT: usize = 8;
    let text: String = comparable(text).collect();
    let lines: Vec<Vec<char>> = lines
        .iter()
        .map(|line| comparable(line).collect())
        .filter(|line: &Vec<char>| line.len() >= CONTEXT)
        .collect();

    let mut joints: HashMap<String, usize> = HashMap::new();
    for pair in lines.windows(2) {
        let end = &pair[0][pair[0].len() - CONTEXT..];
        let joint = end.iter().chain(&pair[1][..CONTEXT]).collect();
        *joints.entry(joint).or_default() += 1;
    }

    // Text may repeat itself with other line ends, so what is within lines is not counted.
    let whole: String = lines.iter().flatten().collect();
    let count: usize = joints.values().sum();
    let found: usize = joints
        .iter()
        .map(|(joint, count)| {
            let within_lines = whole.matches(joint.as_str()).count().saturating_sub(*count);
            let in_text = text.matches(joint.as_str()).count();
            in_text.saturating_sub(within_lines).min(*count)
        })
        .sum();
    if count == 0 {
        1.0
    } else {
        found as f32 / count as f32
    }
}

/// Reports whether a text has the second of these lines before the first one, which then is a title
/// that a reader took for a part of a later column.
pub(super) fn begins_with_second(lines: &[String], text: &str) -> bool {
    let [first, second, ..] = lines else {
        return false;
    };

    let text: String = comparable(text).collect();
    let position = |line: &str| {
        let line: String = comparable(line).collect();
        (!line.is_empty()).then(|| text.find(&line)).flatten()
    };
    matches!((position(first), position(second)), (Some(first), Some(second)) if second < first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_behind_the_line_below_it_is_found() {
        let lines = ["Pump guide", "Grease the pump."].map(str::to_owned);
        assert!(begins_with_second(&lines, "Grease the pump. # Pump guide"));
        assert!(!begins_with_second(
            &lines,
            "# Pump guide\n\nGrease the pump."
        ));
        assert!(!begins_with_second(&lines, "Grease the pump."));
    }

    #[test]
    fn missing_and_surplus_characters_are_counted() {
        let difference = Difference::between("Grease the pump.", "Greease pump");
        assert_eq!(
            difference,
            Difference {
                total: 13,
                missing: 2,
                surplus: 0
            }
        );
        let same = Difference::between("of\u{fb01}ce co-op", "office coop");
        assert_eq!(same.size(), 0);
    }

    #[test]
    fn a_page_number_does_not_matter_and_a_sentence_does() {
        let page = "The pump runs. ".repeat(40);
        let numbered = Difference::between(&format!("{page} 117"), &page);
        assert!(!numbered.matters());
        let shortened = Difference::between(&page, &page[..page.len() - 30]);
        assert!(shortened.matters());
    }

    #[test]
    fn overprinted_text_repeats_and_other_text_does_not() {
        let page = "Ventilation of the cabinet. Never block the outlet grille.";
        let doubled: String = page.chars().flat_map(|c| [c, c]).collect();
        for text in [page.repeat(2), doubled] {
            let surplus = Difference::between(page, &text).surplus;
            assert!(repeats(page, &text, surplus), "{text}");
        }

        let longer = format!("{page} Order a new filter mat from the workshop every year.");
        let surplus = Difference::between(page, &longer).surplus;
        assert!(!repeats(page, &longer, surplus));
    }

    #[test]
    fn mixed_columns_disagree() {
        let lines = [
            "The relay board keeps",
            "its fuses in the drawer",
            "below the main switch",
        ]
        .map(str::to_owned);
        assert_eq!(order_agreement(&lines, &lines.join(" ")), 1.0);
        let mixed = "The relay board keeps its goes dark fuses in the drawer when below the main";
        assert_eq!(order_agreement(&lines, mixed), 0.0);
    }
}
