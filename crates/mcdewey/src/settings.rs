//! Resolves the settings, once at startup. Flags override `MCDEWEY_*` variables (clap merges these
//! two), which override `mcdewey.toml`.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use mcdewey_auth::{AccessSettings, FeedbackPolicy, OidcSettings};
use mcdewey_core::RootName;
use mcdewey_ingest::{LibraryFile, Root};
use mcdewey_provision::{ModelSettings, PdfiumSettings, RerankerSettings};
use mcdewey_query::{TelemetrySettings, is_host};
use mcdewey_runtime::{BackupSchedule, Precision, RerankConfig, ServerLocation};
use mcdewey_search::Fusion;
use mcdewey_store::{VectorEncoding, VectorStorage};
use serde::Deserialize;

use crate::access::{self, AccessTable};
use crate::backup::BackupTable;
use crate::cli::SettingFlags;
use crate::connections::ConnectionSettings;
use crate::limits::LimitsTable;
use crate::log::LogFormat;
use crate::qdrant::QdrantTable;
use crate::rerank::RerankTable;
use crate::tls::TlsSettings;

const DEFAULT_MODEL: &str = "all-MiniLM-L6-v2";
/// Nothing is written if less than this much disk space would be left free.
const DEFAULT_MIN_FREE_MB: u64 = 256;
const DEFAULT_KEEP_GENERATIONS: usize = 1;
/// An answer takes some 20 KB, so this keeps about 1,500.
const DEFAULT_ANSWER_CACHE_MB: usize = 32;
const DEFAULT_FILE: &str = "mcdewey.toml";

/// The resolved settings of all commands.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) roots: Vec<Root>,
    /// The folder of the default root, if a flag or the environment set it.
    pub(crate) corpus_override: Option<PathBuf>,
    pub(crate) data_dir: PathBuf,
    pub(crate) model: ModelSettings,
    pub(crate) precision: Precision,
    pub(crate) pdfium: PdfiumSettings,
    /// `None` without a reranker.
    pub(crate) rerank: Option<RerankConfig>,
    pub(crate) listen: SocketAddr,
    pub(crate) public_url: Option<String>,
    pub(crate) allowed_hosts: Vec<String>,
    pub(crate) threads: Option<usize>,
    pub(crate) min_free_bytes: u64,
    /// How a library in the data directory stores vectors.
    pub(crate) vectors: VectorStorage,
    /// Number of old generations of the index to keep beside the live one.
    pub(crate) keep_generations: usize,
    pub(crate) access: AccessSettings,
    /// The certificate for clients; `None` without TLS.
    pub(crate) tls: Option<TlsSettings>,
    /// How dense and keyword results are combined.
    pub(crate) fusion: Fusion,
    /// How many bytes of answers are kept in memory; 0 for none.
    pub(crate) answer_cache_bytes: usize,
    /// Whether the index stores the original files of converted documents.
    pub(crate) keep_originals: bool,
    /// The server that holds the library; `None` if the data directory does.
    pub(crate) qdrant: Option<ServerLocation>,
    /// Limits on concurrent searches and on time, and which questions are recorded.
    pub(crate) telemetry: TelemetrySettings,
    /// Limits on the number of connections, and their timeouts.
    pub(crate) connections: ConnectionSettings,
    /// Whose feedback on hits is stored.
    pub(crate) feedback: FeedbackPolicy,
    pub(crate) log_format: LogFormat,
    /// The backups that a server makes; `None` for none.
    pub(crate) backup: Option<BackupSchedule>,
}

/// The contents of `mcdewey.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct SettingsFile {
    corpus: Option<PathBuf>,
    data_dir: Option<PathBuf>,
    model: Option<String>,
    model_dir: Option<PathBuf>,
    models_dir: Option<PathBuf>,
    precision: Option<String>,
    ort_dylib: Option<PathBuf>,
    pdfium_library: Option<PathBuf>,
    python: Option<String>,
    listen: Option<String>,
    public_url: Option<String>,
    allowed_hosts: Vec<String>,
    threads: Option<usize>,
    min_free_mb: Option<u64>,
    vectors: Option<String>,
    vectors_on_disk: Option<bool>,
    keep_generations: Option<usize>,
    access_key_file: Option<PathBuf>,
    keys_file: Option<PathBuf>,
    allow_anonymous: Option<bool>,
    requests_per_minute: Option<NonZeroU32>,
    allowed_origins: Vec<String>,
    audit_log: Option<PathBuf>,
    oidc: Option<OidcSettings>,
    tls: Option<TlsSettings>,
    fusion: Option<String>,
    answer_cache_mb: Option<usize>,
    keep_originals: Option<bool>,
    question_log: Option<String>,
    feedback: Option<String>,
    log_format: Option<String>,
    backup: BackupTable,
    limits: LimitsTable,
    qdrant: QdrantTable,
    rerank: RerankTable,
    root: Vec<RootEntry>,
    /// Rules, products and aliases for the default root, for folders that cannot contain a
    /// `library.toml`.
    library: LibraryFile,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RootEntry {
    name: RootName,
    path: PathBuf,
    #[serde(default)]
    library: LibraryFile,
}

impl Settings {
    /// Merges flags, environment and settings file, and validates the result.
    pub(crate) fn resolve(flags: SettingFlags) -> Result<Self> {
        let flags = without_empty_values(flags);
        let file = read_file(flags.config.as_deref())?;
        let qdrant = file.qdrant.resolve(&flags)?;
        let cache_dir = flags
            .models_dir
            .clone()
            .or(file.models_dir)
            .unwrap_or_else(|| PathBuf::from("models"));
        let python = file.python.unwrap_or_else(|| "python3".to_owned());
        let reranker = RerankerSettings {
            dir: None,
            cache_dir: cache_dir.clone(),
            python: python.clone(),
            retries: None,
        };
        let rerank = file.rerank.resolve(&flags, reranker)?;

        let data_dir = flags
            .data_dir
            .clone()
            .or(file.data_dir)
            .unwrap_or_else(|| PathBuf::from("data"));

        let access = AccessTable {
            access_key_file: file.access_key_file,
            keys_file: file.keys_file,
            allow_anonymous: file.allow_anonymous,
            requests_per_minute: file.requests_per_minute,
            allowed_origins: file.allowed_origins,
            audit_log: file.audit_log,
            oidc: file.oidc,
        };

        let access = access::resolve(&flags, access, &data_dir)?;
        let (telemetry, connections) = file
            .limits
            .resolve(flags.question_log.or(file.question_log).as_deref())?;

        let feedback = flags
            .feedback
            .or(file.feedback)
            .map_or(Ok(FeedbackPolicy::default()), |text| text.parse());

        let log_format = flags
            .log_format
            .or(file.log_format)
            .map_or(Ok(LogFormat::default()), |text| text.parse());

        let precision = flags
            .precision
            .or(file.precision)
            .map_or(Ok(Precision::default()), |text| text.parse());

        let listen = flags
            .listen
            .or(file.listen)
            .unwrap_or_else(|| "127.0.0.1:8080".to_owned());

        let listen: SocketAddr = listen.parse().with_context(|| {
            format!("{listen:?} is not an address to listen on; write it as 127.0.0.1:8080")
        })?;

        if let Some(host) = file.allowed_hosts.iter().find(|host| !is_host(host)) {
            bail!(
                "{host:?} in allowed_hosts is not a host name; write it as docs.example.com or \
                 docs.example.com:8443"
            );
        }

        let tls = TlsSettings::resolve(flags.tls_cert, flags.tls_key, file.tls)?;
        let fusion = flags
            .fusion
            .or(file.fusion)
            .map_or_else(|| Ok(Fusion::default()), |text| text.parse());

        let encoding = flags
            .vectors
            .or(file.vectors)
            .map_or(Ok(VectorEncoding::default()), |text| text.parse());

        let corpus_override = flags.corpus.clone();
        let corpus = flags
            .corpus
            .or(file.corpus)
            .unwrap_or_else(|| PathBuf::from("corpus"));

        let default_root = Root {
            rules: file.library,
            ..Root::new(RootName::default(), corpus)
        };

        Ok(Self {
            roots: resolve_roots(default_root, file.root)?,
            corpus_override,
            data_dir,
            model: ModelSettings {
                name: flags
                    .model
                    .or(file.model)
                    .unwrap_or_else(|| DEFAULT_MODEL.to_owned()),
                model_dir: flags.model_dir.or(file.model_dir),
                cache_dir: cache_dir.clone(),
                ort_dylib: flags.ort_dylib.or(file.ort_dylib),
                python: python.clone(),
            },
            precision: precision.map_err(anyhow::Error::msg)?,
            pdfium: PdfiumSettings {
                library: flags.pdfium_library.or(file.pdfium_library),
                cache_dir,
                python,
            },
            rerank,
            listen,
            public_url: flags.public_url.or(file.public_url),
            allowed_hosts: file.allowed_hosts,
            threads: flags.threads.or(file.threads).map(limit_to_cores),
            min_free_bytes: file
                .min_free_mb
                .unwrap_or(DEFAULT_MIN_FREE_MB)
                .saturating_mul(1024 * 1024),
            vectors: VectorStorage {
                encoding: encoding.map_err(anyhow::Error::msg)?,
                on_disk: flags
                    .vectors_on_disk
                    .or(file.vectors_on_disk)
                    .unwrap_or_default(),
            },
            keep_generations: flags
                .keep_generations
                .or(file.keep_generations)
                .unwrap_or(DEFAULT_KEEP_GENERATIONS),
            access,
            tls,
            fusion: fusion.map_err(anyhow::Error::msg)?,
            answer_cache_bytes: flags
                .answer_cache_mb
                .or(file.answer_cache_mb)
                .unwrap_or(DEFAULT_ANSWER_CACHE_MB)
                .saturating_mul(1024 * 1024),
            keep_originals: flags.keep_originals.or(file.keep_originals).unwrap_or(true),
            qdrant,
            telemetry,
            connections,
            feedback: feedback.map_err(anyhow::Error::msg)?,
            log_format: log_format.map_err(anyhow::Error::msg)?,
            backup: file.backup.resolve()?,
        })
    }
}

/// Returns the default root and the further ones. Fails if two have the same name.
fn resolve_roots(default_root: Root, entries: Vec<RootEntry>) -> Result<Vec<Root>> {
    let mut roots = vec![default_root];
    for entry in entries {
        if roots.iter().any(|root| root.name == entry.name) {
            bail!(
                "two roots are named {}; give each its own name in the settings",
                entry.name
            );
        }

        roots.push(Root {
            rules: entry.library,
            ..Root::new(entry.name, entry.path)
        });
    }

    Ok(roots)
}

/// Treats empty values as not set, so that `MCDEWEY_CORPUS=` in the environment selects the
/// default.
fn without_empty_values(flags: SettingFlags) -> SettingFlags {
    SettingFlags {
        config: non_empty_path(flags.config),
        corpus: non_empty_path(flags.corpus),
        data_dir: non_empty_path(flags.data_dir),
        model_dir: non_empty_path(flags.model_dir),
        model: non_empty_text(flags.model),
        models_dir: non_empty_path(flags.models_dir),
        precision: non_empty_text(flags.precision),
        ort_dylib: non_empty_path(flags.ort_dylib),
        pdfium_library: non_empty_path(flags.pdfium_library),
        rerank: non_empty_text(flags.rerank),
        rerank_dir: non_empty_path(flags.rerank_dir),
        listen: non_empty_text(flags.listen),
        public_url: non_empty_text(flags.public_url),
        qdrant_url: non_empty_text(flags.qdrant_url),
        qdrant_api_key: non_empty_text(flags.qdrant_api_key),
        qdrant_api_key_file: non_empty_path(flags.qdrant_api_key_file),
        qdrant_collection: non_empty_text(flags.qdrant_collection),
        access_key_file: non_empty_path(flags.access_key_file),
        keys_file: non_empty_path(flags.keys_file),
        allow_anonymous: flags.allow_anonymous,
        requests_per_minute: flags.requests_per_minute,
        audit_log: non_empty_path(flags.audit_log),
        tls_cert: non_empty_path(flags.tls_cert),
        tls_key: non_empty_path(flags.tls_key),
        fusion: non_empty_text(flags.fusion),
        answer_cache_mb: flags.answer_cache_mb,
        keep_originals: flags.keep_originals,
        question_log: non_empty_text(flags.question_log),
        feedback: non_empty_text(flags.feedback),
        log_format: non_empty_text(flags.log_format),
        threads: flags.threads,
        keep_generations: flags.keep_generations,
        vectors: non_empty_text(flags.vectors),
        vectors_on_disk: flags.vectors_on_disk,
    }
}

fn non_empty_path(value: Option<PathBuf>) -> Option<PathBuf> {
    value.filter(|path| !path.as_os_str().is_empty())
}

fn non_empty_text(value: Option<String>) -> Option<String> {
    value.filter(|text| !text.trim().is_empty())
}

/// Limits the number of threads to the number of cores, because more would only compete for them.
fn limit_to_cores(threads: usize) -> usize {
    threads.min(std::thread::available_parallelism().map_or(1, usize::from))
}

/// Reads the settings file. One that the user named must exist; the default one may be missing.
fn read_file(named: Option<&Path>) -> Result<SettingsFile> {
    let path = named.unwrap_or(Path::new(DEFAULT_FILE));
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(SettingsFile::default());
        }
        Err(error) => {
            return Err(error)
                .with_context(|| format!("the settings file {} cannot be read", path.display()));
        }
    };

    toml::from_str(&text)
        .with_context(|| format!("the settings file {} is not valid", path.display()))
}

#[cfg(test)]
mod tests {
    use mcdewey_query::QuestionLogPolicy;

    use super::*;

    fn resolve(file: &str, flags: SettingFlags) -> Result<Settings> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mcdewey.toml");
        std::fs::write(&path, file).unwrap();

        Settings::resolve(SettingFlags {
            config: Some(path),
            ..flags
        })
    }

    #[test]
    fn flags_override_the_file_and_the_file_overrides_the_defaults() {
        let file = "corpus = 'manuals'\ndata_dir = 'index'\nlisten = '127.0.0.1:9000'";
        let flags = SettingFlags {
            data_dir: Some(PathBuf::from("elsewhere")),
            ..SettingFlags::default()
        };
        let settings = resolve(file, flags).unwrap();
        assert_eq!(settings.roots[0].path, PathBuf::from("manuals"));
        assert_eq!(settings.data_dir, PathBuf::from("elsewhere"));
        assert_eq!(settings.listen.port(), 9000);
        assert_eq!(settings.model.cache_dir, PathBuf::from("models"));
    }

    #[test]
    fn pdfium_is_set_by_flag_or_file_and_fetched_like_the_model() {
        let file = "pdfium_library = 'a.so'\nmodels_dir = 'cache'\npython = 'python3.12'";
        let pdfium = resolve(file, SettingFlags::default()).unwrap().pdfium;
        assert_eq!(
            pdfium,
            PdfiumSettings {
                library: Some(PathBuf::from("a.so")),
                cache_dir: PathBuf::from("cache"),
                python: "python3.12".to_owned(),
            }
        );

        let flags = |library| SettingFlags {
            pdfium_library: Some(PathBuf::from(library)),
            ..SettingFlags::default()
        };
        let library = |flags| resolve(file, flags).unwrap().pdfium.library.unwrap();
        assert_eq!(library(flags("b.so")), Path::new("b.so"));
        assert_eq!(library(flags("")), Path::new("a.so"));
    }

    #[test]
    fn the_precision_is_int8_unless_flag_or_file_say_fp32() {
        let precision = |file: &str, flag: Option<&str>| {
            let flags = SettingFlags {
                precision: flag.map(str::to_owned),
                ..SettingFlags::default()
            };
            resolve(file, flags).map(|settings| settings.precision)
        };

        assert_eq!(precision("", None).unwrap(), Precision::Int8);
        let file = "precision = 'fp32'";
        assert_eq!(precision(file, None).unwrap(), Precision::Fp32);
        assert_eq!(precision(file, Some("int8")).unwrap(), Precision::Int8);

        let error = precision(file, Some("int4")).unwrap_err().to_string();
        assert!(error.contains("use fp32 or int8"), "{error}");
    }

    #[test]
    fn the_largest_minimum_of_free_space_does_not_overflow() {
        let settings = resolve(
            &format!("min_free_mb = {}", i64::MAX),
            SettingFlags::default(),
        )
        .unwrap();
        assert_eq!(settings.min_free_bytes, u64::MAX);
    }

    #[test]
    fn empty_values_count_as_not_set_and_threads_are_limited() {
        let flags = SettingFlags {
            corpus: Some(PathBuf::new()),
            listen: Some(String::new()),
            threads: Some(100_000),
            ..SettingFlags::default()
        };

        let settings = resolve("", flags).unwrap();
        assert_eq!(settings.roots[0].path, PathBuf::from("corpus"));
        assert_eq!(settings.listen.port(), 8080);
        assert!(settings.threads.unwrap() < 100_000);
    }

    #[test]
    fn names_that_no_browser_sends_as_host_are_rejected() {
        for bad in [
            "https://docs.example.com",
            "docs.example.com/",
            "*.example.com",
            "docs.example.com.",
            "::1",
            "",
        ] {
            let rejected = resolve(
                &format!("allowed_hosts = ['{bad}']"),
                SettingFlags::default(),
            );
            assert!(
                rejected.unwrap_err().to_string().contains("allowed_hosts"),
                "{bad}"
            );
        }

        let file =
            "allowed_hosts = ['docs.example.com', 'Docs.example.com:8443', '[::1]', '10.0.0.5']";
        assert_eq!(
            resolve(file, SettingFlags::default())
                .unwrap()
                .allowed_hosts
                .len(),
            4
        );
    }

    #[test]
    fn a_shared_key_is_read_from_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key");
        std::fs::write(&key, "let me in\n").unwrap();

        let flags = SettingFlags {
            access_key_file: Some(key),
            ..SettingFlags::default()
        };
        let settings = resolve("listen = '0.0.0.0:80'", flags).unwrap();
        assert_eq!(settings.access.key.as_deref(), Some("let me in"));
        assert_eq!(settings.access.keys_file, Path::new("data/keys.toml"));
    }

    #[test]
    fn the_fusion_is_set_by_flag_or_file() {
        assert_eq!(
            resolve("", SettingFlags::default()).unwrap().fusion,
            Fusion::default()
        );

        let flags = || SettingFlags {
            fusion: Some("rrf".to_owned()),
            ..SettingFlags::default()
        };

        assert_eq!(
            resolve("fusion = 'dbsf'", flags())
                .unwrap()
                .fusion
                .to_string(),
            "rrf:60,1"
        );
        assert_eq!(
            resolve("fusion = 'dbsf'", SettingFlags::default())
                .unwrap()
                .fusion
                .to_string(),
            "dbsf:1"
        );
    }

    #[test]
    fn log_format_question_log_and_feedback_are_set_by_flag_or_file() {
        let file = "question_log = 'all'\nlog_format = 'json'";
        let settings = resolve(file, SettingFlags::default()).unwrap();
        assert_eq!(
            (settings.telemetry.question_log, settings.log_format),
            (QuestionLogPolicy::All, LogFormat::Json)
        );
        assert_eq!(settings.feedback, FeedbackPolicy::Keys);
        assert_eq!(
            resolve("feedback = 'everyone'", SettingFlags::default())
                .unwrap()
                .feedback,
            FeedbackPolicy::Everyone
        );

        let text = |text: &str| Some(text.to_owned());
        let flags = SettingFlags {
            question_log: text("off"),
            log_format: text("text"),
            ..SettingFlags::default()
        };

        let settings = resolve(file, flags).unwrap();
        assert_eq!(
            (settings.telemetry.question_log, settings.log_format),
            (QuestionLogPolicy::Off, LogFormat::Text)
        );
        assert_eq!(
            resolve("", SettingFlags::default()).unwrap().telemetry,
            TelemetrySettings::default()
        );
    }

    #[test]
    fn one_old_generation_is_kept_by_default() {
        let kept = |file: &str, keep_generations| {
            resolve(
                file,
                SettingFlags {
                    keep_generations,
                    ..SettingFlags::default()
                },
            )
            .unwrap()
            .keep_generations
        };

        assert_eq!(kept("", None), 1);
        assert_eq!(kept("keep_generations = 3", None), 3);
        assert_eq!(kept("keep_generations = 3", Some(0)), 0);
    }

    #[test]
    fn answers_are_kept_unless_the_cache_has_no_room() {
        let bytes = |file: &str, answer_cache_mb| {
            let flags = SettingFlags {
                answer_cache_mb,
                ..SettingFlags::default()
            };
            resolve(file, flags).unwrap().answer_cache_bytes
        };

        assert_eq!(bytes("", None), DEFAULT_ANSWER_CACHE_MB * 1024 * 1024);
        assert_eq!(bytes("answer_cache_mb = 3", None), 3 * 1024 * 1024);
        assert_eq!(bytes("answer_cache_mb = 3", Some(0)), 0);
    }

    #[test]
    fn vectors_are_stored_as_the_settings_say() {
        let vectors = |file: &str, flag: Option<&str>| {
            resolve(
                file,
                SettingFlags {
                    vectors: flag.map(str::to_owned),
                    ..SettingFlags::default()
                },
            )
            .unwrap()
            .vectors
        };

        assert_eq!(vectors("", None), VectorStorage::default());
        let file = "vectors = \"binary\"\nvectors_on_disk = true";
        assert_eq!(
            vectors(file, None),
            VectorStorage {
                encoding: VectorEncoding::Binary,
                on_disk: true
            }
        );
        assert_eq!(vectors(file, Some("int8")).encoding, VectorEncoding::Int8);
    }

    #[test]
    fn errors_name_the_wrong_setting() {
        for (file, word) in [
            ("corpse = 'x'", "corpse"),
            ("listen = 'somewhere'", "somewhere"),
            ("allowed_origins = ['portal']", "portal"),
            (
                "[oidc]\nissuer = 'http://a.example'\naudience = 'x'",
                "https://",
            ),
            ("[tls]\ncert = 'x'", "key"),
            ("access_key_file = 'no-such-key'", "no-such-key"),
            ("fusion = 'best'", "best"),
            ("question_log = 'some'", "some"),
            ("feedback = 'friends'", "friends"),
            ("log_format = 'xml'", "xml"),
            ("vectors = 'int4'", "int4"),
            ("[limits]\nsearches = 0", "searches"),
            ("[qdrant]\nurl = 'http://a'\nreplica = 2", "replica"),
            ("[rerank]\ndir = 'a'\ndepth = 0", "depth"),
            ("[[root]]\nname = 'a b'\npath = 'x'", "a b"),
            ("[[root]]\nname = 'corpus'\npath = 'x'", "corpus"),
        ] {
            let error = format!("{:#}", resolve(file, SettingFlags::default()).unwrap_err());
            assert!(error.contains(word), "{error}");
        }

        let missing = SettingFlags {
            config: Some(PathBuf::from("no-such.toml")),
            ..SettingFlags::default()
        };

        assert!(format!("{:#}", Settings::resolve(missing).unwrap_err()).contains("no-such.toml"));
    }
}
