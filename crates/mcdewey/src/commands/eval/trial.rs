//! One set, asked mode by mode.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use mcdewey_core::{Chunk, EmbedError, LibraryDescription, Visibility};
use mcdewey_eval::{Answer, Question, Ranked, Row, Run, Scores};
use mcdewey_query::{Fusion, Hit, Library, Mode, SearchAnswer, SearchRequest};

use super::Plan;
use crate::engine::Engine;

/// Hits asked of each question: more than the deepest metric counts, because several may be of one document.
const HITS: usize = 50;

/// Hits that an agent reads of an answer.
pub(super) const READ: usize = 5;

/// A set and what it is measured on.
pub(super) struct Trial<'a> {
    name: &'a str,
    engine: &'a Engine,
    library: Library,
    plan: &'a Plan,
    counts_tokens: bool,
}

impl<'a> Trial<'a> {
    pub(super) fn new(name: &'a str, engine: &'a Engine, plan: &'a Plan) -> Self {
        let library = engine.library("");
        Self {
            name,
            engine,
            library,
            plan,
            counts_tokens: true,
        }
    }

    /// The same without looking how long answers are, which takes longer than to search.
    pub(super) fn uncounted(mut self) -> Self {
        self.counts_tokens = false;
        self
    }

    /// The same with another fusion.
    pub(super) fn with_fusion(mut self, fusion: Fusion) -> Self {
        self.library = self.library.with_fusion(fusion);
        self
    }

    /// Asks the questions in each mode; `hits` makes of an answer what is judged.
    pub(super) async fn measure<F, Fut>(
        &self,
        questions: &[Question],
        description: &LibraryDescription,
        hits: F,
    ) -> Result<Vec<Row>>
    where
        F: Fn(SearchAnswer) -> Fut,
        Fut: Future<Output = Result<Vec<Ranked>, String>>,
    {
        let wanted = |question: &&Question| {
            self.plan
                .split
                .is_none_or(|split| question.split.is_none_or(|is| is == split))
        };

        let questions: Vec<Question> = questions.iter().filter(wanted).cloned().collect();
        ensure!(
            !questions.is_empty(),
            "{}: no question is of this split",
            self.name
        );

        let mut rows = Vec::with_capacity(self.plan.modes.len());
        for &mode in &self.plan.modes {
            let run = self.run(&questions, mode, &hits).await;
            for (question, reason) in run.failures() {
                eprintln!("{}: {:?} failed: {reason}", self.name, question.text);
            }

            if let Some(folder) = &self.plan.trec {
                self.write_run(folder, mode, &run)?;
            }

            rows.push(Row::new(
                self.name,
                mode.name(),
                &Scores::of(&run, description)?,
            ));
        }

        if let Some(folder) = &self.plan.trec {
            write(
                folder,
                &format!("{}.qrels", self.name),
                &mcdewey_eval::qrels(&questions),
            )?;
        }

        Ok(rows)
    }

    /// Asks the questions in one mode.
    pub(super) async fn run<'q, F, Fut>(
        &self,
        questions: &'q [Question],
        mode: Mode,
        hits: &F,
    ) -> Run<'q>
    where
        F: Fn(SearchAnswer) -> Fut,
        Fut: Future<Output = Result<Vec<Ranked>, String>>,
    {
        let search = |question| async move {
            let answer = self
                .library
                .search(&request(question, mode), &Visibility::Everything)
                .await;
            answer.map_err(|error| error.to_string())
        };

        let read = |answer: SearchAnswer| async move {
            let (confidence, declined) = (answer.confidence, answer.no_answer.is_some());
            let tokens = match self.counts_tokens {
                true => Some(
                    self.tokens(&answer)
                        .await
                        .map_err(|error| error.to_string())?,
                ),
                false => None,
            };

            let signals = answer
                .signals
                .as_ref()
                .map(|signals| signals.values().to_vec())
                .unwrap_or_default();

            Ok(Answer {
                hits: hits(answer).await?,
                confidence,
                declined,
                signals,
                tokens,
            })
        };

        mcdewey_eval::run(questions, search, read).await
    }

    /// How many of the model's tokens the texts of the first hits are.
    async fn tokens(&self, answer: &SearchAnswer) -> Result<usize> {
        let hits = answer.hits.iter().chain(&answer.unversioned).take(READ);
        let texts: Vec<String> = hits.map(|hit| hit.text.clone()).collect();
        let embed = self.engine.embed.clone();

        let count = move || {
            texts
                .iter()
                .map(|text| embed.tokens(text).map(|tokens| tokens.len()))
                .sum::<Result<usize, EmbedError>>()
        };

        Ok(tokio::task::spawn_blocking(count).await??)
    }

    fn write_run(&self, folder: &Path, mode: Mode, run: &Run<'_>) -> Result<()> {
        write(
            folder,
            &format!("{}.{}.run", self.name, mode.name()),
            &run.trec(mode.name()),
        )
    }
}

fn write(folder: &Path, name: &str, text: &str) -> Result<()> {
    let path = folder.join(name);
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&path, text))
        .with_context(|| format!("{} cannot be written", path.display()))
}

fn request(question: &Question, mode: Mode) -> SearchRequest {
    let filter = question.filter.clone();
    SearchRequest {
        q: question.text.clone(),
        mode,
        vendor: filter.vendor.into_iter().collect(),
        product: filter.product.into_iter().collect(),
        version: filter.version,
        guide: filter.guide.into_iter().collect(),
        limit: Some(HITS),
        explain: true,
        ..SearchRequest::default()
    }
}

/// The hits of an answer, each followed by the other documents that have the same passage.
pub(super) fn ranked(answer: SearchAnswer, id_of: impl Fn(&str) -> String) -> Vec<Ranked> {
    let hits = answer.hits.into_iter().chain(answer.unversioned);
    hits.flat_map(|hit| with_others(hit, &id_of)).collect()
}

fn with_others(hit: Hit, id_of: impl Fn(&str) -> String) -> Vec<Ranked> {
    let others: Vec<Ranked> = hit
        .also_in
        .iter()
        .map(|also| Ranked::document(id_of(&also.source)))
        .collect();

    let passage_hash = Some(Chunk::hashes(&hit.text).1);
    let shown = Ranked {
        document: id_of(&hit.source),
        product: hit.product,
        version: hit.version,
        page: hit.page,
        section: hit.section,
        headings: hit.headings,
        passage_hash,
        ranges: Vec::new(),
    };

    std::iter::once(shown).chain(others).collect()
}
