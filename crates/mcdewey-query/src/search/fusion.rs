//! One ranking of the dense and the BM25 list.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::str::FromStr;

use mcdewey_core::{Candidate, Candidates, ChunkId, DocumentMeta};

use crate::Explanation;

/// How two lists become one ranking. Written `name` or `name:parameters` ("rrf", "match:0.8,1,1").
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fusion {
    /// The cosine plus *keyword_weight × strength ^ exponent × coverage ^ focus*. Strength is the BM25 score in units of
    /// one word that a single passage has, so that libraries of all sizes compare; coverage is the score as a share of
    /// what a passage full of all the question's words would get. Unlike a rank, a match of one word among many stays
    /// weak even when it is the best of its list.
    Match {
        /// What a match of strength 1 and full coverage gains.
        keyword_weight: f64,
        /// Above 1, weak matches count less than in proportion.
        exponent: f64,
        /// Above 0, matches of a few words out of many count less.
        focus: f64,
    },
    /// Reciprocal rank fusion: the sum of *1 / (k + rank)*, the BM25 list's times *keyword_weight*.
    ReciprocalRank {
        /// The constant; 60 in the literature.
        k: f64,
        /// The weight of the BM25 list.
        keyword_weight: f64,
    },
    /// Scores of each list brought to a common scale and added, BM25's times *keyword_weight*.
    Normalised {
        /// The scale.
        scale: Scale,
        /// The weight of the BM25 list.
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
    /// 0 to 1 between three standard deviations below the mean and three above, as in distribution-based score fusion.
    Distribution,
}

impl Default for Fusion {
    fn default() -> Self {
        // Chosen by cross-validation over four sets; docs/retrieval.md has the figures of all candidates.
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
            .map(number)
            .collect();

        let refused = || {
            format!(
                "{text:?} is no fusion; write match:WEIGHT,EXPONENT,FOCUS, rrf:K,WEIGHT, min-max:WEIGHT, z-score:WEIGHT or \
                 dbsf:WEIGHT, with numbers from 0 on (`match` alone is the default)"
            )
        };

        let numbers = numbers.ok_or_else(refused)?;
        let normalised = |scale| match numbers.as_slice() {
            [] => Some(Self::Normalised {
                scale,
                keyword_weight: 1.0,
            }),
            [keyword_weight] => Some(Self::Normalised {
                scale,
                keyword_weight: *keyword_weight,
            }),
            _ => None,
        };

        let fusion = match (name.trim(), numbers.as_slice()) {
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
            ("min-max", _) => normalised(Scale::MinMax),
            ("z-score", _) => normalised(Scale::Deviations),
            ("dbsf", _) => normalised(Scale::Distribution),
            _ => None,
        };

        fusion.ok_or_else(refused)
    }
}

fn number(text: &str) -> Option<f64> {
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

/// What a question says beside its words, as additions to the score of documents that fit.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Preference {
    /// Products that the question names.
    pub(crate) products: Vec<String>,
    /// Canonical releases that the question names.
    pub(crate) versions: Vec<mcdewey_core::VersionKey>,
    /// The question's names and codes, in lower case: a document of that title is what is looked for.
    pub(crate) titles: Vec<String>,
}

/// What a document of a product that the question names gains. Of 0.08, 0.15, 0.25 and 0.4 the first that puts a right
/// page among the first five for all questions of the sample library; the rest of them does not change.
const PRODUCT_BONUS: f64 = 0.25;
/// What a document of a release that the question names gains.
const VERSION_BONUS: f64 = 0.05;

/// What a document gains whose title is a name in the question: others mention the name, this one is about it.
const TITLE_BONUS: f64 = 0.15;

impl Preference {
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

        if self.titles.contains(&document.title.to_lowercase()) {
            bonuses.push(("title", TITLE_BONUS));
        }

        bonuses
    }
}

/// A candidate with its place in the common ranking.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fused {
    pub(crate) candidate: Candidate,
    pub(crate) score: f64,
    pub(crate) explanation: Explanation,
}

/// Fuses the lists; highest score first, ties by chunk id.
pub(crate) fn fuse(
    lists: &Candidates,
    depth: usize,
    fusion: Fusion,
    preference: &Preference,
) -> Vec<Fused> {
    let dense = lists.dense.as_deref().unwrap_or_default();
    let keyword = lists.keyword.as_deref().unwrap_or_default();

    let mut found: HashMap<&ChunkId, (&Candidate, Explanation)> = HashMap::new();
    for (place, candidate) in dense.iter().enumerate() {
        let (_, explanation) = found
            .entry(&candidate.chunk_id)
            .or_insert((candidate, Explanation::default()));
        explanation.dense_rank = Some(place + 1);
        explanation.dense_score = Some(candidate.score);
    }

    for (place, candidate) in keyword.iter().enumerate() {
        let (_, explanation) = found
            .entry(&candidate.chunk_id)
            .or_insert((candidate, Explanation::default()));
        explanation.keyword_rank = Some(place + 1);
        explanation.keyword_score = Some(candidate.score);
    }

    let wholes = Lists {
        dense: Spread::of(lists.dense.as_deref(), depth),
        keyword: Spread::of(lists.keyword.as_deref(), depth),
        ceiling: f64::from(lists.keyword_ceiling),
        unit: f64::from(lists.keyword_unit),
    };

    let mut fused: Vec<Fused> = found
        .into_values()
        .map(|(candidate, mut explanation)| {
            explanation.parts = parts(&explanation, &wholes, fusion);
            for (name, bonus) in preference.bonuses(&candidate.document) {
                explanation
                    .parts
                    .insert(name.to_owned(), bonus * fusion.scale());
            }

            let score = explanation.parts.values().sum();
            Fused {
                candidate: candidate.clone(),
                score,
                explanation,
            }
        })
        .collect();

    fused.sort_by(by_rank);
    fused
}

/// Highest score first, ties by chunk id.
pub(crate) fn by_rank(left: &Fused, right: &Fused) -> Ordering {
    right
        .score
        .total_cmp(&left.score)
        .then_with(|| left.candidate.chunk_id.cmp(&right.candidate.chunk_id))
}

/// One list as a whole: what its scores are worth, and what a candidate scored at most that it does not show.
#[derive(Debug, Clone, Copy, Default)]
struct Spread {
    /// The last score of a list that was cut off, nothing in a list that is complete.
    floor: f64,
    lowest: f64,
    highest: f64,
    mean: f64,
    deviation: f64,
}

impl Spread {
    /// `None` when the list was not asked for.
    fn of(list: Option<&[Candidate]>, depth: usize) -> Option<Self> {
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

    /// A score of this list on a scale; what the list does not show is as low as its lowest.
    fn on(&self, scale: Scale, score: Option<f32>) -> f64 {
        let score = score.map_or(self.lowest, f64::from);
        let ratio = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
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

/// The lists as wholes.
struct Lists {
    dense: Option<Spread>,
    keyword: Option<Spread>,
    ceiling: f64,
    unit: f64,
}

fn parts(found: &Explanation, lists: &Lists, fusion: Fusion) -> BTreeMap<String, f64> {
    let mut parts = BTreeMap::new();
    match fusion {
        Fusion::Match {
            keyword_weight,
            exponent,
            focus,
        } => {
            if let Some(dense) = lists.dense {
                parts.insert(
                    "dense".to_owned(),
                    found.dense_score.map_or(dense.floor, f64::from).max(0.0),
                );
            }

            if let Some(keyword) = lists.keyword {
                let score = found
                    .keyword_score
                    .map_or(keyword.floor, f64::from)
                    .max(0.0);
                let share = |whole: f64| if whole > 0.0 { score / whole } else { 0.0 };
                let worth = share(lists.unit).powf(exponent) * share(lists.ceiling).powf(focus);

                parts.insert(
                    "keyword".to_owned(),
                    keyword_weight * if score > 0.0 { worth } else { 0.0 },
                );
            }
        }
        Fusion::ReciprocalRank { k, keyword_weight } => {
            for (name, rank, weight) in [
                ("dense", found.dense_rank, 1.0),
                ("keyword", found.keyword_rank, keyword_weight),
            ] {
                if let Some(rank) = rank {
                    parts.insert(name.to_owned(), weight / (k + rank as f64));
                }
            }
        }
        Fusion::Normalised {
            scale,
            keyword_weight,
        } => {
            if let Some(dense) = lists.dense {
                parts.insert("dense".to_owned(), dense.on(scale, found.dense_score));
            }

            if let Some(keyword) = lists.keyword {
                parts.insert(
                    "keyword".to_owned(),
                    keyword_weight * keyword.on(scale, found.keyword_score),
                );
            }
        }
    }

    parts
}

impl Fusion {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::testing::{candidate, candidate_of};

    fn ids(fused: &[Fused]) -> Vec<&str> {
        fused
            .iter()
            .map(|one| one.candidate.chunk_id.as_str())
            .collect()
    }

    fn lists(dense: Option<&[(&str, f32)]>, keyword: Option<&[(&str, f32)]>) -> Candidates {
        let list = |pairs: &[(&str, f32)]| {
            pairs
                .iter()
                .map(|(id, score)| candidate(id, *score))
                .collect()
        };

        Candidates {
            dense: dense.map(list),
            keyword: keyword.map(list),
            keyword_ceiling: 40.0,
            keyword_unit: 40.0,
            words: Vec::new(),
        }
    }

    const SQUARE: Fusion = Fusion::Match {
        keyword_weight: 0.8,
        exponent: 1.0,
        focus: 1.0,
    };
    const OTHERS: [Fusion; 4] = [
        Fusion::ReciprocalRank {
            k: 60.0,
            keyword_weight: 1.0,
        },
        Fusion::Normalised {
            scale: Scale::MinMax,
            keyword_weight: 1.0,
        },
        Fusion::Normalised {
            scale: Scale::Deviations,
            keyword_weight: 1.0,
        },
        Fusion::Normalised {
            scale: Scale::Distribution,
            keyword_weight: 1.0,
        },
    ];

    #[test]
    fn what_both_lists_show_comes_first() {
        let lists = lists(
            Some(&[("a::0", 0.6), ("b::0", 0.5)]),
            Some(&[("b::0", 20.0), ("c::0", 19.0)]),
        );

        for fusion in [SQUARE, OTHERS[0]] {
            assert_eq!(
                ids(&fuse(&lists, 10, fusion, &Preference::default()))[0],
                "b::0",
                "{fusion:?}"
            );
        }
    }

    #[test]
    fn scores_are_as_computed_by_hand() {
        let lists = lists(
            Some(&[("a::0", 0.6)]),
            Some(&[("a::0", 30.0), ("b::0", 10.0)]),
        );
        let fused = fuse(&lists, 10, SQUARE, &Preference::default());
        assert!((fused[0].score - (0.6 + 0.8 * 0.5625)).abs() < 1e-6);
        assert!((fused[1].score - 0.8 * 0.0625).abs() < 1e-6);
        assert_eq!(fused[0].explanation.keyword_rank, Some(1));
        assert_eq!(fused[1].explanation.dense_rank, None);
    }

    #[test]
    fn a_list_that_was_cut_off_counts_its_last_score() {
        let lists = lists(
            Some(&[("a::0", 0.6), ("b::0", 0.5)]),
            Some(&[("c::0", 10.0)]),
        );
        let fused = fuse(&lists, 2, SQUARE, &Preference::default());
        let c = fused
            .iter()
            .find(|one| one.candidate.chunk_id.as_str() == "c::0")
            .unwrap();

        assert!((c.score - (0.5 + 0.8 * 0.0625)).abs() < 1e-6);
    }

    #[test]
    fn one_word_among_many_does_not_outvote_meaning() {
        let lists = lists(
            Some(&[("a::0", 0.5), ("b::0", 0.4)]),
            Some(&[("b::0", 8.0)]),
        );

        assert_eq!(
            ids(&fuse(&lists, 10, SQUARE, &Preference::default()))[0],
            "a::0"
        );
    }

    #[test]
    fn a_question_without_content_words_goes_by_meaning() {
        let lists = Candidates {
            keyword_ceiling: 0.0,
            keyword_unit: 0.0,
            ..lists(Some(&[("a::0", 0.5)]), Some(&[]))
        };
        assert!((fuse(&lists, 10, SQUARE, &Preference::default())[0].score - 0.5).abs() < 1e-6);
    }

    #[test]
    fn a_single_list_keeps_its_order_and_ties_go_by_id() {
        let lists = lists(None, Some(&[("b::0", 2.0), ("a::0", 2.0), ("c::0", 3.0)]));
        assert_eq!(
            ids(&fuse(&lists, 10, SQUARE, &Preference::default())),
            ["c::0", "a::0", "b::0"]
        );
    }

    #[test]
    fn every_scale_is_as_computed_by_hand() {
        let lists = lists(
            Some(&[("a::0", 0.6), ("b::0", 0.4)]),
            Some(&[("b::0", 30.0), ("a::0", 20.0), ("c::0", 10.0)]),
        );

        let score = |fusion: Fusion, id: &str| {
            let fused = fuse(&lists, 10, fusion, &Preference::default());
            fused
                .iter()
                .find(|one| one.candidate.chunk_id.as_str() == id)
                .unwrap()
                .score
        };

        let [rank, min_max, deviations, distribution] = OTHERS;
        let close = |found: f64, expected: f64| {
            assert!((found - expected).abs() < 1e-6, "{found} for {expected}")
        };
        close(score(rank, "a::0"), 1.0 / 61.0 + 1.0 / 62.0);
        close(score(min_max, "a::0"), 1.0 + 0.5);

        // Means 0.5 and 20, deviations 0.1 and 8.16.
        close(
            score(deviations, "b::0"),
            -1.0 + 10.0 / (200.0_f64 / 3.0).sqrt(),
        );
        close(score(distribution, "a::0"), (0.1 + 0.3) / 0.6 + 0.5);
        close(score(min_max, "c::0"), 0.0);
    }

    #[test]
    fn a_document_of_the_asked_title_comes_before_one_that_mentions_it() {
        let mut lists = lists(Some(&[("a::0", 0.6), ("b::0", 0.5)]), None);
        for candidate in lists
            .dense
            .iter_mut()
            .flatten()
            .filter(|candidate| candidate.chunk_id.as_str() == "b::0")
        {
            std::sync::Arc::make_mut(&mut candidate.document).title = "ConfbridgeUnmute".to_owned();
        }

        let preference = Preference {
            titles: vec!["confbridgeunmute".to_owned()],
            ..Preference::default()
        };

        assert_eq!(
            ids(&fuse(&lists, 10, SQUARE, &preference)),
            ["b::0", "a::0"]
        );
    }

    #[test]
    fn a_fusion_is_read_as_it_is_written() {
        for fusion in OTHERS.into_iter().chain([SQUARE, Fusion::default()]) {
            assert_eq!(fusion.to_string().parse(), Ok(fusion));
        }

        assert_eq!("match".parse(), Ok(Fusion::default()));
        assert_eq!(
            "rrf".parse(),
            Ok(Fusion::ReciprocalRank {
                k: 60.0,
                keyword_weight: 1.0
            })
        );

        for bad in [
            "",
            "best",
            "match:1",
            "rrf:-1",
            "dbsf:x",
            "z-score:1,2",
            "min-max:inf",
        ] {
            assert!(
                bad.parse::<Fusion>().unwrap_err().contains("is no fusion"),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_product_named_in_the_question_decides_between_equals() {
        let lists = Candidates {
            dense: Some(vec![
                candidate_of("a::0", 0.5, "cucm", None),
                candidate_of("b::0", 0.5, "finesse", None),
            ]),
            ..Candidates::default()
        };

        let preference = Preference {
            products: vec!["finesse".to_owned()],
            ..Preference::default()
        };

        assert_eq!(
            ids(&fuse(&lists, 10, SQUARE, &preference)),
            ["b::0", "a::0"]
        );
    }
}
