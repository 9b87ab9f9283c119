//! Answers given lately, for callers who ask the same again. An answer is kept for one state of the
//! library and one visibility, in memory only, and never longer than until the library changes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mcdewey_core::{Candidate, Generation, IndexState, Revision, VectorEpoch, Visibility};
use quick_cache::Weighter;
use quick_cache::unsync::Cache;

use crate::results::SearchResults;
use crate::{Hit, SearchRequest};

/// The bytes of an ordinary answer.
const USUAL_BYTES: usize = 16 * 1024;

/// Everything that an answer depends on. What is not part of it must not change an answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct AnswerKey {
    state: AnsweredState,
    visibility: Visibility,
    request: SearchRequest,
}

/// The state of a library that an answer is valid for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct AnsweredState {
    generation: Generation,
    revision: Revision,
    epoch: VectorEpoch,
}

impl AnswerKey {
    pub(crate) fn new(
        state: &IndexState,
        visibility: &Visibility,
        request: &SearchRequest,
    ) -> Self {
        Self {
            state: AnsweredState {
                generation: state.generation.clone(),
                revision: state.revision,
                epoch: state.epoch,
            },
            visibility: visibility.clone(),
            request: request.clone(),
        }
    }
}

/// The cached answers of a library.
pub(crate) struct AnswerCache(Mutex<Answers>);

struct Answers {
    /// The latest state that an answer was kept for; older answers are gone.
    state: Option<AnsweredState>,
    answers: Cache<AnswerKey, CachedAnswer, ByBytes>,
    /// How often everything was dropped because documents were erased.
    erasures: u64,
}

struct CachedAnswer {
    answer: Arc<SearchResults>,
    bytes: u64,
}

/// Weighs an answer by the bytes it takes.
#[derive(Clone)]
struct ByBytes;

impl Weighter<AnswerKey, CachedAnswer> for ByBytes {
    fn weight(&self, _: &AnswerKey, cached: &CachedAnswer) -> u64 {
        cached.bytes
    }
}

/// Permission to keep an answer that was looked up in vain. It expires when documents are erased
/// meanwhile, because the answer may show them.
pub(crate) struct Reservation {
    key: AnswerKey,
    erasures: u64,
}

impl AnswerCache {
    /// A cache of at most this many bytes; with 0 it keeps nothing.
    pub(crate) fn new(limit: usize) -> Self {
        Self(Mutex::new(Answers {
            state: None,
            answers: Cache::with_weighter(limit / USUAL_BYTES, limit as u64, ByBytes),
            erasures: 0,
        }))
    }

    /// Returns the answer, or permission to keep it once it is known.
    pub(crate) fn look_up(&self, key: AnswerKey) -> Result<Arc<SearchResults>, Box<Reservation>> {
        let cache = self.lock();
        match cache.answers.get(&key) {
            Some(cached) => Ok(Arc::clone(&cached.answer)),
            None => Err(Box::new(Reservation {
                key,
                erasures: cache.erasures,
            })),
        }
    }

    /// Keeps an answer, unless it is incomplete or of an older state than the others.
    pub(crate) fn keep(&self, reservation: Box<Reservation>, answer: &SearchResults) {
        let is_verified = answer.state.integrity.verified;
        if answer.degraded.is_some() || answer.reranked == Some(false) || !is_verified {
            return;
        }

        let mut cache = self.lock();
        let Reservation { key, erasures } = *reservation;
        if erasures != cache.erasures {
            return;
        }

        match &cache.state {
            Some(latest) if *latest == key.state => {}
            Some(latest)
                if latest.generation == key.state.generation
                    && (latest.revision, latest.epoch) > (key.state.revision, key.state.epoch) =>
            {
                return;
            }
            _ => {
                cache.answers.clear();
                cache.state = Some(key.state.clone());
            }
        }

        let cached = CachedAnswer {
            answer: Arc::new(answer.clone()),
            bytes: (key.request.q.len() + answer_bytes(answer)) as u64,
        };
        cache.answers.insert(key, cached);
    }

    /// Drops all answers, and those that are being given now.
    pub(crate) fn clear(&self) {
        let mut cache = self.lock();
        cache.erasures += 1;
        cache.answers.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Answers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Estimates the memory that an answer takes. The metadata of documents is not counted: it is
/// shared with the index.
fn answer_bytes(answer: &SearchResults) -> usize {
    let hits = answer.hits.iter().chain(&answer.unversioned);
    let facets = answer.facets.values().flatten();
    let texts = answer.notices.iter().chain(&answer.degraded);

    size_of::<SearchResults>()
        + size_of::<AnswerKey>()
        + hits.map(hit_bytes).sum::<usize>()
        + facets.map(|count| 64 + count.value.len()).sum::<usize>()
        + texts.map(String::len).sum::<usize>()
}

fn hit_bytes(hit: &Hit) -> usize {
    let chunk = &hit.chunk;
    let headings = chunk.headings.iter().map(|heading| 24 + heading.len());
    let others = hit.also_in.iter();

    size_of::<Hit>()
        + chunk.text.len()
        + chunk.context.len()
        + hit.snippet.len()
        + chunk.chunk_id.as_str().len()
        + size_of_val(chunk.spans.as_slice())
        + headings.sum::<usize>()
        + others
            .map(|other| size_of::<Candidate>() + other.candidate.chunk_id.as_str().len())
            .sum::<usize>()
}

#[cfg(test)]
mod tests;
