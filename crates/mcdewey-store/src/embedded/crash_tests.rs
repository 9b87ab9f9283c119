//! What is on the disk at each step of the commit protocol, opened again as after a crash: nothing half, nothing that
//! was reported as done missing, and the same hits with the same scores as if nothing had happened.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use mcdewey_core::testing::{SampleDocument, index_suite::embedder};
use mcdewey_core::{
    CandidateQuery, Candidates, Chunk, Embed, Index, IndexState, ManifestEntry, RootName, Scope,
    WeightedText,
};
use tokio::sync::oneshot;

use super::commit::Step;
use super::{EmbeddedIndex, EmbeddedOptions};

/// One step of a library's history.
#[derive(Clone)]
enum Act {
    Commit(Box<SampleDocument>),
    Remove(&'static str),
}

/// Commits, replacements (longer, shorter, of another title), removals, and a document that comes back.
fn history() -> Vec<Act> {
    let commit = |name: &str, pages: &[(u32, &[&str])]| {
        Act::Commit(Box::new(
            pages
                .iter()
                .fold(SampleDocument::new(name), |document, (number, texts)| {
                    document.page(*number, texts)
                }),
        ))
    };

    vec![
        commit(
            "a.md",
            &[(1, &["canine alpha", "feline alpha"]), (2, &["gamma"])],
        ),
        commit("b.md", &[(1, &["canine beta"; 40])]),
        commit(
            "a.md",
            &[(1, &["canine canine"]), (3, &["barge", "barge alpha"])],
        ),
        commit("c.md", &[(7, &["feline beta gamma"])]),
        Act::Remove("b.md"),
        commit("b.md", &[(2, &["canine gamma"])]),
        commit("c.md", &[(7, &["feline beta gamma"])]),
        Act::Remove("a.md"),
        commit("d.md", &[(1, &["alpha beta"; 70])]),
    ]
}

fn options(dir: &Path) -> EmbeddedOptions {
    let model = embedder().model().clone();
    EmbeddedOptions {
        dir: dir.to_owned(),
        model,
        chunker: "test".to_owned(),
        min_free_bytes: 0,
    }
}

async fn act(index: &EmbeddedIndex, act: &Act) {
    match act {
        Act::Commit(document) => index.commit(document.build(&embedder())).await.map(drop),
        Act::Remove(name) => index.remove(&[name.parse().unwrap()]).await.map(drop),
    }
    .unwrap();
}

/// Everything readers can see of an index, revisions and times aside.
#[derive(Debug, PartialEq)]
struct View {
    counts: (u64, u64, u64),
    chunks: Vec<Chunk>,
    manifest: Vec<ManifestEntry>,
    hits: Vec<(Vec<Scored>, Vec<Scored>)>,
}

type Scored = (String, u32, u32);

async fn view(index: &EmbeddedIndex) -> View {
    let all = Scope::everything();
    let IndexState {
        documents,
        pages,
        chunks: passages,
        ..
    } = index.state().await.unwrap();

    let mut chunks = Vec::new();
    for summary in index.documents(&all).await.unwrap() {
        chunks.extend(
            index
                .passages(&summary.meta.source, 0..u32::MAX, &all)
                .await
                .unwrap(),
        );
    }

    let mut hits = Vec::new();
    for text in ["canine", "feline alpha", "barge beta gamma"] {
        let query = CandidateQuery {
            dense: Some(embedder().vector(text)),
            keyword: vec![WeightedText {
                text: text.to_owned(),
                weight: 1.0,
            }],
            depth: 50,
            exact: true,
            ..CandidateQuery::default()
        };

        let Candidates { dense, keyword, .. } = index.candidates(&query, &all).await.unwrap();
        let scored = |list: Option<Vec<mcdewey_core::Candidate>>| -> Vec<Scored> {
            let hits = list.unwrap().into_iter();
            hits.map(|hit| (hit.chunk_id.to_string(), hit.page.0, hit.score.to_bits()))
                .collect()
        };

        hits.push((scored(dense), scored(keyword)));
    }

    let manifest = index.manifest(&RootName::default()).await.unwrap();
    View {
        counts: (documents, pages, passages),
        chunks,
        manifest,
        hits,
    }
}

/// The views after no act, the first act, the first two …, of a process that never died.
async fn undisturbed() -> Vec<View> {
    let dir = tempfile::tempdir().unwrap();
    let index = EmbeddedIndex::open(options(dir.path())).unwrap();

    let mut views = vec![view(&index).await];
    for step in &history() {
        act(&index, step).await;
        views.push(view(&index).await);
    }

    views
}

/// A disk as a killed process left it.
struct Wreck {
    dir: PathBuf,
    step: Step,
    /// How many acts had been reported as done.
    done: usize,
}

/// Runs the history and keeps a copy of the directory at every step of the protocol.
async fn wrecks(place: &Path) -> Vec<Wreck> {
    let dir = place.join("live");
    let mut committer = EmbeddedIndex::open_committer(options(&dir)).unwrap();
    let (wrecks, done) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(0)));

    committer.watch = Some(Box::new({
        let (wrecks, done, live, place) = (
            Arc::clone(&wrecks),
            Arc::clone(&done),
            dir.clone(),
            place.to_owned(),
        );

        move |step| {
            let mut wrecks = wrecks.lock().unwrap();
            let copy = place.join(format!("wreck-{}", wrecks.len()));
            copy_folder(&live, &copy);
            wrecks.push(Wreck {
                dir: copy,
                step,
                done: *done.lock().unwrap(),
            });
        }
    }));

    let index = EmbeddedIndex::start(committer);
    for step in &history() {
        act(&index, step).await;
        *done.lock().unwrap() += 1;
    }

    drop(index);
    Arc::into_inner(wrecks).unwrap().into_inner().unwrap()
}

#[tokio::test]
async fn whatever_moment_the_process_dies_at() {
    let place = tempfile::tempdir().unwrap();
    let views = undisturbed().await;
    let wrecks = wrecks(place.path()).await;
    assert!(wrecks.len() >= 20, "{} moments", wrecks.len());

    for Wreck { dir, step, done } in wrecks {
        let index = EmbeddedIndex::open(options(&dir)).unwrap();
        let found = view(&index).await;
        let points = index.shared.shard().points().unwrap().len() as u64;

        assert_eq!(
            points, found.counts.2,
            "{step:?} in act {done}: points were left over"
        );

        // Old points are taken out after the answer, so the act under way may or may not be counted as done by then.
        let allowed = done.saturating_sub(1)..=done + 1;
        let reached = allowed
            .clone()
            .rev()
            .find(|acts| views.get(*acts) == Some(&found));
        let reached = reached
            .unwrap_or_else(|| panic!("{step:?} in act {done}: a state that never was: {found:?}"));

        assert!(
            reached >= done,
            "{step:?} in act {done}: a finished act is lost"
        );

        for step in &history()[reached..] {
            act(&index, step).await;
        }

        assert_eq!(
            Some(&view(&index).await),
            views.last(),
            "{step:?} in act {done}: finished another way"
        );

        drop(index);
        fs::remove_dir_all(dir).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lookup_keeps_the_points_it_knows() {
    let place = tempfile::tempdir().unwrap();
    let mut committer = EmbeddedIndex::open_committer(options(place.path())).unwrap();
    let looked = Arc::new(AtomicBool::new(false));
    let swept_too_early = Arc::new(AtomicBool::new(false));

    committer.watch = Some(Box::new({
        let (looked, swept_too_early) = (Arc::clone(&looked), Arc::clone(&swept_too_early));
        move |step| {
            if step == Step::OldPointsRemoved && !looked.load(Ordering::SeqCst) {
                swept_too_early.store(true, Ordering::SeqCst);
            }
        }
    }));

    let index = EmbeddedIndex::start(committer);
    act(&index, &history()[0]).await;
    let shared = Arc::clone(&index.shared);
    let (looking, seen) = (oneshot::channel(), oneshot::channel());

    let lookup = tokio::task::spawn_blocking(move || {
        let shard = shared.shard();
        shared.catalogue.read(|snapshot| {
            let known = snapshot.points()?;
            looking.0.send(()).unwrap();
            seen.1.blocking_recv().unwrap();

            // Long enough for a sweep that does not wait.
            for _ in 0..200 {
                assert!(
                    known
                        .iter()
                        .all(|point| shard.points().unwrap().contains(point))
                );
            }

            looked.store(true, Ordering::SeqCst);
            Ok(())
        })
    });

    looking.1.await.unwrap();
    act(&index, &history()[2]).await;
    seen.0.send(()).unwrap();
    lookup.await.unwrap().unwrap();
    drop(index);

    assert!(
        !swept_too_early.load(Ordering::SeqCst),
        "points were taken out under a lookup"
    );
}

#[tokio::test]
async fn a_lost_or_damaged_shard_is_built_anew_without_embedding() {
    let place = tempfile::tempdir().unwrap();
    let views = undisturbed().await;
    let dir = place.path().join("data");

    let index = EmbeddedIndex::open(options(&dir)).unwrap();
    for step in &history() {
        act(&index, step).await;
    }

    drop(index);
    let generation = only_entry(&dir.join("generations"));
    for damage in ["lost", "config", "segments"] {
        let shard = shard_of(&generation);
        match damage {
            "lost" => fs::remove_dir_all(&shard).unwrap(),
            "config" => fs::write(shard.join("edge_config.json"), "{").unwrap(),
            _ => fs::remove_dir_all(shard.join("segments")).unwrap(),
        }

        let index = EmbeddedIndex::open(options(&dir)).unwrap();
        assert_eq!(Some(&view(&index).await), views.last(), "{damage}");
        assert!(!generation.join("opening").exists());
        drop(index);

        assert!(shard_of(&generation).exists());
    }

    assert!(generation.join("damaged-shard").exists());
}

#[tokio::test]
async fn a_shard_that_keeps_breaking_the_program_is_given_up() {
    let place = tempfile::tempdir().unwrap();
    let index = EmbeddedIndex::open(options(place.path())).unwrap();
    act(&index, &history()[0]).await;
    let before = view(&index).await;
    drop(index);
    let generation = only_entry(&place.path().join("generations"));
    let shard = shard_of(&generation);
    fs::write(generation.join("opening"), "2").unwrap();
    let index = EmbeddedIndex::open(options(place.path())).unwrap();
    assert_eq!(view(&index).await, before);
    drop(index);
    assert!(!shard.exists());
    assert_ne!(shard_of(&generation), shard);
}

#[tokio::test]
async fn documents_whose_vectors_are_lost_ask_to_be_written_again() {
    let place = tempfile::tempdir().unwrap();
    let index = EmbeddedIndex::open(options(place.path())).unwrap();
    act(&index, &history()[0]).await;
    let before = view(&index).await;
    drop(index);
    fs::remove_file(place.path().join("embeddings.sqlite")).unwrap();
    fs::remove_dir_all(shard_of(&only_entry(&place.path().join("generations")))).unwrap();
    let index = EmbeddedIndex::open(options(place.path())).unwrap();
    let found = view(&index).await;
    assert_ne!(found.manifest[0].input, before.manifest[0].input);

    for (hits, expected) in found.hits.iter().zip(&before.hits) {
        assert_eq!(
            (hits.0.len(), &hits.1),
            (0, &expected.1),
            "found by words only"
        );
    }

    act(&index, &history()[0]).await;
    assert_eq!(view(&index).await, before);
}

#[tokio::test]
async fn too_little_space_refuses_before_anything_is_written() {
    let place = tempfile::tempdir().unwrap();
    let index = EmbeddedIndex::open(EmbeddedOptions {
        min_free_bytes: u64::MAX,
        ..options(place.path())
    })
    .unwrap();

    let before = index.state().await.unwrap();
    let document = SampleDocument::new("a.md")
        .page(1, &["canine"])
        .build(&embedder());
    let key = document.chunks[0].embedding_key;
    let error = index.commit(document).await.unwrap_err();

    assert!(
        matches!(error, mcdewey_core::IndexError::NoSpace(_)),
        "{error}"
    );
    assert_eq!(index.state().await.unwrap(), before);
    assert_eq!(index.cached_vectors(&[key]).await.unwrap(), [None]);
    assert!(index.shared.shard().points().unwrap().is_empty());
}

#[tokio::test]
async fn recovery_keeps_the_floor_and_the_shard() {
    let place = tempfile::tempdir().unwrap();
    let index = EmbeddedIndex::open(options(place.path())).unwrap();
    act(&index, &history()[0]).await;
    let before = view(&index).await;
    drop(index);
    let generation = only_entry(&place.path().join("generations"));

    let tight = || EmbeddedOptions {
        min_free_bytes: u64::MAX,
        ..options(place.path())
    };
    drop(EmbeddedIndex::open(tight()).expect("nothing has to be written"));
    fs::write(shard_of(&generation).join("edge_config.json"), "{").unwrap();

    for _ in 0..3 {
        let error = EmbeddedIndex::open(tight()).unwrap_err();
        assert!(
            matches!(error, mcdewey_core::IndexError::NoSpace(_)),
            "{error}"
        );
        assert!(!generation.join("damaged-shard").exists() && !generation.join("opening").exists());
    }

    let index = EmbeddedIndex::open(options(place.path())).unwrap();
    assert_eq!(view(&index).await, before);
}

#[tokio::test]
async fn another_model_or_splitter_stands_beside_and_shares_the_vectors() {
    let place = tempfile::tempdir().unwrap();
    let index = EmbeddedIndex::open(options(place.path())).unwrap();
    act(&index, &history()[0]).await;
    let (before, state) = (view(&index).await, index.state().await.unwrap());
    drop(index);

    let other = EmbeddedIndex::open(EmbeddedOptions {
        chunker: "other".to_owned(),
        ..options(place.path())
    })
    .unwrap();

    let fresh = other.state().await.unwrap();
    assert_ne!(fresh.generation, state.generation);
    assert_eq!((fresh.documents, fresh.revision.0), (0, 0));

    let known = SampleDocument::new("x.md")
        .page(1, &["gamma"])
        .build(&embedder());
    let key = known.chunks[0].embedding_key;
    assert_eq!(
        other.cached_vectors(&[key]).await.unwrap(),
        [Some(known.chunks[0].vector.clone())]
    );
    drop(other);
    let index = EmbeddedIndex::open(options(place.path())).unwrap();
    assert_eq!(view(&index).await, before);
    assert_eq!(index.state().await.unwrap(), state);
}

#[tokio::test]
async fn a_shard_is_replaced_under_its_readers() {
    let place = tempfile::tempdir().unwrap();
    let mut committer = EmbeddedIndex::open_committer(options(place.path())).unwrap();
    let generation = only_entry(&place.path().join("generations"));
    let first = shard_of(&generation);
    committer.replace_shard().unwrap();
    let index = EmbeddedIndex::start(committer);
    assert!(!first.exists());

    for step in &history() {
        act(&index, step).await;
    }

    assert_eq!(Some(&view(&index).await), undisturbed().await.last());
}

fn only_entry(dir: &Path) -> PathBuf {
    fs::read_dir(dir).unwrap().next().unwrap().unwrap().path()
}

fn shard_of(generation: &Path) -> PathBuf {
    let mut entries = fs::read_dir(generation)
        .unwrap()
        .map(|entry| entry.unwrap().path());

    entries
        .find(|path| {
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with("shard-")
        })
        .unwrap()
}

/// Copies a folder; what is zero stays a hole, for the engine makes its files large in advance.
fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            copy_file(&entry.path(), &target);
        }
    }
}

fn copy_file(from: &Path, to: &Path) {
    let (mut source, mut target) = (File::open(from).unwrap(), File::create(to).unwrap());
    let mut block = vec![0; 64 * 1024];
    loop {
        let read = source.read(&mut block).unwrap();
        if read == 0 {
            break;
        }

        if block[..read].iter().all(|byte| *byte == 0) {
            target.seek(SeekFrom::Current(read as i64)).unwrap();
        } else {
            target.write_all(&block[..read]).unwrap();
        }
    }

    target.set_len(source.metadata().unwrap().len()).unwrap();
}
