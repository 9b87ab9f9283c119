//! A process that is killed at a chosen point of a library's whole life: while documents are replaced or taken out,
//! while the shard is flushed or optimised, while one generation takes the place of another, while documents are erased
//! and an old generation goes. After each kill one more run gives what a run makes that was never disturbed.
//!
//! The long form: `TMPDIR=/dev/shm cargo test --workspace --test kill_generations -- --ignored --nocapture`; in memory, for
//! a disk's own pace only makes it slow.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mcdewey_core::testing::{SampleDocument, index_suite::embedder};
use mcdewey_core::{
    CandidateQuery, Chunk, ContentHash, DocumentRevision, Embed, Index, Scope, SourcePath,
    WeightedText,
};
use mcdewey_store::{EmbeddedIndex, Generations};

/// Where the child process works; without it the child's test does nothing.
const DIR: &str = "MCDEWEY_KILL_GENERATIONS_DIR";
/// What begins a line about a step that begins.
const BEGINS: &str = "begins";
/// What the process is killed in.
const PHASES: [&str; 7] = [
    "replace", "remove", "flush", "optimise", "swap", "erase", "retire",
];
/// Chooses step and moment.
const SEED: u64 = 7_020;
const DOCUMENTS: usize = 6;
const ROUNDS: usize = 2;
/// A document large enough for its flush to take a while.
const LARGE: usize = 99;
/// The one that is erased in the end.
const ERASED: usize = 5;

fn source(number: usize) -> SourcePath {
    format!("guides/{number}.md").parse().unwrap()
}

/// Another splitter cuts other passages; another round writes other words.
fn revision(chunker: &str, number: usize, round: usize) -> DocumentRevision {
    let words = ["alpha", "beta", "gamma"][(number + round) % 3];
    let passages = if number == LARGE { 120 } else { 2 + number % 3 };
    let texts: Vec<String> = (0..passages)
        .map(|part| format!("canine {chunker} {words} part{part} document{number} round{round}"))
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();

    SampleDocument::new(source(number).as_str())
        .page(round as u32 + 1, &texts)
        .build(&embedder())
}

/// The library's life, from whatever is there already; `tell` hears of each step before it begins.
async fn live_through(dir: &Path, tell: &dyn Fn(&str)) -> (Arc<Generations>, Arc<EmbeddedIndex>) {
    let generations = Arc::new(Generations::open(dir, 0).unwrap());
    drop(build(&generations, "one", tell).await);
    let index = build(&generations, "two", tell).await;
    tell("erase");

    generations
        .erase_everywhere(&[source(ERASED)])
        .await
        .unwrap();
    tell("retire");
    let wanted = index.state().await.unwrap().generation;
    generations.retire(0, &wanted).unwrap();
    tell("end");

    (generations, index)
}

/// Fills a generation over several rounds and makes it the live one.
async fn build(
    generations: &Generations,
    chunker: &str,
    tell: &dyn Fn(&str),
) -> Arc<EmbeddedIndex> {
    let generation = generations.want(embedder().model(), None, chunker).unwrap();
    let index = generations.open_index(&generation).unwrap();
    for round in 0..ROUNDS {
        tell("replace");
        commit_together(&index, chunker, round).await;
        tell("flush");
        index.commit(revision(chunker, LARGE, round)).await.unwrap();
        tell("remove");
        index.remove(&[source(0), source(LARGE)]).await.unwrap();
        tell("optimise");
        index.optimize().await.unwrap();
    }

    index.commit(revision(chunker, 0, ROUNDS)).await.unwrap();
    tell("swap");
    generations.complete(&index.state().await.unwrap()).unwrap();
    index
}

/// Documents that wait for each other's write are written together.
async fn commit_together(index: &Arc<EmbeddedIndex>, chunker: &str, round: usize) {
    let commit = |number: usize| {
        let (index, document) = (Arc::clone(index), revision(chunker, number, round));
        tokio::spawn(async move { index.commit(document).await.unwrap() })
    };
    let commits: Vec<_> = (0..DOCUMENTS).map(commit).collect();
    for commit in commits {
        commit.await.unwrap();
    }
}

/// The process that is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Some(dir) = std::env::var_os(DIR) else {
        return;
    };

    let tell = |phase: &str| {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{BEGINS} {phase}")
            .and_then(|()| out.flush())
            .unwrap();
    };

    live_through(Path::new(&dir), &tell).await;
}

/// A child at work, and the steps it tells of.
struct Victim {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Victim {
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

    /// The next step that begins, until the child ends.
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

/// How often each phase comes, and how long it takes on this machine.
fn measured(dir: &Path) -> HashMap<String, Vec<Duration>> {
    let mut victim = Victim::start(dir);
    let mut phases: HashMap<String, Vec<Duration>> = HashMap::new();

    let (mut phase, mut begun) = (victim.next_step(), Instant::now());
    while let Some(current) = phase {
        phase = victim.next_step();
        phases.entry(current).or_default().push(begun.elapsed());
        begun = Instant::now();
    }

    assert!(victim.child.wait().unwrap().success());
    phases
}

/// A number that depends on nothing but the seed, the kill and what it is for.
fn random(kill: usize, what: &str) -> f64 {
    let hash = ContentHash::of_parts([SEED.to_string(), kill.to_string(), what.to_owned()]);
    f64::from(u16::from_le_bytes([hash.as_bytes()[0], hash.as_bytes()[1]])) / 65_536.0
}

/// Everything readers can see.
#[derive(Debug, PartialEq)]
struct Contents {
    chunks: Vec<Chunk>,
    hits: Vec<(String, u32)>,
}

async fn contents(generations: &Generations, index: &EmbeddedIndex) -> Contents {
    let state = index.state().await.unwrap();
    assert_eq!(generations.live().unwrap().generation, state.generation);
    let everything = Scope::everything();

    let mut chunks = Vec::new();
    for document in index.documents(&everything).await.unwrap() {
        chunks.extend(
            index
                .passages(&document.meta.source, 0..u32::MAX, &everything)
                .await
                .unwrap(),
        );
    }

    assert_eq!(chunks.len() as u64, state.chunks);
    let mut hits = Vec::new();
    for chunk in &chunks {
        let vector = embedder().vector(&chunk.dense_text());
        let lists = exact(index, &chunk.text, vector).await;
        let own = lists
            .0
            .iter()
            .find(|(id, _)| *id == chunk.chunk_id.to_string());
        let cosine = f32::from_bits(own.expect("a passage is found by its own vector").1);

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

type List = Vec<(String, u32)>;

async fn exact(index: &EmbeddedIndex, text: &str, vector: Vec<f32>) -> (List, List) {
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
        .candidates(&query, &Scope::everything())
        .await
        .unwrap();

    let list = |list: Option<Vec<mcdewey_core::Candidate>>| -> List {
        list.unwrap()
            .into_iter()
            .map(|hit| (hit.chunk_id.to_string(), hit.score.to_bits()))
            .collect()
    };

    (list(lists.dense), list(lists.keyword))
}

/// What a kill left answers before anything is done about it: the live generation, whole documents only.
async fn assert_nothing_half(dir: &Path, what: &str) {
    let generations = Generations::open(dir, 0).unwrap();
    let Some(live) = generations.live() else {
        return;
    };
    let chunker = live.chunker.clone().unwrap();
    assert!(live.completed_at.is_some(), "{what}");

    let index = generations.open_index(&live.generation).unwrap();
    for number in (0..DOCUMENTS).chain([LARGE]) {
        let chunks = index
            .passages(&source(number), 0..u32::MAX, &Scope::everything())
            .await
            .unwrap();

        let Some(first) = chunks.first() else {
            continue;
        };
        let round = first.page.number.0 as usize - 1;
        let whole: Vec<Chunk> = revision(&chunker, number, round)
            .chunks
            .into_iter()
            .map(|passage| passage.chunk)
            .collect();

        assert_eq!(chunks, whole, "document {number} is half, {what}");
    }
}

async fn kill_at(points: usize) {
    let place = tempfile::tempdir().unwrap();
    let undisturbed = place.path().join("undisturbed");
    let phases = measured(&undisturbed);
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
    for kill in 0..points {
        let phase = PHASES[kill % PHASES.len()];
        let durations = &phases[phase];
        let step = (random(kill, "step") * durations.len() as f64) as usize;
        let moment = durations[step].mul_f64(random(kill, "moment") * 1.1);
        let dir = place.path().join(kill.to_string());
        let mut victim = Victim::start(&dir);

        let mut seen = 0;
        while seen <= step {
            seen += usize::from(victim.next_step().expect("the child gets there") == phase);
        }

        // The moment of death is what is tested: it must not depend on anything the child does.
        std::thread::sleep(moment);
        victim.kill();
        let what = format!("kill {kill}: {moment:?} into {phase} {step}");
        assert_nothing_half(&dir, &what).await;
        let (generations, index) = live_through(&dir, &|_| ()).await;
        assert_eq!(contents(&generations, &index).await, expected, "{what}");
        drop((generations, index));
        std::fs::remove_dir_all(dir).unwrap();
        *killed.entry(phase).or_default() += 1;
    }

    eprintln!("the same library after {points} kills: {killed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_more_run_makes_the_library_whole() {
    kill_at(PHASES.len()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes many minutes; the first lines of this file say how to run it"]
async fn one_more_run_makes_the_library_whole_after_each_of_a_hundred_kills() {
    kill_at(100).await;
}
