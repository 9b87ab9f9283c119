//! Kills a process while it commits. What it reported as done is there, no document is incomplete,
//! and after the rest has been committed, hits and scores are the same as without the kill.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use mcdewey_core::testing::{SampleDocument, index_suite::embedder};
use mcdewey_core::{
    CandidateQuery, Candidates, DocumentRevision, Embed, Index, Scope, SourcePath, WeightedText,
};
use mcdewey_store::{EmbeddedIndex, EmbeddedOptions, VectorStorage};

/// The variable with the child process's directory. Without it, the child's test does nothing.
const DIR: &str = "MCDEWEY_KILL_TEST_DIR";
/// How often each document is written.
const ROUNDS: usize = 12;
/// Documents written at the same time.
const DOCUMENTS: usize = 8;
/// The prefix of a line that reports a finished commit.
const COMMITTED: &str = "committed";
/// The child is killed after reporting these numbers of commits, from the first to the last rounds.
const KILL_AFTER: [usize; 8] = [1, 6, 13, 24, 37, 52, 70, 91];

fn open(dir: &Path) -> EmbeddedIndex {
    let model = embedder().model().clone();
    let options = EmbeddedOptions {
        dir: dir.to_owned(),
        model,
        chunker: "test".to_owned(),
        min_free_bytes: 0,
        vectors: VectorStorage::default(),
    };

    EmbeddedIndex::open(options).unwrap()
}

fn source(number: usize) -> SourcePath {
    format!("{number}.md").parse().unwrap()
}

fn revision(number: usize, round: usize) -> DocumentRevision {
    let text = format!(
        "canine document{number} round{round} {}",
        ["alpha", "beta", "gamma"][round % 3]
    );
    let texts = vec![text.as_str(); 1 + (number + round) % 5];
    SampleDocument::new(source(number).as_str())
        .page(round as u32, &texts)
        .build(&embedder())
}

/// Writes all documents of a round concurrently and reports each when it is done.
async fn write_round(index: &EmbeddedIndex, round: usize, report: &(dyn Fn(usize, usize) + Sync)) {
    let commit = |number: usize| async move {
        index.commit(revision(number, round)).await.unwrap();
        report(number, round);
    };

    let (a, b, c, d) = (commit(0), commit(1), commit(2), commit(3));
    let (e, f, g, h) = (commit(4), commit(5), commit(6), commit(7));
    tokio::join!(a, b, c, d, e, f, g, h);

    if round.is_multiple_of(4) {
        index.optimize().await.unwrap();
    }
}

async fn hits(index: &EmbeddedIndex) -> Vec<(String, u32)> {
    let mut hits = Vec::new();
    for text in ["canine", "alpha round11", "gamma beta document3"] {
        let query = CandidateQuery {
            dense: Some(embedder().vector(text)),
            keyword: vec![WeightedText {
                text: text.to_owned(),
                weight: 1.0,
            }],
            depth: 1000,
            exact: true,
            ..CandidateQuery::default()
        };

        let Candidates { dense, keyword, .. } = index
            .reader()
            .await
            .unwrap()
            .candidates(&query, &Scope::everything())
            .await
            .unwrap();

        for hit in dense.unwrap().into_iter().chain(keyword.unwrap()) {
            hits.push((hit.chunk_id.to_string(), hit.score.to_bits()));
        }
    }

    hits
}

/// The process to be killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Some(dir) = std::env::var_os(DIR) else {
        return;
    };
    let index = open(Path::new(&dir));
    for round in 1..=ROUNDS {
        let report = |number: usize, round: usize| {
            let mut out = std::io::stdout().lock();
            writeln!(out, "{COMMITTED} {number} {round}")
                .and_then(|()| out.flush())
                .unwrap();
        };
        write_round(&index, round, &report).await;
    }
}

/// Starts a child in `dir` and kills it after this many reported commits. Returns the last reported
/// round of each document.
fn kill_after(dir: &Path, reports: usize) -> HashMap<usize, usize> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env(DIR, dir)
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut reported = HashMap::new();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();

    let mut numbers = lines.map_while(Result::ok).filter_map(|line| {
        let rest = line.split_once(COMMITTED)?.1;
        let mut words = rest
            .split_whitespace()
            .map_while(|word| word.parse::<usize>().ok());
        Some((words.next()?, words.next()?))
    });

    for _ in 0..reports {
        let (number, round) = numbers.next().expect("the child reports its commits");
        reported.insert(number, round);
    }

    child.kill().unwrap();
    child.wait().unwrap();
    reported
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reported_commits_survive_a_kill() {
    let parent = tempfile::tempdir().unwrap();
    let undisturbed = open(&parent.path().join("undisturbed"));
    write_round(&undisturbed, ROUNDS, &|_, _| ()).await;

    let expected = hits(&undisturbed).await;
    for commits in KILL_AFTER {
        let dir = parent.path().join(commits.to_string());
        let reported = kill_after(&dir, commits);
        let index = open(&dir);

        let mut chunk_count = 0;
        for number in 0..DOCUMENTS {
            let chunks = index
                .reader()
                .await
                .unwrap()
                .document_chunks(&source(number), 0..u32::MAX, &Scope::everything())
                .await
                .unwrap();
            chunk_count += chunks.len();
            let last = reported.get(&number).copied().unwrap_or_default();

            let Some(first) = chunks.first() else {
                assert_eq!(last, 0, "document {number} is lost, {commits} commits");
                continue;
            };
            let round = first.page.number.0 as usize;
            assert!(
                round >= last,
                "document {number} fell back from round {last} to {round}, {commits} commits"
            );

            let whole: Vec<_> = revision(number, round)
                .chunks
                .into_iter()
                .map(|embedded| embedded.chunk)
                .collect();

            assert_eq!(
                chunks, whole,
                "document {number} is incomplete, {commits} commits"
            );
        }

        let all = CandidateQuery {
            dense: Some(embedder().vector("canine")),
            depth: 1000,
            ..CandidateQuery::default()
        };

        let found = index
            .reader()
            .await
            .unwrap()
            .candidates(&all, &Scope::everything())
            .await
            .unwrap()
            .dense
            .unwrap();

        assert_eq!(
            found.len(),
            chunk_count,
            "every chunk is found once, {commits} commits"
        );

        write_round(&index, ROUNDS, &|_, _| ()).await;
        assert_eq!(
            hits(&index).await,
            expected,
            "another final state, {commits} commits"
        );
    }
}
