//! `mcdewey eval`: labelled questions put to the search, mode by mode. A folder is a set in BEIR form, indexed for the
//! occasion; a file holds judgments over the library of the settings.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use mcdewey_core::{Chunk, LibraryDescription, RootName, Visibility};
use mcdewey_eval::{BeirSet, JudgmentSet, Question, Ranked, Report, Row, Scores};
use mcdewey_ingest::{Ingester, Root};
use mcdewey_query::{Hit, Library, Mode, SearchRequest};

use crate::cli::EvalArgs;
use crate::engine::Engine;
use crate::progress::SyncDisplay;
use crate::settings::Settings;
use crate::terminal;

/// Hits asked of each question: more than the deepest metric counts, because several may be of one document.
const HITS: usize = 50;

pub(crate) async fn run(settings: Settings, args: EvalArgs) -> Result<ExitCode> {
    let modes: Vec<Mode> =
        if args.mode.is_empty() { Mode::ALL.to_vec() } else { args.mode.iter().map(|mode| (*mode).into()).collect() };
    let mut report = Report { rows: Vec::new() };
    for set in &args.sets {
        let rows = if set.is_dir() {
            beir(&settings, set, args.keep.as_deref(), &modes).await?
        } else {
            judgments(&settings, set, &modes).await?
        };
        report.rows.extend(rows);
    }
    let text = if args.json { terminal::json(&report)? } else { report.table() };
    terminal::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

async fn judgments(settings: &Settings, file: &Path, modes: &[Mode]) -> Result<Vec<Row>> {
    let set = JudgmentSet::read(file)?;
    let engine = Engine::open(settings).await.context("judgments are measured on the library of the settings")?;
    ensure!(engine.index.state().await?.documents > 0, "the library is empty; run `mcdewey ingest` first");
    let description = engine.index.description().await?;
    let library = Library::new(engine.index.clone(), engine.embed.clone(), "");
    let trial = Trial { name: &set.name, library: &library, description: &description, modes };
    trial.measure(&set.questions(), |source| source.to_owned()).await
}

async fn beir(settings: &Settings, folder: &Path, keep: Option<&Path>, modes: &[Mode]) -> Result<Vec<Row>> {
    let set = BeirSet::read(folder)?;
    set.notices.iter().for_each(|notice| eprintln!("{}: {notice}", set.name));
    let temporary = tempfile::tempdir()?;
    let place = keep.map_or_else(|| temporary.path().to_owned(), |keep| keep.join(&set.name));
    let corpus = place.join("corpus");
    let ids = write_corpus(&set, &corpus)?;
    let engine = Engine::open(&Settings { data_dir: place.join("data"), qdrant: None, ..settings.clone() }).await?;
    let display = SyncDisplay::new();
    let ingester = Ingester::new(engine.index.clone(), engine.embed.clone());
    let root = Root::new(RootName::default(), corpus);
    let report = ingester.sync(&[root], &|progress| display.show(&progress)).await?;
    display.finish();
    for skipped in &report.skipped {
        let id = ids.get(&skipped.path).map_or(skipped.path.as_str(), String::as_str);
        eprintln!("{}: document {id} is left out: {}", set.name, skipped.reason);
    }
    let library = Library::new(engine.index.clone(), engine.embed.clone(), "");
    let id_of = |source: &str| ids.get(source).cloned().unwrap_or_else(|| source.to_owned());
    let trial = Trial { name: &set.name, library: &library, description: &LibraryDescription::default(), modes };
    trial.measure(&set.questions, id_of).await
}

/// Writes a set's documents as files; gives the id for each source.
fn write_corpus(set: &BeirSet, folder: &Path) -> Result<HashMap<String, String>> {
    std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be written", folder.display()))?;
    let mut ids = HashMap::with_capacity(set.documents.len());
    for (number, document) in set.documents.iter().enumerate() {
        let name = format!("{number:06}.md");
        let path: PathBuf = folder.join(&name);
        // A title in JSON's quotes is a title in YAML's.
        let title = serde_json::to_string(&document.title)?;
        let text = format!("---\ntitle: {title}\n---\n\n{}\n", document.text);
        std::fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
        ids.insert(name, document.id.clone());
    }
    Ok(ids)
}

/// A set and what it is measured on.
struct Trial<'a> {
    name: &'a str,
    library: &'a Library,
    description: &'a LibraryDescription,
    modes: &'a [Mode],
}

impl Trial<'_> {
    async fn measure(&self, questions: &[Question], id_of: impl Fn(&str) -> String) -> Result<Vec<Row>> {
        let mut rows = Vec::with_capacity(self.modes.len());
        for mode in self.modes {
            let (id_of, mode) = (&id_of, *mode);
            let run = mcdewey_eval::run(questions, |question| async move {
                let answer = self.library.search(&request(question, mode), &Visibility::Everything).await;
                let answer = answer.map_err(|error| error.to_string())?;
                let hits = answer.hits.into_iter().chain(answer.unversioned);
                Ok(hits.flat_map(|hit| ranked(hit, id_of)).collect())
            })
            .await;
            for (question, reason) in run.failures() {
                eprintln!("{}: {:?} failed: {reason}", self.name, question.text);
            }
            rows.push(Row::new(self.name, mode.name(), &Scores::of(&run, self.description)?));
        }
        Ok(rows)
    }
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
        ..SearchRequest::default()
    }
}

/// The hit, then the other documents that have the same passage.
fn ranked(hit: Hit, id_of: impl Fn(&str) -> String) -> Vec<Ranked> {
    let others: Vec<Ranked> = hit.also_in.iter().map(|also| Ranked::document(id_of(&also.source))).collect();
    let passage_hash = Some(Chunk::hashes(&hit.text).1);
    let shown = Ranked {
        document: id_of(&hit.source),
        product: hit.product,
        version: hit.version,
        page: hit.page,
        section: hit.section,
        headings: hit.headings,
        passage_hash,
    };
    std::iter::once(shown).chain(others).collect()
}
