//! Kills a process at a chosen point in the life of a library: while documents are replaced or
//! removed, the shard is flushed or optimised, one generation replaces another, documents are
//! erased, or an old generation is deleted. After each kill, one more run reaches the same state as
//! an undisturbed run.
//!
//! The long form is `TMPDIR=/dev/shm cargo test --workspace --test kill_generations -- --ignored
//! --nocapture`. It runs in memory, because a disk would only make it slower.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mcdewey_core::testing::{SampleDocument, index_suite::embedder};
use mcdewey_core::{
    Candidate, CandidateQuery, Chunk, ContentHash, DocumentRevision, Embed, Index, Scope,
    SourcePath, WeightedText,
};
use mcdewey_store::{EmbeddedIndex, Generations};

/// The variable with the child process's directory. Without it, the child's test does nothing.
const DIR: &str = "MCDEWEY_KILL_GENERATIONS_DIR";
/// The prefix of a line that reports the start of a step.
const BEGINS: &str = "begins";
/// The phases in which the process is killed.
const PHASES: [&str; 7] = [
    "replace", "remove", "flush", "optimise", "swap", "erase", "retire",
];
/// Seeds the choice of step and moment.
const SEED: u64 = 7_020;
const DOCUMENTS: usize = 6;
const ROUNDS: usize = 2;
/// The number of a document that is large enough for its flush to take a while.
const LARGE: usize = 99;
/// The number of the document that is erased in the end.
const ERASED: usize = 5;

fn source(number: usize) -> SourcePath {
    format!("guides/{number}.md").parse().unwrap()
}

/// The document differs between splitters and between rounds.
fn revision(chunker: &str, number: usize, round: usize) -> DocumentRevision {
    let words = ["alpha", "beta", "gamma"][(number + round) % 3];
    let chunks = if number == LARGE { 120 } else { 2 + number % 3 };
    let texts: Vec<String> = (0..chunks)
        .map(|part| format!("canine {chunker} {words} part{part} document{number} round{round}"))
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();

    SampleDocument::new(source(number).as_str())
        .page(round as u32 + 1, &texts)
        .build(&embedder())
}

/// Runs the life of the library, from whatever state it is in. Calls `report` before each step.
async fn live_through(dir: &Path, report: &dyn Fn(&str)) -> (Arc<Generations>, Arc<EmbeddedIndex>) {
    let generations = Arc::new(Generations::open(dir, 0).unwrap());
    drop(build(&generations, "one", report).await);
    let index = build(&generations, "two", report).await;
    report("erase");

    generations
        .erase_everywhere(&[source(ERASED)])
        .await
        .unwrap();
    report("retire");
    let current = index.state().await.unwrap().generation;
    generations.retire(0, &current).unwrap();
    report("end");

    (generations, index)
}

/// Fills a generation in several rounds and makes it the live one.
async fn build(
    generations: &Generations,
    chunker: &str,
    report: &dyn Fn(&str),
) -> Arc<EmbeddedIndex> {
    let generation = generations
        .register(embedder().model(), None, chunker)
        .unwrap();
    let index = generations.open_index(&generation).unwrap();
    for round in 0..ROUNDS {
        report("replace");
        commit_together(&index, chunker, round).await;
        report("flush");
        index.commit(revision(chunker, LARGE, round)).await.unwrap();
        report("remove");
        index.remove(&[source(0), source(LARGE)]).await.unwrap();
        report("optimise");
        index.optimize().await.unwrap();
    }

    index.commit(revision(chunker, 0, ROUNDS)).await.unwrap();
    report("swap");
    generations
        .mark_complete(&index.state().await.unwrap())
        .unwrap();
    index
}

/// Commits concurrently: documents that wait during another write are written together.
async fn commit_together(index: &Arc<EmbeddedIndex>, chunker: &str, round: usize) {
    let commits: Vec<_> = (0..DOCUMENTS)
        .map(|number| {
            let (index, document) = (Arc::clone(index), revision(chunker, number, round));
            tokio::spawn(async move { index.commit(document).await.unwrap() })
        })
        .collect();

    for commit in commits {
        commit.await.unwrap();
    }
}

/// The process to be killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Some(dir) = std::env::var_os(DIR) else {
        return;
    };

    let report = |phase: &str| {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{BEGINS} {phase}")
            .and_then(|()| out.flush())
            .unwrap();
    };

    live_through(Path::new(&dir), &report).await;
}

/// A running child process and its reports.
struct ChildProcess {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl ChildProcess {
    fn start(dir: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "child", "--nocapture", "--test-threads=1"])
            .env(DIR, dir)
            .stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();

        Self { child, lines }
    }

    /// Returns the next step that starts, or `None` when the child has ended.
    fn next_step(&mut self) -> Option<String> {
        let line = self
            .lines
            .by_ref()
            .map_while(Result::ok)
            .find(|line| line.contains(BEGINS))?;
        Some(line.split_once(BEGINS)?.1.trim().to_owned())
    }

    fn kill(mut self) {
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }
}

/// Measures how often each phase occurs and how long it takes on this machine.
fn measure_phases(dir: &Path) -> HashMap<String, Vec<Duration>> {
    let mut child = ChildProcess::start(dir);
    let mut phases: HashMap<String, Vec<Duration>> = HashMap::new();

    let (mut phase, mut begun) = (child.next_step(), Instant::now());
    while let Some(current) = phase {
        phase = child.next_step();
        phases.entry(current).or_default().push(begun.elapsed());
        begun = Instant::now();
    }

    assert!(child.child.wait().unwrap().success());
    phases
}

/// Returns a number in 0..1 that depends only on the seed, the kill and its purpose.
fn random(kill: usize, purpose: &str) -> f64 {
    let hash = ContentHash::of_parts([SEED.to_string(), kill.to_string(), purpose.to_owned()]);
    f64::from(u16::from_le_bytes([hash.as_bytes()[0], hash.as_bytes()[1]])) / 65_536.0
}

/// Everything that readers can see.
#[derive(Debug, PartialEq)]
struct Contents {
    chunks: Vec<Chunk>,
    hits: Vec<(String, u32)>,
}

async fn contents(generations: &Generations, index: &EmbeddedIndex) -> Contents {
    let state = index.state().await.unwrap();
    assert_eq!(generations.live().unwrap().generation, state.generation);
    let everything = Scope::everything();
    let reader = index.reader().await.unwrap();

    let mut chunks = Vec::new();
    for document in reader.documents(&everything).await.unwrap() {
        chunks.extend(
            reader
                .document_chunks(&document.meta.source, 0..u32::MAX, &everything)
                .await
                .unwrap(),
        );
    }

    assert_eq!(chunks.len() as u64, state.chunks);
    let mut hits = Vec::new();
    for chunk in &chunks {
        let vector = embedder().vector(&chunk.dense_text());
        let lists = exact_search(index, &chunk.text, vector).await;
        let own = lists
            .0
            .iter()
            .find(|(id, _)| *id == chunk.chunk_id.to_string());
        let cosine = f32::from_bits(own.expect("a chunk is found by its own vector").1);

        assert!(
            cosine >= 1.0 - 1e-5,
            "the vector of {} has a cosine of {cosine}",
            chunk.chunk_id
        );

        hits.extend(lists.0);
        hits.extend(lists.1);
    }

    Contents { chunks, hits }
}

/// Chunk ids and the bits of their scores.
type ScoredList = Vec<(String, u32)>;

async fn exact_search(
    index: &EmbeddedIndex,
    text: &str,
    vector: Vec<f32>,
) -> (ScoredList, ScoredList) {
    let query = CandidateQuery {
        dense: Some(vector),
        keyword: vec![WeightedText {
            text: text.to_owned(),
            weight: 1.0,
        }],
        depth: 1000,
        exact: true,
        ..CandidateQuery::default()
    };

    let lists = index
        .reader()
        .await
        .unwrap()
        .candidates(&query, &Scope::everything())
        .await
        .unwrap();

    (scored(lists.dense), scored(lists.keyword))
}

fn scored(list: Option<Vec<Candidate>>) -> ScoredList {
    list.unwrap()
        .into_iter()
        .map(|hit| (hit.chunk_id.to_string(), hit.score.to_bits()))
        .collect()
}

/// Checks that the live generation answers directly after a kill, and that it holds only complete
/// documents.
async fn assert_documents_complete(dir: &Path, context: &str) {
    let generations = Generations::open(dir, 0).unwrap();
    let Some(live) = generations.live() else {
        return;
    };
    let chunker = live.chunker.clone().unwrap();
    assert!(live.completed_at.is_some(), "{context}");

    let index = generations.open_index(&live.generation).unwrap();
    for number in (0..DOCUMENTS).chain([LARGE]) {
        let chunks = index
            .reader()
            .await
            .unwrap()
            .document_chunks(&source(number), 0..u32::MAX, &Scope::everything())
            .await
            .unwrap();

        let Some(first) = chunks.first() else {
            continue;
        };
        let round = first.page.number.0 as usize - 1;
        let whole: Vec<Chunk> = revision(&chunker, number, round)
            .chunks
            .into_iter()
            .map(|embedded| embedded.chunk)
            .collect();

        assert_eq!(chunks, whole, "document {number} is incomplete, {context}");
    }
}

async fn kill_repeatedly(kills: usize) {
    let parent = tempfile::tempdir().unwrap();
    let undisturbed = parent.path().join("undisturbed");
    let phases = measure_phases(&undisturbed);
    let (generations, index) = live_through(&undisturbed, &|_| ()).await;
    let expected = contents(&generations, &index).await;

    assert!(
        !expected.chunks.is_empty()
            && expected
                .chunks
                .iter()
                .all(|chunk| chunk.text.contains("two"))
    );

    drop((generations, index));
    let mut killed: HashMap<&str, usize> = HashMap::new();
    for kill in 0..kills {
        let phase = PHASES[kill % PHASES.len()];
        let durations = &phases[phase];
        let step = (random(kill, "step") * durations.len() as f64) as usize;
        let moment = durations[step].mul_f64(random(kill, "moment") * 1.1);
        let dir = parent.path().join(kill.to_string());
        let mut child = ChildProcess::start(&dir);

        let mut seen = 0;
        while seen <= step {
            seen += usize::from(child.next_step().expect("the child reaches the step") == phase);
        }

        // A sleep is intended here: the moment of the kill must not depend on anything the child
        // does.
        std::thread::sleep(moment);
        child.kill();
        let context = format!("kill {kill}: {moment:?} into {phase} {step}");
        assert_documents_complete(&dir, &context).await;
        let (generations, index) = live_through(&dir, &|_| ()).await;
        assert_eq!(contents(&generations, &index).await, expected, "{context}");
        drop((generations, index));
        std::fs::remove_dir_all(dir).unwrap();
        *killed.entry(phase).or_default() += 1;
    }

    eprintln!("the same library after {kills} kills: {killed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_more_run_completes_the_library() {
    kill_repeatedly(PHASES.len()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes many minutes; the first lines of this file say how to run it"]
async fn one_more_run_completes_the_library_after_each_of_a_hundred_kills() {
    kill_repeatedly(100).await;
}
