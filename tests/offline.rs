//! The README promises that nothing leaves the machine, and that files are written only where the
//! operator said.
//!
//! The program runs in its own network namespace, over an overlay of the file system, where
//! `observe.py` records each packet, name lookup and file. `OFFLINE_SECONDS` sets the duration;
//! `.ci/run` and `.ci/long` set it.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::formats::pdf;
use crate::support::{
    Server, agent, copy_folder, mcdewey, repository, run, sample_library, skip, succeed,
};

/// A version of ONNX Runtime that sends telemetry to its vendor unless it is disabled.
const REPORTING_RUNTIME: &str = "1.31.1";
/// The default of `OFFLINE_SECONDS`; one round of everything takes most of it.
const DEFAULT_SECONDS: u64 = 10;
/// The operator's token issuer. Nothing answers at this address.
const ISSUER: &str = "issuer.operator.test";

#[test]
fn nothing_leaves_the_machine() {
    let Some(observer) = Observer::new("offline::nothing_leaves_the_machine") else {
        return;
    };
    let observed = observer.session(&[]);
    assert_eq!(observed, nothing_observed(), "{observed:#}");
}

/// The runtime that McDewey fetches has no telemetry client; the operator's own may have one.
#[test]
fn nothing_leaves_the_machine_with_a_runtime_that_would_report() {
    const NAME: &str = "offline::nothing_leaves_the_machine_with_a_runtime_that_would_report";

    let Some(observer) = Observer::new(NAME) else {
        return;
    };

    match reporting_runtime() {
        Err(reason) => skip(NAME, &reason),
        Ok(runtime) => {
            let observed = observer.session(&[("ORT_DYLIB_PATH", &runtime)]);
            assert_eq!(observed, nothing_observed(), "{observed:#}");
        }
    }
}

/// If this program were not detected, the tests above would prove nothing.
#[test]
fn a_program_that_phones_home_is_detected() {
    let Some(observer) = Observer::new("offline::a_program_that_phones_home_is_detected") else {
        return;
    };
    let passed = observer.outside.path().join("passed");
    std::fs::create_dir(&passed).unwrap();

    let script = format!(
        "import os, socket
socket.getaddrinfo('telemetry.vendor.test', 443)
stream = socket.socket()
stream.settimeout(0.2)
stream.connect_ex(('203.0.113.5', 443))
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('203.0.113.9', 53))
socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendto(b'x', ('2001:db8:9::9', 9))
os.mkdir('{outside}')
open('{outside}/device-id', 'w').write('x')
open('/dev/shm/device-id', 'w').write('x')
open('{passed}/passing', 'w').write('x')
os.remove('{passed}/passing')
open('{inside}', 'w').write('x')
",
        outside = observer.outside.path().join("new").display(),
        passed = passed.display(),
        inside = observer.allowed.path().join("kept").display(),
    );

    let observed = observer.observe(Command::new("python3").args(["-c", &script]));
    let outside = observer.outside.path().join("new");
    let expected = json!({
        "status": 0,
        "packets": [
            "tcp 203.0.113.5 port 443",
            "udp 203.0.113.9 port 53",
            "udp 2001:db8:9::9 port 9",
        ],
        "lookups": ["telemetry.vendor.test"],
        "written": ["/dev/shm/device-id", outside, outside.join("device-id"), passed],
    });

    assert_eq!(observed, expected, "{observed:#}");
    assert!(observer.allowed.path().join("kept").exists() && !outside.exists());
}

/// The only host that the program looks up is the operator's token issuer.
#[test]
fn only_the_configured_issuer_is_contacted() {
    let Some(observer) = Observer::new("offline::only_the_configured_issuer_is_contacted") else {
        return;
    };
    let settings = observer.allowed.path().join("mcdewey.toml");
    std::fs::write(
        &settings,
        format!("[oidc]\nissuer = 'https://{ISSUER}'\naudience = 'mcdewey'\n"),
    )
    .unwrap();

    let observed = observer.session(&[("OFFLINE_SETTINGS", &settings)]);
    assert_eq!(
        (
            &observed["status"],
            &observed["lookups"],
            &observed["written"]
        ),
        (&json!(0), &json!([ISSUER]), &json!([])),
        "{observed:#}"
    );
}

/// The report on a program that keeps the promise.
fn nothing_observed() -> Value {
    json!({"status": 0, "packets": [], "lookups": [], "written": []})
}

/// Runs programs where everything they send and write is recorded.
struct Observer {
    isolate: Vec<&'static str>,
    /// The only directory that programs may write to; it contains their temporary directory.
    allowed: TempDir,
    /// A directory that they may not write to.
    outside: TempDir,
}

impl Observer {
    /// Returns `None`, with the reason printed, if this system does not let programs be isolated.
    fn new(test: &str) -> Option<Self> {
        let isolate = [
            "unshare --net --mount",
            "unshare --map-root-user --net --mount",
        ]
        .into_iter()
        .find(|command| {
            let mut words = command.split(' ');
            let mut probe = Command::new(words.next().unwrap_or_default());
            run(probe.args(words).args([
                "sh",
                "-c",
                "ip link add probe0 type veth peer name probe1",
            ]))
            .is_ok()
        });

        let Some(isolate) = isolate else {
            skip(
                test,
                "no network namespace can be created (this requires Linux, unshare, ip and the \
                 privilege)",
            );
            return None;
        };

        let folder = || tempfile::tempdir().expect("a temporary folder");
        Some(Self {
            isolate: isolate.split(' ').collect(),
            allowed: folder(),
            outside: folder(),
        })
    }

    /// Observes a session with these environment variables; the temporary directory must be empty
    /// afterwards.
    fn session(&self, variables: &[(&str, &Path)]) -> Value {
        // Fetches what is missing: the session has no network to do so.
        let library = sample_library();
        succeed(
            mcdewey(&library.path().join("data")).args(["--rerank", "on", "models", "--fetch"]),
        );
        copy_folder(
            &library.path().join("data"),
            &self.allowed.path().join("library/data"),
        );
        let mut command =
            Command::new(std::env::current_exe().expect("the test binary has a path"));

        command
            .args(["--exact", "offline::session", "--ignored", "--nocapture"])
            .envs(variables.iter().copied());
        let observed = self.observe(&mut command);
        let left: Vec<PathBuf> = entries(&self.temporary());
        assert!(left.is_empty(), "left in the temporary directory: {left:?}");

        observed
    }

    fn temporary(&self) -> PathBuf {
        self.allowed.path().join("tmp")
    }

    /// Runs a command to completion; returns what was observed.
    fn observe(&self, command: &mut Command) -> Value {
        let temporary = self.temporary();
        std::fs::create_dir_all(&temporary).expect("the folder can be created");
        let (program, arguments) = (command.get_program().to_owned(), command.get_args());
        let mut observer = Command::new(self.isolate[0]);

        observer
            .args(&self.isolate[1..])
            .arg("python3")
            .arg(repository().join("tests/offline/observe.py"));

        for allowed in [self.allowed.path(), &repository().join("models")] {
            observer.arg("--named").arg(allowed);
        }

        observer.arg("--").arg(program).args(arguments);

        // Almost none of this environment: some programs send nothing if they detect CI.
        observer
            .env_clear()
            .env("TMPDIR", temporary)
            .current_dir("/");

        for name in ["PATH", "HOME", "OFFLINE_SECONDS"] {
            observer.envs(std::env::var_os(name).map(|value| (name, value)));
        }

        observer.envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );

        observer.env("OFFLINE_FOLDER", self.allowed.path());
        serde_json::from_str(&succeed(observer.stderr(Stdio::inherit())))
            .expect("the report is JSON")
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder)
        .expect("the folder can be read")
        .map(|entry| entry.unwrap().path())
        .collect()
}

/// Fetches the library of [`REPORTING_RUNTIME`] once.
fn reporting_runtime() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("reporting-runtime");
    let library = folder.join(format!(
        "onnxruntime/capi/libonnxruntime.so.{REPORTING_RUNTIME}"
    ));

    if library.exists() {
        return Ok(library);
    }

    let fetched = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut pip = Command::new("python3");
    pip.args([
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--only-binary=:all:",
        "--implementation",
        "cp",
    ]);

    pip.args([
        "--python-version",
        "3.12",
        "--platform",
        &format!("manylinux_2_28_{}", std::env::consts::ARCH),
    ]);

    run(pip
        .arg("--dest")
        .arg(fetched.path())
        .arg(format!("onnxruntime=={REPORTING_RUNTIME}")))?;

    for wheel in entries(fetched.path()) {
        run(Command::new("python3")
            .args(["-m", "zipfile", "-e"])
            .arg(wheel)
            .arg(&folder))?;
    }

    Ok(library)
}

/// Does everything the program can do, repeatedly until the time is over.
#[test]
#[ignore = "started by the other tests of this module, under observation"]
fn session() {
    let folder = PathBuf::from(
        std::env::var_os("OFFLINE_FOLDER").expect("started by a test of this module"),
    );
    let seconds = std::env::var("OFFLINE_SECONDS").map_or(DEFAULT_SECONDS, |seconds| {
        seconds.parse().expect("a number")
    });
    let until = Instant::now() + Duration::from_secs(seconds);

    let library = folder.join("library");
    match std::env::var_os("OFFLINE_SETTINGS") {
        Some(settings) => send_token(&library, Path::new(&settings)),
        None => {
            commands(&library);
            serve(&library, until);
            commands(&library);
        }
    }
}

/// Starts a server on a copy of the library.
fn start_server(library: &Path, arguments: &[&str]) -> Server {
    // The server deletes its folder when it is dropped; the library is used again.
    let folder = tempfile::tempdir().expect("a temporary folder");
    copy_folder(&library.join("data"), &folder.path().join("data"));
    Server::start_with(folder, arguments)
}

fn serve(library: &Path, until: Instant) {
    let corpus = repository().join("corpus").display().to_string();
    let settings = ["--corpus", &corpus, "--rerank", "on"];
    let server = start_server(library, &[&settings[..], &["serve", "--watch"]].concat());
    loop {
        for path in [
            "/",
            "/?q=barge",
            "/library",
            "/compare",
            "/status",
            "/connect",
            "/openapi.json",
            "/metrics",
        ] {
            assert_eq!(server.get(path).0, 200, "{path}");
        }

        let found = server.search(&json!({"q": "barge state in CCX"}));
        assert_eq!(found["hits"][0]["page"], 118);
        server.tool("search_docs", &json!({"query": "barge state in CCX"}));

        succeed(
            mcdewey(&server.data())
                .arg("--corpus")
                .arg(&corpus)
                .arg("ingest"),
        );

        if Instant::now() >= until {
            break;
        }

        // The subject of this test: the server is observed while idle, too.
        std::thread::sleep(Duration::from_secs(1));
    }

    assert!(server.terminate().success());
}

/// The commands that work without a server.
fn commands(library: &Path) {
    let program = || {
        let mut command = mcdewey(&library.join("data"));
        command.current_dir("/").stdin(Stdio::null());
        command
    };

    let corpus = repository().join("corpus");
    succeed(program().arg("--corpus").arg(&corpus).arg("ingest"));
    succeed(program().args(["search", "barge state in CCX"]));
    succeed(program().arg("--corpus").arg(&corpus).arg("doctor"));
    succeed(program().arg("models"));
    mcp(program());

    for (name, bytes) in [
        (
            "page.html",
            b"<h1>Barge</h1><p>The supervisor joins.</p>".to_vec(),
        ),
        ("page.pdf", pdf("Barge")),
    ] {
        let file = library.join(name);
        std::fs::write(&file, bytes).unwrap();
        succeed(program().arg("convert").arg(&file).arg("--force"));
    }

    let judgments = library.join("judgments.jsonl");
    let source = "finesse/v12.5/developer-guide/developer-guide.md";
    std::fs::write(
        &judgments,
        json!({"q": "barge state in CCX", "source": source, "page": 118}).to_string(),
    )
    .unwrap();

    succeed(program().arg("eval").arg(&judgments));
    succeed(program().args(["remove", "--force", source]));
    succeed(program().arg("--corpus").arg(&corpus).arg("ingest"));
    succeed(program().args(["keys", "create", "portal"]));
    succeed(program().args(["keys", "revoke", "portal"]));
    succeed(program().args(["keys", "open"]));
}

/// Sends a question over standard input and output, as an MCP client does.
fn mcp(mut command: Command) {
    let client = json!({"name": "offline", "version": "1"});
    let hello = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client});
    let call = json!({"name": "search_docs", "arguments": {"query": "barge state in CCX"}});

    let messages = [
        json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call}),
    ];

    let mut child = command
        .arg("mcp")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();

    for message in messages {
        writeln!(child.stdin.as_mut().unwrap(), "{message}").unwrap();
    }

    let answer = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .nth(1)
        .unwrap()
        .unwrap();

    assert!(answer.contains("\"page\":118"), "{answer}");
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

/// Sends a token, for which the server requests the issuer's keys.
fn send_token(library: &Path, settings: &Path) {
    let server = start_server(
        library,
        &[
            "--config",
            &settings.display().to_string(),
            "serve",
            "--no-ingest",
        ],
    );

    // {"alg":"RS256","kid":"1"} and {}, without a valid signature.
    let token = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.e30.c2ln";
    let request = agent().get(format!("{}/api/v1/library", server.address));
    let response = request
        .header("authorization", format!("Bearer {token}"))
        .call()
        .expect("the server responds");

    // Without the issuer's keys, the token can be neither accepted nor rejected.
    assert_eq!(response.status(), 503);
}
