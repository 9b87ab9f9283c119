//! The settings, resolved once: `mcdewey.toml` < `MCDEWEY_*` < flags (clap already puts flags over the environment).

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use mcdewey_core::{ContentHash, RootName};
use mcdewey_embed::ModelSettings;
use mcdewey_ingest::{LibraryFile, Root};
use mcdewey_query::{FeedbackFrom, Fusion, TelemetrySettings, is_host};
use serde::Deserialize;

use crate::access::settings::{AccessSettings, AccessTable, OidcSettings};
use crate::cli::SettingFlags;
use crate::connections::ConnectionSettings;
use crate::limits::LimitsTable;
use crate::log::LogFormat;
use crate::qdrant::{QdrantSettings, QdrantTable};
use crate::rerank::{RerankSettings, RerankTable};
use crate::tls::TlsSettings;

/// The model a fresh library is built with.
const DEFAULT_MODEL: &str = "all-MiniLM-L6-v2";
/// Below this much free space nothing is written.
const DEFAULT_MIN_FREE_MB: u64 = 256;
/// Old generations that stay beside the live one.
const DEFAULT_KEEP_GENERATIONS: usize = 1;
const DEFAULT_FILE: &str = "mcdewey.toml";

/// Everything a command needs to know.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) roots: Vec<Root>,
    /// The folder of the default root, where it was named on the command line or in the environment.
    pub(crate) corpus_given: Option<PathBuf>,
    pub(crate) data_dir: PathBuf,
    pub(crate) model: ModelSettings,
    /// What orders the first hits among themselves, if anything does.
    pub(crate) rerank: Option<RerankSettings>,
    pub(crate) listen: SocketAddr,
    pub(crate) public_url: Option<String>,
    pub(crate) allowed_hosts: Vec<String>,
    pub(crate) threads: Option<usize>,
    pub(crate) min_free_bytes: u64,
    /// How many old generations of the index stay beside the live one.
    pub(crate) keep_generations: usize,
    /// Who may ask.
    pub(crate) access: AccessSettings,
    /// The certificate that strangers are answered with.
    pub(crate) tls: Option<TlsSettings>,
    /// How the two lists of a question become one ranking.
    pub(crate) fusion: Fusion,
    /// Whether the files that Markdown was made from are kept in the index.
    pub(crate) keep_originals: bool,
    /// The server that holds the library, instead of the data directory.
    pub(crate) qdrant: Option<QdrantSettings>,
    /// How many may search at once, how long anything may take, and which questions are kept.
    pub(crate) telemetry: TelemetrySettings,
    /// How many connections are held, and how long each may keep the server waiting.
    pub(crate) connections: ConnectionSettings,
    /// Whose word on a hit is kept.
    pub(crate) feedback: FeedbackFrom,
    /// How a line of the log is written.
    pub(crate) log_format: LogFormat,
}

/// `mcdewey.toml` as written.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct SettingsFile {
    corpus: Option<PathBuf>,
    data_dir: Option<PathBuf>,
    model: Option<String>,
    model_dir: Option<PathBuf>,
    models_dir: Option<PathBuf>,
    ort_dylib: Option<PathBuf>,
    python: Option<String>,
    listen: Option<String>,
    public_url: Option<String>,
    allowed_hosts: Vec<String>,
    threads: Option<usize>,
    min_free_mb: Option<u64>,
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
    keep_originals: Option<bool>,
    question_log: Option<String>,
    feedback: Option<String>,
    log_format: Option<String>,
    limits: LimitsTable,
    qdrant: QdrantTable,
    rerank: RerankTable,
    root: Vec<RootEntry>,
    /// Rules, products and aliases for the default root, when its folder is not ours to write to.
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
    /// Where a process that serves this library says so: the data directory, or a folder of it that stands for the
    /// Qdrant server's library.
    pub(crate) fn lock_dir(&self) -> PathBuf {
        match &self.qdrant {
            None => self.data_dir.clone(),
            Some(qdrant) => {
                let library = ContentHash::of_parts([&qdrant.address.url, &qdrant.collection]);
                self.data_dir.join(format!("qdrant-{}", library.short(8)))
            }
        }
    }

    /// Where the library lies, as people are told.
    pub(crate) fn library_place(&self) -> String {
        match &self.qdrant {
            None => self.data_dir.display().to_string(),
            Some(qdrant) => format!("{} on {}", qdrant.collection, qdrant.address.url),
        }
    }

    /// Puts flags, environment and file together.
    pub(crate) fn resolve(flags: SettingFlags) -> Result<Self> {
        let flags = without_empty(flags);
        let file = read_file(flags.config.as_deref())?;
        let qdrant = QdrantSettings::resolve(&flags, file.qdrant)?;
        let rerank = RerankSettings::resolve(&flags, file.rerank)?;

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

        let access = AccessSettings::resolve(&flags, access, &data_dir)?;
        let (telemetry, connections) = file
            .limits
            .resolve(flags.question_log.or(file.question_log).as_deref())?;

        let feedback = flags
            .feedback
            .or(file.feedback)
            .map_or(Ok(FeedbackFrom::default()), |text| text.parse());

        let log_format = flags
            .log_format
            .or(file.log_format)
            .map_or(Ok(LogFormat::default()), |text| text.parse());

        let listen = flags
            .listen
            .or(file.listen)
            .unwrap_or_else(|| "127.0.0.1:8080".to_owned());

        let listen: SocketAddr = listen.parse().with_context(|| {
            format!("{listen:?} is not an address to listen on; write it as 127.0.0.1:8080")
        })?;

        if let Some(host) = file.allowed_hosts.iter().find(|host| !is_host(host)) {
            bail!(
                "{host:?} in allowed_hosts is no host name; write it as docs.example.com or docs.example.com:8443"
            );
        }

        let tls = TlsSettings::resolve(flags.tls_cert, flags.tls_key, file.tls)?;
        let fusion = flags
            .fusion
            .or(file.fusion)
            .map_or_else(|| Ok(Fusion::default()), |text| text.parse());
        let corpus_given = flags.corpus.clone();

        let corpus = flags
            .corpus
            .or(file.corpus)
            .unwrap_or_else(|| PathBuf::from("corpus"));

        let mut roots = vec![Root {
            rules: file.library,
            ..Root::new(RootName::default(), corpus)
        }];

        for entry in file.root {
            if roots.iter().any(|known| known.name == entry.name) {
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

        Ok(Self {
            roots,
            corpus_given,
            data_dir,
            model: ModelSettings {
                name: flags
                    .model
                    .or(file.model)
                    .unwrap_or_else(|| DEFAULT_MODEL.to_owned()),
                model_dir: flags.model_dir.or(file.model_dir),
                cache_dir: flags
                    .models_dir
                    .or(file.models_dir)
                    .unwrap_or_else(|| PathBuf::from("models")),
                ort_dylib: flags.ort_dylib.or(file.ort_dylib),
                python: file.python.unwrap_or_else(|| "python3".to_owned()),
            },
            rerank,
            listen,
            public_url: flags.public_url.or(file.public_url),
            allowed_hosts: file.allowed_hosts,
            threads: flags.threads.or(file.threads).map(at_most_all_cores),
            min_free_bytes: file
                .min_free_mb
                .unwrap_or(DEFAULT_MIN_FREE_MB)
                .saturating_mul(1024 * 1024),
            keep_generations: flags
                .keep_generations
                .or(file.keep_generations)
                .unwrap_or(DEFAULT_KEEP_GENERATIONS),
            access,
            tls,
            fusion: fusion.map_err(anyhow::Error::msg)?,
            keep_originals: flags.keep_originals.or(file.keep_originals).unwrap_or(true),
            qdrant,
            telemetry,
            connections,
            feedback: feedback.map_err(anyhow::Error::msg)?,
            log_format: log_format.map_err(anyhow::Error::msg)?,
        })
    }
}

/// An empty value counts as not given.
fn without_empty(flags: SettingFlags) -> SettingFlags {
    let path = |value: Option<PathBuf>| value.filter(|path| !path.as_os_str().is_empty());
    let text = |value: Option<String>| value.filter(|text| !text.trim().is_empty());
    SettingFlags {
        config: path(flags.config),
        corpus: path(flags.corpus),
        data_dir: path(flags.data_dir),
        model_dir: path(flags.model_dir),
        model: text(flags.model),
        models_dir: path(flags.models_dir),
        ort_dylib: path(flags.ort_dylib),
        rerank_dir: path(flags.rerank_dir),
        listen: text(flags.listen),
        public_url: text(flags.public_url),
        qdrant_url: text(flags.qdrant_url),
        qdrant_api_key: text(flags.qdrant_api_key),
        qdrant_api_key_file: path(flags.qdrant_api_key_file),
        qdrant_collection: text(flags.qdrant_collection),
        access_key_file: path(flags.access_key_file),
        keys_file: path(flags.keys_file),
        allow_anonymous: flags.allow_anonymous,
        requests_per_minute: flags.requests_per_minute,
        audit_log: path(flags.audit_log),
        tls_cert: path(flags.tls_cert),
        tls_key: path(flags.tls_key),
        fusion: text(flags.fusion),
        keep_originals: flags.keep_originals,
        question_log: text(flags.question_log),
        feedback: text(flags.feedback),
        log_format: text(flags.log_format),
        threads: flags.threads,
        keep_generations: flags.keep_generations,
    }
}

/// More threads than cores only get in each other's way.
fn at_most_all_cores(threads: usize) -> usize {
    threads.min(std::thread::available_parallelism().map_or(1, usize::from))
}

/// The named file must exist; the default one may be missing.
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
    use mcdewey_query::KeptQuestions;

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
    fn flags_go_over_the_file_and_the_file_over_the_defaults() {
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
    fn a_floor_of_any_size_is_taken() {
        let settings = resolve(
            &format!("min_free_mb = {}", i64::MAX),
            SettingFlags::default(),
        )
        .unwrap();
        assert_eq!(settings.min_free_bytes, u64::MAX);
    }

    #[test]
    fn what_is_empty_counts_as_not_given_and_threads_have_a_limit() {
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
    fn a_host_that_no_browser_would_ask_for_is_refused() {
        for bad in [
            "https://docs.example.com",
            "docs.example.com/",
            "*.example.com",
            "docs.example.com.",
            "::1",
            "",
        ] {
            let refused = resolve(
                &format!("allowed_hosts = ['{bad}']"),
                SettingFlags::default(),
            );
            assert!(
                refused.unwrap_err().to_string().contains("allowed_hosts"),
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
    fn one_key_for_everybody_lies_in_a_file() {
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
    fn a_fusion_is_chosen_by_flag_or_file() {
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
    fn log_and_question_log_are_chosen_by_flag_or_file() {
        let file = "question_log = 'all'\nlog_format = 'json'";
        let settings = resolve(file, SettingFlags::default()).unwrap();
        assert_eq!(
            (settings.telemetry.question_log, settings.log_format),
            (KeptQuestions::All, LogFormat::Json)
        );
        assert_eq!(settings.feedback, FeedbackFrom::Keys);
        assert_eq!(
            resolve("feedback = 'everyone'", SettingFlags::default())
                .unwrap()
                .feedback,
            FeedbackFrom::Everyone
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
            (KeptQuestions::Off, LogFormat::Text)
        );
        assert_eq!(
            resolve("", SettingFlags::default()).unwrap().telemetry,
            TelemetrySettings::default()
        );
    }

    #[test]
    fn one_old_generation_stays_unless_told_otherwise() {
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
    fn mistakes_are_named() {
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
