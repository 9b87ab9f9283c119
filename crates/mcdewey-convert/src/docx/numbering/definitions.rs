//! The lists that a numbering part defines.

use std::collections::HashMap;

use super::LEVELS;
use crate::docx::xml::Element;

/// A level's text is a few characters; longer ones would be repeated in every paragraph.
const MAX_TEXT_CHARS: usize = 100;

/// Bullets that say whether an item is done.
const STATES: [char; 7] = ['☐', '☑', '☒', '✓', '✔', '✗', '✘'];

/// How one level of a list is numbered.
#[derive(Debug, Clone)]
pub(super) struct Level {
    start: u32,
    pub(super) format: String,
    /// Such as `%1.%2`, where `%n` stands for the number of level n.
    pub(super) text: String,
    /// Whether all numbers are decimal, whatever their levels' formats.
    pub(super) is_legal: bool,
    /// The level, counted from 1, after which this one restarts; 0 for never.
    restart: Option<usize>,
    style: Option<String>,
}

impl Level {
    /// Reports whether the label is a mark instead of a number or a word.
    pub(super) fn is_bullet(&self) -> bool {
        let letters = self.text.chars().filter(|c| c.is_alphanumeric()).count();
        self.format == "bullet" && letters < 2 && !self.text.contains(STATES)
    }
}

#[derive(Debug, Default)]
struct AbstractList {
    levels: HashMap<usize, Level>,
    /// The numbering style that defines this list, which refers to it.
    defined_by: Option<String>,
    /// The numbering style that this list defines.
    defines: Option<String>,
}

#[derive(Debug, Default)]
struct List {
    abstract_list: i64,
    levels: HashMap<usize, Level>,
    starts: HashMap<usize, u32>,
}

#[derive(Debug, Default)]
pub(super) struct Definitions {
    abstract_lists: HashMap<i64, AbstractList>,
    lists: HashMap<i64, List>,
}

impl Definitions {
    pub(super) fn read(root: &Element) -> Self {
        let mut definitions = Self::default();
        for element in root.elements() {
            let id = |attribute| {
                element
                    .attribute(attribute)
                    .and_then(|id| id.trim().parse().ok())
            };
            match element.name() {
                "w:abstractNum" => {
                    if let Some(id) = id("w:abstractNumId") {
                        definitions
                            .abstract_lists
                            .insert(id, read_abstract(element));
                    }
                }
                "w:num" => {
                    if let Some(id) = id("w:numId") {
                        definitions.lists.insert(id, read_list(element));
                    }
                }
                _ => {}
            }
        }

        definitions
    }

    /// Returns the abstract list that defines the levels of a list.
    pub(super) fn abstract_of(&self, list: i64) -> Option<i64> {
        let id = self.lists.get(&list)?.abstract_list;
        let style = self.abstract_lists.get(&id)?.defined_by.as_deref();
        let linked = style.and_then(|style| {
            self.abstract_lists
                .iter()
                .filter(|(_, list)| list.defines.as_deref() == Some(style))
                .map(|(id, _)| *id)
                .min()
        });

        Some(linked.unwrap_or(id))
    }

    pub(super) fn level(&self, list: i64, level: usize) -> Option<&Level> {
        let overridden = self.lists.get(&list)?.levels.get(&level);
        overridden.or_else(|| {
            let abstract_list = self.abstract_lists.get(&self.abstract_of(list)?)?;
            abstract_list.levels.get(&level)
        })
    }

    pub(super) fn level_of_style(&self, list: i64, style: &str) -> Option<u8> {
        (0..LEVELS)
            .find(|level| {
                self.level(list, *level)
                    .is_some_and(|level| level.style.as_deref() == Some(style))
            })
            .and_then(|level| u8::try_from(level).ok())
    }

    /// Returns the first number of a level.
    pub(super) fn start(&self, list: i64, level: usize) -> u32 {
        let overridden = self
            .lists
            .get(&list)
            .and_then(|list| list.starts.get(&level));
        match overridden {
            Some(start) => *start,
            None => self.level(list, level).map_or(1, |level| level.start),
        }
    }

    /// Reports whether a list begins a level with its own number instead of continuing others.
    pub(super) fn overrides_start(&self, list: i64, level: usize) -> bool {
        self.lists
            .get(&list)
            .is_some_and(|list| list.starts.contains_key(&level))
    }

    /// Reports whether a level starts again after a paragraph at `counted`, a level above it.
    pub(super) fn restarts_after(&self, list: i64, level: usize, counted: usize) -> bool {
        match self.level(list, level).and_then(|level| level.restart) {
            Some(restart) => counted < restart,
            None => true,
        }
    }
}

fn read_abstract(element: &Element) -> AbstractList {
    AbstractList {
        levels: element.elements().filter_map(read_level).collect(),
        defined_by: element.value("w:numStyleLink").map(str::to_owned),
        defines: element.value("w:styleLink").map(str::to_owned),
    }
}

fn read_list(element: &Element) -> List {
    let mut list = List {
        abstract_list: element.number("w:abstractNumId").unwrap_or(-1),
        ..List::default()
    };
    for overriding in element.elements().filter(|child| child.is("w:lvlOverride")) {
        let Some(at) = level_number(overriding) else {
            continue;
        };

        if let Some(start) = overriding.number("w:startOverride") {
            list.starts.insert(at, start);
        }
        list.levels
            .extend(overriding.elements().filter_map(read_level));
    }

    list
}

fn level_number(element: &Element) -> Option<usize> {
    let level = element.attribute("w:ilvl")?.trim().parse().ok()?;
    (level < LEVELS).then_some(level)
}

/// Reads a level with its number; `None` if the element is something else.
fn read_level(element: &Element) -> Option<(usize, Level)> {
    if !element.is("w:lvl") {
        return None;
    }

    let at = level_number(element)?;
    let text = match element.child("w:lvlText") {
        Some(text) => text.attribute("w:val").unwrap_or_default().to_owned(),
        None => format!("%{}.", at + 1),
    };

    let level = Level {
        start: element.number("w:start").unwrap_or(0),
        format: number_format(element),
        text: text.chars().take(MAX_TEXT_CHARS).collect(),
        is_legal: element.toggle("w:isLgl").unwrap_or(false),
        restart: element.number("w:lvlRestart"),
        style: element.value("w:pStyle").map(str::to_owned),
    };
    Some((at, level))
}

/// Returns the name of a level's number format; of a custom one, its pattern, such as `001`.
fn number_format(level: &Element) -> String {
    let element = level
        .child("w:numFmt")
        .or_else(|| level.at(&["mc:AlternateContent", "mc:Choice", "w:numFmt"]));
    let Some(element) = element else {
        return "decimal".to_owned();
    };

    match element.attribute("w:val").unwrap_or("decimal") {
        "custom" => element
            .attribute("w:format")
            .and_then(|pattern| pattern.split(',').next())
            .unwrap_or("decimal")
            .trim()
            .to_owned(),
        name => name.to_owned(),
    }
}
