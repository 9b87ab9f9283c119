//! An ingest killed at any moment loses no document it reported and leaves none half-written. After
//! one more run, the library is the same as after an undisturbed run.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mcdewey_core::{CandidateQuery, Chunk, ContentHash, Embed, Index, Scope, WeightedText};
use mcdewey_embed::{EmbedderOptions, OnnxEmbedder};
use mcdewey_provision::{ModelSettings, provision};
use mcdewey_store::{EmbeddedIndex, EmbeddedOptions, VectorStorage};

use crate::support::{copy_folder, ingest, mcdewey, repository};

/// How many times the program is killed while it writes a data directory.
const KILLS: u64 = 20;
/// Determines the moments.
const SEED: u64 = 20_700;

#[test]
fn after_a_kill_at_any_of_twenty_moments_one_run_completes_the_library() {
    let folder = tempfile::tempdir().unwrap();
    let (before, after) = (folder.path().join("before"), folder.path().join("after"));
    write_corpora(&before, &after);
    let base = folder.path().join("base/data");
    std::fs::create_dir_all(base.parent().unwrap()).unwrap();
    ingest(&base, &before);

    let undisturbed = folder.path().join("undisturbed/data");
    copy_folder(&base, &undisturbed);
    let started = Instant::now();
    ingest(&undisturbed, &after);
    let whole_run = started.elapsed();
    let expected = LibraryContents::read_directory(&undisturbed);
    assert!(expected.chunks.len() > 30);

    for kill in 0..KILLS {
        let data = folder.path().join(format!("killed-{kill}/data"));
        copy_folder(&base, &data);
        kill_an_ingest(
            mcdewey(&data).arg("ingest").arg(&after),
            moment(kill, KILLS, whole_run),
        );
        let report = ingest(&data, &after);
        assert_eq!(report["skipped"], serde_json::json!([]), "{report:#}");
        expected.assert_same(&LibraryContents::read_directory(&data), kill);
        std::fs::remove_dir_all(data.parent().unwrap()).unwrap();
    }
}

/// Twelve documents, of which four change and four are removed, and four new ones.
pub(crate) fn write_corpora(before: &Path, after: &Path) {
    let body = |document: usize, edition: &str| {
        let topics = [
            "queues",
            "trunks",
            "gateways",
            "recordings",
            "licences",
            "certificates",
        ];

        let mut text = format!("# Guide {document}\n");
        for (number, topic) in topics.iter().enumerate() {
            text.push_str(&format!(
                "\n<!-- page: {} -->\n\n## About {topic}\n\nGuide {document} of the {edition} edition tells how \
                 {topic} are set up, which limits hold for {topic}, and what to do when {topic} fail on node \
                 {document}{number}.\n",
                number + 1
            ));
        }

        text
    };

    let write = |root: &Path, document: usize, edition: &str| {
        let path = root.join(format!("product/v1/guide/part-{document:02}.md"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, body(document, edition)).unwrap();
    };

    (0..12).for_each(|document| write(before, document, "first"));
    (0..4).for_each(|document| write(after, document, "first"));
    (4..8).for_each(|document| write(after, document, "second"));
    (12..16).for_each(|document| write(after, document, "second"));
}

/// The moments are spread over the whole run: it has one part for each kill, with a random moment
/// in each part.
pub(crate) fn moment(kill: u64, kills: u64, whole_run: Duration) -> Duration {
    let random = ContentHash::of_parts([SEED.to_le_bytes(), kill.to_le_bytes()]);
    let fraction = f64::from(random.as_bytes()[0]) / 256.0;
    whole_run.mul_f64((kill as f64 + fraction) / kills as f64)
}

/// Starts an ingest and kills it after a while.
pub(crate) fn kill_an_ingest(command: &mut Command, after: Duration) {
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();

    // The time of the kill is the subject of the test and must not depend on what the program does.
    std::thread::sleep(after);
    let _ = child.kill();
    let _ = child.wait();
}

/// All chunks of a library, and the hits of an exact search for every fifth of them.
pub(crate) struct LibraryContents {
    pub(crate) chunks: Vec<Chunk>,
    hits: Vec<Vec<(String, f32)>>,
}

impl LibraryContents {
    pub(crate) fn read_directory(data: &Path) -> Self {
        let model = model();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let options = EmbeddedOptions {
            dir: data.to_owned(),
            model: model.model().clone(),
            chunker: mcdewey_ingest::CHUNKER.to_owned(),
            min_free_bytes: 0,
            vectors: VectorStorage::default(),
        };

        let index: Arc<dyn Index> = Arc::new(EmbeddedIndex::open(options).unwrap());
        runtime.block_on(Self::read(index.as_ref(), model.as_ref()))
    }

    /// Reads an index that was built with this model.
    pub(crate) async fn read(index: &dyn Index, model: &OnnxEmbedder) -> Self {
        let scope = Scope::everything();
        let reader = index.reader().await.unwrap();
        let mut chunks = Vec::new();
        for document in reader.documents(&scope).await.unwrap() {
            chunks.extend(
                reader
                    .document_chunks(&document.meta.source, 0..u32::MAX, &scope)
                    .await
                    .unwrap(),
            );
        }

        let mut hits = Vec::new();
        for chunk in chunks.iter().step_by(5) {
            hits.extend(search_own_text(index, model, chunk).await);
        }

        Self { chunks, hits }
    }

    pub(crate) fn assert_same(&self, other: &Self, kill: u64) {
        let ids = |contents: &Self| -> Vec<String> {
            contents
                .chunks
                .iter()
                .map(|chunk| chunk.chunk_id.to_string())
                .collect()
        };

        assert_eq!(ids(self), ids(other), "chunk ids after kill {kill}");
        assert_eq!(self.chunks, other.chunks, "payloads after kill {kill}");
        for (expected, got) in self.hits.iter().zip(&other.hits) {
            let names =
                |list: &[(String, f32)]| list.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>();
            assert_eq!(names(expected), names(got), "hits after kill {kill}");
            for ((_, expected), (id, got)) in expected.iter().zip(got) {
                assert!(
                    (expected - got).abs() <= 1e-4 * expected.abs().max(1.0),
                    "score of {id} after kill {kill}"
                );
            }
        }
    }
}

/// Both candidate lists for a chunk's own text, by exact search.
async fn search_own_text(
    index: &dyn Index,
    model: &OnnxEmbedder,
    chunk: &Chunk,
) -> [Vec<(String, f32)>; 2] {
    let query = CandidateQuery {
        dense: Some(model.embed_question(&chunk.text).await.unwrap().vector),
        keyword: vec![WeightedText {
            text: chunk.text.clone(),
            weight: 1.0,
        }],
        depth: 20,
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

    [lists.dense, lists.keyword].map(|list| {
        list.unwrap()
            .into_iter()
            .map(|candidate| (candidate.chunk_id.to_string(), candidate.score))
            .collect()
    })
}

/// The model of the program, loaded once for all tests.
pub(crate) fn model() -> Arc<OnnxEmbedder> {
    static MODEL: std::sync::OnceLock<Arc<OnnxEmbedder>> = std::sync::OnceLock::new();

    let load = || {
        let settings = ModelSettings {
            name: "all-MiniLM-L6-v2".to_owned(),
            model_dir: None,
            cache_dir: repository().join("models"),
            ort_dylib: None,
            python: "python3".to_owned(),
        };

        let provisioned = provision(&settings, &|_| {}).unwrap();
        Arc::new(OnnxEmbedder::start(&provisioned, EmbedderOptions::default()).unwrap())
    };

    MODEL.get_or_init(load).clone()
}
