//! A bounded cache of what is computed from single words. A library repeats its words far more often
//! than it uses new ones, so what a word becomes is worth remembering.

use std::collections::HashMap;
use std::fmt;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

/// Longer words, in bytes, are not remembered: they hardly ever occur again.
const MAX_WORD_BYTES: usize = 64;

/// Words remembered by each of the two generations of a cache.
const WORDS: usize = 32 * 1024;

/// Remembers values by word, for all threads. When one generation of words is full, it becomes the
/// older one, and the words of the one before are forgotten.
pub struct WordCache<V> {
    generations: RwLock<Generations<V>>,
    capacity: usize,
}

struct Generations<V> {
    recent: HashMap<Box<str>, V>,
    older: HashMap<Box<str>, V>,
}

/// Looks up many words, and waits for other threads only where a word is new.
pub struct WordLookup<'a, V> {
    cache: &'a WordCache<V>,
    generations: Option<RwLockReadGuard<'a, Generations<V>>>,
}

impl<V> Default for WordCache<V> {
    fn default() -> Self {
        Self::with_capacity(WORDS)
    }
}

impl<V> WordCache<V> {
    fn with_capacity(capacity: usize) -> Self {
        Self {
            generations: RwLock::new(Generations {
                recent: HashMap::new(),
                older: HashMap::new(),
            }),
            capacity,
        }
    }

    /// Starts to look up the words of a text. New words of other threads are kept out until the
    /// lookup is dropped or meets a new word itself.
    pub fn lookup(&self) -> WordLookup<'_, V> {
        WordLookup {
            cache: self,
            generations: None,
        }
    }

    fn insert(&self, word: &str, value: V) {
        let mut generations = self
            .generations
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if generations.recent.len() >= self.capacity {
            generations.older = std::mem::take(&mut generations.recent);
        }
        generations.recent.insert(word.into(), value);
    }
}

impl<V: Clone> WordLookup<'_, V> {
    /// Returns the value of a word, made by `make` if it is not remembered. The same word must
    /// always be made into the same value.
    pub fn get<E>(&mut self, word: &str, make: impl FnOnce() -> Result<V, E>) -> Result<V, E> {
        if word.len() > MAX_WORD_BYTES {
            return make();
        }

        let cache = self.cache;
        let Generations { recent, older } = &**self.generations.get_or_insert_with(|| {
            cache
                .generations
                .read()
                .unwrap_or_else(PoisonError::into_inner)
        });

        if let Some(value) = recent.get(word).or_else(|| older.get(word)) {
            return Ok(value.clone());
        }

        // The words of this lookup are released first: no thread can wait for itself.
        self.generations = None;
        let value = make()?;
        cache.insert(word, value.clone());
        Ok(value)
    }
}

impl<V> fmt::Debug for WordCache<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WordCache").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::convert::Infallible;

    use super::*;

    #[test]
    fn a_word_is_computed_once_and_forgotten_after_two_generations() {
        let cache = WordCache::with_capacity(2);
        let made = Cell::new(0);
        let length = |word: &str| {
            let value = cache.lookup().get(word, || {
                made.set(made.get() + 1);
                Ok::<_, Infallible>(word.len())
            });
            assert_eq!(value, Ok(word.len()));
            made.get()
        };

        assert_eq!((length("a"), length("a"), length("bb")), (1, 1, 2));
        assert_eq!(
            (length("ccc"), length("a")),
            (3, 3),
            "it is in the older generation"
        );
        assert_eq!((length("dddd"), length("eeeee")), (4, 5));
        assert_eq!(length("a"), 6);

        let long = "x".repeat(MAX_WORD_BYTES + 1);
        assert_eq!((length(&long), length(&long)), (7, 8));
    }

    #[test]
    fn a_lookup_continues_after_a_new_word_and_after_an_error() {
        let cache = WordCache::default();
        let mut lookup = cache.lookup();
        assert_eq!(lookup.get("a", || Ok::<_, ()>(1)), Ok(1));
        assert_eq!(lookup.get("b", || Err(())), Err(()));
        assert_eq!(lookup.get("b", || Ok::<_, ()>(2)), Ok(2));
        assert_eq!(lookup.get("a", || Err(())), Ok(1));
    }
}
