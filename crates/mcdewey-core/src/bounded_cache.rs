//! A cache with a limit in bytes, which drops what was not used lately.

use std::collections::HashMap;
use std::hash::Hash;

/// A cache of at most so many bytes, as its user estimates them.
///
/// It has two halves. What is inserted or used is in the recent half; when that is full, it becomes
/// the older half, and what was in the older half is dropped. So an entry stays if it is used
/// before half of the limit has been inserted after its last use, and no order of uses has to be
/// kept.
#[derive(Debug)]
pub struct BoundedCache<K, V> {
    recent: HashMap<K, Entry<V>>,
    older: HashMap<K, Entry<V>>,
    recent_bytes: usize,
    /// The most bytes of each half.
    half: usize,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    bytes: usize,
}

impl<K: Eq + Hash, V> BoundedCache<K, V> {
    /// Creates a cache of at most `limit` bytes; with 0 it keeps nothing.
    pub fn new(limit: usize) -> Self {
        Self {
            recent: HashMap::new(),
            older: HashMap::new(),
            recent_bytes: 0,
            half: limit / 2,
        }
    }

    /// Returns the value of a key, which counts as a use.
    pub fn get(&mut self, key: &K) -> Option<&V> {
        if let Some((key, entry)) = self.older.remove_entry(key) {
            self.insert(key, entry.value, entry.bytes);
        }

        self.recent.get(key).map(|entry| &entry.value)
    }

    /// Adds or replaces a value of this many bytes. A value of more than half the limit is not
    /// kept.
    pub fn insert(&mut self, key: K, value: V, bytes: usize) {
        self.remove(&key);
        if bytes > self.half {
            return;
        }

        if self.recent_bytes + bytes > self.half {
            self.older = std::mem::take(&mut self.recent);
            self.recent_bytes = 0;
        }

        self.recent_bytes += bytes;
        self.recent.insert(key, Entry { value, bytes });
    }

    /// Removes a value.
    pub fn remove(&mut self, key: &K) {
        if let Some(entry) = self.recent.remove(key) {
            self.recent_bytes -= entry.bytes;
        }
        self.older.remove(key);
    }

    /// Removes everything and frees the memory.
    pub fn clear(&mut self) {
        *self = Self::new(2 * self.half);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys that are still there, without using them.
    fn kept(cache: &BoundedCache<u32, u32>) -> Vec<u32> {
        let mut keys: Vec<u32> = cache
            .recent
            .keys()
            .chain(cache.older.keys())
            .copied()
            .collect();
        keys.sort_unstable();
        keys
    }

    fn bytes(cache: &BoundedCache<u32, u32>) -> usize {
        let entries = cache.recent.values().chain(cache.older.values());
        entries.map(|entry| entry.bytes).sum()
    }

    #[test]
    fn what_is_used_stays_and_the_limit_holds() {
        let mut cache = BoundedCache::new(100);
        for number in 1..=50 {
            cache.insert(number, number, 10);
            assert_eq!(cache.get(&1), Some(&1), "after {number}");
            assert!(bytes(&cache) <= 100);
        }

        assert!(kept(&cache).len() > 5);
        assert_eq!(cache.get(&2), None);
    }

    #[test]
    fn a_value_can_be_replaced_and_removed() {
        let mut cache = BoundedCache::new(100);
        cache.insert(1, 1, 30);
        cache.insert(1, 2, 40);
        assert_eq!(cache.get(&1), Some(&2));
        assert_eq!(bytes(&cache), 40);

        cache.remove(&1);
        assert_eq!(cache.get(&1), None);
        assert_eq!(cache.recent_bytes, 0);
    }

    #[test]
    fn what_is_too_large_is_not_kept() {
        let mut cache = BoundedCache::new(100);
        cache.insert(1, 1, 51);
        cache.insert(2, 2, 50);
        assert_eq!(kept(&cache), [2]);

        let mut nothing = BoundedCache::new(0);
        nothing.insert(1, 1, 1);
        assert!(kept(&nothing).is_empty());
    }

    #[test]
    fn a_cleared_cache_keeps_its_limit() {
        let mut cache = BoundedCache::new(100);
        cache.insert(1, 1, 40);
        cache.clear();
        assert!(kept(&cache).is_empty());
        cache.insert(1, 1, 50);
        assert_eq!(kept(&cache), [1]);
    }
}
