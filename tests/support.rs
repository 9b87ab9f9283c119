//! Shared by all tests: the program, an indexed sample library, a running server, and the tools
//! they need.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// The root of the repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the repository exists")
}

/// The program on a data directory, with the repository's model cache and without this machine's
/// settings, nor a reranker: how much that one reads depends on the time that the machine has.
pub(crate) fn mcdewey(data: &Path) -> Command {
    mcdewey_with_models(data, &repository().join("models"))
}

/// As [`mcdewey`], with another cache of models.
pub(crate) fn mcdewey_with_models(data: &Path, models: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mcdewey"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MCDEWEY_")) {
        command.env_remove(name);
    }

    command.current_dir(data.parent().expect("a data directory has a parent"));
    // What a request shows must not depend on whether another test asked the same before.
    command.env("MCDEWEY_ANSWER_CACHE_MB", "0");
    command.env("MCDEWEY_RERANK", "off");
    command
        .arg("--data-dir")
        .arg(data)
        .arg("--models-dir")
        .arg(models);

    command
}

/// Runs a command that must succeed; returns its standard output.
pub(crate) fn succeed(command: &mut Command) -> String {
    let output = command.output().expect("the program starts");
    assert!(
        output.status.success(),
        "{command:?} failed:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );

    String::from_utf8(output.stdout).expect("the output is UTF-8")
}

/// Runs a command that must fail without a panic; returns its standard error.
pub(crate) fn fail(command: &mut Command) -> String {
    let Output { status, stderr, .. } = command.output().expect("the program starts");
    let stderr = String::from_utf8(stderr).expect("the output is UTF-8");
    assert!(!status.success(), "{command:?} succeeded");
    assert!(!stderr.contains("panicked"), "{stderr}");
    stderr
}

/// Ingests a folder; returns the report.
pub(crate) fn ingest(data: &Path, corpus: &Path) -> Value {
    let text = succeed(mcdewey(data).arg("ingest").arg(corpus).arg("--json"));
    serde_json::from_str(&text).expect("the report is JSON")
}

/// A folder with a copy of the sample library's index in `data`. The index is built once for all
/// tests.
pub(crate) fn sample_library() -> TempDir {
    static INDEXED: OnceLock<TempDir> = OnceLock::new();

    let indexed = INDEXED.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let report = ingest(&folder.path().join("data"), &repository().join("corpus"));
        assert_eq!(report["skipped"], json!([]), "{report:#}");
        folder
    });

    let copy = tempfile::tempdir().expect("a temporary folder");
    copy_folder(&indexed.path().join("data"), &copy.path().join("data"));
    copy
}

/// Copies a folder recursively.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("the folder can be created");
    for entry in std::fs::read_dir(from).expect("the folder can be read") {
        let entry = entry.expect("the folder can be read");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("the entry has a type").is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).expect("the file can be copied");
        }
    }
}

/// How long filling the sample library may take on a busy machine.
const FILLED_WITHIN: Duration = Duration::from_secs(300);

/// A running `mcdewey serve`; stopped when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
    /// What it logged before it was ready.
    pub(crate) startup_log: String,
    later_log: Arc<Mutex<String>>,
    folder: TempDir,
}

impl Server {
    /// A server over the sample library.
    pub(crate) fn over_sample_library() -> Self {
        Self::start(sample_library(), &repository().join("corpus"))
    }

    /// A server over `folder/data` and a corpus, on a free port.
    pub(crate) fn start(folder: TempDir, corpus: &Path) -> Self {
        Self::start_with(
            folder,
            &["--corpus", &corpus.display().to_string(), "serve"],
        )
    }

    /// A server over `folder/data` on a free port, with these further arguments. A library that is
    /// filled for the first time is complete when this returns.
    pub(crate) fn start_with(folder: TempDir, arguments: &[&str]) -> Self {
        let server = Self::start_unfilled(folder, arguments);
        wait_until(FILLED_WITHIN, || !server.is_filling());
        server
    }

    /// Reports whether files are being indexed or passages embedded for the first time.
    fn is_filling(&self) -> bool {
        // A certificate that nobody knows keeps this client out.
        let Ok(mut response) = agent().get(format!("{}/readyz", self.address)).call() else {
            return false;
        };
        let status = response.status().as_u16();
        let body = response.body_mut().read_to_string().unwrap_or_default();
        let body: Value = serde_json::from_str(&body).unwrap_or_default();
        let coverage = &body["coverage"];
        let is_being_filled =
            |detail: &str| status == 503 && detail.contains("the library is being filled");
        body["detail"].as_str().is_some_and(is_being_filled)
            || coverage["embedded"] != coverage["passages"]
    }

    /// As [`Self::start_with`], without waiting until the library is filled.
    pub(crate) fn start_unfilled(folder: TempDir, arguments: &[&str]) -> Self {
        let mut command = mcdewey(&folder.path().join("data"));
        command.args(["--listen", "127.0.0.1:0"]).args(arguments);
        let mut child = command
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server starts");

        let mut stderr = BufReader::new(child.stderr.take().expect("standard error is piped"));
        let mut startup_log = String::new();
        let address = loop {
            let mut line = String::new();
            let length = stderr.read_line(&mut line).expect("the log is UTF-8");
            assert!(
                length > 0,
                "the server exited before it was ready:\n{startup_log}"
            );
            if let Some(address) = line.trim_end().strip_prefix("McDewey answers at ") {
                break address.to_owned();
            }
            startup_log.push_str(&line);
        };

        // The pipe has to be drained, or the server blocks when it is full.
        let later_log = Arc::<Mutex<String>>::default();
        let log = Arc::clone(&later_log);
        std::thread::spawn(move || {
            // A line may name a file whose name is not UTF-8.
            for line in stderr.split(b'\n').map_while(Result::ok) {
                let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
                log.push_str(&String::from_utf8_lossy(&line));
                log.push('\n');
            }
        });

        Self {
            child,
            address,
            startup_log,
            later_log,
            folder,
        }
    }

    /// What it has logged since it became ready.
    pub(crate) fn log(&self) -> String {
        let log = self
            .later_log
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        log.clone()
    }

    /// Its data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Kills it as a crash would; returns the folder it leaves behind.
    pub(crate) fn kill(mut self) -> TempDir {
        self.stop();
        std::mem::replace(
            &mut self.folder,
            tempfile::tempdir().expect("a temporary folder"),
        )
    }

    /// Asks it to stop, as an operator would, and waits for it to exit.
    pub(crate) fn terminate(mut self) -> ExitStatus {
        succeed(
            Command::new("kill")
                .arg("-TERM")
                .arg(self.pid().to_string()),
        );
        self.child.wait().expect("the server can be waited for")
    }

    fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a GET; returns status and body.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        let mut response = agent()
            .get(format!("{}{path}", self.address))
            .call()
            .expect("the server responds");

        (
            response.status().as_u16(),
            response
                .body_mut()
                .read_to_string()
                .expect("the response is text"),
        )
    }

    /// The value of a response header of a GET.
    pub(crate) fn header(&self, path: &str, name: &str) -> Option<String> {
        let response = agent()
            .get(format!("{}{path}", self.address))
            .call()
            .expect("the server responds");

        response
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    }

    /// Sends a GET that must succeed; returns the JSON.
    pub(crate) fn get_json(&self, path: &str) -> Value {
        let (status, body) = self.get(path);
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).expect("the response is JSON")
    }

    /// Posts a search that must succeed; returns the JSON.
    pub(crate) fn search(&self, request: &Value) -> Value {
        let mut response = agent()
            .post(format!("{}/api/v1/search", self.address))
            .send_json(request)
            .expect("the server responds");

        let body = response
            .body_mut()
            .read_to_string()
            .expect("the response is text");
        assert_eq!(response.status(), 200, "{request}: {body}");
        serde_json::from_str(&body).expect("the response is JSON")
    }

    /// Posts JSON; returns status and body.
    pub(crate) fn post_json(&self, path: &str, body: &Value) -> (u16, String) {
        let request = agent()
            .post(format!("{}{path}", self.address))
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", "2025-11-25");
        let mut response = request.send_json(body).expect("the server responds");
        (
            response.status().as_u16(),
            response
                .body_mut()
                .read_to_string()
                .expect("the response is text"),
        )
    }

    /// Posts a form; returns status and body.
    pub(crate) fn post_form(&self, path: &str, form: &str) -> (u16, String) {
        let request = agent()
            .post(format!("{}{path}", self.address))
            .header("content-type", "application/x-www-form-urlencoded");
        let mut response = request.send(form).expect("the server responds");
        (
            response.status().as_u16(),
            response
                .body_mut()
                .read_to_string()
                .expect("the response is text"),
        )
    }

    /// Calls an MCP tool that must succeed; returns its structured content.
    pub(crate) fn tool(&self, name: &str, arguments: &Value) -> Value {
        let result = self.mcp("tools/call", &json!({"name": name, "arguments": arguments}));
        assert_ne!(result["isError"], json!(true), "{result:#}");
        result["structuredContent"].clone()
    }

    /// Sends an MCP request that must succeed; returns its result.
    pub(crate) fn mcp(&self, method: &str, params: &Value) -> Value {
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let mut response = agent()
            .post(format!("{}/mcp", self.address))
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", "2025-11-25")
            .send_json(&call)
            .expect("the server responds");

        let message: Value = response
            .body_mut()
            .read_json()
            .expect("the response is JSON");
        assert!(message["result"].is_object(), "{message:#}");
        message["result"].clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// An HTTP client that returns error statuses and ignores this machine's proxy.
pub(crate) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .build()
        .into()
}

/// Polls a condition until it holds; panics after `limit`.
///
/// Polling is needed because another process (the program under test) brings the condition about,
/// and sends the test no event. The interval doubles up to 100 ms: a quick change is seen soon,
/// and requests in the condition neither load the server nor exhaust a rate limit.
#[track_caller]
pub(crate) fn wait_until(limit: Duration, condition: impl FnMut() -> bool) {
    poll(limit, Duration::from_millis(100), condition);
}

/// As [`wait_until`], polling every 20 ms, for a condition that the test must not miss.
#[track_caller]
pub(crate) fn wait_closely_until(limit: Duration, condition: impl FnMut() -> bool) {
    poll(limit, Duration::from_millis(20), condition);
}

#[track_caller]
fn poll(limit: Duration, longest_pause: Duration, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    let mut pause = Duration::from_millis(20);
    while !condition() {
        assert!(Instant::now() < deadline, "not within {limit:?}");
        std::thread::sleep(pause);
        pause = longest_pause.min(pause * 2);
    }
}

/// The chunk ids of the hits, in order.
pub(crate) fn chunk_ids(answer: &Value) -> Vec<String> {
    let hits = answer["hits"].as_array().expect("the response has hits");
    hits.iter()
        .map(|hit| {
            hit["chunk_id"]
                .as_str()
                .expect("a hit has a chunk id")
                .to_owned()
        })
        .collect()
}

/// Reports why a test is skipped. In CI, where everything is installed, a skip is a failure.
pub(crate) fn skip(test: &str, reason: &str) {
    assert!(
        std::env::var_os("CI").is_none(),
        "{test} must run in CI: {reason}"
    );
    print_line(&format!("skipped {test}: {reason}"));
}

/// Prints a line that the test runner does not capture: it hides the output of tests that pass.
pub(crate) fn print_line(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// The questions of `relevance.jsonl`.
pub(crate) fn relevance_cases() -> Vec<Value> {
    let text = std::fs::read_to_string(repository().join("tests/relevance.jsonl"))
        .expect("the cases can be read");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a case is JSON"))
        .collect()
}

/// The search request of a question in `relevance.jsonl`.
pub(crate) fn search_request(case: &Value) -> Value {
    let mut request = json!({"q": case["q"]});
    for (name, value) in case["filter"].as_object().into_iter().flatten() {
        request[name] = value.clone();
    }
    request
}

/// Whether to use the newest versions of clients and test tools instead of the pinned ones.
fn newest_peers() -> bool {
    std::env::var_os("NEWEST_PEERS").is_some()
}

/// A virtual environment with the packages of a folder's `requirements.txt`, created once in the
/// target directory.
pub(crate) fn python_environment(name: &str, folder: &Path) -> Result<PathBuf, String> {
    let environment = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("python-{name}"));
    let pinned = std::fs::read_to_string(folder.join("requirements.txt"))
        .map_err(|error| error.to_string())?;
    let names = pinned
        .lines()
        .map(|line| line.split("==").next().unwrap_or(line));

    let wanted: Vec<&str> = if newest_peers() {
        names.collect()
    } else {
        pinned.lines().collect()
    };

    let marker = environment.join("ready");
    if std::fs::read_to_string(&marker).is_ok_and(|ready| ready == wanted.join("\n")) {
        return Ok(environment);
    }

    run(Command::new("python3")
        .args(["-m", "venv"])
        .arg(&environment))?;
    let pip = ["-m", "pip", "install", "--quiet", "--upgrade"];
    run(Command::new(environment.join("bin/python"))
        .args(pip)
        .args(&wanted))?;
    std::fs::write(marker, wanted.join("\n")).map_err(|error| error.to_string())?;

    Ok(environment)
}

/// Installs the packages that a folder's `package.json` pins, once, beside it. Git ignores them.
pub(crate) fn node_modules(folder: &Path) -> Result<(), String> {
    // Several tests use the same folder.
    static INSTALLING: Mutex<()> = Mutex::new(());

    let _installing = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    if folder.join("node_modules/.package-lock.json").exists() {
        return Ok(());
    }

    let install = [
        "install",
        "--no-audit",
        "--no-fund",
        "--no-package-lock",
        "--silent",
    ];

    run(Command::new("npm").args(install).current_dir(folder))?;
    if !newest_peers() {
        return Ok(());
    }

    let text =
        std::fs::read_to_string(folder.join("package.json")).map_err(|error| error.to_string())?;
    let package: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let names = package["dependencies"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| format!("{name}@latest"));

    run(Command::new("npm")
        .args(install)
        .arg("--no-save")
        .args(names)
        .current_dir(folder))
}

/// Runs a command that prepares a test; the error contains its standard error.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let output = command
        .output()
        .map_err(|error| format!("{command:?} cannot be started: {error}"))?;

    if output.status.success() {
        return Ok(());
    }

    Err(format!(
        "{command:?} failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    ))
}
