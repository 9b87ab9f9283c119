//! Measures how fast questions are answered, over a generated corpus: by the embedded index, and by
//! a Qdrant server if there is one.
//!
//! Vectors come from the embedder that counts words, so this measures the store, fusion and
//! building of hits; `embed.rs` measures the model. With so few words many chunks have the same
//! score, and ties at the end of a list make the store request more points: the dense mode without
//! a filter shows the worst case.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use mcdewey_core::testing::FakeEmbed;
use mcdewey_core::{Embed, Index, ModelInfo, RootName, Visibility};
use mcdewey_ingest::{CHUNKER, Ingester, Root};
use mcdewey_search::{Library, Mode, SearchRequest};
use mcdewey_store::testing::{clean_up, shared_server, unused_name};
use mcdewey_store::{
    EmbeddedIndex, EmbeddedOptions, RETRY_TIMEOUT, ReplicationConfig, Server, ServerAddress,
    ServerIndex, ServerOptions, VectorStorage,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Documents of the corpus, each of `PAGES` pages.
const DOCUMENTS: usize = 200;
const PAGES: usize = 25;
const WORDS: [&str; 16] = [
    "agent",
    "call",
    "queue",
    "trunk",
    "group",
    "code",
    "failover",
    "barge",
    "state",
    "monitor",
    "licence",
    "node",
    "route",
    "timer",
    "certificate",
    "upgrade",
];

/// Writes a corpus that is the same on every machine.
fn write_corpus(folder: &TempDir) {
    for document in 0..DOCUMENTS {
        let mut text = format!("# Guide {document}\n");
        for page in 0..PAGES {
            text.push_str(&format!(
                "\n<!-- page: {} -->\n\n## Topic {page}\n\n{}\n",
                page + 1,
                sentence(document, page)
            ));
        }

        let path = folder.path().join(format!(
            "corpus/product-{}/v{}/guide",
            document % 10,
            document % 4
        ));

        std::fs::create_dir_all(&path).expect("a folder");
        std::fs::write(path.join(format!("{document}.md")), text).expect("a file");
    }
}

fn sentence(document: usize, page: usize) -> String {
    let words: Vec<&str> = (0..60)
        .map(|word| WORDS[(document * 31 + page * 17 + word * word * 7 + word / 3) % WORDS.len()])
        .collect();
    words.join(" ") + "."
}

struct Bench {
    library: Library,
    runtime: Runtime,
    _folder: TempDir,
}

impl Bench {
    /// Ingests the corpus into the index that `open` returns. `None` if it returns none.
    fn new(open: impl AsyncFnOnce(&Path, ModelInfo) -> Option<Arc<dyn Index>>) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        write_corpus(&folder);
        let embed: Arc<dyn Embed> = Arc::new(FakeEmbed::new(&WORDS));
        let runtime = Runtime::new().expect("an async runtime");
        let index = runtime.block_on(open(&folder.path().join("data"), embed.model().clone()))?;
        let root = Root::new(RootName::default(), folder.path().join("corpus"));
        let ingester = Ingester::new(Arc::clone(&index), Arc::clone(&embed));

        let report = runtime
            .block_on(ingester.sync(&[root], &|_| {}))
            .expect("an ingest");
        eprintln!("{} chunks in {:.1} s", report.chunks, report.seconds);
        Some(Self {
            library: Library::new(index, embed),
            runtime,
            _folder: folder,
        })
    }

    fn search(&self, request: &SearchRequest) {
        let results = self.runtime.block_on(async {
            let snapshot = self.library.at(&Visibility::Everything).await?;
            snapshot.search(black_box(request)).await
        });
        black_box(results.expect("results"));
    }
}

async fn embedded(dir: &Path, model: ModelInfo) -> Option<Arc<dyn Index>> {
    let options = EmbeddedOptions {
        dir: dir.to_owned(),
        model,
        chunker: CHUNKER.to_owned(),
        min_free_bytes: 0,
        vectors: VectorStorage::default(),
    };
    Some(Arc::new(EmbeddedIndex::open(options).expect("an index")))
}

async fn on_server(
    address: ServerAddress,
    collection: String,
    model: ModelInfo,
) -> Option<Arc<dyn Index>> {
    let server = Server::connect(&address).await.expect("the server answers");
    let options = ServerOptions {
        collection,
        replication: ReplicationConfig::default(),
        model,
        chunker: CHUNKER.to_owned(),
        retry_timeout: RETRY_TIMEOUT,
    };

    Some(Arc::new(
        ServerIndex::open(server, options).await.expect("an index"),
    ))
}

fn search(c: &mut Criterion) {
    let bench = Bench::new(embedded).expect("an index");
    measure(c, "search, 200 guides of 25 pages", &bench);
}

fn search_on_server(c: &mut Criterion) {
    let runtime = Runtime::new().expect("an async runtime");
    let Some(address) = runtime.block_on(shared_server("search on a Qdrant server")) else {
        return;
    };
    let name = unused_name();
    let open = async |_: &Path, model| on_server(address.clone(), name.clone(), model).await;
    let bench = Bench::new(open).expect("an index");

    measure(
        c,
        "search on a Qdrant server, 200 guides of 25 pages",
        &bench,
    );

    runtime.block_on(clean_up(&address, &name));
}

fn measure(c: &mut Criterion, name: &str, bench: &Bench) {
    let mut group = c.benchmark_group(name);
    for mode in Mode::ALL {
        let request = SearchRequest {
            q: "barge state of the agent".to_owned(),
            mode,
            ..SearchRequest::default()
        };

        group.bench_function(BenchmarkId::new("mode", mode.name()), |b| {
            b.iter(|| bench.search(&request))
        });

        let filtered = SearchRequest {
            product: vec!["product-3".to_owned()],
            ..request
        };

        group.bench_function(BenchmarkId::new("mode and filter", mode.name()), |b| {
            b.iter(|| bench.search(&filtered))
        });
    }
}

criterion_group!(benches, search, search_on_server);
criterion_main!(benches);
