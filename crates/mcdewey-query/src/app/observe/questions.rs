//! The questions an owner wants to know of: those the library had no answer to, and those that took long. They are kept
//! in memory only, and only as many as are said here.

use std::collections::{BTreeMap, VecDeque};
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mcdewey_core::SourcePath;
use serde::Serialize;

use crate::{Hit, QueryError, SearchAnswer, SearchRequest};

/// How many are kept; older ones go.
pub(crate) const CAPACITY: usize = 500;
/// No more of a question or a filter is kept.
const LONGEST_BYTES: usize = 500;

/// The outcome of a question whose hits somebody looked at and found wanting.
pub(crate) const REJECTED: &str = "rejected";

/// Which questions are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeptQuestions {
    /// None.
    Off,
    /// Those without an answer, and those that took long.
    #[default]
    Unanswered,
    /// All.
    All,
}

impl FromStr for KeptQuestions {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "off" => Ok(Self::Off),
            "unanswered" => Ok(Self::Unanswered),
            "all" => Ok(Self::All),
            _ => Err(format!(
                "{text:?} is no choice of questions to keep; known: off, unanswered, all"
            )),
        }
    }
}

/// A question that was asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct AskedQuestion {
    /// "2026-03-01T09:30:00Z".
    pub(crate) when: String,
    pub(crate) face: &'static str,
    pub(super) request_id: String,
    pub(super) mode: &'static str,
    pub(crate) q: String,
    /// The limits that were set.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) filters: BTreeMap<&'static str, String>,
    /// `answered`, `no_answer`, [`REJECTED`] or a code of a refusal.
    pub(crate) outcome: &'static str,
    pub(crate) slow: bool,
    pub(crate) latency_ms: f64,
    pub(super) hits: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) confidence: Option<f64>,
    /// What the asker was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) no_answer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) degraded: Option<String>,
    #[serde(skip)]
    pub(super) is_further_page: bool,
    #[serde(skip)]
    pub(super) took: Duration,
    /// The documents that were shown; `None` where that is not known. Told to nobody: a removal goes by it.
    #[serde(skip)]
    pub(super) shown: Option<Vec<String>>,
}

impl AskedQuestion {
    pub(super) fn new(
        request: &SearchRequest,
        outcome: &Result<SearchAnswer, QueryError>,
        took: Duration,
    ) -> Self {
        let mut asked = Self {
            mode: request.mode.name(),
            q: clipped(&request.q),
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
                asked.outcome = if is_empty { "no_answer" } else { "answered" };
                asked.hits = answer.hits.len();
                asked.confidence = answer.confidence;
                asked.no_answer = answer.no_answer.as_ref().map(|none| none.message.clone());
                asked.degraded = answer.degraded.clone();
                asked.shown = Some(shown(answer));
            }
            Err(error) => {
                asked.outcome = error.code();
                asked.no_answer = matches!(
                    error,
                    QueryError::UnknownVersion { .. } | QueryError::UnknownFacet { .. }
                )
                .then(|| clipped(&error.to_string()));
            }
        }

        asked
    }

    /// The question of somebody who found no answer among the hits.
    pub(super) fn rejected(request: &SearchRequest) -> Self {
        let (mode, q, filters) = (request.mode.name(), clipped(&request.q), filters(request));
        Self {
            mode,
            q,
            filters,
            outcome: REJECTED,
            ..Self::default()
        }
    }

    /// Whether the library had an answer to it, if it was searched for at all.
    pub(super) fn is_answered(&self) -> Option<bool> {
        match self.outcome {
            "answered" => Some(true),
            "no_answer" => Some(false),
            _ => None,
        }
    }

    /// Whether it may hold something of one of these documents: one of them was shown, it names one, or nothing says
    /// what was shown.
    pub(super) fn is_about(&self, sources: &[SourcePath]) -> bool {
        let Some(shown) = &self.shown else {
            return true;
        };

        let texts = || {
            [&self.q]
                .into_iter()
                .chain(self.filters.values())
                .chain(&self.no_answer)
        };

        sources.iter().map(SourcePath::as_str).any(|source| {
            shown.iter().any(|document| document == source)
                || texts().any(|text| text.contains(source))
        })
    }

    /// Whether its asker went away without what the library should have had. What was asked wrongly, or came at a bad
    /// moment, is not the library's lack.
    pub(crate) fn is_unanswered(&self) -> bool {
        let is_lack = !matches!(
            self.outcome,
            "answered" | "invalid_request" | "cursor_expired" | "overloaded"
        );
        is_lack && !self.is_further_page
    }
}

/// The documents of an answer's hits, and those where the same passages stand.
fn shown(answer: &SearchAnswer) -> Vec<String> {
    let of = |hit: &Hit| {
        let elsewhere = hit.also_in.iter().map(|also| also.source.clone());
        [hit.source.clone()]
            .into_iter()
            .chain(elsewhere)
            .collect::<Vec<_>>()
    };

    let mut sources: Vec<String> = answer
        .hits
        .iter()
        .chain(&answer.unversioned)
        .flat_map(of)
        .collect();

    sources.sort_unstable();
    sources.dedup();
    sources
}

fn filters(request: &SearchRequest) -> BTreeMap<&'static str, String> {
    let lists = [
        ("vendor", request.vendor.join(", ")),
        ("product", request.product.join(", ")),
        ("version", request.version.clone().unwrap_or_default()),
        ("guide", request.guide.join(", ")),
        ("source", request.source.join(", ")),
    ];

    lists
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name, clipped(&value)))
        .collect()
}

fn clipped(text: &str) -> String {
    match text.len() > LONGEST_BYTES {
        true => format!("{}…", &text[..text.floor_char_boundary(LONGEST_BYTES)]),
        false => text.to_owned(),
    }
}

#[derive(Debug)]
pub(super) struct QuestionLog {
    kept: Mutex<VecDeque<AskedQuestion>>,
    which: KeptQuestions,
    slow: Duration,
}

impl QuestionLog {
    pub(super) fn new(which: KeptQuestions, slow: Duration) -> Self {
        Self {
            kept: Mutex::default(),
            which,
            slow,
        }
    }

    /// Keeps a question if it is one to keep.
    pub(super) fn keep(&self, mut question: AskedQuestion) {
        question.slow = question.took >= self.slow;
        let is_wanted = match self.which {
            KeptQuestions::Off => false,
            KeptQuestions::Unanswered => question.is_unanswered() || question.slow,
            KeptQuestions::All => true,
        };

        if is_wanted {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.truncate(CAPACITY - 1);
            kept.push_front(question);
        }
    }

    /// Lets go of what may hold something of one of these documents.
    pub(super) fn forget(&self, sources: &[SourcePath]) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|question| !question.is_about(sources));
    }

    /// The latest first.
    pub(super) fn all(&self) -> Vec<AskedQuestion> {
        self.kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .cloned()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOW: Duration = Duration::from_secs(1);

    fn kept(
        which: KeptQuestions,
        questions: impl IntoIterator<Item = AskedQuestion>,
    ) -> Vec<String> {
        let log = QuestionLog::new(which, SLOW);
        questions
            .into_iter()
            .for_each(|question| log.keep(question));
        log.all().into_iter().map(|question| question.q).collect()
    }

    fn asked(q: &str, outcome: &'static str) -> AskedQuestion {
        AskedQuestion {
            q: q.to_owned(),
            outcome,
            ..AskedQuestion::default()
        }
    }

    #[test]
    fn the_owner_says_what_is_kept() {
        let questions = || {
            [
                asked("found", "answered"),
                asked("missing", "no_answer"),
                asked("no such release", "unknown_version"),
                asked("wrong", "invalid_request"),
                asked("too many", "overloaded"),
                AskedQuestion {
                    is_further_page: true,
                    ..asked("further", "no_answer")
                },
                AskedQuestion {
                    took: SLOW,
                    ..asked("slow", "answered")
                },
            ]
        };

        assert_eq!(kept(KeptQuestions::Off, questions()), [""; 0]);
        assert_eq!(
            kept(KeptQuestions::Unanswered, questions()),
            ["slow", "no such release", "missing"]
        );
        assert_eq!(kept(KeptQuestions::All, questions()).len(), 7);

        for (name, which) in [
            ("off", KeptQuestions::Off),
            ("unanswered", KeptQuestions::default()),
            ("all", KeptQuestions::All),
        ] {
            assert_eq!(name.parse(), Ok(which));
            assert_eq!(serde_json::to_value(which).unwrap(), name);
        }

        assert!(
            "some"
                .parse::<KeptQuestions>()
                .unwrap_err()
                .contains("unanswered")
        );
    }

    #[test]
    fn questions_go_with_the_documents_they_are_about() {
        let log = QuestionLog::new(KeptQuestions::All, SLOW);
        let shown = |q: &str, sources: &[&str]| AskedQuestion {
            shown: Some(sources.iter().map(|source| (*source).to_owned()).collect()),
            ..asked(q, "answered")
        };

        let filtered = AskedQuestion {
            filters: [("source", "a/x.md".to_owned())].into(),
            ..shown("filtered", &[])
        };

        for question in [
            shown("other document", &["a/xx.md"]),
            shown("shown", &["b.md", "a/x.md"]),
            shown("what does a/x.md say", &[]),
            filtered,
            shown("found nothing", &[]),
            asked("unknown", REJECTED),
        ] {
            log.keep(question);
        }

        log.forget(&["a/x.md".parse().unwrap()]);
        let left: Vec<String> = log.all().into_iter().map(|question| question.q).collect();
        assert_eq!(left, ["found nothing", "other document"]);
    }

    #[test]
    fn what_was_shown_is_known_and_told_to_nobody() {
        let also = serde_json::json!({"chunk_id": "c::0", "source": "c.md", "page": null, "product": null, "version": null, "doc_title": ""});
        let also_in: Vec<_> = serde_json::from_value(serde_json::json!([also])).unwrap();
        let hit = |source: &str| Hit {
            source: source.to_owned(),
            ..Hit::default()
        };
        let empty = serde_json::json!({"hits": [], "facets": {}, "generation": "g", "revision": 1, "timings_ms": {}});
        let mut answer: SearchAnswer = serde_json::from_value(empty).unwrap();

        answer.hits = vec![
            Hit {
                also_in,
                ..hit("b.md")
            },
            hit("b.md"),
        ];

        answer.unversioned = vec![hit("a.md")];
        let asked = AskedQuestion::new(&SearchRequest::default(), &Ok(answer), Duration::ZERO);
        assert_eq!(asked.shown.as_deref().unwrap(), ["a.md", "b.md", "c.md"]);
        assert!(!serde_json::to_string(&asked).unwrap().contains("b.md"));
    }

    #[test]
    fn old_questions_go() {
        let questions = (0..CAPACITY + 7).map(|number| asked(&number.to_string(), "no_answer"));
        let kept = kept(KeptQuestions::Unanswered, questions);
        assert_eq!(
            (kept.len(), kept[0].as_str(), kept[CAPACITY - 1].as_str()),
            (CAPACITY, "506", "7")
        );
    }

    #[test]
    fn a_long_question_is_cut_between_characters() {
        let request = SearchRequest {
            q: "é".repeat(400),
            version: Some("12.5".to_owned()),
            ..Default::default()
        };

        let asked = AskedQuestion::new(&request, &Err(QueryError::Overloaded), Duration::ZERO);
        assert_eq!(asked.q, format!("{}…", "é".repeat(250)));
        assert_eq!(asked.filters, [("version", "12.5".to_owned())].into());
        assert_eq!(asked.outcome, "overloaded");
    }
}
