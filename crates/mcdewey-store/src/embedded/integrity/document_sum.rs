//! The checksum of a document: all its rows in the catalogue, except the numbers that only connect
//! them.

use mcdewey_core::ContentHash;
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::embedded::error::EmbeddedResult;

/// The rows of a document. The text of these statements decides the checksum: a changed one needs
/// another version of the tables.
const ROWS: [&str; 5] = [
    "SELECT source, prefix, root, folder, input, hash, lang, pages, chunks, committed_at, meta, \
     outline, terms FROM documents WHERE id = ?1",
    "SELECT place, number, page, text FROM pages WHERE document = ?1 ORDER BY place",
    "SELECT ordinal, page, handle, place, text_hash, passage_hash, embedding_key, context, text \
     FROM passages WHERE document = ?1 ORDER BY ordinal",
    "SELECT point, ordinal, page, passage_hash, likeness FROM points WHERE document = ?1 \
     ORDER BY ordinal, point",
    "SELECT role, name, attachment, content FROM attachments WHERE document = ?1 \
     ORDER BY role, name",
];

/// Computes the checksum of a document from its rows.
pub(in crate::embedded) fn document_sum(
    connection: &Connection,
    document: i64,
) -> EmbeddedResult<ContentHash> {
    let mut sums = Vec::new();
    for sql in ROWS {
        let mut select = connection.prepare_cached(sql)?;
        let columns = select.column_count();
        let mut rows = select.query([document])?;
        let mut row_sums = Vec::new();
        while let Some(row) = rows.next()? {
            let mut values = Vec::with_capacity(columns);
            for column in 0..columns {
                values.push(bytes_of(row.get_ref(column)?));
            }
            row_sums.push(*ContentHash::of_parts(values).as_bytes());
        }

        sums.push(*ContentHash::of_parts(row_sums).as_bytes());
    }

    Ok(ContentHash::of_parts(sums))
}

/// A value, preceded by its type.
fn bytes_of(value: ValueRef<'_>) -> Vec<u8> {
    let (kind, bytes): (u8, &[u8]) = match &value {
        ValueRef::Null => (0, &[]),
        ValueRef::Integer(number) => (1, &number.to_le_bytes()),
        ValueRef::Real(number) => (2, &number.to_le_bytes()),
        ValueRef::Text(text) => (3, text),
        ValueRef::Blob(bytes) => (4, bytes),
    };

    let mut tagged = Vec::with_capacity(1 + bytes.len());
    tagged.push(kind);
    tagged.extend_from_slice(bytes);
    tagged
}
