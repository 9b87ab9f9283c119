//! Parses the headings, tables and units of Markdown, with their byte ranges.
//!
//! Lines that only look like headings are dropped, and headings broken over two lines are joined.

use std::ops::Range;
use std::sync::LazyLock;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use regex::Regex;

use super::caption::table_caption;
use super::collapse_whitespace;
use super::units::{Unit, UnitCollector};

/// A longer "heading" is a paragraph or a log line.
const MAX_TITLE_BYTES: usize = 200;

/// This many top-level headings on adjacent lines are comments.
const MIN_COMMENT_LINES: usize = 3;

/// Separates the column names in [`Table::header`].
const COLUMN_SEPARATOR: &str = " | ";

/// A heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heading {
    /// 1 to 6.
    pub(crate) level: u8,
    /// The text without markup.
    pub(crate) title: String,
    /// Its lines, as a byte range of the text.
    pub(crate) range: Range<usize>,
}

/// A table with a header row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    /// The whole table, as a byte range of the text.
    pub(crate) range: Range<usize>,
    /// The byte offset at which the rows start, after header and delimiter.
    pub(crate) rows_start: usize,
    /// The column names, separated by ` | `.
    pub(crate) header: String,
    /// The caption in the line before the table, or an empty string.
    pub(crate) caption: String,
}

impl Table {
    /// Returns the range in which a chunk may start that does not include the header row. That is
    /// the whole table if the header is on another page.
    pub(crate) fn range_without_header(&self) -> Range<usize> {
        let header_is_elsewhere = self.rows_start == self.range.start;
        let start = if header_is_elsewhere {
            self.rows_start
        } else {
            self.rows_start.max(self.range.start + 1)
        };

        start..self.range.end
    }
}

/// The structure of a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Structure {
    /// In order.
    pub(crate) headings: Vec<Heading>,
    /// In order, without tables nested in others.
    pub(crate) tables: Vec<Table>,
    /// By their start, an outer unit before those inside it.
    pub(crate) units: Vec<Unit>,
}

impl Structure {
    /// Returns the part of the structure within `window`, with offsets relative to the window's
    /// start. A table cut in two keeps its header and caption in both halves.
    pub(crate) fn within(&self, window: &Range<usize>) -> Self {
        let headings = self
            .headings
            .iter()
            .filter(|heading| window.contains(&heading.range.start))
            .map(|heading| Heading {
                range: relative_range(&heading.range, window),
                ..heading.clone()
            });

        let tables = self
            .tables
            .iter()
            .filter(|table| overlaps(&table.range, window))
            .map(|table| Table {
                range: relative_range(&table.range, window),
                rows_start: relative_offset(table.rows_start, window),
                ..table.clone()
            });

        let units = self
            .units
            .iter()
            .filter(|unit| overlaps(&unit.range, window))
            .map(|unit| Unit {
                range: relative_range(&unit.range, window),
                ..unit.clone()
            });

        Self {
            headings: headings.collect(),
            tables: tables.collect(),
            units: units.collect(),
        }
    }
}

fn overlaps(range: &Range<usize>, window: &Range<usize>) -> bool {
    range.start < window.end && range.end > window.start
}

fn relative_offset(offset: usize, window: &Range<usize>) -> usize {
    offset.clamp(window.start, window.end) - window.start
}

fn relative_range(range: &Range<usize>, window: &Range<usize>) -> Range<usize> {
    relative_offset(range.start, window)..relative_offset(range.end, window)
}

/// Parses headings, tables and units.
pub(crate) fn parse_structure(text: &str) -> Structure {
    let mut collector = StructureCollector {
        text,
        headings: Vec::new(),
        tables: Vec::new(),
        depth: 0,
        words: None,
    };

    let mut units = UnitCollector::new(text);
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        units.process(&event, &range);
        collector.process(event, range);
    }

    let headings = without_comment_lines(text, collector.headings);
    Structure {
        headings: join_broken_headings(text, headings),
        tables: collector.tables,
        units: units.finish(),
    }
}

/// Collects headings and tables from the parser's events.
struct StructureCollector<'a> {
    text: &'a str,
    headings: Vec<Heading>,
    tables: Vec<Table>,
    /// The number of open block quotes, list items and tables. A heading inside one is not a title
    /// of the document.
    depth: usize,
    /// The text of the heading or header row being parsed.
    words: Option<String>,
}

impl StructureCollector<'_> {
    fn process(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(Tag::Heading { .. } | Tag::TableHead) => self.words = Some(String::new()),
            Event::End(TagEnd::Heading(level)) => self.finish_heading(level, range),
            Event::Start(Tag::Table(_)) => {
                self.depth += 1;
                self.tables.push(Table {
                    rows_start: range.start,
                    header: String::new(),
                    caption: table_caption(&self.text[..range.start]),
                    range,
                });
            }
            Event::End(TagEnd::TableHead) => self.finish_header_row(range),
            Event::End(TagEnd::TableCell) => self.push_text(COLUMN_SEPARATOR),
            Event::Start(Tag::BlockQuote(_) | Tag::Item) => self.depth += 1,
            Event::End(TagEnd::BlockQuote(_) | TagEnd::Item | TagEnd::Table) => self.depth -= 1,
            Event::Text(text) | Event::Code(text) => self.push_text(&text),
            Event::SoftBreak | Event::HardBreak => self.push_text(" "),
            _ => {}
        }
    }

    fn push_text(&mut self, text: &str) {
        if let Some(words) = &mut self.words {
            words.push_str(text);
        }
    }

    fn finish_heading(&mut self, level: HeadingLevel, range: Range<usize>) {
        let title = plain_title(&self.words.take().unwrap_or_default());
        if self.depth == 0 && !title.is_empty() && title.len() <= MAX_TITLE_BYTES {
            self.headings.push(Heading {
                level: level as u8,
                title,
                range,
            });
        }
    }

    fn finish_header_row(&mut self, range: Range<usize>) {
        let words = self.words.take().unwrap_or_default();
        let Some(table) = self.tables.last_mut() else {
            return;
        };

        // The rows start after the delimiter row, which is the next line.
        let rest = &self.text[range.end..table.range.end];
        table.rows_start = rest
            .find('\n')
            .map_or(table.range.end, |at| range.end + at + 1);

        // A header row without letters does not name columns.
        if words.chars().any(char::is_alphabetic) {
            let cells: Vec<&str> = words.split(COLUMN_SEPARATOR).map(str::trim).collect();
            table.header = cells
                .join(COLUMN_SEPARATOR)
                .trim_end_matches([' ', '|'])
                .to_owned();
        }
    }
}

/// Returns a heading's words on one line, without an anchor such as `{#barge}`.
fn plain_title(words: &str) -> String {
    static ANCHOR: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\s*\{#[^{}]*\}\s*$").expect("a valid pattern"));

    collapse_whitespace(&ANCHOR.replace(words, ""))
}

/// Drops shell comments, prompts and dated log lines outside fences, which Markdown parses as
/// top-level headings.
fn without_comment_lines(text: &str, headings: Vec<Heading>) -> Vec<Heading> {
    let keep: Vec<bool> = (0..headings.len())
        .map(|index| !is_comment_line(text, &headings, index))
        .collect();

    headings
        .into_iter()
        .zip(keep)
        .filter_map(|(heading, keep)| keep.then_some(heading))
        .collect()
}

fn is_comment_line(text: &str, headings: &[Heading], index: usize) -> bool {
    let heading = &headings[index];
    let starts_with_hash = text[heading.range.clone()].trim_start().starts_with('#');

    heading.level == 1
        && starts_with_hash
        && (is_log_or_command(&heading.title)
            || adjacent_headings(text, headings, index) >= MIN_COMMENT_LINES
            || is_surrounded_by_text(text, heading))
}

fn is_log_or_command(title: &str) -> bool {
    static LINE: LazyLock<Regex> = LazyLock::new(|| {
        let date = r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}\b|\d{1,2}:\d{2}\b";
        let commands = "sudo|cd|ls|cat|grep|vi|vim|nano|rm|cp|mv|chmod|chown|mkdir|tar\
            |service|systemctl|yum|dnf|apt|apt-get|rpm|make";
        Regex::new(&format!(r"^(?:{date}|(?:{commands})\s|\.{{0,2}}/\S)")).expect("a valid pattern")
    });

    LINE.is_match(title)
}

/// Counts the top-level headings on adjacent lines around and including this one. Each direction is
/// counted only up to [`MIN_COMMENT_LINES`].
fn adjacent_headings(text: &str, headings: &[Heading], index: usize) -> usize {
    let is_next_to_following = |index: &usize| {
        let (first, second) = (&headings[*index], &headings[*index + 1]);
        first.level == 1
            && second.level == 1
            && text[first.range.start..second.range.start]
                .matches('\n')
                .count()
                == 1
    };

    let before = (0..index)
        .rev()
        .take(MIN_COMMENT_LINES)
        .take_while(is_next_to_following)
        .count();

    let after = (index..headings.len() - 1)
        .take(MIN_COMMENT_LINES)
        .take_while(is_next_to_following)
        .count();

    before + 1 + after
}

/// Reports whether text directly precedes and follows the heading, as around a comment in a
/// configuration file.
fn is_surrounded_by_text(text: &str, heading: &Heading) -> bool {
    let above = text[..heading.range.start].trim_end_matches([' ', '\t']);
    let above = above
        .strip_suffix('\n')
        .unwrap_or(above)
        .lines()
        .next_back()
        .unwrap_or("");
    let below = text[heading.range.end..].lines().next().unwrap_or("");

    is_prose(above) && is_prose(below)
}

fn is_prose(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with(['#', '<', '{']) && !line.starts_with("```")
}

/// Words that cannot end a heading.
const DANGLING_WORDS: [&str; 16] = [
    "a", "an", "and", "as", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to",
    "using", "with",
];

/// Joins a heading with the next one of its level if nothing is between them and either the second
/// continues in lower case or the first ends mid-phrase.
fn join_broken_headings(text: &str, headings: Vec<Heading>) -> Vec<Heading> {
    let mut joined: Vec<Heading> = Vec::new();
    for heading in headings {
        match joined.last_mut() {
            Some(last) if is_continuation(text, last, &heading) => {
                last.title = format!("{} {}", last.title, heading.title);
                last.range.end = heading.range.end;
            }
            _ => joined.push(heading),
        }
    }

    joined
}

fn is_continuation(text: &str, first: &Heading, second: &Heading) -> bool {
    first.level == second.level
        && text[first.range.end..second.range.start].trim().is_empty()
        && !first.title.ends_with(['.', '!', '?', ':', ')', ';'])
        // Two lower-case headings in a row are names: options, files, commands.
        && !starts_lowercase(&first.title)
        && (starts_lowercase(&second.title) || ends_mid_phrase(&first.title))
}

fn starts_lowercase(title: &str) -> bool {
    title.chars().next().is_some_and(char::is_lowercase)
}

fn ends_mid_phrase(title: &str) -> bool {
    title
        .rsplit_once(' ')
        .is_some_and(|(_, last)| DANGLING_WORDS.contains(&last))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(u8, &str)]) {
        let found = parse_structure(text);
        let headings: Vec<(u8, &str)> = found
            .headings
            .iter()
            .map(|heading| (heading.level, heading.title.as_str()))
            .collect();

        assert_eq!(headings, expected, "{text:?}");
    }

    #[test]
    fn atx_and_setext_headings_are_parsed_without_markup() {
        check(
            "# One *two* `three`\n\nText\n\nFour\n----\n\n### Five {#five}\n",
            &[(1, "One two three"), (2, "Four"), (3, "Five")],
        );
        check("## chan\\_sip &amp; more\n", &[(2, "chan_sip & more")]);
        check("## GET /api/{id}\n", &[(2, "GET /api/{id}")]);
    }

    #[test]
    fn lines_in_code_quotes_lists_and_paragraphs_are_not_headings() {
        check(
            "```\n# comment\n```\n\n    # comment\n\n> # quoted\n\n- # item\n",
            &[],
        );
        check(&format!("{}\n---\n", "long words ".repeat(30)), &[]);
    }

    #[test]
    fn comments_and_log_lines_are_not_headings() {
        check("# 2016-06-14 10:22 INFO started\n\nText\n", &[]);
        check("Run this:\n\n# systemctl restart asterisk\n", &[]);
        check("bind=0.0.0.0\n# the port to listen on\nport=5060\n", &[]);
        check("# first\n# second\n# third\n", &[]);
        check("## 2016-06-14\n\nText\n", &[(2, "2016-06-14")]);
        check("Text.\n# Chapter\n\nText.\n", &[(1, "Chapter")]);

        check(
            "# Make calls\n\n# Service levels\n",
            &[(1, "Make calls"), (1, "Service levels")],
        );
    }

    #[test]
    fn broken_headings_are_joined() {
        check(
            "## Configuring the barge\n## feature for supervisors\n\nText\n",
            &[(2, "Configuring the barge feature for supervisors")],
        );

        check(
            "# Limits of the\n\n# recording service\n",
            &[(1, "Limits of the recording service")],
        );

        check(
            "## Configure the\n## Barge Feature\n",
            &[(2, "Configure the Barge Feature")],
        );
        check("## Sign On\n## Barge\n", &[(2, "Sign On"), (2, "Barge")]);
        check(
            "## Note:\n## allowed values here\n",
            &[(2, "Note:"), (2, "allowed values here")],
        );

        check(
            "## endpoint\n\n## aor list\n",
            &[(2, "endpoint"), (2, "aor list")],
        );

        check(
            "# Files\n\n## in use here\n",
            &[(1, "Files"), (2, "in use here")],
        );

        check(
            "## Files\n\nText\n\n## in use here\n",
            &[(2, "Files"), (2, "in use here")],
        );
    }

    #[test]
    fn tables_have_header_row_and_caption() {
        let text = "Codes:\n\n| Code | Meaning |\n|---|---|\n\
                    | 20700 | limit |\n| 20999 | refused |\n\nEnd\n";
        let found = parse_structure(text);
        assert_eq!(found.tables.len(), 1);
        let table = &found.tables[0];
        assert_eq!(table.header, "Code | Meaning");
        assert!(
            text[table.rows_start..].starts_with("| 20700"),
            "{:?}",
            &text[table.rows_start..]
        );
        assert_eq!(table.caption, "Codes:");
        assert!(text[..table.range.end].trim_end().ends_with("refused |"));
    }
}
