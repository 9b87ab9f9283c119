//! What is known about the whole text while it is rewritten.

use std::sync::LazyLock;

use regex::Regex;

use super::Syntax;

/// How many lines may be searched for the end of blocks, for each line of the text. It keeps the
/// time for a hostile text in proportion to its length.
const SEARCHED_LINES_PER_LINE: usize = 10;
/// The same for short texts.
const MIN_SEARCHED_LINES: usize = 10_000;

/// What is known about the whole text.
pub(super) struct Context {
    pub(super) syntax: Syntax,
    /// Whether the text has directives or roles of MyST, in which `%` begins a comment.
    pub(super) is_myst: bool,
    /// What the text refers to but does not contain.
    pub(super) warnings: Vec<String>,
    /// The labels of tabs that are written at the group, each with the value that names its tab.
    pub(super) tab_labels: Vec<(Option<String>, String)>,
    searchable_lines: usize,
}

impl Context {
    pub(super) fn new(text: &str, syntax: Syntax) -> Self {
        static MYST: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(
                r"(?m)^[ \t]*(?:`{3,}|~{3,}|:{3,})\{[a-z][\w:-]*\}|\{(?:ref|doc|term|numref)\}`",
            )
            .expect("a valid pattern")
        });

        Self {
            syntax,
            is_myst: MYST.is_match(text),
            warnings: Vec::new(),
            tab_labels: Vec::new(),
            searchable_lines: MIN_SEARCHED_LINES
                + SEARCHED_LINES_PER_LINE * text.bytes().filter(|byte| *byte == b'\n').count(),
        }
    }

    /// Reports whether another line may be searched for the end of a block.
    pub(super) fn may_search_line(&mut self) -> bool {
        self.searchable_lines = self.searchable_lines.saturating_sub(1);
        self.searchable_lines > 0
    }

    pub(super) fn warn(&mut self, warning: String) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Warns of a file whose content the text includes.
    pub(super) fn warn_of_included_file(&mut self, file: &str) {
        self.warn(format!(
            "the text includes `{file}`, which is not read from here; put it into the library, or \
             write it into the file"
        ));
    }

    /// Warns of a shortcode that stands for text from elsewhere.
    pub(super) fn warn_of_shortcode(&mut self, name: &str) {
        self.warn(format!(
            "the shortcode `{name}` stands for text that is not in the file; write the text into \
             the file"
        ));
    }
}
