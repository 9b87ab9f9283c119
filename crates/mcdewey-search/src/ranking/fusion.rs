//! Fuses the dense and the keyword list into one ranking.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use mcdewey_core::{Candidate, Candidates, ChunkId, DocumentMeta, VersionKey};

/// How the two lists are fused. Written as `name` or `name:parameters` ("rrf", "match:0.8,1,1").
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fusion {
    /// The cosine plus *keyword_weight × strength ^ exponent × coverage ^ focus*.
    ///
    /// Strength is the BM25 score in units of one word that occurs in a single chunk, which makes
    /// libraries of all sizes comparable. Coverage is the score as a share of what a chunk full of
    /// all the question's words would get. Unlike a rank, a match of one word among many stays weak
    /// even if it is the best of its list.
    Match {
        /// What a match of strength 1 and full coverage adds.
        keyword_weight: f64,
        /// Above 1, weak matches count less than in proportion.
        exponent: f64,
        /// Above 0, matches of a few words out of many count less.
        focus: f64,
    },
    /// Reciprocal rank fusion: the sum of *1 / (k + rank)*, with the keyword list's term multiplied
    /// by *keyword_weight*.
    ReciprocalRank {
        /// The constant; 60 in the literature.
        k: f64,
        /// The weight of the keyword list.
        keyword_weight: f64,
    },
    /// The sum of the scores of each list on a common scale, with the keyword list's multiplied by
    /// *keyword_weight*.
    Normalised {
        /// The scale.
        scale: Scale,
        /// The weight of the keyword list.
        keyword_weight: f64,
    },
}

/// A scale for the scores of one list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// 0 for the list's lowest score, 1 for its highest.
    MinMax,
    /// Standard deviations from the list's mean, at least -3.
    Deviations,
    /// 0 to 1 from three standard deviations below the mean to three above, as in
    /// distribution-based score fusion.
    Distribution,
}

impl Default for Fusion {
    fn default() -> Self {
        // Chosen by cross-validation over four sets; docs/measurements.md has the figures of all
        // candidates.
        Self::Match {
            keyword_weight: 0.5,
            exponent: 1.0,
            focus: 1.0,
        }
    }
}

impl fmt::Display for Fusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Match {
                keyword_weight,
                exponent,
                focus,
            } => write!(f, "match:{keyword_weight},{exponent},{focus}"),
            Self::ReciprocalRank { k, keyword_weight } => write!(f, "rrf:{k},{keyword_weight}"),
            Self::Normalised {
                scale,
                keyword_weight,
            } => write!(f, "{}:{keyword_weight}", scale.name()),
        }
    }
}

impl FromStr for Fusion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, parameters) = text.split_once(':').unwrap_or((text, ""));
        let numbers: Option<Vec<f64>> = parameters
            .split(',')
            .filter(|part| !part.trim().is_empty())
            .map(parse_parameter)
            .collect();

        numbers
            .and_then(|numbers| Self::from_parameters(name.trim(), &numbers))
            .ok_or_else(|| {
                format!(
                    "unknown fusion {text:?}; expected match:WEIGHT,EXPONENT,FOCUS, rrf:K,WEIGHT, \
                     min-max:WEIGHT, z-score:WEIGHT or dbsf:WEIGHT, with non-negative numbers \
                     (`match` alone is the default)"
                )
            })
    }
}

impl Fusion {
    fn from_parameters(name: &str, numbers: &[f64]) -> Option<Self> {
        match (name, numbers) {
            ("match", []) => Some(Self::default()),
            ("match", [keyword_weight, exponent, focus]) => Some(Self::Match {
                keyword_weight: *keyword_weight,
                exponent: *exponent,
                focus: *focus,
            }),
            ("rrf", []) => Some(Self::ReciprocalRank {
                k: 60.0,
                keyword_weight: 1.0,
            }),
            ("rrf", [k]) => Some(Self::ReciprocalRank {
                k: *k,
                keyword_weight: 1.0,
            }),
            ("rrf", [k, keyword_weight]) => Some(Self::ReciprocalRank {
                k: *k,
                keyword_weight: *keyword_weight,
            }),
            ("min-max", _) => Self::normalised(Scale::MinMax, numbers),
            ("z-score", _) => Self::normalised(Scale::Deviations, numbers),
            ("dbsf", _) => Self::normalised(Scale::Distribution, numbers),
            _ => None,
        }
    }

    fn normalised(scale: Scale, numbers: &[f64]) -> Option<Self> {
        let keyword_weight = match numbers {
            [] => 1.0,
            [keyword_weight] => *keyword_weight,
            _ => return None,
        };
        Some(Self::Normalised {
            scale,
            keyword_weight,
        })
    }

    /// The size of a top score, to which bonuses are in proportion.
    pub(crate) fn scale(self) -> f64 {
        match self {
            Self::Match { .. } => 1.0,
            Self::ReciprocalRank { k, keyword_weight } => (1.0 + keyword_weight) / (k + 1.0),
            Self::Normalised {
                scale: Scale::Deviations,
                keyword_weight,
            } => 3.0 * (1.0 + keyword_weight),
            Self::Normalised { keyword_weight, .. } => 1.0 + keyword_weight,
        }
    }
}

fn parse_parameter(text: &str) -> Option<f64> {
    text.trim()
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite() && *number >= 0.0)
}

impl Scale {
    fn name(self) -> &'static str {
        match self {
            Self::MinMax => "min-max",
            Self::Deviations => "z-score",
            Self::Distribution => "dbsf",
        }
    }
}

/// What a question names; documents that fit get a bonus.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Preference {
    /// The ids of products that the question names.
    pub(crate) products: Vec<String>,
    /// The versions that the question names.
    pub(crate) versions: Vec<VersionKey>,
    /// The question's names and codes, in lower case: it probably asks for a document of that
    /// title.
    pub(crate) titles: Vec<String>,
    /// The passages that have all names and codes of the question.
    pub(crate) passages: HashSet<ChunkId>,
}

/// The bonus of documents of a product that the question names. The smallest of 0.08, 0.15, 0.25
/// and 0.4 that puts a right page among the first five for all questions about the sample library;
/// the results of its other questions do not change.
const PRODUCT_BONUS: f64 = 0.25;
/// The bonus of documents of a version that the question names.
const VERSION_BONUS: f64 = 0.05;
/// The bonus of documents whose title is a name in the question: other documents mention the name,
/// this one is about it.
const TITLE_BONUS: f64 = 0.15;
/// Passages that have all names and codes of the question score higher than the best of all others, by
/// more than the second phase and the reranker add: none of them is behind one that has no name.
const NAMES_MARGIN: f64 = 3.0;

impl Preference {
    /// The bonuses of a document, by name.
    fn bonuses(&self, document: &DocumentMeta) -> Vec<(&'static str, f64)> {
        let mut bonuses = Vec::new();
        if document
            .facets
            .product
            .as_ref()
            .is_some_and(|product| self.products.contains(product))
        {
            bonuses.push(("product", PRODUCT_BONUS));
        }

        if document
            .facets
            .versions
            .iter()
            .any(|version| self.versions.contains(&version.key))
        {
            bonuses.push(("version", VERSION_BONUS));
        }

        if !self.titles.is_empty() && self.titles.contains(&document.title.to_lowercase()) {
            bonuses.push(("title", TITLE_BONUS));
        }

        bonuses
    }
}

/// The bonuses of documents, determined once for all candidates of a document.
struct Bonuses<'a> {
    preference: &'a Preference,
    by_document: HashMap<*const DocumentMeta, Vec<(&'static str, f64)>>,
}

impl<'a> Bonuses<'a> {
    fn new(preference: &'a Preference) -> Self {
        Self {
            preference,
            by_document: HashMap::new(),
        }
    }

    /// The document must live as long as `self`: it is recognised by its address.
    fn of(&mut self, document: &'a Arc<DocumentMeta>) -> impl Iterator<Item = (&'static str, f64)> {
        let bonuses = self
            .by_document
            .entry(Arc::as_ptr(document))
            .or_insert_with(|| self.preference.bonuses(document));
        bonuses.iter().copied()
    }
}

/// How a chunk was found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Explanation {
    /// Its 1-based rank in the dense (semantic) list.
    pub dense_rank: Option<usize>,
    /// Its cosine similarity.
    pub dense_score: Option<f32>,
    /// Its 1-based rank in the keyword list.
    pub keyword_rank: Option<usize>,
    /// Its BM25 score.
    pub keyword_score: Option<f32>,
    /// The contribution of each part to the score, by its name.
    pub parts: BTreeMap<&'static str, f64>,
}

/// A candidate with its score in the fused ranking.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FusedCandidate {
    pub(crate) candidate: Candidate,
    pub(crate) score: f64,
    pub(crate) explanation: Explanation,
}

/// Fuses the lists; highest score first, ties by chunk id. `depth` is the number of candidates that
/// were requested of each list.
pub(crate) fn fuse(
    lists: &Candidates,
    depth: usize,
    fusion: Fusion,
    preference: &Preference,
) -> Vec<FusedCandidate> {
    let dense = lists.dense.as_deref().unwrap_or_default();
    let keyword = lists.keyword.as_deref().unwrap_or_default();

    let mut found: HashMap<&ChunkId, (&Candidate, Explanation)> = HashMap::new();
    for (index, candidate) in dense.iter().enumerate() {
        let (_, explanation) = found
            .entry(&candidate.chunk_id)
            .or_insert((candidate, Explanation::default()));
        explanation.dense_rank = Some(index + 1);
        explanation.dense_score = Some(candidate.score);
    }

    for (index, candidate) in keyword.iter().enumerate() {
        let (_, explanation) = found
            .entry(&candidate.chunk_id)
            .or_insert((candidate, Explanation::default()));
        explanation.keyword_rank = Some(index + 1);
        explanation.keyword_score = Some(candidate.score);
    }

    let statistics = CandidateStatistics {
        dense: ListStatistics::new(lists.dense.as_deref(), depth),
        keyword: ListStatistics::new(lists.keyword.as_deref(), depth),
        keyword_ceiling: f64::from(lists.keyword_ceiling),
        keyword_unit: f64::from(lists.keyword_unit),
    };

    let mut bonuses = Bonuses::new(preference);
    let mut fused: Vec<FusedCandidate> = found
        .into_values()
        .map(|(candidate, mut explanation)| {
            explanation.parts = score_parts(&explanation, &statistics, fusion);
            for (name, bonus) in bonuses.of(&candidate.document) {
                explanation.parts.insert(name, bonus * fusion.scale());
            }

            let score = explanation.parts.values().sum();
            FusedCandidate {
                candidate: candidate.clone(),
                score,
                explanation,
            }
        })
        .collect();

    prefer_passages(&mut fused, &preference.passages, fusion.scale());
    fused.sort_by(by_rank);
    fused
}

/// Lifts passages above all others. A keyword match has no upper limit, so the bonus has none either.
fn prefer_passages(fused: &mut [FusedCandidate], passages: &HashSet<ChunkId>, top: f64) {
    let highest = fused.iter().map(|fused| fused.score).fold(0.0, f64::max);
    let bonus = highest + NAMES_MARGIN * top;
    for fused in fused {
        if passages.contains(&fused.candidate.chunk_id) {
            fused.score += bonus;
            fused.explanation.parts.insert("names", bonus);
        }
    }
}

/// Highest score first, ties by chunk id.
pub(crate) fn by_rank(left: &FusedCandidate, right: &FusedCandidate) -> Ordering {
    right
        .score
        .total_cmp(&left.score)
        .then_with(|| left.candidate.chunk_id.cmp(&right.candidate.chunk_id))
}

/// Statistics of the scores of one list.
#[derive(Debug, Clone, Copy, Default)]
struct ListStatistics {
    /// The highest score that a candidate outside the list can have: the last score of a list that
    /// was cut off, 0 for a complete list.
    floor: f64,
    lowest: f64,
    highest: f64,
    mean: f64,
    deviation: f64,
}

impl ListStatistics {
    /// Returns `None` if the list was not requested.
    fn new(list: Option<&[Candidate]>, depth: usize) -> Option<Self> {
        let scores: Vec<f64> = list?
            .iter()
            .map(|candidate| f64::from(candidate.score))
            .collect();

        let (Some(highest), Some(lowest)) = (scores.first().copied(), scores.last().copied())
        else {
            return Some(Self::default());
        };
        let mean = scores.iter().sum::<f64>() / scores.len() as f64;
        let variance = scores
            .iter()
            .map(|score| (score - mean).powi(2))
            .sum::<f64>()
            / scores.len() as f64;

        let floor = if scores.len() >= depth { lowest } else { 0.0 };
        Some(Self {
            floor,
            lowest,
            highest,
            mean,
            deviation: variance.sqrt(),
        })
    }

    /// Converts a score of this list to a scale. Candidates outside the list count as its lowest.
    fn rescale(&self, score: Option<f32>, scale: Scale) -> f64 {
        let score = score.map_or(self.lowest, f64::from);
        match scale {
            Scale::MinMax => ratio(score - self.lowest, self.highest - self.lowest),
            Scale::Deviations => ratio(score - self.mean, self.deviation).max(-3.0),
            Scale::Distribution => ratio(
                score - self.mean + 3.0 * self.deviation,
                6.0 * self.deviation,
            )
            .clamp(0.0, 1.0),
        }
    }
}

/// Divides; 0 if the whole is not positive.
fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// Statistics of both lists, each `None` if it was not requested.
struct CandidateStatistics {
    dense: Option<ListStatistics>,
    keyword: Option<ListStatistics>,
    keyword_ceiling: f64,
    keyword_unit: f64,
}

/// Returns the contribution of each list to a candidate's score.
fn score_parts(
    found: &Explanation,
    statistics: &CandidateStatistics,
    fusion: Fusion,
) -> BTreeMap<&'static str, f64> {
    let mut parts = BTreeMap::new();
    match fusion {
        Fusion::Match {
            keyword_weight,
            exponent,
            focus,
        } => {
            if let Some(dense) = statistics.dense {
                parts.insert(
                    "dense",
                    found.dense_score.map_or(dense.floor, f64::from).max(0.0),
                );
            }

            if let Some(keyword) = statistics.keyword {
                let score = found
                    .keyword_score
                    .map_or(keyword.floor, f64::from)
                    .max(0.0);
                let strength = ratio(score, statistics.keyword_unit);
                let coverage = ratio(score, statistics.keyword_ceiling);
                let matched = strength.powf(exponent) * coverage.powf(focus);

                // Without a match the product is not always 0: 0 to the power of 0 is 1.
                parts.insert(
                    "keyword",
                    keyword_weight * if score > 0.0 { matched } else { 0.0 },
                );
            }
        }
        Fusion::ReciprocalRank { k, keyword_weight } => {
            for (name, rank, weight) in [
                ("dense", found.dense_rank, 1.0),
                ("keyword", found.keyword_rank, keyword_weight),
            ] {
                if let Some(rank) = rank {
                    parts.insert(name, weight / (k + rank as f64));
                }
            }
        }
        Fusion::Normalised {
            scale,
            keyword_weight,
        } => {
            if let Some(dense) = statistics.dense {
                parts.insert("dense", dense.rescale(found.dense_score, scale));
            }

            if let Some(keyword) = statistics.keyword {
                parts.insert(
                    "keyword",
                    keyword_weight * keyword.rescale(found.keyword_score, scale),
                );
            }
        }
    }

    parts
}

#[cfg(test)]
mod tests;
