//! What is compared: paragraphs, list items, table rows and code blocks of a document, read off its passages.

use mcdewey_core::{Chunk, ContentHash, PageRef, normalise};

use crate::fence;

/// A piece of a document.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    /// Verbatim.
    pub(super) text: String,
    pub(super) kind: UnitKind,
    /// The headings above it, the document's title left out.
    pub(super) headings: Vec<String>,
    pub(super) page: PageRef,
    /// The passage it begins in.
    pub(super) chunk_id: String,
    /// Equal for texts that are equal but for the release they are about.
    pub(super) key: ContentHash,
}

impl Unit {
    /// A heading comes and goes with what stands below it, which is told under its name.
    pub(super) fn is_heading(&self) -> bool {
        self.kind == UnitKind::Prose && self.text.starts_with('#') && !self.text.contains('\n')
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum UnitKind {
    Prose,
    Code,
    /// A row, with the names of its columns.
    Row {
        columns: Vec<String>,
    },
}

/// Cuts passages, in their order, into what is compared. `releases` are the names of the document's own releases.
pub(super) fn units(chunks: &[Chunk], releases: &[String]) -> Vec<Unit> {
    let mut reader = Reader::default();
    for chunk in chunks {
        reader.read(chunk);
    }
    reader.finish(releases)
}

#[derive(Default)]
struct Reader {
    units: Vec<Piece>,
    /// The last row that a line of dashes made the header of a table.
    columns: Vec<String>,
    /// Where the last passage ended: page and byte.
    end: Option<(u32, u32)>,
}

/// A unit in the making.
struct Piece {
    text: String,
    kind: UnitKind,
    headings: Vec<String>,
    page: PageRef,
    chunk_id: String,
}

impl Reader {
    fn read(&mut self, chunk: &Chunk) {
        let start = chunk.spans.first().map(|span| (span.page.0, span.start));

        // A border of passages within a paragraph is none of the document.
        let goes_on = matches!((self.end, start), (Some((page, end)), Some((here, start)))
            if page == here && start.saturating_sub(end) <= 1);
        for (place, block) in blocks(&chunk.text).into_iter().enumerate() {
            match block {
                Block::Rows(rows) => self.rows(&rows, chunk),
                Block::Prose(text) => {
                    self.columns.clear();
                    match self.units.last_mut() {
                        Some(last) if place == 0 && goes_on && last.kind == UnitKind::Prose => {
                            last.text.push(' ');
                            last.text.push_str(text);
                        }
                        _ => self.push(text, UnitKind::Prose, chunk),
                    }
                }
                Block::Code(text) => self.push(text, UnitKind::Code, chunk),
            }
        }

        self.end = chunk.spans.last().map(|span| (span.page.0, span.end));
    }

    fn rows(&mut self, rows: &[&str], chunk: &Chunk) {
        for row in rows {
            if is_rule(row) {
                if let Some(last) = self.units.pop() {
                    self.columns = cells(&last.text);
                }
                continue;
            }

            let kind = UnitKind::Row {
                columns: self.columns.clone(),
            };
            self.push(row, kind, chunk);
        }
    }

    fn push(&mut self, text: &str, kind: UnitKind, chunk: &Chunk) {
        self.units.push(Piece {
            text: text.trim().to_owned(),
            kind,
            headings: chunk.headings.iter().skip(1).cloned().collect(),
            page: chunk.page.clone(),
            chunk_id: chunk.chunk_id.to_string(),
        });
    }

    fn finish(self, releases: &[String]) -> Vec<Unit> {
        let unit = |piece: Piece| {
            let key = ContentHash::of(without_releases(&normalise(&piece.text), releases));
            let Piece {
                text,
                kind,
                headings,
                page,
                chunk_id,
            } = piece;

            Unit {
                text,
                kind,
                headings,
                page,
                chunk_id,
                key,
            }
        };

        self.units
            .into_iter()
            .filter(|piece| !piece.text.is_empty())
            .map(unit)
            .collect()
    }
}

/// The text with the names of its own releases made equal.
fn without_releases(text: &str, releases: &[String]) -> String {
    releases.iter().fold(text.to_owned(), |text, release| {
        text.replace(release.as_str(), "§")
    })
}

/// The cells of a table row, as they are read.
pub(super) fn cells(row: &str) -> Vec<String> {
    let row = row.trim();
    let row = row.strip_prefix('|').unwrap_or(row);
    let row = row
        .strip_suffix('|')
        .filter(|rest| !rest.ends_with('\\'))
        .unwrap_or(row);
    let mut cells = vec![String::new()];

    let mut escaped = false;
    for c in row.chars() {
        if c == '|' && !escaped {
            cells.push(String::new());
        } else if let Some(last) = cells.last_mut() {
            last.push(c);
        }
        escaped = c == '\\' && !escaped;
    }

    cells
        .iter()
        .map(|cell| normalise(&cell.replace("\\|", "|")))
        .collect()
}

/// The line between a header and its rows.
fn is_rule(row: &str) -> bool {
    row.contains('-') && row.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '))
}

enum Block<'a> {
    Prose(&'a str),
    Code(&'a str),
    Rows(Vec<&'a str>),
}

/// Blocks of a passage: divided by blank lines, list items each, code between fences whole.
fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut lines = lines(text).peekable();
    while let Some((start, line)) = lines.next() {
        let trimmed = line.trim_start();
        if trimmed.is_empty() {
            continue;
        }

        let mut end = start + line.len();
        if let Some(fence) = fence::of(line) {
            for (start, line) in lines.by_ref() {
                end = start + line.len();
                if line.trim_start().starts_with(fence) {
                    break;
                }
            }
            blocks.push(Block::Code(&text[start..end]));
        } else if trimmed.starts_with('|') {
            let mut rows = vec![trimmed.trim_end()];
            while let Some((_, row)) = lines.next_if(|(_, line)| line.trim_start().starts_with('|'))
            {
                rows.push(row.trim());
            }
            blocks.push(Block::Rows(rows));
        } else {
            while let Some((start, line)) = lines.next_if(|(_, line)| goes_on(line)) {
                end = start + line.len();
            }
            blocks.push(Block::Prose(&text[start..end]));
        }
    }

    blocks
}

/// Whether a line belongs to the paragraph above it.
fn goes_on(line: &str) -> bool {
    let line = line.trim_start();
    let number = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let item = line.starts_with(['-', '*', '+', '#', '|']) || fence::of(line).is_some();
    let numbered = number.len() < line.len() && number.starts_with(['.', ')']);
    !line.is_empty() && !item && !numbered
}

fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split('\n')
        .map(move |line| (line.as_ptr() as usize - text.as_ptr() as usize, line))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mcdewey_core::testing::{FakeEmbed, SampleDocument};

    use super::*;

    fn read(passages: &[&str], releases: &[&str]) -> Vec<Unit> {
        let document = SampleDocument::new("a/v1/g.md")
            .page(1, passages)
            .build(&FakeEmbed::new(&[]));

        let chunks: Vec<Chunk> = document
            .chunks
            .iter()
            .map(|passage| passage.chunk.clone())
            .collect();

        assert!(Arc::strong_count(&document.meta) > 0);
        units(
            &chunks,
            &releases
                .iter()
                .map(|release| (*release).to_owned())
                .collect::<Vec<_>>(),
        )
    }

    fn texts(units: &[Unit]) -> Vec<&str> {
        units.iter().map(|unit| unit.text.as_str()).collect()
    }

    #[test]
    fn paragraphs_items_rows_and_code_are_units() {
        let text = "First\nparagraph.\n\n- one\n  more\n- two\n1. three\n\n```\n# a\n\nb\n```\n\n| Code | Means |\n|---|:-:|\n| 1 | a |\n| 2 | b |";
        let found = read(&[text], &[]);
        let code = "```\n# a\n\nb\n```";

        assert_eq!(
            texts(&found),
            [
                "First\nparagraph.",
                "- one\n  more",
                "- two",
                "1. three",
                code,
                "| 1 | a |",
                "| 2 | b |"
            ]
        );

        let columns = vec!["Code".to_owned(), "Means".to_owned()];
        assert_eq!(found[6].kind, UnitKind::Row { columns });
        assert_eq!(
            (&found[4].kind, &found[0].kind),
            (&UnitKind::Code, &UnitKind::Prose)
        );
    }

    #[test]
    fn the_own_release_makes_no_difference() {
        let of = |text: &str, release: &str| read(&[text], &[release])[0].key;
        assert_eq!(
            of("Install release 12.5 first.", "12.5"),
            of("Install release 15.0 first.", "15.0")
        );
        assert_ne!(
            of("Install release 12.5 first.", "15.0"),
            of("Install release 15.0 first.", "15.0")
        );
        assert_eq!(of("A  b\u{a0}c", "1"), of("A b c", "1"));
    }

    #[test]
    fn cells_keep_escaped_bars() {
        assert_eq!(cells("| a \\| b | **c** |  |"), ["a | b", "**c**", ""]);
        assert_eq!(cells("a | b"), ["a", "b"]);
    }
}
