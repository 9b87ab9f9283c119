//! The generations of a data directory: built side by side, one of them live, old ones retained for
//! a while and then deleted.
//!
//! A generation is built while another one answers. It becomes live in one step once it is
//! complete, when the record of the directory is replaced. The previous one is retained for a
//! rollback. The holder of the directory's [`OwnerLock`](crate::OwnerLock) opens [`Generations`]
//! once; other processes may only call [`Generations::list`].

mod adopt;
mod erasure;
mod record;
mod retire;
mod status;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use mcdewey_core::{Generation, IndexError, IndexState, ModelInfo};

use self::record::{Record, unix_seconds};
use super::integrity::WorkAtOpen;
use super::{
    EmbeddedIndex, FilesInUse, OpenSettings, VectorStorage, catalogue, generation_for, layout,
};
use crate::bm25::Bm25;

pub use self::record::GenerationEntry;
pub use self::status::GenerationStatus;

/// How long to wait for the last reader of an index that is being closed.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

/// Interval at which to check whether an index is closed. Its readers hold plain reference counts,
/// which cannot be waited for.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// The generations of a data directory, for its owner.
#[derive(Debug)]
pub struct Generations {
    dir: PathBuf,
    min_free_bytes: u64,
    vectors: VectorStorage,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    record: Record,
    open: HashMap<Generation, OpenIndex>,
}

/// An index that was opened. Neither reference can be upgraded once it is closed.
#[derive(Debug)]
struct OpenIndex {
    index: Weak<EmbeddedIndex>,
    files_in_use: Weak<FilesInUse>,
}

impl Generations {
    /// Reads the record, adopts unrecorded generations, and finishes interrupted removals. No write
    /// may leave less than `min_free_bytes` free.
    pub fn open(dir: &Path, min_free_bytes: u64) -> Result<Self, IndexError> {
        layout::create_data_dir(dir)?;
        retire::empty_trash(dir)?;

        let mut record = Record::load(dir)?;
        let was_damaged = !layout::record_path(dir).exists() && record != Record::default();
        if adopt::reconcile(&mut record, dir)? || was_damaged {
            record.save(dir)?;
        }

        erasure::finish_interrupted(&record, dir)?;

        Ok(Self {
            dir: dir.to_owned(),
            min_free_bytes,
            vectors: VectorStorage::default(),
            state: Mutex::new(State {
                record,
                open: HashMap::new(),
            }),
        })
    }

    /// Sets how the indexes that are opened from now on store vectors.
    pub fn with_vectors(mut self, vectors: VectorStorage) -> Self {
        self.vectors = vectors;
        self
    }

    /// The generation that answers questions.
    pub fn live(&self) -> Option<GenerationEntry> {
        self.state().record.live().cloned()
    }

    /// The recorded entry of a generation.
    pub fn entry(&self, generation: &Generation) -> Option<GenerationEntry> {
        self.state().record.entry(generation).cloned()
    }

    /// The name of the generation for a model and a splitter.
    pub fn generation_for(model: &ModelInfo, chunker: &str) -> Generation {
        generation_for(model, chunker)
    }

    /// The complete generation that the settings asked for last.
    pub fn latest(&self) -> Option<GenerationEntry> {
        self.state()
            .record
            .generations
            .iter()
            .rfind(|entry| entry.completed_at.is_some())
            .cloned()
    }

    /// Records this model for the adopted generations that were made with it.
    pub fn identify_model(&self, model: &ModelInfo, chunker: &str) -> Result<(), IndexError> {
        let mut state = self.state();
        let mut changed = false;
        for entry in &mut state.record.generations {
            changed |= adopt::identify_model(entry, &self.dir, model, chunker);
        }

        if changed {
            state.record.save(&self.dir)
        } else {
            Ok(())
        }
    }

    /// Returns the generation for a model and a splitter, and records it as one to be built if it
    /// is new. `model_dir` is the folder that the model was read from, unless it comes from the
    /// model catalogue.
    pub fn register(
        &self,
        model: &ModelInfo,
        model_dir: Option<&Path>,
        chunker: &str,
    ) -> Result<Generation, IndexError> {
        let generation = generation_for(model, chunker);
        let mut state = self.state();
        if state.record.entry(&generation).is_none() {
            state.record.generations.push(GenerationEntry {
                generation: generation.clone(),
                model: Some(model.clone()),
                model_dir: model_dir.map(Path::to_owned),
                chunker: Some(chunker.to_owned()),
                words: Some(Bm25::fingerprint()),
                schema: catalogue::SCHEMA,
                made_at: unix_seconds(),
                completed_at: None,
                documents: 0,
                chunks: 0,
                pinned: false,
            });
            state.record.save(&self.dir)?;
        }

        Ok(generation)
    }

    /// Opens a generation, or returns the index that is already open. Blocks.
    pub fn open_index(&self, generation: &Generation) -> Result<Arc<EmbeddedIndex>, IndexError> {
        let mut state = self.state();
        if let Some(index) = state
            .open
            .get(generation)
            .and_then(|open| open.index.upgrade())
        {
            return Ok(index);
        }

        state.wait_until_closed(generation)?;
        let entry = state.record.entry(generation).ok_or_else(|| {
            IndexError::Unavailable(format!("there is no generation {generation}"))
        })?;
        let model = entry
            .usable()
            .map_err(|reason| cannot_be_opened(generation, &reason))?;

        let index = Arc::new(EmbeddedIndex::open_generation(
            generation.clone(),
            &OpenSettings {
                dir: &self.dir,
                dimensions: model.dimensions,
                min_free_bytes: self.min_free_bytes,
                storage: self.vectors,
                work: WorkAtOpen::default(),
            },
        )?);

        let open = OpenIndex {
            index: Arc::downgrade(&index),
            files_in_use: Arc::downgrade(&index.shared.files_in_use),
        };
        state.open.insert(generation.clone(), open);

        Ok(index)
    }

    /// Records that a generation holds the whole library, and makes it the live one unless another
    /// one is pinned. Returns whether it is live now.
    pub fn mark_complete(&self, index: &IndexState) -> Result<bool, IndexError> {
        let generation = &index.generation;
        let mut state = self.state();

        // A copy, so that the state stays unchanged if the record cannot be saved.
        let mut record = state.record.clone();
        let Some(entry) = record.entry_mut(generation) else {
            return Ok(false);
        };

        entry.completed_at.get_or_insert_with(unix_seconds);
        entry.documents = index.documents;
        entry.chunks = index.chunks;

        let another_is_pinned = record
            .live()
            .is_some_and(|live| live.pinned && live.generation != *generation);
        if !another_is_pinned && record.live.as_ref() != Some(generation) {
            record.put_last(generation);
            record.live = Some(generation.clone());
        }

        if record != state.record {
            record.save(&self.dir)?;
            state.record = record;
        }

        Ok(!another_is_pinned)
    }

    /// Returns the complete generation to roll back to: the one whose name begins with `name`, or
    /// without a name the one before the live one.
    pub fn rollback_target(&self, name: Option<&str>) -> Result<GenerationEntry, IndexError> {
        let state = self.state();
        let live = state.record.live.as_ref();
        let complete: Vec<&GenerationEntry> = state
            .record
            .generations
            .iter()
            .filter(|entry| entry.completed_at.is_some())
            .collect();

        let target = match name {
            Some(name) => only_named(&complete, name),
            None => complete
                .iter()
                .position(|entry| Some(&entry.generation) == live)
                .and_then(|live| live.checked_sub(1))
                .map(|previous| complete[previous]),
        };

        let Some(entry) = target else {
            let retained: Vec<String> = complete
                .iter()
                .filter(|entry| Some(&entry.generation) != live)
                .map(|entry| entry.generation.to_string())
                .collect();
            return Err(no_rollback_target(name, &retained));
        };

        entry
            .usable()
            .map_err(|reason| cannot_be_opened(&entry.generation, &reason))?;

        Ok(entry.clone())
    }

    /// Makes a complete generation the live one. `pinned` keeps it live whatever the settings
    /// require.
    pub fn make_live(&self, generation: &Generation, pinned: bool) -> Result<(), IndexError> {
        let mut state = self.state();
        let mut record = state.record.clone();
        for entry in &mut record.generations {
            entry.pinned = pinned && entry.generation == *generation;
        }

        record.live = Some(generation.clone());
        record.save(&self.dir)?;
        state.record = record;

        Ok(())
    }

    /// Deletes the complete generations beyond the `keep` newest besides the live one, and
    /// incomplete ones except `target`, which the settings ask for. Skips those in use. Returns the
    /// deleted ones.
    pub fn retire(&self, keep: usize, target: &Generation) -> Result<Vec<Generation>, IndexError> {
        let mut state = self.state();
        let mut deleted = Vec::new();
        for generation in retire::surplus(&state.record, keep, target) {
            if !state.is_in_use(&generation) {
                retire::discard(&mut state.record, &self.dir, &generation)?;
                deleted.push(generation);
            }
        }

        Ok(deleted)
    }

    /// Waits for up to 10 seconds until a generation has no readers. Returns whether that is the
    /// case.
    pub fn wait_until_unused(&self, generation: &Generation) -> bool {
        let deadline = Instant::now() + CLOSE_TIMEOUT;
        while self.state().is_in_use(generation) {
            if Instant::now() >= deadline {
                return false;
            }
            thread::sleep(POLL_INTERVAL);
        }

        true
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The live generation of a data directory that another process may own.
pub(super) fn live_generation(dir: &Path) -> Result<Option<Generation>, IndexError> {
    Ok(Record::peek(dir)?.live)
}

/// The model that is recorded for a generation.
pub(super) fn recorded_model(
    dir: &Path,
    generation: &Generation,
) -> Result<Option<ModelInfo>, IndexError> {
    let record = Record::peek(dir)?;
    Ok(record
        .entry(generation)
        .and_then(|entry| entry.model.clone()))
}

/// Records a generation, and nothing else, in another folder.
pub(super) fn copy_live_entry(
    from: &Path,
    to: &Path,
    generation: &Generation,
) -> Result<(), IndexError> {
    let record = Record::peek(from)?;
    let entry = record.entry(generation).cloned().ok_or_else(|| {
        IndexError::Unavailable(format!(
            "generation {generation} was replaced meanwhile; try again"
        ))
    })?;
    Record::of_live(entry).save(to)
}

impl State {
    fn is_in_use(&self, generation: &Generation) -> bool {
        self.open
            .get(generation)
            .is_some_and(|open| open.files_in_use.strong_count() > 0)
    }

    /// Waits until the files of a generation are closed. An index whose last reference is being
    /// dropped still has them open.
    fn wait_until_closed(&self, generation: &Generation) -> Result<(), IndexError> {
        let deadline = Instant::now() + CLOSE_TIMEOUT;
        while self.is_in_use(generation) {
            if Instant::now() >= deadline {
                return Err(IndexError::Unavailable(format!(
                    "generation {generation} is still being read; try again in a moment"
                )));
            }
            thread::sleep(POLL_INTERVAL);
        }

        Ok(())
    }
}

/// Returns the generation whose name begins with `name`, if there is exactly one.
fn only_named<'a>(entries: &[&'a GenerationEntry], name: &str) -> Option<&'a GenerationEntry> {
    let mut named = entries
        .iter()
        .filter(|entry| entry.generation.0.starts_with(name));
    let first = named.next()?;
    named.next().is_none().then_some(*first)
}

fn cannot_be_opened(generation: &Generation, reason: &str) -> IndexError {
    IndexError::Unavailable(format!(
        "generation {generation} cannot be opened: {reason}"
    ))
}

fn no_rollback_target(name: Option<&str>, retained: &[String]) -> IndexError {
    let problem = match name {
        Some(name) => {
            format!(
                "there is no complete generation, or more than one, whose name begins with {name:?}"
            )
        }
        None => "no complete generation is older than the live one".to_owned(),
    };
    let retained = if retained.is_empty() {
        "none".to_owned()
    } else {
        retained.join(", ")
    };

    IndexError::Unavailable(format!("{problem}; retained generations: {retained}"))
}
