//! Watches the roots of a library and asks for a synchronisation soon after something in them changed.
//!
//! It says only that something changed: the synchronisation itself finds out what, so no change is lost however it was
//! made. Where the system cannot watch (a network share, too many folders) the roots are looked at at intervals.

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use mcdewey_core::{SyncEvent, SyncHandle, SyncRequest};
use mcdewey_ingest::Root;
use notify::{Config, Event, EventKind, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};

use crate::terminal;

/// A change is taken in once nothing more has changed for this long,
const QUIET: Duration = Duration::from_millis(500);
/// or when changes have come without a pause for this long.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often roots that cannot be watched are looked at.
const INTERVAL: Duration = Duration::from_secs(5);
/// How long to wait before asking again when the synchronisations queue up, or one failed.
const AGAIN: Duration = Duration::from_secs(5);

/// A watch over the roots; ends when dropped.
pub(crate) struct Watch {
    task: JoinHandle<()>,
    _watchers: Vec<Box<dyn Watcher + Send>>,
}

impl Watch {
    /// Begins to watch.
    pub(crate) fn start(roots: &[Root], sync: SyncHandle) -> Result<Self> {
        // One waiting change says all: the synchronisation looks at everything.
        let (changed, changes) = mpsc::channel(1);
        let mut watchers = Vec::new();
        for root in roots {
            let folder = root.folder();
            // As the system names what changed in it.
            let folder = folder
                .canonicalize()
                .with_context(|| format!("{} cannot be watched", folder.display()))?;
            watchers.push(watcher(&folder, &changed)?);
            eprintln!("watching {}", folder.display());
        }

        Ok(Self {
            task: tokio::spawn(follow(changes, sync)),
            _watchers: watchers,
        })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn watcher(folder: &Path, changed: &mpsc::Sender<()>) -> Result<Box<dyn Watcher + Send>> {
    let tell = |folder: PathBuf, changed: mpsc::Sender<()>| {
        move |event: notify::Result<Event>| {
            // What the watcher failed to see may be a change.
            if event.map_or(true, |event| matters(&folder, &event)) {
                let _ = changed.try_send(());
            }
        }
    };

    // Folders that are links are not read either, and may lead anywhere.
    let config = Config::default().with_follow_symlinks(false);
    let native = RecommendedWatcher::new(tell(folder.to_owned(), changed.clone()), config);
    let native = native.and_then(|mut watcher| {
        watcher.watch(folder, RecursiveMode::Recursive)?;
        Ok(watcher)
    });

    match native {
        Ok(watcher) => Ok(Box::new(watcher)),
        Err(error) => {
            tracing::warn!(%error, folder = %folder.display(), seconds = INTERVAL.as_secs(),
                "the system cannot watch this folder, so it is looked at at intervals");
            let config = config.with_poll_interval(INTERVAL);
            let mut watcher = PollWatcher::new(tell(folder.to_owned(), changed.clone()), config)?;
            watcher.watch(folder, RecursiveMode::Recursive)?;
            Ok(Box::new(watcher))
        }
    }
}

/// Whether an event may have changed what the root holds: nobody reads hidden files, and reading changes nothing.
fn matters(folder: &Path, event: &Event) -> bool {
    if matches!(event.kind, EventKind::Access(_)) {
        return false;
    }

    let hidden = |path: &PathBuf| {
        let below = path.strip_prefix(folder).unwrap_or(path);
        below
            .components()
            .any(|part| matches!(part, Component::Normal(name) if name.to_string_lossy().starts_with('.')))
    };

    event.paths.is_empty() || !event.paths.iter().all(hidden)
}

/// Asks for a synchronisation after each burst of changes.
async fn follow(mut changes: mpsc::Receiver<()>, sync: SyncHandle) {
    while changes.recv().await.is_some() {
        settle(&mut changes).await;
        while !synchronised(&sync).await {
            sleep(AGAIN).await;
        }
    }
}

/// Waits until changes pause.
async fn settle(changes: &mut mpsc::Receiver<()>) {
    let latest = Instant::now() + PATIENCE;
    loop {
        let quiet = (Instant::now() + QUIET).min(latest);
        match timeout_at(quiet, changes.recv()).await {
            Ok(Some(())) if Instant::now() < latest => {}
            _ => return,
        }
    }
}

/// Whether a synchronisation of all roots came to its end.
async fn synchronised(sync: &SyncHandle) -> bool {
    let Ok(mut events) = sync.request(SyncRequest::default()) else {
        return false;
    };

    while let Some(event) = events.recv().await {
        match event {
            SyncEvent::Progress(_) => {}
            SyncEvent::Finished(report) => {
                if report.written + report.removed > 0 || !report.skipped.is_empty() {
                    eprint!("{}", terminal::report(&report));
                }
                return true;
            }
            SyncEvent::Failed { message } => {
                // A folder that is half copied, say: the next change comes, and until then this is tried again.
                tracing::warn!(message, "a change was not taken in; it will be tried again");
                return false;
            }
        }
    }

    false
}

#[cfg(test)]
mod tests {
    use notify::event::{AccessKind, CreateKind, ModifyKind};

    use super::*;

    fn event(kind: EventKind, path: &str) -> Event {
        Event::new(kind).add_path(path.into())
    }

    #[test]
    fn reading_and_hidden_files_change_nothing() {
        let folder = Path::new("/home/.config/corpus");
        let created = EventKind::Create(CreateKind::File);
        assert!(matters(
            folder,
            &event(created, "/home/.config/corpus/a.md")
        ));
        assert!(matters(
            folder,
            &event(
                EventKind::Modify(ModifyKind::Any),
                "/home/.config/corpus/x/a.md"
            )
        ));
        assert!(!matters(
            folder,
            &event(
                EventKind::Access(AccessKind::Any),
                "/home/.config/corpus/a.md"
            )
        ));
        assert!(!matters(
            folder,
            &event(created, "/home/.config/corpus/.git/index")
        ));
        assert!(matters(
            folder,
            &event(created, "/home/.config/corpus/.a.swp")
                .add_path("/home/.config/corpus/a.md".into())
        ));
        assert!(matters(folder, &Event::new(EventKind::Other)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_of_changes_is_one_synchronisation() {
        let (changed, changes) = mpsc::channel(1);
        let (sync, mut jobs) = SyncHandle::channel(4);
        let task = tokio::spawn(follow(changes, sync));

        for _ in 0..50 {
            let _ = changed.try_send(());
            sleep(Duration::from_millis(100)).await;
        }

        assert!(jobs.try_recv().is_err(), "changes still come");
        sleep(QUIET * 2).await;
        let job = jobs.try_recv().unwrap();

        job.events
            .send(SyncEvent::Failed {
                message: "half copied".to_owned(),
            })
            .await
            .unwrap();

        drop(job);
        sleep(AGAIN * 2).await;
        let job = jobs.try_recv().expect("what failed is tried again");

        job.events
            .send(SyncEvent::Finished(Default::default()))
            .await
            .unwrap();
        drop(job);
        sleep(AGAIN * 2).await;
        assert!(jobs.try_recv().is_err());

        for _ in 0..200 {
            let _ = changed.try_send(());
            sleep(Duration::from_millis(100)).await;
        }

        assert!(
            jobs.try_recv().is_ok(),
            "changes without a pause are taken in too"
        );
        task.abort();
    }
}
