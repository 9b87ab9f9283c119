//! The numbers of headings and lists, counted the way Word counts them.

mod definitions;
pub(super) mod format;

use std::collections::{HashMap, HashSet};

use definitions::{Definitions, Level};

use super::xml::Element;

/// Word has nine levels.
const LEVELS: usize = 9;

/// What Word writes before a paragraph of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Label {
    Bullet,
    /// A number or another text.
    Text(String),
}

impl Label {
    /// Returns the number if the label is one that Markdown can write by itself, such as `3.`.
    pub(super) fn plain_number(&self) -> Option<u32> {
        let Self::Text(label) = self else {
            return None;
        };

        let digits = label.trim().trim_end_matches(['.', ')']);
        let marks = label.trim().len() - digits.len();
        (marks <= 1 && digits.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| digits.parse().ok())
            .flatten()
    }
}

/// The lists of a document and how far each has been counted.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    definitions: Definitions,
    /// The last number at each level, by abstract list: lists that share one continue each other.
    counters: HashMap<i64, [Option<u32>; LEVELS]>,
    /// Lists and levels whose own start value has been used.
    restarted: HashSet<(i64, usize)>,
}

impl Numbering {
    /// Reads the numbering part.
    pub(super) fn read(root: &Element) -> Self {
        Self {
            definitions: Definitions::read(root),
            ..Self::default()
        }
    }

    /// Returns the level at which a list numbers the paragraphs of a style, if it is bound to it.
    pub(super) fn level_of_style(&self, list: i64, style: &str) -> Option<u8> {
        self.definitions.level_of_style(list, style)
    }

    /// Counts one more paragraph of a list. Returns its label; `None` if it has no visible one.
    pub(super) fn next(&mut self, list: i64, level: u8) -> Option<Label> {
        let level = usize::from(level).min(LEVELS - 1);
        let numbers = self.count(list, level)?;
        let definition = self.definitions.level(list, level)?;
        if definition.is_bullet() {
            return Some(Label::Bullet);
        }

        let label = self.label(list, definition, &numbers);
        (!label.trim().is_empty()).then_some(Label::Text(label))
    }

    /// Advances the counter of a level and resets those below it. Returns all numbers.
    fn count(&mut self, list: i64, level: usize) -> Option<[u32; LEVELS]> {
        let abstract_list = self.definitions.abstract_of(list)?;
        let counters = self.counters.entry(abstract_list).or_default();
        let restarts =
            self.definitions.overrides_start(list, level) && self.restarted.insert((list, level));

        let start = self.definitions.start(list, level);
        counters[level] = match counters[level] {
            Some(number) if !restarts => Some(number.saturating_add(1)),
            _ => Some(start),
        };

        for (below, counter) in counters.iter_mut().enumerate().skip(level + 1) {
            if self.definitions.restarts_after(list, below, level) {
                *counter = None;
            }
        }

        let counters = *counters;
        Some(std::array::from_fn(|at| {
            counters[at].unwrap_or_else(|| self.definitions.start(list, at))
        }))
    }

    /// Replaces each `%n` in a level's text by the number of level n.
    fn label(&self, list: i64, definition: &Level, numbers: &[u32; LEVELS]) -> String {
        let mut label = String::new();
        let mut rest = definition.text.chars().peekable();
        while let Some(character) = rest.next() {
            let level = rest
                .peek()
                .filter(|_| character == '%')
                .and_then(|digit| digit.to_digit(10))
                .and_then(|digit| usize::try_from(digit).ok())
                .filter(|digit| *digit > 0);
            let Some(level) = level else {
                label.push(character);
                continue;
            };

            rest.next();
            let format = self
                .definitions
                .level(list, level - 1)
                .map_or("decimal", |level| &level.format);
            let format = if definition.is_legal && format != "none" {
                "decimal"
            } else {
                format
            };
            label.push_str(&format::number(numbers[level - 1], format));
        }

        label
    }
}

#[cfg(test)]
mod tests {
    use super::super::xml::parse;
    use super::*;

    fn numbering(xml: &str) -> Numbering {
        Numbering::read(&parse(format!("<w:numbering>{xml}</w:numbering>").as_bytes()).unwrap())
    }

    fn level(level: u8, format: &str, text: &str, more: &str) -> String {
        format!(
            "<w:lvl w:ilvl='{level}'><w:start w:val='1'/><w:numFmt w:val='{format}'/>{more}<w:lvlText w:val='{text}'/></w:lvl>"
        )
    }

    fn list(id: u8, levels: &[String], more: &str) -> String {
        format!(
            "<w:abstractNum w:abstractNumId='{id}'>{more}{}</w:abstractNum>",
            levels.concat()
        )
    }

    /// Counts at these levels of list 1 and returns the labels.
    fn labels(numbering: &mut Numbering, list: i64, levels: &[u8]) -> String {
        let labels = levels
            .iter()
            .map(|level| match numbering.next(list, *level) {
                Some(Label::Text(label)) => label,
                Some(Label::Bullet) => "•".to_owned(),
                None => "-".to_owned(),
            });
        labels.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn deeper_levels_restart() {
        let levels = [
            level(0, "decimal", "%1", ""),
            level(1, "decimal", "%1.%2", ""),
            level(2, "lowerLetter", "%1.%2(%3)", ""),
        ];
        let mut numbering = numbering(&format!(
            "{}<w:num w:numId='1'><w:abstractNumId w:val='0'/></w:num>",
            list(0, &levels, "")
        ));
        assert_eq!(
            labels(&mut numbering, 1, &[0, 0, 1, 1, 2, 2, 1, 0, 1, 2]),
            "1 2 2.1 2.2 2.2(a) 2.2(b) 2.3 3 3.1 3.1(a)"
        );
        assert_eq!(numbering.next(7, 0), None);
    }

    #[test]
    fn a_level_restarts_where_it_says() {
        let levels = [
            level(0, "upperRoman", "Part %1", ""),
            level(1, "decimal", "%1.%2", "<w:isLgl/><w:lvlRestart w:val='0'/>"),
            level(2, "decimal", "%3", "<w:lvlRestart w:val='1'/>"),
        ];
        let mut numbering = numbering(&format!(
            "{}<w:num w:numId='1'><w:abstractNumId w:val='0'/></w:num>",
            list(0, &levels, "")
        ));
        assert_eq!(
            labels(&mut numbering, 1, &[0, 1, 2, 1, 2, 0, 1, 2]),
            "Part I 1.1 1 1.2 2 Part II 2.3 1"
        );
    }

    #[test]
    fn lists_share_counters_unless_they_override_the_start() {
        let levels = [level(0, "decimal", "%1.", "")];
        let mut numbering = numbering(&format!(
            "{}<w:num w:numId='1'><w:abstractNumId w:val='0'/></w:num>\
             <w:num w:numId='2'><w:abstractNumId w:val='0'/></w:num>\
             <w:num w:numId='3'><w:abstractNumId w:val='0'/><w:lvlOverride w:ilvl='0'><w:startOverride w:val='5'/></w:lvlOverride></w:num>\
             <w:num w:numId='4'><w:abstractNumId w:val='0'/><w:lvlOverride w:ilvl='0'>{}</w:lvlOverride></w:num>",
            list(0, &levels, ""),
            level(0, "lowerRoman", "(%1)", "")
        ));
        assert_eq!(labels(&mut numbering, 1, &[0, 0]), "1. 2.");
        assert_eq!(labels(&mut numbering, 2, &[0]), "3.");
        assert_eq!(labels(&mut numbering, 3, &[0, 0]), "5. 6.");
        assert_eq!(labels(&mut numbering, 4, &[0]), "(vii)");
    }

    #[test]
    fn numbering_styles_and_styles_lead_to_levels() {
        let levels = [
            level(0, "bullet", "\u{F0B7}", ""),
            level(1, "bullet", "Note:", "<w:pStyle w:val='Remark'/>"),
            level(2, "none", "", ""),
            level(3, "bullet", "☒", ""),
        ];
        let mut numbering = numbering(&format!(
            "{}{}<w:num w:numId='1'><w:abstractNumId w:val='1'/></w:num>",
            list(0, &levels, "<w:styleLink w:val='Own'/>"),
            list(1, &[], "<w:numStyleLink w:val='Own'/>"),
        ));
        assert_eq!(labels(&mut numbering, 1, &[0, 1, 2, 3]), "• Note: - ☒");
        assert_eq!(numbering.level_of_style(1, "Remark"), Some(1));
    }

    #[test]
    fn markdown_writes_plain_numbers_itself() {
        let label = |label: &str| Label::Text(label.to_owned());
        assert_eq!(label("12.").plain_number(), Some(12));
        assert_eq!(label("3)").plain_number(), Some(3));
        assert_eq!(label("1.1").plain_number(), None);
        assert_eq!(label("a)").plain_number(), None);
        assert_eq!(label("(1)").plain_number(), None);
        assert_eq!(Label::Bullet.plain_number(), None);
    }
}
