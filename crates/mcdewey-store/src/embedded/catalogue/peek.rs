//! A look into a catalogue that nobody has open: what it holds, without making or changing anything.

use std::path::Path;

use mcdewey_core::{ContentHash, normalise};
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use crate::embedded::failure::Outcome;

/// What a look tells.
#[derive(Debug)]
pub(in crate::embedded) struct Peek {
    pub(in crate::embedded) schema: i64,
    pub(in crate::embedded) documents: u64,
    pub(in crate::embedded) chunks: u64,
    /// When the last document came (Unix seconds).
    pub(in crate::embedded) committed_at: Option<i64>,
    pub(in crate::embedded) sample: Option<Sample>,
}

/// Any passage, to tell by its key which model it was embedded with.
#[derive(Debug)]
pub(in crate::embedded) struct Sample {
    dense_text: String,
    key: [u8; 32],
}

impl Sample {
    /// Whether the key is what the model of this fingerprint gives the passage (see `EmbeddedChunk::embedding_key`).
    pub(in crate::embedded) fn is_of(&self, fingerprint: &str) -> bool {
        ContentHash::of_parts([fingerprint, &self.dense_text]) == ContentHash::from_bytes(self.key)
    }
}

/// Looks into the catalogue at `path`.
pub(in crate::embedded) fn peek(path: &Path) -> Outcome<Peek> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let schema = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let (documents, chunks): (i64, i64) =
        connection.query_row("SELECT documents, chunks FROM library", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;

    let committed_at =
        connection.query_row("SELECT max(committed_at) FROM documents", [], |row| {
            row.get(0)
        })?;

    let sample = connection.query_row(
        "SELECT context, text, embedding_key FROM passages LIMIT 1",
        [],
        |row| {
            let (context, text): (String, String) = (row.get(0)?, row.get(1)?);
            let text = normalise(&text);
            let dense_text = if context.is_empty() {
                text
            } else {
                format!("{context}\n{text}")
            };

            Ok(Sample {
                dense_text,
                key: row.get(2)?,
            })
        },
    );

    let (documents, chunks) = (documents.cast_unsigned(), chunks.cast_unsigned());
    Ok(Peek {
        schema,
        documents,
        chunks,
        committed_at,
        sample: sample.optional()?,
    })
}
