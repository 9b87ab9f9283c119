//! The lines that are written, with blank lines where blocks begin and end.

use std::borrow::Cow;

use super::container::bold;
use super::lines::{is_blank, item_marker};

/// The lowest level of headings.
const MAX_LEVEL: usize = 6;

/// The level of the first label of a text without headings, whose title is elsewhere.
const LEVEL_BELOW_TITLE: usize = 2;

/// What the last line was followed by in the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gap {
    None,
    /// Something that is not written.
    Hidden,
    /// The end of a block.
    Block,
}

/// The label of a part: it becomes a heading if nothing follows the parts that would then belong to
/// the last of them.
struct Label {
    line: usize,
    text: String,
}

/// The lines that are written.
pub(super) struct Output<'a> {
    lines: Vec<Cow<'a, str>>,
    gap: Gap,
    /// The labels of successive parts, while it is open what follows them.
    labels: Vec<Label>,
    /// Whether labels may become headings.
    has_headings: bool,
    /// The level of the last heading; 0 before the first.
    level: usize,
}

impl<'a> Output<'a> {
    /// Begins a text. In one that `has_headings`, labels of parts may become headings.
    pub(super) fn new(has_headings: bool) -> Self {
        Self {
            lines: Vec::new(),
            gap: Gap::None,
            labels: Vec::new(),
            has_headings,
            level: 0,
        }
    }

    /// Writes a line of the source.
    pub(super) fn push(&mut self, line: impl Into<Cow<'a, str>>) {
        let line = line.into();
        if is_blank(&line) {
            return self.push_blank(line);
        }

        let level = heading_level(&line);
        self.close_labels(level);
        self.level = level.unwrap_or(self.level);
        if self.needs_blank_before(&line) {
            self.lines.push(Cow::Borrowed(""));
        }
        self.gap = Gap::None;
        self.lines.push(line);
    }

    fn push_blank(&mut self, line: Cow<'a, str>) {
        if self.gap != Gap::Hidden || !self.ends_blank() {
            self.gap = Gap::None;
            self.lines.push(line);
        }
    }

    /// Writes a line of code, which is never a heading.
    pub(super) fn push_code(&mut self, line: impl Into<Cow<'a, str>>) {
        self.close_labels(None);
        if self.gap != Gap::None && !self.ends_blank() {
            self.lines.push(Cow::Borrowed(""));
        }
        self.gap = Gap::None;
        self.lines.push(line.into());
    }

    fn ends_blank(&self) -> bool {
        self.lines.last().is_none_or(|line| is_blank(line))
    }

    /// Rows of a table, items of a list and lines of HTML stay together where something between them is hidden.
    fn needs_blank_before(&self, line: &str) -> bool {
        let both_start_with = |last: &str, sign: char| {
            last.trim_start().starts_with(sign) && line.trim_start().starts_with(sign)
        };
        let continues = match self.lines.last() {
            Some(last) => {
                both_start_with(last, '|')
                    || both_start_with(last, '<')
                    || item_marker(line).is_some()
            }
            None => true,
        };
        match self.gap {
            Gap::None => false,
            Gap::Hidden => !self.ends_blank() && !continues,
            Gap::Block => !self.ends_blank(),
        }
    }

    /// Notes that something is not written.
    pub(super) fn hide(&mut self) {
        if self.gap == Gap::None {
            self.gap = Gap::Hidden;
        }
    }

    /// Writes a block between blank lines.
    pub(super) fn push_block(&mut self, lines: impl IntoIterator<Item = Cow<'a, str>>) {
        self.close_labels(None);
        self.push_separate(lines);
    }

    fn push_separate(&mut self, lines: impl IntoIterator<Item = Cow<'a, str>>) {
        if !self.ends_blank() {
            self.lines.push(Cow::Borrowed(""));
        }
        self.lines.extend(lines);
        self.gap = Gap::Block;
    }

    /// Writes a part of the page with its label.
    pub(super) fn push_part(&mut self, label: String, body: Vec<Cow<'a, str>>) {
        if !self.ends_blank() {
            self.lines.push(Cow::Borrowed(""));
        }

        let has_own_headings = body.iter().any(|line| heading_level(line).is_some());
        if !self.has_headings || has_own_headings {
            self.close_labels(None);
            self.lines.push(Cow::Owned(bold(&label)));
        } else {
            self.lines.push(Cow::Owned(bold(&label)));
            self.labels.push(Label {
                line: self.lines.len() - 1,
                text: label,
            });
        }

        self.gap = Gap::Block;
        if !body.is_empty() {
            self.push_separate(body);
        }
    }

    fn label_level(&self) -> usize {
        if self.level == 0 {
            LEVEL_BELOW_TITLE
        } else {
            (self.level + 1).min(MAX_LEVEL)
        }
    }

    /// Decides about the labels before a heading of this level, or before other text.
    fn close_labels(&mut self, next_level: Option<usize>) {
        let level = self.label_level();
        let become_headings = next_level.is_some_and(|next| next <= level);
        for label in self.labels.drain(..) {
            if become_headings {
                let heading = format!("{} {}", "#".repeat(level), label.text);
                self.lines[label.line] = Cow::Owned(heading);
            }
        }
    }

    /// Takes back the lines since the last blank line.
    pub(super) fn take_paragraph(&mut self) -> Vec<Cow<'a, str>> {
        let start = self
            .lines
            .iter()
            .rposition(|line| is_blank(line))
            .map_or(0, |blank| blank + 1);
        self.lines.split_off(start)
    }

    /// Returns the lines.
    pub(super) fn finish(mut self) -> Vec<Cow<'a, str>> {
        self.close_labels(Some(0));
        if self.gap == Gap::Hidden {
            while self.lines.last().is_some_and(|line| is_blank(line)) {
                self.lines.pop();
            }
        }
        self.lines
    }
}

/// Returns the level of a heading that begins with `#` signs.
fn heading_level(line: &str) -> Option<usize> {
    let trimmed = line.trim_start_matches(' ');
    let signs = trimmed.len() - trimmed.trim_start_matches('#').len();
    let is_heading = (1..=MAX_LEVEL).contains(&signs)
        && line.len() - trimmed.len() <= 3
        && trimmed[signs..].starts_with([' ', '\t']);
    is_heading.then_some(signs)
}
