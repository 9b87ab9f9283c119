//! The commands that the single writer of an index accepts, and how waiting commits are grouped.

use std::collections::HashSet;

use mcdewey_core::{
    ContentHash, FileStamp, IndexError, LibraryDescription, Revision, RootName, SourcePath,
    VectorEpoch,
};
use tokio::sync::oneshot;

use crate::prepare::Prepared;

/// The most chunks in one group of commits, unless a single document has more. Bounds the size of
/// one write.
const MAX_GROUP_CHUNKS: usize = 2_000;

pub(crate) type Reply<T> = oneshot::Sender<Result<T, IndexError>>;

#[derive(Debug)]
pub(crate) enum Command {
    Commit(Box<Prepared>, Reply<Revision>),
    /// Stores vectors in the embedding cache.
    CacheVectors(Vec<(ContentHash, Vec<f32>)>, Reply<()>),
    /// Gives documents that were committed with their words only their vectors. A Qdrant server has
    /// no such documents.
    Complete(Vec<SourcePath>, Reply<VectorEpoch>),
    Remove(Vec<SourcePath>, Reply<Revision>),
    /// Only the index in a directory accepts it; a Qdrant server cleans up by itself.
    Erase(Vec<SourcePath>, Reply<Revision>),
    Describe(RootName, LibraryDescription, Reply<Revision>),
    /// Only the index in a directory keeps stamps.
    KeepFileStamps(Vec<FileStamp>, Reply<()>),
    Optimize(Reply<()>),
}

/// A document waiting to be written, and where to send the outcome.
pub(crate) type PendingCommit = (Box<Prepared>, Reply<Revision>);

/// Groups the commits at the head of the queue that can be written together. A group holds at most
/// one of the documents that share a chunk id prefix. `next` returns the next waiting command.
///
/// Also returns the command that followed the group, if one was taken from the queue.
pub(crate) fn collect_group(
    first: PendingCommit,
    mut next: impl FnMut() -> Option<Command>,
) -> (Vec<PendingCommit>, Option<Command>) {
    let mut chunks = first.0.chunks.len();
    let mut prefixes = HashSet::from([first.0.prefix.clone()]);

    let mut group = vec![first];
    while let Some(command) = next() {
        let Command::Commit(document, reply) = command else {
            return (group, Some(command));
        };

        chunks += document.chunks.len();
        if chunks > MAX_GROUP_CHUNKS || !prefixes.insert(document.prefix.clone()) {
            return (group, Some(Command::Commit(document, reply)));
        }

        group.push((document, reply));
    }

    (group, None)
}

/// Answers a command. A caller that no longer waits has dropped its receiver, which is no error.
pub(crate) fn answer<T>(reply: Reply<T>, result: Result<T, impl Into<IndexError>>) {
    let _ = reply.send(result.map_err(Into::into));
}

/// Answers all commits of a group that failed.
pub(crate) fn answer_all(group: Vec<PendingCommit>, error: &IndexError) {
    for (_, reply) in group {
        answer(reply, Err::<Revision, _>(duplicate(error)));
    }
}

/// Copies an error, which does not implement `Clone`, for each document of a group.
fn duplicate(error: &IndexError) -> IndexError {
    match error {
        IndexError::Invalid(value) => IndexError::Invalid(value.clone()),
        IndexError::Unavailable(text) => IndexError::Unavailable(text.clone()),
        IndexError::NoSpace(text) => IndexError::NoSpace(text.clone()),
        IndexError::Store(text) => IndexError::Store(text.clone()),
    }
}

/// The error for a command that no writer is left to execute.
pub(crate) fn stopped() -> IndexError {
    IndexError::Unavailable(
        "the store has stopped writing; restart the program, nothing committed is lost".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bm25::Bm25;
    use mcdewey_core::Embed;
    use mcdewey_core::testing::{SampleDocument, index_suite::embedder};

    fn pending(source: &str, chunks: usize) -> PendingCommit {
        let document = SampleDocument::new(source)
            .page(1, &vec!["canine"; chunks])
            .build(&embedder());
        let prepared =
            Prepared::new(document, embedder().model().dimensions, &Bm25::default()).unwrap();
        (Box::new(prepared), oneshot::channel().0)
    }

    fn sources(group: &[PendingCommit]) -> Vec<&str> {
        group
            .iter()
            .map(|(document, _)| document.meta.source.as_str())
            .collect()
    }

    fn queue(commands: Vec<Command>) -> impl FnMut() -> Option<Command> {
        let mut commands = commands.into_iter();
        move || commands.next()
    }

    fn commit((document, reply): PendingCommit) -> Command {
        Command::Commit(document, reply)
    }

    #[test]
    fn waiting_commits_are_written_together() {
        let queue = queue(vec![commit(pending("b.md", 1)), commit(pending("c.md", 1))]);
        let (group, next) = collect_group(pending("a.md", 1), queue);
        assert_eq!(sources(&group), ["a.md", "b.md", "c.md"]);
        assert!(next.is_none());
    }

    #[test]
    fn the_order_of_commands_is_kept() {
        let optimize = Command::Optimize(oneshot::channel().0);
        let queue = queue(vec![
            commit(pending("b.md", 1)),
            optimize,
            commit(pending("c.md", 1)),
        ]);

        let (group, next) = collect_group(pending("a.md", 1), queue);
        assert_eq!(sources(&group), ["a.md", "b.md"]);
        assert!(matches!(next, Some(Command::Optimize(_))));
    }

    #[test]
    fn a_group_holds_a_prefix_once_and_is_bounded() {
        let again = queue(vec![commit(pending("a.txt", 1))]);
        let (group, next) = collect_group(pending("a.md", 1), again);
        assert_eq!((group.len(), next.is_some()), (1, true));

        let large = queue(vec![commit(pending("b.md", MAX_GROUP_CHUNKS))]);
        let (group, next) = collect_group(pending("a.md", 1), large);
        assert_eq!((group.len(), next.is_some()), (1, true));
    }
}
