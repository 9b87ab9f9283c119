//! A question of a set. What is right stays inside this crate: a search function cannot see it.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::Place;

/// A question to ask of a search.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Unique in its set and the same in every run: what two runs are paired by.
    pub id: String,
    /// What is asked.
    pub text: String,
    /// Which kind of question it is ("typo"), where the set says so.
    pub kind: Option<String>,
    /// What the answer is limited to.
    pub filter: QuestionFilter,
    /// What it may be used for, where the set says so.
    pub split: Option<Split>,
    pub(crate) truth: Truth,
}

/// What a question may be used for: whoever sets a threshold must not measure it on the same questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// To choose by.
    Calibration,
    /// To measure with what was chosen.
    Test,
}

/// What a question is limited to, as people write it into filters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QuestionFilter {
    /// Only this vendor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// Only this product.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// Only these releases: a release, a family, a range, or several of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Only this guide.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guide: Option<String>,
}

/// What counts as right.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Truth {
    /// Documents with their grades, all above 0.
    Documents(HashMap<String, u32>),
    /// Places of which each is a full answer.
    Places(Vec<Place>),
    /// Stretches of the documents' texts, in characters, which together are the answer.
    Spans(Vec<(String, Range<usize>)>),
    /// Saying that there is no answer: nothing in what is searched answers.
    Nothing,
}

impl Question {
    /// Whether the set knows an answer.
    pub fn has_answer(&self) -> bool {
        !matches!(self.truth, Truth::Nothing)
    }

    /// Whether pages are what is right, rather than documents.
    pub fn has_places(&self) -> bool {
        matches!(self.truth, Truth::Places(_))
    }
}

impl QuestionFilter {
    /// Whether nothing is limited.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// "product=kafka version=3.9"; empty without limits.
impl fmt::Display for QuestionFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            ("vendor", &self.vendor),
            ("product", &self.product),
            ("version", &self.version),
            ("guide", &self.guide),
        ];

        let set: Vec<String> = parts
            .iter()
            .filter_map(|(name, value)| value.as_ref().map(|value| format!("{name}={value}")))
            .collect();

        f.write_str(&set.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_reads_like_a_query() {
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
