//! A library on a real Qdrant server: the same hits in the same order as the embedded index, and as
//! robust against crashes. Without `QDRANT_URL` and without a `qdrant` program, these tests skip.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use mcdewey_core::Embed;
use mcdewey_store::testing::{QdrantProcess, clean_up, shared_server, skipped, unused_name};
use mcdewey_store::{
    RETRY_TIMEOUT, ReplicationConfig, Server as QdrantServer, ServerAddress, ServerIndex,
    ServerOptions,
};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::crash::{LibraryContents, kill_an_ingest, model, moment, write_corpora};
use crate::support::{
    Server, chunk_ids, fail, mcdewey, print_line, relevance_cases, repository, search_request,
    succeed, wait_until,
};

/// How many times the program is killed while it writes a library on a server.
const KILLS: u64 = 10;
/// How long the program may take to notice that its server is back.
const RECOVERED_WITHIN: Duration = Duration::from_secs(60);

/// A library of its own on a server that tests share; its collections are deleted when it is
/// dropped.
struct ServerLibrary {
    runtime: Runtime,
    address: ServerAddress,
    name: String,
}

impl ServerLibrary {
    /// Returns `None`, with the reason printed, if there is no server.
    fn find(test: &str) -> Option<Self> {
        let runtime = Runtime::new().unwrap();
        let address = runtime.block_on(shared_server(test))?;
        Some(Self {
            runtime,
            address,
            name: unused_name(),
        })
    }

    /// The program over this library, with `data` for the files of this machine.
    fn mcdewey(&self, data: &Path) -> Command {
        let mut command = mcdewey(data);
        command.args(self.arguments());
        if let Some(key) = &self.address.api_key {
            command.env("MCDEWEY_QDRANT_API_KEY", key);
        }

        command
    }

    fn arguments(&self) -> [&str; 4] {
        [
            "--qdrant-url",
            &self.address.url,
            "--qdrant-collection",
            &self.name,
        ]
    }

    /// A running server over this library.
    fn serve(&self, arguments: &[&str]) -> Server {
        let all: Vec<&str> = self
            .arguments()
            .into_iter()
            .chain(arguments.iter().copied())
            .collect();
        Server::start_with(tempfile::tempdir().unwrap(), &all)
    }

    fn contents(&self) -> LibraryContents {
        let model = model();
        let options = ServerOptions {
            collection: self.name.clone(),
            replication: ReplicationConfig::default(),
            model: model.model().clone(),
            chunker: mcdewey_ingest::CHUNKER.to_owned(),
            retry_timeout: RETRY_TIMEOUT,
        };

        self.runtime.block_on(async {
            let server = QdrantServer::connect(&self.address).await.unwrap();
            let index = ServerIndex::open(server, options).await.unwrap();
            LibraryContents::read(&index, model.as_ref()).await
        })
    }
}

impl Drop for ServerLibrary {
    fn drop(&mut self) {
        self.runtime.block_on(clean_up(&self.address, &self.name));
    }
}

fn corpus() -> String {
    repository().join("corpus").display().to_string()
}

#[test]
fn a_server_returns_the_same_hits_as_the_embedded_index() {
    let Some(library) = ServerLibrary::find("the sample library on a Qdrant server") else {
        return;
    };
    let embedded = Server::over_sample_library();
    let on_server = library.serve(&["--corpus", &corpus(), "serve"]);

    let mut compared = 0;
    for case in relevance_cases() {
        for mode in ["hybrid", "dense", "keyword"] {
            let mut request = search_request(&case);
            request["limit"] = json!(20);
            request["mode"] = json!(mode);
            request["exact"] = json!(true);
            let (expected, got) = (embedded.search(&request), on_server.search(&request));

            assert_eq!(
                chunk_ids(&got),
                chunk_ids(&expected),
                "{mode}: {}",
                case["q"]
            );

            let scores = |answer: &Value| -> Vec<Value> {
                answer["hits"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|hit| hit["score"].clone())
                    .collect()
            };

            assert_eq!(scores(&got), scores(&expected), "{mode}: {}", case["q"]);
            assert_eq!(got["facets"], expected["facets"], "{mode}: {}", case["q"]);
            compared += chunk_ids(&got).len();
        }
    }

    print_line(&format!(
        "Qdrant server: {compared} hits, the same in the same order as embedded"
    ));

    let contents = |server: &Server| {
        let mut contents = server.get_json("/api/v1/library");
        for own in ["generation", "revision"] {
            contents[own] = Value::Null;
        }
        // Links begin with the address of each server.
        contents.to_string().replace(&server.address, "")
    };

    assert_eq!(contents(&on_server), contents(&embedded));
}

#[test]
fn commands_work_with_and_without_a_running_server() {
    let Some(library) = ServerLibrary::find("commands with and without a server") else {
        return;
    };
    let first = library.serve(&["--corpus", &corpus(), "serve"]);
    let question = ["search", "--json", "-n", "3", "barge state in CCX"];
    let forwarded = succeed(library.mcdewey(&first.data()).args(question));
    let elsewhere = tempfile::tempdir().unwrap();
    let direct = succeed(
        library
            .mcdewey(&elsewhere.path().join("data"))
            .args(question),
    );
    let hits = |text: &str| chunk_ids(&serde_json::from_str(text).unwrap());
    assert_eq!(hits(&forwarded), hits(&direct));
    assert_eq!(
        hits(&forwarded)[0],
        "finesse::v12.5::developer-guide::developer-guide::7"
    );
    let stdout = succeed(library.mcdewey(&first.data()).arg("ready"));
    assert!(stdout.contains(&first.address), "{stdout}");

    let stdout = succeed(library.mcdewey(&elsewhere.path().join("data")).args([
        "--corpus",
        &corpus(),
        "doctor",
    ]));

    assert!(
        stdout.contains(&library.name) && stdout.contains("documents"),
        "{stdout}"
    );

    // A second server without a corpus answers from what the first one ingests.
    let second = library.serve(&["serve", "--no-ingest"]);
    let more = elsewhere.path().join("more/zeppelin/v1/guide");
    std::fs::create_dir_all(&more).unwrap();

    std::fs::write(
        more.join("a.md"),
        "# Zeppelin\n\nThe zeppelin needs hydrogen.",
    )
    .unwrap();

    let report = succeed(
        library
            .mcdewey(&first.data())
            .args(["ingest", "--json"])
            .arg(elsewhere.path().join("more")),
    );

    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["written"], json!(1), "{report:#}");
    let found = second.search(&json!({"q": "hydrogen", "limit": 1}));
    assert_eq!(found["hits"][0]["source"], "zeppelin/v1/guide/a.md");
    assert_eq!(found["revision"], report["revision"]);
}

#[test]
fn after_a_kill_at_any_moment_one_run_completes_the_library() {
    let Some(undisturbed) = ServerLibrary::find("an ingest that is killed over a Qdrant server")
    else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (before, after) = (folder.path().join("before"), folder.path().join("after"));
    write_corpora(&before, &after);
    let data = folder.path().join("data");

    let ingest = |library: &ServerLibrary, corpus: &Path| -> Value {
        let text = succeed(
            library
                .mcdewey(&data)
                .arg("ingest")
                .arg(corpus)
                .arg("--json"),
        );
        serde_json::from_str(&text).unwrap()
    };
    ingest(&undisturbed, &before);
    let started = Instant::now();
    ingest(&undisturbed, &after);
    let whole_run = started.elapsed();
    let expected = undisturbed.contents();
    assert!(expected.chunks.len() > 30);

    for kill in 0..KILLS {
        let library = ServerLibrary::find("an ingest that is killed over a Qdrant server").unwrap();
        ingest(&library, &before);
        kill_an_ingest(
            library.mcdewey(&data).arg("ingest").arg(&after),
            moment(kill, KILLS, whole_run),
        );
        let report = ingest(&library, &after);
        assert_eq!(report["skipped"], json!([]), "{report:#}");
        expected.assert_same(&library.contents(), kill);
    }
}

#[test]
fn an_unreachable_server_yields_503_with_retry_after() {
    let runtime = Runtime::new().unwrap();
    let Some(mut qdrant) = runtime.block_on(QdrantProcess::start(Some("secret"))) else {
        return skipped(
            "a server that goes away",
            "no `qdrant` program is on the PATH",
        );
    };

    let url = qdrant.address().url;
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    std::fs::write(&key, "secret\n").unwrap();
    let key = key.display().to_string();

    let arguments = [
        "--qdrant-url",
        &url,
        "--qdrant-api-key-file",
        &key,
        "--corpus",
        &corpus(),
        "serve",
    ];

    let server = Server::start_with(tempfile::tempdir().unwrap(), &arguments);
    let question = "/api/v1/search?q=barge+state+in+CCX&limit=5";
    let expected = server.get_json(question);
    assert_eq!(server.get("/readyz").0, 200);

    runtime.block_on(async { qdrant.kill() });
    let (status, body) = server.get(question);
    let problem: Value = serde_json::from_str(&body).unwrap();

    assert_eq!(
        (status, &problem["code"]),
        (503, &json!("unavailable")),
        "{body}"
    );
    assert!(
        !body.contains("127.0.0.1"),
        "the response must not reveal the address of the server: {body}"
    );
    assert!(
        server
            .header(question, "retry-after")
            .is_some_and(|seconds| seconds.parse::<u64>().is_ok())
    );
    assert_eq!(server.get("/readyz").0, 503);
    assert_eq!(server.get("/healthz").0, 200);
    let stderr = fail(mcdewey(&server.data()).args(&arguments[..4]).arg("ready"));
    assert!(stderr.contains("cannot answer now"), "{stderr}");

    runtime.block_on(qdrant.restart());
    wait_until(RECOVERED_WITHIN, || server.get("/readyz").0 == 200);

    assert_eq!(chunk_ids(&server.get_json(question)), chunk_ids(&expected));
}

#[test]
fn an_unusable_server_is_reported_at_startup() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let stderr =
        fail(mcdewey(&data).args(["--qdrant-url", "http://127.0.0.1:1", "search", "barge"]));

    assert!(
        stderr.contains("http://127.0.0.1:1 cannot be used") && stderr.contains("refused"),
        "{stderr}"
    );
    let stderr = fail(mcdewey(&data).args(["--qdrant-url", "127.0.0.1:6334", "search", "barge"]));
    assert!(stderr.contains("http://host:6334"), "{stderr}");
    assert!(!data.exists(), "no data directory is created");
}
