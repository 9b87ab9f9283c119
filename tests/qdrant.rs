//! The library on a real Qdrant server is the same library: same pages, same order, and as hard to lose. Where there is
//! neither `QDRANT_URL` nor a `qdrant` program, these tests say so and skip.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use mcdewey_core::Embed;
use mcdewey_store::testing::{QdrantProcess, clean_up, shared_server, skipped, unused_name};
use mcdewey_store::{
    PATIENCE, ReplicationConfig, Server as QdrantServer, ServerAddress, ServerIndex, ServerOptions,
};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::crash::{Contents, kill_an_ingest, model, moment, write_corpora};
use crate::support::{
    Server, chunk_ids, fail, mcdewey, relevance_cases, repository, request_of, say, succeed,
};

/// How many times the program is killed over a server's library.
const KILLS: u64 = 10;
/// How long anything may take that waits for a server.
const SOON: Duration = Duration::from_secs(60);

/// A library's place on a server that tests share; its collections go with it.
struct Place {
    runtime: Runtime,
    address: ServerAddress,
    name: String,
}

impl Place {
    /// The reason why there is none is printed.
    fn find(test: &str) -> Option<Self> {
        let runtime = Runtime::new().unwrap();
        let address = runtime.block_on(shared_server(test))?;
        Some(Self {
            runtime,
            address,
            name: unused_name(),
        })
    }

    /// The program over this library, with `data` for what is this machine's.
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

    fn contents(&self) -> Contents {
        let model = model();
        let options = ServerOptions {
            collection: self.name.clone(),
            replication: ReplicationConfig::default(),
            model: model.model().clone(),
            chunker: mcdewey_ingest::CHUNKER.to_owned(),
            patience: PATIENCE,
        };

        self.runtime.block_on(async {
            let server = QdrantServer::connect(&self.address).await.unwrap();
            let index = ServerIndex::open(server, options).await.unwrap();
            Contents::read(&index, model.as_ref()).await
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.runtime.block_on(clean_up(&self.address, &self.name));
    }
}

fn corpus() -> String {
    repository().join("corpus").display().to_string()
}

#[test]
fn the_same_questions_lead_to_the_same_pages_on_both() {
    let Some(place) = Place::find("the sample library on a Qdrant server") else {
        return;
    };
    let embedded = Server::over_sample_library();
    let on_server = place.serve(&["--corpus", &corpus(), "serve"]);

    let mut compared = 0;
    for case in relevance_cases() {
        for mode in ["hybrid", "dense", "keyword"] {
            let mut request = request_of(&case);
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

    say(&format!(
        "Qdrant server: {compared} hits, the same in the same order as embedded"
    ));

    let library = |server: &Server| {
        let mut library = server.get_json("/api/v1/library");
        for ours in ["generation", "revision"] {
            library[ours] = Value::Null;
        }
        // Links begin with each server's own address.
        library.to_string().replace(&server.address, "")
    };

    assert_eq!(library(&on_server), library(&embedded));
}

#[test]
fn commands_work_through_the_server_that_runs_or_beside_it() {
    let Some(place) = Place::find("commands beside a server") else {
        return;
    };
    let first = place.serve(&["--corpus", &corpus(), "serve"]);
    let question = ["search", "--json", "-n", "3", "barge state in CCX"];
    let through = succeed(place.mcdewey(&first.data()).args(question));
    let elsewhere = tempfile::tempdir().unwrap();
    let beside = succeed(place.mcdewey(&elsewhere.path().join("data")).args(question));
    let hits = |text: &str| chunk_ids(&serde_json::from_str(text).unwrap());
    assert_eq!(hits(&through), hits(&beside));
    assert_eq!(
        hits(&through)[0],
        "finesse::v12.5::developer-guide::developer-guide::7"
    );
    let said = succeed(place.mcdewey(&first.data()).arg("ready"));
    assert!(said.contains(&first.address), "{said}");

    let said = succeed(place.mcdewey(&elsewhere.path().join("data")).args([
        "--corpus",
        &corpus(),
        "doctor",
    ]));

    assert!(
        said.contains(&place.name) && said.contains("documents"),
        "{said}"
    );

    // A second server without a corpus of its own answers from what the first one takes in.
    let second = place.serve(&["serve", "--no-ingest"]);
    let more = elsewhere.path().join("more/zeppelin/v1/guide");
    std::fs::create_dir_all(&more).unwrap();

    std::fs::write(
        more.join("a.md"),
        "# Zeppelin\n\nThe zeppelin needs hydrogen.",
    )
    .unwrap();

    let report = succeed(
        place
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
fn killed_at_any_moment_one_more_run_makes_the_library_whole() {
    let Some(undisturbed) = Place::find("an ingest that is killed over a Qdrant server") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (before, after) = (folder.path().join("before"), folder.path().join("after"));
    write_corpora(&before, &after);
    let data = folder.path().join("data");

    let ingest = |place: &Place, corpus: &Path| -> Value {
        let text = succeed(place.mcdewey(&data).arg("ingest").arg(corpus).arg("--json"));
        serde_json::from_str(&text).unwrap()
    };
    ingest(&undisturbed, &before);
    let started = Instant::now();
    ingest(&undisturbed, &after);
    let whole_run = started.elapsed();
    let expected = undisturbed.contents();
    assert!(expected.chunks.len() > 30);

    for kill in 0..KILLS {
        let place = Place::find("an ingest that is killed over a Qdrant server").unwrap();
        ingest(&place, &before);
        kill_an_ingest(
            place.mcdewey(&data).arg("ingest").arg(&after),
            moment(kill, KILLS, whole_run),
        );
        let report = ingest(&place, &after);
        assert_eq!(report["skipped"], json!([]), "{report:#}");
        expected.assert_same(&place.contents(), kill);
    }
}

#[test]
fn while_the_server_is_away_clients_are_told_when_to_come_back() {
    let runtime = Runtime::new().unwrap();
    let Some(mut qdrant) = runtime.block_on(QdrantProcess::start(Some("secret"))) else {
        return skipped(
            "a server that goes away",
            "there is no `qdrant` program on the PATH",
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
        "where the library lies is nobody's business: {body}"
    );
    assert!(
        server
            .header(question, "retry-after")
            .is_some_and(|seconds| seconds.parse::<u64>().is_ok())
    );
    assert_eq!(server.get("/readyz").0, 503);
    assert_eq!(server.get("/healthz").0, 200);
    let said = fail(mcdewey(&server.data()).args(&arguments[..4]).arg("ready"));
    assert!(said.contains("cannot answer now"), "{said}");

    runtime.block_on(qdrant.restart());
    let begun = Instant::now();
    while server.get("/readyz").0 != 200 {
        assert!(begun.elapsed() < SOON, "the server never came back");
        std::thread::sleep(Duration::from_millis(20));
    }

    assert_eq!(chunk_ids(&server.get_json(question)), chunk_ids(&expected));
}

#[test]
fn what_keeps_a_server_from_being_used_is_said_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let said = fail(mcdewey(&data).args(["--qdrant-url", "http://127.0.0.1:1", "search", "barge"]));

    assert!(
        said.contains("http://127.0.0.1:1 cannot be used") && said.contains("refused"),
        "{said}"
    );
    let said = fail(mcdewey(&data).args(["--qdrant-url", "127.0.0.1:6334", "search", "barge"]));
    assert!(said.contains("http://host:6334"), "{said}");
    assert!(!data.exists(), "a library on a server needs no folder here");
}
