//! Rewrites AsciiDoc that the parser does not support into forms that it does: two-line titles, and
//! books with parts. Removes includes, since only one file is converted at a time.

use std::sync::LazyLock;

use regex::Regex;

static INCLUDE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^include::([^\[\s]+)\[[^\]]*\]\s*$").expect("the pattern is valid")
});

/// The characters that underline two-line titles, by level.
const UNDERLINES: [char; 5] = ['=', '-', '~', '^', '+'];

/// Delimiters of blocks whose content is not markup.
const VERBATIM_DELIMITERS: [&str; 5] = ["----", "....", "++++", "////", "```"];

/// Headings that would be deeper than this level stay at it.
const MAX_LEVEL: usize = 5;

pub(super) struct NormalisedSource {
    pub(super) text: String,
    /// The targets of the removed includes.
    pub(super) includes: Vec<String>,
}

pub(super) fn normalise(text: &str) -> NormalisedSource {
    let (lines, includes) = Scanner::new(text).scan();

    // The parts of a book have the same level as its title. All headings after the title move down
    // by one.
    let is_book = lines.iter().filter(|line| line.level == Some(0)).count() > 1;
    let mut top_headings = 0;
    let mut out = String::with_capacity(text.len());

    for line in &lines {
        top_headings += usize::from(line.level == Some(0));
        match line.level {
            Some(level) if is_book && top_headings > 1 => {
                let marks = "=".repeat((level + 1).min(MAX_LEVEL) + 1);
                let title = line.text.trim_start_matches('=').trim();
                out.push_str(&format!("{marks} {title}"));
            }
            _ => out.push_str(&line.text),
        }

        out.push('\n');
    }

    NormalisedSource {
        text: out,
        includes,
    }
}

struct Line {
    text: String,
    /// The level of a heading outside verbatim blocks.
    level: Option<usize>,
}

/// Splits the source into lines, rewrites two-line titles and removes includes.
struct Scanner<'a> {
    source: Vec<&'a str>,
    /// The delimiter that ends the current verbatim block.
    open_block: Option<&'a str>,
    lines: Vec<Line>,
    includes: Vec<String>,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            source: text.lines().collect(),
            open_block: None,
            lines: Vec::new(),
            includes: Vec::new(),
        }
    }

    fn scan(mut self) -> (Vec<Line>, Vec<String>) {
        let mut at = 0;
        while at < self.source.len() {
            at += self.scan_line(at);
        }

        (self.lines, self.includes)
    }

    /// Returns the number of source lines consumed.
    fn scan_line(&mut self, at: usize) -> usize {
        let original = self.source[at];
        let line = original.trim_end();

        if let Some(include) = INCLUDE.captures(line) {
            self.includes.push(include[1].to_owned());

            // Outside verbatim blocks a comment replaces the include: like the included text, it
            // separates the paragraphs around it.
            let replacement = if self.open_block.is_some() { "" } else { "//" };
            self.push(replacement.to_owned(), None);
            return 1;
        }

        if let Some(delimiter) = self.open_block {
            if line == delimiter {
                self.open_block = None;
            }
            self.push(original.to_owned(), None);
            return 1;
        }

        if is_verbatim_delimiter(line) {
            // A fence may name a language, which its end does not repeat.
            self.open_block = Some(if line.starts_with("```") { "```" } else { line });
            self.push(original.to_owned(), None);
            return 1;
        }

        if let Some(level) = self.two_line_title(at, line) {
            self.push(format!("{} {line}", "=".repeat(level + 1)), Some(level));
            return 2;
        }

        self.push(line.to_owned(), heading_level(line));
        1
    }

    fn push(&mut self, text: String, level: Option<usize>) {
        self.lines.push(Line { text, level });
    }

    /// The level of the two-line title that begins at a line, if there is one.
    fn two_line_title(&self, at: usize, title: &str) -> Option<usize> {
        let may_begin = self
            .lines
            .last()
            .is_none_or(|previous| may_precede_title(&previous.text));

        let underline = self.source.get(at + 1).filter(|_| may_begin)?;
        underline_level(title, underline.trim_end())
    }
}

fn is_verbatim_delimiter(line: &str) -> bool {
    VERBATIM_DELIMITERS
        .iter()
        .any(|delimiter| matches_delimiter(line, delimiter))
}

/// Whether a line is this delimiter; all but the fence may be longer.
fn matches_delimiter(line: &str, delimiter: &str) -> bool {
    if delimiter == "```" {
        return line.starts_with(delimiter);
    }

    delimiter
        .chars()
        .next()
        .is_some_and(|first| line.len() >= 4 && line.chars().all(|c| c == first))
}

fn heading_level(line: &str) -> Option<usize> {
    let marks = line.bytes().take_while(|&byte| byte == b'=').count();
    ((1..=MAX_LEVEL + 1).contains(&marks) && line[marks..].starts_with(' ')).then(|| marks - 1)
}

/// The level of a two-line title: text, and an underline whose length differs by at most one.
fn underline_level(title: &str, underline: &str) -> Option<usize> {
    let mark = underline.chars().next()?;
    let level = UNDERLINES.iter().position(|&known| known == mark)?;

    let title_length = title.chars().count();
    let underline_length = underline.chars().count();
    let lengths_fit = title_length.abs_diff(underline_length) <= 1 && underline_length >= 2;
    let is_text = title.starts_with(|c: char| c.is_alphanumeric() || "`*_{'\"".contains(c))
        && title.chars().any(char::is_alphanumeric);

    (lengths_fit && is_text && underline.chars().all(|c| c == mark)).then_some(level)
}

/// A title begins after an empty line, an anchor, attributes or a comment.
fn may_precede_title(line: &str) -> bool {
    line.trim().is_empty()
        || (line.starts_with('[') && line.ends_with(']'))
        || line.starts_with(':')
        || line.starts_with("//")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(normalise(text).text, expected, "{text:?}");
    }

    #[test]
    fn rewrites_two_line_titles() {
        check(
            "Guide\n=====\n\nPorts\n-----\n\nDeep\n~~~~\nText\n",
            "= Guide\n\n== Ports\n\n=== Deep\nText\n",
        );
        check("[[a]]\nPorts\n-----\n", "[[a]]\n== Ports\n");
    }

    #[test]
    fn leaves_verbatim_blocks_alone() {
        check(
            "Some text\nabcd\n----\ncode\n----\n",
            "Some text\nabcd\n----\ncode\n----\n",
        );
        check("----\n\nabcd\n----\n", "----\n\nabcd\n----\n");
        check("....\n= x\n....\n", "....\n= x\n....\n");
    }

    #[test]
    fn moves_the_parts_of_a_book_below_its_title() {
        check(
            "= Book\n\n= Part\n\n== Chapter\n",
            "= Book\n\n== Part\n\n=== Chapter\n",
        );
        check("= Book\n\n== Chapter\n", "= Book\n\n== Chapter\n");
    }

    #[test]
    fn removes_and_reports_includes() {
        let source = normalise("a\ninclude::parts/b.adoc[tag=x]\nc\n");
        assert_eq!(source.text, "a\n//\nc\n");
        assert_eq!(source.includes, ["parts/b.adoc"]);
    }
}
