//! A writer dies at each step of the commit protocol. A reader that stays open sees either old or
//! new documents as a whole. The next writer completes or deletes what was left incomplete; then
//! all processes see the same, and no orphaned points remain.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mcdewey_core::testing::{SampleDocument, index_suite::embedder};
use mcdewey_core::{DocumentRevision, Embed, Index, Scope};

use super::super::commit::{Committer, Step};
use super::super::point::DOCUMENT;
use super::super::{ReplicationConfig, Server, ServerIndex, ServerOptions};
use crate::ServerAddress;
use crate::prepare::Prepared;
use crate::testing::{clean_up, shared_server, unused_name};

const STEPS: [Step; 3] = [
    Step::PointsWritten,
    Step::DocumentsUpdated,
    Step::RevisionRaised,
];

async fn open(address: &ServerAddress, name: &str) -> ServerIndex {
    let options = ServerOptions {
        collection: name.to_owned(),
        replication: ReplicationConfig::default(),
        model: embedder().model().clone(),
        chunker: "test".to_owned(),
        retry_timeout: Duration::from_secs(20),
    };

    ServerIndex::open(Server::connect(address).await.unwrap(), options)
        .await
        .unwrap()
}

fn document(name: &str, page: u32, chunks: usize) -> DocumentRevision {
    SampleDocument::new(name)
        .page(page, &vec!["canine alpha"; chunks])
        .build(&embedder())
}

/// Returns the page and the number of chunks of each document. Fails if chunks are missing.
async fn contents(index: &ServerIndex) -> BTreeMap<String, (u32, usize)> {
    let all = Scope::everything();
    let reader = index.reader().await.unwrap();
    let mut contents = BTreeMap::new();
    for summary in reader.documents(&all).await.unwrap() {
        let source = &summary.meta.source;
        let chunks = reader.document_chunks(source, 0..99, &all).await.unwrap();
        assert_eq!(
            chunks.len(),
            summary.chunks as usize,
            "{source} is incomplete"
        );
        contents.insert(source.to_string(), (chunks[0].page.number.0, chunks.len()));
    }

    contents
}

/// Counts the revisions that have points but no document.
async fn orphaned_revisions(index: &ServerIndex) -> usize {
    let replica = index.shared.current_replica().await.unwrap();
    let live: Vec<String> = replica
        .documents()
        .map(|document| document.hash.to_string())
        .collect();
    let counts = index.shared.points.count_by(DOCUMENT).await.unwrap();
    counts.keys().filter(|hash| !live.contains(hash)).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_writer_completes_or_deletes_an_interrupted_commit() {
    let Some(address) = shared_server("a writer that dies at each step").await else {
        return;
    };

    for step in STEPS {
        let name = unused_name();
        let first = open(&address, &name).await;
        first.commit(document("a.md", 1, 5)).await.unwrap();
        first.commit(document("gone.md", 1, 2)).await.unwrap();
        first.optimize().await.unwrap();
        let reader = open(&address, &name).await;
        let before = contents(&reader).await;

        let dying = open(&address, &name).await;
        let mut committer = Committer::new(Arc::clone(&dying.shared));
        let prepared = [document("a.md", 2, 3), document("new.md", 2, 4)].map(|document| {
            Prepared::new(document, dying.shared.dimensions, &dying.shared.bm25).unwrap()
        });
        committer.dies_at = Some(step);
        committer.write(&prepared.each_ref()).await.unwrap_err();
        committer.die().await;

        let between = contents(&reader).await;
        assert!(
            [(1, 5), (2, 3)].contains(&between["a.md"]),
            "{step:?}: {between:?}"
        );

        if step == Step::PointsWritten {
            assert_eq!(between, before, "nothing of the commit may be visible");
        }

        let next = open(&address, &name).await;
        next.commit(document("last.md", 1, 1)).await.unwrap();
        next.optimize().await.unwrap();

        let mut expected = before.clone();
        if step != Step::PointsWritten {
            expected.extend([("a.md".to_owned(), (2, 3)), ("new.md".to_owned(), (2, 4))]);
        }

        expected.insert("last.md".to_owned(), (1, 1));
        for (process, index) in [
            ("the reader", &reader),
            ("the next writer", &next),
            ("a new process", &open(&address, &name).await),
        ] {
            assert_eq!(contents(index).await, expected, "{process}, {step:?}");
            assert_eq!(orphaned_revisions(index).await, 0, "{process}, {step:?}");
        }

        assert_eq!(reader.state().await.unwrap(), next.state().await.unwrap());
        clean_up(&address, &name).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_removal_is_completed() {
    let Some(address) = shared_server("a writer that dies at each step").await else {
        return;
    };

    for step in [Step::DocumentsUpdated, Step::RevisionRaised] {
        let name = unused_name();
        let reader = open(&address, &name).await;
        reader.commit(document("a.md", 1, 3)).await.unwrap();
        reader.commit(document("b.md", 1, 2)).await.unwrap();
        reader.optimize().await.unwrap();
        let dying = open(&address, &name).await;
        let mut committer = Committer::new(Arc::clone(&dying.shared));
        committer.dies_at = Some(step);

        committer
            .remove(&["a.md".parse().unwrap()])
            .await
            .unwrap_err();
        committer.die().await;

        // There is nothing to write: optimising alone completes the removal.
        let next = open(&address, &name).await;
        next.optimize().await.unwrap();

        let expected = BTreeMap::from([("b.md".to_owned(), (1, 2))]);
        for index in [&reader, &next, &open(&address, &name).await] {
            assert_eq!(contents(index).await, expected, "{step:?}");
            assert_eq!(orphaned_revisions(index).await, 0, "{step:?}");
        }

        clean_up(&address, &name).await;
    }
}
