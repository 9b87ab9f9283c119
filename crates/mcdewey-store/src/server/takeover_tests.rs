//! A writer dies at each step of the commit protocol. A reader that was open all the time sees old or new documents whole,
//! and the next writer finishes or sweeps what was left half: then all processes see the same, and nothing is over.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mcdewey_core::testing::{SampleDocument, index_suite::embedder};
use mcdewey_core::{DocumentRevision, Embed, Index, Scope};

use super::commit::{Committer, Step};
use super::point::DOCUMENT;
use super::{ReplicationConfig, Server, ServerIndex, ServerOptions};
use crate::ServerAddress;
use crate::prepare::Prepared;
use crate::testing::{clean_up, shared_server, unused_name};

const STEPS: [Step; 3] = [
    Step::PointsWritten,
    Step::DocumentsNamed,
    Step::RevisionRaised,
];

async fn open(address: &ServerAddress, name: &str) -> ServerIndex {
    let options = ServerOptions {
        collection: name.to_owned(),
        replication: ReplicationConfig::default(),
        model: embedder().model().clone(),
        chunker: "test".to_owned(),
        patience: Duration::from_secs(20),
    };

    ServerIndex::open(Server::connect(address).await.unwrap(), options)
        .await
        .unwrap()
}

fn document(name: &str, page: u32, passages: usize) -> DocumentRevision {
    SampleDocument::new(name)
        .page(page, &vec!["canine alpha"; passages])
        .build(&embedder())
}

/// Each document with its page and the number of its passages, all of which must be there.
async fn seen(index: &ServerIndex) -> BTreeMap<String, (u32, usize)> {
    let all = Scope::everything();
    let mut seen = BTreeMap::new();
    for summary in index.documents(&all).await.unwrap() {
        let source = &summary.meta.source;
        let chunks = index.passages(source, 0..99, &all).await.unwrap();
        assert_eq!(
            chunks.len(),
            summary.chunks as usize,
            "{source} is not whole"
        );
        seen.insert(source.to_string(), (chunks[0].page.number.0, chunks.len()));
    }

    seen
}

/// Points of revisions that no document has.
async fn strays(index: &ServerIndex) -> usize {
    let view = index.library.current().await.unwrap();
    let live: Vec<String> = view
        .all()
        .map(|document| document.hash.to_string())
        .collect();
    let counts = index.library.points.count_by(DOCUMENT).await.unwrap();
    counts.keys().filter(|hash| !live.contains(hash)).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_writer_finishes_or_sweeps_what_a_dead_one_left() {
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
        let before = seen(&reader).await;

        let dying = open(&address, &name).await;
        let mut committer = Committer::new(Arc::clone(&dying.library));
        let prepared = [document("a.md", 2, 3), document("new.md", 2, 4)].map(|document| {
            Prepared::new(document, dying.library.dimensions, &dying.library.bm25).unwrap()
        });
        committer.dies_at = Some(step);
        committer.write(&prepared.each_ref()).await.unwrap_err();
        committer.die().await;

        let between = seen(&reader).await;
        assert!(
            [(1, 5), (2, 3)].contains(&between["a.md"]),
            "{step:?}: {between:?}"
        );

        if step == Step::PointsWritten {
            assert_eq!(between, before, "nothing of it may be seen");
        }

        let next = open(&address, &name).await;
        next.commit(document("last.md", 1, 1)).await.unwrap();
        next.optimize().await.unwrap();

        let mut expected = before.clone();
        if step != Step::PointsWritten {
            expected.extend([("a.md".to_owned(), (2, 3)), ("new.md".to_owned(), (2, 4))]);
        }

        expected.insert("last.md".to_owned(), (1, 1));
        for (who, index) in [
            ("the reader", &reader),
            ("the next writer", &next),
            ("a fresh one", &open(&address, &name).await),
        ] {
            assert_eq!(seen(index).await, expected, "{who}, {step:?}");
            assert_eq!(strays(index).await, 0, "{who}, {step:?}");
        }

        assert_eq!(reader.state().await.unwrap(), next.state().await.unwrap());
        clean_up(&address, &name).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removal_that_was_begun_is_finished() {
    let Some(address) = shared_server("a writer that dies at each step").await else {
        return;
    };

    for step in [Step::DocumentsNamed, Step::RevisionRaised] {
        let name = unused_name();
        let reader = open(&address, &name).await;
        reader.commit(document("a.md", 1, 3)).await.unwrap();
        reader.commit(document("b.md", 1, 2)).await.unwrap();
        reader.optimize().await.unwrap();
        let dying = open(&address, &name).await;
        let mut committer = Committer::new(Arc::clone(&dying.library));
        committer.dies_at = Some(step);

        committer
            .remove(&["a.md".parse().unwrap()])
            .await
            .unwrap_err();
        committer.die().await;

        // Nothing is left to be written: settling alone finishes it.
        let next = open(&address, &name).await;
        next.optimize().await.unwrap();

        let expected = BTreeMap::from([("b.md".to_owned(), (1, 2))]);
        for index in [&reader, &next, &open(&address, &name).await] {
            assert_eq!(seen(index).await, expected, "{step:?}");
            assert_eq!(strays(index).await, 0, "{step:?}");
        }

        clean_up(&address, &name).await;
    }
}
