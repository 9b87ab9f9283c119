//! Watches the roots of a library and requests a synchronisation soon after something in them
//! changed.
//!
//! It reports only that something changed. The synchronisation finds out what, so no kind of change
//! is missed. Roots that the system cannot watch, such as a network share or too many folders, are
//! polled instead.

use std::path::{Component, Path};
use std::time::Duration;

use anyhow::{Context, Result};
use mcdewey_core::{OwnerError, OwnerHandle, SyncReport, SyncRequest};
use mcdewey_ingest::Root;
use notify::{Config, Event, EventKind, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};

use crate::notice::{Notice, Notify};

/// Changes are ingested after a pause of this length,
const QUIET_PERIOD: Duration = Duration::from_millis(500);
/// or after this long if they come without a pause.
const MAX_DELAY: Duration = Duration::from_secs(10);
/// How often roots that the system cannot watch are polled.
const POLL_INTERVAL: Duration = Duration::from_secs(5);
/// Delay before the next attempt after a synchronisation failed, or when too many are queued.
const RETRY_DELAY: Duration = Duration::from_secs(5);

/// Called with the report of every synchronisation that changed something or skipped a file.
type ReportCallback = dyn Fn(&SyncReport) + Send + Sync;

/// Watches the roots until it is dropped.
pub struct RootWatcher {
    task: JoinHandle<()>,
    _watchers: Vec<Box<dyn Watcher + Send>>,
}

impl RootWatcher {
    /// Starts to watch the roots. `report` is called after every synchronisation that changed
    /// something or skipped a file.
    ///
    /// # Errors
    ///
    /// If the folder of a root does not exist or cannot be watched.
    pub fn start(
        roots: &[Root],
        owner: OwnerHandle,
        notify: &Notify,
        report: impl Fn(&SyncReport) + Send + Sync + 'static,
    ) -> Result<Self> {
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
            notify.send(&Notice::Watching(&folder));
        }

        Ok(Self {
            task: tokio::spawn(sync_after_changes(changes, owner, Box::new(report))),
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
async fn sync_after_changes(
    mut changes: mpsc::Receiver<()>,
    owner: OwnerHandle,
    report: Box<ReportCallback>,
) {
    while changes.recv().await.is_some() {
        wait_for_pause(&mut changes).await;
        while !sync_all(&owner, &*report).await {
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
async fn sync_all(owner: &OwnerHandle, show: &ReportCallback) -> bool {
    let Ok(pending) = owner.ask(SyncRequest::default()) else {
        return false;
    };

    match pending.outcome().await {
        Ok(report) => {
            if report.written + report.removed > 0 || !report.skipped.is_empty() {
                show(&report);
            }
            true
        }
        Err(OwnerError::Interrupted) => false,
        Err(error) => {
            // For example because a folder is only half copied. Its next change requests another
            // synchronisation; until then the caller retries.
            tracing::warn!(
                message = %error,
                "a change could not be ingested; it will be retried"
            );
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use mcdewey_core::{OwnerRequest, Reply};
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
        let (owner, mut requests) = OwnerHandle::channel(4);
        let task = tokio::spawn(sync_after_changes(changes, owner, Box::new(|_| {})));

        for _ in 0..50 {
            let _ = changed.try_send(());
            sleep(Duration::from_millis(100)).await;
        }

        assert!(requests.try_recv().is_err(), "changes are still coming");
        sleep(QUIET_PERIOD * 2).await;
        let failure = Err(OwnerError::Failed("half copied".to_owned()));
        reply_to(requests.try_recv().unwrap()).finish(failure);

        sleep(RETRY_DELAY * 2).await;
        let retry = requests
            .try_recv()
            .expect("a failed synchronisation is retried");

        reply_to(retry).finish(Ok(SyncReport::default()));
        sleep(RETRY_DELAY * 2).await;
        assert!(requests.try_recv().is_err());

        for _ in 0..200 {
            let _ = changed.try_send(());
            sleep(Duration::from_millis(100)).await;
        }

        assert!(
            requests.try_recv().is_ok(),
            "changes without a pause are ingested too"
        );
        task.abort();
    }

    fn reply_to(request: OwnerRequest) -> Reply<SyncRequest> {
        match request {
            OwnerRequest::Sync(call) => call.begin().1,
            other => panic!("{other:?}"),
        }
    }
}
