//! Deletion of vectors whose passages no longer exist, so that a library of the same size keeps its size.

use std::collections::HashSet;
use std::fs;

use rusqlite::{Connection, OpenFlags};

use super::Committer;
use crate::embedded::database;
use crate::embedded::error::EmbeddedResult;
use crate::embedded::layout;

/// Vectors that are kept whatever the number of passages: texts often come back.
const KEPT: u64 = 4096;

impl Committer {
    /// Deletes the vectors that no passage of any generation has, once they are most of the cache. A
    /// passage whose vector is gone is embedded again when it comes back.
    pub(super) fn prune_vectors(&mut self, passages: u64) -> EmbeddedResult<()> {
        if self.vectors.count()? <= 2 * passages + KEPT {
            return Ok(());
        }

        let keys = self.keys_in_use()?;
        let deleted = self.vectors.keep_only(&keys)?;
        tracing::info!(deleted, "deleted vectors of passages that no longer exist");
        Ok(())
    }

    /// The keys of all passages of all generations.
    fn keys_in_use(&self) -> EmbeddedResult<HashSet<[u8; 32]>> {
        let mut keys = HashSet::new();
        for entry in fs::read_dir(layout::generations_dir(self.layout.data_dir()))? {
            let catalogue = entry?.path().join(layout::CATALOGUE);
            if !catalogue.exists() {
                continue;
            }

            database::check_space(&catalogue)?;
            let connection =
                Connection::open_with_flags(catalogue, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            let mut select = connection.prepare("SELECT embedding_key FROM passages")?;
            let mut rows = select.query([])?;
            while let Some(row) = rows.next()? {
                keys.insert(row.get(0)?);
            }
        }

        Ok(keys)
    }
}
