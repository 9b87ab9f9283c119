//! `mcdewey doctor`: whether model, library and rules are as they should be. Changes nothing; fails when something is
//! broken.

use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use mcdewey_core::{IndexError, Visibility};
use mcdewey_embed::CrossEncoder;
use mcdewey_ingest::{Coverage, Root, coverage, resolve_root};
use mcdewey_query::LibraryAnswer;
use mcdewey_store::{GenerationStatus, Generations};
use serde::Serialize;

use crate::cli::DoctorArgs;
use crate::engine::Engine;
use crate::owner::RunningOwner;
use crate::rerank::RerankSettings;
use crate::settings::Settings;
use crate::terminal;

/// Disagreements of path and title that are listed one by one; the JSON has them all.
const LISTED: usize = 10;

/// What was looked at.
#[derive(Debug, Serialize)]
struct Checkup {
    data_dir: String,
    /// The Qdrant server that holds the library instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    qdrant: Option<String>,
    owner: Option<OwnerCheck>,
    library: Check<LibraryCheck>,
    /// The generations in the data directory: what answers, what is built, what is kept for a rollback.
    generations: Check<Vec<GenerationStatus>>,
    /// Where there is to be a reranker: its folder and what it is allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    reranker: Option<Check<RerankerCheck>>,
    roots: Vec<RootCheck>,
}

#[derive(Debug, Serialize)]
struct OwnerCheck {
    pid: u32,
    address: String,
}

#[derive(Debug, Serialize)]
struct LibraryCheck {
    documents: u64,
    pages: u64,
    chunks: u64,
    generation: String,
    revision: u64,
}

#[derive(Debug, Serialize)]
struct RerankerCheck {
    dir: String,
    deadline_ms: u128,
    depth: usize,
}

#[derive(Debug, Serialize)]
struct RootCheck {
    name: String,
    path: String,
    rules: Check<Coverage>,
}

/// A finding, or why there is none.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Check<T> {
    Ok(T),
    Missing(String),
    Broken(String),
}

pub(crate) async fn run(settings: &Settings, args: &DoctorArgs) -> Result<ExitCode> {
    let checkup = look(settings).await;
    let text = if args.json { terminal::json(&checkup)? } else { written(&checkup) };
    terminal::print(&text)?;
    let broken = matches!(checkup.library, Check::Broken(_))
        || matches!(checkup.generations, Check::Broken(_))
        || matches!(checkup.reranker, Some(Check::Broken(_)))
        || checkup.roots.iter().any(|root| matches!(root.rules, Check::Broken(_)));
    Ok(if broken { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn look(settings: &Settings) -> Checkup {
    let found = RunningOwner::find(settings);
    let owner = found.as_ref().ok().and_then(Option::as_ref);
    let owner = owner.map(|owner| OwnerCheck { pid: owner.pid, address: owner.address.clone() });
    let reranker = settings.rerank.as_ref().map(look_at_reranker);
    let library = match found {
        Ok(Some(owner)) => ask_owner(owner).await.into(),
        Ok(None) if settings.qdrant.is_none() && is_empty(&settings.data_dir) => {
            Check::Missing("there is no library yet; run `mcdewey ingest` or `mcdewey serve`".to_owned())
        }
        Ok(None) => open_here(settings).await.into(),
        // An ingest is at work; what it leaves can be looked at afterwards.
        Err(error) => Check::Missing(format!("{error:#}")),
    };
    let generations = Generations::look(&settings.data_dir).into();
    let configured = settings.roots.clone();
    // Resolved, each root leaves out the others that lie in it.
    let look = move || {
        let roots = resolve_root(&configured, None).unwrap_or(configured);
        roots.iter().map(look_at_root).collect()
    };
    let roots = tokio::task::spawn_blocking(look).await;
    let qdrant = settings.qdrant.as_ref().map(|_| settings.library_place());
    Checkup {
        data_dir: settings.data_dir.display().to_string(),
        qdrant,
        owner,
        library,
        generations,
        reranker,
        roots: roots.unwrap_or_default(),
    }
}

impl From<Result<LibraryAnswer>> for Check<LibraryCheck> {
    fn from(answer: Result<LibraryAnswer>) -> Self {
        match answer {
            Ok(library) => Self::Ok(LibraryCheck {
                documents: library.documents,
                pages: library.pages,
                chunks: library.chunks,
                generation: library.generation.to_string(),
                revision: library.revision.0,
            }),
            Err(error) => Self::Broken(format!("{error:#}")),
        }
    }
}

impl From<Result<Vec<GenerationStatus>, IndexError>> for Check<Vec<GenerationStatus>> {
    fn from(found: Result<Vec<GenerationStatus>, IndexError>) -> Self {
        found.map_or_else(|error| Self::Broken(error.to_string()), Self::Ok)
    }
}

/// Opening an empty folder would make a library in it.
fn is_empty(folder: &Path) -> bool {
    folder.read_dir().is_ok_and(|mut entries| entries.next().is_none()) || !folder.exists()
}

async fn ask_owner(owner: RunningOwner) -> Result<LibraryAnswer> {
    tokio::task::spawn_blocking(move || owner.library()).await?
}

async fn open_here(settings: &Settings) -> Result<LibraryAnswer> {
    // A reranker that lacks something is reported by itself.
    let rerank = settings.rerank.clone().filter(|rerank| CrossEncoder::check(&rerank.dir).is_ok());
    let engine = Engine::open(&Settings { rerank, ..settings.clone() }).await?;
    engine.refuse_half_built()?;
    let library = engine.library("");
    library.ready().await?;
    Ok(library.library(&Visibility::Everything).await?)
}

fn look_at_reranker(rerank: &RerankSettings) -> Check<RerankerCheck> {
    match CrossEncoder::check(&rerank.dir) {
        Ok(()) => Check::Ok(RerankerCheck {
            dir: rerank.dir.display().to_string(),
            deadline_ms: rerank.deadline.as_millis(),
            depth: rerank.depth,
        }),
        Err(error) => Check::Broken(error.to_string()),
    }
}

fn look_at_root(root: &Root) -> RootCheck {
    let rules = match coverage(root) {
        Ok(coverage) => Check::Ok(coverage),
        Err(error) => Check::Broken(error.to_string()),
    };
    RootCheck { name: root.name.to_string(), path: root.path.display().to_string(), rules }
}

fn written(checkup: &Checkup) -> String {
    let mut out = String::new();
    let _ = match &checkup.qdrant {
        Some(place) => writeln!(out, "Qdrant collection {place}"),
        None => writeln!(out, "data directory {}", checkup.data_dir),
    };
    if let Some(owner) = &checkup.owner {
        let _ = writeln!(out, "owned by process {} at {}", owner.pid, owner.address);
    }
    let _ = match &checkup.library {
        Check::Ok(LibraryCheck { documents, pages, chunks, generation, revision }) => writeln!(
            out,
            "library: {documents} documents, {pages} pages, {chunks} passages; generation {generation}, revision {revision}"
        ),
        Check::Missing(reason) => writeln!(out, "library: {reason}"),
        Check::Broken(reason) => writeln!(out, "library is broken: {reason}"),
    };
    write_generations(&mut out, &checkup.generations);
    match &checkup.reranker {
        Some(Check::Ok(RerankerCheck { dir, deadline_ms, depth })) => {
            let _ = writeln!(out, "reranker {dir}: orders the first {depth} hits, given up after {deadline_ms} ms");
        }
        Some(Check::Missing(reason) | Check::Broken(reason)) => {
            let _ = writeln!(out, "reranker is broken: {reason}");
        }
        None => {}
    }
    for root in &checkup.roots {
        let _ = writeln!(out, "root {} at {}", root.name, root.path);
        match &root.rules {
            Check::Ok(coverage) => write_coverage(&mut out, coverage),
            Check::Missing(reason) | Check::Broken(reason) => {
                let _ = writeln!(out, "  broken: {reason}");
            }
        }
    }
    out
}

fn write_generations(out: &mut String, generations: &Check<Vec<GenerationStatus>>) {
    let generations = match generations {
        Check::Ok(generations) => generations,
        Check::Missing(reason) | Check::Broken(reason) => {
            let _ = writeln!(out, "the generations cannot be listed: {reason}");
            return;
        }
    };
    for one in generations {
        let pinned = if one.pinned { ", pinned" } else { "" };
        let model = one.model.as_deref().unwrap_or("an unknown model");
        let _ = writeln!(
            out,
            "generation {}: {}{pinned}; {} documents, {} passages, {:.1} MB, {} old, {model}",
            one.generation,
            one.state,
            one.documents,
            one.chunks,
            one.bytes as f64 / 1e6,
            age(one.age_seconds),
        );
        if let Some(reason) = &one.unusable {
            let _ = writeln!(out, "  it cannot be opened: {reason}");
        }
    }
}

/// The largest unit that fits.
fn age(seconds: u64) -> String {
    match seconds {
        ..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn write_coverage(out: &mut String, coverage: &Coverage) {
    let Coverage { documents, without_product, unversioned, disagreements, .. } = coverage;
    let _ =
        writeln!(out, "  {documents} documents, {unversioned} without a release, {without_product} without a product");
    for rule in &coverage.rules {
        let _ = writeln!(out, "  {}: {} documents", rule.rule, rule.documents);
    }
    for one in disagreements.iter().take(LISTED) {
        let _ = writeln!(out, "  {}: the path says {}, the title {}", one.path, one.path_version, one.title_version);
    }
    if disagreements.len() > LISTED {
        let _ = writeln!(out, "  … and {} more whose path and title disagree", disagreements.len() - LISTED);
    }
}
