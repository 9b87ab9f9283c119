//! Headings, tables and units of a stretch of Markdown, with their places. Lines that only look like headings are left
//! out, headings broken over two lines are joined.

use std::ops::Range;
use std::sync::LazyLock;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use regex::Regex;

use super::caption::caption;
use super::units::{Unit, UnitReader};

/// A longer "heading" is a paragraph or a log line.
const MAX_TITLE: usize = 200;

/// This many top-level headings on lines that touch each other are comments.
const COMMENT_RUN: usize = 3;

/// A heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heading {
    /// 1 to 6.
    pub(crate) level: u8,
    /// Its words, without markup.
    pub(crate) title: String,
    /// Its lines, in bytes of the text.
    pub(crate) range: Range<usize>,
}

/// A table with a header row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    /// The whole table, in bytes of the text.
    pub(crate) range: Range<usize>,
    /// Where its rows begin, behind header and delimiter.
    pub(crate) rows: usize,
    /// The column names, divided by ` | `.
    pub(crate) header: String,
    /// What the line before it calls it, or nothing.
    pub(crate) caption: String,
}

impl Table {
    /// Where a passage begins that has lost the header. A table whose first half is on another page has lost it, too.
    pub(crate) fn repeats(&self) -> Range<usize> {
        let first = if self.rows == self.range.start {
            self.rows
        } else {
            self.rows.max(self.range.start + 1)
        };
        first..self.range.end
    }
}

/// What is worth knowing of a text's form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Structure {
    /// In order.
    pub(crate) headings: Vec<Heading>,
    /// In order, outermost only.
    pub(crate) tables: Vec<Table>,
    /// By their start, an outer one before those within.
    pub(crate) units: Vec<Unit>,
}

impl Structure {
    /// The part of it that lies in `window`, counted from the window's start. A table cut in two keeps its header row
    /// and its name in both halves.
    pub(crate) fn window(&self, window: &Range<usize>) -> Self {
        let shift = |at: usize| at.clamp(window.start, window.end) - window.start;
        let within = |range: &Range<usize>| shift(range.start)..shift(range.end);
        let headings = self
            .headings
            .iter()
            .filter(|heading| window.contains(&heading.range.start));
        let touched = |range: &Range<usize>| range.start < window.end && range.end > window.start;
        let tables = self.tables.iter().filter(|table| touched(&table.range));
        let units = self.units.iter().filter(|unit| touched(&unit.range));

        Self {
            headings: headings
                .map(|heading| Heading {
                    range: within(&heading.range),
                    ..heading.clone()
                })
                .collect(),
            tables: tables
                .map(|table| Table {
                    range: within(&table.range),
                    rows: shift(table.rows),
                    ..table.clone()
                })
                .collect(),
            units: units
                .map(|unit| Unit {
                    range: within(&unit.range),
                    ..unit.clone()
                })
                .collect(),
        }
    }
}

/// Reads headings, tables and units.
pub(crate) fn structure(text: &str) -> Structure {
    let mut reader = Reader {
        text,
        headings: Vec::new(),
        tables: Vec::new(),
        depth: 0,
        words: None,
    };

    let mut units = UnitReader::new(text);
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        units.take(&event, &range);
        reader.take(event, range);
    }

    let headings = join_broken(text, without_comments(text, reader.headings));
    Structure {
        headings,
        tables: reader.tables,
        units: units.finish(),
    }
}

struct Reader<'a> {
    text: &'a str,
    headings: Vec<Heading>,
    tables: Vec<Table>,
    /// How many quotes, list items and other containers are open; a heading inside one titles nothing.
    depth: usize,
    /// The words of the heading or header row being read.
    words: Option<String>,
}

impl Reader<'_> {
    fn take(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(Tag::Heading { .. } | Tag::TableHead) => self.words = Some(String::new()),
            Event::End(TagEnd::Heading(level)) => self.heading(level, range),
            Event::Start(Tag::Table(_)) => {
                self.depth += 1;
                let caption = caption(&self.text[..range.start]);
                self.tables.push(Table {
                    rows: range.start,
                    range,
                    header: String::new(),
                    caption,
                });
            }
            Event::End(TagEnd::TableHead) => self.header_row(range),
            Event::End(TagEnd::TableCell) => self.say(" | "),
            Event::Start(Tag::BlockQuote(_) | Tag::Item) => self.depth += 1,
            Event::End(TagEnd::BlockQuote(_) | TagEnd::Item | TagEnd::Table) => self.depth -= 1,
            Event::Text(text) | Event::Code(text) => self.say(&text),
            Event::SoftBreak | Event::HardBreak => self.say(" "),
            _ => {}
        }
    }

    fn say(&mut self, text: &str) {
        if let Some(words) = &mut self.words {
            words.push_str(text);
        }
    }

    fn heading(&mut self, level: HeadingLevel, range: Range<usize>) {
        let title = plain_title(&self.words.take().unwrap_or_default());
        if self.depth == 0 && !title.is_empty() && title.len() <= MAX_TITLE {
            self.headings.push(Heading {
                level: level as u8,
                title,
                range,
            });
        }
    }

    fn header_row(&mut self, range: Range<usize>) {
        let words = self.words.take().unwrap_or_default();
        let cells: Vec<&str> = words.split(" | ").map(str::trim).collect();
        if let Some(table) = self.tables.last_mut() {
            // The delimiter row is the next line.
            let rest = &self.text[range.end..table.range.end];
            table.rows = rest
                .find('\n')
                .map_or(table.range.end, |at| range.end + at + 1);

            // A header row without letters names no columns.
            if words.chars().any(char::is_alphabetic) {
                table.header = cells.join(" | ").trim_end_matches([' ', '|']).to_owned();
            }
        }
    }
}

/// A heading's words on one line, without an anchor such as `{#barge}`.
fn plain_title(words: &str) -> String {
    static ANCHOR: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\s*\{#[^{}]*\}\s*$").expect("a valid pattern"));
    let words = ANCHOR.replace(words, "");
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Leaves out shell comments, prompts and dated log lines that stand unfenced in the text and read like chapters.
fn without_comments(text: &str, headings: Vec<Heading>) -> Vec<Heading> {
    let run = |place: usize| touching(text, &headings, place) >= COMMENT_RUN;
    let comment: Vec<bool> = (0..headings.len())
        .map(|place| {
            let heading = &headings[place];
            let chapter =
                heading.level == 1 && text[heading.range.clone()].trim_start().starts_with('#');
            chapter && (is_log_or_command(&heading.title) || run(place) || is_wedged(text, heading))
        })
        .collect();

    headings
        .into_iter()
        .zip(comment)
        .filter(|(_, comment)| !comment)
        .map(|(heading, _)| heading)
        .collect()
}

fn is_log_or_command(title: &str) -> bool {
    static LINE: LazyLock<Regex> = LazyLock::new(|| {
        let date = r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}\b|\d{1,2}:\d{2}\b";
        let commands = "sudo|cd|ls|cat|grep|vi|vim|nano|rm|cp|mv|chmod|chown|mkdir|tar|service|systemctl|yum|dnf|apt|apt-get|rpm|make";
        Regex::new(&format!(r"^(?:{date}|(?:{commands})\s|\.{{0,2}}/\S)")).expect("a valid pattern")
    });

    LINE.is_match(title)
}

/// How many top-level headings stand on lines that touch each other around this one; counting stops where it is clear.
fn touching(text: &str, headings: &[Heading], place: usize) -> usize {
    let touches = |first: &usize| {
        let (a, b) = (&headings[*first], &headings[*first + 1]);
        a.level == 1
            && b.level == 1
            && text[a.range.start..b.range.start].matches('\n').count() == 1
    };

    let before = (0..place)
        .rev()
        .take(COMMENT_RUN)
        .take_while(touches)
        .count();

    let after = (place..headings.len() - 1)
        .take(COMMENT_RUN)
        .take_while(touches)
        .count();

    before + 1 + after
}

/// Whether text touches the heading from above and below, as around a comment in a configuration.
fn is_wedged(text: &str, heading: &Heading) -> bool {
    let above = text[..heading.range.start].trim_end_matches([' ', '\t']);
    let above = above
        .strip_suffix('\n')
        .unwrap_or(above)
        .lines()
        .next_back()
        .unwrap_or("");

    let below = text[heading.range.end..].lines().next().unwrap_or("");
    let prose = |line: &str| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with(['#', '<', '{']) && !line.starts_with("```")
    };

    prose(above) && prose(below)
}

/// Words no heading ends with.
const DANGLING: [&str; 16] = [
    "a", "an", "and", "as", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to",
    "using", "with",
];

/// Joins a heading with the next one of its level when nothing stands between and the second goes on in lower case, or
/// the first cannot end where it does.
fn join_broken(text: &str, headings: Vec<Heading>) -> Vec<Heading> {
    let mut joined: Vec<Heading> = Vec::new();
    for heading in headings {
        match joined.last_mut() {
            Some(last) if continues(text, last, &heading) => {
                last.title = format!("{} {}", last.title, heading.title);
                last.range.end = heading.range.end;
            }
            _ => joined.push(heading),
        }
    }

    joined
}

fn continues(text: &str, first: &Heading, second: &Heading) -> bool {
    let lower = |title: &str| title.chars().next().is_some_and(char::is_lowercase);
    first.level == second.level
        && text[first.range.end..second.range.start].trim().is_empty()
        && !first.title.ends_with(['.', '!', '?', ':', ')', ';'])
        // Two lower-case headings in a row are names: options, files, commands.
        && !lower(&first.title)
        && (lower(&second.title) || dangles(&first.title))
}

fn dangles(title: &str) -> bool {
    title
        .rsplit_once(' ')
        .is_some_and(|(_, last)| DANGLING.contains(&last))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(u8, &str)]) {
        let found = structure(text);
        let headings: Vec<(u8, &str)> = found
            .headings
            .iter()
            .map(|h| (h.level, h.title.as_str()))
            .collect();

        assert_eq!(headings, expected, "{text:?}");
    }

    #[test]
    fn headings_of_both_kinds_are_read_without_their_markup() {
        check(
            "# One *two* `three`\n\nText\n\nFour\n----\n\n### Five {#five}\n",
            &[(1, "One two three"), (2, "Four"), (3, "Five")],
        );
        check("## chan\\_sip &amp; more\n", &[(2, "chan_sip & more")]);
        check("## GET /api/{id}\n", &[(2, "GET /api/{id}")]);
    }

    #[test]
    fn code_quotes_lists_and_paragraphs_are_no_headings() {
        check(
            "```\n# comment\n```\n\n    # comment\n\n> # quoted\n\n- # item\n",
            &[],
        );
        check(&format!("{}\n---\n", "long words ".repeat(30)), &[]);
    }

    #[test]
    fn comments_and_log_lines_are_no_chapters() {
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
    fn tables_know_their_header_row() {
        let text = "Codes:\n\n| Code | Meaning |\n|---|---|\n| 20700 | limit |\n| 20999 | refused |\n\nEnd\n";
        let found = structure(text);
        assert_eq!(found.tables.len(), 1);
        let table = &found.tables[0];
        assert_eq!(table.header, "Code | Meaning");
        assert!(
            text[table.rows..].starts_with("| 20700"),
            "{:?}",
            &text[table.rows..]
        );
        assert_eq!(table.caption, "Codes:");
        assert!(text[..table.range.end].trim_end().ends_with("refused |"));
    }
}
