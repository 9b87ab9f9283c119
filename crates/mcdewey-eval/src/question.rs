//! A question of a set. The ground truth is private to this crate: a search function cannot see it.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::Location;

/// A question to ask of a search.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Unique in its set and the same in every run; two runs are paired by it.
    pub id: String,
    pub text: String,
    /// The kind of question ("typo"), if the set names kinds.
    pub kind: Option<String>,
    pub filter: QuestionFilter,
    /// The release that the question names, as users write it. It is not a filter: the search has to
    /// understand it.
    pub release: Option<String>,
    /// The split that the question belongs to, if the set defines splits.
    pub split: Option<Split>,
    pub(crate) ground_truth: GroundTruth,
}

/// What a question may be used for: a threshold must not be measured on the questions it was chosen
/// with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// For choosing thresholds.
    Calibration,
    /// For measuring what was chosen.
    Test,
}

/// The filter of a question, as users write it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QuestionFilter {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// A version, a family, a range, or several of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guide: Option<String>,
}

/// The correct answer to a question.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum GroundTruth {
    /// The relevant documents with their grades, all above 0.
    Documents(HashMap<String, u32>),
    /// Locations, each of which is a complete answer.
    Locations(Vec<Location>),
    /// Character ranges of documents' texts that together are the answer.
    Spans(Vec<(String, Range<usize>)>),
    /// No document holds an answer; the search should decline.
    Unanswerable,
}

impl Question {
    /// Reports whether the set has an answer to the question.
    pub fn has_answer(&self) -> bool {
        !matches!(self.ground_truth, GroundTruth::Unanswerable)
    }

    /// Reports whether the question is judged by page or heading rather than by document.
    pub fn has_locations(&self) -> bool {
        matches!(self.ground_truth, GroundTruth::Locations(_))
    }
}

impl QuestionFilter {
    /// Reports whether the filter restricts nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Writes "product=kafka version=3.9", or nothing for an empty filter.
impl fmt::Display for QuestionFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            ("vendor", &self.vendor),
            ("product", &self.product),
            ("version", &self.version),
            ("guide", &self.guide),
        ];

        let restrictions: Vec<String> = parts
            .iter()
            .filter_map(|(name, value)| value.as_ref().map(|value| format!("{name}={value}")))
            .collect();

        f.write_str(&restrictions.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_displayed_as_key_value_pairs() {
        let filter = QuestionFilter {
            product: Some("kafka".into()),
            version: Some("3.9".into()),
            ..QuestionFilter::default()
        };

        assert_eq!(filter.to_string(), "product=kafka version=3.9");
        assert!(!filter.is_empty());

        assert!(QuestionFilter::default().is_empty());
        assert_eq!(QuestionFilter::default().to_string(), "");
    }
}
