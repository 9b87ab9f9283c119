//! A real Qdrant server for tests: the one of `QDRANT_URL`, or a `qdrant` program on the PATH, started on free loopback
//! ports with storage of its own. Never part of the program.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::{Server, ServerAddress};

/// How long a server may take to start.
const STARTS_WITHIN: Duration = Duration::from_secs(60);
/// Pause between two looks whether it has.
const LOOKS_EVERY: Duration = Duration::from_millis(50);

/// Runs the program and kills it when standard input ends: when the test lets go of it, or dies itself.
const KEEPER: &str =
    r#"qdrant & server=$!; cat >/dev/null; kill -9 $server; wait $server 2>/dev/null; rm -rf "$0""#;

/// A server that the tests of one program share.
static SHARED: OnceCell<Option<Shared>> = OnceCell::const_new();
static NAMES: AtomicU32 = AtomicU32::new(0);

/// Where the shared server is; its keeper ends with this process.
struct Shared {
    address: ServerAddress,
    _process: Option<QdrantProcess>,
}

/// The address of a server that tests may share, or `None` where there is none: the reason is printed. The server of
/// `QDRANT_URL` (with `QDRANT_API_KEY`) goes before a program on the PATH.
pub async fn shared_server(test: &str) -> Option<ServerAddress> {
    let start = async || {
        if let Ok(url) = std::env::var("QDRANT_URL") {
            let address = ServerAddress {
                url,
                api_key: std::env::var("QDRANT_API_KEY").ok(),
            };
            return Some(Shared {
                address,
                _process: None,
            });
        }

        let mut process = QdrantProcess::new(None)?;

        // Nothing drops a static: the keeper takes the storage away when this program ends.
        process.removed_at_end = process.storage.path().to_owned();
        process.restart().await;
        Some(Shared {
            address: process.address(),
            _process: Some(process),
        })
    };

    let shared = SHARED.get_or_init(start).await;
    if shared.is_none() {
        skipped(
            test,
            "there is neither QDRANT_URL nor a `qdrant` program on the PATH",
        );
    }

    shared.as_ref().map(|shared| shared.address.clone())
}

/// A name for collections that no other test uses.
pub fn unused_name() -> String {
    format!(
        "mcdewey-test-{}-{:06}",
        std::process::id(),
        NAMES.fetch_add(1, Ordering::Relaxed)
    )
}

/// Takes the collections away whose names begin so, and the alias of that name.
pub async fn clean_up(address: &ServerAddress, name: &str) {
    let mut config = qdrant_client::Qdrant::from_url(&address.url).skip_compatibility_check();
    config.api_key.clone_from(&address.api_key);
    let Ok(client) = config.build() else { return };

    let Ok(listed) = client.list_collections().await else {
        return;
    };

    for collection in listed
        .collections
        .iter()
        .filter(|collection| collection.name.starts_with(name))
    {
        let _ = client.delete_collection(&collection.name).await;
    }
}

/// Says past the capture of the test runner why a test, or one of several of this name, does not run here; once.
pub fn skipped(test: &str, reason: &str) {
    static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

    if SAID
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(test.to_owned())
    {
        let _ = writeln!(io::stderr(), "skipped {test}: {reason}");
    }
}

/// A server of a test's own, which it may kill and start again on the same port and storage.
pub struct QdrantProcess {
    keeper: Option<(Child, ChildStdin)>,
    storage: TempDir,
    removed_at_end: PathBuf,
    ports: (u16, u16),
    key: Option<String>,
}

impl QdrantProcess {
    /// Starts a server that wants this key; `None` where no `qdrant` is on the PATH.
    pub async fn start(key: Option<&str>) -> Option<Self> {
        let mut process = Self::new(key)?;
        process.restart().await;
        Some(process)
    }

    fn new(key: Option<&str>) -> Option<Self> {
        on_path("qdrant")?;
        let storage = tempfile::tempdir().expect("a temporary folder");

        // The storage goes with this value: the keeper leaves it, for the server may be started again.
        let removed_at_end = storage.path().join("nothing");
        let ports = (free_port(), free_port());
        Some(Self {
            keeper: None,
            storage,
            removed_at_end,
            ports,
            key: key.map(str::to_owned),
        })
    }

    /// Where it answers.
    pub fn address(&self) -> ServerAddress {
        ServerAddress {
            url: format!("http://127.0.0.1:{}", self.ports.1),
            api_key: self.key.clone(),
        }
    }

    /// The port of its REST interface.
    pub fn http_port(&self) -> u16 {
        self.ports.0
    }

    /// Kills it as a crash would.
    pub fn kill(&mut self) {
        if let Some((mut keeper, input)) = self.keeper.take() {
            drop(input);
            let _ = keeper.wait();
        }
    }

    /// Starts it, again or for the first time, and waits until it answers.
    pub async fn restart(&mut self) {
        self.kill();
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(KEEPER)
            .arg(&self.removed_at_end)
            .current_dir(self.storage.path())
            .stdin(Stdio::piped());

        command.stdout(Stdio::null()).stderr(Stdio::null());
        for (name, value) in self.settings() {
            command.env(format!("QDRANT__{name}"), value);
        }

        let mut keeper = command.spawn().expect("a shell starts");
        let input = keeper.stdin.take().expect("standard input is piped");
        self.keeper = Some((keeper, input));

        let begun = Instant::now();
        while let Err(error) = Server::connect(&self.address()).await {
            assert!(
                begun.elapsed() < STARTS_WITHIN,
                "the server did not start: {error}"
            );
            tokio::time::sleep(LOOKS_EVERY).await;
        }
    }

    fn settings(&self) -> Vec<(&'static str, String)> {
        let folder = |name: &str| self.storage.path().join(name).display().to_string();
        let mut settings = vec![
            ("SERVICE__HOST", "127.0.0.1".to_owned()),
            ("SERVICE__HTTP_PORT", self.ports.0.to_string()),
            ("SERVICE__GRPC_PORT", self.ports.1.to_string()),
            ("STORAGE__STORAGE_PATH", folder("storage")),
            ("STORAGE__SNAPSHOTS_PATH", folder("snapshots")),
            ("TELEMETRY_DISABLED", "true".to_owned()),
            ("LOG_LEVEL", "WARN".to_owned()),
        ];

        settings.extend(self.key.clone().map(|key| ("SERVICE__API_KEY", key)));
        settings
    }
}

impl Drop for QdrantProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

fn on_path(program: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders)
        .map(|folder| folder.join(program))
        .find(|path| Path::is_file(path))
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}
