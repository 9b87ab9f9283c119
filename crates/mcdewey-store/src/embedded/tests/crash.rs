//! Reopens the directory as it is at each step of the commit protocol, as after a crash: no
//! document is incomplete, nothing that was reported as done is missing, and hits and scores are
//! the same as without the crash.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::oneshot;

use super::{apply, history, options, undisturbed_views, view_of};
use crate::EmbeddedIndex;
use crate::embedded::commit::Step;

/// The directory as a killed process leaves it.
struct CrashedState {
    dir: PathBuf,
    step: Step,
    /// How many actions had been reported as done.
    done: usize,
}

/// Runs the history and copies the directory at every step of the commit protocol.
async fn crashed_states(parent: &Path) -> Vec<CrashedState> {
    let dir = parent.join("live");
    let mut committer = EmbeddedIndex::open_committer(options(&dir)).unwrap();
    let states = Arc::new(Mutex::new(Vec::new()));
    let done = Arc::new(AtomicUsize::new(0));

    committer.on_step = Some(Box::new({
        let (states, done) = (Arc::clone(&states), Arc::clone(&done));
        let (live, parent) = (dir.clone(), parent.to_owned());

        move |step| {
            let mut states = states.lock().unwrap();
            let copy = parent.join(format!("crashed-{}", states.len()));
            copy_folder(&live, &copy);
            states.push(CrashedState {
                dir: copy,
                step,
                done: done.load(Ordering::SeqCst),
            });
        }
    }));

    let index = EmbeddedIndex::start(committer);
    for action in &history() {
        apply(&index, action).await;
        done.fetch_add(1, Ordering::SeqCst);
    }

    drop(index);
    Arc::into_inner(states).unwrap().into_inner().unwrap()
}

#[tokio::test]
async fn a_crash_at_any_step_of_the_commit_protocol_is_recovered_from() {
    let dir = tempfile::tempdir().unwrap();
    let views = undisturbed_views().await;
    let states = crashed_states(dir.path()).await;
    assert!(states.len() >= 20, "{} steps", states.len());

    for CrashedState { dir, step, done } in states {
        let index = EmbeddedIndex::open(options(&dir)).unwrap();
        let found = view_of(&index).await;
        let points = index.shared.shard().points().unwrap().len() as u64;

        assert_eq!(
            points, found.counts.2,
            "{step:?} after {done} actions: stray points are left"
        );

        // Old points are removed after the answer, so the action in progress may or may not be
        // counted as done by then.
        let allowed = done.saturating_sub(1)..=done + 1;
        let reached = allowed
            .clone()
            .rev()
            .find(|actions| views.get(*actions) == Some(&found))
            .unwrap_or_else(|| {
                panic!("{step:?} after {done} actions: unexpected state: {found:?}")
            });

        assert!(
            reached >= done,
            "{step:?} after {done} actions: a finished action is lost"
        );

        for action in &history()[reached..] {
            apply(&index, action).await;
        }

        assert_eq!(
            Some(&view_of(&index).await),
            views.last(),
            "{step:?} after {done} actions: another final state"
        );

        drop(index);
        fs::remove_dir_all(dir).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn points_of_a_snapshot_stay_during_a_search() {
    let dir = tempfile::tempdir().unwrap();
    let mut committer = EmbeddedIndex::open_committer(options(dir.path())).unwrap();
    let search_done = Arc::new(AtomicBool::new(false));
    let removed_too_early = Arc::new(AtomicBool::new(false));

    committer.on_step = Some(Box::new({
        let (search_done, removed_too_early) =
            (Arc::clone(&search_done), Arc::clone(&removed_too_early));
        move |step| {
            if step == Step::OldPointsRemoved && !search_done.load(Ordering::SeqCst) {
                removed_too_early.store(true, Ordering::SeqCst);
            }
        }
    }));

    let index = EmbeddedIndex::start(committer);
    apply(&index, &history()[0]).await;
    let shared = Arc::clone(&index.shared);
    let (started_tx, started_rx) = oneshot::channel();
    let (replaced_tx, replaced_rx) = oneshot::channel();

    let search = tokio::task::spawn_blocking(move || {
        let shard = shared.shard();
        shared.catalogue.read(|snapshot| {
            let live = snapshot.live_point_ids()?;
            started_tx.send(()).unwrap();
            replaced_rx.blocking_recv().unwrap();

            // Long enough for a removal that does not wait for the search.
            for _ in 0..200 {
                assert!(
                    live.iter()
                        .all(|point| shard.points().unwrap().contains(point))
                );
            }

            search_done.store(true, Ordering::SeqCst);
            Ok(())
        })
    });

    started_rx.await.unwrap();
    apply(&index, &history()[2]).await;
    replaced_tx.send(()).unwrap();
    search.await.unwrap().unwrap();
    drop(index);

    assert!(
        !removed_too_early.load(Ordering::SeqCst),
        "points were removed during a search"
    );
}

/// Copies a folder. Blocks of zeros become holes, because the engine creates large, mostly empty
/// files.
pub(super) fn copy_folder(from: &Path, to: &Path) {
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
