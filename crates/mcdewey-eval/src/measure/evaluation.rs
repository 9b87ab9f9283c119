//! Evaluates the search on one set, mode by mode.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use mcdewey_core::{Embed, EmbedError, LibraryDescription, Visibility};
use mcdewey_search::{Fusion, Hit, Library, Mode, QueryError, SearchRequest, SearchResults};

use super::Measure;
use crate::libraries::OpenLibrary;
use crate::phrase::Words;
use crate::{Answer, Question, RankedHit, ReportRow, Run, Scores};

/// The number of hits requested for each question: more than the deepest metric counts, because
/// several may be of one document.
const HITS_REQUESTED: usize = 50;

/// The number of hits of an answer that an agent reads.
pub(super) const HITS_READ: usize = 5;

/// A set and the search it is evaluated on.
pub(crate) struct Evaluation<'a> {
    name: &'a str,
    library: Library,
    embed: Arc<dyn Embed>,
    measure: &'a Measure<'a>,
    counts_tokens: bool,
}

impl<'a> Evaluation<'a> {
    /// Evaluates the search of an open library on the set of this name.
    pub(crate) fn new(name: &'a str, open: &dyn OpenLibrary, measure: &'a Measure<'a>) -> Self {
        Self::with_embedder(name, open, Arc::clone(open.embed()), measure)
    }

    /// Like [`Self::new`], but embeds questions with `embed`.
    pub(crate) fn with_embedder(
        name: &'a str,
        open: &dyn OpenLibrary,
        embed: Arc<dyn Embed>,
        measure: &'a Measure<'a>,
    ) -> Self {
        Self {
            name,
            library: open.library(Arc::clone(&embed)),
            embed,
            measure,
            counts_tokens: true,
        }
    }

    /// Does not count the tokens of answers, which takes longer than the search.
    pub(crate) fn without_token_counts(mut self) -> Self {
        self.counts_tokens = false;
        self
    }

    /// Combines dense and keyword results in this way instead of the configured one.
    pub(crate) fn with_fusion(mut self, fusion: Fusion) -> Self {
        self.library = self.library.with_fusion(fusion);
        self
    }

    /// Asks the questions in each mode. `hits` converts an answer into the hits that are scored.
    pub(crate) async fn measure<F, Fut>(
        &self,
        questions: &[Question],
        description: &LibraryDescription,
        hits: F,
    ) -> Result<Vec<ReportRow>>
    where
        F: Fn(SearchResults) -> Fut,
        Fut: Future<Output = Result<Vec<RankedHit>, String>>,
    {
        let questions: Vec<Question> = questions
            .iter()
            .filter(|question| self.is_selected(question))
            .cloned()
            .collect();
        ensure!(
            !questions.is_empty(),
            "{}: no question belongs to this split",
            self.name
        );

        let mut rows = Vec::with_capacity(self.measure.modes.len());
        for &mode in &self.measure.modes {
            let run = self.run(&questions, mode, &hits).await;
            for (question, reason) in run.failures() {
                let notice = format!("{}: {:?} failed: {reason}", self.name, question.text);
                (self.measure.notify)(&notice);
            }

            if let Some(folder) = &self.measure.trec {
                let file = format!("{}.{}.run", self.name, mode.name());
                write_file(folder, &file, &run.to_trec(mode.name()))?;
            }

            let scores = Scores::from_run(&run, description)?;
            rows.push(ReportRow::new(self.name, mode.name(), &scores));
        }

        if let Some(folder) = &self.measure.trec {
            let file = format!("{}.qrels", self.name);
            write_file(folder, &file, &crate::qrels(&questions))?;
        }

        Ok(rows)
    }

    /// Reports whether the question is asked: it belongs to the requested split or to none.
    fn is_selected(&self, question: &Question) -> bool {
        match (self.measure.split, question.split) {
            (Some(requested), Some(split)) => requested == split,
            _ => true,
        }
    }

    /// Asks the questions in one mode.
    pub(crate) async fn run<'q, F, Fut>(
        &self,
        questions: &'q [Question],
        mode: Mode,
        hits: &F,
    ) -> Run<'q>
    where
        F: Fn(SearchResults) -> Fut,
        Fut: Future<Output = Result<Vec<RankedHit>, String>>,
    {
        crate::run(
            questions,
            |question| self.search(question, mode),
            |answer| self.read(answer, hits),
        )
        .await
    }

    async fn search(&self, question: &Question, mode: Mode) -> Result<SearchResults, String> {
        let request = search_request(question, mode);
        let outcome = async {
            let snapshot = self.library.at(&Visibility::Everything).await?;
            snapshot.search(&request).await
        };

        outcome.await.map_err(|error: QueryError| error.to_string())
    }

    /// Converts a search answer into what is scored.
    async fn read<F, Fut>(&self, answer: SearchResults, hits: &F) -> Result<Answer, String>
    where
        F: Fn(SearchResults) -> Fut,
        Fut: Future<Output = Result<Vec<RankedHit>, String>>,
    {
        let (confidence, declined) = (answer.confidence, answer.no_answer.is_some());
        let tokens = if self.counts_tokens {
            let count = self.count_tokens(&answer).await;
            Some(count.map_err(|error| error.to_string())?)
        } else {
            None
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
    }

    /// Counts the model's tokens in the texts of the first hits.
    async fn count_tokens(&self, answer: &SearchResults) -> Result<usize> {
        let texts: Vec<String> = answer
            .hits
            .iter()
            .chain(&answer.unversioned)
            .take(HITS_READ)
            .map(|hit| hit.chunk.text.clone())
            .collect();

        let embed = Arc::clone(&self.embed);
        let count = tokio::task::spawn_blocking(move || {
            texts
                .iter()
                .map(|text| embed.token_ranges(text).map(|tokens| tokens.len()))
                .sum::<Result<usize, EmbedError>>()
        })
        .await??;

        Ok(count)
    }
}

fn write_file(folder: &Path, name: &str, text: &str) -> Result<()> {
    let path = folder.join(name);
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&path, text))
        .with_context(|| format!("cannot write {}", path.display()))
}

fn search_request(question: &Question, mode: Mode) -> SearchRequest {
    let filter = question.filter.clone();
    SearchRequest {
        q: question.text.clone(),
        mode,
        vendor: filter.vendor.into_iter().collect(),
        product: filter.product.into_iter().collect(),
        version: filter.version,
        guide: filter.guide.into_iter().collect(),
        limit: Some(HITS_REQUESTED),
        explain: true,
        ..SearchRequest::default()
    }
}

/// Returns the hits of an answer, each followed by the other documents that contain the same chunk.
pub(crate) fn ranked_hits(
    answer: SearchResults,
    document_id: impl Fn(&str) -> String,
) -> Vec<RankedHit> {
    answer
        .hits
        .into_iter()
        .chain(answer.unversioned)
        .flat_map(|hit| expand_duplicates(hit, &document_id))
        .collect()
}

fn expand_duplicates(hit: Hit, document_id: impl Fn(&str) -> String) -> Vec<RankedHit> {
    let duplicates: Vec<RankedHit> = hit
        .also_in
        .iter()
        .map(|also| RankedHit::document(document_id(also.candidate.document.source.as_str())))
        .collect();

    let chunk = hit.chunk;
    let document = &chunk.document;
    let shown = RankedHit {
        document: document_id(document.source.as_str()),
        passage_hash: Some(chunk.passage_hash),
        product: document.facets.product.clone(),
        version: document.facets.version_label(),
        page: chunk.page.physical_page(),
        section: chunk.page.section_slug().map(str::to_owned),
        headings: chunk.headings,
        ranges: Vec::new(),
        words: Some(Words::of(&chunk.text)),
    };

    std::iter::once(shown).chain(duplicates).collect()
}
