//! A real Qdrant server for tests: the one at `QDRANT_URL`, or a `qdrant` program on the PATH,
//! started on free loopback ports with its own storage. Never part of the program.

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
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// The pause between two attempts to connect to a server that is starting.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// A script that runs the program and kills it when standard input ends: when the test closes it,
/// or when the test's process dies. Then it deletes the folder in `$0`.
const SUPERVISOR: &str =
    r#"qdrant & server=$!; cat >/dev/null; kill -9 $server; wait $server 2>/dev/null; rm -rf "$0""#;

/// The server that the tests of one binary share.
static SHARED: OnceCell<Option<SharedServer>> = OnceCell::const_new();
static NEXT_NAME: AtomicU32 = AtomicU32::new(0);

/// The shared server. Its supervisor ends with this process.
struct SharedServer {
    address: ServerAddress,
    _process: Option<QdrantProcess>,
}

/// Returns the address of a server that tests may share. Prints the reason and returns `None` if
/// there is none. The server at `QDRANT_URL` (with `QDRANT_API_KEY`) has precedence over a program
/// on the PATH.
pub async fn shared_server(test: &str) -> Option<ServerAddress> {
    let start = async || {
        if let Ok(url) = std::env::var("QDRANT_URL") {
            let address = ServerAddress {
                url,
                api_key: std::env::var("QDRANT_API_KEY").ok(),
            };
            return Some(SharedServer {
                address,
                _process: None,
            });
        }

        let mut process = QdrantProcess::new(None)?;

        // A static is never dropped: the supervisor deletes the storage when this process ends.
        process.deleted_at_end = process.storage.path().to_owned();
        process.restart().await;
        Some(SharedServer {
            address: process.address(),
            _process: Some(process),
        })
    };

    let shared = SHARED.get_or_init(start).await;
    if shared.is_none() {
        skipped(
            test,
            "QDRANT_URL is not set, and there is no `qdrant` program on the PATH",
        );
    }

    shared.as_ref().map(|shared| shared.address.clone())
}

/// Returns a name for collections that no other test uses.
pub fn unused_name() -> String {
    format!(
        "mcdewey-test-{}-{:06}",
        std::process::id(),
        NEXT_NAME.fetch_add(1, Ordering::Relaxed)
    )
}

/// Deletes all collections whose names start with `name`, and with them the alias of that name.
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

/// Prints why a test is skipped, once per name. Writes to standard error directly, because the test
/// runner captures what `eprintln!` prints.
pub fn skipped(test: &str, reason: &str) {
    static REPORTED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

    if REPORTED
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(test.to_owned())
    {
        let _ = writeln!(io::stderr(), "skipped {test}: {reason}");
    }
}

/// A server that belongs to one test, which can kill it and restart it with the same ports and
/// storage.
pub struct QdrantProcess {
    supervisor: Option<(Child, ChildStdin)>,
    storage: TempDir,
    deleted_at_end: PathBuf,
    /// The ports of REST and gRPC.
    ports: (u16, u16),
    key: Option<String>,
}

impl QdrantProcess {
    /// Starts a server that requires this key. Returns `None` if there is no `qdrant` on the PATH.
    pub async fn start(key: Option<&str>) -> Option<Self> {
        let mut process = Self::new(key)?;
        process.restart().await;
        Some(process)
    }

    fn new(key: Option<&str>) -> Option<Self> {
        on_path("qdrant")?;
        let storage = tempfile::tempdir().expect("a temporary folder");

        // Dropping `storage` deletes the folder. The supervisor must not, because the server may be
        // restarted.
        let deleted_at_end = storage.path().join("nothing");
        let ports = (free_port(), free_port());
        Some(Self {
            supervisor: None,
            storage,
            deleted_at_end,
            ports,
            key: key.map(str::to_owned),
        })
    }

    /// The address of its gRPC interface.
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

    /// Kills the server without letting it shut down.
    pub fn kill(&mut self) {
        if let Some((mut supervisor, input)) = self.supervisor.take() {
            drop(input);
            let _ = supervisor.wait();
        }
    }

    /// Starts the server, or kills and restarts it, and waits until it answers.
    pub async fn restart(&mut self) {
        self.kill();
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(SUPERVISOR)
            .arg(&self.deleted_at_end)
            .current_dir(self.storage.path())
            .stdin(Stdio::piped());

        command.stdout(Stdio::null()).stderr(Stdio::null());
        for (name, value) in self.settings() {
            command.env(format!("QDRANT__{name}"), value);
        }

        let mut supervisor = command.spawn().expect("a shell starts");
        let input = supervisor.stdin.take().expect("standard input is piped");
        self.supervisor = Some((supervisor, input));

        let started = Instant::now();
        while let Err(error) = Server::connect(&self.address()).await {
            assert!(
                started.elapsed() < START_TIMEOUT,
                "the server did not start: {error}"
            );
            tokio::time::sleep(POLL_INTERVAL).await;
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
