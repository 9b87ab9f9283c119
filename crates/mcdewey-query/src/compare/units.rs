//! Splits a document into the units that are compared: paragraphs, list items, table rows and code
//! blocks, read from its chunks.

use mcdewey_core::{Chunk, ContentHash, PageRef, normalise};

use crate::code_fence;

/// A paragraph, list item, table row or code block.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    /// The text, verbatim.
    pub(super) text: String,
    pub(super) kind: UnitKind,
    /// The headings above it, without the document's title.
    pub(super) headings: Vec<String>,
    pub(super) page: PageRef,
    /// The chunk in which it begins.
    pub(super) chunk_id: String,
    /// Equal for texts that differ only in the version of their document.
    pub(super) key: ContentHash,
}

impl Unit {
    /// Reports whether this is a heading. An added or removed heading is not listed as a change,
    /// because the changes below it are listed with their headings.
    pub(super) fn is_heading(&self) -> bool {
        self.kind == UnitKind::Prose && self.text.starts_with('#') && !self.text.contains('\n')
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum UnitKind {
    Prose,
    Code,
    /// A table row, with the names of its columns.
    Row {
        columns: Vec<String>,
    },
}

/// Splits consecutive chunks into units. `versions` are the names of the document's own versions.
pub(super) fn units(chunks: &[Chunk], versions: &[String]) -> Vec<Unit> {
    let mut builder = UnitBuilder::default();
    for chunk in chunks {
        builder.add_chunk(chunk);
    }
    builder.finish(versions)
}

#[derive(Default)]
struct UnitBuilder {
    drafts: Vec<UnitDraft>,
    /// The cells of the last table header.
    columns: Vec<String>,
    /// Where the last chunk ended: page and byte.
    end: Option<(u32, u32)>,
}

/// A unit that the next chunk may continue.
struct UnitDraft {
    text: String,
    kind: UnitKind,
    headings: Vec<String>,
    page: PageRef,
    chunk_id: String,
}

impl UnitDraft {
    fn finish(self, versions: &[String]) -> Unit {
        let key = ContentHash::of(without_versions(&normalise(&self.text), versions));
        Unit {
            text: self.text,
            kind: self.kind,
            headings: self.headings,
            page: self.page,
            chunk_id: self.chunk_id,
            key,
        }
    }
}

impl UnitBuilder {
    fn add_chunk(&mut self, chunk: &Chunk) {
        let start = chunk.spans.first().map(|span| (span.page.0, span.start));

        // A chunk may begin within a paragraph: then it directly follows the chunk before it.
        let follows_directly = match (self.end, start) {
            (Some((end_page, end)), Some((page, start))) => {
                page == end_page && start.saturating_sub(end) <= 1
            }
            _ => false,
        };

        for (index, block) in blocks(&chunk.text).into_iter().enumerate() {
            match block {
                Block::Rows(rows) => self.add_rows(&rows, chunk),
                Block::Prose(text) => {
                    self.columns.clear();
                    match self.drafts.last_mut() {
                        Some(last)
                            if index == 0 && follows_directly && last.kind == UnitKind::Prose =>
                        {
                            last.text.push(' ');
                            last.text.push_str(text);
                        }
                        _ => self.add(text, UnitKind::Prose, chunk),
                    }
                }
                Block::Code(text) => self.add(text, UnitKind::Code, chunk),
            }
        }

        self.end = chunk.spans.last().map(|span| (span.page.0, span.end));
    }

    fn add_rows(&mut self, rows: &[&str], chunk: &Chunk) {
        for row in rows {
            // The row before a delimiter row was the header, not a unit.
            if is_delimiter_row(row) {
                if let Some(header) = self.drafts.pop() {
                    self.columns = split_cells(&header.text);
                }
                continue;
            }

            let kind = UnitKind::Row {
                columns: self.columns.clone(),
            };
            self.add(row, kind, chunk);
        }
    }

    fn add(&mut self, text: &str, kind: UnitKind, chunk: &Chunk) {
        self.drafts.push(UnitDraft {
            text: text.trim().to_owned(),
            kind,
            headings: chunk.headings.iter().skip(1).cloned().collect(),
            page: chunk.page.clone(),
            chunk_id: chunk.chunk_id.to_string(),
        });
    }

    fn finish(self, versions: &[String]) -> Vec<Unit> {
        self.drafts
            .into_iter()
            .filter(|draft| !draft.text.is_empty())
            .map(|draft| draft.finish(versions))
            .collect()
    }
}

/// Replaces the names of the document's own versions by a placeholder.
fn without_versions(text: &str, versions: &[String]) -> String {
    versions.iter().fold(text.to_owned(), |text, version| {
        text.replace(version.as_str(), "§")
    })
}

/// Returns the cells of a table row, unescaped and with normalised white space.
pub(super) fn split_cells(row: &str) -> Vec<String> {
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

/// Reports whether this is the row between a table's header and its body.
fn is_delimiter_row(row: &str) -> bool {
    row.contains('-') && row.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '))
}

enum Block<'a> {
    Prose(&'a str),
    Code(&'a str),
    Rows(Vec<&'a str>),
}

/// Splits a chunk's text into blocks at blank lines and list items. Fenced code stays whole.
fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut lines = lines_with_offsets(text).peekable();
    while let Some((start, line)) = lines.next() {
        let trimmed = line.trim_start();
        if trimmed.is_empty() {
            continue;
        }

        let mut end = start + line.len();
        if let Some(fence) = code_fence::marker(line) {
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
            while let Some((start, line)) = lines.next_if(|(_, line)| continues_paragraph(line)) {
                end = start + line.len();
            }
            blocks.push(Block::Prose(&text[start..end]));
        }
    }

    blocks
}

/// Reports whether a line continues the paragraph before it.
fn continues_paragraph(line: &str) -> bool {
    let line = line.trim_start();
    let without_number = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_numbered_item =
        without_number.len() < line.len() && without_number.starts_with(['.', ')']);
    let begins_block =
        line.starts_with(['-', '*', '+', '#', '|']) || code_fence::marker(line).is_some();
    !line.is_empty() && !begins_block && !is_numbered_item
}

fn lines_with_offsets(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split('\n')
        .map(move |line| (line.as_ptr() as usize - text.as_ptr() as usize, line))
}

#[cfg(test)]
mod tests {
    use mcdewey_core::testing::{FakeEmbed, SampleDocument};

    use super::*;

    fn document_units(texts: &[&str], versions: &[&str]) -> Vec<Unit> {
        let document = SampleDocument::new("a/v1/g.md")
            .page(1, texts)
            .build(&FakeEmbed::new(&[]));

        let chunks: Vec<Chunk> = document
            .chunks
            .iter()
            .map(|stored| stored.chunk.clone())
            .collect();

        units(
            &chunks,
            &versions
                .iter()
                .map(|version| (*version).to_owned())
                .collect::<Vec<_>>(),
        )
    }

    fn texts(units: &[Unit]) -> Vec<&str> {
        units.iter().map(|unit| unit.text.as_str()).collect()
    }

    #[test]
    fn paragraphs_list_items_rows_and_code_blocks_are_units() {
        let text = "First\nparagraph.\n\n- one\n  more\n- two\n1. three\n\n```\n# a\n\nb\n```\n\n\
                    | Code | Means |\n|---|:-:|\n| 1 | a |\n| 2 | b |";
        let found = document_units(&[text], &[]);
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
    fn keys_ignore_the_version_of_the_document() {
        let key = |text: &str, version: &str| document_units(&[text], &[version])[0].key;
        assert_eq!(
            key("Install release 12.5 first.", "12.5"),
            key("Install release 15.0 first.", "15.0")
        );
        assert_ne!(
            key("Install release 12.5 first.", "15.0"),
            key("Install release 15.0 first.", "15.0")
        );
        assert_eq!(key("A  b\u{a0}c", "1"), key("A b c", "1"));
    }

    #[test]
    fn escaped_bars_do_not_separate_cells() {
        assert_eq!(
            split_cells("| a \\| b | **c** |  |"),
            ["a | b", "**c**", ""]
        );
        assert_eq!(split_cells("a | b"), ["a", "b"]);
    }
}
