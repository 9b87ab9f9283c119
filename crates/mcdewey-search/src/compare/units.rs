//! Splits a document into the units that are compared: paragraphs, list items, table rows and code
//! blocks, read from its chunks.

use mcdewey_core::{Chunk, ChunkId, ContentHash, PageRef, normalise};
use mcdewey_markdown::fragment::{FragmentBlock, fragment_blocks};
use mcdewey_markdown::rows;

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
    pub(super) chunk_id: ChunkId,
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
    chunk_id: ChunkId,
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

        for (index, block) in fragment_blocks(&chunk.text).into_iter().enumerate() {
            match block {
                FragmentBlock::Rows(rows) => self.add_rows(&rows, chunk),
                FragmentBlock::Prose(text) => {
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
                FragmentBlock::Code(text) => self.add(text, UnitKind::Code, chunk),
            }
        }

        self.end = chunk.spans.last().map(|span| (span.page.0, span.end));
    }

    fn add_rows(&mut self, table_rows: &[&str], chunk: &Chunk) {
        for row in table_rows {
            // The row before a delimiter row was the header, not a unit.
            if rows::is_delimiter_row(row) {
                if let Some(header) = self.drafts.pop() {
                    self.columns = rows::cells(&header.text);
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
            chunk_id: chunk.chunk_id.clone(),
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
}
