//! `mcdewey eval --study FILE`: measures alternatives to the search's defaults and writes the
//! results between the markers of a document.
//!
//! It covers every mode on every set, every fusion with the one that the other sets would choose,
//! and how well answerable and unanswerable questions are told apart.

mod caching_embedder;
mod confidence;
mod tables;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use mcdewey_eval::{BeirSet, JudgmentSet, Metric, Question, Run, Scores};
use mcdewey_query::{Fusion, Mode};

use self::caching_embedder::CachingEmbedder;
use self::confidence::ConfidenceExample;
use super::EvalOptions;
use super::beir;
use super::evaluation::{Evaluation, ranked_hits};
use super::judgments::open_library;
use super::test_library::TestLibrary;
use crate::engine::Engine;
use crate::settings::Settings;

/// The markers around the part of the document that is replaced.
const BEGIN: &str = "<!-- figures: begin -->\n";
const END: &str = "<!-- figures: end -->\n";

/// The fusions that are compared. The first is the default, which wins ties.
const FUSIONS: [&str; 26] = [
    "match",
    "match:0.8,1,1",
    "match:0.7,1,1",
    "match:1,1,1",
    "match:1.3,1,1",
    "match:0.3,1,0.5",
    "match:0.4,1,0.5",
    "match:0.5,1,0.5",
    "match:0.3,1,0",
    "match:0.4,1,0",
    "match:0.2,1.5,0",
    "match:0.3,1.5,0",
    "match:0.4,1.5,0.5",
    "match:0.6,1.5,0.5",
    "match:1.3,0,1.5",
    "match:0.8,0,1",
    "rrf:60,1",
    "rrf:60,2",
    "rrf:10,1",
    "rrf:10,2",
    "min-max:0.5",
    "min-max:1",
    "z-score:0.5",
    "z-score:1",
    "dbsf:0.5",
    "dbsf:1",
];

/// A set with an open library to search.
struct OpenSet {
    name: String,
    questions: Vec<Question>,
    engine: Engine,
    /// The document id in the set, by source; empty for judgments, which name sources themselves.
    ids: HashMap<String, String>,
}

/// The measurements of one set.
struct SetMeasurements {
    name: String,
    /// In the order of [`Mode::ALL`].
    modes: Vec<Scores>,
    /// In the order of [`FUSIONS`]; empty for a set without answerable questions.
    fusions: Vec<f64>,
    confidence_examples: Vec<ConfidenceExample>,
}

/// Measures the sets and rewrites the marked part of the document.
pub(super) async fn write(
    settings: &Settings,
    options: &EvalOptions,
    sets: &[PathBuf],
    document: &Path,
) -> Result<()> {
    let text = std::fs::read_to_string(document)
        .with_context(|| format!("cannot read {}", document.display()))?;

    // The measurement takes long, so a document without markers is rejected first.
    let (before, after) = split_at_markers(&text)
        .with_context(|| format!("{} lacks {BEGIN:?} … {END:?}", document.display()))?;

    let mut measurements = Vec::new();
    for set in sets {
        measurements.push(measure(settings, options, set).await?);
    }

    // Sets without answerable questions count only for the confidence.
    let confidence = confidence::report(&measurements);
    measurements.retain(|set| !set.fusions.is_empty());

    let figures = [
        tables::modes(&measurements),
        tables::fusions(&measurements),
        confidence,
    ]
    .concat();
    let text = format!("{before}{BEGIN}{figures}{END}{after}");

    std::fs::write(document, text).with_context(|| format!("cannot write {}", document.display()))
}

/// Returns the parts of the document before and after the markers.
fn split_at_markers(text: &str) -> Option<(&str, &str)> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some((before, after))
}

async fn measure(
    settings: &Settings,
    options: &EvalOptions,
    path: &Path,
) -> Result<SetMeasurements> {
    let mut set = OpenSet::open(settings, options, path).await?;
    set.engine.embed = CachingEmbedder::wrap(&set.engine.embed);
    let description = set.engine.index.description().await?;

    let mut modes = Vec::new();
    for mode in Mode::ALL {
        let run = set.run(mode, Fusion::default(), options).await;
        modes.push(Scores::from_run(&run, &description)?);
    }

    let mut fusions = Vec::new();
    if set.questions.iter().any(Question::has_answer) {
        for fusion in FUSIONS {
            eprintln!("{}: {fusion}", set.name);
            let fusion = fusion.parse().map_err(anyhow::Error::msg)?;
            let run = set.run(Mode::Hybrid, fusion, options).await;
            let scores = Scores::from_run(&run, &description)?;
            fusions.push(fusion_score(&scores, &set.questions));
        }
    }

    let run = set.run(Mode::Hybrid, Fusion::default(), options).await;
    let mut confidence_examples = confidence::examples(&run);
    let name = set.name.clone();

    // Closes the library: only one is open at a time.
    drop(run);
    drop(set);

    if path.is_dir() {
        let set = OpenSet::open_without_gold(settings, options, path).await?;
        let run = set.run(Mode::Hybrid, Fusion::default(), options).await;
        confidence_examples.extend(confidence::examples(&run));
    }

    Ok(SetMeasurements {
        name,
        modes,
        fusions,
        confidence_examples,
    })
}

impl OpenSet {
    /// Opens a folder in BEIR format or a file of judgments.
    async fn open(settings: &Settings, options: &EvalOptions, path: &Path) -> Result<Self> {
        if path.is_dir() {
            Self::open_beir(settings, options, BeirSet::read(path)?).await
        } else {
            Self::open_judgments(settings, path).await
        }
    }

    /// Opens a folder in BEIR format without the documents that answer its questions.
    async fn open_without_gold(
        settings: &Settings,
        options: &EvalOptions,
        folder: &Path,
    ) -> Result<Self> {
        let set = BeirSet::read(folder)?.without_gold();
        Self::open_beir(settings, options, set).await
    }

    async fn open_beir(settings: &Settings, options: &EvalOptions, set: BeirSet) -> Result<Self> {
        let documents = set
            .documents
            .iter()
            .map(|document| (document.id.as_str(), beir::to_markdown(document)));
        let TestLibrary { engine, ids, .. } =
            TestLibrary::build(settings, options, &set.name, documents).await?;

        Ok(Self {
            name: set.name,
            questions: set.questions,
            engine,
            ids,
        })
    }

    async fn open_judgments(settings: &Settings, file: &Path) -> Result<Self> {
        let set = JudgmentSet::read(file)?;
        let engine = open_library(settings).await?;

        Ok(Self {
            questions: set.questions(),
            name: set.name,
            engine,
            ids: HashMap::new(),
        })
    }

    async fn run(&self, mode: Mode, fusion: Fusion, options: &EvalOptions) -> Run<'_> {
        Evaluation::new(&self.name, &self.engine, options)
            .with_fusion(fusion)
            .without_token_counts()
            .run(&self.questions, mode, &|answer| {
                std::future::ready(Ok(ranked_hits(answer, |source| self.document_id(source))))
            })
            .await
    }

    fn document_id(&self, source: &str) -> String {
        self.ids
            .get(source)
            .cloned()
            .unwrap_or_else(|| source.to_owned())
    }
}

/// Returns the score that a fusion is chosen by: the ranking of pages where the set judges pages,
/// else of documents.
fn fusion_score(scores: &Scores, questions: &[Question]) -> f64 {
    let metric = if questions.iter().any(Question::has_locations) {
        Metric::PageMrr10
    } else {
        Metric::Ndcg10
    };

    scores.mean(metric).unwrap_or_default()
}
