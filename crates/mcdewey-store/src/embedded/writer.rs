//! The single thread that writes. Commits that wait while another is being written are written
//! together, and share one flush of the shard and one transaction of the catalogue.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use mcdewey_core::IndexError;
use tokio::sync::oneshot;

use super::commit::Committer;
use crate::commands::{Command, Reply, answer, collect_group, stopped};

/// How often the thread checks, while it is idle, whether readers have dropped the snapshots that
/// points are kept for.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// How often it checks otherwise whether there is something to do.
const IDLE_INTERVAL: Duration = Duration::from_secs(1);

/// A handle to the thread. Dropping it waits until the thread has executed the commands in its
/// queue.
#[derive(Debug)]
pub(super) struct Writer {
    commands: Option<Sender<Command>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(committer: Committer) -> Self {
        let (commands, queue) = channel();

        // Without a thread the queue is closed, and every command is answered with `stopped`.
        let thread = thread::Builder::new()
            .name("mcdewey-store".to_owned())
            .spawn(move || run(committer, &queue))
            .inspect_err(|error| tracing::error!(%error, "cannot start the store's writer thread"))
            .ok();

        Self {
            commands: Some(commands),
            thread,
        }
    }

    /// Sends a command and waits for its result.
    pub(super) async fn execute<T>(
        &self,
        command: impl FnOnce(Reply<T>) -> Command,
    ) -> Result<T, IndexError> {
        let (reply, result) = oneshot::channel();
        let commands = self.commands.as_ref().ok_or_else(stopped)?;
        commands.send(command(reply)).map_err(|_| stopped())?;
        result.await.map_err(|_| stopped())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.commands.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!(
                "the store's writer thread panicked; committed documents are available after a \
                 restart"
            );
        }
    }
}

fn run(mut committer: Committer, queue: &Receiver<Command>) {
    committer.verify();
    let mut next = None;
    while let Some(command) = next.take().or_else(|| receive(&mut committer, queue)) {
        match command {
            Command::Commit(document, reply) => {
                let group;
                (group, next) = collect_group((document, reply), || queue.try_recv().ok());
                committer.commit(group);
            }
            Command::CacheVectors(vectors, reply) => {
                let result = committer.cache_vectors(&vectors);
                answer(reply, committer.explain(result));
            }
            Command::Complete(sources, reply) => {
                let result = committer.complete(&sources);
                answer(reply, committer.explain(result));
            }
            Command::Remove(sources, reply) => {
                let result = committer.remove(&sources);
                answer(reply, committer.explain(result));
            }
            Command::Erase(sources, reply) => {
                let result = committer.erase(&sources);
                answer(reply, committer.explain(result));
            }
            Command::Describe(root, description, reply) => {
                let result = committer.describe(&root, &description);
                answer(reply, committer.explain(result));
            }
            Command::KeepFileStamps(stamps, reply) => {
                let result = committer.keep_file_stamps(&stamps);
                answer(reply, committer.explain(result));
            }
            Command::Optimize(reply) => {
                let result = committer.optimize();
                answer(reply, committer.explain(result));
            }
        }
    }

    committer.close();
}

/// Waits for the next command. Meanwhile, removes what readers no longer need, sets aside what they found
/// damaged, and seals what was written.
fn receive(committer: &mut Committer, queue: &Receiver<Command>) -> Option<Command> {
    let idle_since = Instant::now();
    loop {
        let interval = if committer.has_replaced_points() {
            POLL_INTERVAL
        } else {
            IDLE_INTERVAL
        };
        match queue.recv_timeout(interval) {
            Ok(command) => return Some(command),
            Err(RecvTimeoutError::Timeout) => committer.tend(idle_since.elapsed()),
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
}
