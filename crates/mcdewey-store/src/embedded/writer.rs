//! The one thread that writes. Commits that wait while another is written are written together: one flush of the shard
//! and one transaction of the catalogue serve them all.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use mcdewey_core::IndexError;
use tokio::sync::oneshot;

use super::commit::Committer;
use crate::commands::{Command, Reply, answer, collect, stopped};

/// The callers' side of the thread. Dropping it lets the thread finish what it was asked for.
#[derive(Debug)]
pub(super) struct Writer {
    commands: Option<Sender<Command>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(committer: Committer) -> Self {
        let (commands, queue) = channel();
        let thread = thread::Builder::new()
            .name("mcdewey-store".to_owned())
            .spawn(move || run(committer, &queue));

        // Without a thread the queue is closed, and every command is answered with `stopped`.
        let thread = thread
            .inspect_err(|error| tracing::error!(%error, "the store's writer could not be started"))
            .ok();

        Self {
            commands: Some(commands),
            thread,
        }
    }

    /// Sends a command and waits for its answer.
    pub(super) async fn ask<T>(
        &self,
        command: impl FnOnce(Reply<T>) -> Command,
    ) -> Result<T, IndexError> {
        let (reply, answer) = oneshot::channel();
        let commands = self.commands.as_ref().ok_or_else(stopped)?;
        commands.send(command(reply)).map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.commands.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!(
                "the store's writer broke off; what was committed is there after the next start"
            );
        }
    }
}

fn run(mut committer: Committer, queue: &Receiver<Command>) {
    let mut next = None;
    while let Some(command) = next.take().or_else(|| queue.recv().ok()) {
        match command {
            Command::Commit(document, reply) => {
                let group;
                (group, next) = collect((document, reply), || queue.try_recv().ok());
                committer.commit(group);
            }
            Command::Remove(sources, reply) => {
                let outcome = committer.remove(&sources);
                answer(reply, committer.told(outcome));
            }
            Command::Erase(sources, reply) => {
                let outcome = committer.erase(&sources);
                answer(reply, committer.told(outcome));
            }
            Command::Describe(root, description, reply) => {
                let outcome = committer.describe(&root, &description);
                answer(reply, committer.told(outcome));
            }
            Command::Optimize(reply) => {
                let outcome = committer.optimize();
                answer(reply, committer.told(outcome));
            }
        }
    }
}
