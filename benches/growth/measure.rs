//! What is measured of a library of one size.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use mcdewey_core::{CandidateQuery, Candidates, ChunkId, Index, Scope, WeightedText};
use mcdewey_store::{EmbeddedIndex, VectorStorage};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::library::{DOCUMENT, Passages, open};

/// Candidates of a list, as a search asks for them.
const DEPTH: usize = 200;
/// Hits of a page of results.
const PAGE: usize = 10;
/// Documents that are committed together.
const COMMITTED_TOGETHER: usize = 16;
/// Documents that are committed one by one to measure it, and their chunks.
const COMMITS: usize = 20;
const COMMITTED_CHUNKS: usize = 10;
/// The first passage of those documents, beyond every library.
const EXTRA: usize = 1 << 40;

/// A question with both of its forms.
struct Question {
    vector: Vec<f32>,
    text: String,
}

impl Question {
    fn all(passages: &Passages, count: usize) -> Vec<Self> {
        let vectors = passages.vectors.questions(count);
        let texts = (0..count).map(|number| passages.source.question(number));
        vectors
            .into_iter()
            .zip(texts)
            .map(|(vector, text)| Self { vector, text })
            .collect()
    }

    fn dense(&self) -> CandidateQuery {
        CandidateQuery {
            dense: Some(self.vector.clone()),
            depth: DEPTH,
            ..CandidateQuery::default()
        }
    }

    fn keyword(&self) -> CandidateQuery {
        CandidateQuery {
            keyword: vec![WeightedText {
                text: self.text.clone(),
                weight: 1.0,
            }],
            depth: DEPTH,
            ..CandidateQuery::default()
        }
    }

    fn both(&self) -> CandidateQuery {
        CandidateQuery {
            dense: Some(self.vector.clone()),
            ..self.keyword()
        }
    }

    fn exact(&self) -> CandidateQuery {
        CandidateQuery {
            exact: true,
            ..self.dense()
        }
    }
}

/// Commits documents until the library has `size` chunks, then optimises it while questions are
/// asked.
pub(crate) fn grow(
    dir: &Path,
    storage: VectorStorage,
    passages: &Passages,
    size: usize,
    questions: usize,
) -> Value {
    let runtime = Runtime::new().expect("an async runtime");
    let index = Arc::new(open(dir, storage));
    let present = runtime.block_on(index.state()).expect("a state").chunks as usize;

    let started = Instant::now();
    let firsts: Vec<usize> = (present..size).step_by(DOCUMENT).collect();
    for group in firsts.chunks(COMMITTED_TOGETHER) {
        runtime.block_on(async {
            let mut commits = tokio::task::JoinSet::new();
            for first in group {
                let document = passages.document(*first, DOCUMENT.min(size - first));
                let index = Arc::clone(&index);
                commits.spawn(async move { index.commit(document).await });
            }
            while let Some(commit) = commits.join_next().await {
                commit.expect("no panic").expect("a commit");
            }
        });
    }
    let commit_seconds = started.elapsed().as_secs_f64();

    let questions = Question::all(passages, questions);
    let optimised = Arc::new(AtomicBool::new(false));
    let started = Instant::now();
    let optimizer = runtime.spawn({
        let (index, optimised) = (Arc::clone(&index), Arc::clone(&optimised));
        async move {
            let result = index.optimize().await;
            optimised.store(true, Ordering::Release);
            (result, started.elapsed().as_secs_f64())
        }
    });

    let mut meanwhile = Vec::new();
    while !optimised.load(Ordering::Acquire) {
        let question = &questions[meanwhile.len() % questions.len()];
        meanwhile.push(ask(&runtime, &index, &question.both()).1);
    }
    let (result, optimize_seconds) = runtime.block_on(optimizer).expect("no panic");
    result.expect("an optimised shard");

    json!({
        "commit_seconds": commit_seconds,
        "optimize_seconds": optimize_seconds,
        "stall": quantile(&mut meanwhile, 1.0),
        "questions_meanwhile": meanwhile.len(),
    })
}

/// Opens the library and measures it. It is left as it was.
pub(crate) fn library(
    dir: &Path,
    storage: VectorStorage,
    passages: &Passages,
    questions: usize,
) -> Value {
    let runtime = Runtime::new().expect("an async runtime");
    let started = Instant::now();
    let index = open(dir, storage);
    let open_seconds = started.elapsed().as_secs_f64();
    let chunks = runtime.block_on(index.state()).expect("a state").chunks;
    let disk = folder_bytes(dir, "");
    let shard = folder_bytes(dir, "shard-");

    let questions = Question::all(passages, questions);
    let mut result = json!({
        "chunks": chunks,
        "open_seconds": open_seconds,
        "shard_bytes": shard / chunks,
        "disk_bytes": disk / chunks,
    });

    let mut lists = Vec::new();
    type Form = (&'static str, fn(&Question) -> CandidateQuery);
    let forms: [Form; 4] = [
        ("dense", Question::dense),
        ("keyword", Question::keyword),
        ("both", Question::both),
        ("exact", Question::exact),
    ];
    for (name, form) in forms {
        // The first round reads what the file cache lacks.
        for question in questions.iter().take(questions.len() / 4) {
            ask(&runtime, &index, &form(question));
        }

        let answers = questions
            .iter()
            .map(|question| ask(&runtime, &index, &form(question)));
        let (found, mut times): (Vec<Candidates>, Vec<f64>) = answers.unzip();
        result[format!("{name}_p50")] = quantile(&mut times, 0.5).into();
        result[format!("{name}_p99")] = quantile(&mut times, 0.99).into();
        if name != "exact" {
            let (resident, anonymous) = memory();
            result["resident_mb"] = resident.into();
            result["anonymous_mb"] = anonymous.into();
        }
        lists.push(found);
    }

    result["recall"] = recall(&lists[0], &lists[3]).into();

    let mut times = Vec::new();
    let mut sources = Vec::new();
    for number in 0..COMMITS {
        let document = passages.document(EXTRA + number * DOCUMENT, COMMITTED_CHUNKS);
        sources.push(document.meta.source.clone());
        let started = Instant::now();
        runtime.block_on(index.commit(document)).expect("a commit");
        times.push(started.elapsed().as_secs_f64() * 1000.0);
    }
    runtime.block_on(index.remove(&sources)).expect("a removal");
    result["document_p50"] = quantile(&mut times, 0.5).into();
    result["document_max"] = quantile(&mut times, 1.0).into();

    result
}

/// Returns the answer and the milliseconds it took.
fn ask(runtime: &Runtime, index: &EmbeddedIndex, query: &CandidateQuery) -> (Candidates, f64) {
    let started = Instant::now();
    let found = runtime.block_on(async {
        let reader = index.reader().await.expect("a reader");
        reader.candidates(query, &Scope::everything()).await
    });
    let taken = started.elapsed().as_secs_f64() * 1000.0;

    (found.expect("candidates"), taken)
}

/// The share of the best hits of an exact search that are among the best of the other one.
fn recall(found: &[Candidates], exact: &[Candidates]) -> f64 {
    let (mut kept, mut all) = (0, 0);
    for (found, exact) in found.iter().zip(exact) {
        let found: HashSet<ChunkId> = first_page(found).collect();
        all += first_page(exact).count();
        kept += first_page(exact)
            .filter(|chunk| found.contains(chunk))
            .count();
    }

    f64::from(kept as u32) / f64::from(all as u32)
}

fn first_page(list: &Candidates) -> impl Iterator<Item = ChunkId> {
    let hits = list.dense.iter().flatten().take(PAGE);
    hits.map(|hit| hit.chunk_id.clone())
}

fn quantile(times: &mut [f64], share: f64) -> f64 {
    times.sort_by(f64::total_cmp);
    let last = times.len().saturating_sub(1);
    times
        .get((share * last as f64).round() as usize)
        .copied()
        .unwrap_or_default()
}

/// The resident memory of this process and the part of it that is not in files, in MB.
fn memory() -> (u64, u64) {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        number.unwrap_or_default() / 1024
    };

    (field("VmRSS:"), field("RssAnon:"))
}

/// Bytes that the files below a folder occupy; with `only`, those in folders whose name starts so.
fn folder_bytes(folder: &Path, only: &str) -> u64 {
    use std::os::unix::fs::MetadataExt;

    let mut bytes = 0;
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let entry = entry.expect("an entry");
        let path = entry.path();
        if path.is_dir() {
            let is_wanted = entry.file_name().to_string_lossy().starts_with(only);
            bytes += folder_bytes(&path, if is_wanted { "" } else { only });
        } else if only.is_empty() {
            bytes += entry.metadata().expect("metadata").blocks() * 512;
        }
    }

    bytes
}
