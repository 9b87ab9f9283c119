//! Measures everything in an ingest except the model, over a generated shelf: how many files, pages
//! and tokens a second, where the time goes, and what a second run over the unchanged shelf takes.
//!
//!     cargo bench --bench reading -- --sources FOLDER [--documents 14000] [--megabytes 500]
//!         [--pdfs FOLDER] [--pdf-files 300] [--seed 1] [--shelf FOLDER] [--program]
//!
//! Text is cut by the model's own tokenizer, but vectors are made up and have four numbers. With
//! `--program`, the real program ingests the shelf, with the model. `--shelf` keeps the generated
//! files for the next run. Without `--sources`, the text is that of the sample library.

#![expect(clippy::print_stdout, reason = "the figures are for the terminal")]

mod shelf;

use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::OsString;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use mcdewey_convert::{ConvertLimits, IsolatedConverter, NativeLibraries};
use mcdewey_core::{
    ContentHash, Convert, ConvertError, ConvertedDocument, Embed, EmbedError, Format, Index,
    ModelInfo, QuestionEmbedding, RootName, SyncReport,
};
use mcdewey_embed::{EmbedderOptions, OnnxEmbedder};
use mcdewey_ingest::{CHUNKER, Ingester, Root};
use mcdewey_provision::{ModelSettings, PdfiumSettings, provision, provision_pdfium};
use mcdewey_store::{EmbeddedIndex, EmbeddedOptions, VectorStorage};
use shelf::{ShelfSettings, write_shelf};
use tokio::runtime::Runtime;

/// The program whose conversions run in child processes, and that `--program` measures.
const PROGRAM: &str = env!("CARGO_BIN_EXE_mcdewey");

/// Numbers in a made-up vector.
const DIMENSIONS: usize = 4;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static ALLOCATED: AtomicU64 = AtomicU64::new(0);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

/// Counts what is allocated.
struct Counting;

// SAFETY: all calls are passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size() as u64, Ordering::Relaxed);
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATED.fetch_add(size as u64, Ordering::Relaxed);
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// Time spent in a part of the work, by all threads together.
struct Clock(AtomicU64);

static CONVERTING: Clock = Clock(AtomicU64::new(0));
static TOKENISING: Clock = Clock(AtomicU64::new(0));
static TOKENISED_BYTES: AtomicU64 = AtomicU64::new(0);

impl Clock {
    fn time<T>(&self, work: impl FnOnce() -> T) -> T {
        let started = Instant::now();
        let result = work();
        let elapsed = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.0.fetch_add(elapsed, Ordering::Relaxed);
        result
    }

    /// Returns the time since the last call.
    fn take(&self) -> Duration {
        Duration::from_nanos(self.0.swap(0, Ordering::Relaxed))
    }
}

/// The options of the command line.
struct Options {
    settings: ShelfSettings,
    shelf: Option<PathBuf>,
    program: bool,
}

impl Options {
    fn from_arguments() -> Self {
        let mut options = Self {
            settings: ShelfSettings {
                sources: repository().join("corpus"),
                documents: 14_000,
                bytes: 500_000_000,
                pdfs: None,
                pdf_files: 300,
                seed: 1,
            },
            shelf: None,
            program: false,
        };

        let mut arguments = std::env::args_os().skip(1);
        while let Some(flag) = arguments.next() {
            let mut value = || {
                arguments
                    .next()
                    .unwrap_or_else(|| panic!("{} needs a value", flag.display()))
            };
            match flag.to_str() {
                // Added by cargo.
                Some("--bench") => {}
                Some("--sources") => options.settings.sources = value().into(),
                Some("--documents") => options.settings.documents = number(value()),
                Some("--megabytes") => options.settings.bytes = number(value()) * 1_000_000,
                Some("--pdfs") => options.settings.pdfs = Some(value().into()),
                Some("--pdf-files") => options.settings.pdf_files = number(value()),
                Some("--seed") => options.settings.seed = number(value()) as u64,
                Some("--shelf") => options.shelf = Some(value().into()),
                Some("--program") => options.program = true,
                _ => panic!("unknown option {}", flag.display()),
            }
        }
        options
    }
}

fn number(value: OsString) -> usize {
    let value = value.to_string_lossy();
    value
        .parse()
        .unwrap_or_else(|_| panic!("{value} is not a number"))
}

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn main() {
    let options = Options::from_arguments();
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let shelf = options
        .shelf
        .unwrap_or_else(|| temporary.path().join("shelf"));
    prepare_shelf(&shelf, &options.settings);

    let data = temporary.path().join("data");
    if options.program {
        for run in ["first", "unchanged"] {
            let report = run_program(&shelf, &data);
            print_report(run, &report);
        }
    } else {
        ingest(&shelf, &data);
    }
}

/// Generates the shelf unless the folder has it from an earlier run.
fn prepare_shelf(shelf: &Path, settings: &ShelfSettings) {
    // Hidden, so that it is no file of the shelf.
    let marker = shelf.join(".settings");
    let expected = format!("{settings:?}");
    match std::fs::read_to_string(&marker) {
        Ok(found) if found == expected => return,
        Ok(_) => panic!("{} was generated with other settings", shelf.display()),
        Err(_) => {}
    }

    let started = Instant::now();
    write_shelf(shelf, settings).expect("a shelf");
    std::fs::write(marker, expected).expect("a file");
    println!(
        "shelf: {} documents of {} MB generated in {:.1} s",
        settings.documents,
        settings.bytes / 1_000_000,
        started.elapsed().as_secs_f64()
    );
}

/// Ingests the shelf in this process, without the model.
fn ingest(shelf: &Path, data: &Path) {
    let cache_dir = repository().join("models");
    let settings = ModelSettings {
        cache_dir: cache_dir.clone(),
        ..ModelSettings::default()
    };
    let provisioned = provision(&settings, &|step| eprintln!("{step}")).expect("a model");
    let model = OnnxEmbedder::start(&provisioned, EmbedderOptions::default()).expect("a model");
    let embed: Arc<dyn Embed> = Arc::new(TokenizerOnly::new(model));

    let runtime = Runtime::new().expect("an async runtime");
    for run in ["first", "unchanged"] {
        // Opened anew, as by a new process.
        let options = EmbeddedOptions {
            dir: data.to_owned(),
            model: embed.model().clone(),
            chunker: CHUNKER.to_owned(),
            min_free_bytes: 0,
            vectors: VectorStorage::default(),
        };
        let index: Arc<dyn Index> = Arc::new(EmbeddedIndex::open(options).expect("an index"));
        let converter = Arc::new(TimedConverter(converter(&cache_dir)));
        let ingester = Ingester::new(index, Arc::clone(&embed)).with_converter(converter);
        let root = Root::new(RootName::default(), shelf);

        let before = (
            ALLOCATED.load(Ordering::Relaxed),
            ALLOCATIONS.load(Ordering::Relaxed),
        );
        let report = runtime
            .block_on(ingester.sync(&[root], &|_| {}))
            .expect("an ingest");
        print_report(run, &report);
        println!(
            "  of all threads: converting {:.1?}, tokenising {:.1?} ({} MB)",
            CONVERTING.take(),
            TOKENISING.take(),
            TOKENISED_BYTES.swap(0, Ordering::Relaxed) / 1_000_000
        );
        println!(
            "  allocated: {:.0} MB in {:.1} million allocations, {:.0} KB a passage; {}",
            (ALLOCATED.load(Ordering::Relaxed) - before.0) as f64 / 1e6,
            (ALLOCATIONS.load(Ordering::Relaxed) - before.1) as f64 / 1e6,
            (ALLOCATED.load(Ordering::Relaxed) - before.0) as f64
                / 1e3
                / report.chunks.max(1) as f64,
            peak_memory()
        );
    }
}

/// Converts in child processes, as the program does.
fn converter(cache_dir: &Path) -> IsolatedConverter {
    let settings = PdfiumSettings {
        cache_dir: cache_dir.to_owned(),
        ..PdfiumSettings::default()
    };
    let pdfium = provision_pdfium(&settings, &|step| eprintln!("{step}")).ok();
    let limits = ConvertLimits::default();
    let mut arguments: Vec<OsString> = vec![
        "convert-worker".into(),
        "--memory".into(),
        limits.memory_bytes.to_string().into(),
    ];
    if let Some(library) = &pdfium {
        arguments.extend(["--pdfium".into(), library.into()]);
    }

    let libraries = NativeLibraries { pdfium };
    IsolatedConverter::new(PROGRAM, arguments, limits, libraries)
}

/// Measures how long conversions take.
struct TimedConverter(IsolatedConverter);

impl Convert for TimedConverter {
    fn fingerprint(&self, format: Format) -> &str {
        self.0.fingerprint(format)
    }

    fn may_be(&self, format: Format, head: &[u8]) -> bool {
        self.0.may_be(format, head)
    }

    fn convert(&self, format: Format, bytes: &[u8]) -> Result<ConvertedDocument, ConvertError> {
        CONVERTING.time(|| self.0.convert(format, bytes))
    }
}

/// Ingests the shelf with the program.
fn run_program(shelf: &Path, data: &Path) -> SyncReport {
    let output = Command::new(PROGRAM)
        .current_dir(repository())
        .arg("--corpus")
        .arg(shelf)
        .arg("--data-dir")
        .arg(data)
        .args(["ingest", "--json"])
        .output()
        .expect("the program runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("a report")
}

fn print_report(run: &str, report: &SyncReport) {
    let seconds = report.seconds;
    println!(
        "{run}: {:.1} s; {} files ({:.0} a second), {} unchanged, {} skipped; {} passages ({:.0} a \
         second)",
        seconds,
        report.files,
        report.files as f64 / seconds,
        report.unchanged,
        report.skipped.len(),
        report.chunks,
        report.chunks as f64 / seconds,
    );
    println!(
        "  {} passages embedded, {} reused; {} tokens embedded ({:.0} a second)",
        report.embedded,
        report.reused,
        report.tokens,
        report.tokens as f64 / seconds
    );
    println!("  {:.1?}", report.stages);
    for (format, counts) in &report.formats {
        println!("  {format}: {counts:?}");
    }
}

/// The largest resident memory of this process so far, as the system reports it.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .map_or("peak unknown".to_owned(), |peak| {
            format!("peak {} resident", peak.trim())
        })
}

/// The model's tokenizer, with made-up vectors.
struct TokenizerOnly {
    model: OnnxEmbedder,
    info: ModelInfo,
}

impl TokenizerOnly {
    fn new(model: OnnxEmbedder) -> Self {
        let info = ModelInfo {
            dimensions: DIMENSIONS,
            ..model.model().clone()
        };
        Self { model, info }
    }
}

#[async_trait]
impl Embed for TokenizerOnly {
    fn model(&self) -> &ModelInfo {
        &self.info
    }

    async fn embed_question(&self, text: &str) -> Result<QuestionEmbedding, EmbedError> {
        Ok(QuestionEmbedding {
            vector: made_up_vector(text),
            truncated: false,
        })
    }

    async fn embed_chunks(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedError> {
        Ok(texts.iter().map(|text| made_up_vector(text)).collect())
    }

    fn token_ranges(&self, text: &str) -> Result<Vec<Range<usize>>, EmbedError> {
        TOKENISED_BYTES.fetch_add(text.len() as u64, Ordering::Relaxed);
        TOKENISING.time(|| self.model.token_ranges(text))
    }
}

/// A vector of unit length that depends on the text.
fn made_up_vector(text: &str) -> Vec<f32> {
    let hash = ContentHash::of(text);
    let numbers = hash.as_bytes().iter().take(DIMENSIONS);
    let vector: Vec<f32> = numbers.map(|byte| f32::from(*byte) + 1.0).collect();
    let length = vector
        .iter()
        .map(|number| number * number)
        .sum::<f32>()
        .sqrt();
    vector.iter().map(|number| number / length).collect()
}
