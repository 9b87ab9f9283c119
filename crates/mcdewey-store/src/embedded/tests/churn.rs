//! A library whose documents change and whose size does not.

use mcdewey_core::Index;
use mcdewey_core::testing::{SampleDocument, index_suite::embedder};

use super::{options, view_of};
use crate::EmbeddedIndex;
use crate::embedded::space;

const MIB: u64 = 1024 * 1024;

#[tokio::test]
async fn files_of_a_library_of_the_same_size_stay_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let mut largest = 0;
    for round in 0..48 {
        let index = EmbeddedIndex::open(options(dir.path())).unwrap();
        let texts: Vec<String> = (0..200)
            .map(|number| format!("canine {round} passage {number}"))
            .collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let document = SampleDocument::new("a.md").page(1, &texts);
        index.commit(document.build(&embedder())).await.unwrap();
        index.optimize().await.unwrap();
        largest = largest.max(space::disk_usage(dir.path()).unwrap());
        if round == 47 {
            assert_eq!(view_of(&index).await.counts, (1, 1, 200));
            let vectors = index.shared.vectors.count().unwrap();
            assert!((200..=4096 + 600).contains(&vectors), "{vectors}");
        }
    }

    assert!(largest < 128 * MIB, "{} MiB", largest / MIB);
}
