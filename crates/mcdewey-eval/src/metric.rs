//! The names of the metrics in reports, gates and tables.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A metric of a report, serialised as its [`Metric::name`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Metric {
    /// Normalised discounted cumulative gain of the first 10 documents.
    Ndcg10,
    /// The share of the relevant documents that are among the first 5.
    Recall5,
    /// The share of the relevant documents that are among the first 10.
    Recall10,
    /// The share of the relevant documents that are among the first 20.
    Recall20,
    /// One over the rank of the first relevant document, 0 after the tenth.
    Mrr10,
    /// Whether the first document is relevant.
    Hit1,
    /// Whether the first hit is on a correct page.
    PageHit1,
    /// Whether one of the first 3 hits is on a correct page.
    PageHit3,
    /// Whether one of the first 5 hits is on a correct page.
    PageHit5,
    /// Whether one of the first 10 hits is on a correct page.
    PageHit10,
    /// One over the rank of the first hit on a correct page, 0 after the tenth.
    PageMrr10,
    /// Whether the first hit shows the words that answer.
    Evidence1,
    /// Whether one of the first 3 hits shows the words that answer.
    Evidence3,
    /// Whether one of the first 5 hits shows the words that answer.
    Evidence5,
    /// Whether one of the first 20 hits shows the words that answer.
    Evidence20,
    /// One over the rank of the first hit that shows the words that answer, 0 after the tenth.
    EvidenceMrr10,
    /// For a question that names a release: whether the first hit is of another one; lower is better.
    WrongRelease1,
    /// The share of the answer's characters that the first 5 hits cover.
    SpanRecall5,
    /// The share of the first 5 hits' characters that belong to the answer.
    SpanPrecision5,
    /// Intersection over union of the answer's characters and those of the first 5 hits.
    SpanIou5,
    /// For an unanswerable question: whether the search declined it.
    Declined,
    /// For an answerable question: whether the search declined it; lower is better.
    WronglyDeclined,
    /// The search's confidence that the library holds an answer.
    Confidence,
    /// With a version filter: the share of the first 10 hits that are of another version.
    VersionLeak,
    /// The number of different chunks among the first 10 hits.
    DistinctChunks10,
    /// The number of tokens of the answer that an agent reads.
    Tokens,
}

impl Metric {
    /// All metrics, in the order of a report.
    pub const ALL: [Self; 26] = [
        Self::Ndcg10,
        Self::Recall5,
        Self::Recall10,
        Self::Recall20,
        Self::Mrr10,
        Self::Hit1,
        Self::PageHit1,
        Self::PageHit3,
        Self::PageHit5,
        Self::PageHit10,
        Self::PageMrr10,
        Self::Evidence1,
        Self::Evidence3,
        Self::Evidence5,
        Self::Evidence20,
        Self::EvidenceMrr10,
        Self::WrongRelease1,
        Self::SpanRecall5,
        Self::SpanPrecision5,
        Self::SpanIou5,
        Self::Declined,
        Self::WronglyDeclined,
        Self::Confidence,
        Self::VersionLeak,
        Self::DistinctChunks10,
        Self::Tokens,
    ];

    /// Returns the name used in JSON and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ndcg10 => "ndcg@10",
            Self::Recall5 => "recall@5",
            Self::Recall10 => "recall@10",
            Self::Recall20 => "recall@20",
            Self::Mrr10 => "mrr@10",
            Self::Hit1 => "hit@1",
            Self::PageHit1 => "page-hit@1",
            Self::PageHit3 => "page-hit@3",
            Self::PageHit5 => "page-hit@5",
            Self::PageHit10 => "page-hit@10",
            Self::PageMrr10 => "page-mrr@10",
            Self::Evidence1 => "evidence@1",
            Self::Evidence3 => "evidence@3",
            Self::Evidence5 => "evidence@5",
            Self::Evidence20 => "evidence@20",
            Self::EvidenceMrr10 => "evidence-mrr@10",
            Self::WrongRelease1 => "wrong-release@1",
            Self::SpanRecall5 => "span-recall@5",
            Self::SpanPrecision5 => "span-precision@5",
            Self::SpanIou5 => "span-iou@5",
            Self::Declined => "declined",
            Self::WronglyDeclined => "wrongly-declined",
            Self::Confidence => "confidence",
            Self::VersionLeak => "version-leak",
            Self::DistinctChunks10 => "distinct-passages@10",
            Self::Tokens => "tokens",
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl From<Metric> for String {
    fn from(metric: Metric) -> Self {
        metric.name().to_owned()
    }
}

impl TryFrom<String> for Metric {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|metric| metric.name() == text)
            .ok_or_else(|| format!("unknown metric {text:?}"))
    }
}
