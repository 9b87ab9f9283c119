//! The one thread that writes. Commits that wait while another is written are written together: one flush of the shard
//! and one transaction of the catalogue serve them all.

use std::collections::HashSet;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use mcdewey_core::{IndexError, LibraryDescription, Revision, RootName, SourcePath};
use tokio::sync::oneshot;

use super::commit::Committer;
use super::prepare::Prepared;

/// Passages in one group of commits at most, unless one document alone has more: bounds what one transaction writes.
const GROUP_PASSAGES: usize = 2_000;

pub(super) type Reply<T> = oneshot::Sender<Result<T, IndexError>>;

/// What the writing thread is asked for.
#[derive(Debug)]
pub(super) enum Command {
    Commit(Box<Prepared>, Reply<Revision>),
    Remove(Vec<SourcePath>, Reply<Revision>),
    Describe(RootName, LibraryDescription, Reply<Revision>),
    Settle(Reply<()>),
}

/// A document that waits to be written, and who waits for it.
pub(super) type Waiting = (Box<Prepared>, Reply<Revision>);

/// The callers' side of the thread. Dropping it lets the thread finish what it was asked for.
#[derive(Debug)]
pub(super) struct Writer {
    commands: Option<Sender<Command>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(committer: Committer) -> Self {
        let (commands, queue) = channel();
        let thread = thread::Builder::new().name("mcdewey-store".to_owned()).spawn(move || run(committer, &queue));
        // Without a thread the queue is closed, and every command is answered with `stopped`.
        let thread =
            thread.inspect_err(|error| tracing::error!(%error, "the store's writer could not be started")).ok();
        Self { commands: Some(commands), thread }
    }

    /// Sends a command and waits for its answer.
    pub(super) async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, IndexError> {
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
            tracing::error!("the store's writer broke off; what was committed is there after the next start");
        }
    }
}

fn stopped() -> IndexError {
    IndexError::Unavailable("the store has stopped writing; restart the program, nothing committed is lost".to_owned())
}

fn run(mut committer: Committer, queue: &Receiver<Command>) {
    let mut next = None;
    while let Some(command) = next.take().or_else(|| queue.recv().ok()) {
        match command {
            Command::Commit(document, reply) => {
                let group;
                (group, next) = collect((document, reply), queue);
                committer.commit(group);
            }
            Command::Remove(sources, reply) => answer(reply, committer.remove(&sources)),
            Command::Describe(root, description, reply) => answer(reply, committer.describe(&root, &description)),
            Command::Settle(reply) => answer(reply, committer.settle()),
        }
    }
}

fn answer<T>(reply: Reply<T>, result: super::failure::Outcome<T>) {
    // Who no longer waits need not be told.
    let _ = reply.send(result.map_err(IndexError::from));
}

/// The commits that wait already, as far as they can be written together: of documents whose chunk ids begin alike only
/// one. Returns the command that comes after them too.
fn collect(first: Waiting, queue: &Receiver<Command>) -> (Vec<Waiting>, Option<Command>) {
    let mut passages = first.0.passages.len();
    let mut prefixes = HashSet::from([first.0.prefix.clone()]);
    let mut group = vec![first];
    while let Ok(command) = queue.try_recv() {
        let Command::Commit(document, reply) = command else { return (group, Some(command)) };
        passages += document.passages.len();
        if passages > GROUP_PASSAGES || !prefixes.insert(document.prefix.clone()) {
            return (group, Some(Command::Commit(document, reply)));
        }
        group.push((document, reply));
    }
    (group, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::bm25::Bm25;
    use mcdewey_core::Embed;
    use mcdewey_core::testing::{SampleDocument, index_suite::embedder};

    fn waiting(source: &str, passages: usize) -> Waiting {
        let document = SampleDocument::new(source).page(1, &vec!["canine"; passages]).build(&embedder());
        let prepared = Prepared::new(document, embedder().model().dimensions, &Bm25::default()).unwrap();
        (Box::new(prepared), oneshot::channel().0)
    }

    fn sources(group: &[Waiting]) -> Vec<&str> {
        group.iter().map(|(document, _)| document.meta.source.as_str()).collect()
    }

    fn queue(commands: Vec<Command>) -> Receiver<Command> {
        let (sender, receiver) = channel();
        for command in commands {
            sender.send(command).unwrap();
        }
        receiver
    }

    fn commit((document, reply): Waiting) -> Command {
        Command::Commit(document, reply)
    }

    #[test]
    fn waiting_commits_are_written_together() {
        let queue = queue(vec![commit(waiting("b.md", 1)), commit(waiting("c.md", 1))]);
        let (group, next) = collect(waiting("a.md", 1), &queue);
        assert_eq!(sources(&group), ["a.md", "b.md", "c.md"]);
        assert!(next.is_none());
    }

    #[test]
    fn the_order_of_commands_is_kept() {
        let settle = Command::Settle(oneshot::channel().0);
        let queue = queue(vec![commit(waiting("b.md", 1)), settle, commit(waiting("c.md", 1))]);
        let (group, next) = collect(waiting("a.md", 1), &queue);
        assert_eq!(sources(&group), ["a.md", "b.md"]);
        assert!(matches!(next, Some(Command::Settle(_))));
    }

    #[test]
    fn a_group_holds_a_document_once_and_is_bounded() {
        let again = queue(vec![commit(waiting("a.txt", 1))]);
        let (group, next) = collect(waiting("a.md", 1), &again);
        assert_eq!((group.len(), next.is_some()), (1, true));
        let large = queue(vec![commit(waiting("b.md", GROUP_PASSAGES))]);
        let (group, next) = collect(waiting("a.md", 1), &large);
        assert_eq!((group.len(), next.is_some()), (1, true));
    }
}
