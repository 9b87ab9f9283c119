//! A bounded cache of what is computed from single words. A library repeats its words far more often
//! than it uses new ones, so what a word becomes is worth remembering.

use std::fmt;

use quick_cache::sync::Cache;

/// Longer words, in bytes, are not remembered: they hardly ever occur again.
const MAX_WORD_BYTES: usize = 64;

/// The number of words remembered.
const WORDS: usize = 64 * 1024;

/// Remembers values by word, for all threads. What is rarely used is forgotten first.
pub struct WordCache<V>(Cache<Box<str>, V>);

impl<V: Clone> Default for WordCache<V> {
    fn default() -> Self {
        Self(Cache::new(WORDS))
    }
}

impl<V: Clone> WordCache<V> {
    /// Returns the value of a word, made by `make` if it is not remembered. The same word must
    /// always be made into the same value.
    pub fn get<E>(&self, word: &str, make: impl FnOnce() -> Result<V, E>) -> Result<V, E> {
        if word.len() > MAX_WORD_BYTES {
            return make();
        }

        if let Some(value) = self.0.get(word) {
            return Ok(value);
        }

        let value = make()?;
        self.0.insert(word.into(), value.clone());
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
    fn a_word_is_computed_once_unless_it_is_long() {
        let cache = WordCache::default();
        let made = Cell::new(0);
        let length = |word: &str| {
            let value = cache.get(word, || {
                made.set(made.get() + 1);
                Ok::<_, Infallible>(word.len())
            });
            assert_eq!(value, Ok(word.len()));
            made.get()
        };

        assert_eq!((length("a"), length("a"), length("bb")), (1, 1, 2));
        assert_eq!((length("a"), length("bb")), (2, 2));

        let long = "x".repeat(MAX_WORD_BYTES + 1);
        assert_eq!((length(&long), length(&long)), (3, 4));
    }

    #[test]
    fn an_error_is_not_remembered() {
        let cache = WordCache::default();
        assert_eq!(cache.get("a", || Err(())), Err(()));
        assert_eq!(cache.get("a", || Ok::<_, ()>(2)), Ok(2));
        assert_eq!(cache.get("a", || Err(())), Ok(2));
    }

    #[test]
    fn the_number_of_words_is_bounded() {
        let cache = WordCache::default();
        for number in 0..2 * WORDS {
            let word = number.to_string();
            assert_eq!(cache.get(&word, || Ok::<_, ()>(number)), Ok(number));
        }

        assert!(
            (WORDS / 2..=WORDS).contains(&cache.0.len()),
            "{}",
            cache.0.len()
        );
    }
}
