//! Measures how fast the real server answers questions over HTTP, with one client and with eight.
//!
//! Starts the program on copies of a data directory and asks every question once per client count,
//! with the cache of answers switched off. Prints percentiles of the time until the whole response
//! was read, answers per second, the stages that the server reports, and its memory. Settings are
//! environment variables:
//!
//! - `MCDEWEY_BENCH_DATA`: the data directory; by default the sample library is ingested into one.
//! - `MCDEWEY_BENCH_QUESTIONS`: files with a question per line, or a JSON object per line with the
//!   question in `text` or `q`, separated by `:`; by default the questions of `tests/`.
//! - `MCDEWEY_BENCH_LIMIT`: how many of the questions are asked.
//! - `MCDEWEY_BENCH_PROGRAMS`: programs to compare, separated by `:`, in one run and turn by turn;
//!   by default the one built with this benchmark.
//! - `MCDEWEY_BENCH_ROUNDS`: how often every program has its turn; by default once.
//! - `MCDEWEY_BENCH_MODE`: the mode of the searches; by default `hybrid`.
//! - `MCDEWEY_BENCH_RERANK`: whether a reranker reads the hits, `on` or `off`; by default `off`.
//! - `MCDEWEY_BENCH_INGEST`: a folder that the server ingests while it is asked.

#![expect(clippy::print_stdout, reason = "the figures are for the terminal")]

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

/// Clients that ask at the same time in the second measurement.
const CLIENTS: usize = 8;
/// Questions asked before anything is measured.
const WARM_UP: usize = 100;

fn main() -> Result<()> {
    let questions = questions()?;
    let mode = setting("MODE").unwrap_or_else(|| "hybrid".to_owned());
    let rounds = setting("ROUNDS").map_or(Ok(1), |number| number.parse())?;

    let folder = tempfile::tempdir()?;
    let data = match setting("DATA") {
        Some(data) => PathBuf::from(data),
        None => sample_data(&folder)?,
    };

    let programs = programs();
    let mut servers = Vec::new();
    for program in &programs {
        servers.push(Server::start(program, &data)?);
    }

    println!("{} questions, mode {mode}", questions.len());
    for round in 0..rounds {
        for (program, server) in programs.iter().zip(&servers) {
            println!("round {}: {}", round + 1, program.display());
            server.ask(&questions[..questions.len().min(WARM_UP)], &mode, 1)?;
            for clients in [1, CLIENTS] {
                println!("  {}", server.ask(&questions, &mode, clients)?);
            }
            println!("  {} MB resident", server.resident_megabytes()?);
        }
    }

    Ok(())
}

fn setting(name: &str) -> Option<String> {
    std::env::var(format!("MCDEWEY_BENCH_{name}"))
        .ok()
        .filter(|value| !value.is_empty())
}

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn programs() -> Vec<PathBuf> {
    match setting("PROGRAMS") {
        Some(list) => list.split(':').map(PathBuf::from).collect(),
        None => vec![PathBuf::from(env!("CARGO_BIN_EXE_mcdewey"))],
    }
}

/// The distinct questions, in the order of the files.
fn questions() -> Result<Vec<String>> {
    let files: Vec<PathBuf> = match setting("QUESTIONS") {
        Some(list) => list.split(':').map(PathBuf::from).collect(),
        None => ["relevance.jsonl", "unanswerable.jsonl"]
            .map(|name| repository().join("tests").join(name))
            .into(),
    };

    let (mut questions, mut seen) = (Vec::new(), BTreeSet::new());
    for file in files {
        for line in std::fs::read_to_string(file)?.lines() {
            let question = question_of(line);
            if !question.trim().is_empty() && seen.insert(question.clone()) {
                questions.push(question);
            }
        }
    }

    if let Some(limit) = setting("LIMIT") {
        questions.truncate(limit.parse()?);
    }

    Ok(questions)
}

fn question_of(line: &str) -> String {
    let object: Value = serde_json::from_str(line).unwrap_or_default();
    ["q", "text"]
        .iter()
        .find_map(|name| object[name].as_str())
        .unwrap_or(line)
        .to_owned()
}

/// The program, with this machine's settings only where they concern the benchmark.
fn command(program: &Path, data: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MCDEWEY_")) {
        command.env_remove(name);
    }

    command
        .env("MCDEWEY_ANSWER_CACHE_MB", "0")
        .env(
            "MCDEWEY_RERANK",
            setting("RERANK").unwrap_or_else(|| "off".to_owned()),
        )
        .current_dir(data.parent().unwrap_or(data))
        .arg("--data-dir")
        .arg(data)
        .arg("--models-dir")
        .arg(setting("MODELS").map_or_else(|| repository().join("models"), PathBuf::from));
    command
}

/// Ingests the sample library.
fn sample_data(folder: &TempDir) -> Result<PathBuf> {
    let data = folder.path().join("data");
    let status = command(Path::new(env!("CARGO_BIN_EXE_mcdewey")), &data)
        .arg("ingest")
        .arg(repository().join("corpus"))
        .status()?;
    if status.success() {
        Ok(data)
    } else {
        Err("the sample library was not ingested".into())
    }
}

/// A running server over a copy of a data directory; stopped when dropped.
struct Server {
    child: Child,
    address: String,
    _folder: TempDir,
}

impl Server {
    fn start(program: &Path, data: &Path) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let copy = folder.path().join("data");
        copy_folder(data, &copy)?;

        let mut command = command(program, &copy);
        match setting("INGEST") {
            Some(corpus) => command.args(["--corpus", &corpus, "serve"]),
            None => command.args(["serve", "--no-ingest"]),
        };
        let mut child = command
            .env("MCDEWEY_LISTEN", "127.0.0.1:0")
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;

        let mut log = BufReader::new(child.stderr.take().ok_or("standard error is piped")?);
        let address = loop {
            let mut line = String::new();
            if log.read_line(&mut line)? == 0 {
                return Err("the server ended before it was ready".into());
            }
            if let Some(address) = line.trim_end().strip_prefix("McDewey answers at ") {
                break address.to_owned();
            }
        };

        // The pipe has to be drained, or the server blocks when it is full.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Ok(Self {
            child,
            address,
            _folder: folder,
        })
    }

    /// Asks every question once, by this many clients together.
    fn ask(&self, questions: &[String], mode: &str, clients: usize) -> Result<Measurement> {
        let next = AtomicUsize::new(0);
        let started = Instant::now();
        let parts: Vec<Measurement> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..clients)
                .map(|_| {
                    scope.spawn(|| {
                        let (client, mut part) = (Client::new(self), Measurement::default());
                        while let Some(question) =
                            questions.get(next.fetch_add(1, Ordering::Relaxed))
                        {
                            part.add(client.ask(question, mode)?);
                        }
                        Ok::<_, Box<dyn Error + Send + Sync>>(part)
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().map_err(|_| "a client panicked")?)
                .collect::<Result<_>>()
        })?;

        let mut all = Measurement {
            clients,
            elapsed: started.elapsed(),
            ..Measurement::default()
        };
        for part in parts {
            all.merge(part);
        }
        all.took.sort_unstable();
        Ok(all)
    }

    /// Memory that the process has in use, in megabytes.
    fn resident_megabytes(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kilobytes: u64 = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.trim().strip_suffix(" kB"))
            .ok_or("no VmRSS")?
            .trim()
            .parse()?;
        Ok(kilobytes / 1024)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One client with a connection of its own.
struct Client {
    agent: ureq::Agent,
    url: String,
}

impl Client {
    fn new(server: &Server) -> Self {
        let config = ureq::Agent::config_builder().proxy(None).build();
        Self {
            agent: config.into(),
            url: format!("{}/api/v1/search", server.address),
        }
    }

    /// The time until the response was read, and the stages that the server reports.
    fn ask(&self, question: &str, mode: &str) -> Result<(Duration, BTreeMap<String, f64>)> {
        let body = json!({"q": question, "mode": mode});
        let started = Instant::now();
        let mut response = self.agent.post(&self.url).send_json(&body)?;
        let text = response.body_mut().read_to_string()?;
        let took = started.elapsed();

        let mut answer: Value = serde_json::from_str(&text)?;
        let stages = serde_json::from_value(answer["timings_ms"].take())?;
        Ok((took, stages))
    }
}

/// What was measured of some questions.
#[derive(Default)]
struct Measurement {
    clients: usize,
    elapsed: Duration,
    took: Vec<Duration>,
    /// The milliseconds of all answers, by stage.
    stages: BTreeMap<String, f64>,
}

impl Measurement {
    fn add(&mut self, (took, stages): (Duration, BTreeMap<String, f64>)) {
        self.took.push(took);
        for (stage, milliseconds) in stages {
            *self.stages.entry(stage).or_default() += milliseconds;
        }
    }

    fn merge(&mut self, other: Self) {
        self.took.extend(other.took);
        for (stage, milliseconds) in other.stages {
            *self.stages.entry(stage).or_default() += milliseconds;
        }
    }

    /// The time that this share of the answers did not exceed, in milliseconds.
    fn percentile(&self, share: f64) -> f64 {
        let index = (self.took.len() as f64 * share).ceil() as usize;
        self.took
            .get(index.saturating_sub(1))
            .map_or(0.0, |took| took.as_secs_f64() * 1e3)
    }
}

impl std::fmt::Display for Measurement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} clients: p50 {:.2} ms, p95 {:.2} ms, p99 {:.2} ms, {:.1} answers/s; mean",
            self.clients,
            self.percentile(0.5),
            self.percentile(0.95),
            self.percentile(0.99),
            self.took.len() as f64 / self.elapsed.as_secs_f64(),
        )?;
        for (stage, milliseconds) in &self.stages {
            write!(f, " {stage} {:.2}", milliseconds / self.took.len() as f64)?;
        }
        Ok(())
    }
}

/// Copies a folder recursively.
fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let (entry, target) = entry.map(|entry| {
            let target = to.join(entry.file_name());
            (entry, target)
        })?;
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
