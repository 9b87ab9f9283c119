//! The stamps by which files are recognised without being read. They are no part of what a library
//! answers from: without them, the next ingest reads every file.

use mcdewey_core::{FileStamp, RootName};

use super::read::{Snapshot, hash, json};
use super::write::Change;
use crate::embedded::error::{EmbeddedError, EmbeddedResult};

impl Snapshot<'_> {
    /// The stamps of a root's documents, without those of earlier revisions.
    pub(in crate::embedded) fn file_stamps(
        &self,
        root: &RootName,
    ) -> EmbeddedResult<Vec<FileStamp>> {
        let sql = "SELECT source, documents.input, stamp, images FROM file_stamps \
                   JOIN documents ON id = document AND documents.input = file_stamps.input \
                   WHERE root = ?1";
        self.all(sql, [root.as_str()], |row| {
            let source: String = row.get(0)?;
            Ok(FileStamp {
                source: source
                    .parse()
                    .map_err(|_| EmbeddedError::malformed("source path"))?,
                input: hash(row, 1)?,
                stamp: hash(row, 2)?,
                images: json(row, 3)?,
            })
        })
    }
}

impl Change<'_> {
    /// Keeps the stamp of a document if its current revision has this input. It is deleted together
    /// with the revision.
    pub(in crate::embedded) fn keep_file_stamp(&self, stamp: &FileStamp) -> EmbeddedResult<()> {
        let sql = "INSERT OR REPLACE INTO file_stamps (document, input, stamp, images) \
                   SELECT id, input, ?3, ?4 FROM documents WHERE source = ?1 AND input = ?2";
        self.transaction().prepare_cached(sql)?.execute((
            stamp.source.as_str(),
            stamp.input.as_bytes(),
            stamp.stamp.as_bytes(),
            serde_json::to_string(&stamp.images)?,
        ))?;
        Ok(())
    }
}
