//! The embedding cache: every vector ever committed, by its embedding key.
//!
//! The key covers the model's fingerprint, so one file serves all generations. A shard is rebuilt
//! from the cache without embedding anything again.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use mcdewey_core::{ContentHash, IndexError};
use rusqlite::{Connection, OptionalExtension, Transaction};

use super::database::{self, Database, Schema};
use super::error::EmbeddedResult;
use super::layout::Layout;
use super::replace_file::{put_in_place, remove_with_log};

const SCHEMA: Schema = Schema {
    name: "the embedding cache",
    version: 1,
    tables: "CREATE TABLE IF NOT EXISTS vectors \
             (key BLOB PRIMARY KEY, vector BLOB NOT NULL, sum BLOB) STRICT",
};

/// Bytes of a vector's checksum.
const SUM: usize = 8;

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
    /// Opens the cache of a data directory. If it is damaged, or `is_suspect` and found to be damaged,
    /// the vectors that fit their checksums are kept.
    pub(super) fn open(
        layout: &Layout,
        is_suspect: bool,
    ) -> Result<(Self, VectorWriter), IndexError> {
        let path = layout.embeddings();
        if is_suspect {
            repair(&path, &layout.damaged_embeddings())?;
        }

        match Self::open_file(&path) {
            Err(IndexError::NoSpace(reason)) => Err(IndexError::NoSpace(reason)),
            Err(error) => {
                if repair(&path, &layout.damaged_embeddings())? {
                    Self::open_file(&path)
                } else {
                    Err(error)
                }
            }
            opened => opened,
        }
    }

    fn open_file(path: &Path) -> Result<(Self, VectorWriter), IndexError> {
        let (database, connection) = Database::open(path, SCHEMA)?;
        add_sums(&connection).map_err(|error| IndexError::Store(error.to_string()))?;
        Ok((Self { database }, VectorWriter { connection }))
    }

    /// Returns the vectors of these keys, in order. One that does not fit its checksum is as good as
    /// none.
    pub(super) fn get(&self, keys: &[ContentHash]) -> EmbeddedResult<Vec<Option<Vec<f32>>>> {
        self.database
            .read(|snapshot| keys.iter().map(|key| get_one(snapshot, key)).collect())
    }

    /// The number of vectors.
    #[cfg(test)]
    pub(super) fn count(&self) -> EmbeddedResult<u64> {
        self.database.read(|snapshot| {
            let sql = "SELECT count(*) FROM vectors";
            let count: i64 = snapshot.query_row(sql, [], |row| row.get(0))?;
            Ok(count.cast_unsigned())
        })
    }

    /// Returns those of the keys that have no vector.
    pub(super) fn missing(
        &self,
        keys: impl IntoIterator<Item = ContentHash>,
    ) -> EmbeddedResult<HashSet<ContentHash>> {
        self.database.read(|snapshot| {
            let mut missing = HashSet::new();
            for key in keys {
                if get_one(snapshot, &key)?.is_none() {
                    missing.insert(key);
                }
            }

            Ok(missing)
        })
    }
}

impl VectorWriter {
    /// Stores vectors durably. An existing key keeps its vector, because equal keys mean equal
    /// vectors, unless the stored one is damaged or has another length.
    pub(super) fn put<'a>(
        &mut self,
        vectors: impl IntoIterator<Item = (&'a ContentHash, &'a [f32])>,
    ) -> EmbeddedResult<()> {
        let transaction = self.connection.transaction()?;
        {
            let sql = "INSERT OR REPLACE INTO vectors (key, vector, sum) VALUES (?1, ?2, ?3)";
            let mut insert = transaction.prepare_cached(sql)?;
            let distinct: HashMap<&ContentHash, &[f32]> = vectors.into_iter().collect();
            for (key, vector) in distinct {
                let stored = get_one(&transaction, key)?;
                if stored.is_none_or(|stored| stored.len() != vector.len()) {
                    let bytes = to_bytes(vector);
                    insert.execute((key.as_bytes(), &bytes, sum_of(key, &bytes)))?;
                }
            }
        }

        Ok(transaction.commit()?)
    }

    /// The number of vectors.
    pub(super) fn count(&self) -> EmbeddedResult<u64> {
        let count: i64 = self
            .connection
            .query_row("SELECT count(*) FROM vectors", [], |row| row.get(0))?;
        Ok(count.cast_unsigned())
    }

    /// Deletes all vectors but those of these keys. Returns how many it deleted.
    pub(super) fn keep_only(&mut self, keys: &HashSet<[u8; 32]>) -> EmbeddedResult<usize> {
        let transaction = self.connection.transaction()?;
        let mut surplus: Vec<i64> = Vec::new();
        {
            let mut select = transaction.prepare("SELECT rowid, key FROM vectors")?;
            let mut rows = select.query([])?;
            while let Some(row) = rows.next()? {
                if !keys.contains(&row.get::<_, [u8; 32]>(1)?) {
                    surplus.push(row.get(0)?);
                }
            }

            let mut delete = transaction.prepare("DELETE FROM vectors WHERE rowid = ?1")?;
            for row in &surplus {
                delete.execute([row])?;
            }
        }

        transaction.commit()?;
        Ok(surplus.len())
    }

    /// Copies the log into the file. Returns whether the file is complete without it.
    pub(super) fn checkpoint(&self) -> EmbeddedResult<bool> {
        Ok(database::checkpoint(&self.connection)?)
    }
}

/// Adds the column of checksums to a file of an earlier program, whose vectors have none.
fn add_sums(connection: &Connection) -> rusqlite::Result<()> {
    let sql = "SELECT count(*) FROM pragma_table_info('vectors') WHERE name = 'sum'";
    let columns: i64 = connection.query_row(sql, [], |row| row.get(0))?;
    if columns == 0 {
        connection.execute_batch("ALTER TABLE vectors ADD COLUMN sum BLOB")?;
    }

    Ok(())
}

fn get_one(snapshot: &Transaction<'_>, key: &ContentHash) -> EmbeddedResult<Option<Vec<f32>>> {
    let mut select = snapshot.prepare_cached("SELECT vector, sum FROM vectors WHERE key = ?1")?;
    let found: Option<(Vec<u8>, Option<Vec<u8>>)> = select
        .query_row([key.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;

    Ok(found
        .filter(|(vector, sum)| fits(key, vector, sum.as_deref()))
        .map(|(vector, _)| from_bytes(&vector)))
}

fn sum_of(key: &ContentHash, vector: &[u8]) -> Vec<u8> {
    ContentHash::of_parts([key.as_bytes().as_slice(), vector]).as_bytes()[..SUM].to_vec()
}

fn fits(key: &ContentHash, vector: &[u8], sum: Option<&[u8]>) -> bool {
    sum.is_none_or(|sum| sum == sum_of(key, vector))
}

/// Replaces a cache if it is damaged. Returns whether it was.
fn repair(path: &Path, aside: &Path) -> Result<bool, IndexError> {
    if !path.exists() {
        return Ok(false);
    }

    database::check_space(path)?;
    let Some(damage) = damage(path) else {
        return Ok(false);
    };

    keep_whole_vectors(path, aside, &damage)?;
    Ok(true)
}

/// What is wrong with a cache, if anything is.
pub(super) fn damage(path: &Path) -> Option<String> {
    let check = || -> EmbeddedResult<Option<String>> {
        let connection = Connection::open(path)?;
        let structure: String =
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if structure != "ok" {
            return Ok(Some(structure));
        }

        add_sums(&connection)?;
        let mut select = connection.prepare("SELECT key, vector, sum FROM vectors")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let (vector, sum): (Vec<u8>, Option<Vec<u8>>) = (row.get(1)?, row.get(2)?);
            let fits = row
                .get::<_, [u8; 32]>(0)
                .is_ok_and(|key| fits(&ContentHash::from_bytes(key), &vector, sum.as_deref()));
            if !fits {
                return Ok(Some("a vector is not what was written".to_owned()));
            }
        }

        Ok(None)
    };
    check().unwrap_or_else(|error| Some(error.to_string()))
}

/// Replaces a damaged cache by one with the vectors that fit their checksums. The others are computed
/// again when they are needed.
fn keep_whole_vectors(path: &Path, aside: &Path, damage: &str) -> Result<(), IndexError> {
    tracing::warn!(
        damage,
        aside = %aside.display(),
        "the embedding cache is damaged; keeping the vectors that are whole"
    );

    let new = path.with_extension("sqlite.new");
    let replace = || -> EmbeddedResult<u64> {
        remove_with_log(&new)?;
        let mut target = database::create_file(&new, SCHEMA)?;
        let kept = copy_whole_vectors(path, &mut target)?;
        target.close().map_err(|(_, error)| error)?;
        put_in_place(&new, path, aside)?;
        Ok(kept)
    };

    let kept = replace()?;
    tracing::info!(vectors = kept, "kept the vectors that are whole");
    Ok(())
}

/// Copies vectors as far as the damaged file can be read.
fn copy_whole_vectors(from: &Path, target: &mut Connection) -> EmbeddedResult<u64> {
    let transaction = target.transaction()?;
    let mut kept = 0;
    let mut copy = || -> EmbeddedResult<()> {
        let source = Connection::open(from)?;
        for sql in [
            "SELECT key, vector, sum FROM vectors NOT INDEXED ORDER BY rowid",
            "SELECT key, vector, sum FROM vectors NOT INDEXED ORDER BY rowid DESC",
        ] {
            let mut select = source.prepare(sql)?;
            let mut insert = transaction.prepare_cached(
                "INSERT OR IGNORE INTO vectors (key, vector, sum) VALUES (?1, ?2, ?3)",
            )?;
            let mut rows = select.query([])?;
            while let Ok(Some(row)) = rows.next() {
                let (Ok(key), Ok(vector), Ok(Some(sum))) = (
                    row.get::<_, [u8; 32]>(0),
                    row.get::<_, Vec<u8>>(1),
                    row.get::<_, Option<Vec<u8>>>(2),
                ) else {
                    continue;
                };
                if fits(&ContentHash::from_bytes(key), &vector, Some(&sum)) {
                    kept += insert.execute((key, vector, sum))? as u64;
                }
            }
        }

        Ok(())
    };

    if let Err(error) = copy() {
        tracing::debug!(%error, "the damaged embedding cache cannot be read to its end");
    }
    transaction.commit()?;
    Ok(kept)
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
        let (cache, mut writer) = VectorCache::open_file(&dir.path().join("v.sqlite")).unwrap();
        let vector = vec![0.1_f32, -1.5e-30, 1.0, f32::MIN_POSITIVE];
        let (known, unknown) = (ContentHash::of("a"), ContentHash::of("b"));

        writer
            .put([(&known, vector.as_slice()), (&known, vector.as_slice())])
            .unwrap();
        writer.put([(&known, [0.0; 4].as_slice())]).unwrap();

        assert_eq!(cache.get(&[unknown, known]).unwrap(), [None, Some(vector)]);
    }

    #[test]
    fn a_file_of_an_earlier_program_gains_checksums() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("v.sqlite");
        let (old, new) = (ContentHash::of("a"), ContentHash::of("b"));
        let earlier = Connection::open(&path).unwrap();
        earlier
            .execute_batch(
                "CREATE TABLE vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL) STRICT; \
                 PRAGMA user_version = 1",
            )
            .unwrap();
        let sql = "INSERT INTO vectors (key, vector) VALUES (?1, ?2)";
        earlier
            .execute(sql, (old.as_bytes(), to_bytes(&[0.6, 0.8])))
            .unwrap();
        drop(earlier);

        let (cache, mut writer) = VectorCache::open_file(&path).unwrap();
        writer.put([(&new, [0.8, 0.6].as_slice())]).unwrap();
        let found = cache.get(&[old, new]).unwrap();
        assert_eq!(found, [Some(vec![0.6, 0.8]), Some(vec![0.8, 0.6])]);
        assert_eq!(damage(&path), None);
    }

    #[test]
    fn a_damaged_file_keeps_the_vectors_that_are_whole() {
        let dir = tempfile::tempdir().unwrap();
        let (path, aside) = (dir.path().join("v.sqlite"), dir.path().join("aside.sqlite"));
        let keys: Vec<ContentHash> = (0..300)
            .map(|number: i32| ContentHash::of(number.to_string()))
            .collect();
        let (cache, mut writer) = VectorCache::open_file(&path).unwrap();
        let vector = [0.5; 64];
        writer
            .put(keys.iter().map(|key| (key, vector.as_slice())))
            .unwrap();
        drop((cache, writer));
        assert!(!repair(&path, &aside).unwrap() && !aside.exists());

        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle..middle + 600].fill(7);
        std::fs::write(&path, bytes).unwrap();
        assert!(repair(&path, &aside).unwrap() && aside.exists());

        let (cache, _writer) = VectorCache::open_file(&path).unwrap();
        let found = cache.get(&keys).unwrap();
        assert!(found.iter().flatten().all(|found| *found == vector));
        let kept = found.iter().flatten().count();
        assert!((100..300).contains(&kept), "{kept}");
    }

    #[test]
    fn a_vector_that_does_not_fit_its_checksum_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let (cache, mut writer) = VectorCache::open_file(&dir.path().join("v.sqlite")).unwrap();
        let key = ContentHash::of("a");
        writer.put([(&key, [0.6, 0.8].as_slice())]).unwrap();
        let damaged = to_bytes(&[0.8, 0.6]);
        writer
            .connection
            .execute("UPDATE vectors SET vector = ?1", [damaged])
            .unwrap();

        assert_eq!(cache.get(&[key]).unwrap(), [None]);
        assert_eq!(cache.missing([key]).unwrap(), HashSet::from([key]));
        writer.put([(&key, [0.6, 0.8].as_slice())]).unwrap();
        assert_eq!(cache.get(&[key]).unwrap(), [Some(vec![0.6, 0.8])]);
    }

    #[test]
    fn a_damaged_vector_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let (cache, mut writer) = VectorCache::open_file(&dir.path().join("v.sqlite")).unwrap();
        let key = ContentHash::of("a");
        writer.put([(&key, [1.0].as_slice())]).unwrap();
        writer.put([(&key, [0.6, 0.8].as_slice())]).unwrap();

        assert_eq!(cache.get(&[key]).unwrap(), [Some(vec![0.6, 0.8])]);
    }
}
