//! The question log: questions that the library could not answer, and slow ones. Kept in memory
//! only, up to [`CAPACITY`].

use std::collections::{BTreeMap, VecDeque};
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mcdewey_core::SourcePath;
use serde::Serialize;

use crate::{QueryError, SearchAnswer, SearchRequest};

#[cfg(test)]
mod tests;

/// How many questions are kept; the oldest are dropped first.
pub(crate) const CAPACITY: usize = 500;
/// Questions and filters are truncated to this length.
const MAX_TEXT_BYTES: usize = 500;

/// The outcome of a question for which a reader found no answer among the hits.
pub(crate) const REJECTED: &str = "rejected";

/// Which questions are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum QuestionLogPolicy {
    Off,
    /// Those without an answer, and slow ones.
    #[default]
    Unanswered,
    All,
}

impl FromStr for QuestionLogPolicy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "off" => Ok(Self::Off),
            "unanswered" => Ok(Self::Unanswered),
            "all" => Ok(Self::All),
            _ => Err(format!(
                "unknown question log setting {text:?}; known: off, unanswered, all"
            )),
        }
    }
}

/// A question that was asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct AskedQuestion {
    /// "2026-03-01T09:30:00Z".
    pub(crate) when: String,
    /// The interface: `rest`, `mcp` or `web`.
    pub(crate) face: &'static str,
    pub(super) request_id: String,
    pub(super) mode: &'static str,
    pub(crate) q: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) filters: BTreeMap<&'static str, String>,
    /// `answered`, `no_answer`, [`REJECTED`] or an error code.
    pub(crate) outcome: &'static str,
    pub(crate) slow: bool,
    pub(crate) latency_ms: f64,
    pub(super) hits: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) confidence: Option<f64>,
    /// The message that the client got instead of an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) no_answer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) degraded: Option<String>,
    #[serde(skip)]
    pub(super) is_further_page: bool,
    #[serde(skip)]
    pub(super) took: Duration,
    /// The documents that were shown, or `None` if that is not known. Not published: only used to
    /// drop the question when one of them is removed.
    #[serde(skip)]
    pub(super) shown: Option<Vec<String>>,
}

impl AskedQuestion {
    pub(super) fn new(
        request: &SearchRequest,
        outcome: &Result<SearchAnswer, QueryError>,
        took: Duration,
    ) -> Self {
        let mut question = Self {
            mode: request.mode.name(),
            q: truncated(&request.q),
            filters: filters(request),
            latency_ms: took.as_secs_f64() * 1000.0,
            is_further_page: request.cursor.is_some(),
            took,
            ..Self::default()
        };

        match outcome {
            Ok(answer) => {
                let is_empty = answer.no_answer.is_some()
                    || (answer.hits.is_empty() && answer.unversioned.is_empty());
                question.outcome = if is_empty { "no_answer" } else { "answered" };
                question.hits = answer.hits.len();
                question.confidence = answer.confidence;
                question.no_answer = answer.no_answer.as_ref().map(|none| none.message.clone());
                question.degraded = answer.degraded.clone();
                question.shown = Some(shown_sources(answer));
            }
            Err(error) => {
                question.outcome = error.code();
                question.no_answer = matches!(
                    error,
                    QueryError::UnknownVersion { .. } | QueryError::UnknownFacet { .. }
                )
                .then(|| truncated(&error.to_string()));
            }
        }

        question
    }

    /// A question for which a reader found no answer among the hits.
    pub(super) fn rejected(request: &SearchRequest) -> Self {
        Self {
            mode: request.mode.name(),
            q: truncated(&request.q),
            filters: filters(request),
            outcome: REJECTED,
            ..Self::default()
        }
    }

    /// Whether the library had an answer; `None` if it was not searched.
    pub(super) fn is_answered(&self) -> Option<bool> {
        match self.outcome {
            "answered" => Some(true),
            "no_answer" => Some(false),
            _ => None,
        }
    }

    /// Whether the question may contain something of one of these documents: because the document
    /// was shown, because the question names it, or because it is not known what was shown.
    pub(super) fn is_about(&self, sources: &[SourcePath]) -> bool {
        let Some(shown) = &self.shown else {
            return true;
        };

        sources
            .iter()
            .map(SourcePath::as_str)
            .any(|source| shown.iter().any(|other| other == source) || self.mentions(source))
    }

    fn mentions(&self, source: &str) -> bool {
        [&self.q]
            .into_iter()
            .chain(self.filters.values())
            .chain(&self.no_answer)
            .any(|text| text.contains(source))
    }

    /// Whether the library should have had an answer but did not. Invalid requests and requests at
    /// a bad moment do not count, and neither do further pages of hits.
    pub(crate) fn is_unanswered(&self) -> bool {
        let is_gap = !matches!(
            self.outcome,
            "answered" | "invalid_request" | "cursor_expired" | "overloaded"
        );
        is_gap && !self.is_further_page
    }
}

/// The documents of an answer's hits, including those that contain the same chunks. Sorted.
fn shown_sources(answer: &SearchAnswer) -> Vec<String> {
    let mut sources = Vec::new();
    for hit in answer.hits.iter().chain(&answer.unversioned) {
        sources.push(hit.source.clone());
        sources.extend(hit.also_in.iter().map(|also| also.source.clone()));
    }

    sources.sort_unstable();
    sources.dedup();
    sources
}

fn filters(request: &SearchRequest) -> BTreeMap<&'static str, String> {
    let filters = [
        ("vendor", request.vendor.join(", ")),
        ("product", request.product.join(", ")),
        ("version", request.version.clone().unwrap_or_default()),
        ("guide", request.guide.join(", ")),
        ("source", request.source.join(", ")),
    ];

    filters
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name, truncated(&value)))
        .collect()
}

fn truncated(text: &str) -> String {
    if text.len() > MAX_TEXT_BYTES {
        format!("{}…", &text[..text.floor_char_boundary(MAX_TEXT_BYTES)])
    } else {
        text.to_owned()
    }
}

/// The questions that are kept, the latest first.
#[derive(Debug)]
pub(super) struct QuestionLog {
    entries: Mutex<VecDeque<AskedQuestion>>,
    kept: QuestionLogPolicy,
    /// The duration from which a search counts as slow.
    slow: Duration,
}

impl QuestionLog {
    pub(super) fn new(kept: QuestionLogPolicy, slow: Duration) -> Self {
        Self {
            entries: Mutex::default(),
            kept,
            slow,
        }
    }

    /// Adds a question, if the settings say that it is kept.
    pub(super) fn add(&self, mut question: AskedQuestion) {
        question.slow = question.took >= self.slow;
        let is_kept = match self.kept {
            QuestionLogPolicy::Off => false,
            QuestionLogPolicy::Unanswered => question.is_unanswered() || question.slow,
            QuestionLogPolicy::All => true,
        };

        if is_kept {
            let mut entries = self.lock();
            entries.truncate(CAPACITY - 1);
            entries.push_front(question);
        }
    }

    /// Drops questions that may contain something of these documents.
    pub(super) fn forget(&self, sources: &[SourcePath]) {
        self.lock().retain(|question| !question.is_about(sources));
    }

    /// The latest first.
    pub(super) fn all(&self) -> Vec<AskedQuestion> {
        self.lock().iter().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<AskedQuestion>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
