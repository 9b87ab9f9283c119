//! `mcdewey doctor`: whether model, library and rules are as they should be. Changes nothing; fails when something is
//! broken.

mod disk;
mod written;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use mcdewey_core::{IndexError, Visibility};
use mcdewey_embed::CrossEncoder;
use mcdewey_ingest::{Coverage, Findings, Root, Survey, resolve_root, survey};
use mcdewey_query::LibraryAnswer;
use mcdewey_store::{GenerationStatus, Generations};
use serde::Serialize;

use super::convert;
use crate::access::{self, AccessSummary};
use crate::cli::DoctorArgs;
use crate::engine::Engine;
use crate::owner::RunningOwner;
use crate::rerank::RerankSettings;
use crate::settings::Settings;
use crate::terminal;
use disk::DiskCheck;

/// What was looked at.
#[derive(Debug, Serialize)]
struct Checkup {
    data_dir: String,
    /// The Qdrant server that holds the library instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    qdrant: Option<String>,
    disk: DiskCheck,
    owner: Option<OwnerCheck>,
    /// Whether keys are required, and how many there are.
    access: Check<AccessSummary>,
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
    /// Documents that hold nothing to find: stubs, pictures.
    without_passages: Vec<String>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    findings: Option<Findings>,
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
    let text = if args.json {
        terminal::json(&checkup)?
    } else {
        written::checkup(&checkup)
    };

    terminal::print(&text)?;
    let broken = matches!(checkup.library, Check::Broken(_))
        || matches!(checkup.access, Check::Broken(_))
        || matches!(checkup.generations, Check::Broken(_))
        || matches!(checkup.reranker, Some(Check::Broken(_)))
        || checkup
            .roots
            .iter()
            .any(|root| matches!(root.rules, Check::Broken(_)));

    Ok(if broken {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

async fn look(settings: &Settings) -> Checkup {
    let found = RunningOwner::find(settings);
    let owner = found.as_ref().ok().and_then(Option::as_ref);
    let owner = owner.map(|owner| OwnerCheck {
        pid: owner.pid,
        address: owner.address.clone(),
    });
    let reranker = settings.rerank.as_ref().map(look_at_reranker);

    let library = match found {
        Ok(Some(owner)) => ask_owner(owner).await.into(),
        Ok(None) if settings.qdrant.is_none() && is_empty(&settings.data_dir) => Check::Missing(
            "there is no library yet; run `mcdewey ingest` or `mcdewey serve`".to_owned(),
        ),
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
        disk: disk::look(&settings.data_dir),
        qdrant,
        owner,
        access: access::summary(settings)
            .map_or_else(|error| Check::Broken(format!("{error:#}")), Check::Ok),
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
                without_passages: without_passages(&library),
            }),
            Err(error) => Self::Broken(format!("{error:#}")),
        }
    }
}

fn without_passages(library: &LibraryAnswer) -> Vec<String> {
    let versions = library
        .vendors
        .iter()
        .flat_map(|vendor| &vendor.products)
        .flat_map(|product| &product.versions);

    let documents = versions
        .flat_map(|version| &version.guides)
        .flat_map(|guide| &guide.documents);

    let mut found: Vec<String> = documents
        .filter(|document| document.chunks == 0)
        .map(|document| document.source.clone())
        .collect();

    // A document for several releases stands under each.
    found.sort_unstable();
    found.dedup();
    found
}

impl From<Result<Vec<GenerationStatus>, IndexError>> for Check<Vec<GenerationStatus>> {
    fn from(found: Result<Vec<GenerationStatus>, IndexError>) -> Self {
        found.map_or_else(|error| Self::Broken(error.to_string()), Self::Ok)
    }
}

/// Opening an empty folder would make a library in it.
fn is_empty(folder: &Path) -> bool {
    folder
        .read_dir()
        .is_ok_and(|mut entries| entries.next().is_none())
        || !folder.exists()
}

async fn ask_owner(owner: RunningOwner) -> Result<LibraryAnswer> {
    tokio::task::spawn_blocking(move || owner.library()).await?
}

async fn open_here(settings: &Settings) -> Result<LibraryAnswer> {
    // A reranker that lacks something is reported by itself.
    let rerank = settings
        .rerank
        .clone()
        .filter(|rerank| CrossEncoder::check(&rerank.dir).is_ok());

    let engine = Engine::open(&Settings {
        rerank,
        ..settings.clone()
    })
    .await?;

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
    let converter = convert::converter().ok();
    let (rules, findings) = match survey(root, converter.as_deref()) {
        Ok(Survey { rules, findings }) => (Check::Ok(rules), Some(findings)),
        Err(error) => (Check::Broken(error.to_string()), None),
    };

    RootCheck {
        name: root.name.to_string(),
        path: root.path.display().to_string(),
        rules,
        findings,
    }
}
