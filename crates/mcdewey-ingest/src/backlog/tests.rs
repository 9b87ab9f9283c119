//! A library that is filled for the first time: words first, then vectors.

use std::sync::{Arc, Mutex};

use mcdewey_core::testing::{FakeEmbed, MemoryIndex};
use mcdewey_core::{
    CandidateQuery, Embed, EmbeddingProgress, Index, Scope, SyncReport, VectorBacklog, WeightedText,
};
use tempfile::TempDir;

use crate::{Ingester, Root};

struct Fixture {
    folder: TempDir,
    index: Arc<MemoryIndex>,
    ingester: Ingester,
}

impl Fixture {
    fn new(files: &[(&str, &str)]) -> Self {
        let (index, embed) = (
            Arc::new(MemoryIndex::new()),
            Arc::new(FakeEmbed::new(&["barge", "monitor"])),
        );
        let fixture = Self {
            folder: tempfile::tempdir().unwrap(),
            ingester: Ingester::new(index.clone() as Arc<dyn Index>, embed as Arc<dyn Embed>)
                .words_first(true),
            index,
        };
        for (path, text) in files {
            fixture.write(path, text);
        }

        fixture
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    async fn sync(&self) -> SyncReport {
        let root = Root::new("corpus".parse().unwrap(), self.folder.path());
        self.ingester.sync(&[root], &|_| {}).await.unwrap()
    }

    async fn backlog(&self) -> VectorBacklog {
        self.index.vector_backlog().await.unwrap()
    }

    async fn lists(&self) -> (usize, usize) {
        let query = CandidateQuery {
            dense: Some(FakeEmbed::new(&["barge", "monitor"]).vector("barge")),
            keyword: vec![WeightedText {
                text: "barge".to_owned(),
                weight: 1.0,
            }],
            depth: 10,
            ..CandidateQuery::default()
        };
        let reader = self.index.reader().await.unwrap();
        let found = reader
            .candidates(&query, &Scope::everything())
            .await
            .unwrap();
        (found.keyword.unwrap().len(), found.dense.unwrap().len())
    }
}

#[tokio::test]
async fn a_new_library_commits_its_words_first_and_embeds_them_later() {
    let library = Fixture::new(&[
        ("p/1/guide.md", "# Guide\n\nbarge in\n"),
        ("p/2/guide.md", "# Guide\n\nbarge in\n"),
        ("p/2/other.md", "# Other\n\nmonitor\n"),
    ]);
    let report = library.sync().await;
    assert_eq!(
        (report.written, report.words_only, report.embedded),
        (3, 3, 0)
    );
    assert_eq!(library.lists().await, (2, 0));

    let seen = Mutex::new(Vec::<EmbeddingProgress>::new());
    let embedded = library
        .ingester
        .embed_backlog(&|progress| seen.lock().unwrap().push(progress))
        .await
        .unwrap();
    assert_eq!(embedded.documents, 3);
    assert_eq!(embedded.passages, 2, "equal passages are embedded once");
    assert_eq!(library.lists().await, (2, 3));
    assert_eq!(library.backlog().await, VectorBacklog::default());

    let seen = seen.into_inner().unwrap();
    let (first, last) = (seen[0], *seen.last().unwrap());
    assert_eq!((first.documents_left, first.tokens), (3, 0));
    assert_eq!((last.documents_left, last.tokens), (0, embedded.tokens));
    assert!(
        seen.iter()
            .all(|progress| progress.tokens_total == last.tokens)
    );

    let again = library.ingester.embed_backlog(&|_| {}).await.unwrap();
    assert_eq!((again.documents, again.passages), (0, 0));
}

#[tokio::test]
async fn a_complete_library_is_never_incomplete_again() {
    let library = Fixture::new(&[("a.md", "# A\n\nbarge\n")]);
    library.sync().await;
    library.ingester.embed_backlog(&|_| {}).await.unwrap();

    library.write("b.md", "# B\n\nmonitor\n");
    let report = library.sync().await;
    assert_eq!(
        (report.written, report.words_only, report.embedded),
        (1, 0, 1)
    );
    assert_eq!(library.backlog().await, VectorBacklog::default());
}

#[tokio::test]
async fn what_is_added_to_an_incomplete_library_waits_too() {
    let library = Fixture::new(&[("a.md", "# A\n\nbarge\n")]);
    library.sync().await;
    library.write("a.md", "# A\n\nbarge again\n");
    library.write("b.md", "# B\n\nmonitor\n");
    let report = library.sync().await;
    assert_eq!((report.written, report.words_only), (2, 2));

    let embedded = library.ingester.embed_backlog(&|_| {}).await.unwrap();
    assert_eq!((embedded.documents, embedded.passages), (2, 2));
}

#[tokio::test]
async fn documents_whose_vectors_are_all_known_are_complete_at_once() {
    let library = Fixture::new(&[("a.md", "# A\n\nbarge\n"), ("b.md", "# B\n\nmonitor\n")]);
    library.sync().await;
    library.ingester.embed_backlog(&|_| {}).await.unwrap();

    let sources = ["a.md".parse().unwrap(), "b.md".parse().unwrap()];
    library.index.remove(&sources).await.unwrap();
    library.write("c.md", "# C\n\nfeline\n");
    let report = library.sync().await;
    assert_eq!(
        (report.written, report.words_only, report.reused),
        (3, 1, 2)
    );
}
