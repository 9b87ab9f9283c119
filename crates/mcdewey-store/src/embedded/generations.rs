//! The generations of a data directory: made beside each other, one of them live, old ones retained and then removed.
//!
//! A generation is built while another one answers, and becomes live in one step when it is complete: the record of
//! the directory is replaced. What was live stays for a while, for whoever wants to go back. Whoever holds the
//! directory's [`OwnerLock`](crate::OwnerLock) opens this once; others may only [`Generations::look`].

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

use self::record::{Record, now};
use super::{EmbeddedIndex, Presence, catalogue, layout};
use crate::bm25::Bm25;

pub use self::record::GenerationEntry;
pub use self::status::GenerationStatus;

/// How long to wait for the last reader of an index that is being closed.
const CLOSING: Duration = Duration::from_secs(10);
/// Pause between two looks whether it is closed.
const PAUSE: Duration = Duration::from_millis(20);

/// The generations of a data directory, for its owner.
#[derive(Debug)]
pub struct Generations {
    dir: PathBuf,
    min_free_bytes: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    record: Record,
    open: HashMap<Generation, Opened>,
}

/// An index that was opened; both are gone once it is closed.
#[derive(Debug)]
struct Opened {
    index: Weak<EmbeddedIndex>,
    presence: Weak<Presence>,
}

impl Generations {
    /// Reads the record, adopts what stands in none, and finishes removals that were interrupted. Nothing may be
    /// written that would leave less than `min_free_bytes` free.
    pub fn open(dir: &Path, min_free_bytes: u64) -> Result<Self, IndexError> {
        layout::create(dir)?;
        retire::sweep(dir)?;

        let mut record = Record::load(dir)?;
        if adopt::bring_in_line(&mut record, dir)? {
            record.save(dir)?;
        }

        erasure::finish_interrupted(&record, dir)?;
        let state = Mutex::new(State {
            record,
            open: HashMap::new(),
        });

        Ok(Self {
            dir: dir.to_owned(),
            min_free_bytes,
            state,
        })
    }

    /// The generation that answers questions.
    pub fn live(&self) -> Option<GenerationEntry> {
        self.state().record.live().cloned()
    }

    /// What is known of a generation.
    pub fn entry(&self, generation: &Generation) -> Option<GenerationEntry> {
        self.state().record.entry(generation).cloned()
    }

    /// The name of the generation that belongs to a model and a splitter.
    pub fn name_of(model: &ModelInfo, chunker: &str) -> Generation {
        super::wanted(model, chunker)
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

    /// Writes down the model of generations that were adopted, where it is this one.
    pub fn identify(&self, model: &ModelInfo, chunker: &str) -> Result<(), IndexError> {
        let mut state = self.state();
        let mut changed = false;
        for entry in &mut state.record.generations {
            changed |= adopt::identify(entry, &self.dir, model, chunker);
        }

        if changed {
            state.record.save(&self.dir)
        } else {
            Ok(())
        }
    }

    /// The generation that belongs to a model and a splitter, entered as one to be built when it is new. `model_dir` is
    /// where the model was read from, if not from the catalogue's folder.
    pub fn want(
        &self,
        model: &ModelInfo,
        model_dir: Option<&Path>,
        chunker: &str,
    ) -> Result<Generation, IndexError> {
        let generation = super::wanted(model, chunker);
        let mut state = self.state();
        if state.record.entry(&generation).is_none() {
            state.record.generations.push(GenerationEntry {
                generation: generation.clone(),
                model: Some(model.clone()),
                model_dir: model_dir.map(Path::to_owned),
                chunker: Some(chunker.to_owned()),
                words: Some(Bm25::fingerprint()),
                schema: catalogue::SCHEMA,
                made_at: now(),
                completed_at: None,
                documents: 0,
                chunks: 0,
                pinned: false,
            });
            state.record.save(&self.dir)?;
        }

        Ok(generation)
    }

    /// Opens a generation; the same index again while it is open. Blocks.
    pub fn open_index(&self, generation: &Generation) -> Result<Arc<EmbeddedIndex>, IndexError> {
        let mut state = self.state();
        if let Some(index) = state
            .open
            .get(generation)
            .and_then(|opened| opened.index.upgrade())
        {
            return Ok(index);
        }

        state.wait_until_closed(generation)?;
        let unknown = || IndexError::Unavailable(format!("there is no generation {generation}"));
        let entry = state.record.entry(generation).ok_or_else(unknown)?;

        let unusable = |reason| {
            IndexError::Unavailable(format!(
                "generation {generation} cannot be opened: {reason}"
            ))
        };

        let dimensions = entry.usable().map_err(unusable)?.dimensions;
        let index = EmbeddedIndex::open_generation(
            &self.dir,
            generation.clone(),
            dimensions,
            self.min_free_bytes,
        )
        .map(Arc::new)?;

        let opened = Opened {
            index: Arc::downgrade(&index),
            presence: Arc::downgrade(&index.shared.presence),
        };
        state.open.insert(generation.clone(), opened);
        Ok(index)
    }

    /// Notes that a generation holds the whole library, and makes it the live one unless the live one is pinned; says
    /// whether it is live now.
    pub fn complete(&self, state: &IndexState) -> Result<bool, IndexError> {
        let generation = &state.generation;
        let mut held = self.state();
        let mut record = held.record.clone();

        let Some(entry) = record.entry_mut(generation) else {
            return Ok(false);
        };
        entry.completed_at.get_or_insert_with(now);
        (entry.documents, entry.chunks) = (state.documents, state.chunks);

        let pinned = record
            .live()
            .is_some_and(|live| live.pinned && live.generation != *generation);

        if !pinned && record.live.as_ref() != Some(generation) {
            record.put_last(generation);
            record.live = Some(generation.clone());
        }

        if record != held.record {
            record.save(&self.dir)?;
            held.record = record;
        }

        Ok(!pinned)
    }

    /// The complete generation to go back to: the one whose name begins with `name`, else the one before the live one.
    pub fn earlier(&self, name: Option<&str>) -> Result<GenerationEntry, IndexError> {
        let state = self.state();
        let live = state.record.live.as_ref();
        let complete: Vec<&GenerationEntry> = state
            .record
            .generations
            .iter()
            .filter(|entry| entry.completed_at.is_some())
            .collect();

        let chosen = match name {
            Some(name) => {
                let mut named = complete
                    .iter()
                    .filter(|entry| entry.generation.0.starts_with(name));
                named.next().filter(|_| named.next().is_none())
            }
            None => {
                let place = complete
                    .iter()
                    .position(|entry| Some(&entry.generation) == live)
                    .unwrap_or_default();
                place.checked_sub(1).map(|before| &complete[before])
            }
        };

        let Some(&entry) = chosen else {
            let others = complete
                .iter()
                .filter(|entry| Some(&entry.generation) != live);
            let names: Vec<String> = others.map(|entry| entry.generation.to_string()).collect();
            let kept = if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            };

            let what = match name {
                Some(name) => {
                    format!("no complete generation, or more than one, is called {name:?}")
                }
                None => "no complete generation is older than the live one".to_owned(),
            };

            return Err(IndexError::Unavailable(format!(
                "{what}; retained are: {kept}"
            )));
        };

        entry.usable().map_err(|reason| {
            IndexError::Unavailable(format!(
                "generation {} cannot be opened: {reason}",
                entry.generation
            ))
        })?;

        Ok(entry.clone())
    }

    /// Makes a complete generation the live one; `pinned` keeps it so whatever the settings ask for.
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

    /// Takes away the generations beyond the `keep` newest ones beside the live one, and those that were begun and are
    /// wanted no more. What is in use stays. Says which went.
    pub fn retire(&self, keep: usize, wanted: &Generation) -> Result<Vec<Generation>, IndexError> {
        let mut state = self.state();
        let mut gone = Vec::new();
        for generation in retire::superfluous(&state.record, keep, wanted) {
            if !state.is_in_use(&generation) {
                retire::discard(&mut state.record, &self.dir, &generation)?;
                gone.push(generation);
            }
        }

        Ok(gone)
    }

    /// Waits a while until nobody reads a generation any more; says whether that is so.
    pub fn wait_until_unused(&self, generation: &Generation) -> bool {
        let until = Instant::now() + CLOSING;
        while self.state().is_in_use(generation) {
            if Instant::now() >= until {
                return false;
            }
            thread::sleep(PAUSE);
        }

        true
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_in_use(&self, generation: &Generation) -> bool {
        self.open
            .get(generation)
            .is_some_and(|opened| opened.presence.strong_count() > 0)
    }

    /// An index whose last reader is about to go still has its files open.
    fn wait_until_closed(&self, generation: &Generation) -> Result<(), IndexError> {
        let until = Instant::now() + CLOSING;
        while self.is_in_use(generation) {
            if Instant::now() >= until {
                let message =
                    format!("generation {generation} is still being read; try again in a moment");
                return Err(IndexError::Unavailable(message));
            }
            thread::sleep(PAUSE);
        }

        Ok(())
    }
}
