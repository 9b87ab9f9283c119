//! What the tests share: the program, an indexed sample library, and a running server.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use serde_json::{Value, json};
use tempfile::TempDir;

/// The top of the repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the repository is there")
}

/// The program on a data directory, with the repository's model cache and no settings of the machine.
pub(crate) fn mcdewey(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mcdewey"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MCDEWEY_")) {
        command.env_remove(name);
    }

    command.current_dir(data.parent().expect("a data directory has a parent"));
    command
        .arg("--data-dir")
        .arg(data)
        .arg("--models-dir")
        .arg(repository().join("models"));

    command
}

/// Runs a command that must succeed; gives what it printed.
pub(crate) fn succeed(command: &mut Command) -> String {
    let output = command.output().expect("the program starts");
    assert!(
        output.status.success(),
        "{command:?} failed:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );

    String::from_utf8(output.stdout).expect("the output is UTF-8")
}

/// Runs a command that must fail; gives what it said on standard error.
pub(crate) fn fail(command: &mut Command) -> String {
    let Output { status, stderr, .. } = command.output().expect("the program starts");
    let said = String::from_utf8(stderr).expect("the output is UTF-8");
    assert!(!status.success(), "{command:?} succeeded");
    assert!(!said.contains("panicked"), "{said}");
    said
}

/// Ingests a folder; gives the report.
pub(crate) fn ingest(data: &Path, corpus: &Path) -> Value {
    let text = succeed(mcdewey(data).arg("ingest").arg(corpus).arg("--json"));
    serde_json::from_str(&text).expect("the report is JSON")
}

/// A copy of the sample library's index, which is built once for all tests.
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

/// Copies a folder with all that is in it.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("the folder can be made");
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

/// A running `mcdewey serve`; stopped when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
    /// What it said before it answered.
    pub(crate) said: String,
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

    /// A server on a free port, with these arguments besides `folder/data`.
    pub(crate) fn start_with(folder: TempDir, arguments: &[&str]) -> Self {
        let mut command = mcdewey(&folder.path().join("data"));
        command.args(["--listen", "127.0.0.1:0"]).args(arguments);
        let mut child = command
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server starts");

        let mut lines =
            BufReader::new(child.stderr.take().expect("standard error is piped")).lines();
        let mut said = String::new();
        let address = loop {
            let Some(Ok(line)) = lines.next() else {
                panic!("the server ended before it answered:\n{said}")
            };
            if let Some(address) = line.strip_prefix("McDewey answers at ") {
                break address.to_owned();
            }
            said.push_str(&line);
            said.push('\n');
        };

        // Somebody must go on reading, or the server stops when the pipe is full.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            child,
            address,
            said,
            folder,
        }
    }

    /// Its data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Kills it as a crash would; gives the folder it left behind.
    pub(crate) fn kill(mut self) -> TempDir {
        self.stop();
        std::mem::replace(
            &mut self.folder,
            tempfile::tempdir().expect("a temporary folder"),
        )
    }

    /// Asks it to stop, as an operator would, and waits until it has.
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

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// GET; gives status and body.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        let mut response = agent()
            .get(format!("{}{path}", self.address))
            .call()
            .expect("the server answers");

        (
            response.status().as_u16(),
            response
                .body_mut()
                .read_to_string()
                .expect("the answer is text"),
        )
    }

    /// The value of a header of the answer to a GET.
    pub(crate) fn header(&self, path: &str, name: &str) -> Option<String> {
        let response = agent()
            .get(format!("{}{path}", self.address))
            .call()
            .expect("the server answers");

        response
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    }

    /// GET of JSON that must succeed.
    pub(crate) fn get_json(&self, path: &str) -> Value {
        let (status, body) = self.get(path);
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).expect("the answer is JSON")
    }

    /// POST of a search that must succeed.
    pub(crate) fn search(&self, request: &Value) -> Value {
        let mut response = agent()
            .post(format!("{}/api/v1/search", self.address))
            .send_json(request)
            .expect("the server answers");

        let body = response
            .body_mut()
            .read_to_string()
            .expect("the answer is text");
        assert_eq!(response.status(), 200, "{request}: {body}");
        serde_json::from_str(&body).expect("the answer is JSON")
    }

    /// POST of JSON; gives status and body.
    pub(crate) fn post_json(&self, path: &str, body: &Value) -> (u16, String) {
        let request = agent()
            .post(format!("{}{path}", self.address))
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", "2025-11-25");
        let mut response = request.send_json(body).expect("the server answers");
        (
            response.status().as_u16(),
            response
                .body_mut()
                .read_to_string()
                .expect("the answer is text"),
        )
    }

    /// POST of a form; gives status and body.
    pub(crate) fn post_form(&self, path: &str, form: &str) -> (u16, String) {
        let request = agent()
            .post(format!("{}{path}", self.address))
            .header("content-type", "application/x-www-form-urlencoded");
        let mut response = request.send(form).expect("the server answers");
        (
            response.status().as_u16(),
            response
                .body_mut()
                .read_to_string()
                .expect("the answer is text"),
        )
    }

    /// Calls an MCP tool that must succeed; gives its structured content.
    pub(crate) fn tool(&self, name: &str, arguments: &Value) -> Value {
        let result = self.mcp("tools/call", &json!({"name": name, "arguments": arguments}));
        assert_ne!(result["isError"], json!(true), "{result:#}");
        result["structuredContent"].clone()
    }

    /// Sends a message over MCP that must succeed; gives its result.
    pub(crate) fn mcp(&self, method: &str, params: &Value) -> Value {
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let mut response = agent()
            .post(format!("{}/mcp", self.address))
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", "2025-11-25")
            .send_json(&call)
            .expect("the server answers");

        let answer: Value = response.body_mut().read_json().expect("the answer is JSON");
        assert!(answer["result"].is_object(), "{answer:#}");
        answer["result"].clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .build()
        .into()
}

/// The chunk ids of an answer's hits, in order.
pub(crate) fn chunk_ids(answer: &Value) -> Vec<String> {
    let hits = answer["hits"].as_array().expect("an answer has hits");
    hits.iter()
        .map(|hit| {
            hit["chunk_id"]
                .as_str()
                .expect("a hit has a chunk id")
                .to_owned()
        })
        .collect()
}

/// Says why a test does not run here; in CI, where everything is installed, that is a failure.
pub(crate) fn skip(test: &str, reason: &str) {
    assert!(
        std::env::var_os("CI").is_none(),
        "{test} must run in CI, but {reason}"
    );
    say(&format!("skipped {test}: {reason}"));
}

/// Prints a line past the capture of the test runner, which shows nothing of a test that passes.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// The cases of `relevance.jsonl`.
pub(crate) fn relevance_cases() -> Vec<Value> {
    let text = std::fs::read_to_string(repository().join("tests/relevance.jsonl"))
        .expect("the cases can be read");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a case is JSON"))
        .collect()
}

/// A question of a case as a search request.
pub(crate) fn request_of(case: &Value) -> Value {
    let mut request = json!({"q": case["q"]});
    for (name, value) in case["filter"].as_object().into_iter().flatten() {
        request[name] = value.clone();
    }
    request
}

/// Whether the programs that tests run McDewey against are wanted in their newest versions, not in the pinned ones.
fn newest_peers() -> bool {
    std::env::var_os("NEWEST_PEERS").is_some()
}

/// A virtual environment with a folder's pinned packages, made once in the target folder.
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

/// The packages that a folder's `package.json` pins, installed once beside it (git ignores them).
pub(crate) fn node_modules(folder: &Path) -> Result<(), String> {
    static TURN: Mutex<()> = Mutex::new(());

    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
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

/// Runs a command that prepares a test; what it said when it fails.
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
