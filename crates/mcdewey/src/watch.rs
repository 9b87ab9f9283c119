//! Watches the roots of a library and requests a synchronisation soon after something in them
//! changed.
//!
//! It reports only that something changed. The synchronisation finds out what, so no kind of change
//! is missed. Roots that the system cannot watch, such as a network share or too many folders, are
//! polled instead.

use std::path::{Component, Path};
use std::time::Duration;

use anyhow::{Context, Result};
use mcdewey_core::{SyncEvent, SyncHandle, SyncRequest};
use mcdewey_ingest::Root;
use notify::{Config, Event, EventKind, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};

use crate::terminal;

/// Changes are ingested after a pause of this length,
const QUIET_PERIOD: Duration = Duration::from_millis(500);
/// or after this long if they come without a pause.
const MAX_DELAY: Duration = Duration::from_secs(10);
/// How often roots that the system cannot watch are polled.
const POLL_INTERVAL: Duration = Duration::from_secs(5);
/// Delay before the next attempt after a synchronisation failed, or when too many are queued.
const RETRY_DELAY: Duration = Duration::from_secs(5);

/// Watches the roots until it is dropped.
pub(crate) struct RootWatcher {
    task: JoinHandle<()>,
    _watchers: Vec<Box<dyn Watcher + Send>>,
}

impl RootWatcher {
    pub(crate) fn start(roots: &[Root], sync: SyncHandle) -> Result<Self> {
        // Capacity 1 is enough, because a synchronisation checks everything.
        let (changed, changes) = mpsc::channel(1);
        let mut watchers = Vec::new();
        for root in roots {
            let folder = root.folder();

            // Canonical, because the paths in events are: `is_relevant` strips this prefix from
            // them.
            let folder = folder
                .canonicalize()
                .with_context(|| format!("{} cannot be watched", folder.display()))?;
            watchers.push(watch_folder(&folder, &changed)?);
            eprintln!("watching {}", folder.display());
        }

        Ok(Self {
            task: tokio::spawn(sync_after_changes(changes, sync)),
            _watchers: watchers,
        })
    }
}

impl Drop for RootWatcher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Watches a folder natively if the system can, otherwise by polling.
fn watch_folder(folder: &Path, changed: &mpsc::Sender<()>) -> Result<Box<dyn Watcher + Send>> {
    // Ingest does not follow links to folders either, and they can lead anywhere.
    let config = Config::default().with_follow_symlinks(false);
    let native =
        RecommendedWatcher::new(event_handler(folder, changed), config).and_then(|mut watcher| {
            watcher.watch(folder, RecursiveMode::Recursive)?;
            Ok(watcher)
        });

    match native {
        Ok(watcher) => Ok(Box::new(watcher)),
        Err(error) => {
            tracing::warn!(
                %error,
                folder = %folder.display(),
                seconds = POLL_INTERVAL.as_secs(),
                "the system cannot watch this folder, so it is polled"
            );

            let config = config.with_poll_interval(POLL_INTERVAL);
            let mut watcher = PollWatcher::new(event_handler(folder, changed), config)?;
            watcher.watch(folder, RecursiveMode::Recursive)?;
            Ok(Box::new(watcher))
        }
    }
}

fn event_handler(
    folder: &Path,
    changed: &mpsc::Sender<()>,
) -> impl FnMut(notify::Result<Event>) + Send + 'static + use<> {
    let (folder, changed) = (folder.to_owned(), changed.clone());
    move |event| {
        // An error may mean that events were lost, so it counts as a change.
        if event.map_or(true, |event| is_relevant(&folder, &event)) {
            // A full channel already holds a pending change.
            let _ = changed.try_send(());
        }
    }
}

/// Reports whether an event may have changed the contents of the root. Hidden files are not
/// ingested, and read access changes nothing.
fn is_relevant(folder: &Path, event: &Event) -> bool {
    if matches!(event.kind, EventKind::Access(_)) {
        return false;
    }

    event.paths.is_empty() || !event.paths.iter().all(|path| is_hidden(folder, path))
}

/// Reports whether a path below the root has a component that begins with a dot.
fn is_hidden(folder: &Path, path: &Path) -> bool {
    let relative = path.strip_prefix(folder).unwrap_or(path);
    relative.components().any(|component| {
        matches!(component, Component::Normal(name) if name.to_string_lossy().starts_with('.'))
    })
}

/// Requests a synchronisation after each burst of changes, and retries it until it succeeds.
async fn sync_after_changes(mut changes: mpsc::Receiver<()>, sync: SyncHandle) {
    while changes.recv().await.is_some() {
        wait_for_pause(&mut changes).await;
        while !sync_all(&sync).await {
            sleep(RETRY_DELAY).await;
        }
    }
}

/// Waits until changes pause for [`QUIET_PERIOD`], at most [`MAX_DELAY`].
async fn wait_for_pause(changes: &mut mpsc::Receiver<()>) {
    let latest = Instant::now() + MAX_DELAY;
    loop {
        let quiet = (Instant::now() + QUIET_PERIOD).min(latest);
        match timeout_at(quiet, changes.recv()).await {
            Ok(Some(())) if Instant::now() < latest => {}
            _ => return,
        }
    }
}

/// Synchronises all roots. Returns whether that succeeded.
async fn sync_all(sync: &SyncHandle) -> bool {
    let Ok(mut events) = sync.request(SyncRequest::default()) else {
        return false;
    };

    while let Some(event) = events.recv().await {
        match event {
            SyncEvent::Progress(_) => {}
            SyncEvent::Finished(report) => {
                if report.written + report.removed > 0 || !report.skipped.is_empty() {
                    eprint!("{}", terminal::format_report(&report));
                }
                return true;
            }
            SyncEvent::Failed { message } => {
                // For example because a folder is only half copied. Its next change requests
                // another synchronisation; until then the caller retries.
                tracing::warn!(
                    message,
                    "a change could not be ingested; it will be retried"
                );
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
    fn read_access_and_hidden_files_are_ignored() {
        let folder = Path::new("/home/.config/corpus");
        let created = EventKind::Create(CreateKind::File);
        assert!(is_relevant(
            folder,
            &event(created, "/home/.config/corpus/a.md")
        ));
        assert!(is_relevant(
            folder,
            &event(
                EventKind::Modify(ModifyKind::Any),
                "/home/.config/corpus/x/a.md"
            )
        ));
        assert!(!is_relevant(
            folder,
            &event(
                EventKind::Access(AccessKind::Any),
                "/home/.config/corpus/a.md"
            )
        ));
        assert!(!is_relevant(
            folder,
            &event(created, "/home/.config/corpus/.git/index")
        ));
        assert!(is_relevant(
            folder,
            &event(created, "/home/.config/corpus/.a.swp")
                .add_path("/home/.config/corpus/a.md".into())
        ));
        assert!(is_relevant(folder, &Event::new(EventKind::Other)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_of_changes_causes_one_synchronisation() {
        let (changed, changes) = mpsc::channel(1);
        let (sync, mut jobs) = SyncHandle::channel(4);
        let task = tokio::spawn(sync_after_changes(changes, sync));

        for _ in 0..50 {
            let _ = changed.try_send(());
            sleep(Duration::from_millis(100)).await;
        }

        assert!(jobs.try_recv().is_err(), "changes are still coming");
        sleep(QUIET_PERIOD * 2).await;
        let job = jobs.try_recv().unwrap();

        job.events
            .send(SyncEvent::Failed {
                message: "half copied".to_owned(),
            })
            .await
            .unwrap();

        drop(job);
        sleep(RETRY_DELAY * 2).await;
        let job = jobs
            .try_recv()
            .expect("a failed synchronisation is retried");

        job.events
            .send(SyncEvent::Finished(Default::default()))
            .await
            .unwrap();
        drop(job);
        sleep(RETRY_DELAY * 2).await;
        assert!(jobs.try_recv().is_err());

        for _ in 0..200 {
            let _ = changed.try_send(());
            sleep(Duration::from_millis(100)).await;
        }

        assert!(
            jobs.try_recv().is_ok(),
            "changes without a pause are ingested too"
        );
        task.abort();
    }
}
