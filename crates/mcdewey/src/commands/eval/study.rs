//! `mcdewey eval --study FILE`: measures what the search could be made of, and writes what was found between the marks
//! of a document: every mode on every set, every fusion with the choice each set would make of the others, and how well
//! answerable questions are told from unanswerable ones.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use mcdewey_core::{Embed, EmbedError, ModelInfo, QuestionEmbedding};
use mcdewey_eval::{
    BeirSet, Choice, Example, JudgmentSet, Logistic, Metric, Question, Resampling, Run, Scores,
};
use mcdewey_query::{Fusion, Mode, Signals};

use super::Plan;
use super::beir;
use super::corpus::TestLibrary;
use super::trial::{Trial, ranked};
use crate::engine::Engine;
use crate::settings::Settings;

/// What stands around the part of the document that is written anew.
const MARKS: (&str, &str) = ("<!-- figures: begin -->\n", "<!-- figures: end -->\n");

/// How much the judgments of the library count beside a test set: they are of manuals, which the others are not.
const JUDGED: f64 = 6.0;

/// Share of the answerable calibration questions of any set that may be declined.
const DECLINED: f64 = 0.035;

/// The fusions that are compared; the first is the default, which wins ties.
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

/// A set with its library.
struct Opened {
    name: String,
    questions: Vec<Question>,
    engine: Engine,
    /// The set's name of each source; empty where sources are what judgments name.
    ids: HashMap<String, String>,
}

/// Signals of a question, whether it has an answer, whether it is for calibration, whether the search declined it.
type SeenExample = (Vec<f64>, bool, bool, bool);

/// One set's figures.
struct Measured {
    name: String,
    /// In the order of the modes.
    modes: Vec<Scores>,
    /// In the order of [`FUSIONS`].
    fusions: Vec<f64>,
    /// Its questions, as far as confidence goes.
    examples: Vec<SeenExample>,
}

pub(super) async fn write(
    settings: &Settings,
    plan: &Plan,
    sets: &[PathBuf],
    document: &Path,
) -> Result<()> {
    let text = std::fs::read_to_string(document)
        .with_context(|| format!("cannot read {}", document.display()))?;
    let marked = text
        .split_once(MARKS.0)
        .and_then(|(before, rest)| Some((before, rest.split_once(MARKS.1)?.1)));

    let (before, behind) = marked.with_context(|| {
        format!(
            "{} has no {:?} … {:?}",
            document.display(),
            MARKS.0,
            MARKS.1
        )
    })?;

    let mut measured = Vec::new();
    for set in sets {
        measured.push(measure(settings, plan, set).await?);
    }

    let confidence = confidence(&pooled(&measured))?;
    measured.retain(|set| !set.fusions.is_empty());
    let figures = [modes(&measured), fusions(&measured), confidence].concat();
    let text = format!("{before}{}{figures}{}{behind}", MARKS.0, MARKS.1);

    std::fs::write(document, text).with_context(|| format!("cannot write {}", document.display()))
}

async fn open(settings: &Settings, plan: &Plan, set: &Path, without_gold: bool) -> Result<Opened> {
    if !set.is_dir() {
        ensure!(
            !without_gold,
            "{} has no documents of its own",
            set.display()
        );

        let judgments = JudgmentSet::read(set)?;
        let engine = Engine::open(settings).await?;
        ensure!(
            engine.index.state().await?.documents > 0,
            "the library is empty; run `mcdewey ingest` first"
        );

        return Ok(Opened {
            questions: judgments.questions(),
            name: judgments.name,
            engine,
            ids: HashMap::new(),
        });
    }

    let mut beir = BeirSet::read(set)?;
    if without_gold {
        beir = beir.without_gold();
    }

    let documents = beir
        .documents
        .iter()
        .map(|document| (document.id.as_str(), beir::markdown(document)));
    let TestLibrary { engine, ids, .. } =
        TestLibrary::build(settings, plan, &beir.name, documents).await?;
    Ok(Opened {
        name: beir.name,
        questions: beir.questions,
        engine,
        ids,
    })
}

async fn measure(settings: &Settings, plan: &Plan, set: &Path) -> Result<Measured> {
    let mut opened = open(settings, plan, set, false).await?;
    opened.engine.embed = Remembering::of(&opened.engine.embed);
    let description = opened.engine.index.description().await?;

    let mut modes = Vec::new();
    for mode in Mode::ALL {
        let run = opened.run(mode, Fusion::default(), plan).await;
        modes.push(Scores::of(&run, &description)?);
    }

    let mut fusions = Vec::new();
    let answerable = opened.questions.iter().any(Question::has_answer);
    for fusion in FUSIONS.into_iter().filter(|_| answerable) {
        eprintln!("{}: {fusion}", opened.name);
        let fusion = fusion.parse().map_err(anyhow::Error::msg)?;
        let run = opened.run(Mode::Hybrid, fusion, plan).await;
        fusions.push(figure(&Scores::of(&run, &description)?, &opened.questions));
    }

    let run = opened.run(Mode::Hybrid, Fusion::default(), plan).await;
    let mut examples = examples(&run);
    let name = opened.name.clone();
    drop(run);
    drop(opened);

    if set.is_dir() {
        let without = open(settings, plan, set, true).await?;
        examples.extend(self::examples(
            &without.run(Mode::Hybrid, Fusion::default(), plan).await,
        ));
    }

    Ok(Measured {
        name,
        modes,
        fusions,
        examples,
    })
}

impl Opened {
    async fn run(&self, mode: Mode, fusion: Fusion, plan: &Plan) -> Run<'_> {
        let trial = Trial::new(&self.name, &self.engine, plan)
            .with_fusion(fusion)
            .uncounted();

        let id = |source: &str| {
            self.ids
                .get(source)
                .cloned()
                .unwrap_or_else(|| source.to_owned())
        };

        let read = |answer| std::future::ready(Ok(ranked(answer, id)));
        trial.run(&self.questions, mode, &read).await
    }
}

/// What a fusion is chosen by: the order of pages where the set knows them, else of documents.
fn figure(scores: &Scores, questions: &[Question]) -> f64 {
    let metric = if questions.iter().any(Question::has_places) {
        Metric::PageMrr10
    } else {
        Metric::Ndcg10
    };
    scores.mean(metric).unwrap_or_default()
}

/// Signals, whether there is an answer, whether for calibration (the set's own split, else every other question), and
/// whether the answer was declined.
fn examples(run: &Run<'_>) -> Vec<SeenExample> {
    let example = |(place, outcome): (usize, &mcdewey_eval::Outcome<'_>)| {
        let answer = outcome.result.as_ref().ok()?;
        let split = outcome
            .question
            .split
            .map(|split| split == mcdewey_eval::Split::Calibration);
        let calibrates = split.unwrap_or(place % 2 == 0);

        (!answer.signals.is_empty()).then(|| {
            (
                answer.signals.clone(),
                outcome.question.has_answer(),
                calibrates,
                answer.declined,
            )
        })
    };

    run.outcomes
        .iter()
        .enumerate()
        .filter_map(example)
        .collect()
}

fn modes(measured: &[Measured]) -> String {
    let mut out = String::from(
        "### Modes\n\n| set | questions | mode | nDCG@10 (95 %) | recall@10 (95 %) | page-hit@1 |\n|---|---|---|---|---|---|\n",
    );

    for set in measured {
        for (mode, scores) in Mode::ALL.iter().zip(&set.modes) {
            let range = |metric| match Resampling::default().mean(&scores.values(metric)) {
                Some(found) => format!("{:.3} ({:.3}–{:.3})", found.mean, found.low, found.high),
                None => String::from("–"),
            };

            let _ = writeln!(
                out,
                "| {} | {} | {} | {} | {} | {} |",
                set.name,
                scores.questions.len(),
                mode.name(),
                range(Metric::Ndcg10),
                range(Metric::Recall10),
                range(Metric::PageHit1)
            );
        }
    }

    out
}

fn fusions(measured: &[Measured]) -> String {
    let ways = FUSIONS
        .iter()
        .enumerate()
        .map(|(way, name)| {
            let name = if *name == "match" {
                Fusion::default().to_string()
            } else {
                (*name).to_owned()
            };
            (name, measured.iter().map(|set| set.fusions[way]).collect())
        })
        .collect();

    let choice = Choice {
        sets: measured.iter().map(|set| set.name.clone()).collect(),
        ways,
    };

    let mut out = String::from(
        "\n### Fusions\n\nnDCG@10 of documents; where pages are judged, MRR@10 of pages. The default comes first.\n\n",
    );
    let _ = writeln!(out, "| fusion | {} | mean |", choice.sets.join(" | "));

    let _ = writeln!(out, "|---|{}---|", "---|".repeat(choice.sets.len()));
    for (name, figures) in &choice.ways {
        let cells: Vec<String> = figures
            .iter()
            .map(|figure| format!("{figure:.3}"))
            .collect();
        let mean = figures.iter().sum::<f64>() / figures.len().max(1) as f64;
        let _ = writeln!(out, "| `{name}` | {} | {mean:.4} |", cells.join(" | "));
    }

    let _ = writeln!(
        out,
        "\nAll sets together choose `{}`. Left out in turn:\n",
        choice.best().unwrap_or("–")
    );

    out.push_str("| set left out | the others choose | its figure there | best of all there |\n|---|---|---|---|\n");
    for one in choice.held_out() {
        let _ = writeln!(
            out,
            "| {} | `{}` | {:.3} | {:.3} |",
            one.set, one.chosen, one.figure, one.best
        );
    }

    out
}

/// The questions of sets that have both kinds, and of the files of judgments together.
struct Pool {
    name: String,
    examples: Vec<SeenExample>,
    /// How much it counts in the fit.
    weight: f64,
}

fn pooled(measured: &[Measured]) -> Vec<Pool> {
    let has = |set: &Measured, kind: bool| set.examples.iter().any(|one| one.1 == kind);
    let (whole, halves): (Vec<&Measured>, Vec<&Measured>) = measured
        .iter()
        .partition(|set| has(set, true) && has(set, false));

    let mut pools: Vec<Pool> = whole
        .iter()
        .map(|set| Pool {
            name: set.name.clone(),
            examples: set.examples.clone(),
            weight: 1.0,
        })
        .collect();

    let names: Vec<&str> = halves.iter().map(|set| set.name.as_str()).collect();
    let together: Vec<SeenExample> = halves
        .iter()
        .flat_map(|set| set.examples.iter().cloned())
        .collect();

    if together.iter().any(|one| one.1) && together.iter().any(|one| !one.1) {
        pools.push(Pool {
            name: names.join(" + "),
            examples: together,
            weight: JUDGED,
        });
    }

    pools
}

/// Fits the model anew and says what the built-in one and the new one do on the questions that were not fitted to.
fn confidence(sets: &[Pool]) -> Result<String> {
    let mut fitting = Vec::new();
    for set in sets {
        for kind in [true, false] {
            let of_kind: Vec<_> = set
                .examples
                .iter()
                .filter(|one| one.1 == kind && one.2)
                .collect();

            let weight = set.weight / of_kind.len().max(1) as f64;
            fitting.extend(of_kind.iter().map(|one| Example {
                signals: one.0.clone(),
                is_true: kind,
                weight,
            }));
        }
    }

    let mut out = String::from("\n### No answer\n\n");
    let Some(model) = Logistic::fit(&fitting) else {
        out.push_str("No set has answerable and unanswerable questions.\n");
        return Ok(out);
    };

    let quantile = |set: &Pool| {
        let mut sure: Vec<f64> = set
            .examples
            .iter()
            .filter(|one| one.1 && one.2)
            .map(|one| model.probability(&one.0))
            .collect();

        sure.sort_by(f64::total_cmp);
        sure.get((sure.len() as f64 * DECLINED) as usize)
            .copied()
            .unwrap_or(0.0)
    };

    let threshold = sets.iter().map(quantile).fold(1.0, f64::min);
    out.push_str("| set (questions not fitted to) | unanswerable declined | answerable declined | with the model fitted anew: unanswerable | answerable |\n|---|---|---|---|---|\n");
    for set in sets {
        let share = |kind: bool, declined: &dyn Fn(&SeenExample) -> bool| {
            let of_kind: Vec<_> = set
                .examples
                .iter()
                .filter(|one| one.1 == kind && !one.2)
                .collect();

            let count = of_kind.iter().filter(|one| declined(one)).count();
            format!(
                "{:.3} ({count} of {})",
                count as f64 / of_kind.len().max(1) as f64,
                of_kind.len()
            )
        };

        let now = |one: &SeenExample| one.3;
        let anew = |one: &SeenExample| model.probability(&one.0) < threshold;
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            set.name,
            share(false, &now),
            share(true, &now),
            share(false, &anew),
            share(true, &anew)
        );
    }

    out.push_str("\nFitted anew, by signal:");
    for (name, weight) in Signals::NAMES.iter().zip(&model.weights) {
        let _ = write!(out, " {name} {weight:.2},");
    }

    let _ = writeln!(out, " bias {:.2}; threshold {threshold:.3}.", model.bias);
    Ok(out)
}

/// A model that embeds each question once: the same questions are asked again and again.
struct Remembering {
    model: Arc<dyn Embed>,
    known: Mutex<HashMap<String, QuestionEmbedding>>,
}

impl Remembering {
    fn of(model: &Arc<dyn Embed>) -> Arc<dyn Embed> {
        Arc::new(Self {
            model: Arc::clone(model),
            known: Mutex::default(),
        })
    }
}

#[async_trait]
impl Embed for Remembering {
    fn model(&self) -> &ModelInfo {
        self.model.model()
    }

    async fn question(&self, text: &str) -> Result<QuestionEmbedding, EmbedError> {
        let known = self
            .known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(text)
            .cloned();

        if let Some(known) = known {
            return Ok(known);
        }

        let embedded = self.model.question(text).await?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(text.to_owned(), embedded.clone());
        Ok(embedded)
    }

    async fn passages(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.model.passages(texts).await
    }

    fn tokens(&self, text: &str) -> Result<Vec<std::ops::Range<usize>>, EmbedError> {
        self.model.tokens(text)
    }
}
