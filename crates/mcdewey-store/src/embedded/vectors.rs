//! The embedding cache: every vector ever committed, by its embedding key.
//!
//! The key covers the model's fingerprint, so one file serves all generations. A shard is rebuilt
//! from the cache without embedding anything again.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use mcdewey_core::{ContentHash, IndexError};
use rusqlite::{Connection, OptionalExtension, Transaction};

use super::database::{Database, Schema};
use super::error::EmbeddedResult;

const SCHEMA: Schema = Schema {
    name: "the embedding cache",
    version: 1,
    tables: "CREATE TABLE vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL) STRICT",
};

/// The reading half of the embedding cache.
#[derive(Debug)]
pub(super) struct VectorCache {
    database: Database,
}

/// The writing half of the embedding cache.
#[derive(Debug)]
pub(super) struct VectorWriter {
    connection: Connection,
}

impl VectorCache {
    pub(super) fn open(path: &Path) -> Result<(Self, VectorWriter), IndexError> {
        let (database, connection) = Database::open(path, SCHEMA)?;
        Ok((Self { database }, VectorWriter { connection }))
    }

    /// Returns the vectors of these keys, in order.
    pub(super) fn get(&self, keys: &[ContentHash]) -> EmbeddedResult<Vec<Option<Vec<f32>>>> {
        self.database
            .read(|snapshot| keys.iter().map(|key| get_one(snapshot, key)).collect())
    }

    /// Returns those of the keys that have no vector.
    pub(super) fn missing(
        &self,
        keys: impl IntoIterator<Item = ContentHash>,
    ) -> EmbeddedResult<HashSet<ContentHash>> {
        self.database.read(|snapshot| {
            let mut select = snapshot.prepare_cached("SELECT 1 FROM vectors WHERE key = ?1")?;
            let mut missing = HashSet::new();
            for key in keys {
                if !select.exists([key.as_bytes()])? {
                    missing.insert(key);
                }
            }

            Ok(missing)
        })
    }
}

impl VectorWriter {
    /// Stores vectors durably. An existing key keeps its vector, because equal keys mean equal
    /// vectors, unless the stored one has another length: then it is damaged and is replaced.
    pub(super) fn put<'a>(
        &mut self,
        vectors: impl IntoIterator<Item = (&'a ContentHash, &'a [f32])>,
    ) -> EmbeddedResult<()> {
        let transaction = self.connection.transaction()?;
        {
            let sql = "INSERT INTO vectors (key, vector) VALUES (?1, ?2) \
                       ON CONFLICT (key) DO UPDATE SET vector = excluded.vector \
                       WHERE length(vector) <> length(excluded.vector)";
            let mut insert = transaction.prepare_cached(sql)?;
            let distinct: HashMap<&ContentHash, &[f32]> = vectors.into_iter().collect();
            for (key, vector) in distinct {
                insert.execute((key.as_bytes(), to_bytes(vector)))?;
            }
        }

        Ok(transaction.commit()?)
    }
}

fn get_one(snapshot: &Transaction<'_>, key: &ContentHash) -> EmbeddedResult<Option<Vec<f32>>> {
    let mut select = snapshot.prepare_cached("SELECT vector FROM vectors WHERE key = ?1")?;
    let bytes: Option<Vec<u8>> = select
        .query_row([key.as_bytes()], |row| row.get(0))
        .optional()?;
    Ok(bytes.map(|bytes| from_bytes(&bytes)))
}

/// Encodes a vector as 32-bit little-endian floats.
fn to_bytes(vector: &[f32]) -> Vec<u8> {
    vector
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

fn from_bytes(bytes: &[u8]) -> Vec<f32> {
    let (values, _) = bytes.as_chunks::<4>();
    values
        .iter()
        .map(|value| f32::from_le_bytes(*value))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_stored_bit_for_bit() {
        let dir = tempfile::tempdir().unwrap();
        let (cache, mut writer) = VectorCache::open(&dir.path().join("v.sqlite")).unwrap();
        let vector = vec![0.1_f32, -1.5e-30, 1.0, f32::MIN_POSITIVE];
        let (known, unknown) = (ContentHash::of("a"), ContentHash::of("b"));

        writer
            .put([(&known, vector.as_slice()), (&known, vector.as_slice())])
            .unwrap();
        writer.put([(&known, [0.0; 4].as_slice())]).unwrap();

        assert_eq!(cache.get(&[unknown, known]).unwrap(), [None, Some(vector)]);
    }

    #[test]
    fn a_damaged_vector_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let (cache, mut writer) = VectorCache::open(&dir.path().join("v.sqlite")).unwrap();
        let key = ContentHash::of("a");
        writer.put([(&key, [1.0].as_slice())]).unwrap();
        writer.put([(&key, [0.6, 0.8].as_slice())]).unwrap();

        assert_eq!(cache.get(&[key]).unwrap(), [Some(vec![0.6, 0.8])]);
    }
}
