//! Reads the key figures of a catalogue that is not open, without creating or changing anything.

use std::path::Path;

use mcdewey_core::{Chunk, ContentHash};
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use crate::embedded::error::EmbeddedResult;

/// The key figures of a catalogue.
#[derive(Debug)]
pub(in crate::embedded) struct CatalogueSummary {
    pub(in crate::embedded) schema: i64,
    pub(in crate::embedded) documents: u64,
    pub(in crate::embedded) chunks: u64,
    /// When the last document was committed (Unix seconds).
    pub(in crate::embedded) committed_at: Option<i64>,
    pub(in crate::embedded) sample: Option<SampleChunk>,
}

/// An arbitrary chunk, whose embedding key identifies the model it was embedded with.
#[derive(Debug)]
pub(in crate::embedded) struct SampleChunk {
    dense_text: String,
    key: [u8; 32],
}

impl SampleChunk {
    /// Reports whether the chunk was embedded with the model of this fingerprint. The key is
    /// computed as in `EmbeddedChunk::embedding_key`.
    pub(in crate::embedded) fn is_embedded_with(&self, fingerprint: &str) -> bool {
        ContentHash::of_parts([fingerprint, &self.dense_text]) == ContentHash::from_bytes(self.key)
    }
}

/// Summarises the catalogue at `path`.
pub(in crate::embedded) fn summarise(path: &Path) -> EmbeddedResult<CatalogueSummary> {
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

    let sample = connection
        .query_row(
            "SELECT context, text, embedding_key FROM passages LIMIT 1",
            [],
            |row| {
                let (context, text): (String, String) = (row.get(0)?, row.get(1)?);
                Ok(SampleChunk {
                    dense_text: Chunk::dense_text_of(&context, &text),
                    key: row.get(2)?,
                })
            },
        )
        .optional()?;

    Ok(CatalogueSummary {
        schema,
        documents: documents.cast_unsigned(),
        chunks: chunks.cast_unsigned(),
        committed_at,
        sample,
    })
}
