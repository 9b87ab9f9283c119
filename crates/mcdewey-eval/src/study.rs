//! The study of rankings: measures alternatives to the search's defaults and writes the results
//! between the markers of a document.
//!
//! It covers every mode on every set, every fusion with the one that the other sets would choose,
//! and how well answerable and unanswerable questions are told apart.

mod caching_embedder;
mod confidence;
mod tables;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use mcdewey_core::Embed;
use mcdewey_search::{Fusion, Mode};

use self::caching_embedder::CachingEmbedder;
use self::confidence::ConfidenceExample;
use crate::libraries::{OpenLibrary, TestLibrary, document_id};
use crate::measure::{Evaluation, Measure, ranked_hits, to_documents};
use crate::{BeirSet, JudgmentSet, Metric, Question, Run, Scores};

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
    library: Box<dyn OpenLibrary>,
    embed: Arc<dyn Embed>,
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
///
/// # Errors
///
/// If the document cannot be read or written or lacks the markers, a set cannot be read, or its
/// library cannot be opened.
pub async fn write_study(measure: &Measure<'_>, sets: &[PathBuf], document: &Path) -> Result<()> {
    let text = std::fs::read_to_string(document)
        .with_context(|| format!("cannot read {}", document.display()))?;

    // The measurement takes long, so a document without markers is rejected first.
    let (before, after) = split_at_markers(&text)
        .with_context(|| format!("{} lacks {BEGIN:?} … {END:?}", document.display()))?;

    let mut measurements = Vec::new();
    for set in sets {
        measurements.push(measure_set(measure, set).await?);
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

async fn measure_set(measure: &Measure<'_>, path: &Path) -> Result<SetMeasurements> {
    let mut set = OpenSet::open(measure, path).await?;
    set.embed = CachingEmbedder::wrap(&set.embed);
    let description = set.library.index().reader().await?.description().await?;

    let mut modes = Vec::new();
    for mode in Mode::ALL {
        let run = set.run(mode, Fusion::default(), measure).await;
        modes.push(Scores::from_run(&run, &description)?);
    }

    let mut fusions = Vec::new();
    if set.questions.iter().any(Question::has_answer) {
        for fusion in FUSIONS {
            (measure.notify)(&format!("{}: {fusion}", set.name));
            let fusion = fusion.parse().map_err(anyhow::Error::msg)?;
            let run = set.run(Mode::Hybrid, fusion, measure).await;
            let scores = Scores::from_run(&run, &description)?;
            fusions.push(fusion_score(&scores, &set.questions));
        }
    }

    let run = set.run(Mode::Hybrid, Fusion::default(), measure).await;
    let mut confidence_examples = confidence::examples(&run);
    let name = set.name.clone();

    // Closes the library: only one is open at a time.
    drop(run);
    drop(set);

    if path.is_dir() {
        let set = OpenSet::open_without_gold(measure, path).await?;
        let run = set.run(Mode::Hybrid, Fusion::default(), measure).await;
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
    async fn open(measure: &Measure<'_>, path: &Path) -> Result<Self> {
        if path.is_dir() {
            Self::open_beir(measure, BeirSet::read(path)?).await
        } else {
            Self::open_judgments(measure, path).await
        }
    }

    /// Opens a folder in BEIR format without the documents that answer its questions.
    async fn open_without_gold(measure: &Measure<'_>, folder: &Path) -> Result<Self> {
        let set = BeirSet::read(folder)?.without_gold();
        Self::open_beir(measure, set).await
    }

    async fn open_beir(measure: &Measure<'_>, set: BeirSet) -> Result<Self> {
        let documents = to_documents(&set);
        let TestLibrary { library, ids } =
            measure.libraries.test_library(&set.name, documents).await?;

        Ok(Self {
            name: set.name,
            questions: set.questions,
            embed: Arc::clone(library.embed()),
            library,
            ids,
        })
    }

    async fn open_judgments(measure: &Measure<'_>, file: &Path) -> Result<Self> {
        let set = JudgmentSet::read(file)?;
        let library = measure.libraries.configured().await?;

        Ok(Self {
            questions: set.questions(),
            name: set.name,
            embed: Arc::clone(library.embed()),
            library,
            ids: HashMap::new(),
        })
    }

    async fn run(&self, mode: Mode, fusion: Fusion, measure: &Measure<'_>) -> Run<'_> {
        let embed = Arc::clone(&self.embed);
        Evaluation::with_embedder(&self.name, self.library.as_ref(), embed, measure)
            .with_fusion(fusion)
            .without_token_counts()
            .run(&self.questions, mode, &|answer| {
                std::future::ready(Ok(ranked_hits(answer, |source| {
                    document_id(&self.ids, source)
                })))
            })
            .await
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
