//! What can be typed: commands and flags. Settings that flags leave open come from the environment, then from
//! `mcdewey.toml`; `settings.rs` puts them together.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use mcdewey_eval::Split;
use mcdewey_query::Mode;

use crate::access::keys::KeyRole;

/// A self-hosted library of vendor documentation that answers questions with the exact page.
#[derive(Debug, Parser)]
#[command(name = "mcdewey", version)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) settings: SettingFlags,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// A path; an empty one counts as not given, so that `MCDEWEY_CORPUS=` in a service's environment means the default.
fn path(text: &str) -> Result<PathBuf, std::convert::Infallible> {
    Ok(PathBuf::from(text))
}

/// Settings of every command; each also stands in `mcdewey.toml` and as `MCDEWEY_*` in the environment.
#[derive(Debug, Default, Args)]
pub(crate) struct SettingFlags {
    /// Settings file [default: mcdewey.toml, if there is one]
    #[arg(long, global = true, env = "MCDEWEY_CONFIG", value_name = "FILE", value_parser = path)]
    pub(crate) config: Option<PathBuf>,
    /// Folder of documents [default: corpus]
    #[arg(long, global = true, env = "MCDEWEY_CORPUS", value_name = "DIR", value_parser = path)]
    pub(crate) corpus: Option<PathBuf>,
    /// Folder of the index [default: data]
    #[arg(long, global = true, env = "MCDEWEY_DATA_DIR", value_name = "DIR", value_parser = path)]
    pub(crate) data_dir: Option<PathBuf>,
    /// A sentence-transformers folder to use as it is, instead of a model of the catalogue
    #[arg(long, global = true, env = "MCDEWEY_MODEL_DIR", value_name = "DIR", value_parser = path)]
    pub(crate) model_dir: Option<PathBuf>,
    /// The embedding model, a name of the catalogue (see `mcdewey models`)
    #[arg(long, global = true, env = "MCDEWEY_MODEL", value_name = "NAME")]
    pub(crate) model: Option<String>,
    /// Where downloaded models are kept [default: models]
    #[arg(long, global = true, env = "MCDEWEY_MODELS_DIR", value_name = "DIR", value_parser = path)]
    pub(crate) models_dir: Option<PathBuf>,
    /// The ONNX Runtime library to load, instead of the one of the catalogue
    #[arg(long, global = true, env = "ORT_DYLIB_PATH", value_name = "FILE", value_parser = path)]
    pub(crate) ort_dylib: Option<PathBuf>,
    /// A folder with a cross-encoder (ONNX) that orders the first hits among themselves [default: none]
    #[arg(long, global = true, env = "MCDEWEY_RERANK_DIR", value_name = "DIR", value_parser = path)]
    pub(crate) rerank_dir: Option<PathBuf>,
    /// Address to serve on [default: 127.0.0.1:8080]
    #[arg(long, global = true, env = "MCDEWEY_LISTEN", value_name = "ADDR")]
    pub(crate) listen: Option<String>,
    /// What leads the links in answers [default: http:// and the address]
    #[arg(long, global = true, env = "MCDEWEY_PUBLIC_URL", value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// A Qdrant server's gRPC interface (http://host:6334) that holds the library, instead of the folder of the index
    #[arg(long, global = true, env = "MCDEWEY_QDRANT_URL", value_name = "URL")]
    pub(crate) qdrant_url: Option<String>,
    /// The key the Qdrant server wants; better in the environment or in a file than here
    #[arg(
        long,
        global = true,
        env = "MCDEWEY_QDRANT_API_KEY",
        value_name = "KEY",
        hide_env_values = true
    )]
    pub(crate) qdrant_api_key: Option<String>,
    /// A file with the key the Qdrant server wants
    #[arg(long, global = true, env = "MCDEWEY_QDRANT_API_KEY_FILE", value_name = "FILE", value_parser = path)]
    pub(crate) qdrant_api_key_file: Option<PathBuf>,
    /// What the library's collections on the Qdrant server are named after [default: mcdewey]
    #[arg(
        long,
        global = true,
        env = "MCDEWEY_QDRANT_COLLECTION",
        value_name = "NAME"
    )]
    pub(crate) qdrant_collection: Option<String>,
    /// A file with one key that everybody who asks must send; `mcdewey keys` makes keys that can be told apart
    #[arg(long, global = true, env = "MCDEWEY_ACCESS_KEY_FILE", value_name = "FILE", value_parser = path)]
    pub(crate) access_key_file: Option<PathBuf>,
    /// The file of the keys that `mcdewey keys` makes; who names one requires keys, even if the file is missing [default:
    /// keys.toml in the folder of the index]
    #[arg(long, global = true, env = "MCDEWEY_KEYS_FILE", value_name = "FILE", value_parser = path)]
    pub(crate) keys_file: Option<PathBuf>,
    /// Answer whoever sends no key, on other addresses than loopback ones too
    #[arg(long, global = true, env = "MCDEWEY_ALLOW_ANONYMOUS")]
    pub(crate) allow_anonymous: bool,
    /// Most requests a minute of each key, or of each address without one [default: no limit]
    #[arg(
        long,
        global = true,
        env = "MCDEWEY_REQUESTS_PER_MINUTE",
        value_name = "N"
    )]
    pub(crate) requests_per_minute: Option<NonZeroU32>,
    /// Write who asked for what, without the question, into this file, a line of JSON each
    #[arg(long, global = true, env = "MCDEWEY_AUDIT_LOG", value_name = "FILE", value_parser = path)]
    pub(crate) audit_log: Option<PathBuf>,
    /// Answer with TLS: the certificate with its chain, in PEM
    #[arg(long, global = true, env = "MCDEWEY_TLS_CERT", value_name = "FILE", value_parser = path)]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The certificate's private key, in PEM
    #[arg(long, global = true, env = "MCDEWEY_TLS_KEY", value_name = "FILE", value_parser = path)]
    pub(crate) tls_key: Option<PathBuf>,
    /// How many old generations of the index stay on the disk beside the one that answers [default: 1]
    #[arg(
        long,
        global = true,
        env = "MCDEWEY_KEEP_GENERATIONS",
        value_name = "N"
    )]
    pub(crate) keep_generations: Option<usize>,
    /// How the lists by meaning and by words become one: match, rrf, min-max, z-score, dbsf [default: match]
    #[arg(long, global = true, env = "MCDEWEY_FUSION", value_name = "NAME")]
    pub(crate) fusion: Option<String>,
    /// Whether originals (the PDF of a manual) are kept in the index for readers to open: true or false [default: true]
    #[arg(
        long,
        global = true,
        env = "MCDEWEY_KEEP_ORIGINALS",
        value_name = "BOOL"
    )]
    pub(crate) keep_originals: Option<bool>,
    /// Which questions the server remembers for its owner, in memory: off, unanswered, all [default: unanswered]
    #[arg(
        long,
        global = true,
        env = "MCDEWEY_QUESTION_LOG",
        value_name = "WHICH"
    )]
    pub(crate) question_log: Option<String>,
    /// Whose word that a page answers a question is kept as a judgment, in feedback.jsonl in the folder of the index:
    /// off, keys (those who send one), everyone [default: keys]
    #[arg(long, global = true, env = "MCDEWEY_FEEDBACK", value_name = "WHOSE")]
    pub(crate) feedback: Option<String>,
    /// How the log is written: text or json [default: text]
    #[arg(long, global = true, env = "MCDEWEY_LOG_FORMAT", value_name = "FORMAT")]
    pub(crate) log_format: Option<String>,
    /// Threads of the embedding model [default: all cores]
    #[arg(long, global = true, env = "MCDEWEY_THREADS", value_name = "N")]
    pub(crate) threads: Option<usize>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Bring the library up to date and answer over REST, MCP and web pages
    Serve(ServeArgs),
    /// Bring the library up to date
    Ingest(IngestArgs),
    /// Ask a question
    Search(SearchArgs),
    /// Serve MCP on standard input and output
    Mcp,
    /// List the embedding models, or fetch one
    Models(ModelsArgs),
    /// Measure the search on labelled questions
    Eval(EvalArgs),
    /// Check model, library and settings
    Doctor(DoctorArgs),
    /// Ask the running server whether it answers; fails when it does not
    Ready,
    /// Answer from an earlier generation of the index again
    ///
    /// Another model, splitter or form of the index makes a new generation, which is built while the old one answers
    /// and then takes its place. This goes back to the one before (or the one named; `mcdewey doctor` lists them), at
    /// once where a server runs. The generation is pinned: it answers, whatever the settings ask for, until
    /// `mcdewey rollback --forward` lets the newest one answer again.
    Rollback(RollbackArgs),
    /// Take documents out of the library for good, and show that nothing of them is left
    ///
    /// They go from the generation that answers and from those that are kept for a rollback. The vectors of their
    /// passages stay in the embedding cache by hash, without any text.
    Remove(RemoveArgs),
    /// Make, list and revoke the keys of those who may ask
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Turn a file into Markdown with page markers that people can read and correct
    Convert(ConvertArgs),
    /// Convert the files that come on standard input, for the program itself
    #[command(hide = true)]
    ConvertWorker(ConvertWorkerArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Make a key and print it, once; with the first one everybody needs one
    Create(CreateKeyArgs),
    /// Show who has a key, and what it opens
    List {
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Take a key back, at once; without any key left nobody may ask
    Revoke {
        /// The key's id or name
        key: String,
    },
    /// Stop requiring keys: anyone who reaches a server on loopback may then read the whole library
    ///
    /// Once a key was made, keys stay required, even after the last one is revoked or their file is gone. This takes
    /// that back, also for a server that is running, and also for whoever comes through a proxy. Revoke all keys first.
    /// The next key requires keys again.
    Open,
}

#[derive(Debug, Args)]
pub(crate) struct CreateKeyArgs {
    /// Who gets it; stands in the logs
    pub(crate) name: String,
    /// What it may do
    #[arg(long, value_enum, default_value_t)]
    pub(crate) role: KeyRole,
    /// Show only this vendor's documents, as the library writes it; may be given again
    #[arg(long)]
    pub(crate) vendor: Vec<String>,
    /// Show only this product's documents (its id); may be given again, and adds to the vendors
    #[arg(long)]
    pub(crate) product: Vec<String>,
    /// Most requests a minute [default: what the server allows everybody]
    #[arg(long = "rate", value_name = "N")]
    pub(crate) requests_per_minute: Option<NonZeroU32>,
    /// When it ends: 90d, 12h, or a day such as 2027-01-31 [default: never]
    #[arg(long, value_name = "WHEN")]
    pub(crate) expires: Option<String>,
    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RemoveArgs {
    /// The documents, as `mcdewey search` shows them under their passages
    #[arg(required = true, value_name = "SOURCE")]
    pub(crate) source: Vec<String>,
    /// Even if the file still lies in a root, from where the next ingest brings it back
    #[arg(long)]
    pub(crate) force: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ConvertArgs {
    /// The file: PDF, HTML, DOCX, reStructuredText, AsciiDoc, or OpenAPI in JSON or YAML
    pub(crate) file: PathBuf,
    /// Where to write the Markdown; `-` for standard output [default: beside the file, ending in .md]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Write over Markdown that is there already
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ConvertWorkerArgs {
    /// Bytes of memory it may use
    #[arg(long)]
    pub(crate) memory: u64,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Take nothing in at the start: for further servers over a library that another one fills
    #[arg(long)]
    pub(crate) no_ingest: bool,
    /// Watch the roots and take changes in as they come
    #[arg(long, env = "MCDEWEY_WATCH", conflicts_with = "no_ingest")]
    pub(crate) watch: bool,
}

#[derive(Debug, Args)]
pub(crate) struct IngestArgs {
    /// A root of the settings by name, or a folder [default: all roots]
    pub(crate) root: Option<String>,
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SearchArgs {
    /// The question
    #[arg(required = true, num_args = 1..)]
    pub(crate) question: Vec<String>,
    /// Which lists answer
    #[arg(long, value_enum, default_value_t = ModeArg::Hybrid)]
    pub(crate) mode: ModeArg,
    /// Only this vendor; may be given again
    #[arg(long)]
    pub(crate) vendor: Vec<String>,
    /// Only this product (id, title or alias); may be given again
    #[arg(long)]
    pub(crate) product: Vec<String>,
    /// Only this release: 12.5, 12.5.*, 12.0..15.0, ">=12.0 <15", latest
    #[arg(long, value_name = "RELEASE", id = "release")]
    pub(crate) version: Option<String>,
    /// With a release: leave out documents that name none
    #[arg(long)]
    pub(crate) strict: bool,
    /// Only this guide; may be given again
    #[arg(long)]
    pub(crate) guide: Vec<String>,
    /// Only this document; may be given again
    #[arg(long)]
    pub(crate) source: Vec<String>,
    /// How many hits, 1 to 50
    #[arg(long, short = 'n')]
    pub(crate) limit: Option<usize>,
    /// Where to go on: `next_cursor` of the answer before
    #[arg(long)]
    pub(crate) cursor: Option<String>,
    /// At most one hit of each page
    #[arg(long)]
    pub(crate) group_by_page: bool,
    /// Say with each hit how it was found
    #[arg(long)]
    pub(crate) explain: bool,
    /// Compare with every vector
    #[arg(long)]
    pub(crate) exact: bool,
    /// Print the answer as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModeArg {
    Hybrid,
    Dense,
    Keyword,
}

impl From<ModeArg> for Mode {
    fn from(mode: ModeArg) -> Self {
        match mode {
            ModeArg::Hybrid => Self::Hybrid,
            ModeArg::Dense => Self::Dense,
            ModeArg::Keyword => Self::Keyword,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ModelsArgs {
    /// Fetch and verify the model of the settings
    #[arg(long)]
    pub(crate) fetch: bool,
    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct EvalArgs {
    /// Folders with a set in BEIR form or with whole texts and a table of the stretches that answer, or files of
    /// judgments over the library of the settings
    #[arg(required_unless_present = "compare", value_name = "SET")]
    pub(crate) sets: Vec<PathBuf>,
    /// Print the report, with the figures of each question, as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Measure only this mode; may be given again
    #[arg(long, value_enum)]
    pub(crate) mode: Vec<ModeArg>,
    /// Keep the indexes of the sets here, to measure again without embedding again
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
    /// Of the questions that name a split, ask only those of this one
    #[arg(long, value_enum)]
    pub(crate) split: Option<SplitArg>,
    /// Take out every document that answers a question: a search that knows its limits then declines all questions
    #[arg(long)]
    pub(crate) without_gold: bool,
    /// Fail when a figure is below its floor in this TOML file, or was not measured
    #[arg(long, value_name = "FILE")]
    pub(crate) gate: Option<PathBuf>,
    /// Write runs and judgments in the form of TREC here
    #[arg(long, value_name = "DIR")]
    pub(crate) trec: Option<PathBuf>,
    /// Compare fusions over the sets, fit the confidence, and write the figures into this document, between its marks
    #[arg(long, value_name = "FILE", conflicts_with_all = ["mode", "gate", "trec", "split", "without_gold"])]
    pub(crate) study: Option<PathBuf>,
    /// Measure nothing; say how two reports of `eval --json` differ
    #[arg(long, num_args = 2, value_names = ["BEFORE", "AFTER"])]
    #[arg(conflicts_with_all = ["sets", "mode", "keep", "split", "without_gold", "gate", "trec"])]
    pub(crate) compare: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SplitArg {
    Calibration,
    Test,
}

impl From<SplitArg> for Split {
    fn from(split: SplitArg) -> Self {
        match split {
            SplitArg::Calibration => Self::Calibration,
            SplitArg::Test => Self::Test,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct RollbackArgs {
    /// The generation, by its name or the beginning of it [default: the one before the live one]
    pub(crate) generation: Option<String>,
    /// The other way: take the pin out and let the newest complete generation answer; the next `serve` or `ingest`
    /// builds what the settings ask for
    #[arg(long, conflicts_with = "generation")]
    pub(crate) forward: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,
}
