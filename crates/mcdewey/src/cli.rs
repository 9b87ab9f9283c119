//! The command line: commands, arguments and flags. A setting without a flag comes from its
//! environment variable, then from `mcdewey.toml`; `settings.rs` merges the three.

mod search_flags;

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use mcdewey_auth::Role;
use mcdewey_eval::Split;
use mcdewey_search::Mode;

pub(crate) use self::search_flags::SearchFlags;

/// A self-hosted library of vendor documentation that answers questions with the exact page.
#[derive(Debug, Parser)]
#[command(name = "mcdewey", version)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) settings: SettingFlags,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Parses a path. Unlike clap's own parser it accepts an empty one, which counts as not set, so
/// that `MCDEWEY_CORPUS=` in the environment of a service selects the default.
fn path(text: &str) -> Result<PathBuf, std::convert::Infallible> {
    Ok(PathBuf::from(text))
}

/// Settings that all commands share. Each can also be set in `mcdewey.toml` and by an environment
/// variable.
#[derive(Debug, Default, Args)]
pub(crate) struct SettingFlags {
    /// Settings file [default: mcdewey.toml, if there is one]
    #[arg(long, global = true, env = "MCDEWEY_CONFIG", value_name = "FILE", value_parser = path)]
    pub(crate) config: Option<PathBuf>,
    /// Folder with the documents [default: corpus]
    #[arg(long, global = true, env = "MCDEWEY_CORPUS", value_name = "DIR", value_parser = path)]
    pub(crate) corpus: Option<PathBuf>,
    /// Data directory, which holds the index [default: data]
    #[arg(long, global = true, env = "MCDEWEY_DATA_DIR", value_name = "DIR", value_parser = path)]
    pub(crate) data_dir: Option<PathBuf>,
    /// Use the model in this sentence-transformers folder instead of one from the catalogue
    #[arg(long, global = true, env = "MCDEWEY_MODEL_DIR", value_name = "DIR", value_parser = path)]
    pub(crate) model_dir: Option<PathBuf>,
    /// Embedding model; `mcdewey models` lists the names [default: all-MiniLM-L6-v2]
    #[arg(long, global = true, env = "MCDEWEY_MODEL", value_name = "NAME")]
    pub(crate) model: Option<String>,
    /// Folder for downloaded models [default: models]
    #[arg(long, global = true, env = "MCDEWEY_MODELS_DIR", value_name = "DIR", value_parser = path)]
    pub(crate) models_dir: Option<PathBuf>,
    /// Load this ONNX Runtime library instead of the one from the catalogue
    #[arg(long, global = true, env = "ORT_DYLIB_PATH", value_name = "FILE", value_parser = path)]
    pub(crate) ort_dylib: Option<PathBuf>,
    /// Read PDF files with this PDFium library instead of the one from the catalogue
    #[arg(
        long,
        global = true,
        env = "PDFIUM_LIBRARY_PATH",
        value_name = "FILE",
        value_parser = path
    )]
    pub(crate) pdfium_library: Option<PathBuf>,
    /// Whether a cross-encoder reads the best hits of a search again, with the question, and reorders
    /// them: on, off, or auto: if it can be had [default: auto, or on with --rerank-dir]
    #[arg(
        long,
        global = true,
        env = "MCDEWEY_RERANK",
        value_name = "ON|OFF|AUTO"
    )]
    pub(crate) rerank: Option<String>,
    /// Use the ONNX cross-encoder in this folder instead of the one from the catalogue
    #[arg(long, global = true, env = "MCDEWEY_RERANK_DIR", value_name = "DIR", value_parser = path)]
    pub(crate) rerank_dir: Option<PathBuf>,
    /// Address and port to listen on [default: 127.0.0.1:8080]
    #[arg(long, global = true, env = "MCDEWEY_LISTEN", value_name = "ADDR")]
    pub(crate) listen: Option<String>,
    /// Base URL of the links in responses [default: http://, or https:// with TLS, and the listen
    /// address]
    #[arg(long, global = true, env = "MCDEWEY_PUBLIC_URL", value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// gRPC URL of a Qdrant server (http://host:6334) to store the library on, instead of in the
    /// data directory
    #[arg(long, global = true, env = "MCDEWEY_QDRANT_URL", value_name = "URL")]
    pub(crate) qdrant_url: Option<String>,
    /// API key of the Qdrant server; prefer the environment variable or a file, because other users
    /// can see the command line
    #[arg(
        long,
        global = true,
        env = "MCDEWEY_QDRANT_API_KEY",
        value_name = "KEY",
        hide_env_values = true
    )]
    pub(crate) qdrant_api_key: Option<String>,
    /// File with the API key of the Qdrant server
    #[arg(
        long,
        global = true,
        env = "MCDEWEY_QDRANT_API_KEY_FILE",
        value_name = "FILE",
        value_parser = path
    )]
    pub(crate) qdrant_api_key_file: Option<PathBuf>,
    /// Name of the library's collections on the Qdrant server [default: mcdewey]
    #[arg(
        long,
        global = true,
        env = "MCDEWEY_QDRANT_COLLECTION",
        value_name = "NAME"
    )]
    pub(crate) qdrant_collection: Option<String>,
    /// File with a single key that all clients must send; use `mcdewey keys` for one key per client
    #[arg(
        long,
        global = true,
        env = "MCDEWEY_ACCESS_KEY_FILE",
        value_name = "FILE",
        value_parser = path
    )]
    pub(crate) access_key_file: Option<PathBuf>,
    /// File with the keys that `mcdewey keys` manages; setting it requires keys even if the file
    /// does not exist [default: keys.toml in the data directory]
    #[arg(long, global = true, env = "MCDEWEY_KEYS_FILE", value_name = "FILE", value_parser = path)]
    pub(crate) keys_file: Option<PathBuf>,
    /// Accept requests without a key, even on addresses other than loopback
    #[arg(long, global = true, env = "MCDEWEY_ALLOW_ANONYMOUS")]
    pub(crate) allow_anonymous: bool,
    /// Maximum number of requests per minute for each key, or for each address without a key
    /// [default: no limit]
    #[arg(
        long,
        global = true,
        env = "MCDEWEY_REQUESTS_PER_MINUTE",
        value_name = "N"
    )]
    pub(crate) requests_per_minute: Option<NonZeroU32>,
    /// Append a JSON line for each request to this file: who requested what, without the text of
    /// questions
    #[arg(long, global = true, env = "MCDEWEY_AUDIT_LOG", value_name = "FILE", value_parser = path)]
    pub(crate) audit_log: Option<PathBuf>,
    /// Serve over TLS with this certificate chain (PEM)
    #[arg(long, global = true, env = "MCDEWEY_TLS_CERT", value_name = "FILE", value_parser = path)]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Private key of the certificate (PEM)
    #[arg(long, global = true, env = "MCDEWEY_TLS_KEY", value_name = "FILE", value_parser = path)]
    pub(crate) tls_key: Option<PathBuf>,
    /// Number of old index generations to keep on disk beside the live one [default: 1]
    #[arg(
        long,
        global = true,
        env = "MCDEWEY_KEEP_GENERATIONS",
        value_name = "N"
    )]
    pub(crate) keep_generations: Option<usize>,
    /// How the index compares vectors: float, int8, binary; the best candidates are always scored
    /// with the original vectors [default: float]
    #[arg(long, global = true, env = "MCDEWEY_VECTORS", value_name = "HOW")]
    pub(crate) vectors: Option<String>,
    /// Whether original vectors stay on disk instead of in memory: true or false [default: false]
    #[arg(
        long,
        global = true,
        env = "MCDEWEY_VECTORS_ON_DISK",
        value_name = "BOOL"
    )]
    pub(crate) vectors_on_disk: Option<bool>,
    /// How to combine the results of dense and keyword search: match, rrf, min-max, z-score, dbsf
    /// [default: match]
    #[arg(long, global = true, env = "MCDEWEY_FUSION", value_name = "NAME")]
    pub(crate) fusion: Option<String>,
    /// Memory in MB for answers that are kept until the library changes; 0 keeps none [default: 32]
    #[arg(
        long,
        global = true,
        env = "MCDEWEY_ANSWER_CACHE_MB",
        value_name = "MB"
    )]
    pub(crate) answer_cache_mb: Option<usize>,
    /// Whether to store original files, such as the PDF of a manual, in the index so that readers
    /// can open them: true or false [default: true]
    #[arg(
        long,
        global = true,
        env = "MCDEWEY_KEEP_ORIGINALS",
        value_name = "BOOL"
    )]
    pub(crate) keep_originals: Option<bool>,
    /// Which questions the server records for its operator, in memory only: off, unanswered, all
    /// [default: unanswered]
    #[arg(
        long,
        global = true,
        env = "MCDEWEY_QUESTION_LOG",
        value_name = "WHICH"
    )]
    pub(crate) question_log: Option<String>,
    /// Whose feedback on hits to store as judgments, in feedback.jsonl in the data directory: off,
    /// keys (clients with a key), everyone [default: keys]
    #[arg(long, global = true, env = "MCDEWEY_FEEDBACK", value_name = "WHOSE")]
    pub(crate) feedback: Option<String>,
    /// Log format: text or json [default: text]
    #[arg(long, global = true, env = "MCDEWEY_LOG_FORMAT", value_name = "FORMAT")]
    pub(crate) log_format: Option<String>,
    /// Number format of the embedding model's matrix products: int8, about twice as fast, or fp32;
    /// a change embeds the library again [default: int8]
    #[arg(long, global = true, env = "MCDEWEY_PRECISION", value_name = "FORMAT")]
    pub(crate) precision: Option<String>,
    /// Number of threads for the embedding model [default: all cores]
    #[arg(long, global = true, env = "MCDEWEY_THREADS", value_name = "N")]
    pub(crate) threads: Option<usize>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Update the library and serve it over REST, MCP and web pages
    Serve(ServeArgs),
    /// Update the library from its folders
    Ingest(IngestArgs),
    /// Search the library
    Search(SearchArgs),
    /// Serve MCP on standard input and output
    Mcp,
    /// List the embedding models, or download the configured one
    Models(ModelsArgs),
    /// Evaluate search quality on labelled questions
    Eval(EvalArgs),
    /// Check the model, the library and the settings
    Doctor(DoctorArgs),
    /// Propose rules for product, version and guide of a folder's documents
    #[command(subcommand)]
    Rules(RulesCommand),
    /// Check whether the running server can answer questions; fails if it cannot
    Ready,
    /// Switch back to an earlier generation of the index
    ///
    /// A change of the model, the splitter or the index format creates a new generation, which is
    /// built while the old one stays live and then replaces it. This command switches back to the
    /// previous generation, or to the given one (`mcdewey doctor` lists them); a running server
    /// switches immediately. The generation is pinned: it stays live whatever the settings require,
    /// until `mcdewey rollback --forward` switches to the newest one.
    Rollback(RollbackArgs),
    /// Permanently remove documents from the library, and verify that nothing of them is left
    ///
    /// Removes them from the live generation and from those kept for a rollback. The vectors of
    /// their passages stay in the embedding cache, which identifies them by hash and contains no
    /// text.
    Remove(RemoveArgs),
    /// Write the library to one file, also while a server uses it
    ///
    /// The file has the documents, vectors, readers' judgments and keys. Keep it where only you can
    /// read it.
    Backup(BackupArgs),
    /// Check that everything in a backup is what was written
    Verify(BackupFileArgs),
    /// Make the data directory from a backup
    Restore(BackupFileArgs),
    /// Create, list and revoke the access keys of clients
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Convert a file to Markdown with page markers, to read and correct by hand
    Convert(ConvertArgs),
    /// Convert the files sent on standard input; for internal use
    #[command(hide = true)]
    ConvertWorker(ConvertWorkerArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// Print a library.toml for a folder, with the coverage and examples of each rule as comments
    ///
    /// Reads the folder's documents and proposes rules for those without one. Nothing is changed:
    /// correct the output and save it as library.toml at the top of the folder.
    Suggest {
        /// Folder, or name of a configured root [default: the first root]
        folder: Option<String>,
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Create a key and print it once; from the first key on, all clients need one
    Create(CreateKeyArgs),
    /// List the keys and what each gives access to
    List {
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Revoke a key immediately; after the last one is revoked, requests are rejected
    Revoke {
        /// Id or name of the key
        key: String,
    },
    /// Stop requiring keys: anyone who can reach a server on loopback can then read the whole
    /// library
    ///
    /// After the first key was created, keys stay required, even if the last one is revoked or the
    /// keys file is missing. This command ends that, also for a running server and for clients
    /// behind a proxy. Revoke all keys first. Creating another key requires keys again.
    Open,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum KeyRole {
    /// May search and read.
    #[default]
    Read,
    /// May also change the library.
    Admin,
}

impl From<KeyRole> for Role {
    fn from(role: KeyRole) -> Self {
        match role {
            KeyRole::Read => Self::Read,
            KeyRole::Admin => Self::Admin,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct CreateKeyArgs {
    /// Name of the client; appears in logs
    pub(crate) name: String,
    /// What the key permits
    #[arg(long, value_enum, default_value_t)]
    pub(crate) role: KeyRole,
    /// Restrict the key to this vendor's documents, spelled as in the library; may be repeated
    #[arg(long)]
    pub(crate) vendor: Vec<String>,
    /// Restrict the key to the documents of this product (id), in addition to those of the vendors;
    /// may be repeated
    #[arg(long)]
    pub(crate) product: Vec<String>,
    /// Maximum number of requests per minute [default: the server's general limit]
    #[arg(long = "rate", value_name = "N")]
    pub(crate) requests_per_minute: Option<NonZeroU32>,
    /// Expiry: 90d, 12h, or a date such as 2027-01-31 [default: never]
    #[arg(long, value_name = "WHEN")]
    pub(crate) expires: Option<String>,
    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RemoveArgs {
    /// Sources of the documents, as shown by `mcdewey search`
    #[arg(required = true, value_name = "SOURCE")]
    pub(crate) source: Vec<String>,
    /// Remove documents even if their files still exist, although the next ingest adds them again
    #[arg(long)]
    pub(crate) force: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// File to write, which must not exist
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Add the folder of models, so that the backup can be restored where none can be downloaded
    #[arg(long)]
    pub(crate) with_models: bool,
    /// Print what is in it as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BackupFileArgs {
    /// The backup
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Print what is in it as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ConvertArgs {
    /// File to convert: PDF, HTML, DOCX, reStructuredText, AsciiDoc, or OpenAPI in JSON or YAML
    pub(crate) file: PathBuf,
    /// File to write the Markdown to, or `-` for standard output [default: the input file with the
    /// extension .md]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Overwrite existing files
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ConvertWorkerArgs {
    /// Memory limit in bytes
    #[arg(long)]
    pub(crate) memory: u64,
    /// The PDFium library
    #[arg(long, value_name = "FILE")]
    pub(crate) pdfium: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Do not update the library at startup, for additional servers on a library that another one
    /// updates
    #[arg(long)]
    pub(crate) no_ingest: bool,
    /// Watch the root folders and ingest changes as they happen
    #[arg(long, env = "MCDEWEY_WATCH", conflicts_with = "no_ingest")]
    pub(crate) watch: bool,
}

#[derive(Debug, Args)]
pub(crate) struct IngestArgs {
    /// Name of a configured root, or a folder [default: all roots]
    pub(crate) root: Option<String>,
    /// Read every file, also those that the file system reports as unchanged
    #[arg(long)]
    pub(crate) check_contents: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SearchArgs {
    #[command(flatten)]
    pub(crate) request: SearchFlags,
    /// Print the response as JSON
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
    /// Download and verify the configured model
    #[arg(long)]
    pub(crate) fetch: bool,
    /// Write the ONNX graph of the configured model to this file; it needs `model.safetensors`
    /// beside it. For benches/peers
    #[arg(long, hide = true, value_name = "FILE", conflicts_with = "json")]
    pub(crate) graph: Option<PathBuf>,
    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct EvalArgs {
    /// Folders with a set in BEIR format or with whole texts and a table of answer spans, or files
    /// with judgments for the configured library
    #[arg(required_unless_present = "compare", value_name = "SET")]
    pub(crate) sets: Vec<PathBuf>,
    /// Print the report as JSON, with per-question metrics
    #[arg(long)]
    pub(crate) json: bool,
    /// Evaluate only this search mode; may be repeated
    #[arg(long, value_enum)]
    pub(crate) mode: Vec<ModeArg>,
    /// Keep the indexes of the sets in this folder, so that later runs need not embed them again
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
    /// Of the questions assigned to a split, use only those of this one
    #[arg(long, value_enum)]
    pub(crate) split: Option<SplitArg>,
    /// Leave out all documents that answer a question: an ideal search then declines all questions
    #[arg(long)]
    pub(crate) without_gold: bool,
    /// Fail if a metric is below its floor in this TOML file, or was not measured
    #[arg(long, value_name = "FILE")]
    pub(crate) gate: Option<PathBuf>,
    /// Write runs and judgments in TREC format to this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) trec: Option<PathBuf>,
    /// Compare fusion methods on the sets, fit the confidence model, and write the results into
    /// this document, between its markers
    #[arg(long, value_name = "FILE")]
    #[arg(conflicts_with_all = ["mode", "gate", "trec", "split", "without_gold"])]
    pub(crate) study: Option<PathBuf>,
    /// Compare two reports of `eval --json` instead of evaluating
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
    /// Name of the generation, or a prefix of it [default: the one before the live one]
    pub(crate) generation: Option<String>,
    /// Remove the pin and switch to the newest complete generation; the next `serve` or `ingest`
    /// builds the one that the settings require
    #[arg(long, conflicts_with = "generation")]
    pub(crate) forward: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Wait until everything that is stored was compared with its checksums
    #[arg(long)]
    pub(crate) deep: bool,
    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,
}
