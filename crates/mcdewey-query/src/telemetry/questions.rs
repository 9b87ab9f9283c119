//! The question log: questions that the library could not answer, and slow ones. Kept in memory
//! only, up to [`CAPACITY`].

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mcdewey_core::SourcePath;
use serde::Serialize;

use mcdewey_search::parameter::{ParameterValue, Request};
use mcdewey_search::{QueryError, SearchRequest, SearchResults};

#[cfg(test)]
mod tests;

/// How many questions are kept; the oldest are dropped first.
pub(crate) const CAPACITY: usize = 500;
/// Questions and filters are truncated to this length.
const MAX_TEXT_BYTES: usize = 500;

/// The outcome of a question for which a reader found no answer among the hits.
pub const REJECTED: &str = "rejected";

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
pub struct AskedQuestion {
    /// "2026-03-01T09:30:00Z".
    pub when: String,
    /// The interface: `rest`, `mcp` or `web`.
    pub face: &'static str,
    pub(super) request_id: String,
    pub(super) mode: &'static str,
    pub q: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub filters: BTreeMap<&'static str, String>,
    /// `answered`, `no_answer`, `indexing` (nothing was found by words in a library that is still being
    /// embedded), [`REJECTED`] or an error code.
    pub outcome: &'static str,
    pub slow: bool,
    pub latency_ms: f64,
    pub(super) hits: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) confidence: Option<f64>,
    /// The message that the client got instead of an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_answer: Option<String>,
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
        outcome: &Result<SearchResults, QueryError>,
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
            Ok(results) => {
                let is_empty = results.no_answer.is_some()
                    || (results.hits.is_empty() && results.unversioned.is_empty());
                question.outcome = match is_empty {
                    // Nobody knows yet whether there is an answer.
                    true if results.indexing.is_some() => "indexing",
                    true => "no_answer",
                    false => "answered",
                };
                question.hits = results.hits.len();
                question.confidence = results.confidence;
                question.no_answer = results.no_answer.as_ref().map(|none| none.message.clone());
                question.degraded = results.degraded.clone();
                question.shown = Some(shown_sources(results));
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
    pub fn is_unanswered(&self) -> bool {
        let is_gap = !matches!(
            self.outcome,
            "answered" | "invalid_request" | "cursor_expired" | "overloaded"
        );
        is_gap && !self.is_further_page
    }
}

/// The documents of the hits, including those that contain the same chunks. Sorted.
fn shown_sources(results: &SearchResults) -> Vec<String> {
    let hits = results.hits.iter().chain(&results.unversioned);
    let sources: BTreeSet<&SourcePath> = hits
        .flat_map(|hit| {
            let others = hit.also_in.iter().map(|also| &also.candidate.document);
            std::iter::once(&hit.chunk.document).chain(others)
        })
        .map(|document| &document.source)
        .collect();

    sources.into_iter().map(SourcePath::to_string).collect()
}

fn filters(request: &SearchRequest) -> BTreeMap<&'static str, String> {
    SearchRequest::PARAMETERS
        .iter()
        .filter(|parameter| parameter.declaration.role.is_filter())
        .filter_map(|parameter| {
            let text = match parameter.value(request)? {
                ParameterValue::List(values) => values.join(", "),
                ParameterValue::Text(text) => text,
                ParameterValue::Number(number) => number.to_string(),
                ParameterValue::Flag(flag) => flag.to_string(),
            };
            (!text.is_empty()).then(|| (parameter.declaration.name, truncated(&text)))
        })
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
