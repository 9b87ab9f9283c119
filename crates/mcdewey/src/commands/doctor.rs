//! `mcdewey doctor`: checks model, library, access and rules, and fails if something is broken. Changes
//! nothing, except that a damaged library is repaired as far as that is possible when it is opened.

mod disk;
mod report;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Error, Result};
use disk::DiskCheck;
use mcdewey_auth::startup::{AccessSummary, summary};
use mcdewey_core::{DamagedDocument, IndexError, Visibility};
use mcdewey_embed::CrossEncoder;
use mcdewey_ingest::{Coverage, Findings, Root, Survey, resolve_root, survey};
use mcdewey_provision::{PdfiumSettings, find_pdfium, find_reranker};
use mcdewey_query::wire::LibraryAnswer;
use mcdewey_runtime::{Engine, EngineConfig, OwnerClient, RerankConfig, RestRequest};
use mcdewey_store::{GenerationStatus, Generations};
use serde::Serialize;

use crate::cli::DoctorArgs;
use crate::converters::converter;
use crate::engine_config::{engine_config, location, notify_on_stderr};
use crate::settings::Settings;
use crate::terminal;

/// How often `--deep` asks a running server whether everything was compared.
const VERIFIED_POLL_INTERVAL: Duration = Duration::from_millis(500);

/// Everything that was checked, also printed as JSON.
#[derive(Debug, Serialize)]
struct DoctorReport {
    data_dir: String,
    /// The collection and the server, for a library on a Qdrant server.
    #[serde(skip_serializing_if = "Option::is_none")]
    qdrant: Option<String>,
    disk: DiskCheck,
    owner: Option<OwnerCheck>,
    access: Check<AccessSummary>,
    library: Check<LibraryCheck>,
    /// The generations in the data directory: the live one, those being built, those kept for a
    /// rollback.
    generations: Check<Vec<GenerationStatus>>,
    /// Present if a reranker is configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    reranker: Option<Check<RerankerCheck>>,
    pdfium: Check<PdfiumCheck>,
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
    /// Sources of documents without a chunk, such as those that consist of images, sorted.
    without_passages: Vec<String>,
    /// Whether what is stored was compared with its checksums.
    verified: bool,
    /// How many documents are left out because what is stored of them is damaged.
    damaged: u64,
    /// Which these are, and why, if no server owns the library.
    damaged_documents: Vec<DamagedDocument>,
}

#[derive(Debug, Serialize)]
struct RerankerCheck {
    dir: String,
    /// The time that reading may take; if it would take longer, fewer hits are read.
    deadline_ms: Option<u128>,
    depth: usize,
}

#[derive(Debug, Serialize)]
struct PdfiumCheck {
    library: String,
}

#[derive(Debug, Serialize)]
struct RootCheck {
    name: String,
    path: String,
    rules: Check<Coverage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    findings: Option<Findings>,
}

/// The result of a check, or why there is none.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Check<T> {
    Ok(T),
    /// Nothing to check, which is not a failure.
    Missing(String),
    Broken(String),
}

pub(crate) async fn run(settings: &Settings, args: &DoctorArgs) -> Result<ExitCode> {
    let report = inspect(settings, args.deep).await;
    let text = if args.json {
        terminal::json(&report)?
    } else {
        report::format_report(&report)
    };
    terminal::print(&text)?;

    Ok(if report.has_failures() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

impl DoctorReport {
    fn has_failures(&self) -> bool {
        self.library.is_broken()
            || matches!(&self.library, Check::Ok(library) if library.damaged > 0)
            || self.access.is_broken()
            || self.generations.is_broken()
            || self.reranker.as_ref().is_some_and(Check::is_broken)
            || self.pdfium.is_broken()
            || self.roots.iter().any(|root| root.rules.is_broken())
    }
}

impl<T> Check<T> {
    fn is_broken(&self) -> bool {
        matches!(self, Self::Broken(_))
    }
}

async fn inspect(settings: &Settings, deep: bool) -> DoctorReport {
    let found = OwnerClient::find(&location(settings));
    let owner = found.as_ref().ok().and_then(Option::as_ref);
    let owner = owner.map(|owner| OwnerCheck {
        pid: owner.pid,
        address: owner.address.clone(),
    });

    let library = match found {
        Ok(Some(owner)) => query_owner(owner, deep).await.into(),
        Ok(None) if settings.qdrant.is_none() && is_empty_or_missing(&settings.data_dir) => {
            Check::Missing(
                "there is no library yet; run `mcdewey ingest` or `mcdewey serve`".to_owned(),
            )
        }
        Ok(None) => open_locally(settings, deep).await,
        // An ingest is running. Its result can be checked afterwards, so this is not a failure.
        Err(error) => Check::Missing(format!("{error:#}")),
    };

    let (configured, pdfium) = (settings.roots.clone(), settings.pdfium.clone());
    let roots = tokio::task::spawn_blocking(move || {
        // A resolved root excludes the other roots inside it.
        let roots = resolve_root(&configured, None).unwrap_or(configured);
        roots.iter().map(|root| check_root(root, &pdfium)).collect()
    })
    .await;

    DoctorReport {
        data_dir: settings.data_dir.display().to_string(),
        disk: DiskCheck::measure(&settings.data_dir),
        qdrant: settings
            .qdrant
            .as_ref()
            .map(|_| location(settings).to_string()),
        owner,
        access: check_access(settings),
        library,
        generations: Generations::list(&settings.data_dir).into(),
        reranker: settings.rerank.as_ref().map(check_reranker),
        pdfium: check_pdfium(&settings.pdfium),
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
                verified: !library.unverified,
                damaged: library.damaged,
                damaged_documents: Vec::new(),
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

    // A document for several versions is listed under each of them.
    found.sort_unstable();
    found.dedup();
    found
}

impl From<Result<Vec<GenerationStatus>, IndexError>> for Check<Vec<GenerationStatus>> {
    fn from(generations: Result<Vec<GenerationStatus>, IndexError>) -> Self {
        generations.map_or_else(|error| Self::Broken(error.to_string()), Self::Ok)
    }
}

/// Reports whether a folder is empty or missing. Such a folder is not opened, because that would
/// create a library in it.
fn is_empty_or_missing(folder: &Path) -> bool {
    folder
        .read_dir()
        .is_ok_and(|mut entries| entries.next().is_none())
        || !folder.exists()
}

async fn query_owner(owner: OwnerClient, deep: bool) -> Result<LibraryAnswer> {
    tokio::task::spawn_blocking(move || {
        loop {
            let library: LibraryAnswer = owner.ask(RestRequest::get("/api/v1/library"))?;
            if !deep || !library.unverified {
                return Ok(library);
            }
            std::thread::sleep(VERIFIED_POLL_INTERVAL);
        }
    })
    .await?
}

async fn open_locally(settings: &Settings, deep: bool) -> Check<LibraryCheck> {
    let opened = read_locally(settings, deep).await;
    let (library, damaged_documents) = match opened {
        Ok((library, damaged)) => (Ok(library), damaged),
        Err(error) => (Err(error), Vec::new()),
    };

    match library.into() {
        Check::Ok(check) => Check::Ok(LibraryCheck {
            damaged_documents,
            ..check
        }),
        other => other,
    }
}

/// Reads the library; with `deep`, once everything stored was compared with its checksums.
async fn read_locally(
    settings: &Settings,
    deep: bool,
) -> Result<(LibraryAnswer, Vec<DamagedDocument>)> {
    // An incomplete reranker is reported separately and must not hide the state of the library.
    let rerank = settings
        .rerank
        .clone()
        .filter(|rerank| matches!(check_reranker(rerank), Check::Ok(_)));

    let config = EngineConfig {
        rerank,
        ..engine_config(settings)?
    };
    let engine = Engine::open(config).await?;

    engine.ensure_complete()?;
    let library = engine.library();
    library.ready().await?;
    if deep {
        engine.wait_until_verified().await?;
    }

    let damaged = engine.damaged_documents().await?;
    let snapshot = library.at(&Visibility::Everything).await?;
    let tree = snapshot.tree().await?;
    Ok((LibraryAnswer::new(tree, snapshot.state(), ""), damaged))
}

fn check_access(settings: &Settings) -> Check<AccessSummary> {
    summary(&settings.access, settings.listen).map_or_else(
        |error| Check::Broken(format!("{:#}", Error::from(error))),
        Check::Ok,
    )
}

fn check_reranker(rerank: &RerankConfig) -> Check<RerankerCheck> {
    let dir = match find_reranker(&rerank.model) {
        Ok(Some(dir)) => dir,
        Ok(None) => {
            return Check::Missing(
                "it is downloaded when the library is opened, or by `mcdewey models --fetch`"
                    .to_owned(),
            );
        }
        Err(error) => return Check::Broken(error.to_string()),
    };

    match CrossEncoder::check(&dir) {
        Ok(()) => Check::Ok(RerankerCheck {
            dir: dir.display().to_string(),
            deadline_ms: rerank.limits.time.map(|time| time.as_millis()),
            depth: rerank.limits.depth,
        }),
        Err(error) => Check::Broken(error.to_string()),
    }
}

/// Looks for PDFium without downloading it.
fn check_pdfium(settings: &PdfiumSettings) -> Check<PdfiumCheck> {
    match find_pdfium(settings) {
        Ok(Some(library)) => Check::Ok(PdfiumCheck {
            library: library.display().to_string(),
        }),
        Ok(None) => Check::Missing(
            "it is downloaded when the first PDF file is read, or by `mcdewey models --fetch`"
                .to_owned(),
        ),
        Err(error) => Check::Broken(error.to_string()),
    }
}

fn check_root(root: &Root, pdfium: &PdfiumSettings) -> RootCheck {
    let converter = converter(pdfium, notify_on_stderr()).ok();
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
