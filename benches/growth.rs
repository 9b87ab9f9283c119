//! Measures how the index in a directory grows: libraries of a thousand to a million chunks, with
//! each way to store vectors.
//!
//!     cargo bench --bench growth -- --sizes 1000,10000,100000 --embedded 100000
//!
//! Texts are recombined from real ones. Vectors are those of the real model up to `--embedded`
//! (kept in the folder, so they are made once), more are made by perturbing them, and the output
//! says so. Every line comes from a process of its own, so that its memory is that of one library.

#![expect(clippy::print_stdout, reason = "the figures are for the terminal")]

#[path = "growth/library.rs"]
mod library;
#[path = "growth/measure.rs"]
mod measure;
#[path = "growth/texts.rs"]
mod texts;
#[path = "growth/vectors.rs"]
mod vectors;

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::{Parser, ValueEnum};
use mcdewey_store::{VectorEncoding, VectorStorage};
use serde_json::Value;

use library::Passages;
use vectors::Vectors;

#[derive(Debug, Parser)]
struct Options {
    /// Folder whose texts are recombined [default: the sample library]
    #[arg(long)]
    texts: Option<PathBuf>,
    /// Sizes of the library in chunks, in ascending order
    #[arg(long, value_delimiter = ',', default_value = "1000,10000")]
    sizes: Vec<usize>,
    /// How many passages get the vector of the real model
    #[arg(long, default_value_t = 1000)]
    embedded: usize,
    /// Length of a passage in characters
    #[arg(long, default_value_t = 240)]
    characters: usize,
    /// Number of questions
    #[arg(long, default_value_t = 300)]
    questions: usize,
    /// How vectors are stored: an encoding, with `-disk` for originals on disk
    #[arg(long, value_delimiter = ',', value_parser = parse_storage, default_value = "float,int8,binary")]
    storage: Vec<VectorStorage>,
    /// Folder for vectors and libraries [default: target/growth]
    #[arg(long)]
    folder: Option<PathBuf>,
    /// What a process started by this one does
    #[arg(long, hide = true)]
    step: Option<Step>,
    /// `cargo bench` passes this flag to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Step {
    /// Makes the vectors.
    Embed,
    /// Grows the library to a size and optimises it.
    Grow,
    /// Measures an existing library.
    Measure,
}

fn parse_storage(text: &str) -> Result<VectorStorage, String> {
    let encoding = text.strip_suffix("-disk");
    Ok(VectorStorage {
        encoding: encoding.unwrap_or(text).parse::<VectorEncoding>()?,
        on_disk: encoding.is_some(),
    })
}

fn storage_name(storage: VectorStorage) -> String {
    let suffix = if storage.on_disk { "-disk" } else { "" };
    format!("{}{suffix}", storage.encoding)
}

impl Options {
    fn repository() -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    fn folder(&self) -> PathBuf {
        let default = || Self::repository().join("target/growth");
        self.folder.clone().unwrap_or_else(default)
    }

    fn texts(&self) -> PathBuf {
        let default = || Self::repository().join("corpus");
        self.texts.clone().unwrap_or_else(default)
    }

    fn library(&self) -> PathBuf {
        self.folder().join("library")
    }

    /// Runs a step in another process, and returns what it printed.
    fn run(&self, step: Step, size: usize, storage: VectorStorage) -> Value {
        let program = std::env::current_exe().expect("the path of this program");
        let step = step.to_possible_value().expect("a name");
        let output = Command::new(program)
            .args(["--step", step.get_name()])
            .args(["--sizes", &size.to_string()])
            .args(["--storage", &storage_name(storage)])
            .args(["--embedded", &self.embedded.to_string()])
            .args(["--characters", &self.characters.to_string()])
            .args(["--questions", &self.questions.to_string()])
            .args([Path::new("--texts"), &self.texts()])
            .args([Path::new("--folder"), &self.folder()])
            .stderr(std::process::Stdio::inherit())
            .output()
            .expect("this program starts");

        assert!(output.status.success(), "the step {step:?} failed");
        serde_json::from_slice(&output.stdout).expect("a step prints JSON")
    }
}

fn main() {
    let options = Options::parse();
    let (size, storage) = (options.sizes[0], options.storage[0]);
    let Some(step) = options.step else {
        return compare(&options);
    };

    let source = texts::Source::read(&options.texts(), options.characters);
    let result = match step {
        Step::Embed => vectors::embed(
            &options.folder(),
            &source,
            options.embedded,
            options.questions,
        ),
        Step::Grow => {
            let passages = Passages {
                vectors: Vectors::open(&options.folder(), &source, options.embedded),
                source,
            };
            measure::grow(
                &options.library(),
                storage,
                &passages,
                size,
                options.questions,
            )
        }
        Step::Measure => {
            let passages = Passages {
                vectors: Vectors::open(&options.folder(), &source, options.embedded),
                source,
            };
            measure::library(&options.library(), storage, &passages, options.questions)
        }
    };

    println!("{result}");
}

/// Grows one library through all sizes, and measures it with each way to store vectors.
fn compare(options: &Options) {
    let first = options.storage[0];
    let embedded = options.run(Step::Embed, options.sizes[0], first);
    eprintln!("vectors: {embedded}");
    if options.library().exists() {
        std::fs::remove_dir_all(options.library()).expect("an old library is removed");
    }

    println!("{}", row(&COLUMNS.map(|(title, _)| title.to_owned())));
    println!("{}", row(&COLUMNS.map(|_| "---".to_owned())));
    for size in options.sizes.iter().copied() {
        let perturbed = size.saturating_sub(options.embedded);
        for storage in options.storage.iter().copied() {
            let mut result = options.run(Step::Grow, size, storage);
            let measured = options.run(Step::Measure, size, storage);
            let fields = result.as_object_mut().expect("an object");
            fields.extend(measured.as_object().expect("an object").clone());
            fields.insert("storage".to_owned(), storage_name(storage).into());
            fields.insert("perturbed".to_owned(), perturbed.into());

            eprintln!("{result}");
            println!("{}", row(&COLUMNS.map(|(_, field)| cell(&result[field]))));
        }
    }
}

/// The titles of the table's columns and the fields of the results in them.
const COLUMNS: [(&str, &str); 22] = [
    ("chunks", "chunks"),
    ("perturbed", "perturbed"),
    ("vectors", "storage"),
    ("dense p50, ms", "dense_p50"),
    ("dense p99", "dense_p99"),
    ("keyword p50", "keyword_p50"),
    ("keyword p99", "keyword_p99"),
    ("both p50", "both_p50"),
    ("both p99", "both_p99"),
    ("exact p50", "exact_p50"),
    ("recall@10", "recall"),
    ("resident, MB", "resident_mb"),
    ("allocated, MB", "anonymous_mb"),
    ("shard, bytes a chunk", "shard_bytes"),
    ("all, bytes a chunk", "disk_bytes"),
    ("commits, s", "commit_seconds"),
    ("optimise, s", "optimize_seconds"),
    ("longest question meanwhile, ms", "stall"),
    ("questions meanwhile", "questions_meanwhile"),
    ("open, s", "open_seconds"),
    ("one document p50, ms", "document_p50"),
    ("longest", "document_max"),
];

fn row(cells: &[String]) -> String {
    format!("| {} |", cells.join(" | "))
}

fn cell(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_u64() => number.to_string(),
        Value::Number(number) => format!("{:.3}", number.as_f64().unwrap_or_default()),
        other => other.to_string(),
    }
}
