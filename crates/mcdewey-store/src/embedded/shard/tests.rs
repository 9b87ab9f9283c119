//! Tests of the shard by itself, without a catalogue.

use super::*;
use crate::embedded::vector_storage::VectorEncoding;
use mcdewey_core::testing::{SampleDocument, index_suite::embedder};

fn keyword_vector(tokens: &[(u32, f32)]) -> SparseVector {
    let (indices, values): (Vec<u32>, Vec<f32>) = tokens.iter().copied().unzip();
    SparseVector::new(indices, values).unwrap()
}

fn add(shard: &Shard, id: u128, vector: Option<&[f32]>, tokens: &[(u32, f32)]) {
    let document = SampleDocument::new("a.md").build(&embedder()).meta;
    let point = Point {
        id: Uuid::from_u128(id),
        chunk_id: "a::0",
        page: 1,
        document: &document,
        vector,
        keyword_vector: &keyword_vector(tokens),
    };
    shard.add([point]).unwrap();
}

fn search(shard: &Shard, query: &VectorQuery) -> Vec<u128> {
    shard
        .search(query, None, 10)
        .unwrap()
        .iter()
        .map(|found| found.point.as_u128())
        .collect()
}

#[test]
fn flushed_points_survive_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("shard-1");
    let shard = Shard::create(&folder, 2, VectorStorage::default()).unwrap();
    add(&shard, 1, Some(&[1.0, 0.0]), &[(7, 1.0)]);
    add(&shard, 2, Some(&[0.0, 1.0]), &[(7, 2.0), (9, 1.0)]);
    shard.flush().unwrap();
    drop(shard);

    let shard = Shard::load(&folder, VectorStorage::default()).unwrap();
    assert_eq!(shard.points().unwrap().len(), 2);
    assert_eq!(
        search(
            &shard,
            &VectorQuery::Dense {
                vector: vec![1.0, 0.1],
                exact: true
            }
        ),
        [1, 2]
    );
    assert_eq!(
        search(&shard, &VectorQuery::Keyword(keyword_vector(&[(7, 1.0)]))),
        [2, 1]
    );

    let kept = shard
        .keyword_vectors(&[Uuid::from_u128(2), Uuid::from_u128(3)])
        .unwrap();
    assert_eq!(
        kept[&Uuid::from_u128(2)],
        keyword_vector(&[(7, 2.0), (9, 1.0)])
    );
    assert_eq!(kept.len(), 1);

    shard.destroy().unwrap();
    assert!(!folder.exists());
}

#[test]
fn a_point_without_an_embedding_vector_matches_by_keywords() {
    let dir = tempfile::tempdir().unwrap();
    let shard = Shard::create(&dir.path().join("shard"), 2, VectorStorage::default()).unwrap();
    add(&shard, 1, None, &[(7, 1.0)]);
    add(&shard, 2, Some(&[0.0, 1.0]), &[(8, 1.0)]);
    assert_eq!(
        search(&shard, &VectorQuery::Keyword(keyword_vector(&[(7, 1.0)]))),
        [1]
    );
    assert_eq!(
        search(
            &shard,
            &VectorQuery::Dense {
                vector: vec![0.0, 1.0],
                exact: false
            }
        ),
        [2]
    );
}

#[test]
fn a_shard_is_compacted_only_if_there_is_enough_space() {
    let dir = tempfile::tempdir().unwrap();
    let shard = Shard::create(&dir.path().join("shard"), 2, VectorStorage::default()).unwrap();
    add(&shard, 1, Some(&[1.0, 0.0]), &[(7, 1.0)]);
    assert!(!shard.optimize(EXHAUSTIVE_UP_TO + 1, u64::MAX).unwrap());
    assert_eq!(
        shard.edge().unwrap().config().hnsw_config.m,
        0,
        "nothing was started"
    );
    assert_eq!(
        search(&shard, &VectorQuery::Keyword(keyword_vector(&[(7, 1.0)]))),
        [1]
    );
    assert!(shard.optimize(EXHAUSTIVE_UP_TO + 1, 0).unwrap());
    assert_eq!(shard.edge().unwrap().config().hnsw_config.m, EDGES);
}

/// So long that some hundred vectors are enough for the engine to encode them.
const LONG: usize = 4096;

fn long_vector(id: u128) -> Vec<f32> {
    let numbers = (0..LONG as u128).map(|place| (id * 7919 + place * place * (id + 3)) % 1009);
    numbers.map(|number| number as f32 - 504.0).collect()
}

fn has_encoded_vectors(dir: &Path) -> bool {
    fs::read_dir(dir).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        path.ends_with("quantized.data") || (path.is_dir() && has_encoded_vectors(&path))
    })
}

#[test]
fn other_settings_for_vectors_rewrite_the_shard_and_keep_the_scores() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("shard");
    let float = VectorStorage::default();
    let shard = Shard::create(&folder, LONG, float).unwrap();
    for id in 0..700 {
        add(&shard, id, Some(&long_vector(id)), &[(7, 1.0)]);
    }

    shard.flush().unwrap();
    let nearest = |shard: &Shard| {
        let vector = long_vector(123);
        let query = VectorQuery::Dense {
            vector,
            exact: false,
        };
        let found = shard.search(&query, None, 3).unwrap();
        (found[0].point.as_u128(), found[0].score)
    };
    assert!(shard.optimize(700, 0).unwrap());
    let (id, score) = nearest(&shard);
    assert_eq!(id, 123);
    drop(shard);

    for encoding in [
        VectorEncoding::Int8,
        VectorEncoding::Binary,
        VectorEncoding::Float,
    ] {
        let storage = VectorStorage {
            encoding,
            on_disk: encoding == VectorEncoding::Int8,
        };
        let shard = Shard::load(&folder, storage).unwrap();
        assert!(shard.has_old_storage(), "{encoding}");
        let (found, before) = nearest(&shard);
        assert!(found == 123 && (before - score).abs() < 1e-5, "{encoding}");

        assert!(shard.optimize(700, 0).unwrap());
        let is_encoded = encoding != VectorEncoding::Float;
        assert_eq!(has_encoded_vectors(&folder), is_encoded, "{encoding}");
        let (found, after) = nearest(&shard);
        assert!(found == 123 && (after - score).abs() < 1e-5, "{encoding}");
        drop(shard);

        let shard = Shard::load(&folder, storage).unwrap();
        assert!(!shard.has_old_storage(), "{encoding}");
    }
}

#[test]
fn a_damaged_shard_is_an_error_instead_of_a_panic() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("shard");
    drop(Shard::create(&folder, 2, VectorStorage::default()).unwrap());
    fs::write(folder.join("edge_config.json"), "{").unwrap();
    assert!(Shard::load(&folder, VectorStorage::default()).is_err());
    assert!(Shard::load(&dir.path().join("missing"), VectorStorage::default()).is_err());
}

#[test]
fn only_large_libraries_get_an_approximate_index() {
    assert_eq!(hnsw_config_for(EXHAUSTIVE_UP_TO).m, 0);
    assert_eq!(hnsw_config_for(EXHAUSTIVE_UP_TO + 1).m, EDGES);
}
